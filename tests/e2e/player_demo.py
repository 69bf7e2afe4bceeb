"""A page with nothing but a surface, a player and a linked chart, which the player's browser tests drive.

The switch "Elsewhere" moves the starts: another scene. The address sets the rest up:
`field` (himmelblau, or hand: the gradient is −1 everywhere, so that a student can follow),
`starts`, `steps`, `lr`, `base`, `noise`, `panels`, `autoplay`, `value` (what the loss is called); `diverge` (1: the
first optimizer; last: the last one, its rows ending before the step at which it diverged, as a network's do);
`losses` (later: no data in their chart till a switch); `outer` (1: the last optimizer's layers have outer momentum).
PLAYER_MUTANT in the environment breaks the player's script on purpose, to prove that the tests notice.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from plotly.subplots import make_subplots

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.player import PALETTE, QuantityNames, Track, tracks_of
from app.player.bundle import bundle, style
from app.views.parts import player as component
from app.views.parts.player import player
from landscapes.noise import Noise, noisy_field
from landscapes.surfaces import SURFACES
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Trajectory, record

MUTANTS = {
    "frozen": ("const elapsed = this.last ? Math.min(0.1, (now - this.last) / 1000) : 0;", "const elapsed = 0;"),
    "reset": ("const first = !this.view;", "const first = true; this.playback.position = 0; this.playback.pause();"),
}
ENTRY = 'import mount from "./mount.js";\nexport default mount;'
if mutant := os.environ.get("PLAYER_MUTANT"):
    healthy = bundle(ENTRY)
    assert MUTANTS[mutant][0] in healthy
    script = healthy.replace(*MUTANTS[mutant])
    component._component = lambda: st.components.v2.component(
        "mutant", html=f"<style>{style()}</style>{component.MARKUP}", js=script
    )

torch.set_num_threads(2)
query = st.query_params
surface = SURFACES["himmelblau"]
HAND_DOMAIN = ((-1.0, 9.0), (-1.0, 9.0))
SCALE = [[0, "rgba(70,95,135,.6)"], [1, "rgba(150,160,175,.1)"]]
by_hand = query.get("field") == "hand"
domain = HAND_DOMAIN if by_hand else surface.domain
first_start = (0.0, 0.0) if by_hand else surface.start


def number(name: str, default: float) -> float:
    return float(query.get(name, default))


def descent(x: torch.Tensor, _: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Every base step with lr 1 adds 1."""
    return -x.sum(-1), torch.full_like(x, -1.0)


def compare(lr: float, elsewhere: bool) -> tuple[list[OptimizerSpec], Trajectory]:
    starts = int(number("starts", 1))
    layers = (
        ((), (Layer(3, 0.5),), (Layer(2, 0.5), Layer(3, 0.5)))
        if by_hand
        else ((), (Layer(5, 0.5),), (Layer(5, 0.5),) * 2)
    )
    if query.get("outer"):
        layers = (*layers[:2], (Layer(2, 0.75, 0.5, True), Layer(2, 0.5, 0.5)))
    base = query.get("base", "sgd")
    names = ("SGD", "Lookahead", "Multilayer Lookahead")
    rates = {"1": (0.2, lr, lr), "last": (lr, lr, 0.03)}.get(query.get("diverge", ""), (lr, lr, lr))
    specs = [
        OptimizerSpec(name, base, lr=rate, layers=each) for name, rate, each in zip(names, rates, layers, strict=True)
    ]
    turns = 2 * np.pi * np.arange(starts)[:, None] / starts
    around = 0.5 * np.concatenate([np.cos(turns) - 1, np.sin(turns)], axis=1)
    places = np.array(first_start) + around - 1.5 * elsewhere
    field = descent if by_hand else noisy_field(surface, Noise("gaussian", number("noise", 8), seed=1), starts)
    return specs, record(field, specs, places, int(number("steps", 200)), escape=1e6)


def tracks_to_draw(run: Trajectory, specs: list[OptimizerSpec], panels: bool) -> list[Track]:
    tracks = tracks_of(run, specs, PALETTE, panels=panels)
    return [until_diverged(each) for each in tracks] if query.get("diverge") == "last" else list(tracks)


def until_diverged(track: Track) -> Track:
    if track.diverged < 0:
        return track
    columns = ("fast", "proposal", "synchronised", "loss", "step", "evaluations")
    return replace(track, **{column: getattr(track, column)[: track.diverged] for column in columns})


def surface_chart(panels: int) -> go.Figure:
    x, y = (np.linspace(*side, 101) for side in domain)
    height = np.log1p(surface.function(torch.from_numpy(np.stack(np.meshgrid(x, y), axis=-1))).numpy())
    figure = make_subplots(rows=1, cols=panels, horizontal_spacing=0.03)
    for column in range(1, panels + 1):
        contour = go.Contour(x=x, y=y, z=height, colorscale=SCALE, showscale=False, ncontours=24, line={"width": 0.5})
        contour.contours.coloring = "heatmap"
        marker = go.Scatter(x=[first_start[0]], y=[first_start[1]], mode="markers", marker={"size": 7}, name="start")
        figure.add_traces([contour, marker], rows=1, cols=column)
    figure.update_layout(height=480, margin={"l": 40, "r": 10, "t": 20, "b": 40}, showlegend=False, dragmode="pan")
    figure.update_xaxes(range=list(domain[0]))
    return figure.update_yaxes(range=list(domain[1]))


def loss_chart(run: Trajectory, with_losses: bool) -> go.Figure:
    count = len(run.names) if with_losses else 0
    figure = go.Figure([go.Scatter(x=run.evaluations[:, i], y=run.loss[:, i, 0]) for i in range(count)])
    figure.update_layout(height=220, margin={"l": 40, "r": 10, "t": 10, "b": 40}, showlegend=False)
    return figure.update_yaxes(type="linear" if by_hand else "log")


st.set_page_config(layout="wide")
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
surface_place, player_place = st.container(), st.container()
lr = st.slider("lr", 0.001, 1.0 if by_hand else 0.03, number("lr", 1.0 if by_hand else 0.004), 0.001, format="%.3f")
st.text_input("Name", "notes")
elsewhere = st.toggle("Elsewhere")
with surface_place:
    panels = query.get("panels") == "1"
    if st.toggle("Chart", value=True):
        st.plotly_chart(surface_chart(3 if panels else 1), key="surface.chart", config={"scrollZoom": True})
specs, run = compare(lr, elsewhere)
with player_place:
    if st.toggle("Player", value=True):
        result = player(
            tracks_to_draw(run, specs, panels),
            key="demo",
            chart_key="surface.chart",
            scene=(query.get("field"), elsewhere),
            linked_charts=("losses",),
            autoplay=query.get("autoplay", "1") == "1",
            quantities=QuantityNames(value=query.get("value", "loss")),
        )
        if result.pick:
            st.session_state["picked"] = f"picked {result.pick.x!r} {result.pick.y!r} {result.pick.panel}"
    with_losses = query.get("losses") != "later" or st.toggle("Losses")
    st.plotly_chart(loss_chart(run, with_losses), key="losses")
st.write(st.session_state.get("picked", "nothing picked"))
st.write(f"runs {st.session_state['runs']}")
