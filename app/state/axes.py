"""The two axes of a study as fields of a config: their names on the screen, what is wrong with them, what fits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from app.state.cards import MAX_LR
from app.state.layers import MAX_K
from app.state.limits import current_limits
from app.state.objectives import STUDIED_TASKS, most_in_batch, task_with
from optim_core.study import Axis
from optim_core.study.axis import OF_TASKS, kind_of, layer_of, problem_of_end

Data = Mapping[str, Any]
"""Fields of a config that were validated so far."""

LIMITS = current_limits()
THOUSAND, MILLION = 1_000, 1_000_000
SIDES = ("across", "up")
SYMBOLS, SUBSCRIPT = {"k": "k", "alpha": "α", "mu": "μ"}, "₀₁₂₃₄"
TITLES = {
    "depth": "layers",
    "noise_scale": "noise scale",
    "batch_size": "batch size",
    "label_noise": "wrong labels",
}
MOST = {"lr": MAX_LR, "k": float(MAX_K), "noise_scale": 1000.0}  # as on the page that a cell is opened on


def title_of(name: str) -> str:
    """What an axis is called on the screen."""
    kind, layer = kind_of(name), layer_of(name)
    return f"{SYMBOLS[kind]}{SUBSCRIPT[layer]}" if layer else TITLES.get(name, name)


def axis_of(data: Data, side: str) -> Axis:
    """The axis on a side, "across" or "up"."""
    ends = data[f"{side}_low"], data[f"{side}_high"]
    return Axis(data[side], *ends, points=data[f"{side}_points"], log=data[f"{side}_log"])


def draws_of(data: Data) -> int:
    """Draws of the noise in every cell, one where there is none; of a task its seeds."""
    return int(data["seeds"]) if data["noise"] != "none" or data["objective"] in STUDIED_TASKS else 1


def problem_of_entry(name: str, value: float, data: Data) -> str:
    """What is wrong with an end of an axis: by itself, on the page of the objective, or with these layers."""
    most = MOST.get(kind_of(name), math.inf)
    if value > most:
        return f"must be at most {most:g}: write a smaller number"
    if name == "depth" and value > len(data.get("layers", ())):
        depth = len(data.get("layers", ()))
        return f"must be at most {depth}, the layers of the optimizer: add layers, or end the axis there"
    return problem_of_end(name, value) or (problem_for_task(name, value, data) if name in OF_TASKS else "")


def problem_for_task(name: str, value: Any, data: Data) -> str:
    """What is wrong with a setting of the task; empty where nothing is."""
    task = task_with({**data, "batch_size": None, "label_noise": None})
    if name == "batch_size" and task is not None and value > most_in_batch(task):
        return f"must be at most {most_in_batch(task):,}, as many as it is trained on: write a smaller number"
    try:
        task_with({**data, name: int(value) if name == "batch_size" else value})
    except ValueError as error:
        return f"{error}: choose another value"
    return ""


def check_limits(data: Data) -> None:
    """Refuse a study beyond the limits, saying what fits."""
    steps = draws_of(data) * data["steps"]  # of all runs of a cell
    columns, rows = (len(axis_of(data, side).values) for side in SIDES)
    is_task = data["objective"] in STUDIED_TASKS
    most, unit, word = (
        (LIMITS.study_training_thousands, THOUSAND, "thousand") if is_task
        else (LIMITS.study_millions, MILLION, "million")
    )  # fmt: skip
    most_cells = min(LIMITS.study_cells, most * unit // steps)
    if columns * rows <= most_cells:
        return
    across = max(2, math.isqrt(most_cells * columns // rows))
    fits = f"{across} x {max(2, most_cells // across)} points fit"
    if columns * rows > LIMITS.study_cells:
        raise ValueError(
            f"{columns} x {rows} cells are {columns * rows:,}, at most {most_cells:,} are computed: {fits}"
        )
    raise ValueError(
        f"{columns} x {rows} cells of {steps:,} base steps are {columns * rows * steps / unit:,.0f} {word}, at "
        f"most {most:,} {word} are computed: {fits}, or fewer steps or seeds"
    )
