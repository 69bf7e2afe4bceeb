"""A run as a short Python script of plain torch and optim_core, which gives the same numbers to the last bit.

The objective and the noise are the app's own source. The loop is the one anybody would write, with all runs stacked in
one tensor as the app stacks them: vectorised kernels may round the last bit of a sine by where in a batch it stands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from app.export.caption import program, surface_caption
from app.export.formula_source import objective_source
from app.export.source import Excerpt, excerpt
from app.runs import escape_radius
from app.state import GamesConfig, SurfacesConfig
from app.state.formula import DEFAULT_FORMULA
from app.state.surfaces import OWN
from optim_core.spec import OptimizerSpec

_TEMPLATE = '''"""{title}: a run of {program}, repeated bit for bit.

{settings}

Needs torch and the package lookahead-lab, which brings optim_core. Run it with the name of a file to keep all numbers:

    python {file} trajectory.npz
"""

{imports}

torch.set_num_threads(2)

NAMES = {names}
STARTS = {starts}
STEPS = {steps}
ESCAPE = {escape}  # a run with a coordinate beyond this has diverged: it stays where it was

{objective}


def optimizers_of(weights):
    """The optimizers compared, each on weights of its own."""
    return [
{optimizers}
    ]


{schedules}def run():
    """All runs at once: x is (optimizers, starts, 2), and each optimizer steps its own slice of it."""
    x = torch.tensor(STARTS, dtype=torch.float64).repeat(len(NAMES), 1, 1)
    weights = [torch.nn.Parameter(slice_of_x) for slice_of_x in x]
    optimizers = optimizers_of(weights)
    alive = torch.ones(x.shape[:2], dtype=torch.bool)
    fast, losses = [x.clone()], []
    slow = [[[phi] for phi in slow_weights(optimizer)] for optimizer in optimizers]
    for step in range(STEPS + 1):
        loss, gradient = field(x.view(-1, 2), step)
        losses.append(loss.view(alive.shape).clone())
        if step == STEPS:
            return fast, slow, losses
        for index, optimizer in enumerate(optimizers):
            weights[index].grad = gradient.view(x.shape)[index].clone()
{set_lr}            optimizer.step()
        alive &= (x.abs() <= ESCAPE).all(-1)
        x.copy_(torch.where(alive[..., None], x, fast[-1]))
        fast.append(x.clone())
        for index, optimizer in enumerate(optimizers):
            for kept, phi in zip(slow[index], slow_weights(optimizer)):
                kept.append(torch.where(alive[index, :, None], phi, kept[-1]))


def slow_weights(optimizer):
    """The slow weights of each layer, innermost first."""
    layers = optimizer.layers if isinstance(optimizer, MultilayerLookahead) else ()
    return [optimizer.slow_weights(layer)[0].detach().clone() for layer in range(1, len(layers) + 1)]


if __name__ == "__main__":
    fast, slow, losses = run()
    for index, name in enumerate(NAMES):
        for start, (x, y) in zip(STARTS, fast[-1][index].tolist()):
            print(f"{{name}} from {{tuple(start)}}: x = {{x!r}}, y = {{y!r}}")
    if len(sys.argv) > 1:
        arrays = {{"fast": torch.stack(fast).numpy(), "loss": torch.stack(losses).numpy()}}
        for index, layers in enumerate(slow):
            for layer, kept in enumerate(layers, start=1):
                arrays[f"slow_{{index}}_{{layer}}"] = torch.stack(kept).numpy()
        np.savez(sys.argv[1], **arrays)
'''

_DISTURBED = '''
draw = _by_evaluation(lambda first, count: _disturbance(NOISE, len(STARTS), first, count), len(STARTS))


def field(x, evaluation):
    """The loss without and the gradient with noise, which depends on the seed, the start and the evaluation alone."""
    loss, gradient = exact_field(x, evaluation)
    by_start = gradient.view(-1, len(STARTS), 2)
    return loss, (by_start {operator} draw(evaluation)).view(gradient.shape)'''

_SAMPLED = '''
mean = mean_function({objective}, NOISE)
places = shifts(NOISE)
drawn = lambda first, count: torch.from_numpy(copies(NOISE, len(STARTS), first, count))
draw = _by_evaluation(lambda first, count: places[drawn(first, count)], len(STARTS))


def field(x, evaluation):
    """The loss of the mean of the copies, and the gradient of the copy that this evaluation draws."""
    shifted = x.detach().view(-1, len(STARTS), 2) - draw(evaluation)
    with torch.no_grad():
        loss = mean(x)
    return loss, exact_field(shifted.view(x.shape), evaluation)[1]'''


def surface_script(config: SurfacesConfig, file: str = "run.py") -> str:
    """The script of a run on the Surfaces page; it is to be saved under the name `file`."""
    specs = config.specs()
    excerpts, objective = _objective(config)
    imports = {"import sys", "import numpy as np", "import torch"}.union(*(part.imports for part in excerpts))
    if config.noise != "none":
        imports.add("from types import SimpleNamespace")
    if any(spec.schedule.kind == "cosine" for spec in specs):
        imports.add("import math")
    scheduled = [index for index, spec in enumerate(specs) if spec.schedule.kind != "constant"]
    caption = surface_caption(config)
    return _TEMPLATE.format(
        title=caption.title,
        program=program(),
        settings="\n".join(caption.settings).replace("\\", "\\\\"),
        file=file,
        imports="\n".join([*sorted(imports, key=import_order), "from optim_core import MultilayerLookahead"]),
        names=repr([spec.name for spec in specs]),
        starts=repr([list(start) for start in config.starts]),
        steps=config.steps,
        escape=repr(escape_radius(config)),
        objective=objective,
        optimizers="\n".join(f"        {_optimizer(spec, index)}," for index, spec in enumerate(specs)),
        schedules=_schedules(specs) if scheduled else "",
        set_lr='            optimizer.param_groups[0]["lr"] = lr_of(index, step)\n' if scheduled else "",
    )


def _objective(config: SurfacesConfig) -> tuple[list[Excerpt], str]:
    """Excerpts for the field that the app follows, and the whole text that ends with the definition of `field`."""
    from landscapes import fields, noise

    surface, kind = config.landscape, config.noise
    followed = surface.function if surface.slope is None else surface.slope
    maker = "_autograd_field" if surface.slope is None else "_slope_field"
    first, name = _written_out(config, followed)
    parts = [first, excerpt(fields, (maker,))]
    last = f"{'field' if kind == 'none' else 'exact_field'} = {maker}({name})"
    if kind == "minibatch":
        function, name = _written_out(config, surface.function)
        parts = [*([function] if function != first else []), *parts]
        parts.append(excerpt(noise, ("_by_evaluation", "copies", "mean_function", "shifts")))
        last += "\n" + _noise_line(config) + _SAMPLED.format(objective=name)
    else:
        noisy, text = noise_parts(config)
        parts, last = [*parts, *noisy], f"{last}\n{text}" if noisy else last
    return parts, "\n\n\n".join([text for part in parts for text in part.definitions] + [last])


def noise_parts(config: SurfacesConfig | GamesConfig) -> tuple[list[Excerpt], str]:
    """What disturbs `exact_field` into `field`: excerpts, and the lines that go last; nothing without noise."""
    from landscapes import noise

    if config.noise == "none":
        return [], ""
    operator = "*" if config.noise == "multiplicative" else "+"
    text = _noise_line(config) + _DISTURBED.format(operator=operator)
    return [excerpt(noise, ("_by_evaluation", "_disturbance"))], text


def _written_out(config: SurfacesConfig, function: Callable[..., Any]) -> tuple[Excerpt, str]:
    """The source of the surface's function or slope, and the expression that names it there."""
    if config.surface == OWN:
        return Excerpt(
            (), (objective_source(config.formula or DEFAULT_FORMULA, dict(config.parameters or ())),)
        ), "objective"
    return _excerpt_of(function), _expression(function)


