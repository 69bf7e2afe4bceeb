"""The player's ES modules as one script: for pages that load no files, and one request in place of forty per visit.

Every module becomes a constant that holds what it exports, after the modules that it imports:

    import { near } from "./paths.js";    ->  const { near } = $paths_js;
    export function head() { ... }        ->  const $marks_js = (() => { function head() { ... } return { head }; })();

That is right for modules that import in no circle, by name, and export functions, classes and constants where they
declare them: what `make lint` asks of them.
"""

from __future__ import annotations

import re
import uuid
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "browser"

_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|(\w+)) from "\./([\w.]+)"(?: with \{ type: "json" \})?;', re.MULTILINE)
# Comments on lines of their own and behind a statement, types, and indentation. A minifier that does not know templates
# within templates would remove spaces of their texts, too.
_REMARK = re.compile(
    r"""^[ \t]*(?:/\*.*?\*/[ \t]*\n|//[^\n]*\n)|^[ \t]+|^\n|/\*\* @type [^*]*\*/[ ]?|(?<=[;,{])[ ]//[ ][^\n"'`]*$""",
    re.MULTILINE | re.DOTALL,
)
_EXPORT = re.compile(r"^export (default )?((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


@cache
def bundle(entry: str) -> str:
    """The text of a module beside the player's, with all modules that it imports, as one module without imports.

    Raises:
        ValueError: modules import one another in a circle.
    """
    modules: dict[str, str] = {}
    text = _without_imports(entry, modules, ())
    return _REMARK.sub("", "\n".join((*modules.values(), text)))


@cache
def module_file(entry: str) -> str:
    """The file to serve for a module: one bundle beside it, written anew where it differs, or else the module itself.

    A class that opens its pages in the same minute requests one file each. Where the folder cannot be written to, the
    browser loads the modules one by one, and everything works as well.
    """
    target, text = FOLDER / f"packed_{entry}", bundle((FOLDER / entry).read_text(encoding="utf-8"))
    try:
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            new_file = target.with_name(f"{target.stem}_{uuid.uuid4().hex}.tmp")
            new_file.write_text(text, encoding="utf-8")
            new_file.replace(target)
    except OSError:
        return entry
    return target.name


@cache
def style() -> str:
    """The player's style sheet."""
    return (FOLDER / "player.css").read_text(encoding="utf-8")


def _without_imports(text: str, modules: dict[str, str], path: tuple[str, ...]) -> str:
    """The text with constants in place of imports; adds the imported modules to `modules`."""
    for statement in _IMPORT.finditer(text):
        _add(statement[3], modules, path)
    return _IMPORT.sub(_constants, text)


def _add(name: str, modules: dict[str, str], path: tuple[str, ...]) -> None:
    if name in path:
        raise ValueError(f"modules must not import one another, got {' -> '.join((*path, name))}")
    if name in modules:
        return
    source = (FOLDER / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        modules[name] = f"const {_variable(name)} = {{ default: {source} }};"
        return
    body = _EXPORT.sub(r"\2", _without_imports(source, modules, (*path, name)))
    exports = (f"default: {export[3]}" if export[1] else export[3] for export in _EXPORT.finditer(source))
    modules[name] = f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();"


def _constants(statement: re.Match[str]) -> str:
    names = statement[1] if statement[1] else f" default: {statement[2]} "
    return f"const {{{names}}} = {_variable(statement[3])};"


def _variable(name: str) -> str:
    return f"${name.replace('.', '_')}"
