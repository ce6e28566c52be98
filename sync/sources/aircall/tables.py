"""Rows of an export to records: by the header, with everything told that could not be read or has changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sync.errors import ContractBroken
from sync.records import Page, Record, Slice
from sync.sources.aircall.columns import Binding, Bound, bind, headers_in_words
from sync.sources.aircall.files import read_rows
from sync.sources.aircall.report import PAGE_ROWS, Report
from sync.sources.aircall.values import Reading, read_unknown
from sync.sources.rows import Complaint, Tally, belongs

WATCHED_KEYS = 100_000  # rows whose keys are held to see whether one comes twice; more would grow with the file


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How the connection wants a report read: which header each field has, and how its texts are meant."""

    wanted: Mapping[str, str | Sequence[str]]
    reading: Reading


@dataclass(slots=True)
class Reader:
    """Reads the files of one slice of a report. `period` holds the first fields of a row of sums."""

    report: Report
    options: TableOptions
    within: Slice
    period: Mapping[str, Any] = field(default_factory=dict)
    on_header: Callable[[Binding], None] = lambda _: None
    binding: Binding | None = None
    seen: dict[int, int] = field(default_factory=dict)
    tally: Tally = field(init=False)
    n_twice: int = 0

    def __post_init__(self) -> None:
        self.tally = Tally(vendor="Aircall", noun=f"rows of {self.report.spec.name}")

    def pages(self, file: BinaryIO) -> Iterator[Page]:
        """Yield the records of a file that was checked, some at a time."""
        for header, rows in read_rows(file):
            self.binding = self._bind(header)
            batch: list[list[str]] = []
            for row in rows:
                batch.append(row)
                if len(batch) == PAGE_ROWS:
                    yield self._page(batch)
                    batch = []
            if batch:
                yield self._page(batch)

    def finish(self) -> tuple[str, ...]:
        """Raise when too much could not be read; return what people should know of the rest."""
        self.tally.check()
        if not self.n_twice:
            return ()
        key = ", ".join(self.report.spec.key)
        return (
            f"{self.report.spec.name}: {self.n_twice:,} rows have the {key} of another one; the later is shown. "
            "If they are different things, export_columns of the connection can name another column for the key.",
        )

    def _bind(self, header: Sequence[str]) -> Binding:
        columns, wanted = self.report.columns, self.options.wanted
        declared = {f.name for f in self.report.spec.fields}
        binding = bind(header, columns, wanted, reading=self.options.reading, declared=declared)
        missing = self._missing(binding)
        if missing:
            example = missing[0]
            raise ContractBroken(
                f"{self.report.spec.name}: no column of the file could be told to be {' or '.join(missing)}",
                hint=f"Its columns are: {headers_in_words(header)}. Say which it is in the connection: "
                f'export_columns = {{ {self.report.spec.name} = {{ {example} = "<column>" }} }}.',
            )
        for name in self._key_headers():
            if name not in header:
                raise ContractBroken(
                    f"export_columns makes the row_key of the column {name!r}, which the file does not have",
                    hint=f"Its columns are: {headers_in_words(header)}.",
                )
        self.on_header(binding)
        return binding

    def _missing(self, binding: Binding) -> list[str]:
        """Return the fields without which a row is not known again, or does not lie in time."""
        found, who = binding.bound, ("user_id", "user_email", "user")
        if self.report.is_rows:
            needed = [name for name in (*self.report.spec.key, self.report.spec.cursor_field) if name != "user_key"]
            lacking = [name for name in dict.fromkeys(needed) if name not in found]
            has_user = "user_key" not in self.report.spec.key or any(name in found for name in who)
            return lacking if has_user or lacking else list(reversed(who))
        divisions = ("team", "line", "date", "status", "hour", "direction")
        if self._key_headers() or any(name in found for name in (*who, *divisions)) or self.report.one_row:
            return []
        return ["row_key", *reversed(who)]

    def _key_headers(self) -> Sequence[str]:
        wanted = self.options.wanted.get("row_key", ())
        return (wanted,) if isinstance(wanted, str) else wanted

    def _page(self, rows: Sequence[list[str]]) -> Page:
        records, complaints = [], []
        for row in rows:
            try:
                record = self._record(row)
            except _Unreadable as error:
                complaints.append(error.complaint)
                continue
            if self._belongs(record):
                self._watch(record)
                records.append(record)
        self.tally.take(len(rows), complaints)
        return Page(records=records, rejected=[str(complaint) for complaint in complaints])

    def _belongs(self, record: Record) -> bool:
        return not self.report.is_rows or belongs(record, self.report.spec, self.within)

    def _record(self, row: list[str]) -> Record:
        assert self.binding is not None
        found: dict[str, Any] = {}
        for column in self.report.columns:
            bound = self.binding.bound.get(column.field.name)
            found[column.field.name] = self._cell(row, bound) if bound else None
        self.report.derive(found)
        if self._key_headers():
            at = [self.binding.header.index(name) for name in self._key_headers()]
            found["row_key"] = " | ".join(row[n].strip() for n in at)
        elif self.report.one_row and found.get("row_key") is None:
            found["row_key"] = "all"
        found.update(self.period)
        for name in (*self.report.spec.key, self.report.spec.cursor_field):
            if found[name] is None or found[name] == "":
                raise _Unreadable(Complaint(example=self._example(row), field=name, what="is empty"))
        fractions = not self.report.is_rows
        extra = {name: read_unknown(row[at], fractions=fractions) for at, name in self.binding.unknown}
        return Record({f.name: found[f.name] for f in self.report.spec.fields}, extra)

    def _cell(self, row: list[str], bound: Bound) -> Any:
        text = row[bound.at] if bound.at_time is None else _joined(row[bound.at].strip(), row[bound.at_time].strip())
        try:
            return bound.read(text, bound.reading)
        except ValueError as error:
            raise _Unreadable(Complaint(example=self._example(row), field=bound.name, what=str(error))) from None

    def _example(self, row: list[str]) -> str:
        """Return how the report names a row: by its key where that is a number and no person, else not at all."""
        bound = self.binding.bound.get("call_id") if self.binding else None
        return (bound and row[bound.at].strip()[:80]) or f"a row of {self.report.spec.name}"

    def _watch(self, record: Record) -> None:
        """Notice a key that comes twice with different contents: the key is then not one."""
        key = hash(tuple(record.values[name] for name in self.report.spec.key))
        before = self.seen.get(key)
        if before is None and len(self.seen) >= WATCHED_KEYS:
            return
        content = hash(repr((record.values, record.extra)))
        if before is None or before == content:
            self.seen[key] = content
            return
        if not self.report.is_rows:
            assert self.binding is not None
            raise ContractBroken(
                f"{self.report.spec.name}: two rows of one period are about the same "
                f"({', '.join(name for name in self.binding.bound)}), so that one would replace the other",
                hint=f"The columns of the file are: {headers_in_words(self.binding.header)}. Say which of them "
                f"tell its rows apart together: export_columns = {{ {self.report.spec.name} = "
                '{ row_key = ["<column>", "<column>"] } }.',
            )
        self.n_twice += 1


_HAS_DAY = re.compile(r"^\d{4}[-/.]|\d\d?[-/.]\d\d?[-/.]\d{4}|[A-Za-z]{3}")


def _joined(day: str, time: str) -> str:
    """Put a day and a time together; a time that has a day already stands for itself."""
    return time if _HAS_DAY.search(time) else f"{day} {time}".strip()


class _Unreadable(Exception):
    """A row that is left out."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(str(complaint))
        self.complaint = complaint
