import math

import numpy as np
import pytest
import torch

from optim_core.layers import Layer
from optim_core.lookahead import MultilayerLookahead
from optim_core.reference import fast_weights
from optim_core.spec import BASES, OptimizerSpec, Schedule
from optim_core.trajectory import record

FIVE = Layer(5, 0.5)
THREE = (
    OptimizerSpec("sgd", lr=0.01),
    OptimizerSpec("one", lr=0.01, layers=(FIVE,)),
    OptimizerSpec("two", lr=0.01, layers=(FIVE, FIVE)),
)


def constant(x, evaluation):
    """Gradient −1 everywhere: with lr 1 each base step adds 1."""
    return -x.sum(-1), -torch.ones_like(x)


def quartic(x, evaluation):
    return (x**4 - x**2).sum(-1), 4 * x**3 - 2 * x


def test_two_layers_follow_the_hand_worked_sequence():
    spec = OptimizerSpec("two", lr=1.0, layers=(Layer(2, 0.5), Layer(3, 0.5)))
    run = record(constant, [spec], [0.0], 14)
    assert run.fast[1:, 0, 0, 0].tolist() == [1, 1, 2, 2, 3, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 3, 4, 4]
    assert run.synchronised[:, 0].tolist() == [0, 0, 1, 0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 0, 1]
    assert run.slow[0][1][:, 0, 0].tolist() == [0] * 6 + [1.5] * 6 + [3] * 3
    # before step 6's synchronisation: φ_1 = 2 and two base steps on, θ = 4; then φ_1 ← 3, φ_2 ← 0 + .5 (3 − 0) = 1.5
    assert run.proposal[6, 0, 0, 0] == 4
    assert run.synchronisations(0) == (7, 2)


def test_row_zero_is_the_start_for_fast_and_slow_weights():
    run = record(quartic, THREE, [[0.3, -0.2]], 5)
    for place in (run.fast[0, :, 0], run.proposal[0, :, 0], run.slow[1][0][0], run.slow[2][1][0]):
        assert (place == [0.3, -0.2]).all()
    assert run.step[0] == 0
    assert run.synchronised[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("base", BASES)
def test_a_batch_gives_the_iterates_of_separate_loops(base):
    starts = np.random.default_rng(0).normal(size=(3, 2))
    specs = [OptimizerSpec(str(depth), base=base, lr=0.02, layers=(Layer(3, 0.6),) * depth) for depth in range(3)]
    run = record(quartic, specs, starts, 20)
    for index, spec in enumerate(specs):
        for number, start in enumerate(starts):
            weight = torch.nn.Parameter(torch.tensor(start))
            optimizer = spec.build([weight], foreach=False)
            for step in range(20):
                weight.grad = quartic(weight.detach(), step)[1]
                optimizer.step()
                assert (weight.detach().numpy() == run.fast[step + 1, index, number]).all()


def test_slow_weights_and_counts_are_those_of_the_class():
    spec = OptimizerSpec("three", lr=0.05, layers=(Layer(2, 0.3), Layer(2, 0.7), Layer(2, 0.5)))
    run = record(quartic, [spec], [0.4], 17)
    weight = torch.nn.Parameter(torch.tensor([0.4], dtype=torch.float64))
    optimizer = spec.build([weight])
    assert isinstance(optimizer, MultilayerLookahead)
    for step in range(17):
        weight.grad = quartic(weight.detach(), step)[1]
        optimizer.step()
        assert run.synchronised[step + 1, 0] == optimizer.synchronised
        for layer in (1, 2, 3):
            assert run.slow[0][layer - 1][step + 1, 0, 0] == optimizer.slow_weights(layer)[0].item()


def test_loss_at_slow_weights_is_the_loss_where_they_are():
    run = record(quartic, THREE, [[0.3, -0.2], [1.1, 0.6]], 60)
    for index in range(3):
        at_slow, _ = quartic(torch.from_numpy(run.outermost(index).copy()), 0)
        np.testing.assert_allclose(run.slow_loss[:, index], at_slow.numpy(), rtol=1e-12)


def test_loss_and_gradient_norm_belong_to_the_iterate_of_their_row():
    run = record(quartic, THREE, [[0.3, -0.2]], 30)
    loss, gradient = quartic(torch.from_numpy(run.fast.copy()), 0)
    np.testing.assert_allclose(run.loss, loss.numpy(), rtol=1e-12)
    np.testing.assert_allclose(run.gradient_norm, gradient.norm(dim=-1).numpy(), rtol=1e-12)


def test_one_evaluation_a_step_serves_every_run():
    calls = []

    def counting(x, evaluation):
        calls.append((evaluation, len(x)))
        return quartic(x, evaluation)

    run = record(counting, THREE, np.zeros((4, 2)), 10)
    assert calls == [(step, 12) for step in range(11)]  # the last one is for the final loss only
    assert run.evaluations[:, 2].tolist() == list(range(11))


@pytest.mark.parametrize(("keep", "steps"), [("all", list(range(12))), (4, [0, 4, 8, 11]), ("last", [0, 11])])
def test_keep_says_which_rows_are_stored(keep, steps):
    full, run = record(quartic, THREE, [0.3], 11), record(quartic, THREE, [0.3], 11, keep=keep)
    assert run.step.tolist() == steps
    assert (run.fast == full.fast[steps]).all()
    assert (run.slow[2][0] == full.slow[2][0][steps]).all()
    assert (run.slow_loss == full.slow_loss[steps]).all()
    assert (run.synchronised == full.synchronised[steps]).all()


def test_a_diverging_run_is_frozen_and_stops_nobody():
    def steep(x, evaluation):
        return (x**4).sum(-1), 4 * x**3

    both = record(steep, THREE, [[0.5], [50.0]], 40)
    alone = record(steep, THREE, [[0.5]], 40)
    assert (both.fast[:, :, 0] == alone.fast[:, :, 0]).all()
    assert (both.diverged[:, 0] == -1).all()
    assert (both.diverged[:, 1] > 0).all()
    assert np.isfinite(both.fast).all()
    assert all(np.isfinite(layer).all() for layers in both.slow for layer in layers)
    step = both.diverged[0, 1]
    assert (both.fast[step:, 0, 1] == both.fast[step - 1, 0, 1]).all()


def test_a_run_beyond_the_escape_radius_counts_as_diverged():
    run = record(constant, [OptimizerSpec("sgd", lr=1.0)], [0.0], 9, escape=5.0)
    assert run.diverged.tolist() == [[6]]
    assert run.fast[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 5, 5, 5, 5]


def test_the_same_run_twice_has_the_same_bits():
    first, second = (record(quartic, THREE, np.ones((5, 2)) * 0.7, 50) for _ in range(2))
    assert first.fast.tobytes() == second.fast.tobytes()
    assert first.loss.tobytes() == second.loss.tobytes()


def test_a_schedule_sets_the_lr_of_every_step():
    halving = OptimizerSpec("half", lr=1.0, schedule=Schedule("step", every=2, factor=0.5))
    cosine = OptimizerSpec("cos", lr=1.0, schedule=Schedule("cosine"))
    run = record(constant, [halving, cosine], [0.0], 6)
    assert np.diff(run.fast[:, 0, 0, 0]).tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25]
    expected = [(1 + math.cos(math.pi * t / 6)) / 2 for t in range(6)]
    np.testing.assert_allclose(np.diff(run.fast[:, 1, 0, 0]), expected, rtol=1e-12)


