"""Families: every value of a number as a row of one loop, and the runs that are taken from them."""

from __future__ import annotations

import zlib
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from app.player.dials import MOST_BYTES, Dial, pack_family
from app.runs import games, surfaces
from app.runs.family import Families, dials_of, values_of, with_number
from app.state import Card, GameCard, GamesConfig, LayerConfig, SurfacesConfig
from optim_core.trajectory import Trajectory, record

FIVE = LayerConfig(k=5, alpha=0.5)
SNOO = LayerConfig(k=5, alpha=0.7, outer_momentum=0.5, outer_nesterov=True)
MOMENTUM = Card(layers=(SNOO,), base="momentum", lr=0.01)


def dial_of(config: Any, field: str, level: int, card: int) -> Dial:
    dials = dials_of(config, config.steps, len(config.starts))
    return next(dial for dial in dials if (dial.card, dial.field, dial.level) == (card, field, level))


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one computed."""
    for module in (surfaces, games):
        monkeypatch.setattr(module, "_families", Families())
    surfaces.surface_run.clear()
    games.game_run.clear()


def assert_same(one: Trajectory, other: Trajectory) -> None:
    for field in fields(Trajectory):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name in ("names", "layers"):
            assert left == right
        elif field.name == "slow":
            for each, its in zip(left, right, strict=True):
                for phi, its_phi in zip(each, its, strict=True):
                    np.testing.assert_allclose(phi, its_phi, rtol=1e-12, atol=0)
        else:
            np.testing.assert_allclose(left, right, rtol=1e-12, atol=0, err_msg=field.name)


@pytest.mark.parametrize(
    ("card", "field", "level"),
    [
        (0, "lr", 0), (1, "alpha", 1), (1, "k", 1), (2, "k", 2), (2, "alpha", 2), (3, "momentum", 0), (3, "lr", 0),
        (3, "outer_momentum", 1), (3, "alpha", 1),
    ],
)  # fmt: skip
def test_rows_are_the_runs_of_the_configs_one_by_one(
    card: int, field: str, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = (*SurfacesConfig().cards, MOMENTUM)
    config = SurfacesConfig(cards=cards, steps=40, noise="gaussian", noise_scale=0.5, starts="1, 1; 0.5, 0.2")
    dial = dial_of(config, field, level, card)
    surfaces.surface_family(config, dial)
    monkeypatch.setattr(surfaces, "record", refuse)
    for value in dial.values[:: len(dial.values) // 4]:
        other = with_number(config, card, field, level, value)
        axis_values = surfaces.surface_run(other)
        monkeypatch.setattr(surfaces, "record", record)
        assert_same(axis_values, surfaces._record(other, other.specs(), "classes"))
        monkeypatch.setattr(surfaces, "record", refuse)


def refuse(*_: Any, **__: Any) -> Trajectory:
    raise AssertionError("a run that a family has was computed again")


def test_a_game_takes_its_run_from_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = (GameCard(lr=0.1, alternating=True, layers=(FIVE,)), GameCard(lr=0.1, base="extragradient"))
    config = GamesConfig(cards=cards, steps=60)
    games.game_family(config, dial_of(config, "alpha", 1, 0))
    other = with_number(config, 0, "alpha", 1, 0.25)
    alone = games._record(other, other.specs(), "classes")
    monkeypatch.setattr(games, "record", refuse)
    assert_same(games.game_run(other), alone)


def test_the_family_of_a_released_value_is_the_one_that_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SurfacesConfig(steps=30)
    surfaces.surface_family(config, dial_of(config, "alpha", 1, 1))
    other = with_number(config, 1, "alpha", 1, 0.75)
    monkeypatch.setattr(surfaces, "record", refuse)
    again = surfaces.surface_family(other, dial_of(other, "alpha", 1, 1))
    assert again.dial.value == 0.75
    assert_same(again.present, surfaces.surface_run(other))


def test_values_span_the_range_and_hold_the_present_one() -> None:
    assert values_of("alpha", 0.5) == tuple(round(0.025 * step, 4) for step in range(41))
    assert 0.123 in values_of("alpha", 0.123)
    assert values_of("k", 5) == tuple(range(1, 42))
    assert 700 in values_of("k", 700)
    assert max(values_of("k", 700)) == 1000
    lrs = values_of("lr", 0.01)
    assert (lrs[0], lrs[20], lrs[-1], len(lrs)) == (pytest.approx(0.01 / 30, rel=5e-3), 0.01, 0.3, 41)
    assert max(values_of("lr", 900.0)) <= 1000
    assert values_of("momentum", 0.9)[-1] == 0.99


def test_only_what_a_base_uses_can_be_dragged() -> None:
    config = SurfacesConfig(cards=(Card(), MOMENTUM, Card(on=False, layers=(FIVE,))))
    numbers = [(dial.card, dial.field, dial.level) for dial in dials_of(config, 100, 1)]
    own = [(1, "k", 1), (1, "alpha", 1), (1, "outer_momentum", 1), (1, "lr", 0), (1, "momentum", 0)]
    assert numbers == [(0, "lr", 0), *own]


def test_the_card_may_stand_behind_one_that_is_switched_off() -> None:
    config = SurfacesConfig(cards=(Card(on=False), Card(layers=(FIVE,)), Card(lr=0.02)), steps=20)
    family = surfaces.surface_family(config, dial_of(config, "alpha", 1, 1))
    other = with_number(config, 1, "alpha", 1, 1.0)
    assert_same(surfaces.surface_run(other), surfaces._record(other, other.specs(), "classes"))
    assert family.place == 0


def test_the_closed_form_marks_where_stability_ends() -> None:
    config = SurfacesConfig(surface="ravine", cards=(Card(lr=0.05),), steps=20)
    dial = dial_of(config, "lr", 0, 0)
    (limit,) = surfaces.surface_family(config, dial).limits
    assert limit == pytest.approx(2 / max(config.landscape.curvature), rel=1e-6)


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ((0, "alpha", 1, 0.5), "no alpha"),
        ((9, "lr", 0, 0.1), "no lr"),
        ((1, "color", 0, 1), "no color"),
        ((1, "alpha", 1, 1.5), "less than or equal to 1"),
    ],
)
def test_a_number_that_is_not_there_is_refused(number: tuple[int, str, int, float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        with_number(SurfacesConfig(), *number)


@pytest.mark.parametrize("noise", ["none", "gaussian"])
@pytest.mark.parametrize("field", ["alpha", "k", "lr"])
@pytest.mark.parametrize(
    ("page", "steps", "fewest"),
    [("games", 1000, 41), ("surfaces", 320, 41), ("surfaces", 870, 41), ("surfaces", 2000, 17)],
)
def test_messages_stay_below_their_limit(page: str, steps: int, fewest: int, noise: Any, field: str) -> None:
    config: Any = (GamesConfig if page == "games" else SurfacesConfig)(noise=noise, steps=steps)
    dial = dial_of(config, field, 1 if field != "lr" else 0, 2)
    family = (games.game_family if page == "games" else surfaces.surface_family)(config, dial)
    assert len(dial.values) >= fewest
    message = pack_family(dial, family.tracks(config), family.limits)
    assert len(message) < MOST_BYTES


def test_long_runs_have_fewer_values_and_longer_ones_none() -> None:
    live = {steps: dials_of(SurfacesConfig(), steps, 1)[0] for steps in (150, 2000, 10_000)}
    assert [len(dial.values) for dial in live.values()] == [41, 17, 9]  # of lr
    assert [dial.live for dial in live.values()] == [True, True, False]


def test_alpha_has_the_values_of_its_slider_where_they_fit() -> None:
    counts = {steps: dial_of(SurfacesConfig(steps=steps), "alpha", 1, 1).values for steps in (150, 320, 500)}
    assert counts[150] == counts[320] == tuple(round(number / 100, 4) for number in range(101))
    assert len(counts[500]) == 41


def test_a_family_is_the_pages_while_all_else_stays() -> None:
    config = SurfacesConfig()
    dial = dial_of(config, "alpha", 1, 1)
    same = with_number(config, 1, "alpha", 1, 0.3)
    assert dial_of(same, "alpha", 1, 1).others == dial.others
    others = (
        with_number(same, 1, "k", 1, 7), with_number(same, 2, "alpha", 1, 0.3), with_number(same, 1, "lr", 0, 0.05),
        same.model_copy(update={"steps": 90}), same.model_copy(update={"starts": ((1.0, 1.0),)}),
        same.model_copy(update={"noise": "gaussian"}), same.model_copy(update={"surface": "himmelblau"}),
    )  # fmt: skip
    assert dial.others not in {dial_of(other, "alpha", 1, 1).others for other in others}
    assert dial_of(config, "k", 1, 1).others != dial.others


def test_a_message_holds_what_pack_makes_of_every_value() -> None:
    config = SurfacesConfig(steps=20)
    dial = dial_of(config, "alpha", 1, 1)
    family = surfaces.surface_family(config, dial)
    message = pack_family(dial, family.tracks(config), family.limits)
    size = int.from_bytes(message[:4], "little")
    planes = np.frombuffer(zlib.decompress(message[4 + size :]), dtype=np.uint8).reshape(4, -1).T
    words = np.cumsum(planes.copy().view("<u4")[:, 0], dtype=np.uint32)
    header = int(words[0])
    floats = words.view("<f4")[1 + header // 4 :]
    np.testing.assert_array_equal(floats[:21], family.run.fast[:, 0, 0, 0].astype(np.float32))
