"""The conformance suite: every promise of `sync/sources/base.py`, for every stream of every available source.

It runs over HTTP against the sandbox. A new source adds a `Bench` to `BENCHES`; the tests run by themselves.
"""

from __future__ import annotations

import logging
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from sync import log
from sync.errors import ConfigError, ContractBroken, CredentialsRefused, RateLimited, SyncError, Unreachable
from sync.records import FieldType, Page, Record, Slice, StreamSpec
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.base import Source
from sync.sources.registry import VENDORS, make_source
from tests.sandbox_admin import Admin
from tests.source_desk import Notes

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
N_CALLS = 1500
SECRET = "s3cr3t-that-nobody-may-see"

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


@dataclass
class Waiting:
    """Pace and sleep that note what was asked and never wait."""

    slept: list[float] = field(default_factory=list)
    holds: list[datetime] = field(default_factory=list)

    def __call__(self, cost: int = 1) -> None:
        pass

    def hold(self, until: datetime) -> None:
        self.holds.append(until)


@dataclass(frozen=True)
class Bench:
    """How the suite meets one stream: where it is in the sandbox, its truth there, and fields to break."""

    vendor: str
    stream: str
    service: str
    base_path: str
    secrets: dict[str, str]
    truth: Callable[[Admin], list[dict[str, Any]]]
    nullable_text_field: str
    integer_field: str
    required_field: str


BENCHES = [
    Bench(
        vendor="justcall",
        stream="calls",
        service="justcall",
        base_path="/justcall",
        secrets={"api_key": "key-for-tests", "api_secret": SECRET},
        truth=lambda admin: admin.calls(),
        nullable_text_field="notes",
        integer_field="duration",
        required_field="disposition",
    )
]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    running = SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=N_CALLS, days=30, until=UNTIL))).start()
    yield running
    running.stop()


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as opened:
        opened._ask("POST", "/admin/reset")
        opened.options(justcall={"requests_per_minute": 100_000})
        yield opened


@pytest.fixture(params=BENCHES, ids=lambda bench: f"{bench.vendor}-{bench.stream}")
def bench(request: pytest.FixtureRequest) -> Bench:
    return request.param


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def make(server: SandboxServer, bench: Bench, waiting: Waiting) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def build(**secrets: str) -> Source:
        options_model = VENDORS[bench.vendor].options
        refs = dict.fromkeys(options_model.secret_names(), "env:X")
        options = options_model(base_url=server.url + bench.base_path, **refs)
        made.append(
            make_source(
                options, {**bench.secrets, **secrets}, pace=waiting, sleep=waiting.slept.append, notebook=Notes()
            )
        )
        return made[-1]

    yield build
    for source in made:
        source.close()


@pytest.fixture
def source(make: Callable[..., Source], admin: Admin) -> Source:
    return make()


@pytest.fixture
def spec(source: Source, bench: Bench) -> StreamSpec:
    return source.specs[bench.stream]


def days(start: int, end: int) -> Slice:
    """Return the slice between so many days before the end of the made-up calls."""
    return Slice(UNTIL - timedelta(days=start), UNTIL - timedelta(days=end))


WHOLE = Slice(UNTIL - timedelta(days=31), datetime(2027, 6, 1, tzinfo=UTC))
TEN_DAYS = days(10, 0)


