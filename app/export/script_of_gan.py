"""A comparison of the GANs page as a Python script: world, networks, both players' loop, written out in plain torch."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import torch
from torch import nn

from app.export.script_data import (
    AVERAGE,
    AVERAGED,
    TAIL,
    TRAINING_IMPORTS,
    UPDATE,
    digits_parts,
    module_text,
)
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
from app.figures.gans import gan_caption

if TYPE_CHECKING:
    from app.state import GansConfig
    from landscapes.tasks import GanTask

_TEMPLATE = '''"""{title}: a comparison of {program}, trained again bit for bit.

{settings}

Needs torch, {data} and the package lookahead-lab, which brings optim_core. Run it with the name of a file to keep
the curves:

    python {file} curves.npz
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # how many threads share a sum decides its last bit

{imports}

torch.set_num_threads(1)

NAMES = {names}
SEEDS = {seeds}
STEPS, EVALUATE_EVERY, BATCH_SIZE = {steps}, {evaluate_every}, {batch_size}
LATENT, JUDGED = {latent}, {judged}  # numbers that a sample is made from; samples that are judged


{definitions}{world}


def batch_of(step, seed):
    """Real samples, latent vectors for either player's turn, shares for mixing: a matter of (step, seed) alone."""
    random = np.random.default_rng((seed, 7, step))
    latents = random.standard_normal((2, BATCH_SIZE, LATENT), np.float32)
    mix = random.random(BATCH_SIZE, np.float32)
    return real(step, seed), torch.from_numpy(latents), torch.from_numpy(mix)


def networks():
    """The discriminator, which moves first, and the generator."""
    {networks}
    return nn.ModuleList([discriminator, generator])


def discriminator_loss(discriminator, generator, real, latent, mix):
    """Low where real samples are told from generated ones."""
    with torch.no_grad():
        fake = generator(latent)
    on_real, on_fake = discriminator(real), discriminator(fake)
    return {discriminator_loss}


def generator_loss(discriminator, generator, real, latent, mix):
    """Low where generated samples are taken for real ones."""
    return {generator_loss}


def optimizer_of(number, weights):
    """The optimizers compared: each time the discriminator's, then the generator's, whose layers are the same."""
    return (
{optimizers}
    )[number](weights)


{schedules}def base_step(optimizer):
    """A step without a synchronisation, for which it is too early before the other player has moved."""
    if isinstance(optimizer, MultilayerLookahead):
        optimizer.capture()  # where the slow weights start
        optimizer = optimizer.base
    optimizer.step()


def train(index, seed):
    """One run: both players' losses at each step; now and then how good the generated samples are."""
    torch.manual_seed(seed)
    model = networks()
    optimizers = [optimizer_of(2 * index + turn, player.parameters()) for turn, player in enumerate(model)]
    lookaheads = [optimizer for optimizer in optimizers if isinstance(optimizer, MultilayerLookahead)]
    layers = lookaheads[0].layers if lookaheads else ()
    start = fast = flat(model.parameters())
{average}    losses, evaluated, tests = [], [], {{}}
    for step in range(STEPS + 1):
        if step % EVALUATE_EVERY == 0 or step == STEPS:
            weights = {{"fast": fast}}
            for i in range(1, len(layers) + 1):
                weights[f"slow_{{i}}"] = flat(phi for lookahead in lookaheads for phi in lookahead.slow_weights(i))
{averaged}            evaluated.append(step)
            for name, vector in weights.items():
                for what, value in judged(with_weights(model, vector)[1]).items():
                    tests.setdefault(f"{{name}}_{{what}}", []).append(value)
        if step == STEPS:
            break
        samples, latents, mix = batch_of(step, seed)
        found, norms = [], []
        for turn, (player, optimizer) in enumerate(zip(model, optimizers)):
            optimizer.zero_grad()
            loss = (discriminator_loss, generator_loss)[turn](*model, samples, latents[turn], mix)
            loss.backward(inputs=list(player.parameters()))
            found.append(loss.item())
            norms.append(flat(weight.grad for weight in player.parameters()).norm())
{set_lr}            base_step(optimizer)
        fast = flat(model.parameters())
        if not all(map(math.isfinite, [*found, *norms, torch.dist(fast, start)])):
            break
        for lookahead in lookaheads:  # both players together
            lookahead.advance()
{update}        losses.append(found)
    curves = {{"loss": np.array(losses).reshape(-1, 2).T, "evaluated": evaluated, **tests}}
    return {{name: np.array(values) for name, values in curves.items()}}


