"""A link as a QR code, made here: no address leaves the server."""

from __future__ import annotations


def qr_svg(link: str) -> str:
    """Dark on white, with the quiet zone that cameras need, as an SVG that fits its place."""
    import segno

    return segno.make(link, micro=False, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff")
