"""The script of a study: the library's own study of the same field."""

from __future__ import annotations

from app.export.atlas import atlas_caption
from app.export.scripts.text import Node, assignment, call, constructor, script, string_literal
from app.runs.atlas import places_of, problem_of
from app.state import AtlasConfig

_STUDY = '''{study}
{landscape}


def field(noise_scales, seeds):
    """The field over all runs of some cells, each with its own scale of the noise."""
    return {field}


{measure}{problem}
result = run_study(study, problem)
best = result.best or (0, 0)
print(f"best: {{study.settings[study.cell(best)]}}, mean {{result.mean.item(best)!r}}")
if len(sys.argv) > 1:
    np.savez(sys.argv[1], value=result.value, diverged=result.diverged)
'''
_TRAININGS = """{study}

torch.set_num_threads(1)  # with others, numbers differ in their last bits
result = run_trainings(study, task_from)
best = result.best or (0, 0)
print(f"best: {{study.settings[study.cell(best)]}}, mean {{result.mean.item(best)!r}}")
if len(sys.argv) > 1:
    np.savez(sys.argv[1], value=result.value, test=result.test, diverged=result.diverged)
"""
_DISTANCE = '''def distance(run, optimizer):
    """Of the outermost slow weights at the end from the nearest equilibrium, one for each seed."""
    ends = run.outermost(optimizer)[-1]
    return np.minimum.reduce([np.linalg.norm(ends - place, axis=-1) for place in {places}])


'''


def study_script(config: AtlasConfig, file: str = "run.py") -> str:
    """The script of a study; it is to be saved under the name `file`."""
    study = config.study()
    if config.task is not None:
        body = _TRAININGS.format(study=assignment("study", constructor(study)))
        return script(atlas_caption(config), body, file)
    problem = problem_of(config)
    registry = "GAMES" if config.is_game else "SURFACES"
    parameter = "" if config.parameter is None else f".at({config.parameter!r})"
    landscape = f"{registry}[{string_literal(config.objective)}]{parameter}"
    arguments: dict[str, Node] = {"escape": repr(problem.escape)}
    measure = ""
    if config.is_game:
        measure = _DISTANCE.format(places=list(places_of(config)))
        arguments["measure"] = "distance"
    body = _STUDY.format(
        study=assignment("study", constructor(study)),
        landscape=f"landscape = {landscape}{_noise(config)}",
        field=_field(config),
        measure=measure,
        problem=assignment("problem", call("Problem", "field", **arguments)),
    )
    return script(atlas_caption(config), body, file)


def _noise(config: AtlasConfig) -> str:
    if config.noise == "none":
        return ""
    return "\n" + assignment("noise", constructor(config.page_run().gradient_noise()))


def _field(config: AtlasConfig) -> str:
    if config.noise == "none":
        return "landscape.field()"
    if config.noise == "minibatch":
        return "noisy_field(landscape, noise, seeds)"
    return "with_noise_of_scales(landscape.field(), noise, seeds, noise_scales)"
