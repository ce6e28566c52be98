"""How many bytes one body to a spreadsheet may have: fewer after it was too much, more again after it went well."""

from __future__ import annotations

from sync.store.db import Store
from sync.store.notes import ConnectionNotes

SMALLEST_BYTES = 50_000
_NAME = "body bytes"


class BodySize:
    """The size for one spreadsheet, kept from run to run. `most` is what the config allows."""

    def __init__(self, store: Store, spreadsheet_id: str, most: int) -> None:
        self._notes = ConnectionNotes(store, f"spreadsheet {spreadsheet_id}")
        self._most = most
        kept = self._notes.read(_NAME)
        self._is_kept = kept is not None
        self.bytes = min(most, int(kept)) if kept else most
        self._has_shrunk = False

    def shrink(self) -> None:
        """Halve it: a body was refused as too big, or nobody knows whether it was carried out."""
        self._has_shrunk = True
        self.bytes = max(self.bytes // 2, min(SMALLEST_BYTES, self._most))
        self._keep()

    def went_well(self) -> None:
        """Double it for the next run, after one that wrote without trouble."""
        if self._is_kept and not self._has_shrunk:
            self.bytes = min(self._most, self.bytes * 2)
            self._keep()

    def _keep(self) -> None:
        self._is_kept = self.bytes < self._most
        if self._is_kept:
            self._notes.write(_NAME, str(self.bytes))
        else:
            self._notes.drop(_NAME)
