"""Planes through weight space, against their definitions and against scikit-learn's principal components."""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.nn import functional

from landscapes.contours import Grid, PlaneLoss, plane_losses
from landscapes.planes import Plane, pca_plane, players_plane, random_plane, random_walk_shares, three_point_plane
from landscapes.tasks import ClassifierTask
from landscapes.weights import Score, WeightLoss, assign_weights, flat_weights

TASK = ClassifierTask(train_size=100, batch_size=10)


def walk(rows: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, size)).cumsum(0)


def bowl(weights: torch.Tensor) -> Score:
    return Score(float(weights.double() @ weights.double()), 0.5)


def unit(index: int, size: int = 3) -> np.ndarray:
    return np.eye(size)[index]


XY = Plane(np.zeros(3), unit(0), unit(1))


def test_weights_survive_the_way_through_a_flat_vector_in_the_order_of_the_parameters() -> None:
    model, other = TASK.model(0), TASK.model(1)
    weights = flat_weights(model)
    assert torch.equal(weights[:9], next(model.parameters()).detach()[0].flatten())
    assign_weights(other, weights)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_weights_of_another_network_are_refused_by_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(9930,\) for this network, got \(3,\)"):
        assign_weights(TASK.model(0), torch.zeros(3))


def test_the_loss_at_flat_weights_is_the_network_s_own() -> None:
    landscape, model = TASK.landscape(100), TASK.model(3)
    images, labels = TASK.probe(100)
    with torch.no_grad():
        logits = model(images)
    loss, accuracy = landscape(flat_weights(model))
    assert loss == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-5)
    assert accuracy == pytest.approx((logits.argmax(1) == labels).double().mean().item())


def test_batch_norm_statistics_belong_to_each_point() -> None:
    task = ClassifierTask(network="resnet18-bn", train_size=20, batch_size=10)
    landscape = task.landscape(20)
    near, far = (flat_weights(task.model(seed)) for seed in (0, 1))
    first = landscape(near)
    landscape(far)
    assert landscape(near) == first
    model = task.model(0)
    task.refresh_statistics(model)
    with torch.no_grad():
        direct = functional.cross_entropy(model.eval()(task.probe(20).images), task.probe(20).labels)
    assert first.loss == pytest.approx(direct.item(), rel=1e-4)


def test_three_points_lie_on_their_plane_with_their_own_loss() -> None:
    points = [flat_weights(TASK.model(seed)).double().numpy() for seed in range(3)]
    plane, landscape = three_point_plane(*points), TASK.landscape(100)
    projection = plane.project(np.stack(points))
    assert projection.distance.max() < 1e-12
    assert np.array_equal(projection.coordinates[0], [0, 0])
    assert projection.coordinates[1] == pytest.approx([np.linalg.norm(points[1] - points[0]), 0], abs=1e-12)
    for point, (a, b) in zip(points, projection.coordinates, strict=True):
        assert landscape(plane.point(a, b)).loss == pytest.approx(landscape(point).loss, rel=1e-6)


def test_three_points_by_hand() -> None:
    plane = three_point_plane([1, 1, 1], [1, 3, 1], [1, 2, 4])
    assert plane.u.tolist() == [0, 1, 0]
    assert plane.v.tolist() == [0, 0, 1]
    assert plane.project(np.array([[6.0, 2.0, 4.0]])).coordinates.tolist() == [[1, 3]]
    assert plane.project(np.array([[6.0, 2.0, 4.0]])).distance.tolist() == [5]


def test_a_synchronisation_alone_spans_no_plane() -> None:
    slow, fast = np.zeros(5), np.arange(5.0)
    with pytest.raises(ValueError, match="three points lie on one line"):
        three_point_plane(slow, fast, slow + 0.5 * (fast - slow))
    with pytest.raises(ValueError, match="three points lie on one line"):
        three_point_plane(slow, slow, fast)


