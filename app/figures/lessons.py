"""What lessons show of measurements that take too long to repeat while somebody waits."""

from __future__ import annotations

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel
from app.figures.look import depth_color
from app.state.lessons.card import Bars


def bars_chart(bars: Bars) -> Chart:
    """A value with its deviation for each row, in the colours of depths."""
    marks = tuple(
        Mark(
            row.name, depth_color(place), np.array([float(place)]), np.array([row.value]), kind="dots",
            low=np.array([row.value - row.error]), high=np.array([row.value + row.error]), size=9.0,
            texts=(f"{row.value:g} ± {row.error:g}",), side="right", hover=f"{row.name}\n{row.value:g} ± {row.error:g}",
        )
        for place, row in enumerate(bars.rows)
    )  # fmt: skip
    ticks = tuple((float(place), row.name) for place, row in enumerate(bars.rows))
    span = (-0.4, len(bars.rows) - 0.2)
    panel = Panel(bars.column, marks, labels=("", bars.column), spans=(span, None), ticks=ticks)
    return Chart((panel,), Caption(bars.table), columns=1, height=380)
