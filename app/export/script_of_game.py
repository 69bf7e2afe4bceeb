"""A run of a game as a short Python script of plain torch and optim_core, the same to the last bit."""

from __future__ import annotations

from app.export.formula_source import objective_source, slope_source
from app.export.games import game_caption
from app.export.script_parts import Objective, loop_script, noise_parts
from app.export.source import Excerpt, excerpt
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
    if game.slope is None:
        maker, name, followed = "_autograd_field", "objective", objective_source(game.tree, game.name)
    else:
        maker, name, followed = "_slope_field", "slope", slope_source(game.slope, game.name)
    noisy, noise = noise_parts(config)
    last = _FIELD.format(maker=maker, f=name, name="exact_field" if noisy else "field")
    return Objective(
        [Excerpt((), (followed,)), excerpt(fields, (maker,)), *noisy], "\n\n\n".join(filter(None, (last, noise)))
    )
