"""The scripts of runs on the plane: surfaces and games.

All runs are stacked in one tensor as the app stacks them: in vectorised kernels the last bit of a sine may depend on
the position in a batch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from app.export.scripts.text import WIDTH, Node, assignment, call, constructor, listing, mapping, script, string_literal
from app.figures.caption import surface_caption
from app.figures.games import game_caption
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.state.surfaces import OWN
from landscapes.expression import Apply, Expression, Number, Symbol
from optim_core.spec import WITH_MU_X

if TYPE_CHECKING:
    from app.state import GamesConfig, SurfacesConfig
    from optim_core.spec import OptimizerSpec

_RUN = '''{function}{starts}
STEPS = {steps}
ESCAPE = {escape}  # a run with a coordinate beyond this has diverged: it stays where it was

# (x, evaluation) -> (loss, gradient), a row for each run
{field}
x = torch.tensor(STARTS, dtype=torch.float64).repeat({count}, 1, 1)  # (optimizers, starts, 2)
{setup}


def levels(z, optimizer):
    """Fast weights, then slow weights of each layer, the innermost first: (levels, starts, 2)."""
    layers = range(1, 1 + len(getattr(optimizer, "layers", ())))
{levels}


{closure}losses, alive = [], torch.ones(x.shape[:2], dtype=torch.bool)
paths = [[levels(*pair)] for pair in zip(x, optimizers.values())]
for step in range(STEPS):
    loss, gradient = field(x.view(-1, 2), step)
    losses.append(loss)
{elsewhere}    for i, optimizer in enumerate(optimizers.values()):
{step}
        alive[i] &= (x[i].abs() <= ESCAPE).all(-1)
        paths[i].append(torch.where(alive[i, :, None], levels(x[i], optimizer), paths[i][-1]))
        x[i] = paths[i][-1][0]
{scheduled}losses.append(field(x.view(-1, 2), STEPS)[0])

arrays = {{name: torch.stack(path).numpy() for name, path in zip(optimizers, paths)}}
{averages}for name, path in arrays.items():
    for start, (x_end, y_end) in zip(STARTS, path[-1, 0].tolist()):
        print(f"{{name}} from {{start}}: x = {{x_end!r}}, y = {{y_end!r}}")
if len(sys.argv) > 1:
    np.savez(sys.argv[1], loss=torch.stack(losses).view(-1, *alive.shape).numpy(), **arrays)
'''

_WEIGHTS = "w = [[torch.nn.Parameter(z)] for z in x]  # each optimizer moves a slice of its own"
_STEP = """        w[i][0].grad = gradient.view_as(x)[i]
        optimizer.step()"""
_SCHEDULE_STEPS = """    for schedule in schedules:
        schedule.step()
"""
_AVERAGES = """
for name, decay in decays.items():
    arrays[f"{name}, averaged"] = exponential_average(arrays[name][:, :1], decay)
"""

# For methods whose result is an average, and which take the gradient between it and their fast weights.
_ELSEWHERE = """    pairs = zip(x, optimizers.values())
    y = [getattr(optimizer, "gradient_places", lambda z=z: [z])()[0] for z, optimizer in pairs]
    gradient = field(torch.cat(y), step)[1]
"""
_LEVELS = "    return torch.stack([z, *(torch.cat(optimizer.slow_weights(layer), -1) for layer in layers)])"
_LEVELS_OR_AVERAGE = """    slow = [torch.cat(optimizer.slow_weights(layer), -1) for layer in layers]
    return torch.stack([z, *slow, *getattr(optimizer, "averages", list)()])"""
_STEP_WITH_GRADIENT = """        w[i][0].grad = gradient.view_as(x)[i]
        optimizer.step(lambda: 0.0)  # the gradient is there already"""

# For methods with two gradient evaluations per step.
_PLAYERS = """players = {}  # 2 where they move in turn: each is a parameter of its own
w = [[torch.nn.Parameter(part) for part in z.chunk(n, -1)] for z, n in zip(x, players)]
evaluations = [count() for _ in x]"""
_CLOSURE = '''def closure(i):
    """An evaluation: steps that look ahead, or let the second player answer, take two."""
    loss, gradient = field(x[i], next(evaluations[i]))
    for weight, part in zip(w[i], gradient.chunk(len(w[i]), -1)):
        weight.grad = part
    return loss.sum()


'''
_STEP_OF_PLAYERS = "        optimizer.step(partial(closure, i))"

