"""Joins the Google stand-in to the rest of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from sync.sandbox.faults import ErrorForm, Play


class GoogleHalf:
    """The Google stand-in as admin, dials and viewer see it."""

    def reset(self) -> None:
        """Forget every spreadsheet."""

    def options(self) -> dict[str, Any]:
        return {}

    def change_options(self, changes: dict[str, Any]) -> None:
        pass

    def make(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return {}

    def edit(self, spreadsheet_id: str, edits: dict[str, Any]) -> Any:
        return None

    def listed(self) -> list[dict[str, Any]]:
        return []

    def routes(self) -> list[BaseRoute]:
        return []

    def classify(self, method: str, path: str) -> tuple[str, str] | None:
        return None

    def error_forms(self) -> Mapping[str, ErrorForm]:
        return {"google": None, "drive": None, "token": None}

    def plays(self) -> Mapping[str, Play]:
        return {}
