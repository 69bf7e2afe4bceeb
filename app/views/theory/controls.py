"""The sidebar of the Theory page, and its ready-made views."""

from __future__ import annotations

import streamlit as st

from app.state.cards import MAX_K
from app.state.theory import MAX_BATCHES, MAX_POWER, TheoryConfig
from app.state.theory_views import VIEWS
from app.views import session
from app.views.parts.cards import SUBSCRIPT, SYNC_MOMENTUM
from app.views.parts.history import draw_history
from app.views.parts.problems import draw_problems
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES

PAGE = "theory"
AXES = {"lr": "lr", "k_1": "k₁", "alpha_1": "α₁", "k_2": "k₂", "alpha_2": "α₂"}
BASES = {"sgd": "SGD", "momentum": "SGD with momentum", "nesterov": "SGD with Nesterov momentum"}
SCENARIOS = {key: SURFACES[key].name for key in ("ravine", "bowl", "matyas", "booth")} | {
    key: GAMES[key].name for key in ("bilinear", "quadratic")
}


def sidebar(config: TheoryConfig, problems: list[str]) -> None:
    """Draw the controls of the chosen instrument, and what was refused above them."""
    with st.sidebar:
        draw_problems(problems)
        customary = TheoryConfig(instrument=config.instrument)
        draw_history(PAGE, {name: view for name, (_, view) in VIEWS.items()}, customary, what="views")
        {"stability": _stability, "noise": _noise, "regularization": _regularization, "rate": _rate}[config.instrument](
            config
        )
        _layers(config)


def _layers(config: TheoryConfig) -> None:
    st.markdown("##### Layers of slow weights")
    st.segmented_control(
        "Layers", range(5), key=f"{PAGE}.depth", required=True, width="stretch", label_visibility="collapsed"
    )
    for level in range(1, config.depth + 1):
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        left.number_input(f"k{SUBSCRIPT[level]}", 1, MAX_K, step=1, key=f"{PAGE}.k_{level}")
        right.slider(f"α{SUBSCRIPT[level]}", 0.0, 1.0, step=0.01, key=f"{PAGE}.alpha_{level}")


def _base(config: TheoryConfig) -> None:
    st.selectbox("Base optimizer", list(BASES), format_func=BASES.__getitem__, key=f"{PAGE}.base")
    if config.base != "sgd":
        st.number_input("Momentum", step=0.01, format="%g", key=f"{PAGE}.momentum")
        st.selectbox(
            "Momentum at a synchronisation is", list(SYNC_MOMENTUM), format_func=SYNC_MOMENTUM.__getitem__,
            key=f"{PAGE}.sync_momentum",
        )  # fmt: skip


def _stability(config: TheoryConfig) -> None:
    st.selectbox(
        "On", list(SCENARIOS), format_func=SCENARIOS.__getitem__, key=f"{PAGE}.scenario", on_change=_take_scenario
    )
    if config.scenario == "quadratic":
        st.slider("ε", 0.0, 1.0, step=0.01, key=f"{PAGE}.epsilon", help="0 is the bilinear game, 1 a bowl for both")
    if config.is_game:
        st.toggle("Alternating updates", key=f"{PAGE}.alternating", help="y answers the x that has just moved")
    _number("lr", "lr", config.lr)
    _base(config)
    st.markdown("##### Map")
    left, right = st.columns(2)
    left.selectbox("Horizontal", list(AXES), format_func=AXES.__getitem__, key=f"{PAGE}.x")
    right.selectbox("Vertical", list(AXES), format_func=AXES.__getitem__, key=f"{PAGE}.y")
    if "lr" in (config.x, config.y):
        left, right = st.columns(2)
        with left:
            _number("lr from", "lr_low", config.lr_low)
        with right:
            _number("lr to", "lr_high", config.lr_high)
    if config.x.startswith("k") or config.y.startswith("k"):
        st.slider("k up to", 2, 200, key=f"{PAGE}.k_high")
    st.toggle("Simulate every cell", key=f"{PAGE}.simulate", help="Runs the algorithm step by step in every cell")


def _take_scenario() -> None:
    """Another problem comes with an lr and a range of lr that suit it."""
    config: TheoryConfig = st.session_state[f"{PAGE}.config"]
    scenario = st.session_state[f"{PAGE}.scenario"]
    edge = 1.0 if scenario in GAMES else 2 / max(SURFACES[scenario].curvature or (1.0,))
    lr = GAMES[scenario].lr if scenario in GAMES else SURFACES[scenario].lr
    update = {
        "scenario": scenario,
        "lr": lr,
        "lr_low": edge / 100,
        "lr_high": edge * (0.5 if scenario in GAMES else 1.3),
    }
    session.adopt(PAGE, config.model_copy(update=update))


def _noise(config: TheoryConfig) -> None:
    _number("Curvature h", "h", config.h)
    _number("Deviation σ of the gradient noise", "sigma", config.sigma)
    _number("lr", "noise_lr", config.noise_lr)
    _base(config)
    _count("Runs", "seeds", config.seeds, 1_000, 10_000, 30_000, 100_000)
    _seed()


def _regularization(config: TheoryConfig) -> None:
    st.selectbox("Surface", list(SURFACES), format_func=lambda key: SURFACES[key].name, key=f"{PAGE}.surface")
    x, y = SURFACES[config.surface].start
    left, right = st.columns(2)
    left.number_input("Start x", value=None, placeholder=f"{x:g}", format="%g", key=f"{PAGE}.at_x")
    right.number_input("Start y", value=None, placeholder=f"{y:g}", format="%g", key=f"{PAGE}.at_y")
    _number("lr ε", "epoch_lr", config.epoch_lr)
    st.slider(
        "Mini-batches m", 2, MAX_BATCHES, key=f"{PAGE}.batches", help="One epoch visits each once, in a random order"
    )
    _number("How far each mini-batch shifts the surface", "spread", config.spread)
    st.slider("Epochs", 1, 100, key=f"{PAGE}.epochs")
    _count("Orders averaged", "orders", config.orders, 64, 256, 512, 2_048, 8_192)
    _seed()


def _rate(config: TheoryConfig) -> None:
    _number("c, for lr = c/√T", "c", config.c)
    _number("Deviation σ of the gradient noise", "rate_sigma", config.rate_sigma)
    st.slider("T up to 2 to the power of", 9, MAX_POWER, key=f"{PAGE}.power")
    _count("Runs per T", "rate_seeds", config.rate_seeds, 8, 16, 32, 64, 128)
    st.toggle("Equal effective lr (lr / Π α)", key=f"{PAGE}.equal_effective")
    _seed()


def _number(label: str, field: str, value: float) -> None:
    st.number_input(label, key=f"{PAGE}.{field}", step=value / 10 or 0.1, format="%g")


def _count(label: str, field: str, value: int, *customary: int) -> None:
    """Customary numbers to choose from, and the one that a link brought."""
    st.select_slider(label, sorted({*customary, value}), key=f"{PAGE}.{field}")


def _seed() -> None:
    st.number_input("Seed", 0, 2**31 - 1, step=1, key=f"{PAGE}.seed")