def records_of(pages: Iterator[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def keys_of(records: Sequence[Record], spec: StreamSpec) -> list[tuple[Any, ...]]:
    return [tuple(record.values[name] for name in spec.key) for record in records]


def latest(records: Sequence[Record], spec: StreamSpec) -> dict[tuple[Any, ...], Record]:
    return dict(zip(keys_of(records, spec), records, strict=True))


def truth_keys(bench: Bench, admin: Admin, spec: StreamSpec, within: Slice) -> set[tuple[Any, ...]]:
    return {
        tuple(row[name] for name in spec.key)
        for row in bench.truth(admin)
        if within.start <= datetime.fromisoformat(row[spec.cursor_field]) < within.end
    }


def test_every_available_stream_is_on_the_bench():
    wanted = {(name, stream) for name, vendor in VENDORS.items() if vendor.available for stream in vendor.specs}
    assert wanted == {(bench.vendor, bench.stream) for bench in BENCHES}


def test_the_whole_truth_comes_once_each_with_declared_fields_and_types(source, spec, bench, admin):
    records = records_of(source.fetch(bench.stream, WHOLE, {}))
    keys = keys_of(records, spec)
    assert max(Counter(keys).values()) == 1
    assert set(keys) == truth_keys(bench, admin, spec, WHOLE)
    assert len(keys) == N_CALLS
    for record in records:
        assert list(record.values) == [f.name for f in spec.fields]
        for f in spec.fields:
            value = record.values[f.name]
            assert value is None or isinstance(value, PYTHON_TYPES[f.type])
            assert not (isinstance(value, bool) and f.type is not FieldType.BOOLEAN)
            assert not isinstance(value, datetime) or value.utcoffset() == timedelta(0)
        assert all(record.values[name] is not None for name in (*spec.key, spec.cursor_field))


def test_values_are_those_of_the_vendor(source, spec, bench, admin):
    by_key = latest(records_of(source.fetch(bench.stream, WHOLE, {})), spec)
    for row in bench.truth(admin):
        values = by_key[tuple(row[name] for name in spec.key)].values
        for f in spec.fields:
            wanted = row[f.name]
            if f.type is FieldType.INSTANT and wanted is not None:
                wanted = datetime.fromisoformat(wanted)
            assert values[f.name] == wanted


@pytest.mark.parametrize(
    "dates",
    [
        {"dates_zone": zone, "end_included": included}
        for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")
        for included in (True, False)
    ],
    ids=lambda dates: "-".join(map(str, dates.values())),
)
def test_slices_have_no_gap_and_no_overlap_whatever_the_vendor_means_by_a_date(source, spec, bench, admin, dates):
    admin.options(justcall=dates)
    cuts = [UNTIL - timedelta(days=6), UNTIL - timedelta(days=4, hours=12), UNTIL - timedelta(days=3, hours=1)]
    cuts += [datetime(2026, 3, 30, tzinfo=UTC), UNTIL - timedelta(minutes=30), UNTIL + timedelta(seconds=1)]
    found: list[tuple[Any, ...]] = []
    for start, end in pairwise(cuts):
        records = records_of(source.fetch(bench.stream, Slice(start, end), {}))
        assert all(start <= record.values[spec.cursor_field] < end for record in records)
        found += keys_of(records, spec)
    assert len(found) == len(set(found))
    assert set(found) == truth_keys(bench, admin, spec, Slice(cuts[0], cuts[-1]))


def test_a_slice_includes_its_start_and_excludes_its_end(source, spec, bench, admin):
    at = datetime.fromisoformat(bench.truth(admin)[N_CALLS // 2][spec.cursor_field])
    second = timedelta(seconds=1)
    assert records_of(source.fetch(bench.stream, Slice(at, at + second), {}))
    before = records_of(source.fetch(bench.stream, Slice(at - second, at), {}))
    assert all(record.values[spec.cursor_field] < at for record in before)


def test_reading_a_slice_twice_gives_the_same(source, bench):
    first = records_of(source.fetch(bench.stream, TEN_DAYS, {}))
    assert first
    assert records_of(source.fetch(bench.stream, TEN_DAYS, {})) == first


def test_an_empty_slice_is_fine(source, bench):
    years_ago = Slice(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 20, tzinfo=UTC))
    assert records_of(source.fetch(bench.stream, years_ago, {})) == []


def test_a_late_edit_shows_when_the_slice_is_read_again(source, spec, bench, admin):
    before = latest(records_of(source.fetch(bench.stream, TEN_DAYS, {})), spec)
    key = next(iter(before))
    admin.edit_calls(call_ids=[key[0]], fields={bench.nullable_text_field: "typed later"})
    after = latest(records_of(source.fetch(bench.stream, TEN_DAYS, {})), spec)
    assert after[key].values[bench.nullable_text_field] == "typed later"
    assert after.keys() == before.keys()


def test_unknown_streams_and_params_are_config_errors_before_any_request(source, bench):
    with pytest.raises(ConfigError):
        source.fetch("no_such_stream", TEN_DAYS, {})
    with pytest.raises(ConfigError):
        source.fetch(bench.stream, TEN_DAYS, {"no_such_param": 1})
    assert source.n_requests == 0


def test_the_probe_says_what_the_key_opens(source):
    assert "accepts the key" in source.probe()
    assert source.n_requests <= 2


def test_requests_are_counted(source, bench, admin):
    admin.clear_log()
    records_of(source.fetch(bench.stream, WHOLE, {}))
    assert source.n_requests == len(admin.log(service=bench.service)) > 1


def test_a_bad_key_is_refused_at_once(make, bench, admin):
    admin.options(justcall={"accepted_keys": [":".join(bench.secrets.values())]})
    good, bad = make(), make(api_secret="not-the-secret")
    assert good.probe()
    with pytest.raises(CredentialsRefused, match="401") as probed:
        bad.probe()
    assert "wrong or revoked" in probed.value.hint
    with pytest.raises(CredentialsRefused, match="401"):
        records_of(bad.fetch(bench.stream, TEN_DAYS, {}))
    assert bad.n_requests == 2


def test_a_key_without_the_right_is_told_from_a_wrong_one(make, bench, admin):
    admin.options(justcall={"forbidden_keys": [":".join(bench.secrets.values())]})
    with pytest.raises(CredentialsRefused, match="403") as probed:
        make().probe()
    assert "plan or role" in probed.value.hint


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "refuse", "status": 429, "retry_after": 7},
        {"do": "refuse", "status": 429},
        {"do": "refuse", "status": 500},
        {"do": "refuse", "status": 503},
        {"do": "html"},
        {"do": "cut_before"},
        {"do": "cut_after"},
        {"do": "cut_body"},
        {"do": "truncate"},
        {"do": "repeat_page"},
        {"do": "wrong_total", "delta": 5},
        {"do": "wrong_total", "delta": -5},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_what_passes_leaves_no_trace_in_the_records(source, spec, bench, admin, fault):
    clean = latest(records_of(source.fetch(bench.stream, TEN_DAYS, {})), spec)
    for nth in (1, 2, 4):
        admin.fault(service=bench.service, nth=nth, times=1, **fault)
        n_before = source.n_requests
        assert latest(records_of(source.fetch(bench.stream, TEN_DAYS, {})), spec) == clean
        assert source.n_requests - n_before <= 15
        assert [entry["fault"] for entry in admin.log(service=bench.service) if entry["fault"]]
        admin.clear_log()
        admin.clear_faults()


def test_a_rate_limit_with_a_wait_is_obeyed_and_told_to_everyone(source, bench, admin, waiting):
    admin.fault(service=bench.service, nth=2, times=1, do="refuse", status=429, retry_after=7)
    records_of(source.fetch(bench.stream, TEN_DAYS, {}))
    assert [7 <= pause <= 8 for pause in waiting.slept] == [True]
    assert len(waiting.holds) == 1


@pytest.mark.parametrize(
    "case",
    [
        ({"do": "refuse", "status": 429, "retry_after": 1}, RateLimited),
        ({"do": "refuse", "status": 429, "retry_after": 86_400}, RateLimited),
        ({"do": "refuse", "status": 500}, Unreachable),
        ({"do": "html"}, Unreachable),
        ({"do": "cut_before"}, Unreachable),
        ({"do": "cut_body"}, Unreachable),
        ({"do": "truncate"}, ContractBroken),
        ({"do": "wrong_total", "delta": 5}, ContractBroken),
        ({"do": "refuse", "status": 400}, ContractBroken),
        ({"do": "refuse", "status": 401}, CredentialsRefused),
    ],
    ids=lambda case: "-".join(map(str, case[0].values())),
)
def test_what_does_not_pass_ends_in_an_error_that_says_so(source, bench, admin, waiting, case):
    fault, kind = case
    admin.fault(service=bench.service, nth=2, times=1000, **fault)
    with pytest.raises(kind) as caught:
        records_of(source.fetch(bench.stream, TEN_DAYS, {}))
    assert caught.value.where.stream == bench.stream
    assert caught.value.where.slice == str(TEN_DAYS)
    assert source.n_requests < 40
    assert sum(waiting.slept) <= 900


def test_a_total_that_never_adds_up_names_both_numbers(source, bench, admin):
    n = len(records_of(source.fetch(bench.stream, WHOLE, {})))
    admin.fault(service=bench.service, nth=1, times=1000, do="wrong_total", delta=5)
    with pytest.raises(ContractBroken, match=rf"found {n:,} different rows where {n + 5:,}"):
        records_of(source.fetch(bench.stream, WHOLE, {}))


@pytest.mark.parametrize("n", [1, 3, 100, 101, 250])
def test_rows_that_shift_while_they_are_read_are_all_found(source, spec, bench, admin, n):
    before = truth_keys(bench, admin, spec, WHOLE)
    for nth in (2, 5):
        admin.fault(service=bench.service, nth=nth, times=1, do="arrive", n=n)
    found = latest(records_of(source.fetch(bench.stream, WHOLE, {})), spec)
    assert before < found.keys()
    assert found.keys() == truth_keys(bench, admin, spec, WHOLE)


def test_a_call_arriving_before_every_page_for_a_while_is_got_over(source, spec, bench, admin):
    admin.fault(service=bench.service, nth=1, times=25, do="arrive", n=2)
    found = latest(records_of(source.fetch(bench.stream, WHOLE, {})), spec)
    assert found.keys() == truth_keys(bench, admin, spec, WHOLE)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"do": "drop_field"}, "is missing"),
        ({"do": "rename_field", "to": "renamed"}, "is missing"),
        ({"do": "retype_field"}, ""),
    ],
    ids=["dropped", "renamed", "retyped"],
)
def test_a_changed_form_is_refused_and_blanks_nothing(source, bench, admin, fault, said):
    admin.fault(service=bench.service, nth=1, times=1000, field=bench.integer_field, **fault)
    with pytest.raises(ContractBroken, match=rf"{bench.integer_field} .*{said}") as caught:
        records_of(source.fetch(bench.stream, TEN_DAYS, {}))
    assert "for example in call_" in caught.value.what


