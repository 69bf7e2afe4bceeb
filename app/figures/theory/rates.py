"""Mean squared gradient norm against T, log-log, with fitted slopes."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.figures.theory.look import MUTED, depth_color, finish, log_axis
from optim_core.experiments import RateRun
from optim_core.theory import Slope


def rates_figure(run: RateRun, fits: dict[tuple[int, bool], Slope | None]) -> go.Figure:
    """Two panels, fast and outermost slow weights: the mean over runs for every T, the fitted line, a guide of −1/2.

    Args:
        run: the experiment.
        fits: slope by (optimizer, at slow weights); None where too few T are left to fit.
    """
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=("at the fast weights", "at the outermost slow weights"),
    )
    for column, slow in enumerate((False, True), start=1):
        for index, name in enumerate(run.names):
            figure.add_trace(_points(run, index, slow), row=1, col=column)
            fit = fits[index, slow]
            if fit is not None:
                figure.add_trace(_fitted(run, fit, index, name), row=1, col=column)
        figure.add_trace(_guide(run, column), row=1, col=column)
    figure.update_xaxes(type="log", title_text="base steps T", dtick=1, tickformat="~s")
    log_axis(figure.update_yaxes, "", np.concatenate([run.fast.mean(-1), run.slow.mean(-1)]))
    figure.update_yaxes(title_text="mean of ‖∇f‖² over the run", row=1, col=1)
    return finish(figure, 440)


def _points(run: RateRun, index: int, slow: bool) -> go.Scatter:
    values = (run.slow if slow else run.fast)[index]
    error = 1.96 * values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    name = run.names[index]
    return go.Scatter(
        x=run.T,
        y=values.mean(axis=1),
        mode="markers",
        name=name,
        legendgroup=name,
        showlegend=not slow,
        marker={"color": depth_color(index), "size": 8},
        error_y={"type": "data", "array": error, "color": depth_color(index), "thickness": 1.5, "width": 3},
        customdata=np.stack([run.lr, error], axis=-1),
        hovertemplate="T %{x:,}<br>mean ‖∇f‖² %{y:.4g} ± %{customdata[1]:.2g}<extra>" + name + "</extra>",
    )


def _fitted(run: RateRun, fit: Slope, index: int, name: str) -> go.Scatter:
    ends = run.T[[-fit.points, -1]]
    return go.Scatter(
        x=ends,
        y=np.exp(fit.intercept) * ends**fit.value,
        mode="lines",
        legendgroup=name,
        showlegend=False,
        line={"color": depth_color(index), "width": 2},
        hoverinfo="skip",
    )


def _guide(run: RateRun, column: int) -> go.Scatter:
    level = run.fast[0, 0].mean() * 0.6
    ends = run.T[[0, -1]]
    return go.Scatter(
        x=ends,
        y=level * (ends / ends[0]) ** -0.5,
        mode="lines",
        name="slope −1/2",
        legendgroup="guide",
        showlegend=column == 1,
        line={"color": MUTED, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
