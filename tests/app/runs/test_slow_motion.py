"""One player's steps alone: the other stays to the bit, its own loss falls; both together are the training itself."""

from dataclasses import replace

import numpy as np
import pytest

from app.jobs.store import TrainingResult
from app.runs.networks import requests
from app.runs.slow_motion import slow_motion, weights_at
from app.state import GanCard, GansConfig, LayerConfig
from optim_core.training import train

LAYERS = (LayerConfig(k=3, alpha=0.5), LayerConfig(k=2, alpha=0.5))
CONFIG = GansConfig(
    steps=12,
    batch_size=32,
    snapshot_every=1,
    cards=(GanCard(base="sgd", generator_base="sgd", lr=0.05), GanCard(layers=LAYERS, beta1=0.5)),
)
TASK = CONFIG.task()


@pytest.fixture(scope="module")
def results():
    results_by_optimizer = []
    for (request,) in requests(CONFIG):
        run = train(TASK, request.specs(), request.steps, request.seed, evaluate_every=12, snapshot_every=1)
        results_by_optimizer.append(
            TrainingResult(request, run.players, run.sizes, run.layers, run.curves, run.snapshots, None, (), 1.0)
        )
    return results_by_optimizer


def moments(result, step, *turns):
    return slow_motion(TASK, result.request, weights_at(TASK, result, step)[1], step, turns)


@pytest.mark.parametrize("index", [0, 1])
def test_both_from_the_start_are_the_training_to_the_bit(results, index):
    result = results[index]
    for number, moment in enumerate(moments(result, 0, *[("both", 1)] * 12)):
        np.testing.assert_array_equal(moment.weights, result.snapshots.fast(number))


def test_a_base_without_memory_goes_on_as_the_training_did_from_any_step(results):
    after = moments(results[0], 5, ("both", 4))[-1]
    np.testing.assert_array_equal(after.weights, results[0].snapshots.fast(9))


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("step", [0, 7])
def test_d_alone_leaves_the_generator_and_its_samples_to_the_bit_and_lowers_its_own_loss(results, index, step):
    before, after = moments(results[index], step, ("discriminator", 30))
    own = results[index].sizes[0]
    np.testing.assert_array_equal(after.weights[own:], before.weights[own:])
    np.testing.assert_array_equal(after.samples, before.samples)
    assert (after.weights[:own] != before.weights[:own]).any()
    assert after.losses[0] < before.losses[0]
    assert after.on_real - after.on_generated > before.on_real - before.on_generated
    assert (after.field.height != before.field.height).any()


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("step", [0, 7])
def test_g_alone_leaves_the_discriminator_to_the_bit_and_lowers_its_own_loss(results, index, step):
    before, after = moments(results[index], step, ("generator", 30))
    own = results[index].sizes[0]
    np.testing.assert_array_equal(after.weights[:own], before.weights[:own])
    np.testing.assert_array_equal(after.field.height, before.field.height)
    assert (after.samples != before.samples).any()
    assert after.losses[1] < before.losses[1]
    assert after.on_generated > before.on_generated


def test_it_repeats_to_the_bit_and_a_turn_in_two_parts_is_the_same(results):
    turns = (("discriminator", 4), ("generator", 6), ("both", 2))
    first = moments(results[1], 3, *turns)[-1]
    slow_motion.clear()
    np.testing.assert_array_equal(moments(results[1], 3, *turns)[-1].weights, first.weights)
    parts = (("discriminator", 1), ("discriminator", 3), ("generator", 6), ("both", 2))
    np.testing.assert_array_equal(moments(results[1], 3, *parts)[-1].weights, first.weights)


def test_a_run_without_weights_starts_at_the_start_and_any_other_at_what_it_kept(results):
    result = results[0]
    bare = replace(result, snapshots=replace(result.snapshots, tracks={}))
    assert weights_at(TASK, bare, 9)[0] == 0
    np.testing.assert_array_equal(weights_at(TASK, bare, 9)[1], result.snapshots.proposal[0])
    sparse = {name: rows[::4] for name, rows in result.snapshots.tracks.items()}
    sparse_result = replace(result, snapshots=replace(result.snapshots, step=result.snapshots.step[::4], tracks=sparse))
    assert weights_at(TASK, sparse_result, 6)[0] == 4


def test_a_step_that_is_not_finite_ends_the_turn_where_it_was():
    config = CONFIG.model_copy(update={"cards": (GanCard(base="sgd", generator_base="sgd", lr=1000.0),)})
    ((request,),) = requests(config)
    start = TASK.model(0)
    weights = np.concatenate([part.detach().numpy().ravel() for part in start.parameters()])
    last = slow_motion(TASK, request, weights, 0, (("both", 50),))[-1]
    assert last.diverged
    assert np.isfinite(last.weights).all()


def test_wgan_gp_too_and_images_have_no_field():
    config = GansConfig(dataset="digits", objective="wgan-gp", steps=10, batch_size=16, cards=(GanCard(),))
    ((request,),) = requests(config)
    task = config.task()
    weights = np.concatenate([part.detach().numpy().ravel() for part in task.model(0).parameters()])
    before, after = slow_motion(task, request, weights, 0, (("discriminator", 5),))
    assert before.field is None
    assert after.samples.shape == (36, 1, 8, 8)
    np.testing.assert_array_equal(after.samples, before.samples)
    assert after.losses[0] < before.losses[0]
