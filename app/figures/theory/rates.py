"""Mean squared gradient norm against T, log-log, with fitted slopes."""

from __future__ import annotations

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel
from app.figures.look import DASHED, MUTED, depth_color
from optim_core.experiments import RateRun
from optim_core.theory import Slope

Fits = dict[tuple[int, bool], Slope | None]
BELOW = 0.6  # the guide starts at this part of the first mean, clear of the points


def rates_chart(run: RateRun, fits: Fits) -> Chart:
    """Two panels, fast and outermost slow weights: the mean over runs for every T, the fitted line, a guide of −1/2.

    Args:
        run: the experiment.
        fits: slope by (optimizer, at slow weights); None where too few T are left to fit.
    """
    ends = run.T[[0, -1]].astype(np.float64)
    level = BELOW * run.fast[0, 0].mean() * (ends / ends[0]) ** -0.5
    guide = Mark("slope −1/2", MUTED, ends, level, dash=DASHED, width=1.2, quiet=True)
    panels = [
        Panel(
            f"At the {title} weights",
            (*(mark for index in range(len(run.names)) for mark in _optimizer(run, fits, index, slow=slow)), guide),
            labels=("base steps T", "mean of ‖∇f‖² over the run"), scales=("log", "log"),
        )
        for title, slow in (("fast", False), ("outermost slow", True))
    ]  # fmt: skip
    return Chart(tuple(panels), Caption("Mean squared gradient norm against T"), height=440, linked_axes="y")


def _optimizer(run: RateRun, fits: Fits, index: int, *, slow: bool) -> list[Mark]:
    values, T = (run.slow if slow else run.fast)[index], run.T.astype(np.float64)
    mean, error = values.mean(axis=1), 1.96 * values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    name, color, fit = run.names[index], depth_color(index), fits[index, slow]
    marks = [
        Mark(
            name, color, T, mean, "mean, with its 95% interval", "dots", mean - error, mean + error, size=6.0,
            hover="T {x:,}\nmean ‖∇f‖² {y:.4g} ± {error:.2g}", data={"error": error},
        )
    ]  # fmt: skip
    if fit is not None:
        ends = T[[-fit.points, -1]]
        marks.append(Mark(name, color, ends, np.exp(fit.intercept) * ends**fit.value, "fitted slope"))
    return marks