@torch.no_grad()
def judged(generator):
    """The Fréchet distance of generated from held-out samples, the modes found, the share of samples in a mode."""
    latent = np.random.default_rng((0, 8)).standard_normal((JUDGED, LATENT), np.float32)
    made = generator(torch.from_numpy(latent)).numpy()
    if not np.isfinite(made).all():
        return dict.fromkeys(("test_frechet", "modes", "quality"), math.nan)
    found = mode_of(made)
    counts = np.bincount(found[found >= 0], minlength=MODES)
    return {{
        "test_frechet": frechet_distance(features(made), features(HELD_OUT)),
        "modes": float((counts >= JUDGED / MODES / 4).sum()),  # those with a quarter of their fair share
        "quality": float((found >= 0).mean()),
    }}


{tail}'''

_RING = '''MODES = {modes}
ANGLES = 2 * math.pi * np.arange(MODES) / MODES
CENTRES = {radius} * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)


def ring(random, rows):
    """Points (rows, 2) of Gaussians around a circle."""
    chosen = CENTRES[random.integers(MODES, size=rows)]
    return (chosen + {deviation} * random.standard_normal((rows, 2))).astype(np.float32)


def real(step, seed):
    """The real samples of a step."""
    return torch.from_numpy(ring(np.random.default_rng((seed, 5, step)), BATCH_SIZE))


def mode_of(samples):
    """The Gaussian that each sample belongs to, -1 beyond three deviations of any."""
    distance = np.linalg.norm(samples[:, None] - CENTRES, axis=2)
    return np.where(distance.min(1) <= 3 * {deviation}, distance.argmin(1), -1)


features = raw_features(2)
HELD_OUT = ring(np.random.default_rng((6, 1)), 5_000)'''

_DIGITS = '''MODES = {modes}
images, labels = load()
images = 2 * images - 1
rows = training_rows(labels, np.random.default_rng(({split_seed}, 1)))
HELD_OUT = images[{trainable}:]
images, labels = images[rows], labels[rows]
features = principal_features(images, {features})
KNOWN = features(images)


def real(step, seed):
    """The real samples of a step."""
    return torch.from_numpy(images)[batch_rows(step, seed, len(images), BATCH_SIZE)]


def mode_of(samples):
    """The class of the nearest training image among the principal components."""
    squares = (KNOWN**2).sum(1) - 2 * features(samples) @ KNOWN.T
    return labels[squares.argmin(1)]'''

_OTHERS = '''# landscapes.tasks has the images of {key}, or downloads them.
WORLD = landscapes.tasks.worlds.images({key!r}, {train_size}, {split_seed})
MODES, HELD_OUT, features, mode_of = WORLD.modes, WORLD.held_out["test"], WORLD.features, WORLD.mode_of


