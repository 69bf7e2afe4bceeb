"""Tracks, their bytes, and the pages that carry them: read back by a reader written from the format's description."""

from __future__ import annotations

import base64
import html
import json
import re
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.draw.player_page import notebook_html, standalone_html
from app.player import PALETTE, PlayerView, Track, pack, tracks_of
from app.views.parts.player import Pick, _pick
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Trajectory, record

SPECS = (
    OptimizerSpec("SGD", lr=1.0),
    OptimizerSpec("Lookahead", lr=1.0, layers=(Layer(3, 0.5),)),
    OptimizerSpec("Multilayer", lr=1.0, layers=(Layer(2, 0.5), Layer(3, 0.5))),
)


def descent(x: torch.Tensor, _: int) -> tuple[torch.Tensor, torch.Tensor]:
    return -x.sum(-1), torch.full_like(x, -1.0)


@pytest.fixture(scope="module")
def run() -> Trajectory:
    return record(descent, SPECS, [[0.0, 0.0], [10.0, -10.0]], 14)


def unpack(data: bytes) -> tuple[dict[str, Any], list[dict[str, NDArray[np.floating]]]]:
    """The header, and of each track its columns, read exactly as pack.py's first lines say."""
    (size,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + size])
    at, tracks = 4 + size, []
    assert at % 4 == 0

    def floats(count: int) -> NDArray[np.floating]:
        nonlocal at
        at += 4 * count
        return np.frombuffer(data, "<f4", count, at - 4 * count)

    for track in header["tracks"]:
        rows, proposals = track["rows"], track["proposals"]
        columns = {"x": floats(rows), "y": floats(rows), "loss": floats(rows)}
        columns |= {"proposal_x": floats(proposals), "proposal_y": floats(proposals)}
        columns |= {f"averaged_{axis}": floats(rows) for axis in "xy" if track["averaged"]}
        columns |= {f"slow_{layer}_{axis}": floats(rows) for layer in range(track["slow"]) for axis in "xy"}
        columns |= {name: floats(rows) for name in ("step", "evaluations") if track[name] is None}
        columns |= {f"cloud_{axis}": floats(rows * track["cloud"]) for axis in "xy" if track["cloud"]}
        columns |= {f"spread_{column}": floats(rows) for column in range(5) if track["cloud"]}
        tracks.append(columns)
    for columns, track in zip(tracks, header["tracks"], strict=True):
        if track["punctual"]:
            continue
        columns["synchronised"] = np.frombuffer(data, np.uint8, track["rows"], at)
        at += track["rows"]
    assert at == len(data)
    return header, tracks


def test_there_is_one_track_per_optimizer_and_start(run: Trajectory) -> None:
    tracks = tracks_of(run, SPECS, PALETTE)
    assert [(track.name, track.start, track.panel) for track in tracks[:3]] == [
        ("SGD", 0, 0), ("SGD", 1, 0), ("Lookahead", 0, 0),
    ]  # fmt: skip
    assert tracks[2].color == PALETTE[1]
    assert tracks[2].layers == (Layer(3, 0.5),)


def test_panels_are_given_by_optimizer(run: Trajectory) -> None:
    assert [track.panel for track in tracks_of(run, SPECS, PALETTE, panels=True)] == [0, 0, 1, 1, 2, 2]


def test_fast_weights_of_the_hand_worked_runs_arrive(run: Trajectory) -> None:
    _, tracks = unpack(pack(tracks_of(run, SPECS, PALETTE)))
    assert tracks[2]["x"].tolist()[:8] == [0, 1, 2, 1.5, 2.5, 3.5, 3, 4]  # (3, .5)
    assert tracks[4]["x"].tolist() == [0, 1, 1, 2, 2, 3, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 3, 4, 4]  # (2, .5), (3, .5)
    assert tracks[5]["y"][:3].tolist() == [-10, -9, -9]


def test_proposals_arrive_where_a_layer_synchronised(run: Trajectory) -> None:
    _, tracks = unpack(pack(tracks_of(run, SPECS, PALETTE)))
    assert tracks[4]["proposal_x"][:3].tolist() == [2, 3, 4]


