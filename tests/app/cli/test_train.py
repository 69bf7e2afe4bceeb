import csv
import io

import click
import pytest
from click.testing import CliRunner

from app.cli import main

SMALL = [
    "train",
    "--steps",
    "20",
    "--set",
    "train_size=50",
    "--set",
    "batch_size=10",
    "-o",
    "lr=0.1",
    "-o",
    "lr=0.1 layers=5:0.5",
]


@pytest.fixture(autouse=True)
def own_run_store(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path / "data"))


def test_train_writes_every_measured_number():
    result = CliRunner().invoke(main, [*SMALL, "--format", "csv", "-O", "-"])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["optimizer"] for row in rows} == {"SGD", "Lookahead (5, .5)"}
    losses = [row for row in rows if row["optimizer"] == "SGD" and row["metric"] == "loss"]
    assert [int(row["step"]) for row in losses] == list(range(1, 21))
    ends = [
        row for row in rows if row["weights"] == "slow_1" and row["metric"] == "test_accuracy" and row["step"] == "20"
    ]
    assert 0 <= float(ends[0]["value"]) <= 1
    assert "Lookahead (5, .5), seed 0: test accuracy" in result.stderr


def test_train_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    files = [tmp_path / name for name in ("a.parquet", "b.parquet")]
    for file in files:
        monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path / file.stem))  # or the second would be the first, stored
        assert CliRunner().invoke(main, [*SMALL, "-O", str(file)]).exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--steps", "1"], "steps: should be greater than or equal to 10"),
        (["train", "--preset", "nonsense"], "no such preset: 'nonsense'"),
        (["train", "http://localhost:8501/?v=1&surface=ravine"], "train needs settings of the Networks or GANs page"),
        (["train", "--set", "batch_size=0"], "batch_size"),
        (["train", "-O", "curves.xml"], "the format must be one of csv, parquet, got 'xml'"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(arguments, words):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_shell_offers_what_can_be_trained():
    command = main.commands["train"]
    option = next(parameter for parameter in command.params if parameter.name == "preset")
    names = [item.value for item in option.shell_complete(click.Context(command), "Digits")]
    assert {"Digits", "Digits, clean labels"} <= set(names)
    assert all(name.startswith("Digits") for name in names)
    assert [item.value for item in option.shell_complete(click.Context(command), "Many basins")] == []


@pytest.mark.parametrize(
    ("arguments", "variable", "words"),
    [
        (["--device", "cuda"], "", "device 'cuda' is not at hand: PyTorch finds no CUDA device on this machine"),
        ([], "mps", "LOOKAHEAD_DEVICE: device 'mps' is not at hand"),
        ([], "tpu", "LOOKAHEAD_DEVICE: device must be one of auto, cpu, cuda, mps, got 'tpu'"),
    ],
)
def test_an_absent_device_is_refused_in_one_line(arguments, variable, words, monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_DEVICE", variable)
    monkeypatch.setattr("optim_core.device.available_devices", lambda: ("cpu",))
    result = CliRunner().invoke(main, [*SMALL, *arguments])
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1
