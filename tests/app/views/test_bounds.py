"""Every value that a config takes opens its page: no control is narrower than the field that it shows."""

import math

import pytest
from streamlit.testing.v1 import AppTest

from app.state import AtlasConfig, GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.atlas import LEAST_TRAINING
from app.state.codecs import structure
from app.state.links import decode
from app.state.theory import TheoryConfig

LEAST, GREATEST = 0, 1
PAGES = {
    "surfaces": (SurfacesConfig, ["noise=student", "noise=minibatch"]),
    "games": (GamesConfig, ["noise=student"]),
    "networks": (NetworksConfig, ["train_size=500"]),
    "gans": (GansConfig, ["dataset=digits"]),
    "theory": (TheoryConfig, [f"instrument={one}" for one in ("stability", "noise", "regularization", "rates")]),
    "atlas": (AtlasConfig, ["noise=student", "noise=minibatch", "objective=digits"]),
}
BOUND_TOGETHER = {"batch_size", "lr_low", "lr_high"}  # by other fields, too: their own tests are elsewhere
EVERY_CONTROL = {
    "base": "momentum",
    "schedule": "step",
    "layers": "1:0,1000:1",
}  # so that every control of a card is drawn


def show(page, model):
    from importlib import import_module

    import streamlit as st

    from app import state
    from app.state.theory import TheoryConfig
    from app.views import session

    controls = import_module(f"app.views.{page}.controls")
    config, problems = session.current(controls.PAGE, getattr(state, model, TheoryConfig))
    controls.sidebar(config, problems)
    st.caption("drawn")


def ends_of(field):
    """The least and the greatest value that a field takes; None where it is not bounded on both sides."""
    bounds = {}
    for one in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if (bound := getattr(one, name, None)) is not None:
                bounds[name] = bound
    least, greatest = bounds.get("ge"), bounds.get("le")
    if "gt" in bounds:
        least = math.nextafter(bounds["gt"], math.inf)
    if "lt" in bounds:
        greatest = bounds["lt"] - 1 if field.annotation is int else math.nextafter(bounds["lt"], 0)
    return None if least is None or greatest is None else (least, greatest)


def at_end(model, end):
    """Every bounded field of a model at one of its ends, as an address writes it."""
    ends = {name: ends_of(field) for name, field in model.model_fields.items() if name not in BOUND_TOGETHER}
    return {name: repr(both[end]) for name, both in ends.items() if both is not None}


def address(page, model, end, extra):
    """An address with every bounded field at one end, cards included."""
    params = at_end(model, end) | dict([extra.split("=")])
    if page == "atlas":
        few = {f"{side}_points": "2" for side in ("across", "up")}  # how many fit depends on the others
        few["sample"] = str(min(int(params["sample"]), 4))
        if extra == "objective=digits":
            params["steps"] = str(max(int(params["steps"]), LEAST_TRAINING))
        else:
            del params["label_noise"]  # of tasks alone
        return params | few | {"base": "momentum", "layers": EVERY_CONTROL["layers"]}
    if page == "theory":
        for part, of in structure(model).parts.items():
            params |= {f"{part}.{name}": text for name, text in at_end(of, end).items()}
        return params | {"base": "momentum", "stability.scenario": "quadratic", "layers": EVERY_CONTROL["layers"]}
    card = type(model().cards[0])
    beside = [EVERY_CONTROL, {"base": "adam", "generator_base": "adam"}]
    for number, settings in enumerate(beside, start=1):
        values = at_end(card, end) | {name: text for name, text in settings.items() if name in card.model_fields}
        params |= {f"{number}.{name}": text for name, text in values.items()}
    return params


CASES = [
    (page, model, end, extra)
    for page, (model, extras) in PAGES.items()
    for extra in extras
    for end in (LEAST, GREATEST)
]


@pytest.mark.parametrize(("page", "model", "end", "extra"), CASES)
def test_every_bounded_setting_opens_its_page_at_either_end(page, model, end, extra):
    params = address(page, model, end, extra)
    assert decode(params, model)[1] == []
    at = AppTest.from_function(show, kwargs={"page": page, "model": model.__name__}, default_timeout=30)
    for key, text in params.items():
        at.query_params[key] = text
    at.run()
    assert not at.exception
    assert "drawn" in [caption.value for caption in at.caption]
    at.run()
    assert not at.error
