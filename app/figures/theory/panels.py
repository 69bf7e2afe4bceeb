"""What the instruments of the Theory page show, as panels of charts; drawn from the same results as on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.figures.chart import Map, Mark, Pair, Panel
from app.figures.theory.look import DIVERGES, FLOW, MUTED, PATH, PLAIN, depth_color
from app.figures.theory.noise import EFFECTIVE, EQUAL, VarianceCurves, halving
from app.figures.theory.stability import PLANE_POINTS, SYMBOLS, disagreements, edges, outline, reach_of
from app.player.tracks import PALETTE
from app.runs import theory as theory_runs
from app.state.theory import TheoryConfig
from optim_core.experiments import RateRun, VarianceRun
from optim_core.theory import factors, linear_factors, why_not

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
Panels = list[Panel]

DOTTED, DASHED = (1.5, 1.5), (5.0, 2.0)
INK = ""
CLOSED = "closed form"


def stability_map(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """The rate over two parameters; nothing where an axis varies a layer that the stack does not have."""
    if config.missing_layer:
        return []
    rates, fine, fine_rates = theory_runs.closed_form_map(config)
    grid = config.grid()
    across, up = np.asarray(grid.x.values, np.float64), np.asarray(grid.y.values, np.float64)
    border = (np.array(part, np.float64) for part in outline(edges(fine.x), edges(fine.y), fine_rates < 1))
    here = (np.array([value]) for value in config.here)
    marks = [
        Mark("|ρ| = 1, closed form", MUTED, *border, quiet=True),
        *(_outcomes(config, rates, across, up, on_progress) if config.stability.simulate else []),
        Mark("as set", PALETTE[4], *here, kind="dots", marker="D", size=6.5),
    ]
    x, y = edges(grid.x), edges(grid.y)
    spans: tuple[Pair, Pair] = ((x[0], x[-1]), (y[0], y[-1]))
    shown = Map("rate per base step", across, up, rates, "rate")
    return [Panel("Rate, and where it converges", tuple(marks), shown, labels=_symbols(config), spans=spans)]


def _symbols(config: TheoryConfig) -> tuple[str, str]:
    return SYMBOLS[config.stability.x], SYMBOLS[config.stability.y]


def _outcomes(
    config: TheoryConfig, rates: Floats, across: Floats, up: Floats, on_progress: Progress | None
) -> list[Mark]:
    """Where the simulation diverged, and where its outcome is not that of the closed form."""
    simulated = theory_runs.simulated_map(config, on_progress)
    x, y = np.meshgrid(across, up)
    wrong = disagreements(rates, simulated)
    cells = (
        ("simulated: diverged", simulated.diverged & ~wrong, "o", 1.8, INK),
        ("simulation disagrees", wrong, "x", 5.0, PALETTE[3]),
        ("never synchronised", ~(simulated.converged | simulated.diverged), "_", 4.0, MUTED),
    )
    return [
        Mark(name, color, x[chosen], y[chosen], kind="dots", marker=marker, size=size)
        for name, chosen, marker, size, color in cells
        if chosen.any()
    ]


def factor_plane(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """Factors of every layer in the complex plane."""
    spec = config.spec(lr=config.stability.lr)
    levels, apart = linear_factors(config.stability.jacobian, spec)
    path = np.where(np.isfinite(np.stack(levels)), np.stack(levels), np.nan)
    reach, turn = reach_of(path), np.linspace(0, 2 * np.pi, 181)
    axis = np.linspace(-reach, reach, PLANE_POINTS)
    size = np.abs(factors(axis[None, :] + 1j * axis[:, None], spec.layers)[-1])
    inside = Map("every c that converges", axis, axis, np.clip(np.nan_to_num(size, posinf=2.0), 0, 2), "inside")
    marks = [Mark("|ρ| = 1", MUTED, np.cos(turn), np.sin(turn), dash=DOTTED, width=1.0, quiet=True)]
    if apart:
        ways = np.concatenate([path, np.full((1, path.shape[1]), np.nan)]).T.ravel()
        marks.append(Mark("of one mode", MUTED, ways.real, ways.imag, dash=DASHED, width=0.7, quiet=True))
    marks += [_level(number, values) for number, values in enumerate(path)]
    span = (-reach, reach)
    return [
        Panel(
            "Factors per step of each layer", tuple(marks), inside if apart else None,
            labels=("real part", "imaginary part"), spans=(span, span), square=True,
        )
    ]  # fmt: skip


def _level(number: int, values: NDArray[np.complex128]) -> Mark:
    name = f"ρ{'₀₁₂₃₄'[number]}" if number else "c"
    texts = (name,) * len(values)
    return Mark(name, depth_color(number), values.real, values.imag, kind="dots", size=6.5, texts=texts)


def variance(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """Steady-state variance over the number of layers with what was measured, over k₁ and over α₁."""
    over_depth, *others = theory_runs.variance_curves(config)
    curves = [over_depth, *(one for one in others if one is not None)]
    values = np.concatenate([part for one in curves for part in (one.equal, one.effective)])
    values = values[np.isfinite(values) & (values > 0)]
    span = (0.8 * values.min(), 1.25 * values.max()) if len(values) else None
    ticks = tuple((float(depth), f"{depth:g}") for depth in over_depth.values)
    panels = []
    for one in curves:
        over = "the number of layers" if one is over_depth else one.parameter
        marks = _closed_forms(one) + (_measured(config, one.values, on_progress) if one is over_depth else [])
        panels.append(
            Panel(
                f"Variance over {over}", tuple(marks), labels=(one.parameter, "steady-state variance"),
                scales=("linear", "log"), spans=(None, span), ticks=ticks if one is over_depth else (),
            )
        )  # fmt: skip
    return panels


def _closed_forms(one: VarianceCurves) -> list[Mark]:
    looks = ((EQUAL, one.equal, PALETTE[0]), (EFFECTIVE, one.effective, DIVERGES))
    return [Mark(name, color, one.values, np.where(np.isfinite(y), y, np.nan), part=CLOSED) for name, y, color in looks]


def _measured(config: TheoryConfig, depths: Floats, on_progress: Progress | None) -> list[Mark]:
    marks = []
    for equal_effective, name, color in ((False, EQUAL, PALETTE[0]), (True, EFFECTIVE, DIVERGES)):
        try:
            run: VarianceRun = theory_runs.measured_variances(
                config, equal_effective=equal_effective, on_progress=on_progress
            )
        except ValueError:
            continue  # none is stable, or one takes too long: the page says so
        part = f"measured, with its {run.confidence:.0%} interval"
        marks.append(Mark(name, color, depths, run.measured, part, "dots", low=run.low, high=run.high, size=4.5))
    return marks


def trade_off(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """Variance against speed, one curve per depth over lr."""
    curves, here = theory_runs.trade_offs(config)
    marks = []
    for depth, ((name, _, contraction, values), (at, level)) in enumerate(zip(curves, here, strict=True)):
        color, shown = depth_color(depth), np.where(np.isfinite(values), values, np.nan)
        marks.append(Mark(name, color, halving(contraction), shown, part=CLOSED))
        set_at = halving(np.array([at])), np.array([level if np.isfinite(level) else np.nan])
        marks.append(Mark(name, color, *set_at, part="at the lr set", kind="dots", marker="D", size=6.0))
    labels = ("gradient evaluations to halve the distance", "steady-state variance")
    return [Panel("Variance against speed", tuple(marks), labels=labels, scales=("log", "log"))]


def landscapes(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """C beside C_n with the mean path and the flows; nothing where the formulas do not apply."""
    if why_not(config.regularization.batches, config.stack):
        return []
    seen = theory_runs.descent(config)
    low, high = np.nanpercentile(seen.plain_grid.height, [0, 97])
    path = Mark("mean over orders", PATH, *seen.path.T, kind="dots", size=4.0)
    marks = [path]
    if seen.flow is not None:
        marks.insert(0, Mark("flow on Cₙ", FLOW, *seen.flow.T, width=2.0))
    if seen.plain_flow is not None:
        marks.append(Mark("flow on C", PLAIN, *seen.plain_flow.T, width=2.0, dash=DOTTED, quiet=True))
    return [
        Panel(
            title, tuple(marks), Map(name, grid.x, grid.y, grid.height, "height", (low, high)), labels=("x", "y"),
            spans=((grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1])),
        )
        for title, name, grid in (
            ("C, the mean loss", "C", seen.plain_grid),
            (f"Cₙ, {config.spec(lr=1.0).name}", "Cₙ", seen.modified_grid),
        )
    ]  # fmt: skip


def coefficients(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """Coefficients of V and ‖g‖² over the number of layers, and the growth of the first over α₁."""
    both = theory_runs.coefficients(config)
    panels = []
    for title, part in (("Coefficient of V", "variance"), ("Coefficient of ‖g‖²", "gradient")):
        marks = []
        for name, losses, color in zip((EQUAL, EFFECTIVE), both, (INK, MUTED), strict=True):
            values = np.array([np.nan if loss is None else getattr(loss, part) for loss in losses])
            marks.append(Mark(name, color, np.arange(len(values), dtype=np.float64), values, kind="bars"))
        ticks = tuple((float(depth), str(depth)) for depth in range(len(both[0])))
        panels.append(Panel(title, tuple(marks), labels=("layers", ""), ticks=ticks))
    return [*panels, _amplification(config)]


def _amplification(config: TheoryConfig) -> Panel:
    curves = theory_runs.amplifications(config)
    marks = tuple(Mark(name, depth_color(depth), x, y) for depth, (name, x, y) in enumerate(curves))
    return Panel(
        "Penalty on V at an equal effective lr, times SGD's", marks, labels=("α₁", ""), scales=("linear", "log"),
        spans=((0.0, 1.0), None),
    )  # fmt: skip


def accuracy(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """Distance of the mean step to the flows over lr; nothing where it leaves the finite numbers or does not apply."""
    if why_not(config.regularization.batches, config.stack):
        return []
    try:
        run = theory_runs.accuracy(config, on_progress)
    except FloatingPointError:
        return []  # the page says so, and to lower the lr
    marks = []
    rows = (("to the flow on Cₙ", run.corrected, FLOW, 3), ("to the flow on C", run.uncorrected, PLAIN, 2))
    for (name, errors, color, order), slope in zip(rows, run.slopes, strict=True):
        title, low, high = f"{name}: slope {slope:.2f}", errors - 2 * run.noise, errors + 2 * run.noise
        marks.append(Mark(title, color, run.lr, errors, "distance", "dots", low, high))
        guide = errors[-1] * (run.lr / run.lr[-1]) ** order
        marks.append(Mark(title, color, run.lr, guide, "slope 3 or 2", dash=DOTTED, width=1.2))
    labels = ("fast lr ε", "distance of the mean step")
    return [Panel("How the error falls with lr", tuple(marks), labels=labels, scales=("log", "log"))]


def rates(config: TheoryConfig, on_progress: Progress | None = None) -> Panels:
    """Mean squared gradient norm against T, with the fitted slopes."""
    run = theory_runs.rates(config, config.rates.power, on_progress)
    places = (("At the fast weights", False), ("At the outermost slow weights", True))
    every = np.concatenate([run.fast.mean(-1).ravel(), run.slow.mean(-1).ravel()])
    span = (0.7 * every.min(), 1.4 * every.max())
    return [
        Panel(
            title, tuple(_rate_marks(run, slow=slow)), labels=("base steps T", "mean of ‖∇f‖² over the run"),
            scales=("log", "log"), spans=(None, span),
        )
        for title, slow in places
    ]  # fmt: skip


def _rate_marks(run: RateRun, *, slow: bool) -> Sequence[Mark]:
    marks, T, fits = [], np.asarray(run.T, np.float64), theory_runs.slopes(run)
    for index, name in enumerate(run.names):
        values = (run.slow if slow else run.fast)[index]
        mean, error = values.mean(axis=1), 1.96 * values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
        color, fit = depth_color(index), fits[index, slow]
        marks.append(
            Mark(name, color, T, mean, "mean, with its 95% interval", "dots", mean - error, mean + error, size=4.0)
        )
        if fit is not None:
            ends = T[[-fit.points, -1]]
            marks.append(Mark(name, color, ends, np.exp(fit.intercept) * ends**fit.value, "fitted slope"))
    ends = T[[0, -1]]
    guide = run.fast[0, 0].mean() * 0.8 * (ends / ends[0]) ** -0.5
    return [*marks, Mark("slope −1/2", MUTED, ends, guide, dash=DASHED, width=1.2, quiet=True)]
