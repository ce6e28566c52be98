"""The conformance suite: every promise of `sync/sources/base.py`, for every stream of every available source.

It runs over HTTP against the sandbox. A new source adds `tests/benches/<vendor>.py`; the tests run by themselves.
What failures leave behind is in `test_source_failures.py`, memory in `test_source_memory.py`.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from sync import clock
from sync.errors import ConfigError, CredentialsRefused
from sync.records import LISTED_AT, FieldType, Slice, StreamKind
from sync.sources.base import PERIOD_FIELDS
from sync.sources.registry import VENDORS
from tests.benches.bench import UNTIL, Bench, buckets_of, every_bench, one_of_each_account, sampled, spread, whole_of
from tests.benches.desk import Desk

BENCHES = every_bench()
SAMPLED = one_of_each_account(BENCHES)
ROWS = [bench for bench in BENCHES if bench.spec.kind is StreamKind.ROWS]
AGGREGATES = [bench for bench in BENCHES if bench.spec.kind is StreamKind.AGGREGATE]
LISTS = [bench for bench in BENCHES if bench.spec.kind is StreamKind.LIST]
PYTHON_TYPES: dict[FieldType, type | tuple[type, ...]] = {
    FieldType.TEXT: str,
    FieldType.INTEGER: int,
    FieldType.NUMBER: (int, float),
    FieldType.BOOLEAN: bool,
    FieldType.INSTANT: datetime,
    FieldType.DATE: date,
    FieldType.LIST: list,
    FieldType.OBJECT: dict,
}


def on(benches: list[Bench]) -> Any:
    return pytest.mark.parametrize("bench", benches, ids=[bench.id for bench in benches])


def on_each_way(benches: list[Bench]) -> Any:
    """Streams that are read by the code of another one are in the whole run only."""
    cases = [pytest.param(b, id=b.id, marks=[pytest.mark.full] if b.twin_of else []) for b in benches]
    return pytest.mark.parametrize("bench", cases)


def test_every_available_stream_is_on_the_bench():
    wanted = Counter(
        (name, tuple(options.items()), spec.name)
        for name, vendor in VENDORS.items()
        for options, spec in vendor.every_stream()
    )
    assert wanted == Counter((bench.vendor, tuple(bench.options.items()), bench.stream) for bench in BENCHES)


@on(BENCHES)
def test_what_a_stream_declares_fits_together(bench):
    spec = bench.spec
    names = [f.name for f in spec.fields]
    assert len(names) == len(set(names)) == len({f.title for f in spec.fields})
    assert set(spec.key) <= set(names)
    cursor = spec.field_named(spec.cursor_field)
    assert cursor is not None
    assert cursor.type is FieldType.INSTANT
    assert not cursor.can_change
    roles = [f.role for f in spec.fields if f.role]
    assert len(roles) == len(set(roles))
    assert all(param.field is None or spec.field_named(param.field) for param in spec.params)
    if spec.kind is StreamKind.AGGREGATE:
        assert spec.fields[: len(PERIOD_FIELDS)] == PERIOD_FIELDS
        assert spec.key[0] == PERIOD_FIELDS[0].name
    assert bool(spec.per) == (spec.kind is StreamKind.AGGREGATE)
    assert spec.page_size > 0
    assert spec.slice_days > 0
    assert spec.limits
    assert spec.endpoint.startswith("/")
    assert spec.description.endswith(".")
    assert all(f.title and f.description.endswith(".") for f in spec.fields)


def check_types(desk: Desk, record: Any) -> None:
    assert list(record.values) == [f.name for f in desk.spec.fields]
    for f in desk.spec.fields:
        value = record.values[f.name]
        assert value is None or isinstance(value, PYTHON_TYPES[f.type]), (f.name, value)
        assert not (isinstance(value, bool) and f.type is not FieldType.BOOLEAN)
        assert not isinstance(value, datetime) or value.utcoffset() == timedelta(0)
    assert all(record.values[name] is not None for name in (*desk.spec.key, desk.spec.cursor_field))


@pytest.mark.every(2)
@on(BENCHES)
def test_the_whole_truth_comes_once_each_with_declared_fields_types_and_the_vendors_values(desk):
    records, truth = desk.read(desk.whole), desk.truth(desk.whole)
    assert truth
    assert max(Counter(desk.keys(records)).values()) == 1
    for record in records:
        check_types(desk, record)
    wanted = {key: {f.name: values[f.name] for f in desk.spec.fields} for key, values in truth.items()}
    assert {key: record.values for key, record in desk.latest(records).items()} == wanted


@pytest.mark.parametrize(("bench", "per"), spread(AGGREGATES, lambda bench: bench.spec.per))
def test_an_aggregate_is_asked_by_every_period_that_it_declares(desk, per):
    buckets = buckets_of(desk.spec, per)
    within = whole_of(desk.spec, buckets)
    records = desk.read(within, buckets=buckets)
    begins = {clock.slice_of(dates, buckets.zone).start for dates in clock.cut_into_buckets(within, buckets)}
    assert {record.values[desk.spec.cursor_field] for record in records} <= begins
    assert {key: record.values for key, record in desk.latest(records).items()} == desk.truth(within, buckets)
    assert len({key[0] for key in desk.truth(within, buckets)}) > 0.8 * len(begins)  # a quiet day may have no row


@on_each_way(AGGREGATES)
def test_periods_asked_one_by_one_are_those_asked_together(desk):
    apart = []
    for dates in clock.cut_into_buckets(desk.part, desk.buckets):
        one = clock.slice_of(dates, desk.buckets.zone)
        records = desk.read(one)
        assert all(record.values[desk.spec.cursor_field] == one.start for record in records)
        apart += records
    assert apart == desk.read()


@on(LISTS)
def test_every_record_of_a_list_lies_at_the_instant_of_lists(desk):
    assert {record.values[desk.spec.cursor_field] for record in desk.read()} == {LISTED_AT}


@pytest.mark.parametrize(("bench", "settings"), spread(ROWS, lambda bench: bench.settings))
def test_slices_have_no_gap_and_no_overlap_whatever_the_vendor_means_by_a_date(desk, settings):
    desk.options(**settings)
    cuts = [UNTIL - timedelta(days=6), UNTIL - timedelta(days=4, hours=12), UNTIL - timedelta(days=3, hours=1)]
    cuts += [datetime(2026, 3, 30, tzinfo=UTC), UNTIL - timedelta(minutes=30), UNTIL + timedelta(seconds=1)]
    found = []
    for start, end in pairwise(cuts):
        records = desk.read(Slice(start, end))
        assert all(start <= record.values[desk.spec.cursor_field] < end for record in records)
        found += desk.keys(records)
    assert len(found) == len(set(found))
    assert set(found) == desk.truth(Slice(cuts[0], cuts[-1])).keys()


@pytest.mark.every(2)
@on(ROWS)
def test_a_slice_includes_its_start_and_excludes_its_end(desk):
    instants = sorted(values[desk.spec.cursor_field] for values in desk.truth().values())
    at, second = instants[len(instants) // 2], timedelta(seconds=1)
    assert desk.read(Slice(at, at + second))
    assert all(record.values[desk.spec.cursor_field] < at for record in desk.read(Slice(at - second, at)))


@pytest.mark.every(2)
@on_each_way(BENCHES)
def test_reading_a_slice_twice_gives_the_same(desk):
    first = desk.read()
    assert first
    assert desk.read() == first


@pytest.mark.every(3)
@on_each_way([*ROWS, *AGGREGATES])
def test_an_empty_slice_is_fine(desk):
    years_ago = Slice(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 20, tzinfo=UTC))
    if desk.buckets:
        years_ago = clock.to_whole_buckets(Slice(years_ago.start, years_ago.start + timedelta(days=1)), desk.buckets)
    assert desk.latest(desk.read(years_ago)).keys() == desk.truth(years_ago).keys()


@on([bench for bench in BENCHES if bench.edit and bench.text_field])
def test_a_late_edit_shows_when_the_slice_is_read_again(desk):
    before = desk.latest(desk.read())
    key = next(iter(before))
    desk.bench.edit(desk.admin, key, desk.bench.text_field, "typed later")
    after = desk.latest(desk.read())
    assert after[key].values[desk.bench.text_field] == "typed later"
    assert after.keys() == before.keys()


@sampled([bench for bench in BENCHES if bench.arrives], SAMPLED)
def test_what_arrives_is_there_when_the_slice_is_read_again(desk):
    before = desk.read(desk.whole)
    desk.admin.arrive_at(desk.bench.vendor, 3, kind=desk.bench.arrives)
    after = desk.latest(desk.read(desk.whole))
    assert {key: record.values for key, record in after.items()} == desk.truth(desk.whole)
    assert after != desk.latest(before)


@on_each_way(BENCHES)
def test_unknown_streams_and_params_are_config_errors_before_any_request(desk):
    with pytest.raises(ConfigError):
        desk.source.fetch("no_such_stream", desk.part, {})
    with pytest.raises(ConfigError):
        desk.pages(params={"no_such_param": 1})
    assert desk.source.n_requests == 0


@pytest.mark.every(3)
@on_each_way(BENCHES)
def test_requests_are_counted(desk):
    desk.admin.clear_log()
    desk.read(desk.whole)
    assert desk.source.n_requests == len(desk.log()) >= 1


# One stream of each way to speak to a vendor is enough for what is about its credential
ACCOUNTS = list({(bench.vendor, tuple(bench.options.items())): bench for bench in reversed(BENCHES)}.values())


@on(ACCOUNTS)
def test_the_probe_says_what_the_key_opens(desk):
    assert "accepts the key" in desk.source.probe()
    assert desk.source.n_requests <= 2
    assert "accepts the key" in desk.source.probe([bench.stream for bench in BENCHES if bench.is_beside(desk.bench)])
    assert desk.source.n_requests <= 5


@on_each_way(BENCHES)
def test_a_bad_key_is_refused_at_once(desk):
    desk.options(accepted_keys=[desk.bench.key_text])
    good, bad = desk.make(), desk.make(**{list(desk.bench.secrets)[-1]: "not-the-secret"})
    assert good.probe()
    with pytest.raises(CredentialsRefused, match=desk.bench.wrong_key) as probed:
        bad.probe()
    assert "wrong or revoked" in probed.value.hint
    with pytest.raises(CredentialsRefused, match=desk.bench.wrong_key) as read:
        desk.read(source=bad)
    assert "wrong or revoked" in read.value.hint
    assert bad.n_requests <= 3


@on_each_way([bench for bench in BENCHES if bench.has_rights])
def test_a_key_without_the_right_is_told_from_a_wrong_one(desk):
    desk.options(forbidden_keys=[desk.bench.key_text])
    if not desk.bench.probe_refuses:
        assert "plan or role" in desk.source.probe()
    for ask in (partial(desk.source.probe, [desk.bench.stream]), desk.read):
        with pytest.raises(CredentialsRefused, match="403") as caught:
            ask()
        assert "plan or role" in caught.value.hint


@pytest.mark.every(2)
@on_each_way([bench for bench in BENCHES if bench.keeps_extra])
def test_unknown_fields_are_kept(desk):
    desk.options(extra_fields={"not_heard_of": "good"})
    records = desk.read()
    assert records
    assert all(record.extra["not_heard_of"] == "good" for record in records)
    assert all("not_heard_of" not in record.values for record in records)


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("bench", "param", "value"),
    [
        (bench, param, value)
        for bench in ROWS
        for param in bench.spec.params
        if param.field and param.allowed and param.name not in bench.chooses
        for value in param.allowed
    ],
    ids=lambda value: getattr(value, "id", getattr(value, "name", value)),
)
def test_vendor_params_choose(desk, param, value):
    records = desk.read(params={param.name: value})
    assert value == "all" or all(record.values[param.field] == value for record in records)
    wanted = [v for v in desk.truth().values() if value in ("all", v[param.field])]
    assert len(records) == len(wanted)


@pytest.mark.parametrize(
    ("bench", "param"), [pytest.param(bench, name, id=f"{bench.id}-{name}") for bench in ROWS for name in bench.chooses]
)
def test_params_choose_the_records_that_they_say(desk, param):
    choice, truth = desk.bench.chooses[param], desk.truth()
    value = next(value for values in truth.values() if (value := choice.pick(values)))
    wanted = {key for key, values in truth.items() if choice.chosen(values, value)}
    assert 0 < len(wanted) < len(truth)
    assert desk.latest(desk.read(params={param: value})).keys() == wanted
