"""Convergence rate: the short runs first, then two decades of T."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.figures.theory.rates import rates_chart
from app.runs import theory as theory_runs
from app.state.theory import TheoryConfig
from app.views.parts.charts import show_chart
from app.views.parts.progress import progress
from app.views.theory.controls import PAGE
from optim_core.experiments import RateRun
from optim_core.theory import Slope

FIRST_POWER = 10  # the runs up to 2^10 take a second and are shown while the rest is computed


def draw(config: TheoryConfig) -> None:
    """Slopes and their table, refined when the long runs are done."""
    problem = theory_runs.rate_problem(config)
    st.markdown(
        rf"$f(s) = \sum_j h_j\, s_j^2/(1 + s_j^2)$, nonconvex, $d = {len(problem.h)}$, $h_j$ from {problem.h[0]:g} to "
        rf"{problem.h[-1]:g}, so $L = {problem.smoothness:g}$; noise $\sigma = {problem.sigma:g}$ per coordinate; "
        rf"$lr = {config.rates.c:g}/\sqrt{{T}}${' / Π α' if config.rates.equal_effective else ''}; from $s = (1, …, 1)$"
    )
    chart, table = st.empty(), st.empty()
    for power in sorted({min(FIRST_POWER, config.rates.power), config.rates.power}):
        with progress("Running every T") as on_progress:
            run = theory_runs.rates(config, power, on_progress)
        fits = theory_runs.slopes(run)
        with chart:
            show_chart(rates_chart(run, fits), key=f"{PAGE}.rates.{power}")
        table.dataframe(_table(run, fits), hide_index=True)
    st.caption(
        "Pushkin and Barba 2021: the mean squared gradient norm after T base steps is O(1/√T) for two layers, a slope "
        "of −1/2. Here for 0 to 4 layers, fitted over the longest T, with 95 % intervals. Averages at the slow weights "
        "are biased while T < 20 k₁…kₙ and are fitted beyond that only."
    )


def _table(run: RateRun, fits: dict[tuple[int, bool], Slope | None]) -> list[dict[str, Any]]:
    return [
        {
            "layers": name,
            "base steps per outer step": f"{run.outer_periods[index]:,}",
            "slope, fast weights": _slope_text(fits[index, False]),
            "slope, slow weights": _slope_text(fits[index, True]),
            "theory": "−1/2",
            f"mean ‖∇f‖² at T = {run.T[-1]:,.0f}": f"{run.fast[index, -1].mean():.4g}",
        }
        for index, name in enumerate(run.names)
    ]


def _slope_text(fit: Slope | None) -> str:
    return "T too short" if fit is None else f"{fit.value:.3f} ± {fit.half_width:.3f}"
