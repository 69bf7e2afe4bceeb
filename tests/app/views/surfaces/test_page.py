"""The Surfaces page without a browser: what its controls and addresses do."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.figures.curves import thin
from app.figures.look import on_dark
from app.runs import surfaces as surface_runs
from app.runs.grid import distance
from app.state import SurfacesConfig
from app.state.presets import PRESETS, description_of
from app.tables.surfaces import summary
from app.views.parts.charts import inks
from app.views.parts.predict import Guess
from landscapes.surfaces import SURFACES

MAIN = str(Path(__file__).parents[4] / "app" / "main.py")


def open_page(**params):
    at = AppTest.from_file(MAIN, default_timeout=30)
    for key, value in params.items():
        at.query_params[key] = value
    return at.run()


def config_of(at):
    return at.session_state["surfaces.config"]


def test_the_first_load_shows_the_default_comparison():
    at = open_page()
    assert not at.exception
    assert not at.error
    assert config_of(at) == SurfacesConfig()
    assert len(at.get("plotly_chart")) == 4
    players = [each for each in at.get("bidi_component") if str(each.key).endswith("-player")]
    assert len(players) == 1


@pytest.mark.parametrize("key", SURFACES)
def test_every_surface_opens_from_its_address(key):
    at = open_page(v="1", surface=key, steps="30")
    assert not at.exception
    assert not at.error
    assert config_of(at).surface == key


def test_a_bad_address_names_every_bad_field_and_shows_the_rest():
    at = open_page(v="1", surface="himmelblau", steps="0", seed="x", **{"1.lr": "-1"})
    assert not at.exception
    assert {error.value.split(":")[0] for error in at.error} == {"steps", "seed", "1.lr"}
    assert config_of(at).surface == "himmelblau"


def test_a_control_changes_the_config_and_the_address():
    at = open_page()
    at.number_input(key="surfaces.2.1.k").set_value(9).run()
    assert config_of(at).cards[1].layers[0].k == 9
    assert at.toggle(key="surfaces.2.on").label == "Lookahead (9, .5)"
    assert at.query_params["2.layers"] == "9:0.5"


def card_controls(at):
    kinds = (at.sidebar.number_input, at.sidebar.selectbox, at.sidebar.slider, at.sidebar.toggle)
    keys = [str(element.key) for kind in kinds for element in kind]
    return {key for key in keys if key.split(".")[1].isdigit()}


def test_a_card_shows_layers_k_alpha_and_lr_and_all_else_behind_a_door_beside_what_is_unusual():
    at = open_page(v="1", **{"1.base": "adam", "1.lr": "0.01", "2.layers": "5:0.5", "2.lr": "0.01"})
    assert [":blue-badge[Adam]" in caption.value for caption in at.sidebar.caption if "badge[lr" in caption.value] == [
        True,
        False,
    ]
    first_sight = card_controls(at)
    assert first_sight == {
        "surfaces.1.on", "surfaces.1.lr", "surfaces.2.on", "surfaces.2.1.k", "surfaces.2.1.alpha", "surfaces.2.lr"
    }  # fmt: skip
    at.session_state["surfaces.2.more"] = True
    at.run()
    behind = card_controls(at) - first_sight
    assert {"surfaces.2.base", "surfaces.2.1.outer_momentum", "surfaces.2.weight_decay", "surfaces.2.ema"} <= behind
    assert all(key.startswith("surfaces.2.") for key in behind)


@pytest.mark.parametrize(
    ("layers", "shown"),
    [("5:0.5:0.9,3:0.5", True), ("5:0.5,3:0.5:0.9", False), ("5:0.5:0.9", False), ("5:0.5,3:0.5", False)],
)
def test_what_becomes_of_the_outer_momentum_inside_is_asked_where_there_is_some(layers, shown):
    at = open_page(v="1", **{"1.layers": layers, "1.lr": "0.01"})
    at.session_state["surfaces.1.more"] = True
    at.run()
    assert ("surfaces.1.inner_buffers" in card_controls(at)) is shown
    if shown:
        at.selectbox(key="surfaces.1.inner_buffers").set_value("reset").run()
        assert at.query_params["1.inner_buffers"] == "reset"
        assert at.toggle(key="surfaces.1.on").label.endswith(", inner b reset")


def test_a_card_whose_base_averages_by_itself_asks_for_no_layers_and_for_its_own_numbers():
    at = open_page(v="1", **{"1.base": "gpa", "1.lr": "0.01", "2.base": "schedule_free", "3.base": "average"})
    for card in (1, 2, 3):
        at.session_state[f"surfaces.{card}.more"] = True
    at.run()
    assert not [one for one in at.sidebar.segmented_control if one.key.endswith(".depth")]
    asked = {key.removeprefix("surfaces.") for key in card_controls(at)}
    assert {key for key in asked if ".mu_" in key} == {"1.mu_y", "1.mu_x", "2.mu_y", "3.mu_x"}
    assert not {key for key in asked if key.endswith((".ema", ".momentum", ".sync_momentum"))}
    at.number_input(key="surfaces.1.mu_x").set_value(0.5).run()
    assert at.query_params["1.mu_x"] == "0.5"
    assert sum("an average of its own" in caption.value for caption in at.sidebar.caption) == 3


def test_choosing_such_a_base_around_layers_is_refused_at_its_field():
    at = open_page(v="1", **{"1.layers": "5:0.5", "1.lr": "0.01"})
    at.session_state["surfaces.1.more"] = True
    at.run()
    at.selectbox(key="surfaces.1.base").set_value("schedule_free").run()
    assert config_of(at).cards[0].base == "sgd"
    assert ["takes no layers of slow weights, got 1: set them to 0 first" in one.value for one in at.sidebar.error] == [
        True
    ]


def test_a_change_behind_a_door_that_is_closed_again_holds():
    at = open_page(v="1", **{"1.layers": "5:0.5,3:0.5", "1.lr": "0.01"})
    at.session_state["surfaces.1.more"] = True
    at.run()
    at.number_input(key="surfaces.1.2.outer_momentum").set_value(0.7).run()
    at.session_state["surfaces.1.more"] = False
    at.run()
    assert config_of(at).cards[0].layers[1].outer_momentum == 0.7
    at.button(key="surfaces.undo").click().run()
    assert config_of(at).cards[0].layers[1].outer_momentum == 0


def test_a_new_layer_does_not_take_what_an_earlier_one_left_behind_a_closed_door():
    at = open_page(v="1", **{"1.layers": "5:0.5,3:0.5:0.7", "1.lr": "0.01"})
    at.button(key="surfaces.1.duplicate").click().run()
    for depth in (1, 2):
        at.session_state["surfaces.1.depth"] = depth
        at.run()
    assert config_of(at).cards[0].layers[1].outer_momentum == 0


def test_layers_can_be_added_and_come_with_customary_values():
    at = open_page()
    at.session_state["surfaces.1.depth"] = 2
    at.run()
    assert [(layer.k, layer.alpha) for layer in config_of(at).cards[0].layers] == [(5, 0.5), (5, 0.5)]


def test_undo_goes_back_one_change_at_a_time():
    at = open_page()
    at.number_input(key="surfaces.steps").set_value(100).run()
    at.number_input(key="surfaces.seed").set_value(7).run()
    at.button(key="surfaces.undo").click().run()
    assert (config_of(at).steps, config_of(at).seed) == (100, 0)
    at.button(key="surfaces.undo").click().run()
    assert config_of(at) == SurfacesConfig()
    assert at.button(key="surfaces.undo").disabled


def test_another_surface_brings_its_start_and_lr_and_keeps_the_layers():
    at = open_page()
    at.number_input(key="surfaces.2.1.k").set_value(9).run()
    at.selectbox(key="surfaces.surface").set_value("beale").run()
    config = config_of(at)
    assert config.starts == (SURFACES["beale"].start,)
    assert config.cards[1].lr == SURFACES["beale"].lr
    assert config.cards[1].layers[0].k == 9
    assert not at.error


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("surfaces.starts", "99, 0", "start x must be in [-4, 4] on this surface, got 99"),
        ("surfaces.starts", "one, two", "write x, y; x, y; …, as in 1, 3.5"),
        ("surfaces.starts", "", "write at least one start, as in 1, 3.5"),
        ("surfaces.starts", "inf, nan; nan, 1", "should be a finite number"),
    ],
)
def test_a_refused_text_is_explained_and_the_picture_stays(field, value, words):
    at = open_page()
    at.text_input(key=field).set_value(value).run()
    assert not at.exception
    assert words in at.error[0].value
    assert len(at.error) == 1
    assert config_of(at) == SurfacesConfig()
    assert len(at.get("plotly_chart")) == 4


def test_an_lr_of_zero_is_refused_with_its_optimizer_and_range():
    at = open_page()
    at.number_input(key="surfaces.2.lr").set_value(0.0).run()
    assert "optimizer 2, lr" in at.error[0].value
    assert "greater than 0" in at.error[0].value


@pytest.mark.parametrize("name", PRESETS["surfaces"])
def test_every_ready_made_comparison_runs_and_says_what_it_shows(name):
    at = open_page()
    at.selectbox(key="surfaces.preset").set_value(name).run()
    assert not at.exception
    assert not at.error
    assert config_of(at) == PRESETS["surfaces"][name].config
    assert f"**{name}.** {PRESETS['surfaces'][name].shows}" in [caption.value for caption in at.caption]


def test_all_optimizers_off_is_said_and_not_an_error():
    at = open_page()
    for number in (1, 2, 3):
        at.toggle(key=f"surfaces.{number}.on").set_value(False).run()
    assert not at.exception
    assert "switched off" in at.info[0].value


def test_cards_are_added_up_to_four_and_removed_down_to_one():
    at = open_page()
    at.button(key="surfaces.add").click().run()
    assert len(config_of(at).cards) == 4
    assert at.button(key="surfaces.1.duplicate").disabled
    for _ in range(3):
        at.button(key="surfaces.1.remove").click().run()
    assert len(config_of(at).cards) == 1
    assert at.button(key="surfaces.1.remove").disabled


def test_a_card_is_duplicated_and_removed_where_it_stands():
    at = open_page()
    first, second, third = config_of(at).cards
    at.button(key="surfaces.2.duplicate").click().run()
    assert config_of(at).cards == (first, second, second.model_copy(update={"color": 3}), third)
    at.number_input(key="surfaces.3.lr").set_value(0.003).run()
    at.button(key="surfaces.2.remove").click().run()
    assert config_of(at).cards == (first, second.model_copy(update={"color": 3, "lr": 0.003}), third)
    assert at.number_input(key="surfaces.2.lr").value == 0.003


def test_a_ready_made_comparison_is_named_while_it_is_there_alone():
    at = open_page()
    at.selectbox(key="surfaces.preset").set_value("Side by side on Himmelblau").run()
    assert at.selectbox(key="surfaces.preset").value == "Side by side on Himmelblau"
    shows = "**Side by side on Himmelblau.** Three plots, one clock: compare where each fast path is thrown away."
    assert shows in [one.value for one in at.caption]
    at.toggle(key="surfaces.panels").set_value(False).run()
    assert at.selectbox(key="surfaces.preset").value is None
    assert not any("Three plots" in one.value for one in at.caption)
    assert SURFACES["himmelblau"].teaches in [one.value for one in at.caption]
    at.button(key="surfaces.undo").click().run()
    assert at.selectbox(key="surfaces.preset").value == "Side by side on Himmelblau"


def test_a_surface_alone_is_not_called_by_a_comparison_of_several_plots():
    at = open_page(surface="himmelblau")
    assert not any("Three plots" in one.value for one in at.caption)


def test_layers_whose_period_exceeds_the_run_are_named():
    layers = {"2.layers": "5:0.5,40:0.5", "3.layers": "200:0.5,2:0.5"}
    at = open_page(v="1", surface="bowl", steps="199", **layers)
    assert [warning.value for warning in at.warning] == [
        "Multilayer Lookahead (5, .5)(40, .5): layer 2 never synchronises in 199 base steps: that takes 200.",
        "Multilayer Lookahead (200, .5)(2, .5): layers 1 to 2 never synchronise in 199 base steps: that takes 200.",
    ]
    at.number_input(key="surfaces.steps").set_value(400).run()
    assert not at.warning


def test_a_formula_of_ones_own_runs_from_its_proposed_start():
    at = open_page()
    at.selectbox(key="surfaces.surface").set_value("formula").run()
    at.text_input(key="surfaces.formula").set_value("x^2 + 3y^2 + sin(5x)").run()
    at.text_input(key="surfaces.domain").set_value("-3, 3, -2, 2").run()
    assert not at.exception
    assert not at.error
    config = config_of(at)
    assert config.domain == (-3, 3, -2, 2)
    assert r"\sin" in at.markdown[0].value or any(r"\sin" in part.value for part in at.markdown)


def test_a_domain_that_is_none_is_explained_once():
    at = open_page(v="1", surface="formula")
    at.text_input(key="surfaces.domain").set_value("-5, 5").run()
    assert [error.value.split(".")[0] for error in at.error] == [
        "domain: write x from, x to, y from, y to, as in -5, 5, -4, 14"
    ]


def test_a_run_ends_where_the_formula_has_no_value_and_the_page_says_so():
    at = open_page(v="1", surface="formula", formula="log(x) + y^2", starts="1,1", steps="50", **{"1.lr": "0.1"})
    assert any("has no value in a part of the view" in caption.value for caption in at.caption)
    run = surface_runs.surface_run(config_of(at))
    first = int(np.argmax(run.fast[:, 0, 0, 0] < 0))  # where x is below 0 there is no log
    assert run.diverged[0, 0] == first + 1
    assert (run.fast[first:, 0, 0] == run.fast[first, 0, 0]).all()
    at = open_page(v="1", surface="formula", formula="x^2 + y^2")
    assert not any("has no value" in caption.value for caption in at.caption)


def test_an_unknown_name_is_pointed_at_and_can_become_a_slider():
    at = open_page(v="1", surface="formula")
    at.text_input(key="surfaces.formula").set_value("a*x^2 + y^2").run()
    assert "unknown name 'a'" in at.error[0].value
    assert at.code[0].value == "a*x^2 + y^2\n^"
    assert at.button(key="surfaces.make_parameter").label == "Make “a” a parameter"
    at.button(key="surfaces.make_parameter").click().run()
    assert not at.error
    assert config_of(at).parameters == (("a", 1.0),)
    at.slider(key="surfaces.parameters.a").set_value(1.5).run()
    assert config_of(at).parameters == (("a", 1.5),)
    assert at.query_params["parameters"] == "a,1.5"


def test_a_slider_of_a_parameter_stays_the_same_while_it_is_moved():
    at = open_page(v="1", surface="formula", formula="a*x^2 + y^2", parameters="a,1.0")
    before = at.slider(key="surfaces.parameters.a")
    for value in (-2.0, 0.05, 5.0, 4.95):
        at.slider(key="surfaces.parameters.a").set_value(value).run()
        after = at.slider(key="surfaces.parameters.a")
        assert config_of(at).parameters == (("a", value),)
        assert (after.min, after.max, after.step, after.proto.id) == (-5.0, 5.0, 0.05, before.proto.id)


def test_a_slider_reaches_as_far_as_an_address_says():
    at = open_page(v="1", surface="formula", formula="a*x^2 + y^2", parameters="a,120.0")
    assert (at.slider(key="surfaces.parameters.a").max, at.slider(key="surfaces.parameters.a").value) == (500.0, 120.0)


def test_all_unknown_names_become_parameters_at_once():
    at = open_page(v="1", surface="formula")
    at.text_input(key="surfaces.formula").set_value("a*x^2 + b*y^2 + c").run()
    assert at.button(key="surfaces.make_parameter").label == "Make “a”, “b” and “c” parameters"
    at.button(key="surfaces.make_parameter").click().run()
    assert not at.error
    assert config_of(at).formula == "a*x^2 + b*y^2 + c"
    assert config_of(at).parameters == (("a", 1.0), ("b", 1.0), ("c", 1.0))
    assert {slider.key[-1] for slider in at.slider if ".parameters." in slider.key} == set("abc")


def test_more_unknown_names_than_a_formula_may_have_are_not_offered():
    at = open_page(v="1", surface="formula")
    at.text_input(key="surfaces.formula").set_value("x + a + b + c + d + q + r + s + t + u").run()
    assert "surfaces.make_parameter" not in [button.key for button in at.button]
    assert any("at most 8, got 9" in caption.value for caption in at.caption)


def test_a_refused_formula_comes_with_a_button_that_puts_the_right_one_in():
    at = open_page(v="1", surface="formula")
    at.text_input(key="surfaces.formula").set_value("x1^2 + 3*np.cos(x2)^2").run()
    assert at.button(key="surfaces.instead.0").label == r"Write x^2 + 3\*cos(y)^2"
    assert "surfaces.make_parameter" not in [button.key for button in at.button]
    at.button(key="surfaces.instead.0").click().run()
    assert not at.error
    assert config_of(at).formula == at.text_input(key="surfaces.formula").value == "x^2 + 3*cos(y)^2"


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("", "empty"),
        ("3", "constant"),
        ("log(-1 - x^2)", "not finite anywhere"),
        ("x +", "the formula ends too early, at character 4"),
        ("__import__('os')", "_"),
    ],
)
def test_a_formula_that_cannot_be_is_explained(formula, words):
    at = open_page(v="1", surface="formula", formula="x^2 + y^2")
    at.text_input(key="surfaces.formula").set_value(formula).run()
    assert not at.exception
    assert words in at.error[0].value
    assert config_of(at).formula == "x^2 + y^2"


def test_tuning_marks_the_cards_until_their_lr_is_changed_by_hand():
    at = open_page(v="1", surface="ravine", steps="40")
    at.session_state["surfaces.closer"] = "Tune each"
    at.run()
    at.button(key="surfaces.tune").click().run()
    at.button(key="surfaces.take_tuned").click().run()
    assert not at.exception
    assert all(card.tuned for card in config_of(at).cards)
    at.number_input(key="surfaces.1.lr").set_value(0.05).run()
    assert [card.tuned for card in config_of(at).cards] == [False, True, True]
    at.segmented_control(key="surfaces.2.depth").set_value(0).run()
    assert [card.tuned for card in config_of(at).cards] == [False, False, True]
    at.number_input(key="surfaces.steps").set_value(77).run()
    assert not any(card.tuned for card in config_of(at).cards)


def test_a_basin_map_is_drawn_when_asked_for():
    at = open_page(v="1", surface="himmelblau", steps="30")
    before = len(at.get("plotly_chart"))
    at.session_state["surfaces.closer"] = "Basin map"
    at.run()
    assert not at.exception
    assert len(at.get("plotly_chart")) == before + 2


def test_a_prediction_hides_the_run_until_it_is_revealed_and_is_then_measured():
    at = open_page(v="1", surface="himmelblau")
    at.toggle(key="surfaces.predicting").set_value(True).run()
    assert not at.dataframe
    assert "SGD" in at.info[0].value
    run = surface_runs.surface_run(config_of(at))
    ends = [tuple(run.outermost(index)[-1, 0] + (0.3, 0.4)) for index in range(3)]
    at.session_state["surfaces.guess"] = Guess(config_of(at), dict(enumerate(ends)))
    at.run()
    at.button(key="surfaces.reveal").click().run()
    assert not at.exception
    off = at.dataframe[0].value["off by"]
    np.testing.assert_allclose(off, 0.5)  # a 3-4-5 triangle
    at.button(key="surfaces.again").click().run()
    assert "SGD" in at.info[0].value


def test_a_prediction_is_typed_as_well():
    at = open_page(v="1", surface="himmelblau")
    at.toggle(key="surfaces.predicting").set_value(True).run()
    field = "surfaces.typed_prediction"
    at.text_input(key=field).set_value("9, 9").run()
    assert at.error[0].value == "Not placed: start x must be in [-6, 6] on this surface, got 9. Got '9, 9'"
    for number, text in enumerate(("3, 2", "\u22122,8 3,1", "(3.5, -1.8)"), start=1):
        at.text_input(key=field).set_value(text).run()
        assert not at.error
        assert len(at.session_state["surfaces.guess"].places) == number
    assert at.session_state["surfaces.guess"].places == {0: (3, 2), 1: (-2.8, 3.1), 2: (3.5, -1.8)}
    at.button(key="surfaces.reveal").click().run()
    assert len(at.dataframe[0].value) == 3


def test_guesses_hold_for_their_own_scene_and_a_diverged_run_has_no_end():
    at = open_page(v="1", surface="ravine")
    caption = description_of(config_of(at))
    assert caption in [one.value for one in at.caption]
    at.toggle(key="surfaces.predicting").set_value(True).run()
    assert caption not in [one.value for one in at.caption]
    at.session_state["surfaces.guess"] = Guess(config_of(at), dict.fromkeys(range(3), (0.0, 0.0)))
    at.run()
    at.button(key="surfaces.reveal").click().run()
    end = surface_runs.surface_run(config_of(at)).diverged[0, 0]
    assert at.dataframe[0].value["ended at"][0] == f"diverged at step {end}"
    assert np.isnan(at.dataframe[0].value["off by"][0])
    at.selectbox(key="surfaces.surface").set_value("bowl").run()
    assert "SGD" in at.info[0].value
    assert not at.dataframe


def test_the_table_says_what_the_run_did():
    config = SurfacesConfig(surface="ravine", steps=300)
    run, scenery = surface_runs.surface_run(config), surface_runs.scenery(config)
    sgd, one, two = summary(run, scenery.places, target=0.16)
    assert sgd["diverged"] == f"at step {run.diverged[0, 0]}"
    assert sgd["evaluations to loss ≤ 0.16"] == "not reached"
    assert one["diverged"] == "no"
    assert two["synchronisations, layer 1, 2, …"] == "60 · 12"
    first = int(one["evaluations to loss ≤ 0.16"])
    assert run.loss[first, 1, 0] <= 0.16 < run.loss[first - 1, 1, 0]


def test_a_run_is_computed_once():
    config = SurfacesConfig(seed=123)
    assert surface_runs.surface_run(config) is surface_runs.surface_run(
        config.model_copy(update={"panels": True, "target": 1.0})
    )


def test_an_average_is_one_more_track_of_its_card_alone():
    cards = SurfacesConfig().cards
    config = SurfacesConfig(cards=(cards[0].model_copy(update={"ema": 0.9}), cards[1]))
    run = surface_runs.surface_run(config)
    with_average, plain = surface_runs.surface_tracks(config, run)
    np.testing.assert_allclose(with_average.averaged[1], 0.9 * run.fast[0, 0, 0] + 0.1 * run.fast[1, 0, 0])
    assert plain.averaged is None


def test_distance_is_to_the_nearest():
    minima = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert distance(np.array([[3.0, 0.0], [3.0, 3.0]]), minima).tolist() == [3.0, 1.0]
    assert np.isnan(distance(np.zeros((2, 2)), np.zeros((0, 2)))).all()


def test_thinning_keeps_the_spikes_and_both_ends():
    x, y = np.arange(5000), np.ones(5000)
    y[1234], y[4321] = 1e6, 1e-6
    kept_x, kept_y = thin(x, y)
    assert len(kept_x) <= 402
    assert {0, 1234, 4321, 4999} <= set(kept_x.tolist())
    assert kept_y.max() == 1e6
    assert kept_y.min() == 1e-6


def test_minibatch_noise_is_measured_against_the_minima_of_the_mean():
    config = SurfacesConfig(surface="himmelblau", noise="minibatch", noise_scale=0.4, seed=3)
    plain, mean = surface_runs.scenery(config.model_copy(update={"noise": "none"})), surface_runs.scenery(config)
    assert len(mean.places)
    assert not np.allclose(plain.places[: len(mean.places)], mean.places[: len(plain.places)], atol=1e-3)
    assert (
        surface_runs.surface_run(config).loss[0, 0, 0]
        != surface_runs.surface_run(config.model_copy(update={"noise": "none"})).loss[0, 0, 0]
    )


def test_curves_are_lighter_on_a_dark_page_as_the_tracks_are():
    # theme.js: a share of .18 of the letters' colour, #e8ecef: 0 + .18 · 232 = 42, 114 + .18 · 122 = 136, ...
    assert on_dark("#0072b2") == "#2a88bd"
    assert inks(["#0072b2"]) == ("#0072b2",)


def test_many_controls_may_change_at_once():
    at = open_page(v="1", surface="ravine", steps="40")
    for card in (1, 2, 3):
        at.toggle(key=f"surfaces.{card}.on").set_value(False)
        at.number_input(key=f"surfaces.{card}.lr").set_value(0.001)
    at.run()
    assert [(card.on, card.lr) for card in config_of(at).cards] == [(False, 0.001)] * 3


def test_one_refused_control_does_not_hold_up_the_others_and_says_so_itself():
    at = open_page(v="1", surface="ravine", steps="40", seed="5")
    at.text_input(key="surfaces.starts").set_value("99, 0")
    at.number_input(key="surfaces.2.lr").set_value(0.0)
    at.number_input(key="surfaces.1.lr").set_value(0.003)
    at.number_input(key="surfaces.steps").set_value(50).run()
    config = config_of(at)
    assert (config.steps, config.cards[0].lr, config.seed) == (50, 0.003, 5)
    assert (config.starts, config.cards[1].lr) == ((SURFACES["ravine"].start,), SURFACES["ravine"].lr)
    assert at.text_input(key="surfaces.starts").value == "99, 0"
    assert [error.value for error in at.sidebar.error] == [
        "starts: start x must be in [-4, 4] on this surface, got 99. Got '99, 0'; the last valid setting holds.",
        "optimizer 2, lr: should be greater than 0. Got '0.0'; the last valid setting holds.",
    ]
    at.number_input(key="surfaces.2.lr").set_value(0.5).run()
    assert config_of(at).cards[1].lr == 0.5
    assert ["starts" in error.value for error in at.error] == [True]
