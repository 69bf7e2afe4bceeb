"""What the study of depth that comes with the application found, on the Atlas's first screen."""

from __future__ import annotations

import streamlit as st

from app.figures.depth_study import best_map_chart, depth_chart
from app.runs.depth_study import depth_study
from app.tables.depth_study import markdown
from app.views.parts.charts import show_chart

KEY = "atlas.depth_study"
MARKS = {"better": ":blue[**{}**]", "worse": ":orange[**{}**]"}
READING = (
    "Change of the measure, of which less is better, from the base alone, each at its own best lr: mean and 95 % "
    "interval of the paired differences over fresh seeds, at equal gradient evaluations. Coloured where it is told "
    "apart at 5 % after Holm's correction for all comparisons of the table; far above: a change too large to draw."
)
OVER_K = (
    "One layer at the best lr for each k and α, on the seeds that the lr was chosen on: where the star lies, results "
    "are best, a little too good since it was chosen there."
)


def draw_depth_study() -> None:
    """Three sentences; the figure, the maps and the table for those who open them."""
    study = depth_study()
    first, second, third = study.sentences
    with st.container(border=True, key=KEY):
        st.markdown(f"**Do more layers help?** {first} {second} {third}")
        count = len(study.objectives)
        door = st.expander(f"All {count} objectives", icon=":material/forest:", key=f"{KEY}.all", on_change="rerun")
        if door.open:
            with door:
                _draw_all()


def _draw_all() -> None:
    study = depth_study()
    st.caption(READING)
    chart = depth_chart(study)
    for first in range(0, len(chart.panels), chart.columns):
        for number, column in enumerate(st.columns(chart.columns), start=first):
            if number < len(chart.panels):
                with column:
                    st.caption(f"**{chart.filled_panels[number].title}**")
                    show_chart(chart.of(number, height=190), f"{KEY}.{number}", legend=False)
    st.markdown(markdown(study, MARKS))
    st.caption(OVER_K)
    maps = best_map_chart(study)
    for number, column in enumerate(st.columns(len(maps.panels))):
        with column:
            st.caption(f"**{maps.filled_panels[number].title}**")
            show_chart(maps.of(number, height=280), f"{KEY}.map.{number}", legend=False)
