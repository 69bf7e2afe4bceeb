"""Predict, then reveal: the visitor marks where each optimizer will end before anything moves."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.figures.chart import Mark
from app.player import Track
from app.player.tracks import only_starts
from app.state import SurfacesConfig
from app.state.codecs import numbers
from app.state.starts import check_inside
from app.views.parts.player import Pick
from app.views.parts.problems import draw_problems
from optim_core.trajectory import Trajectory

PAGE = "surfaces"
TYPED, REFUSED = f"{PAGE}.typed_prediction", f"{PAGE}.refused_prediction"
MODE, PLACES, REVEALED = f"{PAGE}.predicting", f"{PAGE}.predicted", f"{PAGE}.revealed"

Place = tuple[float, float]


def predicting() -> bool:
    """Whether clicks on the surface are predictions now."""
    return bool(st.session_state.get(MODE)) and not _is_revealed()


def place_prediction(pick: Pick) -> None:
    """The next optimizer's end is predicted at the click; a further click starts over. Only in a callback."""
    guesses = _guesses()
    guesses = () if len(guesses) >= len(_config().active) else guesses
    st.session_state[PLACES] = (_config(), (*guesses, (pick.x, pick.y)))


def _place_typed() -> None:
    """The same by keys."""
    said = st.session_state[TYPED]
    place = numbers(said, 2)
    st.session_state[TYPED] = ""
    try:
        if place is None:
            raise ValueError("write x, y, as in 1, 3.5")
        check_inside((place[0], place[1]), _config().landscape.domain)
    except ValueError as error:
        st.session_state[REFUSED] = f"Not placed: {error}. Got {said[:40]!r}"
        return
    place_prediction(Pick(place[0], place[1]))


def starts_only(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """Tracks for the player: before the reveal only their starts."""
    return only_starts(tracks) if predicting() else tracks


def prediction_marks(config: SurfacesConfig) -> tuple[tuple[int, Mark], ...]:
    """What was predicted, a cross in each optimizer's colour, on the first panel."""
    if not st.session_state.get(MODE):
        return ()
    pairs = zip(_guesses(), config.colors, config.specs(), strict=False)
    return tuple((0, _guess(spec.name, color, *place)) for place, color, spec in pairs)


def _guess(name: str, color: str, x: float, y: float) -> Mark:
    at = np.array([x]), np.array([y])
    hover = f"your guess for {name}\nx {{x:.3g}}, y {{y:.3g}}"
    return Mark(name, color, *at, "your guess", kind="dots", marker="plus", size=13.5, width=3.0, hover=hover)


def prediction_switch() -> None:
    """The switch, for the sidebar."""
    st.toggle(
        "Predict, then reveal", key=MODE, on_change=_start_over,
        help="Hide the tracks, click where you think each optimizer's slow weights will end, then let them run",
    )  # fmt: skip


def player_key(key: str) -> str:
    """The player's key; a revealed run has a player of its own, which plays from the start."""
    return f"{key}-revealed" if st.session_state.get(MODE) and _is_revealed() else key


def prediction(config: SurfacesConfig) -> None:
    """What to click next, then the reveal."""
    if not st.session_state.get(MODE):
        return
    names, guesses = [spec.name for spec in config.specs()], _guesses()
    if _is_revealed():
        st.button("Predict again", icon=":material/restart_alt:", key=f"{PAGE}.again", on_click=_start_over)
    elif len(guesses) < len(names):
        st.info(f"Click on the surface where **{names[len(guesses)]}** will end after {config.steps:,} base steps.")
        st.text_input(
            f"Or type where {names[len(guesses)]} will end",
            key=TYPED,
            placeholder="x, y",
            on_change=_place_typed,
            width=320,
        )
        if reason := st.session_state.pop(REFUSED, None):
            draw_problems([reason])
    else:
        st.button("Reveal", type="primary", icon=":material/visibility:", key=f"{PAGE}.reveal", on_click=_reveal)


def outcome(run: Trajectory) -> None:
    """After the reveal, how far off each guess was."""
    if st.session_state.get(MODE) and _is_revealed():
        rows = [_error(run, index, guess) for index, guess in enumerate(_guesses())]
        st.dataframe(rows, hide_index=True)


def _error(run: Trajectory, index: int, guess: Place) -> dict[str, str | float | None]:
    """The error of a guess for the first start; None for a run that diverged."""
    end, diverged = run.outermost(index)[-1, 0], int(run.diverged[index, 0])
    return {
        "optimizer": run.names[index],
        "your guess": f"({guess[0]:.3g}, {guess[1]:.3g})",
        "ended at": f"({end[0]:.3g}, {end[1]:.3g})" if diverged < 0 else f"diverged at step {diverged}",
        "off by": float(np.hypot(*(end - np.array(guess)))) if diverged < 0 else None,
    }


def _config() -> SurfacesConfig:
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    return config


def _guesses() -> tuple[Place, ...]:
    """The guesses, if they were made for the runs of the current config."""
    config, places = st.session_state.get(PLACES) or (None, ())
    return places if config is not None and config.alike(_config()) else ()


def _is_revealed() -> bool:
    config = st.session_state.get(REVEALED)
    return config is not None and config.alike(_config())


def _start_over() -> None:
    st.session_state[PLACES] = st.session_state[REVEALED] = None


def _reveal() -> None:
    st.session_state[REVEALED] = _config()
