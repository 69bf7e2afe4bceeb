"""Fair tuning: every optimizer searches its own lr with the same gradient evaluations, seeds and measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app.runs.surfaces import escape_radius
from app.state import Card, SurfacesConfig
from app.state.layers import config_layers
from landscapes.noise import noisy_field
from optim_core.spec import OptimizerSpec
from optim_core.sweep import MeasureName, Tuning, tune

PERIODS, ALPHAS = (2, 5, 10, 20), (0.2, 0.5, 0.8)  # candidates where layers are searched, too
SPAN = 30.0  # the lr grid reaches this far below and above the card's lr


def tune_each(
    config: SurfacesConfig,
    *,
    points: int,
    seeds: int,
    measure: MeasureName,
    layers_too: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Tuning, ...]:
    """One search per optimizer that is switched on.

    Args:
        config: the page; its starts are each run under `seeds` draws of the noise.
        points: candidates for the lr, evenly spaced in its logarithm around the card's.
        seeds: draws of the noise for each start.
        measure: smaller is better.
        layers_too: also search k and α, one value for all layers.
        on_progress: called with (candidates done, all candidates of this optimizer).
    """
    starts = np.repeat(np.array(config.starts), seeds if config.noise != "none" else 1, axis=0)
    field = noisy_field(config.landscape, config.gradient_noise(), len(starts))
    extra: dict[str, Any] = {"k": PERIODS, "alpha": ALPHAS} if layers_too else {}
    return tuple(
        tune(
            field,
            spec,
            starts,
            config.steps,
            lr=lr_grid(spec.lr, points),
            measure=measure,
            escape=escape_radius(config),
            on_progress=on_progress,
            **(extra if spec.layers else {}),
        )
        for spec in config.specs()
    )


def lr_grid(around: float, points: int) -> list[float]:
    """Evenly spaced in the logarithm, rounded to three digits: exactly the values that are tried and adopted."""
    return sorted({float(f"{lr:.3g}") for lr in np.geomspace(around / SPAN, around * SPAN, points)})


def tuned_config(config: SurfacesConfig, tunings: Sequence[Tuning]) -> SurfacesConfig:
    """The page with every card at its best candidate, marked as tuned; a card whose runs all diverged stays."""
    results = iter(tunings)
    cards = tuple(_with_best(card, next(results).spec) if card.on else card for card in config.cards)
    return config.model_copy(update={"cards": cards})


def _with_best(card: Card, best: OptimizerSpec | None) -> Card:
    if best is None:
        return card
    return card.model_copy(update={"lr": best.lr, "layers": config_layers(best.layers), "tuned": True})
