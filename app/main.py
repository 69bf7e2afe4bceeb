"""Page order and nothing else."""

from pathlib import Path

import streamlit as st
import torch

from app.runs import THREADS
from app.views.preload import (
    atlas,
    games,
    gans,
    glossary_link,
    lessons,
    networks,
    page_links,
    page_script,
    page_turn,
    session,
    surfaces,
    take_seat,
    theory,
)

torch.set_num_threads(THREADS)
st.set_page_config(page_title="Lookahead Lab", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
st.html(Path(__file__).with_name("style.css"))
pages = {
    "surfaces": st.Page(
        surfaces.page, title="Surfaces", icon=":material/landscape:", url_path="surfaces", default=True
    ),
    "games": st.Page(games.page, title="Games", icon=":material/cyclone:", url_path="games"),
    "networks": st.Page(networks.page, title="Networks", icon=":material/hub:", url_path="networks"),
    "gans": st.Page(gans.page, title="GANs", icon=":material/swords:", url_path="gans"),
    "theory": st.Page(theory.page, title="Theory", icon=":material/function:", url_path="theory"),
    "atlas": st.Page(atlas.page, title="Atlas", icon=":material/map:", url_path="atlas"),
    "lessons": st.Page(lessons.page, title="Lessons", icon=":material/school:", url_path="lessons"),
}
session.declare(pages)
page = st.navigation(list(pages.values()), position="hidden" if session.hides("pages") else "top")
page_links(pages)
page_script()
if take_seat():
    with page_turn(page.title.lower()), session.screen():
        page.run()
        glossary_link()
    session.rerun_if_widgets_differ()