def test_consecutive_steps_are_not_sent_as_numbers(run: Trajectory) -> None:
    header, _ = unpack(pack(tracks_of(run, SPECS, PALETTE)))
    assert header["tracks"][0]["step"] == [0, 1]
    assert header["tracks"][0]["evaluations"] == [0, 1]
    assert header["tracks"][0]["slow"] == 0


def test_synchronisations_are_sent_only_where_the_periods_do_not_tell_them() -> None:
    on_time, late = np.array([1, 0, 1]), np.array([0, 1, 0])
    header, (columns,) = unpack(pack([track(synchronised=on_time)]))
    assert header["tracks"][0]["punctual"]
    assert header["tracks"][0]["proposals"] == 1  # at step 2; the start is no synchronisation
    header, (columns,) = unpack(pack([track(synchronised=late)]))
    assert not header["tracks"][0]["punctual"]
    assert columns["synchronised"].tolist() == [0, 1, 0]


def test_strided_rows_carry_their_slow_weights() -> None:
    run = record(descent, SPECS, [[0.0, 0.0]], 14, keep=4)
    header, tracks = unpack(pack(tracks_of(run, SPECS, PALETTE)))
    assert not header["tracks"][2]["consecutive"]
    assert tracks[2]["step"].tolist() == [0, 4, 8, 12, 14]
    assert tracks[2]["slow_1_x"].tolist() == [0, 0, 1.5, 3, 3]  # of (3, .5), the outermost: synchronises at 6 and 12


def test_what_is_not_a_number_stays_put_and_the_huge_is_clamped() -> None:
    fast = np.array([[0, 1e300], [np.nan, -np.inf], [2, np.nan]])
    _, (columns,) = unpack(pack([track(fast=fast, loss=np.array([1, np.inf, np.nan]))]))
    assert columns["x"].tolist() == [0, 0, 2]
    assert columns["y"].tolist() == pytest.approx([1e30, -1e30, -1e30])
    assert np.isfinite(columns["loss"]).all()


def test_an_average_is_one_more_track() -> None:
    average = np.array([[0.0, 0], [1, 2], [3, 4]])
    header, (columns,) = unpack(pack([track(averaged=average)]))
    assert header["tracks"][0]["averaged"]
    assert columns["averaged_y"].tolist() == [0, 2, 4]


def test_the_view_travels_in_the_header() -> None:
    view = PlayerView(
        key="demo", chart="surface", linked=("losses",), autoplay=False, minima=((1.0, 2.0),), labels=("a", "b")
    )
    header, _ = unpack(pack([track()], view))
    assert (header["key"], header["chart"], header["linked"]) == ("demo", "surface", ["losses"])
    assert (header["autoplay"], header["minima"], header["labels"]) == (False, [[1, 2]], ["a", "b"])


def test_twelve_tracks_of_a_thousand_steps_fit_in_90_kilobytes() -> None:
    many = record(descent, SPECS, np.zeros((2, 2)), 1000)  # of each start: fast; fast, slow; fast, slow, slow
    assert len(pack(tracks_of(many, SPECS, PALETTE))) <= 90_000


def test_tracks_of_refuses_what_it_cannot_draw(run: Trajectory) -> None:
    with pytest.raises(ValueError, match="the trajectory has 3"):
        tracks_of(record(descent, SPECS, [[0.0, 0.0, 0.0]], 2), SPECS, PALETTE)
    with pytest.raises(ValueError, match="3 optimizers need as many specs and colors, got 2 and 6"):
        tracks_of(run, SPECS[:2], PALETTE)


def test_tracks_refuse_arrays_that_disagree() -> None:
    with pytest.raises(ValueError, match=r"proposal must have shape \(3, 2\), got \(2, 2\)"):
        track(proposal=np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"loss must have shape \(3,\), got \(4,\)"):
        track(loss=np.zeros(4))
    with pytest.raises(ValueError, match=r"slow must have one array per layer \(1\), got 0"):
        track(slow=())
    with pytest.raises(ValueError, match="step must have at least the start's row"):
        track(step=np.zeros(0))


def test_tracks_of_one_name_must_look_alike() -> None:
    with pytest.raises(ValueError, match="'one' must share colour and layers"):
        pack([track(), track(color="#fff")])


