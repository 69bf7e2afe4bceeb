"""Values as Python source, in lines that break where `ruff format --line-length 120` breaks them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any

from app.figures.caption import Caption, program

WIDTH = 120
FIELDS_AT_DEFAULT = ("lr", "dataset", "network", "objective")  # fields that are written even at their default

_SCRIPT = '''"""{title}: a run of {program}, repeated to the last bit.

{about}

Needs {needs}. To keep all numbers, name a file: python {file} numbers.npz
"""

{imports}

{body}'''

_IMPORTS = (
    {
        "": ("math", "os", "sys"),
        "functools": ("partial",),
        "itertools": ("count",),
    },
    {
        "": ("numpy as np", "torch"),
        "torch.optim": ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad"),
        "torch.optim.lr_scheduler": ("LambdaLR",),
    },
    {
        "landscapes.fields": ("gradient_field",),
        "landscapes.games": ("GAMES",),
        "landscapes.noise": ("Noise", "noisy_field", "with_noise", "with_noise_of_scales"),
        "landscapes.surfaces": ("SURFACES",),
        "landscapes.tasks": ("ClassifierTask", "GanTask", "task_from"),
        "optim_core": ("Layer", "MultilayerLookahead", "OptimizerSpec", "train"),
        "optim_core.averaging": ("exponential_average",),
        "optim_core.curves": ("curves_to_arrays",),
        "optim_core.lion": ("Lion",),
        "optim_core.methods": ("Alternating", "Extragradient", "OptimisticGradient"),
        "optim_core.primal_averaging": ("GPA", "ScheduleFreeSGD"),
        "optim_core.spec": ("Schedule",),
        "optim_core.study": ("Axis", "Objective", "Problem", "SampledStudy", "Study", "run_study", "run_trainings"),
    },
)
"""Names that scripts may import: of Python's own modules, of others, of the project's."""


@dataclass(frozen=True)
class Group:
    """Source that may be broken after its bracket: items with their prefixes, as in ("lr=", "0.1")."""

    opening: str
    items: tuple[tuple[str, Node], ...]
    closing: str


Node = str | Group


def call(function: str, *arguments: Node, **keywords: Node) -> Group:
    """The call of a function."""
    items = [("", node) for node in arguments] + [(f"{name}=", node) for name, node in keywords.items()]
    return Group(f"{function}(", tuple(items), ")")


def mapping(items: Iterable[tuple[str, Node]]) -> Group:
    """A dict with texts for keys."""
    return Group("{", tuple((f"{string_literal(key)}: ", node) for key, node in items), "}")


def listing(items: Iterable[Node]) -> Group:
    """A list."""
    return Group("[", tuple(("", node) for node in items), "]")


def constructor(value: Any) -> Node:
    """The expression that makes a value: of a dataclass, a call that leaves defaults out."""
    if isinstance(value, str):
        return string_literal(value)
    if isinstance(value, tuple):
        return Group("(", tuple(("", constructor(item)) for item in value), ",)" if len(value) == 1 else ")")
    if isinstance(value, Mapping):
        return mapping((key, constructor(item)) for key, item in value.items())
    if not is_dataclass(value):
        return repr(value)
    items = [(field, getattr(value, field.name)) for field in fields(value)]
    arguments = [constructor(item) for field, item in items if _has_no_default(field)]
    keywords = {
        field.name: constructor(item)
        for field, item in items
        if not _has_no_default(field) and (field.name in FIELDS_AT_DEFAULT or item != field.default)
    }
    return call(type(value).__name__, *arguments, **keywords)


def assignment(name: str, node: Node) -> str:
    """An assignment statement."""
    return "\n".join(_lines(f"{name} = ", node, "", ""))


def script(caption: Caption, body: str, file: str, *, needs: str = "the package lookahead-lab", first: str = "") -> str:
    """The whole text, to be saved under the name `file`; `first` is to run before all imports but Python's own."""
    return _SCRIPT.format(
        title=caption.title,
        program=program(),
        about=caption.settings[0].replace("\\", "\\\\"),
        file=file,
        needs=needs,
        imports=_imports(body, first),
        body=body,
    )


def string_literal(text: str) -> str:
    """A text as a literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def flat(node: Node) -> str:
    """A node on one line."""
    if isinstance(node, str):
        return node
    return node.opening + ", ".join(before + flat(item) for before, item in node.items) + node.closing


def _has_no_default(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _lines(before: str, node: Node, after: str, indent: str) -> list[str]:
    line = indent + before + flat(node) + after
    if isinstance(node, str) or len(line) <= WIDTH:
        return [line]
    deeper, closing = f"{indent}    ", indent + node.closing.lstrip(",") + after
    arguments = deeper + ", ".join(before + flat(item) for before, item in node.items)
    if len(node.opening) > 1 and len(arguments) <= WIDTH:  # only of calls the items share a line
        return [indent + before + node.opening, arguments, closing]
    items = (line for before, item in node.items for line in _lines(before, item, ",", deeper))
    return [indent + before + node.opening, *items, closing]


def _imports(body: str, first: str) -> str:
    """The imports of what a script uses."""
    code = re.sub(r'"[^"\n]*"', '""', f"{first}\n{body}")  # texts may hold any word
    groups = []
    for modules in _IMPORTS:
        lines = []
        for module, names in modules.items():
            used_names = [name for name in names if re.search(rf"\b{name.split()[-1]}\b", code)]
            lines += [f"from {module} import {', '.join(used_names)}"] * bool(module and used_names)
            lines += [f"import {name}" for name in used_names if not module]
        groups += ["\n".join(lines)] if lines else []
    standard, *other_groups = groups
    return "\n\n".join([standard, *filter(None, [first]), *other_groups])
