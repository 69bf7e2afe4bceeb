"""The Theory page without a browser: its instruments, ready-made views and addresses."""

import warnings

import pytest
from streamlit.testing.v1 import AppTest

from app.runs import theory as theory_runs
from app.state.layers import FIVE, LayerConfig
from app.state.presets import PRESETS
from app.state.theory import CELLS, Stability, TheoryConfig
from app.views.theory.stability import run_of
from optim_core.experiments import SimulatedMap
from optim_core.layers import Layer

QUICK = {"seeds": "1000", "orders": "64", "epochs": "2", "power": "9", "rate_seeds": "8", "k_high": "6"}


def show():
    from app.views.theory import page as theory

    theory.page()


def open_page(**params):
    at = AppTest.from_function(show, default_timeout=60)
    for key, value in (QUICK | params).items():
        at.query_params[key] = value
    return at.run()


def config_of(at):
    return at.session_state["theory.config"]


@pytest.mark.parametrize(
    ("instrument", "charts"), [("stability", 3), ("noise", 2), ("regularization", 4), ("rates", 1)]
)
def test_every_instrument_opens_from_its_address(instrument, charts):
    at = open_page(instrument=instrument)
    assert not at.exception
    assert not at.error
    assert not at.warning
    assert len(at.get("plotly_chart")) == charts
    assert config_of(at).instrument == instrument


def test_the_first_load_shows_the_parity_of_k_and_agrees_with_the_simulation():
    at = AppTest.from_function(show, default_timeout=60).run()
    assert not at.exception
    assert config_of(at) == TheoryConfig()
    assert any("984 of 984 cells" in caption.value for caption in at.caption)


@pytest.mark.parametrize("name", PRESETS["theory"])
def test_every_ready_made_view_is_valid_and_restored_by_its_address(name):
    from app.state.links import decode, encode

    config = PRESETS["theory"][name].config
    assert decode(encode(config), TheoryConfig) == (config, [])
    assert config.missing_layer == 0


def test_taking_a_ready_made_view_shows_it_and_undo_returns():
    at = open_page()
    before = config_of(at)
    name = "Bilinear game: α against k"
    at.selectbox(key="theory.preset").set_value(name).run()
    assert config_of(at) == PRESETS["theory"][name].config
    assert f"**{name}.** {PRESETS['theory'][name].shows}" in [caption.value for caption in at.caption]
    at.button(key="theory.undo").click().run()
    assert config_of(at) == before


def test_a_control_changes_the_config_and_the_address():
    at = open_page()
    at.number_input(key="theory.1.k").set_value(6).run()
    assert config_of(at).layers[0].k == 6
    assert at.query_params["layers"] == "6:0.5,5:0.5"
    assert any("diverges" in markdown.value for markdown in at.markdown)


def test_an_axis_without_its_layer_says_which_layer_is_missing():
    at = open_page(depth="1", x="k_2")
    assert not at.exception
    assert any("k₂ needs 2 layers" in info.value for info in at.info)


def test_layers_that_straddle_the_epoch_get_a_reason_and_a_remedy():
    at = open_page(instrument="regularization", batches="8")
    assert any("straddle" in warning.value for warning in at.warning)
    at.button(key="theory.remedy").click().run()
    assert config_of(at).regularization.batches == 25
    assert not at.warning


def test_unstable_noise_is_a_result_with_its_reason():
    at = open_page(instrument="noise", noise_lr="8", depth="0")
    assert not at.exception
    assert any("no optimizer is stable" in warning.value for warning in at.warning)


def test_no_noise_has_no_relative_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        at = open_page(instrument="noise", sigma="0", depth="1")
    assert not at.exception
    assert set(at.dataframe[0].value["error"]) == {"–"}
    assert set(at.dataframe[0].value["inside"]) == {"yes"}


def test_a_smaller_lr_buys_what_layers_buy_where_the_curves_coincide():
    config = TheoryConfig(instrument="noise", layers=(FIVE, FIVE))
    (one, from_one), (two, from_two) = theory_runs.coincidences(theory_runs.trade_offs(config))
    assert (one, two) == ("1 layer", "2 layers")
    for name, steps in ((1, 1.1 * from_one), (2, 1.1 * from_two)):
        specs = [lr_of_speed(config, depth, steps) for depth in (0, name)]
        plain, with_layers = (config.noise.problem.variances(spec)[-1] for spec in specs)
        assert with_layers == pytest.approx(plain, rel=0.05)
    # (1, 1) is no layer at all, and no layers are beside nothing
    same = config.model_copy(update={"layers": (LayerConfig(k=1, alpha=1.0),)})
    assert theory_runs.coincidences(theory_runs.trade_offs(same))[0][1] < 1
    assert theory_runs.coincidences(theory_runs.trade_offs(config.model_copy(update={"layers": ()}))) == []


def lr_of_speed(config, depth, steps):
    """The stack at the lr, found by bisection, at which it halves the distance in so many evaluations."""
    low, high = 1e-4, 0.5
    for _ in range(60):
        middle = (low + high) / 2
        slower = config.noise.problem.contraction(config.spec(depth, lr=middle)) > 0.5 ** (1 / steps)
        low, high = (middle, high) if slower else (low, middle)
    return config.spec(depth, lr=low)


