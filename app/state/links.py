"""A page's config as a link, and back; unreadable settings are reported and get their defaults.

    ?surface=himmelblau&1.lr=0.01&...      what `encode` writes: every setting by its path
    ?v=1&z=eNqr...                         where shorter: the same as JSON, deflated, in URL-safe base64

After a change of setting names, a page takes the next version and a step in its MIGRATIONS; stored links of every
version are tests.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from app.state.base import PageConfig, Settings
from app.state.cards import next_card
from app.state.codecs import as_number, flatten, nest, settings_of, structure
from app.state.errors import explain
from app.state.tracking import is_foreign
from app.state.visit import MAX_LENGTH, ONCE, VISIT, page_models, problems_of_visit

FIRST_VERSION = "1"  # what a link without a version is read as
LONG = 300  # characters of a query from which on it is compressed
MOST_PACKED, MOST_UNPACKED = 6000, 60_000  # characters that are read: no config is longer
Config = TypeVar("Config", bound=PageConfig)


def version_of(model: type[PageConfig]) -> str:
    """The version of a page's settings that is written today."""
    return str(model.model_fields["v"].default)


def encode(config: PageConfig) -> dict[str, str]:
    """The parameters of the address; of a card (1.lr, 1.layers, 2.lr, ...) those that differ from a blank one."""
    params: dict[str, str] = {}
    numbered = structure(type(config)).numbered
    blank = {one.name: one.value for one in settings_of(numbered.model())} if numbered else {}
    for one in settings_of(config):
        usual = one.owner[:1].isdigit() and one.value == blank[one.name] and not one.codec.always_written
        if not usual and (one.value is not None or one.codec.always_written):
            params[one.path] = one.codec.text(one.value)
    return params


def short_link(config: PageConfig, address: str = "") -> str:
    """The link that shows a page with this config."""
    return link(encode(config), address)


def link(params: Mapping[str, str], address: str = "", visit: Mapping[str, str] = {}) -> str:
    """The link to a page at `address` with these parameters, compressed where that is shorter.

    Parameters of `app.state.visit` stay readable.
    """
    plain_query, beside = urlencode(params, safe=":;,"), urlencode(visit, safe="*,")
    if len(plain_query) > LONG:
        plain_query = min(plain_query, f"v={params.get('v', FIRST_VERSION)}&z={pack(params)}", key=len)
    return f"{address}?{plain_query}{f'&{beside}' if beside else ''}"


def decode(params: Mapping[str, str], model: type[Config]) -> tuple[Config, list[str]]:
    """Read an address.

    Returns:
        The config, with the default wherever a parameter could not be read, and one sentence for each of those.
    """
    of_visit = problems_of_visit(params)
    params, problems = unpack_params({name: text for name, text in params.items() if name not in (*VISIT, ONCE)}, model)
    problems = [*of_visit, *problems]
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
    settings = {}
    for path, text in params.items():
        if len(text) > MAX_LENGTH:
            problems.append(f"{path}: longer than {MAX_LENGTH} characters, so the default is used")
        elif (codec := structure(model).codec(path)) is not None:
            settings[path] = text if codec.read else as_number(text)
        elif not is_foreign(path):
            problems.append(f"{path}: no such setting, so it is ignored")
    config, reasons = config_from_settings(settings, model)
    return config, problems + [
        f"{path}: {reason} (got {settings.get(path, '')[:40]!r}), so the default is used"
        for path, reason in reasons.items()
    ]


def _is_elsewhere(path: str, model: type[PageConfig]) -> bool:
    """Whether a setting that this page does not have is another page's."""
    return structure(model).codec(path) is None and any(structure(one).codec(path) for one in page_models())


