"""Networks and GANs as objectives of the Atlas: what is customary, links, bad input, and the page of a cell."""

from __future__ import annotations

import itertools

import pytest

from app.state import AtlasConfig, LayerConfig
from app.state.axes import LIMITS, _fitting
from app.state.links import config_from_settings, decode, encode
from app.state.objectives import DEFAULT_NETWORK, STUDIED_TASKS, networks_of
from app.state.presets import PRESETS
from landscapes.tasks import ClassifierTask, GanTask, task_from
from optim_core.study import Trainings

FIVE = LayerConfig(k=5, alpha=0.5)
DIGITS = {"objective": "digits"}


def test_all_tasks_that_need_no_files_are_studied():
    assert {
        "digits",
        "digits-noisy",
        "digits-quick",
        "digits-100",
        "gan-ring",
        "waves",
        "cancer",
    } <= STUDIED_TASKS.keys()
    assert not {"mnist", "cifar10", "gan-mnist"} & STUDIED_TASKS.keys()


@pytest.mark.parametrize("objective", STUDIED_TASKS)
@pytest.mark.parametrize("axes", [("lr", "k_1"), ("alpha_1", "depth"), ("batch_size", "lr")])
def test_every_task_has_a_customary_study_that_its_link_restores(objective, axes):
    x, y = axes
    config = AtlasConfig(objective=objective, layers=(FIVE, FIVE), across=x, up=y)
    assert decode(encode(config), AtlasConfig) == (config, [])
    study = config.study()
    assert (study.x.name, study.y.name) == axes
    assert study.cells * config.seeds * config.steps <= 1000 * LIMITS.study_training_thousands
    assert study.task_parameters[0].keys() == dict(study.objective.parameters).keys()
    assert task_from(study.task_parameters[-1]).players
    assert Trainings(study).total <= study.cells * config.seeds


def test_a_task_begins_with_its_own_settings():
    quick, ring = AtlasConfig(objective="digits-quick"), AtlasConfig(objective="gan-ring")
    assert (quick.network, quick.batch_size, quick.label_noise) == (DEFAULT_NETWORK, 4, 0.2)
    assert (quick.base, quick.base_lr, quick.noise, quick.seeds, quick.steps) == ("sgd", 0.1, "none", 3, 600)
    assert (ring.network, ring.batch_size, ring.label_noise) == (None, 64, None)
    assert (ring.base, ring.base_lr, ring.steps) == ("adam", 0.001, 1500)
    assert AtlasConfig(objective="gan-ring", base="sgd").base_lr == 0.05
    bowl = AtlasConfig()
    assert (bowl.network, bowl.batch_size, bowl.label_noise) == (None, None, None)
    assert "batch_size" not in encode(bowl)


def test_what_an_axis_varies_is_the_cells_own():
    config = AtlasConfig(**DIGITS, across="label_noise", up="batch_size", layers=())
    study = config.study()
    parameters = study.task_parameters[-1]
    assert (parameters["label_noise"], parameters["batch_size"], parameters["network"]) == (0.6, 64, "mlp")
    page, opened = config.opened(study.cells - 1)
    assert page == "networks"
    assert opened.task() == ClassifierTask(network="mlp", label_noise=0.6, batch_size=64)
    assert config.title == "MLP on digits (8x8, built in)"
    assert AtlasConfig(objective="digits-noisy").title.endswith("40 % wrong labels, batches of 32")


def test_both_players_of_a_gan_open_with_the_cells_optimizer():
    config = AtlasConfig(objective="gan-digits", across="lr", up="k_1", seeds=20)
    page, opened = config.opened(3)
    assert page == "gans"
    ((_, discriminator), (_, generator)) = opened.optimizers()[0]
    expected = config.study().specs[3]
    for spec in (discriminator, generator):
        assert (spec.lr, spec.layers, spec.base, spec.betas) == (
            expected.lr, expected.layers, expected.base, expected.betas
        )  # fmt: skip
    assert opened.task() == GanTask("digits")
    assert opened.seeds == 12  # as many as that page takes


