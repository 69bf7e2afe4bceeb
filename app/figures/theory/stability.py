"""Factors in the complex plane, and maps of the rate over two parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.figures.caption import Caption
from app.figures.cells import outline
from app.figures.chart import Chart, Map, Mark, Pair, Panel, Side
from app.figures.look import DASHED, DOTTED, MUTED, depth_color
from optim_core.experiments import SimulatedMap
from optim_core.layers import Layer
from optim_core.study.axis import borders_of
from optim_core.theory import Axis, ParameterGrid, factors

Floats = NDArray[np.float64]
Factors = NDArray[np.complex128]

SYMBOLS = {"lr": "lr η", "k_1": "k₁", "k_2": "k₂", "alpha_1": "α₁", "alpha_2": "α₂", "mu_1": "μ₁", "mu_2": "μ₂"}
DOT_SIZE, CUSTOMARY = 3.0, 41  # points where an axis has that many cells; among more, smaller
DOT = "#7a4a2a"  # on the vermilion of what diverges, and on a dark page
PLANE_POINTS = 161
NEAR, ROOM = 3.0, 1.15  # factors up to NEAR are always shown; the range is ROOM times the largest factor shown
FAR = 1e6  # a factor beyond this is far outside the picture, and no line is drawn to it
NOWHERE = complex(np.nan, np.nan)
SIDES: tuple[Side, ...] = ("right", "left", "above", "below", "above")  # c and ρ₁ may both be near 1


def factors_chart(levels: Sequence[Factors], names: Sequence[str], layers: Sequence[Layer] | None) -> Chart:
    """The unit circle and the factors of every layer; where modes stay apart, also every c that converges.

    Args:
        levels: factors c, ρ_1 … ρ_n, each (modes,); with outer momentum outer layers have more modes.
        names: of the modes, as many as there are at most.
        layers: innermost first; None where momentum mixes the modes, so that no line connects them.
    """
    most_levels = max(map(len, levels))
    path = np.stack([np.append(level, np.full(most_levels - len(level), NOWHERE)) for level in levels])
    reach, turn = reach_of(path), np.linspace(0, 2 * np.pi, 181)
    path = np.where(np.abs(path) < FAR, path, NOWHERE)
    marks = [Mark("|ρ| = 1", MUTED, np.cos(turn), np.sin(turn), dash=DOTTED, width=1.1, quiet=True)]
    if layers is not None:
        segments = np.concatenate([path, np.full((1, path.shape[1]), NOWHERE)]).T.ravel()
        marks.append(Mark("of one mode", MUTED, segments.real, segments.imag, dash=DASHED, width=0.75, quiet=True))
    marks += [_level(number, values, names) for number, values in enumerate(path)]
    title, span = "Factors per step of each layer", (-reach, reach)
    region = None if layers is None else _stable_region(layers, reach)
    panel = Panel(
        title, tuple(marks), region, labels=("real part", "imaginary part"), spans=(span, span), square=True
    )  # fmt: skip
    return Chart((panel,), Caption(title), columns=1, height=460)


def reach_of(path: Factors) -> float:
    """Half the width of the plane that shows these factors; far ones stay outside, and none lies on the border."""
    reach = 1.0
    for size in np.sort(np.abs(path[np.isfinite(path)])):
        if size <= max(NEAR, ROOM * reach):
            reach = max(reach, size)
    return float(max(1.3, ROOM * reach))


def _stable_region(layers: Sequence[Layer], reach: float) -> Map:
    axis = np.linspace(-reach, reach, PLANE_POINTS)
    size = np.abs(factors(axis[None, :] + 1j * axis[:, None], layers)[-1])
    return Map("every c that converges", axis, axis, np.clip(np.nan_to_num(size, posinf=2.0), 0, 2), "inside")


def _level(number: int, values: Factors, names: Sequence[str]) -> Mark:
    name = f"ρ{'₀₁₂₃₄'[number]}" if number else "c"
    return Mark(
        name, depth_color(number), values.real, values.imag, kind="dots", size=8.0, texts=(name,) * len(values),
        side=SIDES[number % len(SIDES)], hover="{text} = {x:.4f} + {y:.4f} i\n|{text}| = {size:.4f}\n{mode}",
        data={"size": np.abs(values), "mode": names},
    )  # fmt: skip


def rate_map(
    grid: ParameterGrid,
    rates: Floats,
    fine: tuple[ParameterGrid, Floats],
    simulation: SimulatedMap | None,
    current: Pair,
    label: str = "set in the sidebar",
) -> Chart:
    """Rate per base step over two parameters, its boundary 1, and the simulated outcome of every cell.

    Args:
        grid: the cells.
        rates: the closed form in them, (rows, columns).
        fine: both at a finer resolution, for the boundary.
        simulation: outcomes in the cells of `grid`; None leaves them out.
        current: the values of x and y that the page is set to.
        label: their name in the legend.

    The targets are one point per cell, row by row.
    """
    finer, fine_rates = fine
    x, y = (np.array(part, np.float64) for part in outline(edges(finer.x), edges(finer.y), fine_rates < 1))
    marks = (
        Mark("|ρ| = 1, closed form", MUTED, x, y, quiet=True),
        _current_mark(grid, current, label),
        *([] if simulation is None else _outcomes(grid, rates, simulation)),
        _targets(grid, rates, simulation),
    )
    across, up = (np.asarray(axis.values, np.float64) for axis in (grid.x, grid.y))
    (left, *_, right), (bottom, *_, top) = edges(grid.x), edges(grid.y)
    title, rate_map_ = "Rate, and where it converges", Map("rate per base step", across, up, rates, "rate")
    labels, spans = (SYMBOLS[grid.x.name], SYMBOLS[grid.y.name]), ((left, right), (bottom, top))
    return Chart((Panel(title, marks, rate_map_, labels=labels, spans=spans),), Caption(title), columns=1, height=460)


def _current_mark(grid: ParameterGrid, current: Pair, label: str) -> Mark:
    """The current values of the page, on the nearest edge where they lie outside the map."""
    borders = [edges(axis) for axis in (grid.x, grid.y)]
    place = [float(np.clip(value, side[0], side[-1])) for value, side in zip(current, borders, strict=True)]
    name = label if tuple(place) == current else f"{label}, beyond this edge"
    x, y = np.array(place).reshape(2, 1)
    return Mark(name, MUTED, x, y, kind="dots", marker="diamond", size=9.0, width=1.9, hollow=True, clip=False)


def _outcomes(grid: ParameterGrid, rates: Floats, simulation: SimulatedMap) -> list[Mark]:
    """Dots where the simulation diverged, crosses where its outcome is not that of the closed form."""
    x, y = np.meshgrid(np.asarray(grid.x.values, np.float64), np.asarray(grid.y.values, np.float64))
    wrong = disagreements(rates, simulation)
    diverged, dot = simulation.diverged & ~wrong, DOT_SIZE * min(1.0, CUSTOMARY / max(rates.shape))
    marks = [Mark("simulated: diverged", DOT, x[diverged], y[diverged], kind="dots", size=dot)]
    if wrong.any():
        marks.append(Mark("simulation disagrees", MUTED, x[wrong], y[wrong], kind="dots", marker="cross", size=6.0))
    unmoved = ~(simulation.converged | simulation.diverged)
    if unmoved.any():
        marks.append(
            Mark(
                "never synchronised",
                MUTED,
                x[unmoved],
                y[unmoved],
                kind="dots",
                marker="stroke",
                size=4.5,
            )
        )
    return marks


def disagreements(rates: Floats, simulation: SimulatedMap) -> NDArray[np.bool_]:
    """Cells whose simulated outcome is not that of the closed form; on the boundary, where |ρ| is 1, either will do."""
    has_outcome = simulation.converged | simulation.diverged
    on_boundary = np.isclose(rates, 1.0, rtol=0, atol=1e-12)
    return np.asarray(has_outcome & ~on_boundary & (simulation.converged != (rates < 1)))


def _targets(grid: ParameterGrid, rates: Floats, simulation: SimulatedMap | None) -> Mark:
    x, y = np.meshgrid(np.asarray(grid.x.values, np.float64), np.asarray(grid.y.values, np.float64))
    simulated_rates = simulation.rate if simulation is not None else np.full(rates.shape, np.nan)
    place = f"{SYMBOLS[grid.x.name]} {{x:.4g}}, {SYMBOLS[grid.y.name]} {{y:.4g}}"
    return Mark(
        "", "", x.ravel(), y.ravel(), kind="targets", size=7.0,
        hover=f"{place}\nclosed form {{closed:.5f}}\nsimulated {{simulated:.5f}}",
        data={"closed": rates.ravel(), "simulated": simulated_rates.ravel()},
    )  # fmt: skip


def edges(axis: Axis) -> Floats:
    """Borders of an axis's cells: halfway between its values. (values + 1,)."""
    return borders_of(np.asarray(axis.values, dtype=np.float64))
