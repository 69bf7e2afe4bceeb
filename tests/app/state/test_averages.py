"""Bases whose result is an average of their own: links, names, pictures, tables, and where they are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError

from app.export.scripts.plane import surface_script
from app.export.tables import long_table
from app.figures.caption import surface_caption
from app.figures.surfaces import surface_curves, surface_scene
from app.player.tracks import tracks_of
from app.runs.cloud import cloud_tracks, seed_cloud, why_no_theory
from app.runs.family import dials_of, with_number
from app.runs.surfaces import scenery, surface_family, surface_run, surface_tracks
from app.state import Card, GameCard, GanCard, NetworksConfig, SurfacesConfig
from app.state.layers import FIVE
from app.state.links import decode, encode
from app.state.networks import NetworkCard
from app.state.presets import PRESETS
from app.tables.surfaces import summary
from optim_core.spec import AVERAGING, BASES, METHODS, NETWORK_BASES
from optim_core.theory import NoisyQuadratic

CARDS = (
    Card(base="schedule_free", lr=0.1),
    Card(base="gpa", lr=0.1, mu_x=0.8, mu_y=0.5, color=1),
    Card(base="average", lr=0.1, mu_x=0.8, color=2),
    Card(layers=(FIVE,), lr=0.1, color=3),
)
CONFIG = SurfacesConfig(surface="bowl", noise="gaussian", noise_scale=0.5, cards=CARDS, steps=60)


def test_surfaces_offer_them_and_no_other_page_does() -> None:
    assert set(Card.titles) == {*BASES, *AVERAGING}
    assert tuple(GameCard.titles) == BASES + METHODS
    assert tuple(GanCard.titles) == BASES
    assert tuple(NetworkCard.titles) == BASES + NETWORK_BASES
    for kind in (GameCard, NetworkCard, GanCard):
        with pytest.raises(ValidationError, match="base"):
            kind(base="gpa")
    _, problems = decode({"1.base": "gpa"}, NetworksConfig)
    assert len(problems) == 1
    assert problems[0].startswith("1.base: should be one of sgd, momentum")
    card = NetworksConfig(cards=(Card(lr=0.3, base="lion"),)).cards[0]
    assert card == NetworkCard(lr=0.3, base="lion")


def test_links_read_back_and_say_what_is_off_its_default() -> None:
    params = encode(CONFIG)
    assert decode(params, SurfacesConfig) == (CONFIG, [])
    assert [params[f"{number}.base"] for number in (1, 2, 3)] == ["schedule_free", "gpa", "average"]
    assert {name for name in params if ".mu_" in name} == {"2.mu_y", "2.mu_x", "3.mu_x"}


def test_layers_around_one_are_refused_with_the_remedy() -> None:
    config, problems = decode({"surface": "bowl", "1.base": "gpa", "1.layers": "5:0.5"}, SurfacesConfig)
    assert (config.cards[0].base, len(config.cards[0].layers)) == ("sgd", 1)
    assert problems == [
        "1.base: GPA keeps an average of its own and takes no layers of slow weights, got 1: set them to 0 first "
        "(got 'gpa'), so the default is used"
    ]


def test_cards_are_called_what_they_are() -> None:
    assert [card.title for card in CARDS[:3]] == ["Schedule-Free SGD", "GPA", "Averaged SGD"]
    assert [card.unusual for card in CARDS[:3]] == [
        ("Schedule-Free SGD",),
        ("GPA", "μ_y .5", "μ_x .8"),
        ("Averaged SGD", "μ_x .8"),
    ]
    assert (Card(base="gpa", ema=0.9).shown_ema, Card(ema=0.9).shown_ema) == (0, 0.9)
    assert Card(base="gpa", ema=0.9).unusual == ("GPA",)


def test_captions_say_where_gradients_are_taken_and_what_counts_and_cite() -> None:
    text = surface_caption(CONFIG).text
    assert (
        "GPA: base gpa; lr 0.1; the result is the average x ← μ_x x + (1 − μ_x) θ with μ_x = 0.8; gradients are taken "
        "at y = μ_y x + (1 − μ_y) θ with μ_y = 0.5" in text
    )
    assert "Schedule-Free SGD: base schedule_free; lr 0.1; the result is x, the mean of all θ; gradients" in text
    assert (
        "Averaged SGD: base average; lr 0.1; the result is the average x ← μ_x x + (1 − μ_x) θ with μ_x = 0.8\n" in text
    )
    assert "arXiv:2405.15682" in text
    assert "arXiv:2512.17131" in text
    assert "2405.15682" not in surface_caption(SurfacesConfig()).text


def test_the_player_gets_the_average_as_a_track_and_says_what_it_is() -> None:
    run = surface_run(CONFIG)
    tracks = surface_tracks(CONFIG, run)
    for index, track in enumerate(tracks[:3]):
        assert track.averaged is not None
        np.testing.assert_array_equal(track.averaged, run.outermost(index)[:, 0])
    assert tracks[3].averaged is None
    assert tracks[0].ahead == (
        "The result is x, the mean of all θ. Gradients are taken at y = μ_y x + (1 − μ_y) θ with μ_y = 0.9."
    )
    assert [tracks[0].delta, tracks[3].ahead] == ["lr times the gradient at y", ""]
    assert tracks[2].lr == 0.1  # of plain SGD, beside which the average is taken
    thinned = surface_run(CONFIG.model_copy(update={"steps": 61}))
    assert len(tracks_of(thinned, CONFIG.specs(), CONFIG.colors)) == 4


def test_a_dragged_lr_brings_its_averages_along() -> None:
    dial = next(one for one in dials_of(CONFIG, CONFIG.steps, 1) if one.card == 1)
    assert (dial.field, dial.level) == ("lr", 0)
    family = surface_family(CONFIG, dial)
    row = dial.values.index(0.1)
    np.testing.assert_array_equal(family.tracks(CONFIG)[row][0].averaged, surface_run(CONFIG).outermost(1)[:, 0])
    assert family.comparison(row, CONFIG.specs()).averages(1)


def test_the_shares_of_a_card_are_dragged_where_its_base_has_them() -> None:
    dials = {(one.card, one.field): one for one in dials_of(CONFIG, CONFIG.steps, 1) if one.field.startswith("mu_")}
    assert set(dials) == {(0, "mu_y"), (1, "mu_y"), (1, "mu_x"), (2, "mu_x")}
    dial = dials[1, "mu_y"]
    assert (dial.values[0], dial.values[-1], 0.5 in dial.values) == (0, 1, True)
    assert max(dials[1, "mu_x"].values) < 1
    family = surface_family(CONFIG, dial)
    tracks = family.tracks(CONFIG)
    assert tracks[0][0].ahead.endswith("μ_y = 0.0.")
    assert not np.array_equal(tracks[0][0].fast, tracks[-1][0].fast)
    with pytest.raises(ValueError, match="no mu_x of layer 0 in card 0"):
        with_number(CONFIG, 0, "mu_x", 0, 0.5)


def test_charts_and_table_count_the_loss_at_the_average() -> None:
    run = surface_run(CONFIG)
    loss = surface_curves(CONFIG, run).panels[0].marks
    assert len(loss) == 8
    target = float(run.slow_loss[20, 0, 0])
    row = summary(run, scenery(CONFIG).places, target)[0]
    reached = int(np.argmax(run.slow_loss[:, 0, 0] <= target))
    assert row[f"evaluations to loss ≤ {target:.3g}"] == str(reached)
    assert row["best loss"] == run.slow_loss[:, 0, 0].min()
    assert row["final loss, slow weights"] == run.slow_loss[-1, 0, 0]
    assert row["synchronisations, layer 1, 2, …"] == "none"
    table = long_table(surface_scene(CONFIG, run))
    averages = table.filter([layer == -1 for layer in table["layer"].to_pylist()])
    assert set(averages["optimizer"].to_pylist()) == {"Schedule-Free SGD", "GPA", "Averaged SGD"}


def test_a_cloud_is_of_the_average_and_says_why_it_has_no_closed_form() -> None:
    cloud = seed_cloud(CONFIG, 20)
    tracks = cloud_tracks(CONFIG, cloud)
    np.testing.assert_array_equal(tracks[0].cloud, cloud.slow[0][0])
    assert why_no_theory(CONFIG, CONFIG.specs()[0]) == (
        "the closed form is for slow weights that others restart from, not for an average"
    )
    assert why_no_theory(CONFIG, CONFIG.specs()[3]) == ""


def test_scripts_name_the_library_s_classes() -> None:
    text = surface_script(CONFIG)
    assert "ScheduleFreeSGD(w[0], lr=0.1, mu_y=0.9)" in text
    assert "GPA(w[1], lr=0.1, mu_x=0.8, mu_y=0.5)" in text
    assert "GPA(w[2], lr=0.1, mu_x=0.8, mu_y=0.0)" in text
    assert "gradient_places" not in surface_script(SurfacesConfig())


def variance(mu_y: float, share: Callable[[int], float], steps: int, lr: float, sigma: float) -> float:
    """Of x on a quadratic of curvature 1 after so many steps: the covariance of (z, x) carried along, derived here."""
    covariance = np.zeros((2, 2))
    for step in range(1, steps + 1):
        c = share(step)
        z = np.array([1 - lr * (1 - mu_y), -lr * mu_y])
        matrix = np.array([z, c * z + [0, 1 - c]])
        noise = -lr * sigma * np.array([1, c])
        covariance = matrix @ covariance @ matrix.T + np.outer(noise, noise)
    return float(covariance[1, 1])


def test_what_the_ready_made_comparisons_say_of_the_rivals_is_so() -> None:
    run = surface_run(PRESETS["surfaces"]["Lookahead and its rivals"].config)
    assert run.slow_loss[200, :, 0] == pytest.approx([0.119, 5.05e-3, 3.26e-4, 3.28e-4], rel=0.01)
    assert run.slow_loss[300, 2, 0] == pytest.approx(0.043, rel=0.01)
    y = run.outermost(2)[:, 0, 1]
    assert y[0] > 0 > y[300]
    assert (run.evaluations[200] == 200).all()
    config = PRESETS["surfaces"]["Lookahead and its rivals, under noise"].config
    lr, sigma, steps = config.cards[0].lr, config.noise_scale, config.steps
    lookahead = NoisyQuadratic(h=1.0, sigma=sigma).variances(config.specs()[0])[-1]
    decayed = [variance(mu_y, lambda _: 1 - config.cards[3].mu_x, steps, lr, sigma) for mu_y in (0.0, 0.9)]
    mean = variance(0.9, lambda step: 1 / step, steps, lr, sigma)
    assert [lookahead, decayed[0], mean, decayed[1]] == pytest.approx([0.032, 0.011, 0.003, 0.047], abs=6e-4)
    assert variance(0.9, lambda step: 1 / step, 2 * steps, lr, sigma) == pytest.approx(mean / 2, rel=0.1)
    ends = [place[0] for place in surface_run(config).outermost(2)[-1]]
    assert np.mean(np.square(ends)) < 10 * mean  # of four draws