_BASES = {
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "lion": "Lion",
    "extragradient": "Extragradient",
    "optimistic": "OptimisticGradient",
    "schedule_free": "ScheduleFreeSGD",
    "gpa": "GPA",
    "average": "GPA",
}

# Precedence: a part with a lower one than its surroundings needs parentheses.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
OPERATORS = {"+": (SUM, PRODUCT), "-": (SUM, PRODUCT), "*": (PRODUCT, SIGN), "/": (PRODUCT, SIGN)}  # left, right
TORCH_NAMES = {"ln": "log", "min": "minimum", "max": "maximum"}  # functions with other names in torch


def surface_script(config: SurfacesConfig, file: str = "run.py") -> str:
    """The script of a run on the Surfaces page; it is to be saved under the name `file`."""
    is_formula = config.surface == OWN
    surface = "f" if is_formula else f"SURFACES[{string_literal(config.surface)}]"
    field: Node = call("gradient_field", "f") if is_formula else f"{surface}.field()"
    if config.noise != "none":
        field = call("noisy_field", surface, constructor(config.gradient_noise()), starts="len(STARTS)")
    function = _function(config.landscape.tree) if is_formula and config.landscape.tree else ""
    body = _body(config, field, surface_runs.escape_radius(config), function)
    return script(surface_caption(config), body, file)


def game_script(config: GamesConfig, file: str = "run.py") -> str:
    """The script of a run on the Games page; it is to be saved under the name `file`."""
    parameter = "" if config.parameter is None else f".at({config.parameter!r})"
    field: Node = f"GAMES[{string_literal(config.game)}]{parameter}.field()"
    if config.noise != "none":
        field = call("with_noise", field, constructor(config.gradient_noise()), starts="len(STARTS)")
    return script(game_caption(config), _body(config, field, game_runs.escape_radius(config)), file)


def _function(tree: Expression) -> str:
    """`def f(p)` for a visitor's formula: the operations that the app computes, in their order.

    Only the parser's own tree is written out, so the text holds nothing but numbers, x, y and functions of the tables.
    """
    result = f"    return {_source(tree)[0]}"
    if len(result) > WIDTH:
        result = "    return (\n        " + "\n        ".join(_terms(tree)) + "\n    )"
    return f"\ndef f(p):\n    x, y = p.unbind(-1)\n{result}\n\n\n"


def _body(config: SurfacesConfig | GamesConfig, field: Node, escape: float, function: str = "") -> str:
    """The script without its docstring and its imports."""
    specs = config.specs()
    has_two_evaluations = any(spec.evaluations_per_step > 1 for spec in specs)
    has_averages = any(spec.averages for spec in specs)
    schedules = [_schedule(spec) for spec in specs if spec.schedule.kind != "constant"]
    decays = [
        (spec.name, repr(card.shown_ema)) for spec, card in zip(specs, config.active, strict=True) if card.shown_ema
    ]
    setup = [
        _PLAYERS.format([1 + spec.alternating for spec in specs]) if has_two_evaluations else _WEIGHTS,
        assignment("optimizers", mapping((spec.name, _optimizer(spec, f"w[{i}]")) for i, spec in enumerate(specs))),
        *([assignment("schedules", listing(schedules))] if schedules else []),
    ]
    return _RUN.format(
        function=function,
        starts=assignment("STARTS", listing(repr(start) for start in config.starts)),
        steps=config.steps,
        escape=repr(escape),
        field=assignment("field", field),
        count=len(specs),
        setup="\n".join(setup),
        closure=_CLOSURE if has_two_evaluations else "",
        levels=_LEVELS_OR_AVERAGE if has_averages else _LEVELS,
        elsewhere=_ELSEWHERE if has_averages else "",
        step=_STEP_OF_PLAYERS if has_two_evaluations else _STEP_WITH_GRADIENT if has_averages else _STEP,
        scheduled=_SCHEDULE_STEPS if schedules else "",
        averages=assignment("decays", mapping(decays)) + _AVERAGES if decays else "",
    )


