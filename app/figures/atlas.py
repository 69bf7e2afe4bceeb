"""The charts of the Atlas page: a map of the cells, lines through one of them, and the best lr of each line."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.figures.amounts import span_of
from app.figures.caption import Caption
from app.figures.cells import outline
from app.figures.chart import Chart, Map, Mark, Panel
from app.figures.look import DASHED, MUTED, PALETTE, STAR, STAR_EDGE
from app.runs.atlas import Border, floor_of
from app.state.atlas import AtlasConfig, Quantity
from app.state.axes import title_of
from app.state.objectives import measure_of
from optim_core.study import Axis, StudyResult
from optim_core.study.axis import WHOLE
from optim_core.study.comparison import mean_interval
from optim_core.sweep import ties_of

Floats = NDArray[np.float64]

QUANTITIES: dict[Quantity, str] = {
    "mean": "mean", "median": "median", "spread": "deviation over seeds", "diverged": "share of seeds that diverged"
}  # fmt: skip
LINE, BEST = PALETTE[0], PALETTE[1]
TIE = "#ffffff"
UNTOLD = "not told apart from the best"


@dataclass(frozen=True, eq=False)
class Reading:
    """How a result is read: measure, such as "loss above the lowest", and the value that it counts from."""

    result: StudyResult
    measure: str
    floor: float = 0.0

    @property
    def short_measure(self) -> str:
        """The measure without what it counts from."""
        return self.measure if self.result.study.objective.is_task else self.measure.split()[0]

    @property
    def excess(self) -> Floats:
        """(rows, columns, seeds) above the floor; never below 0, which only a floor that is not exact would make."""
        return np.maximum(self.result.value - self.floor, 0.0)

    def quantity(self, name: Quantity) -> Floats:
        """What the map shows, (rows, columns)."""
        if name in ("spread", "diverged"):
            return self.result.spread if name == "spread" else self.result.share_diverged
        value: Floats = self.result.mean if name == "mean" else self.result.median
        return np.maximum(value - self.floor, 0.0)


def reading_of(config: AtlasConfig, result: StudyResult) -> Reading:
    """How the objective's page counts: a loss above the lowest value, a distance, or of a task an error or the like."""
    if (task := config.task) is not None:
        return Reading(result, f"validation {measure_of(task.kind)}")
    measure = "distance to the equilibrium" if config.is_game else "loss above the lowest"
    return Reading(result, measure, floor_of(config))


def study_map(reading: Reading, quantity: Quantity, border: Border | None) -> Chart:
    """A quantity in every cell, the best cell and those not told apart from it, the border of the closed form.

    The targets are one point per cell, row by row.
    """
    study = reading.result.study
    marks = (*_border(border), *_failed(reading.result), *_best(reading.result), _targets(reading))
    spans = [(float(axis.borders[0]), float(axis.borders[-1])) for axis in (study.x, study.y)]
    panel = Panel(
        "", marks, _map(reading, quantity), labels=(title_of(study.x.name), title_of(study.y.name)),
        scales=("log" if study.x.log else "linear", "log" if study.y.log else "linear"),
        spans=(spans[0], spans[1]), whole=(study.x.kind == "depth", study.y.kind == "depth"),
    )  # fmt: skip
    return Chart((panel,), Caption(map_title(reading, quantity)), columns=1, height=480, drag="none")


def map_title(reading: Reading, quantity: Quantity) -> str:
    """What the map shows, in words."""
    name = QUANTITIES[quantity]
    of = "" if quantity == "diverged" else f" of the {reading.measure}"
    study = reading.result.study
    return f"{name.capitalize()}{of}, over {title_of(study.x.name)} and {title_of(study.y.name)}"


def coarse_map(reading: Reading, quantity: Quantity) -> Chart:
    """The finest regular grid of cells that are all there, while the others are computed."""
    chart = study_map(reading, quantity, None)
    (panel,) = chart.filled_panels
    map_ = panel.map
    if map_ is None:
        return chart
    every = _stride(reading.result)
    values = map_.values[::every, ::every]
    coarse = replace(map_, x=map_.x[::every], y=map_.y[::every], values=values, borders=None)
    return replace(chart, panels=(replace(panel, map=coarse, marks=()),))


def growing_map(reading: Reading, quantity: Quantity) -> Chart:
    """Every cell that is there, while the others are computed: nothing is the best yet."""
    chart = study_map(reading, quantity, None)
    (panel,) = chart.filled_panels
    return replace(chart, panels=(replace(panel, marks=tuple(_failed(reading.result))),))


def _stride(result: StudyResult) -> int:
    """Rows and columns from one cell of the finest complete grid to the next."""
    is_there = result.has_outcome.copy()
    for place in result.reasons:
        is_there[place] = True
    stride = 1
    while stride < max(is_there.shape) and not is_there[::stride, ::stride].all():
        stride *= 2
    return stride