def real(step, seed):
    """The real samples of a step."""
    return WORLD.draw(step, seed, BATCH_SIZE)'''

_DISCRIMINATOR = {
    "non-saturating": "functional.softplus(-on_real).mean() + functional.softplus(on_fake).mean()",
    "wgan-gp": "on_fake.mean() - on_real.mean() + {penalty!r} * gradient_penalty(discriminator, real, fake, mix)",
}
_GENERATOR = {
    "non-saturating": "functional.softplus(-discriminator(generator(latent))).mean()",
    "wgan-gp": "-discriminator(generator(latent)).mean()",
}
_LR = """            for group in optimizer.param_groups:
                group["lr"] = lr_of(2 * index + turn, step)
"""


def gan_script(config: GansConfig, file: str = "run.py") -> str:
    """A script that trains the comparison again, to be saved under the name `file`."""
    from app.runs.networks import requests
    from landscapes.tasks.gan import JUDGED

    task, caption = config.task(), gan_caption(config)
    specs = tuple(spec for players in config.optimizers() for _, spec in players)
    scheduled = any(spec.schedule.kind != "constant" for spec in specs)
    parts, world = _world(task)
    return _TEMPLATE.format(
        title=caption.title,
        program=program(),
        settings=settings_text(caption),
        data="NumPy" if task.dataset == "ring" else "scikit-learn",
        file=file,
        imports=_imports(config, parts),
        names=repr([spec.name for spec in config.specs()]),
        seeds=f"range({config.seed}, {config.seed + config.seeds})",
        steps=config.steps,
        evaluate_every=requests(config)[0][0].evaluate_every,
        batch_size=task.batch_size,
        latent=task.latent,
        judged=JUDGED,
        definitions=definitions_text(parts),
        world=world,
        networks=_networks(task),
        discriminator_loss=_DISCRIMINATOR[task.objective].format(penalty=task.penalty),
        generator_loss=_GENERATOR[task.objective],
        optimizers="\n".join(f"        lambda weights: {optimizer_text(spec, 'weights')}," for spec in specs),
        schedules=schedules_text(specs) if scheduled else "",
        set_lr=_LR if scheduled else "",
        average=AVERAGE.format(decay=config.ema) if config.ema else "",
        averaged=AVERAGED if config.ema else "",
        update=UPDATE if config.ema else "",
        tail=TAIL,
    )


def _networks(task: GanTask) -> str:
    """The lines that make the two networks, their layers in the order in which the app draws first weights."""
    from landscapes.tasks.catalogue import DATASETS
    from landscapes.tasks.gan import Gan

    shape = (2,) if task.dataset == "ring" else DATASETS[task.dataset].shape
    inner, lines = f"nn.{nn.Linear(task.hidden, task.hidden, device='meta')!r}", []
    with torch.device("meta"):  # no weights: neither memory nor random numbers
        model = Gan(shape, task.latent, task.hidden)
    for name, network in model.named_children():
        text = module_text(network)
        lines += [f"inner = {inner}  # its weights are drawn first"] if inner in text else []
        lines.append(f"{name} = {text.replace(inner, 'inner')}")
    return textwrap.indent("\n".join(lines), "    ").strip()


def _world(task: GanTask) -> tuple[list[Excerpt], str]:
    """Excerpts that world and losses need, and the world: `real`, `HELD_OUT`, `features`, `mode_of`, `MODES`."""
    from landscapes.tasks import frechet, gan, sampling, worlds
    from landscapes.tasks.catalogue import DATASETS

    losses = [excerpt(gan, ("gradient_penalty",))] if task.objective == "wgan-gp" else []
    if task.dataset == "ring":
        ring = {"modes": worlds.RING_MODES, "radius": worlds.RING_RADIUS, "deviation": worlds.RING_DEVIATION}
        return [excerpt(frechet, ("frechet_distance", "raw_features")), *losses], _RING.format(**ring)
    if task.dataset != "digits":
        text = _OTHERS.format(key=task.dataset, train_size=task.train_size, split_seed=task.split_seed)
        needed = Excerpt(("import landscapes.tasks.worlds",), ())
        return [needed, excerpt(frechet, ("frechet_distance",)), *losses], text
    entry, count = DATASETS["digits"], worlds.PCA_FEATURES
    numbers = {"modes": entry.classes, "trainable": entry.trainable, "features": count, "split_seed": task.split_seed}
    used = excerpt(frechet, ("frechet_distance", "principal_features"))
    return [*digits_parts(), excerpt(sampling, ("batch_rows",)), used, *losses], _DIGITS.format(**numbers)


def _imports(config: GansConfig, parts: list[Excerpt]) -> str:
    lines = TRAINING_IMPORTS | {"import math"} | ({"from torch.optim import swa_utils"} if config.ema else set())
    found = {line for part in parts for line in part.imports} - {"import os"}
    return imports_text(
        lines | found | schedule_imports([spec for players in config.optimizers() for _, spec in players])
    )
