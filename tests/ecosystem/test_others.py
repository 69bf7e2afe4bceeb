"""Schedule-Free, timm, fastai, skorch: each test is skipped where its package is missing."""

import copy
import functools
import importlib

import pytest
import torch

from optim_core import Lookahead, MultilayerLookahead

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
MISSING = "tests/ecosystem/requirements.txt is not installed"


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def train(model, optimizer, numbers):
    for number in numbers:
        optimizer.zero_grad()
        model(torch.randn(8, 4, generator=torch.Generator().manual_seed(number))).square().mean().backward()
        optimizer.step()


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


class TestScheduleFree:
    @pytest.fixture
    def schedulefree(self):
        return pytest.importorskip("schedulefree", reason=MISSING)

    @pytest.mark.parametrize("name", ["SGDScheduleFree", "AdamWScheduleFree", "RAdamScheduleFree"])
    def test_as_base_alpha_1_is_the_base_also_in_eval(self, schedulefree, name):
        def run(wrap):
            model = network()
            optimizer = wrap(getattr(schedulefree, name)(model.parameters(), lr=0.01))
            optimizer.train()
            train(model, optimizer, range(10))
            optimizer.eval()
            return weights(model)

        def around(base):
            return MultilayerLookahead(base, (3, 2), 1.0, momentum="pullback")

        assert torch.equal(run(around), run(lambda base: base))

    def test_under_pullback_z_is_synchronised_as_the_weights_are(self, schedulefree):
        model = network()
        base = schedulefree.SGDScheduleFree(model.parameters(), lr=0.1)
        optimizer = Lookahead(base, k=3, alpha=0.25, momentum="pullback")
        optimizer.train()
        start, proposals = weights(model), []

        def z():
            return torch.cat([base.state[p]["z"].flatten() for p in model.parameters()])

        base.register_step_post_hook(lambda *_: proposals.append((weights(model), z())))
        train(model, optimizer, range(3))
        y, its_z = proposals[-1]
        torch.testing.assert_close(weights(model), start + 0.25 * (y - start))
        torch.testing.assert_close(z(), start + 0.25 * (its_z - start))

    def test_its_wrapper_outside_resumes(self, schedulefree):
        """It writes its z into our state; the checkpoint carries it."""

        def build():
            model = network()
            optimizer = schedulefree.ScheduleFreeWrapper(Lookahead(torch.optim.SGD(model.parameters(), lr=0.1), k=3))
            optimizer.train()
            return model, optimizer

        model, optimizer = build()
        train(model, optimizer, range(4))
        other, continuation = build()
        other.load_state_dict(copy.deepcopy(model.state_dict()))
        continuation.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        train(model, optimizer, range(4, 13))
        train(other, continuation, range(4, 13))
        assert optimizer.base.base_steps == 13
        assert torch.equal(weights(model), weights(other))


