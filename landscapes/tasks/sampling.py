"""Random access to mini-batches: the images of step s depend on (seed, s) alone, so training can resume at any step.

Each epoch visits a fresh permutation without replacement; a remainder smaller than a batch is left out of that epoch.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

SHORT = 4_096  # images up to which many permutations are kept
AUGMENTATIONS = ("none", "shift", "flip-shift")


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole batches in `count` images.

    Raises:
        ValueError: not even one.
    """
    if batch_size > count:
        raise ValueError(f"batch_size must be at most the {count} training images there are, got {batch_size}")
    return count // batch_size


def batch_rows(step: int, seed: int, count: int, batch_size: int) -> Tensor:
    """Rows (batch_size,) of the mini-batch at `step`, counted from 0, out of `count` images."""
    epoch, position = divmod(step, steps_per_epoch(count, batch_size))
    permutation = _short_permutation if count <= SHORT else _permutation
    return permutation(seed, epoch, count)[position * batch_size : (position + 1) * batch_size]


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, count: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng((seed, 2, epoch)).permutation(count))


_short_permutation = lru_cache(maxsize=256)(_permutation.__wrapped__)  # one for each of many runs that train together


def augment(images: Tensor, kind: str, step: int, seed: int) -> Tensor:
    """Shift each image by up to an eighth of its height, repeating its edge; "flip-shift" also mirrors half of them."""
    if kind == "none":
        return images
    rows, _, height, width = images.shape
    random = np.random.default_rng((seed, 3, step))
    shift = torch.from_numpy(random.integers(-(height // 8), height // 8 + 1, (2, rows, 1)))
    vertical = (torch.arange(height) + shift[0]).clamp(0, height - 1)
    horizontal = (torch.arange(width) + shift[1]).clamp(0, width - 1)
    if kind == "flip-shift":
        is_flipped = torch.from_numpy(random.random((rows, 1)) < 0.5)
        horizontal = torch.where(is_flipped, horizontal.flip(1), horizontal)
    each = torch.arange(rows)[:, None, None]
    # Advanced indices on both sides of the channels move them last: put them back.
    return images[each, :, vertical[:, :, None], horizontal[:, None, :]].permute(0, 3, 1, 2).contiguous()
