"""A chart in words, for those who do not see it."""

from __future__ import annotations

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel

X = np.arange(3.0)


def test_a_chart_in_words_names_title_panels_and_series_once() -> None:
    marks = (Mark("SGD", "#0072b2", X, X), Mark("SGD", "#0072b2", X, X, part="slow weights"))
    panels = (Panel("Training\nloss", marks), Panel("Accuracy", (Mark("limit", "", X, X, quiet=True),)), None)
    assert Chart(panels, Caption("A net")).words == "A net; Training loss; Accuracy: SGD, limit"


def test_a_panel_without_a_title_is_named_after_its_axes() -> None:
    panel = Panel(marks=(Mark("", "", X, X),), labels=("lr", "final loss"))
    assert Chart((panel,), Caption("Tuning")).words == "Tuning; final loss against lr"
