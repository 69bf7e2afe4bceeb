"""Parallel coordinates of a sample: a line for each point, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.draw.image import render_figure
from app.draw.plotly import paint
from app.figures.atlas import Reading
from app.figures.atlas_sample import growing_parallel_chart, parallel_chart
from app.runs import atlas
from app.state import AtlasConfig

CONFIG = AtlasConfig(sample=20, further="alpha_1:0.2:1", seeds=2, steps=5)


@pytest.fixture
def reading() -> Reading:
    """20 points: values 1 to 18, one that diverged in one seed, one that is missing."""
    value = np.repeat([[*range(1, 19), np.inf, np.nan]], 2, axis=0).T[None].copy()
    value[0, 18, 0] = 5
    diverged = np.where(np.isinf(value), 3, -1)
    return Reading(replace(atlas.study_run(CONFIG), value=value, diverged=diverged), "loss")


def test_every_point_is_a_line_in_the_class_of_its_rank(reading):
    (panel,) = parallel_chart(reading, "mean").filled_panels
    lines = {mark.series: mark for mark in panel.marks if mark.kind == "line"}
    counts = {
        name: len(mark.x) // 5 for name, mark in lines.items() if name not in ("axes, with their ends", "least mean")
    }
    assert counts == {"diverged": 1, "the worse half": 9, "the better half": 7, "the best tenth": 2}
    best = lines["least mean"]
    settings = reading.result.study.settings[0]
    alpha = (settings["alpha_1"] - 0.2) / 0.8
    log_lr = np.log(settings["lr"] / CONFIG.across_low) / np.log(CONFIG.across_high / CONFIG.across_low)
    assert best.y == pytest.approx([log_lr, (settings["k_1"] - 1) / 31, alpha, 0.0])
    assert lines["diverged"].y[3] == 1.0
    assert [label for _, label in panel.ticks] == ["lr", "k₁", "α₁", "mean"]


def test_targets_are_a_points_places_on_every_axis(reading):
    (panel,) = parallel_chart(reading, "mean").filled_panels
    (targets,) = [mark for mark in panel.marks if mark.kind == "targets"]
    assert len(targets.x) == 20 * 4
    assert targets.data["value"][4 * 7] == 8.0
    assert "alpha" not in targets.data["text"][0]
    assert "α₁" in targets.data["text"][0]


def test_while_it_grows_nothing_is_the_best(reading):
    (panel,) = growing_parallel_chart(reading, "mean").filled_panels
    assert "least mean" not in {mark.series for mark in panel.marks}
    assert not [mark for mark in panel.marks if mark.kind == "targets"]


@pytest.mark.parametrize("quantity", ["mean", "median", "spread", "diverged"])
def test_both_painters_draw_it(reading, quantity):
    chart = parallel_chart(reading, quantity)
    assert paint(chart).data
    assert render_figure(chart, "png", dpi=40).startswith(b"\x89PNG")


def test_where_all_diverged_or_nothing_is_there_the_axes_are_drawn(reading):
    for value in (np.inf, np.nan):
        nothing = replace(reading, result=replace(reading.result, value=np.full((1, 20, 2), value)))
        assert paint(parallel_chart(nothing, "mean")).data
