"""The sidebar of the Networks page."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_SEEDS, MAX_TRAINING_STEPS, NetworksConfig
from app.state.base import MAX_SEED
from app.views import session
from app.views.parts.cards import draw_cards, draw_title
from app.views.parts.device import device_choice
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.predict import Prediction
from app.views.parts.sidebar import sidebar_of
from landscapes.tasks.catalogue import DATASETS, DataEntry
from landscapes.tasks.models import MODELS

PAGE = "networks"
PREDICTION = Prediction(PAGE)
MORE = ("seed", "seeds", "ema", "split_seed", "augmentation", "snapshot_every")


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: NetworksConfig) -> None:
    """Draw the controls."""
    draw_history(PAGE)
    data = DATASETS[config.dataset]
    _task(fields, data)
    _training(fields, config, data)
    draw_title(fields)
    fields.switch(
        "Equal effective lr", "equal_lr",
        help="Divides every lr by the product of its card's α, so that all slow weights move at the base's pace. A "
        "layer with outer momentum μ counts with its effective slow step α / (1 − μ)",
    )  # fmt: skip
    if config.equal_lr:
        st.caption(f"lr used: {', '.join(f'{spec.name} {spec.lr:g}' for spec in config.specs())}")
    draw_cards(fields, config.cards, averages=False)


def _task(fields: Fields, data: DataEntry) -> None:
    fields.choice("Data", "dataset", {key: entry.name for key, entry in DATASETS.items()}, on_change=_follow_dataset)
    models = [model for model in MODELS.values() if model.for_tables or not data.is_table]
    fields.choice("Network", "network", {model.key: model.name for model in models})
    fields.slider(
        "Wrong labels", "label_noise", 0.0, 1.0, step=0.05, format="percent",
        help="Share of the training labels replaced by another class",
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        fields.number("Batch size", "batch_size", 1, step=1)
    with right:
        fields.number(f"Training {data.items}", "train_size", 10, step=100)


def _follow_dataset() -> None:
    """Another data set may have fewer images, or be a table: what does not go with it changes, too."""
    config: NetworksConfig = st.session_state[f"{PAGE}.config"]
    session.adopt(PAGE, config.with_dataset(st.session_state[f"{PAGE}.dataset"]))


def _training(fields: Fields, config: NetworksConfig, data: DataEntry) -> None:
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
            help=f"Chooses the training and validation {data.items} and the wrong labels; the test {data.items} never "
            "change",
        )  # fmt: skip
        if not data.is_table:
            fields.choice("Augmentation", "augmentation", ["none", "shift", "flip-shift"])
        fields.number("A snapshot every … base steps", "snapshot_every", 1, 1000)
        device_choice(PAGE)
