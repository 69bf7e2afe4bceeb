"""Train many small networks of one shape at once, each with its own seed, optimizer, layers and labels.

What `optim_core.training.train` computes for each of them, step for step; only the order in which sums are added may
differ (docs/decisions/2026-11-30-ensembles.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from optim_core.batch import Due, assign
from optim_core.curves import CurveRecorder, Curves
from optim_core.device import CPU, moved, random_state_kept, resolved_device
from optim_core.players import spec_per_player
from optim_core.spec import OptimizerSpec
from optim_core.stacked import StackedPlayer, stacked
from optim_core.task import Task, set_weights
from optim_core.training import Plan

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Member:
    """One run: what `train` is given.

    task: of one shape with those of the other members; the losses are those of the first member's task.
    optimizers: of one base method with those of the other members; lr, momentum, weight decay, schedule, layers differ.
    seed: of weights and batches.
    """

    task: Task
    optimizers: OptimizerSpec | Mapping[str, OptimizerSpec]
    seed: int


@dataclass(frozen=True, eq=False)
class MemberRun:
    """A member's run that ended: all its steps done, or diverged.

    diverged: the step whose loss, gradient or weights were not finite; the curves end before it
    weights: the last ones by their name, "fast", "slow_1" …, "ema", each (parameters,); of no use where it diverged
    """

    curves: Curves
    diverged: int | None
    weights: Mapping[str, Tensor]


def train_together(
    members: Sequence[Member],
    steps: int,
    *,
    evaluate_every: int | None = None,
    ema: float | None = None,
    device: str = CPU,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[MemberRun] | None:
    """Train all members for so many base steps; None where `should_stop` said so.

    Args:
        members: the runs.
        steps: base steps of each, 1 to 1,000,000.
        evaluate_every: steps between evaluations, an epoch if not given; the start and the last step are evaluated.
        ema: also keep an exponential moving average of the fast weights with this decay.
        device: one of `optim_core.device.DEVICES`.
        on_progress: called with (steps done, steps) after each step.
        should_stop: asked before each step.

    Raises:
        ValueError: no member, a number out of range, models of different shapes or with state beside their parameters
            (BatchNorm), base methods of different kinds, one that does not act number by number (Muon), or a device
            that is not at hand.
    """
    ensemble = Ensemble(members, Plan(steps, 0, evaluate_every, None, ema), resolved_device(device))
    while not ensemble.ended:
        if should_stop is not None and should_stop():
            return None
        ensemble.advance()
        if on_progress is not None:
            on_progress(ensemble.step, steps)
    return ensemble.results()


class Ensemble:
    """An ensemble in progress, as `train_together` makes it; `plan.seed` is not used."""

    def __init__(self, members: Sequence[Member], plan: Plan, device: str = CPU) -> None:
        self.plan, self.device, self.step = plan, device, 0
        task = _first(members).task
        self.tasks = [member.task for member in members]
        specs = [spec_per_player(task.players, member.optimizers) for member in members]
        self.layers = [of_players[0].layers for of_players in specs]
        models = [member.task.model(Plan(plan.steps, member.seed).seed) for member in members]
        _check_shapes(models)
        self.players = [
            StackedPlayer(task, models, name, [of_players[place] for of_players in specs], device)
            for place, name in enumerate(task.players)
        ]
        self.probe = models[0].to(device)
        self.evaluate_every = plan.evaluate_every or task.steps_per_epoch
        self.average = None if plan.ema is None else get_ema_multi_avg_fn(plan.ema)  # type: ignore[no-untyped-call]
        self.start = torch.cat([player.x for player in self.players], dim=1)
        self.proposal, self.fast, self.outermost, self.ema, self.difference = (self.start.clone() for _ in range(5))
        self.slow_from_start = self.start.new_zeros(len(members))
        outer_periods = [of_players[0].outer_period for of_players in specs]
        self.outer = Due([outer_periods], (len(members), 1), device)
        self.diverged = np.full(len(members), -1)
        self.rows: list[NDArray[np.float64]] = []
        self.recorders = [CurveRecorder(tuple(task.players)) for _ in members]
        self.batches = _Batches(members)
        self._evaluate()

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.step >= self.plan.steps or bool((self.diverged >= 0).all())

    @torch.no_grad()
    def advance(self) -> None:
        """One step of all players of all members, measured."""
        stacked_batch, rows = self.batches.at(self.step)
        batch = moved(stacked_batch, self.device)
        measures: list[list[Tensor]] = [[], []]
        for player in self.players:
            others = {name: one for other in self.players if other is not player for name, one in other.weights.items()}
            with torch.enable_grad():
                measured = player.evaluate(batch, rows, others)
            player.step(self.step, self.plan.steps)
            for column, values in zip(measures, measured, strict=True):
                column.append(values)
        self.step += 1
        self._copy_fast(self.proposal)
        from_start = self._distance(self.proposal, self.start)
        self._synchronise()
        distances = [from_start, self.slow_from_start, self._distance(self.proposal, self.outermost)]
        self._record(torch.stack([*measures[0], *measures[1], *distances]).cpu().double().numpy())
        if self.step % self.evaluate_every == 0 or self.step == self.plan.steps:
            self._evaluate()

    def _synchronise(self) -> None:
        for player in self.players:
            player.synchronise(self.step)
        self._copy_fast(self.fast)
        for mask in self.outer.at(self.step):  # there the outermost slow weights equal the fast ones
            assign(self.outermost, self.fast, mask)
            self.slow_from_start = self._distance(self.outermost, self.start)
        if self.average is not None:
            self.average([self.ema], [self.fast], self.step)

    def _record(self, row: NDArray[np.float64]) -> None:
        """Keep a row of measurements, (numbers, members); of each member up to where it diverges."""
        fine = np.isfinite(row[: 2 * len(self.players) + 1]).all(axis=0)
        self.diverged[(self.diverged < 0) & ~fine] = self.step
        self.rows.append(row)

    def results(self) -> list[MemberRun]:
        """The runs as they stand."""
        table = np.stack(self.rows, axis=-1)  # (numbers, members, steps)
        runs = []
        for row, (recorder, diverged) in enumerate(zip(self.recorders, self.diverged.tolist(), strict=True)):
            done = self.step if diverged < 0 else diverged - 1
            recorder.rows = list(table[:, row, :done].T)
            gone = None if diverged < 0 else diverged
            runs.append(MemberRun(recorder.curves(), gone, {name: w.cpu().clone() for name, w in self._tracks(row)}))
        return runs

    def _tracks(self, row: int) -> Iterator[tuple[str, Tensor]]:
        """The weights of one member by their names."""
        yield "fast", self.proposal[row]
        for level in range(len(self.layers[row])):
            yield f"slow_{level + 1}", torch.cat([player.column.slow[level, row] for player in self.players])
        if self.average is not None:
            yield "ema", self.ema[row]

    def _evaluate(self) -> None:
        with random_state_kept(self.device):
            for row, (task, recorder) in enumerate(zip(self.tasks, self.recorders, strict=True)):
                if self.diverged[row] >= 0:
                    continue
                known: dict[str, float] | None = None
                for name, weights in self._tracks(row):
                    if known is None or self.step > 0:  # at the start all tracks are the same
                        set_weights(task, self.probe, weights)
                        known = task.evaluate(self.probe)
                    recorder.measure(self.step, name, known)

    def _copy_fast(self, into: Tensor) -> None:
        torch.cat([player.x for player in self.players], dim=1, out=into)

    def _distance(self, one: Tensor, other: Tensor) -> Tensor:
        """Of each member, (members,); memory that is used again spares the system's fresh pages."""
        norms: Tensor = torch.linalg.vector_norm(torch.sub(one, other, out=self.difference), dim=1)
        return norms


