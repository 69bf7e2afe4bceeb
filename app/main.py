"""Page order and nothing else."""

import streamlit as st

from app.views import surfaces

st.set_page_config(page_title="Lookahead Lab", page_icon=":material/stairs:", layout="wide")
st.navigation(
    [st.Page(surfaces.page, title="Surfaces", icon=":material/landscape:", url_path="surfaces", default=True)],
    position="top",
).run()
