"""torch's own companions of an optimizer: schedulers, averages, the compiler, gradients taken in backward."""

import copy
import shutil

import pytest
import torch
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import SWALR, AveragedModel

from optim_core import Lookahead, MultilayerLookahead

pytestmark = pytest.mark.slow


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def train(model, optimizer, numbers, after=lambda loss: None):
    for number in numbers:
        x = torch.randn(8, 4, generator=torch.Generator().manual_seed(number))
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        after(loss)


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def around(base, alpha=1.0, k=(3, 2)):
    return MultilayerLookahead(base, k, alpha)


SCHEDULERS = {
    "OneCycleLR with cycle_momentum": lambda o: OneCycleLR(o, max_lr=0.1, total_steps=30, cycle_momentum=True),
    "ReduceLROnPlateau": lambda o: ReduceLROnPlateau(o, patience=1, threshold=0.5),
    "SWALR": lambda o: SWALR(o, swa_lr=0.01, anneal_epochs=5),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_does_to_the_wrapper_what_it_does_to_the_base(name):
    """alpha = 1 is the base bit for bit, under any scheduler."""

    def run(wrap):
        model = network()
        optimizer = wrap(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
        scheduler = SCHEDULERS[name](optimizer)
        rates = []

        def after(loss):
            scheduler.step() if isinstance(scheduler, LRScheduler) and name != "ReduceLROnPlateau" else scheduler.step(
                loss
            )
            rates.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))

        train(model, optimizer, range(20), after)
        return weights(model), rates

    (ours, our_rates), (theirs, their_rates) = run(around), run(lambda base: base)
    assert our_rates == their_rates
    assert len(set(our_rates)) > 1
    assert torch.equal(ours, theirs)


def test_a_scheduler_is_resumed_in_mid_window():
    def build():
        model = network()
        optimizer = around(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), 0.5)
        return model, optimizer, OneCycleLR(optimizer, max_lr=0.1, total_steps=30)

    model, optimizer, scheduler = build()
    train(model, optimizer, range(8), lambda _: scheduler.step())
    states = copy.deepcopy([each.state_dict() for each in (model, optimizer, scheduler)])
    other, continuation, again = build()
    for each, state in zip((other, continuation, again), states, strict=True):
        each.load_state_dict(state)
    train(model, optimizer, range(8, 20), lambda _: scheduler.step())
    train(other, continuation, range(8, 20), lambda _: again.step())
    assert torch.equal(weights(model), weights(other))


def test_an_averaged_model_averages_the_fast_weights_and_inside_the_context_the_slow_ones():
    model = network()
    optimizer = around(torch.optim.SGD(model.parameters(), lr=0.1), 0.5)
    fast, slow = AveragedModel(model), AveragedModel(model)
    steps = []

    def after(_):
        fast.update_parameters(model)
        with optimizer.use_slow_weights():
            slow.update_parameters(model)
        steps.append((weights(model), torch.nn.utils.parameters_to_vector(optimizer.slow_weights(-1))))

    train(model, optimizer, range(7), after)
    torch.testing.assert_close(weights(fast), torch.stack([row[0] for row in steps]).mean(0))
    torch.testing.assert_close(weights(slow), torch.stack([row[1] for row in steps]).mean(0))


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile wants a C++ compiler")
@pytest.mark.parametrize("momentum", ["keep", "pullback"])
def test_a_compiled_step_gives_the_numbers_of_the_eager_one(momentum):
    def run(compiled):
        torch._dynamo.reset()
        model = network()
        base = torch.optim.Adam(model.parameters(), lr=0.01)
        optimizer = MultilayerLookahead(base, (3, 2), 0.5, momentum=momentum)
        if compiled:
            optimizer.step = torch.compile(optimizer.step)
        train(model, optimizer, range(13))
        return weights(model), optimizer.base_steps

    (ours, steps), (eager, _) = run(True), run(False)
    assert steps == 13
    torch.testing.assert_close(ours, eager, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile wants a C++ compiler")
def test_a_compiled_model_trains_as_it_is():
    model = network()
    compiled_model = torch.compile(model)
    train(compiled_model, around(torch.optim.SGD(model.parameters(), lr=0.1), 0.5), range(7))
    other = network()
    train(other, around(torch.optim.SGD(other.parameters(), lr=0.1), 0.5), range(7))
    torch.testing.assert_close(weights(model), weights(other))


def test_gradients_that_are_taken_in_backward():
    """One optimizer per parameter, stepped by a hook as soon as the gradient is there, and the gradient freed."""
    model, reference = network(), network()
    one = {p: Lookahead(torch.optim.SGD([p], lr=0.1, momentum=0.9), k=3) for p in model.parameters()}

    def take(parameter):
        one[parameter].step()
        one[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(take)
    for number in range(10):
        model(torch.randn(8, 4, generator=torch.Generator().manual_seed(number))).square().mean().backward()
    train(reference, Lookahead(torch.optim.SGD(reference.parameters(), lr=0.1, momentum=0.9), k=3), range(10))
    assert torch.equal(weights(model), weights(reference))
