"""Noise: who shares it, that it repeats, and its distribution (5-σ tolerances from the sample size, on fixed seeds)."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from landscapes.fields import gradient_field
from landscapes.games import GAMES
from landscapes.noise import (
    GOLDEN,
    Noise,
    _mix,
    copies,
    mean_function,
    mean_surface,
    noisy_field,
    shifted_copies,
    shifts,
    with_noise,
    with_noise_of_scales,
)
from landscapes.surfaces import SURFACES
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import record

HIMMELBLAU = SURFACES["himmelblau"]
KINDS = ["gaussian", "multiplicative", "student", "minibatch"]


def still(x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A field without slope: under noise it returns the noise itself."""
    return x[:, 0], torch.zeros_like(x)


def tilted_field(x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
    return x[:, 0], torch.tensor([3.0, -2.0], dtype=torch.float64).expand(x.shape)


def gradients(noise: Noise, starts: int, evaluations, optimizers: int = 1, field=None) -> np.ndarray:
    """(evaluations, optimizers, starts, 2), every row at the same point of Himmelblau, or in another field."""
    x = torch.full((optimizers * starts, 2), 0.7, dtype=torch.float64)
    noisy = noisy_field(HIMMELBLAU, noise, starts) if field is None else with_noise(field, noise, starts)
    draws = [noisy(x, evaluation)[1].reshape(optimizers, starts, 2) for evaluation in evaluations]
    return torch.stack(draws).numpy()


def test_mix_reproduces_the_published_splitmix64_sequence():
    """The reference C code, seeded with 1234567."""
    words = np.array([1234567], np.uint64) + np.arange(1, 6, dtype=np.uint64) * GOLDEN
    assert _mix(words).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_share_the_noise_of_their_start(kind: str):
    one = gradients(Noise(kind, 0.5, seed=3), 4, range(30))
    three = gradients(Noise(kind, 0.5, seed=3), 4, range(30), optimizers=3)
    assert np.array_equal(three, np.repeat(one, 3, axis=1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_further_start_changes_no_noise(kind: str):
    few = gradients(Noise(kind, 0.5, seed=3), 3, range(40))
    many = gradients(Noise(kind, 0.5, seed=3), 300, range(40))
    assert np.array_equal(many[:, :, :3], few)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replacement", [False, True])
def test_noise_does_not_depend_on_the_order_of_evaluations(kind: str, replacement: bool):
    noise = Noise(kind, 0.5, seed=3, replacement=replacement)
    forward = gradients(noise, 100, range(700))  # more than two blocks of draws
    order = np.random.default_rng(0).permutation(700)
    assert np.array_equal(gradients(noise, 100, order.tolist()), forward[order])
    far = gradients(noise, 1, [10**6 + 7, 10**6 + 8, 2])
    assert np.array_equal(far[2], forward[2, :, :1])
    assert np.array_equal(far[:2], gradients(noise, 5, [10**6 + 7, 10**6 + 8])[:, :, :1])


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_starts_and_evaluations_differ_and_repeats_are_equal(kind: str):
    noise = Noise(kind, 0.5, seed=3, batches=50)
    once, again = gradients(noise, 3, range(20)), gradients(noise, 3, range(20))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, gradients(Noise(kind, 0.5, seed=4, batches=50), 3, range(20)))
    assert not np.array_equal(once[:, :, 0], once[:, :, 1])
    assert not np.array_equal(once[0], once[1])


@pytest.mark.parametrize("kind", ["gaussian", "multiplicative", "student"])
def test_loss_is_free_of_noise(kind: str):
    x = torch.rand(12, 2, dtype=torch.float64)
    loss, _ = noisy_field(HIMMELBLAU, Noise(kind, 5.0), 4)(x, 0)
    assert torch.equal(loss, HIMMELBLAU.field()(x, 0)[0])


def assert_same_on_arrays(field, rows: int) -> None:
    """At evaluations in and out of order, across blocks of draws, in arrays that are used again."""
    loss, gradient, x = np.empty(rows), np.empty((rows, 2)), np.empty((rows, 2))
    for seed, evaluation in enumerate([0, 1, 2, 2**15 - 1, 2**15, 10**6, 1]):
        x[...] = np.random.default_rng(seed).normal(size=x.shape)
        field.on_arrays(x, evaluation, loss, gradient)
        expected_loss, expected_gradient = field(torch.from_numpy(x), evaluation)
        np.testing.assert_array_equal(loss, expected_loss)
        np.testing.assert_array_equal(gradient, expected_gradient)


@pytest.mark.parametrize("kind", ["none", "gaussian", "multiplicative", "student"])
@pytest.mark.parametrize(("optimizers", "starts"), [(1, 1), (41, 1), (1, 3), (5, 3), (300, 2)])
@pytest.mark.parametrize("landscape", [HIMMELBLAU, GAMES["bilinear"], GAMES["forsaken"]], ids=lambda one: one.key)
def test_noise_has_the_same_bits_on_arrays(kind: str, optimizers: int, starts: int, landscape):
    noise = Noise(kind, 0.7, seed=3)
    assert_same_on_arrays(with_noise(landscape.field(), noise, starts), optimizers * starts)
    scales = [0.1 * n for n in range(optimizers)]
    assert_same_on_arrays(with_noise_of_scales(landscape.field(), noise, starts, scales), optimizers * starts)


def test_on_arrays_noise_refuses_rows_that_starts_do_not_divide_and_says_nothing_of_overflow():
    field = with_noise(HIMMELBLAU.field(), Noise("multiplicative", 5.0), 2)
    loss, gradient = np.empty(4), np.empty((4, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HIMMELBLAU.field().on_arrays(np.full((4, 2), 3e102), 0, loss, gradient)
        assert np.isfinite(gradient).all()
        field.on_arrays(np.full((4, 2), 3e102), 0, loss, gradient)
        assert np.isinf(gradient).any()
    with pytest.raises(ValueError, match="starts must divide the 3 rows, got 2"):
        field.on_arrays(np.zeros((3, 2)), 0, loss[:3], gradient[:3])


def test_a_field_without_arrays_has_none_under_noise():
    assert not hasattr(with_noise(still, Noise("gaussian"), 1), "on_arrays")


@pytest.mark.parametrize("engine", ["rows", "classes"])
@pytest.mark.parametrize("game", ["bilinear", "quadratic", "limit_cycle", "forsaken"])
@pytest.mark.parametrize("kind", ["none", "gaussian", "multiplicative"])
def test_a_comparison_of_methods_has_the_same_bits_on_arrays(engine: str, game: str, kind: str):
    bases = ["sgd", "extragradient", "optimistic", "sgd", "momentum", "extragradient"]
    specs = [
        OptimizerSpec(f"{n}", base=base, lr=0.1, layers=(Layer(3, 0.2 * n),), alternating=n == 3)
        for n, base in enumerate(bases)
    ]
    field = with_noise(GAMES[game].field(), Noise(kind, 0.3, seed=2), 2)
    arrays, tensors = (
        record(one, specs, [[1.0, 1.0], [-0.5, 1.2]], 60, engine=engine) for one in (field, lambda *at: field(*at))
    )
    for name in ("fast", "proposal", "loss", "slow_loss", "gradient_norm", "diverged"):
        np.testing.assert_array_equal(getattr(arrays, name), getattr(tensors, name), err_msg=name)


def test_none_and_scale_zero_are_the_plain_field():
    x = torch.rand(12, 2, dtype=torch.float64)
    expected = HIMMELBLAU.field()(x, 0)[1]
    for noise in (Noise(), Noise("gaussian", 0.0), Noise("multiplicative", 0.0), Noise("student", 0.0)):
        assert torch.equal(noisy_field(HIMMELBLAU, noise, 4)(x, 0)[1], expected)
    torch.testing.assert_close(noisy_field(HIMMELBLAU, Noise("minibatch", 0.0), 4)(x, 0)[1], expected)


def test_gaussian_noise_is_normal_with_the_stated_deviation():
    n = 40_000
    draws = gradients(Noise("gaussian", 2.0, seed=1), 20, range(n // 20), field=still).reshape(n, 2)
    assert np.abs(draws.mean(0)).max() < 5 * 2 / math.sqrt(n)
    assert np.abs(draws.var(0) / 4 - 1).max() < 5 * math.sqrt(2 / n)
    for axis in range(2):
        assert stats.kstest(draws[:, axis] / 2, "norm").statistic < 1.95 / math.sqrt(n)  # the 0.1 % point


def test_noise_is_uncorrelated_between_axes_evaluations_starts_and_seeds():
    n = 20_000
    draws = gradients(Noise("gaussian", 1.0, seed=1), 2, range(n), field=still)[:, 0]
    other = gradients(Noise("gaussian", 1.0, seed=2), 2, range(n), field=still)[:, 0]
    x = draws[:, 0, 0]
    pairs = [(x, draws[:, 0, 1]), (x[1:], x[:-1]), (x, draws[:, 1, 0]), (x, other[:, 0, 0]), (x[1:], draws[:-1, 0, 1])]
    for a, b in pairs:
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / math.sqrt(len(a))
        assert abs(np.corrcoef(a**2, b**2)[0, 1]) < 5 / math.sqrt(len(a))


def test_neighbouring_starts_are_as_independent_as_neighbouring_evaluations():
    n = 40_000
    draws = gradients(Noise("gaussian", 1.0), n, [0], field=still)[0, 0]
    assert stats.kstest(draws[:, 0], "norm").statistic < 1.95 / math.sqrt(n)
    assert abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 5 / math.sqrt(n)


@pytest.mark.parametrize("freedom", [1.0, 3.0, 12.5])
def test_student_noise_follows_the_t_distribution_and_is_isotropic(freedom: float):
    n = 40_000
    noise = Noise("student", 0.5, seed=1, degrees_of_freedom=freedom)
    draws = gradients(noise, 20, range(n // 20), field=still).reshape(n, 2) / 0.5
    for angle in (0.0, 0.7, math.pi / 2):
        along = draws @ [math.cos(angle), math.sin(angle)]
        assert stats.kstest(along, stats.t(freedom).cdf).statistic < 1.95 / math.sqrt(n)


def test_multiplicative_noise_scales_with_the_gradient_and_fades_at_a_minimum():
    n = 20_000
    draws = gradients(Noise("multiplicative", 0.3, seed=1), 1, range(n), field=tilted_field)[:, 0, 0]
    assert np.abs(draws.mean(0) - [3, -2]).max() < 5 * 3 * 0.3 / math.sqrt(n)
    assert np.abs(draws.std(0) / [0.9, 0.6] - 1).max() < 5 / math.sqrt(2 * n)
    at_minimum = noisy_field(HIMMELBLAU, Noise("multiplicative", 9.0), 1)(torch.tensor([[3.0, 2.0]]).double(), 0)[1]
    assert at_minimum.tolist() == [[0, 0]]


def test_without_replacement_every_epoch_sees_every_copy_once_in_a_new_order():
    order = copies(Noise("minibatch", batches=7), 4, 0, 70).reshape(10, 7, 4)
    assert (np.sort(order, axis=1) == np.arange(7).reshape(1, 7, 1)).all()
    assert len(np.unique(np.moveaxis(order, 1, -1).reshape(40, 7), axis=0)) > 35


@given(first=st.integers(0, 200), count=st.integers(1, 60), m=st.integers(1, 9), replacement=st.booleans())
@settings(max_examples=50, deadline=None)
def test_copies_of_a_stretch_are_a_stretch_of_the_copies(first: int, count: int, m: int, replacement: bool):
    noise = Noise("minibatch", seed=5, batches=m, replacement=replacement)
    assert np.array_equal(copies(noise, 3, first, count), copies(noise, 3, 0, 260)[first : first + count])


@pytest.mark.parametrize("replacement", [False, True])
def test_copies_are_equally_likely_at_every_place_of_the_epoch(replacement: bool):
    m, starts = 5, 20_000
    batches = copies(Noise("minibatch", batches=m, replacement=replacement), starts, 0, m)
    for place in range(m):
        counts = np.bincount(batches[place], minlength=m)
        assert stats.chisquare(counts).pvalue > 1e-4


def test_minibatch_gradient_is_that_of_the_chosen_copy_and_the_loss_that_of_the_mean():
    noise, starts = Noise("minibatch", 0.4, seed=2, batches=6), 3
    x = torch.rand(2 * starts, 2, dtype=torch.float64)
    field, places, batches = noisy_field(HIMMELBLAU, noise, starts), shifts(noise), copies(noise, starts, 0, 12)
    for evaluation in range(12):
        loss, gradient = field(x, evaluation)
        for row in range(len(x)):
            at = x[row : row + 1] - places[batches[evaluation, row % starts]]
            torch.testing.assert_close(gradient[row], HIMMELBLAU.field()(at, 0)[1][0])
            every = [HIMMELBLAU.function(x[row] - place) for place in places]
            torch.testing.assert_close(loss[row], torch.stack(every).mean())


def test_an_epoch_of_minibatches_averages_to_the_gradient_of_the_mean():
    noise = Noise("minibatch", 0.4, seed=2, batches=25)
    x = torch.tensor([[0.7, 0.7]], dtype=torch.float64)
    mean_gradient = gradient_field(mean_function(HIMMELBLAU.function, noise))(x, 0)[1][0]
    epoch = gradients(noise, 1, range(25))
    assert epoch.mean((0, 1, 2)) == pytest.approx(mean_gradient.numpy())


def test_shifts_are_centred_spread_by_scale_and_the_same_for_both_samplings():
    noise = Noise("minibatch", 0.4, seed=2, batches=200)
    places = shifts(noise)
    assert places.mean(0).abs().max() < 1e-15
    assert (places.std(0) / 0.4 - 1).abs().max() < 5 / math.sqrt(2 * 200)
    assert torch.equal(places, shifts(Noise("minibatch", 0.4, seed=2, batches=200, replacement=True)))


def test_copies_stack_in_front_of_any_shape():
    noise = Noise("minibatch", 0.4, batches=4)
    p = torch.rand(2, 3, 2, dtype=torch.float64)
    every = shifted_copies(HIMMELBLAU.function, noise)(p)
    assert every.shape == (4, 2, 3)
    torch.testing.assert_close(every[2], HIMMELBLAU.function(p - shifts(noise)[2]))
    torch.testing.assert_close(mean_function(HIMMELBLAU.function, noise)(p), every.mean(0))


def test_mean_of_shifted_bowls_is_the_bowl_raised():
    """Centred shifts of a quadratic cancel to first order: the mean is ½h·x² + ½ Σ h·s²/m."""
    noise = Noise("minibatch", 0.7, seed=1, batches=8)
    bowl = mean_surface(SURFACES["bowl"], noise)
    (minimum,) = bowl.minima
    assert minimum.place == pytest.approx((0, 0), abs=1e-9)
    rise = 0.5 * (shifts(noise).square().mean(0) * torch.tensor([1, 0.05])).sum().item()
    assert minimum.value == pytest.approx(rise)


def test_mean_surface_has_its_own_minima_and_draws_as_the_field_reports():
    noise = Noise("minibatch", 0.4, seed=2, batches=25)
    mean = mean_surface(HIMMELBLAU, noise)
    assert len(mean.minima) == 4
    assert mean.minima[0].place != HIMMELBLAU.minima[0].place
    places = torch.tensor([minimum.place for minimum in mean.minima], dtype=torch.float64)
    assert mean.field()(places, 0)[1].abs().max() < 1e-9
    torch.testing.assert_close(noisy_field(HIMMELBLAU, noise, 1)(places, 0)[0], mean.function(places))


def test_noise_disturbs_any_field():
    def rotation(x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
        return x.prod(-1), torch.stack((x[:, 1], -x[:, 0]), -1)

    x = torch.ones(2, 2, dtype=torch.float64)
    change = with_noise(rotation, Noise("gaussian", 0.1), 1)(x, 5)[1] - rotation(x, 5)[1]
    assert torch.equal(change[0], change[1])
    assert change[0].numpy() == pytest.approx(gradients(Noise("gaussian", 0.1), 1, [5], field=still)[0, 0, 0])
    with pytest.raises(ValueError, match="minibatch"):
        with_noise(rotation, Noise("minibatch"), 1)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"kind": "pink"}, ValueError, "kind must be one of none, gaussian.*got 'pink'"),
        ({"scale": -0.1}, ValueError, "scale must be at least 0 and finite, got -0.1"),
        ({"scale": math.nan}, ValueError, "scale .* got nan"),
        ({"seed": -1}, ValueError, "seed must be in"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number, got 1.5"),
        ({"batches": 0}, ValueError, r"batches must be in \[1, 200\], got 0"),
        ({"batches": True}, TypeError, "batches must be a whole number"),
        ({"degrees_of_freedom": 0.0}, ValueError, "degrees_of_freedom must be above 0"),
    ],
)
def test_bad_noise_is_refused_by_field_and_value(values: dict, error: type, words: str):
    with pytest.raises(error, match=words):
        Noise(**values)


@pytest.mark.parametrize("kind", KINDS)
def test_starts_must_divide_the_rows(kind: str):
    with pytest.raises(ValueError, match="starts must divide the 5 rows, got 3"):
        noisy_field(HIMMELBLAU, Noise(kind), 3)(torch.zeros(5, 2, dtype=torch.float64), 0)
    with pytest.raises(ValueError, match="starts must be in"):
        noisy_field(HIMMELBLAU, Noise(kind), 0)


@pytest.mark.parametrize("kind", ["gaussian", "multiplicative", "student"])
def test_scales_by_row_are_the_noise_of_each_scale_to_the_bit(kind):
    noise, scales = Noise(kind, seed=3), [0.0, 0.3, 1.7]
    x = torch.linspace(-2, 2, 3 * 4 * 2, dtype=torch.float64).view(-1, 2)
    field = gradient_field(lambda p: p.pow(4).sum(-1))
    for evaluation in (0, 5, 6):
        _, together = with_noise_of_scales(field, noise, 4, scales)(x, evaluation)
        for number, scale in enumerate(scales):
            rows = slice(4 * number, 4 * number + 4)
            _, alone = with_noise(field, replace(noise, scale=scale), 4)(x[rows], evaluation)
            assert torch.equal(together[rows], alone)


def test_a_scale_is_needed_for_every_group_of_rows():
    field = with_noise_of_scales(gradient_field(lambda p: p.sum(-1)), Noise("gaussian"), 2, [1.0, 2.0])
    with pytest.raises(ValueError, match="scales must have one entry for every 2 rows, 3, got 2"):
        field(torch.zeros((6, 2), dtype=torch.float64), 0)
