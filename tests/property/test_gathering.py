"""Whatever comes in whatever order: calls gathered bit by bit are those gathered at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.gathering import gather
from sync.records import Record, Slice, StreamSpec
from sync.shape.all_calls import OF_RETURNS, Origin, make_spec
from sync.sources.registry import VENDORS
from sync.store.db import Store, open_store
from sync.store.mirror import Mirror, open_mirror

START = datetime(2026, 3, 1, tzinfo=UTC)
EVER = Slice(datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
SPECS = {name: VENDORS[name].specs["calls"] for name in ("justcall", "callscaler")}
NUMBERS = ("+14155550100", "(415) 555-0100", "+14155550199", "anonymous")
NAMES = itertools.count()
CALL = st.tuples(
    st.sampled_from(sorted(SPECS)),
    st.integers(0, 5),
    st.sampled_from(NUMBERS),
    st.booleans(),
    st.sampled_from(["completed", "missed", "no-answer", "voicemail"]),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('gathering') / 'store.db'}")
    yield opened
    opened.close()


def record_of(vendor: str, told: Sequence[Any]) -> tuple[StreamSpec, Record]:
    """Make a call, or the latest version of one: number, direction and status change, as people correct them."""
    spec, (n, number, is_out, status) = SPECS[vendor], told
    words = {"direction": "outbound" if is_out else "inbound", "status": status}
    if vendor == "justcall":
        sides = {"from": "+1999" if is_out else number, "to": number if is_out else "+1999"}
        words |= {"call_id": f"c{n}", "started_at": START + timedelta(hours=n), **sides}  # type: ignore[dict-item]
    else:
        at = START + timedelta(hours=n, minutes=30)
        words |= {"id": f"s{n}", "created_at": at, "caller_number": number}  # type: ignore[dict-item]
    return spec, Record(values={**{f.name: None for f in spec.fields}, **words})


def target_in(store: Store, name: str) -> Mirror:
    return open_mirror(store, connection=name, spec=make_spec(list(SPECS.values())), params={})


def content_of(mirror: Mirror) -> list[tuple[Any, ...]]:
    fields = ["connection", "call_id", "status", "missed", "caller", *OF_RETURNS]
    return sorted(mirror.read(fields, window=EVER).select(fields).rows(), key=str)


@pytest.mark.full
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CALL, min_size=1, max_size=3), min_size=2, max_size=6))
def test_calls_gathered_bit_by_bit_are_those_gathered_at_once(store: Store, steps: list[list[Any]]) -> None:
    n = next(NAMES)
    mirrors = {name: open_mirror(store, connection=f"{name}{n}", spec=spec, params={}) for name, spec in SPECS.items()}
    parts = [(Origin(vendor=name, connection=name, spec=SPECS[name]), mirror) for name, mirror in mirrors.items()]
    bit_by_bit = target_in(store, f"bit by bit {n}")
    for calls in steps:
        for vendor, *told in calls:
            mirrors[vendor].upsert([record_of(vendor, told)[1]], seen_at=START)
        gather(bit_by_bit, parts)
    at_once = target_in(store, f"at once {n}")
    gather(at_once, parts)
    assert content_of(bit_by_bit) == content_of(at_once)
    version = bit_by_bit.version()
    assert gather(bit_by_bit, parts).n_changed == 0
    assert bit_by_bit.version() == version