def test_a_table_has_no_convolutions():
    assert networks_of("digits") == ("mlp", "cnn")
    assert networks_of("cancer") == ("mlp",)
    assert networks_of("gan-ring") == networks_of("waves") == ()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({**DIGITS, "up": "noise_scale"}, "up: noise_scale is for fields, a network has the noise of its batches"),
        ({"up": "batch_size"}, "up: batch_size needs a network and its data, the objective is a field: choose a task"),
        ({"objective": "gan-ring", "up": "label_noise"}, "up: label_noise is no setting of this task: choose another"),
        ({**DIGITS, "up": "batch_size", "up_low": "2.5"}, "up_low: must be a whole number: write 2 or 3 (got '2.5')"),
        (
            {**DIGITS, "up": "batch_size", "up_high": "5000"},
            "up_high: must be at most 1,000, as many as it is trained on: write a smaller number (got '5000')",
        ),
        (
            {"objective": "digits-100", "batch_size": "101"},
            "batch_size: must be at most 100, as many as it is trained on: write a smaller number (got '101')",
        ),
        ({**DIGITS, "up": "label_noise", "up_high": "1.5"}, "up_high: must be in [0, 1] (got '1.5')"),
        ({**DIGITS, "batch_size": "0"}, "batch_size: "),
        ({**DIGITS, "batch_size": "2.5"}, "batch_size: "),
        ({**DIGITS, "label_noise": "-0.1"}, "label_noise: "),
        ({"objective": "gan-ring", "batch_size": "1"}, "batch_size: batch_size must be between 2 and 100000, got 1"),
        ({"batch_size": "8"}, "batch_size: this objective has no batch size: leave it out or choose a task that has"),
        ({"objective": "gan-ring", "label_noise": "0.2"}, "label_noise: this objective has no wrong labels: leave it"),
        ({**DIGITS, "network": "resnet18-bn"}, "network: no such network here; choose one of mlp, cnn"),
        ({**DIGITS, "noise": "gaussian"}, "noise: a network has the noise of its batches: choose none, or a surface"),
        ({**DIGITS, "at_x": "1"}, "at_x: a network has no start of its own: leave it out"),
        ({**DIGITS, "parameter": "1"}, "parameter: a network has no parameter: leave it out"),
        ({**DIGITS, "steps": "5"}, "steps: a training has at least 10 base steps: write a larger number"),
        ({**DIGITS, "base": "extragradient"}, "base: extragradient is a method for games: choose a game"),
        (
            {**DIGITS, "seeds": "64", "steps": "5000"},
            "8 x 5 cells of 320,000 base steps are 12,800 thousand, at most 3,000 thousand are computed: "
            "3 x 3 points fit, or fewer steps or seeds",
        ),
    ],
)
def test_bad_input_is_refused_with_field_value_and_remedy(settings, problem):
    config, problems = decode(settings, AtlasConfig)
    assert any(problem in one for one in problems), problems
    assert config.study().cells  # what is left is a study


def test_settings_that_are_too_much_together_say_what_fits():
    _, problems = decode({**DIGITS, "sample": "4096", "steps": "5000", "seeds": "64"}, AtlasConfig)
    assert "at most 3,000 thousand are computed: 9 points fit, or fewer steps or seeds" in problems[0]


def test_a_training_has_as_many_steps_as_on_its_page_at_most(monkeypatch):
    monkeypatch.setattr("app.state.atlas.MAX_TRAINING_STEPS", 3_000)
    _, problems = decode({**DIGITS, "steps": "4000"}, AtlasConfig)
    assert problems[0].startswith("steps: a training has at most 3,000 base steps: write a smaller number (got '4000')")
    assert AtlasConfig(steps=4_000).steps == 4_000


def test_an_axis_turned_round_leaves_the_objective_as_it_is():
    config, problems = decode({**DIGITS, "across_low": "2", "across_high": "1"}, AtlasConfig)
    assert config.objective == DIGITS["objective"]
    assert [problem.partition(":")[0] for problem in problems] == ["across_low", "across_high"]


def test_the_grid_that_is_proposed_fits():
    for columns, rows, most in itertools.product((2, 3, 48, 512), (2, 5, 512), (4, 5, 9, 1_666, 16_384)):
        across, up = map(int, _fitting(columns, rows, most).removesuffix(" points fit").split(" x "))
        assert min(across, up) >= 2
        assert across * up <= most
    assert _fitting(48, 32, 3) == ""


def test_a_batch_larger_than_the_new_objectives_training_set_falls_back_to_its_own():
    config = AtlasConfig(objective="digits", batch_size=500)
    after, reasons = config_from_settings({"objective": "digits-100"}, AtlasConfig, config)
    assert after == config
    assert reasons


def test_the_lines_of_ready_made_studies_count_their_trainings():
    for preset in PRESETS["atlas"].values():
        if preset.config.task is not None:
            assert f"{Trainings(preset.config.study()).total} trainings" in preset.shows
