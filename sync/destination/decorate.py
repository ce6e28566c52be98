"""What is to be laid over and beside the rows of a tab: each thing once, and what people make of it stays. Pure.

What was made is noted in tags of the tab, so that a chart that people deleted is not made again, also when the store is
lost. Of a chart only the rows that it draws follow the table; of a colour scale the rows that it colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sync.destination.book import ObservedTab
from sync.destination.change import TabChange
from sync.destination.decor import ChartWish, Decor, MarkWish, ScaleWish, print_of
from sync.destination.decor_requests import (
    COLUMNS_OF_CHART,
    ROWS_OF_CHART,
    Area,
    add_chart,
    add_stripes,
    chart_id_of,
    chart_spec,
    forget_made,
    mark_rule,
    moved_ends,
    note_made,
    rule_print,
    scale_rule,
)
from sync.destination.spot import Row

Request = Mapping[str, Any]
GAP_COLUMNS = 1  # between the table, or what people have beside it, and the charts


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Where the rows of groups end (excluded), and ended before; the last column with anything in it; chart ids."""

    end: int
    old_end: int = 0
    last_column: int = 0
    taken: frozenset[int] = frozenset()


def decorate(change: TabChange, there: ObservedTab | None, *, extent: Extent | None = None) -> TabChange:
    """Return a change that also makes what is new on the tab.

    Args:
        change: with its rows, where those are known.
        there: the tab as observed, None for a new one.
        extent: of the rows that charts draw and scales colour; None: all reach to the end of the grid, and grow.

    """
    if there is not None and change.alters_grid and not change.inserts:
        return change  # the next round knows where everything is
    return _Decorator(change, there, extent).change(change.shape.decor)


