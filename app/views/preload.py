"""All imports of the pages, behind the one lock of this module's import.

Several first visitors come in threads of their own. Where each page imported for itself, plotly found in `sys.modules`
a pandas that another thread was still importing, and the page showed an error; here the others wait for the first.
"""

from __future__ import annotations

import gc

import pandas  # noqa: F401  (Streamlit and plotly look it up)
import pyarrow  # noqa: F401
import streamlit.elements.arrow  # noqa: F401
import torch

from app.runs import THREADS
from app.runs.log import log_to_stderr
from app.runs.surfaces import scenery, surface_run
from app.runs.turns import Turns
from app.state import SurfacesConfig
from app.views import session
from app.views.games import page as games
from app.views.gans import page as gans
from app.views.lessons import page as lessons
from app.views.networks import page as networks
from app.views.parts.admission import take_seat
from app.views.surfaces import page as surfaces
from app.views.theory import page as theory

__all__ = ["games", "gans", "lessons", "networks", "session", "surfaces", "take_seat", "theory", "turns", "warm_up"]

turns = Turns()


def warm_up() -> None:
    """Compute the default page, then exclude all existing objects from garbage collection."""
    log_to_stderr()
    torch.set_num_threads(THREADS)
    config = SurfacesConfig()
    scenery(config)
    surface_run(config)
    gc.collect()
    gc.freeze()
