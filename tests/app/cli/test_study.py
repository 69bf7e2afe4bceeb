"""`lookahead-lab study`: the table of a study, from a config, a link or a preset."""

from __future__ import annotations

import csv
import io
import json

import dask.dataframe
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from app.cli import main
from app.export import restore, tables, to_json
from app.runs import atlas, result_files, trained
from app.state import AtlasConfig
from app.state.links import short_link

SMALL = {"across_points": 4, "up_high": 3, "up_points": 3, "seeds": 2, "steps": 20}
OPTIONS = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
CONFIG = AtlasConfig(**SMALL)


@pytest.fixture(autouse=True)
def own_run_store(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path / "data"))
    atlas.study_run.clear()
    yield
    result_files.keep_in(None)
    atlas.study_run.clear()


def run(*arguments: str):
    return CliRunner().invoke(main, ["study", *arguments])


def test_one_row_per_cell_and_seed_with_the_bits_of_the_study():
    result = run(*OPTIONS, "--format", "csv", "-O", "-")
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 4 * 3 * 2
    assert list(rows[0]) == ["lr", "k_1", "seed", "loss", "diverged", "evaluations", "failed"]
    values = [float(row["loss"]) if row["loss"] else float("inf") for row in rows]
    assert values == atlas.study_run(CONFIG).value.ravel().tolist()
    assert {row["evaluations"] for row in rows} == {"20"}
    assert "12 cells, each 2 runs of 20 gradient evaluations; best at lr" in result.stderr


def test_a_saved_file_a_link_and_options_are_the_same_study(tmp_path):
    (tmp_path / "config.json").write_bytes(to_json(CONFIG))
    link = f"http://localhost:8501/atlas{short_link(CONFIG)}"
    tables = []
    for number, arguments in enumerate(([str(tmp_path / "config.json")], [link], OPTIONS)):
        path = tmp_path / f"{number}.parquet"
        assert run(*arguments, "-O", str(path)).exit_code == 0
        tables.append(parquet.read_table(path))
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
    settings = json.loads(tables[0].schema.metadata[b"config"])
    document = {"format": "lookahead-lab", "page": "atlas", "config": settings}
    assert restore(json.dumps(document).encode()).config == CONFIG


def test_one_row_per_cell_on_request(tmp_path):
    path = tmp_path / "cells.parquet"
    assert run(*OPTIONS, "--cells", "-O", str(path)).exit_code == 0
    table = parquet.read_table(path)
    assert table.num_rows == 12
    assert table["note"].to_pylist().count("best") == 1


def test_a_preset_takes_another_axis_with_its_customary_values(tmp_path):
    path = tmp_path / "table.csv"
    result = run(
        "--preset", "Noise: lr against k", "--set", "up=alpha_1", "--set", "across_points=3", "--seeds", "1",
        "--steps", "5", "-O", str(path),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(path.open()))
    assert (len(rows), rows[0]["alpha_1"], rows[-1]["alpha_1"]) == (3 * 39, "0.05", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--set", "across=k_2"),
            "across: k_2 needs 2 layers, the optimizer has 1: add a layer or choose another axis",
        ),
        (("--set", "up_low=2.5"), "up_low: must be a whole number: write 2 or 3 (got '2.5')"),
        (("--preset", "Many basins"), "study needs settings of the Atlas page"),
        (("--seeds", "0"), "seeds: should be greater than or equal to 1 (got '0')"),
        (("-O", "table.xlsx"), "the format must be one of csv, parquet, got 'xlsx'"),
    ],
)
def test_bad_input_ends_in_one_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


NETWORK = [
    part
    for setting in ("objective=digits-100", "up=depth", "across_points=3", "steps=12")
    for part in ("--set", setting)
]


def test_a_study_of_a_network_trains_here_and_a_second_request_trains_nothing(monkeypatch):
    trained.forget()
    result = run(*NETWORK, "--seeds", "2", "--format", "csv", "-O", "-")
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 3 * 2 * 2
    assert list(rows[0]) == [
        "lr",
        "depth",
        "seed",
        "validation error",
        "test error",
        "diverged",
        "evaluations",
        "failed",
    ]
    assert "6 cells, each 2 runs of 12 gradient evaluations; best at lr" in result.stderr
    trained.forget()
    monkeypatch.setattr(trained, "run_trainings", None)
    again = run(*NETWORK, "--seeds", "2", "--format", "csv", "-O", "-")
    assert again.stdout == result.stdout
    trained.forget()


def test_workers_of_a_scheduler_train_where_one_is_named(monkeypatch):
    from app.cli import study

    monkeypatch.setenv("LOOKAHEAD_SCHEDULER", "tcp://nowhere:1")
    calls = []

    def by_scheduler(config, store, on_progress, device):
        calls.append((config.objective, device))
        return trained.train_here(config, on_progress)

    monkeypatch.setattr(study, "_by_scheduler", by_scheduler)
    trained.forget()
    assert run(*NETWORK, "--seeds", "1", "--format", "csv", "-O", "-").exit_code == 0
    assert run(*OPTIONS, "--format", "csv", "-O", "-").exit_code == 0  # a family needs none
    assert calls == [("digits-100", "cpu")]
    trained.forget()


def test_a_task_that_has_no_such_setting_is_refused_in_one_line():
    result = run("--set", "objective=gan-ring", "--set", "up=label_noise")
    assert result.exit_code == 1
    assert "label_noise is no setting of this task: choose another task or another axis" in result.stderr


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # within Dask
def test_a_folder_of_partitions_is_read_back_by_dask(tmp_path, monkeypatch):
    monkeypatch.setattr(tables.write_partitions, "__defaults__", (10,))
    folder = f"{tmp_path / 'cells'}/"
    first, whole = run(*OPTIONS, "-O", folder), run(*OPTIONS, "-O", str(tmp_path / "whole.parquet"))
    assert (first.exit_code, whole.exit_code) == (0, 0), first.output
    assert "3 partitions" in first.stderr
    read = dask.dataframe.read_parquet(folder)
    assert read.npartitions == 3
    expected = parquet.read_table(tmp_path / "whole.parquet").to_pandas()
    numbers = ["lr", "k_1", "seed", "loss"]
    assert read[numbers].compute().reset_index(drop=True).equals(expected[numbers])
    again = run(*OPTIONS, "-O", folder)
    assert again.exit_code != 0
    assert "is not empty: name a new folder" in again.output
