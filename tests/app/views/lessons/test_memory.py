"""Answers that a browser kept are checked before they are taken over."""

from __future__ import annotations

import math
from typing import Any

import pytest

from app.state.lessons import Choose, LessonCard, Number, Place, Reach, library
from app.views.lessons.memory import recalled_answer


def card_asking(kind: type) -> LessonCard:
    cards = (card for lesson in library().lessons.values() for card in lesson.cards)
    return next(card for card in cards if isinstance(card.question, kind))


@pytest.mark.parametrize(
    ("kind", "stored", "answer"),
    [
        (Choose, 1, 1),
        (Number, 2, 2.0),
        (Number, -1.5, -1.5),
        (Place, [1, 2.5], (1.0, 2.5)),
        (Reach, None, None),
    ],
)
def test_what_a_card_can_be_answered_is_taken_over(kind: type, stored: Any, answer: Any) -> None:
    assert recalled_answer(card_asking(kind), stored) == answer


@pytest.mark.parametrize("kind", [Choose, Number, Place, Reach])
@pytest.mark.parametrize("stored", [-1, 99.5, True, "1", None, [], [1], [1, "2"], [1, math.nan], {"x": 1}, math.inf])
def test_anything_else_leaves_the_card_without_an_answer(kind: type, stored: Any) -> None:
    number = isinstance(stored, int | float) and not isinstance(stored, bool) and math.isfinite(stored)
    expected = float(stored) if kind is Number and number else None
    assert recalled_answer(card_asking(kind), stored) == expected
