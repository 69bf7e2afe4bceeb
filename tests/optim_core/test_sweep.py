"""Sweeps: every candidate is the run it says, on the same noise; tuning finds optima that are known by hand."""

import numpy as np
import pytest
import torch

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.sweep import grid, judge, sweep, tune
from optim_core.trajectory import record

SGD = OptimizerSpec("SGD", "sgd", 0.1)
ONE = OptimizerSpec("one", "sgd", 0.1, (Layer(5, 0.5),))
TWO = OptimizerSpec("two", "sgd", 0.1, (Layer(5, 0.5), Layer(2, 0.8)))


def parabola(x, evaluation):
    """½x²: one step at lr η multiplies x by 1 − η."""
    return 0.5 * x.square().sum(-1), x.clone()


def noisy(starts, sigma=1.0):
    """½x² with noise that depends on the start and the evaluation only."""

    def field(x, evaluation):
        draw = torch.randn((starts, x.shape[-1]), generator=torch.Generator().manual_seed(evaluation), dtype=x.dtype)
        gradient = (x.view(-1, *draw.shape) + sigma * draw).view_as(x)
        return 0.5 * x.square().sum(-1), gradient

    return field


def test_grid_holds_every_combination_once():
    candidates = grid(TWO, lr=(0.1, 0.2), k=(3, 5), alpha=(0.5, 1.0))
    assert len(candidates) == 8
    assert len(set(candidates)) == 8
    assert {candidate.layers for candidate in candidates} == {(Layer(k, a),) * 2 for k in (3, 5) for a in (0.5, 1.0)}


def test_grid_keeps_what_is_not_given():
    assert grid(TWO, lr=(0.3,))[0] == TWO.with_lr(0.3)
    assert [c.layers for c in grid(TWO, k=(7,))] == [(Layer(7, 0.5), Layer(7, 0.8))]


def test_optimizer_without_layers_appears_once_per_lr():
    assert len(grid(SGD, lr=(0.1, 0.2), k=(3, 5), alpha=(0.5, 0.6, 0.7))) == 2


def test_grid_over_depths():
    candidates = grid(SGD, layers=[(), ONE.layers, TWO.layers], lr=(0.1, 0.2))
    assert [candidate.depth for candidate in candidates] == [0, 0, 1, 1, 2, 2]


def test_grid_beyond_the_limit_is_refused_with_the_limit():
    with pytest.raises(ValueError, match="at most 4096 candidates, got 5000"):
        grid(SGD, lr=np.linspace(0.1, 1, 5000))


def test_every_row_is_the_run_it_says():
    starts, candidates = [[1.0, 2.0], [3.0, -1.0]], grid(TWO, lr=(0.1, 0.5), k=(2, 4))
    table = sweep(noisy(2), candidates, starts, 17)
    assert list(zip(table["candidate"], table["start"], strict=True)) == [(c, s) for c in range(4) for s in range(2)]
    for row in range(8):
        alone = record(noisy(2), [candidates[table["candidate"][row]]], starts, 17)
        assert table["value"][row] == alone.slow_loss[-1, 0, table["start"][row]]
    assert table["k"].tolist() == ["2·2"] * 4 + ["4·4"] * 4
    assert table["evaluations"].tolist() == [17] * 8


@pytest.mark.parametrize("measure", ["slow loss", "fast loss", "mean loss", "gradient norm"])
def test_measures_by_hand(measure):
    # (2, .5) at lr 1 from 2: fast 2, 0, 1, 0, .5 (φ: 2, 2, 1, 1, .5) after 0 … 4 steps, and a fifth step to 0
    spec = OptimizerSpec("hand", "sgd", 1.0, (Layer(2, 0.5),))
    expected = {"slow loss": 0.125, "fast loss": 0.0, "mean loss": (0 + 0.5 + 0 + 0.125 + 0) / 5, "gradient norm": 0.0}
    assert sweep(parabola, [spec], [[2.0]], 5, measure=measure)["value"].tolist() == [expected[measure]]


def test_measure_may_be_a_function_of_the_trajectory():
    table = sweep(parabola, [SGD], [[1.0], [2.0]], 3, measure=lambda run, index: run.fast[-1, index, :, 0])
    assert table["value"] == pytest.approx([0.9**3, 2 * 0.9**3])


def test_adding_candidates_changes_no_other_result():
    few, many = (sweep(noisy(3), grid(ONE, lr=lrs), [[1.0]] * 3, 20) for lrs in ([0.2], np.linspace(0.1, 0.2, 40)))
    assert many["value"][-3:].tolist() == few["value"].tolist()


