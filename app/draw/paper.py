"""Paragraphs and pictures on A4 pages, as a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = "DejaVu"  # has Greek letters, indices and the true minus; comes with matplotlib
FILES = {"": "DejaVuSans", "B": "DejaVuSans-Bold", "I": "DejaVuSans-Oblique", "BI": "DejaVuSans-BoldOblique"}
BLACK = "#111"
WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 18.0  # mm
ROLL = 2_000.0  # mm, the height of a page on which any section fits


def pdf_of(title: str, parts: Sequence[Sequence[str]]) -> bytes:
    """Each part from the top of a page, in sections of HTML that stay whole where a page has room for them."""
    pdf, roll = _paper(title, HEIGHT), _paper(title, ROLL)
    roll.add_page()
    for sections in parts:
        pdf.add_page()
        for section in sections:
            if pdf.y + _height(roll, section) > HEIGHT - MARGIN and pdf.y > MARGIN:
                pdf.add_page()
            _write(pdf, section)
    return bytes(pdf.output())


def _height(roll: FPDF, section: str) -> float:
    """What the section takes, in mm, tried at the top of a page that is high enough for all of it."""
    roll.y = roll.t_margin
    _write(roll, section)
    return roll.y - roll.t_margin


def _paper(title: str, height: float) -> FPDF:
    import matplotlib
    from fpdf import FPDF

    pdf = FPDF(format=(WIDTH, height))
    pdf.set_title(title)
    pdf.set_lang("en")
    pdf.set_margin(MARGIN)
    for style, name in FILES.items():
        pdf.add_font(FONT, style, Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"))
    pdf.set_font(FONT, size=10.5)
    return pdf


def _write(pdf: FPDF, section: str) -> None:
    from fpdf import FontFace, TextStyle

    styles = {
        "h1": TextStyle(FONT, color=BLACK, font_size_pt=20, t_margin=0, b_margin=0.2),
        "h2": TextStyle(FONT, color=BLACK, font_size_pt=14, t_margin=4, b_margin=0.2),
        "ul": TextStyle(FONT, color=BLACK, t_margin=1),
        "b": FontFace(emphasis="B"),
    }
    pdf.write_html(section, tag_styles=styles, ul_bullet_char="☐", li_prefix_color=BLACK)
