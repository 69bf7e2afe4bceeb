"""Masks and clipping, averaging bases, schedules of alpha, buffers, a last synchronisation; every base step adds 1."""

import copy

import pytest
import torch

from optim_core import Lookahead, MultilayerLookahead, recomputed_batch_norm
from tests.optim_core.ascending import ascent, at, step


def steps(optimizer, number):
    """The values of all parameters after each of `number` steps."""
    return [step(optimizer) for _ in range(number)]


class TestProject:
    @pytest.mark.parametrize("slow_dtype", [None, torch.float64])
    def test_a_mask_reaches_the_slow_weights_of_every_layer(self, slow_dtype):
        parameter = at(5, 5)
        optimizer = ascent([parameter], (2, 2), slow_dtype=slow_dtype)
        steps(optimizer, 1)
        mask = torch.tensor([1.0, 0.0])
        optimizer.project(lambda: parameter.mul_(mask))
        assert parameter.tolist() == [6, 0]
        assert [optimizer.slow_weights(layer)[0].tolist() for layer in (1, 2)] == [[5, 0], [5, 0]]
        parameter.grad = -mask
        for _ in range(3):
            optimizer.step()
        assert parameter.tolist() == [6, 0]

    def test_finer_slow_weights_that_it_leaves_alone_keep_their_digits(self):
        parameter = torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
        optimizer = ascent([parameter], 1, 2**-12, slow_dtype=torch.float32)
        steps(optimizer, 1)
        optimizer.project(lambda: parameter[1].zero_())
        assert optimizer.slow_weights(1)[0].tolist() == [1 + 2**-12, 0]

    def test_an_error_in_it_leaves_the_fast_weights_as_they_are(self):
        parameter = at(5)
        optimizer = ascent([parameter], 2)
        steps(optimizer, 1)
        calls = []

        def function():
            calls.append(parameter.item())
            if len(calls) == 2:
                raise ArithmeticError

        with pytest.raises(ArithmeticError):
            optimizer.project(function)
        assert (calls, parameter.item()) == ([6, 5], 6)
        steps(optimizer, 1)


class MasterWeights(torch.optim.Optimizer):
    """Gradient descent on float32 copies in its state, as some optimizers of bfloat16 models have them."""

    def __init__(self, params):
        super().__init__(params, {"lr": 1.0})

    @torch.no_grad()
    def step(self, closure=None):
        for parameter in self.param_groups[0]["params"]:
            state = self.state[parameter]
            state.setdefault("master", parameter.float().clone()).sub_(parameter.grad)
            state["exp_avg"] = torch.zeros_like(state["master"])
            parameter.copy_(state["master"])


def test_a_base_with_master_weights_of_its_own_is_refused_at_the_first_synchronisation():
    parameter = torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16))
    optimizer = Lookahead(MasterWeights([parameter]), k=2)
    steps(optimizer, 1)
    with pytest.raises(ValueError, match=r"master weights of its own, state\[...\]\['master'\]"):
        steps(optimizer, 1)


def test_finer_momentum_is_no_master_weight():
    """bfloat16 parameters at 0 beside float32 momentum at 0."""
    parameter = torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16))
    base = torch.optim.SGD([parameter], lr=1.0)
    base.state[parameter]["average"] = torch.zeros(2)
    optimizer = Lookahead(base, k=1)
    parameter.grad = torch.zeros_like(parameter)
    optimizer.step()


class Averaging(torch.optim.Optimizer):
    """z takes the steps, the parameters are half-way between z and the average x of all z; eval() shows x."""

    def __init__(self, params):
        super().__init__(params, {"lr": 1.0})
        self.steps, self.training = 0, True

    @torch.no_grad()
    def step(self, closure=None):
        self.steps += 1
        for parameter in self.param_groups[0]["params"]:
            state = self.state[parameter]
            z = state.setdefault("z", parameter.clone())
            x = 2 * parameter - z
            z.sub_(parameter.grad)
            x.lerp_(z, 1 / self.steps)
            parameter.copy_((x + z) / 2)

    def train(self):
        self._turn(True, 0.5)

    def eval(self):
        self._turn(False, -1.0)

    @torch.no_grad()
    def _turn(self, training, weight):
        if self.training != training:
            self.training = training
            for parameter in self.param_groups[0]["params"]:
                parameter.lerp_(self.state[parameter]["z"], weight)


