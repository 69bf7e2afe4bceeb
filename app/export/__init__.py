"""Results become bytes: figures, animations, tables, bundles and scripts; nothing here knows Streamlit.

    scene = surface_scene(config, runs.surface_run(config))
    png = render_figure(scene, "png", width=6, height=4, dpi=200, style="print", step=100)

A `Scene` is what a page shows, free of the page; whatever can be told as one is exported by the same functions.
Everything is imported when first asked for, so that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "CancelledError": "animation",
    "Caption": "caption",
    "Chart": "chart",
    "Offer": "offer",
    "Restored": "document",
    "Scene": "scene",
    "csv_of": "tables",
    "game_scene": "games",
    "game_script": "script_of_game",
    "gan_offer": "trained",
    "gan_scene": "gan",
    "gan_script": "script_of_gan",
    "network_offer": "trained",
    "network_scene": "network",
    "network_script": "script_of_network",
    "offer_of": "pages",
    "panels_table": "chart",
    "parquet_of": "tables",
    "player_html": "playing",
    "plotly_html": "plotly_page",
    "render_animation": "animation",
    "render_figure": "figures",
    "restore": "document",
    "scene_of": "pages",
    "scene_offer": "offer",
    "show": "playing",
    "surface_scene": "scene",
    "surface_script": "script",
    "theory_chart": "theory",
    "theory_offer": "theory",
    "to_bundle": "bundle",
    "to_csv": "tables",
    "to_json": "document",
    "to_parquet": "tables",
    "trajectory_scene": "scene",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"app.export.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
