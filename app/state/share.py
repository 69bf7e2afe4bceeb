"""Links that stay short and stay readable: long ones are compressed, old ones brought up to date.

    ?surface=himmelblau&1.lr=0.01&...      what `links.encode` writes
    ?v=1&z=eNqr...                         the same parameters as JSON, deflated, in URL-safe base64

A format that replaces this one takes the next number and a step in MIGRATIONS; stored links of every format are tests.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

VERSION = "1"
LONG = 300  # characters of a query from which on it is compressed
MOST_PACKED, MOST_UNPACKED = 6000, 60_000  # characters that are read at all: more is an attack, not a config

# From a version to the one after it, on settings as {name: value, "cards": [{name: value}, ...]}.
MIGRATIONS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}


def link(params: Mapping[str, str], address: str = "") -> str:
    """The link to a page at `address` with these parameters, compressed where that is shorter."""
    plain = urlencode(params, safe=":;,")
    if len(plain) <= LONG:
        return f"{address}?{plain}"
    return min(f"{address}?{plain}", f"{address}?v={params.get('v', VERSION)}&z={pack(params)}", key=len)


def opened(params: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The parameters of a link, unpacked and brought up to date.

    Returns:
        The parameters, and one sentence on what could not be read.
    """
    packed, problems = params.get("z"), []
    said = {key: text for key, text in params.items() if key != "z"}
    if packed is not None:
        try:
            said = unpack(packed) | {key: text for key, text in said.items() if key != "v"}
        except ValueError as error:
            problems.append(f"z: {error}, so it is ignored")
    if said.get("v", VERSION) in MIGRATIONS:
        said = flat(migrated(nested(said)))
    return said, problems


def pack(params: Mapping[str, str]) -> str:
    """Parameters as URL-safe text."""
    text = json.dumps(dict(params), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpack(text: str) -> dict[str, str]:
    """What `pack` packed.

    Raises:
        ValueError: it did not pack this, or it is longer than any config.
    """
    if len(text) > MOST_PACKED:
        raise ValueError(f"longer than {MOST_PACKED:,} characters")
    try:
        padded = (text + "=" * (-len(text) % 4)).encode("ascii")
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
        whole = zlib.decompressobj()
        plain = whole.decompress(data, MOST_UNPACKED)
        if not whole.eof:
            raise ValueError("cut short, or longer than any config")
        params = json.loads(plain)
    except (binascii.Error, zlib.error, UnicodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("not a link that this program wrote") from error
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise ValueError("not a link that this program wrote")
    return params


def migrated(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of any known version as this version writes them; those of an unknown version stay as they are."""
    version = str(settings.get("v", VERSION))
    while version in MIGRATIONS:
        version, change = MIGRATIONS[version]
        settings = {**change(settings), "v": version}
    return settings


def nested(params: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a link with those of the cards (1.lr, 2.lr, ...) gathered in a list."""
    plain: dict[str, Any] = {}
    cards: dict[int, dict[str, str]] = {}
    for key, text in params.items():
        number, dot, name = key.partition(".")
        if dot and number.isascii() and number.isdecimal() and 1 <= int(number) <= 99:
            cards.setdefault(int(number), {})[name] = text
        else:
            plain[key] = text
    if cards:
        plain["cards"] = [cards.get(number, {}) for number in range(1, max(cards) + 1)]
    return plain


def flat(settings: Mapping[str, Any]) -> dict[str, str]:
    """The opposite of `nested`."""
    params = {key: value for key, value in settings.items() if key != "cards"}
    for number, card in enumerate(settings.get("cards", []), start=1):
        params |= {f"{number}.{name}": text for name, text in card.items()}
    return params


def short_link(config: BaseModel, address: str = "") -> str:
    """The link that shows a page with this config."""
    from app.state.links import encode

    return link(encode(config), address)
