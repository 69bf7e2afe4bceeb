"""What scripts that train networks share: scikit-learn's digits as the app splits them, and networks as torch.nn."""

from __future__ import annotations

import textwrap

from torch import nn

from app.export.source import Excerpt, excerpt

DIGITS_IMPORTS = ("from sklearn.datasets import load_digits",)

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
    return [Excerpt(DIGITS_IMPORTS, (text,)), excerpt(splits, ("_balanced",))]


def module_text(module: nn.Module) -> str:
    """The expression that makes a network of torch's own layers: their repr reads as the call that made them."""
    if not isinstance(module, nn.Sequential):
        return f"nn.{module!r}"
    layers = "".join(f"{module_text(layer)},\n" for layer in module)
    return f"nn.Sequential(\n{textwrap.indent(layers, '    ')})"
