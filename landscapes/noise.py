"""Seeded gradient noise: the same for every optimizer, whichever others run beside it.

A draw depends on (seed, start, evaluation) alone. Each start has its own SplitMix64 stream (Steele, Lea & Flood 2014,
*Fast splittable pseudorandom number generators*), whose n-th output costs one multiplication and a mix wherever it
lies in the stream: so draws may be made in any order, and a further start changes no other's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landscapes.fields import Field, Objective, changed, gradient_field
from landscapes.surfaces import Surface

Kind = Literal["none", "gaussian", "multiplicative", "student", "minibatch"]

Words = NDArray[np.uint64]
Reals = NDArray[np.float64]
Rows = TypeVar("Rows", Tensor, Reals)

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
SHIFT_STREAM = 2**63  # the stream that places the copies: no start has it
BLOCK = 2**15  # draws made at once: many make one cheap, few stay in the processor's cache
MOST_BATCHES = 200


@dataclass(frozen=True)
class Noise:
    """How the gradient g of an evaluation is disturbed, z being two independent standard normals.

    Args:
        kind: "none"; "gaussian", g + scale z; "multiplicative", g ⊙ (1 + scale z), which fades at a minimum;
            "student", g + scale t with t isotropic and heavy-tailed (bivariate Student); "minibatch", the gradient of
            one of `batches` copies of the objective, shifted by about `scale` along each axis.
        scale: at least 0.
        seed: a whole number in [0, 2⁶⁴).
        degrees_of_freedom: of "student", above 0; up to 2 the variance is infinite, up to 1 there is no mean.
        batches: the m of "minibatch", 1 to 200.
        replacement: whether "minibatch" draws the copy of each evaluation afresh, or goes through all m in a new
            random order each epoch (m evaluations).

    Raises:
        ValueError: a value is outside its range.
        TypeError: seed or batches is not a whole number.
    """

    kind: Kind = "none"
    scale: float = 1.0
    seed: int = 0
    degrees_of_freedom: float = 3.0
    batches: int = 10
    replacement: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {self.kind!r}")
        _check_whole("seed", self.seed, 0, 2**64 - 1)
        _check_whole("batches", self.batches, 1, MOST_BATCHES)
        if not (math.isfinite(self.scale) and self.scale >= 0):
            raise ValueError(f"scale must be at least 0 and finite, got {self.scale}")
        if not (math.isfinite(self.degrees_of_freedom) and self.degrees_of_freedom > 0):
            raise ValueError(f"degrees_of_freedom must be above 0 and finite, got {self.degrees_of_freedom}")


def with_noise(field: Field, noise: Noise, starts: int) -> Field:
    """A field, of a surface or of a game, whose gradient is disturbed and whose loss is not; on arrays, too, if it is.

    Args:
        field: the noise-free field.
        noise: of any kind but "minibatch", which needs the objective: see `noisy_field`.
        starts: row r of x belongs to start r % starts, and all rows of a start see the same noise.

    Raises:
        ValueError: the noise is "minibatch", or starts < 1; when called, that starts does not divide the rows.
    """
    if noise.kind == "minibatch":
        raise ValueError("kind must not be 'minibatch' for a field without an objective; use noisy_field")
    _check_whole("starts", starts, 1, 2**32)
    if noise.kind == "none":
        return field
    draw = _by_evaluation(lambda first, count: _disturbance(noise, starts, first, count), starts)
    return _disturbed(field, noise, starts, lambda optimizers, evaluation: draw(evaluation))


def with_noise_of_scales(field: Field, noise: Noise, starts: int, scales: Sequence[float]) -> Field:
    """`with_noise`, to the bit, where row r of x has the scale number r // starts in place of the noise's own.

    Raises:
        ValueError: as `with_noise`; when called, that there is not one scale for every `starts` rows.
    """
    if noise.kind in ("none", "minibatch") or len({*scales}) == 1:
        return with_noise(field, replace(noise, scale=scales[0]), starts)
    _check_whole("starts", starts, 1, 2**32)
    unit, each_scale = replace(noise, scale=1.0), np.array(scales, dtype=np.float64).reshape(-1, 1, 1)
    draw = _by_evaluation(lambda first, count: _draws(unit, starts, first, count), starts)

    def change_of(optimizers: int, evaluation: int) -> Reals:
        if optimizers != len(scales):
            raise ValueError(f"scales must have one entry for every {starts} rows, {optimizers}, got {len(scales)}")
        change = each_scale * draw(evaluation)
        return 1 + change if noise.kind == "multiplicative" else change

    return _disturbed(field, noise, starts, change_of)


def noisy_field(objective: Objective | Surface, noise: Noise, starts: int) -> Field:
    """The field of an objective or a surface under any noise; for "minibatch" the loss is the mean of the copies.

    Args and errors as `with_noise`.
    """
    field = objective.field() if isinstance(objective, Surface) else gradient_field(objective)
    if noise.kind != "minibatch":
        return with_noise(field, noise, starts)
    _check_whole("starts", starts, 1, 2**32)
    mean = mean_function(objective.function if isinstance(objective, Surface) else objective, noise)
    places = shifts(noise).numpy()
    draw = _by_evaluation(lambda first, count: places[copies(noise, starts, first, count)], starts)

    def noisy(x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        shifted_places = _by_start(x.detach(), starts) - torch.from_numpy(draw(evaluation))
        with torch.no_grad():
            loss = mean(x)
        return loss, field(shifted_places.view(x.shape), evaluation)[1]

    return noisy


def shifts(noise: Noise) -> Tensor:
    """Where "minibatch" shifts its m copies: (m, 2), drawn from the seed, deviation `scale` per axis, mean 0."""
    places = _normal_pairs(noise.seed, np.array([SHIFT_STREAM], np.uint64), 0, noise.batches, math.inf)[:, 0]
    return torch.from_numpy(noise.scale * (places - places.mean(0)))


def shifted_copies(objective: Objective, noise: Noise) -> Objective:
    """All copies at once: (..., 2) -> (m, ...), copy a being the objective at p − shift a."""
    places = shifts(noise)

    def every_copy(p: Tensor) -> Tensor:
        return objective(p - places.view(-1, *[1] * (p.dim() - 1), 2))

    return every_copy


def mean_function(objective: Objective, noise: Noise) -> Objective:
    """What "minibatch" minimises: the mean of the m copies."""
    every_copy = shifted_copies(objective, noise)
    return lambda p: every_copy(p).mean(0)


def mean_surface(surface: Surface, noise: Noise) -> Surface:
    """The surface of the mean of the copies, with its own minima: what to draw and to measure against."""
    formula = rf"\frac1{{{noise.batches}}}\sum_a f(p - s_a),\quad f = {surface.formula}"
    return replace(surface, formula=formula, function=mean_function(surface.function, noise), slope=None)


def copies(noise: Noise, starts: int, first: int, count: int) -> NDArray[np.intp]:
    """Which copy "minibatch" uses at the evaluations first, first + 1, ...: (count, starts), each in 0 .. m − 1."""
    m = noise.batches
    streams = np.arange(starts, dtype=np.uint64)
    if noise.replacement:
        return (m * _uniform(noise.seed, streams, first, count, 1)[..., 0]).astype(np.intp)
    first_epoch, last_epoch = first // m, (first + count - 1) // m
    ranks = _uniform(noise.seed, streams, first_epoch, last_epoch - first_epoch + 1, m).argsort(-1)
    return np.moveaxis(ranks, -1, 1).reshape(-1, starts)[first - first_epoch * m :][:count]


def _disturbed(field: Field, noise: Noise, starts: int, change_of: Callable[[int, int], Reals]) -> Field:
    """The field, its gradient plus or times change_of(optimizers, evaluation), (optimizers or 1, starts, 2)."""
    join, join_arrays = (torch.mul, np.multiply) if noise.kind == "multiplicative" else (torch.add, np.add)

    def noisy(x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        loss, gradient = field(x, evaluation)
        by_start = _by_start(gradient, starts)
        change = torch.from_numpy(change_of(len(by_start), evaluation))
        return loss, join(by_start, change).view(gradient.shape)

    def disturb(gradient: Reals, evaluation: int) -> None:
        by_start = _by_start(gradient, starts)
        join_arrays(by_start, change_of(len(by_start), evaluation), by_start)

    return changed(field, noisy, disturb)


def _disturbance(noise: Noise, starts: int, first: int, count: int) -> Reals:
    """What is added to the gradients, or multiplies them: (count, starts, 2)."""
    draws = _draws(noise, starts, first, count)
    return 1 + draws if noise.kind == "multiplicative" else draws


def _draws(noise: Noise, starts: int, first: int, count: int) -> Reals:
    freedom = noise.degrees_of_freedom if noise.kind == "student" else math.inf
    pairs = _normal_pairs(noise.seed, np.arange(starts, dtype=np.uint64), first, count, freedom)
    return np.asarray(noise.scale * pairs)


def _by_evaluation(draw: Callable[[int, int], Reals], starts: int) -> Callable[[int], Reals]:
    """From draw(first, count) -> (count, starts, 2), the draws of one evaluation, made and kept in blocks."""
    size = max(1, BLOCK // starts)

    @lru_cache(maxsize=2)
    def block(index: int) -> Reals:
        return draw(index * size, size)

    return lambda evaluation: block(evaluation // size)[evaluation % size]


def _by_start(rows: Rows, starts: int) -> Rows:
    """(rows, 2) as (optimizers, starts, 2), the same memory."""
    if len(rows) % starts:
        raise ValueError(f"starts must divide the {len(rows)} rows, got {starts}")
    return rows.reshape(-1, starts, rows.shape[-1])


def _normal_pairs(seed: int, streams: Words, first: int, count: int, freedom: float) -> Reals:
    """Isotropic Student pairs, (count, streams, 2), by Bailey's polar method; infinite freedom is Box and Muller's."""
    uniform = _uniform(seed, streams, first, count, 2)
    tail, angle = -2 * np.log(uniform[..., 0]), 2 * np.pi * uniform[..., 1]
    radius = np.sqrt(tail if math.isinf(freedom) else freedom * np.expm1(tail / freedom))
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), -1)


def _uniform(seed: int, streams: Words, first: int, count: int, per: int) -> Reals:
    """Draws first·per, first·per + 1, ... of each stream, inside (0, 1): (count, streams, per)."""
    keys = _mix(_mix(np.array([seed], np.uint64)) + streams * GOLDEN)
    counter = np.arange(first * per + 1, (first + count) * per + 1, dtype=np.uint64).reshape(count, 1, per)
    bits = _mix(keys.reshape(-1, 1) + counter * GOLDEN)
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _mix(word: Words) -> Words:
    """The output function of SplitMix64."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def _check_whole(name: str, value: int, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be in [{least}, {most}], got {value}")
