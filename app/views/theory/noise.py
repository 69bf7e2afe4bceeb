"""Steady-state variance: closed forms first, then measurements over thousands of runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from app.figures.theory.noise import KINDS, trade_off_chart, variance_chart
from app.runs import theory as theory_runs
from app.state.theory import TheoryConfig
from app.views.parts.charts import show_chart
from app.views.parts.progress import progress
from app.views.theory.controls import PAGE
from optim_core.experiments import VarianceRun

SCALARS = r"$q_i = \alpha_i^2\, q_{i-1} \sum_{j<k_i} |\rho_{i-1}|^{2j},\quad V_n = \dfrac{q_n}{1 - |\rho_n|^2}$"
MATRICES = (
    r"$Q_i = E_i \sum_{j<k_i} M_{i-1}^j\, Q_{i-1}\, (M_{i-1}^j)^\top E_i^\top,\quad P_n = M_n P_n M_n^\top + Q_n$ on "
    r"position, velocity and the $b$ of layers with outer momentum; $(P_n)_{11}$"
)


def draw(config: TheoryConfig) -> None:
    """Variance over depth, k and α with the measurement on it, the table, and the trade-off."""
    formula = MATRICES if config.has_velocity or config.has_outer_momentum else SCALARS
    st.markdown(
        f"{formula}: variance of the outermost slow weights at their "
        rf"synchronisations, on $\tfrac12 h x^2$ with $h = {config.noise.h:g}$"
    )
    curves = theory_runs.variance_curves(config)
    slot = st.empty()
    with slot:
        show_chart(variance_chart(*curves, ()), key=f"{PAGE}.variance.closed")
    runs = _variance_runs(config)
    if runs:
        with slot:
            show_chart(variance_chart(*curves, runs), key=f"{PAGE}.variance")
        st.dataframe(_table(runs), hide_index=True)
        st.caption(
            f"All rows see the same noise, so they err together. Where the closed form is right, one in "
            f"{1 / (1 - runs[0].confidence):.0f} still lies outside its interval by chance: take another seed to tell."
        )
    st.markdown("## What it costs: variance against speed")
    trades = theory_runs.trade_offs(config)
    show_chart(trade_off_chart(*trades), key=f"{PAGE}.tradeoff")
    matches = [f"{name} from {steps:,.0f} evaluations on" for name, steps in theory_runs.coincidences(trades)]
    if matches:
        st.caption(
            f"The curves nearly coincide, {', '.join(matches)}: there a smaller lr without layers is as fast and has "
            "the same variance, within 5 %. At one lr, layers trade speed for variance, as a smaller lr does."
        )
    st.caption(
        "Derived here for any depth, and with momentum as covariance matrices; one layer without momentum is the "
        "closed form of Zhang et al. 2019. Nesting buys variance and pays in speed per gradient evaluation."
    )


def _variance_runs(config: TheoryConfig) -> list[VarianceRun]:
    runs = []
    for equal_effective in (False, True):
        try:
            with progress(f"Measuring over {config.noise.seeds:,} runs") as on_progress:
                run = theory_runs.measured_variances(config, equal_effective=equal_effective, on_progress=on_progress)
            runs.append(run)
        except ValueError as problem:
            st.warning(f"Not measured at equal {'effective ' if equal_effective else ''}lr: {problem}.")
    return runs


def _table(runs: list[VarianceRun]) -> list[dict[str, Any]]:
    return [
        {
            "layers": name,
            "compared at": kind,
            "closed form": f"{theory:.5g}",
            "measured": f"{variance:.5g}" if np.isfinite(theory) else "unstable",
            f"{run.confidence:.0%} interval": f"{low:.5g} to {high:.5g}" if np.isfinite(theory) else "–",
            "error": f"{variance / theory - 1:+.2%}" if 0 < theory < np.inf else "–",
            "inside": ("yes" if inside else "no") if np.isfinite(theory) else "–",
            "runs": f"{run.seeds:,} of {run.steps:,} steps",
        }
        for run, (kind, _) in zip(runs, KINDS, strict=False)
        for name, theory, variance, low, high, inside in zip(
            run.names, run.predicted, run.measured, run.low, run.high, run.agrees, strict=True
        )
    ]
