"""The sharpness part of the Networks page: the curvature of the loss at each optimizer's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.jobs.store import TrainingResult
from app.runs.sharpness import IMAGES, PROBES, RADIUS, Point, SharpnessRun, sharpness_run
from app.views.parts.turns import fragment
from app.views.parts.visitor import cancel_button, is_here, visitor
from landscapes.sharpness import Sharpness
from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.classifier import ClassifierTask

PAGE = "networks"
POLL_SECONDS = 0.6


def sharpness_part(task: ClassifierTask, names: Sequence[str], results: Sequence[TrainingResult]) -> None:
    """Choose a step, measure there, show the table while it grows."""
    st.markdown("## Sharpness")
    count, items = min(IMAGES, len(task.data.train)), DATASETS[task.dataset].items
    st.caption(
        f"How curved the training loss is around the weights, on {count} training {items}: "
        f"the largest eigenvalue and the trace of its Hessian ({PROBES} random probes), the worst loss within a "
        f"distance of {RADIUS:g}, and the variance of the gradients of batches of {task.batch_size}, which SGD "
        "implicitly penalises. Fast weights are those that the base step left, before any synchronisation."
    )
    last = max(int(result.snapshots.step[-1]) for result in results)
    step = st.number_input(
        "At base step", 0, last, last, key=f"{PAGE}.sharpness.{last}", width=220,
        help="The last snapshot at or before this step is measured; a run that diverged is measured before that",
    )  # fmt: skip
    _watch(sharpness_run(task, tuple(names), results, step))


def _watch(run: SharpnessRun) -> None:
    """A fragment that is redrawn while the measurement runs."""

    @fragment(run_every=POLL_SECONDS if run.running else None)
    def draw() -> None:
        running, count = run.running, len(run.rows)
        if running:
            turn = "; another measurement has its turn" if run.waiting else f", {run.passes:,} passes for the next two"
            st.progress(run.fraction, text=f"Measuring: {count} of {len(run.points)} sets of weights{turn}")
            if cancel_button(run.others(visitor(), is_here), key=f"{PAGE}.sharpness.cancel"):
                run.cancel(visitor(), is_here)
                st.rerun()
        elif not run.complete and st.button(
            "Measure sharpness", icon=":material/straighten:", key=f"{PAGE}.sharpness.go"
        ):
            run.start(visitor())
            st.rerun()
        if run.error:
            st.error(f"The measurement ended early. {run.error}")
        if count:
            with st.container(key=f"{PAGE}.sharpness.table"):
                st.dataframe(sharpness_table(run.points, run.rows), hide_index=True)
        if run.complete and running:
            st.rerun()

    draw()


def sharpness_table(places: Sequence[Point], rows: Sequence[Sharpness]) -> list[dict[str, Any]]:
    """One line per set of weights that was measured."""
    return [
        {
            "optimizer": point.name,
            "weights": point.kind,
            "step": point.step,
            "loss": _short(row.loss),
            "largest eigenvalue": _short(row.eigenvalue),
            "trace ± standard error": f"{_short(row.trace)} ± {_short(row.trace_error)}",
            f"worst loss within {row.radius:g}": _short(row.worst_loss),
            "variance of batch gradients": _short(row.gradient_variance),
        }
        for point, row in zip(places, rows, strict=False)
    ]


def _short(value: float) -> str:
    return f"{value:.3g}"
