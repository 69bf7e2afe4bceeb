"""A lesson on paper, as HTML or PDF: pictures and questions, then the explanations on a page of their own."""

from __future__ import annotations

import base64
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from app.draw.image import render_figure
from app.draw.paper import pdf_of
from app.figures.lessons import Placed, moving_picture, still_picture
from app.player.tracks import only_starts
from app.runs.lessons import answers, end_of, measurement, right_options
from app.state.lessons import Choose, Lesson, LessonCard, Number, Place

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

SIZE, DPI = (6.4, 3.6), 110
PICTURE_WIDTH = 430  # points on paper, CSS pixels on a screen
LINES = {
    "number": "Your number: ________",
    "place": "Mark the place in the picture.",
    "reach": "Your setting: ________",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 12pt/1.45 sans-serif; margin: 1rem auto; max-width: 46rem; padding: 0 1rem; }}
body {{ color: #111; background: #fff; }}
section {{ break-inside: avoid; margin: 1.5rem 0; }}
h1 {{ font-size: 20pt; margin-bottom: 0; }} h2 {{ font-size: 14pt; margin: 0; }}
img {{ max-width: 100%; }}
ul {{ list-style: "☐  "; }}
.answers {{ break-before: page; }}
.remember {{ border: 2px solid #111; padding: .5rem 1rem; }}
</style>
</head>
<body>
{questions}
<div class="answers">
{explanations}
</div>
</body>
</html>
"""


def lesson_sheet(lesson: Lesson) -> bytes:
    """The sheet as one HTML file."""
    questions, explanations = ("\n".join(sections) for sections in _parts(lesson))
    return _PAGE.format(title=escape(lesson.title), questions=questions, explanations=explanations).encode()


def lesson_pdf(lesson: Lesson) -> bytes:
    """The sheet as A4 pages."""
    return pdf_of(lesson.title, _parts(lesson))


def _parts(lesson: Lesson) -> tuple[list[str], list[str]]:
    """Questions and explanations, each with its heading, as sections of HTML."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("js-default", {"html": False})
    title, about, remember = escape(lesson.title), escape(lesson.about), escape(lesson.remember)
    cards = list(enumerate(lesson.cards, start=1))
    return (
        [f"<h1>{title}</h1><p>{about}</p>", *(_question(markdown, number, card) for number, card in cards)],
        [
            f"<h1>{title}: answers</h1>",
            *(_explanation(markdown, number, card) for number, card in cards),
            f'<p class="remember"><strong>To remember.</strong> {remember}</p>',
        ],
    )


def right_answer(card: LessonCard) -> str:
    """The right answer in words, as the card's run has it; empty where the visitor finds a setting."""
    config, question = card.config, card.question
    if isinstance(question, Choose):
        says = answers(card, question)
        return " or ".join(says[place] for place in right_options(card, question)) or "None of these"
    if isinstance(question, Number):
        return readable(measurement(config, question.of))
    if isinstance(question, Place) and isinstance(config, Placed):
        end = end_of(config, question.optimizer)
        return "It diverged: it ended nowhere." if end is None else f"({readable(end[0])}, {readable(end[1])})"
    return ""


def readable(value: float) -> str:
    """A number with three digits and a true minus."""
    return f"{value:.3g}".replace("-", "−")


def _question(markdown: MarkdownIt, number: int, card: LessonCard) -> str:
    question = card.question
    if isinstance(question, Choose):
        reply = "<ul>" + "".join(f"<li>{escape(says)}</li>" for says in answers(card, question)) + "</ul>"
    else:
        reply = f"<p>{LINES[question.kind]}</p>"
    return (
        f"<section><h2>{number}. {escape(card.title)}</h2>{markdown.render(card.text)}{_picture(card)}{reply}</section>"
    )


def _explanation(markdown: MarkdownIt, number: int, card: LessonCard) -> str:
    answer = right_answer(card)
    paragraph = f"<p><strong>{escape(answer)}</strong></p>" if answer else ""
    return f"<section><h2>{number}. {escape(card.title)}</h2>{paragraph}{markdown.render(card.reveal)}</section>"


def _picture(card: LessonCard) -> str:
    """What the card shows before it is answered."""
    config, chart = card.config, still_picture(card)
    width, height = SIZE
    if isinstance(config, Placed):
        scene = moving_picture(config)
        scene = replace(scene, tracks=only_starts(scene.tracks)) if card.hidden else scene
        image = render_figure(scene, width=width, height=height, dpi=DPI)
    elif chart is not None:
        image = render_figure(chart, width=width, height=height, dpi=DPI)
    else:
        return ""
    source = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return f'<img alt="{escape(card.title)}" width="{PICTURE_WIDTH}" src="{source}">'
