"""What somebody sees who looks at the tab all the time while a run writes to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import mishaps
from tests.sandbox_admin import Admin
from tests.world import World

Rows = list[list[Any]]


@contextmanager
def _reading(world: World, title: str = "Calls") -> Iterator[list[Rows]]:
    """Read the tab again and again during the block, in another thread; the list grows with what was seen."""
    seen: list[Rows] = [world.tab(title)]
    done = threading.Event()

    def read() -> None:
        with Admin(world.admin.url) as admin:
            while not done.is_set():
                seen.append(admin.tab_values(world.spreadsheet, title))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        done.set()
        reader.join()
    seen.append(world.tab(title))


def _by_id(rows: Rows) -> dict[str, list[Any]]:
    header, *below = rows
    at = header.index("Call ID")
    return {row[at]: row for row in below if any(cell != "" for cell in row)}


@pytest.mark.every(3)
@pytest.mark.parametrize(("n_new", "max_bytes"), [(20, 2_000_000), (600, 2_000_000), (600, 30_000)])
def test_a_reader_sees_whole_rows_and_never_a_shorter_tab(world: World, n_new: int, max_bytes: int) -> None:
    mishaps.good_run(world)
    world.max_bytes = max_bytes
    mishaps.edit_recent(world, 50)
    world.admin.arrive(n_new)
    world.admin.fault(service="google", kind="write", times=100, do="delay", seconds=0.05)
    with _reading(world) as seen:
        mishaps.good_run(world)
    world.assert_tab_equals_vendor()
    before, after = _by_id(seen[0]), _by_id(seen[-1])
    assert len(seen) > 5
    assert before != after
    lengths = [len(_by_id(rows)) for rows in seen]
    assert lengths == sorted(lengths)
    for rows in seen:
        assert rows[0] == seen[0][0]
        for call_id, row in _by_id(rows).items():
            assert row in (before.get(call_id), after[call_id])
