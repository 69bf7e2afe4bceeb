"""Lines of a track against the hand-worked run: gradient −1, lr 1, start 0, layers (2, .5), (3, .5)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from app.figures.lines import AVERAGE, layers_of, line_label, loss, path, pull_and_move, synchronisations, weights
from app.figures.scene import trajectory_scene
from app.player.tracks import Track
from optim_core.layers import InnerBuffers, Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import record


@pytest.fixture(scope="module")
def track() -> Track:
    def slope(x: torch.Tensor, _: int) -> tuple[torch.Tensor, torch.Tensor]:
        return -x.sum(-1), -torch.ones_like(x)

    spec = OptimizerSpec("two", lr=1.0, layers=(Layer(2, 0.5), Layer(3, 0.5)))
    return trajectory_scene(record(slope, (spec,), [[0.0, 0.0]], 7)).tracks[0]


def test_fast_weights_go_where_the_base_took_them_and_on_from_the_slow_ones(track: Track) -> None:
    """1, 2 | 1, 2, 3 | 2, 3, 4 | 1.5, 2.5: at each bar the line ends and goes on elsewhere."""
    line, gap = path(track, 0), np.nan
    assert np.array_equal(line.points[:, 0], [0, 1, 2, gap, 1, 2, 3, gap, 2, 3, 4, gap, 1.5, 2.5], equal_nan=True)
    assert line.rows.tolist() == [0, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 7]


def test_an_inner_layer_makes_its_own_update_before_the_outer_one_throws_it_back(track: Track) -> None:
    """φ₁: 1, 2, then 2 + .5(4 − 2) = 3 | 1.5; φ₂: 0 + .5(3 − 0) = 1.5."""
    inner, outer = path(track, 1), path(track, 2)
    assert np.array_equal(inner.points[:, 0], [0, 1, 2, 3, np.nan, 1.5], equal_nan=True)
    assert inner.rows.tolist() == [0, 2, 4, 6, 6, 6]
    assert outer.points[:, 0].tolist() == [0, 1.5]
    assert outer.rows.tolist() == [0, 6]


def test_a_line_can_be_drawn_up_to_any_row(track: Track) -> None:
    line = path(track, 0)
    assert [line.until(row) for row in (0, 1, 2, 7)] == [1, 2, 5, len(line.rows)]


def test_a_synchronisation_takes_each_layer_part_of_the_way_to_the_one_within(track: Track) -> None:
    """At step 6: φ₁ from 2 towards θ = 4 to 3, φ₂ from 0 towards that 3 to 1.5."""
    assert synchronisations(track).tolist() == [2, 4, 6]
    assert [[at[6, 0] for at in pull_and_move(track, layer)] for layer in (1, 2)] == [[2, 4, 3], [0, 3, 1.5]]
    assert [at[4, 0] for at in pull_and_move(track, 1)] == [1, 3, 2]


def test_a_run_that_has_diverged_synchronises_no_more(track: Track) -> None:
    assert synchronisations(replace(track, diverged=4)).tolist() == [2]


def test_slow_losses_are_those_of_the_rows_they_come_from(track: Track) -> None:
    assert loss(track, 2).tolist() == [0, 0, 0, 0, 0, 0, -3, -3]
    assert loss(track, 1).tolist() == (-2 * weights(track, 1)[:, 0]).tolist()


def test_an_average_is_a_line_of_its_own(track: Track) -> None:
    with_average = replace(track, averaged=0.5 * track.fast)
    assert layers_of(track) == (0, 1, 2)
    assert layers_of(with_average) == (0, 1, 2, AVERAGE)
    assert np.array_equal(weights(with_average, AVERAGE), 0.5 * track.fast)
    assert np.isnan(loss(with_average, AVERAGE)).all()
    assert not np.isnan(path(with_average, AVERAGE).points).any()
    assert line_label(AVERAGE) == "average of the fast weights"


def test_rows_that_are_not_consecutive_are_joined_as_they_are() -> None:
    spec = OptimizerSpec("one", lr=0.1, layers=(Layer(2, 0.5),))
    run = record(lambda x, _: ((x * x).sum(-1), 2 * x), (spec,), [[1.0, 0.0]], 9, keep=4)
    sparse = trajectory_scene(run).tracks[0]
    assert np.array_equal(path(sparse, 0).points, run.fast[:, 0, 0])
    assert np.array_equal(path(sparse, 1).points[:, 0], [1, run.slow[0][0][1, 0, 0], run.slow[0][0][2, 0, 0]])


@pytest.mark.parametrize("inner", ["keep", "reset"])
@pytest.mark.parametrize("nesterov", [False, True])
def test_with_outer_momentum_a_layer_arrives_where_the_textbook_has_it(nesterov: bool, inner: InnerBuffers) -> None:
    layers = (Layer(2, 0.5, 0.5, nesterov), Layer(2, 0.75, 0.25, not nesterov))
    spec = OptimizerSpec("kin", lr=0.1, layers=layers, inner_buffers=inner)

    def bowl(x: torch.Tensor, _: int) -> tuple[torch.Tensor, torch.Tensor]:
        return x.square().sum(-1), x - 1

    run = record(bowl, (spec,), [[4.0, -2.0]], 12)
    track = (
        trajectory_scene(run).tracks[0] if inner == "keep" else replace(trajectory_scene(run).tracks[0], resets=True)
    )
    before, target, arrival = pull_and_move(track, 2)
    for row in (4, 8, 12):
        np.testing.assert_allclose(arrival[row], run.slow[0][1][row, 0], rtol=1e-12)
        np.testing.assert_allclose(before[row], run.slow[0][1][row - 1, 0], rtol=1e-12)
        np.testing.assert_allclose(target[row], pull_and_move(track, 1)[2][row], rtol=1e-12)
    for row in (2, 6, 10):
        np.testing.assert_allclose(pull_and_move(track, 1)[2][row], run.slow[0][0][row, 0], rtol=1e-12)


def test_a_nesterov_step_overshoots_the_fast_weights() -> None:
    """k 2, α .75, μ .5, each base step adds 1: s = b = −2, φ = .75 (2 + 1) = 2.25, beyond θ = 2."""

    def slope(x: torch.Tensor, _: int) -> tuple[torch.Tensor, torch.Tensor]:
        return -x.sum(-1), -torch.ones_like(x)

    spec = OptimizerSpec("over", lr=1.0, layers=(Layer(2, 0.75, 0.5, True),))
    track = trajectory_scene(record(slope, (spec,), [[0.0, 0.0]], 4)).tracks[0]
    assert [at[2, 0] for at in pull_and_move(track, 1)] == [0, 2, 2.25]
    assert [at[4, 0] for at in pull_and_move(track, 1)] == [2.25, 4.25, 2.25 + 0.75 * (2 + 0.5 * 3)]
