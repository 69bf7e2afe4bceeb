"""Seconds in words, on pages and on the command line alike."""

import pytest

from app.runs.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (89.4, "89 s"),
        (89.6, "1 min"),
        (150, "2 min"),
        (89.4 * 60, "89 min"),
        (89.6 * 60, "1.5 h"),
        (7200, "2.0 h"),
    ],
)
def test_each_time_has_the_unit_in_which_it_is_short(seconds, words):
    assert in_words(seconds) == words
