"""Ready-made comparisons: each shows one thing, and says what to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.state import Card, GameCard, GamesConfig, GanCard, GansConfig, LayerConfig, NetworksConfig, SurfacesConfig
from landscapes.surfaces import SURFACES
from optim_core.spec import ScheduleKind


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
        "The base optimizer keeps jittering at the level of its noise; each layer of slow weights jitters less. The "
        "table has medians over the four starts.",
        SurfacesConfig(
            surface="bowl",
            starts=((2.0, 2.0), (-2.0, 2.0), (-2.0, -2.0), (2.0, -2.0)),
            noise_scale=0.7,
            cards=_depths(0.3, (0, 1, 2)),
            steps=800,
            panels=True,
        ),
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
    """What to look at, if this is a ready-made comparison, however it is looked at; else what the surface teaches."""
    found = (preset.shows for preset in PRESETS.values() if preset.config.alike(config))
    return next(found, config.landscape.teaches)


@dataclass(frozen=True)
class GamePreset:
    """A config with one line on what it shows."""

    shows: str
    config: GamesConfig


def _game_cards(lr: float, *settings: dict[str, Any]) -> tuple[GameCard, ...]:
    """Cards at one lr that differ by their settings."""
    return tuple(GameCard(lr=lr, color=color, **each) for color, each in enumerate(settings))


GAME_PRESETS: dict[str, GamePreset] = {
    "Out, in, in faster": GamePreset(
        "Pure rotation: descent-ascent spirals out, Lookahead spirals in, two layers faster.", GamesConfig()
    ),
    "Too long a period leaves again": GamePreset(
        "k = 5 averages a part of the turn, k = 31 half of it and is best, k = 63 all of it: no help at all.",
        GamesConfig(
            steps=500, cards=_game_cards(0.1, *({"layers": (LayerConfig(k=k, alpha=0.5),)} for k in (5, 31, 63)))
        ),
    ),
    "Beside the methods made for games": GamePreset(
        "Extragradient takes two gradients a step: compare at equal evaluations, not at equal steps.",
        GamesConfig(cards=_game_cards(0.1, {}, {"base": "extragradient"}, {"base": "optimistic"}, {"layers": (FIVE,)})),
    ),
    "Lookahead around the methods made for games": GamePreset(
        "Slow weights speed up extragradient, which converges already, as they rescue descent-ascent, which does not.",
        GamesConfig(
            steps=500,
            cards=_game_cards(
                0.1,
                {"base": "extragradient"},
                {"base": "extragradient", "layers": (FIVE,)},
                {"base": "optimistic", "layers": (FIVE,)},
            ),
        ),
    ),
    "Both at once, or in turn": GamePreset(
        "In turn, the second player answers the first: descent-ascent stays on its orbit; Lookahead gains as well.",
        GamesConfig(
            steps=500,
            cards=_game_cards(
                0.1, {}, {"alternating": True}, {"layers": (FIVE,)}, {"layers": (FIVE,), "alternating": True}
            ),
        ),
    ),
    "Noise: what contracts faster settles closer": GamePreset(
        "All three see the same noise at every gradient evaluation. Change the seed before you believe a winner.",
        GamesConfig(game="noisy_bilinear", steps=2000),
    ),
    "Momentum kept, reset, pulled back": GamePreset(
        "Momentum makes descent-ascent leave sooner. Lookahead holds it, and the closed form needs matrices.",
        GamesConfig(
            cards=_game_cards(
                0.1,
                {"base": "momentum", "momentum": 0.5},
                *(
                    {"base": "momentum", "momentum": 0.5, "layers": (FIVE,), "sync_momentum": mode}
                    for mode in ("keep", "reset", "pullback")
                ),
            )
        ),
    ),
    "How much of a bowl descent-ascent needs": GamePreset(
        "At ε = lr/2 the pull inwards just balances the spiral outwards: move ε a little to either side.",
        GamesConfig(game="quadratic", parameter=0.05),
    ),
    "A limit cycle, shrunk": GamePreset(
        "The equilibrium repels the flow, which ends on a cycle. One layer shrinks the cycle, two settle inside it.",
        GamesConfig(game="limit_cycle"),
    ),
    "A spurious attractor, broken through": GamePreset(
        "A cycle catches every run from outside, far from the equilibrium it surrounds. Two layers break through.",
        GamesConfig(game="forsaken"),
    ),
    "A GAN of two numbers": GamePreset(
        "Plain descent-ascent drifts outwards without an end; slow weights do for it what a gradient penalty does.",
        GamesConfig(game="dirac_gan"),
    ),
}


def shown_by_game(config: GamesConfig) -> str:
    """What to look at, if this is a ready-made comparison, however it is looked at; else what the game teaches."""
    found = (preset.shows for preset in GAME_PRESETS.values() if preset.config.alike(config))
    return next(found, config.landscape.teaches)


@dataclass(frozen=True)
class NetworkPreset:
    """A config with one line on what it shows."""

    shows: str
    config: NetworksConfig


def shown_by_network(config: NetworksConfig) -> str:
    """What to look at, if this is a ready-made comparison, however it is looked at."""
    return next((preset.shows for preset in NETWORK_PRESETS.values() if preset.config.alike(config)), "")


def _tuned(*lrs: float, schedule: ScheduleKind = "constant") -> tuple[Card, ...]:
    """One card per depth at the lr that docs/networks.md found best for it."""
    return tuple(
        Card(layers=(FIVE,) * depth, lr=lr, schedule=schedule, color=depth, tuned=True) for depth, lr in enumerate(lrs)
    )


# Figures are those of docs/networks.md, which says how they were measured; the first of its seeds is the one shown.
NETWORK_PRESETS: dict[str, NetworkPreset] = {
    "Digits, clean labels": NetworkPreset(
        "On clean labels nesting does not help: -0.03 ± 0.04, -0.25 ± 0.11 and -0.15 ± 0.09 points of test accuracy "
        "from SGD for one, two and three layers (12 seeds, each at its tuned lr).",
        NetworksConfig(steps=1271, snapshot_every=2, cards=_tuned(0.4, 0.4, 0.8, 0.8)),
    ),
    "Digits, 20 % wrong labels, batch 4": NetworkPreset(
        "Small batches and wrong labels: the slow weights learn fewer of the mistakes. +0.40 ± 0.22, +1.36 ± 0.35 and "
        "+1.78 ± 0.57 points of test accuracy from SGD for one, two and three layers (12 seeds, each at its tuned lr).",
        NetworksConfig(
            label_noise=0.2, batch_size=4, steps=2500, snapshot_every=5, cards=_tuned(0.01, 0.02, 0.05, 0.2)
        ),
    ),
    "Digits, 40 % wrong labels, averaged weights beside": NetworkPreset(
        "+1.09 ± 0.28, +1.31 ± 0.44 and +1.69 ± 0.40 points of test accuracy from SGD for one, two and three layers, "
        "each at its tuned lr (12 seeds); with one epoch less, the first two lost. Dotted: the exponential moving "
        "average of fast weights, the baseline. SGD's own gains +1.17 ± 0.32.",
        NetworksConfig(label_noise=0.4, ema=0.99, steps=1271, snapshot_every=2, cards=_tuned(0.01, 0.02, 0.05, 0.2)),
    ),
    "Digits, 40 % wrong labels, cosine decay": NetworkPreset(
        "A decaying lr averages, too: SGD gains from it, and -0.86 ± 0.32, +0.08 ± 0.23 and +0.91 ± 0.24 points from "
        "SGD are left for one, two and three layers (12 seeds, each at its tuned lr).",
        NetworksConfig(
            label_noise=0.4, steps=1271, snapshot_every=2, cards=_tuned(0.02, 0.1, 0.2, 0.4, schedule="cosine")
        ),
    ),
    "100 images": NetworkPreset(
        "Few images: many perfect fits exist, and optimizers end in different ones. +0.82 ± 0.46, +1.64 ± 0.50 and "
        "+1.93 ± 0.50 points from SGD at the lr that a validation part of 300 images chose, which was not SGD's best.",
        NetworksConfig(train_size=100, batch_size=10, steps=1300, snapshot_every=2, cards=_tuned(0.4, 0.4, 0.4, 0.4)),
    ),
}


@dataclass(frozen=True)
class GanPreset:
    """A config with one line on what it shows."""

    shows: str
    config: GansConfig


def shown_by_gan(config: GansConfig) -> str:
    """What to look at, if this is a ready-made comparison, however it is looked at."""
    return next((preset.shows for preset in GAN_PRESETS.values() if preset.config.alike(config)), "")


def _gan_cards(*lrs: float) -> tuple[GanCard, ...]:
    """One card per depth, both players at the one lr that docs/networks.md found best for it."""
    return tuple(
        GanCard(layers=(FIVE,) * depth, lr=lr, generator_lr=lr, color=depth, tuned=True) for depth, lr in enumerate(lrs)
    )


def _descent_card(lr: float, depth: int, color: int) -> GanCard:
    """Both players by plain gradient descent."""
    layers = (FIVE,) * depth
    return GanCard(layers=layers, base="sgd", generator_base="sgd", lr=lr, generator_lr=lr, color=color)


GAN_PRESETS: dict[str, GanPreset] = {
    "A ring of eight Gaussians": GanPreset(
        "Both players synchronise together. Slow weights take smaller steps here: ask whether that is all they do.",
        GansConfig(),
    ),
    "The ring: is it just the smaller step?": GanPreset(
        "Over 8 seeds SGD ends at a Fréchet distance of 1.509 ± 2.538, one layer at 0.155 ± 0.164, and SGD at half the "
        "lr, which is that layer's effective lr, at 0.209 ± 0.335: the gain is the smaller step.",
        GansConfig(
            steps=3000,
            snapshot_every=10,
            cards=(_descent_card(0.05, 0, 0), _descent_card(0.05, 1, 1), _descent_card(0.025, 0, 3)),
        ),
    ),
    "Digits": GanPreset(
        "Fréchet distance of the slow weights over 8 seeds, each optimizer at its tuned lr: 0.66 ± 0.09 for Adam, "
        "0.57 ± 0.05 for one layer, 0.48 ± 0.04 for two. Their fast weights are worse than Adam's.",
        GansConfig(dataset="digits", steps=3000, snapshot_every=10, cards=_gan_cards(0.001, 0.008, 0.004)),
    ),
    "Digits, averaged weights beside": GanPreset(
        "The baseline: an exponential moving average of Adam's weights has 0.52 ± 0.05 over 8 seeds; of one layer's "
        "fast weights 0.39 ± 0.03, of two layers' 0.44 ± 0.02.",
        GansConfig(dataset="digits", steps=3000, snapshot_every=10, ema=0.999, cards=_gan_cards(0.001, 0.008, 0.004)),
    ),
    "Digits, Wasserstein with gradient penalty": GanPreset(
        "Over 8 seeds, each optimizer at its tuned lr: 0.92 ± 0.10 for Adam, 0.55 ± 0.07 for one layer, 0.58 ± 0.12 "
        "for two. An average of Adam's own weights does as well as the layers: 0.51 ± 0.04.",
        GansConfig(
            dataset="digits",
            objective="wgan-gp",
            steps=3000,
            snapshot_every=10,
            ema=0.999,
            cards=_gan_cards(0.004, 0.004, 0.008),
        ),
    ),
}


def every_preset() -> dict[str, tuple[str, str, BaseModel]]:
    """By name: the page, what it shows, and its config. Names differ between pages."""
    from app.state.theory_views import VIEWS

    pages = {"surfaces": PRESETS, "games": GAME_PRESETS, "networks": NETWORK_PRESETS, "gans": GAN_PRESETS}
    comparisons = {name: (page, one.shows, one.config) for page, group in pages.items() for name, one in group.items()}
    return comparisons | {name: ("theory", shows, config) for name, (shows, config) in VIEWS.items()}
