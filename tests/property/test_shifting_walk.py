"""Lists that change at random between the pages of a walk: a walk that ends lost nothing that was there throughout."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import ContractBroken
from sync.http.pagination import NumberedPage, walk_pages

PAGE_SIZE = 4
changes = st.lists(
    st.one_of(
        st.none(),
        st.tuples(st.just("top"), st.integers(1, 2 * PAGE_SIZE)),
        st.tuples(st.just("end"), st.integers(1, PAGE_SIZE)),
        st.tuples(st.just("repeat"), st.just(0)),
    ),
    max_size=12,
)
leaving = st.lists(st.one_of(st.none(), st.tuples(st.just("leave"), st.integers(0, 40))), max_size=8)


class MovingList:
    """A list that changes before each answer as told, and stays as it is afterwards."""

    def __init__(self, n_rows: int, script: list[tuple[str, int] | None]) -> None:
        self.rows = list(range(n_rows))
        self.script = list(script)
        self.at_start = set(self.rows)
        self.gone: set[int] = set()
        self.newest = n_rows
        self.n_asked = 0

    def ask(self, number: int) -> NumberedPage:
        self.n_asked += 1
        change = self.script.pop(0) if self.script else None
        shown = max(1, number - 1) if change and change[0] == "repeat" else number
        if change:
            self.apply(*change)
        part = self.rows[(shown - 1) * PAGE_SIZE : shown * PAGE_SIZE]
        return NumberedPage(
            number=number, n_pages=-(-len(self.rows) // PAGE_SIZE), n_total=len(self.rows), rows=part, ids=part
        )

    def apply(self, what: str, n: int) -> None:
        new = list(range(self.newest, self.newest + n))
        if what == "top":
            self.rows, self.newest = [*reversed(new), *self.rows], self.newest + n
        elif what == "end":
            self.rows, self.newest = [*self.rows, *new], self.newest + n
        elif what == "leave" and self.rows:
            self.gone.add(self.rows.pop(n % len(self.rows)))


def walk(moving: MovingList) -> set[int] | None:
    try:
        return {row for page in walk_pages(moving.ask) for row in page.rows}
    except ContractBroken:
        return None


@settings(deadline=None)
@given(n_rows=st.integers(0, 30), script=changes)
def test_arrivals_and_repeated_pages_never_lose_a_row(n_rows, script):
    moving = MovingList(n_rows, script)
    seen = walk(moving)
    if seen is None:
        assert moving.script == [] or moving.n_asked > len(script) / 2  # only a list that never rests is given up
    else:
        assert moving.at_start <= seen


@settings(deadline=None)
@given(n_rows=st.integers(0, 30), script=leaving)
def test_rows_that_leave_take_no_other_row_with_them(n_rows, script):
    moving = MovingList(n_rows, script)
    seen = walk(moving)
    if seen is not None:
        assert moving.at_start - moving.gone <= seen


@settings(deadline=None)
@given(n_rows=st.integers(0, 60))
def test_a_list_at_rest_is_read_once_and_whole(n_rows):
    moving = MovingList(n_rows, [])
    assert walk(moving) == moving.at_start
    assert moving.n_asked == max(1, -(-n_rows // PAGE_SIZE))
