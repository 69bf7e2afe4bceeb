"""The Games page as a picture: the same exports as every other page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.figures.caption import BLUER, Caption, citations, noise_line, optimizer_line
from app.figures.formula_text import readable
from app.figures.scene import Scene

if TYPE_CHECKING:
    from app.state import GamesConfig
    from optim_core.spec import OptimizerSpec
    from optim_core.trajectory import Trajectory

METHODS = {
    "extragradient": "Korpelevich 1976, Matecon 12; Gidel et al. 2019, arXiv:1802.10551 (extragradient)",
    "optimistic": "Popov 1980, Math. Notes 28; Daskalakis et al. 2018, arXiv:1711.00141 (optimistic gradient)",
}


def game_scene(config: GamesConfig, run: Trajectory) -> Scene:
    """What the Games page shows of a run."""
    from app.figures.quantities import game_quantities
    from app.runs import games as game_runs
    from app.runs import surfaces as surface_runs
    from landscapes.surfaces import Minimum

    scenery, specs = game_runs.game_scenery(config), config.specs()
    marks = tuple(Minimum(place.place, 0.0, place.stability == "stable") for place in scenery.game.equilibria)
    return Scene(
        tracks=surface_runs.surface_tracks(config, run),
        extent=scenery.game.domain,
        caption=game_caption(config),
        grid=scenery.speed,
        log_view=True,
        minima=marks,
        panels=tuple(spec.name for spec in specs) if config.panels else ("",),
        flow=scenery.lines,
        quantities=game_quantities(config),
    )


def game_caption(config: GamesConfig) -> Caption:
    """The caption of a run on the Games page."""
    game, specs = config.landscape, config.specs()
    parameter = "" if game.parameter is None else f", {readable(game.parameter.symbol)} = {config.parameter!r}"
    starts = "; ".join(f"({x:g}, {y:g})" for x, y in config.starts)
    return Caption(
        title=game.name,
        settings=(
            f"Game: {game.name}, min over x, max over y of f(x, y) = {readable(game.formula)}{parameter}",
            f"Start{'s' if len(config.starts) > 1 else ''}: {starts}",
            noise_line(config),
            f"Seed: {config.seed}. Base steps: {config.steps}.",
            *(optimizer_line(spec, card.ema) for spec, card in zip(specs, config.active, strict=True)),
        ),
        citations=(
            *([f"{game.source} (the game)"] if game.source else []),
            *citations(specs, game=True),
            *_methods(specs),
        ),
        config=config.model_dump_json(),
        picture=(
            f"{BLUER} the slower the flow, on a logarithmic scale; lines and arrows follow it.",
            "Star: stable equilibrium, cross: any other.",
        ),
    )


def _methods(specs: tuple[OptimizerSpec, ...]) -> list[str]:
    used = {spec.base for spec in specs}
    return [source for base, source in METHODS.items() if base in used]
