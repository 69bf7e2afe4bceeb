"""What the Atlas studies: surfaces, games, and tasks that need no files; what is customary for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from app.state.layers import short
from landscapes.games import GAMES, Game
from landscapes.surfaces import SURFACES, Surface
from landscapes.tasks import TASKS, ClassifierTask, GanTask, Task, task_from
from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.models import MODELS
from optim_core.study.axis import OF_TASKS, kind_of

Data = Mapping[str, Any]
"""Fields of a config."""

IMAGES_DIFFER = "Equal in every cell are the base steps; the larger the batch, the more samples a run has seen."
NETWORKS = ("mlp", "cnn")  # of classifiers: small enough for hundreds of trainings
DEFAULT_NETWORK = "mlp"
BELOW, ABOVE = 15.0, 8.0  # the customary axis of the lr reaches so far below and above the objective's own
TASK_BELOW, TASK_ABOVE = 5.0, 20.0  # of a task
LR_POINTS, SCALE_POINTS = 48, 41
CUSTOMARY: dict[str, tuple[float, float, int]] = {  # ends and points of an axis that is chosen
    "k": (1.0, 32.0, 32), "alpha": (0.05, 1.0, 39), "mu": (0.0, 0.95, 39), "momentum": (0.0, 0.95, 39),
}  # fmt: skip
CUSTOMARY_OF_TASKS = {  # fewer points: each is a training
    "k": (1.0, 16.0, 5), "alpha": (0.2, 1.0, 5), "mu": (0.0, 0.9, 4), "momentum": (0.0, 0.9, 4),
    "batch_size": (4.0, 64.0, 5), "label_noise": (0.0, 0.6, 4),
}  # fmt: skip
TASK_LR_POINTS = 8
LOGARITHMIC = ("lr", "batch_size")
SLOW_LRS = {"adam": 0.001, "adamw": 0.001, "rmsprop": 0.001, "lion": 0.0003, "adagrad": 0.01}
OTHER_LRS = {"gan": 0.05, "regression": 0.05}  # by a task's kind, of the other bases
NETWORK_LR = 0.1  # of other tasks
TASK_STEPS, GAN_STEPS = 600, 1_500
TASK_SEEDS, SEEDS = 3, 8
MOST_ROWS = 1_024  # in a batch, as on the pages of trainings
MEASURES = {  # by the kind of an objective; of other tasks the error, the share of wrong answers
    "surface": "loss", "game": "distance", "gan": "Fréchet distance", "regression": "loss"
}  # fmt: skip


def _needs_no_files(task: Task) -> bool:
    entry = DATASETS.get(getattr(task, "dataset", ""))
    return entry is None or entry.files is None


STUDIED_TASKS = {key: entry for key, entry in TASKS.items() if _needs_no_files(entry.task)}
OBJECTIVES = (*SURFACES, *GAMES, *STUDIED_TASKS)


def landscape_of(objective: str) -> Surface | Game:
    """The surface or the game of a key."""
    return SURFACES[objective] if objective in SURFACES else GAMES[objective]


def task_with(data: Data) -> Task | None:
    """The task of a config's fields; None for a surface or a game.

    Raises:
        ValueError, TypeError: one of its settings is out of range.
    """
    entry = STUDIED_TASKS.get(data.get("objective", ""))
    if entry is None:
        return None
    names = settings_of_task(entry.task)
    settings = {name: value for name in names if (value := data.get(name)) is not None}
    return replace(entry.task, **settings)


def settings_of_task(task: Task) -> tuple[str, ...]:
    """Those of a config's fields that a task has: batch_size, label_noise, network."""
    return tuple(name for name in (*OF_TASKS, "network") if hasattr(task, name))


def own_setting(name: str, objective: str) -> Any:
    """A task's own batch_size, label_noise or network; None where the objective has none."""
    entry = STUDIED_TASKS.get(objective)
    if entry is None or not hasattr(entry.task, name):
        return None
    return DEFAULT_NETWORK if name == "network" else getattr(entry.task, name)


def networks_of(objective: str) -> tuple[str, ...]:
    """The networks to choose from; none where a task has one of its own."""
    task = STUDIED_TASKS[objective].task
    return tuple(name for name in NETWORKS if hasattr(task, "network") and _has_network(task, name))


