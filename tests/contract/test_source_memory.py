"""The conformance suite, third part: memory. Each source reads in a process of its own, the sandbox in this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sync.records import StreamKind
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.benches.bench import DAYS, UNTIL, Bench, every_bench
from tests.far_reading import read_far
from tests.sandbox_admin import Admin

ROWS = [bench for bench in every_bench() if bench.spec.kind is StreamKind.ROWS]
A_KEY = 500  # bytes: the key of a record, and what a set takes to hold it
A_RECORD = 15_000  # bytes, while its page is read: its JSON, its parts, its record
ROOM = 16_000_000  # bytes that an allocator may take more or less from one slice to the next
SAMPLED = "justcall-v2-analytics_calls"

on_rows = pytest.mark.parametrize("bench", ROWS, ids=[bench.id for bench in ROWS])


def make_generous(admin: Admin, benches: list[Bench]) -> None:
    admin.reset()
    for bench in benches:
        admin.options(**{bench.vendor: dict(bench.generous)})


def assert_only_keys_grow(bench: Bench, told: dict[str, Any]) -> None:
    assert told["n_many"] > 5 * told["n_few"]
    # The few may be less than one page
    of_one_page = A_RECORD * max(0, bench.spec.page_size - told["n_few"])
    assert told["many"] - told["few"] < A_KEY * (told["n_many"] - told["n_few"]) + of_one_page


def test_memory_does_not_grow_with_the_records_of_any_stream_but_for_their_keys(sandbox):
    with Admin(sandbox.url) as admin:
        make_generous(admin, ROWS)
        # One process for all of them, as starting one takes longer than reading
        told = read_far("growth", admin.url, *(bench.id for bench in ROWS), timeout_s=1200)
    for bench in ROWS:
        assert_only_keys_grow(bench, told[bench.id])


@pytest.fixture(scope="module")
def large_sandbox() -> Iterator[SandboxServer]:
    options = SandboxOptions(calls=CallOptions(n_calls=10_000, days=DAYS, until=UNTIL))
    with SandboxServer(options=options) as running:
        yield running


def assert_passes(server: SandboxServer, bench: Bench, n: int) -> None:
    with Admin(server.url) as admin:
        make_generous(admin, [bench])
        told = read_far("passing", admin.url, n, bench.id, timeout_s=7200)[bench.id]
    assert told["n"] >= n
    assert told["after_all"] - told["after_one"] < ROOM


def test_tens_of_thousands_of_records_pass_through_at_the_memory_of_one_slice(sandbox):
    (bench,) = [bench for bench in ROWS if bench.id == SAMPLED]
    assert_passes(sandbox, bench, 20_000)


@pytest.mark.full
@on_rows
def test_memory_does_not_grow_with_ten_thousand_records_in_one_slice(large_sandbox, bench):
    with Admin(large_sandbox.url) as admin:
        make_generous(admin, [bench])
        assert_only_keys_grow(bench, read_far("growth", admin.url, bench.id, timeout_s=1200)[bench.id])


@pytest.mark.full
@on_rows
def test_a_million_records_pass_through_at_the_memory_of_ten_thousand(large_sandbox, bench):
    assert_passes(large_sandbox, bench, 1_000_000)
