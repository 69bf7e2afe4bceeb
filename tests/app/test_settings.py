"""Streamlit's settings: every name exists, nothing is sent away, and both themes can be read."""

import tomllib
from pathlib import Path

import pytest
from streamlit import config

SETTINGS = tomllib.loads((Path(__file__).parents[2] / "app/.streamlit/config.toml").read_text())
THEMES = {"light": SETTINGS["theme"]["light"], "dark": SETTINGS["theme"]["dark"]}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def leaves(table: dict, prefix: str = ""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("name", list(leaves(SETTINGS)))
def test_streamlit_knows_the_setting(name):
    config.get_option(name)  # raises RuntimeError for a name that it does not know


def test_nothing_is_sent_away():
    assert SETTINGS["browser"]["gatherUsageStats"] is False
    assert SETTINGS["browser"]["serverAddress"] == "localhost"
    assert not any("url" in str(value).lower() for value in SETTINGS["theme"].values())


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_every_background(theme):
    colours = THEMES[theme]
    for area in (colours, colours["sidebar"]):
        for background in (area["backgroundColor"], area["secondaryBackgroundColor"]):
            assert contrast(colours["textColor"], background) >= 12
            assert contrast(colours["linkColor"], background) >= 4.5
            assert contrast(colours["primaryColor"], background) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_a_button_can_be_read_and_lines_can_be_seen(theme):
    colours = THEMES[theme]
    letters = {"light": "#FFFFFF", "dark": "#0D1216"}[theme]  # of a button, in style.css
    assert contrast(colours["primaryColor"], letters) >= 4.5
    assert contrast(colours["primaryColor"], "#FFFFFF") >= 3  # the tick of a box, the knob of a switch
    assert all(contrast(line, colours["backgroundColor"]) >= 2 for line in colours["chartCategoricalColors"])
