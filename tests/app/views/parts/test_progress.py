"""The bar of long work, on a clock that stands unless it is moved."""

from types import SimpleNamespace

import pytest

from app.views.parts import progress as module
from app.views.parts.progress import BETWEEN, PATIENCE, progress


class Slot:
    """What the page shows at the bar's place."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def progress(self, fraction: float, text: str) -> None:
        self.texts.append(text)

    def empty(self) -> None:
        self.texts.append("")


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def slot(monkeypatch):
    slot = Slot()
    monkeypatch.setattr(module.st, "empty", lambda: slot)
    return slot


def test_short_work_shows_nothing(clock, slot):
    seen = []
    with progress("Running", lambda: seen.append(clock.now)) as report:
        clock.now += 0.9 * PATIENCE
        report(1, 2)
    assert slot.texts == [""]
    assert seen == []


def test_long_work_shows_what_there_is_once_and_then_how_far_it_is(clock, slot):
    seen = []
    with progress("Running", lambda: seen.append(clock.now)) as report:
        clock.now += PATIENCE
        report(1, 1000)
        clock.now += BETWEEN
        report(200, 1000)
    assert seen == [100 + PATIENCE]
    assert slot.texts == [
        "Running: 1 of 1,000 steps. Change a control to stop.",
        "Running: 200 of 1,000 steps. Change a control to stop.",
        "",
    ]


def test_work_that_reports_a_thousand_times_a_second_moves_the_bar_about_ten_times(clock, slot):
    with progress("Running") as report:
        clock.now += PATIENCE
        for done in range(1000):
            clock.now += 0.001
            report(done, 1000)
    assert 9 <= len(slot.texts) - 1 <= 10
