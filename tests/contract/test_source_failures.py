"""The conformance suite, second part: what failures on the way leave behind, for every stream of every source."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from sync import log
from sync.errors import ContractBroken, CredentialsRefused, RateLimited, SyncError, Unreachable
from sync.records import StreamKind
from tests.benches.bench import SECRET, Bench, every_bench, one_of_each_account, sampled, spread

BENCHES = every_bench()
PASSING: tuple[dict[str, Any], ...] = (
    {"do": "refuse", "status": 429, "retry_after": 7},
    {"do": "refuse", "status": 429},
    {"do": "refuse", "status": 500},
    {"do": "refuse", "status": 503},
    {"do": "html"},
    {"do": "cut_before"},
    {"do": "cut_after"},
    {"do": "cut_body"},
    {"do": "truncate"},
)
LASTING: tuple[tuple[dict[str, Any], type[Exception]], ...] = (
    ({"do": "refuse", "status": 429, "retry_after": 1}, RateLimited),
    ({"do": "refuse", "status": 429, "retry_after": 86_400}, RateLimited),
    ({"do": "refuse", "status": 500}, Unreachable),
    ({"do": "html"}, Unreachable),
    ({"do": "cut_before"}, Unreachable),
    ({"do": "cut_body"}, Unreachable),
    ({"do": "truncate"}, ContractBroken),
    ({"do": "refuse", "status": 400}, ContractBroken),
    ({"do": "refuse", "status": 401}, CredentialsRefused),
)


def fault_id(fault: Any) -> str:
    return "-".join(str(value) for value in fault.values())


def on(benches: list[Bench]) -> Any:
    cases = [pytest.param(b, id=b.id, marks=[pytest.mark.full] if b.twin_of else []) for b in benches]
    return pytest.mark.parametrize("bench", cases)


SHIFTING = [bench for bench in BENCHES if bench.arrives]
SAMPLED = one_of_each_account(BENCHES)  # they meet every failure in every run, the others one of each kind


@pytest.mark.parametrize(("bench", "fault"), spread(BENCHES, lambda bench: [*PASSING, *bench.more_faults]))
def test_what_passes_leaves_no_trace_in_the_records(desk, fault):
    desk.read()  # what is found out once, and kept, is not asked again
    n_before = desk.source.n_requests
    clean = desk.latest(desk.read())
    n_clean = desk.source.n_requests - n_before
    for nth in sorted({1, 2, 4, n_clean} & set(range(1, n_clean + 1))):
        desk.fault(nth=nth, times=1, **fault)
        n_before = desk.source.n_requests
        assert desk.latest(desk.read()) == clean
        # A wrong total costs a walk that meets it, one that notices, and one on its own
        assert desk.source.n_requests - n_before <= max(2 * n_clean + 5, 3 * n_clean)
        assert [entry["fault"] for entry in desk.log() if entry["fault"]]
        desk.admin.clear_log()
        desk.admin.clear_faults()


@sampled(BENCHES, SAMPLED)
def test_what_passes_leaves_no_trace_in_any_stream(desk):
    clean = desk.latest(desk.read())
    for fault in (*PASSING, *desk.bench.more_faults):
        desk.fault(nth=1, times=1, **fault)
        assert desk.latest(desk.read()) == clean
        desk.admin.clear_faults()


@on(BENCHES)
def test_a_rate_limit_with_a_wait_is_obeyed_and_told_to_everyone(desk):
    desk.fault(nth=1, times=1, do="refuse", status=429, retry_after=7)
    desk.read()
    assert [7 <= pause <= 8 for pause in desk.waiting.slept if pause >= 7] == [True]
    assert len(desk.waiting.holds) == 1


@pytest.mark.parametrize(("bench", "fault", "kind"), spread(BENCHES, lambda bench: [*LASTING, *bench.lasting_faults]))
def test_what_does_not_pass_ends_in_an_error_that_says_so(desk, fault, kind):
    desk.fault(nth=1, times=1000, **fault)
    with pytest.raises(kind) as caught:
        desk.read()
    assert caught.value.where.stream == desk.bench.stream
    assert caught.value.where.slice
    assert desk.source.n_requests <= 50
    assert sum(desk.waiting.slept) <= 900


@on([bench for bench in BENCHES if bench.spec.kind is StreamKind.ROWS])
def test_a_failure_on_a_later_request_ends_in_an_error_too(desk):
    desk.read()
    n_clean = desk.source.n_requests
    desk.fault(nth=n_clean, times=1000, do="refuse", status=500)
    with pytest.raises(Unreachable):
        desk.read()


@on([bench for bench in BENCHES if any(fault["do"] == "wrong_total" for fault, _ in bench.lasting_faults)])
def test_a_total_that_never_adds_up_names_both_numbers(desk):
    n = len(desk.read())
    desk.fault(nth=1, times=1000, do="wrong_total", delta=5)
    with pytest.raises(ContractBroken, match=r"found [\d,]+ different rows where [\d,]+ were announced") as caught:
        desk.read()
    found, announced = (int(text.replace(",", "")) for text in re.findall(r"[\d,]*\d", caught.value.what)[:2])
    assert announced == found + 5
    assert found >= n


SHIFTING = [bench for bench in BENCHES if bench.arrives and not bench.snapshot]


@pytest.mark.parametrize(("bench", "n"), spread(SHIFTING, lambda _: [101, 3, 100, 1, 250]))
def test_rows_that_shift_while_they_are_read_are_all_found(desk, n):
    before = desk.truth(desk.whole)
    for nth in (1, 2, 5):
        desk.fault(nth=nth, times=1, do="arrive", n=n, kind_of=desk.bench.arrives)
    found = desk.latest(desk.read(desk.whole))
    if desk.is_rows:
        assert before.keys() < found.keys()
    assert found.keys() == desk.truth(desk.whole).keys()


@pytest.mark.every(2)
@on(SHIFTING)
def test_records_that_arrive_before_every_page_for_a_while_are_got_over(desk):
    desk.read(desk.whole)
    desk.fault(nth=1, times=2 * desk.source.n_requests, do="arrive", n=2, kind_of=desk.bench.arrives)
    found = desk.latest(desk.read(desk.whole))
    assert found.keys() == desk.truth(desk.whole).keys()


CHANGED_FORMS = (
    ({"do": "drop_field"}, "missing"),
    ({"do": "retype_field"}, ""),
    ({"do": "rename_field", "to": "renamed"}, "missing"),
)


@pytest.mark.parametrize(
    ("bench", "fault", "said"), spread([b for b in BENCHES if b.integer_field], lambda _: CHANGED_FORMS)
)
def test_a_changed_form_is_refused_and_blanks_nothing(desk, fault, said):
    desk.read()  # what is not documented is known from the first reading on
    name = desk.bench.integer_field
    desk.fault(nth=1, times=1000, field=desk.bench.field_sent(name), **fault)
    with pytest.raises(ContractBroken, match=rf"{name}\b.*{said}"):
        desk.read()


@on([bench for bench in BENCHES if bench.required_field])
def test_a_missing_field_on_the_last_page_is_no_silent_gap(desk):
    desk.read()
    name = desk.bench.required_field
    desk.fault(nth=desk.source.n_requests, times=1, do="drop_field", field=desk.bench.field_sent(name))
    with pytest.raises(ContractBroken, match=rf"{name}\b.*missing"):
        desk.read()


ROWS_TO_BREAK = [
    bench for bench in BENCHES if bench.spec.kind is StreamKind.ROWS and bench.edit and bench.integer_field
]


@on(ROWS_TO_BREAK)
def test_a_few_odd_records_are_left_out_and_named_without_people(desk):
    clean = desk.latest(desk.read())
    name, odd = desk.bench.integer_field, list(clean)[:3]
    for key in odd:
        desk.bench.edit(desk.admin, key, name, "+4930123456")
    pages = list(desk.pages())
    rejected = [text for page in pages for text in page.rejected]
    assert sorted(text.split(":")[0] for text in rejected) == sorted(str(key[0]) for key in odd)
    assert all(name in text and "+4930123456" not in text for text in rejected)
    read = desk.latest([record for page in pages for record in page.records])
    assert read.keys() == clean.keys() - set(odd)


@on(ROWS_TO_BREAK)
def test_more_than_a_tenth_of_odd_records_is_a_changed_form(desk):
    keys = desk.keys(desk.read())
    odd = keys[::8]
    for key in odd:
        desk.bench.edit(desk.admin, key, desk.bench.integer_field, "long")
    with pytest.raises(ContractBroken, match=rf"{len(odd)} of [\d,]+ "):
        desk.read()


@on(BENCHES)
def test_no_secret_is_in_an_error_or_a_log_line(desk, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    log.setup("debug")
    try:
        echoes = ({"do": "refuse", "status": status, "message": f"who is {SECRET}"} for status in (400, 401, 403, 500))
        for fault in (*echoes, {"do": "html"}, {"do": "truncate"}):
            desk.admin.clear_faults()
            desk.fault(nth=1, times=100, **fault)
            with pytest.raises(SyncError) as caught:
                desk.read(source=desk.make())
            error: BaseException | None = caught.value
            while error:
                assert SECRET not in f"{error!s} {error!r} {vars(error)!r}"
                error = error.__cause__
    finally:
        log.setup("warning")
    assert SECRET not in caplog.text + "".join(capfd.readouterr())
