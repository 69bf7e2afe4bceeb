"""Page order and nothing else."""

from pathlib import Path

import streamlit as st

from app.views.preload import admitted, games, gans, networks, surfaces, theory

st.set_page_config(page_title="Lookahead Lab", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
st.html(Path(__file__).with_name("style.css"))
pages = [
    st.Page(surfaces.page, title="Surfaces", icon=":material/landscape:", url_path="surfaces", default=True),
    st.Page(games.page, title="Games", icon=":material/cyclone:", url_path="games"),
    st.Page(networks.page, title="Networks", icon=":material/hub:", url_path="networks"),
    st.Page(gans.page, title="GANs", icon=":material/swords:", url_path="gans"),
    st.Page(theory.page, title="Theory", icon=":material/function:", url_path="theory"),
]
page = st.navigation(pages, position="top")
if admitted():
    page.run()
