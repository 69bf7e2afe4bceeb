"""Exports of the Theory page: charts of the chosen instrument, their numbers, sources of the formulas."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from app.export.offer import DoesNotApplyError, Offer, figure_of_chart
from app.export.tables import with_caption
from app.figures.caption import LOOKAHEAD, MINMAX, MULTILAYER, SNOO, Caption
from app.figures.chart import Chart, panels_table
from app.state.layers import layer_words
from app.state.theory import INSTRUMENTS
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES
from optim_core.theory import why_not

if TYPE_CHECKING:
    import pyarrow as pa

    from app.state.theory import TheoryConfig

Progress = Callable[[int, int], None]

NAMES = {  # of the charts of each instrument, as `figures.theory.charts` makes them
    "stability": ("map", "factors", "outer-momentum"),
    "noise": ("variance", "trade-off"),
    "regularization": ("landscapes", "coefficients", "accuracy"),
    "rates": ("rates",),
}
REGULARIZATION = (
    "Smith, Dherin, Barrett & De 2021, On the Origin of Implicit Regularization, arXiv:2101.12176 (SGD alone)"
)
SOURCES = {
    "stability": "Formulas: derived here for any depth (one layer on a quadratic: Zhang et al. 2019); checked by "
    "running every cell.",
    "noise": "Formulas: derived here for any depth, and with momentum (one layer without it: Zhang et al. 2019); "
    "checked by the runs shown, with 99% intervals.",
    "regularization": "Formulas with layers: derived here, for sampling without replacement (SGD alone: Smith et al. "
    "2021); that they are what the theorem of Pushkin & Barba 2021 says is inference.",
    "rates": "Rate: Pushkin & Barba 2021 for two layers, O(1/√T), a slope of −1/2; points and slopes: measured here, "
    "with 95% intervals, for every depth.",
}


def theory_offer(config: TheoryConfig, on_progress: Progress | None = None) -> Offer:
    """The charts of the instrument that apply to its settings, by name; there is no scene."""
    caption = theory_caption(config)
    names = [name for name in NAMES[config.instrument] if not _why_not(config, name)]
    charts = {name: partial(_of_any_step, config, name, on_progress) for name in names}
    figures = {name: figure_of_chart(chart) for name, chart in charts.items()}

    def applying() -> list[Chart]:
        """The charts with finite numbers, under their own titles."""
        finite = []
        for name in names:
            with suppress(DoesNotApplyError):
                finite.append(_chart(config, name, on_progress))
        return finite

    def table() -> pa.Table:
        return with_caption(panels_table([panel for chart in applying() for panel in chart.filled_panels]), caption)

    def interactive() -> bytes:
        from app.draw.page import page_of_figures
        from app.draw.plotly import paint

        return page_of_figures({chart.caption.title: paint(chart) for chart in applying()}, caption)

    return Offer(caption, figures, {"chart": table}, interactive, charts=charts)


def theory_chart(config: TheoryConfig, name: str | None = None, on_progress: Progress | None = None) -> Chart:
    """One of the instrument's charts; the first that applies if none is named.

    Raises:
        ValueError: there is none of that name.
        DoesNotApplyError: its formulas do not apply to these settings.
    """
    names = NAMES[config.instrument]
    if name is None:
        name = next(one for one in names if not _why_not(config, one))
    if name not in names:
        raise ValueError(f"figure must be one of {', '.join(names)}, got {name!r}")
    return replace(_chart(config, name, on_progress), caption=theory_caption(config))


def _of_any_step(config: TheoryConfig, name: str, on_progress: Progress | None, _: int | None = None) -> Chart:
    return theory_chart(config, name, on_progress)


def _chart(config: TheoryConfig, name: str, on_progress: Progress | None) -> Chart:
    from app.figures.theory.charts import MAKERS  # the experiments take half a second to import

    reason = _why_not(config, name)
    if not reason:
        try:
            return MAKERS[config.instrument][name](config, on_progress)
        except FloatingPointError:
            reason = "it leaves the finite numbers; lower the lr"
    raise DoesNotApplyError(f"{name}: does not apply to these settings: {reason}")


def _why_not(config: TheoryConfig, name: str) -> str | None:
    """Why a chart does not apply to these settings; None where it does."""
    if name == "map" and config.missing_layer:
        number = config.missing_layer
        return f"an axis varies layer {number} of a stack of {config.depth}; add layers, or choose another axis"
    if name == "outer-momentum" and not config.depth:
        return "there is no layer; add one"
    if name in ("landscapes", "accuracy"):
        return why_not(config.regularization.batches, config.stack)
    return None


def theory_caption(config: TheoryConfig) -> Caption:
    """The caption of an instrument: its settings, and whether a formula is a paper's or derived here."""
    layers = ", ".join(map(layer_words, config.layers))
    depth = config.depth
    papers = (
        (LOOKAHEAD, depth >= 1),
        (MULTILAYER, depth >= 2 or config.instrument in ("regularization", "rates")),
        (MINMAX, depth >= 1 and config.instrument == "stability" and config.stability.is_game),
        (SNOO, any(layer.outer_momentum for layer in config.layers)),
        (REGULARIZATION, config.instrument == "regularization"),
    )
    return Caption(
        title=f"Theory: {INSTRUMENTS[config.instrument].lower()}",
        settings=(
            f"Layers, innermost first: {layers or 'none'}",
            _SETTINGS[config.instrument](config),
            SOURCES[config.instrument],
        ),
        citations=tuple(line for line, applies in papers if applies),
        config=config.model_dump_json(),
    )


