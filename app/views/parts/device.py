"""The device on which a page's networks are trained: a choice where there is more than the processor.

It belongs to the visit, not to the comparison: a link opens on machines without an accelerator, too.
"""

from __future__ import annotations

import streamlit as st

from app.jobs.devices import offered_devices
from optim_core.device import CPU

TITLES = {"cpu": "Processor", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)"}


def device_choice(page: str) -> None:
    """Draw the choice, where there is one; or why the server's usual device is none."""
    devices, problem = _devices()
    if problem:
        st.error(problem)
    if len(devices) > 1:
        st.selectbox(
            "Train on", devices, format_func=TITLES.__getitem__, key=_key(page),
            help="On the processor a run repeats bit for bit; on a GPU it agrees to rounding. Each has runs of its own",
        )  # fmt: skip


def chosen_device(page: str) -> str:
    """The device to train on: the chosen one, or the usual one."""
    devices, _ = _devices()
    choice: str = st.session_state.get(_key(page), devices[0])
    return choice if choice in devices else devices[0]


def _devices() -> tuple[tuple[str, ...], str]:
    """The devices on offer; the processor alone where the server's setting is wrong, and why it is."""
    try:
        return offered_devices(), ""
    except ValueError as error:
        return (CPU,), f"{error}. Networks are trained on the processor."


def _key(page: str) -> str:
    return f"{page}.train_on"
