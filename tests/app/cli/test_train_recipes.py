"""Recipes of the command line: the papers' settings, through the real loaders on files of the real formats."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.watching import watching
from app.jobs.store import store_from_environment
from app.jobs.worker import compute_here
from app.runs.recipes import RECIPES
from app.tables.networks import Run
from landscapes.tasks.data import load
from landscapes.tasks.splits import split
from landscapes.tasks.worlds import images
from tests.landscapes.set_files import write_cifar10, write_mnist


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A run store and data sets of one's own."""
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOOKAHEAD_DATASETS", str(tmp_path / "sets"))
    for cached in (load, split, images):
        cached.cache_clear()
    write_cifar10(tmp_path / "sets" / "cifar10", per_file=40)
    write_mnist(tmp_path / "sets" / "mnist", train=120, test=40)
    yield
    for cached in (load, split, images):
        cached.cache_clear()


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["train", *arguments])


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_resnet18_takes_its_first_step_on_files_of_cifars_format(tmp_path: Path) -> None:
    settings = ("--set", "train_size=10", "--set", "batch_size=10", "--set", "evaluation_size=2")
    two_layers = "base=momentum lr=0.1 weight_decay=0.0005 schedule=cosine layers=1:0.8,1:0.8"
    arguments = ("--preset", "cifar10", "--steps", "1", *settings, "-o", two_layers)
    result = invoke(*arguments, "-O", str(tmp_path / "curves.csv"))
    assert result.exit_code == 0, result.output
    assert "(1, .8)(1, .8), SGD with momentum, seed 0: test accuracy" in result.stderr


def test_a_recipe_runs_its_epochs_over_several_seeds_with_other_settings_of_its_task() -> None:
    settings = ("--set", "train_size=40", "--set", "batch_size=10", "--set", "network=cnn", "--epochs", "3")
    table = rows(invoke("--preset", "cifar10-step", *settings, "--seeds", "2", "--format", "csv", "-O", "-"))
    assert {row["seed"] for row in table} == {"0", "1"}
    evaluated = {int(row["step"]) for row in table if row["metric"] == "test_accuracy"}
    assert max(evaluated) == 12  # 3 epochs of 4 batches
    assert {0, 1, 2, 12} <= evaluated
    assert {row["weights"] for row in table if row["metric"] == "val_loss"} == {"fast", "slow_1", "slow_2"}


def test_the_mnist_gan_trains_on_files_of_mnists_format() -> None:
    table = rows(invoke("--preset", "mnist-gan", "--steps", "3", "--format", "csv", "-O", "-"))
    assert {row["weights"] for row in table if row["metric"] == "test_frechet"} == {"fast", "slow_1", "slow_2", "ema"}


@pytest.mark.parametrize(("option", "value"), [("--seeds", "0"), ("--seeds", "-1"), ("--steps", "0"), ("--seed", "-1")])
def test_a_number_out_of_range_is_refused_and_not_taken_for_none(option: str, value: str) -> None:
    result = invoke("--preset", "waves", option, value, "-O", "-", "--format", "csv")
    assert result.exit_code != 0
    assert option in result.output
    assert value in result.output


def test_a_regression_trains_by_its_name() -> None:
    result = invoke("--preset", "waves", "--steps", "20", "--set", "noise=0.1", "--format", "csv", "-O", "-")
    assert {row["metric"] for row in rows(result)} >= {"test_loss", "val_loss"}
    assert "SGD, seed 0: test loss" in result.stderr


def test_the_papers_settings_are_those_of_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPES["cifar10-step"]
    monkeypatch.setattr(type(recipe.task), "steps_per_epoch", 351)  # of 45,000 images
    requests = [row[0] for row in recipe.requests()]
    assert {(request.steps, request.evaluate_every, request.snapshot_every) for request in requests} == {
        (70_200, 351, None)
    }
    specs = [request.specs() for request in requests]
    assert [[(layer.k, layer.alpha) for layer in spec.layers] for spec in specs] == [[], [(5, 0.8)], [(5, 0.8)] * 2]
    for spec in specs:
        assert (spec.base, spec.lr, spec.momentum, spec.weight_decay) == ("momentum", 0.1, 0.9, 5e-4)
        lrs = [spec.lr_at(epoch * 351, 70_200) for epoch in (0, 59, 60, 119, 120, 180)]
        assert lrs == pytest.approx([0.1, 0.1, 0.02, 0.02, 0.004, 0.0008])
    short = recipe.requests(epochs=20)[0][0].specs()
    assert short.schedule.every == 6 * 351
    assert RECIPES["cifar100"].requests()[2][0].specs().schedule.kind == "cosine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--epochs", "3"), "--epochs is the length of a recipe"),
        (("--preset", "cifar10", "--epochs", "3", "--steps", "5"), "give --steps or --epochs, not both"),
        (("--preset", "cifar10", "--gan"), "takes neither SOURCE nor --gan"),
        (("--preset", "cifar10", "--set", "colour=red"), "a classifier has no field colour; it has augmentation"),
        (("--preset", "cifar10", "--set", "train_size=many"), "train_size must be a whole number, got 'many'"),
        (("--preset", "mnist-gan", "--set", "ema=2"), "ema must be between 0 and 1, got 2"),
        (("--preset", "cifar10", "-o", "lr=0"), "lr: should be greater than 0"),
        (("--preset", "cifar10", "--watch", "-O", "-", "--format", "csv"), "--watch rewrites a file"),
    ],
)
def test_what_a_recipe_does_not_take_is_said_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_another_command_says_where_a_recipe_belongs() -> None:
    result = CliRunner().invoke(main, ["render", "--preset", "cifar10", "-O", "x.png"])
    assert result.exit_code == 1
    assert "cifar10 is a recipe of `lookahead-lab train`" in result.output


def test_other_optimizers_replace_the_recipes_own_and_keep_their_schedule() -> None:
    settings = ("--set", "train_size=40", "--set", "batch_size=10", "--set", "network=mlp", "--steps", "4")
    table = rows(invoke("--preset", "cifar10", *settings, "-o", "lr=0.1 layers=2:0.5", "--format", "csv", "-O", "-"))
    assert {row["optimizer"] for row in table} == {"Lookahead (2, .5)"}


def test_recipes_are_listed() -> None:
    result = CliRunner().invoke(main, ["list", "recipes", "--json"])
    entries = json.loads(result.stdout)["recipes"]
    assert [entry["key"] for entry in entries] == list(RECIPES)
    assert entries[0]["epochs"] == 200


def test_watching_shows_every_evaluation_and_writes_the_table_so_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.watching.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("app.jobs.worker.PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr("app.jobs.worker.OVERHEAD", 1e9)
    request = RECIPES["waves"].requests(steps=80)[1][0]
    store, tables = store_from_environment(), list[list[Run]]()
    finished = ("before", 0, compute_here(store, RECIPES["waves"].requests(steps=80)[0][0]).curves)
    compute_here(store, request, watching(store, request, "one layer", [finished], tables.append))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(tables) >= 10
    assert lines[0].startswith("one layer, seed 0: step 0 of 80: test loss ")
    assert lines[5].startswith("one layer, seed 0: step 10 of 80: test loss ")
    assert [name for name, _, _ in tables[-1]] == ["before", "one layer"]
    assert len(tables[-1][1][2].evaluated) == len(tables)
