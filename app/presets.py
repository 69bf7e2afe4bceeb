"""Ready-made comparisons for the Surfaces page: each shows one thing, and says what to look at."""

from __future__ import annotations

from dataclasses import dataclass

from app.state import Card, LayerConfig, NetworksConfig, SurfacesConfig
from landscapes.surfaces import SURFACES


@dataclass(frozen=True)
class Preset:
    """A config with one line on what it shows."""

    shows: str
    config: SurfacesConfig


FIVE = LayerConfig(k=5, alpha=0.5)
SIX = LayerConfig(k=6, alpha=0.5)


def _depths(lr: float, depths: tuple[int, ...] = (0, 1, 2), *, equal_effective: bool = False) -> tuple[Card, ...]:
    """Cards of several depths at one lr or, with `equal_effective`, at lr / Π α."""
    return tuple(
        Card(layers=(FIVE,) * depth, lr=lr / 0.5**depth if equal_effective else lr, color=index)
        for index, depth in enumerate(depths)
    )


PRESETS: dict[str, Preset] = {
    "Noise: slow weights settle closer": Preset(
        "The base optimizer keeps jittering at the level of its noise; each layer of slow weights jitters less.",
        SurfacesConfig(surface="bowl", cards=_depths(0.3, (0, 1, 2, 3)), steps=1000),
    ),
    "Stability: where SGD diverges": Preset(
        "lr times curvature is 2.04: SGD and k = 6 leave, k = 5 comes home: an odd power flips its sign.",
        SurfacesConfig(
            surface="ravine",
            cards=(Card(lr=0.102), Card(lr=0.102, layers=(FIVE,), color=1), Card(lr=0.102, layers=(SIX,), color=2)),
            steps=300,
        ),
    ),
    "The price: slower without noise": Preset(
        "At the same lr and the same gradients, every layer halves the pace. Nesting pays in speed.",
        SurfacesConfig(surface="matyas"),
    ),
    "The price, paid back by lr / Π α": Preset(
        "Every lr is divided by the product of the α: the slow weights now keep SGD's pace.",
        SurfacesConfig(surface="matyas", cards=_depths(SURFACES["matyas"].lr, equal_effective=True)),
    ),
    "Wells: one sharp and deep, one wide": Preset(
        "Noise can carry a run over the ridge. Change the seed before you believe a winner.",
        SurfacesConfig(surface="gaussian_wells", steps=1000),
    ),
    "Many basins": Preset(
        "SGD hops from basin to basin; slow weights average its hops. Change the seed before you believe a winner.",
        SurfacesConfig(surface="rastrigin", steps=1000),
    ),
    "Momentum: kept, reset, pulled back": Preset(
        "The same Lookahead around SGD with momentum; only what happens to the momentum at a synchronisation differs.",
        SurfacesConfig(
            surface="rosenbrock",
            steps=1000,
            cards=(
                Card(base="momentum", lr=5e-4),
                *(
                    Card(base="momentum", lr=5e-4, layers=(FIVE,), sync_momentum=mode, color=color)
                    for color, mode in enumerate(("keep", "reset", "pullback"), start=1)
                ),
            ),
        ),
    ),
    "Side by side on Himmelblau": Preset(
        "Three plots, one clock: compare where each fast path is thrown away.",
        SurfacesConfig(surface="himmelblau", panels=True),
    ),
}


def shown_by(config: SurfacesConfig) -> str:
    """What to look at, if this is a ready-made comparison untouched; else what the surface teaches."""
    return next((preset.shows for preset in PRESETS.values() if preset.config == config), config.landscape.teaches)


@dataclass(frozen=True)
class NetworkPreset:
    """A config with one line on what it shows."""

    shows: str
    config: NetworksConfig


def shown_by_network(config: NetworksConfig) -> str:
    """What to look at, if this is a ready-made comparison untouched."""
    return next((preset.shows for preset in NETWORK_PRESETS.values() if preset.config == config), "")


def _tuned(*lrs: float) -> tuple[Card, ...]:
    """One card per depth at the lr found best for it."""
    return tuple(Card(layers=(FIVE,) * depth, lr=lr, color=depth) for depth, lr in enumerate(lrs))


NETWORK_PRESETS: dict[str, NetworkPreset] = {
    "Digits, clean labels": NetworkPreset(
        "All end alike: on clean data nesting does not help accuracy.",
        NetworksConfig(steps=1000),
    ),
    "Digits, 20 % wrong labels, batch 4": NetworkPreset(
        "Small batches and wrong labels: the slow weights learn fewer of the mistakes.",
        NetworksConfig(label_noise=0.2, batch_size=4, steps=2500, snapshot_every=5, cards=_tuned(0.02, 0.05, 0.1)),
    ),
    "Digits, 40 % wrong labels, averaged weights beside": NetworkPreset(
        "An exponential moving average of SGD's weights recovers much of the gain: the fair question to ask.",
        NetworksConfig(label_noise=0.4, ema=0.99, steps=1250, cards=_tuned(0.05, 0.1, 0.2)),
    ),
    "100 images": NetworkPreset(
        "Few images: many perfect fits exist, and optimizers end in different ones.",
        NetworksConfig(train_size=100, batch_size=10, steps=1000, cards=_tuned(0.05, 0.1, 0.2)),
    ),
}