def _map(reading: Reading, quantity: Quantity) -> Map:
    study, values = reading.result.study, reading.quantity(quantity)
    is_share = quantity == "diverged"
    if not is_share:  # a cell in which a run diverged has no spread, and a mean that is infinite
        values = np.where(reading.result.share_diverged > 0, _beyond(values), values)
    name = QUANTITIES[quantity] if is_share else f"{QUANTITIES[quantity]}: {reading.measure}"
    if study.seeds == 1 and quantity in ("mean", "median"):
        name = reading.measure
    return Map(
        name, np.array(study.x.values), np.array(study.y.values), values, "amount",
        borders=(study.x.borders, study.y.borders), log=not is_share,
        span=(0.0, 1.0) if is_share else span_of(values, log=True),
        above="diverged" if not is_share and np.isposinf(values).any() else "",
    )  # fmt: skip


def _beyond(values: Floats) -> Floats:
    """Infinite where there is no finite value."""
    return np.where(np.isfinite(values), values, np.inf)


def _border(border: Border | None) -> list[Mark]:
    if border is None:
        return []
    lines = outline(border.x.borders, border.y.borders, border.rate < 1)
    x, y = (np.array(part, np.float64) for part in lines)
    return [Mark("border of convergence, closed form", "", x, y, width=1.5)]


def _failed(result: StudyResult) -> list[Mark]:
    """Crosses in the cells that failed."""
    if not result.reasons:
        return []
    rows, columns = (list(places) for places in zip(*result.reasons, strict=True))
    x, y = np.array(result.study.x.values)[columns], np.array(result.study.y.values)[rows]
    return [Mark("failed", MUTED, x, y, kind="dots", marker="cross", size=6.0)]


def _best(result: StudyResult) -> list[Mark]:
    """The star of the best cell, and a dot for each that is not told apart from it."""
    if result.best is None:
        return []
    ties = np.array(result.ties, dtype=np.int64).reshape(-1, 2)
    x, y = np.array(result.study.x.values), np.array(result.study.y.values)
    x_ties, y_ties = x[ties[:, 1]], y[ties[:, 0]]
    untold = Mark(UNTOLD, TIE, x_ties, y_ties, kind="dots", size=3.2, edge=STAR_EDGE, width=0.4)
    row, column = result.best
    name = "least mean, at the edge of the grid" if result.edges else "least mean"
    star = star_mark(name, x[[column]], y[[row]])
    return [*([untold] if len(ties) else []), star]


def star_mark(name: str, x: Floats, y: Floats) -> Mark:
    """The star of the best cell of a map."""
    return Mark(name, STAR, x, y, kind="dots", marker="star", size=12.0, edge=STAR_EDGE, width=0.9, clip=False)


def _targets(reading: Reading) -> Mark:
    result, study = reading.result, reading.result.study
    x, y = np.meshgrid(np.array(study.x.values), np.array(study.y.values))
    place = f"{title_of(study.x.name)} {{x:{_format(study.x)}}}, {title_of(study.y.name)} {{y:{_format(study.y)}}}"
    return Mark(
        "", "", x.ravel(), y.ravel(), kind="targets", size=6.0, hollow=True,
        hover=f"{place}\nmean {{mean:.4g}} ± {{error:.2g}}\nmedian {{median:.4g}}\ndiverged {{share:.0%}}",
        data={
            "mean": reading.quantity("mean").ravel(), "error": result.error.ravel(),
            "median": reading.quantity("median").ravel(), "share": result.share_diverged.ravel(),
        },
    )  # fmt: skip


def _format(axis: Axis) -> str:
    return ".0f" if axis.kind in WHOLE else ".4g"


def lines_chart(reading: Reading, place: tuple[int, int], steady: tuple[Floats, Floats] | None) -> Chart:
    """The measure along both axes through one cell: the mean with its interval, and every seed.

    Args:
        reading: the result.
        place: row and column of the cell.
        steady: along x and along y the closed form that runs settle at; None where there is none.
    """
    study, (row, column) = reading.result.study, place
    panels = []
    for index, axis in enumerate((study.x, study.y)):
        values = reading.excess[row] if index == 0 else reading.excess[:, column]
        other, at = (study.y, row) if index == 0 else (study.x, column)
        marks = _line(axis, values, column if index == 0 else row)
        if steady is not None:
            marks.append(Mark("settles at, closed form", MUTED, *_finite(axis, steady[index]), dash=DASHED, width=1.3))
        title = f"Along {title_of(axis.name)}, at {title_of(other.name)} {other.values[at]:.4g}"
        panels.append(_panel(title, marks, axis, (title_of(axis.name), reading.measure)))
    return Chart(tuple(panels), Caption(f"The {reading.measure} along both axes"), height=320)


