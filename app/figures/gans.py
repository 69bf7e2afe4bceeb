"""Charts of the GANs page: curves of both players, samples of the generators, and both players on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.figures.caption import BLUER, Caption, citations, optimizer_line
from app.figures.chart import Chart, Map, Mark, Pair, Panel
from app.figures.plane import plane_scene
from app.figures.scene import Extent, Scene
from app.figures.training import Line, curves_chart, metric_lines, smooth
from app.player.tracks import Track
from app.runs.gans import Floats, Samples, mosaic
from app.runs.slow_motion import Moment
from app.state import GansConfig
from landscapes.contours import PlaneLoss
from optim_core.curves import Curves
from optim_core.spec import OptimizerSpec

LABELS = ("discriminator's first principal direction", "generator's first principal direction")
GAN = "Goodfellow et al. 2014, Generative Adversarial Networks, arXiv:1406.2661 (GAN, non-saturating loss)"
WGAN_GP = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs, arXiv:1704.00028 (gradient penalty)"
FRECHET = (
    "Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, "
    "arXiv:1706.08500 (Fréchet distance; here on other features than there)"
)
RING = (-3.0, 3.0)
REAL = "real samples"
SAMPLES = (
    "Samples: the same latent vectors for every generator, of the first seed; upper row: fast weights, lower row: "
    "outermost slow weights."
)


def gan_chart(config: GansConfig, curves: Sequence[Sequence[Curves]], step: int | None = None) -> Chart:
    """Both losses, Fréchet distance and modes covered, over gradient evaluations of each player.

    Args:
        config: the page's settings.
        curves: per optimizer one per seed; may still be growing.
        step: draw them up to this base step; all if not given.
    """
    names, lines = [spec.name for spec in config.specs()], [gan_lines(seeds) for seeds in curves]
    return curves_chart(gan_caption(config), names, config.colors, lines, curve_titles(config.features), step=step)


def curve_titles(features: str) -> dict[str, str]:
    """Titles of the charts by the name that lines call them; `features` as for `gan_curves`."""
    return {
        "discriminator": "Discriminator's loss",
        "generator": "Generator's loss",
        "frechet": f"Fréchet distance, {features}",
        "modes": "Modes covered",
    }


def gan_lines(seeds: Sequence[Curves]) -> list[Line]:
    """Lines of the charts in `curve_titles`, of one optimizer's runs over seeds; all end where the shortest does."""
    if not seeds:
        return []
    steps = min(len(one.step) for one in seeds)
    losses = [
        Line(player, "fast", seeds[0].step[:steps], smooth(np.stack([one.loss[number][:steps] for one in seeds])))
        for number, player in enumerate(("discriminator", "generator"))
    ]
    return losses + metric_lines(seeds, {"test_frechet": "frechet", "modes": "modes"})


def gan_scene(
    config: GansConfig, tracks: Sequence[Track], picture: PlaneLoss | None, extent: Extent | None = None
) -> Scene:
    """What the GANs page shows of the two players; `picture` is the loss of the one drawn. As `plane_scene`."""
    return plane_scene(gan_caption(config), tracks, picture, extent, logarithmic=logarithmic(config), labels=LABELS)


def logarithmic(config: GansConfig) -> bool:
    """Whether the loss is drawn on such a scale: the other losses may be negative."""
    return config.objective == "non-saturating"


def gan_caption(config: GansConfig) -> Caption:
    """The caption of a comparison on the GANs page."""
    task, specs = config.task(), config.specs()
    penalty = f", gradient penalty {task.penalty:g}" if config.objective == "wgan-gp" else ""
    scale = ", on a logarithmic scale" if logarithmic(config) else ""
    images = f", {task.train_size or 'all'} training images" if config.dataset != "ring" else ""
    return Caption(
        title=f"GAN on {'a ring of 8 Gaussians' if config.dataset == 'ring' else config.dataset}",
        settings=(
            f"Task: GAN on {config.dataset}{images}, losses {config.objective}{penalty}, "
            f"batches of {config.batch_size}, {task.latent} latent numbers, {task.hidden} hidden units.",
            f"Seed: {config.seed}. Seeds: {config.seeds}. Base steps: {config.steps}, in each of which the "
            "discriminator moves first; both synchronise together.",
            "Plane: each player along its own first principal direction.",
            *(line for players in config.optimizers() for line in _player_lines(players, config.ema)),
        ),
        citations=(
            GAN,
            *((WGAN_GP,) if config.objective == "wgan-gp" else ()),
            *citations(specs, game=True),
            FRECHET,
        ),
        config=config.model_dump_json(),
        picture=(f"{BLUER} the lower the {config.drawn}'s loss{scale}.",),
    )


