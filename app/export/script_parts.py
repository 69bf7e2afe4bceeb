"""What scripts share: the loop that anybody would write, and how optimizers, schedules and noise are written out.

All runs are stacked in one tensor as the app stacks them: vectorised kernels may round the last bit of a sine by where
in a batch it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from app.export.source import Excerpt, excerpt
from app.figures.caption import Caption, program
from app.state import GamesConfig, SurfacesConfig
from optim_core.spec import OptimizerSpec

OWN, OTHERS = ("landscapes", "optim_core"), ("numpy", "sklearn", "torch")

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
{players}

{objective}


def optimizers_of(weights):
    """The optimizers compared, each on weights of its own."""
    return [
{optimizers}
    ]


{schedules}{closures}def run():
    """All runs at once: x is (optimizers, starts, 2), and each optimizer steps its own slice of it."""
    x = torch.tensor(STARTS, dtype=torch.float64).repeat(len(NAMES), 1, 1)
{weights}
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
{step}
        alive &= (x.abs() <= ESCAPE).all(-1)
        x.copy_(torch.where(alive[..., None], x, fast[-1]))
        fast.append(x.clone())
        for index, optimizer in enumerate(optimizers):
            for kept, phi in zip(slow[index], slow_weights(optimizer)):
                kept.append(torch.where(alive[index, :, None], phi, kept[-1]))


def slow_weights(optimizer):
    """The slow weights of each layer, innermost first."""
    layers = optimizer.layers if isinstance(optimizer, MultilayerLookahead) else ()
    return [torch.cat(optimizer.slow_weights(layer), -1) for layer in range(1, len(layers) + 1)]


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

_WEIGHTS = "    weights = [torch.nn.Parameter(slice_of_x) for slice_of_x in x]"
_STEP = """            weights[index].grad = gradient.view(x.shape)[index].clone()
{set_lr}            optimizer.step()"""

_PLAYERS = """PLAYERS = {players}  # 2 where the players move in turn: then each is a param group of its own
TWICE = {twice}  # whether a base step takes the gradient twice
"""
_WEIGHTS_OF_PLAYERS = """    weights = [
        [torch.nn.Parameter(part) for part in slice_of_x.chunk(players, -1)] for slice_of_x, players in zip(x, PLAYERS)
    ]
    closures = [closure_of(*pair) for pair in zip(x, weights)]"""
_STEP_OF_PLAYERS = """{set_lr}            if TWICE[index]:
                optimizer.step(closures[index])
            else:
                weights[index][0].grad = gradient.view(x.shape)[index].clone()
                optimizer.step()"""
_CLOSURES = '''def closure_of(z, weights):
    """For a step that looks ahead or lets the second player answer: every call of it is the next evaluation."""
    evaluations = count()

    def closure():
        loss, gradient = field(z, next(evaluations))
        for weight, part in zip(weights, gradient.chunk(len(weights), -1)):
            weight.grad = part
        return loss.sum()

    return closure


'''

_DISTURBED = '''
draw = _by_evaluation(lambda first, count: _disturbance(NOISE, len(STARTS), first, count), len(STARTS))


def field(x, evaluation):
    """The loss without and the gradient with noise, which depends on the seed, the start and the evaluation alone."""
    loss, gradient = exact_field(x, evaluation)
    by_start = gradient.view(-1, len(STARTS), 2)
    return loss, (by_start {operator} draw(evaluation)).view(gradient.shape)'''


@dataclass(frozen=True)
class Objective:
    """What a script minimises: the excerpts it is made of, and the lines after them that end with defining `field`."""

    parts: Sequence[Excerpt]
    last: str

    @property
    def text(self) -> str:
        """All of it, as the script has it."""
        return definitions_text(self.parts) + self.last


def loop_script(
    config: SurfacesConfig | GamesConfig, caption: Caption, objective: Objective, escape: float, file: str
) -> str:
    """The script of a comparison on the plane; it is to be saved under the name `file`."""
    specs = config.specs()
    scheduled = any(spec.schedule.kind != "constant" for spec in specs)
    twice = [spec.evaluations_per_step > 1 for spec in specs]
    lr = '            for group in optimizer.param_groups:\n                group["lr"] = lr_of(index, step)\n'
    players = _PLAYERS.format(players=[1 + spec.alternating for spec in specs], twice=twice)
    return _TEMPLATE.format(
        title=caption.title,
        program=program(),
        settings=settings_text(caption),
        file=file,
        imports=_imports(config, objective.parts),
        names=repr([spec.name for spec in specs]),
        starts=repr([list(start) for start in config.starts]),
        steps=config.steps,
        escape=repr(escape),
        players=players if any(twice) else "",
        objective=objective.text,
        optimizers="\n".join(f"        {optimizer_text(*pair)}," for pair in zip(specs, _owned(specs), strict=True)),
        schedules=schedules_text(specs) if scheduled else "",
        closures=_CLOSURES if any(twice) else "",
        weights=_WEIGHTS_OF_PLAYERS if any(twice) else _WEIGHTS,
        step=(_STEP_OF_PLAYERS if any(twice) else _STEP).format(set_lr=lr if scheduled else ""),
    )


def settings_text(caption: Caption) -> str:
    """Every setting, for a docstring."""
    return "\n".join(caption.settings).replace("\\", "\\\\").replace('"""', "'''")