class _Batches:
    """The members' mini-batches; those of one task and seed are drawn once."""

    def __init__(self, members: Sequence[Member]) -> None:
        distinct: dict[tuple[int, int], int] = {}
        tasks = {id(member.task): member.task for member in members}
        alike = {place: next(other for other in tasks if tasks[other] == task) for place, task in tasks.items()}
        keys = [(alike[id(member.task)], member.seed) for member in members]
        self.places = [distinct.setdefault(key, len(distinct)) for key in keys]
        self.draws = [(tasks[task], seed) for task, seed in distinct]

    def at(self, step: int) -> tuple[object, int]:
        """The mini-batches of step `step` (from 0), one for each member, and the rows of one."""
        return stacked([task.batch(step, seed) for task, seed in self.draws], self.places)


def _first(members: Sequence[Member]) -> Member:
    if not members:
        raise ValueError("an ensemble must have at least 1 member, got none")
    return members[0]


def _check_shapes(models: Sequence[torch.nn.Module]) -> None:
    shapes = {tuple((name, tuple(p.shape)) for name, p in model.named_parameters()) for model in models}
    if len(shapes) > 1:
        raise ValueError("members of an ensemble must have networks of one shape: train those of each by themselves")
    if names := [name for name, _ in models[0].named_buffers()]:
        raise ValueError(
            f"networks of an ensemble must have no state beside their parameters, got {names[0]}: use `train`, or a "
            "network without BatchNorm"
        )