def test_a_missing_field_on_a_later_page_is_no_silent_gap(source, bench, admin):
    admin.fault(service=bench.service, nth=3, times=1, do="drop_field", field=bench.required_field)
    with pytest.raises(ContractBroken, match=f"{bench.required_field} is missing"):
        records_of(source.fetch(bench.stream, TEN_DAYS, {}))


def test_a_few_odd_records_are_left_out_and_named_without_people(source, spec, bench, admin):
    clean = latest(records_of(source.fetch(bench.stream, TEN_DAYS, {})), spec)
    odd = list(clean)[:3]
    admin.edit_calls(call_ids=[key[0] for key in odd], fields={bench.integer_field: "+4930123456"})
    pages = list(source.fetch(bench.stream, TEN_DAYS, {}))
    rejected = [text for page in pages for text in page.rejected]
    assert sorted(text.split(":")[0] for text in rejected) == sorted(key[0] for key in odd)
    assert all(bench.integer_field in text and "+4930123456" not in text for text in rejected)
    assert latest(records_of(iter(pages)), spec).keys() == clean.keys() - set(odd)


def test_more_than_a_tenth_of_odd_records_is_a_changed_form(source, spec, bench, admin):
    keys = keys_of(records_of(source.fetch(bench.stream, WHOLE, {})), spec)
    odd = [key[0] for n, key in enumerate(keys) if n % 8 == 0]
    admin.edit_calls(call_ids=odd, fields={bench.integer_field: "long"})
    with pytest.raises(ContractBroken, match=f"{len(odd)} of 1,500"):
        records_of(source.fetch(bench.stream, WHOLE, {}))