def test_projection_is_the_nearest_point_even_where_the_axes_are_oblique_and_long() -> None:
    random = np.random.default_rng(1)
    plane = Plane(*random.normal(size=(3, 7)) * [[1], [3], [0.5]])
    points = random.normal(size=(4, 7))
    projection = plane.project(points)
    coordinates, residual, *_ = np.linalg.lstsq(np.stack([plane.u, plane.v], 1), (points - plane.origin).T, rcond=None)
    assert projection.coordinates == pytest.approx(coordinates.T)
    assert projection.distance**2 == pytest.approx(residual)


def test_principal_components_agree_with_scikit_learn() -> None:
    snapshots = walk(60, 500)
    plane, pca = pca_plane(snapshots), PCA(2).fit(snapshots)
    for axis, component in zip((plane.u, plane.v), pca.components_, strict=True):
        assert abs(axis @ component) == pytest.approx(1, abs=1e-9)
    assert plane.explained == pytest.approx(tuple(pca.explained_variance_ratio_), rel=1e-9)
    assert plane.origin == pytest.approx(pca.mean_)
    assert np.abs(plane.project(snapshots).coordinates) == pytest.approx(np.abs(pca.transform(snapshots)))


def test_several_tracks_share_one_plane_as_if_stacked() -> None:
    tracks = [walk(20, 50, seed) for seed in range(3)]
    together, of_stack = pca_plane(tracks), pca_plane(np.concatenate(tracks))
    assert abs(together.u @ of_stack.u) == pytest.approx(1)
    assert together.explained == pytest.approx(of_stack.explained)


def test_axes_point_to_where_the_first_track_ends() -> None:
    for seed in range(5):
        snapshots = walk(30, 20, seed)
        assert (pca_plane(snapshots).project(snapshots[-1]).coordinates > 0).all()


def test_blocks_of_columns_and_a_half_precision_file_change_nothing_but_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = walk(40, 1_000)
    np.save(tmp_path / "snapshots.npy", snapshots.astype(np.float16))
    rows = np.load(tmp_path / "snapshots.npy", mmap_mode="r")
    monkeypatch.setattr("landscapes.planes.BLOCK", 40 * 37)
    plane, pca = pca_plane(rows), PCA(2).fit(snapshots)
    assert abs(plane.u @ pca.components_[0]) > 0.9999
    exact = pca_plane(snapshots).project(snapshots)
    assert plane.project(rows).distance == pytest.approx(exact.distance, rel=1e-2)


def test_every_fifth_step_gives_nearly_the_directions_of_all() -> None:
    # A smooth path: a random walk's low frequencies, as a trajectory with a trend has.
    times = np.linspace(0, 1, 400)[:, None]
    path = np.exp(-times * np.arange(1, 6)) @ walk(5, 2_000) + 0.01 * walk(400, 2_000, 1)
    all_steps, fifth = pca_plane(path), pca_plane(path, every=5)
    assert abs(all_steps.u @ fifth.u) > 0.999
    assert abs(all_steps.v @ fifth.v) > 0.999


def test_a_random_walk_explains_six_over_pi_squared_in_the_first_direction() -> None:
    first, second = random_walk_shares(100_000)
    assert first == pytest.approx(6 / np.pi**2, rel=1e-6)
    assert second == pytest.approx(1.5 / np.pi**2, rel=1e-6)
    assert pca_plane(walk(50, 100_000)).explained == pytest.approx(random_walk_shares(50), rel=0.02)


def test_snapshots_that_span_no_plane_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 snapshots, got 2"):
        pca_plane(walk(2, 5))
    with pytest.raises(ValueError, match="lie on one line"):
        pca_plane(np.arange(4.0)[:, None] * np.ones(5))
    with pytest.raises(ValueError, match="lie on one line"):
        pca_plane(np.ones((4, 5)))
    with pytest.raises(ValueError, match="finite"):
        pca_plane(np.array([[0.0, 1], [np.inf, 2], [1, 1]]))


