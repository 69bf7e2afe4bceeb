"""Ready-made comparisons of the GANs page."""

from __future__ import annotations

from app.state.gans import GanCard, GansConfig
from app.state.layers import FIVE
from app.state.presets.preset import Preset


def _cards(*lrs: float) -> tuple[GanCard, ...]:
    """One card per depth, both players at the one lr that docs/networks.md found best for it."""
    return tuple(
        GanCard(layers=(FIVE,) * depth, lr=lr, generator_lr=lr, color=depth, tuned=True) for depth, lr in enumerate(lrs)
    )


def _descent_card(lr: float, depth: int, color: int) -> GanCard:
    """Both players by plain gradient descent."""
    layers = (FIVE,) * depth
    return GanCard(layers=layers, base="sgd", generator_base="sgd", lr=lr, generator_lr=lr, color=color)


PRESETS: dict[str, Preset[GansConfig]] = {
    "A ring of eight Gaussians": Preset(
        "Both players synchronise together. Slow weights take smaller steps here: ask whether that is all they do.",
        GansConfig(),
    ),
    "The ring: is it just the smaller step?": Preset(
        "Over 8 seeds SGD ends at a Fréchet distance of 1.124 ± 1.552, one layer at 0.181 ± 0.172, and SGD at half the "
        "lr, which is that layer's effective lr, at 0.220 ± 0.190: the gain is the smaller step.",
        GansConfig(
            steps=3000,
            snapshot_every=10,
            cards=(_descent_card(0.05, 0, 0), _descent_card(0.05, 1, 1), _descent_card(0.025, 0, 3)),
        ),
    ),
    "Digits": Preset(
        "Fréchet distance of the slow weights over 8 seeds, each optimizer at its tuned lr: 0.65 ± 0.12 for Adam, "
        "0.52 ± 0.09 for one layer, 0.48 ± 0.05 for two. The fast weights of two layers are worse than Adam's.",
        GansConfig(dataset="digits", steps=3000, snapshot_every=10, cards=_cards(0.002, 0.002, 0.008)),
    ),
    "Digits, averaged weights beside": Preset(
        "The baseline: an exponential moving average of Adam's weights has 0.45 ± 0.04 over 8 seeds, as "
        "good as slow weights; of one layer's fast weights 0.46 ± 0.02, of two layers' 0.41 ± 0.02.",
        GansConfig(dataset="digits", steps=3000, snapshot_every=10, ema=0.999, cards=_cards(0.002, 0.002, 0.008)),
    ),
    "Digits, Wasserstein with gradient penalty": Preset(
        "Over 8 seeds, each optimizer at its tuned lr: 0.83 ± 0.15 for Adam, 0.55 ± 0.07 for one layer, 0.58 ± 0.12 "
        "for two. An average of Adam's own weights comes close: 0.60 ± 0.04.",
        GansConfig(
            dataset="digits",
            objective="wgan-gp",
            steps=3000,
            snapshot_every=10,
            ema=0.999,
            cards=_cards(0.002, 0.004, 0.008),
        ),
    ),
}
