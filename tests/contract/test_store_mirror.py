"""The mirror: types, versions, candidates, coverage, growth of its table; on every database."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

from sync.errors import ContractBroken
from sync.records import FieldType, Record, Slice
from sync.store.db import Store
from sync.store.mirror import Coverage, Mirror, Upserted, forget_before, key_text, open_mirror
from tests.store_fixtures import at, make_record, make_spec, one_of_each
from tests.store_processes import results_of, start

EVER = Slice(at(-10), at(10_000))


@pytest.fixture
def mirror(store: Store) -> Mirror:
    return open_mirror(store, connection="justcall", spec=make_spec(), params={})


def keys(frame: pl.DataFrame) -> list[str]:
    return frame["_key"].to_list()


def test_every_type_comes_back_as_it_went_in(store: Store) -> None:
    spec, values = one_of_each()
    mirror = open_mirror(store, connection="c", spec=spec, params={})
    empty = dict.fromkeys(values)
    records = [make_record("full", 0, **values), make_record("empty", 1, **empty)]
    mirror.upsert(records, seen_at=at(0))
    frame = mirror.read([f.name for f in spec.fields], window=EVER)
    assert dict(frame.schema) == {
        "call_id": pl.String,
        "started_at": pl.Datetime("us", "UTC"),
        "a_text": pl.String,
        "a_integer": pl.Int64,
        "a_number": pl.Float64,
        "a_boolean": pl.Boolean,
        "a_instant": pl.Datetime("us", "UTC"),
        "a_date": pl.Date,
        "a_list": pl.List(pl.String),
        "a_object": pl.String,
        "_key": pl.String,
        "_changed_in": pl.Int64,
    }
    full, blank = frame.to_dicts()
    assert full == {
        **values,
        "a_object": '{"a":[null],"b":1}',
        "call_id": "full",
        "started_at": at(0),
        "_key": "full",
        "_changed_in": 1,
    }
    assert blank == {**empty, "call_id": "empty", "started_at": at(1), "_key": "empty", "_changed_in": 1}


def test_empty_read_has_the_same_types_as_a_full_one(store: Store) -> None:
    spec, values = one_of_each()
    mirror = open_mirror(store, connection="c", spec=spec, params={})
    names = [f.name for f in spec.fields]
    before = mirror.read(names, window=EVER).schema
    mirror.upsert([make_record("full", 0, **values)], seen_at=at(0))
    assert mirror.read(names, window=EVER).schema == before
    assert mirror.read_keys([], names).schema == before


def test_upsert_counts_and_marks_only_what_changed(mirror: Mirror) -> None:
    assert mirror.upsert([make_record("a"), make_record("b")], seen_at=at(0)) == Upserted(2, 0, 0)
    again = [make_record("a"), make_record("b", name="Bob", duration=30), make_record("c")]
    assert mirror.upsert(again, seen_at=at(1)) == Upserted(1, 1, 1)
    frame = mirror.read(["name"], window=EVER)
    assert frame.rows() == [("Ada", "a", 1), ("Bob", "b", 2), ("Ada", "c", 2)]


def test_version_stays_when_nothing_changed(mirror: Mirror) -> None:
    mirror.upsert([make_record("a")], seen_at=at(0))
    assert mirror.upsert([make_record("a")], seen_at=at(5)) == Upserted(0, 0, 1)
    assert mirror.upsert([], seen_at=at(5)) == Upserted(0, 0, 0)
    assert mirror.version() == 1


def test_last_record_of_a_key_in_a_page_wins(mirror: Mirror) -> None:
    page = [make_record("a", name="first", duration=1), make_record("a", name="last", duration=1)]
    assert mirror.upsert(page, seen_at=at(0)) == Upserted(1, 0, 0)
    assert mirror.read(["name"], window=EVER)["name"].to_list() == ["last"]


def test_change_of_an_undeclared_field_is_a_change(mirror: Mirror) -> None:
    mirror.upsert([make_record("a", extra={"mood": "good"})], seen_at=at(0))
    assert mirror.upsert([make_record("a", extra={"mood": "bad"})], seen_at=at(0)) == Upserted(0, 1, 0)


def test_undeclared_fields_are_read_by_name(mirror: Mirror) -> None:
    extras = [{"mood": "good", "score": 1, "deep": {"a": 1}}, {"score": 2.5, "flag": True}, {"mood": 3}]
    mirror.upsert([make_record(f"k{i}", i, extra=extra) for i, extra in enumerate(extras)], seen_at=at(0))
    assert mirror.extra_fields() == ["deep", "flag", "mood", "score"]
    frame = mirror.read(["score", "mood", "name", "deep", "flag", "unheard_of"], window=EVER)
    assert frame["score"].to_list() == [1.0, 2.5, None]
    assert frame["mood"].to_list() == ["good", None, "3"]
    assert frame["deep"].to_list() == ['{"a":1}', None, None]
    assert frame["flag"].to_list() == [None, True, None]
    assert frame["unheard_of"].to_list() == [None, None, None]


def test_rows_come_by_cursor_value_then_key_in_byte_order(mirror: Mirror) -> None:
    page = [make_record(key, 5) for key in ("b", "B", "é", "a", "10", "9", "_")] + [make_record("z", 1)]
    mirror.upsert(page, seen_at=at(0))
    assert keys(mirror.read([], window=EVER)) == ["z", "10", "9", "B", "_", "a", "b", "é"]
    assert keys(mirror.read_keys(["é", "z", "B", "none"], ["name"])) == ["z", "B", "é"]


def test_window_includes_its_start_and_not_its_end(mirror: Mirror) -> None:
    mirror.upsert([make_record(f"k{i}", i) for i in range(4)], seen_at=at(0))
    window = Slice(at(1), at(3))
    assert keys(mirror.read(["name"], window=window)) == ["k1", "k2"]
    assert mirror.count(window) == 2


def test_candidates_are_what_changed_and_what_was_not_shown(mirror: Mirror) -> None:
    mirror.upsert([make_record(f"k{i}", i) for i in range(8)], seen_at=at(0))
    since = mirror.version()
    changed = [make_record(f"k{i}", i, name="new", duration=1) for i in (0, 3, 7)]
    mirror.upsert(changed, seen_at=at(0))
    window = Slice(at(1), at(7))
    frame = mirror.read(["name"], window=window, since=since, unless_in=Slice(at(2), at(5)))
    assert keys(frame) == ["k1", "k3", "k5", "k6"]
    assert keys(mirror.read(["name"], window=window, since=since)) == ["k3"]
    far = Slice(at(100), at(200))
    assert keys(mirror.read(["name"], window=window, since=since, unless_in=far)) == [f"k{i}" for i in range(1, 7)]


def test_record_whose_cursor_value_moves_is_where_it_is_now(mirror: Mirror) -> None:
    mirror.upsert([make_record("a", 1)], seen_at=at(0))
    mirror.upsert([make_record("a", 50)], seen_at=at(0))
    assert mirror.count(Slice(at(0), at(10))) == 0
    assert keys(mirror.read(["name"], window=Slice(at(40), at(60)))) == ["a"]


def test_any_number_of_keys_may_be_asked(mirror: Mirror) -> None:
    mirror.upsert([make_record(f"k{i:05}", i % 50) for i in range(2500)], seen_at=at(0))
    frame = mirror.read_keys([f"k{i:05}" for i in range(40_000)], ["duration"])
    assert len(frame) == 2500
    assert frame["_key"].n_unique() == 2500


def test_awkward_texts_and_numbers_are_kept_alike_everywhere(store: Store) -> None:
    types = {"name": FieldType.TEXT, "n": FieldType.NUMBER, "tags": FieldType.LIST, "raw": FieldType.OBJECT}
    mirror = open_mirror(store, connection="c", spec=make_spec(**types), params={})
    page = [
        make_record("nul", 0, name="a\x00b", n=math.nan, tags=["x\x00y", 7, None], raw={"a\x00": "\x00"}),
        make_record("half", 1, name="\ud83d", n=math.inf, tags=["\ud83d"], raw={"k": "\ud83d", "big": 2**70}),
        make_record("emoji", 2, name="🤖 'quoted\"; DROP", n=-0.0, tags=[], raw={}),
    ]
    assert mirror.upsert(page, seen_at=at(0)).n_added == 3
    assert mirror.upsert(page, seen_at=at(0)).n_unchanged == 3
    frame = mirror.read(["name", "n", "tags", "raw"], window=EVER)
    assert frame["name"].to_list() == ["ab", "?", "🤖 'quoted\"; DROP"]
    assert frame["n"].to_list() == [None, math.inf, 0.0]
    assert frame["tags"].to_list() == [["xy", "7", None], ["?"], []]


@pytest.mark.parametrize(
    "record",
    [
        Record({"call_id": None, "started_at": at(0)}),
        Record({"call_id": "", "started_at": at(0)}),
        Record({"call_id": "a", "started_at": None}),
        Record({"call_id": "a", "started_at": at(0), "duration": 2**63}),
        Record({"call_id": "a", "started_at": at(0).replace(tzinfo=None)}),
        Record({"call_id": "a", "started_at": at(0), "duration": "long"}),
    ],
)
def test_record_that_cannot_be_kept_breaks_the_page_whole(mirror: Mirror, record: Record) -> None:
    with pytest.raises(ContractBroken) as caught:
        mirror.upsert([make_record("good"), record], seen_at=at(0))
    assert caught.value.where.stream == "calls"
    assert mirror.count(EVER) == 0


def test_each_connection_stream_and_params_has_its_own_mirror(store: Store) -> None:
    def opened(connection: str, params: dict[str, object]) -> Mirror:
        return open_mirror(store, connection=connection, spec=make_spec(), params=params)

    first = opened("one", {"agent_id": 42, "b": [1]})
    first.upsert([make_record("a")], seen_at=at(0))
    assert opened("one", {"b": [1], "agent_id": 42}).id == first.id
    others = [opened("two", {"agent_id": 42, "b": [1]}), opened("one", {}), opened("one", {"agent_id": 43})]
    assert len({first.id, *(other.id for other in others)}) == 4
    assert [other.count(EVER) for other in others] == [0, 0, 0]


def test_field_declared_later_gets_a_column_and_old_records_stay(store: Store) -> None:
    old = open_mirror(store, connection="c", spec=make_spec(name=FieldType.TEXT), params={})
    old.upsert([make_record("a", name="Ada", extra={"mood": "good"})], seen_at=at(0))
    spec = make_spec(name=FieldType.TEXT, mood=FieldType.TEXT)
    new = open_mirror(store, connection="c", spec=spec, params={})
    assert new.id == old.id
    assert new.upsert([make_record("b", 1, name="Bob", mood="fine")], seen_at=at(0)).n_added == 1
    assert new.read(["name", "mood"], window=EVER).rows() == [("Ada", None, "a", 1), ("Bob", "fine", "b", 2)]
    assert new.extra_fields() == []
    assert old.upsert([make_record("a", name="Ada", extra={"mood": "good"})], seen_at=at(0)).n_unchanged == 1


def test_field_whose_type_changed_is_read_again_as_the_new_one(store: Store) -> None:
    old = open_mirror(store, connection="c", spec=make_spec(name=FieldType.TEXT), params={})
    old.upsert([make_record("a", name="12")], seen_at=at(0))
    new = open_mirror(store, connection="c", spec=make_spec(name=FieldType.INTEGER), params={})
    assert new.read(["name"], window=EVER)["name"].to_list() == [None]
    assert new.upsert([make_record("a", name=12)], seen_at=at(0)).n_changed == 1
    again = open_mirror(store, connection="c", spec=make_spec(name=FieldType.INTEGER), params={})
    assert again.read(["name"], window=EVER)["name"].to_list() == [12]


def test_key_text_is_the_same_everywhere() -> None:
    five_in_berlin = datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=1)))
    assert key_text(["0042"]) == "0042"
    assert key_text([42]) == "42"
    assert key_text(["a", 1]) == '["a",1]'
    assert key_text([date(2026, 3, 1), "x"]) == '["2026-03-01","x"]'
    assert key_text([five_in_berlin, 1]) == key_text([five_in_berlin.astimezone(UTC), 1])


def test_coverage_is_sorted_disjoint_and_cut_by_later_reads(mirror: Mirror) -> None:
    mirror.save_slice(Slice(at(200), at(300)), read_at=at(1000))
    mirror.save_slice(Slice(at(0), at(100)), read_at=at(1000))
    mirror.save_slice(Slice(at(100), at(200)), read_at=at(1000))
    assert mirror.coverage() == [Coverage(at(0), at(300), at(1000))]
    mirror.save_slice(Slice(at(50), at(150)), read_at=at(2000))
    assert mirror.coverage() == [
        Coverage(at(0), at(50), at(1000)),
        Coverage(at(50), at(150), at(2000)),
        Coverage(at(150), at(300), at(1000)),
    ]
    mirror.save_slice(Slice(at(40), at(40)), read_at=at(3000))
    mirror.save_slice(Slice(at(0), at(400)), read_at=at(3000))
    assert mirror.coverage() == [Coverage(at(0), at(400), at(3000))]


def test_refresh_marks_are_kept_by_kind(mirror: Mirror) -> None:
    assert mirror.marks.refreshed_at("lookback") is None
    mirror.marks.save_refreshed("lookback", at(1))
    mirror.marks.save_refreshed("reread", at(2))
    mirror.marks.save_refreshed("lookback", at(3))
    assert (mirror.marks.refreshed_at("lookback"), mirror.marks.refreshed_at("reread")) == (at(3), at(2))


def test_old_records_can_be_forgotten_with_their_coverage(mirror: Mirror) -> None:
    mirror.upsert([make_record(f"k{i}", i) for i in range(5)], seen_at=at(0))
    mirror.save_slice(Slice(at(0), at(5)), read_at=at(9))
    assert forget_before(mirror, at(3)) == 3
    assert keys(mirror.read([], window=EVER)) == ["k3", "k4"]
    assert mirror.coverage() == [Coverage(at(3), at(5), at(9))]


def test_reader_that_follows_versions_misses_no_change_of_concurrent_writers(store: Store, store_url: str) -> None:
    open_mirror(store, connection="c", spec=make_spec(), params={})
    n_pages = 25
    follower = start("follow", store_url, 2 * n_pages * 8 + 3)
    results_of([start("write_pages", store_url, name, n_pages) for name in ("x", "y")])
    mirror = open_mirror(store, connection="c", spec=make_spec(), params={})
    mirror.upsert([make_record("end")], seen_at=at(0))
    gathered = results_of([follower])[0]
    frame = mirror.read(["name"], window=EVER)
    assert gathered == sorted(f"{key}={name}" for key, name in zip(frame["_key"], frame["name"], strict=True))


def test_figures_of_a_group_that_is_gone_are_emptied_once_and_its_name_stays(store: Store) -> None:
    mirror = open_mirror(store, connection="c", spec=make_spec(name=FieldType.TEXT, n=FieldType.INTEGER), params={})
    both = [make_record("a", name="Ada", n=3), make_record("b", name="Ben", n=4)]
    mirror.upsert(both, seen_at=at(0))
    mirror.upsert([make_record("a", name="Ada", n=7)], seen_at=at(10))
    assert mirror.blank(EVER, unseen_since=at(10)) == 1
    rows = mirror.read(["name", "n"], window=EVER).to_dicts()
    assert [(row["name"], row["n"], row["_changed_in"]) for row in rows] == [("Ada", 7, 2), ("Ben", None, 3)]
    assert mirror.blank(EVER, unseen_since=at(10)) == 0
    assert mirror.version() == 3
    assert mirror.upsert([both[1]], seen_at=at(20)) == Upserted(0, 1, 0)
