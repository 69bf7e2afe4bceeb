"""What a search for the lr found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.figures.look import QUIET
from optim_core.sweep import Tuning


def tuning_curves(names: Sequence[str], colors: Sequence[str], found: Sequence[Tuning], floor: float) -> go.Figure:
    """Mean measure above `floor` against lr, one line per optimizer, bars of one standard error, the best marked."""
    figure = go.Figure()
    for name, color, tuning in zip(names, colors, found, strict=True):
        lr, mean, error = tuning.lr_curve()
        shown = np.where(np.isfinite(mean) & (mean > floor), mean - floor, np.nan)
        figure.add_scatter(
            x=lr,
            y=shown,
            error_y={"array": np.nan_to_num(error), "color": color, "thickness": 1},
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2},
            marker={"size": 6},
            hovertemplate="lr %{x:.3g}<br>%{y:.4g}<extra>" + name + "</extra>",
        )
        if tuning.spec is not None:
            best = tuning.mean[tuning.best] - floor
            style = {"color": color, "size": 15, "symbol": "circle-open", "line": {"width": 3}}
            figure.add_scatter(
                x=[tuning.spec.lr], y=[best], mode="markers", marker=style, hoverinfo="skip", showlegend=False
            )
    figure.update_xaxes(type="log", title_text="lr", showgrid=False, exponentformat="power")
    figure.update_yaxes(
        type="log", gridcolor=QUIET, exponentformat="power", title_text="measure above the lowest value"
    )
    figure.update_layout(
        height=340,
        margin={"l": 60, "r": 12, "t": 8, "b": 40},
        legend={"orientation": "h", "y": -0.25},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
