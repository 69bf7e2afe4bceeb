"""Where a page's controls stand, and what is above them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import streamlit as st

from app.state.base import PageConfig
from app.views import session
from app.views.parts.fields import Fields
from app.views.parts.problems import draw_problems

Config = TypeVar("Config", bound=PageConfig)
Draw = Callable[[Fields, Config], None]


def sidebar_of(page: str) -> Callable[[Draw[Config]], Callable[[Config, list[str]], None]]:
    """Make of a page's controls its sidebar, with problems above them; problems alone where a link hides it."""

    def decorate(draw: Draw[Config]) -> Callable[[Config, list[str]], None]:
        @wraps(draw)
        def draw_sidebar(config: Config, problems: list[str]) -> None:
            if session.hides("sidebar"):
                draw_problems(problems)
                return
            with st.sidebar:
                draw_problems(problems)
                draw(Fields.of(page, config), config)

        return draw_sidebar

    return decorate