def _base(config: TheoryConfig) -> str:
    if config.base == "sgd":
        return "base sgd"
    return f"base {config.base}, momentum {config.momentum!r}, at a synchronisation: {config.sync_momentum}"


def _stability_settings(config: TheoryConfig) -> str:
    one = config.stability
    name = GAMES[one.scenario].name if one.is_game else SURFACES[one.scenario].name
    epsilon = f", ε {one.epsilon!r}" if one.scenario == "quadratic" else ""
    turns = ", the players in turn" if one.is_game and one.alternating else ""
    ranges = [f"{one.x} across, {one.y} upwards", f"lr map from {one.lr_low!r} to {one.lr_high!r}"]
    return f"On: {name}{epsilon}{turns}; lr {one.lr!r}; {_base(config)}; {'; '.join(ranges)}; k up to {one.k_high}."


def _noise_settings(config: TheoryConfig) -> str:
    one = config.noise
    return (
        f"On: ½hx², h {one.h!r}, gradient noise of deviation {one.sigma!r}; lr {one.lr!r}; "
        f"{_base(config)}. Runs: {one.seeds}. Seed: {config.seed}."
    )


def _regularization_settings(config: TheoryConfig) -> str:
    one = config.regularization
    x, y = one.start
    return (
        f"On: {SURFACES[one.surface].name}, seen by {one.batches} mini-batches displaced by about "
        f"{one.spread!r}; start ({x:g}, {y:g}); lr {one.lr!r}. Epochs: {one.epochs}. "
        f"Orders: {one.orders}. Seed: {config.seed}."
    )


def _rates_settings(config: TheoryConfig) -> str:
    from app.runs import theory as theory_runs

    one, problem = config.rates, theory_runs.rate_problem(config)
    divisor = " / Π α" if one.equal_effective else ""
    return (
        f"On: Σ h s²/(1 + s²) in {len(problem.h)} dimensions, gradient noise of deviation {one.sigma!r}; "
        f"lr {one.c!r}/√T{divisor}; T from 2⁷ to 2^{one.power}. Runs per T: {one.seeds}. "
        f"Seed: {config.seed}."
    )


_SETTINGS: dict[str, Callable[[Any], str]] = {
    "stability": _stability_settings,
    "noise": _noise_settings,
    "regularization": _regularization_settings,
    "rates": _rates_settings,
}