def unpack_params(params: Mapping[str, str], model: type[PageConfig]) -> tuple[dict[str, str], list[str]]:
    """The parameters of a link, unpacked and migrated to the current version.

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
        texts = flatten(migrate(nest(texts, model), model), model)
    return texts, problems


def migrate(settings: Settings, model: type[PageConfig]) -> Settings:
    """Settings of any known version migrated to this version; those of an unknown version stay as they are."""
    version = str(settings.get("v", FIRST_VERSION))
    while version in model.MIGRATIONS:
        version, change = model.MIGRATIONS[version]
        settings = {**change(settings), "v": version}
    return settings


def config_from_settings(
    settings: Mapping[str, Any], model: type[Config], before: Config | None = None
) -> tuple[Config, dict[str, str]]:
    """The config of settings by path; a refused setting keeps its earlier value, or its default.

    Validation is repeated until the remaining settings are valid; each round drops at least one.

    Returns:
        The config, and why a setting is refused, by path.
    """
    earlier_values = {} if before is None else {one.path: one.value for one in settings_of(before)}
    remaining, reasons = dict(settings), dict[str, str]()
    while remaining:
        try:
            return model.model_validate(_tree(earlier_values | remaining, model)), reasons
        except ValidationError as error:
            items = _innermost(error)
        refusals = [_refusal(item, model) for item in items]
        reasons_of_round = {path: reason for path, reason in reversed(refusals) if _at(path, remaining, model)}
        if not reasons_of_round and (culprit := _at_odds(items[0], remaining, earlier_values, model)):
            path, reason = refusals[0]
            reasons_of_round = {culprit: f"{path.rpartition('.')[2].replace('_', ' ')} {reason}".lstrip()}
        if not reasons_of_round:
            path, reason = refusals[0]
            at_odds = dict.fromkeys(remaining, "does not go with the other settings")
            at_odds[next(iter(remaining))] += f" ({path}: {reason})"
            return before or model(), at_odds | reasons
        reasons = reasons_of_round | reasons
        rejected_paths = {one for path in reasons_of_round for one in _at(path, remaining, model)}
        remaining = {path: value for path, value in remaining.items() if path not in rejected_paths}
    return before or model(), reasons


def _innermost(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    """Errors without those that follow from an inner one: cards of which one is refused are also too few."""
    items = error.errors()
    return [one for one in items if not any(_within(other["loc"], one["loc"]) for other in items)]


def _within(place: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _at(path: str, settings: Mapping[str, Any], model: type[PageConfig]) -> set[str]:
    """The setting of this path where it is among these; all settings of cards where it names the cards."""
    numbered = structure(model).numbered
    if numbered and path == numbered.name:
        return {one for one in settings if one[0].isdigit()}
    return {path} & settings.keys()


def _at_odds(
    item: Mapping[str, Any], settings: Mapping[str, Any], before: Mapping[str, Any], model: type[PageConfig]
) -> str | None:
    """The setting that makes another, which was not given, invalid: without it, that one is valid."""
    for path in reversed(tuple(settings)):  # what stands before is less specific, such as the objective
        try:
            other_settings = {other: value for other, value in settings.items() if other != path}
            model.model_validate(_tree({**before, **other_settings}, model))
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
    """Settings as a tree for the model: cards 1 to the last one named, incomplete ones completed from blank cards."""
    tree, numbered = nest(settings, model), structure(model).numbered
    if numbered is None or numbered.name not in tree:
        return tree
    cards: Sequence[Settings] = tree.pop(numbered.name)
    fields = numbered.model.model_fields.keys()
    if not all(fields <= one.keys() for one in cards):
        customary = getattr(_config_or_default(tree, model), numbered.name)
        cards = [dict(next_card(customary, number)) | one for number, one in enumerate(cards, start=1)]
    return {**tree, numbered.name: cards}


def _config_or_default(tree: Settings, model: type[PageConfig]) -> PageConfig:
    """The config of settings, or the default where they are not valid."""
    try:
        return model.model_validate(tree)
    except ValidationError:
        return model()


def pack(params: Mapping[str, str]) -> str:
    """Parameters as URL-safe text."""
    text = json.dumps(dict(params), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpack(text: str) -> dict[str, str]:
    """The parameters in a text of `pack`.

    Raises:
        ValueError: the text is not of `pack`, or longer than any config.
    """
    if len(text) > MOST_PACKED:
        raise ValueError(f"longer than {MOST_PACKED:,} characters")
    try:
        code = (text + "=" * (-len(text) % 4)).encode("ascii")
        data = base64.b64decode(code, altchars=b"-_", validate=True)
        decompressor = zlib.decompressobj()
        content = decompressor.decompress(data, MOST_UNPACKED)
        if not decompressor.eof:
            raise ValueError("cut short, or longer than any config")
        params = json.loads(content)
    except (binascii.Error, zlib.error, UnicodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("not a link that this program wrote") from error
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise ValueError("not a link that this program wrote")
    return params
