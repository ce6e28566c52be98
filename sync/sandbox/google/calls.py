"""One request as the methods see it: path parts, query, body and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.sandbox.google.access import Caller
from sync.sandbox.google.errors import GoogleError, Json, bad_field
from sync.sandbox.google.masks import Mask, mask_paths, parse_mask
from sync.sandbox.google.schema import check_body, check_response_mask
from sync.sandbox.google.world import File, GoogleWorld


@dataclass(slots=True)
class Call:
    """A request after routing. `query` is checked; `n_cells` counts what it moved, for the request log."""

    world: GoogleWorld
    caller: Caller
    query: Json
    raw_body: bytes
    parts: list[str] = field(default_factory=list)
    n_cells: int = 0

    def one(self, name: str) -> str | None:
        """Return a query parameter."""
        found: str | None = self.query.get(name)
        return found

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter."""
        return bool(self.query.get(name))

    def file(self, *, to_write: bool) -> File:
        """Return the spreadsheet of the path."""
        return self.world.open_file(self.parts[0], self.caller, to_write=to_write)

    def body(self, type_name: str, root: str = "") -> Json:
        """Return the checked body."""
        return check_body(read_json(self.raw_body), type_name, root)

    def mask(self, type_name: str) -> Mask | None:
        """Return the `fields` mask, checked; None when there is none."""
        text = self.one("fields")
        if not text:
            return None
        mask = parse_mask(text)
        check_response_mask(mask_paths(mask), type_name, text)
        return mask


def read_json(body: bytes) -> Any:
    """Return a body as JSON; no body is an empty message. Raises Google's 400, which shows the place."""
    if not body.strip():
        return {}
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        text = body.decode("utf-8", "replace")
        first = max(0, wrong.pos - 20)
        shown = text[first : wrong.pos + 20].replace("\n", " ")
        place = " " * (min(wrong.pos, len(text)) - first) + "^"
        raise bad_field("", f"Invalid JSON payload received. Unexpected token.\n{shown}\n{place}") from None


def prefixed(prefix: str, error: GoogleError) -> GoogleError:
    """Put the place of a batch in front of a refusal, except for those that are not about one entry."""
    return error.prefixed(prefix) if error.code == 400 and not error.details else error
