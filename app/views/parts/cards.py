"""The optimizer cards of the sidebar, shared by every page that compares optimizers."""

from __future__ import annotations

import streamlit as st

from app.player.tracks import PALETTE
from app.state import BASE_TITLES, COLOR_NAMES, MAX_CARDS, MAX_EVERY, MAX_K, MAX_LAYERS, Card, GanCard, LayerConfig
from app.state.cards import titles_of
from app.views import session

SCHEDULES = {"constant": "constant", "step": "step decay", "cosine": "cosine to 0"}
SYNC_MOMENTUM = {"keep": "kept", "reset": "set to zero", "pullback": "pulled back with the weights"}
SUBSCRIPT = "₀₁₂₃₄"


def draw_cards(page: str, cards: tuple[Card, ...], *, averages: bool = True) -> None:
    """One card per optimizer, and buttons for more or fewer; `averages`: whether each has an average of its own."""
    for number, (card, title) in enumerate(zip(cards, titles_of(cards), strict=True), start=1):
        _card(f"{page}.{number}", card, title, averages)
    with st.container(horizontal=True):
        if len(cards) < MAX_CARDS:
            st.button("Add", icon=":material/add:", key=f"{page}.add", on_click=_add, args=(page,))
        if len(cards) > 1:
            st.button("Remove last", icon=":material/remove:", key=f"{page}.drop", on_click=_drop, args=(page,))


def _card(prefix: str, card: Card, title: str, averages: bool) -> None:
    with st.container(border=True, key=f"card-{prefix.replace('.', '-')}", gap="xsmall"):
        st.toggle(title, key=f"{prefix}.on")
        st.caption(_facts(card))
        st.segmented_control(
            "Layers of slow weights", range(MAX_LAYERS + 1), key=f"{prefix}.depth", required=True, width="stretch"
        )
        for level in range(1, len(card.layers) + 1):
            _layer(prefix, level)
        _lr(prefix, card)
        with st.expander("Base, schedule, colour", key=f"{prefix}.more"):
            _details(prefix, card)
            if averages:
                st.number_input(
                    "Average of the fast weights, decay", step=0.001, format="%g", key=f"{prefix}.ema",
                    help="One more track: an exponential moving average, the baseline of slow weights. 0: none",
                )  # fmt: skip


def _lr(prefix: str, card: Card) -> None:
    """One lr, or one for each player."""
    if not isinstance(card, GanCard):
        st.number_input("lr", key=f"{prefix}.lr", step=card.lr / 10, format="%g")
        return
    left, right = st.columns(2)
    left.number_input("lr, discriminator", key=f"{prefix}.lr", step=card.lr / 10, format="%g")
    right.number_input("lr, generator", key=f"{prefix}.generator_lr", step=card.generator_lr / 10, format="%g")


def _bases(prefix: str, card: Card) -> None:
    """One base optimizer, or one for each player."""
    titles = {"options": list(card.titles), "format_func": card.titles.__getitem__}
    if not isinstance(card, GanCard):
        st.selectbox("Base optimizer", key=f"{prefix}.base", **titles)
        return
    st.selectbox("Discriminator's base optimizer", key=f"{prefix}.base", **titles)
    st.selectbox("Generator's base optimizer", key=f"{prefix}.generator_base", **titles)
    if {card.base, card.generator_base} & {"adam", "adamw"}:
        st.number_input(
            "Adam's β₁", step=0.1, format="%g", key=f"{prefix}.beta1", help="0 is customary for these games"
        )


def _facts(card: Card) -> str:
    period = f"layer {len(card.layers)} every {card.outer_period:,} base steps" if card.layers else "no slow weights"
    tuned = ":green-badge[lr tuned]" if card.tuned else ":gray-badge[lr untuned]"
    return f"{period} {tuned}"


def _layer(prefix: str, level: int) -> None:
    below = "base steps" if level == 1 else f"steps of layer {level - 1}"
    for name, value in LayerConfig():
        st.session_state.setdefault(f"{prefix}.{level}.{name}", value)
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    left.number_input(
        f"k{SUBSCRIPT[level]}", 1, MAX_K, step=1, key=f"{prefix}.{level}.k",
        help=f"Layer {level} synchronises after every k {below}",
    )  # fmt: skip
    right.slider(
        f"α{SUBSCRIPT[level]}", 0.0, 1.0, step=0.01, key=f"{prefix}.{level}.alpha",
        help=f"The share of the way that the slow weights of layer {level} then move",
    )  # fmt: skip


def _details(prefix: str, card: Card) -> None:
    _bases(prefix, card)
    if "alternating" in type(card).model_fields and card.base in BASE_TITLES:
        st.toggle(
            "Players move in turn", key=f"{prefix}.alternating",
            help="The second player answers what the first has just done; two gradient evaluations a step",
        )  # fmt: skip
    if card.base in ("momentum", "nesterov"):
        st.number_input("Momentum", step=0.01, format="%g", key=f"{prefix}.momentum")
    if card.layers and card.base in ("momentum", "nesterov", "adam", "adamw"):
        st.selectbox(
            "Momentum at a synchronisation is", list(SYNC_MOMENTUM), format_func=SYNC_MOMENTUM.__getitem__,
            key=f"{prefix}.sync_momentum",
        )  # fmt: skip
    st.number_input("Weight decay", key=f"{prefix}.weight_decay", step=0.001, format="%g")
    st.selectbox("lr schedule", list(SCHEDULES), format_func=SCHEDULES.__getitem__, key=f"{prefix}.schedule")
    if card.schedule == "step":
        st.number_input("Decay every … base steps", 1, MAX_EVERY, key=f"{prefix}.every")
        st.number_input("Decay factor", step=0.05, format="%g", key=f"{prefix}.factor")
    st.selectbox("Colour", range(len(PALETTE)), format_func=COLOR_NAMES.__getitem__, key=f"{prefix}.color")


def _add(page: str) -> None:
    config = st.session_state[f"{page}.config"]
    used = {card.color for card in config.cards}
    color = next(index for index in range(len(PALETTE)) if index not in used)
    card = config.cards[-1].model_copy(update={"color": color})
    session.adopt(page, config.model_copy(update={"cards": (*config.cards, card)}))


def _drop(page: str) -> None:
    config = st.session_state[f"{page}.config"]
    session.adopt(page, config.model_copy(update={"cards": config.cards[:-1]}))
