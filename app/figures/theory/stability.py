"""Factors in the complex plane, and maps of the rate over two parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.theory.look import CONVERGES, DIVERGES, MUTED, depth_color, faded, finish
from optim_core.experiments import SimulatedMap
from optim_core.layers import Layer
from optim_core.theory import Axis, ParameterGrid, factors

Floats = NDArray[np.float64]

SYMBOLS = {"lr": "lr η", "k_1": "k₁", "k_2": "k₂", "alpha_1": "α₁", "alpha_2": "α₂"}
SHOWN = (0.95, 1.05)  # rates beyond these share the colour of the end
# Blue contracts, vermilion expands, and the page shows through at 1.
RATE_SCALE = [[0.0, faded(CONVERGES, 0.9)], [0.5, "rgba(128,128,128,.06)"], [1.0, faded(DIVERGES, 0.9)]]
DOT_SIZE, CUSTOMARY = 4.5, 41  # px where an axis has that many cells; among more, smaller
DOT = "#7a4a2a"  # on the vermilion of what diverges, and on a dark page
PLANE_POINTS = 161
NEAR, ROOM = 3.0, 1.15  # factors up to here are in the picture, and how much further it goes than the last of them
FAR = 1e6  # a factor beyond this is far outside the picture, and its line a way to nowhere
SIDES = ("middle right", "middle left", "top center", "bottom center", "top right")  # c and ρ₁ may both be near 1
STAYS = {"marker": {"opacity": 1}}  # a click on a cell fades no other mark


def factor_plane(
    levels: Sequence[NDArray[np.complex128]], names: Sequence[str], layers: Sequence[Layer] | None
) -> go.Figure:
    """The unit circle and the factors of every layer; where modes stay apart, also every c that converges.

    Args:
        levels: factors c, ρ_1 … ρ_n, each (modes,).
        names: of the modes.
        layers: innermost first; None where kept or reset momentum mixes the modes, so that no line connects them.
    """
    figure = go.Figure()
    path = np.stack(levels)
    reach = reach_of(path)
    if layers is not None:
        figure.add_trace(_stable_region(layers, reach))
    turn = np.linspace(0, 2 * np.pi, 181)
    circle = {"color": MUTED, "width": 1.5, "dash": "dot"}
    figure.add_trace(
        go.Scatter(x=np.cos(turn), y=np.sin(turn), mode="lines", name="|ρ| = 1", line=circle, hoverinfo="skip")
    )
    for mode, name in enumerate(names):
        figure.add_trace(_way(path[:, mode], name, connected=layers is not None))
    figure.update_xaxes(range=[-reach, reach], title_text="real part", constrain="domain")
    figure.update_yaxes(range=[-reach, reach], title_text="imaginary part", scaleanchor="x", constrain="domain")
    return finish(figure, 460)


def reach_of(path: NDArray[np.complex128]) -> float:
    """How far the plane must reach to show these factors; far ones are left outside, and none is on the border."""
    reach = 1.0
    for size in np.sort(np.abs(path[np.isfinite(path)])):
        if size <= max(NEAR, ROOM * reach):
            reach = max(reach, size)
    return float(max(1.3, ROOM * reach))


def _stable_region(layers: Sequence[Layer], reach: float) -> go.Contour:
    axis = np.linspace(-reach, reach, PLANE_POINTS)
    size = np.abs(factors(axis[None, :] + 1j * axis[:, None], layers)[-1])
    return go.Contour(
        x=axis,
        y=axis,
        z=np.clip(np.nan_to_num(size, posinf=2.0), 0, 2).astype(np.float32),
        contours={"type": "constraint", "operation": ">", "value": 1.0},
        fillcolor=faded(CONVERGES, 0.16),
        line={"color": CONVERGES, "width": 1.5},
        name="every c that converges",
        showlegend=True,
        showscale=False,
        hoverinfo="skip",
    )


def _way(path: NDArray[np.complex128], name: str, *, connected: bool) -> go.Scatter:
    labels = ["c", *(f"ρ{'₀₁₂₃₄'[level]}" for level in range(1, len(path)))]
    shown = np.where(np.abs(path) < FAR, path, np.nan)
    return go.Scatter(
        x=shown.real,
        y=shown.imag,
        mode="lines+markers+text" if connected else "markers+text",
        text=labels,
        textposition=[SIDES[level % len(SIDES)] for level in range(len(path))],
        name=name,
        line={"color": MUTED, "width": 1, "dash": "dash"},
        marker={"size": 11, "color": [depth_color(level) for level in range(len(path))]},
        customdata=np.abs(path),
        hovertemplate="%{text} = %{x:.4f} + %{y:.4f} i<br>|%{text}| = %{customdata:.4f}<extra>" + name + "</extra>",
        showlegend=False,
    )


def stability_figure(
    grid: ParameterGrid,
    rates: Floats,
    fine: tuple[ParameterGrid, Floats],
    simulated: SimulatedMap | None,
    here: tuple[float, float],
    named: str = "set in the sidebar",
) -> go.Figure:
    """Rate per base step over two parameters, its boundary 1, and what a simulation of every cell did.

    Args:
        grid: the cells.
        rates: the closed form in them, (rows, columns).
        fine: both at a finer resolution, for the boundary.
        simulated: outcomes in the cells of `grid`; None leaves them out.
        here: the values of x and y that the page is set to.
        named: what the legend calls them.

    The last trace holds one point per cell, row by row, for clicks.
    """
    marks = _outcomes(grid, rates, simulated)
    figure = go.Figure(
        [_rates(grid, rates), _boundary(*fine), _here(grid, here, named), *marks, _targets(grid, rates, simulated)]
    )
    for update, axis in ((figure.update_xaxes, grid.x), (figure.update_yaxes, grid.y)):
        borders = edges(axis)
        update(title_text=SYMBOLS[axis.name], range=[borders[0], borders[-1]], showgrid=False)
    return finish(figure, 460)


def _boundary(grid: ParameterGrid, rates: Floats) -> go.Scatter:
    x, y = outline(edges(grid.x), edges(grid.y), rates < 1)
    line = {"color": MUTED, "width": 2}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name="|ρ| = 1, closed form", hoverinfo="skip")


def _here(grid: ParameterGrid, here: tuple[float, float], named: str) -> go.Scatter:
    """The page's own values; at the edge where the map does not reach them."""
    borders = [edges(axis) for axis in (grid.x, grid.y)]
    x, y = (float(np.clip(value, side[0], side[-1])) for value, side in zip(here, borders, strict=True))
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        name=named if (x, y) == here else f"{named}, beyond this edge",
        cliponaxis=False,
        hoverinfo="skip",
        marker={"symbol": "diamond-open", "size": 13, "color": MUTED, "line": {"width": 2.5}},
        unselected=STAYS,
    )


