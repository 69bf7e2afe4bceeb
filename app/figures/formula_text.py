"""Formulas of the registry, written in LaTeX, as plain text."""

from __future__ import annotations

import re

_SIGNS = {
    "varepsilon": "ε", "gamma": "γ", "sigma": "σ", "varphi": "φ", "pi": "π", "in": "∈ ", "cdot": "·", "sum": "Σ",
    "left": "", "right": "", "quad": " ", "sqrt": "√", "|": "‖", ",": " ", ";": " ",
}  # fmt: skip
_FRACTIONS = {"1/2": "½", "1/3": "⅓", "1/4": "¼", "1/6": "⅙"}
_SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_TOKEN = re.compile(r"\\[A-Za-z]+ ?|\\.|.", re.DOTALL)
_FUNCTIONS = ("cos", "sin", "exp", "log")
_CLOSE = ("(", "^", "\\left")  # follow a function's name without a space


def readable(latex: str) -> str:
    """A formula of the registry as one line without LaTeX: ½(x² + 0.05 y²)."""
    text = _text(_TOKEN.findall(latex))
    return re.sub(r" +", " ", text).replace("( ", "(").strip()


def _text(signs: list[str]) -> str:
    """The signs as text; empties the list."""
    text = ""
    while signs:
        text += _next(signs, text)
    return text


def _next(signs: list[str], before: str = "") -> str:
    """Takes the first sign off the list, with its arguments, and gives it as text."""
    sign = signs.pop(0)
    name = sign.removeprefix("\\").rstrip()
    if sign == "{":
        return _text(_group(signs))
    if sign == "^":
        return _power(_next(signs))
    if sign == "_":
        return f"_({_next(signs)}) "
    if sign == "-":
        return "−"
    if not sign.startswith("\\"):
        return sign
    if name in ("frac", "tfrac"):
        above, below = _next(signs), _next(signs)
        fraction = f"{_in_brackets(above)}/{_in_brackets(below)}"
        return _FRACTIONS.get(fraction, f"({fraction})" if signs[:1] not in ([], [","], [" "]) else fraction)
    if name in _FUNCTIONS:
        return f"{' ' * before[-1:].isalnum()}{name}{' ' * (signs[0] not in _CLOSE)}"
    if name == "sqrt":
        return f"√({_next(signs)})"
    return _SIGNS.get(name, name)


def _group(signs: list[str]) -> list[str]:
    """Takes the signs up to the closing brace, and the brace, off the list; gives those before the brace."""
    inside: list[str] = []
    depth = 1
    while depth:
        sign = signs.pop(0)
        depth += (sign == "{") - (sign == "}")
        inside.append(sign)
    return inside[:-1]


def _power(text: str) -> str:
    return text.translate(_SUPERSCRIPTS) if re.fullmatch(r"−?\d+", text) else f"^({text})"


def _in_brackets(text: str) -> str:
    return text if text.isalnum() else f"({text})"
