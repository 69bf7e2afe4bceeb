"""Fair tuning: a search for every optimizer, its curve, and a button that adopts the best lrs."""

from __future__ import annotations

import streamlit as st

from app.figures.tuning import tuning_chart
from app.runs import tuning
from app.runs.surfaces import Scenery
from app.state import SurfacesConfig
from app.state.layers import layer_numbers
from app.views import session
from app.views.parts.charts import show_chart
from app.views.parts.progress import progress
from optim_core.sweep import MeasureName, Tuning

PAGE = "surfaces"
MEASURES: dict[MeasureName, str] = {
    "slow loss": "final loss, slow weights",
    "mean loss": "mean loss on the way",
    "fast loss": "final loss, fast weights",
    "gradient norm": "final gradient norm",
}


def tune_each(config: SurfacesConfig, scenery: Scenery) -> None:
    """Choose what is searched and measured; run the search; show the results."""
    st.caption(
        "An lr that suits one optimizer may cripple another. Here each searches its own, all with the same starts, "
        f"noise and {config.steps:,} gradient evaluations per candidate."
    )
    columns = st.columns([2, 1, 1, 2], vertical_alignment="bottom")
    measure = columns[0].selectbox(
        "Measure", list(MEASURES), format_func=MEASURES.__getitem__, key=f"{PAGE}.tune_measure"
    )
    points = columns[1].number_input("lr candidates", 5, 41, 15, key=f"{PAGE}.tune_points")
    seeds = columns[2].number_input("Noise draws", 1, 64, 16, key=f"{PAGE}.tune_seeds", disabled=config.noise == "none")
    layers_too = columns[3].toggle("Also search k and α", key=f"{PAGE}.tune_layers")
    if st.button("Tune each", type="primary", icon=":material/tune:", key=f"{PAGE}.tune"):
        with progress("Tuning") as on_progress:
            tunings = tuning.tune_each(
                config, points=points, seeds=seeds, measure=measure, layers_too=layers_too, on_progress=on_progress
            )
        st.session_state[f"{PAGE}.tuned"] = (config, tunings)
    if f"{PAGE}.tuned" in st.session_state:
        _show_tunings(scenery, *st.session_state[f"{PAGE}.tuned"])


def _show_tunings(scenery: Scenery, config: SurfacesConfig, tunings: tuple[Tuning, ...]) -> None:
    names = [spec.name for spec in config.specs()]
    show_chart(tuning_chart(names, config.colors, tunings, scenery.floor), f"{PAGE}.tuning_curves")
    st.dataframe([_row(name, one) for name, one in zip(names, tunings, strict=True)], hide_index=True)
    best = tuning.tuned_config(config, tunings)
    st.button(
        "Take the best of each", icon=":material/check:", key=f"{PAGE}.take_tuned", on_click=session.adopt,
        args=(PAGE, best), disabled=not session.allows(PAGE, best),
    )  # fmt: skip


def _row(name: str, search: Tuning) -> dict[str, str]:
    candidates = f"{len(search.candidates)} candidates"
    if search.spec is None:
        return {"optimizer": name, "best lr": "all diverged", "searched": candidates}
    best = search.spec
    ties = sorted({f"{search.candidates[index].lr:.3g}" for index in search.ties})
    return {
        "optimizer": name,
        "best lr": f"{best.lr:.3g}",
        "layers": "".join(map(layer_numbers, best.layers)) or "none",
        "mean ± standard error": f"{search.mean[search.best]:.4g} ± {search.standard_error[search.best]:.2g}",
        "not told apart from it (lr)": ", ".join(ties) or "none",
        "at the edge of the grid": ", ".join(search.edges) or "no",
        "searched": candidates,
    }
