"""One period of CallScaler's analytics, whole where that can be had; there are no next pages.

An answer that was cut is asked for again in parts that share no group: by days where the rows are by date, else by the
values of a field that is both a group and a filter. Each row of each part is a whole group: nothing is ever added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sync.records import Record, StreamSpec
from sync.sources.callscaler.models import GroupsReply
from sync.sources.callscaler.streams import DIRECTIONS, EMPTY_VALUE, MAX_ROWS, NO_VALUE, STATUSES
from sync.sources.rows import Complaint, RowReader

Ask = Callable[[Mapping[str, Any], date, date], GroupsReply]

_PARTITIONS = ("direction", "status", "ai_category", "source", "call_flow_id", "number_id")  # groups that are filters
_KNOWN_VALUES = {"direction": DIRECTIONS, "status": STATUSES}
MAX_REQUESTS = 200  # for one period; at 60 a minute more than three minutes of the account's budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the analytics: filters, groups and metrics, and the days, both included."""

    query: Mapping[str, Any]
    groups: tuple[str, ...]
    first: date
    last: date
    limit: int

    @classmethod
    def of(cls, params: Mapping[str, Any], first: date, last: date) -> Question:
        """Make the question of a tab; the count of calls is always asked too, to see what is missing."""
        limit = params.get("limit", MAX_ROWS)
        metrics = [*params.get("metrics", ("count",))]
        metrics += [] if "count" in metrics else ["count"]
        query = {**params, "metrics": metrics, "limit": limit}
        return cls(query=query, groups=tuple(params["group_by"]), first=first, last=last, limit=limit)

    def during(self, first: date, last: date) -> Question:
        """Return the same question about other days."""
        return replace(self, first=first, last=last)

    def holds(self, record: Record) -> bool:
        """Tell whether a group belongs to the days asked for, as far as it says."""
        day = record.values.get("date")
        return not isinstance(day, date) or self.first <= day <= self.last

    def where(self, name: str, value: str) -> Question:
        """Return the same question with one more filter."""
        return replace(self, query={**self.query, name: value})


@dataclass(slots=True, kw_only=True)
class Answer:
    """The groups of one period, and what is to be said of them."""

    records: list[Record]
    complaints: list[Complaint]
    n_rows: int
    warnings: list[str] = field(default_factory=list)
    is_whole: bool = True


def ask_whole(ask: Ask, question: Question, spec: StreamSpec) -> Answer:
    """Ask, in parts where the answer is cut, and say what is missing all the same."""
    collector = _Collector(ask, question.groups)
    first = collector.ask(question)
    if _is_cut(first, question) and question.limit == MAX_ROWS:
        collector.ask_in_parts(question)
    records, complaints = _read([collector.rows[key] for key in sorted(collector.rows)], question, spec)
    inside = [record for record in records if question.holds(record)]
    answer = Answer(records=inside, complaints=complaints, n_rows=len(collector.rows))
    answer.warnings = list(_say_missing(collector, first, question))
    answer.is_whole = not answer.warnings
    if len(inside) < len(records):
        answer.warnings.append("CallScaler answered with other days too; run check, end_date may be set wrongly.")
    return answer


