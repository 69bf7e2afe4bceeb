"""One player's steps alone, or both players', a few at a time, from the weights that a run had at a step."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.figures.gans import slow_motion_chart
from app.jobs.store import TrainingResult
from app.runs.gans import real_samples
from app.runs.slow_motion import MOST_STEPS, Moment, Movers, Turn, slow_motion, weights_at
from app.state import GansConfig
from app.tables.gans import turn_name, turn_text, turns_table
from app.views.parts.charts import show_chart
from app.views.parts.turns import fragment

PAGE, CHART = "gans", "gans-slow-motion"
TURNS = f"{PAGE}.turns"
BUTTONS: dict[Movers, str] = {"discriminator": "Step D alone", "generator": "Step G alone", "both": "Step both"}
ABOUT = (
    "D is the discriminator, G the generator. Losses, batches and base steps are those of the training; each player's "
    "optimizer starts afresh, without momentum and with its slow weights where the fast ones are, since a run keeps "
    "its weights only. Losses and outputs are those on one fixed batch."
)
OUTPUTS = {
    "non-saturating": "D's output is the probability that a sample is real",
    "wgan-gp": "D's output is its value, which has no scale of its own: higher is more real",
}


@fragment()
def slow_motion_part(config: GansConfig, names: Sequence[str], results: Sequence[TrainingResult]) -> None:
    """Choose an optimizer and a step of its run, then who moves; a fragment, so that the players go on playing."""
    st.markdown("## In slow motion")
    number, step_chosen, count = _choices(names, results)
    result, task = results[number], config.task()
    step, weights = weights_at(task, result, step_chosen)
    turns = _turns_from(result.request.key, step)
    _buttons(result.request.key, step, turns, count)
    moments = slow_motion(task, result.request, weights, step, turns)
    if turns:
        st.markdown(turn_text(turns[-1], *moments[-2:]))
    titles = ["before", turn_name(turns[-1])] if turns else [f"after base step {step:,}" if step else "at the start"]
    show_chart(
        slow_motion_chart(config, config.colors[number], moments[-len(titles) :], titles, real_samples(task)), CHART
    )
    shading = "; the bluer the plane, the lower" if config.dataset == "ring" else ""
    st.caption(f"{ABOUT} {OUTPUTS[config.objective]}{shading}.")
    _table(turns, moments)


def _choices(names: Sequence[str], results: Sequence[TrainingResult]) -> tuple[int, int, int]:
    """Whose run, from which base step, and how many base steps a button takes."""
    left, middle, right = st.columns([2, 1, 1])
    with left:
        number = st.selectbox("Optimizer", range(len(names)), format_func=names.__getitem__, key=f"{PAGE}.slow_one")
    result = results[number]
    last = int(result.snapshots.step[-1]) if result.snapshots.tracks else 0
    with middle:
        step = st.number_input(
            "From base step", 0, max(last, 1), 0, key=f"{PAGE}.slow_from.{last}", disabled=not last,
            help="The last snapshot at or before this step; a run that comes with the application has no weights but "
            "those of its start",
        )  # fmt: skip
    with right:
        count = st.segmented_control(
            "Base steps a click", [1, 10, 50], default=10, required=True, key=f"{PAGE}.slow_count"
        )
    return number, step if last else 0, count


def _turns_from(key: str, step: int) -> tuple[Turn, ...]:
    """The turns taken from this step of this run; those from others are forgotten."""
    origin, turns = st.session_state.get(TURNS) or (None, ())
    return turns if origin == (key, step) else ()


def _buttons(key: str, step: int, turns: tuple[Turn, ...], count: int) -> None:
    def take(*more: Turn) -> None:
        st.session_state[TURNS] = ((key, step), (*turns, *more) if more else ())

    is_full = sum(steps for _, steps in turns) + count > MOST_STEPS
    with st.container(horizontal=True):
        for movers, label in BUTTONS.items():
            st.button(label, key=f"{PAGE}.slow.{movers}", on_click=take, args=((movers, count),), disabled=is_full)
        st.button(
            "Start over", icon=":material/restart_alt:", key=f"{PAGE}.slow.again", on_click=take, disabled=not turns
        )
    if is_full:
        st.caption(f"Up to {MOST_STEPS} base steps in all; start over for more.")


def _table(turns: Sequence[Turn], moments: Sequence[Moment]) -> None:
    rows = turns_table(turns, moments)
    short = st.column_config.NumberColumn(format="%.3g")
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(list(rows[0])[1:], short))
