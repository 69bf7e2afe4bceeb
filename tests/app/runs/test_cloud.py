import json
import math
import struct

import numpy as np
import pytest

from app.figures.cloud import ellipse
from app.player import Track, pack
from app.runs import cloud
from app.runs import surfaces as surface_runs
from app.state import Card, LayerConfig, SurfacesConfig
from app.views.surfaces.cloud import deviations
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory.noise import NoisyQuadratic

FIVE = LayerConfig(k=5, alpha=0.5)
BOWL = SurfacesConfig(surface="bowl")


def momentum_cards(lr):
    return tuple(
        Card(base="momentum", lr=lr, momentum=0.8, layers=(FIVE,) * depth, sync_momentum=sync, color=depth)
        for depth, sync in ((0, "keep"), (1, "keep"), (2, "pullback"))
    )


@pytest.mark.parametrize(
    "config",
    [
        BOWL,
        SurfacesConfig(surface="matyas", noise="gaussian", noise_scale=0.5, steps=300),  # tilted axes
        SurfacesConfig(surface="bowl", cards=momentum_cards(0.1), steps=150),
    ],
    ids=["bowl", "matyas", "momentum"],
)
def test_the_measured_covariance_is_what_theory_says(config):
    """Entries of a covariance over N Gaussian draws have variance (C_ij² + C_ii C_jj) / (N − 1)."""
    run = cloud.seed_cloud(config, 500)
    for index, spec in enumerate(config.specs()):
        C = cloud.theory(config, spec).now
        _, _, xx, xy, yy = cloud.moments_of(run, index)[-1]
        error = np.sqrt((C**2 + np.outer(np.diag(C), np.diag(C))) / 499)
        assert (np.abs(np.array([[xx, xy], [xy, yy]]) - C) < 3.6 * error).all()  # 27 entries, together 99 %


def test_theory_lies_inside_the_interval_of_the_table():
    rows = deviations(BOWL, cloud.seed_cloud(BOWL, 500))
    assert [row["inside"] for row in rows] == ["yes"] * 6
    assert float(rows[0]["theory, steady state"]) == pytest.approx(0.3 / math.sqrt(1 - 0.7**2), rel=1e-3)


def test_after_one_synchronisation_the_variance_is_what_a_hand_adds_up():
    """k = 2, α = .5 on x ← .5 x + noise of variance 4: .25 (4 + .25 · 4) = 1.25; then c = .5 + .5 · .25 = .625."""
    spec = OptimizerSpec("L", lr=0.5, layers=(Layer(2, 0.5),))
    problem = NoisyQuadratic(h=1.0, sigma=4.0)
    assert problem.variance_after(spec, 1) == pytest.approx(1.25)
    assert problem.variance_after(spec, 2) == pytest.approx(1.25 * (1 + 0.625**2))
    assert problem.variance_after(spec, 500) == pytest.approx(problem.variances(spec)[-1])


def test_weight_decay_moves_the_centre_and_what_is_linear_stays_exact():
    cards = (Card(lr=0.1, weight_decay=0.5),)
    config = SurfacesConfig(surface="booth", noise="gaussian", noise_scale=1.0, cards=cards, steps=200)
    centre = cloud.theory(config, config.specs()[0]).centre
    expected = np.linalg.solve([[10.5, 8.0], [8.0, 10.5]], [34.0, 38.0])  # (H + .5 I) c = H (1, 3)
    assert centre == pytest.approx(expected)
    mean = cloud.moments_of(cloud.seed_cloud(config, 500), 0)[-1, :2]
    deviation = np.sqrt(np.diag(cloud.theory(config, config.specs()[0]).now) / 500)
    assert (np.abs(mean - centre) < 3.3 * deviation).all()


def test_an_unstable_optimizer_has_a_spread_but_no_steady_state():
    config = SurfacesConfig(surface="ravine", noise="gaussian", noise_scale=0.1, steps=20)
    bare = cloud.theory(config, config.specs()[0])
    assert not bare.settles
    assert np.isfinite(bare.now).all()
    assert cloud.theory(config, config.specs()[1]).settles


