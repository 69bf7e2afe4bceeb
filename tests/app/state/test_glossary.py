"""The glossary: each term once, short, and linked where a text first speaks of it."""

from __future__ import annotations

import re

import pytest

from app.state.glossary import ALL, anchor, linked, terms
from app.state.lessons import library
from app.state.lessons.reading import words

MOST_WORDS = 35
TERMS = {anchor(term): term for term in terms()}
LINK = re.compile(r"\[([^\]]*)\]\((#[^)]*)\)")
TEXTS = [
    pytest.param(text, id=f"{lesson.key} {number} {part}")
    for lesson in library().lessons.values()
    for number, card in enumerate(lesson.cards, start=1)
    for part, text in (("text", card.text), ("reveal", card.reveal))
]


def test_anchors_and_words_are_unique() -> None:
    assert len(TERMS) == len(terms()) > 20
    assert ALL not in TERMS
    spoken = [word.lower() for term in terms() for word in term.words]
    assert len(spoken) == len(set(spoken))


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.key)
def test_a_meaning_is_short_and_its_name_is_a_word_for_it(term) -> None:
    assert 5 <= words(term.meaning) <= MOST_WORDS
    assert term.meaning.endswith(".")
    symbol = r" [^\W\d_]$"
    name = re.sub(symbol, "", term.name)
    assert linked(name) == f"[{name}]({anchor(term)})"


def test_only_the_first_mention_is_a_link_in_whatever_words() -> None:
    assert linked("Slow weights φ wait: φ stays, then the slow weights move by α₁.") == (
        "[Slow weights](#term-slow-weights) φ wait: φ stays, then the slow weights move by [α₁](#term-slow-step-size)."
    )


def test_the_longest_word_counts_and_parts_of_words_do_not() -> None:
    assert linked("The effective lr, not the lr.") == (
        "The [effective lr](#term-effective-lr), not the [lr](#term-lr)."
    )
    assert linked("A multilayered gamekeeper, K and kx") == "A multilayered gamekeeper, K and kx"


@pytest.mark.parametrize("kept", ["$k = 5$ lr is not here"[:7], "`lr`", "[lr](https://example.org)", "![k](lr.png)"])
def test_formulas_code_and_links_stay_as_they_are(kept: str) -> None:
    assert linked(kept) == kept


@pytest.mark.parametrize("text", TEXTS)
def test_every_link_of_a_card_leads_to_a_term_once(text: str) -> None:
    links = LINK.findall(linked(text))
    targets = [target for _, target in links]
    assert set(targets) <= set(TERMS)
    assert len(targets) == len(set(targets))
    assert LINK.sub(r"\1", linked(text)) == text  # nothing else is changed


def test_cards_speak_of_most_terms() -> None:
    mentioned = {target for text in TEXTS for _, target in LINK.findall(linked(str(text.values[0])))}
    assert len(mentioned) > 12
