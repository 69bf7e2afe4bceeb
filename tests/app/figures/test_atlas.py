"""Charts of a study: what is marked, what is blank, and what is where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.figures.amounts import shades_of, span_of
from app.figures.atlas import Reading, best_lr_chart, coarse_map, growing_map, lines_chart, study_map
from app.figures.chart import NO_ZERO, Map
from app.figures.look import style_of
from app.runs import atlas
from app.state import AtlasConfig

CONFIG = AtlasConfig(
    across_points=3,
    up_high=2,
    up_points=2,
    seeds=4,
    steps=1,
    across_low=0.1,
    across_high=0.3,
    across_log=False,
)
VALUE = np.array(
    [
        [[1, 2, 3, 6], [1, 1, 1, np.inf], [np.nan] * 4],
        [[1, 2, 3, 5.99], [2, 3, 4, 7], [9, 9, 9, 9]],
    ]
)


@pytest.fixture
def reading() -> Reading:
    """Cells by hand: one diverged in one seed, one failed, the best at (1, 0) with a tie at (0, 0)."""
    result = replace(
        atlas.study_run(CONFIG), value=VALUE, diverged=np.where(np.isinf(VALUE), 1, -1), reasons={(0, 2): "undefined"}
    )
    return Reading(result, "loss", 0.5)


def marks_of(panel):
    return {mark.series: mark for mark in panel.marks}


def test_the_best_its_ties_and_the_edge_are_marked(reading):
    (panel,) = study_map(reading, "mean", None).filled_panels
    marks = marks_of(panel)
    star = marks["least mean, at the edge of the grid"]
    assert (star.x.tolist(), star.y.tolist()) == ([0.1], [2])
    tie = marks["not told apart from the best"]
    assert (tie.x.tolist(), tie.y.tolist()) == ([0.1], [1])


def test_a_diverged_cell_has_its_colour_and_a_failed_one_is_empty(reading):
    (panel,) = study_map(reading, "mean", None).filled_panels
    shades = shades_of(panel.map, style_of("light"))
    assert shades.z[0, 1] == shades.high
    assert np.isnan(shades.z[0, 2])
    failed = marks_of(panel)["failed"]
    assert (failed.x.tolist(), failed.y.tolist()) == ([0.3], [1])
    assert shades.z[1, 0] == pytest.approx(np.log10(2.9975 - 0.5))
    assert "diverged" in shades.ticks.values()
    assert shades.z[1, 2] < shades.high  # 9 is the greatest of the finite ones


def test_quantities_by_hand(reading):
    assert reading.quantity("median")[0, :2].tolist() == [2.0, 0.5]
    assert reading.quantity("diverged")[0, :2].tolist() == [0.0, 0.25]
    assert reading.quantity("spread")[1, 2] == 0


def test_lines_have_means_intervals_and_every_seed(reading):
    across, upwards = lines_chart(reading, (1, 0), None).filled_panels
    means = marks_of(across)["mean over 4 seeds, with its 95 % interval"]
    assert means.y == pytest.approx([2.4975, 3.5, 8.5])
    error = np.std([2, 3, 4, 7], ddof=1) / 2
    assert (means.high - means.y)[1] == pytest.approx(3.182446 * error, rel=1e-6)  # Student's t, 3 degrees of freedom
    assert len(marks_of(across)["one seed"].x) == 12
    assert marks_of(upwards)["this cell"].x.tolist() == [2]
    blank = lines_chart(reading, (0, 0), None).filled_panels[0]
    assert np.isnan(marks_of(blank)["mean over 4 seeds, with its 95 % interval"].y).tolist() == [False, True, True]


def test_a_line_whose_mean_is_exactly_0_says_so_and_has_no_interval_there(reading):
    value = np.where(VALUE == 9, 0.5, VALUE)  # the floor
    at_floor = Reading(replace(reading.result, value=value), "loss", 0.5)
    across, upwards = lines_chart(at_floor, (1, 0), None).filled_panels
    means = marks_of(across)["mean over 4 seeds, with its 95 % interval"]
    assert means.y[2] == 0
    assert np.isnan([means.low[2], means.high[2]]).all()
    assert (across.shown_remark, upwards.shown_remark) == (NO_ZERO, "")


def test_the_best_lr_of_every_line_and_paired_differences(reading):
    best, at_best, differences = best_lr_chart(reading).filled_panels
    assert best.marks[0].y.tolist() == [0.1, 0.1]
    assert at_best.marks[0].y.tolist() == pytest.approx([2.5, 2.4975])
    paired = marks_of(differences)["paired difference over 4 seeds, with its 95 % interval"]
    assert paired.y.tolist() == pytest.approx([0, -0.0025])
    assert (paired.high - paired.y)[1] == pytest.approx(3.182446 * 0.005 / 2, rel=1e-6)
    assert best_lr_chart(Reading(atlas.study_run(AtlasConfig(across="alpha_1", steps=2, seeds=1)), "loss")) is None


def test_a_coarse_map_has_the_finest_grid_that_is_complete(reading):
    value = VALUE.copy()
    value[:, 1] = value[1] = np.nan
    value[1, 2] = 9  # known from before, and of no complete grid
    partial = replace(reading, result=replace(reading.result, value=value))
    (panel,) = coarse_map(partial, "mean").filled_panels
    assert panel.map.values.shape == (1, 2)
    assert panel.map.x.tolist() == [0.1, 0.3]
    assert panel.marks == ()
    (whole,) = coarse_map(reading, "mean").filled_panels
    assert whole.map.values.shape == (2, 3)  # a cell that failed is no reason to wait


@pytest.mark.parametrize(
    ("values", "log", "span"),
    [
        ([1.0, 10.0, np.inf, np.nan, 0.0], True, (1.0, 10.0)),
        ([1e-30, 1.0], True, (1e-12, 1.0)),
        ([2.0, 2.0], True, (1.0, 4.0)),
        ([np.inf, np.nan], True, (1.0, 10.0)),
        ([0.0, 3.0], False, (0.0, 3.0)),
    ],
)
def test_spans_of_amounts(values, log, span):
    assert span_of(np.array(values), log=log) == pytest.approx(span)


def test_ticks_of_amounts_are_plain_numbers():
    map_ = Map("m", np.zeros(1), np.zeros(1), np.ones((1, 1)), "amount", span=(0.02, 2000.0), log=True)
    assert list(shades_of(map_, style_of("light")).ticks.values()) == ["0.1", "1", "10", "100", "1000"]
    share = replace(map_, span=(0.0, 1.0), log=False)
    assert shades_of(share, style_of("print")).ticks == {0.0: "0", 0.5: "0.5", 1.0: "1"}


def test_a_map_that_fills_shows_every_cell_that_is_there_and_no_best_one(reading):
    value = VALUE.copy()
    value[1, 1] = np.nan
    (panel,) = growing_map(replace(reading, result=replace(reading.result, value=value)), "mean").filled_panels
    assert np.isnan(panel.map.values).tolist() == [[False, False, True], [False, True, False]]
    assert [mark.series for mark in panel.marks] == ["failed"]
