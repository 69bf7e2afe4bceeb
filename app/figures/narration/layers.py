"""What follows from the layers and the length of a run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.figures.narration.facts import period_of
from app.figures.narration.observation import END, FIRST_MOVE, SETTING, WAITING, Observation, timeline
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec

Run = tuple[OptimizerSpec, int]  # an optimizer and its last base step
Rule = Callable[[Sequence[Run], int], Iterator[Observation]]
LONG = 30  # base steps for which a remark on a setting stays


def waits(runs: Sequence[Run], steps: int) -> Iterator[Observation]:
    """An outer layer has not moved yet."""
    for spec, last, level, period in _outer(runs):
        if 2 < period <= last:
            text = (
                f"Layer {level} of {spec.name} synchronises once in {period:,} steps: "
                f"nothing to see of it before step {period:,}."
            )
            yield Observation(text, 1, period - 1, WAITING)


def never_moves(runs: Sequence[Run], steps: int) -> Iterator[Observation]:
    """A layer's period is longer than the run."""
    for spec, _ in runs:
        for level in range(1, len(spec.layers) + 1):
            if (period := period_of(spec.layers, level)) > steps:
                text = (
                    f"The period of layer {level} of {spec.name}, {period:,} steps, is longer than the run: "
                    "its slow weights never move."
                )
                yield Observation(text, 1, steps, WAITING)
                break  # those around it wait even longer


def first_moves(runs: Sequence[Run], steps: int) -> Iterator[Observation]:
    """An outer layer synchronises for the first time."""
    for spec, last, level, period in _outer(runs):
        if period <= last and spec.layers[level - 1].alpha > 0:
            text = (
                f"Layer {level} of {spec.name} has just synchronised for the first time: "
                "all inside it restart from there."
            )
            yield Observation(text, period, min(steps, period + 5), FIRST_MOVE)


def single_steps(runs: Sequence[Run], steps: int) -> Iterator[Observation]:
    """K = 1 of one layer only shortens SGD's step."""
    for spec, _ in runs:
        if len(spec.layers) == 1 and spec.layers[0].k == 1 and spec.base == "sgd" and _plain(spec.layers[0]):
            text = f"With k = 1, {spec.name} is SGD at α times its lr: every step is cut short, nothing is averaged."
            yield Observation(text, 1, min(steps, LONG), SETTING)


def copies(runs: Sequence[Run], steps: int) -> Iterator[Observation]:
    """α = 1 in every layer changes nothing."""
    for spec, _ in runs:
        keeps = spec.base == "sgd" or spec.sync_momentum != "reset"
        copying = all(layer.alpha == 1 and not layer.outer_momentum for layer in spec.layers)
        if spec.layers and keeps and copying:
            text = f"With α = 1, the slow weights of {spec.name} go all the way: its path is the one without layers."
            yield Observation(text, 1, min(steps, LONG), SETTING)


def frozen(runs: Sequence[Run], steps: int) -> Iterator[Observation]:
    """α = 0 in a layer holds everything at the start."""
    for spec, last in runs:
        levels = [level for level, layer in enumerate(spec.layers, start=1) if layer.alpha == 0]
        if levels and (period := period_of(spec.layers, levels[0])) <= last:
            text = (
                f"Layer {levels[0]} of {spec.name} has α = 0: every {period:,} steps it throws all inside it "
                "back to the start."
            )
            yield Observation(text, 1, steps, SETTING)


LAYER_RULES: tuple[Rule, ...] = (waits, never_moves, first_moves, single_steps, copies, frozen)


def of_layers(specs: Sequence[OptimizerSpec], steps: int, diverged: Sequence[int] = ()) -> list[Observation]:
    """All of these; `diverged`: the steps at which the optimizers did, −1 for those that did not."""
    ends = diverged or [-1] * len(specs)
    runs = [(spec, steps if step < 0 else step - 1) for spec, step in zip(specs, ends, strict=True)]
    return [one for rule in LAYER_RULES for one in rule(runs, steps)]


def training_narration(
    specs: Sequence[OptimizerSpec], steps: int, diverged: Sequence[int | None]
) -> tuple[tuple[int, str], ...]:
    """The line under the player of training runs; `diverged` as they say it."""
    ends = [-1 if step is None else step for step in diverged]
    endings = [
        Observation(f"{spec.name} has diverged at step {step:,}: its run ends here.", step, steps, END)
        for spec, step in zip(specs, ends, strict=True)
        if 0 <= step <= steps
    ]
    return timeline([*of_layers(specs, steps, ends), *endings])


def _plain(layer: Layer) -> bool:
    """Whether it averages: a fraction less than 1, and no momentum of its own."""
    return layer.alpha < 1 and not layer.outer_momentum


def _outer(runs: Sequence[Run]) -> Iterator[tuple[OptimizerSpec, int, int, int]]:
    """Layers from the second on, with the last step and their periods; of optimizers with the same, the first."""
    pairs = set()
    for spec, last in runs:
        for level in range(2, len(spec.layers) + 1):
            period = period_of(spec.layers, level)
            if (level, period) not in pairs:
                pairs.add((level, period))
                yield spec, last, level, period
