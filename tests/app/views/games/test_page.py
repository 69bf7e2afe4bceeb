"""The Games page without a browser: what its controls and addresses do, and that its numbers are the known ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from streamlit.testing.v1 import AppTest

from app.draw.plotly import paint
from app.draw.plotly_scene import paint_ground
from app.export import restore, scene_of, to_json
from app.figures.games import equilibrium_text, game_curves, game_scene
from app.runs import games as game_runs
from app.runs.streamlines import CELLS, streamlines_of
from app.state import GameCard, GamesConfig, LayerConfig, SurfacesConfig
from app.state.links import decode, encode
from app.state.presets import PRESETS
from app.tables.games import ending, exit_text, game_table
from landscapes.games import GAMES
from optim_core.spec import BASES, METHODS

SCRIPT = "from app.views.games import page as games\n\ngames.page()\n"
FIVE = LayerConfig(k=5, alpha=0.5)


def open_page(**params):
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for key, value in params.items():
        at.query_params[key] = value
    return at.run()


def config_of(at):
    return at.session_state["games.config"]


def parts_of(config):
    run, scenery = game_runs.game_run(config), game_runs.game_scenery(config)
    rates = [game_runs.measured_rate(run, index, scenery.places) for index in range(len(run.names))]
    closed_forms = [game_runs.closed_rate(config, spec) for spec in config.specs()]
    return run, scenery, rates, closed_forms


def table(config):
    run, scenery, rates, closed_forms = parts_of(config)
    return game_table(config, run, scenery, rates, closed_forms)


def test_the_first_load_shows_out_in_and_in_faster():
    at = open_page()
    assert not at.exception
    assert not at.error
    assert config_of(at) == GamesConfig()
    assert len(at.get("plotly_chart")) == 4
    players = [each for each in at.get("bidi_component") if str(each.key).endswith("-player")]
    assert len(players) == 1
    columns = at.table[0].value
    distances = [float(columns[name]["distance, slow weights"]) for name in columns]
    assert distances == [pytest.approx(205, rel=0.005), pytest.approx(0.033, rel=0.02), pytest.approx(4.4e-5, rel=0.02)]
    assert "Descent-ascent left the view at step 127; it ends 205 from the equilibrium." in at.caption[0].value


@pytest.mark.parametrize("key", GAMES)
def test_every_game_opens_from_its_address(key):
    at = open_page(v="1", game=key, steps="30")
    assert not at.exception
    assert not at.error
    assert config_of(at).game == key
    assert config_of(at).starts == (GAMES[key].start,)


def test_a_game_without_a_start_is_refused_and_the_last_one_stays():
    at = open_page()
    at.text_input(key="games.starts").set_value(" ").run()
    assert not at.exception
    assert "write at least one start, as in 1, 3.5" in at.error[0].value
    assert config_of(at) == GamesConfig()


def test_a_bad_address_names_every_bad_field_and_shows_the_rest():
    at = open_page(v="1", game="quadratic", steps="0", parameter="7", noise="minibatch", **{"1.base": "lamb"})
    assert not at.exception
    assert {error.value.split(":")[0] for error in at.error} == {"steps", "parameter", "noise", "1.base"}
    assert any("ε must be in [0, 1], got 7" in error.value for error in at.error)
    assert config_of(at).game == "quadratic"


def test_another_game_brings_its_parameter_start_and_lr_and_keeps_the_layers():
    at = open_page()
    at.number_input(key="games.2.1.k").set_value(9).run()
    at.selectbox(key="games.game").set_value("dirac_gan_penalty").run()
    config = config_of(at)
    assert (config.parameter, config.starts, config.cards[1].lr) == (0.3, ((1.8, 1.8),), 0.2)
    assert config.cards[1].layers[0].k == 9
    at.slider(key="games.parameter").set_value(1.0).run()
    assert config_of(at).landscape.equilibria[0].eigenvalues[0] == pytest.approx(0.5, abs=1e-6)
    assert at.query_params["parameter"] == "1.0"
    at.selectbox(key="games.game").set_value("bilinear").run()
    assert config_of(at).parameter is None
    assert not at.error
    assert not at.exception


def test_undo_goes_back_over_a_change_of_the_game():
    at = open_page()
    at.selectbox(key="games.game").set_value("quadratic").run()
    at.slider(key="games.parameter").set_value(0.5).run()
    at.button(key="games.undo").click().run()
    assert config_of(at).parameter == 0.1
    at.button(key="games.undo").click().run()
    assert config_of(at) == GamesConfig()
    assert not at.error


def test_players_can_move_in_turn_and_the_title_says_so():
    at = open_page()
    at.session_state["games.1.more"] = True
    at.run()
    at.toggle(key="games.1.alternating").set_value(True).run()
    assert config_of(at).cards[0].title == "Descent-ascent, in turn"
    assert at.query_params["1.alternating"] == "1"
    assert at.table[0].value["Descent-ascent, in turn"]["gradient evaluations"] == "2,000"
    at.selectbox(key="games.1.base").set_value("extragradient").run()
    assert config_of(at).cards[0].title == "Extragradient"
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize(("text", "words"), [("99, 0", "start x must be in [-2, 2] in this game"), ("a, b", "starts")])
def test_a_refused_start_is_explained_and_the_picture_stays(text, words):
    at = open_page()
    at.text_input(key="games.starts").set_value(text).run()
    assert words in at.error[0].value
    assert len(at.get("plotly_chart")) == 4


@pytest.mark.parametrize("name", PRESETS["games"])
def test_every_ready_made_comparison_runs_and_says_what_it_shows(name):
    at = open_page()
    at.selectbox(key="games.preset").set_value(name).run()
    assert not at.exception
    assert not at.error
    assert config_of(at) == PRESETS["games"][name].config
    assert f"**{name}.** {PRESETS['games'][name].shows}" in at.caption[0].value


def test_all_optimizers_off_is_said_and_not_an_error():
    at = open_page()
    for number in (1, 2, 3):
        at.toggle(key=f"games.{number}.on").set_value(False).run()
    assert not at.exception
    assert "switched off" in at.info[0].value


def test_side_by_side_has_a_plot_for_each():
    at = open_page(panels="1")
    assert not at.exception
    assert at.get("plotly_chart")[0].proto.spec.count('"symbol":["circle-dot"]') == 3


cards = st.builds(
    GameCard,
    layers=st.lists(st.builds(LayerConfig, k=st.integers(1, 1000), alpha=st.floats(0, 1)), max_size=4).map(tuple),
    base=st.sampled_from(BASES + METHODS),
    lr=st.floats(1e-6, 100),
    alternating=st.booleans(),
    on=st.booleans(),
    color=st.integers(0, 5),
)
configs = st.builds(
    GamesConfig,
    game=st.just("dirac_gan_penalty"),
    parameter=st.floats(0, 2),
    starts=st.lists(st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5)), min_size=1, max_size=16).map(tuple),
    noise=st.sampled_from(["none", "gaussian", "multiplicative", "student"]),
    noise_scale=st.floats(0, 1000),
    seed=st.integers(0, 2**31 - 1),
    steps=st.integers(1, 5000),
    panels=st.booleans(),
    cards=st.lists(cards, min_size=1, max_size=4).map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(configs)
def test_an_address_and_a_file_read_back_as_the_same_config(config):
    assert decode(encode(config), GamesConfig) == (config, [])
    assert restore(to_json(config)).config == config


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"game": "chess"}, "no such game; choose one of bilinear"),
        ({"parameter": 0.5}, "this game has no parameter"),
        ({"game": "quadratic", "parameter": 1.5}, r"ε must be in \[0, 1\], got 1.5"),
        ({"noise": "minibatch"}, "noise"),
        ({"starts": ((0.0, 3.0),)}, "start y must be in"),
        ({"cards": ({"base": "lamb"},)}, "base"),
    ],
)
def test_a_config_refuses_by_name(change, words):
    with pytest.raises(ValidationError, match=words):
        GamesConfig(**change)


def test_a_surface_knows_nothing_of_games():
    with pytest.raises(ValidationError):
        SurfacesConfig(cards=({"base": "extragradient"},))


def test_measured_rates_are_the_closed_forms_on_linear_games():
    """Exact where the distance shrinks by one factor; elsewhere up to the ellipse's axes, over 500 steps."""
    for name, precision in (
        ("Out, in, in faster", 1e-12),
        ("Too long a period leaves again", 1e-12),
        ("Beside the methods made for games", 1e-12),
        ("How much of a bowl descent-ascent needs", 1e-12),
        ("Momentum kept, reset, pulled back", 1e-6),
        ("Both at once, or in turn", 1e-4),
    ):
        _, _, rates, closed_forms = parts_of(PRESETS["games"][name].config)
        assert [one.final for one in rates] == pytest.approx(closed_forms, rel=precision), name


