"""A comparison of the Networks page as a Python script: data, network and training loop written out in plain torch."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from app.export.script_data import AVERAGE, AVERAGED, TAIL, TRAINING_IMPORTS, UPDATE, digits_parts, module_text
from app.export.script_parts import (
    definitions_text,
    imports_text,
    optimizer_text,
    schedule_imports,
    schedules_text,
    settings_text,
)
from app.export.source import Excerpt, excerpt
from app.figures.caption import program
from app.figures.networks import network_caption

if TYPE_CHECKING:
    from app.state import NetworksConfig
    from landscapes.tasks import ClassifierTask

_TEMPLATE = '''"""{title}: a comparison of {program}, trained again bit for bit.

{settings}

Needs torch, scikit-learn and the package lookahead-lab, which brings optim_core. Run it with the name of a file to keep
the curves:

    python {file} curves.npz
"""

{imports}

torch.set_num_threads(1)  # how many threads share a sum decides its last bit

NAMES = {names}
SEEDS = {seeds}
STEPS, EVALUATE_EVERY, BATCH_SIZE = {steps}, {evaluate_every}, {batch_size}
TRAIN_SIZE, LABEL_NOISE = {train_size}, {label_noise}


{definitions}{data}


def network():
    """{about}."""
{network}


def optimizer_of(index, weights):
    """One of the optimizers compared."""
    return (
{optimizers}
    )[index](weights)


{schedules}def train(index, seed):
    """One run: the loss of each step's mini-batch; now and then loss and accuracy on the test images."""
    images, labels, test_images, test_labels = split()
    torch.manual_seed(seed)
    model = network()
    optimizer = optimizer_of(index, model.parameters())
    layers = optimizer.layers if isinstance(optimizer, MultilayerLookahead) else ()
    start, fast = flat(model.parameters()), flat(model.parameters())
    # A synchronisation replaces the fast weights: what the step itself made of them is seen in a hook of the base.
    base = optimizer.base if layers else optimizer
    base.register_step_post_hook(lambda *_: fast.copy_(flat(model.parameters())))
{average}    losses, evaluated, tests = [], [], {{}}
    for step in range(STEPS + 1):
        if step % EVALUATE_EVERY == 0 or step == STEPS:
            weights = {{"fast": fast}}
            weights |= {{f"slow_{{i}}": flat(optimizer.slow_weights(i)) for i in range(1, len(layers) + 1)}}
{averaged}            evaluated.append(step)
            for name, vector in weights.items():
                probe = with_weights(model, vector)
{refreshed}                loss, accuracy = score(probe, test_images, test_labels)
                tests.setdefault(f"{{name}}_test_loss", []).append(loss)
                tests.setdefault(f"{{name}}_test_accuracy", []).append(accuracy)
        if step == STEPS:
            break
        rows = batch_rows(step, seed, len(labels), BATCH_SIZE)
        optimizer.zero_grad()
        loss = functional.cross_entropy(model({batch}), labels[rows])
        loss.backward()
        gradient = flat(weight.grad for weight in model.parameters())
        if not (loss.isfinite() and gradient.norm().isfinite()):
            break
{set_lr}        optimizer.step()
        if not torch.dist(fast, start).isfinite():
            break
{update}        losses.append(loss.item())
    curves = {{"loss": losses, "evaluated": evaluated, **tests}}
    return {{name: np.array(values) for name, values in curves.items()}}


@torch.inference_mode()
def score(model, images, labels):
    """Mean cross entropy and accuracy."""
    model.eval()
    loss = correct = 0.0
    for some, right in zip(images.split({rows}), labels.split({rows})):
        logits = model(some)
        loss += functional.cross_entropy(logits, right, reduction="sum").item()
        correct += (logits.argmax(1) == right).sum().item()
    return loss / len(labels), correct / len(labels)


