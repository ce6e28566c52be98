"""The walk over numbered pages, with lists that stay, move, lie or go round."""

from __future__ import annotations

import pytest

from sync.errors import ContractBroken
from sync.http.pagination import MAX_WALKS, NumberedPage, walk_pages


def page_of(rows: list[int], nth: int, size: int = 3, **changes: object) -> NumberedPage:
    part = rows[(nth - 1) * size : nth * size]
    said = {"number": nth, "n_pages": -(-len(rows) // size), "n_total": len(rows), "rows": part, "ids": part}
    return NumberedPage(**{**said, **changes})


def rows_of(pages: list[NumberedPage]) -> list[int]:
    return [row for page in pages for row in page.rows]


class Asker:
    """Answers from a list, after letting `before` change something; remembers what was asked."""

    def __init__(self, rows: list[int], before=None) -> None:
        self.rows = rows
        self.before = before
        self.asked: list[int] = []

    def __call__(self, number: int) -> NumberedPage:
        self.asked.append(number)
        changed = self.before(self, number) if self.before else None
        return changed or page_of(self.rows, number)


def test_a_quiet_list_is_read_once():
    ask = Asker(list(range(8)))
    assert rows_of(list(walk_pages(ask))) == list(range(8))
    assert ask.asked == [1, 2, 3]


def test_an_empty_list_is_one_request():
    ask = Asker([])
    assert rows_of(list(walk_pages(ask))) == []
    assert ask.asked == [1]


def test_pages_can_count_from_nought():
    ask = Asker(list(range(5)), lambda a, n: page_of(a.rows, n + 1, number=n))
    assert rows_of(list(walk_pages(ask, first=0))) == list(range(5))
    assert ask.asked == [0, 1]


def test_arrivals_at_the_top_cost_one_page_of_a_second_walk():
    def arrive(ask: Asker, number: int) -> None:
        if len(ask.asked) == 2:
            ask.rows = [100, *ask.rows]

    ask = Asker(list(range(8)), arrive)
    assert set(rows_of(list(walk_pages(ask)))) == {100, *range(8)}
    assert ask.asked == [1, 2, 3, 1]


def test_arrivals_at_the_end_need_no_second_walk():
    def arrive(ask: Asker, number: int) -> None:
        if len(ask.asked) == 2:
            ask.rows = [*ask.rows, 100, 101]

    ask = Asker(list(range(8)), arrive)
    assert rows_of(list(walk_pages(ask))) == [*range(8), 100, 101]
    assert ask.asked == [1, 2, 3, 4]


def test_a_row_that_slipped_to_a_page_already_read_is_found_by_a_whole_second_walk():
    def leave(ask: Asker, number: int) -> None:
        if len(ask.asked) == 2:
            ask.rows = ask.rows[1:]

    ask = Asker(list(range(8)), leave)
    assert set(range(1, 8)) <= set(rows_of(list(walk_pages(ask))))
    assert ask.asked == [1, 2, 3, 1, 2, 3]


def test_a_repeated_page_is_asked_again():
    def repeat(ask: Asker, number: int) -> NumberedPage | None:
        return page_of(ask.rows, 1, number=2) if ask.asked == [1, 2] else None

    ask = Asker(list(range(8)), repeat)
    assert rows_of(list(walk_pages(ask))) == list(range(8))
    assert ask.asked == [1, 2, 2, 3]


def test_a_page_with_another_number_is_asked_again():
    def other(ask: Asker, number: int) -> NumberedPage | None:
        return page_of(ask.rows, 3) if ask.asked == [1, 2] else None

    ask = Asker(list(range(8)), other)
    assert rows_of(list(walk_pages(ask))) == list(range(8))
    assert ask.asked == [1, 2, 2, 3]


def test_a_list_that_goes_round_ends_however_many_pages_it_promises():
    ask = Asker([1, 2, 3], lambda a, n: page_of(a.rows, 1, number=n, n_pages=10**9, n_total=10**11))
    with pytest.raises(ContractBroken, match="found 3 different rows where 100,000,000,000 were announced"):
        list(walk_pages(ask))
    assert len(ask.asked) == MAX_WALKS * 4


def test_an_empty_page_before_the_last_ends_the_walk():
    ask = Asker([1, 2], lambda a, n: page_of(a.rows, n, n_pages=10**9))
    assert rows_of(list(walk_pages(ask))) == [1, 2]


@pytest.mark.parametrize("delta", [-1, 1])
def test_a_total_that_never_adds_up_is_refused_with_both_numbers(delta):
    ask = Asker(list(range(8)), lambda a, n: page_of(a.rows, n, n_total=8 + delta))
    with pytest.raises(ContractBroken, match=f"found 8 different rows where {8 + delta} were announced"):
        list(walk_pages(ask))


@pytest.mark.parametrize("delta", [-1, 1])
def test_a_total_that_is_wrong_once_is_got_over(delta):
    def lie(ask: Asker, number: int) -> NumberedPage | None:
        return page_of(ask.rows, number, n_total=8 + delta) if len(ask.asked) == 2 else None

    ask = Asker(list(range(8)), lie)
    assert set(rows_of(list(walk_pages(ask)))) == set(range(8))
    assert len(ask.asked) == 6


def test_a_row_listed_twice_for_good_is_refused():
    with pytest.raises(ContractBroken, match="found 4 different rows where 5"):
        list(walk_pages(Asker([1, 2, 3, 4, 4])))