@pytest.mark.parametrize(
    ("params", "formula"),
    [
        ({}, r"\rho_0 = c"),
        ({"base": "momentum"}, r"E_i = \mathrm{diag}(\alpha_i, 1)"),
        ({"base": "nesterov", "sync_momentum": "reset"}, r"E_i = \mathrm{diag}(\alpha_i, 0)"),
        ({"base": "momentum", "sync_momentum": "pullback"}, r"M_i = (1 - \alpha_i) I + \alpha_i M_{i-1}^{k_i}"),
        ({"base": "momentum", "momentum": "0"}, r"\rho_0 = c"),
        ({"instrument": "noise"}, r"V_n = \dfrac"),
        ({"instrument": "noise", "base": "momentum"}, r"P_n = M_n P_n M_n^\top + Q_n"),
    ],
)
def test_the_headline_is_the_recursion_that_holds(params, formula):
    at = open_page(**params, simulate="0")
    assert not at.exception
    assert formula in at.main.markdown[0].value


def test_the_mean_keeps_the_pace_of_the_flow_on_the_modified_loss():
    config = PRESETS["theory"]["Regularization: the mean follows Cₙ"].config.with_part(
        "regularization", epochs=3, orders=64
    )
    run = theory_runs.descent(config)
    near, far = run.gaps(run.flow), run.gaps(run.plain_flow)
    assert near.shape == far.shape == (4,)
    assert near[0] == far[0] == 0
    assert near.max() < far.max() / 4


def test_another_problem_brings_a_suitable_lr():
    at = open_page()
    at.selectbox(key="theory.stability.scenario").set_value("bilinear").run()
    config = config_of(at)
    assert (config.stability.lr, config.stability.is_game, config.stability.jacobian) == (
        0.1,
        True,
        ((0.0, 1.0), (-1.0, 0.0)),
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lr_high": "0.05", "lr_low": "0.1"}, "above the lr that the map starts at"),
        ({"y": "k_1"}, "another parameter than the horizontal axis"),
        ({"x": "lr"}, "x: y must be another parameter than the horizontal axis"),
        ({"x": "lr", "y": "lr"}, "x: y must be another parameter than the horizontal axis"),
        ({"lr_low": "0.5"}, "lr high must be above the lr that the map starts at, 0.5"),
        ({"surface": "flatland"}, "no such surface"),
        ({"alpha_1": "1.5"}, "less than or equal to 1"),
        ({"seeds": "1000000"}, "less than or equal to 100000"),
    ],
)
def test_a_bad_address_is_named_and_the_default_shown(params, message):
    at = open_page(**params)
    assert not at.exception
    assert any(message in error.value for error in at.error)


def test_effective_lr_divides_by_the_slow_step_sizes():
    config = TheoryConfig(layers=(FIVE, LayerConfig(k=5, alpha=0.8)))
    assert config.spec(lr=0.1, equal_effective=True).lr == pytest.approx(0.25)
    assert config.spec(1, lr=0.1, equal_effective=True).layers == (Layer(5, 0.5),)


def test_a_cell_of_the_map_becomes_the_run_of_the_surfaces_page():
    config = TheoryConfig(layers=(FIVE,))
    cell = config.grid().spec_at(CELLS - 1, 5)  # the largest lr, k = 6
    run = run_of(config.at_cell(cell))
    assert (run.surface, run.noise) == ("ravine", "none")
    spec = run.cards[-1].spec()
    assert (spec.lr, spec.layers) == (cell.lr, cell.layers)


def test_a_cell_of_a_game_becomes_the_run_of_the_games_page():
    config = TheoryConfig(
        layers=(FIVE,), stability=Stability(scenario="quadratic", epsilon=0.3, alternating=True, lr=0.2)
    )
    run = run_of(config)
    assert (run.game, run.parameter, run.noise) == ("quadratic", 0.3, "none")
    assert [card.spec().alternating for card in run.cards] == [True, True]
    assert (run.cards[1].lr, run.cards[1].spec().layers) == (0.2, (Layer(5, 0.5),))


def test_simulation_is_computed_once_for_all_who_ask():
    config = TheoryConfig(stability=Stability(k_high=3))
    first = theory_runs.simulated_map(config)
    assert isinstance(first, SimulatedMap)
    assert theory_runs.simulated_map(config.with_part("noise", h=2.0)) is first


@pytest.mark.parametrize("layers", ["5:0.7:0.7:nesterov", "3:0.5:0.5,2:0.5", "3:0.5,2:0.5:0.5"])
@pytest.mark.parametrize("base", ["sgd", "momentum"])
@pytest.mark.parametrize("instrument", ["stability", "noise", "regularization", "rates"])
def test_every_instrument_opens_with_outer_momentum(instrument, base, layers):
    quick = {"noise.seeds": "100", "regularization.orders": "16", "rates.power": "9", "rates.seeds": "4"}
    version = {"v": "2", "stability.simulate": "0"}
    at = AppTest.from_function(show, default_timeout=120)
    for key, value in (version | quick | {"instrument": instrument, "layers": layers, "base": base}).items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    assert config_of(at).has_outer_momentum
    if instrument == "stability":
        assert any("effective slow step" in text.value for text in at.markdown) == (layers != "3:0.5:0.5,2:0.5")
    if instrument == "regularization":
        assert any("outer momentum" in each.value for kind in (at.info, at.warning) for each in kind)
