"""A comparison of GANs as a picture: the two players' weights, each along its own first principal direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.export.networks import as_far_as_computed, plane_extent, plane_grid
from app.figures.caption import BLUER, Caption, citations, optimizer_line
from app.figures.scene import Scene, extent_of
from app.player.tracks import Track
from app.state import GansConfig
from landscapes.contours import PlaneLoss
from optim_core.spec import OptimizerSpec

LABELS = ("discriminator's first principal direction", "generator's first principal direction")
GAN = "Goodfellow et al. 2014, Generative Adversarial Networks, arXiv:1406.2661 (GAN, non-saturating loss)"
WGAN_GP = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs, arXiv:1704.00028 (gradient penalty)"
FRECHET = (
    "Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, "
    "arXiv:1706.08500 (Fréchet distance; here on other features than there)"
)


def gan_scene(config: GansConfig, tracks: Sequence[Track], picture: PlaneLoss | None) -> Scene:
    """What the GANs page shows of the two players.

    Args:
        config: the page's settings.
        tracks: on the plane of the two players.
        picture: loss over the plane of the player drawn, or None while nothing of it is known.
    """
    return Scene(
        tracks=tuple(tracks),
        extent=extent_of(tracks) if picture is None else plane_extent(picture),
        caption=as_far_as_computed(gan_caption(config), picture),
        grid=None if picture is None else plane_grid(picture),
        log_view=_logarithmic(config),
        labels=LABELS,
    )


def _logarithmic(config: GansConfig) -> bool:
    return config.objective == "non-saturating"  # the other losses may be negative


def gan_caption(config: GansConfig) -> Caption:
    """The caption of a comparison on the GANs page."""
    task, specs = config.task(), config.specs()
    penalty = f", gradient penalty {task.penalty:g}" if config.objective == "wgan-gp" else ""
    scale = ", on a logarithmic scale" if _logarithmic(config) else ""
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
