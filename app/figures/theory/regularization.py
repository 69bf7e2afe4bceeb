"""C beside C_n, the mean path over orders beside the flows, the coefficients, and the order of accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.figures.caption import Caption
from app.figures.chart import Chart, Map, Mark, Panel
from app.figures.look import DOTTED, MUTED, PALETTE, depth_color
from app.runs.theory import Descent
from optim_core.experiments import AccuracyRun
from optim_core.theory import ModifiedLoss

Floats = NDArray[np.float64]
Losses = Sequence[ModifiedLoss | None]
FLOW, PATH, PLAIN = PALETTE[2], PALETTE[1], PALETTE[3]  # of Cₙ, of the mean, of C
EACH_STEP = "after each mean step"


def landscapes_chart(descent: Descent, name: str) -> Chart:
    """C and C_n side by side, with the mean over orders and the flows on both; `name` is that of the stack.

    A flow has a mark after each mean step: two flows may follow the same curve at different speeds.
    """
    steps, (x, y) = np.arange(len(descent.path)), descent.path.T
    marks = [
        *_flow("flow on Cₙ", FLOW, descent.flow, len(steps), ()),
        *_flow("flow on C", PLAIN, descent.plain_flow, len(steps), (2.2, 2.2)),  # on top: the two run close together
        Mark(
            "mean over orders", PATH, x, y, kind="dots", hover="after {steps} mean steps\nx {x:.5f}\ny {y:.5f}",
            data={"steps": steps},
        ),
    ]  # fmt: skip
    low, high = np.nanpercentile(descent.plain_grid.height, [0, 97])
    panels = [
        Panel(
            title, tuple(marks),
            Map(of, grid.x, grid.y, grid.height, "height", (low, high), hover="x {x:.3f}\ny {y:.3f}\n{value:.4g}"),
            labels=("x", "y"), spans=((grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1])),
        )
        for title, of, grid in (
            ("C, the mean loss", "C", descent.plain_grid),
            (f"Cₙ, {name}", "Cₙ", descent.modified_grid),
        )
    ]  # fmt: skip
    return Chart(tuple(panels), Caption("C and Cₙ"), height=460, linked_axes="xy")


def _flow(name: str, color: str, path: Floats | None, steps: int, dash: tuple[float, ...]) -> list[Mark]:
    """No marks where the flow is not finite."""
    if path is None:
        return []
    (x, y), each = path.T, (len(path) - 1) // (steps - 1)
    return [
        Mark(name, color, x, y, width=2.2, dash=dash),
        Mark(name, color, x[::each], y[::each], EACH_STEP, "dots", marker="diamond", size=7.0),
    ]


def coefficients_chart(equal: Losses, effective: Losses, growth: Sequence[tuple[str, Floats, Floats]]) -> Chart:
    """Coefficients of V and ‖g‖² over the number of layers, and how the penalty on V grows over α_1.

    Args:
        equal: the modified loss of each depth from 0 at one fast lr; None where the formulas do not apply.
        effective: the same at one effective lr.
        growth: at one effective lr; per depth a name, α_1 and the penalty over SGD's.
    """
    ticks = tuple((float(depth), str(depth)) for depth in range(len(equal)))
    panels = [
        Panel(title, tuple(_bars(equal, effective, part)), labels=("layers", ""), ticks=ticks)
        for title, part in (("Coefficient of V", "variance"), ("Coefficient of ‖g‖²", "gradient"))
    ]
    curves = (
        Mark(name, depth_color(depth), alpha, values, hover="α₁ {x:.2f}\n{y:.3f} times SGD's")
        for depth, (name, alpha, values) in enumerate(growth)
    )
    panels.append(
        Panel(
            "Penalty on V at an equal effective lr, times SGD's", tuple(curves), labels=("α₁", "times SGD's"),
            scales=("linear", "log"), spans=((0.0, 1.0), None),
        )
    )  # fmt: skip
    return Chart(tuple(panels), Caption("Coefficients, and the penalty on V"), columns=3, height=340)


def _bars(equal: Losses, effective: Losses, part: str) -> list[Mark]:
    """In greys: in the panel beside, colours stand for depths."""
    return [
        Mark(
            name, color, np.arange(len(losses), dtype=np.float64),
            np.array([np.nan if loss is None else getattr(loss, part) for loss in losses]), kind="bars",
            hover="{x:.0f} layers\n{y:.5g}",
        )
        for name, losses, color in (("equal lr", equal, ""), ("equal effective lr", effective, MUTED))
    ]  # fmt: skip


def accuracy_chart(run: AccuracyRun) -> Chart:
    """Distance of the mean step to the flow on C_n and on C over lr, log-log, with guides of slope 3 and 2."""
    marks = []
    rows = (("to the flow on Cₙ", run.corrected, FLOW, 3), ("to the flow on C", run.uncorrected, PLAIN, 2))
    for (name, errors, color, order), slope in zip(rows, run.slopes, strict=True):
        title, low, high = f"{name}: slope {slope:.2f}", errors - 2 * run.noise, errors + 2 * run.noise
        guide = errors[-1] * (run.lr / run.lr[-1]) ** order
        marks += [
            Mark(
                title, color, run.lr, errors, "distance", "dots", low, high, size=6.5,
                hover="lr {x:.4g}\ndistance {y:.4g}",
            ),
            Mark(title, color, run.lr, guide, "slope 3 or 2", dash=DOTTED, width=1.2),
        ]  # fmt: skip
    title, ticks = "How the error falls with lr", tuple((float(lr), f"{lr:.3g}") for lr in run.lr)
    labels = ("fast lr ε", "distance of the mean step")
    panel = Panel(title, tuple(marks), labels=labels, scales=("log", "log"), ticks=ticks)
    return Chart((panel,), Caption(title), columns=1, height=340)