def definitions_text(parts: Sequence[Excerpt]) -> str:
    """The definitions of excerpts, each once, with room around functions and classes and at the end."""
    text = ""
    for definition in dict.fromkeys(text for part in parts for text in part.definitions):
        large = definition.startswith(("def ", "class ", "@"))
        before = text.rstrip("\n") + "\n\n\n" if large and text else text
        text = before + definition + ("\n\n\n" if large else "\n")
    return text.rstrip("\n") + "\n\n\n" if text else ""


def imports_text(lines: set[str]) -> str:
    """Import lines in groups: Python's own modules, others, this package's; plain imports before parts of modules."""
    groups: list[list[str]] = [[], [], []]
    for line in sorted(lines, key=lambda line: (line.startswith("from"), line)):
        module = line.split()[1].split(".")[0]
        groups[1 if module in OTHERS else 2 if module in OWN else 0].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)


def noise_parts(config: SurfacesConfig | GamesConfig) -> tuple[list[Excerpt], str]:
    """What disturbs `exact_field` into `field`: excerpts, and the lines that go last; nothing without noise."""
    from landscapes import noise

    if config.noise == "none":
        return [], ""
    operator = "*" if config.noise == "multiplicative" else "+"
    text = noise_setting(config) + _DISTURBED.format(operator=operator)
    return [excerpt(noise, ("_by_evaluation", "_disturbance"))], text


def noise_setting(config: SurfacesConfig | GamesConfig) -> str:
    """The line that says which noise."""
    values = ", ".join(f"{name}={value!r}" for name, value in asdict(config.gradient_noise()).items())
    return f"NOISE = SimpleNamespace({values})"


def optimizer_text(spec: OptimizerSpec, parameters: str) -> str:
    """The expression that makes an optimizer over `parameters`, with torch's own names."""
    base = _base_text(spec, parameters)
    if spec.alternating:
        base = f"Alternating({base})"
    if not spec.layers:
        return base
    k, alpha = [layer.k for layer in spec.layers], [layer.alpha for layer in spec.layers]
    momentum = f", momentum={spec.kept_momentum!r}" if spec.kept_momentum != "keep" else ""
    return f"MultilayerLookahead({base}, k={k}, alpha={alpha}{momentum})"


def methods_used(specs: Sequence[OptimizerSpec]) -> list[str]:
    """The names that optimizers need from optim_core.methods."""
    used = {_METHODS[spec.base] for spec in specs if spec.base in _METHODS}
    return sorted(used | ({"Alternating"} if any(spec.alternating for spec in specs) else set()))


def schedules_text(specs: Sequence[OptimizerSpec]) -> str:
    """The function `lr_of(index, step)` of optimizers whose lr changes."""
    lines = [f"        {_lr(spec)}," for spec in specs]
    body = ['    """The lr of an optimizer at a base step."""', "    return (", *lines, "    )[index]"]
    return "\n".join(["def lr_of(index, step):", *body, "\n\n"])


_METHODS = {"extragradient": "Extragradient", "optimistic": "OptimisticGradient"}
_TORCH = {"adam": "torch.optim.Adam", "adamw": "torch.optim.AdamW", "rmsprop": "torch.optim.RMSprop"}


def _base_text(spec: OptimizerSpec, parameters: str) -> str:
    settings = [f"lr={spec.lr!r}"]
    if spec.base in ("momentum", "nesterov"):
        settings.append(f"momentum={spec.momentum!r}")
    if spec.base == "nesterov" and spec.momentum > 0:
        settings.append("nesterov=True")
    if spec.base in ("adam", "adamw"):
        settings.append(f"betas={spec.betas!r}")
    settings.append(f"weight_decay={spec.weight_decay!r}")
    name = (_METHODS | _TORCH).get(spec.base, "torch.optim.SGD")
    return f"{name}({parameters}, {', '.join(settings)})"


def _owned(specs: Sequence[OptimizerSpec]) -> list[str]:
    """How the script names what each optimizer owns."""
    if all(spec.evaluations_per_step == 1 for spec in specs):
        return [f"[weights[{index}]]" for index in range(len(specs))]
    in_turn = '[{{"params": [part]}} for part in weights[{0}]]'
    return [(in_turn if spec.alternating else "weights[{0}]").format(index) for index, spec in enumerate(specs)]


def _lr(spec: OptimizerSpec) -> str:
    schedule = spec.schedule
    return {
        "constant": repr(spec.lr),
        "step": f"{spec.lr!r} * {schedule.factor!r} ** (step // {schedule.every!r})",
        "cosine": f"{spec.lr!r} * ((1 + math.cos(math.pi * step / STEPS)) / 2)",
    }[schedule.kind]


def _imports(config: SurfacesConfig | GamesConfig, parts: Sequence[Excerpt]) -> str:
    specs = config.specs()
    lines = {"import sys", "import numpy as np", "import torch", "from optim_core import MultilayerLookahead"}
    lines |= schedule_imports(specs).union(*(part.imports for part in parts))
    if config.noise != "none":
        lines.add("from types import SimpleNamespace")
    if methods := methods_used(specs):
        lines.add(f"from optim_core.methods import {', '.join(methods)}")
    if any(spec.evaluations_per_step > 1 for spec in specs):
        lines.add("from itertools import count")
    return imports_text(lines)


def schedule_imports(specs: Sequence[OptimizerSpec]) -> set[str]:
    """What `schedules_text` needs."""
    return {"import math"} if any(spec.schedule.kind == "cosine" for spec in specs) else set()
