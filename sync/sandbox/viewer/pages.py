"""The page for people."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute


def viewer_routes(google: Any) -> list[BaseRoute]:
    """Return the routes of the page."""
    return []
