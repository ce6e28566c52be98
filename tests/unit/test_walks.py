"""Lists that go on by cursor or offset: whole, once each, also when they move; and never for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync.errors import ContractBroken
from sync.http.walks import At, LedPage, walk_led

PAGE = 10


class Shelf:
    """A list of numbers that is asked for by offset; `moves` happen before the page of that number."""

    def __init__(self, n: int, *, tells_total: bool = False, at_most: int = PAGE) -> None:
        self.rows = list(range(n))
        self.moves: dict[int, Callable[[], None]] = {}
        self.n_asked = 0
        self.tells_total, self.at_most = tells_total, at_most

    def ask(self, at: At) -> LedPage:
        self.n_asked += 1
        self.moves.pop(self.n_asked, lambda: None)()
        rows = self.rows[at.offset : at.offset + self.at_most]
        return LedPage(rows=rows, ids=rows, cursor=None, n_total=len(self.rows) if self.tells_total else None)


def found_by(shelf: Shelf) -> list[int]:
    return [row for page in walk_led(shelf.ask) for row in page.rows]


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 55])
@pytest.mark.parametrize("at_most", [10, 3, 2])
def test_every_row_comes_once_however_few_the_vendor_gives_at_a_time(n, tells_total, at_most):
    shelf = Shelf(n, tells_total=tells_total, at_most=at_most)
    assert found_by(shelf) == list(range(n))


def test_a_row_that_leaves_pushes_no_other_out_unseen():
    shelf = Shelf(40)
    shelf.moves[3] = lambda: shelf.rows.remove(4)
    assert set(found_by(shelf)) >= set(range(40)) - {4}
    assert shelf.n_asked > 5


def test_rows_that_arrive_in_front_are_no_reason_to_begin_again():
    shelf = Shelf(40)
    shelf.moves[3] = lambda: shelf.rows.insert(0, 100)
    found = found_by(shelf)
    assert set(found) == set(range(40))
    assert shelf.n_asked <= 6


def test_a_total_that_is_never_reached_names_both_numbers():
    def ask(at: At) -> LedPage:
        return LedPage(rows=[1, 2], ids=[1, 2], cursor=None, n_total=7, ends=True)

    with pytest.raises(ContractBroken, match="found 2 different rows where 7 were announced"):
        list(walk_led(ask))


def test_a_cursor_that_comes_again_is_refused():
    answers = {None: "a", "a": "b", "b": "a"}

    def ask(at: At) -> LedPage:
        return LedPage(rows=[at.cursor], ids=[at.cursor], cursor=answers[at.cursor])

    with pytest.raises(ContractBroken, match="same cursor"):
        list(walk_led(ask))


def test_a_vendor_that_ignores_offsets_does_not_lead_round_for_ever():
    n_asked = 0

    def ask(at: At) -> LedPage:
        nonlocal n_asked
        n_asked += 1
        return LedPage(rows=[1, 2, 3], ids=[1, 2, 3], cursor=None)

    pages = list(walk_led(ask))
    assert n_asked == 2
    assert {row for page in pages for row in page.rows} == {1, 2, 3}


def test_a_page_that_comes_as_the_page_before_is_asked_for_again():
    pages = {None: LedPage(rows=[1], ids=[1], cursor="b"), "b": LedPage(rows=[2], ids=[2], cursor=None)}
    asked: list[At] = []

    def ask(at: At) -> LedPage:
        asked.append(at)
        return pages[None] if len(asked) == 2 else pages[at.cursor]

    assert [page.rows for page in walk_led(ask)] == [[1], [2]]
    assert [at.cursor for at in asked] == [None, "b", "b"]
