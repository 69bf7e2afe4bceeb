"""The style sheets that come with every page."""

import re
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
SHEETS = [APP / "style.css", *sorted((APP / "player" / "browser").glob("*.css"))]


def selectors(text: str) -> list[str]:
    """Those of a sheet, one by one; a list in parentheses stays together."""
    rules = re.findall(r"([^{};]+)\{", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    return [each.strip() for rule in rules for each in re.split(r",(?![^(]*\))", rule)]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_selector_descends_from_a_part_of_a_class_name(sheet: Path) -> None:
    # else a browser works out the style of all descendants, thousands, whenever any class changes
    for selector in selectors(sheet.read_text(encoding="utf-8")):
        *ancestors, _ = re.split(r"\s*[>+~]\s*|\s+(?![^\[(]*[\])])", selector)
        assert not any("[class*=" in ancestor for ancestor in ancestors), selector
