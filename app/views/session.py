"""A page's config through a visit: from the address to the widgets, from them to the address, and back by undo.

Every widget is named after the part of the config that it shows: page.steps, page.2.lr, page.2.1.k. Streamlit puts what
the visitor did under these names before the script runs, so the config is read first and the page is drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import streamlit as st
from pydantic import BaseModel, ValidationError

from app.state import Card, Comparison, LayerConfig
from app.state.links import decode, encode, explain

Config = TypeVar("Config", bound=BaseModel)
MAX_UNDO = 50
MOST_AT_ONCE = 5  # controls that a visitor may have changed between two runs of the script


def current(page: str, model: type[Config]) -> tuple[Config, list[str]]:
    """The config that the address (on a visit's first call) or the widgets say.

    Returns:
        The config, and one sentence for everything that was refused: the rest of the config stands.
    """
    if f"{page}.config" not in st.session_state:
        config, problems = decode(dict(st.query_params), model)
        _begin(page, config, problems)
    else:
        _restore_unset(page, st.session_state[f"{page}.config"])
        config, problems = _read(page, st.session_state[f"{page}.config"])
        _commit(page, config)
    for key, value in widgets(page, config):
        st.session_state.setdefault(key, value)  # widgets of a page that was left are forgotten: fill them in again
    params = encode(config)
    if params != dict(st.query_params):
        st.query_params.from_dict(params)
    return config, problems or st.session_state[f"{page}.problems"]


def adopt(page: str, config: BaseModel) -> None:
    """Show another config (a preset, a picked start). Only in a callback: widgets take new values before they run."""
    _commit(page, config)
    for key, value in widgets(page, config):
        st.session_state[key] = value


def open_with(page: str, config: BaseModel) -> None:
    """Show a config on another page, visited or not; switch to that page afterwards."""
    if f"{page}.config" in st.session_state:
        adopt(page, config)
    else:
        _begin(page, config, [])


def undo(page: str) -> None:
    """Back to the config before the last change. Only in a callback."""
    history = st.session_state[f"{page}.history"]
    if history:
        adopt(page, history.pop())
        history.pop()  # the one just left: going back is not a change to go back from


def can_undo(page: str) -> bool:
    """Whether there is a config to go back to."""
    return bool(st.session_state.get(f"{page}.history"))


def widgets(page: str, config: BaseModel) -> Iterator[tuple[str, Any]]:
    """Key and value of every widget that shows a part of the config."""
    for name, value in config:
        if name == "cards":
            for number, card in enumerate(value, start=1):
                yield from _card_widgets(f"{page}.{number}", card)
        elif name == "starts":
            yield f"{page}.starts", "; ".join(f"{_exact(x)}, {_exact(y)}" for x, y in value)
        elif name == "domain" and value is not None:
            yield f"{page}.domain", ", ".join(map(_exact, value))
        elif name == "parameters":
            yield from ((f"{page}.parameters.{parameter}", number) for parameter, number in value or ())
        else:
            yield f"{page}.{name}", value


def _card_widgets(prefix: str, card: Card) -> Iterator[tuple[str, Any]]:
    for name, value in card:
        if name == "layers":
            yield f"{prefix}.depth", len(value)
            for level, layer in enumerate(value, start=1):
                yield f"{prefix}.{level}.k", layer.k
                yield f"{prefix}.{level}.alpha", layer.alpha
        else:
            yield f"{prefix}.{name}", value


def _restore_unset(page: str, config: BaseModel) -> None:
    """Undo what nobody did: a browser that is still setting up its controls may report all of them at their lowest."""
    if sum(_said(key, value) != value for key, value in widgets(page, config)) > MOST_AT_ONCE:
        adopt(page, config)


def _read(page: str, config: Config) -> tuple[Config, list[str]]:
    """What the widgets say; where a widget is not on the page, or all are refused, what the config said before."""
    values = {name: _said(f"{page}.{name}", value) for name, value in config}
    if "cards" in values:
        values["cards"] = [_read_card(f"{page}.{number}", card) for number, card in enumerate(values["cards"], start=1)]
    if values.get("parameters"):
        values["parameters"] = tuple(
            (name, _said(f"{page}.parameters.{name}", number)) for name, number in config.parameters
        )
    try:
        said = type(config).model_validate(values)
        return _vouched(said, config) if isinstance(said, Comparison) else said, []
    except ValidationError as error:
        refused = [f"{_place(item['loc'], config)}: {explain(item)}" for item in error.errors()]
        return config, [f"{sentence}. The picture shows the last valid setting." for sentence in dict.fromkeys(refused)]


def _vouched(said: Comparison, before: Comparison) -> Comparison:
    """A search for an lr speaks for nothing but what it tried: a card that changed, or whose task did, is untuned."""
    same = said.model_copy(update={"cards": before.cards}).alike(before)
    cards = tuple(
        card if same and card.model_copy(update={"color": old.color, "on": old.on}) == old
        else card.model_copy(update={"tuned": False})
        for card, old in zip(said.cards, before.cards, strict=True)
    )  # fmt: skip
    return said.model_copy(update={"cards": cards})


def _read_card(prefix: str, card: Card) -> dict[str, Any]:
    values = {name: _said(f"{prefix}.{name}", value) for name, value in card}
    blank = LayerConfig()
    before = dict(enumerate(card.layers, start=1))
    values["layers"] = [
        {name: _said(f"{prefix}.{level}.{name}", value) for name, value in before.get(level, blank)}
        for level in range(1, _said(f"{prefix}.depth", len(card.layers)) + 1)
    ]
    values["tuned"] = card.tuned  # no widget's
    return values


def _said(key: str, otherwise: Any) -> Any:
    return st.session_state.get(key, otherwise)


def _begin(page: str, config: BaseModel, problems: list[str]) -> None:
    st.session_state[f"{page}.config"], st.session_state[f"{page}.problems"] = config, problems
    st.session_state[f"{page}.history"] = []


def _commit(page: str, config: BaseModel) -> None:
    before = st.session_state[f"{page}.config"]
    if config != before:
        history = st.session_state[f"{page}.history"]
        history.append(before)
        del history[:-MAX_UNDO]
        st.session_state[f"{page}.config"] = config
        st.session_state[f"{page}.problems"] = []


def _place(loc: tuple[int | str, ...], config: BaseModel) -> str:
    if loc[:1] == ("cards",) and len(loc) >= 3:
        return f"optimizer {int(loc[1]) + 1}, {loc[2]}"
    field = type(config).model_fields.get(str(loc[0])) if loc else None
    return field.title if field and field.title else str(loc[0]).replace("_", " ") if loc else "settings"


def _exact(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
