"""Every observation is made of a run that shows it, with the numbers of a hand, and of no run that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from app.figures.narration import Observation, game_narration, surface_narration, timeline, training_narration
from app.figures.narration import games as of_games
from app.figures.narration import layers as of_layers
from app.figures.narration import runs as of_runs
from app.figures.narration import surfaces as of_surfaces
from app.figures.narration.facts import Facts, times
from app.runs.games import game_run
from app.runs.surfaces import surface_run
from app.state import Card, GameCard, GamesConfig, LayerConfig, SurfacesConfig
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec

TWO = "Multilayer Lookahead (5, .5)(5, .5)"
ONE = "Lookahead (5, .5)"


def spec_with_layers(*pairs: tuple[int, float], lr: float = 0.1, **more: object) -> OptimizerSpec:
    return OptimizerSpec("L", lr=lr, layers=tuple(Layer(k, alpha) for k, alpha in pairs), **more)  # type: ignore[arg-type]


def cards(
    lr: float, *stacks: tuple[tuple[int, float], ...], kind: type[Card] = Card, **more: object
) -> tuple[Card, ...]:
    return tuple(
        kind(lr=lr, layers=tuple(LayerConfig(k=k, alpha=alpha) for k, alpha in stack), color=color, **more)
        for color, stack in enumerate(stacks)
    )


def surface(**settings: object) -> Facts:
    config = SurfacesConfig(**settings)  # type: ignore[arg-type]
    return of_surfaces.surface_facts(config, surface_run(config))


def game(**settings: object) -> Facts:
    config = GamesConfig(**settings)  # type: ignore[arg-type]
    return of_games.game_facts(config, game_run(config))


def spans(observations: Iterator[Observation]) -> list[tuple[str, int, int]]:
    return [(one.text, one.first_step, one.last_step) for one in observations]


def texts(observations: Iterator[Observation]) -> list[str]:
    return [one.text for one in observations]


# The line of a player


def test_the_highest_priority_is_shown_and_of_equals_the_later_begun() -> None:
    low, high = Observation("low", 0, 9, 1), Observation("high", 4, 5, 2)
    assert timeline([low, high]) == ((0, "low"), (4, "high"), (6, "low"), (10, ""))
    assert timeline([low, Observation("later", 3, 9, 1)]) == ((0, "low"), (3, "later"), (10, ""))


def test_before_and_between_observations_nothing_is_shown() -> None:
    assert timeline([Observation("one", 2, 3, 1), Observation("two", 6, 6, 1)]) == (
        (0, ""), (2, "one"), (4, ""), (6, "two"), (7, ""),
    )  # fmt: skip
    assert timeline([]) == ((0, ""),)


@pytest.mark.parametrize(("text", "first", "last"), [("", 0, 1), ("text", 2, 1), ("text", -1, 1)])
def test_an_observation_says_something_of_steps_in_order(text: str, first: int, last: int) -> None:
    with pytest.raises(ValueError, match="must"):
        Observation(text, first, last, 1)


@pytest.mark.parametrize(("ratio", "text"), [(1.44, "1.4"), (21.7, "22"), (132.0, "130")])
def test_ratios_have_two_digits(ratio: float, text: str) -> None:
    assert times(ratio) == text


# From the layers alone


def test_an_outer_layer_moves_once_in_the_product_of_periods() -> None:
    runs = [(spec_with_layers((5, 0.5), (5, 0.5)), 100)]
    assert spans(of_layers.waits(runs, 100)) == [
        ("Layer 2 of L synchronises once in 25 steps: nothing to see of it before step 25.", 1, 24)
    ]
    assert spans(of_layers.first_moves(runs, 100)) == [
        ("Layer 2 of L has just synchronised for the first time: all inside it restart from there.", 25, 30)
    ]


@pytest.mark.parametrize("rule", [of_layers.waits, of_layers.first_moves])
def test_one_layer_or_a_run_that_ended_before_has_no_first_move(rule: of_layers.Rule) -> None:
    assert not texts(rule([(spec_with_layers((5, 0.5)), 100)], 100))
    assert not texts(rule([(spec_with_layers((5, 0.5), (5, 0.5)), 24)], 100))


def test_a_period_longer_than_the_run_is_said() -> None:
    two = "The period of layer 2 of L, 150 steps, is longer than the run: its slow weights never move."
    assert spans(of_layers.never_moves([(spec_with_layers((5, 0.5), (30, 0.5), (2, 0.5)), 100)], 100)) == [
        (two, 1, 100)
    ]
    assert not texts(of_layers.never_moves([(spec_with_layers((5, 0.5), (20, 0.5)), 100)], 100))


def test_k_of_1_is_sgd_with_a_shorter_step() -> None:
    one, facts = spec_with_layers((1, 0.5)), surface(surface="booth", cards=cards(0.09, (), ((1, 0.5),)), steps=20)
    assert texts(of_layers.single_steps([(one, 9)], 9)) == [
        "With k = 1, L is SGD at α times its lr: every step is cut short, nothing is averaged."
    ]
    short = surface(surface="booth", cards=cards(0.045, ()), steps=20)
    np.testing.assert_allclose(facts.run.fast[:, 1], short.run.fast[:, 0], rtol=1e-12)
    assert not texts(
        of_layers.single_steps([(spec_with_layers((2, 0.5)), 9), (spec_with_layers((1, 0.5), base="adam"), 9)], 9)
    )


def test_alpha_of_1_copies_the_fast_weights() -> None:
    text = "With α = 1, the slow weights of L go all the way: its path is the one without layers."
    assert texts(of_layers.copies([(spec_with_layers((5, 1.0), (2, 1.0)), 9)], 9)) == [text]
    facts = surface(surface="booth", cards=cards(0.09, (), ((5, 1.0), (2, 1.0))), steps=40)
    np.testing.assert_array_equal(facts.run.fast[:, 0], facts.run.fast[:, 1])
    reset = spec_with_layers((5, 1.0), base="momentum", momentum=0.9, sync_momentum="reset")
    assert not texts(of_layers.copies([(reset, 9), (spec_with_layers((5, 1.0), (2, 0.5)), 9)], 9))


def test_alpha_of_0_goes_back_to_the_start() -> None:
    text = "Layer 2 of L has α = 0: every 6 steps it throws all inside it back to the start."
    assert texts(of_layers.frozen([(spec_with_layers((3, 0.5), (2, 0.0)), 9)], 9)) == [text]
    facts = surface(surface="booth", cards=cards(0.09, ((3, 0.5), (2, 0.0))), steps=12)
    np.testing.assert_array_equal(facts.run.fast[[6, 12], 0], facts.run.fast[[0, 0], 0])
    assert not texts(of_layers.frozen([(spec_with_layers((3, 0.5)), 9)], 9))


def test_nothing_is_said_of_averaging_where_layers_have_outer_momentum() -> None:
    specs = tuple(OptimizerSpec("L", lr=0.1, layers=(Layer(k, alpha, 0.9),)) for k, alpha in ((1, 0.5), (5, 1.0)))
    runs = [(spec, 9) for spec in specs]
    assert not texts(of_layers.single_steps(runs, 9))
    assert not texts(of_layers.copies(runs, 9))
    layer = LayerConfig(k=5, alpha=0.5, outer_momentum=0.5)
    facts = surface(cards=(Card(lr=0.102, layers=(layer,)),))
    assert not texts(of_surfaces.cancels(facts))
    assert not texts(of_surfaces.pulled_back(facts))


# On a surface: the ravine has curvature 20 across, so lr .102 is at 2.04


def test_sgd_diverges_where_lr_times_curvature_is_above_2() -> None:
    facts = surface()
    end = int(facts.run.diverged[0, 0])
    assert spans(of_surfaces.too_steep(facts)) == [
        ("SGD diverges: lr · curvature = 2.04 > 2.", 1, 10),
        (
            "SGD diverges: lr · curvature = 2.04 > 2, so each step overshoots further than the last. "
            f"At step {end} its run ends.",
            end, end + 25,
        ),
    ]  # fmt: skip
    assert texts(of_runs.ends_early(facts)) == [f"SGD has diverged at step {end}: its run ends here."]


def test_a_flatter_lr_neither_diverges_nor_is_said_to() -> None:
    facts = surface(cards=cards(0.09, (), ((5, 0.5),)))
    assert not texts(of_surfaces.too_steep(facts))
    assert not texts(of_runs.ends_early(facts))


def test_sgd_zigzags_between_1_and_2() -> None:
    text = "SGD zigzags: lr · curvature = 1.8 lies between 1 and 2, so every step lands on the other side of the valley"
    assert spans(of_surfaces.zigzags(surface(cards=cards(0.09, ())))) == [(f"{text}, a little lower.", 2, 14)]
    assert not texts(of_surfaces.zigzags(surface(cards=cards(0.04, ()))))  # .8: on its own side
    assert not texts(of_surfaces.zigzags(surface(cards=cards(0.102, ()))))  # 2.04: not lower


def test_the_zigzag_cancels_at_an_odd_period() -> None:
    facts = surface(cards=cards(0.102, ((5, 0.5),)))
    assert facts.run.slow[0][0][5, 0, 0] == pytest.approx(0.5 + 0.5 * (-1.04) ** 5)  # x was 1
    assert spans(of_surfaces.cancels(facts))[0] == (
        f"Layer 1 of {ONE} has just pulled back half-way: the zigzag cancelled.", 5, 9,
    )  # fmt: skip
    assert not texts(of_surfaces.does_not_cancel(facts))


def test_the_zigzag_does_not_cancel_at_an_even_period() -> None:
    facts = surface(cards=cards(0.102, ((6, 0.5),)))
    assert facts.run.slow[0][0][6, 0, 0] == pytest.approx(0.5 + 0.5 * 1.04**6)
    assert spans(of_surfaces.does_not_cancel(facts))[0] == (
        "k = 6 is even, so layer 1 of Lookahead (6, .5) finds both ends on one side of the valley: "
        "the zigzag does not cancel.",
        6, 11,
    )  # fmt: skip
    assert not texts(of_surfaces.cancels(facts))


def test_a_first_synchronisation_is_explained_once() -> None:
    facts = surface(surface="matyas", cards=cards(0.3, (), ((5, 0.25),)))
    assert spans(of_surfaces.pulled_back(facts)) == [
        (
            "5 steps are done: the slow weights of Lookahead (5, .25) went 0.25 of the way to the fast ones, "
            "which restart from there.",
            5, 9,
        )
    ]  # fmt: skip
    assert not texts(of_surfaces.pulled_back(surface(surface="matyas", cards=cards(0.3, ()))))


def test_different_ends_of_one_start_are_said() -> None:
    facts = surface(surface="himmelblau")
    ends = [facts.run.outermost(index)[-1, 0] for index in range(2)]
    assert np.linalg.norm(ends[0] - ends[1]) > 3
    assert texts(of_surfaces.different_ends(facts)) == [
        f"One start, different ends: SGD is at one minimum, {ONE} at another."
    ]
    assert not texts(of_surfaces.different_ends(surface(surface="booth")))


# Any run


def test_all_start_together_at_step_0() -> None:
    assert spans(of_runs.together(surface())) == [
        ("All three optimizers start together, slow weights on top of fast ones.", 0, 0)
    ]
    assert texts(of_runs.together(surface(cards=cards(0.09, (), ())))) == ["Both optimizers start together."]
    assert not texts(of_runs.together(surface(cards=cards(0.09, ()))))


def test_everybody_has_arrived_once_a_hundredth_of_the_way_is_left() -> None:
    facts = surface(surface="booth")
    (one,) = of_runs.all_arrived(facts)
    remainder = facts.excess / facts.excess[0]
    assert (remainder[one.first_step :] <= 0.01).all()
    assert (remainder[one.first_step - 1] > 0.01).any()
    assert one.text == (f"All have come 99 % of the way down by step {one.first_step}: what is left is fine print.")
    assert not texts(of_runs.all_arrived(surface(surface="matyas", steps=100)))


def test_a_diverged_optimizer_is_not_counted_among_the_arrived() -> None:
    (one,) = texts(of_runs.all_arrived(surface()))
    assert one.startswith("All that did not diverge have come 99 %")


def test_the_price_of_a_layer_is_the_ratio_of_gradients() -> None:
    facts = surface(surface="matyas")
    bare, own = facts.arrival(0), facts.arrival(1)
    assert (bare, own) == (127, 260)
    assert texts(of_runs.price(facts)) == [
        f"One layer costs 2x in speed per gradient here: 99 % of the way down took SGD 127 gradients and {ONE} 260."
    ]
    assert not texts(of_runs.price(surface(surface="matyas", cards=cards(0.3, ((5, 0.5),)))))  # nothing to compare


def test_a_layer_that_saves_gradients_is_said_to() -> None:
    facts = game(game="quadratic")
    assert texts(of_runs.price(facts))[0].startswith(f"{ONE} saves gradients here: 99 % of the way to the equilibrium")


def test_who_is_ahead_is_told_at_quarters() -> None:
    facts = surface(surface="matyas")
    first = next(of_runs.ahead(facts))
    ratio = facts.excess[125, 1] / facts.excess[125, 0]
    assert (first.first_step, first.text) == (
        125,
        f"After 125 gradients SGD is ahead: the loss above the lowest is {times(ratio)} times as large for {ONE}.",
    )
    assert ratio > 4
    assert not texts(of_runs.ahead(surface(surface="matyas", cards=cards(0.3, (), ()))))  # as far as each other


def test_averaged_noise_is_measured_over_the_second_half() -> None:
    starts = ((2.0, 2.0), (-2.0, 2.0), (-2.0, -2.0), (2.0, -2.0))
    facts = surface(surface="bowl", steps=800, noise_scale=0.7, starts=starts)
    sentences = [one for one in texts(of_runs.noise_averaged(facts)) if TWO in one]
    half = slice(400, None)
    fast, slow = (np.sqrt((x[half] ** 2).sum(-1).mean()) for x in (facts.run.proposal[:, 2], facts.run.outermost(2)))
    assert fast / slow > 1.15
    assert sentences == [
        f"Averaging at work: over the second half the slow weights of {TWO} are {times(fast / slow)} times nearer to "
        "a minimum than its fast weights (root mean square)."
    ]
    assert not texts(of_runs.noise_averaged(surface(surface="bowl", noise="none")))


# Games: a step of descent-ascent on xy multiplies the distance by √(1 + lr²)


def test_pure_rotation_goes_past_the_equilibrium() -> None:
    assert len(texts(of_games.turns(game()))) == 1
    assert not texts(of_games.turns(game(game="quadratic")))


def test_descent_ascent_spirals_outward_as_theory_says() -> None:
    facts = game()
    assert spans(of_games.spirals_out(facts))[0] == (
        f"Descent-ascent spirals outward: in theory and here, each step multiplies the distance by {sqrt(1.01):.4g}.",
        5, 24,
    )  # fmt: skip
    assert not texts(of_games.spirals_out(game(game="quadratic")))


def test_layer_1_cuts_across_the_turn() -> None:
    facts = game(cards=cards(0.1, ((5, 0.5),), kind=GameCard))
    gaps = np.linalg.norm([facts.pulls[0].old, facts.pulls[0].target, facts.pulls[0].new], axis=1)
    assert gaps[2] < gaps[0] < gaps[1]
    assert texts(of_games.cuts_across(facts))[0] == (
        f"Layer 1 of {ONE} cuts across the turn: half-way between its ends it is nearer to the equilibrium than at "
        "either."
    )
    assert not texts(of_games.comes_round(facts))


def test_after_63_steps_of_a_tenth_the_path_has_come_round() -> None:
    facts = game(cards=cards(0.1, ((63, 0.5),), kind=GameCard), steps=100)
    assert of_games._turning_angle(facts, facts.pulls[0], np.zeros(2)) == pytest.approx(63 * np.arctan(0.1))
    assert texts(of_games.comes_round(facts)) == [
        "After k = 63 steps the path has come round: layer 1 of Lookahead (63, .5) averages nothing away and is "
        "further out than before."
    ]
    assert not texts(of_games.cuts_across(facts))


def test_slow_weights_spiral_inward_at_the_rate_of_theory() -> None:
    facts = game(cards=cards(0.1, ((5, 0.5),), kind=GameCard))
    rate = abs(0.5 + 0.5 * (1 + 0.1j) ** 5) ** (1 / 5)
    assert texts(of_games.nears(facts)) == [
        f"{ONE} spirals inward: in theory it nears by {1 - rate:.2%} of the distance per base step."
    ]
    assert not texts(of_games.nears(game(cards=cards(0.1, (), kind=GameCard))))


def test_players_in_turn_stay_on_their_orbit() -> None:
    facts = game(cards=cards(0.1, (), kind=GameCard, alternating=True), steps=400)
    gaps = np.linalg.norm(facts.run.fast[:, 0, 0], axis=-1)
    assert gaps[-100:].max() < 1.1 * gaps[:100].max()
    assert len(texts(of_games.orbits(facts))) == 1
    assert not texts(of_games.orbits(game()))


def test_two_gradients_a_step_are_said() -> None:
    facts = game(cards=(*cards(0.1, (), kind=GameCard), *cards(0.1, (), kind=GameCard, base="extragradient")), steps=50)
    assert texts(of_games.two_gradients(facts)) == [
        "Extragradient takes 2 gradients a step: compare at equal gradients, not at equal steps."
    ]
    assert not texts(of_games.two_gradients(game()))


def test_a_run_that_leaves_the_picture_is_missed() -> None:
    facts = game()
    (sentence,) = of_games.leaves(facts)
    (x, _), (y, _) = facts.domain
    outside = np.abs(facts.run.fast[:, 0, 0]) > [abs(x), abs(y)]
    assert sentence.text == "Descent-ascent has left the picture for good."
    assert outside[sentence.first_step].any()
    assert not outside[sentence.first_step - 1].any()


# Whole pages


def test_the_first_page_tells_this_story() -> None:
    config = SurfacesConfig()
    lines = dict(surface_narration(config, surface_run(config)))
    assert lines[0] == "All three optimizers start together, slow weights on top of fast ones."
    assert lines[1] == "SGD diverges: lr · curvature = 2.04 > 2."
    assert lines[5] == f"Layer 1 of {ONE} has just pulled back half-way: the zigzag cancelled."
    assert lines[25] == f"Layer 2 of {TWO} has just synchronised for the first time: all inside it restart from there."


def test_of_several_starts_the_first_is_told_of() -> None:
    config = SurfacesConfig(starts=((1.0, 3.5), (-1.0, 2.0)))
    lines = dict(surface_narration(config, surface_run(config)))
    assert lines[1] == "Start 1: SGD diverges: lr · curvature = 2.04 > 2."


def test_a_line_is_there_on_every_game() -> None:
    config = GamesConfig()
    lines = dict(game_narration(config, game_run(config)))
    assert lines[5].startswith(f"Layer 1 of {ONE} cuts across the turn")


def test_a_training_run_tells_of_its_layers_and_of_its_end() -> None:
    specs = (replace(spec_with_layers(), name="SGD"), spec_with_layers((5, 0.5), (5, 0.5)))
    assert training_narration(specs, 100, [40, None]) == (
        (0, ""),
        (1, "Layer 2 of L synchronises once in 25 steps: nothing to see of it before step 25."),
        (25, "Layer 2 of L has just synchronised for the first time: all inside it restart from there."),
        (31, ""),
        (40, "SGD has diverged at step 40: its run ends here."),
        (101, ""),
    )
