"""The sidebar of the GANs page."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_SEEDS, MAX_TRAINING_STEPS, GansConfig
from app.state.presets import GAN_PRESETS
from app.views.parts.cards import draw_cards
from app.views.parts.history import draw_history
from app.views.parts.problems import draw_problems
from landscapes.tasks.gan import LOSSES, WORLDS

PAGE = "gans"
WORLD_NAMES = {"ring": "Ring of 8 Gaussians", "digits": "Digits", "mnist": "MNIST", "fashion": "Fashion-MNIST"}
LOSS_NAMES = {"non-saturating": "Non-saturating", "wgan-gp": "Wasserstein with gradient penalty"}


def sidebar(config: GansConfig, problems: list[str]) -> None:
    """Draw the controls, and what was refused above them."""
    with st.sidebar:
        draw_problems(problems)
        draw_history(PAGE, {name: preset.config for name, preset in GAN_PRESETS.items()})
        st.selectbox("Imitate", WORLDS, format_func=WORLD_NAMES.__getitem__, key=f"{PAGE}.dataset")
        st.selectbox("Losses", LOSSES, format_func=LOSS_NAMES.__getitem__, key=f"{PAGE}.objective")
        left, right = st.columns(2)
        left.number_input("Batch size", min_value=2, step=8, key=f"{PAGE}.batch_size")
        right.number_input("Base steps", 10, MAX_TRAINING_STEPS, step=100, key=f"{PAGE}.steps")
        _more(config)
        st.markdown("##### Optimizers")
        draw_cards(PAGE, config.cards, averages=False)


def _more(config: GansConfig) -> None:
    with st.expander(f"Seeds, averaging, snapshots · seed {config.seed}", key=f"{PAGE}.more"):
        st.number_input("Seed", min_value=0, max_value=2**31 - 1, step=1, key=f"{PAGE}.seed")
        st.slider("Number of seeds", 1, MAX_SEEDS, key=f"{PAGE}.seeds", help="Curves show their mean ± standard error")
        st.number_input(
            "Average of fast weights, decay", step=0.001, format="%g", key=f"{PAGE}.ema",
            help="An exponential moving average of both players beside every optimizer; 0 is none",
        )  # fmt: skip
        st.number_input("A snapshot every … base steps", min_value=1, max_value=1000, key=f"{PAGE}.snapshot_every")
