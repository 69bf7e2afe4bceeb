"""Steady-state variance against depth, k and α, and against the contraction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Pair, Panel
from app.figures.look import DIVERGES, depth_color
from app.runs.theory import VarianceCurves, halving
from optim_core.experiments import VarianceRun

Floats = NDArray[np.float64]
KINDS = (("equal lr", depth_color(0)), ("equal effective lr", DIVERGES))
CLOSED_FORM = "closed form"


def variance_chart(
    depth: VarianceCurves, k: VarianceCurves | None, alpha: VarianceCurves | None, runs: Sequence[VarianceRun]
) -> Chart:
    """Variance over the number of layers with what was measured, over k_1, and over α_1.

    Args:
        depth: closed forms over the number of layers.
        k: over k_1; None without layers.
        alpha: over α_1; None without layers.
        runs: measured at equal lr and at equal effective lr, for the depths of `depth`; may be empty.
    """
    panels = [
        Panel(
            f"Variance over {'the number of layers' if curves is depth else curves.parameter}",
            (*_closed_forms(curves), *(_measurements(depth.values, runs) if curves is depth else ())),
            labels=(curves.parameter, "steady-state variance"),
            scales=("linear", "log"),
            ticks=tuple((float(value), f"{value:g}") for value in depth.values) if curves is depth else (),
        )
        for curves in (depth, k, alpha)
        if curves is not None
    ]
    return Chart(tuple(panels), Caption("Steady-state variance"), columns=len(panels), linked_axes="y")


def _closed_forms(curves: VarianceCurves) -> list[Mark]:
    return [
        Mark(
            name, color, curves.values, _finite(variance), part=CLOSED_FORM,
            hover=f"{curves.parameter} {{x:.3g}}\nvariance {{y:.5g}}",
        )
        for (name, color), variance in zip(KINDS, (curves.equal, curves.effective), strict=True)
    ]  # fmt: skip


def _measurements(depths: Floats, runs: Sequence[VarianceRun]) -> list[Mark]:
    return [
        Mark(
            name, color, depths, run.measured, f"measured, with its {run.confidence:.0%} interval", "dots",
            low=run.low, high=run.high, size=6.0, hollow=True,
            hover="measured {y:.5g}\ninterval {low:.5g} to {high:.5g}\nclosed form {closed:.5g}",
            data={"low": run.low, "high": run.high, "closed": run.predicted},
        )
        for run, (name, color) in zip(runs, KINDS, strict=False)
    ]  # fmt: skip


def trade_off_chart(curves: Sequence[tuple[str, Floats, Floats, Floats]], current: Sequence[Pair]) -> Chart:
    """Variance against the gradient evaluations that halve the distance to the minimum, one curve per depth.

    Args:
        curves: name, lr, contraction per base step, variance, for each depth.
        current: contraction and variance at the lr set, for each depth.
    """
    marks = []
    for depth, ((name, lr, contraction, variance), at) in enumerate(zip(curves, current, strict=True)):
        color, (rate, level) = depth_color(depth), np.array(at).reshape(2, 1)
        hover = "lr {lr:.4g}\n{x:.3g} evaluations to halve the distance\nvariance {y:.4g}"
        marks += [
            Mark(name, color, halving(contraction), _finite(variance), CLOSED_FORM, hover=hover, data={"lr": lr}),
            Mark(name, color, halving(rate), _finite(level), "at the lr set", "dots", marker="diamond", size=7.5),
        ]
    title = "Variance against speed"
    labels = ("gradient evaluations to halve the distance", "steady-state variance")
    panel = Panel(title, tuple(marks), labels=labels, scales=("log", "log"))
    return Chart((panel,), Caption(title), columns=1)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
