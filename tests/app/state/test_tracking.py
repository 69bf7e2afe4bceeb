"""Links come through mail and course systems, which hang parameters of their own on them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from app.cli import main
from app.state import GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.links import decode
from app.state.theory import TheoryConfig
from app.state.tracking import is_foreign

FOREIGN = (
    *("utm_source", "utm_medium", "utm_id", "fbclid", "FBCLID", "gclid", "msclkid", "mc_cid", "mc_eid", "_hsenc"),
    *("mkt_tok", "embed", "embed_options"),
)
MODELS = (SurfacesConfig, GamesConfig, NetworksConfig, GansConfig, TheoryConfig)


@pytest.mark.parametrize("model", MODELS)
def test_foreign_parameters_are_dropped_without_a_word(model):
    assert decode(dict.fromkeys(FOREIGN, "x"), model) == (model(), [])


@pytest.mark.parametrize("model", MODELS)
def test_no_setting_of_ours_is_taken_for_foreign(model):
    assert not [name for name in model.model_fields if is_foreign(name)]


@pytest.mark.parametrize("name", ["utm", "steps", "xutm_source", "gclid2", ""])
def test_others_are_still_refused(name):
    _, problems = decode({name: "x"}, SurfacesConfig)
    assert len(problems) == 1


def show():
    import streamlit as st

    from app.state import SurfacesConfig
    from app.views import session

    config, problems = session.current("surfaces", SurfacesConfig)
    st.write([config.steps, *problems])


def test_the_page_forgets_them_and_keeps_the_settings():
    at = AppTest.from_function(show)
    at.query_params["steps"] = "77"
    at.query_params["utm_source"] = "mail"
    at.run()
    assert json.loads(at.json[0].value) == [77]
    assert "utm_source" not in at.query_params
    assert at.query_params["steps"] in ("77", ["77"])


def test_the_command_line_takes_such_a_link(tmp_path):
    link = "http://localhost:8501/?steps=9&utm_source=mail&fbclid=abc&embed=true"
    result = CliRunner().invoke(main, ["run", link, "-O", str(tmp_path / "run.json")])
    assert result.exit_code == 0, result.output
    assert "no such setting" not in result.output
    assert json.loads((tmp_path / "run.json").read_text())["config"]["steps"] == 9
