"""One cell in numbers, and the way to its very runs."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.figures.atlas import Reading
from app.runs import atlas as atlas_runs
from app.state import MAX_SEEDS, MAX_STARTS, AtlasConfig
from app.state.glossary import linked
from app.state.objectives import measure_of
from app.views import session
from app.views.atlas.controls import PAGE
from app.views.atlas.summary import cell_word, place_text
from optim_core.study.comparison import mean_interval
from optim_core.theory import game_rate

MANY = 16  # seeds whose numbers are listed


def draw_cell(config: AtlasConfig, reading: Reading, place: tuple[int, int], *, is_clicked: bool) -> None:
    """Numbers of the cell, closed forms beside them, and a button that opens its runs on the objective's page."""
    study = reading.result.study
    text = place_text(place, reading.result)
    what = cell_word(study)
    title = f"The {what} clicked" if is_clicked else f"The best {what}" if reading.result.best else f"The first {what}"
    st.markdown(f"**{title}**: {text}  \n{linked(_numbers(reading, place))}{_closed_forms(config, reading, place)}")
    seeds = reading.excess[place]
    if 1 < len(seeds) <= MANY:
        first = study.objective.seed if study.objective.is_task else 0
        st.caption(f"Seeds {first} to {first + len(seeds) - 1}: {' · '.join(_short(value) for value in seeds)}")
    if not is_clicked:
        where = "a cell" if study.is_grid else "a line, where it crosses an axis,"
        st.caption(f"Click {where} to look into it.")
    _open(config, reading, place)


def _numbers(reading: Reading, place: tuple[int, int]) -> str:
    result, values = reading.result, reading.excess[place]
    reason = result.reasons.get(place)
    if reason:
        return f"This {cell_word(result.study)} failed: {reason}."
    diverged, test = int((result.diverged[place] >= 0).sum()), _on_test_data(reading, place)
    if len(values) == 1:
        step = result.diverged[place][0]
        return f"Diverged at step {step}." if diverged else f"{reading.measure.capitalize()} **{values[0]:.4g}**.{test}"
    share = f"{diverged} of {len(values)} runs diverged"
    median = reading.quantity("median")[place]
    if diverged:
        return f"{share}, so the mean is infinite; median {_short(median)}."
    low, high = (float(end) for end in mean_interval(values))
    return (
        f"Mean {reading.measure} **{values.mean():.4g}**, 95 % interval {max(low, 0):.4g} to {high:.4g}; "
        f"median {median:.4g}, deviation {result.spread[place]:.3g}; {share}.{test}"
    )


def _on_test_data(reading: Reading, place: tuple[int, int]) -> str:
    objective = reading.result.study.objective
    if not objective.is_task:
        return ""
    return f" {measure_of(objective.kind).capitalize()} on test data: {reading.result.test[place].mean():.4g}."


def _closed_forms(config: AtlasConfig, reading: Reading, place: tuple[int, int]) -> str:
    """The rate per base step and the steady state, where they are known."""
    if atlas_runs.border_of(config) is None:
        return ""
    study = reading.result.study
    cell = study.cell(place)
    rate = game_rate(atlas_runs.jacobian_of(config), study.specs[cell])  # type: ignore[arg-type]
    verdict = ":blue-badge[converges]" if rate < 1 else ":orange-badge[diverges]"
    steady = atlas_runs.steady_loss(config, study.specs[cell], study.noise_scales[cell])
    settles = "" if steady is None or not np.isfinite(steady) else f"; settles at a mean of {steady:.4g}"
    return f"  \nClosed form (derived here): rate per base step {rate:.5f} {verdict}{settles}."


def _open(config: AtlasConfig, reading: Reading, place: tuple[int, int]) -> None:
    study = reading.result.study
    cell = study.cell(place)
    opened = config.opened(cell)
    if opened is None:
        return
    key, run = opened
    page = {"gans": "GANs"}.get(key, key.capitalize())
    most = MAX_STARTS if config.task is None else MAX_SEEDS
    runs = "this run" if study.seeds == 1 else "these runs" if study.seeds <= most else f"its first {most} runs"
    if st.button(
        f"Open {runs} in {page}", icon=":material/open_in_browser:", key=f"{PAGE}.open",
        disabled=not session.allows(key, run),
    ):  # fmt: skip
        session.open_with(key, run)


def _short(value: float) -> str:
    return "diverged" if np.isinf(value) else f"{value:.3g}"
