import numpy as np
import pytest

from app.draw.plotly import paint
from app.figures.basins import basin_chart
from app.runs import surfaces as surface_runs
from app.runs.basins import DIVERGED, NOT_YET, BasinMap, basin_maps, label
from app.state import SurfacesConfig


def test_an_end_belongs_to_the_minimum_beside_it():
    minima = np.array([[0.0, 0.0], [3.0, 0.0]])
    ends = np.array([[0.05, 0.0], [2.95, 0.0], [1.5, 0.0], [0.0, 0.0]])
    assert label(ends, minima, np.array([-1, -1, -1, 7]), 0.1).tolist() == [0, 1, NOT_YET, DIVERGED]


def test_coarse_first_then_fine():
    config = SurfacesConfig(surface="himmelblau")
    sizes = [len(basins.x) for basins in basin_maps(config, surface_runs.scenery(config), 40)]
    assert sizes == [24, 40]


def test_a_cell_is_what_a_run_from_its_start_does():
    config = SurfacesConfig(surface="himmelblau")
    scenery = surface_runs.scenery(config)
    *_, basins = basin_maps(config, scenery, 12)
    for row, column in ((0, 0), (3, 9), (11, 5)):
        start = (float(basins.x[column]), float(basins.y[row]))
        run = surface_runs.surface_run(config.model_copy(update={"starts": (start,)}))
        for optimizer in range(3):
            end = run.outermost(optimizer)[-1, 0]
            label = basins.labels[optimizer, row, column]
            gaps = np.linalg.norm(scenery.places - end, axis=1)
            assert label == (DIVERGED if run.diverged[optimizer, 0] >= 0 else gaps.argmin())


def test_shares_cover_the_area():
    config = SurfacesConfig(surface="ravine")
    scenery = surface_runs.scenery(config)
    *_, basins = basin_maps(config, scenery, 16)
    for optimizer in range(3):
        assert sum(basins.shares(optimizer, len(scenery.minima)).values()) == pytest.approx(1)
    assert basins.shares(0, 1)[DIVERGED] > 0.9  # SGD beyond the edge of stability
    assert basins.shares(1, 1)[0] == 1
    assert basins.differs(0, 1).mean() > 0.9


@pytest.mark.parametrize("points", [1, 257])
def test_a_grid_beyond_the_limit_is_refused_with_the_limit(points):
    config = SurfacesConfig()
    with pytest.raises(ValueError, match=f"from 2 to 256 along each axis, got {points}"):
        next(basin_maps(config, surface_runs.scenery(config), points))


def test_every_map_has_points_to_click():
    config = SurfacesConfig(surface="himmelblau")
    *_, basins = basin_maps(config, surface_runs.scenery(config), 8)
    figure = paint(basin_chart(basins, ["a", "b", "c"], surface_runs.scenery(config).places), legend=False)
    assert len(figure.data) == 9


def test_four_maps_stand_in_two_rows_under_titles_of_short_lines():
    basins = BasinMap(np.arange(3.0), np.arange(3.0), np.zeros((4, 3, 3), dtype=np.int64))
    names = ["Multilayer Lookahead (5, .5)(5, .5), SGD with momentum"] * 4
    figure = paint(basin_chart(basins, names, np.zeros((121, 2))), legend=False)
    assert {axis.anchor for axis in figure.select_xaxes()} == {"y", "y2", "y3", "y4"}
    assert len({tuple(axis.domain) for axis in figure.select_yaxes()}) == 2
    assert max(len(line) for title in figure.layout.annotations for line in title.text.split("<br>")) <= 14


def test_stars_shrink_where_there_are_many_minima():
    basins = BasinMap(np.arange(3.0), np.arange(3.0), np.zeros((1, 3, 3), dtype=np.int64))
    few, many = (paint(basin_chart(basins, ["a"], np.zeros((count, 2)))).data[1].marker.size for count in (4, 121))
    assert (few, many) == (11, 4)
