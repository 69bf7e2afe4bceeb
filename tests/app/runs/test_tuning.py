import numpy as np
import pytest

from app.runs.tuning import lr_grid, tune_each, tuned_config
from app.state import Card, LayerConfig, SurfacesConfig

QUADRATIC = SurfacesConfig(
    surface="ravine", noise="none", steps=60, cards=(Card(lr=0.05), Card(lr=0.05, layers=(LayerConfig(),)))
)


def test_on_a_quadratic_the_search_finds_the_best_candidate_of_gradient_descent():
    (tuning, _) = tune_each(QUADRATIC, points=21, seeds=1, measure="slow loss")
    factors = {lr: max(abs(1 - 20 * lr), abs(1 - lr)) for lr in lr_grid(0.05, 21)}
    assert tuning.spec.lr == min(factors, key=factors.get)  # the smallest factor of the slower axis wins in the end


def test_every_optimizer_spends_the_same_and_divergence_is_a_result():
    tunings = tune_each(QUADRATIC, points=9, seeds=1, measure="slow loss")
    assert {one.evaluations for one in tunings} == {60}
    assert {len(one.candidates) for one in tunings} == {9}
    assert np.isinf(tunings[0].mean[-1])  # 30 times the customary lr
    assert tunings[0].diverged[-1] == 1


def test_taking_the_best_marks_the_cards_and_leaves_those_that_are_off():
    config = QUADRATIC.model_copy(update={"cards": (*QUADRATIC.cards, Card(on=False, color=2))})
    tunings = tune_each(config, points=9, seeds=1, measure="slow loss")
    new_config = tuned_config(config, tunings)
    assert [card.tuned for card in new_config.cards] == [True, True, False]
    assert new_config.cards[0].lr == tunings[0].spec.lr


def test_k_and_alpha_can_be_searched_too():
    (without_layers, with_layers) = tune_each(QUADRATIC, points=5, seeds=1, measure="slow loss", layers_too=True)
    assert len(without_layers.candidates) == 5
    assert len(with_layers.candidates) == 5 * 4 * 3
    best = tuned_config(QUADRATIC, (without_layers, with_layers)).cards[1].layers[0]
    assert (best.k, best.alpha) == (with_layers.spec.layers[0].k, with_layers.spec.layers[0].alpha)


def test_the_grid_has_three_digits_and_its_middle_is_the_card():
    grid = lr_grid(0.1, 15)
    assert grid == sorted(float(f"{lr:.3g}") for lr in grid)
    assert grid[7] == pytest.approx(0.1)
