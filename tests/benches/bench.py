"""How the conformance suite meets a stream: its connection, its truth in the sandbox, and what can be broken there.

Each vendor has a module beside this one, named as in the registry, with a list `BENCHES`: one for every stream.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync import clock
from sync.records import LISTED_AT, Buckets, Slice, StreamKind, StreamSpec
from sync.sources.base import SourceOptions
from sync.sources.registry import VENDORS
from tests.sandbox_admin import Admin

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
N_CALLS = 1500
DAYS = 30
SECRET = "s3cr3t-that-nobody-may-see"
ZONE = ZoneInfo("America/New_York")

Values = dict[str, Any]
Truth = Callable[[Admin, Slice, Buckets | None], list[Values]]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a param chooses: a value that some record has, and whether a record is among those chosen by a value."""

    pick: Callable[[Values], Any]
    holds: Callable[[Values, Any], bool] | None = None  # None: those with the same value

    def chosen(self, values: Values, value: Any) -> bool:
        return self.holds(values, value) if self.holds else self.pick(values) == value


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One stream on the bench.

    `truth` returns what the source must give for a slice: values by declared field, instants as datetimes, in any
    order; worked out without the source's code. `options` are those of the connection that make the stream what it is.
    `sent_as` tells the path of a declared field in the vendor's JSON where it is called otherwise; it is used for
    `integer_field` and `required_field`, which faults drop, rename and send as another type (None: no such field).
    `edit` changes the record of a key at the vendor, late: (admin, key values, declared field, value); `text_field`
    is one that people edit so. `odd_ids` is how the report names a record that cannot be read.
    """

    vendor: str
    stream: str
    secrets: Mapping[str, str]
    truth: Truth
    options: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)  # of every reading, such as what a report groups by
    integer_field: str | None = None
    required_field: str | None = None
    text_field: str | None = None
    sent_as: Mapping[str, str] = field(default_factory=dict)
    edit: Callable[[Admin, Sequence[Any], str, Any], Any] | None = None
    settings: Sequence[Mapping[str, Any]] = ({},)  # of the sandbox, under each of which slices must fit together
    generous: Mapping[str, Any] = field(default_factory=lambda: {"requests_per_minute": 100_000})
    at_once: Mapping[str, Any] = field(default_factory=dict)  # options of the sandbox by which nothing takes its time
    more_faults: Sequence[Mapping[str, Any]] = ()  # that pass, beside those that every stream gets over
    lasting_faults: Sequence[tuple[Mapping[str, Any], type[Exception]]] = ()  # that end in an error if they stay
    chooses: Mapping[str, Choice] = field(default_factory=dict)  # by param, where it is not one field's equal
    arrives: str = ""  # the kind of record that may arrive while this stream is read; "": pages do not move
    twin_of: str = ""  # a stream that is read by the same code; failures are tried on that one in every run
    snapshot: bool = False  # whether a reading shows one moment, so that what arrives meanwhile is not in it
    wrong_key: str = "401"  # the status by which a wrong key is refused
    has_rights: bool = True  # whether there is a right that a good key may lack for this stream
    probe_refuses: bool = True  # whether a key without that right opens nothing at all, so that the probe fails
    keeps_extra: bool = True  # whether the option extra_fields of the sandbox shows in the records

    @property
    def id(self) -> str:
        """What pytest calls it."""
        return "-".join([self.vendor, *(str(value) for value in self.options.values()), self.stream])

    def make_options(self, url: str) -> SourceOptions:
        """Make the options of the connection to a sandbox."""
        model = VENDORS[self.vendor].options
        return model(base_url=f"{url}/{self.vendor}", **{**model.needed_examples(), **self.options})

    def is_beside(self, other: Bench) -> bool:
        """Tell whether another stream is one of the same account."""
        return (self.vendor, self.options) == (other.vendor, other.options)

    @property
    def spec(self) -> StreamSpec:
        """What the stream declares, with the params of this bench."""
        vendor = VENDORS[self.vendor].with_options(self.make_options("http://localhost"))
        return vendor.spec_for(self.stream, self.params)

    @property
    def key_text(self) -> str:
        """The credential as the sandbox's options write it."""
        return ":".join(self.secrets.values())

    def field_sent(self, name: str) -> str:
        """Return the path of a declared field in the vendor's JSON."""
        return self.sent_as.get(name, name)


def days(start: float, end: float) -> Slice:
    """Return the stretch between so many days before the end of the made-up calls."""
    return Slice(UNTIL - timedelta(days=start), UNTIL - timedelta(days=end))


def buckets_of(spec: StreamSpec, per: str | None = None) -> Buckets | None:
    """Return the periods by which an aggregate is asked here; None for other streams."""
    if spec.kind is not StreamKind.AGGREGATE:
        return None
    return Buckets(per=per or spec.per[0], zone=ZONE)  # type: ignore[arg-type]


def whole_of(spec: StreamSpec, buckets: Buckets | None) -> Slice:
    """Return a stretch that holds every made-up record, or some periods of a report."""
    if spec.kind is StreamKind.LIST:
        return Slice(LISTED_AT, LISTED_AT + timedelta(days=1))
    if buckets is None:
        return days(DAYS + 1, -40)  # what arrives comes after the end
    return clock.to_whole_buckets(days(9 if buckets.per == "day" else 20, 0), buckets)


def part_of(spec: StreamSpec, buckets: Buckets | None) -> Slice:
    """Return a stretch of some pages or periods."""
    if spec.kind is StreamKind.LIST:
        return whole_of(spec, None)
    return days(10, 0) if buckets is None else clock.to_whole_buckets(days(3, 1), buckets)


def every_bench() -> list[Bench]:
    """Return the benches of all vendors that are available."""
    found: list[Bench] = []
    for name in VENDORS:
        found += importlib.import_module(f"tests.benches.{name}").BENCHES
    return found


def one_of_each_account(benches: Sequence[Bench]) -> set[str]:
    """Return the id of the first stream of each account: of a vendor, with the options that it takes."""
    return {bench.id for bench in {(b.vendor, str(b.options)): b for b in reversed(benches)}.values()}


def spread(benches: Sequence[Bench], choices_of: Callable[[Bench], Sequence[Any]]) -> list[Any]:
    """Cross benches with choices: each bench meets one of them in every run, and all of them in the whole one.

    Which one goes round, so that every choice is met by somebody.
    """
    crossed = []
    for n, bench in enumerate(sorted(benches, key=lambda bench: bool(bench.twin_of))):
        choices = choices_of(bench)
        for k, choice in enumerate(choices):
            values = choice if isinstance(choice, tuple) else (choice,)
            marks = [] if k == n % len(choices) and not bench.twin_of else [pytest.mark.full]
            crossed.append(pytest.param(bench, *values, id=f"{bench.id}-{_word(values[0])}", marks=marks))
    return crossed


def sampled(benches: Sequence[Bench], met: set[str]) -> Any:
    """Parametrize with benches; those that are not `met` in every run are in the whole one."""
    marks = {bench.id: [] if bench.id in met else [pytest.mark.full] for bench in benches}
    return pytest.mark.parametrize(
        "bench", [pytest.param(bench, id=bench.id, marks=marks[bench.id]) for bench in benches]
    )


def _word(value: Any) -> str:
    return "-".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
