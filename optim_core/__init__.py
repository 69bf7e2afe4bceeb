"""Multilayer Lookahead for torch, with its reference, trajectories, theory and training."""
