"""What an edit of the config does to columns: new titles, new places, columns that are given up. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence

from sync.destination.book import ObservedTab
from sync.records import Cell, Column

GIVEN_UP = " (no longer updated)"
"""Stands behind the header of a column that the config no longer asks for."""


def new_titles(
    columns: Sequence[Column],
    indexes: Mapping[int, int],
    header: Sequence[Cell],
    *,
    known: Mapping[str, str],
    doubtful: Collection[str],
) -> Iterator[int]:
    """Yield the columns whose title in the config is new, and whose old title people left as it was.

    So too each `doubtful` one that was taken back, and whose header could not be told so.
    """
    for n, column in enumerate(columns):
        before = known.get(column.name)
        shown = _text(header, indexes[n]) if n in indexes else ""
        is_late = column.name in doubtful and shown.endswith(GIVEN_UP)
        if is_late or (before and before != column.title and shown == before):
            yield n


def given_up(tab: ObservedTab, columns: Sequence[Column], *, doubtful: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield name and index of each column of ours that the config no longer asks for.

    So too each `doubtful` one that was given up, and whose header could not be told so.
    """
    names = {column.name for column in columns}
    for name, indexes in tab.columns.items():
        if name not in names:
            yield from ((name, index) for index in indexes)
    for name in sorted(set(doubtful) - names):
        yield from ((name, i) for i in tab.former.get(name, ()) if not _text(tab.header, i).endswith(GIVEN_UP))


def taken_back(tab: ObservedTab, column: Column) -> int | None:
    """Return the index of a column that was given up and is asked for again; one that people retitled is theirs."""
    found = [i for i in tab.former.get(column.name, ()) if _text(tab.header, i).endswith(GIVEN_UP)]
    return found[0] if len(found) == 1 else None


def make_moves(
    columns: Sequence[Column], indexes: Sequence[int], known: Sequence[str], n_columns: int
) -> tuple[list[tuple[int, int]], tuple[int, ...]]:
    """Say which columns move, as (index, index before which it is put), and where all of ours are then.

    Only columns that are new, or that the config has at another place among the others than before, move; what people
    arranged otherwise stays.
    """
    if list(indexes) == sorted(indexes) or not known:
        return [], tuple(indexes)
    movers = _movers([column.name for column in columns], known)
    grid: list[int | None] = [None] * n_columns
    for n, index in enumerate(indexes):
        grid[index] = n
    moves = []
    for n in movers:
        at, to = grid.index(n), _place(grid, n, movers)
        if to is not None:
            moves.append((at, to))
            grid.insert(to - (at < to), grid.pop(at))
    return moves, tuple(grid.index(n) for n in range(len(columns)))


def _movers(names: Sequence[str], known: Sequence[str]) -> list[int]:
    """Return the columns outside the longest run of those that kept their order."""
    before = {name: n for n, name in enumerate(known)}
    common = [(n, before[name]) for n, name in enumerate(names) if name in before]
    tails: list[int] = []
    chains: list[list[int]] = []
    for n, rank in common:
        at = bisect_left(tails, rank)
        chain = [*(chains[at - 1] if at else ()), n]
        tails[at : at + 1], chains[at : at + 1] = [rank], [chain]
    stay = set(chains[-1]) if chains else set()
    return [n for n in range(len(names)) if n not in stay]


def _place(grid: Sequence[int | None], n: int, movers: Sequence[int]) -> int | None:
    """Return before which index a column is put, None where it is well."""
    at = grid.index(n)
    after = next(
        (grid.index(m) for m in range(n + 1, max(m for m in grid if m is not None) + 1) if m not in movers), None
    )
    if n == 0:
        first = min(i for i, m in enumerate(grid) if m is not None)
        return None if after is None or at < after else first
    before = grid.index(n - 1)
    if at == before + 1 or (before < at and (after is None or at < after)):
        return None
    return before + 1


def _text(header: Sequence[Cell], index: int) -> str:
    return str(header[index]) if index < len(header) and header[index] is not None else ""
