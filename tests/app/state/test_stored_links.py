"""Links: long ones are short, stored ones of every version are read, hostile ones are refused."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from app.export import restore
from app.export.pages import PAGES
from app.state import Card, LayerConfig, SurfacesConfig, links
from app.state.codecs import flatten, nest
from app.state.links import decode, encode, link, pack, short_link, unpack, version_of

ENTRIES = json.loads((Path(__file__).parents[1] / "stored_links.json").read_text(encoding="utf-8"))
LONG = SurfacesConfig(
    surface="rosenbrock",
    starts=tuple((x / 10, 1.0) for x in range(16)),
    cards=tuple(Card(lr=0.001 * n, base="adamw", layers=(LayerConfig(k=5, alpha=0.5),) * 4) for n in range(1, 5)),
)


def config_of_link(text: str) -> tuple[SurfacesConfig, list[str]]:
    return decode(dict(parse_qsl(text.partition("?")[2])), SurfacesConfig)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["what"])
def test_stored_links_are_read_for_ever(entry: dict[str, Any]) -> None:
    """Links written by earlier versions, which knew fewer settings; only ever add to the file.

    `config` is what the version that wrote the link made of it, `today` the same in today's names, written by hand.
    """
    page, _, query = entry["link"].partition("?")
    config, problems = decode(dict(parse_qsl(query)), PAGES[page.strip("/")].model)
    assert problems == []
    assert_says(config.model_dump(mode="json"), entry.get("today", entry["config"]))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["what"])
def test_stored_documents_are_read_for_ever(entry: dict[str, Any]) -> None:
    page = entry["link"].partition("?")[0].strip("/")
    document = {"format": "lookahead-lab", "page": page, "config": entry["config"]}
    config = restore(json.dumps(document).encode()).config
    assert_says(config.model_dump(mode="json"), entry.get("today", entry["config"]))


def assert_says(actual: Any, expected: Any) -> None:
    """What was stored is found, with whatever has been added since."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert_says(actual[name], value)
    elif isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_says(one, other)
    else:
        assert actual == expected


def test_a_long_config_is_shortened_and_reads_back() -> None:
    text = short_link(LONG, "https://lab.example/surfaces")
    assert text.startswith("https://lab.example/surfaces?v=1&z=")
    assert len(text) < 0.6 * len(urlencode(encode(LONG)))
    assert config_of_link(text) == (LONG, [])


def test_a_short_config_stays_readable_by_eye() -> None:
    text = link({"v": "1", "surface": "bowl", "starts": "1.0,2.0;3.0,4.0"})
    assert text == "?v=1&surface=bowl&starts=1.0,2.0;3.0,4.0"


def test_a_parameter_beside_the_packed_ones_wins() -> None:
    config, problems = decode({"v": "1", "z": pack(encode(LONG)), "steps": "12"}, SurfacesConfig)
    assert (config, problems) == (LONG.model_copy(update={"steps": 12}), [])


def test_nested_and_flat_are_opposites() -> None:
    params = encode(LONG) | {"extra": "1"}
    assert flatten(nest(params, SurfacesConfig), SurfacesConfig) == params


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!!!!", "not a link that this program wrote"),
        ("abcd", "not a link that this program wrote"),
        ("A", "not a link that this program wrote"),
        ("é", "not a link that this program wrote"),
        ("", "cut short"),
        (pack({"v": "1", "steps": "5"})[:-6], "cut short"),
        (base64.urlsafe_b64encode(zlib.compress(b"[1]")).decode(), "not a link that this program wrote"),
        (base64.urlsafe_b64encode(zlib.compress(b'{"a": 1}')).decode(), "not a link that this program wrote"),
        (base64.urlsafe_b64encode(zlib.compress(b"[" * 50_000)).decode(), "not a link that this program wrote"),
        ("A" * 6001, "longer than 6,000 characters"),
    ],
)
def test_a_packed_link_that_is_none_is_named_and_ignored(text: str, words: str) -> None:
    config, problems = decode({"v": "1", "z": text, "steps": "12"}, SurfacesConfig)
    assert config == SurfacesConfig(steps=12)
    assert len(problems) == 1
    assert problems[0].startswith("z: ")
    assert words in problems[0]


def test_a_bomb_in_a_link_is_not_unpacked() -> None:
    """Four million zeros deflate to 4 kB: unpacking stops at 60,000."""
    bomb = base64.urlsafe_b64encode(zlib.compress(b"0" * 4_000_000, 9)).decode().rstrip("=")
    assert len(bomb) < links.MOST_PACKED
    with pytest.raises(ValueError, match="longer than any config"):
        unpack(bomb)


@pytest.fixture
def earlier_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version 0 that called a card's lr its rate."""

    def change(settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "cards": [{"lr" if k == "rate" else k: v for k, v in c.items()} for c in settings["cards"]]}

    monkeypatch.setattr(SurfacesConfig, "MIGRATIONS", {"0": ("1", change)})


@pytest.mark.usefixtures("earlier_version")
def test_a_link_of_an_older_format_is_brought_up_to_date() -> None:
    old = {"v": "0", "surface": "himmelblau", "1.rate": "0.02", "1.layers": "5:0.5"}
    for params in (old, {"v": "0", "z": pack(old)}):
        config, problems = decode(params, SurfacesConfig)
        assert problems == []
        assert config.cards == (Card(lr=0.02, layers=(LayerConfig(k=5, alpha=0.5),)),)


@pytest.mark.usefixtures("earlier_version")
def test_a_document_of_an_older_format_is_brought_up_to_date() -> None:
    settings = {"v": 0, "surface": "himmelblau", "cards": [{"rate": 0.02}]}
    document = restore(json.dumps({"format": "lookahead-lab", "page": "surfaces", "config": settings}).encode())
    assert document.config == SurfacesConfig(surface="himmelblau", cards=(Card(lr=0.02),))


def test_a_link_of_a_newer_format_says_so() -> None:
    config, problems = decode({"v": "2", "z": pack({"v": "2", "steps": "5"})}, SurfacesConfig)
    assert config == SurfacesConfig()
    assert problems == ["v: '2' is a format this version does not read (it reads 1); showing the default"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_writes_the_version_that_it_reads(page: str) -> None:
    model = PAGES[page].model
    assert encode(model())["v"] == version_of(model)
    assert decode(encode(model()), model) == (model(), [])