def test_a_plane_needs_two_finite_directions_of_one_size() -> None:
    with pytest.raises(ValueError, match="one line"):
        Plane(np.zeros(3), unit(0), -2 * unit(0))
    with pytest.raises(ValueError, match="v must have shape"):
        Plane(np.zeros(3), unit(0), unit(0, 4))
    with pytest.raises(ValueError, match="u must be finite"):
        Plane(np.zeros(3), unit(0) * np.nan, unit(1))


@pytest.mark.parametrize("seed", [0, 1])
def test_random_directions_have_every_filter_as_long_as_the_network_s(seed: int) -> None:
    model = TASK.model(0)
    plane, axes = random_plane(model, seed), copy.deepcopy(model)
    assert np.array_equal(plane.origin, flat_weights(model).numpy())
    for direction in (plane.u, plane.v):
        assign_weights(axes, torch.from_numpy(direction))
        for ours, theirs in zip(axes.parameters(), model.parameters(), strict=True):
            if theirs.ndim == 1:
                assert ours.abs().max() == 0
            else:
                assert torch.allclose(ours.flatten(1).norm(dim=1), theirs.flatten(1).norm(dim=1), rtol=1e-5)
    assert not np.array_equal(plane.u, random_plane(model, seed + 1).u)
    assert np.array_equal(plane.u, random_plane(model, seed).u)


def test_a_dead_filter_stays_dead() -> None:
    model = nn.Linear(4, 2, bias=False)
    with torch.no_grad():
        model.weight[0] = 0
    plane = random_plane(model, 0)
    assert plane.u[:4].tolist() == [0, 0, 0, 0]
    assert np.linalg.norm(plane.u[4:]) == pytest.approx(model.weight[1].norm().item())


def test_a_grid_comes_coarse_first_and_is_right_at_every_level() -> None:
    grid = Grid(np.linspace(-1, 1, 41), np.linspace(-2, 2, 17))
    levels = list(plane_losses(bowl, XY, grid))
    assert [level.loss.shape for level in levels] == [(3, 6), (5, 11), (9, 21), (17, 41)]
    assert [level.complete for level in levels] == [False, False, False, True]
    for level in levels:
        assert level.loss == pytest.approx(level.x**2 + level.y[:, None] ** 2, rel=1e-6)
        assert (level.accuracy == 0.5).all()
        assert (level.x[0], level.x[-1], level.y[0], level.y[-1]) == (-1, 1, -2, 2)


def test_no_point_is_evaluated_twice_and_progress_counts_to_the_end() -> None:
    points: list[tuple[float, ...]] = []
    counts: list[tuple[int, int]] = []

    def spy(weights: torch.Tensor) -> Score:
        points.append(tuple(weights.tolist()))
        return bowl(weights)

    grid = Grid(np.arange(12.0), np.arange(10.0))
    *_, last = plane_losses(spy, XY, grid, on_progress=lambda done, total: counts.append((done, total)))
    assert len(points) == len(set(points)) == last.points == last.total == 120
    assert counts == [(count, 120) for count in range(1, 121)]


def test_several_threads_give_the_same_plane() -> None:
    model = TASK.model(0)
    plane, grid = random_plane(model, 0), Grid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 7))
    landscape = TASK.landscape(64)
    torch.set_num_threads(1)  # on which the last bits depend
    alone = list(plane_losses(landscape, plane, grid))
    together = list(plane_losses(landscape, plane, grid, beside=[landscape.another(), landscape.another()]))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.loss, other.loss)
        assert np.array_equal(one.accuracy, other.accuracy)
        assert one.points == other.points


def test_several_threads_stop_and_report_as_one_does() -> None:
    points: list[tuple[float, ...]] = []
    counts: list[int] = []

    def spy(weights: torch.Tensor) -> Score:
        points.append(tuple(weights.tolist()))
        return bowl(weights)

    def count(done: int, total: int) -> None:
        counts.append(done)

    grid = Grid(np.arange(41.0), np.arange(41.0))
    levels = plane_losses(spy, XY, grid, beside=[spy], should_stop=lambda: len(points) >= 50, on_progress=count)
    assert [level.points for level in levels] == [36]
    assert 50 <= len(points) <= 51  # both threads may have asked before the fiftieth
    assert len(set(points)) == len(points)
    assert counts == list(range(1, len(counts) + 1))


