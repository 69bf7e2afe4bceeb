"""Steady-state variance against depth, k and α, and what it costs in contraction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.theory.look import DIVERGES, MUTED, depth_color, finish, log_axis
from app.runs.theory import VarianceCurves, halving
from optim_core.experiments import VarianceRun

Floats = NDArray[np.float64]
EQUAL, EFFECTIVE = "equal lr", "equal effective lr"


def variance_figure(
    depth: VarianceCurves, k: VarianceCurves | None, alpha: VarianceCurves | None, runs: Sequence[VarianceRun]
) -> go.Figure:
    """Three panels: variance over the number of layers with what was measured, over k_1, and over α_1.

    Args:
        depth: closed forms over the number of layers.
        k: over k_1; None without layers.
        alpha: over α_1; None without layers.
        runs: measured at equal lr and at equal effective lr, for the depths of `depth`; may be empty.
    """
    figure = make_subplots(
        rows=1,
        cols=3,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=("over the number of layers", "over k₁", "over α₁"),
    )
    for column, curves in enumerate((depth, k, alpha), start=1):
        if curves is not None:
            _closed_forms(figure, column, curves)
    looks = ((EQUAL, depth_color(0)), (EFFECTIVE, DIVERGES))
    for run, (name, color) in zip(runs, looks, strict=False):
        figure.add_trace(_measured(depth.values, run, name, color), row=1, col=1)
    shown = [part for curves in (depth, k, alpha) if curves is not None for part in (curves.equal, curves.effective)]
    log_axis(figure.update_yaxes, "", np.concatenate(shown))
    figure.update_yaxes(title_text="steady-state variance", row=1, col=1)
    figure.update_xaxes(title_text="layers", tickvals=depth.values.tolist(), row=1, col=1)
    figure.update_xaxes(title_text="k₁", row=1, col=2)
    figure.update_xaxes(title_text="α₁", row=1, col=3)
    return finish(figure, 380)


def _closed_forms(figure: go.Figure, column: int, curves: VarianceCurves) -> None:
    for name, variance, color, dash in (
        (EQUAL, curves.equal, depth_color(0), "solid"),
        (EFFECTIVE, curves.effective, DIVERGES, "dash"),
    ):
        figure.add_trace(
            go.Scatter(
                x=curves.values,
                y=np.where(np.isfinite(variance), variance, np.nan),
                mode="lines",
                name=f"closed form, {name}",
                legendgroup=name,
                showlegend=column == 1,
                line={"color": color, "width": 2, "dash": dash},
                hovertemplate=f"{curves.parameter} %{{x:.3g}}<br>variance %{{y:.5g}}<extra>{name}</extra>",
            ),
            row=1,
            col=column,
        )


def _measured(depths: Floats, run: VarianceRun, kind: str, color: str) -> go.Scatter:
    return go.Scatter(
        x=depths,
        y=run.measured,
        mode="markers",
        name=f"measured with {run.confidence:.0%} interval",
        legendgroup=kind,
        marker={"color": color, "size": 8, "symbol": "circle-open", "line": {"width": 2}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": run.high - run.measured,
            "arrayminus": run.measured - run.low,
            "color": color,
            "thickness": 1.5,
            "width": 5,
        },
        customdata=np.stack([run.low, run.high, run.predicted], axis=-1),
        hovertemplate=(
            "measured %{y:.5g}<br>interval %{customdata[0]:.5g} to %{customdata[1]:.5g}"
            "<br>closed form %{customdata[2]:.5g}<extra></extra>"
        ),
    )


def trade_off_figure(
    curves: Sequence[tuple[str, Floats, Floats, Floats]], here: Sequence[tuple[float, float]]
) -> go.Figure:
    """Variance against the gradient evaluations that halve the distance to the minimum, one curve per depth.

    Args:
        curves: name, lr, contraction per base step, variance, for each depth.
        here: contraction and variance at the lr set, for each depth.
    """
    figure = go.Figure()
    for depth, (curve, point) in enumerate(zip(curves, here, strict=True)):
        figure.add_trace(_trade(depth, *curve))
        figure.add_trace(_traded(depth, *point))
    speeds, variances = (np.concatenate([curve[column] for curve in curves]) for column in (2, 3))
    log_axis(figure.update_xaxes, "gradient evaluations to halve the distance", halving(speeds))
    log_axis(figure.update_yaxes, "steady-state variance", variances)
    return finish(figure, 380)


def _trade(depth: int, name: str, lr: Floats, contraction: Floats, variance: Floats) -> go.Scatter:
    return go.Scatter(
        x=halving(contraction),
        y=np.where(np.isfinite(variance), variance, np.nan),
        mode="lines",
        name=name,
        line={"color": depth_color(depth), "width": 2},
        customdata=lr,
        hovertemplate=(
            "lr %{customdata:.4g}<br>%{x:.3g} evaluations to halve the distance"
            f"<br>variance %{{y:.4g}}<extra>{name}</extra>"
        ),
    )


def _traded(depth: int, contraction: float, variance: float) -> go.Scatter:
    return go.Scatter(
        x=halving(np.array([contraction])),
        y=[variance],
        mode="markers",
        showlegend=depth == 0,
        name="at the lr set",
        hoverinfo="skip",
        marker={"symbol": "diamond", "size": 10, "color": depth_color(depth), "line": {"color": MUTED, "width": 1}},
    )