def test_the_presets_show_what_they_say():
    finals = {
        name: [one.final for one in parts_of(PRESETS["games"][name].config)[2]]
        for name in ("Too long a period leaves again", "Both at once, or in turn", "Momentum kept, reset, pulled back")
    }
    five, half_turn, turn = finals["Too long a period leaves again"]
    assert half_turn < five < 1 < turn
    together, in_turn, *lookaheads = finals["Both at once, or in turn"]
    assert together > 1
    assert in_turn == pytest.approx(1, abs=1e-4)
    assert lookaheads[1] < lookaheads[0] < 1
    bare, keep, reset, pullback = finals["Momentum kept, reset, pulled back"]
    assert keep < reset < 1 < pullback < bare
    ends = {
        name: [float(column["distance, slow weights"]) for column in table(PRESETS["games"][name].config).values()]
        for name in ("A limit cycle, shrunk", "A spurious attractor, broken through", "A GAN of two numbers")
    }
    assert (
        ends["A limit cycle, shrunk"][0]
        > ends["A limit cycle, shrunk"][1]
        > 0.5
        > 0.01
        > ends["A limit cycle, shrunk"][2]
    )
    assert (
        min(ends["A spurious attractor, broken through"][:2])
        > 1
        > 0.01
        > ends["A spurious attractor, broken through"][2]
    )
    assert ends["A GAN of two numbers"][0] > 3 > 0.2 > ends["A GAN of two numbers"][1]