class TestAveragingBases:
    def test_train_and_eval_are_the_bases_own_and_nothing_where_it_has_none(self):
        parameter = at(0)
        optimizer = Lookahead(Averaging([parameter]), k=5)
        steps(optimizer, 3)  # z = 3, x = 2
        assert parameter.item() == 2.5
        optimizer.eval()
        assert parameter.item() == 2
        with pytest.raises(RuntimeError, match="call train"), optimizer.use_slow_weights():
            pass
        optimizer.train()
        assert parameter.item() == 2.5
        with optimizer.use_slow_weights(), pytest.raises(RuntimeError, match=r"eval\(\) inside"):
            optimizer.eval()
        plain = ascent([at(0)], 5)
        plain.eval()
        with plain.use_slow_weights():
            pass

    @pytest.mark.parametrize(("momentum", "z"), [("keep", 2), ("reset", 0.875), ("pullback", 1)])
    def test_z_is_kept_or_put_to_the_parameters_or_synchronised(self, momentum, z):
        """Two steps lead to z = 2, x = 1.5, y = 1.75, of which the synchronisation at k = 2 takes half."""
        parameter = at(0)
        optimizer = Lookahead(Averaging([parameter]), k=2, momentum=momentum)
        steps(optimizer, 2)
        assert (parameter.item(), optimizer.state[parameter]["z"].item()) == (0.875, z)
        optimizer.eval()
        assert parameter.item() == 2 * 0.875 - z  # x; under pullback .75, half of what it was

    def test_pullback_continues_from_a_checkpoint(self):
        def build():
            parameter = at(0)
            return parameter, Lookahead(Averaging([parameter]), k=3, momentum="pullback")

        parameter, optimizer = build()
        steps(optimizer, 4)
        other, continuation = build()
        with torch.no_grad():
            other.copy_(parameter)
        continuation.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        continuation.base.steps = optimizer.base.steps
        assert steps(optimizer, 5) == steps(continuation, 5)


class TestFinish:
    def test_in_mid_window_every_layer_synchronises_and_the_windows_go_on(self):
        """3 → 1.5 → .75 of 3 steps; then steps 4, 5 and 6 of the window of six."""
        optimizer = ascent([at(0)], (6, 1))
        steps(optimizer, 3)
        optimizer.finish()
        assert (optimizer.slow_weights(2)[0].item(), optimizer.synchronised, optimizer.base_steps) == (0.75, 2, 3)
        assert steps(optimizer, 3) == [[1.75], [2.75], [1.5]]

    @pytest.mark.parametrize(("alpha", "value"), [(0, 0), (1, 3), ([0.5, 1], 1.5)])
    def test_with_other_step_sizes_for_this_once(self, alpha, value):
        parameter = at(0)
        optimizer = ascent([parameter], (6, 1))
        steps(optimizer, 3)
        optimizer.finish(alpha)
        assert parameter.item() == value
        assert optimizer.layers[0].alpha == 0.5

    def test_before_the_first_step_it_changes_nothing(self):
        parameter = at(3)
        ascent([parameter], 2).finish()
        assert parameter.item() == 3

    def test_timms_scripts_find_it_by_their_name_for_it(self):
        parameter = at(0)
        optimizer = ascent([parameter], 4)
        steps(optimizer, 2)
        if hasattr(optimizer, "sync_lookahead"):  # as timm's train.py asks
            optimizer.sync_lookahead()
        assert parameter.item() == 1


