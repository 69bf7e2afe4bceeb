"""A run of a game as a short Python script: the game written out, recorded by optim_core, the same to the last bit."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from app.export.caption import program
from app.export.games import game_caption
from app.export.script import import_order, noise_parts
from app.export.source import Excerpt, excerpt, plain
from app.game_runs import escape_radius
from app.state import GamesConfig

_TEMPLATE = '''"""{title}: a run of {program}, repeated bit for bit.

{settings}

Needs torch and the package lookahead-lab, which brings optim_core. Run it with the name of a file to keep all numbers:

    python {file} trajectory.npz
"""

{imports}
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.trajectory import record

torch.set_num_threads(2)

STARTS = {starts}
STEPS = {steps}
ESCAPE = {escape}  # a run with a coordinate beyond this has diverged: it stays where it was
OPTIMIZERS = [
{optimizers}
]

{objective}


def {exact}(z, evaluation):
    """Both players at once: x descends f, and y, whose part of the gradient changes its sign, ascends it."""
    value, gradient = gradient_of_f(z, evaluation)
    gradient[:, 1].neg_()
    return value, gradient
{noise}

def run():
    """All runs of all optimizers, every iterate."""
    return record(field, OPTIMIZERS, STARTS, STEPS, escape=ESCAPE)


if __name__ == "__main__":
    trajectory = run()
    for index, name in enumerate(trajectory.names):
        for start, (x, y) in zip(STARTS, trajectory.fast[-1, index].tolist()):
            print(f"{{name}} from {{tuple(start)}}: x = {{x!r}}, y = {{y!r}}")
    if len(sys.argv) > 1:
        np.savez(sys.argv[1], fast=trajectory.fast, loss=trajectory.loss)
'''


def game_script(config: GamesConfig, file: str = "run.py") -> str:
    """The script of a run on the Games page; it is to be saved under the name `file`."""
    from landscapes import fields

    game, caption = config.landscape, game_caption(config)
    followed = game.objective if game.slope is None else game.slope
    maker = "_autograd_field" if game.slope is None else "_slope_field"
    noisy, noise = noise_parts(config)
    parts = [_written_out(followed), excerpt(fields, (maker,)), *noisy]
    imports = {"import sys", "import numpy as np", "import torch"}.union(*(part.imports for part in parts))
    if noisy:
        imports.add("from types import SimpleNamespace")
    last = f"gradient_of_f = {maker}({followed.__name__})"
    return _TEMPLATE.format(
        title=caption.title,
        program=program(),
        settings="\n".join(caption.settings).replace("\\", "\\\\"),
        file=file,
        imports="\n".join(sorted(imports, key=import_order)),
        starts=repr([list(start) for start in config.starts]),
        steps=config.steps,
        escape=repr(escape_radius(config)),
        optimizers="\n".join(f"    {spec!r}," for spec in config.specs()),
        objective="\n\n\n".join([text for part in parts for text in part.definitions] + [last]),
        exact="exact_field" if noisy else "field",
        noise=f"\n\n{noise}\n" if noisy else "",
    )


def _written_out(function: Callable[..., Any]) -> Excerpt:
    """A function made inside another one, with the values it was made with as constants; any other as it stands."""
    module = inspect.getmodule(function)
    if module is None:
        raise ValueError(f"the source of {function.__qualname__} is not known, so no script can repeat it")
    if "." not in function.__qualname__:
        return excerpt(module, (function.__qualname__,))
    constants = [f"{name} = {value!r}" for name, value in inspect.getclosurevars(function).nonlocals.items()]
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    used = tuple(name for name in inspect.getclosurevars(function).globals)
    return Excerpt(excerpt(module, used).imports, (*constants, plain(node)))
