"""A relief as a plotly figure in three dimensions."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.draw.plotly import CLEAR
from app.figures import look
from app.figures.scene import Relief, SpaceLine

SCALE = [[0.0, "#4d648c"], [0.35, "#7088ab"], [0.7, "#a3b2c6"], [1.0, "#d4dae2"]]
LEVEL = "rgba(255,255,255,.35)"
HEIGHT = 560


def paint_relief(relief: Relief) -> go.Figure:
    """The surface with its level lines, and the lines on it."""
    figure = go.Figure([_surface(relief), *map(_line, relief.lines)])
    return figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False, paper_bgcolor=CLEAR,
        scene=_scene(relief),
    )  # fmt: skip


def _surface(relief: Relief) -> go.Surface:
    return go.Surface(
        x=relief.grid.x.astype(np.float32),
        y=relief.grid.y.astype(np.float32),
        z=relief.height.astype(np.float32),
        colorscale=SCALE,
        showscale=False,
        contours={"z": {"show": True, "color": LEVEL, "width": 1}},
        lighting={"ambient": 0.75, "diffuse": 0.5, "specular": 0.05, "roughness": 0.9},
        hovertemplate=f"x %{{x:.3f}}<br>y %{{y:.3f}}<br>{relief.title} %{{z:.4g}}<extra></extra>",
    )


def _line(line: SpaceLine) -> go.Scatter3d:
    x, y, z = line.points.astype(np.float32).T
    return go.Scatter3d(
        x=x, y=y, z=z, mode="lines", line={"color": line.color, "width": 7 if line.slow else 2.5},
        opacity=1 if line.slow else 0.85, name=line.name, hoverinfo="name",
    )  # fmt: skip


def _scene(relief: Relief) -> dict[str, object]:
    axis_style = {"showbackground": False, "showspikes": False, "gridcolor": look.QUIET, "zeroline": False}
    ranges = [[float(axis[0]), float(axis[-1])] for axis in (relief.grid.x, relief.grid.y)]
    return {
        "xaxis": {**axis_style, "title": "x", "range": ranges[0]},
        "yaxis": {**axis_style, "title": "y", "range": ranges[1]},
        "zaxis": {**axis_style, "title": relief.title},
        "aspectmode": "manual",
        "aspectratio": {"x": 1.15, "y": 1.15, "z": 0.65},
        "camera": {"eye": {"x": 0.95, "y": -1.35, "z": 1.15}, "center": {"x": 0, "y": 0, "z": -0.12}},
        "dragmode": "turntable",
    }