def test_a_rate_is_not_told_where_it_cannot_be():
    long = GameCard(layers=(LayerConfig(k=100), LayerConfig(k=100)), lr=0.1)
    adam = GameCard(base="adam", lr=0.1, color=1)
    cosine = GameCard(schedule="cosine", lr=0.1, color=2)
    cells = list(table(GamesConfig(cards=(long, adam, cosine), steps=200)).values())
    assert cells[0]["rate per base step, measured"] == "needs 10,000 steps"
    assert [column["closed form, derived here"] for column in cells[1:]] == ["none", "none"]
    assert [column["relative error"] for column in cells] == ["–"] * 3
    noisy = next(iter(table(GamesConfig(game="noisy_bilinear", steps=50)).values()))
    assert noisy["relative error"] == "– (noise)"
    assert "closed form, derived here" not in next(iter(table(GamesConfig(game="dirac_gan", steps=50)).values()))


def test_a_run_that_arrives_is_measured_before_it_drowns_in_rounding():
    quick = GameCard(layers=(LayerConfig(k=16, alpha=0.5),), lr=0.2)
    run, _, rates, closed_forms = parts_of(GamesConfig(cards=(quick,), steps=5000))
    assert np.abs(run.fast[-1, 0, 0]).max() < 1e-200
    assert rates[0].final == pytest.approx(closed_forms[0], rel=1e-9)


