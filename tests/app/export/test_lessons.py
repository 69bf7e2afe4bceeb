"""The sheet of a lesson: questions with pictures first, answers on a page of their own, and nothing from elsewhere."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader

from app.draw.qr import qr_svg
from app.export import lessons as sheets
from app.export.lessons import lesson_pdf, lesson_sheet, right_answer
from app.state.lessons import Lesson, library, read_lesson


@pytest.fixture(scope="module")
def sheet() -> str:
    return lesson_sheet(library().lessons["odd-and-even"]).decode()


@pytest.fixture(scope="module")
def paper() -> list[str]:
    """The words of each page."""
    pages = PdfReader(io.BytesIO(lesson_pdf(library().lessons["odd-and-even"]))).pages
    return [" ".join(page.extract_text().split()) for page in pages]


def test_every_card_has_its_picture_its_question_and_later_its_answer(sheet: str) -> None:
    lesson = library().lessons["odd-and-even"]
    questions, _, explanations = sheet.partition('<div class="answers">')
    assert questions.count("data:image/png;base64,") == len(lesson.cards)
    for number, card in enumerate(lesson.cards, start=1):
        assert f"{number}. {card.title}" in questions
        assert f"{number}. {card.title}" in explanations
    assert "<strong>−1.04</strong>" in explanations
    assert "<strong>−1.04</strong>" not in questions
    assert lesson.remember in explanations


def test_on_paper_answers_begin_a_page(paper: list[str]) -> None:
    lesson = library().lessons["odd-and-even"]
    first = next(number for number, text in enumerate(paper) if text.startswith(f"{lesson.title}: answers"))
    questions, explanations = " ".join(paper[:first]), " ".join(paper[first:])
    for number, card in enumerate(lesson.cards, start=1):
        assert f"{number}. {card.title}" in questions
        assert f"{number}. {card.title}" in explanations
    assert lesson.remember in explanations
    assert lesson.remember not in questions


def test_on_paper_a_question_is_with_its_picture(paper: list[str]) -> None:
    titles = tuple(card.title for card in library().lessons["odd-and-even"].cards)
    assert not [text for text in paper if text.endswith(titles)]


def test_the_picture_of_a_question_gives_no_answer_away(monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = []
    monkeypatch.setattr(sheets, "render_figure", lambda scene, **size: scenes.append(scene) or b"")
    lesson = library().lessons["odd-and-even"]
    lesson_sheet(lesson)
    questions = [scene for scene, card in zip(scenes, lesson.cards, strict=True) if card.hidden]
    assert len(questions) == 4
    assert {(track.rows, track.diverged) for scene in questions for track in scene.tracks} == {(1, -1)}
    assert scenes[3].tracks[0].rows == 151


def test_nothing_is_fetched_from_anywhere(sheet: str) -> None:
    assert not re.findall(r"(?:src|href)=\"(?!data:)", sheet)


def test_markup_in_a_lesson_stays_text() -> None:
    text = (
        "---\ntitle: <b>x</b>\nabout: a\nremember: r\n---\n---\nquestion: {kind: choose, least: x}\n---\n"
        "# <i>t</i>\n<script>alert(1)</script>\n## Reveal\n**so**\n"
    )
    lesson = read_lesson(text, "x.md")
    assert isinstance(lesson, Lesson)
    page = lesson_sheet(lesson).decode()
    assert "<script>" not in page
    assert "<i>t" not in page
    assert "&lt;b&gt;x" in page
    assert "<strong>so</strong>" in page


def test_right_answers_come_from_the_runs() -> None:
    cards = library().lessons["odd-and-even"].cards
    assert right_answer(cards[0]) == "It jumps across ever farther and leaves"
    assert right_answer(cards[1]) == "−0.108"
    assert right_answer(cards[3]) == ""
    assert right_answer(library().lessons["two-sets-of-weights"].cards[1]) == "(−6.18, 5.09)"


def test_a_code_is_drawn_here_and_differs_with_its_link() -> None:
    one, other = (qr_svg(f"http://127.0.0.1:8501/lessons?lesson=games&card={number}") for number in (1, 2))
    assert one.startswith("<svg")
    assert one != other
    assert one == qr_svg("http://127.0.0.1:8501/lessons?lesson=games&card=1")
    assert "http" not in one.replace("http://www.w3.org/2000/svg", "")