def _excerpt_of(function: Callable[..., Any]) -> Excerpt:
    """The source of a function or, for one that another made, of its maker."""
    module = inspect.getmodule(function)
    if module is None:
        raise ValueError(f"the source of {function.__qualname__} is not known, so no script can repeat it")
    return excerpt(module, (function.__qualname__.split(".")[0],))


def _expression(function: Callable[..., Any]) -> str:
    """How to write the function: by its name, or as a call of its maker with the values it was made with."""
    maker = function.__qualname__.split(".")[0]
    made_with = inspect.getclosurevars(function).nonlocals
    values = ", ".join(f"{name}={value!r}" for name, value in made_with.items())
    return f"{maker}({values})" if made_with else maker


def _noise_line(config: SurfacesConfig | GamesConfig) -> str:
    values = ", ".join(f"{name}={value!r}" for name, value in asdict(config.gradient_noise()).items())
    return f"NOISE = SimpleNamespace({values})"


def _optimizer(spec: OptimizerSpec, index: int) -> str:
    """The expression that makes an optimizer, with torch's own names."""
    settings = [f"lr={spec.lr!r}"]
    if spec.base in ("momentum", "nesterov"):
        settings.append(f"momentum={spec.momentum!r}")
    if spec.base == "nesterov" and spec.momentum > 0:
        settings.append("nesterov=True")
    if spec.base in ("adam", "adamw"):
        settings.append(f"betas={spec.betas!r}")
    settings.append(f"weight_decay={spec.weight_decay!r}")
    name = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}.get(spec.base, "SGD")
    base = f"torch.optim.{name}([weights[{index}]], {', '.join(settings)})"
    if not spec.layers:
        return base
    k, alpha = [layer.k for layer in spec.layers], [layer.alpha for layer in spec.layers]
    momentum = f", momentum={spec.kept_momentum!r}" if spec.kept_momentum != "keep" else ""
    return f"MultilayerLookahead({base}, k={k}, alpha={alpha}{momentum})"


def _schedules(specs: tuple[OptimizerSpec, ...]) -> str:
    lines = [f"        {_lr(spec)}," for spec in specs]
    body = ['    """The lr of an optimizer at a base step."""', "    return (", *lines, "    )[index]"]
    return "\n".join(["def lr_of(index, step):", *body, "\n\n"])


def _lr(spec: OptimizerSpec) -> str:
    schedule = spec.schedule
    return {
        "constant": repr(spec.lr),
        "step": f"{spec.lr!r} * {schedule.factor!r} ** (step // {schedule.every!r})",
        "cosine": f"{spec.lr!r} * ((1 + math.cos(math.pi * step / STEPS)) / 2)",
    }[schedule.kind]


def import_order(line: str) -> tuple[bool, bool, str]:
    """Python's own modules first, and plain imports before parts of modules."""
    return ("numpy" in line or "torch" in line, line.startswith("from"), line)
