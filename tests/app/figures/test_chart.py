"""A chart in words, for those who do not see it, and the words in the corner of a panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.draw.plotly import chart_spec
from app.figures.caption import Caption
from app.figures.chart import NO_ZERO, Chart, Mark, Panel
from app.figures.surfaces import surface_curves
from app.runs.surfaces import surface_run
from app.state import SurfacesConfig

X = np.arange(3.0)


def test_a_chart_in_words_names_title_panels_and_series_once() -> None:
    marks = (Mark("SGD", "#0072b2", X, X), Mark("SGD", "#0072b2", X, X, part="slow weights"))
    panels = (Panel("Training\nloss", marks), Panel("Accuracy", (Mark("limit", "", X, X, quiet=True),)), None)
    assert Chart(panels, Caption("A net")).words == "A net; Training loss; Accuracy: SGD, limit"


def test_a_panel_without_a_title_is_named_after_its_axes() -> None:
    panel = Panel(marks=(Mark("", "", X, X),), labels=("lr", "final loss"))
    assert Chart((panel,), Caption("Tuning")).words == "Tuning; final loss against lr"


@pytest.mark.parametrize(
    ("scale", "values", "remark"),
    [
        ("log", (1.0, 0.1, 0.0), NO_ZERO),
        ("log", (1.0, 0.1, np.nan), ""),
        ("linear", (1.0, 0.1, 0.0), ""),
    ],
)
def test_a_logarithmic_axis_says_that_values_of_0_are_not_drawn(scale, values, remark) -> None:
    panel = Panel(marks=(Mark("SGD", "", X, np.array(values)),), scales=("linear", scale))
    assert panel.shown_remark == remark
    assert replace(panel, remark="off the chart: up to 3").shown_remark == "off the chart: up to 3"


def test_a_run_that_ends_exactly_in_the_minimum_keeps_its_zeros() -> None:
    config = SurfacesConfig(surface="himmelblau", steps=1000)
    loss, *_ = surface_curves(config, surface_run(config)).filled_panels
    assert min(mark.y.min() for mark in loss.marks) == 0.0
    (corner,) = chart_spec(Chart((loss,)), legend=False)["layout"]["annotations"]
    assert corner["text"] == NO_ZERO
