"""The part of a surface's picture that no run changes: contours, minima, the frame the player draws on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.look import CONTOUR, SLATE
from landscapes.surfaces import Minimum

Domain = tuple[tuple[float, float], tuple[float, float]]

GRID = 121  # points along each axis: finer than the eye sees under the contour lines, and 60 kB


@dataclass(frozen=True)
class Grid:
    """A surface sampled on its domain: x and y (GRID,), height (GRID, GRID) with one row per y."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    height: NDArray[np.float64]

    def shade(self, log_view: bool) -> NDArray[np.float64]:
        """What the colour follows: the height, or log(1 + height above the lowest) where heights span decades."""
        return np.log1p(self.height - np.nanmin(self.height)) if log_view else self.height


def sample(function: Callable[[torch.Tensor], torch.Tensor], domain: Domain, points: int = GRID) -> Grid:
    """Evaluate an objective on a regular grid over its domain; undefined places become NaN."""
    x, y = (np.linspace(low, high, points) for low, high in domain)
    where = np.stack(np.meshgrid(x, y), axis=-1)
    with torch.no_grad():
        height = function(torch.from_numpy(where)).numpy()
    return Grid(x, y, np.where(np.isfinite(height), height, np.nan))


def surface_figure(
    grid: Grid, minima: Sequence[Minimum], *, log_view: bool, titles: Sequence[str] = ("",)
) -> go.Figure:
    """Contours and minima, once per title, side by side with shared axes; one title means one plot."""
    figure = panels_of(titles)
    for column in range(1, len(titles) + 1):
        figure.add_trace(_contour(grid, log_view), row=1, col=column)
        if minima:
            figure.add_trace(_minima(minima, show_legend=False), row=1, col=column)
    return framed(figure, grid, titles)


def panels_of(titles: Sequence[str]) -> go.Figure:
    """Empty plots side by side with a shared vertical axis."""
    return make_subplots(
        rows=1,
        cols=len(titles),
        shared_yaxes=True,
        horizontal_spacing=0.02,
        subplot_titles=titles if len(titles) > 1 else None,
    )


def framed(figure: go.Figure, grid: Grid, titles: Sequence[str]) -> go.Figure:
    """The frame that the player draws on: axes that show the grid, room for titles, the page's own background."""
    ranges = {"x": [float(grid.x[0]), float(grid.x[-1])], "y": [float(grid.y[0]), float(grid.y[-1])]}
    figure.update_xaxes(
        range=ranges["x"],
        showgrid=False,
        zeroline=False,
        ticks="outside",
        matches="x",
        title_text="x",
        title_standoff=4,
    )
    figure.update_yaxes(range=ranges["y"], showgrid=False, zeroline=False, ticks="outside", matches="y")
    figure.update_layout(
        height=440,
        margin={"l": 44, "r": 12, "t": 28 if len(titles) > 1 else 10, "b": 40},
        showlegend=False,
        dragmode="pan",
        hovermode="closest",
        yaxis_title="y",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="surface",
    )
    return figure


def _contour(grid: Grid, log_view: bool) -> go.Contour:
    return go.Contour(
        x=grid.x.astype(np.float32),
        y=grid.y.astype(np.float32),
        z=grid.shade(log_view).astype(np.float32),
        customdata=grid.height.astype(np.float32) if log_view else None,
        ncontours=24,
        contours={"coloring": "heatmap"},  # one translucent image; filled contours would lie on top of each other
        colorscale=SLATE,
        line={"color": CONTOUR, "width": 1},
        showscale=False,
        hovertemplate="x %{x:.3f}<br>y %{y:.3f}<br>f %{" + ("customdata" if log_view else "z") + ":.4g}<extra></extra>",
    )


def _minima(minima: Sequence[Minimum], *, show_legend: bool) -> go.Scatter:
    return go.Scatter(
        x=[minimum.place[0] for minimum in minima],
        y=[minimum.place[1] for minimum in minima],
        mode="markers",
        marker={
            "symbol": ["star" if minimum.is_global else "x-thin" for minimum in minima],
            "size": [13 if minimum.is_global else 9 for minimum in minima],
            "color": "#f0c419",
            "line": {"width": 1.5, "color": "#6b5900"},
        },
        customdata=[["global" if minimum.is_global else "local", minimum.value] for minimum in minima],
        hovertemplate="%{customdata[0]} minimum<br>x %{x:.4f}<br>y %{y:.4f}<br>f %{customdata[1]:.5g}<extra></extra>",
        showlegend=show_legend,
    )
