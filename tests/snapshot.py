"""Expected texts in files: compared in tests, written again with UPDATE_SNAPSHOTS=1 (see `make generate`)."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def assert_matches(text: str, name: str) -> None:
    """Compare a text with tests/snapshots/NAME."""
    path = FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"{path} is missing; write it with: make generate"
    assert text == path.read_text(), f"the text differs from {path}; if it is meant: make generate"
