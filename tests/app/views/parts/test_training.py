"""How often a page looks at its trainings."""

import pytest

from app.jobs.service import Status
from app.views.parts.training import seconds_between_looks


@pytest.mark.parametrize(
    ("states", "seconds"),
    [
        (["running", "queued"], 0.7),
        (["done", "running"], 0.7),
        (["queued", "done"], 2.0),
        (["unknown", "unknown"], 10.0),
        (["done", "failed"], 10.0),
        (["interrupted"], 10.0),
    ],
)
def test_a_page_looks_often_at_what_runs_and_seldom_at_what_rests(states, seconds):
    assert seconds_between_looks([(Status(state),) for state in states]) == seconds
