"""Factors in the complex plane, and the stability map, whose cells can be opened as runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from app.figures.chart import Chart
from app.figures.theory.outer import outer_chart
from app.figures.theory.stability import disagreements, factors_chart, rate_map
from app.runs import theory as theory_runs
from app.state import Card, SurfacesConfig
from app.state.games import GameCard, GamesConfig
from app.state.layers import layer_numbers
from app.state.theory import TheoryConfig
from app.views import session
from app.views.parts.cards import SUBSCRIPT
from app.views.parts.charts import show_chart
from app.views.parts.progress import progress
from app.views.theory.controls import AXES, PAGE
from optim_core.experiments import SimulatedMap
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import base_steps, least_stable, linear_factors, linear_rate

SCALAR = r"\rho_i = 1 - \alpha_i + \alpha_i\,\rho_{i-1}^{k_i}"
MATRICES = (
    r"$M_0$: one base step on position and velocity; $M_i = D_i + E_i\,M_{{i-1}}^{{k_i}}$ with "
    r"$D_i = \mathrm{{diag}}(1 - \alpha_i, 0)$, $E_i = \mathrm{{diag}}(\alpha_i, {kept})$: "
    r"converges where every eigenvalue of $M_n$ is inside the unit circle"
)
OUTER = (
    r"$M_0$: one base step; $M_i = D_i + E_i\,M_{i-1}^{k_i}$ on the base's state and the $b$ of the layers up to $i$ "
    r"that have outer momentum: $b \leftarrow \mu b + s$ with $s = \varphi_i - \varphi_{i-1}$, then "
    r"$\varphi_i \leftarrow \varphi_i - \alpha_i\,b$, or $\varphi_i - \alpha_i\,(s + \mu b)$ by Nesterov's rule: "
    r"converges where every eigenvalue of $M_n$ is inside the unit circle"
)
RECURSIONS = {
    "none": rf"$\rho_0 = c,\quad {SCALAR}$: converges where $|\rho_n| < 1$",
    "keep": MATRICES.format(kept=1),
    "reset": MATRICES.format(kept=0),
    "pullback": (
        r"$M_0$: one base step on position and velocity; $M_i = (1 - \alpha_i) I + \alpha_i M_{i-1}^{k_i}$, so that "
        rf"${SCALAR}$ for each eigenvalue $\rho_0$ of $M_0$: converges where every $|\rho_n| < 1$"
    ),
}


def draw(config: TheoryConfig) -> None:
    """The map and the plane side by side, and the clicked cell below them."""
    rule = RECURSIONS[config.sync_momentum if config.has_velocity else "none"]
    st.markdown(OUTER if config.has_outer_momentum else rule)
    left, right = st.columns([3, 2])
    with left:
        cell = _map(config)
    with right:
        _plane(config.at_cell(cell) if cell else config)
    _facts(config, cell)
    st.caption(
        "Derived here for any depth (one layer on a quadratic: Zhang et al. 2019), and checked by the simulation: "
        "every cell is run step by step, with no factor or matrix in it."
    )
    if config.depth:
        _outer(config.outermost)


def _outer(layer: Layer) -> None:
    """Where outer momentum of the outermost layer pays, and where it diverges."""
    st.markdown("## Outer momentum: where it overtakes, and where it diverges")
    show_chart(outer_chart(layer), key=f"{PAGE}.outer")
    speed = f", effective slow step α / (1 − μ) = **{layer.effective_alpha:.3g}**" if layer.has_momentum else ""
    edge = least_stable(layer)
    converges = "never moves" if edge == -math.inf else f"contracts where {edge:.4g} < r < 1"
    st.markdown(f"**The outermost layer**, {layer_numbers(layer)}: {converges}{speed}.")
    st.caption(
        "r is what the k steps below multiply a mode by. At their best settings outer momentum overtakes on every mode "
        "that does not oscillate: 1 − √(1 − r) against r, for 0 < r < 1 (at r = .99, .9 against .99). Where r < 0 a "
        "plain layer with α = 1 / (1 − r) is at 0 at once, and there is nothing to gain. Divergence: α (1 − r) ≥ 2 "
        "without momentum, 2 (1 + μ) with heavy ball, 2 (1 + μ) / (1 + 2 μ) by Nesterov's rule. Derived here. "
        "Algorithms: SNOO, Kallusky et al. 2025, arXiv 2510.15830; DiLoCo, Douillard et al. 2023, arXiv 2311.08105."
    )


def _map(config: TheoryConfig) -> OptimizerSpec | None:
    """Draw the map; gives the optimizer of the clicked cell."""
    if config.missing_layer:
        st.info(
            f"{AXES[f'k_{config.missing_layer}']} needs {config.missing_layer} layers. Add one, or choose another axis."
        )
        return None
    rates, fine, fine_rates = theory_runs.closed_form_map(config)
    slot = st.empty()

    def chart_with(simulation: SimulatedMap | None) -> Chart:
        return rate_map(config.grid(), rates, (fine, fine_rates), simulation, config.current_point)

    def draw_closed_form() -> None:
        with slot:
            show_chart(chart_with(None), key=f"{PAGE}.map.closed")

    simulation = _simulation(config, draw_closed_form) if config.stability.simulate else None
    with slot:
        target = show_chart(chart_with(simulation), key=f"{PAGE}.map", pick=True)
    if simulation is not None:
        st.caption(_agreement(rates, simulation))
    if target is None or target[1] >= rates.size:
        return None
    return config.grid().spec_at(*map(int, np.unravel_index(target[1], rates.shape)))


def _simulation(config: TheoryConfig, draw_closed_form: Callable[[], None]) -> SimulatedMap:
    """Run every cell; `draw_closed_form` shows the map without them where that takes a while."""
    with progress("Simulating every cell", draw_closed_form) as on_progress:
        return theory_runs.simulated_map(config, on_progress)


def _agreement(rates: np.ndarray[Any, Any], simulation: SimulatedMap) -> str:
    has_outcome = simulation.converged | simulation.diverged
    agreeing = has_outcome & ~disagreements(rates, simulation)
    never_note = "" if has_outcome.all() else f"; {(~has_outcome).sum():,} never synchronised in that time"
    return (
        f"The simulation of {simulation.steps:,} base steps agrees with the closed form in {agreeing.sum():,} of "
        f"{has_outcome.sum():,} cells{never_note}. Click a cell to look into it."
    )


def _plane(config: TheoryConfig) -> None:
    spec = config.spec(lr=config.stability.lr)
    levels, modes_apart = linear_factors(config.stability.jacobian, spec)
    names = theory_runs.mode_names(config, len(levels[-1]))
    show_chart(factors_chart(levels, names, spec.layers if modes_apart else None), key=f"{PAGE}.plane")


def _facts(config: TheoryConfig, cell: OptimizerSpec | None) -> None:
    """The factors in numbers, and buttons that open or adopt the cell."""
    cell_config = config.at_cell(cell) if cell else config
    spec = cell_config.spec(lr=cell_config.stability.lr)
    levels, _ = linear_factors(cell_config.stability.jacobian, spec)
    sizes = [
        f"|{f'ρ{SUBSCRIPT[level]}' if level else 'c'}| = {np.abs(values).max():.4g}"
        for level, values in enumerate(levels)
    ]
    rate = linear_rate(cell_config.stability.jacobian, spec)
    verdict = ":blue-badge[converges]" if rate < 1 else ":orange-badge[diverges]"
    stack = "".join(map(layer_numbers, spec.layers)) or "no layers"
    source = "The cell clicked" if cell else "As set in the sidebar"
    st.markdown(
        f"**{source}**: lr {cell_config.stability.lr:.4g}, {stack}. Largest factors: "
        f"{', '.join(sizes)}; rate per base step "
        f"**{rate:.5f}** (a step of layer {spec.depth} is {base_steps(spec.layers):,} base steps) {verdict}"
    )
    with st.container(horizontal=True):
        page, run = "Games" if cell_config.stability.is_game else "Surfaces", run_of(cell_config)
        if st.button(
            f"Open this run in {page}", icon=":material/open_in_browser:", key=f"{PAGE}.open",
            disabled=not session.allows(page.lower(), run),
        ):  # fmt: skip
            session.open_with(page.lower(), run)
        if cell:
            st.button(
                "Set the sidebar to this cell", icon=":material/tune:", key=f"{PAGE}.take", on_click=session.adopt,
                args=(PAGE, cell_config), disabled=not session.allows(PAGE, cell_config),
            )  # fmt: skip


def run_of(config: TheoryConfig) -> SurfacesConfig | GamesConfig:
    """The run of a cell, beside the bare base at the same lr."""
    common = {"lr": config.stability.lr} | {
        name: getattr(config, name) for name in ("base", "momentum", "sync_momentum")
    }
    stacks = ((), config.layers) if config.layers else ((),)
    if config.stability.is_game:
        common["alternating"] = config.stability.alternating
        players = tuple(GameCard(**common, layers=stack, color=color) for color, stack in enumerate(stacks))
        parameter = {"parameter": config.stability.epsilon} if config.stability.scenario == "quadratic" else {}
        return GamesConfig(game=config.stability.scenario, noise="none", cards=players, **parameter)
    cards = tuple(Card(**common, layers=stack, color=color) for color, stack in enumerate(stacks))
    return SurfacesConfig(surface=config.stability.scenario, noise="none", cards=cards, steps=500)
