"""Formulas as text that anybody can read: the registry has them in LaTeX, for the pages."""

from __future__ import annotations

import re

_SIGNS = {
    "varepsilon": "ε", "gamma": "γ", "sigma": "σ", "varphi": "φ", "pi": "π", "in": "∈ ", "cdot": "·", "sum": "Σ",
    "left": "", "right": "", "quad": " ", "sqrt": "√", "|": "‖", ",": " ", ";": " ",
}  # fmt: skip
_FRACTIONS = {"1/2": "½", "1/3": "⅓", "1/4": "¼", "1/6": "⅙"}
_RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_TOKEN = re.compile(r"\\[A-Za-z]+ ?|\\.|.", re.DOTALL)
_WORDS = ("cos", "sin", "exp", "log")
_CLOSE = ("(", "^", "\\left")  # follow a function's name without a space


def readable(latex: str) -> str:
    """A formula of the registry as one line without LaTeX: ½(x² + 0.05 y²)."""
    text = _text(_TOKEN.findall(latex))
    return re.sub(r" +", " ", text).replace("( ", "(").strip()


def _text(signs: list[str]) -> str:
    """The signs as text; empties the list."""
    said = ""
    while signs:
        said += _next(signs, said)
    return said


def _next(signs: list[str], before: str = "") -> str:
    """The first of what is left, with what belongs to it."""
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
        both = f"{_bracketed(above)}/{_bracketed(below)}"
        return _FRACTIONS.get(both, f"({both})" if signs[:1] not in ([], [","], [" "]) else both)
    if name in _WORDS:
        return f"{' ' * before[-1:].isalnum()}{name}{' ' * (signs[0] not in _CLOSE)}"
    if name == "sqrt":
        return f"√({_next(signs)})"
    return _SIGNS.get(name, name)


def _group(signs: list[str]) -> list[str]:
    """What stands before the brace that closes, which goes with it."""
    inside: list[str] = []
    depth = 1
    while depth:
        sign = signs.pop(0)
        depth += (sign == "{") - (sign == "}")
        inside.append(sign)
    return inside[:-1]


def _power(text: str) -> str:
    return text.translate(_RAISED) if re.fullmatch(r"−?\d+", text) else f"^({text})"


def _bracketed(text: str) -> str:
    return text if text.isalnum() else f"({text})"
