"""Further views of the same comparison below the player, one at a time, each computed on demand."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.runs.surfaces import Scenery
from app.state import SurfacesConfig
from app.views.parts.turns import fragment
from app.views.surfaces.basins import basin_map
from app.views.surfaces.cloud import seed_cloud
from app.views.surfaces.relief import surface_3d
from app.views.surfaces.tuning import tune_each

PAGE = "surfaces"
VIEWS: dict[str, Callable[[SurfacesConfig, Scenery], None]] = {
    "3D": surface_3d,
    "Seed cloud": seed_cloud,
    "Basin map": basin_map,
    "Tune each": tune_each,
}


@fragment()
def look_closer(config: SurfacesConfig, scenery: Scenery) -> None:
    """Choose one of the views; none is chosen at first. Its own controls run no more than it again."""
    if st.session_state[f"{PAGE}.config"] != config:
        st.rerun()  # the whole page, whose settings the view has changed: a start, or lrs
    st.markdown("## Look closer")
    view = st.segmented_control("View", list(VIEWS), key=f"{PAGE}.closer", label_visibility="collapsed")
    if view:
        VIEWS[view](config, scenery)
