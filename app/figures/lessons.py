"""What the cards of lessons show: the picture of the card's page, a chart beside it, and measured tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel
from app.figures.games import game_curves, game_scene
from app.figures.look import depth_color
from app.figures.scene import Scene
from app.figures.surfaces import surface_curves, surface_scene
from app.figures.theory.regularization import coefficients_chart, landscapes_chart
from app.runs import games as game_runs
from app.runs import theory as theory_runs
from app.runs.lessons import case_of, end_of
from app.state import GamesConfig, SurfacesConfig
from app.state.lessons import LessonCard, Place
from app.state.lessons.card import CHARTS, Bars
from app.state.theory import TheoryConfig

Placed = SurfacesConfig | GamesConfig
Point = tuple[float, float]


def moving_picture(config: Placed) -> Scene:
    """The run of a config over its surface or field."""
    run = case_of(config).run
    return game_scene(config, run) if isinstance(config, GamesConfig) else surface_scene(config, run)


def still_picture(card: LessonCard, on_progress: theory_runs.Progress | None = None) -> Chart | None:
    """What a card shows where nothing moves; None where a player does."""
    config = card.config
    if card.bars is not None:
        return bars_chart(card.bars)
    if not isinstance(config, TheoryConfig):
        return None
    if card.chart == "landscapes":
        return landscapes_chart(theory_runs.descent(config, on_progress), config.spec(lr=1.0).name)
    chart = coefficients_chart(*theory_runs.coefficients(config), theory_runs.amplifications(config))
    return chart.of(2) if card.chart == "penalty" else chart.of(0, 1)


def curve_beside(card: LessonCard, config: Placed) -> Chart | None:
    """The card's chart of a run; None where it has none, or where a surface without minima has no distances."""
    if card.chart is None:
        return None
    case = case_of(config)
    if isinstance(config, GamesConfig):
        optimizers = range(len(case.run.names))
        rates = [game_runs.measured_rate(case.run, index, case.places) for index in optimizers]
        closed_forms = [game_runs.closed_rate(config, spec) for spec in config.specs()]
        return game_curves(config, case.run, rates, closed_forms).of(CHARTS["games"].index(card.chart))
    names = [name for name in CHARTS["surfaces"] if name != "distance" or len(case.places)]
    return surface_curves(config, case.run).of(names.index(card.chart)) if card.chart in names else None


def guess_marks(card: LessonCard, guess: Point | None, *, show_end: bool) -> tuple[tuple[int, Mark], ...]:
    """Where a visitor thinks that a run ends and, once revealed, where it does, on the first panel."""
    config, question = card.config, card.question
    if guess is None or not isinstance(question, Place) or not isinstance(config, Placed):
        return ()
    color = config.colors[question.optimizer - 1]
    cross = _dot("your guess", color, guess)
    end = end_of(config, question.optimizer) if show_end else None
    marks = [replace(cross, marker="plus", size=13.5, width=3.0)]
    marks += [] if end is None else [replace(_dot("it ended here", color, end), size=15.0, hollow=True, width=2.2)]
    return tuple((0, mark) for mark in marks)


def _dot(name: str, color: str, place: Point) -> Mark:
    x, y = (np.array([value]) for value in place)
    return Mark(name, color, x, y, kind="dots", hover=f"{name}\nx {{x:.3g}}, y {{y:.3g}}")


def bars_chart(bars: Bars) -> Chart:
    """A value with its deviation for each row, in the colours of depths."""
    marks = []
    digits = max(len(f"{value:g}".partition(".")[2]) for row in bars.rows for value in (row.value, row.error))
    for place, row in enumerate(bars.rows):
        x, y, error = (np.array([float(value)]) for value in (place, row.value, row.error))
        says = f"{row.value:.{digits}f} ± {row.error:.{digits}f}"
        marks.append(
            Mark(
                row.name, depth_color(place + bars.first), x, y, kind="dots", low=y - error, high=y + error, size=9.0,
                texts=(f" {row.value:.{digits}f}",), side="right", hover=f"{row.name}\n{says}",
            )
        )  # fmt: skip
    ticks = tuple((float(place), row.name.replace(" (5, .5)", "")) for place, row in enumerate(bars.rows))
    span = (-0.4, len(bars.rows) - 0.3)
    panel = Panel(bars.title, tuple(marks), spans=(span, None), ticks=ticks)
    return Chart((panel,), Caption(bars.table), columns=1, height=380)
