"""Gradients written by the program of a formula, against autograd and by hand."""

import copy
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landscapes.fields import gradient_field
from landscapes.formula import FormulaError, parse
from landscapes.slope import Operation, Program, program_of
from landscapes.surfaces import SURFACES

POINTS = torch.tensor([[0.3, 0.7], [1.5, -0.4], [-1.2, 2.1], [-0.6, -0.9]], dtype=torch.float64)


def program(text: str, **parameters: float) -> Program | None:
    return program_of(parse(text, parameters).bound(parameters))


def test_a_product_by_hand():
    assert program("x*x*y").operations == {
        "t1": Operation("*", "x", "x"),
        "t2": Operation("*", "t1", "y"),
        "t3": Operation("*", "y", "x"),
        "t4": Operation("+", "t3", "t3"),
    }
    value, dx, dy = program("x*x*y")(np.array([3.0]), np.array([5.0]))
    assert (value.item(), dx.item(), dy.item()) == (45, 30, 9)


def test_no_operation_is_written_twice_and_himmelblau_needs_as_many_as_by_hand():
    operations = program("(x^2 + y - 11)^2 + (x + y^2 - 7)^2").operations
    assert len(set(operations.values())) == len(operations) == 17


def test_constants_and_parameters_are_computed_beforehand():
    assert program("a^2*x/2 + (pi - pi)*y + 3*y", a=4.0).results[1:] == (8.0, 3.0)
    assert program("x - 0 + 0*1").operations == {}


@pytest.mark.parametrize("text", ["exp(x)", "x^0.5", "x^-1", "x^0", "2^x", "x^y", "abs(x)", "min(x, y)"])
def test_other_formulas_have_no_program(text: str):
    assert program(f"x + {text}") is None


def test_parts_defined_beside_a_formula_are_shown_so_and_computed_once():
    formula = parse("u*v + a", ["a"], where={"u": "x^2 + a", "v": "2y"})
    assert formula.latex == r"u\,v + a,\quad u = x^{2} + a,\quad v = 2\,y"
    assert formula.parameters == ("a",)
    expected = parse("(x^2 + a)*2y + a", ["a"])
    assert torch.equal(formula.objective({"a": 3.0})(POINTS), expected.objective({"a": 3.0})(POINTS))
    assert program_of(formula.bound({"a": 3.0})).operations["t2"] == Operation("+", "t1", 3.0)


def rational() -> st.SearchStrategy[str]:
    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
            st.builds("(-{})".format, inner),
            st.builds("{}^{}".format, inner.map("({})".format), st.integers(1, 5)),
        )

    return st.recursive(st.sampled_from([*"xyxy", "2", "0.5", "1", "pi"]), grow, max_leaves=12)


@given(rational())
@settings(max_examples=200, deadline=None)
def test_random_quotients_of_polynomials_have_the_gradient_of_autograd(text: str):
    try:
        formula = parse(text)
    except FormulaError:
        return
    value, *slopes = program_of(formula.bound())(*POINTS.numpy().T)
    loss, gradient = gradient_field(formula.objective())(POINTS, 0)
    slopes = np.stack([np.broadcast_to(slope, loss.shape) for slope in slopes], -1)
    usable = gradient.isfinite().all(-1).numpy() & np.isfinite(slopes).all(-1) & (gradient.abs().amax(-1) < 1e9).numpy()
    np.testing.assert_allclose(np.broadcast_to(value, loss.shape)[usable], loss[usable], rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(slopes[usable], gradient[usable], rtol=1e-6, atol=1e-6)


def test_a_field_overflows_without_a_warning_in_several_threads_at_once():
    field, far = SURFACES["himmelblau"].field(), torch.full((50_000, 2), 1e200, dtype=torch.float64)
    with warnings.catch_warnings(), ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("error")
        results = list(pool.map(lambda evaluation: field(far, evaluation), range(16)))
    assert all(loss.isinf().all() and gradient.isinf().all() for loss, gradient in results)


@given(rational())
@settings(max_examples=100, deadline=None)
def test_a_call_bound_to_arrays_has_the_bits_of_the_program_whenever_it_is_called(text: str):
    try:
        written = program_of(parse(text).bound())
    except FormulaError:
        return
    points, value, gradient = np.empty((4, 2)), np.empty(4), np.empty((4, 2))
    call = written.bound(*points.T, value, *gradient.T)
    with np.errstate(all="ignore"):
        for shift in (0.0, 1.0, 1e200):
            points[...] = POINTS.numpy() + shift
            gradient.fill(np.nan)
            call()
            for ours, expected in zip((value, *gradient.T), written(*points.T), strict=True):
                np.testing.assert_array_equal(ours, np.broadcast_to(expected, 4))


def test_a_field_on_arrays_tells_many_arrays_apart_in_several_threads_at_once():
    field, batches = SURFACES["himmelblau"].field(), np.random.default_rng(0).normal(size=(40, 5, 2))

    def results(x: np.ndarray) -> np.ndarray:
        loss, gradient = np.empty(5), np.empty((5, 2))
        for _ in range(50):
            field.on_arrays(x, 0, loss, gradient)
        return np.column_stack((loss, gradient))

    with ThreadPoolExecutor(4) as pool:
        for x, ours in zip(batches, pool.map(results, batches), strict=True):
            loss, gradient = field(torch.from_numpy(x), 0)
            np.testing.assert_array_equal(ours, np.column_stack((loss, gradient)))


def test_a_field_with_a_slope_can_be_copied():
    field = SURFACES["himmelblau"].field()
    field.on_arrays(POINTS.numpy(), 0, np.empty(len(POINTS)), np.empty((len(POINTS), 2)))
    assert not copy.deepcopy(field).calls
    for one, same in zip(field(POINTS, 0), copy.deepcopy(field)(POINTS, 0), strict=True):
        assert torch.equal(one, same)
