"""Tables are read again by pyarrow and by Python's own csv module, and compared with the trajectory bit for bit."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from app.export import Scene, scene_of, to_csv, to_parquet, trajectory_scene
from app.runs import surfaces as surface_runs
from app.state import SurfacesConfig
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import record

CONFIG = SurfacesConfig(surface="himmelblau", steps=40, starts=((0.0, 0.0), (-1.0, 2.0)))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(CONFIG)


@pytest.fixture(scope="module")
def table(scene: Scene) -> pa.Table:
    return parquet.read_table(io.BytesIO(to_parquet(scene)))


def rows(table: pa.Table, *, run: int, optimizer: str, layer: int) -> dict[str, np.ndarray]:
    frame = table.to_pandas()
    selection = frame[(frame.run == run) & (frame.optimizer == optimizer) & (frame.layer == layer)].sort_values("step")
    return {name: selection[name].to_numpy() for name in frame.columns}


def test_the_columns_are_those_promised(table: pa.Table) -> None:
    assert table.column_names == ["run", "optimizer", "layer", "step", "x", "y", "loss", "synchronised"]
    assert table.num_rows == 2 * (1 + 2 + 3) * 41


@pytest.mark.parametrize("run", [0, 1])
def test_every_layer_of_every_run_is_that_of_the_trajectory(table: pa.Table, run: int) -> None:
    trajectory = surface_runs.surface_run(CONFIG)
    for index, name in enumerate(trajectory.names):
        layers = [trajectory.fast[:, index, run], *(layer[:, run] for layer in trajectory.slow[index])]
        for layer, places in enumerate(layers):
            columns = rows(table, run=run, optimizer=name, layer=layer)
            assert np.array_equal(np.stack([columns["x"], columns["y"]], axis=-1), places)
            assert np.array_equal(columns["step"], np.arange(41))
        assert np.array_equal(rows(table, run=run, optimizer=name, layer=0)["loss"], trajectory.loss[:, index, run])
        outermost = rows(table, run=run, optimizer=name, layer=len(layers) - 1)["loss"]
        assert np.array_equal(outermost, trajectory.slow_loss[:, index, run])


def test_synchronised_says_which_layers_took_part(table: pa.Table) -> None:
    """(5, .5)(5, .5): layer 1 at 5, 10, ..., layer 2 at 25 alone; the fast weights restart with layer 1."""
    name = "Multilayer Lookahead (5, .5)(5, .5)"
    steps = [
        np.flatnonzero(rows(table, run=0, optimizer=name, layer=layer)["synchronised"]).tolist() for layer in range(3)
    ]
    assert steps == [[5, 10, 15, 20, 25, 30, 35, 40], [5, 10, 15, 20, 25, 30, 35, 40], [25]]


def test_csv_holds_the_same_numbers_to_the_last_bit(scene: Scene, table: pa.Table) -> None:
    lines = list(csv.DictReader(io.StringIO(to_csv(scene).decode())))
    assert len(lines) == table.num_rows
    for name in ("x", "y", "loss"):
        assert [float(line[name]) for line in lines] == table[name].to_pylist()
    assert [line["optimizer"] for line in lines] == table["optimizer"].to_pylist()
    assert {line["synchronised"] for line in lines} == {"true", "false"}


def test_parquet_carries_caption_and_config(scene: Scene, table: pa.Table) -> None:
    words = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert words["caption"] == scene.caption.text
    assert SurfacesConfig.model_validate_json(words["config"]) == CONFIG


def test_a_table_repeats_byte_for_byte(scene: Scene) -> None:
    assert to_parquet(scene) == to_parquet(scene)


def test_a_loss_that_was_never_computed_is_missing_not_invented() -> None:
    """Every third step is kept, so that where the slow weights were synchronised is not among the rows."""
    run = record(
        lambda x, _: (0.5 * (x * x).sum(-1), x),
        (OptimizerSpec("one", lr=0.1, layers=(Layer(5, 0.5),)),), [[1.0, 2.0]], 12, keep=3,
    )  # fmt: skip
    table = parquet.read_table(io.BytesIO(to_parquet(trajectory_scene(run))))
    slow = rows(table, run=0, optimizer="one", layer=1)
    assert slow["step"].tolist() == [0, 3, 6, 9, 12]
    assert np.array_equal(slow["x"], run.slow[0][0][:, 0, 0])
    assert all(math.isnan(value) for value in slow["loss"])
    assert table["loss"].null_count == 5
