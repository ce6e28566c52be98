"""One request as the methods see it: path parts, query, body and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sync.sandbox.google.access import Caller
from sync.sandbox.google.errors import GoogleError, Json
from sync.sandbox.google.masks import Mask, mask_paths, parse_mask
from sync.sandbox.google.schema import check_body, check_enum, check_response_mask
from sync.sandbox.google.world import File, GoogleWorld

RENDERS = ("FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA")
TIME_RENDERS = ("SERIAL_NUMBER", "FORMATTED_STRING")
DIMENSIONS = ("DIMENSION_UNSPECIFIED", "ROWS", "COLUMNS")


@dataclass(slots=True)
class Call:
    """A request to the Sheets API after routing. `n_cells` counts what it moved, for the request log."""

    world: GoogleWorld
    caller: Caller
    query: dict[str, list[str]]
    raw_body: Any
    parts: list[str] = field(default_factory=list)
    n_cells: int = 0

    def one(self, name: str) -> str | None:
        """Return a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else None

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter."""
        return (self.one(name) or "").lower() == "true"

    def enum(self, name: str, options: tuple[str, ...]) -> str | None:
        """Return an enum query parameter, checked."""
        return check_enum(self.one(name), options, name)

    def file(self, *, to_write: bool) -> File:
        """Return the spreadsheet of the path."""
        return self.world.open_file(self.parts[0], self.caller, to_write=to_write)

    def body(self, type_name: str, root: str = "") -> Json:
        """Return the checked body."""
        return check_body({} if self.raw_body is None else self.raw_body, type_name, root)

    def mask(self, type_name: str) -> Mask | None:
        """Return the `fields` mask, checked; None when there is none."""
        text = self.one("fields") or self.one("$fields")
        if not text:
            return None
        mask = parse_mask(text)
        check_response_mask(mask_paths(mask), type_name)
        return mask


def prefixed(prefix: str, error: GoogleError) -> GoogleError:
    """Put the place of a batch in front of a refusal, except for those that are not about one entry."""
    return error.prefixed(prefix) if error.code == 400 and not error.details else error
