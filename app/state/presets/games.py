"""Ready-made comparisons of the Games page."""

from __future__ import annotations

from typing import Any

from app.state.games import GameCard, GamesConfig
from app.state.layers import FIVE, LayerConfig
from app.state.presets.preset import Preset


def _cards(lr: float, *settings: dict[str, Any]) -> tuple[GameCard, ...]:
    """Cards at one lr that differ by their settings."""
    return tuple(GameCard(lr=lr, color=color, **each) for color, each in enumerate(settings))


PRESETS: dict[str, Preset[GamesConfig]] = {
    "Out, in, in faster": Preset(
        "Pure rotation: descent-ascent spirals out, Lookahead spirals in, two layers faster.", GamesConfig()
    ),
    "Too long a period leaves again": Preset(
        "k = 5 averages a part of the turn, k = 31 half of it and is best, k = 63 all of it: no help at all.",
        GamesConfig(steps=500, cards=_cards(0.1, *({"layers": (LayerConfig(k=k, alpha=0.5),)} for k in (5, 31, 63)))),
    ),
    "Beside the methods made for games": Preset(
        "Extragradient takes two gradients a step: compare at equal evaluations, not at equal steps.",
        GamesConfig(cards=_cards(0.1, {}, {"base": "extragradient"}, {"base": "optimistic"}, {"layers": (FIVE,)})),
    ),
    "Lookahead around the methods made for games": Preset(
        "Slow weights speed up extragradient, which converges already, as they rescue descent-ascent, which does not.",
        GamesConfig(
            steps=500,
            cards=_cards(
                0.1,
                {"base": "extragradient"},
                {"base": "extragradient", "layers": (FIVE,)},
                {"base": "optimistic", "layers": (FIVE,)},
            ),
        ),
    ),
    "Both at once, or in turn": Preset(
        "In turn, the second player answers the first: descent-ascent stays on its orbit; Lookahead gains as well.",
        GamesConfig(
            steps=500,
            cards=_cards(0.1, {}, {"alternating": True}, {"layers": (FIVE,)}, {"layers": (FIVE,), "alternating": True}),
        ),
    ),
    "Noise: what contracts faster settles closer": Preset(
        "All three see the same noise at every gradient evaluation. Change the seed before you believe a winner.",
        GamesConfig(game="noisy_bilinear", steps=2000),
    ),
    "Momentum kept, reset, pulled back": Preset(
        "Momentum makes descent-ascent leave sooner. Lookahead holds it, and the closed form needs matrices.",
        GamesConfig(
            cards=_cards(
                0.1,
                {"base": "momentum", "momentum": 0.5},
                *(
                    {"base": "momentum", "momentum": 0.5, "layers": (FIVE,), "sync_momentum": mode}
                    for mode in ("keep", "reset", "pullback")
                ),
            )
        ),
    ),
    "How much of a bowl descent-ascent needs": Preset(
        "At ε = lr/2 the pull inwards just balances the spiral outwards: move ε a little to either side.",
        GamesConfig(game="quadratic", parameter=0.05),
    ),
    "A limit cycle, shrunk": Preset(
        "The equilibrium repels the flow, which ends on a cycle. One layer shrinks the cycle, two settle inside it.",
        GamesConfig(game="limit_cycle"),
    ),
    "A spurious attractor, broken through": Preset(
        "A cycle catches every run from outside, far from the equilibrium it surrounds. Two layers break through.",
        GamesConfig(game="forsaken"),
    ),
    "A GAN of two numbers": Preset(
        "Plain descent-ascent drifts outwards without an end; slow weights do for it what a gradient penalty does.",
        GamesConfig(game="dirac_gan"),
    ),
}