class _Decorator:
    def __init__(self, change: TabChange, there: ObservedTab | None, extent: Extent | None) -> None:
        self._change, self._there, self._extent = change, there, extent
        self._spot, self._names = change.spot, tuple(column.name for column in change.shape.columns)
        self._made = {value.split(" ")[1]: value for value in there.made} if there is not None else {}
        self._rules = list(there.rules) if there is not None else []
        self._grid = Area(change.spot, change.spot.n_rows)  # as it is before rows come in; it grows along
        self._area = Area(change.spot, extent.end) if extent is not None else self._grid
        self._n_rules = 0  # of the tab, with those that were added: people's come first, and win

    def change(self, decor: Decor) -> TabChange:
        """Return the change with its decoration."""
        wanted = {print_of(wish, self._names): wish for wish in decor.wishes}
        under = list(self._remove_rules(wanted))
        self._n_rules = len(self._rules)
        if self._there is None:
            under += [add_stripes(self._grid)] if decor.stripes else []
            under += [self._add_rule(mark_rule(self._grid, wish)) for wish in decor.at_first]
        more = list(self._follow(wanted))
        edited = [value for name, value in self._made.items() if name not in wanted and value.startswith("chart ")]
        n_charts = 0
        for name, wish in wanted.items():
            if isinstance(wish, MarkWish):
                under += self._rule(name, mark_rule(self._grid, wish))
        for name, wish in wanted.items():
            if isinstance(wish, ScaleWish):
                rule = scale_rule(self._area, wish, header=self._extent is None)
                (under if self._extent is None else more).extend(self._rule(name, rule))
            elif isinstance(wish, ChartWish):
                more += self._chart(name, wish, edited, n_charts)
                n_charts += 1
        return self._with_room(under, more, decor)

    def _rule(self, name: str, rule: Mapping[str, Any]) -> Iterator[Request]:
        if name not in self._made:
            yield self._add_rule(rule)
            yield note_made(self._spot.sheet_id, f"rule {name} {rule_print(rule)}")

    def _add_rule(self, rule: Mapping[str, Any]) -> Request:
        self._n_rules += 1
        return {"addConditionalFormatRule": {"rule": rule, "index": self._n_rules - 1}}

    def _remove_rules(self, wanted: Mapping[str, object]) -> Iterator[Request]:
        """Take away rules that the config asked for once, as long as they are as we made them."""
        for name, value in list(self._made.items()):
            kind, _, told = value.split(" ")
            if kind != "rule" or name in wanted:
                continue
            at = next((n for n, rule in enumerate(self._rules) if rule_print(rule) == told), None)
            if at is not None:
                yield {"deleteConditionalFormatRule": {"sheetId": self._spot.sheet_id, "index": at}}
                del self._rules[at]
            yield forget_made(self._spot.sheet_id, value)

    def _chart(self, name: str, wish: ChartWish, edited: list[str], n: int) -> Iterator[Request]:
        """Make a chart; where the config says something else of one than before, that one is changed instead."""
        if name in self._made:
            return
        before = edited.pop(0) if edited else None
        if before is not None:
            yield forget_made(self._spot.sheet_id, before)
        chart_id = int(before.split(" ")[2]) if before is not None else 0
        if self._there is not None and chart_id in self._there.charts:
            yield {"updateChartSpec": {"chartId": chart_id, "spec": chart_spec(self._area, wish)}}
        else:
            taken = self._extent.taken if self._extent is not None else ()
            chart_id = chart_id_of(self._change.shape.uid, name, taken)
            at = (self._area.first + n * ROWS_OF_CHART, self._chart_column)
            yield add_chart(self._area, wish, chart_id, at=at)
        yield note_made(self._spot.sheet_id, f"chart {name} {chart_id}")

    @property
    def _chart_column(self) -> int:
        last = self._extent.last_column if self._extent is not None else 0
        return max(*self._spot.indexes, last) + 1 + GAP_COLUMNS

    def _follow(self, wanted: Mapping[str, object]) -> Iterator[Request]:
        """Let the charts that we made draw all groups, and the scales colour them."""
        if self._there is None or self._extent is None:
            return
        header, sheet_id, least = self._spot.header_row, self._spot.sheet_id, self._extent.old_end or self._extent.end
        for value in self._made.values():
            kind, name, rest = value.split(" ")
            spec = self._there.charts.get(int(rest)) if kind == "chart" and name in wanted else None
            if spec is not None:
                longer = moved_ends(spec, sheet_id, header_row=header, least=least, end=self._area.end)
                if longer != spec:
                    yield {"updateChartSpec": {"chartId": int(rest), "spec": longer}}
        for wish in wanted.values():
            if isinstance(wish, ScaleWish):
                yield from self._follow_scale(wish, least)

    def _follow_scale(self, wish: ScaleWish, least: int) -> Iterator[Request]:
        columns = {self._spot.indexes[n] for n in wish.columns}
        for at, rule in enumerate(self._rules):
            parts = rule.get("ranges", [])
            held = {c for r in parts for c in range(r.get("startColumnIndex", 0), r.get("endColumnIndex", 0))}
            if "gradientRule" not in rule or held != columns:
                continue
            longer = [
                moved_ends(part, self._spot.sheet_id, header_row=self._spot.header_row, least=least, end=self._area.end)
                for part in parts
            ]
            if longer != parts:
                place = {"sheetId": self._spot.sheet_id, "index": at}
                yield {"updateConditionalFormatRule": {**place, "rule": {**rule, "ranges": longer}}}

    def _with_room(self, under: Sequence[Request], more: Sequence[Request], decor: Decor) -> TabChange:
        """Make the grid as large as its charts need, so that they lie on cells and not beyond them."""
        change, spot = self._change, self._spot
        has_new = any("addChart" in request for request in more)
        n_rows = self._area.first + decor.n_charts * ROWS_OF_CHART if has_new else 0
        n_columns = self._chart_column + COLUMNS_OF_CHART if has_new else 0
        if self._there is None:
            larger = replace(spot, n_rows=max(spot.n_rows, n_rows), n_columns=max(spot.n_columns, n_columns))
            return replace(change, spot=larger, under=tuple(under), more=tuple(more))
        return replace(
            change,
            more_rows=max(0, n_rows - spot.n_rows - change.n_insert),
            more_columns=max(0, n_columns - spot.n_columns - len(change.new_columns)),
            under=tuple(under),
            more=tuple(more),
        )


def last_filled(rows: Mapping[int, Row]) -> int:
    """Return the last column in which a tab that was read has anything."""
    return max((n for row in rows.values() for n, cell in enumerate(row) if cell not in (None, "")), default=0)
