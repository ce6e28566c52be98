"""Checks the sizes that the house keeps: functions, modules, classes, positional arguments, number of modules.

Run as `python checks/sizes.py [FOLDER...]`; prints one line for each breach and exits 1 when there is one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 60
MODULE_LINES = 400
PUBLIC_METHODS = 7
POSITIONAL_ARGS = 4
MODULES = 216  # of sync/ outside the sandbox; more than the 65 first planned, as many have under 120 lines and as
# each thing that people do in a tab, each that a daemon does, and each look of a tab, has a module of its own

LONG_MODULES: dict[str, str] = {}
"""Modules that may pass the limit, each with its reason, such as "one table"."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def breaches_of(path: Path, name: str) -> Iterator[str]:
    """Yield one sentence for each size that a module passes; `name` is how the sentences call it."""
    text = path.read_text()
    n_lines = text.count("\n")
    if n_lines > MODULE_LINES and name not in LONG_MODULES:
        yield f"{name}: {n_lines} lines; a module has at most {MODULE_LINES}, or a reason in checks/sizes.py"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            yield from _breaches_of_function(node, name)
        elif isinstance(node, ast.ClassDef):
            yield from _breaches_of_class(node, name)


def _breaches_of_function(node: Function, name: str) -> Iterator[str]:
    place = f"{name}:{node.lineno}: {node.name}"
    n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if n_lines > FUNCTION_LINES:
        yield f"{place} has {n_lines} lines; a function has at most {FUNCTION_LINES}"
    positional = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")]
    if len(positional) > POSITIONAL_ARGS:
        yield f"{place} takes {len(positional)} positional arguments; at most {POSITIONAL_ARGS}, the rest keyword-only"


def _breaches_of_class(node: ast.ClassDef, name: str) -> Iterator[str]:
    methods = [n for n in node.body if isinstance(n, Function) and not n.name.startswith("_") and not _is_value(n)]
    if len(methods) > PUBLIC_METHODS:
        yield f"{name}:{node.lineno}: {node.name} has {len(methods)} public methods; at most {PUBLIC_METHODS}"


def _is_value(method: Function) -> bool:
    """Tell properties, which are read like attributes, from methods."""
    return any(isinstance(d, ast.Name) and d.id in ("property", "cached_property") for d in method.decorator_list)


def breaches_in(folder: Path) -> list[str]:
    """Return every breach below a folder, sorted by file."""
    paths = sorted(folder.rglob("*.py"))
    found = [breach for path in paths for breach in breaches_of(path, str(path.relative_to(folder.parent)))]
    counted = [p for p in paths if "sandbox" not in p.parts and p.name != "__init__.py" and "migrations" not in p.parts]
    if len(counted) > MODULES:
        found.append(f"{folder.name}: {len(counted)} modules outside the sandbox; at most {MODULES}")
    return found


def main(folders: list[str]) -> int:
    """Print what is too large, and return the exit code."""
    found = [breach for folder in folders or ["sync"] for breach in breaches_in(Path(folder).resolve())]
    for breach in found:
        print(breach)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
