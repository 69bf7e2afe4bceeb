"""Reads a lesson from Markdown with front matter.

---
title: ...            of the lesson
about: ...
remember: ...
---

---
link: ...             of the first card, as `LessonCard` has it
question: ...
---
# Its title
What is asked.
## Reveal
What is explained once it is answered.

---                   of the second card
...
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import frontmatter
import yaml
from pydantic import ValidationError

from app.state.base import Frozen
from app.state.errors import explain
from app.state.lessons.card import LessonCard
from app.state.lessons.lesson import MOST_CARDS, MOST_WORDS, Lesson, UnreadableLesson

FENCE, REVEAL = "---", "## Reveal"
MOST_CHARACTERS = 100_000  # of a file
_ORDER = re.compile(r"^\d+[-_ ]*")  # 03-ravine.md is the lesson "ravine"
_WORD = re.compile(r"\w[\w'’.,:/-]*")
Value = TypeVar("Value", bound=Frozen)


class _Unreadable(Exception):  # noqa: N818  (it never leaves this module)
    def __init__(self, line: int, expected: str) -> None:
        super().__init__(expected)
        self.line, self.expected = line, expected


def key_of(file: str) -> str:
    """What links call the lesson of a file."""
    return _ORDER.sub("", Path(file).stem) or Path(file).stem


def read_lesson(text: str, file: str) -> Lesson | UnreadableLesson:
    """The lesson, or what is wrong with it."""
    try:
        if len(text) > MOST_CHARACTERS:
            raise _Unreadable(1, f"a lesson must have at most {MOST_CHARACTERS:,} characters, got {len(text):,}")
        blocks = _blocks(text.lstrip("\ufeff").splitlines())
        first, *card_blocks = blocks
        head = _settings(first)
        if rest_of := _body(first):
            raise _Unreadable(rest_of[0][0], f"the first card must follow the lesson's settings, with a line {FENCE}")
        if not 1 <= len(card_blocks) <= MOST_CARDS:
            raise _Unreadable(first[0][0], f"a lesson must have 1 to {MOST_CARDS} cards, got {len(card_blocks)}")
        cards = tuple(_card(block) for block in card_blocks)
        return _validate(Lesson, {**head, "key": key_of(file), "cards": cards}, first)
    except _Unreadable as problem:
        return UnreadableLesson(file, problem.line, problem.expected)


def words(text: str) -> int:
    """How many words a reader reads: formulas and marks of Markdown do not count."""
    plain_text = re.sub(r"\$[^$]*\$|`[^`]*`", " 1 ", text)
    return len(_WORD.findall(plain_text))


Block = list[tuple[int, str]]
"""Numbered lines, from one that is --- to the end of the text that follows its settings."""


def _blocks(lines: Sequence[str]) -> list[Block]:
    fences = [number for number, line in enumerate(lines, start=1) if line.rstrip() == FENCE]
    content = next((number for number, line in enumerate(lines, start=1) if line.strip()), 1)
    if not fences or content < fences[0]:
        raise _Unreadable(content, f"a lesson must begin with a line {FENCE}, its settings, and another {FENCE}")
    if len(fences) % 2:
        raise _Unreadable(fences[-1], f"the settings that begin here must end with a line {FENCE}")
    begins = [*fences[::2], len(lines) + 1]
    return [[(number, lines[number - 1]) for number in range(begin, end)] for begin, end in pairwise(begins)]


def _settings(block: Block) -> dict[str, Any]:
    begin = block[0][0]
    try:
        settings, _ = frontmatter.parse("\n".join(line for _, line in block))
    except yaml.MarkedYAMLError as error:
        is_unclosed = re.search("flow|quoted", error.context or "")  # then the line where it was opened is to be mended
        mark = error.context_mark if is_unclosed else error.problem_mark
        line = begin + (mark.line if mark else 0)
        raise _Unreadable(line, f"settings must be YAML, as in title: Two sets of weights; {error.problem}") from None
    except yaml.YAMLError:
        raise _Unreadable(begin, "settings must be YAML without unprintable characters") from None
    return dict(settings)


def _body(block: Block) -> Block:
    """The lines after the settings, without empty ones before the first."""
    closing = [place for place, (_, line) in enumerate(block) if line.rstrip() == FENCE][1]
    lines = block[closing + 1 :]
    first = next((place for place, (_, line) in enumerate(lines) if line.strip()), len(lines))
    return lines[first:]


def _card(block: Block) -> LessonCard:
    settings, body = _settings(block), _body(block)
    end = block[-1][0]
    if not body or not body[0][1].startswith("# "):
        raise _Unreadable(body[0][0] if body else end, "a card's text must begin with its title, as in # Two paths")
    reveals = [place for place, (_, line) in enumerate(body) if line.rstrip() == REVEAL]
    if len(reveals) != 1:
        line = body[reveals[1]][0] if reveals else end
        raise _Unreadable(line, f"a card must have one line {REVEAL}, between what it asks and what it explains")
    parts = {"text": body[1 : reveals[0]], "reveal": body[reveals[0] + 1 :]}
    texts = {name: "\n".join(line for _, line in lines).strip() for name, lines in parts.items()}
    for name, lines in parts.items():
        at = lines[0][0] if lines else end
        if not texts[name]:
            raise _Unreadable(at, f"a card must have a text {'before' if name == 'text' else 'after'} {REVEAL}")
        if words(texts[name]) > MOST_WORDS:
            raise _Unreadable(at, f"a text must have at most {MOST_WORDS} words, got {words(texts[name])}")
    return _validate(LessonCard, {**settings, **texts, "title": body[0][1][2:].strip()}, block)


def _validate(model: type[Value], settings: dict[str, Any], block: Block) -> Value:
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    names = [str(part) for part in first["loc"] if isinstance(part, str)]
    reason = explain(first, within=len(first["loc"]))
    name = names[-1] if names and first["type"] != "value_error" else ""
    raise _Unreadable(_line_of(first["loc"], block, reason), f"{name} {reason}".strip())


def _line_of(place: Sequence[int | str], block: Block, reason: str) -> int:
    """The line of a setting, as far down as its YAML goes; without a place, of what the reason begins with."""
    begin = block[0][0]
    settings = [line for _, line in block[1:]]
    closing = next(number for number, line in enumerate(settings) if line.rstrip() == FENCE)
    node = yaml.compose("\n".join(settings[:closing]), Loader=yaml.SafeLoader)
    line = begin
    if not place:
        pattern = re.compile(rf"\b{re.escape(reason.partition(' ')[0])}:")
        return next((number for number, text in block[: closing + 1] if pattern.search(text)), begin)
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if part in pairs:
                key, node = pairs[str(part)]
                line = begin + 1 + key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = begin + 1 + node.start_mark.line
    return line
