"""The player's script and style as text, for Streamlit's component and for the standalone page alike.

Streamlit sends a component's whole script with every change of its data, so `loader` carries it deflated: a quarter of
the size, unpacked once by the browser.
"""

from __future__ import annotations

import base64
import json
import zlib
from functools import cache
from pathlib import Path

MARKUP = "<div class='lookahead-player'></div>"
PARTS = tuple(
    f"{name}.js"
    for name in (
        "numbers run moment playback theme axes field marks layers chart own trails explain scene closeup clocks "
        "transport keyboard legend inspector hover linked player"
    ).split()
)

_FOLDER = Path(__file__).parent
_LOADER = """
const packed = Uint8Array.from(atob("%s"), letter => letter.charCodeAt(0));
const text = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
const script = text.then(source => import(URL.createObjectURL(new Blob([source], {type: "text/javascript"}))));
export default component => script.then(module => module.default(component));
"""


@cache
def style() -> str:
    """The style sheet."""
    return (_FOLDER / "player.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """All parts of the script as one ECMAScript module, whose default export mounts a player."""
    parts = [f"const STYLE = {json.dumps(style())};"]
    parts += [(_FOLDER / name).read_text(encoding="utf-8") for name in PARTS]
    return "\n".join(parts) + "\n//# sourceURL=lookahead-player.js\n"


def loader() -> str:
    """A small module with `script` inside, deflated; its default export is the script's."""
    return _LOADER % base64.b64encode(zlib.compress(script().encode(), 9)).decode()
