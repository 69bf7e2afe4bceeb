"""The panel under every page with its exports, its link, and an upload that restores settings."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.draw.animation import ANIMATION_FORMATS, render_animation
from app.draw.image import FIGURE_FORMATS, check_size
from app.draw.player_page import player_html
from app.export import document
from app.export.bundle import to_bundle
from app.export.offer import Offer
from app.export.pages import page_of
from app.export.tables import csv_of, parquet_of
from app.figures.look import STYLES
from app.figures.scene import Scene
from app.player.dials import PackedFamily
from app.runs.processor import start_thread
from app.state.base import PageConfig
from app.views import session
from app.views.parts.downloads import download, failures
from app.views.parts.exercise_link import exercise_link
from app.views.parts.progress import progress
from app.views.parts.turns import fragment

if TYPE_CHECKING:
    import pyarrow as pa

PATIENCE = 0.2  # seconds between checks for an interruption by the visitor


def export_panel(offer: Offer, config: PageConfig, *, page: str) -> None:
    """Figures, animations, data, code, a link, and an upload that restores the page.

    Files are computed on demand; a closed panel costs nothing.

    Args:
        offer: the page's exports.
        config: the page's settings.
        page: the page's name in `app.views.session`, under which an upload is adopted.
    """
    if not session.hides("export"):
        _panel(offer, config, page)


@fragment()
def _panel(offer: Offer, config: PageConfig, page: str) -> None:
    failures()
    panel = st.expander("Export and share", icon=":material/ios_share:", key=f"{page}.export", on_change="rerun")
    if not panel.open:
        return
    parts = {
        "Figure": _figure,
        **({"Animation": _animation} if offer.scene is not None else {}),
        "Data": _data,
        **({"Code": _code} if page_of(config).script is not None else {}),
        "Share": _share,
        "Restore": _restore,
    }
    for tab, part in zip(panel.tabs(list(parts)), parts.values(), strict=True):
        with tab:
            part(offer, config, page)
    if st.session_state.pop(f"{page}.restored", False):
        st.rerun()  # the whole page, not this panel alone


def _figure(offer: Offer, config: PageConfig, page: str) -> None:
    key, steps = f"{page}.figure", getattr(config, "steps", None) if offer.has_steps else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure = next(iter(offer.figures))
        if len(offer.figures) > 1:
            widget = f"{key}.drawn.{'.'.join(offer.figures)}"  # other choices, another widget
            figure = st.selectbox("Draw", list(offer.figures), format_func=str.capitalize, key=widget, width=170)
        kind = st.selectbox("Format", FIGURE_FORMATS, format_func=str.upper, key=f"{key}.format", width=110)
        style = st.selectbox("Style", STYLES, key=f"{key}.style", width=110, help="Print is safe in greyscale.")
        width = st.number_input("Width, inches", 1.5, 40.0, 6.4, 0.1, format="%.1f", key=f"{key}.width", width=130)
        height = st.number_input("Height, inches", 1.5, 40.0, 4.8, 0.1, format="%.1f", key=f"{key}.height", width=130)
        dpi = st.number_input("Dots per inch", 30, 1200, 200, key=f"{key}.dpi", width=130)
        step = None
        if steps is not None:
            step = st.number_input("Step", 0, steps, None, placeholder="the last", key=f"{key}.step", width=120)
    try:
        check_size(width, height, dpi)
    except ValueError as error:
        st.error(str(error))
        return

    def make() -> bytes:
        until = step
        if offer.scene is not None and step is not None:
            until = min(step, offer.scene().last_step)
        return offer.figures[figure](kind, width=width, height=height, dpi=dpi, style=style, step=until)

    suffix = f"-{figure.replace(' ', '-')}" if len(offer.figures) > 1 else ""
    _download("Download figure", make, config, kind, f"{key}.download", suffix)


def _animation(offer: Offer, config: PageConfig, page: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Format", ANIMATION_FORMATS, format_func=str.upper, key=f"{page}.film.format", width=110)
        style = st.selectbox("Style", STYLES, key=f"{page}.film.style", width=110)
        seconds = st.number_input("Seconds", 0.2, 60.0, 5.0, 0.5, format="%.1f", key=f"{page}.film.seconds", width=120)
        fps = st.number_input("Frames per second", 1, 50, 20, key=f"{page}.film.fps", width=150)
        width = st.number_input("Width, pixels", 160, 2000, 640, 20, key=f"{page}.film.width", width=130)
        height = st.number_input("Height, pixels", 160, 2000, 480, 20, key=f"{page}.film.height", width=130)
        clicked = st.button("Make animation", key=f"{page}.film.make", icon=":material/movie:")
    settings: dict[str, Any] = {"seconds": seconds, "fps": fps, "width": width, "height": height, "style": style}

    def make(on_progress: Callable[[int, int], None]) -> bytes:
        return render_animation(_wait_for_scene(offer.moving), kind, on_progress=on_progress, **settings)

    film = _file_on_request(f"{page}.film", (config, kind, tuple(settings.items())), clicked, "Drawing", make)
    if film is not None:
        _download("Download animation", film, config, kind, f"{page}.film.download")
        if kind == "gif":
            st.image(film, alt="The animation")
        else:
            st.video(film, format="video/mp4", width=width)
    player = "Download player (HTML)"
    st.caption("The player itself, with play, scrub and speed, as one file that needs no network:")
    family = _family(offer, page)

    def html() -> bytes:
        return player_html(offer.moving(), family=None if family is None else family())

    _download(player, html, config, "html", f"{page}.player", "-player")


def _family(offer: Offer, page: str) -> Callable[[], PackedFamily] | None:
    """The family that the visitor chose for readers of the player to drag."""
    if not offer.families:
        return None
    key = f"{page}.film.family.{'.'.join(offer.families)}"  # other choices, another widget
    name = st.selectbox("Readers can drag", list(offer.families), None, key=key, placeholder="nothing", width=380)
    return offer.families[name] if name else None


def _data(offer: Offer, config: PageConfig, page: str) -> None:
    st.caption(
        "Tables in long format, one row per number that was measured or drawn; CSV and Parquet hold the same numbers."
    )
    several = len(offer.tables) > 1
    for name, table in offer.tables.items():
        with st.container(horizontal=True):
            for kind, form, write in (("csv", "CSV", csv_of), ("parquet", "Parquet", parquet_of)):
                label = f"{name.capitalize()} ({form})" if several else form
                make = partial(_table_bytes, write, table)
                _download(label, make, config, kind, f"{page}.data.{name}.{kind}", f"-{name}" * several)
    with st.container(horizontal=True):
        _download("Settings (JSON)", document.to_json(config), config, "json", f"{page}.data.json")
        if offer.interactive is not None:
            _download("Interactive chart (HTML)", offer.interactive, config, "html", f"{page}.data.html")
        clicked = st.button("Make bundle of everything", key=f"{page}.bundle.make", icon=":material/folder_zip:")

    def make_bundle(on_progress: Callable[[int, int], None]) -> bytes:
        if offer.scene is not None:
            _wait_for_scene(offer.scene)
        return to_bundle(offer, config, on_progress=on_progress)

    archive = _file_on_request(f"{page}.bundle", (config,), clicked, "Packing", make_bundle)
    if archive is not None:
        _download("Download bundle (ZIP)", archive, config, "zip", f"{page}.bundle.download")
    with st.expander("Caption"):
        st.code(offer.caption.text, language=None, wrap_lines=True)


def _code(offer: Offer, config: PageConfig, page: str) -> None:
    script = page_of(config).script
    if script is None:
        return
    name = f"{_stem(config)}.py"
    text = script(config, name)
    st.caption("The same run without the app: it gives the same numbers to the last bit.")
    _download("Download script", text.encode(), config, "py", f"{page}.script")
    st.code(text, language="python", height=360)


def _share(offer: Offer, config: PageConfig, page: str) -> None:
    link = session.share_link(config)
    st.caption("The link carries every setting; whoever opens it sees this page.")
    st.code(link, language=None, wrap_lines=True)
    st.link_button("Open in a new tab", link, icon=":material/open_in_new:")
    exercise_link(config, page)


def _restore(offer: Offer, config: PageConfig, page: str) -> None:
    key = f"{page}.upload"

    def adopt() -> None:
        upload = st.session_state.get(key)
        if upload is None:
            return
        try:
            settings = document.restore(upload.getvalue())
            if not isinstance(config, type(settings.config)):
                raise ValueError(f"these settings belong to the page {settings.page!r}: open it and upload them there")
            if not session.allows(page, settings.config):
                raise ValueError("this page's link fixes what is different there: upload it on the page without a link")
        except ValueError as error:
            st.session_state[f"{page}.refused"] = str(error)
            return
        session.adopt(page, settings.config)
        st.session_state[f"{page}.restored"] = True

    st.file_uploader(
        "Settings (JSON) or a bundle (ZIP) saved here", type=["json", "zip"], key=key, on_change=adopt,
        max_upload_size=document.MOST_UPLOADED // 2**20,
    )  # fmt: skip
    reason = st.session_state.pop(f"{page}.refused", None)
    if reason is not None:
        st.error(f"Not restored: {reason}.")


def _file_on_request(
    slot: str, settings: Any, is_clicked: bool, label: str, make: Callable[[Callable[[int, int], None]], bytes]
) -> bytes | None:
    """The file made on request, if the settings are unchanged; while it is made, a click anywhere else stops it."""
    if is_clicked:
        st.session_state.pop(slot, None)
        try:
            with progress(label) as on_progress:
                st.session_state[slot] = (settings, make(on_progress))
        except ValueError as error:
            st.error(str(error))
    settings_made, data = st.session_state.get(slot, (None, None))
    return data if settings_made == settings else None


def _wait_for_scene(make: Callable[[], Scene]) -> Scene:
    """The scene, once its landscape is computed; meanwhile a click anywhere else ends the wait."""
    slot, scene = st.empty(), Future[Scene]()
    start_thread(_fulfil, scene, make, name="scene")
    while not wait([scene], PATIENCE).done:
        slot.caption("Waiting for the landscape. Change a control to stop.")
    slot.empty()
    return scene.result()


def _fulfil(promise: Future[Scene], make: Callable[[], Scene]) -> None:
    try:
        promise.set_result(make())
    except Exception as error:
        promise.set_exception(error)


def _download(
    label: str, content: bytes | Callable[[], bytes], config: PageConfig, kind: str, key: str, suffix: str = ""
) -> None:
    download(label, content, f"{_stem(config)}{suffix}.{kind}", key=key, type="secondary")


def _stem(config: PageConfig) -> str:
    """The stem of file names."""
    key = page_of(config).key
    field = {"surfaces": "surface", "games": "game", "theory": "instrument", "atlas": "objective"}.get(key)
    name = getattr(config, field) if field else key
    return f"lookahead-{name}".replace("_", "-")


def _table_bytes(write: Callable[[pa.Table], bytes], table: Callable[[], pa.Table]) -> bytes:
    return write(table())