def test_methods_are_compared_at_equal_evaluations():
    config = PRESETS["games"]["Beside the methods made for games"].config
    run, cells = game_runs.game_run(config), table(config)
    assert run.evaluations[-1].tolist() == [1000, 2000, 1000, 1000]
    half_way = np.linalg.norm(run.fast[500, 1, 0])
    assert float(cells["Extragradient"]["distance after 1,000 evaluations"]) == pytest.approx(half_way, rel=0.01)
    assert "distance after" not in str(table(GamesConfig(steps=20)))


def test_leaving_the_view_is_no_divergence_but_a_run_far_away_is_stopped():
    config = GamesConfig()
    run, scenery = game_runs.game_run(config), game_runs.game_scenery(config)
    assert (run.diverged == -1).all()
    exit_step = game_runs.exit_steps(run, 0, scenery.game.domain)[0]
    assert np.abs(run.fast[exit_step:, 0, 0]).max(axis=1).min() > 1  # outside again and again ...
    assert np.abs(run.fast[exit_step - 1, 0, 0]).max() <= 2 < np.abs(run.fast[exit_step, 0, 0]).max()
    assert (np.abs(run.fast[exit_step:, 0, 0]).max(axis=1) > 2).all()  # ... from then on always
    assert exit_text(run, scenery).startswith("Descent-ascent left the view at step 127")
    far = config.model_copy(update={"steps": 2000})
    run = game_runs.game_run(far)
    assert ending(run, 0, scenery) == f"diverged at step {run.diverged[0, 0]}"
    assert np.abs(run.fast[run.diverged[0, 0] - 1, 0]).max() <= game_runs.escape_radius(far) == 2000


def test_several_starts_give_the_middle_and_say_how_many_left():
    config = GamesConfig(starts=((1.0, 1.0), (0.1, 0.1), (0.2, 0.0)), steps=300)
    cells = table(config)
    assert cells["Descent-ascent"]["at the end"] == "left the view at step 127 (1 of 3 runs)"
    assert cells["Lookahead (5, .5)"]["at the end"] == "in view"


def test_a_run_is_computed_once():
    config = GamesConfig(seed=77, steps=40)
    assert game_runs.game_run(config) is game_runs.game_run(config.model_copy(update={"panels": True}))


def test_noise_is_the_same_for_every_optimizer_and_repeats():
    config = GamesConfig(game="noisy_bilinear", steps=60)
    one = config.model_copy(update={"cards": config.cards[:1]})
    first = game_runs.game_run(config).fast[:, 0]
    game_runs.game_run.clear()
    assert (game_runs.game_run(one).fast[:, 0] == first).all()


def test_the_flow_is_where_small_steps_of_both_players_lead():
    scenery = game_runs.game_scenery(GamesConfig(game="forsaken"))
    field = GAMES["forsaken"].field()
    for tail, tip in scenery.lines.arrows:
        _, v = field(torch.tensor((tail + tip)[None] / 2), 0)
        step, flow = tip - tail, -v[0].numpy()
        assert step @ flow > 0.9 * np.linalg.norm(step) * np.linalg.norm(flow)


def test_streamlines_of_a_rotation_are_circles_that_end_before_they_begin_again():
    lines = streamlines_of(lambda p: np.stack((-p[:, 1], p[:, 0]), -1), ((-1, 1), (-1, 1))).lines
    assert len(lines) > 15
    for line in lines:
        radius = np.linalg.norm(line, axis=1)
        assert np.ptp(radius) < 0.01
        assert len(line) * 3 * 0.016 <= 2 * np.pi * radius.mean() + 0.2
        assert np.abs(line).max() <= 1


def test_streamlines_share_no_cell():
    lines = streamlines_of(lambda p: np.ones_like(p), ((0, 1), (0, 1))).lines
    cells = [{tuple(cell) for cell in np.minimum((line * CELLS).astype(int), CELLS - 1)} for line in lines]
    assert sum(map(len, cells)) == len(set.union(*cells))
    assert sum(map(len, cells)) > 0.3 * CELLS**2