def test_stopping_keeps_what_was_done():
    calls = []
    run = record(
        quartic, THREE, [0.3], 1000, on_progress=lambda *p: calls.append(p), should_stop=lambda: len(calls) > 3
    )
    assert run.step[-1] == calls[-1][0] < 1000
    assert len(run.fast) == run.step[-1] + 1


def test_fast_weights_equal_the_plain_reference():
    layers = (Layer(2, 0.3), Layer(3, 0.8))
    run = record(quartic, [OptimizerSpec("two", lr=0.05, layers=layers)], [0.4], 25)
    expected = fast_weights(lambda x: x - 0.05 * (4 * x**3 - 2 * x), [0.4], layers, 25)
    np.testing.assert_allclose(run.fast[:, 0, 0], expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"starts": [math.nan, 0.0]}, "starts must be finite"),
        ({"starts": np.zeros((2, 2, 2))}, "starts must have shape"),
        ({"steps": 0}, "steps must be a whole number from 1"),
        ({"steps": 1_000_001}, "got 1000001"),
        ({"keep": 0}, "keep must be"),
        ({"keep": "some"}, "got 'some'"),
        ({"optimizers": []}, "at least one optimizer"),
    ],
)
def test_bad_input_is_refused_by_name(change, words):
    arguments = {"optimizers": THREE, "starts": [0.0], "steps": 5} | change
    with pytest.raises(ValueError, match=words):
        record(quartic, **arguments)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": 0.0}, "lr must be positive and finite, got 0.0"),
        ({"lr": math.inf}, "lr must be positive"),
        ({"base": "lamb"}, "base must be one of"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1.0"),
        ({"betas": (0.9, 1.5)}, "beta2 must be"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0"),
        ({"sync_momentum": "drop"}, "sync_momentum must be one of"),
    ],
)
def test_a_spec_refuses_what_no_optimizer_can_do(change, words):
    with pytest.raises(ValueError, match=words):
        OptimizerSpec("x", **change)


def test_arrays_are_read_only():
    run = record(quartic, THREE, [0.3], 5)
    with pytest.raises(ValueError, match="read-only"):
        run.fast[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        run.slow[1][0][0] = 1
