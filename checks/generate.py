"""Writes the pages that are made from the code itself; the tests fail when one of them is stale.

Run as `python checks/generate.py`, or `make generate`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

ROOT = Path(__file__).parents[1]


def pages() -> Mapping[str, str]:
    """Return every generated page by its path in the repository."""
    from checks.discovery import schema_text  # noqa: PLC0415
    from checks.stream_pages import stream_pages  # noqa: PLC0415
    from checks.template_pages import make_templates_page  # noqa: PLC0415
    from sync import errors  # noqa: PLC0415
    from sync.cli import app  # noqa: PLC0415 - the checks that need no page must not need the program
    from sync.config.example import generated_files  # noqa: PLC0415

    return {
        **generated_files(),
        "docs/reference/commands.md": commands_page(app),
        "docs/reference/exit-codes.md": exit_codes_page(errors),
        "docs/templates.md": make_templates_page(),
        "sync/sandbox/google/schema.json": schema_text(),
        **stream_pages(ROOT),
    }


def exit_codes_page(errors: ModuleType) -> str:
    """Return the reference of exit codes: the error tree as it stands above the code."""
    tree = (errors.__doc__ or "").partition("\n\n")[2].rstrip()
    return "\n".join(
        [
            "# Exit codes",
            "",
            "0 means that all is well. Everything else is sorted by what happens next. With several failures, the one",
            "highest in the tree gives the code; 1 is a failure that nobody foresaw, and 2 also a wrong option.",
            "",
            "```",
            tree,
            "```",
            "",
        ]
    )


def commands_page(app: typer.Typer) -> str:
    """Return the reference of the commands, made from their own help."""
    group: Any = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "Made from `callsheet --help` by `make generate`. Exit codes are in [exit codes](exit-codes.md).",
        "",
    ]
    for name, command in group.commands.items():
        lines += [*_command_lines(name, command), ""]
    return "\n".join(lines).rstrip() + "\n"


def _command_lines(name: str, command: Any) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = " ".join(["callsheet", name, *(_argument_words(a) for a in arguments), "[OPTIONS]"])
    yield from (f"## {name}", "", command.help.strip(), "", "```", usage, "```", "")
    yield from ("| option | what it does |", "|---|---|")
    for argument in arguments:
        yield f"| `{_argument_words(argument)}` | {argument.help} |"
    for option in options:
        yield f"| `{', '.join(option.opts)}{_value_words(option)}` | {option.help}{_default_words(option)} |"


def _argument_words(argument: Any) -> str:
    words = (argument.metavar or argument.name.upper()).strip("[].").rstrip("].")
    return f"[{words}]{'...' if argument.nargs == -1 else ''}"


def _value_words(option: Any) -> str:
    return "" if option.is_flag else f" {'FILE' if option.name == 'config' else option.name.upper()}"


def _default_words(option: Any) -> str:
    default = "" if option.is_flag or option.default is None else f" Default: `{option.default}`."
    return f"{default} Environment: `{option.envvar}`." if option.envvar else default


def main() -> int:
    """Write the pages that differ."""
    for name, text in pages().items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
