"""The spreadsheets of a world as a file: saved whole, opened whole. Tokens, quotas and options are not part of it."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sync.sandbox.google.book import Book, Sheet, empty_objects
from sync.sandbox.google.errors import Json
from sync.sandbox.google.grid import Extra, Grid, Looks, make_look
from sync.sandbox.google.pivots import has_pivots, settle
from sync.sandbox.google.world import File, GoogleWorld

FORM = "callsheet sandbox google"
VERSION = 1
BOOK_FIELDS = ("id", "title", "timezone", "locale", "auto_recalc", "settings", "named_ranges", "metadata", "revision")
SHEET_FIELDS = ("sheet_id", "title", "properties", "grid_properties", "objects")
FILE_FIELDS = ("access", "owner", "permissions", "parents", "trashed", "mime", "starred", "description")


class BadState(ValueError):
    """A file that holds no spreadsheets of this sandbox."""


def dump_world(world: GoogleWorld) -> bytes:
    """Return all spreadsheets as JSON."""
    with world.lock:
        whole = {"form": FORM, "version": VERSION, "files": [_dump_file(file) for file in world.files.values()]}
        return orjson.dumps(whole, option=orjson.OPT_NON_STR_KEYS)


def load_world(world: GoogleWorld, content: bytes) -> None:
    """Replace all spreadsheets by those of `dump_world`. Raises BadState, and then changes nothing."""
    try:
        whole = orjson.loads(content)
        if whole.get("form") != FORM or whole.get("version") != VERSION:
            raise BadState(f"this is no state of a sandbox, or one of another version than {VERSION}")
        files = [_load_file(entry) for entry in whole["files"]]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as wrong:
        raise wrong if isinstance(wrong, BadState) else BadState(f"this is no state of a sandbox: {wrong}") from wrong
    with world.lock:
        world.files = {file.id: file for file in files}


def save_world(world: GoogleWorld, path: Path) -> None:
    """Write all spreadsheets to a file, readable by its owner only; a file that is there is replaced at once."""
    scratch = path.with_name(path.name + ".part")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(dump_world(world))
    scratch.replace(path)


def open_world(world: GoogleWorld, path: Path) -> bool:
    """Read the spreadsheets of a file; return whether there was one. Raises BadState."""
    if not path.exists():
        return False
    load_world(world, path.read_bytes())
    return True


def _picked(source: Any, names: tuple[str, ...]) -> Json:
    return {name: getattr(source, name) for name in names}


def _dump_file(file: File) -> Json:
    times = {"created": file.created.isoformat(), "modified": file.modified.isoformat()}
    sheets = [_dump_sheet(sheet) for sheet in file.book.sheets]
    book = _picked(file.book, BOOK_FIELDS) | {"sheets": sheets}
    return _picked(file, FILE_FIELDS) | times | {"removed": sorted(file.removed), "book": book}


def _dump_sheet(sheet: Sheet) -> Json:
    sizes = {"row_sizes": sheet.row_sizes, "column_sizes": sheet.column_sizes}
    return _picked(sheet, SHEET_FIELDS) | sizes | {"grid": _dump_grid(sheet.grid)}


def _dump_grid(grid: Grid) -> Json:
    """Write looks once each, and rows of looks once each: there are few of them, and many rows."""
    kinds: dict[int, int] = {}
    rows: dict[int, int] = {}
    looks: list[Json] = []
    patterns: list[list[int]] = []
    for row in grid.looks:
        if row is None or id(row) in rows:
            continue
        for look in row:
            if look is not None and id(look) not in kinds:
                kinds[id(look)] = len(looks)
                looks.append(asdict(look))
        rows[id(row)] = len(patterns)
        patterns.append([-1 if look is None else kinds[id(look)] for look in row])
    extras = {
        row: {column: [extra.formula, extra.note, extra.runs, extra.pivot] for column, extra in found.items()}
        for row, found in enumerate(grid.extras)
        if found
    }
    row_looks = [-1 if row is None else rows[id(row)] for row in grid.looks]
    shown: Json = {"n_columns": grid.n_columns, "cells": grid.cells, "looks": looks, "patterns": patterns}
    return shown | {"row_looks": row_looks, "extras": extras}


def _load_file(entry: Json) -> File:
    book = entry["book"]
    made = Book(**{name: book[name] for name in BOOK_FIELDS})
    made.sheets = [_load_sheet(sheet) for sheet in book["sheets"]]
    made.pivots = "stale" if any(map(has_pivots, made.sheets)) else ""
    settle(made)
    created, modified = (datetime.fromisoformat(entry[name]) for name in ("created", "modified"))
    file = File(made, entry["access"], entry["owner"], created, modified)
    return replace(file, **{name: entry[name] for name in FILE_FIELDS}, removed=set(entry["removed"]))


def _load_sheet(entry: Json) -> Sheet:
    made = Sheet(entry["sheet_id"], entry["title"], _load_grid(entry["grid"]))
    made.properties, made.grid_properties = entry["properties"], entry["grid_properties"]
    made.row_sizes, made.column_sizes = _load_sizes(entry["row_sizes"]), _load_sizes(entry["column_sizes"])
    made.objects = empty_objects() | entry["objects"]
    return made


def _load_extra(formula: str | None, note: str | None, runs: list[Json], pivot: Json | None = None) -> Extra:
    return Extra(formula, note, tuple(runs), pivot)


def _load_sizes(entry: Json) -> dict[int, Json]:
    return {int(index): size for index, size in entry.items()}


def _load_grid(entry: Json) -> Grid:
    looks = [make_look(look["format"], look["validation"]) for look in entry["looks"]]
    patterns: list[Looks] = [tuple(None if n < 0 else looks[n] for n in pattern) for pattern in entry["patterns"]]
    row_looks = [None if n < 0 else patterns[n] for n in entry["row_looks"]]
    cells = entry["cells"]
    if len(cells) != len(row_looks):
        raise BadState("a tab has cells and formats for different numbers of rows")
    extras: list[dict[int, Extra] | None] = [None] * len(cells)
    n_formulas = 0
    for row, found in entry["extras"].items():
        made = {int(column): _load_extra(*kept) for column, kept in found.items()}
        extras[int(row)] = made
        n_formulas += sum(extra.formula is not None for extra in made.values())
    return Grid(entry["n_columns"], cells, row_looks, extras, n_formulas)
