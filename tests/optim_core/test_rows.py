"""A setting is a row: the engine of rows gives the bits of the real optimizers, whatever the settings."""

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from optim_core.layers import Layer
from optim_core.spec import AVERAGING, BASES, METHODS, OptimizerSpec, Schedule
from optim_core.trajectory import BLOCK, MANY_STARTS, record

ALPHAS = st.sampled_from([0.0, 1.0, 0.5]) | st.floats(0, 1)
OUTER = st.sampled_from([0.0, 0.0, 0.5]) | st.floats(0, 0.99)
PLAIN = st.builds(Layer, st.integers(1, 7), ALPHAS)
OVERSHOOT = st.builds(Layer, st.integers(1, 7), st.floats(1, 2), OUTER, st.booleans(), allow_overshoot=st.just(True))
LAYER = PLAIN | st.builds(Layer, st.integers(1, 7), ALPHAS, OUTER, st.booleans()) | OVERSHOOT
LAYERS = st.lists(LAYER, max_size=4).map(tuple)
SCHEDULES = st.just(Schedule()) | st.builds(Schedule, st.sampled_from(["step", "cosine"]), st.integers(1, 9))
SHARE = st.sampled_from([0.0, 0.9]) | st.floats(0, 0.99)


@st.composite
def specs(draw):
    base = draw(st.sampled_from(BASES + METHODS + AVERAGING))
    return OptimizerSpec(
        name=base,
        base=base,
        lr=draw(st.floats(1e-3, 1.5)),
        layers=() if base in AVERAGING else draw(LAYERS),
        momentum=draw(SHARE),
        betas=(draw(SHARE), draw(SHARE)),
        weight_decay=draw(st.sampled_from([0.0, 0.1]) | st.floats(0, 1)),
        sync_momentum=draw(st.sampled_from(["keep", "reset", "pullback"])),
        schedule=draw(SCHEDULES),
        alternating=base in BASES and draw(st.booleans()),
        inner_buffers=draw(st.sampled_from(["keep", "reset"])),
        mu_y=draw(st.sampled_from([0.0, 0.9, 1.0]) | st.floats(0, 1)),
        mu_x=draw(SHARE),
    )


def noisy_quartic(starts):
    """Two wells, and noise that depends on the start and the evaluation only."""

    def field(x, evaluation):
        draw = torch.randn((starts, x.shape[-1]), generator=torch.Generator().manual_seed(evaluation), dtype=x.dtype)
        gradient = (4 * x**3 - 2 * x).view(-1, *draw.shape) + 0.3 * draw
        return (x**4 - x**2).sum(-1), gradient.view_as(x)

    return field


def constant(x, evaluation):
    """Gradient −1 everywhere: with lr 1 each base step adds 1."""
    return -x.sum(-1), -torch.ones_like(x)


def both(field, optimizers, starts, steps, **options):
    return [record(field, optimizers, starts, steps, engine=engine, **options) for engine in ("rows", "classes")]


def assert_same_bits(rows, classes):
    assert (rows.names, rows.layers) == (classes.names, classes.layers)
    for name in {field.name for field in fields(rows)} - {"names", "layers", "slow"}:
        np.testing.assert_array_equal(getattr(rows, name), getattr(classes, name), err_msg=name, strict=True)
    for ours, theirs in zip(rows.slow, classes.slow, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other, err_msg="slow", strict=True)


@settings(max_examples=60, deadline=None)
@given(
    optimizers=st.lists(specs(), min_size=1, max_size=6),
    starts=st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=3),
    steps=st.integers(1, 40),
    keep=st.sampled_from(["all", "last", 3]),
    escape=st.sampled_from([math.inf, 3.0, 1.0]),
)
def test_rows_have_the_bits_of_the_classes(optimizers, starts, steps, keep, escape):
    assert_same_bits(*both(noisy_quartic(len(starts)), optimizers, starts, steps, keep=keep, escape=escape))


