"""The panel under every page from which all that it shows is taken away, shared and brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from pydantic import BaseModel

from app import session
from app.export import document
from app.export.animation import ANIMATION_FORMATS
from app.export.figures import FIGURE_FORMATS, check_size
from app.export.look import STYLES
from app.export.pages import page_of
from app.export.scene import Scene
from app.share import short_link
from app.views.waiting import progress

TABS = ("Figure", "Animation", "Data", "Code", "Share", "Restore")
MIME = {
    "png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "gif": "image/gif", "mp4": "video/mp4",
    "html": "text/html", "csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json",
    "zip": "application/zip", "py": "text/x-python", "txt": "text/plain",
}  # fmt: skip

SceneFactory = Callable[[], Scene]


def export_panel(scene: SceneFactory, config: BaseModel, *, page: str) -> None:
    """Figures, animations, data, code, a link, and an upload that restores the page.

    Files are computed when they are asked for, and a page whose panel stays closed pays nothing.

    Args:
        scene: gives the picture.
        config: the page's settings.
        page: the page's name in `app.session`, under which an upload is adopted.
    """
    _panel(scene, config, page)


@st.fragment
def _panel(scene: SceneFactory, config: BaseModel, page: str) -> None:
    panel = st.expander("Export and share", icon=":material/ios_share:", key=f"{page}.export", on_change="rerun")
    if not panel.open:
        return
    parts = (_figure, _animation, _data, _code, _share, _restore)
    for tab, part in zip(panel.tabs(TABS), parts, strict=True):
        with tab:
            part(scene, config, page)
    if st.session_state.pop(f"{page}.restored", False):
        st.rerun()  # the whole page, not this panel alone


def _figure(scene: SceneFactory, config: BaseModel, page: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Format", FIGURE_FORMATS, format_func=str.upper, key=f"{page}.figure.format", width=110)
        style = st.selectbox("Style", STYLES, key=f"{page}.figure.style", width=110, help="Print is safe in greyscale.")
        width = st.number_input(
            "Width, inches", 1.5, 40.0, 6.4, 0.1, format="%.1f", key=f"{page}.figure.width", width=130
        )
        height = st.number_input(
            "Height, inches", 1.5, 40.0, 4.8, 0.1, format="%.1f", key=f"{page}.figure.height", width=130
        )
        dpi = st.number_input("Dots per inch", 30, 1200, 200, key=f"{page}.figure.dpi", width=130)
        step = st.number_input(
            "Step",
            0,
            getattr(config, "steps", None),
            None,
            placeholder="the last",
            key=f"{page}.figure.step",
            width=120,
        )
    try:
        check_size(width, height, dpi)
    except ValueError as error:
        st.error(str(error))
        return

    def make() -> bytes:
        from app.export import render_figure

        drawn = scene()
        until = None if step is None else min(step, drawn.last_step)
        return render_figure(drawn, kind, width=width, height=height, dpi=dpi, style=style, step=until)

    _download("Download figure", make, config, kind, f"{page}.figure.download")


def _animation(scene: SceneFactory, config: BaseModel, page: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Format", ANIMATION_FORMATS, format_func=str.upper, key=f"{page}.film.format", width=110)
        style = st.selectbox("Style", STYLES, key=f"{page}.film.style", width=110)
        seconds = st.number_input("Seconds", 0.2, 60.0, 5.0, 0.5, format="%.1f", key=f"{page}.film.seconds", width=120)
        fps = st.number_input("Frames per second", 1, 50, 20, key=f"{page}.film.fps", width=150)
        width = st.number_input("Width, pixels", 160, 2000, 640, 20, key=f"{page}.film.width", width=130)
        height = st.number_input("Height, pixels", 160, 2000, 480, 20, key=f"{page}.film.height", width=130)
        asked = st.button("Make animation", key=f"{page}.film.make", icon=":material/movie:")
    settings = {"seconds": seconds, "fps": fps, "width": width, "height": height, "style": style}

    def make(on_progress: Callable[[int, int], None]) -> bytes:
        from app.export import render_animation

        return render_animation(scene(), kind, on_progress=on_progress, **settings)

    made = _made(f"{page}.film", (config, kind, tuple(settings.items())), asked, "Drawing", make)
    if made is not None:
        _download("Download animation", lambda: made, config, kind, f"{page}.film.download")
        if kind == "gif":
            st.image(made, alt="The animation")
        else:
            st.video(made, format="video/mp4", width=width)
    player = "Download player (HTML)"
    st.caption("The player itself, with play, scrub and speed, as one file that needs no network:")
    _download(player, lambda: _export("player_html")(scene()), config, "html", f"{page}.player", suffix="-player")


def _data(scene: SceneFactory, config: BaseModel, page: str) -> None:
    st.caption("Every iterate, one row per run, layer and step; CSV and Parquet hold the same numbers.")
    with st.container(horizontal=True):
        for kind, maker in (("csv", "to_csv"), ("parquet", "to_parquet")):
            _download(
                {"csv": "CSV", "parquet": "Parquet"}[kind],
                lambda maker=maker: _export(maker)(scene()),
                config,
                kind,
                f"{page}.data.{kind}",
            )
        _download("Settings (JSON)", lambda: document.to_json(config), config, "json", f"{page}.data.json")
        _download(
            "Interactive chart (HTML)", lambda: _export("plotly_html")(scene()), config, "html", f"{page}.data.html"
        )
        asked = st.button("Make bundle of everything", key=f"{page}.bundle.make", icon=":material/folder_zip:")

    def make(on_progress: Callable[[int, int], None]) -> bytes:
        return _export("to_bundle")(scene(), config, on_progress=on_progress)

    made = _made(f"{page}.bundle", (config,), asked, "Packing", make)
    if made is not None:
        _download("Download bundle (ZIP)", lambda: made, config, "zip", f"{page}.bundle.download")
    with st.expander("Caption"):
        st.code(scene().caption.text, language=None, wrap_lines=True)


def _code(scene: SceneFactory, config: BaseModel, page: str) -> None:
    script = page_of(config).script
    if script is None:
        st.caption("This page has no script to export; its settings and data are under Data.")
        return
    name = f"{_stem(config)}.py"
    text = script(config, name)
    st.caption("The same run without the app: it gives the same numbers to the last bit.")
    _download("Download script", text.encode, config, "py", f"{page}.script")
    st.code(text, language="python", height=360)


def _share(scene: SceneFactory, config: BaseModel, page: str) -> None:
    address = (st.context.url or "").split("?")[0]
    link = short_link(config, address)
    st.caption("The link carries every setting; whoever opens it sees this page.")
    st.code(link, language=None, wrap_lines=True)
    st.link_button("Open in a new tab", link, icon=":material/open_in_new:")


def _restore(scene: SceneFactory, config: BaseModel, page: str) -> None:
    key = f"{page}.upload"

    def adopt() -> None:
        upload = st.session_state.get(key)
        if upload is None:
            return
        try:
            restored = document.restore(upload.getvalue())
            if not isinstance(config, type(restored.config)):
                raise ValueError(f"these settings belong to the page {restored.page!r}: open it and upload them there")
        except ValueError as error:
            st.session_state[f"{page}.refused"] = str(error)
            return
        session.adopt(page, restored.config)
        st.session_state[f"{page}.restored"] = True

    st.file_uploader(
        "Settings (JSON) or a bundle (ZIP) saved here", type=["json", "zip"], key=key, on_change=adopt,
        max_upload_size=document.MOST_UPLOADED // 2**20,
    )  # fmt: skip
    refused = st.session_state.pop(f"{page}.refused", None)
    if refused is not None:
        st.error(f"Not restored: {refused}.")


def _made(
    slot: str, settings: Any, asked: bool, label: str, make: Callable[[Callable[[int, int], None]], bytes]
) -> bytes | None:
    """What was made on request and still fits the settings; while it is made, a click anywhere else stops it."""
    if asked:
        st.session_state.pop(slot, None)
        try:
            with progress(label) as on_progress:
                st.session_state[slot] = (settings, make(on_progress))
        except ValueError as error:
            st.error(str(error))
    kept, data = st.session_state.get(slot, (None, None))
    return data if kept == settings else None


def _download(label: str, make: Callable[[], bytes], config: BaseModel, kind: str, key: str, suffix: str = "") -> None:
    st.download_button(
        label, make, f"{_stem(config)}{suffix}.{kind}", MIME[kind], key=key, on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip


def _stem(config: BaseModel) -> str:
    """What files are called."""
    name = getattr(config, "surface", None) or getattr(config, "game", None) or page_of(config).key
    return f"lookahead-{name}".replace("_", "-")


def _export(name: str) -> Callable[..., bytes]:
    """An export by its name, imported when it is first wanted."""
    from app import export

    return getattr(export, name)
