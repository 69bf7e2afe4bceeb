"""The part of the Surfaces sidebar for a visitor's own formula."""

from __future__ import annotations

import numpy as np
import streamlit as st
from pydantic import ValidationError

from app.runs.surfaces import Scenery
from app.state import OWN, SurfacesConfig
from app.views import session
from app.views.parts.fields import Fields
from landscapes.formula import FormulaError, parse

PAGE = "surfaces"


def draw_formula(fields: Fields, config: SurfacesConfig) -> None:
    """The formula, what is wrong with it, its domain, and a slider for each parameter."""
    fields.text(
        "f(x, y) =", "formula", on_change=_follow,
        help="+ − * / ^, exp, log, sqrt, abs, sin, cos, tan, tanh, min, max, …, pi, e, and parameters of your own",
    )  # fmt: skip
    _point_at_error(st.session_state[f"{PAGE}.formula"] or "", config)
    fields.text("Domain", "domain", on_change=_follow, help="x from, x to, y from, y to")
    for name, value in config.parameters or ():
        reach = max(1.0, 2 * abs(value))
        fields.slider(name, f"parameters.{name}", -reach, reach, step=reach / 100)


def note_gaps(config: SurfacesConfig, scenery: Scenery) -> None:
    """Note that runs diverge where the formula has no value."""
    if config.surface == OWN and np.isnan(scenery.grid.height).any():
        st.caption(
            "The formula has no value in a part of the view: a run that steps there ends there, counted as diverged."
        )


def _point_at_error(text: str, config: SurfacesConfig) -> None:
    """Show the character at fault; an unknown name can become a parameter."""
    try:
        parse(text, dict(config.parameters or ()))
    except FormulaError as error:
        if error.position is not None:
            st.code(f"{text}\n{' ' * error.position}^", language=None)
        if error.name is not None:
            st.button(
                f"Make “{error.name}” a parameter", icon=":material/tune:", key=f"{PAGE}.make_parameter",
                on_click=_make_parameter, args=(error.name,),
            )  # fmt: skip
    except ValueError:
        return  # the config's own message is shown


def _make_parameter(name: str) -> None:
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    _adopt_formula((*(config.parameters or ()), (name, 1.0)))


def _follow() -> None:
    _adopt_formula(st.session_state[f"{PAGE}.config"].parameters or ())


def _adopt_formula(parameters: tuple[tuple[str, float], ...]) -> None:
    """Another formula or domain takes its proposed start and lr; the page shows why an invalid one is refused."""
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    texts = {name: st.session_state[f"{PAGE}.{name}"] for name in ("formula", "domain")}
    try:
        fresh = SurfacesConfig(surface="formula", parameters=parameters, steps=config.steps, seed=config.seed, **texts)
    except ValidationError:
        return
    cards = tuple(card.model_copy(update={"lr": fresh.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, fresh.model_copy(update={"cards": cards}))