@pytest.mark.parametrize("base", BASES + METHODS + AVERAGING)
def test_a_whole_family_of_one_base_has_the_bits_of_the_classes(base):
    family = [
        OptimizerSpec(
            str(n),
            base=base,
            lr=0.01 + 0.002 * n,
            layers=(Layer(1 + n % 4, n / 40, (n % 5) / 5, n % 2 == 0), Layer(1 + n % 3, 1 - n / 40))[
                : 0 if base in AVERAGING else n % 3
            ],
            mu_y=n / 40,
            mu_x=n / 50,
            momentum=n / 50,
            weight_decay=0.01 * (n % 2),
            sync_momentum=("keep", "reset", "pullback")[n % 3],
            schedule=(Schedule(), Schedule("cosine"))[n % 2],
        )
        for n in range(41)
    ]
    assert_same_bits(*both(noisy_quartic(2), family, [[0.3, -0.2], [1.1, 0.6]], 60))


def test_two_settings_follow_their_hand_worked_sequences():
    hand = OptimizerSpec("two", lr=1.0, layers=(Layer(2, 0.5), Layer(3, 0.5)))
    other = OptimizerSpec("one", lr=1.0, layers=(Layer(3, 1 / 3),))
    bare = OptimizerSpec("bare", lr=2.0)
    run = record(constant, [hand, other, bare], [0.0], 7, engine="rows")
    assert run.fast[1:, 0, 0, 0].tolist() == [1, 1, 2, 2, 3, 1.5, 2.5]
    # (3, 1/3): φ ← 0 + (3 − 0)/3 = 1 at step 3, then 1 + (4 − 1)/3 = 2 at step 6
    assert run.fast[1:, 1, 0, 0].tolist() == pytest.approx([1, 2, 1, 2, 3, 2, 3], rel=1e-15)
    assert run.fast[1:, 2, 0, 0].tolist() == [2, 4, 6, 8, 10, 12, 14]
    assert run.proposal[1:, 0, 0, 0].tolist() == [1, 2, 2, 3, 3, 4, 2.5]
    assert run.proposal[1:, 1, 0, 0].tolist() == pytest.approx([1, 2, 3, 2, 3, 4, 3], rel=1e-15)
    assert run.slow[0][0][:, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 1.5, 1.5]
    assert run.slow[0][1][:, 0, 0].tolist() == [0, 0, 0, 0, 0, 0, 1.5, 1.5]
    # the loss is −x: at φ_2 of the first, φ_1 of the second, θ of the third
    assert run.slow_loss[1:, 0, 0].tolist() == [0, 0, 0, 0, 0, -1.5, -1.5]
    assert run.slow_loss[1:, 1, 0].tolist() == pytest.approx([0, 0, -1, -1, -1, -2, -2], rel=1e-15)
    assert run.slow_loss[1:, 2, 0].tolist() == [-2, -4, -6, -8, -10, -12, -14]
    assert run.synchronised.T.tolist() == [[0, 0, 1, 0, 1, 0, 2, 0], [0, 0, 0, 1, 0, 0, 1, 0], [0] * 8]


def test_a_row_that_diverges_is_frozen_and_the_others_never_notice():
    family = [OptimizerSpec(str(lr), lr=lr, layers=(Layer(2, 0.5),)) for lr in (0.5, 1.0, 2.0)]
    run = record(constant, family, [0.0], 8, escape=5.0, engine="rows")
    # lr 2: 2, 4 → 2, 4, 6 → 4 (inside again after the synchronisation), 6 is outside at step 5
    assert run.fast[:, 2, 0, 0].tolist() == [0, 2, 2, 4, 4, 4, 4, 4, 4]
    assert run.proposal[:, 2, 0, 0].tolist() == [0, 2, 4, 4, 6, 4, 4, 4, 4]
    assert run.slow[2][0][:, 0, 0].tolist() == [0, 0, 2, 2, 4, 4, 4, 4, 4]
    assert run.slow_loss[:, 2, 0].tolist() == [0, 0, -2, -2, -4, -4, -4, -4, -4]
    # lr 1: φ is 1, 2, 3, 4 at steps 2, 4, 6, 8
    assert run.diverged.tolist() == [[-1], [-1], [5]]
    assert run.fast[-1, :2, 0, 0].tolist() == [2, 4]


