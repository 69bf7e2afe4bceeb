"""A page's config as a link, and back; what cannot be read is named and gets its default.

    ?surface=himmelblau&1.lr=0.01&...      what `encode` writes: every setting by its path
    ?v=1&z=eNqr...                         where shorter: the same as JSON, deflated, in URL-safe base64

A page whose settings get other names takes the next version and a step in its MIGRATIONS; stored links of every version
are tests.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from app.state.base import PageConfig, Settings
from app.state.cards import next_card
from app.state.codecs import as_number, flat, nested, settings_of, structure
from app.state.errors import explain
from app.state.tracking import is_foreign

FIRST_VERSION = "1"  # what a link without a version is read as
MAX_LENGTH = 2000  # of one parameter: more is nonsense
LONG = 300  # characters of a query from which on it is compressed
MOST_PACKED, MOST_UNPACKED = 6000, 60_000  # characters that are read at all: more is an attack, not a config
Config = TypeVar("Config", bound=PageConfig)


def version_of(model: type[PageConfig]) -> str:
    """The version of a page's settings that is written today."""
    return str(model.model_fields["v"].default)


def encode(config: PageConfig) -> dict[str, str]:
    """The parameters of the address; those of a card (1.lr, 1.layers, 2.lr, ...) say what differs from a blank one."""
    params: dict[str, str] = {}
    numbered = structure(type(config)).numbered
    blank = {one.name: one.value for one in settings_of(numbered.model())} if numbered else {}
    for one in settings_of(config):
        usual = one.owner[:1].isdigit() and one.value == blank[one.name] and not one.codec.stated
        if not usual and (one.value is not None or one.codec.stated):
            params[one.path] = one.codec.text(one.value)
    return params


def short_link(config: PageConfig, address: str = "") -> str:
    """The link that shows a page with this config."""
    return link(encode(config), address)


def link(params: Mapping[str, str], address: str = "") -> str:
    """The link to a page at `address` with these parameters, compressed where that is shorter."""
    plain = urlencode(params, safe=":;,")
    if len(plain) <= LONG:
        return f"{address}?{plain}"
    return min(f"{address}?{plain}", f"{address}?v={params.get('v', FIRST_VERSION)}&z={pack(params)}", key=len)


def decode(params: Mapping[str, str], model: type[Config]) -> tuple[Config, list[str]]:
    """Read an address.

    Returns:
        The config, with the default wherever a parameter could not be read, and one sentence for each of those.
    """
    params, problems = opened(params, model)
    version = params.pop("v", version_of(model))
    if version != version_of(model):
        return model(), [
            *problems,
            f"v: {version[:20]!r} is a format this version does not read (it reads {version_of(model)}); "
            "showing the default",
        ]
    strange = next((path for path in params if _is_elsewhere(path, model)), None)
    if strange is not None:
        return model(), [
            *problems,
            f"{strange}: a setting of another page, so this address is, and the default is used",
        ]
    known = {}
    for path, text in params.items():
        if len(text) > MAX_LENGTH:
            problems.append(f"{path}: longer than {MAX_LENGTH} characters, so the default is used")
        elif (codec := structure(model).codec(path)) is not None:
            known[path] = text if codec.read else as_number(text)
        elif not is_foreign(path):
            problems.append(f"{path}: no such setting, so it is ignored")
    config, refused = settled(known, model)
    return config, problems + [
        f"{path}: {reason} (got {known.get(path, '')[:40]!r}), so the default is used"
        for path, reason in refused.items()
    ]


def _is_elsewhere(path: str, model: type[PageConfig]) -> bool:
    """Whether a setting that this page does not have is another page's."""
    return structure(model).codec(path) is None and any(structure(one).codec(path) for one in _models(PageConfig))


def _models(model: type[PageConfig]) -> Iterator[type[PageConfig]]:
    for one in model.__subclasses__():
        yield one
        yield from _models(one)


def opened(params: Mapping[str, str], model: type[PageConfig]) -> tuple[dict[str, str], list[str]]:
    """The parameters of a link, unpacked and brought up to date.

    Returns:
        The parameters, and one sentence on what could not be read.
    """
    packed, problems = params.get("z"), []
    texts = {path: text for path, text in params.items() if path != "z"}
    if packed is not None:
        try:
            texts = unpack(packed) | {path: text for path, text in texts.items() if path != "v"}
        except ValueError as error:
            problems.append(f"z: {error}, so it is ignored")
    if texts.get("v", FIRST_VERSION) in model.MIGRATIONS:
        texts = flat(migrated(nested(texts, model), model), model)
    return texts, problems


