"""Charts for a projector: colours stand out, lines are thicker, letters larger, the landscape is fainter."""

from __future__ import annotations

import numpy as np
import pytest

from app.draw.plotly import chart_spec
from app.draw.plotly_projector import projector_chart, projector_spec
from app.figures import look
from app.figures.chart import Chart, Map, Mark, Panel

X = np.arange(3.0)
GROUND = Map("", X, X, np.add.outer(X, X), "height", span=(0.0, 4.0))
BACKGROUNDS = {False: "#fcfcfb", True: "#0d1216"}


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in look.rgb(color)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("color", look.PALETTE)
def test_every_optimizers_line_stands_out(color: str, dark: bool) -> None:
    chart = projector_chart(Chart((Panel(marks=(Mark("SGD", color, X, X),)), None)), dark=dark)
    line = chart_spec(chart, dark=dark)["data"][0]["line"]
    low, high = sorted((luminance(line["color"]), luminance(BACKGROUNDS[dark])))
    assert (high + 0.05) / (low + 0.05) >= 4.5
    assert line["width"] == pytest.approx(1.5 * Mark("", "", X, X).width / look.PIXEL)


def test_letters_are_larger_and_the_landscape_fainter() -> None:
    panel = Panel("Loss", (Mark("guide", "", X, X, quiet=True),), map=GROUND, labels=("step", "loss"))
    usual = chart_spec(Chart((panel,), columns=1))
    shown = projector_spec(usual)
    for axis in ("xaxis", "yaxis"):
        assert shown["layout"][axis]["tickfont"] == {"size": 18}
        assert shown["layout"][axis]["title"] == usual["layout"][axis]["title"] | {"font": {"size": 18}}
    contour = next(trace for trace in shown["data"] if trace["type"] == "contour")
    assert contour["opacity"] < 0.5
    assert shown["layout"]["margin"]["l"] > usual["layout"]["margin"]["l"]
