"""A page with nothing but a surface, a player and a linked chart, which the player's browser tests drive.

PLAYER_MUTANT in the environment breaks the player's script on purpose (see `MUTANTS`), to prove that the tests notice.
"""

from __future__ import annotations

import os
from pathlib import Path
import sys

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from plotly.subplots import make_subplots

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from app.player import assets  # noqa: E402

MUTANTS = {
    "frozen": ("this.position += (left / lasting) * whole;", "this.position += 0;"),
    "reset": ("const first = !this.view;", "const first = true; this.playback.position = 0;"),
}
if mutant := os.environ.get("PLAYER_MUTANT"):
    healthy = assets.script.__wrapped__()
    sick = healthy.replace(*MUTANTS[mutant])
    assert sick != healthy
    assets.script = lambda: sick

from app.player import PALETTE, player, tracks_of  # noqa: E402
from landscapes.noise import Noise, noisy_field  # noqa: E402
from landscapes.surfaces import SURFACES  # noqa: E402
from optim_core.layers import Layer  # noqa: E402
from optim_core.spec import OptimizerSpec  # noqa: E402
from optim_core.trajectory import record  # noqa: E402

torch.set_num_threads(2)
MARKER = (1.5, -0.75)  # a plotly marker to compare the canvas with
SCALE = [[0, "rgba(70,95,135,.6)"], [1, "rgba(150,160,175,.1)"]]

query = st.query_params
st.set_page_config(layout="wide")
surface = SURFACES[query.get("surface", "himmelblau")]
starts = int(query.get("starts", "1"))
steps = int(query.get("steps", "200"))
panels = query.get("panels") == "1"
EXPLODES = 0.2  # an lr at which plain SGD leaves Himmelblau's valleys for good


def compare(lr: float, noise: float):
    specs = [
        OptimizerSpec("SGD", lr=EXPLODES if query.get("diverge") == "1" else lr),
        OptimizerSpec("Lookahead", lr=lr, layers=(Layer(5, 0.5),)),
        OptimizerSpec("Multilayer Lookahead", lr=lr, layers=(Layer(5, 0.5), Layer(5, 0.5))),
    ]
    (left, right), (low, high) = surface.domain
    middle = np.array(surface.start, dtype=float)
    spread = 0.12 * np.array([right - left, high - low])
    turns = 2 * np.pi * np.arange(starts)[:, None] / max(starts, 1)
    places = middle + (starts > 1) * spread * np.concatenate([np.cos(turns), np.sin(turns)], axis=1)
    field = noisy_field(surface, Noise("gaussian", noise, seed=1), starts)
    return specs, record(field, specs, places, steps, escape=1e6)


def surface_chart(panels: int) -> go.Figure:
    x, y = (np.linspace(*side, 101) for side in surface.domain)
    grid = torch.from_numpy(np.stack(np.meshgrid(x, y), axis=-1))
    height = np.log1p(surface.function(grid).numpy() - float(surface.function(grid).min()))
    figure = make_subplots(rows=1, cols=panels, horizontal_spacing=0.03)
    for column in range(1, panels + 1):
        contour = go.Contour(x=x, y=y, z=height, colorscale=SCALE, showscale=False, ncontours=24, line={"width": 0.5})
        contour.contours.coloring = "heatmap"
        marker = go.Scatter(x=[MARKER[0]], y=[MARKER[1]], mode="markers", marker={"size": 9, "color": "#888"}, name="m")
        figure.add_traces([contour, marker], rows=1, cols=column)
    figure.update_layout(height=480, margin={"l": 40, "r": 10, "t": 20, "b": 40}, showlegend=False, dragmode="pan")
    figure.update_xaxes(range=list(surface.domain[0]))
    return figure.update_yaxes(range=list(surface.domain[1]))


def loss_chart(run) -> go.Figure:
    figure = go.Figure([go.Scatter(x=run.evaluations[:, i], y=run.loss[:, i, 0]) for i in range(len(run.names))])
    figure.update_layout(height=220, margin={"l": 40, "r": 10, "t": 10, "b": 40}, showlegend=False)
    return figure.update_yaxes(type="log")


if st.toggle("Chart", value=True, key="chart"):
    chart = st.plotly_chart(surface_chart(3 if panels else 1), key="surface.chart", config={"scrollZoom": True})
lr = st.slider("lr", 0.001, 0.03, float(query.get("lr", "0.012")), 0.001, format="%.3f")
specs, run = compare(lr, float(query.get("noise", "1")))
name = st.text_input("Name", "notes")
if st.toggle("Player", value=True, key="shown"):
    result = player(
        tracks_of(run, specs, PALETTE, panels=panels),
        key="demo",
        chart_key="surface.chart",
        linked=("losses",),
        autoplay=query.get("autoplay", "1") == "1",
    )
    if result.pick:
        st.session_state["picked"] = f"picked {result.pick.x:.6f} {result.pick.y:.6f} {result.pick.n}"
st.plotly_chart(loss_chart(run), key="losses")
st.write(st.session_state.get("picked", "nothing picked"))