class TestTimm:
    @pytest.fixture
    def timm(self):
        try:
            return importlib.import_module("timm.optim")
        except (ImportError, RuntimeError) as error:  # a torchvision made for another torch
            pytest.skip(f"timm cannot be imported: {error}")

    def test_its_lookahead_is_refused_as_base(self, timm):
        base = timm.Lookahead(torch.optim.SGD(network().parameters(), lr=0.1))
        with pytest.raises(TypeError, match="already"):
            Lookahead(base)

    def test_its_checkpoint_loads_as_that_of_its_base(self, timm):
        model = network()
        theirs = timm.Lookahead(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
        train(model, theirs, range(6))
        ours = Lookahead(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
        ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
        parameter = next(model.parameters())
        assert torch.equal(ours.state[parameter]["momentum_buffer"], theirs.state_dict()["state"][0]["momentum_buffer"])
        train(model, ours, range(7))
        assert ours.base_steps == 7

    @pytest.mark.parametrize("name", ["adamw", "lamb", "lion", "nadamw", "radam", "adafactor", "adopt", "kron"])
    def test_its_optimizers_as_base_alpha_1_is_the_base(self, timm, name):
        def run(wrap):
            model = network()
            torch.manual_seed(1)  # kron takes random numbers
            optimizer = wrap(timm.create_optimizer_v2(model, opt=name, lr=0.01))
            train(model, optimizer, range(10))
            return weights(model)

        assert torch.equal(run(lambda base: MultilayerLookahead(base, (3, 2), 1.0)), run(lambda base: base))


def test_fastai_freezes_fits_and_thaws():
    """fine_tune: one epoch with the body frozen, then all; through OptimWrapper."""
    basics = pytest.importorskip("fastai.basics", reason=MISSING)
    pytest.importorskip("fastai.callback.schedule")
    pytest.importorskip("fastai.callback.progress")
    x = torch.randn(160, 4, generator=torch.Generator().manual_seed(1))
    data = torch.utils.data.TensorDataset(x, torch.zeros(160, 2))
    loaders = basics.DataLoaders(*(basics.DataLoader(data, bs=16) for _ in range(2)))
    optimizers = []

    def make(params, **options):
        optimizers.append(Lookahead(torch.optim.SGD(params, lr=0.01, momentum=0.9), k=3))
        return optimizers[-1]

    model = network()
    learner = basics.Learner(
        loaders,
        model,
        loss_func=torch.nn.MSELoss(),
        opt_func=functools.partial(basics.OptimWrapper, opt=make),
        splitter=lambda model: [list(model[0].parameters()), list(model[2].parameters())],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(2)
    assert sum(optimizer.base_steps for optimizer in optimizers) == 30
    assert weights(model).isfinite().all()


def test_skorch_takes_a_class_that_wraps():
    skorch = pytest.importorskip("skorch", reason=MISSING)

    class SGDLookahead(Lookahead):
        def __init__(self, params, k=5, alpha=0.5, **options):
            super().__init__(torch.optim.SGD(params, **options), k, alpha)

    def build(seed=0):
        torch.manual_seed(seed)
        return skorch.NeuralNetRegressor(
            network(), optimizer=SGDLookahead, optimizer__k=3, optimizer__momentum=0.9, lr=0.05, max_epochs=2,
            batch_size=16, train_split=None, verbose=0, iterator_train__shuffle=False,
        )  # fmt: skip

    x = torch.randn(160, 4, generator=torch.Generator().manual_seed(1))
    net = build().fit(x, torch.zeros(160, 2))
    assert (net.optimizer_.base_steps, net.optimizer_.layers[0].k) == (20, 3)
    model = network()
    plain = SGDLookahead(model.parameters(), k=3, lr=0.05, momentum=0.9)
    for number in range(20):
        plain.zero_grad()
        part = x[16 * (number % 10) : 16 * (number % 10) + 16]
        model(part).square().mean().backward()
        plain.step()
    torch.testing.assert_close(weights(net.module_), weights(model))


class TestSharpnessAware:
    """SAM moves to a worse place nearby, takes the gradient there, goes back and steps with it."""

    @pytest.fixture
    def sam(self):
        return pytest.importorskip("pytorch_optimizer", reason="requirements-dev.txt is not installed").SAM

    def both_calls(self, model, sam, number, step):
        x = torch.randn(8, 4, generator=torch.Generator().manual_seed(number))
        model(x).square().mean().backward()
        sam.first_step(zero_grad=True)
        model(x).square().mean().backward()
        step()

    def plain(self, sam, make):
        model = network()
        optimizer = sam(model.parameters(), base_optimizer=make, lr=0.1)
        for number in range(10):
            self.both_calls(model, optimizer, number, lambda: optimizer.second_step(zero_grad=True))
        return weights(model)

    def test_outside_its_second_call_is_our_step(self, sam):
        class SGDLookahead(Lookahead):
            def __init__(self, params, **options):
                super().__init__(torch.optim.SGD(params, **options), k=3, alpha=1.0)

        assert torch.equal(self.plain(sam, SGDLookahead), self.plain(sam, torch.optim.SGD))

    def test_as_base_both_calls_are_taken_between_capture_and_advance(self, sam):
        model = network()
        base = sam(model.parameters(), base_optimizer=torch.optim.SGD, lr=0.1)
        optimizer = Lookahead(base, k=3, alpha=1.0)
        optimizer.capture()
        for number in range(10):
            self.both_calls(model, base, number, lambda: base.second_step(zero_grad=True))
            optimizer.advance()
        assert optimizer.base_steps == 10
        assert torch.equal(weights(model), self.plain(sam, torch.optim.SGD))
