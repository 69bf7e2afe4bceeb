"""Chart of a search for the lr."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel
from optim_core.sweep import Tuning

HOVER = "lr {x:.3g}\n{y:.4g}"


def tuning_chart(names: Sequence[str], colors: Sequence[str], tunings: Sequence[Tuning], floor: float) -> Chart:
    """Mean measure above `floor` against lr, one line per optimizer, bars of one standard error, the best marked."""
    marks = []
    for name, color, tuning in zip(names, colors, tunings, strict=True):
        lr, mean, error = tuning.lr_curve()
        excess = np.where(np.isfinite(mean) & (mean >= floor), mean - floor, np.nan)
        deviation = np.nan_to_num(error)
        marks.append(Mark(name, color, lr, excess, width=1.5))
        marks.append(
            Mark(
                name,
                color,
                lr,
                excess,
                kind="dots",
                size=4.5,
                low=excess - deviation,
                high=excess + deviation,
                hover=HOVER,
            )
        )
        if tuning.spec is not None:
            best, at = np.array([tuning.mean[tuning.best] - floor]), np.array([tuning.spec.lr])
            marks.append(Mark(name, color, at, best, "the best", kind="dots", size=11.0, width=2.25, hollow=True))
    panel = Panel("", tuple(marks), labels=("lr", "measure above the lowest value"), scales=("log", "log"))
    return Chart((panel,), Caption("Fair tuning"), columns=1, height=340)
