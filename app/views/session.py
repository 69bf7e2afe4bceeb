"""A page's config during a visit: from the address to the widgets, from them to the address, and undo.

Every widget is named after the setting that it shows: page.steps, page.2.lr, page.2.1.k. Streamlit stores the
visitor's entries under these names before the script runs, so the config is read first and the page is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import streamlit as st
from streamlit.navigation.page import Page

from app.state.base import PageConfig
from app.state.codecs import Setting, settings_of, widget_values
from app.state.exercise import Exercise, read_address
from app.state.links import config_from_settings, encode, link
from app.state.visit import LISTS, visit_of

Config = TypeVar("Config", bound=PageConfig)
MAX_UNDO = 50
PAGES, HAS_BEGUN, VISIT, RUNS = "pages", "begun", "visit", "runs"


def current(page: str, model: type[Config]) -> tuple[Config, list[str]]:
    """The config of the address (on a visit's first call) or of the widgets.

    A refused setting keeps its value, and `refusal` gives the reason to its control; all others are adopted.

    Returns:
        The config, and one sentence for everything of the address that could not be read.
    """
    parameters = visit()
    if f"{page}.config" not in st.session_state:
        config, problems = read_address(dict(st.query_params), model)
        _begin(page, config, problems)
    else:
        config, st.session_state[f"{page}.refusals"] = _read_widgets(page, st.session_state[f"{page}.config"])
        config = _commit(page, config)
    params = encode(config) | parameters
    if params != dict(st.query_params):
        st.query_params.from_dict(params)
    return config, st.session_state[f"{page}.problems"]


def adopt(page: str, config: PageConfig) -> None:
    """Show another config (a preset, a picked start). Only in a callback: widgets take new values before they run.

    What the visit's link fixes stays.
    """
    config = _commit(page, config)
    for name, value in widget_values(config).items():
        st.session_state[f"{page}.{name}"] = value


def declare(pages: Mapping[str, Page]) -> None:
    """Register the pages, for `open_with`."""
    st.session_state[PAGES] = dict(pages)


def first_run() -> bool:
    """Whether this is a visit's first run."""
    return HAS_BEGUN not in st.session_state


def has_browser() -> bool:
    """Whether a browser shows the page: there is none in tests of scripts."""
    return bool(st.context.headers)


def runs() -> int:
    """How many runs of whole pages have come to their end."""
    return int(st.session_state.get(RUNS, 0))


def count_run() -> None:
    """Note that a page was drawn to its end."""
    st.session_state[RUNS] = runs() + 1


def rerun_if_widgets_differ() -> None:
    """On a visit's first run, after the page: draw it again where the widgets differ from the address.

    A browser that lost its server reconnects to another one with its address and its visitor's later entries.
    """
    if first_run():
        st.session_state[HAS_BEGUN] = True
        rerun_if_changed()


def rerun_if_changed() -> None:
    """Run the page where a control has another value than its config.

    What a browser reports in one moment comes as one message, which runs one fragment alone; the controls' values that
    came with it are here.
    """
    configs = {page: st.session_state.get(f"{page}.config") for page in st.session_state.get(PAGES, ())}
    if any(config is not None and _read_widgets(page, config)[0] != config for page, config in configs.items()):
        st.rerun()


def open_with(page: str, config: PageConfig) -> None:
    """Switch to another page, visited or not, with this config."""
    if f"{page}.config" in st.session_state:
        adopt(page, config)
    else:
        _begin(page, config, [])
    st.switch_page(st.session_state[PAGES][page])


def open_default() -> None:
    """Switch to the page at the root, with the address's settings."""
    st.switch_page(next(iter(st.session_state[PAGES].values())), query_params=dict(st.query_params))


def undo(page: str) -> None:
    """Back to the config before the last change. Only in a callback."""
    history = st.session_state[f"{page}.history"]
    if history:
        adopt(page, history.pop())
        history.pop()  # `adopt` added the config before the undo


def visit() -> dict[str, str]:
    """The parameters of `app.state.visit` in the visit's first link."""
    if VISIT not in st.session_state:
        st.session_state[VISIT] = visit_of(st.query_params)
    parameters: dict[str, str] = st.session_state[VISIT]
    return parameters


def exercise() -> Exercise:
    """What that link fixes and hides."""
    return Exercise.of(visit())


def hides(part: str) -> bool:
    """Whether it hides a part of the page."""
    return part in exercise().hide


def allows(page: str, config: PageConfig) -> bool:
    """Whether a config has everything that is fixed, so that it can be adopted in full."""
    origin, current_exercise = st.session_state.get(f"{page}.origin"), exercise()
    try:
        return origin is None or not current_exercise or current_exercise.keep(origin, config) == config
    except ValueError:
        return False


def share_link(config: PageConfig, parameters: Mapping[str, str] | None = None) -> str:
    """The link to this page with this config, and with what the visit's link fixes and hides, or other `parameters`."""
    address = str(st.context.url or "").partition("?")[0]
    own_parameters = {name: text for name, text in visit().items() if name in LISTS}
    return link(encode(config), address, own_parameters if parameters is None else parameters)


def can_undo(page: str) -> bool:
    """Whether there is a config to go back to."""
    return bool(st.session_state.get(f"{page}.history"))


def refusal(page: str, name: str) -> str | None:
    """Why a control's entry was refused; None where it was not."""
    reasons: dict[str, str] = st.session_state.get(f"{page}.refusals", {})
    return reasons.get(name)


def _read_widgets(page: str, config: Config) -> tuple[Config, dict[str, str]]:
    """The config of the widgets, and reasons of refusals by widget; settings without a widget on the page are kept."""
    entries, settings = {}, {}
    for setting in settings_of(config):
        value = setting.from_widgets(lambda name, otherwise: st.session_state.get(f"{page}.{name}", otherwise))
        if value is not setting.value:
            entries[setting.path], settings[setting.path] = value, setting
    if not entries:
        return config, {}
    new_config, reasons = config_from_settings(entries, type(config), config)
    return new_config.following(config), dict(
        _sentence(settings[path], entries[path], why) for path, why in reasons.items()
    )


def _sentence(setting: Setting, value: Any, reason: str) -> tuple[str, str]:
    """The name of the setting's first widget, and the message there."""
    optimizer = f"optimizer {setting.owner[:-1]}, " if setting.owner[:1].isdigit() else ""
    sentence = f"{optimizer}{setting.title}: {reason}. Got {str(value)[:40]!r}; the last valid setting holds."
    return next(iter(setting.widgets()), setting.path), sentence


def _begin(page: str, config: PageConfig, problems: list[str]) -> None:
    st.session_state[f"{page}.config"] = st.session_state[f"{page}.origin"] = config
    st.session_state[f"{page}.problems"] = problems
    st.session_state[f"{page}.history"], st.session_state[f"{page}.refusals"] = [], {}


def _commit(page: str, config: Config) -> Config:
    """Adopt a config as far as the visit's link leaves it free; gives the one that holds."""
    old_config: Config = st.session_state[f"{page}.config"]
    try:
        config = exercise().keep(st.session_state[f"{page}.origin"], config)
    except ValueError as error:
        st.session_state[f"{page}.problems"] = [f"Not changed: {error}."]
        return old_config
    if config != old_config:
        history = st.session_state[f"{page}.history"]
        history.append(old_config)
        del history[:-MAX_UNDO]
        st.session_state[f"{page}.config"] = config
        st.session_state[f"{page}.problems"] = []
        # Streamlit forgets controls that leave the page, but not values of those that were not on it.
        for name in widget_values(old_config).keys() - widget_values(config).keys():
            st.session_state.pop(f"{page}.{name}", None)
    return config
