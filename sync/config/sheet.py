"""The model of one sheet: its schedule, its data tabs, its summaries. Shape only; rules.py knows what fits together."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from sync import clock
from sync.config.forms import (
    LONGEST_TITLE,
    CellAddress,
    Credentials,
    CronText,
    FormatText,
    Hours,
    Interval,
    Options,
    PeriodText,
    SpreadsheetId,
    Width,
    ZoneName,
    bare_or_table,
    one_or_more,
    text_form,
)
from sync.config.looks import Highlights
from sync.config.schedule import Schedule
from sync.config.summary import Summary
from sync.records import Per
from sync.shape.all_calls import ALL_CALLS
from sync.shape.formats import FORMATS

LONGEST_DATA_TITLE = 90  # leaves room for " (2)" and " 2026-03"
Verify = Literal["never", "daily", "weekly", "monthly"]


def _parse_remove_after(text: str) -> str:
    if text.strip().lower() == "never":
        return "never"
    try:
        clock.parse_duration(text)
    except ValueError as error:
        raise ValueError('allowed: "never", or a length of time such as "180 days"') from error
    return text


class ChosenColumn(Options):
    """One column of a tab: a field of the stream, and how it is shown."""

    field: str = Field(min_length=1, description="You name the field of the stream that the column shows.")
    title: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_TITLE,
        description="You give the column this header; left out, it has the field's own title.",
    )
    undeclared: bool = Field(
        default=False,
        description="You say that the vendor sends a field of exactly this name although it is not documented.",
    )
    mask: Literal["last 4"] | None = Field(
        default=None,
        description="You show only the end of a phone number; the full number is then nowhere in the spreadsheet.",
    )
    format: FormatText | None = Field(
        default=None,
        json_schema_extra={"example": "duration"},
        description=f"You choose how the values are shown: {FORMATS}.",
    )
    width: Width | None = Field(
        default=None,
        json_schema_extra={"example": 120},
        description="You make the column this many pixels wide when it is made; what people make of it later stays.",
    )


Columns = tuple[Annotated[ChosenColumn, bare_or_table("field")], ...]


class Tab(Options):
    """One data tab: which records it shows, and how rows come and go."""

    title: str = Field(
        min_length=1,
        max_length=LONGEST_DATA_TITLE,
        description="You give the tab its title; people may rename it later in the spreadsheet.",
    )
    connection: Annotated[tuple[str, ...], one_or_more()] = Field(
        min_length=1,
        description="You name the connection that the records come from, or a list of them for the calls of several.",
    )
    stream: str = Field(
        description='You name the stream of that connection, which `callsheet streams` lists, or "all_calls": the '
        "calls of all connections named, in one form."
    )
    period: PeriodText = Field(
        default_factory=lambda: clock.Period.parse("last 30 days"),
        description="You choose the days whose records are shown: today, yesterday, last working day, this or last "
        'week, month, quarter or year, "last 30 days" (today included), "since 2026-01-01", or '
        '"2026-01-01..2026-03-31" (both included).',
    )
    per: Per | None = Field(
        default=None,
        json_schema_extra={"example": "day"},
        description="You choose what one row of a report sums up, where the stream is a report: a day, a week, a "
        "month, or the whole period; left out, the first of these that the stream offers.",
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        json_schema_extra={"example": {"agent_id": 42}},
        description="You pass these filters to the vendor; prefer filters on fields that never change.",
    )
    where: tuple[str, ...] = Field(
        default=(),
        strict=False,
        json_schema_extra={"example": ["duration >= 10", "status in completed, voicemail"]},
        description="You show only the records that pass all of these conditions; quote values that hold commas.",
    )
    columns: Columns | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        strict=False,
        json_schema_extra={"example": ["call_id", "started_at", {"field": "agent_name", "title": "Agent"}, "notes"]},
        description="You choose the columns and their order; left out, every declared field is shown.",
    )
    mode: Literal["upsert", "append", "replace"] = Field(
        default="upsert",
        description="You keep one row for each record and update it (upsert), only add rows (append), or show "
        "exactly the period (replace).",
    )
    order: Literal["oldest first", "newest first"] = Field(
        default="oldest first",
        description="You choose at which end new rows come in.",
    )
    split: Literal["none", "month"] = Field(
        default="none",
        description='You spread the rows over one tab for each month, such as "Calls 2026-03".',
    )
    max_rows: int = Field(
        default=200_000,
        ge=1,
        le=10_000_000,
        description='You allow this many rows in one tab; what happens then is said by "overflow".',
    )
    overflow: Literal["next_tab", "remove_oldest", "stop"] = Field(
        default="next_tab",
        description='You go on in "Calls (2)" when a tab is full (next_tab), let the oldest rows leave '
        "(remove_oldest), or stop the tab (stop).",
    )
    remove_after: Annotated[str, text_form(_parse_remove_after)] = Field(
        default="never",
        description='You let rows that are older than this leave the tab, such as "180 days".',
    )
    highlight: Highlights = Field(
        default=(),
        max_length=20,
        json_schema_extra={"example": [{"column": "notes", "when": "contains urgent", "colour": "orange"}]},
        description="You want cells to stand out by their colour.",
    )
    banding: bool = Field(
        default=False,
        description="You want striped rows in a tab that is made; people cannot turn striped rows into a table.",
    )
    verify: Verify | None = Field(
        default=None,
        json_schema_extra={"example": "daily"},
        description="You choose how often the tab is read whole and repaired where it differs; left out, as often as "
        "the sheet says.",
    )
    status: CellAddress | None = Field(
        default=None,
        json_schema_extra={"example": "A1"},
        description="You choose a cell that tells when the tab was last updated, or why it is not; a new tab gets its "
        "header below it, in one that is there it must be above the header or beside it.",
    )

    @property
    def connection_name(self) -> str:
        """The connection of a tab that has one; the names of all, for people, where it has several."""
        return ", ".join(self.connection)

    @property
    def is_gathered(self) -> bool:
        """Whether it shows the calls of its connections in one form."""
        return self.stream == ALL_CALLS


class Sheet(Options):
    """One spreadsheet that is kept up to date: when, and with which tabs."""

    name: str = Field(
        pattern=r"^\S(.*\S)?$",
        max_length=80,
        description="You give the sheet a name for commands and messages, different from that of every other sheet.",
    )
    spreadsheet: SpreadsheetId = Field(
        json_schema_extra={"example": "https://docs.google.com/spreadsheets/d/1AbC/edit"},
        description="You paste any link to the spreadsheet, or its bare id.",
    )
    every: Interval | None = Field(
        default=None,
        json_schema_extra={"example": "15m"},
        description="You run the sheet at this interval, counted from midnight; without every and cron it runs when "
        "asked.",
    )
    cron: CronText | None = Field(
        default=None,
        json_schema_extra={"example": "0 7 * * mon-fri"},
        description="You run the sheet at these times, in place of every; weekdays are as in cron, 0 and 7 are Sunday.",
    )
    timezone: ZoneName | None = Field(
        default=None,
        json_schema_extra={"example": "America/New_York"},
        description="You name the zone of the schedule, the periods, the dates in cells and the buckets; left out, the "
        "daemon's.",
    )
    run_between: Hours | None = Field(
        default=None,
        json_schema_extra={"example": "20:00-06:00"},
        description="You let scheduled runs start only in these hours.",
    )
    week_starts: Literal["monday", "sunday"] = Field(
        default="monday", description="You choose the first day of the week for periods and buckets."
    )
    enabled: bool = Field(default=True, description="You set this to false to stop scheduled runs.")
    template: str | None = Field(
        default=None,
        json_schema_extra={"example": "call log"},
        description="You start from a ready-made sheet of this name, which `callsheet templates` lists. A tab or "
        "summary that you write under a title of the template's changes that one in what you write; others are added.",
    )
    connection: Annotated[tuple[str, ...], one_or_more()] | None = Field(
        default=None,
        min_length=1,
        json_schema_extra={"example": "justcall"},
        description="You name the connection, or a list of them, whose records the template shows.",
    )
    without: tuple[str, ...] = Field(
        default=(),
        strict=False,
        json_schema_extra={"example": ["How calls end"]},
        description="You leave out these tabs and summaries of the template.",
    )
    credentials: Credentials | None = Field(
        default=None,
        json_schema_extra={"example": "file:second-account.json"},
        description="You use another key than the one of the google section, to spread its quota.",
    )
    spares: tuple[SpreadsheetId, ...] = Field(
        default=(),
        strict=False,
        json_schema_extra={"example": ["https://docs.google.com/spreadsheets/d/2DeF/edit"]},
        description="You name spreadsheets in which to go on when this one is full.",
    )
    verify: Verify = Field(
        default="weekly",
        description="You choose how often the tabs are read whole and repaired where they differ.",
    )
    log: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_TITLE,
        json_schema_extra={"example": "Sync log"},
        description="You want a tab of this title that tells what became of each run, in plain words; it is written "
        "along with other changes, and never by itself.",
    )
    tab: tuple[Tab, ...] = Field(default=(), max_length=200, strict=False, description="You list the data tabs.")
    summary: tuple[Summary, ...] = Field(
        default=(), max_length=200, strict=False, description="You list the summary tabs."
    )

    @property
    def spreadsheet_id(self) -> str:
        """The bare id of the spreadsheet."""
        return self.spreadsheet

    @property
    def zone(self) -> ZoneInfo:
        """The time zone; load.py has filled in the daemon's where the sheet names none."""
        return clock.zone(self.timezone or "UTC")

    @property
    def schedule(self) -> Schedule:
        """When the sheet runs by itself."""
        return Schedule(zone=self.zone, every=self.every, cron=self.cron, run_between=self.run_between)

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """The data tabs."""
        return self.tab

    @property
    def read_tabs(self) -> tuple[Tab, ...]:
        """Every tab whose records are read: those that are shown, and what summaries read that name a stream."""
        return (*self.tab, *(own for summary in self.summary if (own := own_tab(summary))))

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of all tabs that are made in the spreadsheet."""
        own = (self.log,) if self.log else ()
        return (*(tab.title for tab in self.tab), *(summary.title for summary in self.summary), *own)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """The summary tabs."""
        return self.summary


def masks_numbers(sheet: Sheet) -> bool:
    """Tell whether numbers of people must not be read in the spreadsheet, not in messages either."""
    return any(column.mask for tab in sheet.tab for column in tab.columns or ())


def own_tab(summary: Summary) -> Tab | None:
    """Return the tab that would show the records of a summary that names a stream; None where a tab shows them."""
    if summary.of is not None or summary.connection is None or summary.stream is None:
        return None
    chosen: dict[str, Any] = {
        "title": summary.title,
        "connection": summary.connection,
        "stream": summary.stream,
        "period": summary.period,
        "params": summary.params,
    }
    # Checked as options of the summary; the rest has its defaults
    return Tab.model_construct(**{name: value for name, value in chosen.items() if value is not None})
