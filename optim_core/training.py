"""Train a network and record curves, weight snapshots, and a state to continue from.

One step, for players p in order (one for a classifier; discriminator, then generator for a GAN):

    every p:      θ_p ← base step on the gradient of p's loss, at one mini-batch drawn from (step, seed) alone
    then every p: synchronise the layers that are due, together (Lookahead-minmax: Chavdarova et al., arXiv 2006.14567)

Results do not depend on interruptions: batches are drawn by number and torch's generator is seeded anew at each
step, so optimizers that are compared see the same data, and a run that continues from a checkpoint repeats bit for bit.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from optim_core.curves import CurveRecorder, Curves
from optim_core.device import CPU, DEVICES, moved, placed, random_state_kept, resolved_device, seed_generators
from optim_core.layers import Layer
from optim_core.players import Player, spec_per_player
from optim_core.snapshots import MemorySink, Snapshots, SnapshotSink
from optim_core.spec import OptimizerSpec
from optim_core.task import Task, flat, set_weights

STATE_FORMAT = 1
MAX_TRAINING_STEPS = 1_000_000


@dataclass(frozen=True)
class Plan:
    """How long to train, where, and what to measure on the way; the arguments of `train` in one value.

    Raises:
        ValueError: a number out of range.
    """

    steps: int
    seed: int
    evaluate_every: int | None = None
    snapshot_every: int | None = None
    ema: float | None = None
    device: str = CPU

    def __post_init__(self) -> None:
        if self.device not in DEVICES[1:]:
            raise ValueError(f"device must be one of {', '.join(DEVICES[1:])}, got {self.device!r}")
        _check_whole("steps", self.steps, 1, MAX_TRAINING_STEPS)
        _check_whole("seed", self.seed, 0, 2**32 - 1)
        for name in ("evaluate_every", "snapshot_every"):
            if getattr(self, name) is not None:
                _check_whole(name, getattr(self, name))
        if self.ema is not None and not 0 <= self.ema < 1:
            raise ValueError(f"ema must be a decay in [0, 1), got {self.ema}")


@dataclass(frozen=True)
class TrainingRun:
    """A run that ended: all its steps done, diverged, or stopped.

    Weight vectors hold the players' parameters in order, flattened: `sizes` numbers for each player.

    steps: asked for      diverged: the step whose loss, gradient or weights were not finite; curves end before it
    state: continues the run through `train(..., resume_from=state)`; save it with torch.save, load it with weights_only
    """

    players: tuple[str, ...]
    sizes: tuple[int, ...]
    layers: tuple[Layer, ...]
    steps: int
    curves: Curves
    snapshots: Snapshots
    diverged: int | None
    state: Mapping[str, Any]

    @property
    def done(self) -> int:
        """Steps taken."""
        return len(self.curves.step)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do; a diverged run has nothing left either."""
        return self.diverged is not None or self.done == self.steps


