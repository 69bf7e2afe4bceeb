"""A page's config as the parameters of its address, and back; what cannot be read is named and gets its default."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from app.state.share import VERSION, opened
from app.state.tracking import is_foreign

MAX_LENGTH = 2000  # of one parameter: more is nonsense
Config = TypeVar("Config", bound=BaseModel)


def encode(config: BaseModel) -> dict[str, str]:
    """The parameters of the address, the format's version first; cards are numbered: 1.lr, 1.layers, 2.lr, ..."""
    params: dict[str, str] = {}
    for name, value in config:
        if name == "cards":
            for number, card in enumerate(value, start=1):
                params |= {f"{number}.{key}": _text(part) for key, part in _changed(card)}
        elif value is not None:
            params[name] = _text(value)
    return params


def decode(params: Mapping[str, str], model: type[Config]) -> tuple[Config, list[str]]:
    """Read an address.

    Returns:
        The config, with the default wherever a parameter could not be read, and one sentence for each of those.
    """
    params, problems = opened(params)
    if params.get("v", VERSION) != VERSION:
        return model(), [
            *problems,
            f"v: {params['v'][:20]!r} is a format this version does not read (it reads {VERSION}); showing the default",
        ]
    known = {}
    for key, text in params.items():
        if key == "v":
            continue
        if len(text) > MAX_LENGTH:
            problems.append(f"{key}: longer than {MAX_LENGTH} characters, so the default is used")
        elif _names_a_field(key, model):
            known[key] = text
        elif not is_foreign(key):
            problems.append(f"{key}: no such setting, so it is ignored")
    return _validated(known, model, problems)


def _validated(params: dict[str, str], model: type[Config], problems: list[str]) -> tuple[Config, list[str]]:
    """Drop what fails, one validation after the other, until the rest is valid: every drop shortens the list."""
    while True:
        try:
            return model.model_validate(_nested(params, model)), problems
        except ValidationError as error:
            before, refused = len(params), error.errors()
            for item in refused:
                params = _without(_parameter(item["loc"]), explain(item), params, problems)
            if len(params) == before and (other := _at_odds(refused[0], params, model)):
                said = f"{_parameter(refused[0]['loc']).replace('_', ' ')} {explain(refused[0])}".lstrip()
                params = _without(other, said, params, problems)
            if len(params) == before:  # nothing to blame: start afresh
                return model(), [*problems, "the address could not be read, so the default is shown"]


def _without(key: str, said: str, params: dict[str, str], problems: list[str]) -> dict[str, str]:
    """The parameters but the one that is refused, where it is among them, and one sentence more for that."""
    dropped = {name for name in params if name == key or (key == "cards" and name[0].isdigit())}
    if dropped:
        problems.append(f"{key}: {said} (got {params.get(key, '')[:40]!r}), so the default is used")
    return {name: text for name, text in params.items() if name not in dropped}


def _at_odds(refused: Mapping[str, Any], params: dict[str, str], model: type[BaseModel]) -> str | None:
    """The parameter beside which a default is refused: without it, it is not."""
    for name in params:
        rest = {other: text for other, text in params.items() if other != name}
        try:
            model.model_validate(_nested(rest, model))
        except ValidationError as error:
            if refused["loc"] in [item["loc"] for item in error.errors()]:
                continue
        return name
    return None


def explain(item: Mapping[str, Any]) -> str:
    """One pydantic error as a sentence: the rule that was broken."""
    if item["type"] == "extra_forbidden":
        return "no such setting"
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    place = (
        " ".join(str(part) for part in item["loc"][3:] if isinstance(part, str))
        if item["loc"][:1] == ("cards",)
        else ""
    )
    return f"{place} {message}".strip()


def _nested(params: Mapping[str, str], model: type[BaseModel]) -> dict[str, Any]:
    cards: dict[int, dict[str, str]] = {}
    plain: dict[str, Any] = {}
    for key, text in params.items():
        number, dot, name = key.partition(".")
        if dot:
            cards.setdefault(int(number), {})[name] = text
        else:
            plain[key] = text
    if cards:
        plain["cards"] = _completed(cards, model, plain)
    return plain


def _completed(cards: dict[int, dict[str, str]], model: type[BaseModel], plain: dict[str, Any]) -> list[dict[str, Any]]:
    """Cards 1 to the last one named; a card says only what differs, so the rest comes from the default card there."""
    scene = {name: plain[name] for name in ("surface", "game") if name in plain}
    try:
        defaults = model.model_validate(scene).cards  # type: ignore[attr-defined]
    except ValidationError:
        defaults = model().cards  # type: ignore[attr-defined]
    blank = type(defaults[0])()
    complete = []
    for number in range(1, max(cards) + 1):
        said = cards.get(number, {})
        lr = {"lr": defaults[0].lr, "color": (number - 1) % len(defaults)}
        complete.append({**blank.model_dump(), **lr, **said})
    return complete


def _changed(card: BaseModel) -> list[tuple[str, Any]]:
    """A card's address says what differs from a blank card, and always its layers, lr and colour."""
    blank = type(card)()
    always = ("layers", "lr", "color")
    return [(name, value) for name, value in card if name in always or value != getattr(blank, name)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, tuple):
        if not value:
            return "none"
        if isinstance(value[0], BaseModel):
            return ",".join(":".join(_text(part) for _, part in item) for item in value)
        if isinstance(value[0], tuple):
            return ";".join(",".join(_text(part) for part in item) for item in value)
        return ",".join(_text(part) for part in value)
    return str(value)


def _names_a_field(key: str, model: type[BaseModel]) -> bool:
    number, dot, name = key.partition(".")
    if not dot:
        return key in model.model_fields and key != "cards"
    if "cards" not in model.model_fields or not _is_number(number) or not 1 <= int(number) <= 4:
        return False
    return name in _card_model(model).model_fields


def _is_number(text: str) -> bool:
    """Whether these are digits as addresses have them; `isdecimal` takes those of any script."""
    return text.isascii() and text.isdecimal()


def _card_model(model: type[BaseModel]) -> type[BaseModel]:
    annotation = model.model_fields["cards"].annotation
    while get_origin(annotation) in (tuple, Union, types.UnionType):
        annotation = get_args(annotation)[0]
    return annotation  # type: ignore[return-value]


def _parameter(loc: tuple[int | str, ...]) -> str:
    if loc[:1] == ("cards",) and len(loc) >= 3:
        return f"{int(loc[1]) + 1}.{loc[2]}"
    return str(loc[0]) if loc else ""
