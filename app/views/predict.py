"""Predict, then reveal: the visitor marks where each optimizer will end before anything moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.player import PALETTE, Pick, Track
from app.runs import Trajectory
from app.state import SurfacesConfig

PAGE = "surfaces"
MODE, PLACES, SHOWN = f"{PAGE}.predicting", f"{PAGE}.predicted", f"{PAGE}.revealed"


def predicting() -> bool:
    """Whether clicks on the surface are predictions now."""
    return bool(st.session_state.get(MODE)) and not st.session_state.get(SHOWN)


def place_prediction(pick: Pick) -> None:
    """The next optimizer's end is predicted at the click; a further click starts over. Only in a callback."""
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    placed = st.session_state.get(PLACES, ())
    placed = () if len(placed) >= len(config.active) else placed
    st.session_state[PLACES] = (*placed, (pick.x, pick.y))


def hidden(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """Before the reveal the player has only the starts."""
    return tuple(_only_start(track) for track in tracks) if predicting() else tracks


def with_predictions(figure: go.Figure, config: SurfacesConfig) -> go.Figure:
    """The figure with what was predicted, a cross in each optimizer's colour; `figure` itself is left as it is."""
    if not st.session_state.get(MODE):
        return figure
    figure = go.Figure(figure)
    for (x, y), card, spec in zip(st.session_state.get(PLACES, ()), config.active, config.specs(), strict=False):
        marker = {"symbol": "cross-thin", "size": 18, "line": {"color": PALETTE[card.color], "width": 4}}
        figure.add_scatter(
            x=[x], y=[y], mode="markers", marker=marker, showlegend=False,
            hovertemplate=f"your guess for {spec.name}<br>x %{{x:.3g}}, y %{{y:.3g}}<extra></extra>",
        )  # fmt: skip
    return figure


def prediction_switch() -> None:
    """The switch, for the sidebar."""
    st.toggle(
        "Predict, then reveal", key=MODE, on_change=_start_over,
        help="Hide the tracks, click where you think each optimizer's slow weights will end, then let them run",
    )  # fmt: skip


def player_key(key: str) -> str:
    """A revealed run opens a player of its own, which plays from the start."""
    return f"{key}-revealed" if st.session_state.get(MODE) and st.session_state.get(SHOWN) else key


def prediction(config: SurfacesConfig, run: Trajectory) -> None:
    """What to click next, the reveal, and how far off each guess was."""
    if not st.session_state.get(MODE):
        return
    names, placed = [spec.name for spec in config.specs()], st.session_state.get(PLACES, ())
    if st.session_state.get(SHOWN):
        _errors(names, placed, run)
        st.button("Predict again", icon=":material/restart_alt:", key=f"{PAGE}.again", on_click=_start_over)
    elif len(placed) < len(names):
        st.info(f"Click on the surface where **{names[len(placed)]}** will end after {config.steps:,} base steps.")
    else:
        st.button("Reveal", type="primary", icon=":material/visibility:", key=f"{PAGE}.reveal", on_click=_reveal)


def _errors(names: list[str], placed: tuple[tuple[float, float], ...], run: Trajectory) -> None:
    ends = [run.outermost(index)[-1, 0] for index in range(len(names))]
    rows = [
        {
            "optimizer": name,
            "your guess": f"({guess[0]:.3g}, {guess[1]:.3g})",
            "ended at": f"({end[0]:.3g}, {end[1]:.3g})",
            "off by": float(np.hypot(*(end - np.array(guess)))),
        }
        for name, guess, end in zip(names, placed, ends, strict=False)
    ]
    st.dataframe(rows, hide_index=True)


def _start_over() -> None:
    st.session_state[PLACES], st.session_state[SHOWN] = (), False


def _reveal() -> None:
    st.session_state[SHOWN] = True


def _only_start(track: Track) -> Track:
    names = ("fast", "proposal", "synchronised", "loss", "step", "evaluations")
    first = {name: getattr(track, name)[:1] for name in names}
    average = None if track.averaged is None else track.averaged[:1]
    return replace(track, **first, averaged=average, slow=None, diverged=-1)
