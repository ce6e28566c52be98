"""What a report of the Analytics exports is made of: its stream, its columns, and the headers by which these are known.

No page tells the columns. The names below are those of the dashboard, of its own export of calls, and what camelCase
and snake_case make of them; README.md says which are guesses. What a file has besides is kept under its own header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sync.records import Field, FieldType, Role, StreamKind, StreamSpec
from sync.sources.aircall.columns import Column
from sync.sources.aircall.values import Read, read_person

LIMITS = "120 requests a minute for the company; exports take seconds to minutes each, and need Analytics+"
SIX_MONTHS = timedelta(days=184)  # the longest that six months are: asking for what is gone costs nothing
PAGE_ROWS = 1_000  # of a file, kept together in one transaction

_TEXT, _INTEGER, _NUMBER, _INSTANT = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER, FieldType.INSTANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: the stream, its columns, and how what no column holds is worked out of the rest."""

    name: str
    spec: StreamSpec
    columns: tuple[Column, ...]
    derive: Callable[[dict[str, Any]], None]
    one_row: bool = False  # whether a file without any name in it may be one row about the whole company

    @property
    def is_rows(self) -> bool:
        """Whether its rows belong to instants."""
        return self.spec.kind is StreamKind.ROWS


def make_column(
    name: str,
    type: FieldType,
    title: str,
    description: str,
    *,
    names: str = "",
    else_names: str = "",
    read: Read | None = None,
    day_and_time: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> Column:
    """Declare a column; `names` and `else_names` are header names in plain form, parted by blanks."""
    return Column(
        field=Field(name=name, type=type, title=title, description=description, **more),
        names=tuple(names.split()),
        else_names=tuple(else_names.split()),
        read=read,
        day_and_time=day_and_time,
    )


USER = (
    make_column("user_id", _TEXT, "User ID", "The user's number at Aircall.", names="agent_id user_internal_id"),
    make_column(
        "user",
        _TEXT,
        "User",
        "The user's name as the file has it; empty when nobody took the call.",
        names="user_name agent agent_name user_full_name full_name name answered_by main_participant",
        read=read_person,
        role=Role.AGENT_NAME,
        can_change=True,
    ),
    make_column(
        "user_email",
        _TEXT,
        "User e-mail",
        "The user's e-mail address.",
        names="email agent_email user_mail",
        can_change=True,
    ),
    make_column("team", _TEXT, "Team", "The team, or several.", names="teams team_name team_names", can_change=True),
)
USER_KEY = Field(
    name="user_key",
    type=_TEXT,
    title="User key",
    description="Who it was: the user's number if the file has it, else the e-mail address, else the name.",
    role=Role.AGENT_ID,
)


def derive_user(values: dict[str, Any]) -> None:
    """Fill in who it was."""
    values["user_key"] = values["user_id"] or values["user_email"] or values["user"]
