"""The optimizer cards of the sidebar, shared by every page that compares optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import session
from app.player.tracks import PALETTE
from app.state import BASE_TITLES, COLOR_NAMES, MAX_CARDS, MAX_K, MAX_LAYERS, MAX_STEPS, Card

SCHEDULES = {"constant": "constant", "step": "step decay", "cosine": "cosine to 0"}
SYNC_MOMENTUM = {"keep": "kept", "reset": "set to zero", "pullback": "pulled back with the weights"}
MARKS = ("🔵", "🔴", "🟢", "🟣", "🟠", "⚪")


def draw_cards(page: str, cards: tuple[Card, ...]) -> list[dict[str, Any]]:
    """One card per optimizer; returns what the widgets say, not yet validated."""
    values = [_card(page, number, card) for number, card in enumerate(cards, start=1)]
    with st.container(horizontal=True):
        if len(cards) < MAX_CARDS:
            st.button(
                "Add", icon=":material/add:", key=f"{page}.add", on_click=_add, args=(page,), help="One more optimizer"
            )
        if len(cards) > 1:
            st.button("Remove last", icon=":material/remove:", key=f"{page}.drop", on_click=_drop, args=(page,))
    return values


def _card(page: str, number: int, card: Card) -> dict[str, Any]:
    prefix = f"{page}.{number}"
    with st.container(border=True, key=f"card-{page}-{number}", gap="xsmall"):
        on = st.toggle(f"**{card.title}**", key=f"{prefix}.on", help="Take part in the comparison")
        st.caption(_facts(card), help="An lr counts as tuned once a search has chosen it on this surface.")
        depth = st.segmented_control(
            "Layers of slow weights", range(MAX_LAYERS + 1), key=f"{prefix}.depth", required=True, width="stretch"
        )
        layers = [_layer(prefix, level) for level in range(1, int(depth or 0) + 1)]
        lr = st.number_input("lr", key=f"{prefix}.lr", step=card.lr / 10, format="%g")
        with st.expander("Base, schedule, momentum, colour", key=f"{prefix}.more"):
            rest = _details(prefix, st.session_state)
    tuned = card.tuned and lr == card.lr
    return {"layers": layers, "lr": lr, "on": on, "tuned": tuned, **rest}


def _facts(card: Card) -> str:
    period = card.outer_period
    synchronises = f"outermost layer every {period:,} base steps · " if card.layers else "no slow weights · "
    return f"{MARKS[card.color]} {synchronises}lr {'tuned' if card.tuned else 'untuned'}"


def _layer(prefix: str, level: int) -> dict[str, Any]:
    for name, default in (("k", 5), ("alpha", 0.5)):
        st.session_state.setdefault(f"{prefix}.{level}.{name}", default)
    below = "base steps" if level == 1 else f"steps of layer {level - 1}"
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    k = left.number_input(
        f"k{_SUB[level]}",
        1,
        MAX_K,
        step=1,
        key=f"{prefix}.{level}.k",
        help=f"Layer {level} synchronises every k {below}",
    )
    alpha = right.slider(
        f"α{_SUB[level]}",
        0.0,
        1.0,
        step=0.01,
        key=f"{prefix}.{level}.alpha",
        help=f"Layer {level} moves this share of the way",
    )
    return {"k": k, "alpha": alpha}


_SUB = "₀₁₂₃₄"


def _details(prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    base = st.selectbox("Base optimizer", list(BASE_TITLES), format_func=BASE_TITLES.__getitem__, key=f"{prefix}.base")
    values: dict[str, Any] = {"base": base}
    if base in ("momentum", "nesterov"):
        values["momentum"] = st.slider("Momentum", 0.0, 0.999, step=0.001, key=f"{prefix}.momentum")
    if base in ("momentum", "nesterov", "adam", "adamw"):
        values["sync_momentum"] = st.selectbox(
            "Momentum at a synchronisation is",
            list(SYNC_MOMENTUM),
            format_func=SYNC_MOMENTUM.__getitem__,
            key=f"{prefix}.sync_momentum",
        )
    values["weight_decay"] = st.number_input("Weight decay", key=f"{prefix}.weight_decay", step=0.001, format="%g")
    values["schedule"] = st.selectbox(
        "lr schedule", list(SCHEDULES), format_func=SCHEDULES.__getitem__, key=f"{prefix}.schedule"
    )
    if values["schedule"] == "step":
        values["every"] = st.number_input("Decay every … base steps", 1, MAX_STEPS, key=f"{prefix}.every")
        values["factor"] = st.slider("Decay factor", 0.05, 1.0, step=0.05, key=f"{prefix}.factor")
    values["color"] = st.selectbox(
        "Colour",
        range(len(PALETTE)),
        format_func=lambda index: f"{MARKS[index]} {COLOR_NAMES[index]}",
        key=f"{prefix}.color",
    )
    # What is not asked for now keeps its value, so that going back to another base finds it again.
    return {name: state[f"{prefix}.{name}"] for name in _KEPT if f"{prefix}.{name}" in state} | values


_KEPT = ("momentum", "sync_momentum", "every", "factor")


def _add(page: str) -> None:
    config = st.session_state[f"{page}.config"]
    last = config.cards[-1]
    used = {card.color for card in config.cards}
    color = next(index for index in range(len(PALETTE)) if index not in used)
    session.adopt(page, config.model_copy(update={"cards": (*config.cards, last.model_copy(update={"color": color}))}))


def _drop(page: str) -> None:
    config = st.session_state[f"{page}.config"]
    session.adopt(page, config.model_copy(update={"cards": config.cards[:-1]}))
