"""Implicit regularization: C beside C_n, their coefficients, and the order of accuracy."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.figures.theory.regularization import accuracy_chart, coefficients_chart, landscapes_chart
from app.runs import theory as theory_runs
from app.state.theory import MAX_BATCHES, TheoryConfig
from app.views import session
from app.views.parts.charts import show_chart
from app.views.parts.progress import progress
from app.views.theory.controls import PAGE
from landscapes.surfaces import SURFACES
from optim_core.theory import ModifiedLoss, base_steps, why_not

REGIMES = {
    "sgd": "SGD alone (Smith et al. 2021)",
    "within": "all layers inside one epoch (derived here)",
    "beyond": "all layers beyond the epoch (derived here)",
}


def draw(config: TheoryConfig) -> None:
    """The modified loss where it applies, else why it does not."""
    st.markdown(
        r"The mean step over random orders of $m$ mini-batches, without replacement, follows gradient flow on "
        r"$C_n = C + a\,V + b\,\|g\|^2$, $V$ being the variance of the mini-batches' gradients"
    )
    reason = why_not(config.regularization.batches, config.stack)
    landscapes = st.container()
    _coefficients(config)  # closed forms, which are there while the rest is computed
    if reason:
        with landscapes:
            st.warning(f"The modified loss does not apply here: {reason}.")
            _remedy(config)
    else:
        with landscapes:
            _landscapes(config)
        _accuracy(config)
    st.caption(
        "At an equal effective lr every layer amplifies the penalty on V; at an equal fast lr it need not. The penalty "
        "on ‖g‖² falls and usually turns negative. The formulas with layers are derived here, for sampling without "
        "replacement; that they are what the theorem of Pushkin and Barba 2021 says is inference."
    )


def _coefficients(config: TheoryConfig) -> None:
    chart = coefficients_chart(*theory_runs.coefficients(config), theory_runs.amplifications(config))
    left, right = st.columns([3, 2])
    with left:
        st.markdown("## Coefficients")
        show_chart(chart.of(0, 1), key=f"{PAGE}.coefficients")
    with right:
        st.markdown("## Penalty on V at an equal effective lr")
        show_chart(chart.of(2), key=f"{PAGE}.amplification")


def _remedy(config: TheoryConfig) -> None:
    """A number of mini-batches that the layers fit into, where the slider reaches it."""
    period = base_steps(config.stack)
    if 2 <= period <= MAX_BATCHES and all(layer.alpha for layer in config.stack):
        fitting = config.with_part("regularization", batches=period)
        st.button(
            f"Use m = {period}", key=f"{PAGE}.remedy", on_click=session.adopt, args=(PAGE, fitting),
            disabled=not session.allows(PAGE, fitting),
        )  # fmt: skip


def _landscapes(config: TheoryConfig) -> None:
    with progress("Averaging over orders, following the flows") as on_progress:
        descent = theory_runs.descent(config, on_progress)
    show_chart(landscapes_chart(descent, config.spec(lr=1.0).name), key=f"{PAGE}.landscapes")
    st.caption(f"{_in_words(config, descent.modified)} {_distances(descent)}")
    if descent.flow is None or descent.plain_flow is None:
        st.warning(
            "A flow left the finite numbers, or turns too sharply to be followed, and is not drawn: lower the lr."
        )


def _in_words(config: TheoryConfig, loss: ModifiedLoss) -> str:
    step = "epoch" if loss.base_steps == loss.batches else f"{loss.base_steps} base steps"
    return (
        f"{SURFACES[config.regularization.surface].name}, m = {loss.batches}, {REGIMES[loss.regime]}: "
        f"a = {loss.variance:.4g}, b = {loss.gradient:.4g}; the penalty on V is {loss.amplification:.3g} "
        f"times SGD's at this effective lr, {loss.effective_lr:.3g}. "
        f"Mean over {config.regularization.orders:,} orders in antithetic pairs; a mean step is one {step}."
    )


def _distances(descent: theory_runs.Descent) -> str:
    """How far the mean is from each flow at equal times."""
    flows = {"Cₙ": descent.flow, "C": descent.plain_flow}
    gaps = {
        name: descent.gaps(flow) for name, flow in flows.items() if flow is not None and np.isfinite(descent.path).all()
    }
    parts = [f"at most {gap.max():.3g} from the flow on {name}, {gap[-1]:.3g} at the end" for name, gap in gaps.items()]
    return f"Diamonds mark where a flow is after each mean step. The mean is then {'; '.join(parts)}." if parts else ""


def _accuracy(config: TheoryConfig) -> None:
    st.markdown("## The check: how the error falls with lr")
    try:
        with progress("Enumerating orders") as on_progress:
            run = theory_runs.accuracy(config, on_progress)
    except FloatingPointError as problem:
        st.warning(f"{problem}. Lower the lr.")
        return
    show_chart(accuracy_chart(run), key=f"{PAGE}.accuracy")
    orders = f"all {run.orders:,} orders" if run.exact else f"{run.orders:,} orders in antithetic pairs"
    st.caption(
        f"Distance of the mean step ({orders}) to the flow. Halving the lr divides it by 8 with the correction "
        "(slope 3) and by 4 without (slope 2); dotted lines have these slopes."
    )
