"""The sidebar of the Networks page."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_SEEDS, MAX_TRAINING_STEPS, NetworksConfig
from app.state.presets import NETWORK_PRESETS
from app.views.parts.cards import draw_cards
from app.views.parts.history import draw_history
from app.views.parts.problems import draw_problems
from landscapes.tasks.data import DATASETS
from landscapes.tasks.models import MODELS

PAGE = "networks"


def sidebar(config: NetworksConfig, problems: list[str]) -> None:
    """Draw the controls, and what was refused above them."""
    with st.sidebar:
        draw_problems(problems)
        draw_history(PAGE, {name: preset.config for name, preset in NETWORK_PRESETS.items()})
        _task()
        _training(config)
        st.markdown("##### Optimizers")
        st.toggle(
            "Equal effective lr", key=f"{PAGE}.equal_lr",
            help="Divides every lr by the product of its card's α, so that all slow weights move at the base's pace",
        )  # fmt: skip
        if config.equal_lr:
            st.caption(f"lr used: {', '.join(f'{spec.name} {spec.lr:g}' for spec in config.specs())}")
        draw_cards(PAGE, config.cards, averages=False)


def _task() -> None:
    st.selectbox("Data", list(DATASETS), format_func=lambda key: DATASETS[key].name, key=f"{PAGE}.dataset")
    st.selectbox("Network", list(MODELS), format_func=lambda key: MODELS[key].name, key=f"{PAGE}.network")
    st.slider(
        "Wrong labels", 0.0, 1.0, step=0.05, format="percent", key=f"{PAGE}.label_noise",
        help="Share of the training labels replaced by another class",
    )  # fmt: skip
    left, right = st.columns(2)
    left.number_input("Batch size", min_value=1, step=1, key=f"{PAGE}.batch_size")
    right.number_input("Training images", min_value=10, step=100, key=f"{PAGE}.train_size")


def _training(config: NetworksConfig) -> None:
    st.number_input("Base steps", min_value=10, max_value=MAX_TRAINING_STEPS, step=100, key=f"{PAGE}.steps")
    with st.expander(f"Seeds, averaging, snapshots · seed {config.seed}", key=f"{PAGE}.more"):
        st.number_input("Seed", min_value=0, max_value=2**31 - 1, step=1, key=f"{PAGE}.seed")
        st.slider("Number of seeds", 1, MAX_SEEDS, key=f"{PAGE}.seeds", help="Curves show their mean ± standard error")
        st.number_input(
            "Average of fast weights, decay", step=0.001, format="%g", key=f"{PAGE}.ema",
            help="An exponential moving average beside every optimizer (torch.optim.swa_utils); 0 is none",
        )  # fmt: skip
        st.number_input(
            "Seed of the split", min_value=0, max_value=2**31 - 1, step=1, key=f"{PAGE}.split_seed",
            help="Chooses the training and validation images and the wrong labels; the test images never change",
        )  # fmt: skip
        st.selectbox("Augmentation", ["none", "shift", "flip-shift"], key=f"{PAGE}.augmentation")
        st.number_input("A snapshot every … base steps", min_value=1, max_value=1000, key=f"{PAGE}.snapshot_every")
