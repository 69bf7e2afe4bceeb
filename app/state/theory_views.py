"""The instruments of the Theory page and its ready-made views: each shows one thing, and says what to look at."""

from __future__ import annotations

from app.state.theory import TheoryConfig

INSTRUMENTS = {
    "stability": "Factor and stability",
    "noise": "Noise",
    "regularization": "Implicit regularization",
    "rate": "Convergence rate",
}
_WINDOW = {"scenario": "bilinear", "lr": 0.1, "lr_low": 0.005, "lr_high": 0.4, "k_high": 70}
VIEWS: dict[str, tuple[str, TheoryConfig]] = {
    "Parity of k: an odd power flips the sign": (
        "lr times the curvature is 2.04, so c = −1.04: k = 5 comes home, k = 6 does not.",
        TheoryConfig(),
    ),
    "Bilinear game: the window of k": (
        "Descent-ascent only circles outwards. At lr .1 and α = .5, k = 5 converges slowly, 31 fast, 63 no more.",
        TheoryConfig(**_WINDOW, depth=1, k_1=31),
    ),
    "Bilinear game: α against k": (
        "At lr .1 and k = 5, α = .5 converges and α = .8 just does not.",
        TheoryConfig(**_WINDOW, depth=1, y="alpha_1"),
    ),
    "Bilinear game: a second layer widens the window": (
        "With k₂ on the other axis: layers outside a divergent one can still turn it back.",
        TheoryConfig(**_WINDOW, depth=2, x="k_1", y="k_2"),
    ),
    "Momentum kept at a synchronisation": (
        "The state is position and velocity: the scalar recursion no longer holds, the matrices do.",
        TheoryConfig(base="momentum", scenario="booth", lr=0.1, lr_low=0.01, lr_high=0.25, k_high=40, k_1=19, depth=1),
    ),
    "Noise: three layers deep": (
        "Each layer of slow weights takes away variance, and speed with it.",
        TheoryConfig(instrument="noise", depth=3),
    ),
    "Noise: with momentum": (
        "Momentum raises the variance of the base; layers take it away again.",
        TheoryConfig(instrument="noise", depth=3, base="momentum", noise_lr=0.02),
    ),
    "Regularization: the mean follows Cₙ": (
        "The mean over orders keeps the pace of the flow on Cₙ and leaves that on C; the distances are below.",
        TheoryConfig(instrument="regularization", epoch_lr=0.1, at_x=3.5, at_y=1.5),
    ),
    "Rate: one over the root of T": (
        "With lr = c/√T every stack's mean squared gradient norm falls with slope −1/2.",
        TheoryConfig(instrument="rate", depth=2, alpha_1=0.8, alpha_2=0.8),
    ),
}  # fmt: skip
