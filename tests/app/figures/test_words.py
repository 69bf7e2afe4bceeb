"""The sentence on what is seen names the shapes that are drawn, and only those."""

from __future__ import annotations

import re

import pytest

from app.figures.words import DOTS, in_words
from app.player.look import LOOK


def test_the_sentence_is_this() -> None:
    assert in_words("surfaces", 2) == (
        "Each dot is an optimizer's weights rolling downhill; every k steps its square, the slow weights, moves a "
        "fraction α towards the dot, which starts again from there; its diamond, slower weights still, follows the "
        "square in the same way."
    )


def test_outer_momentum_is_said_where_there_is_some() -> None:
    assert "and further by its outer momentum where it has one, which starts" in in_words("surfaces", 1, momentum=True)
    assert "momentum" not in in_words("surfaces", 1)


def test_without_layers_nothing_is_said_of_slow_weights() -> None:
    assert in_words("surfaces", 0) == "Each dot is an optimizer's weights rolling downhill."


@pytest.mark.parametrize("page", DOTS)
@pytest.mark.parametrize("depth", range(5))
def test_the_shapes_named_are_those_of_the_layers(page: str, depth: int) -> None:
    shapes = [LOOK.layer(layer).shape for layer in range(1, 5)]
    sentence = in_words(page, depth)
    assert [re.search(rf"\b{shape}\b", sentence) is not None for shape in shapes] == [
        layer <= depth for layer in range(1, 5)
    ]
    assert sentence.count(".") == 1
