"""Charts of the Games page: the players' paths over the flow with its equilibria, and the curves beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.figures.caption import BLUER, Caption, citations, noise_line, optimizer_line
from app.figures.chart import Chart, Mark, Pair, Panel
from app.figures.curves import evaluations_panel, median
from app.figures.formula_text import readable
from app.figures.look import STAR, STAR_EDGE, Shape
from app.figures.narration import game_narration
from app.figures.scene import Scene
from app.player.pack import QuantityNames
from app.runs import games as game_runs
from app.runs.games import MeasuredRate
from app.runs.grid import Floats, distance
from app.runs.surfaces import surface_tracks
from app.state import GamesConfig
from landscapes.games import Equilibrium
from landscapes.surfaces import Minimum
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Trajectory

METHODS = {
    "extragradient": "Korpelevich 1976, Matecon 12; Gidel et al. 2019, arXiv:1802.10551 (extragradient)",
    "optimistic": "Popov 1980, Math. Notes 28; Daskalakis et al. 2018, arXiv:1711.00141 (optimistic gradient)",
}
SHAPES: dict[str, Shape] = {"stable": "star", "centre": "ring", "unstable": "cross"}
STABILITIES = {
    "stable": "the flow spirals or slides into it",
    "centre": "the flow circles around it for ever",
    "unstable": "the flow leaves it",
}
BLOW_UP = 1.25  # rate per base step beyond which a run leaves the view in a few steps
FIELD_HEIGHT = 460  # of a single plot, which has half of the page's width: circles look nearly round
BAND_WIDTH, BAND_OPACITY, RATE_WIDTH = 5.25, 0.28, 1.05


def game_scene(config: GamesConfig, run: Trajectory, marks: Sequence[tuple[int, Mark]] = ()) -> Scene:
    """What the Games page shows of a run: shaded by the speed of the flow −v of both players, with its streamlines.

    `marks` are further ones, with the panel that each belongs to.
    """
    scenery, specs = game_runs.game_scenery(config), config.specs()
    equilibria = scenery.game.equilibria
    return Scene(
        tracks=surface_tracks(config, run),
        extent=scenery.game.domain,
        caption=game_caption(config),
        grid=scenery.speed,
        log_view=True,
        minima=tuple(Minimum(one.place, 0.0, one.stability == "stable") for one in equilibria),
        panels=tuple(spec.name for spec in specs) if config.panels else ("",),
        flow=scenery.lines,
        quantities=game_quantities(config),
        stars=equilibria_mark(equilibria) if equilibria else None,
        marks=tuple(marks),
        hover="x {x:.3f}\ny {y:.3f}\nf {f:.4g}\nspeed {speed:.4g}",
        data={"f": scenery.value.astype(np.float32), "speed": scenery.speed.height.astype(np.float32)},
        height=440 if config.panels else FIELD_HEIGHT,
        narration=game_narration(config, run),
    )


def game_quantities(config: GamesConfig) -> QuantityNames:
    """Names of the numbers: the value f of a game is not a loss, and both players follow one field v."""
    noisy = "" if config.noise == "none" else ", noisy"
    return QuantityNames(value="f", gradient="v", explained=f"v = (∂f/∂x, −∂f/∂y){noisy}")


def equilibria_mark(equilibria: Sequence[Equilibrium]) -> Mark:
    """A shape for each kind of stability under the flow."""
    x, y = np.array([one.place for one in equilibria], dtype=np.float64).T
    descriptions = [equilibrium_text(one).replace(": ", ":<br>").replace(" (e", "<br>(e") for one in equilibria]
    return Mark(
        "equilibria", STAR, x, y, kind="dots", edge=STAR_EDGE, width=1.125,
        markers=tuple(SHAPES[one.stability] for one in equilibria),
        sizes=tuple(10.5 if one.stability == "stable" else 8.25 for one in equilibria),
        hover="{description}", data={"description": descriptions},
    )  # fmt: skip


def equilibrium_text(equilibrium: Equilibrium) -> str:
    """Place, stability and eigenvalues in words."""
    x, y = equilibrium.place
    first, second = sorted(equilibrium.eigenvalues, key=lambda value: (value.real, value.imag))
    values = f"{first.real:.3g} and {second.real:.3g}"
    if first.imag:  # a real field's eigenvalues come in conjugate pairs
        turning = "i" if second.imag == 1 else f"{second.imag:.3g}i"
        values = f"{second.real:.3g} ± {turning}" if second.real else f"±{turning}"
    kind = {"stable": "stable", "centre": "a centre", "unstable": "unstable"}[equilibrium.stability]
    return f"Equilibrium ({x:.4g}, {y:.4g}): {kind}, {STABILITIES[equilibrium.stability]} (eigenvalues {values})"


def game_curves(
    config: GamesConfig, run: Trajectory, rates: Sequence[MeasuredRate], closed_forms: Sequence[float | None]
) -> Chart:
    """Over gradient evaluations: distance to the equilibrium, rate per base step, objective.

    Args:
        config: the page's settings.
        run: the comparison.
        rates: of each optimizer, as measured.
        closed: of each optimizer, the closed form of that rate; None where there is none.
    """
    panels = _distances(config, run), _rates(config, run, rates, closed_forms), _objective(config, run)
    return Chart(panels, game_caption(config), columns=3, height=190)


def _distances(config: GamesConfig, run: Trajectory) -> Panel:
    places, marks = game_runs.game_scenery(config).places, []
    for index, color in enumerate(config.colors):
        marks.append(median(run, index, distance(run.fast[:, index], places), color, slow=False))
        if run.layers[index]:
            marks.append(median(run, index, distance(run.outermost(index), places), color, slow=True))
    return evaluations_panel("Distance to the equilibrium", marks)


def _rates(
    config: GamesConfig, run: Trajectory, rates: Sequence[MeasuredRate], closed_forms: Sequence[float | None]
) -> Panel:
    """Rates far above 1 are left out of the range: they would press all others onto the line at 1."""
    evaluations = np.array([0.0, float(run.evaluations[-1].max(initial=0))])
    marks = [Mark("no change", "", evaluations, np.ones(2), width=1.1, quiet=True)]
    for index, (name, color, rate) in enumerate(zip(run.names, config.colors, closed_forms, strict=True)):
        if rate is not None:
            ends, hover = np.array([0.0, float(run.evaluations[-1, index])]), f"closed form, derived here: {rate:.6f}"
            marks.append(
                Mark(
                    name, color, ends, np.full(2, rate), part="closed form", width=BAND_WIDTH, opacity=BAND_OPACITY,
                    hover=hover,
                )
            )  # fmt: skip
    for measurement, name, color in zip(rates, run.names, config.colors, strict=True):
        line = Mark(
            name, color, measurement.evaluations, measurement.rate, part="measured", width=RATE_WIDTH,
            hover="{x} evaluations\n{y:.6f}",
        )  # fmt: skip
        marks += [line] if len(measurement.rate) > 3 else [line, replace(line, kind="dots")]
    span, remark = _near(marks[1:])
    has_closed_form = any(rate is not None for rate in closed_forms)
    title = f"Rate per base step{' (band: closed form, derived here)' if has_closed_form else ''}"
    return evaluations_panel(title, marks, scale="linear", span=span, remark=remark)


def _near(marks: Sequence[Mark]) -> tuple[Pair | None, str]:
    """The range of the axis where some rates are far above 1, and a remark that gives the highest."""
    rates = np.concatenate([mark.y[np.isfinite(mark.y)] for mark in marks] or [np.ones(1)])
    near_rates = np.append(rates[rates <= BLOW_UP], 1.0)
    if len(near_rates) == 1 or rates.max(initial=1.0) <= BLOW_UP:
        return None, ""
    room = 0.08 * float(np.ptp(near_rates)) or 0.01
    return (near_rates.min() - room, near_rates.max() + room), f"off the chart: up to {rates.max():.3g}"


def _objective(config: GamesConfig, run: Trajectory) -> Panel:
    """The objective of each run, until the run leaves the view."""
    scenery, marks = game_runs.game_scenery(config), []
    for index, color in enumerate(config.colors):
        exits = game_runs.exit_steps(run, index, scenery.game.domain)
        out_of_view = run.step >= exits.max() if (exits >= 0).all() else np.zeros(len(run.step), dtype=bool)
        for losses, slow in ((run.loss, False), (run.slow_loss, True)):
            if run.layers[index] or not slow:
                values = np.where(out_of_view[:, None], np.nan, losses[:, index])
                marks.append(median(run, index, values, color, slow=slow, least=-np.inf))
    return evaluations_panel(
        "Objective f: x lowers it, y raises it", marks, scale="linear", span=_of_view(marks, scenery.value)
    )


def _of_view(marks: Sequence[Mark], value: Floats) -> Pair:
    """The range of the lines within that of the objective over the view."""
    values = np.concatenate([mark.y for mark in marks])
    values = values[(values >= value.min()) & (values <= value.max())]
    low, high = (float(part(values if len(values) else value)) for part in (np.min, np.max))
    room = 0.06 * (high - low) or 1.0
    return (low - room, high + room)


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
            *(optimizer_line(spec, card.shown_ema) for spec, card in zip(specs, config.active, strict=True)),
        ),
        citations=(
            *([f"{game.source} (the game)"] if game.source else []),
            *citations(specs, game=True),
            *_methods(specs),
        ),
        config=config.model_dump_json(),
        picture=(
            f"{BLUER} the slower the flow, on a logarithmic scale; lines and arrows follow it.",
            "Star: stable equilibrium, ring: centre, cross: unstable one.",
        ),
    )


def _methods(specs: tuple[OptimizerSpec, ...]) -> list[str]:
    bases = {spec.base for spec in specs}
    return [source for base, source in METHODS.items() if base in bases]