def test_tuning_finds_the_lr_that_reaches_the_minimum_in_one_step():
    tuning = tune(parabola, SGD, [[3.0]], 10, lr=(0.25, 0.5, 1.0, 1.5))
    assert tuning.spec == SGD.with_lr(1.0)
    assert tuning.mean[2] == 0
    assert tuning.edges == ()
    assert tuning.ties == ()


def test_tuning_reports_the_edge_of_a_grid():
    assert tune(parabola, SGD, [[1.0]], 10, lr=(0.1, 0.2)).edges == ("lr",)
    both = tune(parabola, ONE, [[1.0]], 10, lr=(0.5, 1.0, 1.9), k=(5,), alpha=(0.5, 0.9))
    assert both.edges == ("alpha",)


def test_tuning_reports_ties():
    # ½x² at lr .5 and 1.5 has c = ±.5: the same loss after any number of steps
    tuning = tune(parabola, SGD, [[1.0], [1.0]], 6, lr=(0.5, 1.5, 1.9))
    assert tuning.best == 0
    assert tuning.ties == (1,)


def test_ties_use_paired_differences_and_their_error():
    candidates = grid(SGD, lr=(0.1, 0.2, 0.3))
    base = np.array([1.0, 5.0, 9.0])
    table = {
        "candidate": np.repeat([0, 1, 2], 3),
        "start": np.tile([0, 1, 2], 3),
        # the second is always .5 worse, the third is worse by .1 ± .6: only that one is a tie
        "value": np.concatenate([base, base + 0.5, base + np.array([-0.5, 0.1, 0.7])]),
        "diverged": np.zeros(9, dtype=bool),
    }
    tuning = judge(candidates, table, 10)
    assert tuning.best == 0
    assert tuning.ties == (2,)
    assert tuning.standard_error[0] == pytest.approx(4 / np.sqrt(3))


def test_divergence_is_a_result_and_never_the_best():
    tuning = tune(parabola, SGD, [[1.0], [2.0]], 2_000, lr=(0.1, 3.0))
    assert tuning.diverged.tolist() == [0, 1]
    assert tuning.mean[1] == np.inf
    assert tuning.spec == SGD.with_lr(0.1)
    without = tune(parabola, SGD, [[1.0]], 2_000, lr=(3.0, 4.0))
    assert without.spec is None
    assert without.best is None
    assert without.edges == without.ties == ()


def test_lr_curve_takes_the_best_k_and_alpha_at_each_lr():
    tuning = tune(parabola, ONE, [[1.0]], 10, lr=(1.0, 0.5), k=(1, 5), alpha=(0.5, 1.0))
    lrs, means, errors = tuning.lr_curve()
    assert lrs.tolist() == [0.5, 1.0]
    assert means == pytest.approx([0.5 * 0.5**20, 0.0])
    assert errors.tolist() == [0, 0]


def test_noise_favours_a_smaller_lr_than_the_noiseless_best():
    tuning = tune(noisy(64), SGD, np.full((64, 1), 3.0), 100, lr=(0.05, 0.1, 0.5, 1.0))
    assert tuning.spec.lr < 0.5
    assert (tuning.standard_error > 0).all()


def test_sweep_stops_when_asked_and_reports_progress():
    reports = []
    candidates = grid(SGD, lr=np.linspace(0.1, 1, 40))
    full = sweep(parabola, candidates, [[1.0]], 5, on_progress=lambda *at: reports.append(at))
    assert reports == [(32, 40), (40, 40)]
    answers = iter([False] * 4 + [True] * 1000)
    part = sweep(parabola, candidates, [[1.0]], 5, should_stop=lambda: next(answers))
    assert part["value"].tolist() == full["value"][:32].tolist()
    nothing = sweep(parabola, candidates, [[1.0]], 5, should_stop=lambda: True)
    assert len(nothing["value"]) == 0
    assert judge(candidates, nothing, 5).best is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"specs": []}, "at least one candidate"),
        ({"measure": "speed"}, "measure must be one of .*'speed'"),
        ({"evaluations": 0}, "evaluations must be at least 1.*got 0"),
    ],
)
def test_bad_input_names_the_field(arguments, message):
    call = {"specs": [SGD], "evaluations": 5, "measure": "slow loss"} | arguments
    with pytest.raises(ValueError, match=message):
        sweep(parabola, call["specs"], [[1.0]], call["evaluations"], measure=call["measure"])
