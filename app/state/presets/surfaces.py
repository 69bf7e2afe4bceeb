"""Ready-made comparisons of the Surfaces page."""

from __future__ import annotations

from app.state.cards import Card
from app.state.layers import FIVE, LayerConfig
from app.state.presets.preset import Preset
from app.state.surfaces import SurfacesConfig
from landscapes.surfaces import SURFACES
from optim_core.spec import AveragingName

SIX = LayerConfig(k=6, alpha=0.5)


def _depths(lr: float, depths: tuple[int, ...] = (0, 1, 2), *, equal_effective: bool = False) -> tuple[Card, ...]:
    """Cards of several depths at one lr or, with `equal_effective`, at lr / Π α."""
    return tuple(
        Card(layers=(FIVE,) * depth, lr=lr / 0.5**depth if equal_effective else lr, color=index)
        for index, depth in enumerate(depths)
    )


def _kin(lr: float) -> tuple[Card, ...]:
    """SGD, Lookahead, and one layer with outer momentum by either rule, all at one lr."""
    nesterov = LayerConfig(k=5, alpha=0.7, outer_momentum=0.7, outer_nesterov=True)
    heavy_ball = LayerConfig(k=5, alpha=0.5, outer_momentum=0.8)
    stacks = ((), (FIVE,), (nesterov,), (heavy_ball,))
    return tuple(Card(layers=layers, lr=lr, color=color) for color, layers in enumerate(stacks))


def _rivals(lr: float) -> tuple[Card, ...]:
    """Lookahead, and those whose result is an average from which nothing restarts, all at one lr."""
    averages: tuple[AveragingName, ...] = ("average", "schedule_free", "gpa")
    others = (Card(base=base, lr=lr, color=color) for color, base in enumerate(averages, start=1))
    return (Card(layers=(FIVE,), lr=lr), *others)


PRESETS: dict[str, Preset[SurfacesConfig]] = {
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
        "At the same lr and the same gradients, every layer halves the pace: nesting costs speed.",
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
    "Lookahead and its kin": Preset(
        "One lr, the same gradients. After 200 of them on this ravine f is 2e-3 for SGD, .12 for Lookahead, 1e-7 with "
        "Nesterov outer momentum (SNOO, and DiLoCo with one worker), 5e-4 with heavy ball.",
        SurfacesConfig(surface="ravine", noise="none", cards=_kin(0.02), steps=300),
    ),
    "Lookahead and its kin, under noise": Preset(
        "One lr, the same noise. Steady-state variance along the steeper axis: .086 for SGD, .032 for Lookahead, .134 "
        "with Nesterov outer momentum, .143 with heavy ball: what momentum gains in speed it pays here.",
        SurfacesConfig(
            surface="bowl",
            starts=((2.0, 2.0), (-2.0, 2.0), (-2.0, -2.0), (2.0, -2.0)),
            noise_scale=0.7,
            cards=_kin(0.3),
            steps=800,
            panels=True,
        ),
    ),
    "Lookahead and its rivals": Preset(
        "Averages from which nothing restarts, at one lr and the same gradients. After 200 of them f is .12 for "
        "Lookahead, 5e-3 for an average beside SGD, 3e-4 for Schedule-Free and GPA; after 300 Schedule-Free has gone "
        "past the minimum, to f = .04.",
        SurfacesConfig(surface="ravine", noise="none", cards=_rivals(0.02), steps=300),
    ),
    "Lookahead and its rivals, under noise": Preset(
        "One lr, the same noise. Variance along the steeper axis after 800 gradients: .032 for Lookahead, .011 for an "
        "average beside SGD, .003 for Schedule-Free, where it keeps falling, .047 for GPA, a relative of momentum.",
        SurfacesConfig(
            surface="bowl",
            starts=((2.0, 2.0), (-2.0, 2.0), (-2.0, -2.0), (2.0, -2.0)),
            noise_scale=0.7,
            cards=_rivals(0.3),
            steps=800,
            panels=True,
        ),
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
        of_view=True,
    ),
}
