"""One period of CallScaler's analytics, whole where that can be had; there are no next pages.

An answer that was cut is asked for again in parts that share no group: by days where the rows are by date, else by the
values of a field that is both a group and a filter. Each row of each part is a whole group: nothing is ever added up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sync.records import Record, StreamSpec
from sync.sources.callscaler.models import GroupsReply
from sync.sources.callscaler.streams import DIRECTIONS, EMPTY_VALUE, MAX_ROWS, METRICS, NO_VALUE, STATUSES
from sync.sources.rows import Complaint, RowReader

Ask = Callable[[Mapping[str, Any], date, date], GroupsReply]

_PARTITIONS = ("direction", "status", "ai_category", "source", "call_flow_id", "number_id")  # groups that are filters
_KNOWN_VALUES = {"direction": DIRECTIONS, "status": STATUSES}
MAX_REQUESTS = 200  # for one period; at 60 a minute more than three minutes of the account's budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the analytics: filters, groups and metrics, and the days, both included.

    `limit` is how many rows of the ranking the tab wants, None for all of them.
    """

    query: Mapping[str, Any]
    groups: tuple[str, ...]
    first: date
    last: date
    limit: int | None

    @classmethod
    def of(cls, params: Mapping[str, Any], first: date, last: date) -> Question:
        """Make the question of a tab.

        The count of calls is always asked too, to see what is missing, and so is what ranks the rows. All rows are
        asked for whatever the limit: equal ones stand in no order, and the last place among them must not change hands.
        """
        metrics = [*params.get("metrics", ("count",))]
        needed = ("count", params.get("sort_by", "count"))
        metrics += [name for name in dict.fromkeys(needed) if name in METRICS and name not in metrics]
        query = {**params, "metrics": metrics, "limit": MAX_ROWS}
        return cls(query=query, groups=tuple(params["group_by"]), first=first, last=last, limit=params.get("limit"))

    @property
    def ranked_by(self) -> str:
        """What the rows are ranked by."""
        return str(self.query.get("sort_by", "count"))

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
    is_first_enough = question.limit is not None and len(first.rows) >= question.limit
    if _is_cut(first) and not is_first_enough:
        collector.ask_in_parts(question)
    rows = [collector.rows[key] for key in sorted(collector.rows)]
    answer = Answer(records=[], complaints=[], n_rows=len(rows))
    answer.warnings = [] if is_first_enough else list(_say_missing(collector, first))
    answer.is_whole = not answer.warnings
    if question.limit is not None and len(rows) > question.limit:
        rows = _first_of(first.rows if is_first_enough else _ranked(rows, question), question)
        answer.warnings.append(_say_limit(rows, first, question))
    records, answer.complaints = _read(rows, question, spec)
    answer.records = [record for record in records if question.holds(record)]
    if len(answer.records) < len(records):
        answer.warnings.append("CallScaler answered with other days too; run check, end_date may be set wrongly.")
    return answer


def _ranked(rows: Sequence[Any], question: Question) -> list[Any]:
    """Rank rows that came in several answers; what has no value stands last."""
    by, upwards = question.ranked_by, question.query.get("sort_order") == "asc"
    there = [row for row in rows if isinstance(row, dict) and row.get(by) is not None]
    there.sort(key=lambda row: row[by], reverse=not upwards)
    return [*there, *(row for row in rows if not isinstance(row, dict) or row.get(by) is None)]


def _first_of(ranked: Sequence[Any], question: Question) -> list[Any]:
    """Take the first rows of a ranking; among those that are equal at its edge the names decide, not the moment."""
    assert question.limit is not None
    by, edge = question.ranked_by, ranked[question.limit - 1]
    if not isinstance(edge, dict) or by not in edge:
        return list(ranked[: question.limit])
    ahead = [row for row in ranked[: question.limit] if row.get(by) != edge[by]]
    equal = [row for row in ranked if isinstance(row, dict) and row.get(by) == edge[by]]
    equal.sort(key=lambda row: [repr(row.get(name)) for name in question.groups])
    return [*ahead, *equal[: question.limit - len(ahead)]]


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
            if _is_cut(self.ask(part)):
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


def _is_cut(reply: GroupsReply) -> bool:
    """Tell whether rows are missing: as many as may be, or fewer than there are said to be."""
    n_rows = len(reply.rows)
    if reply.n_groups is not None and reply.n_groups > n_rows:
        return True
    return n_rows >= MAX_ROWS and (reply.n_calls is None or _n_calls(reply.rows) < reply.n_calls)


def _n_calls(rows: Sequence[Any]) -> int:
    counts = (row.get("count") for row in rows if isinstance(row, dict))
    return sum(int(c) for c in counts if isinstance(c, int | float) or (isinstance(c, str) and c.isdecimal()))


def _say_missing(collector: _Collector, first: GroupsReply) -> Iterator[str]:
    n_rows, n_calls, total = len(collector.rows), _n_calls(list(collector.rows.values())), first.n_calls
    if n_calls >= total if total is not None else not collector.is_cut:
        return
    of_calls = _of_calls(n_calls, total)
    if not _is_cut(first):
        yield f"the groups hold {of_calls}; the others are in no group that CallScaler sent."
        return
    of_groups = f"{n_rows:,} of {first.n_groups:,}" if first.n_groups else f"{n_rows:,}"
    yield (
        f"CallScaler gives at most {MAX_ROWS:,} groups in one answer and no next page. The {of_groups} groups that "
        f"were got hold {of_calls}. "
        'Ask by shorter periods (per = "day"), in fewer groups, or with a filter in params.'
    )


def _say_limit(rows: Sequence[Any], first: GroupsReply, question: Question) -> str:
    n_all = max(first.n_groups or 0, len(first.rows))
    of_groups = f"{len(rows):,} of {n_all:,}{'' if first.n_groups or n_all < MAX_ROWS else ' or more'}"
    of_calls = _of_calls(_n_calls(rows), first.n_calls)
    return f"shows {of_groups} groups, which hold {of_calls}, as limit = {question.limit} asks."


def _of_calls(n_calls: int, total: int | None) -> str:
    return f"{n_calls:,} of {total:,} calls" if total is not None else f"{n_calls:,} calls, and there are more"


def _read(rows: list[Any], question: Question, spec: StreamSpec) -> tuple[list[Record], list[Complaint]]:
    """Type the rows by the stream's fields; a null or empty group gets its stand-in, for it is in the key."""
    fields = [f for f in spec.fields if not f.name.startswith("period_")]
    means = [f.name for f in fields if f.name.startswith("avg_")]  # of nothing: null, or left out
    optional = [name for name in means if any(isinstance(row, dict) and name in row for row in rows)]
    reader = RowReader(fields, needed=question.groups, optional=optional, noun="group")
    ours = {name for name in question.query["metrics"] if spec.field_named(name) is None}
    return reader.read([_with_names(row, question.groups, without=ours) for row in rows])


def _with_names(row: Any, groups: Sequence[str], *, without: Collection[str]) -> Any:
    if not isinstance(row, dict):
        return row
    named = {name: value for name, value in row.items() if name not in without}
    for name in groups:
        value = named.get(name)
        named[name] = NO_VALUE if value is None else EMPTY_VALUE if value == "" else value
    return named