def _player_lines(players: Sequence[tuple[str, OptimizerSpec]], ema: float) -> list[str]:
    return [optimizer_line(replace(spec, name=f"{spec.name}, {player}"), ema) for player, spec in players]


def samples_reel(
    caption: Caption, names: Sequence[str], colors: Sequence[str], samples: Sequence[Samples], real: Floats
) -> tuple[Chart, ...]:
    """Samples at every step: fast generators above outermost slow ones, one column per optimizer.

    Args:
        caption: of the comparison.
        names, colors: of the optimizers.
        samples: of each, at the same steps.
        real: points, which are drawn behind the generated ones, or images, which get a column of their own.
    """
    backdrop = _real_mark(real) if real.ndim == 2 else Panel("real images", image=mosaic(real), bare=True)
    reel_caption = replace(caption, picture=(SAMPLES,))
    steps = range(len(samples[0].step))
    return tuple(_samples_chart(reel_caption, names, colors, samples, backdrop, frame) for frame in steps)


def _samples_chart(
    caption: Caption,
    names: Sequence[str],
    colors: Sequence[str],
    samples: Sequence[Samples],
    real: Mark | Panel,
    frame: int,
) -> Chart:
    rows: list[list[Panel | None]] = []
    for label in ("fast", "slow"):
        row: list[Panel | None] = []
        for name, color, one in zip(names, colors, samples, strict=True):
            frames = one.fast if label == "fast" else one.slow
            title = "" if rows else break_lines(name)
            row.append(None if frames is None else _sample_panel(title, name, color, frames[frame], real))
        rows.append(row)
    rows = [row for row in rows if any(row)]
    if isinstance(real, Panel):
        for row in rows:
            row.append(real if row is rows[0] else None)
    panels = [panel for row, label in zip(rows, ("fast", "slow"), strict=False) for panel in _with_label(row, label)]
    note = f"base step {int(samples[0].step[frame])}"
    return Chart(tuple(panels), caption, columns=len(rows[0]), note=note, height=90 + 255 * len(rows), drag="none")


def slow_motion_chart(
    config: GansConfig, color: str, moments: Sequence[Moment], titles: Sequence[str], real: Floats
) -> Chart:
    """Samples of the generator at each moment, over the discriminator's output where samples are points.

    Args:
        config: the page's settings.
        color: of the optimizer.
        moments: those to compare.
        titles: of each.
        real: as for `samples_reel`.
    """
    span = output_span(config, moments)
    backdrop = _real_mark(real) if real.ndim == 2 else Panel(image=mosaic(real))
    panels = [
        replace(
            _sample_panel(title, "generated samples", color, moment.samples, backdrop), map=_output_map(moment, span)
        )
        for title, moment in zip(titles, moments, strict=True)
    ]
    return Chart(tuple(panels), gan_caption(config), columns=len(panels), height=380, drag="none")


def output_span(config: GansConfig, moments: Sequence[Moment]) -> Pair:
    """The range of the discriminator's output: a probability, or what it takes at these moments."""
    fields = [moment.field.height for moment in moments if moment.field is not None]
    if config.objective == "non-saturating" or not fields:
        return (0.0, 1.0)
    return float(np.min(fields)), float(np.max(fields))


def _output_map(moment: Moment, span: Pair) -> Map | None:
    grid = moment.field
    if grid is None:
        return None
    return Map("discriminator", grid.x, grid.y, grid.height, "height", span=span, hover="D {value:.3g}")


def _sample_panel(title: str, name: str, color: str, sample: Floats, real: Mark | Panel) -> Panel:
    if isinstance(real, Panel):
        return Panel(title, image=mosaic(sample), bare=True)
    x, y = np.asarray(sample, np.float64).T
    dots = Mark(name, color, x, y, kind="dots", size=2.25)
    return Panel(title, (real, dots), spans=(RING, RING), square=True, bare=True)


def _real_mark(real: Floats) -> Mark:
    x, y = np.asarray(real, np.float64).T
    return Mark(REAL, "#808080", x, y, kind="dots", size=1.5, quiet=True)


def _with_label(row: Sequence[Panel | None], label: str) -> list[Panel | None]:
    """The row with its name before the first of its panels."""
    first = next(index for index, panel in enumerate(row) if panel is not None)
    return [
        replace(panel, labels=("", label)) if panel is not None and index == first else panel
        for index, panel in enumerate(row)
    ]


def break_lines(name: str) -> str:
    """A name on lines short enough for a column of a telephone's screen."""
    return name.replace("Multilayer ", "Multilayer\n").replace(" (", "\n(").replace("), ", "),\n")
