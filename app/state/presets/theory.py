"""Ready-made views of the Theory page."""

from __future__ import annotations

from typing import Any

from app.state.layers import FIVE, LayerConfig
from app.state.presets.preset import Preset
from app.state.theory import Noise, Regularization, Stability, TheoryConfig

WINDOW: Any = {"scenario": "bilinear", "lr": 0.1, "lr_low": 0.005, "lr_high": 0.4, "k_high": 70}
PRESETS: dict[str, Preset[TheoryConfig]] = {
    "Parity of k: an odd power flips the sign": Preset(
        "lr times the curvature is 2.04, so c = −1.04: k = 5 comes home, k = 6 does not.",
        TheoryConfig(),
    ),
    "Bilinear game: the window of k": Preset(
        "Descent-ascent only circles outwards. At lr .1 and α = .5, k = 5 converges slowly, 31 fast, 63 no more.",
        TheoryConfig(layers=(LayerConfig(k=31),), stability=Stability(**WINDOW)),
    ),
    "Bilinear game: α against k": Preset(
        "At lr .1 and k = 5, α = .5 converges and α = .8 just does not.",
        TheoryConfig(layers=(FIVE,), stability=Stability(**WINDOW, y="alpha_1")),
    ),
    "Bilinear game: a second layer widens the window": Preset(
        "With k₂ on the other axis: layers outside a divergent one can still turn it back.",
        TheoryConfig(stability=Stability(**WINDOW, x="k_1", y="k_2")),
    ),
    "Momentum kept at a synchronisation": Preset(
        "The state is position and velocity: the scalar recursion no longer holds, the matrices do.",
        TheoryConfig(
            base="momentum",
            layers=(LayerConfig(k=19),),
            stability=Stability(scenario="booth", lr=0.1, lr_low=0.01, lr_high=0.25, k_high=40),
        ),
    ),
    "Outer momentum: α against μ": Preset(
        "One Nesterov layer on a ravine: μ overtakes on the flat side; the boundary is where the steep side diverges.",
        TheoryConfig(
            layers=(LayerConfig(k=1, alpha=0.7, outer_momentum=0.7, outer_nesterov=True),),
            stability=Stability(lr=0.09, x="mu_1", y="alpha_1"),
        ),
    ),
    "Noise: three layers deep": Preset(
        "Each layer of slow weights takes away variance, and speed with it.",
        TheoryConfig(instrument="noise", layers=(FIVE,) * 3),
    ),
    "Noise: with momentum": Preset(
        "Momentum raises the variance of the base; layers take it away again.",
        TheoryConfig(instrument="noise", layers=(FIVE,) * 3, base="momentum", noise=Noise(lr=0.02)),
    ),
    "Regularization: the mean follows Cₙ": Preset(
        "The mean over orders keeps the pace of the flow on Cₙ and leaves that on C; the distances are below.",
        TheoryConfig(instrument="regularization", regularization=Regularization(lr=0.1, at_x=3.5, at_y=1.5)),
    ),
    "Rate: one over the root of T": Preset(
        "With lr = c/√T every stack's mean squared gradient norm falls with slope −1/2.",
        TheoryConfig(instrument="rates", layers=(LayerConfig(k=5, alpha=0.8),) * 2),
    ),
}
