"""How tables look on a terminal."""

from __future__ import annotations

import pytest

from sync.screen import say, show_table

COLUMNS = ("sheet", "rows", "why")


def _shown(rows: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str], title: str) -> list[str]:
    show_table(title, COLUMNS, rows)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


ROWS: list[tuple[object, ...]] = [
    ("support-calls", 4711, ""),
    ("販売 [bold]", None, "a [link] in it"),
    ("naïve 🎧", 7, "-"),
]


@pytest.mark.parametrize("title", ["", "What became of them"])
def test_a_table_that_fits_looks_like_one_that_is_drawn(capsys: pytest.CaptureFixture[str], title: str) -> None:
    drawn = _shown([*ROWS, ("two\nlines", 1, "")], capsys, title)
    assert drawn[-2:] == ["two                1", "lines"]
    assert _shown(ROWS, capsys, title) == drawn[:-2]


def test_nobodys_words_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    steering = "calls\x1b[2J\x07\x9b1A\r of today"
    show_table("", COLUMNS, [(steering, 1, "")])
    say([steering, "two\nlines"])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "calls[2J1A of today     1     ",
        "calls[2J1A of today",
        "two",
        "lines",
    ]


def test_a_long_table_that_is_too_wide_is_folded_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown([("one", n, "why " * 100) for n in range(120)], capsys, "")
    assert " ".join(shown).count("why") == 120 * 100 + 1
    assert max(map(len, shown)) <= 200
