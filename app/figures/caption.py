"""Captions of exported files: every setting, the versions and the papers to cite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from app.figures.formula_text import readable
from app.player.tracks import average_words
from app.state.layers import layer_words
from optim_core.muon import MUON_MOMENTUM
from optim_core.spec import WEIGHTED, WITH_BETAS, OptimizerSpec

if TYPE_CHECKING:
    from app.state import GamesConfig, SurfacesConfig

LOOKAHEAD = (
    "Zhang, Lucas, Hinton & Ba 2019, Lookahead Optimizer: k steps forward, 1 step back, arXiv:1907.08610 (Lookahead)"
)
MULTILAYER = (
    "Pushkin & Barba 2021, Multilayer Lookahead: a Nested Version of Lookahead, arXiv:2110.14254 (Multilayer Lookahead)"
)
SNOO = (
    "Kallusky, Rao, Nandavanam & Shi 2025, SNOO: Step-K Nesterov Outer Optimizer, arXiv:2510.15830; Douillard et al. "
    "2023, DiLoCo, arXiv:2311.08105 (outer momentum)"
)
SCHEDULE_FREE = (
    "Defazio, Yang, Mehta, Mishchenko, Khaled & Cutkosky 2024, The Road Less Scheduled, arXiv:2405.15682 "
    "(Schedule-Free)"
)
GPA = (
    "Defazio, Mishchenko, Raman, Shi & Xiao 2025, Smoothing DiLoCo with Primal Averaging for Faster Training of LLMs, "
    "arXiv:2512.17131 (GPA)"
)
BLUER = "Shading: the bluer (in print, the darker)"
MINMAX = "Chavdarova et al. 2021, Taming GANs with Lookahead-Minmax, arXiv:2006.14567 (Lookahead in games)"


@dataclass(frozen=True)
class Caption:
    """The text that goes with a picture, beside it and inside its file.

    title: one line.      settings: one line per setting or optimizer.      citations: whom to cite.
    picture: what shades and marks mean, and which part is drawn.
    config: the page's settings as JSON, from which the page can be restored; empty for a run outside the app.
    """

    title: str
    settings: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    config: str = ""
    picture: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it as plain text, one statement per line."""
        references = [f"Cite: {line}" for line in self.citations]
        return "\n".join((self.title, *self.settings, *self.picture, f"Made with {program()}", *references))

    def with_picture(self, *lines: str) -> Caption:
        """The caption with further lines about the picture."""
        return replace(self, picture=(*self.picture, *lines))

    def at(self, step: int | None) -> Caption:
        """The caption of a figure that ends at a base step; None is the whole run."""
        return self if step is None else self.with_picture(f"Drawn: up to base step {step}.")


@cache
def program() -> str:
    """Name and version of this program and of torch, on which the bits of a run depend."""
    return f"Lookahead Lab {_version('lookahead-lab')} (torch {_version('torch')})"


def surface_caption(config: SurfacesConfig) -> Caption:
    """The caption of a run on the Surfaces page."""
    surface = config.landscape
    starts = "; ".join(f"({x:g}, {y:g})" for x, y in config.starts)
    return Caption(
        title=surface.name,
        settings=(
            f"Surface: {surface.name}, f(x, y) = {_formula(config)}",
            f"Start{'s' if len(config.starts) > 1 else ''}: {starts}",
            noise_line(config),
            f"Seed: {config.seed}. Base steps: {config.steps}.",
            *(optimizer_line(spec, card.shown_ema) for spec, card in zip(config.specs(), config.active, strict=True)),
        ),
        citations=citations(config.specs()),
        config=config.model_dump_json(),
        picture=(
            f"{BLUER} the lower f{', on a scale of log(1 + f − its lowest)' if surface.log_view else ''}.",
            *(
                ["Large star: global minimum, small star: local one."]
                if surface.minima or config.noise == "minibatch"
                else []
            ),
        ),
    )


def _formula(config: SurfacesConfig) -> str:
    """The visitor's own formula, or that of the registry."""
    if config.surface != "formula":
        return readable(config.landscape.formula)
    parameters = "".join(f", {name} = {value!r}" for name, value in config.parameters or ())
    return f"{config.formula}{parameters}"


def optimizer_line(spec: OptimizerSpec, ema: float = 0.0) -> str:
    """One optimizer with everything that defines it, and the decay of the average shown beside it (0 is none)."""
    parts = _base_parts(spec)
    if spec.layers:
        parts.append("layers, innermost first: " + ", ".join(map(layer_words, spec.layers)))
        parts.append(f"momentum at a synchronisation: {spec.sync_momentum}")
        if any(layer.has_momentum for layer in spec.layers[:-1]):
            parts.append(f"outer momentum b of inner layers at an outer synchronisation: {spec.inner_buffers}")
    if spec.schedule.kind == "step":
        parts.append(f"lr × {spec.schedule.factor!r} every {spec.schedule.every} steps")
    elif spec.schedule.kind == "cosine":
        parts.append("cosine schedule")
    if ema:
        parts.append(f"exponential average of the fast weights shown, decay {ema!r}")
    return f"{spec.name}: {'; '.join(parts)}"


def _base_parts(spec: OptimizerSpec) -> list[str]:
    """What the base optimizer is."""
    parts = [f"base {spec.base}", f"lr {spec.lr!r}"]
    if spec.base in WEIGHTED:
        parts.append(f"momentum {spec.momentum!r}")
    if spec.base in WITH_BETAS:
        parts.append(f"betas {spec.betas}")
    if spec.base == "muon":
        parts.append(f"momentum {MUON_MOMENTUM!r}; the output layer and vectors by AdamW, betas {spec.betas}")
    if spec.alternating:
        parts.append("the players in turn")
    if spec.weight_decay:
        parts.append(f"weight decay {spec.weight_decay!r}")
    return [*parts, *average_words(spec)]


def citations(specs: Sequence[OptimizerSpec], *, game: bool = False) -> tuple[str, ...]:
    """The papers behind these optimizers."""
    deepest = max((spec.depth for spec in specs), default=0)
    momentum = any(layer.has_momentum for spec in specs for layer in spec.layers)
    bases = {spec.base for spec in specs}
    lines = (
        (LOOKAHEAD, deepest >= 1),
        (MULTILAYER, deepest >= 2),
        (SNOO, momentum),
        (SCHEDULE_FREE, "schedule_free" in bases),
        (GPA, "gpa" in bases),
        (MINMAX, game and deepest >= 1),
    )
    return tuple(line for line, applies in lines if applies)


def noise_line(config: SurfacesConfig | GamesConfig) -> str:
    """The gradient noise of a page's run."""
    scale = config.noise_scale
    if config.noise == "minibatch":
        sampling = "with" if config.noise_replacement else "without"
        copies = f"{config.noise_batches} copies shifted by about {scale:g}"
        return f"Gradient noise: {copies}, drawn {sampling} replacement."
    return (
        "Gradient noise: "
        + {
            "none": "none.",
            "gaussian": f"Gaussian, deviation {scale:g}.",
            "multiplicative": f"multiplicative, deviation {scale:g} of each component.",
            "student": f"Student t with {config.noise_freedom:g} degrees of freedom, scale {scale:g}.",
        }[config.noise]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
