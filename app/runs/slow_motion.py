"""GANs in slow motion: a few base steps of one player alone, or of both, from the weights that a run had at a step.

Losses, batches and base steps are those of a training. Its optimizers' averages are not kept beside its weights, so
optimizers start afresh: no momentum yet, and all slow weights where the fast ones are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from app.jobs.request import TrainingRequest
from app.jobs.store import TrainingResult
from app.runs.cache import recent
from app.runs.gans import IMAGES, POINTS
from app.runs.grid import Floats, Grid
from landscapes.tasks.gan import GanTask
from landscapes.weights import assign_weights, flat_weights
from optim_core.players import Player, spec_per_player

Movers = Literal["discriminator", "generator", "both"]
Turn = tuple[Movers, int]
"""Who moves, and how many base steps."""

MOST_STEPS = 500  # of all turns together: about a second
EDGE, FIELD_POINTS = 3.0, 61  # the plane on which the discriminator is drawn


@dataclass(frozen=True, eq=False)
class Moment:
    """Both players at rest.

    Attributes:
        weights: (parameters,), the discriminator's first.
        losses: the discriminator's and the generator's, on one fixed batch.
        on_real, on_generated: the discriminator's mean output there: the probability of being real, or for WGAN-GP its
            value.
        samples: (count, *shape) of fixed latent vectors.      field: its output over the plane; None for images.
        diverged: whether a step gave numbers that are not finite, which ended the turn before it.
    """

    weights: NDArray[np.float32]
    losses: tuple[float, float]
    on_real: float
    on_generated: float
    samples: NDArray[np.float32]
    field: Grid | None
    diverged: bool = False


def weights_at(task: GanTask, result: TrainingResult, step: int) -> tuple[int, NDArray[np.float32]]:
    """The last kept base step up to `step` and the fast weights after it; the start of a run without weights."""
    snapshots = result.snapshots
    if not snapshots.tracks:
        return 0, flat_weights(task.model(result.request.seed)).numpy()
    row = int(np.searchsorted(snapshots.step, step, side="right")) - 1
    return int(snapshots.step[row]), np.array(snapshots.fast(row), np.float32)


@recent(16, key=lambda task, request, weights, step, turns: (request.key, step, turns))
def slow_motion(
    task: GanTask, request: TrainingRequest, weights: NDArray[np.float32], step: int, turns: Sequence[Turn]
) -> tuple[Moment, ...]:
    """The moment before the first turn, and that after each.

    Args:
        task: what the request trains.
        request: whose optimizers, seed and schedule.
        weights: (parameters,) to start from, those after base step `step` of the run.
        step: the next batch is that of the training's base step after it.
        turns: who moves how far, one after the other.
    """
    model = task.model(request.seed)
    assign_weights(model, torch.from_numpy(np.array(weights, np.float32)))
    pairs = zip(task.players, spec_per_player(task.players, request.specs()), strict=True)
    players = [Player(task, model, name, spec) for name, spec in pairs]
    moments = [_moment(task, model, request.seed)]
    for movers, count in turns:
        moving = [player for player in players if movers in (player.name, "both")]
        diverged = False
        for _ in range(count):
            if diverged := not _advance(task, model, moving, request, step):
                break
            step += 1
        moments.append(_moment(task, model, request.seed, diverged=diverged))
    return tuple(moments)


def _advance(
    task: GanTask, model: torch.nn.Module, moving: Sequence[Player], request: TrainingRequest, step: int
) -> bool:
    """One base step of each, then their synchronisations, as in a training; undone, and False, if it is not finite."""
    weights_before, batch = flat_weights(model), task.batch(step, request.seed)
    last = min(step, request.steps - 1)  # of the schedule, which a cosine would climb again
    measures = [player.base_step(task, model, batch, last, request.steps) for player in moving]
    finite = all(math.isfinite(number) for pair in measures for number in pair)
    if not (finite and torch.isfinite(flat_weights(model)).all()):
        assign_weights(model, weights_before)
        return False
    for player in moving:
        player.synchronise()
    return True


def _moment(task: GanTask, model: torch.nn.Module, seed: int, *, diverged: bool = False) -> Moment:
    batch, count = task.batch(0, seed), POINTS if task.dataset == "ring" else IMAGES
    discriminator, generator = (model.get_submodule(name) for name in task.players)
    losses = [task.loss(model, batch, player).item() for player in task.players]
    with torch.no_grad():
        on_real = _output(task, discriminator(batch.real)).mean().item()
        on_generated = _output(task, discriminator(generator(batch.discriminator_latent))).mean().item()
        samples = task.samples(model, count).numpy()
        field = _field(task, discriminator) if task.dataset == "ring" else None
    return Moment(flat_weights(model).numpy(), (losses[0], losses[1]), on_real, on_generated, samples, field, diverged)


def _output(task: GanTask, logits: torch.Tensor) -> torch.Tensor:
    return logits if task.objective == "wgan-gp" else torch.sigmoid(logits)


def _field(task: GanTask, discriminator: torch.nn.Module) -> Grid:
    axis = np.linspace(-EDGE, EDGE, FIELD_POINTS)
    places = torch.from_numpy(np.stack(np.meshgrid(axis, axis), axis=-1).astype(np.float32).reshape(-1, 2))
    values: Floats = _output(task, discriminator(places)).numpy().astype(np.float64)
    return Grid(axis, axis, values.reshape(FIELD_POINTS, FIELD_POINTS))
