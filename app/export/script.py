"""A run as a short Python script of plain torch and optim_core, which gives the same numbers to the last bit.

The objective and the noise are the app's own source; the loop around them is that of `script_parts`.
"""

from __future__ import annotations

from app.export.formula_source import objective_source, slope_source
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
    title = " ".join((config.formula or DEFAULT_FORMULA).split()) if config.surface == OWN else surface.name
    function = Excerpt((), (objective_source(surface.tree, title),))
    maker, name, followed = "_autograd_field", "objective", function
    if surface.slope is not None:
        maker, name, followed = "_slope_field", "slope", Excerpt((), (slope_source(surface.slope, title),))
    parts = [followed, excerpt(fields, (maker,))]
    last = f"{'field' if kind == 'none' else 'exact_field'} = {maker}({name})"
    if kind == "minibatch":
        parts = [function, *parts, excerpt(noise, ("_by_evaluation", "copies", "mean_function", "shifts"))]
        return Objective(parts, last + "\n" + noise_setting(config) + _SAMPLED.format(objective="objective"))
    noisy, text = noise_parts(config)
    return Objective([*parts, *noisy], f"{last}\n{text}" if noisy else last)
