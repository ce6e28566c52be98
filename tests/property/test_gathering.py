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


def _record(vendor: str, told: Sequence[Any]) -> tuple[StreamSpec, Record]:
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


def _target(store: Store, name: str) -> Mirror:
    return open_mirror(store, connection=name, spec=make_spec(list(SPECS.values())), params={})


def _content(mirror: Mirror) -> list[tuple[Any, ...]]:
    fields = ["connection", "call_id", "status", "missed", "caller", *OF_RETURNS]
    return sorted(mirror.read(fields, window=EVER).select(fields).rows(), key=str)


@pytest.mark.full
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CALL, min_size=1, max_size=3), min_size=2, max_size=6))
def test_calls_gathered_bit_by_bit_are_those_gathered_at_once(store: Store, steps: list[list[Any]]) -> None:
    n = next(NAMES)
    mirrors = {name: open_mirror(store, connection=f"{name}{n}", spec=spec, params={}) for name, spec in SPECS.items()}
    parts = [(Origin(vendor=name, connection=name, spec=SPECS[name]), mirror) for name, mirror in mirrors.items()]
    bit_by_bit = _target(store, f"bit by bit {n}")
    for calls in steps:
        for vendor, *told in calls:
            mirrors[vendor].upsert([_record(vendor, told)[1]], seen_at=START)
        gather(bit_by_bit, parts)
    at_once = _target(store, f"at once {n}")
    gather(at_once, parts)
    assert _content(bit_by_bit) == _content(at_once)
    version = bit_by_bit.version()
    assert gather(bit_by_bit, parts).n_changed == 0
    assert bit_by_bit.version() == version


def test_a_call_whose_number_is_corrected_does_not_return_the_calls_of_the_old_number(store: Store) -> None:
    mirror = open_mirror(store, connection="corrected", spec=SPECS["justcall"], params={})
    target = _target(store, "of the corrected")
    parts = [(Origin(vendor="justcall", connection="corrected", spec=SPECS["justcall"]), mirror)]
    for number in ("+14155550100", "+14155550199"):
        missed, answered = (1, "+14155550100", False, "missed"), (2, number, True, "completed")
        mirror.upsert([_record("justcall", told)[1] for told in (missed, answered)], seen_at=START)
        gather(target, parts)
        calls = {row[1]: row for row in _content(target)}
        assert calls["c1"][-3] is (number == "+14155550100")
