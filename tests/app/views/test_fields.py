"""Controls tell the browser the config's values in every run, not in the first alone."""

import pytest
from streamlit.testing.v1 import AppTest

from app.state import (
    AtlasConfig,
    Card,
    GameCard,
    GamesConfig,
    GanCard,
    GansConfig,
    LayerConfig,
    NetworksConfig,
    SurfacesConfig,
)
from app.state.links import encode
from app.state.theory import Noise, Rates, Regularization, Stability, TheoryConfig

UNUSUAL = {
    "layers": (LayerConfig(k=7, alpha=0.3), LayerConfig(k=4, alpha=0.8)),
    "base": "momentum",
    "momentum": 0.7,
    "weight_decay": 0.2,
    "schedule": "step",
    "every": 30,
    "factor": 0.4,
    "sync_momentum": "reset",
    "ema": 0.1,
    "color": 3,
}
CARD = Card(lr=0.02, **UNUSUAL)
LAYERS = UNUSUAL["layers"]
CONFIGS = {
    "surfaces": [
        SurfacesConfig(
            surface="bowl", starts=((1, 2),), noise="minibatch", noise_scale=0.6, noise_batches=20,
            noise_replacement=True, seed=4, steps=90, panels=True, cards=(CARD,),
        ),
        SurfacesConfig(
            surface="formula", formula="a*x^2 + y^2", parameters=(("a", 1.5),), domain=(-2, 2, -3, 3), starts=((1, 1),),
            noise="student", noise_freedom=4.0,
        ),
        SurfacesConfig(cards=(Card(base="gpa", lr=0.02, mu_y=0.5, mu_x=0.8), CARD)),
    ],
    "games": [
        GamesConfig(
            game="quadratic", parameter=0.4, starts=((1, 1),), noise="student", noise_scale=0.6, noise_freedom=4.0,
            seed=4, steps=90, panels=True, cards=(GameCard(lr=0.02, alternating=True, **UNUSUAL),),
        )
    ],
    "networks": [
        NetworksConfig(
            dataset="digits", network="mlp", train_size=200, label_noise=0.2, batch_size=16, augmentation="shift",
            split_seed=4, seed=5, seeds=3, steps=120, snapshot_every=4, ema=0.9, equal_lr=True, cards=(CARD,),
        )
    ],
    "gans": [
        GansConfig(
            dataset="digits", objective="wgan-gp", batch_size=16, seed=5, seeds=3, steps=120, snapshot_every=4, ema=0.9,
            cards=(GanCard(lr=0.02, generator_lr=0.03, layers=LAYERS, beta1=0.5, color=3),),
        )
    ],
    "atlas": [
        AtlasConfig(
            objective="quadratic", parameter=0.4, base="momentum", momentum=0.7, sync_momentum="reset",
            alternating=True, layers=LAYERS, noise="student", noise_scale=0.6, noise_freedom=4.0, seed=4, seeds=5,
            steps=90, across="k_1", across_low=2, across_high=9, across_points=8, up="noise_scale", up_log=True,
            up_low=0.1, up_high=3, up_points=7,
        ),
        AtlasConfig(noise="minibatch", noise_batches=20, noise_replacement=True, across="lr", up="depth"),
    ],
    "theory": [
        TheoryConfig(layers=LAYERS, base="nesterov", momentum=0.7, sync_momentum="reset", seed=4, **part)
        for part in (
            {
                "stability": Stability(
                    scenario="quadratic", epsilon=0.3, alternating=True, lr=0.2, x="alpha_1", y="k_2", k_high=30,
                    simulate=False,
                )
            },
            {"stability": Stability(lr=0.2, lr_low=0.1, lr_high=0.3)},
            {"instrument": "noise", "noise": Noise(h=0.7, sigma=2.0, lr=0.2, seeds=300)},
            {
                "instrument": "regularization",
                "regularization": Regularization(
                    surface="himmelblau", batches=8, spread=0.3, lr=0.02, epochs=4, orders=128
                ),
            },
            {"instrument": "rates", "rates": Rates(c=0.25, sigma=0.5, power=11, seeds=8, equal_effective=True)},
        )
    ],
}  # fmt: skip


def show(page, model):
    from importlib import import_module

    from app import state
    from app.state.theory import TheoryConfig
    from app.views import session

    controls = import_module(f"app.views.{page}.controls")
    config, problems = session.current(controls.PAGE, getattr(state, model, TheoryConfig))
    controls.sidebar(config, problems)


def defaults(at):
    """By key, what a browser that sees nothing but this run sets a control to, and what the control is to show."""
    sidebar = at.sidebar
    values = {one.key: (one.proto.default, one.value) for one in (*sidebar.number_input, *sidebar.toggle)}
    values |= {one.key: (one.proto.default, one.value) for one in sidebar.text_input}
    values |= {one.key: (one.proto.default[0], one.value) for one in sidebar.slider}
    values |= {one.key: (one.proto.options[int(one.proto.default[0])], str(one.value)) for one in sidebar.select_slider}
    values |= {one.key: (one.proto.default, one.index) for one in sidebar.selectbox if not one.key.endswith("preset")}
    values |= {one.key: (list(one.proto.default), one.indices) for one in sidebar.segmented_control}
    return {
        key: pair for key, pair in values.items() if not key.endswith((".add_start", ".predicting", ".at_x", ".at_y"))
    }


@pytest.mark.parametrize(("page", "config"), [(page, one) for page, some in CONFIGS.items() for one in some])
def test_every_run_tells_the_browser_every_value(page, config):
    at = AppTest.from_function(show, kwargs={"page": page, "model": type(config).__name__}, default_timeout=30)
    for key, text in encode(config).items():
        at.query_params[key] = text
    for _ in range(2):
        at.run()
        assert not at.exception
        assert not at.error
        pairs = defaults(at)
        assert len(pairs) >= 7
        assert {key: pair for key, pair in pairs.items() if pair[0] != pair[1]} == {}
        assert at.session_state[f"{page}.config"] == config
