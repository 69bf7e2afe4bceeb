"""What a link says of a visit is no setting of its page, and is read all the same."""

from __future__ import annotations

import pytest

from app.state import GamesConfig, SurfacesConfig
from app.state.links import decode, encode, link
from app.state.visit import visit_of


@pytest.mark.parametrize("text", ["1", "0"])
def test_a_link_may_say_whether_words_are_shown(text: str) -> None:
    params = encode(SurfacesConfig(surface="bowl")) | {"words": text}
    assert decode(params, SurfacesConfig) == (SurfacesConfig(surface="bowl"), [])
    assert visit_of(params) == {"words": text}


def test_another_word_is_named_and_ignored() -> None:
    config, problems = decode({"words": "perhaps", "game": "dirac_gan"}, GamesConfig)
    assert config == GamesConfig(game="dirac_gan")
    assert problems == ["words: must be 1 or 0 (got 'perhaps'), so it is ignored"]
    assert visit_of({"words": "perhaps"}) == {}


def test_links_of_a_page_say_nothing_of_the_visit() -> None:
    assert "words" not in link(encode(SurfacesConfig()))
