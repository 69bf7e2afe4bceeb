"""The sidebar of the GANs page."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_SEEDS, MAX_TRAINING_STEPS, GansConfig
from app.views.parts.cards import draw_cards, draw_title
from app.views.parts.device import device_choice
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.sidebar import sidebar_of
from landscapes.tasks.gan import LOSSES, WORLDS

PAGE = "gans"
MORE = ("seed", "seeds", "ema", "snapshot_every")
WORLD_NAMES = {"ring": "Ring of 8 Gaussians", "digits": "Digits", "mnist": "MNIST", "fashion": "Fashion-MNIST"}
LOSS_NAMES = {"non-saturating": "Non-saturating", "wgan-gp": "Wasserstein with gradient penalty"}


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: GansConfig) -> None:
    """Draw the controls."""
    draw_history(PAGE)
    fields.choice("Data", "dataset", {key: WORLD_NAMES[key] for key in WORLDS})
    fields.choice("Losses", "objective", {key: LOSS_NAMES[key] for key in LOSSES})
    left, right = st.columns(2)
    with left:
        fields.number("Batch size", "batch_size", 2, step=8)
    with right:
        fields.number("Base steps", "steps", 10, MAX_TRAINING_STEPS, step=100)
    _more(fields, config)
    draw_title(fields)
    draw_cards(fields, config.cards, averages=False)


def _more(fields: Fields, config: GansConfig) -> None:
    if fields.hides(*MORE):
        return
    with st.expander(f"Seeds, averaging, snapshots · seed {config.seed}", key=f"{PAGE}.more"):
        fields.seed()
        fields.slider("Number of seeds", "seeds", 1, MAX_SEEDS, help="Curves show their mean ± standard error")
        fields.number(
            "Average of the fast weights, decay", "ema", step=0.001, format="%g",
            help="An exponential moving average of both players beside every optimizer. 0: none",
        )  # fmt: skip
        fields.number("A snapshot every … base steps", "snapshot_every", 1, 1000)
        device_choice(PAGE)
