"""Theory charts show the numbers they were given."""

import numpy as np
import pytest

from app.draw.plotly import paint
from app.figures.cells import outline
from app.figures.theory.noise import trade_off_chart, variance_chart
from app.figures.theory.rates import rates_chart
from app.figures.theory.regularization import accuracy_chart, coefficients_chart
from app.figures.theory.stability import disagreements, factors_chart, rate_map, reach_of
from app.runs.theory import VarianceCurves, halving
from optim_core.experiments import AccuracyRun, RateRun, SimulatedMap, VarianceRun
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import Axis, ParameterGrid, Slope, factors, modified_loss

SPEC = OptimizerSpec("one", "sgd", 0.1, (Layer(5, 0.5),))
GRID = ParameterGrid(SPEC, Axis("k_1", (1, 2, 3)), Axis("lr", (0.1, 0.2)))


def test_outline_of_one_cell_is_its_square():
    inside = np.zeros((3, 3), dtype=bool)
    inside[1, 1] = True
    x, y = outline(np.arange(4.0), np.arange(4.0), inside)
    segments = {((x[i], y[i]), (x[i + 1], y[i + 1])) for i in range(0, len(x), 3)}
    assert segments == {((1, 1), (2, 1)), ((1, 2), (2, 2)), ((1, 1), (1, 2)), ((2, 1), (2, 2))}


def test_outline_of_everything_or_nothing_is_empty():
    assert outline(np.arange(3.0), np.arange(3.0), np.ones((2, 2), dtype=bool)) == ([], [])


def test_cells_on_the_boundary_neither_agree_nor_disagree():
    rates = np.array([[0.9, 1.0, 1.1], [0.9, 1.1, 1.1]])
    simulation = SimulatedMap(np.array([[0.9, 1.0001, 1.1], [1.2, 0.8, np.nan]]), 10)
    assert disagreements(rates, simulation).tolist() == [[False, False, False], [True, True, False]]


def test_rate_map_ends_with_one_target_per_cell_row_by_row():
    rates = np.array([[0.9, 1.0, 1.1], [0.95, 1.05, 1.2]])
    simulation = SimulatedMap(rates, 10)
    chart = rate_map(GRID, rates, (GRID, rates), simulation, (2, 0.1))
    targets = chart.panels[0].marks[-1]
    assert targets.kind == "targets"
    assert targets.x.tolist() == [1, 2, 3, 1, 2, 3]
    assert targets.y.tolist() == [0.1] * 3 + [0.2] * 3
    assert targets.data["closed"].tolist() == rates.ravel().tolist()
    dots = next(mark for mark in chart.marks if mark.label == "simulated: diverged")
    assert list(zip(dots.x, dots.y, strict=True)) == [(2, 0.1), (3, 0.1), (2, 0.2), (3, 0.2)]


def test_map_without_simulation_shows_no_outcome():
    rates = np.ones((2, 3))
    names = [mark.label for mark in rate_map(GRID, rates, (GRID, rates), None, (2, 0.1)).marks]
    assert not any(name and "simulat" in name for name in names)


def test_settings_beyond_the_map_are_marked_at_its_edge():
    rates = np.ones((2, 3))
    inside, beyond = (rate_map(GRID, rates, (GRID, rates), None, here).marks[1] for here in ((2, 0.1), (9, 0.1)))
    assert (*inside.x, *inside.y, inside.label) == (2, 0.1, "set in the sidebar")
    assert (*beyond.x, *beyond.y, beyond.label) == (3.5, 0.1, "set in the sidebar, beyond this edge")


def test_factor_plane_joins_the_factors_of_each_mode():
    levels = factors(np.array([0.5, 1 + 0.1j]), SPEC.layers)
    marks = factors_chart(levels, ["first", "second"], SPEC.layers).marks
    (way,) = (mark for mark in marks if mark.label == "of one mode")
    ways = np.stack([way.x, way.y], axis=-1).reshape(2, len(levels) + 1, 2)
    assert np.isnan(ways[:, -1]).all()  # a mode's line is not joined to the next one's
    assert ways[1, :-1] @ [1, 1j] == pytest.approx(levels[:, 1])
    ends = [mark for mark in marks if mark.texts]
    assert [mark.x[1] + 1j * mark.y[1] for mark in ends] == pytest.approx(levels[:, 1].tolist())
    assert {tuple(mark.data["mode"]) for mark in ends} == {("first", "second")}


