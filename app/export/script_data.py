"""What scripts that train share: the digits as the app splits them, networks as torch.nn, weights as vectors."""

from __future__ import annotations

import textwrap

from torch import nn

from app.export.source import Excerpt, excerpt

TRAINING_IMPORTS = {
    "import copy",
    "import sys",
    "import numpy as np",
    "import torch",
    "from torch import nn",
    "from torch.nn import functional",
    "from optim_core import MultilayerLookahead",
}

TAIL = '''def flat(tensors):
    """All numbers of some tensors in one vector."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


@torch.no_grad()
def with_weights(model, vector):
    """A copy of the model with other weights."""
    probe = copy.deepcopy(model)
    weights = list(probe.parameters())
    for weight, piece in zip(weights, vector.split([weight.numel() for weight in weights])):
        weight.copy_(piece.view_as(weight))
    return probe


def run():
    """The curves of every optimizer and seed."""
    return [[train(index, seed) for seed in SEEDS] for index in range(len(NAMES))]


if __name__ == "__main__":
    arrays = {}
    for index, row in enumerate(run()):
        for seed, curves in zip(SEEDS, row):
            arrays |= {f"{index}/{seed}/{name}": values for name, values in curves.items()}
            print(f"{NAMES[index]}, seed {seed}: {curves['loss'].shape[-1]} steps")
            for name, values in curves.items():
                if name not in ("loss", "evaluated"):
                    print(f"    {name} {float(values[-1])!r}")
    if len(sys.argv) > 1:
        np.savez(sys.argv[1], **arrays)
'''

# An exponential average of the fast weights, where one is shown.
AVERAGE = """    average, average_in = flat(model.parameters()), swa_utils.get_ema_multi_avg_fn({decay!r})
"""
UPDATE = """        average_in([average], [flat(model.parameters())], step + 1)
"""
AVERAGED = """            weights["ema"] = average
"""

_DIGITS = '''def load():
    """Images in [0, 1], (1797, 1, 8, 8), and labels, shuffled once and for all: the last {tests} are the test part."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images = digits.images[order, None].astype(np.float32) / np.float32(16)
    return images, digits.target[order].astype(np.int64)


def training_rows(labels, random):
    """Rows of the training images, of which every beginning is balanced over the classes."""
    pool = random.permutation({trainable})
    return _balanced(labels, pool[{validation}:])  # the first {validation} are kept for validation'''


def digits_parts() -> list[Excerpt]:
    """`load()` and `training_rows(labels, random)`, as scripts define them."""
    from landscapes.tasks import splits
    from landscapes.tasks.catalogue import DATASETS

    entry = DATASETS["digits"]
    text = _DIGITS.format(tests=1797 - entry.trainable, trainable=entry.trainable, validation=entry.validation)
    return [Excerpt(("from sklearn.datasets import load_digits",), (text,)), excerpt(splits, ("_balanced",))]


def module_text(module: nn.Module) -> str:
    """The expression that makes a network of torch's own layers: their repr reads as the call that made them."""
    if not isinstance(module, nn.Sequential):
        return f"nn.{module!r}"
    layers = "".join(f"{module_text(layer)},\n" for layer in module)
    return f"nn.Sequential(\n{textwrap.indent(layers, '    ')})"
