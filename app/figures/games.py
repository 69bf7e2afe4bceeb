"""Pictures of a min-max game: its flow with the equilibria, and the charts linked to the player."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.curves import add_line, distance, empty_chart
from app.figures.look import QUIET, SLATE
from app.figures.surfaces import Grid, framed, panels_of
from app.runs.streamlines import Streamlines
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
BLOW_UP = 1.25  # rate per base step beyond which a run is gone in a few steps
HEIGHT = 190  # of a chart: three of them stand beside the field and its player
FIELD_HEIGHT = 460  # of a single plot, which has half of the page's width: circles look nearly round


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
    for column in range(1, len(titles) + 1):
        figure.add_trace(_speed(speed, value), row=1, col=column)
    draw_flow(figure, lines, len(titles))
    for column in range(1, len(titles) + 1):
        figure.add_trace(_equilibria(equilibria), row=1, col=column)
    framed(figure, speed, titles)
    if len(titles) == 1:
        figure.update_layout(height=FIELD_HEIGHT)
    return figure


def draw_flow(figure: go.Figure, lines: Streamlines, panels: int) -> None:
    """Add streamlines with their arrows to every plot of a figure, in place of contour lines."""
    figure.update_traces(line_width=0, selector={"type": "contour"})
    for column in range(1, panels + 1):
        figure.add_traces([_streamlines(lines), _arrows(lines)], rows=1, cols=column)


def game_charts(
    run: Trajectory,
    rates: Sequence[tuple[NDArray[np.int64], Floats]],
    closed: Sequence[float | None],
    places: Floats,
    value: Floats,
    left: NDArray[np.int64],
    colors: Sequence[str],
) -> dict[str, go.Figure]:
    """Charts over gradient evaluations, by title: distance, rate per base step, objective.

    Args:
        run: the comparison.
        rates: of each optimizer, at which evaluations (moments,) the distance shrank by which factor a base step.
        closed: of each optimizer, the closed form of that factor; None where there is none.
        places: (equilibria, 2).
        value: the objective over the view, whose range the objective's chart keeps to.
        left: (optimizers, starts) the step at which a run left the view for good; −1 where it did not.
        colors: of each optimizer.
    """
    known = any(rate is not None for rate in closed)
    return {
        "Distance to the equilibrium": _distances(run, places, colors),
        f"Rate per base step{' (band: closed form, derived here)' if known else ''}": _rates(
            run, rates, closed, colors
        ),
        "Objective f: x lowers it, y raises it": _objective(run, value, left, colors),
    }


def equilibrium_text(equilibrium: Equilibrium) -> str:
    """Place, stability and eigenvalues in words."""
    x, y = equilibrium.place
    first, second = sorted(equilibrium.eigenvalues, key=lambda value: (value.real, value.imag))
    values = f"{first.real:.3g} and {second.real:.3g}"
    if first.imag:  # a real field's eigenvalues come in conjugate pairs
        turning = "i" if second.imag == 1 else f"{second.imag:.3g}i"
        values = f"{second.real:.3g} ± {turning}" if second.real else f"±{turning}"
    kind = {"stable": "stable", "centre": "a centre", "unstable": "unstable"}[equilibrium.stability]
    return f"Equilibrium ({x:.4g}, {y:.4g}): {kind}, {STABILITIES[equilibrium.stability]} (eigenvalues {values})"


def _speed(speed: Grid, value: Floats) -> go.Contour:
    return go.Contour(
        x=speed.x.astype(np.float32),
        y=speed.y.astype(np.float32),
        z=speed.shade(log_view=True).astype(np.float32),
        customdata=np.stack((value, speed.height), axis=-1).astype(np.float32),
        contours={"coloring": "heatmap"},
        colorscale=SLATE,
        showscale=False,
        hovertemplate=(
            "x %{x:.3f}<br>y %{y:.3f}<br>f %{customdata[0]:.4g}<br>gradient norm %{customdata[1]:.4g}<extra></extra>"
        ),
    )


def _streamlines(lines: Streamlines) -> go.Scatter:
    gap = np.full((1, 2), np.nan)
    x, y = np.concatenate([part for line in lines.lines for part in (line, gap)] or [gap]).astype(np.float32).T
    return go.Scatter(x=x, y=y, mode="lines", line={"color": FLOW, "width": 1.1}, hoverinfo="skip", showlegend=False)


def _arrows(lines: Streamlines) -> go.Scatter:
    """Heads that plotly turns on the screen, so that they point along the line in any proportions of the plot."""
    pairs = np.concatenate((lines.arrows, np.full((len(lines.arrows), 1, 2), np.nan)), axis=1).reshape(-1, 2)
    marker = {
        "symbol": "arrow", "angleref": "previous", "size": [0, 9, 0] * len(lines.arrows), "color": FLOW,
        "opacity": 1, "line": {"width": 0},
    }  # fmt: skip
    x, y = pairs.astype(np.float32).T
    return go.Scatter(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip", showlegend=False)


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
    seen = np.log10(np.concatenate([line.y[np.isfinite(line.y)] for line in figure.data]))
    decades = float(np.ptp(seen)) if len(seen) else 0.0
    if decades > 1:
        figure.update_yaxes(dtick=max(1, round(decades / 4)))  # plotly would write 2 and 5 between powers of ten
    return figure


def _rates(
    run: Trajectory,
    rates: Sequence[tuple[NDArray[np.int64], Floats]],
    closed: Sequence[float | None],
    colors: Sequence[str],
) -> go.Figure:
    figure = empty_chart(HEIGHT, logarithmic=False)
    figure.update_yaxes(tickformat=".4~f")
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
    _leave_out_blow_ups(figure)
    return figure


def _leave_out_blow_ups(figure: go.Figure) -> None:
    """One optimizer that multiplies its distance each step would press all the others onto the line at 1."""
    lines = [np.asarray(line.y, float) for line in figure.data]
    seen = np.concatenate([line[np.isfinite(line)] for line in lines] or [np.ones(1)])
    near = np.append(seen[seen <= BLOW_UP], 1.0)
    if len(near) == 1 or seen.max(initial=1.0) <= BLOW_UP:
        return
    room = 0.08 * float(np.ptp(near)) or 0.01
    figure.update_yaxes(range=[near.min() - room, near.max() + room])
    figure.add_annotation(
        text=f"off the chart: up to {seen.max():.3g}", x=1, y=1, xref="paper", yref="paper", showarrow=False
    )


def _objective(run: Trajectory, value: Floats, left: NDArray[np.int64], colors: Sequence[str]) -> go.Figure:
    """What one player lowers and the other raises; a run that has left the view has left this chart, too."""
    figure = empty_chart(HEIGHT, logarithmic=False)
    for index, color in enumerate(colors):
        gone = run.step >= left[index].max() if (left[index] >= 0).all() else np.zeros(len(run.step), dtype=bool)
        for losses, slow in ((run.loss, False), (run.slow_loss, True)):
            if run.layers[index] or not slow:
                shown = np.where(gone[:, None], np.nan, losses[:, index])
                add_line(figure, run, index, shown, color, slow=slow, above=-np.inf)
    seen = np.concatenate([line.y for line in figure.data])
    seen = seen[(seen >= value.min()) & (seen <= value.max())]
    low, high = (float(part(seen if len(seen) else value)) for part in (np.min, np.max))
    room = 0.06 * (high - low) or 1.0
    figure.update_yaxes(range=[low - room, high + room])
    return figure
