"""Multilayer Lookahead for torch, with its reference, trajectories, theory and training."""

from optim_core.layers import Layer
from optim_core.lookahead import Lookahead, MultilayerLookahead

__all__ = ["Layer", "Lookahead", "MultilayerLookahead"]
