"""The optimizer cards of the sidebar, shared by every page that compares optimizers."""

from __future__ import annotations

from collections.abc import Container, Sequence

import streamlit as st

from app.player.tracks import PALETTE
from app.state import BASE_TITLES, COLOR_NAMES, MAX_CARDS, MAX_EVERY, MAX_K, MAX_LAYERS, Card, GanCard
from app.state.cards import titles_of
from app.state.glossary import meaning
from app.state.layers import LayerConfig
from app.views import session
from app.views.parts.fields import Fields
from optim_core.spec import WEIGHTED, WITH_MU_X, WITH_MU_Y

SCHEDULES = {"constant": "constant", "step": "step decay", "cosine": "cosine to 0"}
SYNC_MOMENTUM = {"keep": "kept", "reset": "set to zero", "pullback": "pulled back with the weights"}
INNER_BUFFERS = {"keep": "kept", "reset": "set to zero"}
SUBSCRIPT = "₀₁₂₃₄"
AT_FIRST_SIGHT = {"on", "depth", "lr", "generator_lr"} | {
    f"{level}.{name}" for level in range(1, MAX_LAYERS + 1) for name in ("k", "alpha")
}


def draw_title(fields: Fields) -> None:
    """The title above cards, where there are any."""
    if any(name[:1].isdigit() for name in fields.visible_names()):
        st.markdown("## Optimizers")


def draw_cards(fields: Fields, cards: tuple[Card, ...], *, averages: bool = True) -> None:
    """One card per optimizer, and buttons for more or fewer; `averages`: whether each has an average of its own."""
    for number, (card, title) in enumerate(zip(cards, titles_of(cards), strict=True), start=1):
        if (card_fields := fields.within(str(number))).visible_names():
            _card(card_fields, card, title, averages)
    if len(cards) < MAX_CARDS and not fields.keeps_cards:
        page = fields.page
        st.button("Add", icon=":material/add:", key=f"{page}.add", on_click=_duplicate, args=(page, len(cards)))


def _card(fields: Fields, card: Card, title: str, averages: bool) -> None:
    with st.container(border=True, key=f"card-{fields.owner[:-1]}", gap="xsmall"):
        fields.switch(title, "on")
        if fields.hides("on"):
            st.markdown(title)
        st.caption(_facts(card))
        if not card.averages:
            fields.segments("Layers of slow weights", "depth", range(MAX_LAYERS + 1), width="stretch")
            draw_layers(fields, len(card.layers))
        _lr(fields, card)
        if fields.visible_names() - AT_FIRST_SIGHT:
            door = st.expander("More", key=fields.key("more"), on_change="rerun")
            if door.open:
                with door:
                    _details(fields, card, averages)
        if not fields.keeps_cards:
            _exits(fields)


def _exits(fields: Fields) -> None:
    """One more card like this one, or this one away."""
    page, number = fields.page, int(fields.owner.rstrip("."))
    count = len(st.session_state[f"{page}.config"].cards)
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Duplicate", icon=":material/content_copy:", key=fields.key("duplicate"), type="tertiary",
            disabled=count == MAX_CARDS, on_click=_duplicate, args=(page, number),
        )  # fmt: skip
        st.button(
            "Remove", icon=":material/delete:", key=fields.key("remove"), type="tertiary",
            disabled=count == 1, on_click=_remove, args=(page, number),
        )  # fmt: skip


def _lr(fields: Fields, card: Card) -> None:
    """One lr, or one for each player."""
    if not isinstance(card, GanCard):
        fields.number("lr", "lr", step=card.lr / 10, format="%g", help=meaning("lr"))
        return
    left, right = st.columns(2)
    with left:
        fields.number("lr, discriminator", "lr", step=card.lr / 10, format="%g")
    with right:
        fields.number("lr, generator", "generator_lr", step=card.generator_lr / 10, format="%g")


def _bases(fields: Fields, card: Card) -> None:
    """One base optimizer, or one for each player."""
    if not isinstance(card, GanCard):
        fields.choice("Base optimizer", "base", card.titles, help=meaning("base-optimizer"))
        return
    fields.choice("Discriminator's base optimizer", "base", card.titles)
    fields.choice("Generator's base optimizer", "generator_base", card.titles)
    if {card.base, card.generator_base} & {"adam", "adamw"}:
        fields.number("Adam's β₁", "beta1", step=0.1, format="%g", help="0 is customary for these games")


def _facts(card: Card) -> str:
    """What the card's numbers come to, and what is off its default behind the door, which the badges mark."""
    without = "an average of its own" if card.averages else "no slow weights"
    period = f"layer {len(card.layers)} every {card.outer_period:,} base steps" if card.layers else without
    badge = ":green-badge[lr tuned]" if card.tuned else ":gray-badge[lr untuned]"
    return " ".join([period, badge, *(f":blue-badge[{words}]" for words in card.unusual)])


