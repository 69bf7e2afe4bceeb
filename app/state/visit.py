"""Parameters of a link that hold for a visit, whatever its page shows: they stay in the address.

words=1 | 0        whether pictures are labelled in words; without it, as the browser remembers
fix=*              settings that a teacher fixes; `app.state.exercise` says how
free=2.1.alpha     what stays free of them
hide=sidebar,seed  parts of the page and settings that are not shown

term=slow-weights opens the glossary at a term, once: the browser reads it, and it does not stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from app.state.base import PageConfig
from app.state.codecs import LINK_ONLY, settings_of

WORDS = ("1", "0")
LISTS = ("fix", "free", "hide")
VISIT = ("words", *LISTS)
ONCE = "term"
EVERY = "*"  # all settings
PARTS = ("pages", "sidebar", "presets", "guide", "charts", "table", "closer", "sharpness", "export")
"""Parts of a page that `hide` knows. closer: "Look closer" on Surfaces; guide: the sentence on what is seen."""
MOST_NUMBERED = 4  # cards, and layers of a card
MAX_LENGTH = 2000  # characters of one parameter
EXAMPLE = "write names as links have them (steps, 1.lr, 2.layers, 2.1.alpha), * for all settings"


def visit_of(params: Mapping[str, str]) -> dict[str, str]:
    """Those of an address that say what they may; of names, those that are known."""
    words = {"words": params["words"]} if params.get("words") in WORDS else {}
    lists = {name: [one for one in names_in(params.get(name, "")) if _is_known(one, name)] for name in LISTS}
    return words | {name: ",".join(names) for name, names in lists.items() if names}


def problems_of_visit(params: Mapping[str, str]) -> list[str]:
    """One sentence for each of an address that says something else."""
    problems = []
    if params.get("words", "1") not in WORDS:
        problems.append(f"words: must be {' or '.join(WORDS)} (got {params['words'][:40]!r}), so it is ignored")
    for name in LISTS:
        if len(params.get(name, "")) > MAX_LENGTH:
            problems.append(f"{name}: longer than {MAX_LENGTH} characters, so it is ignored")
        elif unknown_names := [one for one in names_in(params.get(name, "")) if not _is_known(one, name)]:
            problems.append(_problem_of_unknown_names(name, unknown_names))
    return problems


def names_in(text: str) -> tuple[str, ...]:
    """The names of a list as links have it; none of one that is longer than any of use."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.split(","))))) if len(text) <= MAX_LENGTH else ()


def page_models(model: type[PageConfig] = PageConfig) -> Iterator[type[PageConfig]]:
    """The configs of all pages, and those that they have in common."""
    for one in model.__subclasses__():
        yield one
        yield from page_models(one)


def _problem_of_unknown_names(parameter: str, names: Sequence[str]) -> str:
    parts = f", or parts of the page ({', '.join(PARTS)})" if parameter == "hide" else ""
    names_text = ", ".join(repr(name[:40]) for name in names[:5])
    return f"{parameter}: no such name as {names_text}: {EXAMPLE}{parts}, so it is ignored"


def _is_known(name: str, parameter: str) -> bool:
    if name == EVERY or (parameter == "hide" and name in PARTS):
        return True
    names, general = _names(tuple(page_models())), _general(name)
    return general in names or f"{general.rpartition('.')[0]}.*" in names


@cache
def _names(models: tuple[type[PageConfig], ...]) -> frozenset[str]:
    """Names of settings and of their controls, and what these begin with; # stands for a number of a card or layer.

    A setting without controls by default, such as parameters of a formula, has some of any name.
    """
    names = set()
    for model in models:
        names_of_numbered = {
            name
            for name, info in model.model_fields.items()
            if any(getattr(one, "numbered", 0) for one in info.metadata)
        }
        names |= names_of_numbered
        for setting in settings_of(model()):
            if setting.codec is LINK_ONLY or setting.name == "v":
                continue
            widgets = setting.widgets() or {f"{setting.path}.*": None}
            names |= {_general(one) for path in (setting.path, *widgets) for one in (path, *beginnings(path))}
    return frozenset(names)


def beginnings(path: str) -> tuple[str, ...]:
    """What a name begins with: of 2.1.alpha, 2 and 2.1."""
    pieces = path.split(".")
    return tuple(".".join(pieces[:count]) for count in range(1, len(pieces)))


def _general(name: str) -> str:
    return re.sub(rf"(?<![^.])[1-{MOST_NUMBERED}](?![^.])", "#", name)
