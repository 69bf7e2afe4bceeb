"""Generative adversarial networks: curves of both players, and what their generators make, playable in the figure."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.look import QUIET
from app.figures.networks import Line, line_charts, measured, smooth
from app.runs.gans import Floats, Samples, mosaic
from optim_core.curves import Curves

RING_RANGE = (-3.0, 3.0)
FRAME_MS = 220
GREY = "rgba(128,128,128,.45)"


def gan_curves(
    names: Sequence[str], colors: Sequence[str], curves: Sequence[Sequence[Curves]], features: str
) -> dict[str, go.Figure]:
    """Both losses, Fréchet distance and modes covered, over gradient evaluations of each player.

    Args:
        names, colors: of the optimizers.
        curves: per optimizer one per seed; may still be growing.
        features: in which the Fréchet distance is taken.
    """
    return line_charts(names, colors, [gan_lines(seeds) for seeds in curves], curve_titles(features))


def curve_titles(features: str) -> dict[str, str]:
    """Titles of the charts by the name that lines call them; `features` as for `gan_curves`."""
    return {
        "discriminator": "Discriminator's loss",
        "generator": "Generator's loss",
        "frechet": f"Fréchet distance, {features}",
        "modes": "Modes covered",
    }


def gan_lines(seeds: Sequence[Curves]) -> list[Line]:
    """Lines of the charts in `curve_titles`, of one optimizer's runs over seeds; all end where the shortest does."""
    if not seeds:
        return []
    steps = min(len(one.step) for one in seeds)
    losses = [
        Line(player, "fast", seeds[0].step[:steps], smooth(np.stack([one.loss[number][:steps] for one in seeds])))
        for number, player in enumerate(("discriminator", "generator"))
    ]
    return losses + measured(seeds, {"test_frechet": "frechet", "modes": "modes"})


def samples_figure(names: Sequence[str], colors: Sequence[str], made: Sequence[Samples], real: Floats) -> go.Figure:
    """Samples of fast generators above those of slow ones, one column per optimizer; plays in the browser by itself.

    Args:
        names, colors: of the optimizers.
        made: of each, at the same steps.
        real: samples of the data: points are drawn behind the generated ones, images in a column of their own.
    """
    points = real.ndim == 2
    titles = [broken(name) for name in (names if points else (*names, "real images"))]
    rows = ("fast", "slow") if any(one.slow is not None for one in made) else ("fast",)
    figure = make_subplots(
        rows=len(rows), cols=len(titles), column_titles=titles, row_titles=rows,
        horizontal_spacing=0.02, vertical_spacing=0.03,
    )  # fmt: skip
    cells = [(row, column) for row in range(1, len(rows) + 1) for column in range(1, len(made) + 1)]
    shown = [(row, column) for row, column in cells if _of(made[column - 1], row) is not None]
    if points:
        for row, column in shown:
            figure.add_trace(_points(real, GREY, 2), row=row, col=column)
    else:
        figure.add_trace(_picture(real), row=1, col=len(titles))
    first, last = len(figure.data), len(made[0].step) - 1
    for (row, column), trace in zip(shown, _traces(made, colors, shown, last, points), strict=True):
        figure.add_trace(trace, row=row, col=column)
    moving = list(range(first, first + len(shown)))
    figure.frames = [
        go.Frame(name=str(step), data=list(_traces(made, colors, shown, frame, points)), traces=moving)
        for frame, step in enumerate(made[0].step)
    ]
    _arrange(figure, made[0].step, points)
    figure.update_layout(height=90 + 255 * len(rows))
    return figure


def broken(name: str) -> str:
    """A name on lines short enough for a column of a telephone's screen."""
    return name.replace("Multilayer ", "Multilayer<br>").replace(" (", "<br>(").replace("), ", "),<br>")


def _of(one: Samples, row: int) -> Floats | None:
    return one.fast if row == 1 else one.slow


def _traces(
    made: Sequence[Samples], colors: Sequence[str], shown: Sequence[tuple[int, int]], frame: int, points: bool
) -> Iterator[go.Scatter | go.Image]:
    """The traces of one frame, in the order of the cells shown."""
    for row, column in shown:
        values = _of(made[column - 1], row)
        if values is not None:
            yield _points(values[frame], colors[column - 1], 3) if points else _picture(values[frame])


def _points(values: Floats, color: str, size: int) -> go.Scatter:
    return go.Scatter(
        x=values[:, 0], y=values[:, 1], mode="markers", marker={"color": color, "size": size}, hoverinfo="skip"
    )


def _picture(values: Floats) -> go.Image:
    return go.Image(source=_png(mosaic(values)), hoverinfo="skip")


def _png(picture: NDArray[np.uint8]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).convert("RGB").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _arrange(figure: go.Figure, step: NDArray[np.int64], points: bool) -> None:
    figure.update_xaxes(showgrid=False, zeroline=False, showticklabels=False, showline=points, linecolor=QUIET)
    figure.update_yaxes(showgrid=False, zeroline=False, showticklabels=False, showline=points, linecolor=QUIET)
    figure.update_xaxes(mirror=points, fixedrange=True, constrain="domain")
    figure.update_yaxes(mirror=points, fixedrange=True, constrain="domain", autorange=None if points else "reversed")
    if points:
        figure.update_xaxes(range=RING_RANGE)
        figure.update_yaxes(range=RING_RANGE)
    for number, axis in enumerate(figure.select_yaxes(), start=1):
        axis.update(scaleanchor="x" if number == 1 else f"x{number}")
    figure.update_layout(
        margin={"l": 8, "r": 24, "t": 84, "b": 8, "pad": 0},  # a pad would let neighbours overlap
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        updatemenus=[_buttons(redraw=not points)],
        sliders=[_slider(step, redraw=not points)],
    )
    figure.update_annotations(font_size=11, yshift=4, selector={"textangle": 0})


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
        "bordercolor": QUIET,
        "buttons": [
            {"label": "▶", "method": "animate", "args": [None, play]},
            {"label": "❚❚", "method": "animate", "args": [[None], pause]},
        ],
    }


def _slider(step: NDArray[np.int64], *, redraw: bool) -> dict[str, Any]:
    """Goes to the samples of one step."""
    at_once = {"frame": {"duration": 0, "redraw": redraw}, "mode": "immediate"}
    return {
        "active": len(step) - 1,
        "y": 0,
        "pad": {"t": 14},
        "currentvalue": {"prefix": "base step ", "font": {"size": 13, "color": "gray"}},
        "tickcolor": "rgba(0,0,0,0)",
        "font": {"color": "rgba(0,0,0,0)"},
        "steps": [{"label": str(at), "method": "animate", "args": [[str(at)], at_once]} for at in step],
    }
