"""Ready-made studies of the Atlas page. A test repeats every number that their lines quote."""

from __future__ import annotations

from typing import Any

from app.state.atlas import AtlasConfig
from app.state.layers import LayerConfig
from app.state.presets.preset import Preset

THREE = LayerConfig(k=3, alpha=0.5)
FIVES = (LayerConfig(k=5, alpha=0.5),) * 4
OVER_DEPTH: dict[str, Any] = {"up": "depth", "seeds": 64}
PRESETS: dict[str, Preset[AtlasConfig]] = {
    "Noise: lr against k": Preset(
        "Every k is best at an lr near .14, and there the 95 % intervals of all k overlap. At the right, even k "
        "diverge from lr 2 on; k = 1 and 3 still converge at 2.4.",
        AtlasConfig(),
    ),
    "Noise: lr against depth, each at its best": Preset(
        "Every further layer wants about twice the lr. At their own best lrs 0 to 3 layers are nearly level (.041, "
        ".040, .037, .034): their 95 % intervals overlap, and only paired differences tell them apart. A fourth layer "
        "is too slow for 486 steps.",
        AtlasConfig(layers=(THREE,) * 4, steps=486, **OVER_DEPTH),
    ),
    "Noise in a game: depth pays": Preset(
        "Without layers descent-ascent stays 1.4 away or farther at any lr. At their own best lrs one layer comes to "
        ".2, two to .06, three to .03; a fourth is too slow for 1,250 steps.",
        AtlasConfig(objective="noisy_bilinear", layers=FIVES, steps=1250, **OVER_DEPTH),
    ),
    "Bilinear game: the lr that each k wants": Preset(
        "k = 1 and 2 converge at no lr. From k = 3 on, the longer the period the smaller the lr that it bears, and the "
        "smaller the one that it wants; the best of all is k = 10 at lr .3.",
        AtlasConfig(objective="bilinear", across_low=0.01, across_high=0.6),
    ),
    "Bilinear game: α against k, run by run": Preset(
        "At lr .1 no α above .93 and no k above 55 converges. The best lies in the middle, k = 31 and α = .45: k steps "
        "turn half a circle, and α averages its ends.",
        AtlasConfig(objective="bilinear", across="k_1", across_high=70, across_points=70, up="alpha_1", base_lr=0.1),
    ),
    "Digits, 40 % wrong labels: lr against depth": Preset(
        "An MLP on digits of which two in five are mislabelled: which lr does each depth want, and what is left of the "
        "difference once each has its own? 160 trainings.",
        AtlasConfig(
            objective="digits-noisy", layers=FIVES[:3], steps=1250, seeds=5, up="depth", across_low=0.005, across_high=1
        ),
    ),
    "Digits, 20 % wrong labels: lr against batch size": Preset(
        "Small batches are noisy: which lr does each size want under one layer of slow weights? All cells have the "
        "same number of steps, so large batches see more images. 160 trainings.",
        AtlasConfig(objective="digits-quick", steps=1250, seeds=4, up="batch_size"),
    ),
    "GAN on a ring: lr against k": Preset(
        "Both players synchronise together: how far from the ring do the slow weights' samples end? The first row, "
        "k = 1, takes steps of half the lr. 72 trainings, a minute or two.",
        AtlasConfig(objective="gan-ring", steps=1500, across_points=6, up_low=1, up_high=16, up_points=4, up_log=True),
    ),
}