def test_where_all_diverged_no_spread_is_drawn_or_compared():
    config = SurfacesConfig(surface="ravine", noise="gaussian", noise_scale=0.5, steps=3000)
    run = cloud.seed_cloud(config, 10)
    assert (run.diverged[0] >= 0).all()
    assert np.isnan(cloud.moments_of(run, 0)).all()
    assert pack(cloud.cloud_tracks(config, run))
    bare, _, lookahead, *_ = deviations(config, run)
    assert bare == {"optimizer": "SGD", "along": "x", "deviation, measured": "diverged"}
    assert "inside" in lookahead


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (SurfacesConfig(surface="bowl", noise="student"), "not Gaussian"),
        (SurfacesConfig(surface="himmelblau", noise="gaussian"), "not quadratic"),
        (SurfacesConfig(surface="bowl", cards=(Card(base="adam"),)), "adam is not linear"),
        (SurfacesConfig(surface="bowl", cards=(Card(schedule="cosine"),)), "lr changes"),
    ],
)
def test_where_the_closed_form_does_not_hold_it_says_why(config, why):
    spec = config.specs()[0]
    assert why in cloud.why_no_theory(config, spec)
    assert cloud.theory(config, spec) is None


def test_run_0_of_the_cloud_is_the_run_of_the_page():
    config = BOWL.model_copy(update={"steps": 100})
    many, one = cloud.seed_cloud(config, 10), surface_runs.surface_run(config)
    assert np.array_equal(many.fast[:, :, 0], one.fast[:, :, 0])


@pytest.mark.parametrize("number", [9, 501])
def test_too_few_or_too_many_runs_are_refused_with_the_limits(number):
    with pytest.raises(ValueError, match=f"from 10 to 500, got {number}"):
        cloud.seed_cloud(BOWL, number)


def test_the_player_gets_every_dot_and_the_spread():
    config = BOWL.model_copy(update={"steps": 400})
    run = cloud.seed_cloud(config, 12)
    tracks = cloud.cloud_tracks(config, run)
    data = pack(tracks)
    (size,) = struct.unpack_from("<I", data)
    assert [track["cloud"] for track in json.loads(data[4 : 4 + size])["tracks"]] == [12, 12, 12]
    numbers = np.frombuffer(data, "<f4", offset=4 + size)  # all layers are punctual: nothing follows the floats
    rows, last = len(run.step), run.outermost(2)
    assert rows == 101
    x, y, moments = np.split(
        numbers[-29 * rows :], [12 * rows, 24 * rows]
    )  # of the last optimizer: 12 + 12 + 5 columns
    assert x.reshape(rows, 12) == pytest.approx(last[..., 0])
    assert y.reshape(rows, 12) == pytest.approx(last[..., 1])
    assert moments.reshape(5, rows)[4] == pytest.approx(last[..., 1].var(axis=1, ddof=1), rel=1e-5, abs=1e-9)


def test_a_cloud_needs_its_spread():
    run = cloud.seed_cloud(BOWL, 10)
    first = cloud.cloud_tracks(BOWL, run)[0]
    fields = {name: getattr(first, name) for name in first.__dataclass_fields__} | {"spread": None}
    with pytest.raises(ValueError, match="belong together"):
        Track(**fields)


def test_the_ellipse_is_where_the_distance_of_mahalanobis_is_two():
    centre, covariance = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]])
    off = ellipse(centre, covariance) - centre
    assert np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off) == pytest.approx(4.0)


def test_an_interval_covers_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(size=(4000, 20)).std(axis=1, ddof=1)
    low, high = np.array([cloud.interval(float(deviation), 20) for deviation in draws]).T
    coverage = ((low < 1) & (high > 1)).mean()
    assert coverage == pytest.approx(0.99, abs=2.6 * math.sqrt(0.99 * 0.01 / 4000))
