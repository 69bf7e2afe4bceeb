"""Visitors without a browser, over Streamlit's own websocket."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

MOST_BYTES = 200_000_000


@dataclass
class Visit:
    """What one run of the page's script sent: its faults (exceptions on the page), what polls, and how long it took."""

    seconds: float = 0.0
    finished: bool = False
    faults: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    script: str = ""


async def connect(url: str, headers: dict[str, str] | None = None) -> WebSocketClientConnection:
    """Open the websocket of the app at `url`, which may have a path."""
    request = HTTPRequest(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        headers={"Origin": url, "Sec-WebSocket-Protocol": "streamlit", **(headers or {})},
        validate_cert=False,
    )
    return await websocket_connect(request, max_message_size=MOST_BYTES, subprotocols=["streamlit"])


async def ask(
    socket: WebSocketClientConnection, query: str = "", page: str = "", seconds: float = 120, polls: Visit | None = None
) -> Visit:
    """Run the page's script once, or the first fragment that polls in another visit, and read what it sends."""
    message = BackMsg()
    message.rerun_script.query_string, message.rerun_script.page_name = query, page
    if polls is not None:
        message.rerun_script.fragment_id, message.rerun_script.page_script_hash = polls.fragments[0], polls.script
    start, visit = time.monotonic(), Visit()
    await socket.write_message(message.SerializeToString(), binary=True)
    while not visit.finished:
        raw = await asyncio.wait_for(socket.read_message(), seconds)
        if raw is None:
            raise ConnectionError("the server closed the websocket")
        _note(visit, ForwardMsg.FromString(raw))
    visit.seconds = time.monotonic() - start
    return visit


def _note(visit: Visit, message: Any) -> None:
    kind = message.WhichOneof("type")
    visit.finished = kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    if kind == "new_session":
        visit.script = message.new_session.page_script_hash
    if kind == "auto_rerun":
        visit.fragments.append(message.auto_rerun.fragment_id)
    if visit.finished and message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
        visit.faults.append("compile error")
    if kind == "delta" and message.delta.HasField("new_element"):
        element = message.delta.new_element
        visit.kinds.append(element.WhichOneof("type"))
        if visit.kinds[-1] == "exception":
            visit.faults.append(element.exception.message[:200])
        if visit.kinds[-1] in ("alert", "markdown"):
            visit.texts.append(getattr(element, visit.kinds[-1]).body)


async def whole_page(socket: WebSocketClientConnection, query: str = "", page: str = "") -> Visit:
    """A first visit, as a browser's: the player's first frame, then, once it is drawn, the rest of the page."""
    first = await ask(socket, query, page)
    rest = await ask(socket, query, page)
    return Visit(
        first.seconds + rest.seconds,
        rest.finished,
        first.faults + rest.faults,
        first.kinds + rest.kinds,
        first.texts + rest.texts,
    )


async def first_visits(url: str, visitors: int, query: str = "", page: str = "") -> list[Visit]:
    """That many visitors in sessions of their own, all at once."""

    async def visit() -> Visit:
        socket = await connect(url)
        try:
            return await whole_page(socket, query, page)
        finally:
            socket.close()

    return list(await asyncio.gather(*(visit() for _ in range(visitors))))
