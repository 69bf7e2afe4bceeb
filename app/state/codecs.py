"""How values of a type are written to links, read from them, and shown by widgets: one codec for each type of field.

A field's codec stands in its type, as Annotated[type, codec]; a field without one is a plain value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, GetCoreSchemaHandler

NONE = "none"  # a link's word for an empty list, and for no value where that is not the default
DASHES = str.maketrans(dict.fromkeys("−‐‑‒–—―﹣\uff0d", "-"))
_NUMBER = re.compile(r"\s*[-+]?(?P<before>[0-9]*)(?:(?P<point>[.,])(?P<after>[0-9]*))?(?:[eE][-+]?[0-9]+)?\s*")
Widgets = dict[str, Any]
"""Names of widgets and the values that they show."""
WidgetValue = Callable[[str, Any], Any]


def plain_text(value: Any) -> str:
    """A value in a link: 1 and 0 for yes and no, a float with all of its digits."""
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Codec:
    """The codec of one type; by default of a plain value, which one widget of the field's name shows.

    Attributes:
        text: the value in a link.
        read: from a text, the value's parts, not validated; its ValueError says how to write it. Without it,
            pydantic reads the text.
        widgets: from the field's name and value, the values of its widgets.
        from_widgets: from the field's name, its value so far, and a function (name, default) -> value of a widget,
            which gives the default where there is no such widget: the new value, not validated.
        always_written: whether links have it even where it is that of a blank card, or None.
        numbered: whether it is a tuple of models, whose settings are called 1.lr, 1.layers, 2.lr, ...
    """

    text: Callable[[Any], str] = plain_text
    read: Callable[[str], Any] | None = None
    widgets: Callable[[str, Any], Widgets] = lambda name, value: {name: value}
    from_widgets: Callable[[str, Any, WidgetValue], Any] = lambda name, value, widget_value: widget_value(name, value)
    always_written: bool = False
    numbered: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Text is read first; then the value is validated as of the type alone."""
        read = self.read
        if read is None:
            return handler(source)
        first = BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)
        return first.__get_pydantic_core_schema__(source, handler)


PLAIN, ALWAYS_WRITTEN, NUMBERED = Codec(), Codec(always_written=True), Codec(numbered=True)
LINK_ONLY = Codec(
    widgets=lambda name, value: {}, from_widgets=lambda name, value, widget_value: value
)  # in links alone
OR_NONE = Codec(  # for a plain value or None, where None is not the default
    text=lambda value: NONE if value is None else plain_text(value),
    read=lambda text: None if text == NONE else as_number(text),
    always_written=True,
)


class Group(NamedTuple):
    """A field of numbered parts: its name, their model and their greatest number."""

    name: str
    model: type[BaseModel]
    most: int


@dataclass(frozen=True)
class Structure:
    """The settings of a model.

    Attributes:
        codecs: of its plain settings, by name.
        parts: models of its parts, whose settings are called part.name.
        numbered: its numbered parts.
    """

    codecs: dict[str, Codec] = field(default_factory=dict)
    parts: dict[str, type[BaseModel]] = field(default_factory=dict)
    numbered: Group | None = None

    def codec(self, path: str) -> Codec | None:
        """That of the setting with this path; None where there is no such setting."""
        head, dot, rest = path.partition(".")
        if not dot:
            return self.codecs.get(head)
        if head in self.parts:
            return structure(self.parts[head]).codec(rest)
        if self.numbered is None or not is_number(head) or not 1 <= int(head) <= self.numbered.most:
            return None
        return structure(self.numbered.model).codec(rest)


@cache
def structure(model: type[BaseModel]) -> Structure:
    """The settings of a model, read off its fields."""
    codecs: dict[str, Codec] = {}
    parts: dict[str, type[BaseModel]] = {}
    numbered = None
    for name, info in model.model_fields.items():
        codec = next((one for one in info.metadata if isinstance(one, Codec)), PLAIN)
        if codec.numbered:
            most = next(one.max_length for one in info.metadata if hasattr(one, "max_length"))
            numbered = Group(name, get_args(info.annotation)[0], most)
        elif isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            parts[name] = info.annotation
        else:
            codecs[name] = codec
    return Structure(codecs, parts, numbered)


