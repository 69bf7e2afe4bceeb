"""Studies of the Atlas: cells are the runs of their page, closed forms hold, and no finished cell is computed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.jobs.store import RunStore
from app.runs import atlas, result_files
from app.runs.games import game_run, game_scenery
from app.runs.grid import distance
from app.runs.surfaces import surface_run
from app.state import AtlasConfig, LayerConfig
from app.state.presets import PRESETS
from optim_core.study import Batch
from optim_core.study.comparison import mean_interval

SMALL = {
    "across_points": 5,
    "up": "k_1",
    "up_low": 1,
    "up_high": 6,
    "up_points": 6,
    "seeds": 3,
    "steps": 60,
}
FIVE = LayerConfig(k=5, alpha=0.5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """Where cells are kept during the test."""
    store = RunStore(tmp_path)
    result_files.keep_in(store)
    atlas.study_run.clear()
    yield store
    result_files.keep_in(None)
    atlas.study_run.clear()


def parts(store: RunStore) -> list[Path]:
    return sorted((store.root / "results").glob("*-*.npz"))


def cells_in(store: RunStore) -> int:
    return sum(len(np.load(path)["keys"]) for path in parts(store))


@pytest.mark.parametrize(
    "settings",
    [
        {"objective": "bowl"},
        {"objective": "rastrigin", "noise": "gaussian"},
        {"objective": "himmelblau", "noise": "student", "across": "noise_scale"},
        {"objective": "ackley", "noise": "multiplicative", "base": "momentum", "across": "momentum"},
        {"objective": "levy", "base": "adam", "noise": "gaussian"},
        {"objective": "beale", "base": "lion", "noise": "gaussian", "sync_momentum": "pullback"},
    ],
    ids=lambda settings: settings["objective"],
)
def test_a_cell_is_the_run_that_opens_on_the_surfaces_page_to_the_bit(settings):
    config = AtlasConfig(**SMALL, **settings)
    study, result = config.study(), atlas.study_run(config)
    for cell in (0, 7, study.cells - 1):
        page = config.page_run(study.specs[cell], study.noise_scales[cell])
        run = surface_run(page)
        expected = np.where(run.diverged[0] < 0, run.slow_loss[-1, 0], np.inf)
        assert result.value[study.place(cell)].tolist() == expected.tolist()
        assert len(page.starts) == config.draws == 3


def test_under_mini_batches_the_loss_may_differ_in_its_last_bits_from_that_on_the_page():
    """It is a mean over copies, which torch sums in another order when more rows are together; the paths are equal."""
    config = AtlasConfig(**SMALL, objective="rastrigin", noise="minibatch")
    study, result = config.study(), atlas.study_run(config)
    for cell in (0, 7, study.cells - 1):
        run = surface_run(config.page_run(study.specs[cell]))
        assert result.value[study.place(cell)] == pytest.approx(run.slow_loss[-1, 0], rel=1e-13)


@pytest.mark.parametrize("settings", [{"objective": "quadratic", "parameter": 0.2}, {"objective": "forsaken"}])
@pytest.mark.parametrize("base", ["sgd", "extragradient"])
def test_a_cell_of_a_game_is_the_distance_on_the_games_page(settings, base):
    config = AtlasConfig(**SMALL, **settings, base=base, noise="gaussian", noise_scale=0.1, alternating=True)
    study, result = config.study(), atlas.study_run(config)
    for cell in (0, 7, study.cells - 1):
        page = config.page_run(study.specs[cell])
        run = game_run(page)
        gap = distance(run.outermost(0)[-1], game_scenery(page).places)
        expected = np.where(run.diverged[0] < 0, gap, np.inf)
        assert result.value[study.place(cell)].tolist() == expected.tolist()
    assert study.evaluations == run.evaluations[-1, 0] == 120  # in turn, or twice a step


def test_without_noise_one_run_says_it_all():
    assert AtlasConfig(objective="ravine", seeds=8).draws == 1
    assert atlas.study_run(AtlasConfig(**SMALL, objective="ravine")).value.shape == (6, 5, 1)


@pytest.mark.parametrize(
    "settings",
    [
        {"objective": "ravine", "base_lr": 0.1, "across_low": 0.05, "across_high": 0.2},
        {"objective": "bilinear", "across_low": 0.05, "across_high": 0.6},
        {"objective": "bilinear", "base": "optimistic", "across_low": 0.05, "across_high": 0.9},
        {"objective": "ravine", "base": "momentum", "across": "momentum", "base_lr": 0.15},
    ],
    ids=["ravine", "bilinear", "optimistic", "momentum"],
)
def test_what_grows_grows_beyond_the_border_of_the_closed_form(settings):
    config = AtlasConfig(**SMALL | settings | {"steps": 600, "across_points": 24})  # a multiple of every k
    study, result = config.study(), atlas.study_run(config)
    rates = np.array([atlas.game_rate(atlas.jacobian_of(config), spec) for spec in study.specs]).reshape(study.shape)
    grown = result.mean > 40  # of a loss or a distance that is below it at the start
    assert (rates[grown] > 1).all()
    assert not grown[rates < 0.98].any()
    assert grown[rates > 1.02].all()
    assert grown.any()


def test_the_border_is_drawn_from_the_rates_of_the_cells():
    config = AtlasConfig(**SMALL, objective="ravine")
    border = atlas.border_of(config)
    assert border is not None
    assert border.rate.shape == (6, 21)
    rates = [atlas.game_rate(atlas.jacobian_of(config), spec) for spec in config.study().specs]
    assert border.rate[:, ::5] == pytest.approx(np.reshape(rates, (6, 5)), rel=1e-4)  # values between have six digits
    over_depth = atlas.border_of(AtlasConfig(**SMALL | {"up": "depth", "up_low": 0, "up_high": 1}, objective="ravine"))
    assert over_depth is not None
    assert over_depth.rate.shape == (2, 5)


@pytest.mark.parametrize(
    "settings",
    [
        {"objective": "himmelblau"},
        {"objective": "bowl", "base": "adam"},
        {"objective": "bowl", "noise": "multiplicative"},
    ],
)
def test_there_is_no_border_without_a_closed_form(settings):
    assert atlas.border_of(AtlasConfig(**SMALL, **settings)) is None


def test_runs_settle_at_the_steady_state_of_the_closed_form():
    config = AtlasConfig(
        objective="bowl", at_x=0.0, at_y=0.0, layers=(FIVE,), across_low=0.5, across_high=1.5, across_points=3,
        up_low=2, up_high=4, up_points=2, seeds=64, steps=600,
    )  # fmt: skip
    study, result = config.study(), atlas.study_run(config)
    for cell, spec in enumerate(study.specs):
        expected = atlas.steady_loss(config, spec, 1.0)
        mean, error = (part[study.place(cell)] for part in (result.mean, result.error))
        assert abs(mean - expected) < 4 * error
    assert atlas.steady_loss(config, study.specs[0].with_lr(2.5), 1.0) == np.inf
    assert atlas.steady_loss(config.model_copy(update={"noise": "student"}), spec, 1.0) is None


def test_a_new_server_computes_only_the_cells_of_a_wider_grid(store, monkeypatch):
    first = atlas.study_run(AtlasConfig(**SMALL))
    assert cells_in(store) == 30
    computed = []
    run_study = atlas.run_study

    def counted(study, problem, *, on_batch, **settings):
        return run_study(
            study, problem, on_batch=lambda batch: computed.append(len(batch.keys)) or on_batch(batch), **settings
        )

    monkeypatch.setattr(atlas, "run_study", counted)
    atlas.study_run.clear()
    assert np.array_equal(atlas.study_run(AtlasConfig(**SMALL)).value, first.value)
    assert computed == []
    wider = atlas.study_run(AtlasConfig(**SMALL | {"up_high": 8, "up_points": 8}))
    assert sum(computed) == 10
    assert np.array_equal(wider.value[:6], first.value)
    assert cells_in(store) == 40


def test_a_study_that_is_stopped_keeps_its_cells(store):
    class StopError(BaseException):
        """As a script is stopped."""

    def stop(*_: object) -> None:
        raise StopError

    config = AtlasConfig(**SMALL | {"across_points": 16, "up_high": 16, "up_points": 16})
    with pytest.raises(StopError):
        atlas.study_run(config, None, stop)
    assert cells_in(store) == 64
    atlas.study_run(config)
    assert cells_in(store) == 256


def test_many_parts_become_one_and_a_damaged_one_counts_as_none(store):
    key = ("scene", 1)
    for number in range(result_files.MOST_PARTS + 1):
        batch = Batch(np.array([f"key {number}"]), np.full((1, 1), float(number)), np.full((1, 1), -1))
        result_files.add_part(key, batch, atlas.merged)
    (part,) = parts(store)
    (merged,) = result_files.find_parts(Batch, key)
    assert sorted(merged.value[:, 0].tolist()) == list(range(result_files.MOST_PARTS + 1))
    part.write_bytes(b"not an archive")
    assert result_files.find_parts(Batch, key) == []


def studied(name: str):
    """A ready-made study: config, result, and by value of its other axis the values at the best lr."""
    config = PRESETS["atlas"][name].config
    result = atlas.study_run(config)
    at_best = {}
    if "lr" in (config.across, config.up):
        other = result.study.y if config.across == "lr" else result.study.x
        at_best = {
            value: (result.study.x.values[cell[1]], result.value[cell])
            for value, cell in zip(other.values, result.best_along("lr"), strict=True)
            if cell is not None
        }
    return config, result, at_best


def rates_at(config: AtlasConfig, k: int) -> dict[float, float]:
    border = atlas.border_of(config)
    return dict(zip(border.x.values, border.rate[border.y.values.index(k)].tolist(), strict=True))


def test_at_its_own_best_lr_the_intervals_of_all_k_overlap_on_the_noisy_bowl():
    config, _, at_best = studied("Noise: lr against k")
    assert all(0.1 < lr < 0.18 for lr, _ in at_best.values())
    lows, highs = mean_interval(np.array([values for _, values in at_best.values()]))
    assert lows.max() < highs.min()
    for k in (2, 4, 8, 32):
        assert [rate < 1 for lr, rate in rates_at(config, k).items()] == [lr < 2 for lr in rates_at(config, k)]
    assert all(rate < 1 for k in (1, 3) for rate in rates_at(config, k).values())


def test_layers_on_the_noisy_bowl_are_told_apart_by_paired_differences_alone():
    _, _, at_best = studied("Noise: lr against depth, each at its best")
    lrs, values = [lr for lr, _ in at_best.values()], np.array([values for _, values in at_best.values()])
    assert values.mean(axis=-1)[:4].round(3).tolist() == [0.041, 0.040, 0.037, 0.034]
    assert all(1.7 < ratio < 2.4 for ratio in np.divide(lrs[1:], lrs[:-1]))
    low, high = mean_interval(values[:4])
    assert low.max() < high.min()
    assert (mean_interval(values[1:4] - values[0])[1] < 0).all()
    assert values[4].mean() > values[0].mean()


def test_layers_pay_in_a_noisy_game():
    _, _, at_best = studied("Noise in a game: depth pays")
    means = [values.mean() for _, values in at_best.values()]
    assert [float(f"{mean:.1g}") for mean in means[1:4]] == [0.2, 0.06, 0.03]
    assert means[0] == pytest.approx(1.4, abs=0.06)
    assert means[4] > means[2]


def test_the_window_of_k_moves_with_the_lr():
    config, result, at_best = studied("Bilinear game: the lr that each k wants")
    assert all(rate > 1 for k in (1, 2) for rate in rates_at(config, k).values())
    bears = [max(lr for lr, rate in rates_at(config, k).items() if rate < 1) for k in range(3, 33)]
    assert sorted(bears, reverse=True) == bears
    wants = [at_best[k][0] for k in range(3, 33)]
    assert sorted(wants, reverse=True) == wants
    row, column = result.best
    assert (result.study.y.values[row], round(result.study.x.values[column], 1)) == (10, 0.3)


def test_the_window_of_alpha_and_k_has_its_best_in_the_middle():
    config, result, _ = studied("Bilinear game: α against k, run by run")
    border = atlas.border_of(config)
    converges = border.rate < 1
    assert max(np.array(border.y.values)[converges.any(axis=1)]) == pytest.approx(0.93)
    assert max(np.array(border.x.values)[converges.any(axis=0)]) == 55
    row, column = result.best
    assert (result.study.x.values[column], result.study.y.values[row]) == (31, 0.45)
