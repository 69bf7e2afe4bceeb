"""The charts of the Theory page from its settings, by instrument and name.

Each maker computes its numbers or reads them from the cache. Where no formula applies it raises ValueError, where
numbers are not finite FloatingPointError.
"""

from __future__ import annotations

from collections.abc import Callable

from app.figures.chart import Chart
from app.figures.theory.noise import trade_off_chart, variance_chart
from app.figures.theory.outer import outer_chart
from app.figures.theory.rates import rates_chart
from app.figures.theory.regularization import accuracy_chart, coefficients_chart, landscapes_chart
from app.figures.theory.stability import factors_chart, rate_map
from app.runs import theory as theory_runs
from app.state.theory import TheoryConfig
from optim_core.theory import linear_factors

Progress = Callable[[int, int], None]
Maker = Callable[[TheoryConfig, Progress | None], Chart]


def _map(config: TheoryConfig, on_progress: Progress | None) -> Chart:
    rates, finer, fine_rates = theory_runs.closed_form_map(config)
    simulation = theory_runs.simulated_map(config, on_progress) if config.stability.simulate else None
    return rate_map(config.grid(), rates, (finer, fine_rates), simulation, config.current_point, "as set")


def _factors(config: TheoryConfig, _: Progress | None) -> Chart:
    spec = config.spec(lr=config.stability.lr)
    levels, apart = linear_factors(config.stability.jacobian, spec)
    return factors_chart(levels, theory_runs.mode_names(config, len(levels[-1])), spec.layers if apart else None)


def _outer(config: TheoryConfig, _: Progress | None) -> Chart:
    return outer_chart(config.outermost)


def _variance(config: TheoryConfig, on_progress: Progress | None) -> Chart:
    runs = []
    for equal_effective in (False, True):
        try:
            runs.append(
                theory_runs.measured_variances(config, equal_effective=equal_effective, on_progress=on_progress)
            )
        except ValueError:
            continue  # none is stable, or one takes too long: the page says so
    return variance_chart(*theory_runs.variance_curves(config), runs)


def _trade_off(config: TheoryConfig, _: Progress | None) -> Chart:
    return trade_off_chart(*theory_runs.trade_offs(config))


def _landscapes(config: TheoryConfig, on_progress: Progress | None) -> Chart:
    return landscapes_chart(theory_runs.descent(config, on_progress), config.spec(lr=1.0).name)


def _coefficients(config: TheoryConfig, _: Progress | None) -> Chart:
    return coefficients_chart(*theory_runs.coefficients(config), theory_runs.amplifications(config))


def _accuracy(config: TheoryConfig, on_progress: Progress | None) -> Chart:
    return accuracy_chart(theory_runs.accuracy(config, on_progress))


def _rates(config: TheoryConfig, on_progress: Progress | None) -> Chart:
    run = theory_runs.rates(config, config.rates.power, on_progress)
    return rates_chart(run, theory_runs.slopes(run))


MAKERS: dict[str, dict[str, Maker]] = {
    "stability": {"map": _map, "factors": _factors, "outer-momentum": _outer},
    "noise": {"variance": _variance, "trade-off": _trade_off},
    "regularization": {"landscapes": _landscapes, "coefficients": _coefficients, "accuracy": _accuracy},
    "rates": {"rates": _rates},
}
