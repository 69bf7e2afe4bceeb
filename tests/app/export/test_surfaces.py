"""The relief and the seed cloud leave the app: pages that need no network, and the cloud's numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet
from streamlit.testing.v1 import AppTest

from app.draw.plotly_scene import paint_ground
from app.export.surfaces import cloud_html, cloud_table, relief_html
from app.export.tables import csv_of, parquet_of
from app.figures.cloud import cloud_marks, cloud_scene
from app.runs import cloud
from app.state import SurfacesConfig
from optim_core.trajectory import Trajectory

CONFIG = SurfacesConfig(
    surface="bowl", noise="gaussian", steps=150,
    cards=[{"lr": 0.02}, {"lr": 0.02, "layers": [{"k": 5, "alpha": 0.5}]}, {"lr": 900.0}],
)  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Trajectory:
    return cloud.seed_cloud(CONFIG, 12)


def traces(page: bytes) -> list[dict[str, object]]:
    """The data of the only chart of a page."""
    text = page.decode()
    begin = text.index("[", text.index("Plotly.newPlot("))
    data, _ = json.JSONDecoder().raw_decode(text[begin:])
    return data


def test_the_relief_is_a_page_with_the_surface_and_every_line() -> None:
    page = relief_html(CONFIG)
    kinds = [trace["type"] for trace in traces(page)]
    assert kinds == ["surface", "scatter3d", "scatter3d", "scatter3d", "scatter3d"]
    assert b"Surface: Noisy quadratic bowl" in page
    assert not re.search(rb'<(script|link|img)[^>]+(src|href)="', page)


def test_every_place_of_the_cloud_is_in_its_table(run: Trajectory) -> None:
    table = parquet.read_table(io.BytesIO(parquet_of(cloud_table(CONFIG, run)))).to_pandas()
    assert len(table) == 3 * 12 * len(run.step)
    for index, name in enumerate(run.names):
        for draw in (0, 7):
            rows = table[(table.optimizer == name) & (table.run == draw)]
            assert rows.step.tolist() == run.step.tolist()
            assert np.array_equal(rows[["x", "y"]].to_numpy(), run.outermost(index)[:, draw])
    diverging = table[table.optimizer == run.names[2]]
    assert (diverging.diverged == run.diverged[2, 0]).all()
    assert table[table.optimizer != run.names[2]].diverged.isna().all()


def test_the_table_says_where_it_comes_from_and_reads_as_csv(run: Trajectory) -> None:
    table = cloud_table(CONFIG, run)
    assert b"Seed cloud: 12 draws of the noise" in table.schema.metadata[b"caption"]
    assert SurfacesConfig.model_validate_json(table.schema.metadata[b"config"]) == CONFIG
    lines = list(csv.DictReader(io.StringIO(csv_of(table).decode())))
    assert list(lines[0]) == ["run", "optimizer", "step", "x", "y", "diverged"]
    assert float(lines[-1]["x"]) == run.outermost(2)[-1, -1, 0]


def test_the_page_of_a_cloud_has_its_last_places_and_no_ellipse_of_what_diverged(run: Trajectory) -> None:
    scene = cloud_scene(CONFIG, run)
    before = len(paint_ground(scene).data)
    page = cloud_html(CONFIG, run)
    assert len(traces(page)) == before + 5  # dots and ellipse of two, and of the third an empty trace
    first = paint_ground(replace(scene, marks=(*scene.marks, *cloud_marks(CONFIG, run)))).data[before]
    assert np.array_equal(np.column_stack([first.x, first.y]), run.outermost(0)[-1])


def script() -> None:
    from app.runs import surfaces as surface_runs
    from app.state import SurfacesConfig
    from app.views.surfaces.cloud import seed_cloud
    from app.views.surfaces.relief import surface_3d

    config = SurfacesConfig(surface="bowl", noise="gaussian", steps=60)
    surface_3d(config, surface_runs.scenery(config))
    seed_cloud(config, surface_runs.scenery(config))


def test_the_views_offer_them() -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    assert not at.exception
    labels = [button.proto.label for button in at.get("download_button")]
    assert labels == ["Relief (HTML)", "Cloud (CSV)", "Cloud (Parquet)", "Cloud (HTML)"]
