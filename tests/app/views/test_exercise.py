"""What a teacher's link fixes and hides, on every page, whatever a visitor then does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from app.export import to_json
from app.runs.family import dials_of
from app.state import AtlasConfig, Card, GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.links import decode
from app.state.theory import TheoryConfig
from app.views.parts.dragging import free_dials

MAIN = str(Path(__file__).parents[3] / "app" / "main.py")
MODELS = {
    "surfaces": SurfacesConfig,
    "games": GamesConfig,
    "networks": NetworksConfig,
    "gans": GansConfig,
    "theory": TheoryConfig,
    "atlas": AtlasConfig,
}
ALL_BUT_ALPHA = {"fix": "*", "free": "2.1.alpha"}


def show(page: str, model: str) -> None:
    from importlib import import_module

    from app import state
    from app.state.theory import TheoryConfig
    from app.views import session

    controls = import_module(f"app.views.{page}.controls")
    config, problems = session.current(controls.PAGE, getattr(state, model, TheoryConfig))
    controls.sidebar(config, problems)


def sidebar_of(page: str, **params: str) -> AppTest:
    model = MODELS[page].__name__
    return run(AppTest.from_function(show, kwargs={"page": page, "model": model}, default_timeout=30), params)


def surfaces(**params: str) -> AppTest:
    return run(AppTest.from_file(MAIN, default_timeout=60), params)


def run(at: AppTest, params: dict[str, str]) -> AppTest:
    for key, value in params.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at


def controls_in(at: AppTest) -> Iterator[Any]:
    for kind in ("number_input", "slider", "select_slider", "toggle", "text_input", "selectbox", "segmented_control"):
        yield from getattr(at.sidebar, kind)


def names(at: AppTest, *, disabled: bool | None = None) -> set[str]:
    """The controls of settings in the sidebar: 2.lr, steps."""
    every = {one.key.partition(".")[2]: one for one in controls_in(at)}
    ours = {name: one for name, one in every.items() if name not in ("preset", "add_start", "predicting")}
    return {name for name, one in ours.items() if disabled is None or one.disabled == disabled}


@pytest.mark.parametrize("page", MODELS)
def test_all_but_one_number_cannot_be_moved(page: str) -> None:
    free = "1.alpha" if page in ("theory", "atlas") else "2.1.alpha"
    at, as_ever = sidebar_of(page, fix="*", free=free), sidebar_of(page)
    assert names(at, disabled=False) == {free}
    assert names(at) == names(as_ever)
    assert names(as_ever, disabled=True) == set()
    assert not at.error
    buttons = {button.key for button in at.sidebar.button}
    assert buttons == {f"{page}.undo", f"{page}.reset"}
    assert not any(one.key.endswith(".preset") for one in at.sidebar.selectbox)
    assert at.query_params["fix"] == "*"
    assert at.query_params["free"] == free


@pytest.mark.parametrize("page", MODELS)
def test_hidden_controls_are_not_drawn_and_keep_their_values(page: str) -> None:
    free = "1.alpha" if page in ("theory", "atlas") else "2.1.alpha"
    at = sidebar_of(page, hide="*", free=free, seed="7")
    assert names(at) == {free}
    assert not at.sidebar.expander
    before = at.session_state[f"{page}.config"]
    assert before.seed == 7
    at.sidebar.slider(key=f"{page}.{free}").set_value(0.9).run()
    after = at.session_state[f"{page}.config"]
    assert after != before
    assert after.seed == 7


@pytest.mark.parametrize("page", MODELS)
def test_the_sidebar_can_be_hidden_as_a_whole_and_messages_are_shown_all_the_same(page: str) -> None:
    at = sidebar_of(page, hide="sidebar", seed="-1")
    assert names(at) == set()
    assert [error.value.partition(":")[0] for error in at.error] == ["seed"]


def test_nothing_a_visitor_does_changes_a_fixed_number() -> None:
    at = surfaces(surface="ravine", steps="60", **ALL_BUT_ALPHA)
    before = at.session_state["surfaces.config"]
    at.sidebar.slider(key="surfaces.2.1.alpha").set_value(0.8).run()
    config = at.session_state["surfaces.config"]
    assert config.cards[1].layers[0].alpha == 0.8
    at.session_state["surfaces.steps"] = 77  # as a control that is not disabled would send it
    at.session_state["surfaces.1.lr"] = 0.5
    at.run()
    assert at.session_state["surfaces.config"] == config
    at.query_params["steps"] = "77"
    at.run()
    assert at.session_state["surfaces.config"] == config
    assert at.query_params["steps"] == "60"
    at.button(key="surfaces.undo").click().run()
    assert at.session_state["surfaces.config"] == before
    at.sidebar.slider(key="surfaces.2.1.alpha").set_value(0.1).run()
    at.button(key="surfaces.reset").click().run()
    assert at.session_state["surfaces.config"] == before


def test_ready_made_settings_that_change_a_fixed_one_are_not_offered() -> None:
    every = sidebar_of("surfaces").sidebar.selectbox(key="surfaces.preset").options
    at = sidebar_of("surfaces", fix="surface", surface="ravine")
    options = at.sidebar.selectbox(key="surfaces.preset").options
    assert 0 < len(options) < len(every)
    at.sidebar.selectbox(key="surfaces.preset").set_value(options[-1]).run()
    assert at.session_state["surfaces.config"].surface == "ravine"


def test_another_surface_keeps_the_fixed_lr_and_one_that_a_fixed_start_is_not_on_is_refused() -> None:
    at = sidebar_of("surfaces", surface="himmelblau", fix="1.lr", **{"1.lr": "0.003"})
    at.sidebar.selectbox(key="surfaces.surface").set_value("bowl").run()
    config = at.session_state["surfaces.config"]
    assert (config.surface, config.cards[0].lr) == ("bowl", 0.003)
    at = sidebar_of("surfaces", surface="rosenbrock", fix="starts", starts="0,2.5")
    before = at.session_state["surfaces.config"]
    at.sidebar.selectbox(key="surfaces.surface").set_value("six_hump_camel").run()
    assert at.session_state["surfaces.config"] == before
    assert at.sidebar.selectbox(key="surfaces.surface").value == "rosenbrock"
    assert [error.value.partition(":")[0] for error in at.error] == ["Not changed"]
    at.sidebar.selectbox(key="surfaces.surface").set_value("himmelblau").run()
    after = at.session_state["surfaces.config"]
    assert (after.surface, after.starts) == ("himmelblau", before.starts)
    assert not at.error


@pytest.mark.parametrize("exercise", [{"fix": "starts"}, {"hide": "starts"}, {"fix": "*"}])
def test_clicks_move_no_fixed_start(exercise: dict[str, str]) -> None:
    from app.views.parts import scene

    def click(page: str, model: str) -> None:
        from app import state
        from app.views import session
        from app.views.parts.player import Pick
        from app.views.parts.scene import move_start

        session.current(page, getattr(state, model))
        import streamlit as st

        st.button("click", on_click=move_start, args=(page, Pick(1.0, 1.0)))

    at = run(AppTest.from_function(click, kwargs={"page": "surfaces", "model": "SurfacesConfig"}), exercise)
    before = at.session_state["surfaces.config"].starts
    at.button[0].click().run()
    assert at.session_state["surfaces.config"].starts == before
    assert scene.aimed_place(1, 1) not in before


def test_an_unknown_name_is_named_and_the_rest_holds() -> None:
    at = sidebar_of("games", fix="steps,lr", steps="50")
    assert [error.value.partition(":")[0] for error in at.error] == ["fix"]
    assert "no such name as 'lr': write names as links have them" in at.error[0].value
    assert names(at, disabled=True) == {"steps"}
    assert at.query_params["fix"] == "steps"


def test_only_free_numbers_are_dragged() -> None:
    def dials() -> None:
        import streamlit as st

        from app.runs.family import dials_of
        from app.state import SurfacesConfig
        from app.views import session
        from app.views.parts.dragging import free_dials

        config, _ = session.current("surfaces", SurfacesConfig)
        free = free_dials("surfaces", config, dials_of(config, config.steps, 1))
        st.session_state["free"] = [(dial.card, dial.field, dial.level) for dial in free]

    assert run(AppTest.from_function(dials), ALL_BUT_ALPHA).session_state["free"] == [(1, "alpha", 1)]
    assert run(AppTest.from_function(dials), {"fix": "*"}).session_state["free"] == []
    free = run(AppTest.from_function(dials), {"hide": "3,2.lr"}).session_state["free"]
    assert free == [(0, "lr", 0), (1, "k", 1), (1, "alpha", 1)]
    config = SurfacesConfig(cards=(Card(lr=0.1),))
    assert len(free_dials("surfaces", config, dials_of(config, 50, 1))) == 1


def test_parts_of_the_page_can_be_hidden() -> None:
    at = surfaces(surface="bowl", steps="30", hide="charts,table,closer,export,guide,presets,pages")
    assert len(at.get("plotly_chart")) == 1
    assert not at.dataframe
    assert not [each for each in at.get("bidi_component") if str(each.key).endswith("-guide")]
    assert not [one for one in at.expander if one.label == "Export and share"]
    assert not at.get("page_link")
    assert not any(one.key == "surfaces.preset" for one in at.sidebar.selectbox)
    assert len(names(at)) > 8
    assert len(surfaces(surface="bowl", steps="30").get("page_link")) == 7


def test_the_panel_makes_an_exercise_link_that_opens_as_one() -> None:
    at = AppTest.from_file(MAIN, default_timeout=60)
    at.session_state["surfaces.export"] = True
    run(at, {"surface": "ravine", "steps": "40", "seed": "5"})
    choice = next(one for one in at.multiselect if one.label == "Stays free")
    assert "α₁ of optimizer 2" in choice.options
    assert "steps" in choice.options
    choice.select("2.1.alpha").run()
    (address,) = [code.value for code in at.code if "fix=" in code.value]
    params = dict(parse_qsl(address.partition("?")[2]))
    assert (params["fix"], params["free"]) == ("*", "2.1.alpha")
    assert decode(params, SurfacesConfig) == (at.session_state["surfaces.config"], [])
    student = AppTest.from_file(MAIN, default_timeout=60)
    student.session_state["surfaces.export"] = True
    run(student, params)
    assert names(student, disabled=False) == {"2.1.alpha"}
    links = [code.value for code in student.code if "surface=ravine" in code.value or "z=" in code.value]
    assert any("fix=*" in link for link in links), "a link that is shared from an exercise is one"
    assert not [one for one in student.multiselect if one.label == "Stays free"]


def test_an_upload_that_changes_a_fixed_setting_is_refused() -> None:
    at = AppTest.from_file(MAIN, default_timeout=60)
    at.session_state["surfaces.export"] = True
    run(at, {"surface": "bowl", "steps": "40", "fix": "steps"})
    settings = to_json(SurfacesConfig(surface="booth", steps=77))
    at.get("file_uploader")[0].set_value(("config.json", settings, "application/json")).run()
    assert at.session_state["surfaces.config"].surface == "bowl"
    assert any("this page's link fixes what is different there" in error.value for error in at.error)


def test_links_without_it_leave_everything_free() -> None:
    at = surfaces(surface="bowl", steps="30", words="1")
    assert names(at, disabled=True) == set()
    assert {"fix", "free", "hide"} & set(at.query_params) == set()
    assert at.query_params["words"] == "1"
