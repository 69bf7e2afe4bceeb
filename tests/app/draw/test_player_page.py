"""Pages that open by themselves: the plotly chart, the player, and the frame in a notebook."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from app import export
from app.draw.plotly_scene import plotly_figure
from app.export import Scene, player_html, plotly_html, scene_of, show
from app.runs import surfaces as surface_runs
from app.state import SurfacesConfig
from optim_core import MultilayerLookahead
from optim_core.recorder import Recorder

CONFIG = SurfacesConfig(surface="himmelblau", steps=60)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(CONFIG)


class Addresses(HTMLParser):
    """Everything a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]


def addresses(page: bytes) -> list[str]:
    parser = Addresses()
    parser.feed(page.decode())
    return [address for address in parser.addresses if not address.startswith("data:")]


def test_no_export_is_hidden_by_a_module_of_its_name() -> None:
    modules = {path.stem for path in Path(export.__file__).parent.glob("*.py")}
    assert not modules & set(export.__all__)


@pytest.mark.parametrize("name", export.__all__)
def test_every_export_is_found_where_it_is_said_to_be(name: str) -> None:
    assert getattr(export, name).__name__ == name


def test_a_plotly_page_needs_nothing_from_outside_and_carries_the_caption(scene: Scene) -> None:
    page = plotly_html(scene)
    for axis in ("x", "y"):  # plotly warns of one that follows itself
        settings = re.search(rf'"{axis}axis":\{{"anchor".*?\}},"', page.decode())
        assert settings is not None
        assert f'"matches":"{axis}"' not in settings[0]
    assert addresses(page) == []
    assert html.escape(scene.caption.text) in page.decode()


def is_line(trace: object) -> bool:
    return getattr(trace, "type", "") == "scatter" and trace.mode == "lines"


def test_a_plotly_chart_has_each_layer_of_each_run_where_it_was(scene: Scene) -> None:
    figure = json.loads(plotly_figure(scene).to_json())
    lines = {trace["name"]: trace for trace in plotly_figure(scene).data if is_line(trace)}
    run = surface_runs.surface_run(CONFIG)
    assert len(lines) == 1 + 2 + 3
    outer = lines["Multilayer Lookahead (5, .5)(5, .5), slow weights, layer 2"]
    assert np.array_equal(np.stack([outer.x, outer.y], axis=-1), np.unique(run.slow[2][1][:, 0], axis=0))
    assert len({line.line.dash for line in lines.values()}) == 3
    assert figure["layout"]["xaxis"]["range"] == [-6, 6]


def test_a_scene_of_panels_is_a_chart_of_panels() -> None:
    figure = plotly_figure(scene_of(CONFIG.model_copy(update={"panels": True})))
    assert {trace.xaxis for trace in figure.data if is_line(trace)} == {"x", "x2", "x3"}


def test_the_player_page_stays_under_half_a_megabyte_for_twelve_long_tracks() -> None:
    many = SurfacesConfig(surface="himmelblau", steps=1000, starts=((0, 0), (1, 1), (-2, 3), (3, -3)))
    page = player_html(scene_of(many))
    assert len(scene_of(many).tracks) == 12
    assert len(page) < 500_000
    assert addresses(page) == []


def small_recorder() -> Recorder:
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    optimizer = MultilayerLookahead(torch.optim.SGD(model.parameters(), lr=0.1), k=[3, 2], alpha=0.5)
    recorder = Recorder(optimizer)
    for _ in range(20):
        optimizer.zero_grad()
        loss = model(torch.ones(4, 3)).square().mean()
        loss.backward()
        optimizer.step()
        recorder.step(loss.item())
    return recorder


def test_show_puts_the_player_into_a_notebook_and_into_a_file(tmp_path: Path) -> None:
    player = show(small_recorder(), title="My own loop", height=700)
    frame = player._repr_mimebundle_()["text/html"]
    assert "<iframe srcdoc=" in frame
    assert 'height="700"' in frame
    assert "My own loop" in html.unescape(frame)
    player.save(tmp_path / "loop.html")
    assert b"My own loop" in (tmp_path / "loop.html").read_bytes()


def test_show_takes_a_trajectory_and_a_scene_as_well(scene: Scene) -> None:
    assert show(small_recorder().trajectory()).scene.tracks[0].rows == 21
    assert show(scene).scene is scene