def test_streamlines_survive_a_field_that_stands_still_or_is_not_finite():
    assert streamlines_of(np.zeros_like, ((0, 1), (0, 1))).lines == ()
    assert streamlines_of(lambda p: np.full_like(p, np.nan), ((0, 1), (0, 1))).lines == ()


def test_the_field_shows_every_kind_of_equilibrium():
    symbols = {}
    for key in ("bilinear", "quadratic", "limit_cycle"):
        config = GamesConfig(game=key)
        figure = paint_ground(game_scene(config, game_runs.game_run(config)))
        symbols[key] = figure.data[-1].marker.symbol[0]
    assert symbols == {"bilinear": "circle-dot", "quadratic": "star", "limit_cycle": "x-thin"}
    assert "centre" in equilibrium_text(GAMES["bilinear"].equilibria[0])
    assert "(eigenvalues ±i)" in equilibrium_text(GAMES["bilinear"].equilibria[0])
    assert "(eigenvalues 0.1 ± i)" in equilibrium_text(GAMES["quadratic"].equilibria[0])
    assert "(eigenvalues 0.191 and 1.31)" in equilibrium_text(GAMES["dirac_gan_penalty"].at(1.5).equilibria[0])


def test_the_charts_show_closed_forms_and_leave_out_what_left():
    config = GamesConfig()
    run, _, rates, closed_forms = parts_of(config)
    chart = game_curves(config, run, rates, closed_forms)
    distances, rate, objective = (paint(chart.of(place), legend=False) for place in range(3))
    bands = [line.y[0] for line in rate.data if line.line.width == 7]
    assert bands == pytest.approx([abs(1 - 0.1j), 0.9962371714, 0.9896857236], rel=1e-9)
    assert objective.data[0].x[np.isfinite(objective.data[0].y)].max() < 127
    assert objective.layout.yaxis.range[1] < 5
    assert distances.data[0].y[-1] == pytest.approx(204.74, rel=1e-3)


def test_a_game_is_exported_as_any_other_picture():
    config = replace_cards(
        GamesConfig(game="forsaken", steps=60), GameCard(base="extragradient", lr=0.1, alternating=True)
    )
    scene = scene_of(config)
    assert scene.flow is not None
    assert [minimum.is_global for minimum in scene.minima] == [True]
    assert "2006.09065" in scene.caption.text
    assert "1802.10551" in scene.caption.text
    in_turn = replace_cards(config, GameCard(lr=0.1, alternating=True))
    assert "the players in turn" in scene_of(in_turn).caption.text


def replace_cards(config, *cards):
    return config.model_copy(update={"cards": cards})


def test_a_figure_and_a_page_of_a_game_are_drawn():
    from app.export import plotly_html, render_figure

    scene = scene_of(GamesConfig(steps=40))
    plain = replace(scene, flow=None)
    picture, without = (render_figure(each, "png", width=4, height=3, dpi=60, style="light") for each in (scene, plain))
    assert picture[:4] == b"\x89PNG"
    assert picture != without
    assert b"speed %{customdata" in plotly_html(scene)


def test_a_run_that_blows_up_leaves_the_rates_of_the_others_readable():
    config = GamesConfig(steps=60)
    run, _, _, closed_forms = parts_of(config)

    def rate_chart(*values):
        rates = [game_runs.MeasuredRate(np.arange(1, 4), np.array(each), np.nan) for each in values]
        return paint(game_curves(config, run, rates, closed_forms).of(1), legend=False)

    calm, wild = [0.97, 0.98, 0.98], [2.0, 5.0, 9.0]
    low, high = rate_chart(wild, calm, calm).layout.yaxis.range
    assert 0.9 < low < 0.97 < 1 < high < 1.1
    assert "off the chart: up to 9" in [note.text for note in rate_chart(wild, calm, calm).layout.annotations]
    assert rate_chart(calm, calm, calm).layout.yaxis.range is None
