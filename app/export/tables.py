"""Every iterate as a table in long format, one row per run, layer and step, as CSV and Parquet.

run           number of the start point, from 0
optimizer     its name in the legend
layer         0 for the fast weights, 1 for the innermost slow weights, and so on
step          base step; 0 is the start
x, y          the weights (or their coordinates on the plane shown)
loss          of the objective there; empty where it was never computed
synchronised  whether this layer took part in a synchronisation at this step; the fast weights restart at each
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.figures import lines
from app.figures.scene import Scene

if TYPE_CHECKING:
    import pyarrow as pa

    from app.figures.caption import Caption
    from app.player.tracks import Track

PARTITION_ROWS = 100_000
COLUMNS = ("run", "optimizer", "layer", "step", "x", "y", "loss", "synchronised")


def long_table(scene: Scene) -> pa.Table:
    """The tracks of a scene with the columns above; its schema's metadata carries the caption and the config."""
    import pyarrow as pa

    pieces = [_piece(track, layer) for track in scene.tracks for layer in lines.layers_of(track)]
    names = list(dict.fromkeys(track.name for track in scene.tracks))
    numbers = np.concatenate([np.full(len(piece["step"]), names.index(piece["name"]), np.int8) for piece in pieces])
    columns = {
        "run": pa.array(_join(pieces, "run", np.int16)),
        "optimizer": pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(names)),
        "layer": pa.array(_join(pieces, "layer", np.int8)),
        "step": pa.array(_join(pieces, "step", np.int32)),
        **{name: pa.array(_join(pieces, name, np.float64)) for name in ("x", "y")},
        "loss": pa.array(_join(pieces, "loss", np.float64), from_pandas=True),  # NaN becomes missing
        "synchronised": pa.array(_join(pieces, "synchronised", np.bool_)),
    }
    return with_caption(pa.table(columns), scene.caption)


def to_csv(scene: Scene) -> bytes:
    """The table as CSV with a header; every number reads back as the same double."""
    return csv_of(long_table(scene))


def to_parquet(scene: Scene) -> bytes:
    """The table as a Parquet file."""
    return parquet_of(long_table(scene))


def with_caption(table: pa.Table, caption: Caption) -> pa.Table:
    """The table with the caption and the config in its schema's metadata."""
    return table.replace_schema_metadata({"title": caption.title, "caption": caption.text, "config": caption.config})


def csv_of(table: pa.Table) -> bytes:
    """Any table as CSV with a header."""
    import pyarrow as pa
    from pyarrow import csv

    buffer = io.BytesIO()
    for index, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(index, column.name, table[column.name].cast(column.type.value_type))
    csv.write_csv(table, buffer)
    return buffer.getvalue()


def parquet_of(table: pa.Table) -> bytes:
    """Any table as Parquet."""
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def write_partitions(table: pa.Table, folder: Path, rows: int = PARTITION_ROWS) -> int:
    """Any table as Parquet files of at most so many rows in a folder of their own, which Dask reads back; their number.

    Raises:
        FileExistsError: there is something in the folder.
    """
    from pyarrow import dataset

    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a new folder")
    options = dataset.ParquetFileFormat().make_write_options(compression="zstd")
    dataset.write_dataset(
        table, folder, format="parquet", file_options=options, max_rows_per_file=rows, max_rows_per_group=rows,
        use_threads=False,
    )  # fmt: skip
    return len(list(folder.iterdir()))


def _piece(track: Track, layer: int) -> dict[str, Any]:
    places, rows = lines.weights(track, layer), track.rows
    return {
        "name": track.name,
        "run": np.full(rows, track.start),
        "layer": np.full(rows, layer),
        "step": track.step,
        "x": places[:, 0],
        "y": places[:, 1],
        "loss": lines.loss(track, layer),
        "synchronised": (np.asarray(track.synchronised) >= max(layer, 1)) & (layer != lines.AVERAGE),
    }


def _join(pieces: list[dict[str, Any]], name: str, kind: type) -> np.ndarray:
    return np.concatenate([np.asarray(piece[name]) for piece in pieces]).astype(kind)
