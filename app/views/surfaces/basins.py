"""Basin map: where each optimizer ends, for a whole grid of starts."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.draw.plotly import chart_spec
from app.draw.plotly_spec import SpecFigure
from app.figures.basins import basin_chart, difference_chart
from app.runs import basins
from app.runs.surfaces import Scenery
from app.state import SurfacesConfig
from app.views import session
from app.views.parts.charts import CHART, dark, show_chart
from app.views.parts.fields import Fields
from app.views.parts.progress import progress
from app.views.parts.scene import aimed_place

PAGE = "surfaces"
RESOLUTIONS = tuple(points for points in (32, 64, 128, 256, 512) if points <= basins.MAX_POINTS)


def basin_map(config: SurfacesConfig, scenery: Scenery) -> None:
    """The maps side by side, shares of the area, and where two optimizers differ; a click opens that start."""
    invitation = "" if _starts_stay(config) else " Click a point to open that start."
    st.caption(
        "Every point is a start; its colour is the minimum that the outermost slow weights are at after "
        f"{config.steps:,} base steps. White: none yet. Black: diverged.{invitation}"
    )
    points = st.segmented_control("Starts along each axis", RESOLUTIONS, default=64, key=f"{PAGE}.basin_points")
    names = [spec.name for spec in config.specs()]
    slot = st.empty()
    with progress("Basin map") as on_progress:
        finest = basins.finest_map(
            config,
            scenery,
            int(points or 64),
            on_progress,
            lambda coarse: _draw(slot, coarse, names, scenery, "coarse"),
        )
    _draw(slot, finest, names, scenery, "fine")
    st.dataframe(_shares(finest, names, scenery), hide_index=True)
    if len(names) > 1:
        _difference(finest, names)


def _draw(slot: DeltaGenerator, finest: basins.BasinMap, names: list[str], scenery: Scenery, stage: str) -> None:
    chart = basin_chart(finest, names, scenery.places)
    figure = SpecFigure(chart_spec(chart, dark=dark(), legend=False))
    with slot.container():
        if stage == "coarse":
            st.plotly_chart(figure, key=f"{PAGE}.basins_coarse", config=CHART, alt=chart.words)
        else:
            st.plotly_chart(
                figure, key=f"{PAGE}.basins", config=CHART, on_select=_open, selection_mode="points", alt=chart.words
            )


def _starts_stay(config: SurfacesConfig) -> bool:
    return Fields.of(PAGE, config).fixes("starts")


def _open() -> None:
    points = st.session_state[f"{PAGE}.basins"].selection.points
    if points:
        config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
        place = aimed_place(points[0]["x"], points[0]["y"])
        session.adopt(PAGE, config.model_copy(update={"starts": (place,)}))


def _shares(finest: basins.BasinMap, names: list[str], scenery: Scenery) -> list[dict[str, str]]:
    """Rows for the minima that any optimizer reached, then for the rest of the area."""
    shares = [finest.shares(index, len(scenery.minima)) for index in range(len(names))]
    labels = [label for label in shares[0] if label < 0 or any(share[label] for share in shares)]
    return [
        {"ends at": _title(label, scenery)}
        | {name: f"{share[label]:.1%}" for name, share in zip(names, shares, strict=True)}
        for label in labels
    ]


def _title(label: int, scenery: Scenery) -> str:
    if label < 0:
        return "not yet at a minimum" if label == basins.NOT_YET else "diverged"
    minimum = scenery.minima[label]
    kind = "global minimum" if minimum.is_global else "minimum"
    value = round(minimum.value, 12)  # 0 in place of a rounding error such as 1e-31
    return f"{kind} ({minimum.place[0]:.3g}, {minimum.place[1]:.3g}), f = {value:.4g}"


def _difference(finest: basins.BasinMap, names: list[str]) -> None:
    left, right = st.columns(2)
    order = range(len(names))
    first = left.selectbox("Differs between", order, format_func=names.__getitem__, key=f"{PAGE}.differs_first")
    second = right.selectbox(
        "and", order, index=len(names) - 1, format_func=names.__getitem__, key=f"{PAGE}.differs_second"
    )
    share = finest.differs(first, second).mean()
    st.caption(f"From {share:.1%} of the starts (orange) the two end differently.")
    show_chart(difference_chart(finest, first, second), f"{PAGE}.difference", legend=False)
