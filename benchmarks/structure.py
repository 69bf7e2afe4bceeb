"""How the code is laid out: `python -m benchmarks.structure [FOLDER]`, for this checkout or another one.

Lines by room, files directly in app/, the longest chain of imports and the circles (imports inside functions counted),
imports of own modules that hide inside functions, the longest file and function and the median function.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp
import networkx

ROOMS = ("optim_core", "landscapes", "app")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main(folder: Path) -> None:
    """Print every figure."""
    for line in (*sizes(folder), *imports(folder), *lengths(folder)):
        print(line)


def sizes(folder: Path) -> Iterator[str]:
    """Lines of code and of the player's scripts, and the files that lie loose."""
    lines: Counter[str] = Counter()
    for path in code(folder, "*.py", "*.js", "*.css"):
        parts = path.relative_to(folder).parts
        lines["/".join(parts[: 2 if parts[0] == "app" and len(parts) > 2 else 1])] += text(path).count("\n")
    yield from (f"{count:7,} lines  {room}" for room, count in sorted(lines.items()))
    yield f"{sum(lines.values()):7,} lines  in all"
    yield f"{len(list((folder / 'app').glob('*.py'))):7,} Python files directly in app/"


def imports(folder: Path) -> Iterator[str]:
    """Of the graph of modules, with every import counted wherever it stands."""
    sys.path.insert(0, str(folder))
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    edges = networkx.DiGraph((module, other) for module in graph.modules for other in modules_of(graph, module))
    circles = [names for names in networkx.strongly_connected_components(edges) if len(names) > 1]
    floors = networkx.condensation(edges)
    yield f"{networkx.dag_longest_path_length(floors) + 1:7,} modules in the longest chain of imports"
    yield f"{len(circles):7,} circles, of {sum(map(len, circles))} modules"
    yield f"{sum(map(hidden_imports, code(folder, '*.py'))):7,} imports of own modules inside functions"


def modules_of(graph: grimp.ImportGraph, module: str) -> set[str]:
    """What a module imports; a package's own facade, which names its modules, is no circle."""
    inner = {other for other in graph.find_modules_directly_imported_by(module) if other.startswith(f"{module}.")}
    return graph.find_modules_directly_imported_by(module) - inner


def lengths(folder: Path) -> Iterator[str]:
    """The longest and the usual."""
    files = {path: text(path).count("\n") for path in code(folder, "*.py")}
    longest = max(files, key=files.__getitem__)
    functions = {(path, each.name): span(each) for path in files for each in definitions(path)}
    largest = max(functions, key=functions.__getitem__)
    yield f"{files[longest]:7,} lines in the longest file, {longest.relative_to(folder)}"
    yield f"{functions[largest]:7,} lines in the longest function, {largest[0].relative_to(folder)}: {largest[1]}"
    yield f"{statistics.median(functions.values()):7,.0f} lines in the median of {len(functions):,} functions"


def hidden_imports(path: Path) -> int:
    """Imports of own modules inside functions."""
    inside = {node for each in definitions(path) for node in ast.walk(each) if isinstance(node, ast.ImportFrom)}
    return sum((node.module or "").split(".")[0] in ROOMS for node in inside)


def definitions(path: Path) -> list[Function]:
    """Every function of a file."""
    return [node for node in ast.walk(ast.parse(text(path))) if isinstance(node, Function)]


def span(function: Function) -> int:
    """Lines from the signature to the end, the docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def code(folder: Path, *patterns: str) -> Iterator[Path]:
    """The files of the rooms."""
    paths = (path for room in ROOMS for pattern in patterns for path in sorted((folder / room).rglob(pattern)))
    return (path for path in paths if not path.name.startswith("packed_"))  # the player's bundle, which is written here


def text(path: Path) -> str:
    """What a file says."""
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
