"""The part of the Surfaces sidebar for a visitor's own formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from pydantic import ValidationError

from app.runs.surfaces import Scenery
from app.state import OWN, SurfacesConfig
from app.state.codecs import widget_values
from app.views import session
from app.views.parts.fields import Fields
from app.views.parts.problems import MARKUP
from landscapes.formula import FormulaError, parse

PAGE = "surfaces"


def draw_formula(fields: Fields, config: SurfacesConfig) -> None:
    """The formula, what is wrong with it, its domain, and a slider for each parameter."""
    fields.text(
        "f(x, y) =", "formula", on_change=_follow,
        help="As on paper, 2x y + |x| + √(x² + y²), in LaTeX, or 2*x*y + abs(x); with exp, log, sin, cos, tanh, min, "
        "max, …, pi, e, and parameters of your own",
    )  # fmt: skip
    _point_at_error(_control_value(config, "formula") or "", config)
    fields.text("Domain", "domain", on_change=_follow, help="x from, x to, y from, y to")
    for name, value in config.parameters or ():
        reach = _reach(name, value)
        fields.slider(name, f"parameters.{name}", -reach, reach, step=reach / 100)


def note_gaps(config: SurfacesConfig, scenery: Scenery) -> None:
    """Note that runs diverge where the formula has no value."""
    if config.surface == OWN and np.isnan(scenery.grid.height).any():
        st.caption(
            "The formula has no value in a part of the view: a run that steps there ends there, counted as diverged."
        )


def _reach(name: str, value: float) -> float:
    """Up to where a parameter's slider goes: further than before only for a value that comes from elsewhere.

    Another range is another slider to Streamlit, which would let go of the visitor's hand.
    """
    key = f"{PAGE}.reach.{name}"
    reach: float = st.session_state.get(key, 5.0)
    while reach < abs(value):
        reach *= 10
    st.session_state[key] = reach
    return reach


def _point_at_error(text: str, config: SurfacesConfig) -> None:
    """Show the character at fault and what may have been meant; unknown names can become parameters."""
    try:
        parse(text, dict(config.parameters or ()))
    except FormulaError as error:
        if error.position is not None:
            st.code(f"{text}\n{' ' * error.position}^", language=None)
        for number, instead in enumerate(error.instead):
            st.button(
                MARKUP.sub(r"\\\g<0>", f"Write {instead}"), icon=":material/edit:", key=f"{PAGE}.instead.{number}",
                on_click=_write, args=(instead,),
            )  # fmt: skip
        if error.names:
            _offer_parameters(error.names, config)
    except ValueError:
        return  # the config's own message is shown


def _offer_parameters(names: tuple[str, ...], config: SurfacesConfig) -> None:
    """One button for all of them, since a formula with one name unknown is still none."""
    every = (*(config.parameters or ()), *((name, 1.0) for name in names))
    try:
        parse("x", [name for name, _ in every])
    except ValueError as error:
        st.caption(f"They cannot become parameters: {error}.")
        return
    names_text = " and ".join([*filter(None, [", ".join(f"“{name}”" for name in names[:-1])]), f"“{names[-1]}”"])
    st.button(
        f"Make {names_text} {'a parameter' if len(names) == 1 else 'parameters'}", icon=":material/tune:",
        key=f"{PAGE}.make_parameter", on_click=_adopt_formula, args=(every,),
    )  # fmt: skip


def _control_value(config: SurfacesConfig, name: str) -> Any:
    """What the control shows; the setting where there is none."""
    return st.session_state.get(f"{PAGE}.{name}", widget_values(config).get(name))


def _write(text: str) -> None:
    st.session_state[f"{PAGE}.formula"] = text
    _follow()


def _follow() -> None:
    _adopt_formula(st.session_state[f"{PAGE}.config"].parameters or ())


def _adopt_formula(parameters: tuple[tuple[str, float], ...]) -> None:
    """Another formula or domain takes its proposed start and lr; the page shows why an invalid one is refused."""
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    texts = {name: _control_value(config, name) for name in ("formula", "domain")}
    try:
        new_config = SurfacesConfig(
            surface="formula", parameters=parameters, steps=config.steps, seed=config.seed, **texts
        )
    except ValidationError:
        return
    cards = tuple(card.model_copy(update={"lr": new_config.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, new_config.model_copy(update={"cards": cards}))
