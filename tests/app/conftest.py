"""What tests of the application share: the installed packages are read once."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import metadata

import pytest


@pytest.fixture(scope="session", autouse=True)
def packages_read_once() -> Iterator[None]:
    """Keep the list and the metadata of the installed packages.

    Streamlit's AppTest looks for components among them whenever it opens a page, .7 s each time.
    """
    distributions = metadata.distributions
    read = vars(metadata.Distribution)["metadata"].fget
    installed = list(distributions())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "distributions", lambda **query: distributions(**query) if query else installed)
        patch.setattr(metadata.Distribution, "metadata", property(functools.cache(read)))
        yield
