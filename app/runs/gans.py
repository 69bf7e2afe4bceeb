"""Samples of a comparison's generators over time: the same latent vectors at every snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.jobs.store import TrainingResult
from app.runs.cache import recent
from app.runs.plane import keys_of
from landscapes.tasks.gan import GanTask
from landscapes.weights import assign_weights

Floats = NDArray[np.float32]

FRAMES = 25
POINTS, IMAGES = 256, 36  # samples a frame


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one optimizer's generators at `step` (frames,).

    fast, slow: (frames, count, *shape), of the fast and of the outermost slow weights; slow is None without layers
    """

    step: NDArray[np.int64]
    fast: Floats
    slow: Floats | None


def samples(task: GanTask, results: Sequence[TrainingResult], step: int | None = None) -> tuple[Samples, ...]:
    """One `Samples` per run, all at the same steps; a run that diverged keeps its last snapshot.

    Args:
        task: what was trained.
        results: one run per optimizer.
        step: only the last snapshot up to this base step; `FRAMES` of all if not given.
    """
    longest = max((result.snapshots.step for result in results), key=len)
    if step is None:
        steps = longest[np.unique(np.linspace(0, len(longest) - 1, FRAMES).astype(int))]
    else:
        steps = longest[longest <= step][-1:]
    model, count = task.model(0), POINTS if task.dataset == "ring" else IMAGES

    def generate(weights: NDArray[np.floating]) -> Floats:
        assign_weights(model, torch.from_numpy(np.array(weights, np.float32)))
        return np.asarray(task.samples(model, count).numpy(), np.float32)

    all_samples = []
    for result in results:
        snapshots = result.snapshots
        rows = np.searchsorted(snapshots.step, steps, side="right") - 1
        fast = np.stack([generate(snapshots.proposal[row]) for row in rows])
        slow = np.stack([generate(snapshots.outermost[row]) for row in rows]) if snapshots.layers else None
        all_samples.append(Samples(steps, fast, slow))
    return tuple(all_samples)


recent_samples = recent(4, key=lambda task, results: keys_of(results))(samples)


def real_samples(task: GanTask) -> Floats:
    """As many samples of the test data: points of the ring, or images with intensities in [0, 1]."""
    held_out = task.world.held_out["test"]
    return held_out[:POINTS] if task.dataset == "ring" else np.asarray((held_out[:IMAGES] + 1) / 2, np.float32)


def mosaic(images: Floats) -> NDArray[np.uint8]:
    """Grey-scale images (count, 1, height, width) in [0, 1] as one square picture, a grey line between them."""
    count, _, height, width = images.shape
    side = int(np.ceil(np.sqrt(count)))
    picture = np.full((side * (height + 1) - 1, side * (width + 1) - 1), 128, np.uint8)
    for number, image in enumerate(images[:, 0]):
        row, column = divmod(number, side)
        y, x = row * (height + 1), column * (width + 1)
        picture[y : y + height, x : x + width] = np.rint(255 * np.nan_to_num(image).clip(0, 1))
    return picture
