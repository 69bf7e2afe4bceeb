"""The surface as a relief with the same tracks on it; heads are where the player is."""

from __future__ import annotations

import streamlit as st

from app.draw.relief import paint_relief
from app.export import surfaces as surface_exports
from app.figures.relief import relief
from app.runs import surfaces as surface_runs
from app.state import SurfacesConfig
from app.views.parts.downloads import download
from app.views.parts.relief_heads import relief_heads
from app.views.surfaces.controls import PLAYER, PREDICTION

CHART = "surfaces-3d"
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage", "orbitRotation"]}


def surface_3d(config: SurfacesConfig, scenery: surface_runs.Scenery) -> None:
    """The relief of the page's surface and run. Drag to turn it, scroll to come nearer."""
    run = surface_runs.surface_run(config)
    st.caption(
        "Thin: fast weights. Thick: outermost slow weights. The marks are where the player above is; "
        "play, step or scrub there; its keys (space, ← →) work here, too. Drag to turn, scroll to come nearer."
    )
    picture = relief(scenery.grid, run, config.colors, log_view=config.landscape.log_view)
    words = f"{config.landscape.name} as a relief: tracks of the optimizers"
    st.plotly_chart(paint_relief(picture), key=CHART, config=CONFIG, theme="streamlit", alt=words)
    relief_heads(key=f"{CHART}-heads", chart_key=CHART, player_key=PREDICTION.player_key(PLAYER))
    download("Relief (HTML)", lambda: surface_exports.relief_html(config), f"lookahead-{config.surface}-3d.html")