def migrated(settings: Settings, model: type[PageConfig]) -> Settings:
    """Settings of any known version as this version has them; those of an unknown version stay as they are."""
    version = str(settings.get("v", FIRST_VERSION))
    while version in model.MIGRATIONS:
        version, change = model.MIGRATIONS[version]
        settings = {**change(settings), "v": version}
    return settings


def settled(
    said: Mapping[str, Any], model: type[Config], before: Config | None = None
) -> tuple[Config, dict[str, str]]:
    """The config that settings by path describe; each that is refused is left as it was before, or at its default.

    One validation follows the other until all that is left is valid: each drops a setting at least.

    Returns:
        The config, and why a setting is refused, by path.
    """
    rest = {} if before is None else {one.path: one.value for one in settings_of(before)}
    left, refused = dict(said), dict[str, str]()
    while left:
        try:
            return model.model_validate(_tree(rest | left, model)), refused
        except ValidationError as error:
            items = _innermost(error)
        refusals = [_refusal(item, model) for item in items]
        dropped = {path: reason for path, reason in reversed(refusals) if _at(path, left, model)}
        if not dropped and (other := _at_odds(items[0], left, rest, model)):
            path, reason = refusals[0]
            dropped = {other: f"{path.rpartition('.')[2].replace('_', ' ')} {reason}".lstrip()}
        if not dropped:
            return before or model(), dict.fromkeys(left, "does not go with the other settings") | refused
        refused = dropped | refused
        gone = {one for path in dropped for one in _at(path, left, model)}
        left = {path: value for path, value in left.items() if path not in gone}
    return before or model(), refused


def _innermost(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    """Errors but those that follow from one within: cards of which one is refused are also too few."""
    items = error.errors()
    return [one for one in items if not any(_within(other["loc"], one["loc"]) for other in items)]


def _within(place: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _at(path: str, settings: Mapping[str, Any], model: type[PageConfig]) -> set[str]:
    """The setting of this path where it is among these; all of the cards' where it names the cards."""
    numbered = structure(model).numbered
    if numbered and path == numbered.name:
        return {one for one in settings if one[0].isdigit()}
    return {path} & settings.keys()


def _at_odds(
    item: Mapping[str, Any], left: Mapping[str, Any], rest: Mapping[str, Any], model: type[PageConfig]
) -> str | None:
    """The setting beside which another is refused that was not said: without it, it is not."""
    for path in left:
        try:
            others = {other: value for other, value in left.items() if other != path}
            model.model_validate(_tree({**rest, **others}, model))
        except ValidationError as error:
            if item["loc"] in [other["loc"] for other in error.errors()]:
                continue
        return path
    return None


def _refusal(item: Mapping[str, Any], model: type[PageConfig]) -> tuple[str, str]:
    """The path of the setting that an error is about, and the rule that was broken."""
    path, within, place = "", 0, item["loc"]
    parts = structure(model)
    if place[:1] and parts.numbered and place[0] == parts.numbered.name and len(place) >= 3:
        path, within = f"{int(place[1]) + 1}.{place[2]}", 3
    elif place[:1] and place[0] in parts.parts and len(place) >= 2:
        path, within = f"{place[0]}.{place[1]}", 2
    elif place:
        path, within = str(place[0]), 1
    return path, explain(item, within)


def _tree(settings: Mapping[str, Any], model: type[PageConfig]) -> Settings:
    """Settings as the model takes them: cards 1 to the last one named, completed where they say only what differs."""
    tree, numbered = nested(settings, model), structure(model).numbered
    if numbered is None or numbered.name not in tree:
        return tree
    given: Sequence[Settings] = tree.pop(numbered.name)
    fields = numbered.model.model_fields.keys()
    if not all(fields <= one.keys() for one in given):
        customary = getattr(_described(tree, model), numbered.name)
        given = [dict(next_card(customary, number)) | one for number, one in enumerate(given, start=1)]
    return {**tree, numbered.name: given}


def _described(tree: Settings, model: type[PageConfig]) -> PageConfig:
    """The config that settings describe, or the default where they describe none."""
    try:
        return model.model_validate(tree)
    except ValidationError:
        return model()


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
