"""The GANs page without a browser: its settings, what it asks for, and what it draws of what came back."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from app.draw.plotly import paint
from app.draw.reel import reel_spec
from app.figures.caption import Caption
from app.figures.gans import gan_chart, output_span, samples_reel, slow_motion_chart
from app.jobs.store import TrainingResult
from app.runs import plane as plane_runs
from app.runs.gans import FRAMES, POINTS, mosaic, real_samples, samples
from app.runs.networks import requests
from app.runs.slow_motion import slow_motion
from app.state import GanCard, GansConfig, LayerConfig
from app.state.links import decode, encode
from app.state.presets import PRESETS
from app.tables.gans import gan_table
from app.tables.surfaces import PAIRED_DIFFERENCE
from landscapes.weights import assign_weights
from optim_core.training import train

LAYERS = (LayerConfig(k=5, alpha=0.5),)
CONFIG = GansConfig(
    steps=30, batch_size=16, snapshot_every=1, cards=(GanCard(), GanCard(layers=LAYERS, generator_lr=0.0005, color=1))
)
NAMES, COLORS = ("Adam", "Lookahead"), ("#111111", "#222222")


def reel(names, colors, frames, real):
    """As plotly's own objects, which check every value."""
    return go.Figure(reel_spec(samples_reel(Caption(""), names, colors, frames, real), frames[0].step.tolist()))


@pytest.fixture(scope="module")
def results():
    trainings = []
    for (request,) in requests(CONFIG):
        run = train(CONFIG.task(), request.specs(), request.steps, request.seed, evaluate_every=10, snapshot_every=1)
        trainings.append(
            TrainingResult(
                request, run.players, run.sizes, run.layers, run.curves, run.snapshots, run.diverged, (), 1.0
            )
        )
    return trainings


def test_each_player_gets_its_own_lr_and_base_and_the_same_layers():
    card = GanCard(base="sgd", lr=0.1, generator_base="adam", generator_lr=0.002, layers=LAYERS)
    ((_, discriminator), (_, generator)) = GansConfig(cards=(card,)).optimizers()[0]
    assert (discriminator.base, discriminator.lr) == ("sgd", 0.1)
    assert (generator.base, generator.lr, generator.betas) == ("adam", 0.002, (0.0, 0.999))
    assert generator.layers == discriminator.layers
    assert card.title == "Lookahead (5, .5), SGD against Adam"


@pytest.mark.parametrize("name", PRESETS["gans"])
def test_every_ready_made_comparison_survives_its_address(name):
    config = PRESETS["gans"][name].config
    assert decode(encode(config), GansConfig) == (config, [])


def test_a_batch_above_the_data_is_refused_by_name():
    with pytest.raises(ValueError, match="batch_size"):
        GansConfig(batch_size=2000)
    config, problems = decode({"v": "1", "dataset": "circle", "1.generator_lr": "0"}, GansConfig)
    assert config.dataset == "ring"
    assert {problem.split(":")[0] for problem in problems} == {"dataset", "1.generator_lr"}


def test_the_players_plane_separates_the_players(results):
    view = plane_runs.players_view(results)
    first = results[0].sizes[0]
    assert not view.plane.u[first:].any()
    assert not view.plane.v[:first].any()
    row = results[1].snapshots.proposal[17]
    across = (row[:first] - view.plane.origin[:first]) @ view.plane.u[:first]
    upwards = (row[first:] - view.plane.origin[first:]) @ view.plane.v[first:]
    assert view.runs[1].proposal.coordinates[17] == pytest.approx((across, upwards), rel=1e-4)


def test_both_players_reach_the_slow_weights_at_the_same_steps(results):
    run = plane_runs.players_view(results).runs[1]
    steps = np.flatnonzero(np.abs(np.diff(run.outermost.coordinates, axis=0)).min(axis=1) > 0) + 1
    assert steps.tolist() == [5, 10, 15, 20, 25, 30]


def test_samples_are_those_of_the_generator_with_the_weights_kept(results):
    adam, lookahead = samples(CONFIG.task(), results)
    assert adam.slow is None
    assert lookahead.fast.shape == lookahead.slow.shape == (FRAMES, POINTS, 2)
    assert lookahead.step[[0, -1]].tolist() == [0, 30]
    model = CONFIG.task().model(0)
    assign_weights(model, torch.from_numpy(np.array(results[1].snapshots.slow[0][-1])))
    np.testing.assert_array_equal(lookahead.slow[-1], CONFIG.task().samples(model, POINTS).numpy())
    np.testing.assert_array_equal(lookahead.fast[0], adam.fast[0])  # one start for all


def test_a_run_that_diverged_stays_where_it_was_last_kept(results):
    snapshots = results[1].snapshots
    short = replace(
        snapshots, step=snapshots.step[:8], tracks={name: rows[:8] for name, rows in snapshots.tracks.items()}
    )
    adam, lookahead = samples(CONFIG.task(), [results[0], replace(results[1], snapshots=short, diverged=8)])
    assert adam.step[-1] == 30
    np.testing.assert_array_equal(lookahead.fast[-1], lookahead.fast[-2])


