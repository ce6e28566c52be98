"""Each known failure of other programs has a test, and the page that lists them names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "failures.md"


def _rows() -> dict[str, list[str]]:
    rows = re.findall(r"^\| ([FS]\d+) \|(.*)$", PAGE.read_text(), re.MULTILINE)
    return {number: re.findall(r"`(test_\w+)`", rest) for number, rest in rows}


def test_every_known_failure_is_listed_with_a_test() -> None:
    rows = _rows()
    assert list(rows) == [*(f"F{n}" for n in range(1, 20)), *(f"S{n}" for n in (1, 2, 3, 4, 6, 7, 8))]
    assert all(rows.values())


def test_every_test_that_the_page_names_is_there() -> None:
    defined = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = {name for names in _rows().values() for name in names}
    assert named <= defined, named - defined
