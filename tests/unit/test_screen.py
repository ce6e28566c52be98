"""How tables look on a terminal."""

from __future__ import annotations

import pytest

from sync.screen import show_table

COLUMNS = ("sheet", "rows", "why")


def _shown(rows: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str], title: str) -> list[str]:
    show_table(title, COLUMNS, rows)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("title", ["", "What became of them"])
def test_a_long_table_looks_like_a_short_one(capsys: pytest.CaptureFixture[str], title: str) -> None:
    rows: list[tuple[object, ...]] = [
        ("support-calls", 4711, ""),
        ("販売 [bold]", None, "a [link] in it"),
        ("naïve 🎧", 7, "-"),
    ]
    short, long = _shown(rows, capsys, title), _shown(rows * 50, capsys, title)
    n_heads = 2 if title else 1
    assert long == short[:n_heads] + short[n_heads:] * 50
    assert len(short) == n_heads + 3


def test_a_long_table_that_is_too_wide_is_folded_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown([("one", n, "why " * 100) for n in range(120)], capsys, "")
    assert " ".join(shown).count("why") == 120 * 100 + 1
    assert max(map(len, shown)) <= 200