class _Collector:
    """Gathers rows by group over several requests; the same group is the same row, whoever brings it."""

    def __init__(self, ask: Ask, groups: Sequence[str]) -> None:
        self._ask, self._groups = ask, groups
        self.rows: dict[tuple[str, ...], Any] = {}
        self.n_requests = 0
        self.is_cut = False

    def ask(self, question: Question) -> GroupsReply:
        """Send one request and keep its rows."""
        self.n_requests += 1
        reply = self._ask(question.query, question.first, question.last)
        for row in reply.rows:
            key = tuple(repr(row.get(name)) for name in self._groups) if isinstance(row, dict) else (repr(row),)
            self.rows[key] = row
        return reply

    def ask_in_parts(self, question: Question) -> None:
        """Ask for the parts of a question whose answer was cut, and for theirs."""
        parts = list(self._parts_of(question))
        self.is_cut |= not parts
        for part in parts:
            if self.n_requests >= MAX_REQUESTS:
                self.is_cut = True
                return
            if _is_cut(self.ask(part), part):
                self.ask_in_parts(part)

    def _parts_of(self, question: Question) -> Iterator[Question]:
        n_days = (question.last - question.first).days
        if "date" in self._groups and n_days > 0:
            middle = question.first + timedelta(days=n_days // 2)
            yield question.during(question.first, middle)
            yield question.during(middle + timedelta(days=1), question.last)
            return
        name = next((n for n in _PARTITIONS if n in self._groups and n not in question.query), None)
        if name is not None:
            yield from (question.where(name, value) for value in self._values_of(name, question))

    def _values_of(self, name: str, question: Question) -> Sequence[str]:
        if name in _KNOWN_VALUES:
            return _KNOWN_VALUES[name]
        self.n_requests += 1
        query = {**question.query, "group_by": [name], "metrics": ["count"], "sort_by": "count"}
        reply = self._ask(query, question.first, question.last)
        return [str(row[name]) for row in reply.rows if isinstance(row, dict) and row.get(name)]


def _is_cut(reply: GroupsReply, question: Question) -> bool:
    """Tell whether rows are missing: as many as may be, or fewer than there are said to be."""
    n_rows = len(reply.rows)
    if reply.n_groups is not None and reply.n_groups > n_rows:
        return True
    return n_rows >= question.limit and (reply.n_calls is None or _n_calls(reply.rows) < reply.n_calls)


def _n_calls(rows: Sequence[Any]) -> int:
    counts = (row.get("count") for row in rows if isinstance(row, dict))
    return sum(int(c) for c in counts if isinstance(c, int | float) or (isinstance(c, str) and c.isdecimal()))


def _say_missing(collector: _Collector, first: GroupsReply, question: Question) -> Iterator[str]:
    n_rows, n_calls = len(collector.rows), _n_calls(list(collector.rows.values()))
    total = first.n_calls
    was_cut = _is_cut(first, question)
    has_all = n_calls >= total if total is not None else not collector.is_cut
    if has_all and (question.limit == MAX_ROWS or not was_cut):
        return
    of_calls = f"{n_calls:,} of {total:,} calls" if total is not None else f"{n_calls:,} calls, and there are more"
    of_groups = f"{n_rows:,} of {first.n_groups:,}" if first.n_groups else f"{n_rows:,}"
    if was_cut and question.limit < MAX_ROWS:
        yield f"shows {of_groups} groups, which hold {of_calls}, as limit = {question.limit} asks."
    elif was_cut:
        yield (
            f"CallScaler gives at most {MAX_ROWS:,} groups in one answer and no next page. The {of_groups} groups that "
            f"were got hold {of_calls}. "
            'Ask by shorter periods (per = "day"), in fewer groups, or with a filter in params.'
        )
    else:
        yield f"the groups hold {of_calls}; CallScaler puts the others into no group."


def _read(rows: list[Any], question: Question, spec: StreamSpec) -> tuple[list[Record], list[Complaint]]:
    """Type the rows by the stream's fields; a null or empty group gets its stand-in, for it is in the key."""
    fields = [f for f in spec.fields if not f.name.startswith("period_")]
    reader = RowReader(fields, needed=question.groups, noun="group")
    is_asked = any(f.name == "count" for f in fields)
    named = [_with_names(row, question.groups, is_counted=is_asked) for row in rows]
    return reader.read(named)


def _with_names(row: Any, groups: Sequence[str], *, is_counted: bool) -> Any:
    if not isinstance(row, dict):
        return row
    named = {name: value for name, value in row.items() if is_counted or name != "count"}
    for name in groups:
        value = named.get(name)
        named[name] = NO_VALUE if value is None else EMPTY_VALUE if value == "" else value
    return named
