"""The registry of surfaces against literature values, calculus and hand-worked numbers."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from landscapes.fields import gradient_field
from landscapes.minima import minima_of
from landscapes.surfaces import SURFACES, Surface

EVERY = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
QUADRATIC = [surface for surface in SURFACES.values() if surface.curvature]

ROOT = 2.903534027771177  # of 4u³ − 32u + 5, the outer minimum of a Styblinski–Tang term
INNER = 2.746802770990837

# Global minimum value, its places, and how many isolated local minima the domain holds: from the literature where a
# function is from the literature, by hand otherwise (Rastrigin: one per integer pair; monkey: −27/32 at r = 3/2).
KNOWN_MINIMA = {
    "bowl": (0.0, [(0, 0)], 1),
    "ravine": (0.0, [(0, 0)], 1),
    "matyas": (0.0, [(0, 0)], 1),
    "booth": (0.0, [(1, 3)], 1),
    "rosenbrock": (0.0, [(1, 1)], 1),
    "beale": (0.0, [(3, 0.5)], 1),
    "himmelblau": (0.0, [(3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)], 4),
    "styblinski_tang": (-78.33233140754, [(-ROOT, -ROOT)], 4),
    "six_hump_camel": (-1.031628453490, [(0.0898420, -0.7126564), (-0.0898420, 0.7126564)], 6),
    "monkey_saddle": (-27 / 32, [(-1.5, 0), (0.75, 0.75 * 3**0.5), (0.75, -0.75 * 3**0.5)], 3),
    "equal_wells": (0.0, [(-1, 0), (1.5, 0)], 2),
    "rastrigin": (0.0, [(0, 0)], 121),
    "ackley": (0.0, [(0, 0)], 121),
    "levy": (0.0, [(1, 1)], 40),
    "goldstein_price": (3.0, [(0, -1)], 4),
}


def points_in(surface: Surface, count: int, seed: int = 0) -> torch.Tensor:
    low, high = torch.tensor(surface.domain, dtype=torch.float64).unbind(-1)
    random = torch.rand(count, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return low + (high - low) * random


def places(surface: Surface) -> torch.Tensor:
    return torch.tensor([minimum.place for minimum in surface.minima], dtype=torch.float64)


def hessian_at(surface: Surface, place: torch.Tensor) -> torch.Tensor:
    return torch.autograd.functional.hessian(surface.function, place)


def test_registry_holds_the_promised_surfaces_under_their_own_keys():
    keys = "bowl ravine rosenbrock himmelblau beale booth matyas rastrigin ackley goldstein_price styblinski_tang"
    keys += " six_hump_camel levy monkey_saddle gaussian_wells equal_wells"
    assert set(keys.split()) <= set(SURFACES)
    assert all(key == surface.key for key, surface in SURFACES.items())
    assert len({surface.name for surface in SURFACES.values()}) == len(SURFACES)


@EVERY
def test_surface_says_what_it_is_in_one_line(surface: Surface):
    assert surface.formula.count("{") == surface.formula.count("}")
    assert 20 < len(surface.teaches) < 120
    assert "\n" not in surface.teaches


@pytest.mark.parametrize("key", KNOWN_MINIMA)
def test_global_minima_and_their_number_are_those_of_the_literature(key: str):
    value, spots, count = KNOWN_MINIMA[key]
    minima = SURFACES[key].minima
    lowest = sorted(minimum.place for minimum in minima if minimum.is_global)
    assert len(minima) == count
    assert [minimum.value for minimum in minima if minimum.is_global] == pytest.approx([value] * len(spots), abs=1e-9)
    assert np.array(lowest) == pytest.approx(np.array(sorted(spots), dtype=float), abs=1e-6)


def test_local_minima_of_goldstein_price_and_the_camel_have_their_published_values():
    assert [m.value for m in SURFACES["goldstein_price"].minima] == pytest.approx([3, 30, 84, 840])
    camel = [m.value for m in SURFACES["six_hump_camel"].minima]
    assert camel == pytest.approx([-1.0316285] * 2 + [-0.2154638] * 2 + [2.1042503] * 2)
    inner = min(SURFACES["styblinski_tang"].minima, key=lambda m: -m.value)
    assert inner.place == pytest.approx((INNER, INNER))


@EVERY
def test_every_minimum_is_stationary_with_a_hessian_that_is_not_negative(surface: Surface):
    for minimum in surface.minima:
        place = torch.tensor(minimum.place, dtype=torch.float64)
        assert surface.function(place).item() == minimum.value
        (loss,), (gradient,) = gradient_field(surface.function)(place.unsqueeze(0), 0)
        hessian = hessian_at(surface, place)
        if hessian.isfinite().all():
            stiffness = torch.linalg.eigvalsh(hessian)
            assert stiffness[0] > 0
            assert gradient.norm() <= 1e-12 * max(1, stiffness[1], abs(loss)) * 10  # rounding of the terms in f
        else:  # Ackley's centre, a cone
            assert surface.key == "ackley"
            assert gradient.tolist() == [0, 0]


@EVERY
def test_no_minimum_is_missing_that_scipy_finds_from_random_starts(surface: Surface):
    field = surface.field()

    def value_and_gradient(p: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = field(torch.from_numpy(p).unsqueeze(0), 0)
        return loss.item(), gradient[0].numpy()

    starts = points_in(surface, 30, seed=1).numpy()
    runs = [minimize(value_and_gradient, p, jac=True, method="BFGS", options={"maxiter": 200}) for p in starts]
    low, high = np.array(surface.domain).T
    ends = [run.x for run in runs if np.abs(run.jac).max() < 1e-5 and (run.x > low).all() and (run.x < high).all()]
    ends_at_minima = [p for p in ends if torch.linalg.eigvalsh(hessian_at(surface, torch.from_numpy(p)))[0] > 1e-3]
    assert len(ends_at_minima) > 5
    assert torch.cdist(torch.tensor(np.array(ends_at_minima)), places(surface)).amin(-1).max() < 1e-2


@EVERY
def test_minima_keep_their_distance_and_stay_in_the_domain(surface: Surface):
    spots = places(surface)
    low, high = torch.tensor(surface.domain, dtype=torch.float64).unbind(-1)
    assert ((spots >= low) & (spots <= high)).all()
    apart = torch.cdist(spots, spots) + 99 * torch.eye(len(spots))
    assert apart.min() > 0.3


@EVERY
def test_field_equals_autograd(surface: Surface):
    x = points_in(surface, 500)
    loss, gradient = surface.field()(x, 0)
    expected, slope = gradient_field(surface.function)(x, 0)
    torch.testing.assert_close(loss, expected, rtol=1e-11, atol=1e-11 * expected.abs().max().item())
    torch.testing.assert_close(gradient, slope, rtol=1e-11, atol=1e-11 * slope.abs().max().item())


@EVERY
def test_gradient_equals_central_differences(surface: Surface):
    x, h = points_in(surface, 50, seed=2), 1e-5
    gradient = surface.field()(x, 0)[1]
    probes = [(surface.function(x + e) - surface.function(x - e)) / (2 * h) for e in h * torch.eye(2).double()]
    torch.testing.assert_close(gradient, torch.stack(probes, -1), rtol=1e-5, atol=1e-5 * gradient.abs().max().item())


@EVERY
def test_function_broadcasts_over_leading_dimensions(surface: Surface):
    x = points_in(surface, 24)
    torch.testing.assert_close(surface.function(x.view(2, 3, 4, 2)), surface.function(x).view(2, 3, 4))
    assert surface.function(x[0]).shape == ()


@pytest.mark.parametrize("surface", QUADRATIC, ids=lambda s: s.key)
def test_curvature_is_the_spectrum_of_the_hessian(surface: Surface):
    spectrum = torch.linalg.eigvalsh(hessian_at(surface, torch.tensor(surface.start, dtype=torch.float64)))
    assert sorted(surface.curvature) == pytest.approx(spectrum.tolist())


@EVERY
def test_customary_run_moves_and_stays_finite_unless_divergence_is_the_lesson(surface: Surface):
    field, x = surface.field(), torch.tensor([surface.start], dtype=torch.float64)
    width = surface.domain[0][1] - surface.domain[0][0]
    furthest = 0.0
    for step in range(500):
        x = x - surface.lr * field(x, step)[1]
        furthest = max(furthest, (x - torch.tensor([surface.start])).norm().item())
    assert furthest > 0.12 * width
    assert x.abs().max() > 1e6 if surface.key == "ravine" else x.abs().max() < 10


def test_ravine_and_sharp_well_diverge_for_sgd_at_their_lr_and_not_for_lookahead():
    for curvature, lr in ((20, SURFACES["ravine"].lr), (20, SURFACES["equal_wells"].lr)):
        c = 1 - lr * curvature
        assert abs(c) > 1
        assert abs(0.5 + 0.5 * c**5) < 1


def test_equal_wells_are_equally_deep_with_curvatures_20_and_1():
    surface = SURFACES["equal_wells"]
    for place, curvature in (((-1.0, 0.0), 20.0), ((1.5, 0.0), 1.0)):
        p = torch.tensor(place, dtype=torch.float64)
        assert surface.function(p) == 0
        assert torch.linalg.eigvalsh(hessian_at(surface, p)).tolist() == pytest.approx([curvature] * 2)


def test_sharp_gaussian_well_is_the_deeper_and_the_wide_one_is_flatter():
    deep, wide = SURFACES["gaussian_wells"].minima
    assert (deep.is_global, wide.is_global) == (True, False)
    sharpness = [
        torch.linalg.eigvalsh(hessian_at(SURFACES["gaussian_wells"], torch.tensor(m.place).double()))[0].item()
        for m in (deep, wide)
    ]
    assert sharpness[0] > 20 * sharpness[1]


def test_monkey_saddle_is_level_at_the_origin_and_bounded_below():
    function = SURFACES["monkey_saddle"].function
    assert hessian_at(SURFACES["monkey_saddle"], torch.zeros(2).double()).abs().max() == 0
    assert function(torch.tensor([[100.0, 0.0], [-100.0, 0.0], [50.0, 86.6]])).min() > 0


def test_hand_worked_values():
    p = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert SURFACES["himmelblau"].function(p) == (1 + 2 - 11) ** 2 + (1 + 4 - 7) ** 2
    assert SURFACES["rosenbrock"].function(p) == 100
    assert SURFACES["beale"].function(p) == 2.5**2 + 5.25**2 + 9.625**2
    assert SURFACES["styblinski_tang"].function(p) == 0.5 * (1 - 16 + 5 + 16 - 64 + 10)
    assert SURFACES["rastrigin"].function(p).item() == pytest.approx(5)
    assert SURFACES["goldstein_price"].function(torch.zeros(2)) == 600


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("bowl", (1 + 0.05 * 4) / 2),
        ("ravine", (20 + 4) / 2),
        ("matyas", 0.26 * 5 - 0.48 * 2),
        ("booth", (1 + 4 - 7) ** 2 + (2 + 2 - 5) ** 2),
        ("six_hump_camel", 4 - 2.1 + 1 / 3 + 2 + (16 - 4) * 4),
        ("monkey_saddle", 1 - 12 + 25 / 2),
        ("equal_wells", 80 * 2.125 / (80 + 2.125)),
        ("gaussian_wells", 5 / 20 - 3 * math.exp(-8 * (0.04 + 4)) - 2 * math.exp(-(4 + 4) / 2.88)),
        ("ackley", -20 * math.exp(-0.2 * math.sqrt(5 / 2)) - math.exp(1) + 20 + math.e),
        ("levy", 0.25**2 * (1 + math.sin(2.5 * math.pi) ** 2)),  # u = 1, v = 5/4
    ],
)
def test_further_values_by_hand_at_one_and_two(key: str, expected: float):
    assert SURFACES[key].function(torch.tensor([1.0, 2.0]).double()).item() == pytest.approx(expected, rel=1e-12)


def test_arriving_at_a_kink_is_convergence():
    loss, gradient = SURFACES["ackley"].field()(torch.zeros(3, 2, dtype=torch.float64), 0)
    assert loss.abs().max() < 1e-14
    assert gradient.tolist() == [[0, 0]] * 3
    x = torch.tensor([[0.0, 1.0], [4.0, 1.0]], dtype=torch.float64)
    loss, gradient = gradient_field(lambda p: p[..., 0].sqrt() + p[..., 1].abs().sqrt())(x, 0)
    assert gradient.tolist() == [[0, 0.5], [0.25, 0.5]]


def test_field_leaves_an_undefined_loss_undefined():
    x = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [math.inf, 0.0]], dtype=torch.float64)
    loss, gradient = gradient_field(lambda p: p[..., 0].log())(x, 0)
    assert loss.isnan().tolist() == [True, False, False]
    assert gradient[0].isnan().all()  # autograd says 1/x there, too, and a run would go on over nothing
    assert gradient[1].tolist() == [1, 0]
    loss, gradient = SURFACES["himmelblau"].field()(
        torch.tensor([[math.nan, 0.0], [1e200, 0.0], [3.0, 2.0]]).double(), 0
    )
    assert loss.isfinite().tolist() == [False, False, True]
    assert gradient[2].tolist() == [0, 0]


def test_field_does_not_touch_its_input_or_its_graph():
    x = torch.rand(4, 2, dtype=torch.float64, requires_grad=True)
    before = x.detach().clone()
    for key in ("himmelblau", "ackley"):
        with torch.no_grad():
            loss, gradient = SURFACES[key].field()(x, 0)
        assert not loss.requires_grad
        assert not gradient.requires_grad
        assert torch.equal(x, before)
        assert x.grad is None


def test_search_finds_kinks_and_shifted_minima_and_reports_no_level_floor():
    square = ((-1.0, 1.0), (-1.0, 1.0))
    (kink,) = minima_of(lambda p: (p - torch.tensor([0.3, 0.1], dtype=torch.float64)).abs().sum(-1), square)
    assert kink.place == pytest.approx((0.3, 0.1), abs=1e-9)
    assert minima_of(lambda p: p[..., 0].square(), square) == ()
    assert minima_of(lambda p: p.sum(-1), square) == ()
    assert minima_of(lambda p: p.sum(-1) * math.nan, square) == ()
    # y + 3 is least where it stops being defined, which is no ordinary minimum
    assert minima_of(lambda p: p[..., 0] - p[..., 0].log() + (p[..., 1] + 3).sqrt() ** 4, ((-2, 2), (-5, 5))) == ()


def test_search_uses_guesses_for_what_its_grid_would_miss():
    def needle(p: torch.Tensor) -> torch.Tensor:
        return -torch.exp(-1e8 * (p - 0.1234).square().sum(-1)) + 0.1 * p.square().sum(-1)

    square = ((-1.0, 1.0), (-1.0, 1.0))
    assert len(minima_of(needle, square)) == 1
    minima = minima_of(needle, square, guesses=[(0.12341, 0.12339)])
    assert minima[0].place == pytest.approx((0.1234, 0.1234), abs=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"domain": ((1, 1), (0, 1))}, "x_lo < x_hi, got 1 and 1"),
        ({"domain": ((-1, 1), (0, math.inf))}, "y_lo < y_hi"),
        ({"start": (0.0, 9.0)}, r"y in \[-6, 6\], got y = 9.0"),
        ({"start": (math.nan, 0.0)}, "got x = nan"),
        ({"lr": 0.0}, "lr must be above 0 and finite, got 0.0"),
        ({"noise_scale": -1.0}, "noise_scale must be at least 0"),
    ],
)
def test_bad_surfaces_are_refused_by_field_and_value(change: dict, words: str):
    values = {**{f: getattr(SURFACES["himmelblau"], f) for f in Surface.__dataclass_fields__}, **change}
    with pytest.raises(ValueError, match=words):
        Surface(**values)
