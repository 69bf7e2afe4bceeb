"""The player's script and style as text, for Streamlit's component and for the standalone page alike.

Streamlit sends a component's whole script with every change of its data, so `loader` carries it without comments and
deflated, a third of its size; the browser unpacks it once.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import cache
from pathlib import Path

MARKUP = "<div class='lookahead-player'></div>"
# In the order of the browser's reading: constants and classes before what uses them at once.
PARTS = (
    "numbers",
    "run",
    "moment",
    "playback",
    "theme",
    "axes",
    "heights",
    "marks",
    "canvases",
    "plotly_chart",
    "axes_stage",
    "trails",
    "head_labels",
    "run_drawing",
    "cloud",
    "scene",
    "close_up",
    "clocks",
    "transport",
    "keyboard",
    "legend",
    "inspector",
    "head_note",
    "linked_charts",
    "player",
    "mount",
)

_FOLDER = Path(__file__).parent / "browser"
_COMMENTS = ("//", "/**", "* ", "*/", "/*")
_REMARK = re.compile(r"""^((?:[^"'`]|"[^"]*"|'[^']*')*[;,{}()\]]) // .*$""")  # behind code
_LOADER = """
const packed = Uint8Array.from(atob("%s"), letter => letter.charCodeAt(0));
const text = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
const script = text.then(source => import(URL.createObjectURL(new Blob([source], {type: "text/javascript"}))));
export default component => script.then(module => module.default(component));
"""


@cache
def script() -> str:
    """All parts as one ECMAScript module, the style sheet within; its default export mounts a player."""
    style = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"/\*.*?\*/", "", _read("player.css")))
    return "\n".join((f"const STYLE = {json.dumps(style)};", *(_read(f"{part}.js") for part in PARTS)))


def standalone_script() -> str:
    """`script` with the function `stand`, which opens a player in a page of its own."""
    return _lean(f"{script()}\n{_read('standalone.js')}")


@cache
def orbit_script() -> str:
    """The module that draws a player's heads over a chart in three dimensions."""
    return _lean(
        "\n".join(_read(f"{part}.js") for part in ("axes", "heights", "marks", "plotly_chart", "relief_heads"))
    )


def loader() -> str:
    """A small module with `script` inside, deflated; its default export is the script's."""
    source = _lean(script()) + "\n//# sourceURL=lookahead-player.js"
    return _LOADER % base64.b64encode(zlib.compress(source.encode(), 9)).decode()


def _lean(text: str) -> str:
    """Without indentation, empty lines and comments: no line of the script needs them."""
    lines = (_REMARK.sub(r"\1", line.strip()) for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(_COMMENTS))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
