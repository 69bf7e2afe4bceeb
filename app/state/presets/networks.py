"""Ready-made comparisons of the Networks page."""

from __future__ import annotations

from app.state.cards import Card
from app.state.layers import FIVE
from app.state.networks import NetworksConfig
from app.state.presets.preset import Preset
from optim_core.spec import ScheduleKind


def _best_cards(*lrs: float, schedule: ScheduleKind = "constant") -> tuple[Card, ...]:
    """One card per depth at the lr that docs/networks.md found best for it."""
    return tuple(
        Card(layers=(FIVE,) * depth, lr=lr, schedule=schedule, color=depth, tuned=True) for depth, lr in enumerate(lrs)
    )


# Figures are those of docs/networks.md, which says how they were measured; the first of its seeds is the one shown.
PRESETS: dict[str, Preset[NetworksConfig]] = {
    "Digits, clean labels": Preset(
        "On clean labels nesting does not help: +0.03 ± 0.04, -0.13 ± 0.07 and -0.04 ± 0.06 points of test accuracy "
        "from SGD for one, two and three layers (30 seeds, each at its tuned lr).",
        NetworksConfig(steps=1271, snapshot_every=2, cards=_best_cards(0.4, 0.4, 0.8, 0.8)),
    ),
    "Digits, 20 % wrong labels, batch 4": Preset(
        "Small batches and wrong labels: the slow weights learn fewer of the mistakes. +0.49 ± 0.12, +1.37 ± 0.20 and "
        "+1.90 ± 0.26 points of test accuracy from SGD for one, two and three layers (30 seeds, each at its tuned lr).",
        NetworksConfig(
            label_noise=0.2, batch_size=4, steps=2500, snapshot_every=5, cards=_best_cards(0.01, 0.02, 0.05, 0.2)
        ),
    ),
    "Digits, 40 % wrong labels, averaged weights beside": Preset(
        "+0.79 ± 0.17, +1.40 ± 0.27 and +1.85 ± 0.27 points of test accuracy from SGD for one, two and three layers, "
        "each at its tuned lr (30 seeds); with one epoch less, the first two lost. Dotted: the exponential moving "
        "average of the fast weights, the baseline. SGD's own gains +1.00 ± 0.21.",
        NetworksConfig(
            label_noise=0.4, ema=0.99, steps=1271, snapshot_every=2, cards=_best_cards(0.01, 0.02, 0.05, 0.1)
        ),
    ),
    "Digits, 40 % wrong labels, cosine decay": Preset(
        "A decaying lr averages, too: SGD gains from it, and -0.64 ± 0.21, +0.68 ± 0.12 and +0.95 ± 0.16 points from "
        "SGD are left for one, two and three layers (30 seeds, each at its tuned lr).",
        NetworksConfig(
            label_noise=0.4,
            steps=1271,
            snapshot_every=2,
            cards=_best_cards(0.02, 0.1, 0.1, 0.4, schedule="cosine"),
        ),
    ),
    "100 images": Preset(
        "Few images: many perfect fits exist, and optimizers end in different ones. +0.52 ± 0.27, +1.10 ± 0.33 and "
        "+1.50 ± 0.33 points from SGD at the lr that a validation part of 300 images chose, which was not SGD's best.",
        NetworksConfig(
            train_size=100, batch_size=10, steps=1300, snapshot_every=2, cards=_best_cards(0.4, 0.4, 0.4, 0.4)
        ),
    ),
}
