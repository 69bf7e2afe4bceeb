import numpy as np
import pytest

from app.draw.relief import paint_relief
from app.figures.relief import LIFT, POINTS, drape, height_at, relief
from app.runs import surfaces as surface_runs
from app.runs.grid import Grid
from app.state import SurfacesConfig

AXIS = np.linspace(-2, 2, 41)
X, Y = np.meshgrid(AXIS, AXIS)


def test_the_height_between_grid_points_is_bilinear():
    grid = Grid(AXIS, AXIS, 3 + X - 2 * Y + X * Y)
    places = np.array([[0.03, -1.97], [2.0, 2.0], [-2.0, 0.55]])
    x, y = places.T
    assert height_at(grid, grid.height, places) == pytest.approx(3 + x - 2 * y + x * y)


def test_outside_the_grid_there_is_no_height():
    grid = Grid(AXIS, AXIS, X + Y)
    assert np.isnan(height_at(grid, grid.height, np.array([[2.01, 0], [0, -2.01], [1e30, 0]]))).all()


def test_one_long_step_follows_the_relief_instead_of_cutting_through_it():
    grid = Grid(AXIS, AXIS, -(X**2))  # a ridge between the two ends
    line = drape(grid, grid.height, np.array([[-2.0, 0.0], [2.0, 0.0]]))
    assert len(line) >= 40
    assert line[:, 2] == pytest.approx(-(line[:, 0] ** 2) + LIFT * 4, abs=0.1**2 / 4 + 1e-9)


def test_long_runs_are_thinned_and_keep_their_ends():
    path = np.cumsum(np.random.default_rng(0).normal(size=(5001, 2)) * 0.005, axis=0)
    line = drape(Grid(AXIS, AXIS, X + Y), X + Y, path)
    assert len(line) <= 2 * POINTS
    assert line[[0, -1], :2] == pytest.approx(path[[0, -1]])


def test_weights_that_wait_for_a_synchronisation_add_no_points():
    path = np.repeat([[0.0, 0.0], [0.05, 0.0]], 500, axis=0)
    assert len(drape(Grid(AXIS, AXIS, X), X, path)) == 2


@pytest.mark.parametrize("surface", ["ravine", "rosenbrock"])
def test_every_line_lies_on_the_relief_that_is_drawn(surface):
    config = SurfacesConfig(surface=surface, steps=60)
    scenery = surface_runs.scenery(config)
    log_view = config.landscape.log_view
    scene = relief(scenery.grid, surface_runs.surface_run(config), config.colors, log_view=log_view)
    surface_trace, *lines = paint_relief(scene).data
    assert len(lines) == 5  # fast weights of three optimizers, slow weights of two
    height = scenery.grid.shade(log_view)
    for line in lines:
        places = np.column_stack([line.x, line.y])[~np.isnan(line.z)]
        above = line.z[~np.isnan(line.z)] - height_at(scenery.grid, height, places)
        whole = float(np.ptp(surface_trace.z))
        assert above == pytest.approx(LIFT * whole, abs=1e-5 * whole)  # what single precision leaves