def test_a_stopped_plane_evaluates_nothing_more() -> None:
    count = 0

    def spy(weights: torch.Tensor) -> Score:
        nonlocal count
        count += 1
        return bowl(weights)

    grid = Grid(np.arange(41.0), np.arange(41.0))
    levels = list(plane_losses(spy, XY, grid, should_stop=lambda: count == 50))
    assert count == 50
    assert [level.points for level in levels] == [36]


@pytest.mark.parametrize("build", [lambda model: random_plane(model, 0), lambda model: pca_plane(walk(9, 9_930) / 99)])
def test_a_contour_of_the_real_network_equals_direct_evaluation(build: Callable[[nn.Module], Plane]) -> None:
    model = TASK.model(0)
    plane, images = build(model), TASK.probe(64)
    *_, last = plane_losses(TASK.landscape(64), plane, Grid(np.array([-0.5, 0, 0.5]), np.array([-0.2, 0.2])))
    for row, b in enumerate(last.y):
        for column, a in enumerate(last.x):
            assign_weights(model, torch.from_numpy(plane.point(a, b)))
            with torch.no_grad():
                direct = functional.cross_entropy(model(images.images), images.labels).item()
            assert last.loss[row, column] == pytest.approx(direct, rel=1e-5)


def test_a_grid_holds_all_points_on_scales_of_their_own() -> None:
    grid = Grid.around(np.array([[0.0, 0.0], [4.0, 1.0], [np.nan, np.nan]]), points=5, margin=0.25)
    assert grid.x.tolist() == [-1, 0.5, 2, 3.5, 5]
    assert grid.y.tolist() == [-0.25, 0.125, 0.5, 0.875, 1.25]


def test_a_grid_along_a_line_still_has_two_sides() -> None:
    grid = Grid.around(np.array([[0.0, 3.0], [4.0, 3.0]]), points=3, margin=0.25)
    assert grid.y == pytest.approx([3 - 0.06, 3, 3 + 0.06])


def test_bad_grids_are_refused_by_axis() -> None:
    with pytest.raises(ValueError, match="y must be at least 2 increasing numbers"):
        Grid(np.arange(3.0), np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="at least one finite point"):
        Grid.around(np.full((2, 2), np.nan))


def test_a_copy_is_evaluated_and_the_network_left_alone() -> None:
    model = nn.Linear(2, 2)
    before = flat_weights(model)
    WeightLoss(model, lambda network: Score(float(flat_weights(network).sum()), 0.0))(torch.ones(6))
    assert torch.equal(flat_weights(model), before)
    assert isinstance(next(iter(plane_losses(bowl, XY, Grid(np.arange(2.0), np.arange(2.0))))), PlaneLoss)


def test_each_player_of_a_game_has_its_own_axis() -> None:
    # Two players turn around each other in weights 1 and 4, and drift a little elsewhere.
    angle = np.linspace(0, 6 * np.pi, 200)
    tracks = 0.01 * walk(200, 6) / 10
    tracks[:, 1] += 3 * np.cos(angle)
    tracks[:, 4] += np.sin(angle)
    plane = players_plane(tracks, first=3)
    assert plane.u[3:].tolist() == [0, 0, 0]
    assert plane.v[:3].tolist() == [0, 0, 0]
    assert abs(plane.u[1]) > 0.99
    assert abs(plane.v[4]) > 0.99
    assert plane.explained is not None
    assert min(plane.explained) > 0.9
    for share, part in zip(plane.explained, (slice(3), slice(3, 6)), strict=True):
        assert share == pytest.approx(PCA(1).fit(tracks[:, part]).explained_variance_ratio_[0])


def test_both_players_need_weights() -> None:
    with pytest.raises(ValueError, match=r"first must be between 1 and 5.* got 6"):
        players_plane(walk(9, 6), first=6)
