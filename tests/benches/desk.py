"""One stream of the bench in front of a running sandbox, with its source, its truth, and its dials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync.records import Buckets, Page, Record, Slice, StreamKind, StreamSpec
from sync.sources.base import Source
from sync.sources.registry import make_source
from tests.benches.bench import Bench, Values, buckets_of, part_of, whole_of
from tests.sandbox_admin import Admin
from tests.source_desk import Notes

Key = tuple[Any, ...]


@dataclass
class Waiting:
    """Pace and sleep that note what was asked and never wait."""

    slept: list[float] = field(default_factory=list)
    holds: list[datetime] = field(default_factory=list)

    def __call__(self, cost: int = 1) -> None:
        pass

    def hold(self, until: datetime) -> None:
        self.holds.append(until)


class Desk:
    """Reads the stream of a bench; everything that a test needs is an attribute."""

    def __init__(self, bench: Bench, admin: Admin) -> None:
        self.bench, self.admin, self.waiting, self.notes = bench, admin, Waiting(), Notes()
        self._made: list[Source] = []
        self.source = self.make()
        self.spec: StreamSpec = bench.spec
        self.buckets = buckets_of(self.spec)
        self.whole, self.part = whole_of(self.spec, self.buckets), part_of(self.spec, self.buckets)

    def make(self, **secrets: str) -> Source:
        """Make another source on the same connection, with other secrets."""
        options = self.bench.make_options(self.admin.url)
        values = {**self.bench.secrets, **secrets}
        self._made.append(
            make_source(options, values, pace=self.waiting, sleep=self.waiting.slept.append, notebook=self.notes)
        )
        return self._made[-1]

    def close(self) -> None:
        for source in self._made:
            source.close()

    def options(self, **changes: Any) -> None:
        """Change options of the vendor in the sandbox."""
        self.admin.options(**{self.bench.vendor: changes})

    def fault(self, **fault: Any) -> None:
        self.admin.fault(service=self.bench.vendor, **fault)

    def log(self) -> list[dict[str, Any]]:
        return self.admin.log(service=self.bench.vendor)

    def pages(
        self,
        within: Slice | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        source: Source | None = None,
        buckets: Buckets | None = None,
    ) -> Iterator[Page]:
        """Fetch a stretch, else the part."""
        source, buckets = source or self.source, buckets or self.buckets
        asked = {**self.bench.params, **(params or {})}
        return source.fetch(self.bench.stream, within or self.part, asked, buckets=buckets)

    def read(self, within: Slice | None = None, params: Mapping[str, Any] | None = None, **how: Any) -> list[Record]:
        """Fetch a stretch, else the part, and return its records."""
        return [record for page in self.pages(within, params, **how) for record in page.records]

    def keys(self, records: Iterable[Record]) -> list[Key]:
        return [self.key(record.values) for record in records]

    def key(self, values: Mapping[str, Any]) -> Key:
        return tuple(values[name] for name in self.spec.key)

    def latest(self, records: Sequence[Record]) -> dict[Key, Record]:
        return {self.key(record.values): record for record in records}

    def truth(self, within: Slice | None = None, buckets: Buckets | None = None) -> dict[Key, Values]:
        """Return what a stretch, else the part, must bring."""
        found = self.bench.truth(self.admin, within or self.part, buckets or self.buckets)
        by_key = {self.key(values): values for values in found}
        assert len(by_key) == len(found), "the truth itself holds a key twice"
        return by_key

    @property
    def is_rows(self) -> bool:
        return self.spec.kind is StreamKind.ROWS