{tail}'''

_SPLIT = '''@lru_cache
def split():
    """Training images and labels, test images and labels; pixels are standardised by the training images."""
    images, labels = load()
    random = np.random.default_rng(({split_seed}, 1))
    rows = training_rows(labels, random)[:TRAIN_SIZE]
    _, train_labels = corrupt(labels[rows], LABEL_NOISE, {classes}, random)
    mean = images[rows].mean((0, 2, 3), keepdims=True)
    deviation = images[rows].std((0, 2, 3), keepdims=True).clip(min=1e-6)
    images = (images - mean) / deviation
    parts = images[rows], train_labels, images[{trainable}:], labels[{trainable}:]
    return [torch.from_numpy(part) for part in parts]'''

_SPLIT_OF_OTHERS = '''def split():
    """Training images and labels, test images and labels: landscapes.tasks has {name}, or downloads it."""
    whole = landscapes.tasks.splits.split({key!r}, TRAIN_SIZE, LABEL_NOISE, {split_seed})
    return whole.train.images, whole.train.labels, whole.test.images, whole.test.labels'''

_REFRESHED = """                if name != "fast":  # the running statistics belong to the fast weights
                    norms = [layer for layer in probe.modules() if isinstance(layer, nn.BatchNorm2d)]
                    refresh(probe, norms, images[:{rows}])
"""
_LR = """        for group in optimizer.param_groups:
            group["lr"] = lr_of(index, step)
"""


def network_script(config: NetworksConfig, file: str = "run.py") -> str:
    """A script that trains the comparison again, to be saved under the name `file`."""
    from app.runs.networks import requests
    from landscapes.tasks.classifier import EVALUATION_ROWS, STATISTICS_ROWS

    task, specs, caption = config.task(), config.specs(), network_caption(config)
    parts, data = _data(task)
    network, blocks = _network(task)
    parts = [*parts, *blocks, *_batches(task)]
    scheduled = any(spec.schedule.kind != "constant" for spec in specs)
    augmented = f"augment(images[rows], {task.augmentation!r}, step, seed)"
    return _TEMPLATE.format(
        title=caption.title,
        program=program(),
        settings=settings_text(caption),
        file=file,
        imports=_imports(config, parts),
        names=repr([spec.name for spec in specs]),
        seeds=f"range({config.seed}, {config.seed + config.seeds})",
        steps=config.steps,
        evaluate_every=requests(config)[0][0].evaluate_every,
        batch_size=task.batch_size,
        train_size=task.train_size,
        label_noise=repr(task.label_noise),
        definitions=definitions_text(parts),
        data=data,
        about=_about(task),
        network=textwrap.indent(network, "    "),
        optimizers="\n".join(f"        lambda weights: {optimizer_text(spec, 'weights')}," for spec in specs),
        schedules=schedules_text(specs) if scheduled else "",
        set_lr=_LR if scheduled else "",
        batch="images[rows]" if task.augmentation == "none" else augmented,
        rows=EVALUATION_ROWS,
        refreshed=_REFRESHED.format(rows=STATISTICS_ROWS) if task.network == "resnet18-bn" else "",
        average=AVERAGE.format(decay=config.ema) if config.ema else "",
        averaged=AVERAGED if config.ema else "",
        update=UPDATE if config.ema else "",
        tail=TAIL,
    )


def _about(task: ClassifierTask) -> str:
    from landscapes.tasks.models import MODELS

    return f"{MODELS[task.network].name}: {MODELS[task.network].about}"


def _data(task: ClassifierTask) -> tuple[list[Excerpt], str]:
    """Excerpts that `split` needs, and `split` itself."""
    from landscapes.tasks import splits
    from landscapes.tasks.catalogue import DATASETS

    entry = DATASETS[task.dataset]
    if task.dataset != "digits":
        text = _SPLIT_OF_OTHERS.format(name=entry.name, key=entry.key, split_seed=task.split_seed)
        return [Excerpt(("import landscapes.tasks.splits",), ())], text
    text = _SPLIT.format(split_seed=task.split_seed, classes=entry.classes, trainable=entry.trainable)
    return [Excerpt(("from functools import lru_cache",), ()), *digits_parts(), excerpt(splits, ("corrupt",))], text


def _network(task: ClassifierTask) -> tuple[str, list[Excerpt]]:
    """What the function that makes the network says, and what it needs."""
    from landscapes.tasks import models
    from landscapes.tasks.catalogue import DATASETS

    entry = DATASETS[task.dataset]
    if not task.network.startswith("resnet18"):
        layout = ".to(memory_format=torch.channels_last)" if task.network == "cnn" else ""
        return f"return {module_text(task.model(0))}{layout}", []
    norm = "nn.BatchNorm2d" if task.network == "resnet18-bn" else "_group_norm"
    helpers = ("resnet18",) if task.network == "resnet18-bn" else ("resnet18", "_group_norm")
    return f"return resnet18({entry.shape}, {entry.classes}, {norm})", [excerpt(models, helpers)]


def _batches(task: ClassifierTask) -> list[Excerpt]:
    """How mini-batches are drawn and changed, and how BatchNorm's statistics are renewed."""
    from landscapes.tasks import classifier, sampling

    drawn = ("batch_rows",) if task.augmentation == "none" else ("batch_rows", "augment")
    parts = [excerpt(sampling, drawn)]
    return parts if task.network != "resnet18-bn" else [*parts, excerpt(classifier, ("refresh",))]


def _imports(config: NetworksConfig, parts: list[Excerpt]) -> str:
    lines = TRAINING_IMPORTS | ({"from torch.optim import swa_utils"} if config.ema else set())
    found = {line for part in parts for line in part.imports}
    return imports_text(lines | found | schedule_imports(config.specs()))