def test_a_message_that_is_no_pick_is_none() -> None:
    assert _pick({"x": 1, "y": 2.5, "panel": 1, "n": 3}) == Pick(1.0, 2.5, 1, 3)
    for nonsense in (None, "x", {"x": 1}, {"x": "far", "y": 2}, {"x": None, "y": 1}):
        assert _pick(nonsense) is None


@pytest.mark.integration
def test_tracks_and_bytes_need_no_streamlit() -> None:
    code = "import sys, app.player, app.draw.player_page; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_page_carries_the_same_bytes(run: Trajectory) -> None:
    tracks = tracks_of(run, SPECS, PALETTE)
    content = content_of(standalone_html(tracks, caption="by <hand>"))
    header, columns = unpack(base64.b64decode(content["bytes"]))
    assert not header["pickable"]
    assert columns[4]["x"][6] == 1.5


def test_the_page_loads_nothing_and_escapes_its_caption(run: Trajectory) -> None:
    page = standalone_html(tracks_of(run, SPECS, PALETTE), caption="by <hand>", title="a & b").decode()
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=|https?://|@import", page.replace("http-equiv", ""))
    assert "by &lt;hand&gt;" in page
    assert "<title>a &amp; b</title>" in page


def test_heights_become_a_field_with_the_lowest_at_zero(run: Trajectory) -> None:
    heights = np.array([[0.0, 1, 2], [3, np.nan, 4]])
    field = content_of(
        standalone_html(tracks_of(run, SPECS, PALETTE), background=heights, extent=((0, 2), (0, 1)))
    )["heights"]  # fmt: skip
    values = np.frombuffer(base64.b64decode(field["values"]), "<u2").reshape(field["rows"], field["columns"])
    assert values.tolist() == [[0, 16384, 32768], [49151, 65535, 65535]]


def test_a_fine_background_is_thinned(run: Trajectory) -> None:
    heights = np.random.default_rng(0).normal(size=(500, 400))
    page = standalone_html(tracks_of(run, SPECS, PALETTE), background=heights, extent=((0, 1), (0, 1)))
    assert (content_of(page)["heights"]["rows"], content_of(page)["heights"]["columns"]) == (160, 160)


def test_twelve_tracks_of_a_thousand_steps_fit_in_half_a_megabyte() -> None:
    many = record(descent, SPECS, np.zeros((2, 2)), 1000)
    heights = np.random.default_rng(0).normal(size=(200, 200))
    page = standalone_html(tracks_of(many, SPECS, PALETTE), background=heights, extent=((0, 1), (0, 1)))
    assert len(page) < 500_000


def test_the_page_refuses_what_it_cannot_show(run: Trajectory) -> None:
    tracks = tracks_of(run, SPECS, PALETTE)
    with pytest.raises(ValueError, match="tracks must hold at least one run"):
        standalone_html([])
    with pytest.raises(ValueError, match="extent must say where the background lies"):
        standalone_html(tracks, background=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="theme must be one of light, dark, auto, got 'sepia'"):
        standalone_html(tracks, theme="sepia")  # type: ignore[arg-type]


def test_a_notebook_shows_the_page_in_a_frame(run: Trajectory) -> None:
    page = standalone_html(tracks_of(run, SPECS, PALETTE))
    (source,) = re.findall(r'srcdoc="([^"]*)"', notebook_html(page))
    assert html.unescape(source).encode() == page


def content_of(page: bytes) -> dict[str, Any]:
    (content,) = re.findall(r"^openPlayer\(.*?, (\{.*\})\);$", page.decode(), re.MULTILINE)
    return dict(json.loads(content))


def track(**changes: Any) -> Track:
    """Three rows of one optimizer with one layer."""
    rows = 3
    values: dict[str, Any] = {
        "name": "one", "color": "#000", "layers": (Layer(2, 0.5),), "fast": np.zeros((rows, 2)),
        "proposal": np.zeros((rows, 2)), "synchronised": np.array([0, 0, 1]), "loss": np.zeros(rows),
        "step": np.arange(rows), "evaluations": np.arange(rows),
    }  # fmt: skip
    return Track(**(values | changes))
