"""The sidebar of the Networks page."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_SEEDS, MAX_TRAINING_STEPS, NetworksConfig
from app.state.base import MAX_SEED
from app.views.parts.cards import draw_cards, draw_title
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.predict import Prediction
from app.views.parts.sidebar import sidebar_of
from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.models import MODELS

PAGE = "networks"
PREDICTION = Prediction(PAGE)
MORE = ("seed", "seeds", "ema", "split_seed", "augmentation", "snapshot_every")


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: NetworksConfig) -> None:
    """Draw the controls."""
    draw_history(PAGE)
    _task(fields)
    _training(fields, config)
    draw_title(fields)
    fields.switch(
        "Equal effective lr", "equal_lr",
        help="Divides every lr by the product of its card's α, so that all slow weights move at the base's pace. A "
        "layer with outer momentum μ counts with its effective slow step α / (1 − μ)",
    )  # fmt: skip
    if config.equal_lr:
        st.caption(f"lr used: {', '.join(f'{spec.name} {spec.lr:g}' for spec in config.specs())}")
    draw_cards(fields, config.cards, averages=False)


def _task(fields: Fields) -> None:
    fields.choice("Data", "dataset", {key: data.name for key, data in DATASETS.items()})
    fields.choice("Network", "network", {key: model.name for key, model in MODELS.items()})
    fields.slider(
        "Wrong labels", "label_noise", 0.0, 1.0, step=0.05, format="percent",
        help="Share of the training labels replaced by another class",
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        fields.number("Batch size", "batch_size", 1, step=1)
    with right:
        fields.number("Training images", "train_size", 10, step=100)


def _training(fields: Fields, config: NetworksConfig) -> None:
    fields.number("Base steps", "steps", 10, MAX_TRAINING_STEPS, step=100)
    PREDICTION.switch("Hide curves and results, say which optimizer will have the best test accuracy, then reveal them")
    if fields.hides(*MORE):
        return
    with st.expander(f"Seeds, averaging, snapshots · seed {config.seed}", key=f"{PAGE}.more"):
        fields.seed()
        fields.slider("Number of seeds", "seeds", 1, MAX_SEEDS, help="Curves show their mean ± standard error")
        fields.number(
            "Average of the fast weights, decay", "ema", step=0.001, format="%g",
            help="An exponential moving average beside every optimizer (torch.optim.swa_utils). 0: none",
        )  # fmt: skip
        fields.number(
            "Seed of the split", "split_seed", 0, MAX_SEED, step=1,
            help="Chooses the training and validation images and the wrong labels; the test images never change",
        )  # fmt: skip
        fields.choice("Augmentation", "augmentation", ["none", "shift", "flip-shift"])
        fields.number("A snapshot every … base steps", "snapshot_every", 1, 1000)
