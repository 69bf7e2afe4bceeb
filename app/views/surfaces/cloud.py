"""Seed cloud: many noisy runs of every optimizer at once, and their covariance in theory."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.export import surfaces as surface_exports
from app.export.tables import csv_of, parquet_of
from app.figures.cloud import cloud_scene
from app.runs import cloud
from app.runs.surfaces import Scenery
from app.state import SurfacesConfig
from app.views.parts.charts import show_ground, stage
from app.views.parts.downloads import download
from app.views.parts.player import player
from app.views.parts.progress import progress
from optim_core.trajectory import Trajectory

PAGE, CHART = "surfaces", "seed-cloud"


def seed_cloud(config: SurfacesConfig, scenery: Scenery) -> None:
    """How many runs; the cloud in a player of its own; measured against theoretical deviations."""
    if config.noise == "none":
        st.info("Without gradient noise all runs from one start are the same. Choose a noise in the sidebar.")
        return
    number = st.slider(
        "Runs of each optimizer", cloud.MIN_RUNS, cloud.MAX_RUNS, 200, step=10, key=f"{PAGE}.cloud_runs", width=420
    )
    x, y = config.starts[0]
    st.caption(
        f"{number} draws of the noise, all from ({x:g}, {y:g}). Each dot is one run's outermost slow weights "
        "(without layers: its weights). Solid: the ellipse of their covariance, two standard deviations, which holds "
        "86 % of a Gaussian cloud. Dashed, where a closed form exists: what it settles at in theory (derived here)."
    )
    with progress("Seed cloud") as on_progress:
        run = cloud.seed_cloud(config, number, on_progress)
    scene = cloud_scene(config, run)
    with stage(CHART):
        show_ground(scene, CHART)
        player(scene.tracks, key=f"{CHART}-player", chart_key=CHART, pickable=False)
    st.dataframe(deviations(config, run), hide_index=True)
    for line in _notes(config, run):
        st.caption(line)
    _downloads(config, run)


def _downloads(config: SurfacesConfig, run: Trajectory) -> None:
    """Downloads of the cloud, made on demand."""
    stem = f"lookahead-{config.surface}-cloud"
    with st.container(horizontal=True):
        download("Cloud (CSV)", lambda: csv_of(surface_exports.cloud_table(config, run)), f"{stem}.csv")
        download("Cloud (Parquet)", lambda: parquet_of(surface_exports.cloud_table(config, run)), f"{stem}.parquet")
        download("Cloud (HTML)", lambda: surface_exports.cloud_html(config, run), f"{stem}.html")


def deviations(config: SurfacesConfig, run: Trajectory) -> list[dict[str, str]]:
    """Rows of the table: for every optimizer and axis the measured deviation beside the closed form."""
    rows = []
    for index, spec in enumerate(config.specs()):
        deviation = np.sqrt(cloud.moments_of(run, index)[-1, [2, 4]])
        alive_count = int((run.diverged[index] < 0).sum())
        theory = cloud.theory(config, spec) if alive_count == run.diverged.shape[1] else None
        for axis, name in enumerate("xy"):
            text = f"{deviation[axis]:.4g}" if alive_count > 1 else "diverged"
            beside = _beside(theory, float(deviation[axis]), axis, alive_count) if theory else {}
            rows.append({"optimizer": spec.name, "along": name, "deviation, measured": text, **beside})
    return rows


def _beside(theory: cloud.Theory, deviation: float, axis: int, runs: int) -> dict[str, str]:
    low, high = cloud.interval(deviation, runs)
    now, steady = (float(np.sqrt(covariance[axis, axis])) for covariance in (theory.now, theory.steady))
    return {
        "99 % interval": f"{low:.4g} to {high:.4g}",
        "theory, at this step": f"{now:.4g}",
        "inside": "yes" if low <= now <= high else "no",
        "theory, steady state": f"{steady:.4g}" if theory.settles else "none: unstable",
    }


def _notes(config: SurfacesConfig, run: Trajectory) -> list[str]:
    """Notes on optimizers without a closed form and on diverged runs."""
    names_by_reason: dict[str, list[str]] = {}  # the optimizers without a closed form, by the reason
    for spec in config.specs():
        if reason := cloud.why_no_theory(config, spec):
            names_by_reason.setdefault(reason, []).append(spec.name)
    notes = [f"{', '.join(names)}: no closed form, since {reason}." for reason, names in names_by_reason.items()]
    for index, spec in enumerate(config.specs()):
        diverged = int((run.diverged[index] >= 0).sum())
        if diverged:
            notes.append(
                f"{spec.name}: {diverged} of {run.diverged.shape[1]} runs diverged and are left out of the spread."
            )
    return notes
