"""Lesson files: ours are whole and short, a teacher's stand beside them, a broken one says where and hides no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.state.lessons import (
    MOST_WORDS,
    Check,
    Lesson,
    LessonCard,
    LessonsConfig,
    UnreadableLesson,
    library,
    read_lesson,
)
from app.state.lessons.reading import words
from app.state.links import decode, encode

GOOD = """---
title: A title
about: What it is about.
remember: One sentence.
---

---
page: surfaces
link: ?surface=ravine&1.layers=5:0.5
question:
  kind: choose
  options:
    - says: This
      right: true
    - says: That
checks:
  - {measure: x, is: 1.0, step: 0}
---
# A card

What is asked.

## Reveal

What is explained.
"""
TWO = [{"says": "This", "right": True}, {"says": "That"}]
KEYS = (
    "two-sets-of-weights", "alpha-and-k", "odd-and-even", "noise", "the-second-layer", "the-price", "games",
    "implicit-regularization", "wrong-labels", "gans",
)  # fmt: skip


def ours(monkeypatch: pytest.MonkeyPatch) -> dict[str, Lesson]:
    monkeypatch.delenv("LOOKAHEAD_LESSONS", raising=False)
    return dict(library().lessons)


def test_ten_lessons_of_three_to_seven_short_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = ours(monkeypatch)
    assert not library().unreadable
    assert tuple(lessons) == KEYS
    for lesson in lessons.values():
        assert 3 <= len(lesson.cards) <= 7
        for card in lesson.cards:
            assert max(words(card.text), words(card.reveal)) <= MOST_WORDS, (lesson.key, card.title)


def test_a_file_is_read_as_it_is_written() -> None:
    lesson = read_lesson(GOOD, "07-my-lesson.md")
    assert isinstance(lesson, Lesson)
    assert (lesson.key, lesson.title, lesson.remember) == ("my-lesson", "A title", "One sentence.")
    (card,) = lesson.cards
    assert (card.title, card.text, card.reveal) == ("A card", "What is asked.", "What is explained.")
    assert card.config.cards[0].layers[0].k == 5  # type: ignore[attr-defined]
    assert card.checks == (Check.model_validate({"measure": "x", "is": 1.0, "step": 0}),)


MISTAKES = [  # what is changed, the line that is named, what is said
    ("---\ntitle", "title", 1, "a lesson must begin with a line ---"),
    ("remember: One sentence.\n", "", 1, "remember is missing"),
    ("title: A title", "title: [A", 2, "settings must be YAML"),
    ("title: A title", "title: A title\ncolour: red", 3, "colour no such setting"),
    ("page: surfaces", "page: moon", 8, "page should be one of surfaces, games"),
    ("surface=ravine", "surface=moon", 9, "link surface: no such surface"),
    ("1.layers=5:0.5", "1.layers=5", 9, r"link 1\.layers: every layer must read k:alpha"),
    ("kind: choose", "kind: dance", 10, "kind should be one of"),
    ("      right: true\n", "", 10, "one option must be right: true"),
    ("    - says: That\n", "", 10, "options must be at least two"),
    ("measure: x", "measure: beauty", 17, "measure should be one of"),
    ("is: 1.0, ", "", 17, "write is: with within:, or below:, or above:"),
    ("step: 0", "optimizer: 3", 17, "optimizer must be one of the 1 that are shown"),
    ("step: 0", "step: 999", 17, "step must be at most the run's 150, got 999"),
    ("measure: x", "measure: gap", 17, "measure must be one of x, y, fast_x"),
    ("# A card", "A card", 19, "a card's text must begin with its title"),
    ("## Reveal", "## Answer", 25, "a card must have one line ## Reveal"),
    ("What is asked.", "", 20, "a card must have a text before ## Reveal"),
    ("What is explained.", "word " * 61, 24, "a text must have at most 60 words, got 61"),
    ("---\n# A card", "# A card", 7, "must end with a line ---"),
]


@pytest.mark.parametrize(("old", "new", "line", "says"), MISTAKES, ids=[says for *_, says in MISTAKES])
def test_a_broken_file_says_where_and_what_is_expected(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    fault = read_lesson(GOOD.replace(old, new, 1), "mine.md")
    assert isinstance(fault, UnreadableLesson)
    assert (fault.file, fault.line) == ("mine.md", line), fault
    assert re.search(says, fault.expected), fault
    assert str(fault).startswith(f"mine.md, line {line}: ")


def test_text_between_the_lesson_and_its_first_card_is_refused() -> None:
    fault = read_lesson(GOOD.replace("---\n\n---", "---\nhello\n---"), "mine.md")
    assert fault == UnreadableLesson("mine.md", 6, "the first card must follow the lesson's settings, with a line ---")


def test_anything_is_a_lesson_or_says_what_is_wrong() -> None:
    for text in (
        "",
        "\0",
        "---",
        "---\n---",
        "---\n---\n---\n---\n",
        "\ufeff" + GOOD,
        "a" * 200_000,
        "---\n&a *a\n---",
    ):
        assert isinstance(read_lesson(text, "x.md"), Lesson if GOOD in text else UnreadableLesson)


def test_a_teachers_folder_is_read_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.md").write_text(GOOD)
    (tmp_path / "bad.md").write_text(GOOD.replace("page: surfaces", "page: moon"))
    (tmp_path / "latin.md").write_bytes(b"---\ntitle: caf\xe9\n---\n")
    (tmp_path / "noise.md").write_text(GOOD)
    (tmp_path / "README.md").write_text("Not a lesson.")
    monkeypatch.setenv("LOOKAHEAD_LESSONS", str(tmp_path))
    assert tuple(library().lessons) == (*KEYS, "good")
    assert [(one.file, one.line) for one in library().unreadable] == [("bad.md", 8), ("latin.md", 2), ("noise.md", 1)]
    assert "another lesson is called 'noise'" in library().unreadable[2].expected


def test_a_changed_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.md"
    file.write_text(GOOD)
    monkeypatch.setenv("LOOKAHEAD_LESSONS", str(tmp_path))
    assert library().lessons["mine"].title == "A title"
    file.write_text(GOOD.replace("A title", "Another title"))
    assert library().lessons["mine"].title == "Another title"
    file.unlink()
    assert "mine" not in library().lessons


def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKAHEAD_LESSONS", "/nowhere")
    with pytest.raises(ValueError, match=r"^LOOKAHEAD_LESSONS must be a folder with lessons, got '/nowhere'$"):
        library()


def test_a_teachers_link_opens_a_card_and_unknown_ones_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ours(monkeypatch)
    config = LessonsConfig(lesson="games", card=2)
    assert encode(config) == {"v": "1", "lesson": "games", "card": "2"}
    assert decode(encode(config), LessonsConfig) == (config, [])
    config, problems = decode({"lesson": "games", "card": "9"}, LessonsConfig)
    assert (config, len(problems)) == (LessonsConfig(lesson="games"), 1)
    assert problems[0].startswith("card: this lesson has 5 cards (got '9')")
    config, problems = decode({"lesson": "knitting"}, LessonsConfig)
    assert config == LessonsConfig()
    assert problems[0].startswith("lesson: no such lesson; choose one of two-sets-of-weights")


def test_the_word_count_is_a_readers() -> None:
    assert words("The slow weights φ₁ go **half-way** to θ, by .5 of it.") == 12
    assert words("$\\frac{a}{b} + c$ is short") == 3


def test_a_card_says_what_it_cannot_show() -> None:
    card = {
        "title": "t",
        "text": "t",
        "reveal": "r",
        "question": {"kind": "reach", "goal": {"measure": "x", "below": 1}},
    }
    assert LessonCard.model_validate(card).moves
    with pytest.raises(ValueError, match="question reach needs a page with a player"):
        LessonCard.model_validate(card | {"page": "theory"})
    with pytest.raises(ValueError, match="bars must say what is shown instead of a training on networks"):
        LessonCard.model_validate(card | {"page": "networks", "question": {"kind": "choose", "options": TWO}})
    with pytest.raises(ValueError, match="question must have options on theory"):
        LessonCard.model_validate(card | {"page": "theory", "question": {"kind": "choose", "least": "x"}})
    with pytest.raises(ValueError, match="optimizer must be one of the 3 that are shown, got 4"):
        LessonCard.model_validate(card | {"question": {"kind": "place", "optimizer": 4, "within": 1}})
    with pytest.raises(ValueError, match="link surface: no such surface"):
        LessonCard.model_validate(card | {"checks": [{"measure": "x", "above": 0, "link": "?surface=moon"}]})
    with pytest.raises(
        ValueError, match="chart must be one of those of surfaces: loss, distance, gradient; got 'rate'"
    ):
        LessonCard.model_validate(card | {"chart": "rate"})