def train(
    task: Task,
    optimizers: OptimizerSpec | Mapping[str, OptimizerSpec],
    steps: int,
    seed: int,
    *,
    evaluate_every: int | None = None,
    snapshot_every: int | None = None,
    ema: float | None = None,
    sink: SnapshotSink | None = None,
    on_progress: Callable[[Training], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    resume_from: Mapping[str, Any] | None = None,
    device: str = CPU,
) -> TrainingRun:
    """Train until `steps` steps are done, the run diverges, or `should_stop` says so.

    Args:
        task: data, model and losses.
        optimizers: one for every player, or a mapping from each player to its own. Their layers must have the same
            periods k, because all players synchronise together.
        steps: base steps of each player, 1 to 1,000,000.
        seed: of weights, batches and whatever the model draws.
        evaluate_every: steps between evaluations of fast, slow and averaged weights; an epoch if not given. The start
            and the last step are always evaluated.
        snapshot_every: steps between snapshots; none at all if not given. The start and the last step are always kept.
        ema: also keep an exponential moving average of the fast weights with this decay, as torch.optim.swa_utils does.
        sink: where snapshots go; memory if not given.
        on_progress: called with the `Training` after each step: `.step`, `.curves()` and `.state()` are ready to read.
        should_stop: asked before each step; a stopped run can be continued.
        resume_from: the state of an earlier run of the same task, optimizers, seed, intervals and device.
        device: "cpu", "cuda", "mps", or "auto": an accelerator where there is one; see `optim_core.device`.

    Raises:
        ValueError: a number out of range, a device that is not at hand, players without an optimizer, layers that
            differ between players, or a state that belongs to another run; each names the field and the value.
    """
    plan = Plan(steps, seed, evaluate_every, snapshot_every, ema, resolved_device(device))
    training = Training(task, optimizers, plan, sink)
    training.begin(resume_from)
    training.run(on_progress, should_stop)
    return training.result()


class Training:
    """One run in progress, as `train` makes it: begin, run, result."""

    def __init__(
        self,
        task: Task,
        optimizers: OptimizerSpec | Mapping[str, OptimizerSpec],
        plan: Plan,
        sink: SnapshotSink | None = None,
    ) -> None:
        self.task, self.plan = task, plan
        self.evaluate_every = plan.evaluate_every or task.steps_per_epoch
        self.average = None if plan.ema is None else get_ema_multi_avg_fn(plan.ema)  # type: ignore[no-untyped-call]
        self.specs = spec_per_player(task.players, optimizers)
        self.layers = self.specs[0].layers
        self.step, self.diverged = 0, -1
        self.device = resolved_device(plan.device)
        self.model = placed(task.model(plan.seed), self.device)
        self.model.train()
        self.probe = copy.deepcopy(self.model)
        pairs = zip(task.players, self.specs, strict=True)
        self.movers = [Player(task, self.model, name, spec) for name, spec in pairs]
        self.recorder = CurveRecorder(tuple(task.players))
        self.sink = MemorySink() if sink is None else sink
        self.start = self._fast()
        self.tracks = {name: self.start.clone() for name in self._track_names()}

    @property
    def ended(self) -> bool:
        """Whether the run has nothing left to do."""
        return self.diverged >= 0 or self.step >= self.plan.steps

    def curves(self) -> Curves:
        """The curves so far."""
        return self.recorder.curves()

    def begin(self, state: Mapping[str, Any] | None = None) -> None:
        """Measure the start, or continue from `state`."""
        self.sink.open(tuple(self.tracks), self.start.numel())
        if state is None:
            with random_state_kept(self.device):
                self._observe()
        else:
            self._restore(state)

    def run(
        self,
        on_progress: Callable[[Training], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        """Advance until the run has ended or `should_stop` says so."""
        while not self.ended and not (should_stop is not None and should_stop()):
            with random_state_kept(self.device):
                self._advance()
            if on_progress is not None:
                on_progress(self)

    def _advance(self) -> None:
        """One step of all players, measured."""
        self._seed_generator()
        batch = moved(self.task.batch(self.step, self.plan.seed), self.device)
        measures = [mover.base_step(self.task, self.model, batch, self.step, self.plan.steps) for mover in self.movers]
        losses, norms = zip(*measures, strict=True)
        proposal = self._fast()
        from_start = torch.dist(proposal, self.start).item()
        if not all(map(math.isfinite, (*losses, *norms, from_start))):
            self.diverged = self.step + 1
            return
        self.step += 1
        self._synchronise(proposal)
        self.recorder.add(losses, norms, (from_start, *self._slow_distances(from_start)))
        self._observe()

    def state(self) -> dict[str, Any]:
        """All that `begin` needs: tensors and plain values; the tensors are the live ones, so save or copy at once."""
        return {
            "format": STATE_FORMAT,
            "run": self._fingerprint(),
            "step": self.step,
            "diverged": self.diverged,
            "model": self.model.state_dict(),
            "optimizers": [mover.optimizer.state_dict() for mover in self.movers],
            "tracks": dict(self.tracks),
            "curves": self.recorder.state(),
            "snapshots": self.sink.state(),
        }

    def result(self) -> TrainingRun:
        """The run as it stands."""
        state = copy.deepcopy(self.state())
        steps, arrays = self.sink.close()
        sizes = tuple(sum(p.numel() for p in mover.parameters) for mover in self.movers)
        return TrainingRun(
            players=tuple(self.task.players),
            sizes=sizes,
            layers=self.layers,
            steps=self.plan.steps,
            curves=self.curves(),
            snapshots=Snapshots(self.layers, steps, arrays),
            diverged=None if self.diverged < 0 else self.diverged,
            state=state,
        )

    def _synchronise(self, proposal: torch.Tensor) -> None:
        counts = [mover.synchronise() for mover in self.movers]
        self.tracks["proposal"] = proposal
        for number in range(1, counts[0] + 1):
            self.tracks[f"slow_{number}"] = flat([w for mover in self.movers for w in mover.slow_weights(number)])
        if self.average is not None:
            fast = self._fast() if counts[0] else proposal
            self.average([self.tracks["ema"]], [fast], self.step)

    def _seed_generator(self) -> None:
        """What the task draws from torch's own generator (dropout, say) depends on seed and step alone."""
        seed_generators(self.device, (self.plan.seed * 0x9E3779B97F4A7C15 + self.step) % 2**63)

    def _observe(self) -> None:
        last = self.step == self.plan.steps
        if self.step % self.evaluate_every == 0 or last:
            self._evaluate()
        if self.plan.snapshot_every is not None and (self.step % self.plan.snapshot_every == 0 or last):
            self.sink.append(self.step, self.tracks)

    def _evaluate(self) -> None:
        buffers = dict(self.model.named_buffers())
        for name, weights in self.tracks.items():
            for buffer_name, buffer in self.probe.named_buffers():
                buffer.copy_(buffers[buffer_name])
            set_weights(self.task, self.probe, weights)
            self._seed_generator()
            if name != "proposal" and hasattr(self.task, "refresh_statistics"):
                self.task.refresh_statistics(self.probe)
            with torch.no_grad():
                metrics = self.task.evaluate(self.probe)
            self.recorder.measure(self.step, "fast" if name == "proposal" else name, metrics)

    def _slow_distances(self, from_start: float) -> tuple[float, float]:
        """Of the outermost slow weights, from the start and from the fast weights."""
        if not self.layers:
            return from_start, 0.0
        slow = self.tracks[f"slow_{len(self.layers)}"]
        return torch.dist(slow, self.start).item(), torch.dist(self.tracks["proposal"], slow).item()

    def _fast(self) -> torch.Tensor:
        return flat([p for mover in self.movers for p in mover.parameters])

    def _track_names(self) -> list[str]:
        slow = [f"slow_{number}" for number in range(1, len(self.layers) + 1)]
        return ["proposal", *slow, *(["ema"] if self.plan.ema is not None else [])]

    def _fingerprint(self) -> str:
        optimizers = [asdict(replace(spec, name="")) for spec in self.specs]  # the name changes no run
        for settings_of_one in optimizers:
            del settings_of_one["mu_y"], settings_of_one["mu_x"]  # nor do these, which serve no optimizer here
        plan = asdict(self.plan)
        if self.device == CPU:
            del plan["device"]  # as in states from before there was a choice
        settings = {"task": self.task.describe(), "optimizers": optimizers} | plan
        return json.dumps(settings | {"evaluate_every": self.evaluate_every}, sort_keys=True)

    def _restore(self, state: Mapping[str, Any]) -> None:
        if state.get("format") != STATE_FORMAT or state.get("run") != self._fingerprint():
            raise ValueError(
                "resume_from must be a state of the same task, optimizers, seed, steps, intervals and device: expected "
                f"{self._fingerprint()}, got {state.get('run')}"
            )
        self.step, self.diverged = int(state["step"]), int(state["diverged"])
        self.model.load_state_dict(state["model"])
        for mover, optimizer_state in zip(self.movers, state["optimizers"], strict=True):
            mover.optimizer.load_state_dict(optimizer_state)
        self.tracks = {name: state["tracks"][name].clone() for name in self.tracks}
        self.recorder.restore(state["curves"])
        self.sink.restore(state["snapshots"])


def _check_whole(name: str, value: int, least: int = 1, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        interval = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {interval}, got {value!r}")