def _line(axis: Axis, values: Floats, chosen: int) -> list[Mark]:
    """values: (points, seeds)."""
    x, mean = np.array(axis.values), values.mean(axis=-1)
    low, high = mean_interval(values)
    least = float(values[np.isfinite(values) & (values > 0)].min(initial=np.inf))
    low = np.where(low > 0, low, np.minimum(least, mean))  # a mean of positive numbers is positive
    low, high = (np.where(mean > 0, edge, np.nan) for edge in (low, high))
    seeds = np.repeat(x, values.shape[-1]), np.where(np.isfinite(values), values, np.nan).ravel()
    blank = np.where(np.isfinite(mean), mean, np.nan)
    hover = f"{title_of(axis.name)} {{x:{_format(axis)}}}\nmean {{y:.4g}}\nfrom {{low:.4g}} to {{high:.4g}}"
    this_cell = Mark(
        "this cell", BEST, x[[chosen]], blank[[chosen]], kind="dots", marker="diamond", size=8.0, hollow=True, width=1.9
    )
    each_seed = Mark("one seed", MUTED, *seeds, kind="dots", size=2.2, opacity=0.45, quiet=True)
    name = mean_name(values.shape[-1])
    means = Mark(name, LINE, x, blank, low=low, high=high, width=1.8, hover=hover, data={"low": low, "high": high})
    return [*([each_seed] if values.shape[-1] > 1 else []), means, this_cell]


def _finite(axis: Axis, values: Floats) -> tuple[Floats, Floats]:
    return np.array(axis.values), np.where(np.isfinite(values) & (values >= 0), values, np.nan)


def _panel(title: str, marks: list[Mark], axis: Axis, labels: tuple[str, str], scale: str = "log") -> Panel:
    return Panel(
        title, tuple(marks), labels=labels, scales=("log" if axis.log else "linear", scale),  # type: ignore[arg-type]
        whole=(axis.kind == "depth", False),
    )  # fmt: skip


def best_lr_chart(reading: Reading) -> Chart | None:
    """For every value of the other axis the best lr with those not told apart from it, the measure, its difference.

    The difference is from that at the first of the values, seed by seed.

    None where no axis is the lr.
    """
    study = reading.result.study
    if "lr" not in (study.x.name, study.y.name):
        return None
    lr, other = (study.x, study.y) if study.x.name == "lr" else (study.y, study.x)
    values = reading.excess if study.x is lr else reading.excess.swapaxes(0, 1)  # (others, lrs, seeds)
    places = [None if cell is None else cell[1 if study.x is lr else 0] for cell in reading.result.best_along("lr")]
    rows = [index for index, place in enumerate(places) if place is not None]
    best = [place for place in places if place is not None]
    x, lrs = np.array(other.values)[rows], np.array(lr.values)
    ends = np.array([_tied(values[row], place, lrs) for row, place in zip(rows, best, strict=True)]).reshape(-1, 2)
    at_best = np.array([values[row, place] for row, place in zip(rows, best, strict=True)])
    at_best = at_best.reshape(len(rows), values.shape[-1])
    name = title_of(other.name)
    top = Mark(
        f"best lr, and those next to it {UNTOLD}", BEST, x, lrs[best], kind="dots", size=5.0,
        low=ends[:, 0], high=ends[:, 1],
        hover=f"{name} {{x:{_format(other)}}}\nbest lr {{y:.4g}}",
    )  # fmt: skip
    panels = (
        _panel(f"Best lr over {name}", [top], other, (name, "lr"), "log" if lr.log else "linear"),
        _panel(f"At the best lr, over {name}", [_means(other, x, at_best)], other, (name, reading.measure)),
        _differences(other, x, at_best),
    )
    return Chart(panels, Caption(f"Best lr over {name}"), columns=3, height=320)


def _differences(axis: Axis, x: Floats, values: Floats) -> Panel:
    """Seed by seed, how much more than at the axis's first value: values (others, seeds)."""
    name, first = title_of(axis.name), f"{x[0]:.4g}" if len(x) else "the first"
    zero = Mark("no difference", MUTED, x, np.zeros(len(x)), dash=DASHED, width=1.1, quiet=True)
    marks = [zero, _means(axis, x, values - values[:1], "paired difference")]
    return _panel(f"Minus that at {name} {first}, seed by seed", marks, axis, (name, "difference"), "linear")


def mean_name(seeds: int, what: str = "mean") -> str:
    """What a mean over the seeds with its interval is called in legends."""
    return f"{what} over {seeds} seeds, with its 95 % interval" if seeds > 1 else "one run"


def _tied(values: Floats, best: int, lrs: Floats) -> tuple[float, float]:
    """The least and the greatest lr of those about the best one that are not told apart from it."""
    ties, first, last = {*ties_of(values, best)}, best, best
    while first - 1 in ties:
        first -= 1
    while last + 1 in ties:
        last += 1
    return float(lrs[first]), float(lrs[last])


def _means(axis: Axis, x: Floats, values: Floats, what: str = "mean") -> Mark:
    """Means over the seeds with their intervals; values (points, seeds)."""
    mean, (low, high) = values.mean(axis=-1), mean_interval(values)
    if what == "mean":  # on a logarithmic axis
        low = np.where(low > 0, low, values.min(axis=-1, initial=np.inf))
    return Mark(
        mean_name(values.shape[-1], what), LINE, x, mean, kind="dots", low=low, high=high, size=5.0,
        hover=f"{title_of(axis.name)} {{x:{_format(axis)}}}\n{what} {{y:.4g}}",
    )  # fmt: skip
