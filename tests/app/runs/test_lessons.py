"""What lessons say is what their runs do: every number in a text, every right answer, every goal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from app.runs.family import dials_of, with_number
from app.runs.lessons import RUN, THEORY, answers, holds, measurement, right_options
from app.state import GamesConfig, SurfacesConfig
from app.state.lessons import Check, Choose, Lesson, LessonCard, Number, Quantity, Reach, library, read_lesson
from app.state.lessons.card import RunMeasure, TheoryMeasure, read_link
from optim_core.layers import Layer
from optim_core.theory.noise import steady_variances

ROOT = Path(__file__).parents[3]
NUMBER = re.compile(
    r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.])\d*\.\d+|(?<![\w.,⁰¹²³⁴⁵⁶⁷⁸⁹])\d{3,}(?![\w.,]\d)"
)
CARDS = [
    pytest.param(card, id=f"{lesson.key}-{number}")
    for lesson in library().lessons.values()
    for number, card in enumerate(lesson.cards, start=1)
]
BOWL = (
    "?surface=formula&formula=1/2*x^2%2B1/2*y^2&domain=-4,4,-4,4&starts=2.0,2.0;-2.0,2.0;-2.0,-2.0;2.0,-2.0"
    "&noise=gaussian&noise_scale=1.0&steps=5000&seed=1&1.lr=0.3&1.layers="
)


def asking(kind: type) -> list[pytest.param]:
    return [each for each in CARDS if isinstance(each.values[0].question, kind)]


@pytest.mark.parametrize("card", CARDS)
def test_what_a_text_says_of_a_run_holds(card: LessonCard) -> None:
    for check in card.checks:
        value = measurement(card.shown_in(check), check)
        assert check.holds(value), f"{check.model_dump(exclude_none=True)}: got {value}"


@pytest.mark.parametrize("card", CARDS)
def test_every_number_in_a_text_is_a_setting_or_is_checked(card: LessonCard) -> None:
    numbers = sorted(set(known_numbers(card)))
    for text in NUMBER.findall(f"{card.title}\n{card.text}\n{card.reveal}"):
        value, digits = float(text.replace(",", "")), len(text.partition(".")[2])
        near = [one for one in numbers if abs(abs(one) - value) <= 0.5 * 10.0**-digits + 1e-9]
        assert near, f"{text} is said, but no check, setting or given number is like it"


def known_numbers(card: LessonCard) -> Iterator[float]:
    links = [card.link, *(check.link or "" for check in card.checks)]
    yield from map(float, re.findall(r"\d+\.\d+|\d+", " ".join(links)))
    yield from card.given
    for quantity in card.quantities:
        yield from (value for value in (quantity.step,) if value is not None)
        if isinstance(quantity, Check):
            yield from (value for value in (quantity.value, quantity.below, quantity.above) if value is not None)
    if card.bars:
        yield from chain.from_iterable((row.value, row.error) for row in card.bars.rows)


@pytest.mark.parametrize("card", asking(Choose))
def test_one_answer_is_right(card: LessonCard) -> None:
    assert isinstance(card.question, Choose)
    right = right_options(card, card.question)
    assert len(right) == 1
    assert right[0] < len(answers(card, card.question))


@pytest.mark.parametrize("card", asking(Number))
def test_a_number_that_is_asked_for_is_there(card: LessonCard) -> None:
    assert isinstance(card.question, Number)
    assert math.isfinite(measurement(card.config, card.question.of))


@pytest.mark.parametrize("card", asking(Reach))
def test_a_goal_can_be_reached_by_dragging_and_is_not_yet(card: LessonCard) -> None:
    config, question = card.config, card.question
    assert isinstance(config, SurfacesConfig | GamesConfig)
    assert isinstance(question, Reach)
    assert not holds(config, question.goal)
    dials = [dial for dial in dials_of(config, config.steps, len(config.starts)) if dial.field in card.handles]
    assert dials
    ends = {end for dial in dials for end in (dial.values[0], dial.values[-1])}
    values = (
        value
        for dial in dials
        if dial.card == question.goal.optimizer - 1
        for value in dial.values
        if holds(with_number(config, dial.card, dial.field, dial.level, value), question.goal)
    )
    reached = set(islice(values, 2))
    assert len(reached) == 2 or reached & ends, "a hand needs some room to hit it, or an end to drag to"


@pytest.mark.parametrize("card", [each for each in CARDS if each.values[0].bars])
def test_measured_tables_are_those_of_the_documents(card: LessonCard) -> None:
    assert card.bars is not None
    rows = table_of((ROOT / "docs" / "networks.md").read_text(encoding="utf-8"), card.bars.table)
    for bar in card.bars.rows:
        value, error = (float(part) for part in rows[bar.name][card.bars.column].replace("+", "").split(" ± "))
        assert (bar.value, bar.error) == (value, error), bar.name
        assert bar.name in rows


def table_of(document: str, title: str) -> dict[str, dict[str, str]]:
    """The first table after a bold title that begins so: by the first column, then by heading."""
    lines = document[document.index(f"**{title}") :].splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("|"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[first : lines.index("", first)]]
    heading, _, *rows = cells
    return {row[0]: dict(zip(heading, row, strict=True)) for row in rows}


@pytest.mark.parametrize(
    ("card", "column", "numbers"),
    [
        ("wrong-labels-2", ("20 % wrong labels, batch 4", "test accuracy %"), (95.7, 96.2, 97.1, 97.6)),
        ("wrong-labels-3", ("20 % wrong labels, batch 4", "its own average, from SGD"), (1.27,)),
        ("gans-4", ("Digits, non-saturating losses", "outermost slow"), (0.65, 0.52, 0.48, 0.53)),
        ("gans-5", ("Digits, non-saturating losses", "outermost slow"), (0.65, 0.52, 0.48)),
    ],
)
def test_numbers_quoted_beside_a_table_are_its_own(
    card: str, column: tuple[str, str], numbers: tuple[float, ...]
) -> None:
    """In the order of the rows, rounded to the digits that the text has."""
    rows = table_of((ROOT / "docs" / "networks.md").read_text(encoding="utf-8"), column[0])
    measured_values = [float(row[column[1]].replace("+", "").split(" ± ")[0]) for row in rows.values()]
    assert all(
        any(abs(value - one) <= 0.0501 if value > 10 else value == one for one in (measured_values[place],))
        for place, value in enumerate(numbers)
    ), measured_values
    (line,) = (each.values[0] for each in CARDS if each.id == card)
    assert set(line.given) <= set(numbers) | {9930.0}


def test_the_lesson_in_the_guide_is_a_lesson() -> None:
    guide = (ROOT / "docs" / "lessons" / "README.md").read_text(encoding="utf-8")
    lesson = read_lesson(guide.split("```markdown\n")[1].split("```")[0], "guide.md")
    assert isinstance(lesson, Lesson), lesson
    (card,) = lesson.cards
    assert isinstance(card.question, Choose)
    assert len(right_options(card, card.question)) == 1
    assert all(check.holds(measurement(card.shown_in(check), check)) for check in card.checks)


def test_the_guide_names_every_measure_and_setting() -> None:
    guide = (ROOT / "docs" / "lessons" / "README.md").read_text(encoding="utf-8")
    names = {*RUN, *THEORY, *LessonCard.model_fields} - {"title", "text", "reveal"}
    plain = {name for name in names if not name.startswith("fast_")}
    assert not [name for name in plain if f"`{name}`" not in guide]


def test_every_measure_has_a_function() -> None:
    assert set(RUN) == set(get_args(RunMeasure))
    assert set(THEORY) == set(get_args(TheoryMeasure))


def test_measures_by_hand() -> None:
    """On a plane each base step adds 1: the row (2, .5), (3, .5) of THEORY.md."""
    plane, _ = read_link(
        "surfaces", "?surface=formula&formula=-x&domain=-1,7,-2,2&starts=0.0,0.0&steps=14&1.layers=2:0.5,3:0.5&1.lr=1.0"
    )
    fast = [measurement(plane, Quantity(measure="fast_x", step=step)) for step in range(1, 15)]
    assert fast == [1, 1, 2, 2, 3, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 3, 4, 4]
    assert [measurement(plane, Quantity(measure="x", step=step)) for step in (5, 6, 11, 12)] == [0, 1.5, 1.5, 3]
    assert measurement(plane, Quantity(measure="loss", step=12)) == -3
    assert measurement(plane, Quantity(measure="fast_loss", step=11)) == -4.5
    assert measurement(plane, Quantity(measure="evaluations")) == 14


@pytest.mark.parametrize("layers", ["none", "5:0.5", "5:0.5,5:0.5"])
def test_jitter_is_what_the_closed_form_says(layers: str) -> None:
    """Two coordinates, four starts, 2,500 steps: some percent of chance are left."""
    config, _ = read_link("surfaces", BOWL + layers)
    stack = [Layer(5, 0.5)] * (0 if layers == "none" else layers.count(":"))
    expected = math.sqrt(2 * steady_variances(1 - 0.3, 0.3**2, stack)[-1])
    assert measurement(config, Quantity(measure="jitter")) == pytest.approx(expected, rel=0.08)


def test_arrival_is_the_first_step_from_which_all_later_are_near() -> None:
    """X falls by a fifth a step: .8^n <= .01 from n = 21 on."""
    config, _ = read_link("surfaces", "?surface=ravine&starts=1.0,0.0&steps=40&1.layers=none&1.lr=0.01")
    assert measurement(config, Quantity(measure="arrival")) == math.ceil(math.log(0.01) / math.log(0.8)) == 21
    slow, _ = read_link("surfaces", "?surface=ravine&starts=1.0,0.0&steps=10&1.layers=none&1.lr=0.01")
    assert np.isnan(measurement(slow, Quantity(measure="arrival")))


def test_a_measure_of_another_page_and_a_step_beyond_the_run_are_refused() -> None:
    config, _ = read_link("surfaces", "?surface=ravine&steps=10")
    with pytest.raises(ValueError, match="measure must be one of its page's, got 'gap'"):
        measurement(config, Quantity(measure="gap"))
    with pytest.raises(ValueError, match="step must be at most the run's 10, got 11"):
        measurement(config, Quantity(measure="x", step=11))
