"""What is said of a turn follows its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from app.runs.slow_motion import Moment
from app.tables.gans import turn_text, turns_table

BEFORE = Moment(np.zeros(4, np.float32), (1.4, 0.7), 0.5, 0.5, np.zeros((3, 2), np.float32), None)
SHARPER = replace(BEFORE, losses=(0.9, 1.2), on_real=0.7, on_generated=0.3)
AFTER_MOVE = replace(BEFORE, losses=(2.0, 0.3), on_generated=0.9, samples=np.full((3, 2), (3, 4), np.float32))


@pytest.mark.parametrize(
    ("turn", "after", "words"),
    [
        (
            ("discriminator", 10),
            SHARPER,
            "D alone, 10 steps: the discriminator sharpens (its loss goes from 1.4 to 0.9)",
        ),
        (("discriminator", 1), BEFORE, "D alone, 1 step: the discriminator does not sharpen"),
        (("generator", 5), AFTER_MOVE, "the samples move, by 5 on average, to where the discriminator says real"),
        (("generator", 5), replace(AFTER_MOVE, on_generated=0.4), "but not to where the discriminator says real"),
        (("both", 2), AFTER_MOVE, "the generator's from 0.7 to 0.3, while the samples move by 5 on average"),
        (("both", 2), replace(BEFORE, diverged=True), "numbers that are not finite"),
    ],
)
def test_a_sentence_claims_what_the_numbers_show(turn, after, words):
    assert words in turn_text(turn, BEFORE, after)


def test_each_row_is_measured_from_the_one_before():
    rows = turns_table((("discriminator", 10), ("generator", 5)), (BEFORE, SHARPER, AFTER_MOVE))
    assert [row["turn"] for row in rows] == ["the start", "D alone, 10 steps", "G alone, 5 steps"]
    assert [row["samples moved by"] for row in rows] == [0, 0, 5]