@pytest.mark.parametrize("engine", ["rows", "classes"])
def test_slow_loss_of_a_diverged_run_stays_that_of_its_last_synchronisation(engine):
    # 2, 4, then 6 is outside at step 3: held at 4, while φ is still at the start when step 4 would synchronise
    run = record(constant, [OptimizerSpec("a", lr=2.0, layers=(Layer(4, 0.5),))], [0.0], 8, escape=5.0, engine=engine)
    assert run.loss[:, 0, 0].tolist() == [0, -2, -4, -4, -4, -4, -4, -4, -4]
    assert run.slow_loss[:, 0, 0].tolist() == [0] * 9
    assert run.slow[0][0][:, 0, 0].tolist() == [0] * 9


@pytest.mark.parametrize("engine", ["rows", "classes"])
def test_a_run_that_starts_outside_diverges_at_its_first_step_only(engine):
    run = record(constant, [OptimizerSpec("a", lr=1.0)], [[9.0], [0.0]], 4, escape=5.0, engine=engine)
    assert run.diverged.tolist() == [[1, -1]]
    assert run.fast[:, 0, 0, 0].tolist() == [9] * 5


def test_alpha_zero_undoes_a_step_to_infinity():
    family = [OptimizerSpec(str(alpha), lr=1.0, layers=(Layer(1, alpha),)) for alpha in (0.0, 0.5, 1.0)]
    rows, classes = both(lambda x, _: (x.sum(-1), x * math.inf), family, [1.0], 3)
    assert rows.diverged[:, 0].tolist() == [-1, 1, 1]
    assert rows.fast[:, 0, 0, 0].tolist() == [1, 1, 1, 1]
    assert_same_bits(rows, classes)


def test_the_field_sees_the_rows_in_the_order_given():
    bases = ("sgd", "adam", "sgd", "momentum", "adam")
    optimizers = [OptimizerSpec(str(n), base=base, lr=0.1 + n / 100) for n, base in enumerate(bases)]

    def numbered_field(x, evaluation):
        """Each row is pulled to its own number."""
        targets = torch.arange(len(x), dtype=x.dtype).unsqueeze(-1)
        return (x - targets).square().sum(-1), 2 * (x - targets)

    rows, classes = both(numbered_field, optimizers, [[0.0], [1.0]], 30)
    assert_same_bits(rows, classes)
    assert np.abs(rows.fast[-1, 0, :, 0] - [0, 1]).max() < 0.05
    assert np.abs(rows.fast[-1, 2, :, 0] - [4, 5]).max() < 0.05


def test_every_optimizer_counts_its_own_evaluations():
    calls = []

    def field(x, evaluation):
        calls.append((evaluation, len(x)))
        return x.square().sum(-1), 2 * x

    optimizers = [OptimizerSpec("a"), OptimizerSpec("b", base="extragradient"), OptimizerSpec("c", alternating=True)]
    run = record(field, optimizers, [[1.0, 2.0]] * 2, 2, engine="rows")
    first, second, last = [(0, 6), (0, 2), (0, 2)], [(1, 6), (2, 2), (2, 2)], [(2, 6), (4, 2), (4, 2)]
    assert calls == [*first, (1, 2), (1, 2), *second, (3, 2), (3, 2), *last]
    assert run.evaluations.tolist() == [[0, 0, 0], [1, 2, 2], [2, 4, 4]]