def _has_network(task: Task, network: str) -> bool:
    try:
        task_from(task.describe() | {"network": network})
    except ValueError:  # no convolutions on a table
        return False
    return True


def most_in_batch(task: Task) -> int:
    """How many rows a batch may have: those that it is trained on, and no more than on the pages of trainings."""
    entry = DATASETS.get(getattr(task, "dataset", ""))
    size = task.train_size or (entry.available if entry else MOST_ROWS)
    return min(MOST_ROWS, size)


def measure_of(kind: str) -> str:
    """What a study of an objective of this kind measures; of a task without the part of the data it is measured on."""
    return MEASURES.get(kind, "error")


def own_base(objective: str) -> str:
    """The base optimizer that an objective begins with."""
    return "adam" if _is_gan(objective) else "sgd"


def own_lr(data: Data) -> float:
    """The lr that an objective begins with, under the base of a config."""
    objective, base = data.get("objective", "bowl"), data.get("base", "sgd")
    if objective not in STUDIED_TASKS:
        return landscape_of(objective).lr
    return SLOW_LRS.get(base, OTHER_LRS.get(STUDIED_TASKS[objective].task.kind, NETWORK_LR))


def own_steps(objective: str) -> int:
    """The base steps that an objective begins with."""
    if objective not in STUDIED_TASKS:
        return 500
    return GAN_STEPS if _is_gan(objective) else TASK_STEPS


def own_seeds(objective: str) -> int:
    """How many seeds a cell of an objective begins with."""
    return TASK_SEEDS if objective in STUDIED_TASKS else SEEDS


def own_noise(objective: str) -> tuple[str, float]:
    """Kind and scale of the gradient noise that an objective begins with; a task has that of its batches."""
    scale = 0.0 if objective in STUDIED_TASKS else landscape_of(objective).noise_scale
    return ("gaussian", scale) if scale else ("none", 1.0)


def customary_axis(name: str, data: Data) -> dict[str, Any]:
    """Ends, points and scale of an axis of this name, for the objective and the layers of a config."""
    kind, is_task = kind_of(name), data.get("objective", "") in STUDIED_TASKS
    if kind == "lr":
        lr = own_lr(data)
        below, above, points = (TASK_BELOW, TASK_ABOVE, TASK_LR_POINTS) if is_task else (BELOW, ABOVE, LR_POINTS)
        ends = (float(f"{lr / below:.2g}"), float(f"{lr * above:.2g}"), points)
    elif kind == "depth":
        depth = max(1, len(data.get("layers", ())))
        ends = (0.0, float(depth), depth + 1)
    elif kind == "noise_scale":
        ends = (0.0, 2 * data.get("noise_scale", 1.0) or 1.0, SCALE_POINTS)
    else:
        ends = (CUSTOMARY_OF_TASKS if is_task or kind in OF_TASKS else CUSTOMARY)[kind]
    return {"low": ends[0], "high": ends[1], "points": ends[2], "log": kind in LOGARITHMIC}


def name_of_task(objective: str) -> str:
    """A task's name in the list of objectives."""
    name = STUDIED_TASKS[objective].name
    return f"{name[0].upper()}{name[1:]}" if ":" in name else f"Network: {name}"


def title_of_task(objective: str, task: Task, varied: Collection[str] = ()) -> str:
    """Network, data, wrong labels and batches in words, but for what is varied."""
    name = STUDIED_TASKS[objective].name
    if isinstance(task, ClassifierTask):
        rows = f", {task.train_size:,} for training" if task.train_size else ""
        wrong = f", {short(100 * task.label_noise)} % wrong labels" if task.label_noise else ""
        name = (
            f"{MODELS[task.network].name} on {DATASETS[task.dataset].name}{rows}{wrong * ('label_noise' not in varied)}"
        )
    batches = "" if "batch_size" in varied else f", batches of {task.batch_size}"
    return f"{name[0].upper()}{name[1:]}{batches}"


def _is_gan(objective: str) -> bool:
    return objective in STUDIED_TASKS and isinstance(STUDIED_TASKS[objective].task, GanTask)