@pytest.mark.parametrize(
    ("sizes", "reach"), [([0.9], 1.3), ([1.0, 2.46], 2.829), ([1.0, 50.0, np.inf], 1.3), ([2.9, 3.2, 9.0], 3.68)]
)
def test_factor_plane_cuts_no_factor_in_half(sizes, reach):
    assert reach_of(np.array(sizes, dtype=complex)) == pytest.approx(reach)


def test_factor_plane_of_mixed_modes_joins_nothing_and_shades_nothing():
    chart = factors_chart([np.array([0.5, 0.6]), np.array([0.1, 0.2])], ["a", "b"], None)
    assert chart.panels[0].map is None
    assert [mark.label for mark in chart.marks if mark.kind == "line"] == ["|ρ| = 1"]
    assert {mark.kind for mark in chart.marks if mark.texts} == {"dots"}


def test_variance_chart_shows_intervals_around_what_was_measured():
    depth = VarianceCurves("layers", np.array([0.0, 1.0]), np.array([0.1, 0.05]), np.array([0.1, np.inf]))
    run = VarianceRun(
        ("a", "b"), np.array([0.1, 0.05]), np.array([0.11, 0.05]), np.array([0.1, 0.04]), np.array([0.12, 0.06]),
        0.99, 10, 20,
    )  # fmt: skip
    marks = variance_chart(depth, None, None, [run]).marks
    measured = next(mark for mark in marks if mark.part.startswith("measured"))
    assert measured.high - measured.y == pytest.approx([0.01, 0.01])
    assert measured.y - measured.low == pytest.approx([0.01, 0.01])
    assert np.isnan(marks[1].y[1])  # unstable: no line there


def test_halving_of_known_rates():
    assert halving(np.array([0.5, 0.5**0.1])) == pytest.approx([1, 10])
    assert np.isnan(halving(np.array([1.0, 1.2, np.inf]))).all()


def test_trade_off_has_a_curve_and_a_mark_per_depth():
    lr = np.array([0.1, 0.2])
    curve, here = trade_off_chart([("none", lr, np.array([0.5, 0.25]), np.array([1.0, 2.0]))], [(0.5, 1.0)]).marks
    assert curve.x.tolist() == [1, 0.5]
    assert (here.x[0], here.y[0]) == (1, 1)


def test_coefficients_are_missing_where_the_formulas_do_not_apply():
    chart = coefficients_chart([modified_loss(0.4, 10, ()), None], [modified_loss(0.4, 10, ()), None], ())
    assert chart.marks[0].y[0] == 0.1
    assert np.isnan(chart.marks[0].y[1])


def test_accuracy_legend_states_the_fitted_slopes():
    lr = np.array([0.4, 0.2, 0.1])
    chart = accuracy_chart(AccuracyRun(lr, lr**3, lr**2, 0 * lr, 24, True))
    assert chart.legend_series == ("to the flow on Cₙ: slope 3.00", "to the flow on C: slope 2.00")
    assert chart.marks[1].y == pytest.approx(lr**3)  # the guide lies on points of that slope


def test_rates_chart_draws_the_fit_over_its_own_points_only():
    T = np.array([100.0, 200.0, 400.0])
    values = np.repeat((T**-0.5)[None, :, None], 3, axis=2)
    run = RateRun(("SGD",), (1,), T, 0.5 / np.sqrt(T), values, values)
    chart = rates_chart(run, {(0, False): Slope(-0.5, 0.01, 0.0, 2), (0, True): None})
    lines = [mark for mark in chart.marks if mark.kind == "line" and mark.series == "SGD"]
    assert len(lines) == 1
    assert lines[0].x.tolist() == [200, 400]
    assert lines[0].y == pytest.approx(np.array([200.0, 400.0]) ** -0.5)


def test_backgrounds_are_transparent():
    figure = paint(factors_chart([np.array([0.5 + 0j])], ["a"], ()))
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
