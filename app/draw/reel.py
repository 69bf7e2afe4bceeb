"""Charts of one kind, step after step, in plotly's terms, for a browser that plays them by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.draw.plotly import chart_spec, traces
from app.draw.plotly_spec import Spec, axes_of
from app.figures import look
from app.figures.chart import Chart

FRAME_MS = 220
ROW_TITLE = 1.01  # of the figure's width: where the names of rows stand


def reel_spec(charts: Sequence[Chart], steps: Sequence[int], *, dark: bool = False) -> Spec:
    """The last chart, with buttons and a slider that show the others.

    Args:
        charts: with the same panels and marks; an object that is the same in all of them is drawn once.
        steps: the base step of each.
        dark: whether the page is.
    """
    last = charts[-1]
    spec = chart_spec(last, dark=dark, legend=False)
    still = [all(one is other for one in column) for column, other in zip(zip(*map(_parts, charts), strict=True),
             _parts(last), strict=True)]  # fmt: skip
    moving = [index for index, stays in enumerate(still) if not stays]
    first = len(still) - len(moving)
    numbers = list(range(first, len(still)))
    data = spec["data"]
    spec["data"] = [data[index] for index in (*(set(range(len(still))) - set(moving)), *moving)]
    spec["frames"] = [
        {"name": str(step), "data": [frame[index] for index in moving], "traces": numbers}
        for step, frame in zip(steps, ([*traces(chart, dark=dark)] for chart in charts), strict=True)
    ]
    _arrange(spec["layout"], last, steps)
    return spec


def _parts(chart: Chart) -> list[object]:
    """The images and marks, in the order of their traces."""
    return [
        part
        for panel in chart.filled_panels
        for part in (*([] if panel.image is None else [panel.image]), *panel.marks)
    ]


def _arrange(layout: dict[str, Any], chart: Chart, steps: Sequence[int]) -> None:
    points = any(panel.image is None for panel in chart.filled_panels)
    for name, axis in axes_of(layout).items():
        axis |= {"showline": points, "mirror": points, "linecolor": look.QUIET}
        if name.startswith("yaxis"):
            axis["title"] = {"text": ""}
    titles = layout.get("annotations") or [_title(chart)] * (chart.columns == 1)
    layout["annotations"] = [{**one, "font": {"size": 12}, "yshift": 4} for one in titles] + _row_titles(chart)
    layout |= {
        "margin": {"l": 8, "r": 24, "t": 84, "b": 8, "pad": 0},  # a pad would let neighbours overlap
        "updatemenus": [_buttons(redraw=not points)],
        "sliders": [_slider(steps, redraw=not points)],
    }


def _title(chart: Chart) -> dict[str, Any]:
    """The first panel's title, above all of them."""
    text = _break_lines(chart.filled_panels[0].title)
    return {"text": text, "x": 0.5, "y": 1, "xref": "paper", "yref": "paper", "showarrow": False, "yanchor": "bottom"}


def _row_titles(chart: Chart) -> list[dict[str, Any]]:
    """The label of each row's y axis, on its right."""
    panels = [chart.panels[row * chart.columns :] for row in range(chart.rows)]
    labels = [next(panel.labels[1] for panel in row if panel is not None) for row in panels]
    return [
        {
            "text": label, "x": ROW_TITLE, "y": 1 - (row + 0.5) / chart.rows, "xref": "paper", "yref": "paper",
            "showarrow": False, "textangle": 90, "xanchor": "left", "font": {"size": 11},
        }
        for row, label in enumerate(labels)
    ]  # fmt: skip


def _break_lines(title: str) -> str:
    return title.replace("\n", "<br>")


def _buttons(*, redraw: bool) -> dict[str, Any]:
    """Play from the start, and pause."""
    play = {"frame": {"duration": FRAME_MS, "redraw": redraw}, "transition": {"duration": 0}}
    pause = {"frame": {"duration": 0, "redraw": redraw}, "mode": "immediate"}
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "x": 1,
        "y": 0,
        "xanchor": "right",
        "yanchor": "top",
        "pad": {"t": 10},
        "bgcolor": "rgba(128,128,128,.15)",
        "bordercolor": look.QUIET,
        "buttons": [
            {"label": "▶", "method": "animate", "args": [None, play]},
            {"label": "❚❚", "method": "animate", "args": [[None], pause]},
        ],
    }


def _slider(steps: Sequence[int], *, redraw: bool) -> dict[str, Any]:
    """A slider over the steps."""
    at_once = {"frame": {"duration": 0, "redraw": redraw}, "mode": "immediate"}
    return {
        "active": len(steps) - 1,
        "y": 0,
        "pad": {"t": 14},
        "currentvalue": {"prefix": "base step ", "font": {"size": 13, "color": "gray"}},
        "tickcolor": "rgba(0,0,0,0)",
        "font": {"color": "rgba(0,0,0,0)"},
        "steps": [{"label": str(at), "method": "animate", "args": [[str(at)], at_once]} for at in steps],
    }
