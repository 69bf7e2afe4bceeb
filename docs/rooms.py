"""Draws docs/rooms.svg: the rooms, floor by floor, and who imports whom: `python docs/rooms.py` does it.

The floors are those of the layers contract in pyproject.toml, the arrows come from the imports, wherever in a file they
stand, and the words are the first line of each room's `__init__.py`. An arrow that follows from others is left out.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from textwrap import wrap

import grimp
import networkx

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "rooms.svg"
WIDTH, HEIGHT, BOX, GAP = 940, 76, 46, 24  # of the picture, a floor, a room and the space between rooms
LETTERS = 6.1  # px of an average letter at 11 px

STYLE = """
text { font: 11px system-ui, sans-serif; fill: #4a5361; } .name { font-size: 13px; font-weight: 650; fill: #1b2126; }
rect { fill: #f1f3f4; stroke: #8a96a5; }
path { fill: none; stroke: #0b5fa5; stroke-width: 1.3; marker-end: url(#head); }
"""
HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0L8,4L0,8z" style="fill:#0b5fa5;stroke:none;marker-end:none"/></marker>'
)


def floors() -> list[list[str]]:
    """The rooms of each floor, the top one first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[room.strip(" ()") for room in floor.replace("|", ":").split(":")] for floor in layers]


def arrows(rooms: list[str]) -> list[tuple[str, str]]:
    """Who imports whom, without what follows from other arrows."""
    graph = grimp.build_graph("optim_core", "landscapes", "app", cache_dir=None)
    edges = networkx.DiGraph(
        (one, other)
        for one in rooms
        for other in rooms
        if one != other and graph.direct_import_exists(importer=one, imported=other, as_packages=True)
    )
    return sorted(networkx.transitive_reduction(edges).edges)


def purpose(room: str) -> str:
    """The first sentence that a room says of itself."""
    folder = ROOT / room.replace(".", "/")
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def places() -> dict[str, tuple[float, float, float]]:
    """Left edge, top and width of every room."""
    spots = {}
    for row, rooms in enumerate(floors()):
        width = (WIDTH - GAP * (len(rooms) + 1)) / len(rooms)
        for column, room in enumerate(rooms):
            spots[room] = (GAP + column * (width + GAP), GAP / 2 + row * HEIGHT, width)
    return spots


def box(room: str, left: float, top: float, width: float) -> Iterator[str]:
    """A room: its name and what it is for."""
    yield f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{BOX}" rx="5"/>'
    yield f'<text class="name" x="{left + 10:.0f}" y="{top + 15:.0f}">{room.replace(".", "/")}</text>'
    for line, words in enumerate(wrap(purpose(room), int((width - 20) / LETTERS))[:2]):
        yield f'<text x="{left + 10:.0f}" y="{top + 28 + 12 * line:.0f}">{escape(words)}</text>'


def arrow(spots: dict[str, tuple[float, float, float]], one: str, other: str) -> str:
    """From the lower edge of the room that imports to the upper edge of the other, or the lower one of a neighbour."""
    (left, top, width), (other_left, bottom, other_width) = spots[one], spots[other]
    share = (other_left + other_width / 2) / WIDTH  # arrows leave and arrive in the order of where they go
    start, end = left + width * (0.1 + 0.8 * share), other_left + other_width * (0.1 + 0.8 * (left + width / 2) / WIDTH)
    if top == bottom:
        bottom += BOX
    floor = top + BOX
    middle = (floor + bottom) / 2 if floor < bottom else floor + GAP
    return (
        f'<path d="M{start:.0f},{floor:.0f}C{start:.0f},{middle:.0f} {end:.0f},{middle:.0f} {end:.0f},{bottom:.0f}"/>'
    )


def picture() -> str:
    """The whole file."""
    spots = places()
    height = HEIGHT * len(floors())
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">']
    lines += ["<title>The packages and their imports</title>", f"<style>{STYLE}</style>", f"<defs>{HEAD}</defs>"]
    lines += [f'<rect width="{WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>']
    lines += [arrow(spots, one, other) for one, other in arrows(list(spots))]  # behind the floors that they pass
    lines += [line for room, spot in spots.items() for line in box(room, *spot)]
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