class TestAlphaInGroups:
    def test_a_schedule_of_alpha_through_the_groups(self):
        """k = 1: alpha 1, 1/2 and 0 of a step of 1."""
        optimizer = ascent([at(0)], 1)
        path = []
        for alpha in (1.0, 0.5, [0.0]):
            optimizer.param_groups[0]["lookahead_alpha"] = alpha
            path += steps(optimizer, 1)
        assert path == [[1], [1.5], [1.5]]

    def test_groups_may_differ_and_a_checkpoint_keeps_it(self):
        def build():
            parameters = [at(0), at(0), at(0)]
            return ascent([{"params": [parameter]} for parameter in parameters], (1, 2), 0.5)

        optimizer = build()
        optimizer.param_groups[1]["lookahead_alpha"] = [1.0, 0.25]
        optimizer.param_groups[2]["lookahead_alpha"] = 0.0
        assert steps(optimizer, 2) == [[0.5, 1, 0], [0.5, 0.5, 0]]
        continuation = build()
        continuation.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        assert "lookahead_alpha" not in continuation.param_groups[0]
        for mine, its in zip(continuation.param_groups, optimizer.param_groups, strict=True):
            mine["params"][0].data.copy_(its["params"][0])
        assert steps(continuation, 4) == steps(optimizer, 4)

    @pytest.mark.parametrize(("alpha", "reason"), [([0.5, 0.5], "one entry per layer"), (1.5, "alpha must be in")])
    def test_what_is_wrong_is_refused_at_the_synchronisation(self, alpha, reason):
        optimizer = ascent([at(0)], 1)
        optimizer.param_groups[0]["lookahead_alpha"] = alpha
        with pytest.raises(ValueError, match=reason):
            steps(optimizer, 1)


def test_buffers_are_synchronised_and_evaluated_with_the_parameters():
    model = torch.nn.BatchNorm1d(1)
    optimizer = ascent(model.parameters(), 2)
    optimizer.add_buffers(model.buffers())
    for number in range(2):
        model.running_mean.fill_(4.0 * (number + 1))  # as the forward pass does, before the step
        if number == 1:
            with optimizer.use_slow_weights():
                assert model.running_mean.item() == 4
        steps(optimizer, 1)
    assert model.running_mean.item() == 6  # half-way from 4 to 8
    assert model.num_batches_tracked.item() == 0
    continuation = ascent(copy.deepcopy(model).parameters(), 2)
    continuation.add_buffers([model.running_mean, model.running_var])
    continuation.load_state_dict(optimizer.state_dict())
    assert continuation.slow_weights(1)[-2].item() == 6


def test_batch_norm_is_recomputed_for_the_slow_weights_and_restored():
    """The slow weight 1 in front of the normalisation, the fast one 3: means of 3 x and of 1 x."""
    linear, norm = torch.nn.Linear(1, 1, bias=False), torch.nn.BatchNorm1d(1)
    model = torch.nn.Sequential(linear, norm).eval()
    torch.nn.init.ones_(linear.weight)
    optimizer = Lookahead(torch.optim.SGD([linear.weight], lr=1.0))
    linear.weight.grad = -2 * torch.ones(1, 1)
    optimizer.step()
    batches = [torch.tensor([[1.0], [3.0]]), (torch.tensor([[5.0], [7.0]]), "labels")]
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    with optimizer.use_slow_weights(), recomputed_batch_norm(model, batches):
        assert norm.running_mean.item() == 4
        assert not norm.training
    with recomputed_batch_norm(model, batches):
        assert norm.running_mean.item() == 12
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())
    with pytest.raises(ZeroDivisionError), recomputed_batch_norm(model, batches):
        raise ZeroDivisionError
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())


def test_after_a_change_of_dtype_the_optimizer_loads_its_own_state_as_torchs_do():
    model = torch.nn.Linear(2, 1)
    optimizer = MultilayerLookahead(torch.optim.Adam(model.parameters()), (3, 2), 0.5, momentum="pullback")
    steps(optimizer, 4)
    model.double()
    optimizer.load_state_dict(optimizer.state_dict())
    states = optimizer.state_dict()["state"].values()
    assert {entry.dtype for state in states for entry in state.values() if entry.dim()} == {torch.float64}
    assert optimizer.base_steps == 4
    steps(optimizer, 2)


def test_two_optimizers_share_momentum_after_loading_as_torchs_do_and_slow_weights_never():
    parameter = at(0)
    first, second = (MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0, momentum=0.5), 3, 0.5) for _ in range(2))
    steps(first, 1)
    second.load_state_dict(first.state_dict())
    mine, its = (each.state[parameter] for each in (first, second))
    assert mine["momentum_buffer"] is its["momentum_buffer"]
    assert mine["lookahead_slow_1"] is not its["lookahead_slow_1"]
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert mine["momentum_buffer"] is not second.state[parameter]["momentum_buffer"]
