"""The interactive charts of the Theory page, by title, for a file of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from app.runs import theory as theory_runs
from optim_core.theory import linear_factors, why_not

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from app.state.theory import TheoryConfig

Progress = Callable[[int, int], None]
Plots = dict[str, "go.Figure"]


def theory_plots(config: TheoryConfig, on_progress: Progress | None = None) -> Plots:
    """Those of the chosen instrument; what does not apply to the settings is left out."""
    makers = {"stability": _stability, "noise": _noise, "regularization": _regularization, "rates": _rates}
    return makers[config.instrument](config, on_progress)


def _stability(config: TheoryConfig, on_progress: Progress | None) -> Plots:
    from app.figures.theory.stability import factor_plane, stability_figure

    plots = {}
    if not config.missing_layer:
        rates, fine, fine_rates = theory_runs.closed_form_map(config)
        simulated = theory_runs.simulated_map(config, on_progress) if config.stability.simulate else None
        here = config.here
        plots["Rate, and where it converges"] = stability_figure(
            config.grid(), rates, (fine, fine_rates), simulated, here, "as set"
        )
    spec = config.spec(lr=config.stability.lr)
    levels, apart = linear_factors(config.stability.jacobian, spec)
    names = theory_runs.mode_names(config, len(levels[0]))
    plots["Factors per step of each layer"] = factor_plane(levels, names, spec.layers if apart else None)
    return plots


def _noise(config: TheoryConfig, on_progress: Progress | None) -> Plots:
    from app.figures.theory.noise import trade_off_figure, variance_figure

    runs = []
    for equal_effective in (False, True):
        try:
            runs.append(
                theory_runs.measured_variances(config, equal_effective=equal_effective, on_progress=on_progress)
            )
        except ValueError:
            continue  # none is stable, or one takes too long: the page says so
    return {
        "Steady-state variance": variance_figure(*theory_runs.variance_curves(config), runs),
        "Variance against speed": trade_off_figure(*theory_runs.trade_offs(config)),
    }


def _regularization(config: TheoryConfig, on_progress: Progress | None) -> Plots:
    from app.figures.theory.regularization import (
        accuracy_figure,
        amplification_figure,
        coefficients_figure,
        landscapes_figure,
    )

    plots, applies = {}, not why_not(config.regularization.batches, config.stack)
    if applies:
        seen = theory_runs.descent(config)
        plots["C and Cₙ"] = landscapes_figure(
            seen.plain_grid, seen.modified_grid, seen.path, seen.flow, seen.plain_flow,
            f"Cₙ, {config.spec(lr=1.0).name}",
        )  # fmt: skip
    plots["Coefficients"] = coefficients_figure(*theory_runs.coefficients(config))
    plots["Penalty on V at an equal effective lr"] = amplification_figure(theory_runs.amplifications(config))
    if applies:
        with suppress(FloatingPointError):  # the page says so, and to lower the lr
            plots["How the error falls with lr"] = accuracy_figure(theory_runs.accuracy(config, on_progress))
    return plots


def _rates(config: TheoryConfig, on_progress: Progress | None) -> Plots:
    from app.figures.theory.rates import rates_figure

    run = theory_runs.rates(config, config.rates.power, on_progress)
    return {"Mean squared gradient norm against T": rates_figure(run, theory_runs.slopes(run))}
