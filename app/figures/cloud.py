"""The surface below a seed cloud, with the ellipse at which theory says each optimizer settles."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIGMAS = 2.0
CORNERS = 96


def ellipse(centre: Floats, covariance: Floats, sigmas: float = SIGMAS) -> Floats:
    """The closed line at which a Gaussian lies `sigmas` deviations from its centre, (points, 2)."""
    angle = np.linspace(0, 2 * np.pi, CORNERS + 1)
    sizes, axes = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(centre + sigmas * (axes @ (np.sqrt(np.maximum(sizes, 0))[:, None] * circle)).T)


def mark_steady(figure: go.Figure, line: Floats, color: str, name: str, panel: int) -> None:
    """Add the ellipse of a steady state to a panel of a surface's figure."""
    figure.add_scatter(
        x=line[:, 0], y=line[:, 1], mode="lines", line={"color": color, "width": 2, "dash": "dash"}, showlegend=False,
        hovertemplate=f"{name}<br>steady state, two standard deviations (derived here)<extra></extra>",
        row=1, col=panel + 1,
    )  # fmt: skip


def mark_cloud(figure: go.Figure, places: Floats, moments: Floats, color: str, name: str, panel: int) -> None:
    """Add a cloud's dots (runs, 2) and the ellipse of their moments (mean x, mean y, xx, xy, yy) to a panel."""
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="markers", marker={"color": color, "size": 4, "opacity": 0.6}, name=name,
        legendgroup=name, hovertemplate=f"{name}<br>x %{{x:.5g}}<br>y %{{y:.5g}}<extra></extra>", row=1, col=panel + 1,
    )  # fmt: skip
    if not np.isfinite(moments).all():
        return
    line = ellipse(moments[:2], np.array([[moments[2], moments[3]], [moments[3], moments[4]]]))
    figure.add_scatter(
        x=line[:, 0], y=line[:, 1], mode="lines", line={"color": color, "width": 2}, showlegend=False,
        legendgroup=name, hovertemplate=f"{name}<br>two standard deviations<extra></extra>", row=1, col=panel + 1,
    )  # fmt: skip
