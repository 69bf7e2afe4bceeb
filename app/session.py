"""A page's config through a visit: from the address to the widgets, from them to the address, and back by undo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import streamlit as st
from pydantic import BaseModel

from app.links import decode, encode

Config = TypeVar("Config", bound=BaseModel)
MAX_UNDO = 50


def current(page: str, model: type[Config]) -> Config:
    """The config this visit is at; on the first call it is read from the address, and what was wrong there is shown."""
    if f"{page}.config" not in st.session_state:
        config, problems = decode(dict(st.query_params), model)
        st.session_state[f"{page}.config"], st.session_state[f"{page}.problems"] = config, problems
        st.session_state[f"{page}.history"] = []
    config = st.session_state[f"{page}.config"]
    for key, value in widgets(page, config):
        st.session_state.setdefault(key, value)  # widgets of a page that was left are forgotten: fill them in again
    return config


def problems(page: str) -> list[str]:
    """What could not be read in the address, one sentence each."""
    return st.session_state.get(f"{page}.problems", [])


def commit(page: str, config: BaseModel) -> None:
    """Make what the widgets say the page's config: remember the one before and write the address."""
    before = st.session_state[f"{page}.config"]
    if config != before:
        _remember(page, before)
        st.session_state[f"{page}.config"] = config
        st.session_state[f"{page}.problems"] = []
    params = encode(config)
    if params != dict(st.query_params):
        st.query_params.from_dict(params)


def adopt(page: str, config: BaseModel, *, remember: bool = True) -> None:
    """Show another config (a preset, a picked start). Only in a callback: widgets take new values before they run."""
    if remember:
        _remember(page, st.session_state[f"{page}.config"])
    st.session_state[f"{page}.config"] = config
    for key, value in widgets(page, config):
        st.session_state[key] = value


def undo(page: str) -> None:
    """Back to the config before the last change. Only in a callback."""
    history = st.session_state[f"{page}.history"]
    if history:
        adopt(page, history.pop(), remember=False)


def can_undo(page: str) -> bool:
    """Whether there is a config to go back to."""
    return bool(st.session_state.get(f"{page}.history"))


def widgets(page: str, config: BaseModel) -> Iterator[tuple[str, Any]]:
    """Key and value of every widget that shows a part of the config: page.field, page.1.field, page.1.2.k, ..."""
    for name, value in config:
        if name == "cards":
            for number, card in enumerate(value, start=1):
                yield from _card_widgets(f"{page}.{number}", card)
        elif name == "starts":
            yield f"{page}.starts", "; ".join(f"{_exact(x)}, {_exact(y)}" for x, y in value)
        else:
            yield f"{page}.{name}", value


def _card_widgets(prefix: str, card: BaseModel) -> Iterator[tuple[str, Any]]:
    for name, value in card:
        if name == "layers":
            yield f"{prefix}.depth", len(value)
            for level, layer in enumerate(value, start=1):
                yield f"{prefix}.{level}.k", layer.k
                yield f"{prefix}.{level}.alpha", layer.alpha
        else:
            yield f"{prefix}.{name}", value


def _exact(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _remember(page: str, config: BaseModel) -> None:
    history = st.session_state[f"{page}.history"]
    history.append(config)
    del history[:-MAX_UNDO]
