"""A page on which the visitor predicts, and the words that it shows."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def open_page(page: str, **params: str) -> AppTest:
    """The page at an address."""
    script = f"from app.views.{page} import page as module\n\nmodule.page()\n"
    at = AppTest.from_string(script, default_timeout=60)
    for key, value in params.items():
        at.query_params[key] = value
    return at.run()


def open_predicting(page: str, **params: str) -> AppTest:
    """The page at an address, with its switch on."""
    at = open_page(page, **params)
    return at.toggle(key=f"{page}.predicting").set_value(True).run()


def words(at: AppTest) -> str:
    """Captions, sentences and notes."""
    return "\n".join(one.value for kind in (at.caption, at.markdown, at.info) for one in kind)