def test_unknown_fields_are_kept(source, bench, admin):
    admin.options(justcall={"extra_fields": {"sentiment": "good"}})
    records = records_of(source.fetch(bench.stream, TEN_DAYS, {}))
    assert records
    assert all(record.extra == {"sentiment": "good"} for record in records)


def test_vendor_params_choose(source, spec, bench):
    for param in spec.params:
        for value in param.allowed:
            records = records_of(source.fetch(bench.stream, TEN_DAYS, {param.name: value}))
            assert value == "all" or all(record.values[param.field] == value for record in records)


def test_no_secret_is_in_an_error_or_a_log_line(make, bench, admin, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    log.setup("debug")
    try:
        echoes = ({"do": "refuse", "status": status, "message": f"who is {SECRET}"} for status in (400, 401, 500))
        for fault in (*echoes, {"do": "html"}, {"do": "truncate"}):
            admin.clear_faults()
            admin.fault(service=bench.service, nth=1, times=100, **fault)
            with pytest.raises(SyncError) as caught:
                records_of(make().fetch(bench.stream, TEN_DAYS, {}))
            error: BaseException | None = caught.value
            while error:
                assert SECRET not in f"{error!s} {error!r} {vars(error)!r}"
                error = error.__cause__
    finally:
        log.setup("warning")
    assert SECRET not in caplog.text + "".join(capfd.readouterr())


def test_memory_does_not_grow_with_records_but_for_their_keys(source, bench):
    def peak_bytes(within: Slice) -> tuple[int, int]:
        tracemalloc.reset_peak()
        base = tracemalloc.get_traced_memory()[0]
        n_records = sum(len(page.records) for page in source.fetch(bench.stream, within, {}))
        return tracemalloc.get_traced_memory()[1] - base, n_records

    records_of(source.fetch(bench.stream, TEN_DAYS, {}))
    tracemalloc.start()
    try:
        peak_bytes(days(9, 6))
        few_bytes, n_few = peak_bytes(days(9, 6))
        many_bytes, n_many = peak_bytes(WHOLE)
    finally:
        tracemalloc.stop()
    assert n_many > 5 * n_few
    # A record takes about two thousand bytes; the request log of the sandbox in the same process counts too.
    assert many_bytes - few_bytes < 500 * (n_many - n_few)
