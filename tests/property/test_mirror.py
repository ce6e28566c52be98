"""Random histories: a mirror against a dict, its coverage against single seconds, budgets against brute force."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.records import Record, Slice
from sync.store.budget import first_gap
from sync.store.coverage import Coverage, add_stretch
from sync.store.db import Store, open_store
from sync.store.mirror import Mirror, Upserted, open_mirror
from tests.store_fixtures import at, make_record, make_spec

FIELDS = ["name", "mood"]
KEYS = st.sampled_from(["1", "10", "9", "a", "B", "é"])
SECONDS = st.integers(0, 9)
Shown = dict[str, tuple[float, str, str | None]]

records = st.builds(
    lambda key, second, name, mood: make_record(
        key, second, name=name, duration=1, extra={} if mood is None else {"mood": mood}
    ),
    KEYS,
    SECONDS,
    st.sampled_from(["Ada", "Bob", "=1"]),
    st.sampled_from([None, "good", "bad"]),
)
pages = st.lists(records, max_size=6)
windows = st.tuples(SECONDS, SECONDS).map(lambda ends: Slice(at(min(ends)), at(max(ends) + 1)))
steps = st.lists(st.one_of(pages, windows), min_size=1, max_size=12)
params = itertools.count()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('mirror') / 'store.db'}")
    yield opened
    opened.close()


@dataclass
class Model:
    """What the mirror should hold, and one tab that is published from it by candidates alone."""

    rows: Shown = field(default_factory=dict)
    tab: Shown = field(default_factory=dict)
    version: int | None = None
    window: Slice | None = None

    def upsert(self, page: list[Record]) -> Upserted:
        latest = {str(r.values["call_id"]): shown(r) for r in page}
        n_added = sum(key not in self.rows for key in latest)
        n_same = sum(self.rows.get(key) == row for key, row in latest.items())
        self.rows |= latest
        return Upserted(n_added, len(latest) - n_added - n_same, n_same)

    def inside(self, window: Slice) -> Shown:
        return {key: row for key, row in self.rows.items() if window.start <= at(row[0]) < window.end}


def shown(record: Record) -> tuple[float, str, str | None]:
    second = (record.values["started_at"] - at(0)).total_seconds()  # type: ignore[operator]
    return second, str(record.values["name"]), record.extra.get("mood")


def read(mirror: Mirror, window: Slice, since: int | None, unless_in: Slice | None) -> Shown:
    frame = mirror.read(["started_at", *FIELDS], window=window, since=since, unless_in=unless_in)
    order = [(row["started_at"], row["_key"].encode()) for row in frame.to_dicts()]
    assert order == sorted(order)
    assert len({key for _, key in order}) == len(order)
    return {
        row["_key"]: ((row["started_at"] - at(0)).total_seconds(), row["name"], row["mood"]) for row in frame.to_dicts()
    }


def publish(mirror: Mirror, model: Model, window: Slice) -> None:
    """Bring the model's tab up to date from candidates, as a publish does: nothing else is looked at."""
    version = mirror.version()
    candidates = read(mirror, window, model.version, model.window)
    kept = {key: row for key, row in model.tab.items() if window.start <= at(row[0]) < window.end}
    model.tab, model.version, model.window = kept | candidates, version, window


@settings(max_examples=60, deadline=None)
@given(steps=steps)
def test_tab_published_from_candidates_alone_shows_what_a_whole_read_shows(
    store: Store, steps: list[list[Record] | Slice]
) -> None:
    mirror = open_mirror(store, connection="c", spec=make_spec(), params={"example": next(params)})
    model = Model()
    for step in steps:
        if isinstance(step, Slice):
            publish(mirror, model, step)
            wanted = model.inside(step)
            assert read(mirror, step, None, None) == wanted
            # a record that left the window by its cursor value is dropped by the publish, which knows its key
            assert {key: row for key, row in model.tab.items() if key in wanted} == wanted
        else:
            assert mirror.upsert(step, seen_at=at(0)) == model.upsert(step)
    everything = Slice(at(0), at(10))
    assert read(mirror, everything, None, None) == model.rows
    assert mirror.count(everything) == len(model.rows)


@settings(max_examples=60, deadline=None)
@given(history=st.lists(pages, min_size=1, max_size=8), since=st.integers(0, 8))
def test_candidates_since_a_version_are_exactly_the_records_changed_later(
    store: Store, history: list[list[Record]], since: int
) -> None:
    mirror = open_mirror(store, connection="c", spec=make_spec(), params={"example": next(params)})
    model, changed_at = Model(), dict[str, int]()
    for page in history:
        before = dict(model.rows)
        model.upsert(page)
        mirror.upsert(page, seen_at=at(0))
        changed_at |= {key: mirror.version() for key, row in model.rows.items() if before.get(key) != row}
    everything = Slice(at(0), at(10))
    candidates = read(mirror, everything, since, everything)
    assert set(candidates) == {key for key, version in changed_at.items() if version > since}


@settings(max_examples=150, deadline=None)
@given(reads=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10), st.integers(0, 96)), min_size=1, max_size=12))
def test_coverage_never_claims_a_fresher_read_than_there_was(reads: list[tuple[int, int, int]]) -> None:
    known: list[Coverage] = []
    truth: dict[int, timedelta] = {}
    for start, length, hour in reads:
        known = add_stretch(known, Coverage(at(start), at(start + length), at(0) + timedelta(hours=hour)))
        truth |= dict.fromkeys(range(start, start + length), timedelta(hours=hour))
    newest = timedelta(hours=max(hour for _, _, hour in reads))
    assert known == sorted(known)
    assert all(one.end <= other.start for one, other in itertools.pairwise(known))
    for second in range(35):
        claims = [c.read_at - at(0) for c in known if c.start <= at(second) < c.end]
        assert len(claims) == (second in truth)
        if claims:
            assert claims[0] <= truth[second]
            assert truth[second] - claims[0] < timedelta(days=1)
            assert claims[0] == truth[second] or truth[second] < newest - timedelta(days=1)


@settings(max_examples=200, deadline=None)
@given(
    given_out=st.lists(st.integers(0, 60), max_size=25),
    earliest=st.integers(0, 60),
    n=st.integers(1, 5),
    window=st.integers(1, 15),
)
def test_slot_is_the_first_one_that_keeps_every_window_within_its_limit(
    given_out: list[int], earliest: int, n: int, window: int
) -> None:
    log: list[int] = []
    for wanted in given_out:
        log = sorted([*log, first_gap(log, wanted, n=n, window_us=window)])
    found = first_gap(log, earliest, n=n, window_us=window)
    assert fits(log, found, n=n, window=window)
    assert not any(fits(log, sooner, n=n, window=window) for sooner in range(earliest, found))


def fits(log: list[int], one_more: int, *, n: int, window: int) -> bool:
    merged = sorted([*log, one_more])
    return all(last - first >= window for first, last in zip(merged, merged[n:], strict=False))