def test_stopping_and_progress_are_those_of_the_classes():
    runs = []
    for engine in ("rows", "classes"):
        calls = []
        run = record(
            noisy_quartic(1), [OptimizerSpec("a", layers=(Layer(5, 0.5),))], [0.3, 0.1], 1000, engine=engine,
            on_progress=lambda *at, calls=calls: calls.append(at), should_stop=lambda calls=calls: len(calls) > 3,
        )  # fmt: skip
        assert run.step[-1] == calls[-1][0] < 1000
        runs.append((run, calls))
    assert runs[0][1] == runs[1][1]
    assert_same_bits(runs[0][0], runs[1][0])


def test_more_kept_rows_than_a_block_have_their_gradient_norms():
    run = record(lambda x, _: (x.square().sum(-1), 2 * x), [OptimizerSpec("a", lr=0.01)], [3.0, -4.0], 150)
    np.testing.assert_allclose(run.gradient_norm[:, 0, 0], 10 * 0.98 ** np.arange(151), rtol=1e-12)


@pytest.mark.parametrize("starts", [MANY_STARTS, MANY_STARTS + 1])
def test_auto_gives_the_same_numbers_on_either_side_of_its_limit(starts):
    optimizers = [OptimizerSpec(str(k), lr=0.1, layers=(Layer(k, 0.5),)) for k in (2, 3)]
    places = np.linspace(-1, 1, starts)[:, None]
    auto = record(noisy_quartic(starts), optimizers, places, 7)
    assert_same_bits(auto, record(noisy_quartic(starts), optimizers, places, 7, engine="classes"))


def test_an_unknown_engine_is_refused_by_name():
    with pytest.raises(ValueError, match=r"engine must be one of .*got 'fast'"):
        record(constant, [OptimizerSpec("a")], [0.0], 3, engine="fast")


@pytest.mark.parametrize("field", ["alpha", "outer_momentum", "k"])
@pytest.mark.parametrize("nesterov", [False, True])
def test_a_family_of_one_number_of_a_layer_with_outer_momentum_has_the_bits_of_the_classes(field, nesterov):
    values = {"alpha": np.linspace(0, 1, 21), "outer_momentum": np.linspace(0, 0.95, 20), "k": range(1, 12)}[field]
    plain = {"k": 3, "alpha": 0.6, "outer_momentum": 0.7, "outer_nesterov": nesterov}
    stacks = [(Layer(**plain | {field: value}), Layer(2, 0.5, 0.4)) for value in values]
    family = [OptimizerSpec(str(n), lr=0.02, layers=stack) for n, stack in enumerate(stacks)]
    assert_same_bits(*both(noisy_quartic(2), family, [[0.3, -0.2], [1.1, 0.6]], 60))


class OnArrays:
    """A field that also fills arrays."""

    def __call__(self, x, evaluation):
        loss, gradient = np.empty(len(x)), np.empty(x.shape)
        self.on_arrays(x.numpy(), evaluation, loss, gradient)
        return torch.from_numpy(loss), torch.from_numpy(gradient)

    def on_arrays(self, x, evaluation, loss, gradient):
        loss[:], gradient[...] = (x**4 - x**2).sum(-1), 4 * x**3 - (2 + evaluation % 3) * x


@pytest.mark.parametrize("engine", ["rows", "classes"])
@pytest.mark.parametrize("bases", [("sgd", "sgd", "sgd"), ("sgd", "extragradient", "sgd"), ("adam", "gpa", "adam")])
def test_a_field_on_arrays_gives_the_bits_of_the_same_on_tensors(engine, bases):
    optimizers = [
        OptimizerSpec(str(n), base=base, lr=0.02 * (1 + n), layers=() if base == "gpa" else (Layer(3, 0.5),))
        for n, base in enumerate(bases)
    ]
    field = OnArrays()
    arrays, tensors = (
        record(one, optimizers, [[0.3, -0.2], [1.1, 0.6]], 40, engine=engine) for one in (field, lambda *at: field(*at))
    )
    assert_same_bits(arrays, tensors)