def test_the_figure_plays_every_kept_step_in_the_cells_that_move(results):
    frames = samples(CONFIG.task(), results)
    figure = reel(NAMES, COLORS, frames, real_samples(CONFIG.task()))
    assert [frame.name for frame in figure.frames] == [str(step) for step in frames[0].step]
    assert len(figure.data) == 6  # real and generated: fast and fast above, slow below
    np.testing.assert_array_equal(figure.data[-1].x, frames[1].slow[-1][:, 0])
    assert figure.frames[3].traces == (3, 4, 5)
    np.testing.assert_array_equal(figure.frames[3].data[0].y, frames[0].fast[3][:, 1])


def test_without_layers_there_is_no_row_for_slow_generators(results):
    frames = samples(CONFIG.task(), results[:1])
    figure = reel(NAMES[:1], COLORS[:1], frames, real_samples(CONFIG.task()))
    assert [note.text for note in figure.layout.annotations] == [NAMES[0], "fast"]


def test_images_are_laid_out_in_rows_with_a_line_between():
    images = np.stack([np.full((1, 2, 3), value, np.float32) for value in (0, 0.5, 1, np.nan)])
    picture = mosaic(images)
    assert picture.shape == (5, 7)
    assert (picture[0, 0], picture[0, 4], picture[3, 0], picture[3, 4], picture[2, 3]) == (0, 128, 255, 0, 128)


def test_digits_give_image_cells_and_a_column_of_real_ones():
    config = CONFIG.model_copy(update={"dataset": "digits", "steps": 5})
    request = requests(config)[1][0]
    run = train(config.task(), request.specs(), 5, 0, snapshot_every=1)
    result = TrainingResult(request, run.players, run.sizes, run.layers, run.curves, run.snapshots, None, (), 1.0)
    figure = reel(NAMES[1:], COLORS[1:], samples(config.task(), [result]), real_samples(config.task()))
    assert [trace.type for trace in figure.data] == ["image"] * 3
    assert figure.data[1].source != figure.data[2].source
    assert figure.data[0].source.startswith("data:image/png;base64,")


def test_curves_show_both_losses_and_what_the_samples_are_worth(results):
    chart = gan_chart(CONFIG, [[result.curves] for result in results])
    charts = {panel.title: paint(chart.of(place), legend=False) for place, panel in enumerate(chart.filled_panels)}
    assert list(charts)[2] == "Fréchet distance, plain coordinates"
    assert [len(chart.data) for chart in charts.values()] == [2, 2, 3, 3]  # slow weights: of one optimizer only
    measured = charts["Fréchet distance, plain coordinates"].data[2]
    np.testing.assert_allclose(measured.y, results[1].curves.metrics["slow_1"]["test_frechet"], rtol=1e-6)


def test_the_table_gives_paired_differences_of_the_distance(results):
    rows = gan_table(NAMES, [[results[0]] * 2, [results[1]] * 2])
    bare = results[0].curves.metrics["fast"]["test_frechet"][-1]
    slow = results[1].curves.metrics["slow_1"]["test_frechet"][-1]
    cells = [row[PAIRED_DIFFERENCE] for row in rows]
    assert cells == ["+0.000 ± 0.000", f"{slow - bare:+.3f} ± 0.000"]
    (alone,) = gan_table(NAMES[1:], [[results[1]]])
    assert alone["Fréchet distance, outermost weights"] == f"{slow:.3g}"
    assert alone["diverged"] == "no"


def test_the_table_leaves_out_what_diverged(results):
    diverged_result = replace(results[1], diverged=8)
    rows = gan_table(NAMES, [[results[0]] * 3, [results[1], diverged_result, results[1]]])
    assert rows[1]["Fréchet distance, outermost weights"].endswith("± 0")
    assert rows[1]["diverged"] == "1 of 3, first at step 8"
    (row,) = gan_table(NAMES[1:], [[diverged_result]])
    assert (row["Fréchet distance, outermost weights"], row["near a mode"]) == ("diverged", "diverged")


def test_slow_motion_draws_the_samples_over_the_discriminators_output(results):
    moments = slow_motion(CONFIG.task(), results[0].request, results[0].snapshots.fast(0), 0, (("both", 3),))
    chart = slow_motion_chart(CONFIG, "#111111", moments, ("before", "after"), real_samples(CONFIG.task()))
    assert [panel.title for panel in chart.filled_panels] == ["before", "after"]
    for panel, moment in zip(chart.filled_panels, moments, strict=True):
        np.testing.assert_array_equal(panel.marks[-1].x, moment.samples[:, 0])
        np.testing.assert_array_equal(panel.map.values, moment.field.height)
        assert panel.map.span == (0, 1)
    assert len(paint(chart).data) >= 6  # a map, real and generated samples, twice
    wasserstein = CONFIG.model_copy(update={"objective": "wgan-gp"})
    low, high = output_span(wasserstein, moments)
    assert low == min(moment.field.height.min() for moment in moments)
    assert high == max(moment.field.height.max() for moment in moments)
