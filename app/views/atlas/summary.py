"""What a study says as a whole: its work, its best cell, which others are as good, and what limits it."""

from __future__ import annotations

import streamlit as st

from app.figures.atlas import Reading
from app.state import AtlasConfig
from app.state.axes import settings_text, title_of
from app.state.glossary import linked
from app.state.objectives import IMAGES_DIFFER, measure_of
from optim_core.study import Study, StudyResult


def draw_summary(config: AtlasConfig, reading: Reading) -> None:
    """A few sentences, and a warning where cells failed."""
    result = reading.result
    st.caption(" ".join([work_line(config, result.study), _idle(result)]))
    if config.quantity == "spread" and result.study.seeds == 1:
        remedy = "choose a noise and" if config.task is None else "choose"
        st.info(f"A single run has no deviation over seeds: {remedy} at least 2 seeds in the sidebar.")
    st.markdown(linked(_best(reading)))
    if result.edges:
        names = " and ".join(map(title_of, result.edges))
        st.info(f"The best cell lies at the edge of the grid ({names}): a wider grid might do better.")
    if result.reasons:
        cell, reason = next(iter(result.reasons.items()))
        place = place_text(cell, result)
        count = len(result.reasons)
        what = cell_word(result.study)
        failed = f"1 {what} failed and is empty" if count == 1 else f"{count:,} {what}s failed and are empty, the first"
        st.warning(f"{failed}: {place}: {reason}.")


def cell_word(study: Study) -> str:
    """What a cell is called: those of a sample are points."""
    return "cell" if study.is_grid else "point"


def place_text(place: tuple[int, int], result: StudyResult) -> str:
    """The settings of a cell in words."""
    return settings_text(result.study.settings[result.study.cell(place)])


def work_line(config: AtlasConfig, study: Study) -> str:
    """The cells, the runs in each, what is equal among them, and what is not."""
    twice = f" ({study.base.evaluations_per_step} a step)" if study.base.evaluations_per_step > 1 else ""
    cells = f"{study.cells:,} {cell_word(study)}s, each "
    evaluations = f"{study.evaluations:,} gradient evaluations{twice}"
    if study.seeds == 1:
        why = "; without noise all seeds are the same" if config.noise == "none" and config.task is None else ""
        return " ".join([f"{cells}one run of {evaluations}{why}.", *_unequal(study)])
    if config.task is not None:
        seeds = f"with {study.seeds} seeds of weights and batches, the same in every {cell_word(study)}."
        return " ".join([f"{cells}{study.seeds} runs of {evaluations} {seeds}", *_unequal(study)])
    return f"{cells}{study.seeds} runs of {evaluations}, all under the same draws of the noise."


def _unequal(study: Study) -> list[str]:
    return [IMAGES_DIFFER] if any(axis.name == "batch_size" for axis in study.axes) else []


def _idle(result: StudyResult) -> str:
    """How many cells end before their outermost slow weights have moved."""
    study = result.study
    idle = sum(spec.outer_period > study.steps for spec in study.specs)
    if not idle:
        return ""
    return (
        f"In {idle:,} of them the outermost layer never synchronises in {study.steps:,} base steps: its slow weights "
        "stay at the start."
    )


def _test_of(result: StudyResult) -> str:
    """The measure on test data in the best cell of a task, chosen on validation data."""
    objective = result.study.objective
    if not objective.is_task or result.best is None:
        return ""
    return f"; {measure_of(objective.kind)} on test data {result.test[result.best].mean():.4g}"


def _best(reading: Reading) -> str:
    result = reading.result
    if result.best is None:
        return f"**In every {cell_word(result.study)} some run diverged**, so there is no least mean."
    study, what = result.study, cell_word(result.study)
    place = place_text(result.best, result)
    least = "Least mean" if study.seeds > 1 else f"Least {reading.short_measure}"
    text = f"★ **{least}** at {place}: {reading.quantity('mean')[result.best]:.4g}{_test_of(result)}."
    if study.seeds == 1:
        return f"{text}{f' {len(result.ties):,} other {what}s have the same.' if result.ties else ''}"
    count = len(result.ties)
    if not count:
        return f"{text} No other {what} is as good within two standard errors of the paired difference."
    others = f"1 other {what} is" if count == 1 else f"{count:,} other {what}s are"
    return f"{text} {others} not told apart from it, within two standard errors of the paired difference."
