"""A run as a short Python script of plain torch and optim_core, which gives the same numbers to the last bit.

The objective and the noise are the app's own source; the loop around them is that of `script_parts`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from app.export.formula_source import objective_source
from app.export.script_parts import Objective, loop_script, noise_parts, noise_setting
from app.export.source import Excerpt, excerpt
from app.figures.caption import surface_caption
from app.runs.surfaces import escape_radius
from app.state import SurfacesConfig
from app.state.formula import DEFAULT_FORMULA
from app.state.surfaces import OWN

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
    return loop_script(config, surface_caption(config), _objective(config), escape_radius(config), file)


def _objective(config: SurfacesConfig) -> Objective:
    """The field that the app follows."""
    from landscapes import fields, noise

    surface, kind = config.landscape, config.noise
    followed = surface.function if surface.slope is None else surface.slope
    maker = "_autograd_field" if surface.slope is None else "_slope_field"
    first, name = _written_out(config, followed)
    parts = [first, excerpt(fields, (maker,))]
    last = f"{'field' if kind == 'none' else 'exact_field'} = {maker}({name})"
    if kind == "minibatch":
        function, name = _written_out(config, surface.function)
        parts = [function, *parts, excerpt(noise, ("_by_evaluation", "copies", "mean_function", "shifts"))]
        return Objective(parts, last + "\n" + noise_setting(config) + _SAMPLED.format(objective=name))
    noisy, text = noise_parts(config)
    return Objective([*parts, *noisy], f"{last}\n{text}" if noisy else last)


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
