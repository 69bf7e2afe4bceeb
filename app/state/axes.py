"""The two axes of a study as fields of a config: their names on the screen, what is wrong with them, what fits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from app.state.base import Finite, Frozen
from app.state.cards import MAX_LR
from app.state.codecs import NONE, Codec, as_number
from app.state.layers import MAX_K
from app.state.limits import current_limits
from app.state.objectives import STUDIED_TASKS, most_in_batch, task_with
from optim_core.study import Axis
from optim_core.study.axis import (
    OF_TASKS,
    kind_of,
    layer_of,
    problem_of_end,
    problem_of_log,
    problem_of_range,
)

Data = Mapping[str, Any]
"""Fields of a config that were validated so far."""

AxisName = Literal[
    "lr", "k_1", "alpha_1", "mu_1", "k_2", "alpha_2", "mu_2", "k_3", "alpha_3", "mu_3", "k_4", "alpha_4", "mu_4",
    "depth", "momentum", "noise_scale", "batch_size", "label_noise",
]  # fmt: skip
LIMITS = current_limits()
THOUSAND, MILLION = 1_000, 1_000_000
FEWER = "take fewer steps or seeds"
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


def settings_text(settings: Mapping[str, float]) -> str:
    """What a cell has on each axis, in words."""
    return ", ".join(f"{title_of(name)} {value:.4g}" for name, value in settings.items())


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


class FurtherAxis(Frozen):
    """An axis of a sample beside the two of every study."""

    name: AxisName
    low: Finite
    high: Finite
    log: bool = False

    def axis(self) -> Axis:
        """For the library, where its number of points does not count."""
        return Axis(self.name, self.low, self.high, points=2, log=self.log)


LOG, MOST_FURTHER = "log", 4


def _read_further(text: str) -> Any:
    if text.strip() in ("", NONE):
        return ()
    axes = [axis.strip().split(":") for axis in text.split(",")]
    if any(not 3 <= len(axis) <= 4 or axis[3:] not in ([], [LOG]) for axis in axes):
        raise ValueError("every axis must read name:from:to, as in alpha_1:0.2:1, or name:from:to:log")
    return tuple(
        {"name": axis[0], "low": as_number(axis[1]), "high": as_number(axis[2]), "log": len(axis) == 4} for axis in axes
    )


def _further_text(axes: Sequence[FurtherAxis]) -> str:
    texts = (f"{axis.name}:{axis.low!r}:{axis.high!r}{f':{LOG}' if axis.log else ''}" for axis in axes)
    return ",".join(texts) or NONE


FURTHER = Codec(  # links and the text to type have alpha_1:0.2:1.0,mu_1:0.0:0.9
    text=_further_text,
    read=_read_further,
    widgets=lambda name, value: {name: _further_text(value) if value else ""},
    from_widgets=lambda name, value, widget_value: widget_value(name, _further_text(value) if value else ""),
)
Further = Annotated[tuple[FurtherAxis, ...], Field(max_length=MOST_FURTHER), FURTHER]


def problem_of_further(axis: FurtherAxis, data: Data) -> str:
    """What is wrong with the range of a further axis; empty where nothing is."""
    for word, value in (("from", axis.low), ("to", axis.high)):
        if problem := problem_of_entry(axis.name, value, data):
            return f"{axis.name}, {word} {value:g}: {problem}"
    problem = problem_of_range(axis.low, axis.high) or (problem_of_log(axis.low) if axis.log else "")
    return f"{axis.name}: {problem}" if problem else ""


def check_limits(data: Data) -> None:
    """Refuse a study beyond the limits, saying what fits."""
    steps = draws_of(data) * data["steps"]  # of all runs of a cell
    columns, rows = (len(axis_of(data, side).values) for side in SIDES)
    sample = int(data["sample"])
    is_task = data["objective"] in STUDIED_TASKS
    most, unit, word = (
        (LIMITS.study_training_thousands, THOUSAND, "thousand") if is_task
        else (LIMITS.study_millions, MILLION, "million")
    )  # fmt: skip
    most_cells = min(LIMITS.study_cells, most * unit // steps)
    if (sample or columns * rows) <= most_cells:
        return
    if sample:
        raise ValueError(
            f"{sample:,} points of {steps:,} base steps are {sample * steps / unit:,.0f} {word}, at most {most:,} "
            f"{word} are computed: {f'{most_cells:,} points fit, or fewer steps or seeds' if most_cells else FEWER}"
        )
    if columns * rows > LIMITS.study_cells:
        raise ValueError(
            f"{columns} x {rows} cells are {columns * rows:,}, at most {most_cells:,} are computed: "
            f"{_fitting(columns, rows, most_cells) or FEWER}"
        )
    fits = _fitting(columns, rows, most_cells)
    raise ValueError(
        f"{columns} x {rows} cells of {steps:,} base steps are {columns * rows * steps / unit:,.0f} {word}, at "
        f"most {most:,} {word} are computed: {f'{fits}, or fewer steps or seeds' if fits else FEWER}"
    )


def _fitting(columns: int, rows: int, most_cells: int) -> str:
    """A grid of about the same shape that fits; empty where not even the smallest does."""
    if most_cells < 4:
        return ""
    across = min(max(2, math.isqrt(most_cells * columns // rows)), most_cells // 2)
    return f"{across} x {most_cells // across} points fit"