@pytest.mark.parametrize("numbers", [1, 60, 10**6])
@pytest.mark.parametrize(("keep", "steps"), [("all", 2 * BLOCK), ("all", 2 * BLOCK + 1), (3, 200), ("last", 5)])
def test_blocks_of_kept_rows_change_nothing(monkeypatch, numbers, keep, steps):
    family = [OptimizerSpec(str(k), lr=0.1 * k, base=base, layers=(Layer(k, 0.4), Layer(2, 0.7))[: k % 3])
              for k, base in enumerate(("sgd", "adam", "sgd", "momentum", "sgd"), start=1)]  # fmt: skip
    starts = [[0.3, -0.2], [9.0, 0.6]]
    as_usual = record(noisy_quartic(2), family, starts, steps, keep=keep, engine="rows")
    monkeypatch.setattr("optim_core.trajectory.BLOCK_NUMBERS", numbers)
    assert_same_bits(as_usual, record(noisy_quartic(2), family, starts, steps, keep=keep, engine="rows"))


@pytest.mark.parametrize("step", [BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 9])
@pytest.mark.parametrize("engine", ["rows", "classes"])
def test_slow_weights_of_a_run_that_diverges_anywhere_in_a_block_stay_at_its_last_synchronisation(step, engine):
    # each base step adds 1, and φ ← φ + (θ − φ) every 4 steps; the run is outside at the step at which θ passes it
    spec, other = (
        OptimizerSpec("a", lr=1.0, layers=(Layer(4, 1.0),)),
        OptimizerSpec("b", lr=0.25, layers=(Layer(4, 1.0),)),
    )
    run = record(constant, [spec, other], [0.0], 2 * BLOCK, escape=step - 0.5, engine=engine)
    places = np.arange(2 * BLOCK + 1)
    assert run.diverged[:, 0].tolist() == [step, -1]
    assert (run.fast[:, 0, 0, 0] == np.minimum(places, step - 1)).all()
    assert (run.slow[0][0][:, 0, 0] == np.minimum(places, step - 1) // 4 * 4).all()
    assert (run.slow[1][0][:, 0, 0] == places // 4).all()


def test_with_keep_the_slow_weights_of_a_diverged_run_are_those_of_the_row_before():
    # outside at step 6, kept rows 0, 3, 6, 9: φ is 2 at row 3, and 4 at step 4, of which no row was kept
    run = record(
        constant, [OptimizerSpec("a", lr=1.0, layers=(Layer(2, 1.0),))], [0.0], 9, keep=3, escape=5.5, engine="rows"
    )
    assert run.diverged.tolist() == [[6]]
    assert run.slow[0][0][:, 0, 0].tolist() == [0, 2, 2, 2]


@pytest.mark.parametrize("engine", ["rows", "classes"])
def test_layers_of_different_periods_that_are_due_in_the_same_step_and_optimizers_without_any(engine):
    stacks = [
        (),
        (Layer(2, 0.5),),
        (Layer(3, 0.5),),
        (Layer(2, 0.5), Layer(3, 0.5)),
        (Layer(6, 0.0),),
        (Layer(6, 1.0),),
    ]
    run = record(
        constant,
        [OptimizerSpec(str(n), lr=1.0, layers=stack) for n, stack in enumerate(stacks)],
        [0.0],
        12,
        engine=engine,
    )
    # at steps 6 and 12 all are due at once, the fourth with both of its layers
    assert run.synchronised[6].tolist() == run.synchronised[12].tolist() == [0, 1, 1, 2, 1, 1]
    assert run.fast[6, :, 0, 0].tolist() == [6, 3, 3, 1.5, 0, 6]
    assert run.fast[12, :, 0, 0].tolist() == [12, 6, 6, 3, 0, 12]
    assert run.proposal[6, :, 0, 0].tolist() == [6, 4, 4.5, 4, 6, 6]