@dataclass(frozen=True)
class Setting:
    """One setting of a config: `owner` is what comes before its name, such as "2." or "noise."."""

    owner: str
    name: str
    title: str
    codec: Codec
    value: Any

    @property
    def path(self) -> str:
        """Its name in links."""
        return self.owner + self.name

    def widgets(self) -> Widgets:
        """The values of its widgets."""
        return {self.owner + name: value for name, value in self.codec.widgets(self.name, self.value).items()}

    def from_widgets(self, widget_value: WidgetValue) -> Any:
        """The value in its widgets; the very same object where it is unchanged."""
        values = self.widgets()
        if all(widget_value(name, value) == value for name, value in values.items()):
            return self.value
        return self.codec.from_widgets(
            self.name, self.value, lambda name, value: widget_value(self.owner + name, value)
        )


def settings_of(config: BaseModel, owner: str = "") -> Iterator[Setting]:
    """Every setting of a config, those of its parts and of its numbered parts in their places."""
    parts = structure(type(config))
    for name, value in config:
        if name in parts.codecs:
            title = type(config).model_fields[name].title or name.replace("_", " ")
            yield Setting(owner, name, title, parts.codecs[name], value)
        elif name in parts.parts:
            yield from settings_of(value, f"{owner}{name}.")
        else:
            for number, part in enumerate(value, start=1):
                yield from settings_of(part, f"{owner}{number}.")


def widget_values(config: BaseModel) -> dict[str, Any]:
    """Values of all widgets of the config, by their names within the page."""
    return {name: value for setting in settings_of(config) for name, value in setting.widgets().items()}


def nest(settings: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Settings by path (noise.lr, 2.lr) as a tree: {"noise": {"lr": ...}, "cards": [{}, {"lr": ...}]}."""
    numbered = structure(model).numbered
    tree = {path: value for path, value in settings.items() if "." not in path}
    each: dict[int, dict[str, Any]] = {}
    for path, value in settings.items():
        head, dot, rest = path.partition(".")
        if dot and numbered and is_number(head) and 1 <= int(head) <= numbered.most:
            each.setdefault(int(head), {})[rest] = value
        elif dot and isinstance(part := tree.setdefault(head, {}), dict):
            part[rest] = value
        elif dot:
            tree[path] = value
    if numbered and each:
        tree[numbered.name] = [each.get(number, {}) for number in range(1, max(each) + 1)]
    return tree


def flatten(tree: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The inverse of `nest`."""
    numbered = structure(model).numbered
    settings: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            settings |= {f"{name}.{rest}": part for rest, part in value.items()}
        elif numbered and name == numbered.name and isinstance(value, list):
            for number, each in enumerate(value, start=1):
                settings |= {f"{number}.{rest}": part for rest, part in each.items()}
        else:
            settings[name] = value
    return settings


def is_number(text: str) -> bool:
    """Whether the text is up to four ASCII digits; `isdecimal` accepts digits of any script."""
    return text.isascii() and text.isdecimal() and len(text) < 5


def as_number(text: str) -> str:
    """A number as Python writes it, from one with another dash or a decimal comma; any other text as it is.

    1,000 stays: it is a thousand to some and one to others.
    """
    number = _NUMBER.fullmatch(text.translate(DASHES))
    if number is None or (number["point"] == "," and len(number["after"]) == 3 and number["before"].strip("0")):
        return text
    return number[0].replace(",", ".")


def numbers(text: str, count: int) -> tuple[float, ...] | None:
    """So many numbers as a visitor writes them, None where the text is anything else.

    Commas stand between them, as in 1, 3.5; or, where the numbers have decimal commas, a space or a comma and a space,
    as in 1,5 3,5 and 1,5, 3,5. A semicolon does, too.
    """
    text = text.strip().strip("()[]").strip()
    pieces = text.split(";") if ";" in text else text.split(",")
    if len(pieces) != count:
        pieces = re.split(r",?\s+", text)
    try:
        values = tuple(float(as_number(piece.strip())) for piece in pieces)
    except ValueError:
        return None
    return values if len(values) == count else None


def exact(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
