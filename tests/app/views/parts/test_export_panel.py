"""The panel under a page, without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.testing.v1 import AppTest

from app.export import offer_of, to_json
from app.state import SurfacesConfig
from app.state.links import decode
from app.views.parts import downloads, export_panel

MAIN = str(Path(__file__).parents[4] / "app" / "main.py")


def open_page(**params: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=60)
    for key, value in {"v": "1", "surface": "himmelblau", "steps": "40", **params}.items():
        at.query_params[key] = value
    at.session_state["surfaces.export"] = True
    return at.run()


def test_a_closed_panel_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_panel, "_figure", lambda *_: pytest.fail("drawn while closed"))
    at = AppTest.from_file(MAIN, default_timeout=60).run()
    assert not at.exception
    assert len(at.get("download_button")) == 0


def test_an_open_panel_offers_every_export() -> None:
    at = open_page()
    assert not at.exception
    labels = [button.proto.label for button in at.get("download_button")]
    assert labels == [
        "Download figure", "Download player (HTML)", "CSV", "Parquet", "Settings (JSON)", "Interactive chart (HTML)",
        "Download script",
    ]  # fmt: skip
    assert [tab.label for tab in at.tabs] == ["Figure", "Animation", "Data", "Code", "Share", "Restore"]


def games_page() -> None:
    from app.views.games.page import page

    page()


def test_games_offer_the_same() -> None:
    at = AppTest.from_function(games_page, default_timeout=60)
    at.session_state["games.export"] = True
    at.run()
    assert not at.exception
    assert "Download script" in [button.proto.label for button in at.get("download_button")]
    assert any("a run of Lookahead Lab" in code.value for code in at.code)


def test_the_link_shown_opens_the_page_shown() -> None:
    at = open_page(seed="9")
    links = [dict(parse_qsl(code.value.partition("?")[2])) for code in at.code if "?" in code.value.splitlines()[0]]
    assert [decode(params, SurfacesConfig) for params in links] == [(at.session_state["surfaces.config"], [])]
    assert at.session_state["surfaces.config"].seed == 9


def test_a_size_that_is_too_large_is_refused_before_the_click() -> None:
    at = open_page()
    at.number_input(key="surfaces.figure.width").set_value(40.0)
    at.number_input(key="surfaces.figure.height").set_value(40.0)
    at.number_input(key="surfaces.figure.dpi").set_value(1200).run()
    assert not at.exception
    assert any("lower the dpi" in error.value for error in at.error)


def test_an_animation_is_made_on_request_and_forgotten_when_settings_change() -> None:
    at = open_page()
    at.number_input(key="surfaces.film.seconds").set_value(0.2)
    at.number_input(key="surfaces.film.width").set_value(160)
    at.number_input(key="surfaces.film.height").set_value(160)
    at.button(key="surfaces.film.make").click().run()
    assert not at.exception
    labels = [button.proto.label for button in at.get("download_button")]
    assert "Download animation" in labels
    assert at.session_state["surfaces.film"][1][:6] == b"GIF89a"
    at.number_input(key="surfaces.film.fps").set_value(10).run()
    assert "Download animation" not in [button.proto.label for button in at.get("download_button")]


def upload(at: AppTest, data: bytes, name: str) -> AppTest:
    return at.get("file_uploader")[0].set_value((name, data, "application/octet-stream")).run()


def test_an_uploaded_config_restores_the_page() -> None:
    config = SurfacesConfig(surface="booth", steps=77, seed=4)
    at = upload(open_page(), to_json(config), "config.json")
    assert not at.exception
    assert at.session_state["surfaces.config"] == config
    assert at.query_params["surface"] == "booth"


def test_a_bad_upload_is_refused_in_one_sentence_and_changes_nothing() -> None:
    at = open_page()
    before = at.session_state["surfaces.config"]
    bad = json.loads(to_json(SurfacesConfig())) | {"config": {"steps": -1}}
    upload(at, json.dumps(bad).encode(), "config.json")
    assert not at.exception
    assert [error.value for error in at.error if "Not restored" in error.value]
    assert at.session_state["surfaces.config"] == before


def test_every_download_gives_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The callables behind the buttons, called as a click calls them."""
    files: dict[str, bytes] = {}

    def keep(label: str, made_or_make: bytes | Callable[[], bytes], *_: object, **__: object) -> None:
        files[label] = made_or_make if isinstance(made_or_make, bytes) else made_or_make()

    monkeypatch.setattr(export_panel, "_download", keep)
    config = SurfacesConfig(surface="himmelblau", steps=20)
    for part in (export_panel._figure, export_panel._animation, export_panel._data, export_panel._code):
        part(offer_of(config), config, "test")
    starts = {
        "Download figure": b"\x89PNG", "Download player (HTML)": b"<!doctype html>", "CSV": b'"run"',
        "Parquet": b"PAR1",
        "Settings (JSON)": b"{", "Interactive chart (HTML)": b"<!doctype html>", "Download script": b'"""Himmelblau',
    }  # fmt: skip
    assert {label: data[: len(starts[label])] for label, data in files.items()} == starts


def failing_page() -> None:
    import streamlit as st

    from app.views.parts.downloads import _with_report, failures

    def make() -> bytes:
        raise ValueError("lower the dpi")

    failures()
    if st.button("Download"):
        try:
            _with_report(make, "Download figure")()
        except ValueError:
            st.write("and Streamlit is told")


def test_a_file_that_cannot_be_made_is_explained_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_again = []
    monkeypatch.setattr(downloads, "_draw_again", drawn_again.append)
    at = AppTest.from_function(failing_page).run()
    at.button[0].click().run()
    assert [one.value for one in at.markdown] == ["and Streamlit is told"]
    assert len(drawn_again) == 1
    at.run()
    assert [error.value for error in at.error] == ["Download figure: lower the dpi."]
    assert not at.run().error


def test_what_is_made_already_is_served_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    contents: dict[str, object] = {}
    monkeypatch.setattr(export_panel, "download", lambda label, content, *_, **__: contents.update({label: content}))
    config = SurfacesConfig(surface="himmelblau", steps=20)
    for part in (export_panel._data, export_panel._code):
        part(offer_of(config), config, "test")
    assert contents["Settings (JSON)"] == to_json(config)
    assert isinstance(contents["Download script"], bytes)
    assert callable(contents["CSV"])


@pytest.mark.parametrize("bound", [True, False])
def test_what_a_click_made_outlasts_other_visitors_script_runs(monkeypatch: pytest.MonkeyPatch, bound: bool) -> None:
    """Streamlit's own store, in which two runs remove a file that no session holds on to."""
    storage = MemoryMediaFileStorage("/media")
    files = MediaFileManager(storage)
    monkeypatch.setattr(downloads.runtime, "exists", lambda: True)
    monkeypatch.setattr(downloads.runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=files))

    def make() -> bytes:
        return b"x,y"

    maker = downloads._kept_in_session(make, "a.csv", "text/csv", "a.csv") if bound else make
    address = files.execute_deferred(files.add_deferred(maker, "text/csv", "1.2", file_name="a.csv"))
    for _ in range(2):
        files.remove_orphaned_files()
    if bound:
        assert storage.get_file(address.rpartition("/")[2]).content == b"x,y"
    else:
        with pytest.raises(MediaFileStorageError):
            storage.get_file(address.rpartition("/")[2])