def _optimizer(spec: OptimizerSpec, weights: str) -> Node:
    """The call that makes an optimizer, with torch's own names and without torch's own defaults."""
    settings = {"lr": repr(spec.lr)}
    if spec.base in ("momentum", "nesterov"):
        settings["momentum"] = repr(spec.momentum)
    if spec.base == "nesterov" and spec.momentum > 0:
        settings["nesterov"] = "True"
    if spec.base in WITH_MU_X:
        settings["mu_x"] = repr(spec.mu_x)
    if spec.averages:
        settings["mu_y"] = repr(spec.used_mu_y)
    if spec.base == "adamw" or spec.weight_decay:
        settings["weight_decay"] = repr(spec.weight_decay)
    groups = f'[{{"params": part}} for part in {weights}]' if spec.alternating else weights
    base: Node = call(_BASES.get(spec.base, "SGD"), groups, **settings)
    if spec.alternating:
        base = call("Alternating", base)
    if not spec.layers:
        return base
    layers = {"k": repr([layer.k for layer in spec.layers]), "alpha": repr([layer.alpha for layer in spec.layers])}
    if any(layer.has_momentum for layer in spec.layers):
        layers["outer_momentum"] = repr([layer.outer_momentum for layer in spec.layers])
        layers["outer_nesterov"] = repr([layer.outer_nesterov for layer in spec.layers])
    if spec.inner_buffers == "reset":
        layers["inner_buffers"] = string_literal(spec.inner_buffers)
    momentum = {} if spec.kept_momentum == "keep" else {"momentum": string_literal(spec.kept_momentum)}
    return call("MultilayerLookahead", base, **layers, **momentum)


def _schedule(spec: OptimizerSpec) -> Node:
    factor = f"{spec.schedule.factor!r} ** (step // {spec.schedule.every})"
    if spec.schedule.kind == "cosine":
        factor = "(1 + math.cos(math.pi * step / STEPS)) / 2"
    return call("LambdaLR", f"optimizers[{string_literal(spec.name)}]", f"lambda step: {factor}")


def _source(tree: Expression) -> tuple[str, int]:
    """An expression in Python, and its precedence."""
    match tree:
        case Number(value):
            return _number(value)
        case Symbol(name):
            return name, ATOM
        case Apply("neg", (argument,)):
            return f"-{_within(argument, ATOM)}", SIGN
        case Apply("^", (base, exponent)):
            base_text, exponent_text = _within(base, ATOM), _within(exponent, SIGN)
            beside = (base_text, exponent_text.partition("**")[0].rstrip())
            space = "" if all(map(_SIMPLE.fullmatch, beside)) else " "
            return f"{base_text}{space}**{space}{exponent_text}", POWER
        case Apply(sign, (first, second)) if sign in OPERATORS:
            least = OPERATORS[sign]
            return f"{_within(first, least[0])} {sign} {_within(second, least[1])}", least[0]
        case Apply(name, arguments):
            return _function_call(name, arguments), ATOM


_SIMPLE = re.compile(r"[a-z]|-?\d[-+.\w]*")  # operands without spaces around the sign of a power


def _terms(tree: Expression) -> list[str]:
    """The terms of a sum, each with its sign."""
    match tree:
        case Apply("+" | "-" as sign, (left, right)):
            return [*_terms(left), f"{sign} {_within(right, PRODUCT)}"]
    return [_source(tree)[0]]


def _within(tree: Expression, least: int) -> str:
    text, tightness = _source(tree)
    return text if tightness >= least else f"({text})"


def _number(value: float) -> tuple[str, int]:
    if not math.isfinite(value):
        return f'float("{value}")', ATOM
    text = str(int(value)) if value.is_integer() and 0 < abs(value) < 1e6 else repr(value)
    return text, SIGN if text.startswith("-") else ATOM


def _function_call(name: str, arguments: Sequence[Expression]) -> str:
    parts = [_source(argument)[0] for argument in arguments]
    function = f"torch.{TORCH_NAMES.get(name, name)}"
    if name not in ("min", "max"):
        return f"{function}({parts[0]})"
    pairs = zip(parts, arguments, strict=True)
    tensors = [f"torch.full_like(x, {part})" if isinstance(tree, Number) else part for part, tree in pairs]
    return reduce(lambda first, second: f"{function}({first}, {second})", tensors)
