"""Places in config files, and the problems found there, worded alike. Knows no rule of the config itself."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sync.config.lines import Path, find_lines
from sync.errors import ConfigError, Problem

_LONGEST_SHOWN = 80  # characters of a received value


@dataclass(frozen=True)
class SourceFile:
    """One file that was read: its name as people know it, its values, and its text where it has one.

    `moved` says on which lines its values stand where they are others than the text has.
    """

    name: str
    values: Mapping[str, Any]
    text: str = field(default="", repr=False)
    moved: Callable[[Mapping[Path, int]], Mapping[Path, int]] | None = field(default=None, repr=False)

    @cached_property
    def lines(self) -> Mapping[Path, int]:
        """The line of every path; looked for when there is something to tell, as most files are right."""
        lines = find_lines(self.text)
        return lines if self.moved is None else self.moved(lines)


class Place:
    """A path in a file; it need not exist there, so that a missing option has a place too.

    `value` is what the file holds there, None where there is nothing.
    """

    __slots__ = ("file", "path", "value")  # thousands are made: a frozen dataclass takes twice as long

    def __init__(self, file: SourceFile, path: Path = ()) -> None:
        self.file, self.path, self.value = file, path, _value_at(file.values, path)

    def at(self, *more: str | int) -> Place:
        """Return the place below this one."""
        place = Place.__new__(Place)
        place.file, place.path, place.value = self.file, (*self.path, *more), _value_at(self.value, more)
        return place

    @property
    def line(self) -> int:
        """The line of this place, or of the nearest one above it that is written down."""
        path = self.path
        while path and path not in self.file.lines:
            path = path[:-1]
        return self.file.lines.get(path, 1)

    def text(self, name: str) -> str | None:
        """Return the text below this place, or None when there is none or it is no text."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else None

    def tables(self, name: str) -> list[Place]:
        """Return the places of an array of tables below this one; what is not a table is left out."""
        value = self.at(name).value
        items = value if isinstance(value, list) else []
        return [self.at(name, n) for n, item in enumerate(items) if isinstance(item, dict)]

    def problem(self, what: str, *, received: str = "", allowed: str = "", hint: str = "") -> Problem:
        """Make a problem of this place."""
        return Problem(
            file=self.file.name,
            line=self.line,
            field=self.dotted,
            what=what,
            received=received,
            allowed=allowed,
            hint=hint,
        )

    @property
    def dotted(self) -> str:
        """The path as people read it: sheet["support-calls"].tab["Calls"].mode."""
        text, value = "", self.file.values
        for n, step in enumerate(self.path):
            try:
                value = value[step]  # type: ignore[index]
            except (KeyError, IndexError, TypeError):
                value = {}
            has_name = n > 0 and self.path[n - 1] in ("sheet", "tab", "summary")
            text += _step_text(step, value if has_name else None, is_first=n == 0)
        return text


def _value_at(value: Any, steps: Iterable[str | int]) -> Any:
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _step_text(step: str | int, value: Any, *, is_first: bool) -> str:
    """Write one step; a table in an array goes by its name or title where `value` has one."""
    if isinstance(step, int):
        named = [value[key] for key in ("name", "title") if isinstance(value, dict) and isinstance(value.get(key), str)]
        return f"[{json.dumps(named[0], ensure_ascii=False)}]" if named else f"[{step}]"
    key = step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else json.dumps(step, ensure_ascii=False)
    return key if is_first else f".{key}"


def shown(value: Any) -> str:
    """Write a received value as the file does, shortened; a password in an address is masked."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "a list of tables"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    text = re.sub(r"(?<=://)[^/@\s]*@", "***@", text)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def listed(names: Iterable[object]) -> str:
    """Write names as a list in a sentence."""
    return ", ".join(map(str, names))


def nearest_name(name: str, known: Iterable[str], *, closeness: float = 0.65) -> str | None:
    """Return the known name that was probably meant."""
    by_lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=closeness)
    return by_lower[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Offer the nearest known name as a hint; empty when none is near."""
    found = nearest_name(name, known)
    return f'Did you mean "{found}"?' if found else ""


def unknown_name(place: Place, kind: str, name: str, known: Sequence[str]) -> Problem:
    """Say that no `kind` has this name, and which one was probably meant."""
    return place.problem(
        f"There is no {kind} of this name",
        received=shown(name),
        allowed=listed(known) or "none is known here",
        hint=did_you_mean(name, known),
    )


def in_file_order(problems: Iterable[Problem], files: Sequence[str]) -> list[Problem]:
    """Sort problems as people meet them: by file, then by line; the same one is told once."""
    order = {name: n for n, name in enumerate(files)}

    def _place(problem: Problem) -> tuple[int, int, list[int | str]]:
        steps = [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", problem.field)]
        return order.get(problem.file, len(order)), problem.line or 0, steps

    return sorted(dict.fromkeys(problems), key=_place)


def format_problems(error: ConfigError) -> str:
    """Write every problem of an error as plain text, one paragraph each, in the form `file:line: field`."""
    if not error.problems:
        return "\n".join(filter(None, (error.what, error.hint)))
    paragraphs = ["\n".join(_problem_lines(problem)) for problem in error.problems]
    return "\n\n".join([error.what, *paragraphs])


def format_problem(problem: Problem) -> str:
    """Write one problem as plain text."""
    return "\n".join(_problem_lines(problem))


def _problem_lines(problem: Problem) -> Iterator[str]:
    line = "" if problem.line is None else f":{problem.line}"
    yield f"{problem.file}{line}: {problem.field}" if problem.field else f"{problem.file}{line}"
    received = f": {problem.received}" if problem.received else ""
    allowed = f" Allowed: {problem.allowed}." if problem.allowed else ""
    yield f"  {problem.what.rstrip('.')}{received}.{allowed}"
    if problem.hint:
        yield f"  {problem.hint}"
