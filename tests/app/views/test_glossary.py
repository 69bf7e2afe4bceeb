"""Controls are called as the glossary calls what they set, and nothing has a second name."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.state.glossary import anchor, linked, terms

PAGES = {
    "surfaces": "SurfacesConfig", "games": "GamesConfig", "networks": "NetworksConfig", "gans": "GansConfig",
    "theory": "TheoryConfig", "atlas": "AtlasConfig",
}  # fmt: skip
CONTROLS = ("number_input", "slider", "selectbox", "toggle", "text_input", "segmented_control", "expander")
OPEN = {"1.layers": "5:0.5", "1.base": "momentum"}
LABELS = {
    "Base optimizer": "base-optimizer",
    "lr": "lr",
    "Equal effective lr": "effective-lr",
    "Momentum": "momentum",
    "Outer momentum μ₁": "outer-momentum",
    "Layers of slow weights": "layer",
    "k₁": "synchronisation-period",
    "α₁": "slow-step-size",
    "Base steps": "base-step",
    "Seed": "seed",
    "Gradient noise": "gradient-noise",
    "Surface": "surface",
    "Game": "game",
    "Curvature h": "curvature",
}
OTHER_NAMES = (
    "iteration",
    "step size",
    "learning rate",
    "inner loop",
    "sync period",
    "cached",
    "average of fast weights",
)


def show(page: str, model: str) -> None:
    from importlib import import_module

    import streamlit as st

    from app import state
    from app.state.theory import TheoryConfig
    from app.views import session

    controls = import_module(f"app.views.{page}.controls")
    config, problems = session.current(controls.PAGE, getattr(state, model, TheoryConfig))
    for number in range(1, 4):
        st.session_state[f"{page}.{number}.more"] = True
    controls.sidebar(config, problems)


@pytest.fixture(scope="module")
def labels() -> dict[str, str]:
    """Of all controls of all pages, with their help."""
    found: dict[str, str] = {}
    for page, model in PAGES.items():
        for instrument in ("stability", "noise") if page == "theory" else ("",):
            at = AppTest.from_function(show, args=(page, model), default_timeout=60)
            for name, value in ({"instrument": instrument} if instrument else OPEN).items():
                at.query_params[name] = value
            at.run()
            assert not at.exception
            found |= {one.label: one.help or "" for kind in CONTROLS for one in at.get(kind) if hasattr(one, "help")}
    return found


@pytest.mark.parametrize(("label", "key"), LABELS.items())
def test_a_control_is_called_as_the_glossary_does(labels: dict[str, str], label: str, key: str) -> None:
    term = next(term for term in terms() if term.key == key)
    assert label in labels
    assert f"]({anchor(term)})" in linked(label)


def test_no_control_has_another_name_for_a_term(labels: dict[str, str]) -> None:
    for text in (*labels, *labels.values()):
        assert not [name for name in OTHER_NAMES if name in text.lower()], text


def test_help_links_to_the_glossary(labels: dict[str, str]) -> None:
    assert "[slow weights](#term-slow-weights)" in labels["α₁"]
