"""Finds and reads the config files: the main one and those it includes. Judges nothing but whether they can be read."""

from __future__ import annotations

import glob
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sync.config.problems import Place, SourceFile, shown
from sync.errors import Problem

_LEFT_BY_EDITORS = re.compile(r"(^|/)([.#][^/]*|4913|[^/]*(~|#|\.sw[a-z]|\.tmp|\.bak|\.orig|___jb_(tmp|old)___))$")
"""Copies and marks that editors put beside the file they write; a wide glob must not take them for sheets."""


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The files that could be read, the main one first, and why others could not; `names` are those of all.

    `problems` keep everything from starting, `of_included` only what stands in those files.
    """

    files: tuple[SourceFile, ...]
    problems: tuple[Problem, ...]
    names: tuple[str, ...]
    of_included: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing that other files may refer to is missing."""
        return not self.problems and not self.of_included

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The names of the files of which nothing is known."""
        read = {file.name for file in self.files}
        return tuple(name for name in self.names if name not in read)


def read_files(path: Path) -> FilesRead:
    """Read the config file and every file that it includes; a file that cannot be read is a problem, not the end."""
    main = _read_file(path)
    if isinstance(main, Problem):
        return FilesRead((), (main,), (str(path),))
    files: list[SourceFile] = [main]
    problems: list[Problem] = []
    of_included: list[Problem] = []
    included = _find_included(main, path, problems)
    for place, target in included:
        read = _read_file(target, included_at=place)
        if isinstance(read, Problem):
            of_included.append(read)
        else:
            files.append(read)
    names = (str(path), *(str(target) for _, target in included))
    return FilesRead(tuple(files), tuple(problems), names, tuple(of_included))


def included_patterns(path: Path) -> tuple[str, ...] | None:
    """Return what `include` of a main file names; None while the file cannot be read."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("include", [])
    except (OSError, ValueError, RecursionError):
        return None
    return tuple(found) if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


def included_paths(path: Path, patterns: Iterable[str]) -> list[Path]:
    """Return the files that these patterns name now, beside the main file."""
    return [target for pattern in patterns for target in _matches(path.parent, pattern)]


def _read_file(path: Path, *, included_at: Place | None = None) -> SourceFile | Problem:
    try:
        # TOML allows both line ends, and editors on Windows put a mark at the start.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return Problem(file=str(path), line=line, field="", what="The file is not UTF-8 text", hint="Save it as UTF-8.")
    except OSError as error:
        return _unreadable(path, error, included_at)
    try:
        return SourceFile(str(path), tomllib.loads(text), text)
    except (ValueError, RecursionError) as error:
        return _syntax_problem(path, text, error)


def _unreadable(path: Path, error: OSError, included_at: Place | None) -> Problem:
    if included_at is not None:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        return included_at.problem(f"The included file {reason}", received=shown(included_at.value))
    if isinstance(error, FileNotFoundError):
        hint = "Write one with `callsheet init`, or name yours with --config FILE."
        return Problem(file=str(path), line=None, field="", what="The config file does not exist", hint=hint)
    return Problem(file=str(path), line=None, field="", what=f"The config file cannot be read ({error.strerror})")


def _syntax_problem(path: Path, text: str, error: Exception) -> Problem:
    """Take the line out of the message, which is where this reader keeps it."""
    message = str(error) or "it is nested too deeply"
    match = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = int(match[1]) if match and match[1] else text.rstrip().count("\n") + 1
    what = message[: match.start()] if match else message
    return Problem(
        file=str(path),
        line=line,
        field="",
        what=f"The file is not valid TOML: {what}",
        hint="Nothing else in this file could be checked.",
    )


def _find_included(main: SourceFile, path: Path, problems: list[Problem]) -> list[tuple[Place, Path]]:
    """Return the files that `include` names, each once, in its order; a glob that matches nothing is fine."""
    place = Place(main, ("include",))
    patterns = place.value if place.value is not None else []
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        allowed = 'a list of files or globs such as ["sheets.d/*.toml"]'
        problems.append(place.problem("The list of files cannot be read", received=shown(patterns), allowed=allowed))
        return []
    seen, found = {path.resolve()}, []
    for n, pattern in enumerate(patterns):
        for target in _matches(path.parent, pattern):
            if target.resolve() not in seen:
                seen.add(target.resolve())
                found.append((place.at(n), target))
    return found


def _matches(folder: Path, pattern: str) -> list[Path]:
    if not glob.has_magic(pattern):
        return [folder / Path(pattern).expanduser()]
    names = sorted(glob.glob(pattern, root_dir=folder, recursive=True))
    return [folder / name for name in names if not _LEFT_BY_EDITORS.search(name) and (folder / name).is_file()]
