"""All imports of the pages, behind the one lock of this module's import.

Several first visitors come in threads of their own. Where each page imported for itself, plotly found in `sys.modules`
a pandas that another thread was still importing, and the page showed an error; here the others wait for the first.
"""

from __future__ import annotations

import gc
import threading
from contextlib import suppress

import pandas  # noqa: F401  (Streamlit and plotly look it up)
import pyarrow  # noqa: F401
import streamlit.elements.arrow  # noqa: F401
import torch

from app.jobs.errors import JobsError
from app.jobs.service import default_jobs
from app.runs import THREADS, result_files
from app.runs.log import log_to_stderr
from app.runs.surfaces import scenery, surface_run
from app.state import SurfacesConfig
from app.views import session
from app.views.atlas import page as atlas
from app.views.games import page as games
from app.views.gans import page as gans
from app.views.lessons import page as lessons
from app.views.networks import page as networks
from app.views.parts.admission import take_seat
from app.views.parts.page_links import page_links
from app.views.parts.page_script import glossary_link, page_script
from app.views.parts.turns import page_turn
from app.views.surfaces import page as surfaces
from app.views.theory import page as theory

__all__ = [
    "atlas",
    "games",
    "gans",
    "glossary_link",
    "lessons",
    "networks",
    "page_links",
    "page_script",
    "page_turn",
    "session",
    "surfaces",
    "take_seat",
    "theory",
    "warm_up",
]


QUIET = 20.0  # seconds after the start in which nothing is done that a first visitor can do without


def warm_up() -> None:
    """Compute what most visitors see first, then take everything that stays out of the garbage collector's rounds.

    What takes seconds to import and is needed after a click or two is there a little later.
    """
    log_to_stderr()
    with suppress(JobsError):  # said where a training is asked for
        result_files.keep_in(default_jobs().store)
    torch.set_num_threads(THREADS)
    config = SurfacesConfig()
    scenery(config)
    surface_run(config)
    gc.collect()
    gc.freeze()
    later = threading.Timer(QUIET, import_the_rest)
    later.daemon = True
    later.start()


def import_the_rest() -> None:
    """What figures need, what torch imports when it makes its first optimizer, and the workers of a first training.

    A figure is drawn, since matplotlib reads its fonts only then, and its first search for them takes seconds.
    """
    from app.draw.image import render_figure
    from app.figures.surfaces import surface_scene

    config = SurfacesConfig()
    render_figure(surface_scene(config, surface_run(config)), dpi=30)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    with suppress(JobsError):  # said where a training is asked for
        default_jobs().warm_up()
