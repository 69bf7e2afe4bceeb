"""The part of a module that some of its functions need, as plain source: so a script says what the app computes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType


@dataclass(frozen=True)
class Excerpt:
    """Imports and definitions, each as text, in the module's order."""

    imports: tuple[str, ...]
    definitions: tuple[str, ...]


@lru_cache(maxsize=64)
def excerpt(module: ModuleType, roots: tuple[str, ...]) -> Excerpt:
    """The definitions named by `roots` with all they refer to, without annotations, details of docstrings and comments.

    Imports from the package's own modules are left out; what is needed of those gets an excerpt of its own.

    Raises:
        KeyError: the module defines no such name.
    """
    body = ast.parse(inspect.getsource(module)).body
    defined = {name: node for node in body for name in _names(node)}
    wanted: set[str] = set()
    for root in roots:
        _reach(root, defined, wanted)
    kept = [node for node in body if wanted.intersection(_names(node))]
    imports = [node for node in kept if isinstance(node, ast.Import | ast.ImportFrom)]
    definitions = [plain(node) for node in kept if node not in imports]
    return Excerpt(tuple(_import_lines(imports, wanted)), tuple(definitions))


def plain(node: ast.stmt) -> str:
    """A definition as text, without annotations."""
    return ast.unparse(ast.fix_missing_locations(_Plain().visit(node)))


def _reach(name: str, defined: dict[str, ast.stmt], wanted: set[str]) -> None:
    if name in wanted:
        return
    wanted.add(name)
    for used in _used(_Plain().visit(_copy(defined[name]))):
        if used in defined:
            _reach(used, defined, wanted)


def _copy(node: ast.stmt) -> ast.stmt:
    return ast.parse(ast.unparse(node)).body[0]


def _names(node: ast.stmt) -> list[str]:
    """What a top-level statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    return []


def _used(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def _import_lines(nodes: Iterable[ast.stmt], wanted: set[str]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module not in (None, "__future__"):
            names = [alias for alias in node.names if (alias.asname or alias.name) in wanted]
            if names and str(node.module).split(".")[0] not in ("app", "landscapes"):
                yield ast.unparse(ast.ImportFrom(node.module, names, node.level))
        elif isinstance(node, ast.Import):
            yield ast.unparse(node)


class _Plain(ast.NodeTransformer):
    """Takes annotations off and cuts docstrings to their first line."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        text = ast.get_docstring(node)
        if text is not None:
            node.body[0] = ast.Expr(ast.Constant(text.splitlines()[0]))
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        # a dataclass is made of its annotations
        node.body = [part if isinstance(part, ast.AnnAssign) else self.visit(part) for part in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign | ast.AnnAssign:
        return node if node.value is None else ast.Assign([node.target], node.value)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node
