"""The sidebar of the Theory page, and its ready-made views."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_LAYERS
from app.state.glossary import meaning
from app.state.theory import MAX_BATCHES, MAX_POWER, TheoryConfig
from app.views import session
from app.views.parts.cards import draw_layers, draw_momentum, draw_outer_momentum, draw_sync_momentum
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.sidebar import sidebar_of
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES

PAGE = "theory"
AXES = {"lr": "lr", "k_1": "k₁", "alpha_1": "α₁", "mu_1": "μ₁", "k_2": "k₂", "alpha_2": "α₂", "mu_2": "μ₂"}
EFFECTIVE = "A layer with outer momentum μ counts with its effective slow step α / (1 − μ)"
BASES = {"sgd": "SGD", "momentum": "SGD with momentum", "nesterov": "SGD with Nesterov momentum"}
SCENARIOS = {key: SURFACES[key].name for key in ("ravine", "bowl", "matyas", "booth")} | {
    key: GAMES[key].name for key in ("bilinear", "quadratic")
}


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: TheoryConfig) -> None:
    """Draw the controls of the chosen instrument."""
    draw_history(PAGE, TheoryConfig(instrument=config.instrument), kind="views")
    {"stability": _stability, "noise": _noise, "regularization": _regularization, "rates": _rates}[config.instrument](
        fields, config
    )
    if any(name == "depth" or name[:1].isdigit() for name in fields.visible_names()):
        st.markdown("## Layers of slow weights")
    fields.segments("Layers", "depth", range(MAX_LAYERS + 1), width="stretch", label_visibility="collapsed")
    draw_layers(fields, config.depth)
    draw_outer_momentum(fields, config.layers)


def _base(fields: Fields, config: TheoryConfig) -> None:
    fields.choice("Base optimizer", "base", BASES, help=meaning("base-optimizer"))
    if config.base != "sgd":
        draw_momentum(fields)
        draw_sync_momentum(fields)


def _stability(page: Fields, config: TheoryConfig) -> None:
    fields, stability = page.within("stability"), config.stability
    fields.choice("Surface or game", "scenario", SCENARIOS, on_change=_take_scenario)
    if stability.scenario == "quadratic":
        fields.slider("ε", "epsilon", 0.0, 1.0, step=0.01, help="0 is the bilinear game, 1 a bowl for both")
    if stability.is_game:
        fields.switch("Players move in turn", "alternating", help="y answers the x that has just moved")
    _number(fields, "lr", "lr")
    _base(page, config)
    if not fields.hides("x", "y", "lr_low", "lr_high", "k_high", "simulate"):
        st.markdown("## Map")
    left, right = st.columns(2)
    with left:
        fields.choice("Horizontal", "x", AXES)
    with right:
        fields.choice("Vertical", "y", AXES)
    if "lr" in (stability.x, stability.y):
        left, right = st.columns(2)
        with left:
            _number(fields, "lr from", "lr_low")
        with right:
            _number(fields, "lr to", "lr_high")
    if stability.x.startswith("k") or stability.y.startswith("k"):
        fields.slider("k up to", "k_high", 2, 200)
    fields.switch("Simulate every cell", "simulate", help="Runs the algorithm step by step in every cell")


def _take_scenario() -> None:
    """Another problem sets the lr and its range to suitable values."""
    config: TheoryConfig = st.session_state[f"{PAGE}.config"]
    scenario = st.session_state[f"{PAGE}.stability.scenario"]
    edge = 1.0 if scenario in GAMES else 2 / max(SURFACES[scenario].curvature or (1.0,))
    lr = GAMES[scenario].lr if scenario in GAMES else SURFACES[scenario].lr
    high = edge * (0.5 if scenario in GAMES else 1.3)
    session.adopt(PAGE, config.with_part("stability", scenario=scenario, lr=lr, lr_low=edge / 100, lr_high=high))


def _noise(page: Fields, config: TheoryConfig) -> None:
    fields = page.within("noise")
    _number(fields, "Curvature h", "h")
    _number(fields, "Deviation σ of the gradient noise", "sigma")
    _number(fields, "lr", "lr")
    _base(page, config)
    _count(fields, "Runs", "seeds", 1_000, 10_000, 30_000, 100_000)
    page.seed()


def _regularization(page: Fields, config: TheoryConfig) -> None:
    fields = page.within("regularization")
    fields.choice("Surface", "surface", {key: surface.name for key, surface in SURFACES.items()})
    x, y = SURFACES[config.regularization.surface].start
    left, right = st.columns(2)
    with left:
        fields.number_or_none("Start x", "at_x", placeholder=f"{x:g}", format="%g")
    with right:
        fields.number_or_none("Start y", "at_y", placeholder=f"{y:g}", format="%g")
    _number(fields, "lr ε", "lr")
    fields.slider("Mini-batches m", "batches", 2, MAX_BATCHES, help="One epoch visits each once, in a random order")
    _number(fields, "How far each mini-batch shifts the surface", "spread")
    fields.slider("Epochs", "epochs", 1, 100)
    _count(fields, "Orders averaged", "orders", 64, 256, 512, 2_048, 8_192)
    page.seed()


def _rates(page: Fields, config: TheoryConfig) -> None:
    fields = page.within("rates")
    _number(fields, "c, for lr = c/√T", "c")
    _number(fields, "Deviation σ of the gradient noise", "sigma")
    fields.slider("T up to 2 to the power of", "power", 9, MAX_POWER)
    _count(fields, "Runs per T", "seeds", 8, 16, 32, 64, 128)
    fields.switch("Equal effective lr (lr / Π α)", "equal_effective", help=EFFECTIVE)
    page.seed()


def _number(fields: Fields, label: str, name: str) -> None:
    fields.number(label, name, step=fields.value(name) / 10 or 0.1, format="%g")


def _count(fields: Fields, label: str, name: str, *customary: int) -> None:
    """Customary numbers to choose from, and the current one."""
    fields.steps(label, name, sorted({*customary, fields.value(name)}))
