"""What a summary tab should show: groups and metrics of the rows that a data tab shows. No network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial

import orjson
import polars as pl

from sync import clock
from sync.compared import Compared, compared
from sync.config.sheet import Sheet
from sync.config.summary import ChosenMetric, Summary
from sync.decorations import make_decor
from sync.destination.spot import Row, TabShape
from sync.records import Cell, Column, Slice, Table
from sync.shape.cells import same_cell
from sync.shape.comparing import Before, with_changes
from sync.shape.conditions import fields_of, parse_condition, passes
from sync.shape.cross import When, known_columns, make_cross, name_of_total
from sync.shape.groups import BUCKETS, make_groups
from sync.shape.masking import mask_text, tails_of, without_numbers
from sync.shape.metrics import SERVICE_LEVEL_S, Metric
from sync.shape.summary import TOTAL_LABEL, Question, fields_to_sum, make_summary
from sync.shape.summary_looks import FigureLook, SummaryLook
from sync.store import published
from sync.store.db import Store
from sync.store.published import TabState
from sync.tabs import ROWS_VERSION, DataJob, digest

IDLE_FOR = timedelta(days=30)
"""How long before the period somebody must have had a call to be shown with zeros."""
_OF_ITS_RECORDS = {
    "title",
    "of",
    "connection",
    "stream",
    "period",
    "params",
}  # told by what is summed up, or not at all


@dataclass(kw_only=True)
class SummaryJob:
    """A summary tab of the rows that a data tab shows."""

    sheet: Sheet
    summary: Summary
    of: DataJob
    store: Store
    warnings: tuple[str, ...] = field(default=())
    known_as: str = ""
    _columns: tuple[Column, ...] | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """The title in the config."""
        return self.summary.title

    @property
    def uid(self) -> str:
        """The name under which the tab is tagged and stored; `known_as` is that of before an edit of the config."""
        return self.known_as or f"{self.sheet.name}/{self.summary.title}"

    @cached_property
    def state(self) -> TabState | None:
        """What was published last."""
        return published.load_tab(self.store, self.sheet.spreadsheet_id, self.uid)

    @cached_property
    def shape_text(self) -> str:
        """A fingerprint of the options and of what the summed tab shows."""
        options = self.summary.model_dump(
            mode="json", exclude={"title", "of", "connection", "stream", "period", "params"}
        )
        until = self._period.end.isoformat() if self.summary.fill == "zero" else ""  # a new day is a new row
        if self.summary.compare:
            until += str(self.compared.before)
        elsewhere = [len(self.of.taken)] if self.of.taken else []  # rows that came in another spreadsheet
        wide = [[c.name, c.width] for c in self.of.chosen if c.width and c.name in self.summary.group_by]
        return digest([ROWS_VERSION, self.of.shape_text, *elsewhere, options, until, *wide])

    @property
    def shape(self) -> TabShape:
        """Columns as they come out of the summary; groups are the key.

        Which columns a cross table has is known once its rows were computed; until then it has those that it shows.
        """
        if self._columns is None:
            self._columns = self._known_columns() if self.question.pivot else self._make(self._no_records()).columns
        columns, key_columns = self._columns, tuple(range(self._n_groups))
        return TabShape(
            uid=self.uid,
            title=self.title,
            columns=columns,
            key_columns=key_columns,
            key_of=lambda row: _group_key([row[n] for n in key_columns]),
            same_cell=same_cell,
            decor=make_decor(
                columns,
                banding=self.summary.banding,
                highlights=self.summary.highlight,
                charts=self.summary.chart,
                find=partial(self._columns_named, columns),
                total=TOTAL_LABEL if self.summary.totals else "",
            ),
        )

    def _known_columns(self) -> tuple[Column, ...]:
        columns = known_columns(self.of.spec, self.question, self._when(None), self._published)
        return self._look(None).dress(Table(columns=columns, keys=(), rows=()), self._n_groups).columns

    @property
    def _published(self) -> Mapping[str, str]:
        """The columns that the tab shows, by name with the titles that they were given."""
        return {column["name"]: column["title"] for column in self.state.columns} if self.state else {}

    @property
    def _n_groups(self) -> int:
        return len(self.summary.group_by) - self.question.pivot

    def _columns_named(self, columns: Sequence[Column], name: str) -> list[int]:
        """Return the columns of a group or metric by its name or title; a metric may have several."""
        if name in self.summary.group_by:
            return [n for n in (self.summary.group_by.index(name),) if n < self._n_groups]
        metrics = self.question.metrics
        exact = [metric.id for metric in metrics if name in (metric.id, metric.title)]
        meant = (exact or [metric.id for metric in metrics if metric.name == name])[:1]
        own = [n for n, c in enumerate(columns) if c.name in meant]  # beside it stands how it changed
        totals = [name_of_total(one) for one in meant] if self.question.pivot else []
        across = [n for n, c in enumerate(columns) if c.metric in meant and c.name not in totals]
        return own or across or [n for n, c in enumerate(columns) if c.title == name]

    @property
    def is_settled(self) -> bool:
        """Whether the tab already shows this version, window and shape."""
        s = self.state
        shown = self.of.window
        return (
            s is not None
            and (s.version, s.shape) == (self.of.version, self.shape_text)
            and (s.window_start, s.window_end) == (shown.start, shown.end)
        )

    def rows(self, keys: Iterable[str] | None) -> list[tuple[str, Row]]:
        """Compute the summary of the rows with these keys; None for all of a tab that was just made."""
        df = self.of.records_of(keys, self._fields)
        if self.summary.compare:  # a tab may still show what has left its period
            period, at = self.compared.now, pl.col(self.of.spec.cursor_field)
            df = df.filter((at >= period.start) & (at < period.end))
        table = self._make(df, earlier=self._earlier(), before=self._before())
        self._columns = table.columns
        return list(zip(table.keys, table.rows, strict=True))

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        also = (self.of.spec.cursor_field,) if self.summary.compare else ()
        return tuple(dict.fromkeys([*fields_to_sum(self.of.spec, self.question), *self._secret, *also]))

    @cached_property
    def question(self) -> Question:
        """What the config asks."""
        summary = self.summary
        return Question(
            group_by=summary.group_by,
            metrics=[to_metric(chosen) for chosen in summary.metrics],
            where=tuple(parse_condition(text) for text in summary.where),
            sort_by=summary.sorted_by,
            sort_order=summary.sort_order,
            limit=summary.limit,
            totals=summary.totals,
            fill=summary.fill,
            pivot=summary.pivot is not None,
        )

    @property
    def _period(self) -> Slice:
        """The stretch of which each day is shown where that is asked: what is still to come has no rows of zeros."""
        window = self.of.window
        tomorrow = clock.day_start(clock.local_date(self.of.at, self.of.zone) + timedelta(days=1), self.of.zone)
        return Slice(window.start, max(window.start, min(window.end, tomorrow)))

    def _earlier(self) -> pl.DataFrame | None:
        """Return the records of the weeks before, for agents who are idle now; None where nobody asks for them."""
        groups = [group for group in make_groups(self.of.spec, self.question.group_by) if not group.is_bucket]
        of_agents = bool(groups) and all(group.is_agent for group in groups)
        if self.summary.fill != "zero" or self.of.mirror is None or not (of_agents or self.summary.compare):
            return None
        idle_since = self.of.window.start - (IDLE_FOR if of_agents else timedelta())
        start = min(idle_since, self.compared.before.start) if self.summary.compare else idle_since
        return self.of.mirror.read(self._fields, window=Slice(start, self.of.window.start))

    @cached_property
    def compared(self) -> Compared:
        """The period of the summed tab and the one before."""
        return compared(self.of.tab, self.sheet, self.of.at)

    def _before(self) -> pl.DataFrame | None:
        """Return the records of the period before that the tab would have shown then; None where nobody compares."""
        if not self.summary.compare or self.of.mirror is None:
            return None
        conditions = self.of.staying.conditions
        fields = tuple(dict.fromkeys([*self._fields, *fields_of(conditions)]))
        df = self.of.mirror.read(fields, window=self.compared.before)
        return df.filter(passes(conditions, df.schema, self.of.zone))

    def _no_records(self) -> pl.DataFrame:
        return self.of.no_records(self._fields)

    def _make(
        self, df: pl.DataFrame, *, earlier: pl.DataFrame | None = None, before: pl.DataFrame | None = None
    ) -> Table:
        if self.question.pivot:
            table = make_cross(df, self.of.spec, self.question, self._when(df), known=self._published)
            return self._look(df).dress(table, self._n_groups)
        table = make_summary(
            df,
            self.of.spec,
            self.question,
            zone=self.of.zone,
            week_starts=self.sheet.week_starts,
            period=self._period,
            earlier=earlier,
        )
        if self.summary.compare:
            rows = df.clear() if before is None else before
            was = Before(rows=rows, zone=self.of.zone, week_starts=self.sheet.week_starts, since=self.compared.since)
            table = with_changes(df, table, self.of.spec, self.question, before=was)
        return self._look(df).dress(table, self._n_groups)

    def _look(self, df: pl.DataFrame | None) -> SummaryLook:
        tails = {} if df is None else self._tails(df)
        return SummaryLook(figures=self._figures, groups={c.name: c for c in self.of.chosen}, tails=tails)

    def _when(self, df: pl.DataFrame | None) -> When:
        """Return what a cross table needs beside rows and question."""
        tails, across = {} if df is None else self._tails(df), make_groups(self.of.spec, self.question.group_by)[-1]
        hide = None
        if across.column.name in self._secret:
            hide = mask_text
        elif tails:
            hide = partial(without_numbers, tails=tails)
        return When(zone=self.of.zone, week_starts=self.sheet.week_starts, period=self._period, hide=hide)

    @property
    def _figures(self) -> Mapping[str, FigureLook]:
        """How each metric is shown, by its id."""
        metrics = ((to_metric(chosen), chosen) for chosen in self.summary.metrics)
        return {
            metric.id: FigureLook(
                unit_of=metric.field or metric.name,
                format=chosen.format or "",
                width=chosen.width or 0,
                has_own_title=bool(chosen.title),
                where=metric.where,
            )
            for metric, chosen in metrics
        }

    @cached_property
    def _secret(self) -> tuple[str, ...]:
        """The fields that the summed tab masks; what they hold must not be read here either."""
        return tuple(column.name for column in self.of.chosen if column.mask)

    def _tails(self, df: pl.DataFrame) -> Mapping[str, str]:
        """Return the numbers that must not be read, if a group may repeat them."""
        plain = set(self.question.group_by) - set(self._secret) - set(BUCKETS)
        return tails_of(number for name in self._secret for number in df[name].unique().to_list()) if plain else {}


def to_metric(chosen: ChosenMetric) -> Metric:
    """Return what a metric of the config means."""
    named = Metric.of(chosen.metric)
    return Metric(
        name=named.name,
        field=chosen.field or named.field,
        title=chosen.title or "",
        where=tuple(parse_condition(text) for text in chosen.where),
        within_s=chosen.seconds or SERVICE_LEVEL_S,
    )


def _group_key(cells: Sequence[Cell]) -> str | None:
    plain = [int(c) if isinstance(c, float) and c.is_integer() else c for c in cells]
    if all(cell in (None, "") for cell in plain):
        return None
    return orjson.dumps(["" if cell is None else cell for cell in plain]).decode()