def _rates(grid: ParameterGrid, rates: Floats) -> go.Heatmap:
    return go.Heatmap(
        x=grid.x.values,
        y=grid.y.values,
        z=np.clip(rates, *SHOWN).astype(np.float32),
        zmin=SHOWN[0],
        zmax=SHOWN[1],
        colorscale=RATE_SCALE,
        hoverinfo="skip",
        colorbar={
            "title": {"text": "rate per<br>base step"},
            "thickness": 12,
            "len": 0.9,
            "outlinewidth": 0,
            "tickvals": [0.95, 0.975, 1, 1.025, 1.05],
            "ticktext": ["≤ .95", ".975", "1", "1.025", "≥ 1.05"],
        },
    )


def _outcomes(grid: ParameterGrid, rates: Floats, simulated: SimulatedMap | None) -> list[go.Scatter]:
    """Dots where the simulation diverged, crosses where its outcome is not that of the closed form."""
    if simulated is None:
        return []
    x, y = np.meshgrid(grid.x.values, grid.y.values)
    decided = simulated.converged | simulated.diverged
    wrong = disagreements(rates, simulated)
    dot = DOT_SIZE * min(1.0, CUSTOMARY / max(rates.shape))
    marks = [("simulated: diverged", simulated.diverged & ~wrong, "circle", dot, DOT)]
    if wrong.any():
        marks.append(("simulation disagrees", wrong, "x-thin", 8, MUTED))
    if not decided.all():
        marks.append(("never synchronised", ~decided, "line-ew", 6, MUTED))
    return [
        go.Scatter(
            x=x[chosen],
            y=y[chosen],
            mode="markers",
            name=name,
            hoverinfo="skip",
            marker={
                "symbol": symbol,
                "size": size,
                "color": color,
                "line": {"width": 0 if symbol == "circle" else 1.5, "color": color},
            },
            unselected=STAYS,
        )
        for name, chosen, symbol, size, color in marks
    ]


def disagreements(rates: Floats, simulated: SimulatedMap) -> NDArray[np.bool_]:
    """Cells whose simulated outcome is not that of the closed form; on the boundary, where |ρ| is 1, either will do."""
    decided = simulated.converged | simulated.diverged
    on_boundary = np.isclose(rates, 1.0, rtol=0, atol=1e-12)
    return np.asarray(decided & ~on_boundary & (simulated.converged != (rates < 1)))


def _targets(grid: ParameterGrid, rates: Floats, simulated: SimulatedMap | None) -> go.Scatter:
    x, y = np.meshgrid(grid.x.values, grid.y.values)
    measured = simulated.rate if simulated is not None else np.full(rates.shape, np.nan)
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=x.ravel(),
        y=y.ravel(),
        mode="markers",
        marker={"size": 9, "opacity": 0, "color": MUTED},
        showlegend=False,
        selected=unseen,
        unselected=unseen,
        customdata=np.stack([rates.ravel(), measured.ravel()], axis=-1),
        hovertemplate=(
            f"{SYMBOLS[grid.x.name]} %{{x:.4g}}, {SYMBOLS[grid.y.name]} %{{y:.4g}}"
            "<br>closed form %{customdata[0]:.5f}<br>simulated %{customdata[1]:.5f}<extra></extra>"
        ),
    )


def edges(axis: Axis) -> Floats:
    """Borders of an axis's cells: halfway between its values. (values + 1,)."""
    values = np.asarray(axis.values, dtype=np.float64)
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middles = (values[1:] + values[:-1]) / 2
    return np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])


def outline(
    x_edges: Floats, y_edges: Floats, inside: NDArray[np.bool_]
) -> tuple[list[float | None], list[float | None]]:
    """Border between the cells that are inside and those that are not, as the x and y of one broken line.

    Args:
        x_edges: borders of the columns, (columns + 1,).
        y_edges: borders of the rows, (rows + 1,).
        inside: (rows, columns).
    """
    x: list[float | None] = []
    y: list[float | None] = []
    for row, column in np.argwhere(inside[1:] != inside[:-1]).tolist():
        x += [x_edges[column], x_edges[column + 1], None]
        y += [y_edges[row + 1], y_edges[row + 1], None]
    for row, column in np.argwhere(inside[:, 1:] != inside[:, :-1]).tolist():
        x += [x_edges[column + 1], x_edges[column + 1], None]
        y += [y_edges[row], y_edges[row + 1], None]
    return x, y
