"""Layers: what is accepted, what is refused and with which words."""

import math
from fractions import Fraction

import numpy as np
import pytest

from optim_core.layers import Layer, layers_due, make_layers, periods


def test_scalars_make_one_layer():
    assert make_layers(5, 0.5) == (Layer(5, 0.5),)


def test_a_scalar_beside_a_sequence_serves_every_layer():
    assert make_layers([2, 3], 0.5) == (Layer(2, 0.5), Layer(3, 0.5))
    assert make_layers(5, (0.5, 0.8)) == (Layer(5, 0.5), Layer(5, 0.8))


def test_whole_numbers_of_other_types_become_int_and_float():
    layer = Layer(np.int64(4), Fraction(1, 4))
    assert (type(layer.k), type(layer.alpha)) == (int, float)
    assert layer == Layer(4, 0.25)


def test_periods_multiply():
    layers = make_layers([2, 3, 4], 0.5)
    assert periods(layers) == (2, 6, 24)
    assert [layers_due(step, layers) for step in range(1, 13)] == [0, 1, 0, 1, 0, 2, 0, 1, 0, 1, 0, 2]
    assert layers_due(24, layers) == 3


@pytest.mark.parametrize("k", [1.0, 2.5, "3", None, True, np.float64(2)])
def test_k_that_is_not_whole_is_a_type_error(k):
    with pytest.raises(TypeError, match=r"k must be a whole number.*got"):
        Layer(k, 0.5)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_a_value_error(k):
    with pytest.raises(ValueError, match=rf"k must be at least 1, got {k}"):
        Layer(k, 0.5)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan, math.inf, -math.inf])
def test_alpha_outside_the_unit_interval_is_a_value_error(alpha):
    with pytest.raises(ValueError, match=rf"alpha must be in \[0, 1\], got {alpha}"):
        Layer(5, alpha)


@pytest.mark.parametrize("alpha", ["0.5", None, True, 1j])
def test_alpha_that_is_not_a_number_is_a_type_error(alpha):
    with pytest.raises(TypeError, match="alpha must be a number"):
        Layer(5, alpha)


def test_unequal_lengths_name_both():
    with pytest.raises(ValueError, match=r"k and alpha .* got 2 and 3"):
        make_layers([2, 3], [0.5, 0.5, 0.5])


@pytest.mark.parametrize(("k", "alpha"), [([], 0.5), (5, []), ([], [])])
def test_no_layers_is_refused(k, alpha):
    with pytest.raises(ValueError, match="at least one layer"):
        make_layers(k, alpha)
