"""Pictures of a min-max game: its flow with the equilibria, and the charts linked to the player."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.curves import add_line, distance, empty_chart
from app.figures.streamlines import Streamlines
from app.figures.surface import QUIET, SCALE, Grid, framed, panels_of
from landscapes.games import Equilibrium
from optim_core.trajectory import Trajectory

Floats = NDArray[np.float64]

FLOW = "rgba(105,122,150,.6)"
SYMBOLS = {"stable": "star", "centre": "circle-dot", "unstable": "x-thin"}
STABILITIES = {
    "stable": "the flow spirals or slides into it",
    "centre": "the flow circles around it for ever",
    "unstable": "the flow leaves it",
}
HEIGHT = 190  # of a chart: three of them stand beside the field and its player


def field_figure(
    lines: Streamlines, speed: Grid, value: Floats, equilibria: Sequence[Equilibrium], titles: Sequence[str] = ("",)
) -> go.Figure:
    """The flow −v of both players: shaded by its speed, with streamlines and equilibria, once per title.

    Args:
        lines: of the flow.
        speed: |v| on a grid.
        value: the objective on the same grid, for the hover text.
        equilibria: marked by their stability under the flow.
        titles: of the plots side by side.
    """
    figure = panels_of(titles)
    traces = (_speed(speed, value), _streamlines(lines), _arrows(lines), _equilibria(equilibria))
    for column in range(1, len(titles) + 1):
        figure.add_traces(traces, rows=1, cols=column)
    return framed(figure, speed, titles)


def game_charts(
    run: Trajectory,
    rates: Sequence[tuple[NDArray[np.int64], Floats]],
    closed: Sequence[float | None],
    places: Floats,
    value: Floats,
    colors: Sequence[str],
) -> dict[str, go.Figure]:
    """Charts over gradient evaluations, by title: distance, rate per base step, objective.

    Args:
        run: the comparison.
        rates: of each optimizer, at which evaluations (moments,) the distance shrank by which factor a base step.
        closed: of each optimizer, the closed form of that factor; None where there is none.
        places: (equilibria, 2).
        value: the objective over the view, whose range the objective's chart keeps to.
        colors: of each optimizer.
    """
    known = any(rate is not None for rate in closed)
    return {
        "Distance to the equilibrium": _distances(run, places, colors),
        f"Rate per base step{', on its closed form' if known else ''}": _rates(run, rates, closed, colors),
        "Objective f: x lowers it, y raises it": _objective(run, value, colors),
    }


def equilibrium_text(equilibrium: Equilibrium) -> str:
    """Place, stability and eigenvalues in words."""
    x, y = equilibrium.place
    first, second = equilibrium.eigenvalues
    values = _complex(first) if np.isclose(first, second) else f"{_complex(first)} and {_complex(second)}"
    if first.imag and np.isclose(first, np.conj(second)):
        values = f"{first.real:.3g} ± {abs(first.imag):.3g}i" if first.real else f"±{abs(first.imag):.3g}i"
    kind = {"stable": "stable", "centre": "a centre", "unstable": "unstable"}[equilibrium.stability]
    return f"Equilibrium ({x:.4g}, {y:.4g}): {kind}, {STABILITIES[equilibrium.stability]} (eigenvalues {values})"


def _complex(value: complex) -> str:
    return f"{value.real:.3g}{value.imag:+.3g}i" if value.imag else f"{value.real:.3g}"


def _speed(speed: Grid, value: Floats) -> go.Contour:
    return go.Contour(
        x=speed.x.astype(np.float32),
        y=speed.y.astype(np.float32),
        z=speed.shade(log_view=True).astype(np.float32),
        customdata=np.stack((value, speed.height), axis=-1).astype(np.float32),
        contours={"coloring": "heatmap", "showlines": False},
        colorscale=SCALE,
        showscale=False,
        hovertemplate=(
            "x %{x:.3f}<br>y %{y:.3f}<br>f %{customdata[0]:.4g}<br>gradient norm %{customdata[1]:.4g}<extra></extra>"
        ),
    )


def _streamlines(lines: Streamlines) -> go.Scatter:
    gap = np.full((1, 2), np.nan)
    x, y = np.concatenate([part for line in lines.lines for part in (line, gap)] or [gap]).astype(np.float32).T
    return go.Scatter(x=x, y=y, mode="lines", line={"color": FLOW, "width": 1.1}, hoverinfo="skip")


def _arrows(lines: Streamlines) -> go.Scatter:
    """Heads that plotly turns on the screen, so that they point along the line in any proportions of the plot."""
    pairs = np.concatenate((lines.arrows, np.full((len(lines.arrows), 1, 2), np.nan)), axis=1).reshape(-1, 2)
    marker = {
        "symbol": "arrow", "angleref": "previous", "size": [0, 9, 0] * len(lines.arrows), "color": FLOW,
        "opacity": 1, "line": {"width": 0},
    }  # fmt: skip
    x, y = pairs.astype(np.float32).T
    return go.Scatter(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip")


def _equilibria(equilibria: Sequence[Equilibrium]) -> go.Scatter:
    return go.Scatter(
        x=[equilibrium.place[0] for equilibrium in equilibria],
        y=[equilibrium.place[1] for equilibrium in equilibria],
        mode="markers",
        marker={
            "symbol": [SYMBOLS[equilibrium.stability] for equilibrium in equilibria],
            "size": [14 if equilibrium.stability == "stable" else 11 for equilibrium in equilibria],
            "color": "#f0c419",
            "line": {"width": 1.5, "color": "#6b5900"},
        },
        text=[
            equilibrium_text(equilibrium).replace(": ", ":<br>").replace(" (e", "<br>(e") for equilibrium in equilibria
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _distances(run: Trajectory, places: Floats, colors: Sequence[str]) -> go.Figure:
    figure = empty_chart(HEIGHT)
    for index, color in enumerate(colors):
        add_line(figure, run, index, distance(run.fast[:, index], places), color, slow=False)
        if run.layers[index]:
            add_line(figure, run, index, distance(run.outermost(index), places), color, slow=True)
    return figure


def _rates(
    run: Trajectory,
    rates: Sequence[tuple[NDArray[np.int64], Floats]],
    closed: Sequence[float | None],
    colors: Sequence[str],
) -> go.Figure:
    figure = empty_chart(HEIGHT)
    figure.update_yaxes(type="linear", tickformat=".4~f")
    figure.add_hline(y=1, line={"color": QUIET, "width": 1.5})
    for index, (name, color, rate) in enumerate(zip(run.names, colors, closed, strict=True)):
        if rate is not None:
            words = f"{name}<br>closed form, derived here: {rate:.6f}<extra></extra>"
            ends = [0, int(run.evaluations[-1, index])]
            band = {"color": color, "width": 7}
            figure.add_scatter(x=ends, y=[rate] * 2, mode="lines", line=band, opacity=0.28, hovertemplate=words)
    for (evaluations, measured), name, color in zip(rates, run.names, colors, strict=True):
        words = f"%{{x}} evaluations<br>%{{y:.6f}}<extra>{name}, measured</extra>"
        figure.add_scatter(
            x=evaluations.astype(np.int32), y=measured, mode="lines+markers" if len(measured) < 4 else "lines",
            line={"color": color, "width": 1.4}, hovertemplate=words,
        )  # fmt: skip
    return figure


def _objective(run: Trajectory, value: Floats, colors: Sequence[str]) -> go.Figure:
    figure = empty_chart(HEIGHT)
    for index, color in enumerate(colors):
        add_line(figure, run, index, run.loss[:, index], color, slow=False, above=-np.inf)
        if run.layers[index]:
            add_line(figure, run, index, run.slow_loss[:, index], color, slow=True, above=-np.inf)
    seen = np.concatenate([line.y for line in figure.data])
    seen = seen[(seen >= value.min()) & (seen <= value.max())]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (float(value.min()), float(value.max()))
    room = 0.06 * (high - low) or 1.0
    # a run that leaves the view leaves this chart, too, instead of flattening the others
    figure.update_yaxes(type="linear", range=[low - room, high + room])
    return figure
