"""Results as files: figures, animations, tables, bundles and scripts; without Streamlit.

    scene = surface_scene(config, runs.surface_run(config))
    png = render_figure(scene, "png", width=6, height=4, dpi=200, style="print", step=100)

A `Scene` is the picture of a page, independent of the page; the same functions export every scene.
Everything is imported on first use, so that the command line starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "CancelledError": "draw.animation",
    "Caption": "figures.caption",
    "Chart": "figures.chart",
    "Offer": "export.offer",
    "PageSettings": "export.document",
    "Scene": "figures.scene",
    "atlas_chart": "export.atlas",
    "atlas_offer": "export.atlas",
    "csv_of": "export.tables",
    "game_scene": "figures.games",
    "game_script": "export.scripts.plane",
    "gan_offer": "export.trained",
    "gan_scene": "figures.gans",
    "gan_script": "export.scripts.training",
    "network_offer": "export.trained",
    "network_scene": "figures.networks",
    "network_script": "export.scripts.training",
    "offer_of": "export.pages",
    "panels_table": "figures.chart",
    "parquet_of": "export.tables",
    "player_html": "draw.player_page",
    "plotly_html": "draw.page",
    "render_animation": "draw.animation",
    "render_figure": "draw.image",
    "restore": "export.document",
    "scene_of": "export.pages",
    "scene_offer": "export.offer",
    "show": "draw.player_page",
    "surface_scene": "figures.surfaces",
    "study_script": "export.scripts.study",
    "surface_script": "export.scripts.plane",
    "theory_chart": "export.theory",
    "theory_offer": "export.theory",
    "to_bundle": "export.bundle",
    "to_csv": "export.tables",
    "to_json": "export.document",
    "to_parquet": "export.tables",
    "trajectory_scene": "figures.scene",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"app.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
