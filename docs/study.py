"""Draws the figures of docs/study.md and writes its sentences and its table: `python docs/study.py` does it.

From app/runs/shipped/study.json, which `python -m benchmarks.depth_study` computes.
"""

from __future__ import annotations

from pathlib import Path

from app.draw.image import render_figure
from app.figures.depth_study import best_map_chart, depth_chart
from app.runs.depth_study import depth_study
from app.tables.depth_study import lrs, markdown

HERE = Path(__file__).parent
PAGE = HERE / "study.md"
BEGIN, END = "<!-- computed -->", "<!-- /computed -->"
MARKS = {"better": "**{}**", "worse": "*{}*"}


def computed() -> str:
    """What the page takes from the results."""
    study = depth_study()
    sentences = "\n".join(f"- {sentence}" for sentence in study.sentences)
    rates = [f"| {one.title} | {one.base} | {one.steps:,} | {one.seeds} | {lrs(one)} |" for one in study.objectives]
    settings = "\n".join(
        [
            "| objective | base | steps | fresh seeds | lr of the base, of 1, 2, 3, 4 layers, under the average |",
            "|---|---|---|---|---|",
            *rates,
        ]
    )
    return "\n\n".join([sentences, "![The figure](study.svg)", markdown(study, MARKS), settings])


def page() -> str:
    """The whole page as it ought to be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{computed()}\n\n{END}{after}"


def main() -> None:
    """Write the page and its two figures."""
    study = depth_study()
    PAGE.write_text(page(), encoding="utf-8")
    (HERE / "study.svg").write_bytes(render_figure(depth_chart(study), "svg", width=11, height=7.4))
    (HERE / "study-maps.svg").write_bytes(render_figure(best_map_chart(study), "svg", width=11, height=3.6))


if __name__ == "__main__":
    main()
