"""The Google stand-in as the admin address and the page for people see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.admission import expire_tokens
from sync.sandbox.google.app import GoogleWorld
from sync.sandbox.google.book import Book
from sync.sandbox.google.errors import GoogleError
from sync.sandbox.google.keeping import BadState, dump_world, load_world
from sync.sandbox.google.world import File, GoogleOptions, copy_book, describe
from sync.sandbox.viewer.block import show_whole
from sync.sandbox.viewer.sight import Sight, stamp_of

KEPT_SIGHTS = 8  # spreadsheets that are looked at in turn without being worked out again


class Refused(Exception):
    """Something that the stand-in does not do when asked; the text says why."""

    def __init__(self, what: str, *, status: int = 400) -> None:
        super().__init__(what)
        self.status = status


_OPTIONS = TypeAdapter(GoogleOptions)


class GoogleSide:
    """What is done to the stand-in from outside its API. May be called from any thread."""

    def __init__(self, world: GoogleWorld) -> None:
        self._world = world

    def reset(self) -> None:
        """Forget every spreadsheet, and go back to the default options."""
        self._world.reset()
        self._apply(GoogleOptions())

    def options(self) -> dict[str, Any]:
        """Return the options as they are."""
        found = {one.name: getattr(self._world, one.name) for one in fields(GoogleOptions)}
        tokens = found["accepted_tokens"]
        return found | {"accepted_tokens": None if tokens is None else sorted(tokens)}

    def change_options(self, changes: Mapping[str, Any]) -> None:
        """Change some options. Raises Refused for one that does not exist or fit."""
        options = self.options()
        if unknown := sorted(set(changes) - set(options)):
            raise Refused(f"unknown option {', '.join(unknown)}; allowed: {', '.join(options)}")
        try:
            self._apply(_OPTIONS.validate_python(options | dict(changes)))
        except ValidationError as wrong:
            raise Refused(str(wrong)) from wrong

    def make(self, wanted: Mapping[str, Any]) -> dict[str, str]:
        """Make a spreadsheet as a person does, and return its id and addresses."""
        known = {"title", "id", "timezone", "locale", "access"}
        if unknown := sorted(set(wanted) - known):
            raise Refused(f"unknown {', '.join(unknown)}; allowed: {', '.join(sorted(known))}")
        if wanted.get("id") in self._world.files:
            raise Refused(f"there is a spreadsheet {wanted['id']} already", status=409)
        file = self._world.make_spreadsheet(**{"title": "Untitled spreadsheet", **wanted})
        found = next(entry for entry in self._world.list_spreadsheets() if entry["id"] == file.book.id)
        return {"id": found["id"], "url": found["url"], "view": f"/view/{found['id']}"}

    def edit(self, spreadsheet_id: str, edits: Mapping[str, Any]) -> None:
        """Edit a spreadsheet as its owner does: `requests` of a batch first, then `values`."""
        if unknown := sorted(set(edits) - {"requests", "values"}):
            raise Refused(f"unknown {', '.join(unknown)}; allowed: requests, values")
        try:
            self._world.edit_as_person(spreadsheet_id, dict(edits))
        except GoogleError as error:
            raise Refused(error.message, status=error.code) from error

    def expire_tokens(self) -> int:
        """End every token that was handed out, and return how many."""
        return expire_tokens(self._world)

    def _apply(self, options: GoogleOptions) -> None:
        for one in fields(options):
            setattr(self._world, one.name, getattr(options, one.name))


class GoogleFile:
    """All spreadsheets as the content of a file. May be called from any thread."""

    def __init__(self, world: GoogleWorld) -> None:
        self._world = world

    def save(self) -> bytes:
        """Return all spreadsheets as the content of a file."""
        return dump_world(self._world)

    def open(self, content: bytes) -> None:
        """Put the spreadsheets of such a file in the place of all that are here."""
        try:
            load_world(self._world, content)
        except BadState as wrong:
            raise Refused(str(wrong)) from wrong


class GoogleShelf:
    """What the page for people reads. May be called from any thread."""

    def __init__(self, world: GoogleWorld) -> None:
        self._world = world
        self._sights: dict[str, Sight] = {}

    def listed(self) -> list[dict[str, Any]]:
        """Return id, title, url and size of every spreadsheet."""
        with self._world.lock:
            found = self._world.list_spreadsheets()
            return [entry | self._size(self._world.files[entry["id"]]) for entry in found]

    def stamp(self, spreadsheet_id: str) -> str | None:
        """Return what differs after each change."""
        with self._world.lock:
            file = self._open(spreadsheet_id)
            return stamp_of(file.book) if file else None

    def shown(self, spreadsheet_id: str) -> dict[str, Any] | None:
        """Return one spreadsheet without its cells."""
        with self._world.lock:
            sight = self._sight(spreadsheet_id)
            return sight.whole() if sight else None

    def tab(self, spreadsheet_id: str, tab_id: int, *, what: str) -> Any:
        """Return the "frame" of one tab or its "charts"."""
        with self._world.lock:
            sight = self._sight(spreadsheet_id)
            if sight is None:
                return None
            return sight.charts(tab_id) if what == "charts" else sight.frame(tab_id)

    def block(self, spreadsheet_id: str, tab_id: int, box: Box) -> dict[str, Any] | None:
        """Return a rectangle of cells of one tab."""
        with self._world.lock:
            sight = self._sight(spreadsheet_id)
            return sight.block(tab_id, box) if sight else None

    def cell(self, spreadsheet_id: str, tab_id: int, *, row: int, column: int) -> dict[str, Any] | None:
        """Return all that one cell holds."""
        with self._world.lock:
            file = self._open(spreadsheet_id)
            sheet = file.book.find_id(tab_id) if file else None
            return show_whole(file.book, sheet, row, column) if file and sheet else None

    def snapshot(self, spreadsheet_id: str) -> Book | None:
        """Return a copy that no later change touches; cells are shared as long as nobody writes to them."""
        with self._world.lock:
            file = self._open(spreadsheet_id)
            return copy_book(file.book, file.book.title) if file else None

    def _open(self, spreadsheet_id: str) -> File | None:
        file = self._world.files.get(spreadsheet_id)
        return None if file is None or file.trashed else file

    def _sight(self, spreadsheet_id: str) -> Sight | None:
        file = self._open(spreadsheet_id)
        if file is None:
            return None
        found = self._sights.pop(spreadsheet_id, None)
        if found is None or not found.is_of(file.book):
            found = Sight(file.book)
        self._sights[spreadsheet_id] = found
        while len(self._sights) > KEPT_SIGHTS:
            del self._sights[next(iter(self._sights))]
        return found

    def _size(self, file: File) -> dict[str, Any]:
        return {"n_tabs": len(file.book.sheets), "n_cells": file.book.n_cells, "modified": describe(file.modified)}