def draw_layers(fields: Fields, depth: int, varied: Container[str] = ()) -> None:
    """K and α of each layer of a stack; those that a study varies (k_1, alpha_1, …) have no value of their own."""
    for level in range(1, depth + 1):
        layer, below = fields.within(str(level)), "base steps" if level == 1 else f"steps of layer {level - 1}"
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        with left:
            if f"k_{level}" in varied:
                st.caption(f"k{SUBSCRIPT[level]} varies")
            else:
                layer.number(
                    f"k{SUBSCRIPT[level]}", "k", 1, MAX_K, step=1,
                    help=f"Layer {level} synchronises after every k {below}",
                )  # fmt: skip
        with right:
            if f"alpha_{level}" in varied:
                st.caption(f"α{SUBSCRIPT[level]} varies")
            else:
                layer.slider(
                    f"α{SUBSCRIPT[level]}", "alpha", 0.0, 1.0, step=0.01,
                    help=f"The share of the way that the slow weights of layer {level} then move",
                )  # fmt: skip


def draw_outer_momentum(fields: Fields, layers: Sequence[LayerConfig], varied: Container[str] = ()) -> None:
    """The momentum of each layer's own steps; one that a study varies (mu_1, …) has no value of its own."""
    for level, config in enumerate(layers, start=1):
        layer, symbol, varies = fields.within(str(level)), f"μ{SUBSCRIPT[level]}", f"mu_{level}" in varied
        if varies:
            st.caption(f"{symbol} varies")
        else:
            layer.number(
                f"Outer momentum {symbol}", "outer_momentum", step=0.05, format="%g",
                help=f"Layer {level} then synchronises by a step of SGD with momentum on s = φ − the weights below. "
                "0: plain Lookahead",
            )  # fmt: skip
        if config.outer_momentum or varies:
            layer.switch(f"{symbol} by Nesterov's rule", "outer_nesterov", help="As in SNOO and DiLoCo")


def draw_inner_buffers(fields: Fields) -> None:
    """What happens to the outer momentum of the layers inside one that synchronises."""
    fields.choice(
        "At an outer synchronisation, inner b is", "inner_buffers", INNER_BUFFERS,
        help="b is the outer momentum that a layer has gathered. When a layer around it synchronises, the weights "
        "inside start again from its slow weights. b may stay, or start again from 0",
    )  # fmt: skip


def _average(fields: Fields, card: Card) -> None:
    """The numbers of a base whose result is an average x of the fast weights θ."""
    if card.base in WITH_MU_Y:
        fields.number(
            "Gradient from θ towards x, μ_y", "mu_y", step=0.05, format="%g",
            help="The gradient is taken at y = μ_y x + (1 − μ_y) θ. Schedule-Free calls it β",
        )  # fmt: skip
    if card.base in WITH_MU_X:
        fields.number(
            "Decay of the average, μ_x", "mu_x", step=0.01, format="%g", help="x ← μ_x x + (1 − μ_x) θ after every step"
        )


def draw_momentum(fields: Fields) -> None:
    """The momentum's coefficient."""
    fields.number("Momentum", "momentum", step=0.01, format="%g", help=meaning("momentum"))


def draw_sync_momentum(fields: Fields) -> None:
    """What happens to the momentum at a synchronisation."""
    fields.choice("Momentum at a synchronisation is", "sync_momentum", SYNC_MOMENTUM)


def _details(fields: Fields, card: Card, averages: bool) -> None:
    """What few visitors change, drawn for those who open the door: every control costs the server time."""
    _bases(fields, card)
    if "alternating" in type(card).model_fields and card.base in BASE_TITLES:
        fields.switch(
            "Players move in turn", "alternating",
            help="The second player answers what the first has just done; two gradient evaluations a step",
        )  # fmt: skip
    if card.base in WEIGHTED:
        draw_momentum(fields)
    _average(fields, card)
    if card.layers and card.has_momentum:
        draw_sync_momentum(fields)
    draw_outer_momentum(fields, card.layers)
    if card.has_inner_buffers:
        draw_inner_buffers(fields)
    fields.number("Weight decay", "weight_decay", step=0.001, format="%g")
    fields.choice("lr schedule", "schedule", SCHEDULES)
    if card.schedule == "step":
        fields.number("Decay every … base steps", "every", 1, MAX_EVERY)
        fields.number("Decay factor", "factor", step=0.05, format="%g")
    fields.choice("Colour", "color", dict(enumerate(COLOR_NAMES)))
    if averages and not card.averages:
        fields.number(
            "Average of the fast weights, decay", "ema", step=0.001, format="%g",
            help="One more track: an exponential moving average, with which slow weights are compared. 0: none",
        )  # fmt: skip


def _duplicate(page: str, number: int) -> None:
    """One more card like this one, beside it, in a colour of its own."""
    config = st.session_state[f"{page}.config"]
    colors = {card.color for card in config.cards}
    color = next(index for index in range(len(PALETTE)) if index not in colors)
    card = config.cards[number - 1].model_copy(update={"color": color})
    session.adopt(page, config.model_copy(update={"cards": (*config.cards[:number], card, *config.cards[number:])}))


def _remove(page: str, number: int) -> None:
    config = st.session_state[f"{page}.config"]
    cards = (*config.cards[: number - 1], *config.cards[number:])
    session.adopt(page, config.model_copy(update={"cards": cards}))
