"""What the daemon goes by: the config as it stands, and for what is broken in it the last good version.

The last good versions are kept in the store as they were written, so that a restart changes nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sync import clock
from sync.config.load import Config, Reading, SheetRead, problems_error, read_config, reread_config
from sync.config.problems import format_problem
from sync.config.settings import resolve_store_url
from sync.config.sheet import Sheet
from sync.errors import Problem, SyncError
from sync.store.db import Store, open_store
from sync.store.good_configs import (
    PROCESS,
    SHEET,
    GoodConfig,
    forget_good_configs,
    load_good_configs,
    note_broken,
    save_good_configs,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One sheet, or with the name "" the whole process, whose newest version cannot be used.

    `kept_from` is when the version that goes on in its place was found good; None when there is none.
    """

    name: str
    problems: tuple[Problem, ...]
    kept_from: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What to go by now. `config` is good throughout; `removed` are sheets that were there before."""

    config: Config
    problems: tuple[Problem, ...]
    broken: tuple[Broken, ...]
    removed: tuple[str, ...] = ()


def read_effective(path: Path, store: Store, reading: Reading | None = None) -> Effective:
    """Read the files, take what is broken from what is kept, and keep what is good; ConfigError when nothing can start.

    The same files and store give the same answer in every process.
    """
    reading = reading or read_config(path)
    kept = _load(path, store)
    effective = _judge(path, reading, kept)
    if reading.config is not None:
        _save(path, store, reading, effective, kept=kept)
    elif kept.process is not None and not kept.process.problems:
        words = [format_problem(problem) for problem in reading.problems]
        note_broken(store, PROCESS, kept.process.name, words, since=clock.now())
    return effective


def judge(path: Path, store: Store, reading: Reading) -> Effective:
    """Say what a daemon would go by, and keep nothing; ConfigError when nothing could start."""
    return _judge(path, reading, _load(path, store))


@contextmanager
def open_effective(path: Path) -> Iterator[tuple[Store, Effective]]:
    """Open the store of a config and say what a daemon goes by; ConfigError when nothing can start."""
    reading = read_config(path)
    url = reading.config.store_url() if reading.config else find_store_url(path)
    if url is None or (reading.config is None and not _may_hold_versions(url)):
        raise problems_error(reading.problems)
    store = open_store(url)
    try:
        yield store, judge(path, store, reading)
    finally:
        store.close()


def _may_hold_versions(url: str) -> bool:
    """Tell whether a store can be there: a config that is broken from the start must not leave an empty one."""
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def find_store_url(path: Path) -> str | None:
    """Return the address of the store also where the rest of the config file is broken; None where even that fails."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    section = re.search(r"^\s*\[store\][^\n]*\n(.*?)(?=^\s*\[|\Z)", text, re.DOTALL | re.MULTILINE)
    try:
        values = tomllib.loads(section[1]) if section else {}
        return resolve_store_url(str(values.get("url", "sqlite:///callsheet.db")), path.parent)
    except (tomllib.TOMLDecodeError, SyncError):
        return None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of this config: what stands outside of sheets, and the sheets by name."""

    process: GoodConfig | None
    sheets: Mapping[str, GoodConfig]


def _judge(path: Path, reading: Reading, kept: _Kept) -> Effective:
    if reading.config is not None:
        return _combine(path, reading, reading.config, kept)
    config = _restore(path, kept.process, kept.sheets.values())
    if config is None or kept.process is None:
        raise problems_error(reading.problems)
    whole = Broken(name="", problems=reading.problems, kept_from=kept.process.saved_at)
    return Effective(config=config, problems=reading.problems, broken=(whole,))


def _restore(path: Path, process: GoodConfig | None, sheets: Iterable[GoodConfig]) -> Config | None:
    if process is None:
        return None
    return reread_config(path, {**_raw(process), "sheet": [_raw(one) for one in sheets]}).config


def _combine(path: Path, reading: Reading, config: Config, kept: _Kept) -> Effective:
    good = {sheet.name: sheet for sheet in config.sheets}
    broken = [one for one in reading.sheets if one.sheet is None]
    goes_on = _find_kept(reading, broken, kept=kept.sheets, good=good)
    before = _restore(path, kept.process, goes_on.values())
    older = {sheet.name: sheet for sheet in before.sheets} if before else {}
    refused = _refuse_newcomers(good, older, reading)
    if refused:
        more = [kept.sheets[name] for name in refused if name in kept.sheets]
        again = _restore(path, kept.process, [*goes_on.values(), *more])
        older = {sheet.name: sheet for sheet in again.sheets} if again else older
    connections = {**(before.connections if before else {}), **config.connections}
    sheets = [*(s for n, s in good.items() if n not in refused), *older.values()]
    return Effective(
        config=replace(config, sheets=tuple(sheets), connections=connections),
        problems=(*reading.problems, *(p for found in refused.values() for p in found)),
        broken=tuple(_tell(reading, broken, older=older, kept=kept.sheets, refused=refused)),
        removed=tuple(name for name in kept.sheets if name not in good and name not in goes_on),
    )


def _find_kept(
    reading: Reading,
    broken: Sequence[SheetRead],
    *,
    kept: Mapping[str, GoodConfig],
    good: Mapping[str, Sheet],
) -> dict[str, GoodConfig]:
    """Return the kept versions that go on: of sheets that are broken now, or stand in files that cannot be read."""
    goes_on = {}
    names = {one.name.casefold() for one in reading.sheets}
    for name, one in kept.items():
        if name in good:
            continue
        is_broken = any(name.casefold() == other.name.casefold() for other in broken)
        is_hidden = one.file in {_absolute(file) for file in reading.unreadable}
        # Renamed and broken in one edit, or broken in its very name: known by its spreadsheet, or by its file alone
        is_renamed = name.casefold() not in names and any(_may_be(one, other, kept) for other in broken)
        if is_broken or is_hidden or is_renamed:
            goes_on[name] = one
    return goes_on


def _may_be(one: GoodConfig, other: SheetRead, kept: Mapping[str, GoodConfig]) -> bool:
    if other.name in kept or one.file != _absolute(other.file):
        return False
    return not other.name or other.raw.get("spreadsheet") == _raw(one).get("spreadsheet")


def _refuse_newcomers(
    good: Mapping[str, Sheet], older: Mapping[str, Sheet], reading: Reading
) -> dict[str, tuple[Problem, ...]]:
    """Find good sheets that claim a tab which the last good version of a broken one still writes."""
    owners = {claim: sheet.name for sheet in older.values() for claim in _claims(sheet)}
    refused: dict[str, tuple[Problem, ...]] = {}
    for one in reading.sheets:
        if one.sheet is None or one.name not in good:
            continue
        taken = {title: owners[book, title] for book, title in _claims(one.sheet) if (book, title) in owners}
        if taken:
            refused[one.name] = tuple(_claimed(one, title, owner) for title, owner in taken.items())
    return refused


def _claims(sheet: Sheet) -> Iterable[tuple[str, str]]:
    return ((sheet.spreadsheet_id, title.casefold()) for title in sheet.titles)


def _claimed(one: SheetRead, title: str, owner: str) -> Problem:
    return Problem(
        file=one.file,
        line=None,
        field=f"sheet {one.name}",
        what=f'The tab "{title}" is written by the last good version of "{owner}", whose new version has a problem',
        hint=f'Mend "{owner}" first.',
    )


def _tell(
    reading: Reading,
    broken: Sequence[SheetRead],
    *,
    older: Mapping[str, Sheet],
    kept: Mapping[str, GoodConfig],
    refused: Mapping[str, tuple[Problem, ...]],
) -> Iterable[Broken]:
    """Say for each sheet that is not as the files want it what is wrong, and since when the version in its place is."""
    own = {one.name: one.problems for one in broken if one.name} | dict(refused)
    of_files = tuple(p for p in reading.problems if _absolute(p.file) in {_absolute(f) for f in reading.unreadable})
    nameless = tuple(p for one in broken if not one.name for p in one.problems)
    names = {name.casefold() for name in own}
    for name in older:
        if name.casefold() not in names:
            yield Broken(name=name, problems=of_files or nameless or reading.problems, kept_from=kept[name].saved_at)
    for name, problems in own.items():
        same = next((known for known in older if known.casefold() == name.casefold()), None)
        kept_from = kept[same].saved_at if same is not None and same in kept else None
        yield Broken(name=same or name, problems=problems or of_files, kept_from=kept_from)


def _save(path: Path, store: Store, reading: Reading, effective: Effective, *, kept: _Kept) -> None:
    """Keep the versions that are good now, and note which are not."""
    now = clock.now()
    used = {sheet.name for sheet in effective.config.sheets} - {one.name for one in effective.broken}
    new = [
        _keep(path, SHEET, one.name, file=_absolute(one.file), raw=one.raw, now=now)
        for one in reading.sheets
        if one.name in used
    ]
    whole = _keep(path, PROCESS, _absolute(path), file=_absolute(path), raw=reading.process, now=now)
    before = {**kept.sheets, **({kept.process.name: kept.process} if kept.process else {})}
    save_good_configs(store, [one for one in (whole, *new) if _differs(one, before.get(one.name))])
    for one in effective.broken:
        words = tuple(format_problem(problem) for problem in one.problems)
        if one.name in kept.sheets and kept.sheets[one.name].problems != words:
            since = kept.sheets[one.name].broken_since or now
            note_broken(store, SHEET, one.name, words, since=since)
    forget_good_configs(store, SHEET, effective.removed)


def _differs(one: GoodConfig, before: GoodConfig | None) -> bool:
    return before is None or bool(before.problems) or (one.text, one.file) != (before.text, before.file)


def _keep(path: Path, kind: str, name: str, *, file: str, raw: Mapping[str, Any], now: datetime) -> GoodConfig:
    text = orjson.dumps({"main": _absolute(path), "raw": raw}, default=str).decode()
    return GoodConfig(kind=kind, name=name, file=file, text=text, saved_at=now)


def _load(path: Path, store: Store) -> _Kept:
    """Return what is kept of this config; another one may share the store."""
    main = _absolute(path)
    found = [one for one in load_good_configs(store) if orjson.loads(one.text)["main"] == main]
    process = next((one for one in found if one.kind == PROCESS), None)
    return _Kept(process, {one.name: one for one in found if one.kind == SHEET})


def _raw(one: GoodConfig) -> dict[str, Any]:
    return dict(orjson.loads(one.text)["raw"])


def _absolute(path: Path | str) -> str:
    """Name a file the same wherever a command was started; links are not followed, they may be swapped."""
    return str(Path(path).absolute())
