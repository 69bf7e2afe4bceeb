"""A run of a game as a short Python script of plain torch and optim_core, the same to the last bit."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from app.export.script_parts import Objective, loop_script, noise_parts
from app.export.source import Excerpt, excerpt, plain
from app.figures.games import game_caption
from app.runs.games import escape_radius
from app.state import GamesConfig

_FIELD = '''gradient_of_f = {maker}({f})


def {name}(z, evaluation):
    """Both players at once: x descends f, and y, whose part of the gradient changes its sign, ascends it."""
    value, gradient = gradient_of_f(z, evaluation)
    gradient[:, 1].neg_()
    return value, gradient'''


def game_script(config: GamesConfig, file: str = "run.py") -> str:
    """The script of a run on the Games page; it is to be saved under the name `file`."""
    return loop_script(config, game_caption(config), _objective(config), escape_radius(config), file)


def _objective(config: GamesConfig) -> Objective:
    """The field that both players follow."""
    from landscapes import fields

    game = config.landscape
    followed = game.objective if game.slope is None else game.slope
    maker = "_autograd_field" if game.slope is None else "_slope_field"
    noisy, noise = noise_parts(config)
    last = _FIELD.format(maker=maker, f=followed.__name__, name="exact_field" if noisy else "field")
    return Objective(
        [_written_out(followed), excerpt(fields, (maker,)), *noisy], "\n\n\n".join(filter(None, (last, noise)))
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
