import numpy as np
import pytest
import torch

from optim_core.layers import Layer
from optim_core.lookahead import MultilayerLookahead
from optim_core.recorder import Recorder
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import record


def _bowl(weight):
    return (weight**2).sum()


def _loop(steps, every=1):
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = MultilayerLookahead(torch.optim.SGD([weight], lr=0.1, foreach=False), k=(2, 3), alpha=(0.5, 0.7))
    recorder = Recorder(optimizer, "mine", every=every)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = _bowl(weight)
        loss.backward()
        optimizer.step()
        recorder.step(loss.item())
    return recorder.trajectory()


def test_a_loop_of_ones_own_gives_the_trajectory_that_record_gives():
    mine = _loop(13)
    spec = OptimizerSpec("mine", lr=0.1, layers=(Layer(2, 0.5), Layer(3, 0.7)))
    theirs = record(lambda x, _: ((x**2).sum(-1), 2 * x), [spec], [1.0, -2.0], 13)
    for name in ("step", "fast", "proposal", "synchronised", "evaluations", "diverged"):
        assert (getattr(mine, name) == getattr(theirs, name)).all(), name
    for layer in (0, 1):
        assert (mine.slow[0][layer] == theirs.slow[0][layer]).all()
    for name in ("loss", "slow_loss", "gradient_norm"):  # the loss at the last iterate was never computed by the loop
        np.testing.assert_allclose(getattr(mine, name)[:-1], getattr(theirs, name)[:-1], rtol=1e-14)
        assert np.isnan(getattr(mine, name)[-1]).all()


def test_every_nth_step_is_kept():
    full, third = _loop(13), _loop(13, every=3)
    assert third.step.tolist() == [0, 3, 6, 9, 12]
    for name in ("fast", "proposal", "synchronised"):
        assert (getattr(third, name) == getattr(full, name)[::3]).all(), name
    np.testing.assert_allclose(third.loss[:-1], full.loss[:12:3])
    np.testing.assert_allclose(third.slow_loss[:-1], full.slow_loss[:12:3])


def test_a_bare_optimizer_has_no_layers():
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([weight])
    recorder = Recorder(optimizer)
    weight.grad = torch.ones(3)
    optimizer.step()
    recorder.step()
    run = recorder.trajectory()
    assert run.layers == ((),)
    assert run.slow == ((),)
    assert run.fast.shape == (2, 1, 1, 3)


def test_a_closed_recorder_leaves_no_hook():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    before = len(optimizer._optimizer_step_post_hooks)
    Recorder(optimizer).close()
    assert len(optimizer._optimizer_step_post_hooks) == before


def test_every_below_one_is_refused():
    with pytest.raises(ValueError, match="every must be at least 1 step, got 0"):
        Recorder(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1), every=0)
