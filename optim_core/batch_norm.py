"""Batch normalisation's running statistics for other weights than those it gathered them under."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn


@contextmanager
def recomputed_batch_norm(model: nn.Module, batches: Iterable[Any]) -> Iterator[None]:
    """A context in which running means and variances are those of the present weights; restored when it ends.

        with optimizer.use_slow_weights(), recomputed_batch_norm(model, batches):
            evaluate(model)

    Args:
        model: every batch normalisation in it that keeps running statistics starts them anew.
        batches: inputs of the model, or tuples or lists that begin with them, as torch.optim.swa_utils.update_bn takes
            them. All batches weigh the same. The model sees them in training mode and without gradients; its mode,
            training or evaluation, is what it was afterwards.
    """
    statistics = {buffer: buffer.clone() for buffer in _statistics(model)}
    try:
        update_bn(batches, model)
        yield
    finally:
        with torch.no_grad():
            for buffer, value in statistics.items():
                buffer.copy_(value)


def _statistics(model: nn.Module) -> Iterator[Tensor]:
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            yield from module.buffers(recurse=False)
