"""Stability maps: the closed form cell by cell, and the simulated outcome against the real optimizer."""

import numpy as np
import pytest
import torch

from optim_core.experiments import simulate_map
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import Axis, ParameterGrid, linear_rate, stability_map
from optim_core.trajectory import record

BILINEAR = [[0.0, 1.0], [-1.0, 0.0]]
TWO = (Layer(5, 0.5), Layer(3, 0.7))
SPECS = [
    OptimizerSpec("plain", "sgd", 0.1, TWO),
    OptimizerSpec("decayed", "sgd", 0.1, TWO, weight_decay=0.2),
    OptimizerSpec("keep", "momentum", 0.1, TWO, 0.5, sync_momentum="keep"),
    OptimizerSpec("reset", "momentum", 0.1, TWO, 0.5, sync_momentum="reset"),
    OptimizerSpec("pullback", "nesterov", 0.1, TWO, 0.5, sync_momentum="pullback"),
    OptimizerSpec("in turn", "sgd", 0.1, TWO, alternating=True),
    OptimizerSpec("in turn with momentum", "momentum", 0.1, TWO, 0.5, sync_momentum="keep", alternating=True),
]


def grid(spec, x=("k_1", (1, 4, 9)), y=("alpha_2", (0.2, 0.6, 1.0))):
    return ParameterGrid(spec, Axis(*x), Axis(*y))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_cell_holds_the_rate_of_its_own_optimizer(spec):
    cells = grid(spec)
    rates = stability_map(BILINEAR, cells)
    for row in range(3):
        for column in range(3):
            expected = linear_rate(BILINEAR, cells.spec_at(row, column))
            assert rates[row, column] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_simulated_cells_move_as_the_real_optimizer_does(spec):
    cells = grid(spec)
    steps = 5 * 27
    simulation = simulate_map(BILINEAR, cells, steps)
    J = torch.tensor(BILINEAR, dtype=torch.float64)
    for row, column in [(0, 0), (1, 2), (2, 1)]:
        one = cells.spec_at(row, column)
        run = record(lambda x, _: (x.sum(-1), x @ J.T), [one], [1.0, 1.0], steps, engine="classes")
        distance = np.linalg.norm(run.outermost(0)[:, 0], axis=-1)
        first, last = (until // one.outer_period * one.outer_period for until in (steps // 2, steps))
        growth = (distance[last] / distance[first]) ** (1 / (last - first))
        assert simulation.rate[row, column] == pytest.approx(growth, rel=1e-10)


def test_simulation_finds_the_parity_of_k_just_past_the_edge():
    spec = OptimizerSpec("parity", "sgd", 2.04, (Layer(5, 0.5),))
    cells = grid(spec, ("k_1", tuple(range(1, 13))), ("lr", (1.9, 2.04)))
    simulation = simulate_map([[1.0]], cells, 3_000)
    assert simulation.converged[0].all()
    assert simulation.converged[1].tolist() == [k % 2 == 1 for k in range(1, 13)]


def test_simulation_and_closed_form_agree_on_the_whole_bilinear_window():
    spec = OptimizerSpec("window", "sgd", 0.1, (Layer(5, 0.5), Layer(2, 0.5)))
    cells = grid(spec, ("k_1", tuple(range(1, 65))), ("lr", tuple(np.geomspace(0.02, 0.5, 20))))
    closed_form, simulation = stability_map(BILINEAR, cells), simulate_map(BILINEAR, cells, 1_500)
    # both modes are a rotation and a scaling, so the distance grows by exactly the rate
    assert simulation.rate == pytest.approx(closed_form, rel=1e-9)
    assert np.array_equal(simulation.converged, closed_form < 1)
    assert 0.1 < simulation.converged.mean() < 0.9


def test_mode_at_zero_does_not_end_a_run_before_its_layers_synchronise():
    # ηh = 1 puts the fast weights at the minimum in one step; φ_1 only halves at each synchronisation
    cells = grid(OptimizerSpec("dead beat", "sgd", 1.0, (Layer(4, 0.5),)), ("k_1", (4,)), ("alpha_1", (0.5,)))
    assert simulate_map([[1.0]], cells, 400).rate[0, 0] == pytest.approx(0.5 ** (1 / 4), rel=1e-12)


def test_layers_that_never_synchronise_are_undecided():
    cells = grid(OptimizerSpec("slow", "sgd", 0.1, (Layer(50, 0.5),)), ("k_1", (50,)), ("lr", (0.1,)))
    simulation = simulate_map([[1.0]], cells, 20)
    assert np.isnan(simulation.rate[0, 0])
    assert not simulation.converged[0, 0]
    assert not simulation.diverged[0, 0]


def test_cell_that_explodes_is_diverged_even_between_synchronisations():
    cells = grid(OptimizerSpec("wild", "sgd", 50.0, (Layer(500, 0.5),)), ("k_1", (500,)), ("lr", (50.0,)))
    simulation = simulate_map([[1.0]], cells, 2_000)
    assert simulation.diverged[0, 0]
    assert stability_map([[1.0]], cells)[0, 0] > 1


def test_cell_that_leaves_about_half_time_is_diverged():
    # growth of 1.6 per step: beyond 1e100 at step 497, the last synchronisation before half-time, and looked at in 500
    spec = OptimizerSpec("late", "sgd", 2.6, (Layer(7, 1.0),))
    cells = grid(spec, ("k_1", (7,)), ("lr", tuple(np.linspace(2.58, 2.66, 21))))
    simulation = simulate_map([[1.0]], cells, 1_000)
    assert simulation.diverged.all()
    assert simulation.rate == pytest.approx(stability_map([[1.0]], cells), rel=0.05)


def test_simulation_stops_when_asked_and_reports_progress():
    reports = []
    simulation = simulate_map(
        BILINEAR, grid(SPECS[0]), 1_000, on_progress=lambda *at: reports.append(at), should_stop=lambda: True
    )
    assert simulation.steps == 20
    assert reports == [(20, 1_000)]


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (("momentum", (0.1,)), "axis is lr.*'momentum'"),
        (("k_0", (1,)), "axis is lr.*'k_0'"),
        (("lr", ()), "at least one value"),
        (("lr", (0.0,)), "lr must be positive.*0.0"),
        (("alpha_1", (1.5,)), "alpha must be in.*1.5"),
        (("k_1", (0,)), "k must be at least 1, got 0"),
    ],
)
def test_bad_axis_names_the_field_and_the_value(axis, message):
    with pytest.raises(ValueError, match=message):
        Axis(*axis)


def test_broken_k_is_refused():
    with pytest.raises(TypeError, match=r"whole number.*2\.5"):
        Axis("k_1", (2.5,))


def test_bad_grid_is_refused():
    with pytest.raises(ValueError, match="k_3 needs 3 layers, the optimizer has 2"):
        grid(SPECS[0], ("k_3", (1,)))
    with pytest.raises(ValueError, match="axes must differ, got lr"):
        grid(SPECS[0], ("lr", (0.1,)), ("lr", (0.2,)))
    with pytest.raises(ValueError, match=r"linear base.*'adam'"):
        grid(OptimizerSpec("adam", "adam", 0.1, TWO))
    with pytest.raises(ValueError, match="at most 65536 cells, got 66049"):
        grid(SPECS[0], ("k_1", tuple(range(1, 258))), ("lr", tuple(np.linspace(0.1, 1, 257))))
    with pytest.raises(ValueError, match="steps must be from 1 to"):
        simulate_map(BILINEAR, grid(SPECS[0]), 10**9)
