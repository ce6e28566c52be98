"""Options of an Aircall connection, and the forms of its replies. Sends nothing; quirks are in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sync import clock
from sync.errors import ContractBroken
from sync.records import FieldType
from sync.sources.aircall.reports import REPORTS
from sync.sources.aircall.values import DateOrder, ShortTimes
from sync.sources.base import BaseUrl, Duration, SecretMark, SecretRef, SourceOptions


def _check_zone(name: str) -> str:
    return clock.zone(name).key


def _check_columns(wanted: dict[str, dict[str, str | list[str]]]) -> dict[str, dict[str, str | list[str]]]:
    for stream, columns in wanted.items():
        if stream not in REPORTS:
            raise ValueError(f"{stream!r} is no export; allowed: {', '.join(REPORTS)}")
        known = {column.field.name: column.field.type for column in REPORTS[stream].columns}
        for name, where in columns.items():
            if name == "row_key" and not REPORTS[stream].is_rows:
                continue
            if name not in known:
                raise ValueError(f"{stream} takes {name!r} from no column; allowed: {', '.join(known)}")
            if not isinstance(where, str) and (known[name] is not FieldType.INSTANT or len(where) != 2):
                raise ValueError(f"{stream}: {name} is one column; an instant may be two, a day and a time")
    return wanted


ZoneName = Annotated[str, AfterValidator(_check_zone)]
MaybeSecret = Annotated[SecretRef | None, SecretMark()]


class AircallOptions(SourceOptions):
    """A connection to Aircall: the two halves of an API key, or an access token; and how its exports are meant."""

    vendor: Literal["aircall"] = Field(default="aircall", description="Which vendor this connection speaks to.")
    api_id: MaybeSecret = Field(
        default=None, description="Where the API id is found, as env:NAME or file:PATH; it goes with api_token."
    )
    api_token: MaybeSecret = Field(
        default=None, description="Where the API token is found, as env:NAME or file:PATH; it goes with api_id."
    )
    access_token: MaybeSecret = Field(
        default=None,
        description="Where an OAuth access token is found, as env:NAME or file:PATH, in place of api_id and api_token.",
        json_schema_extra={"example": "env:AIRCALL_ACCESS_TOKEN"},
    )
    base_url: BaseUrl = Field(
        default="https://api.aircall.io", description="The address below which the vendor's API is found."
    )
    requests_per_minute: int = Field(
        default=120, ge=1, le=10_000, description="Requests a minute that this key may send, all processes together."
    )
    lookback: Duration = Field(
        default=timedelta(days=3), description="How far back is read again on every run, because calls change late."
    )
    export_timezone: ZoneName = Field(
        default="UTC",
        description="The IANA time zone in which exports of calls and statuses are asked for, and in which their times "
        "are meant where a file does not say.",
        json_schema_extra={"example": "Europe/Madrid"},
    )
    export_end: Literal["unknown", "included", "excluded"] = Field(
        default="unknown",
        description="Whether Aircall counts the last day of an export in. While it is unknown, exports of calls and "
        "statuses ask for a day more and leave out what is too much; sums are asked for as if it were included.",
    )
    export_columns: Annotated[dict[str, dict[str, str | list[str]]], AfterValidator(_check_columns)] = Field(
        default={},
        description="Which column of an export holds which field, by stream, where the names do not tell. An instant "
        "may take two, a day and a time, and row_key of a report of sums several.",
        json_schema_extra={"example": {"calls_history": {"call_id": "Call ID (internal)"}}},
    )
    export_date_order: DateOrder | None = Field(
        default=None, description="How dates such as 03/04/2026 are meant in exports; else they are refused."
    )
    export_short_times: ShortTimes | None = Field(
        default=None, description="How lengths of time such as 02:05 are meant in exports; else they are refused."
    )

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        halves = (self.api_id, self.api_token)
        if self.access_token is None and None in halves:
            raise ValueError("a connection to Aircall needs api_id and api_token, or access_token")
        if self.access_token is not None and halves != (None, None):
            raise ValueError("a connection to Aircall has api_id and api_token, or access_token, not both")
        return self

    @classmethod
    def needed_examples(cls) -> dict[str, Any]:
        """Return the two halves of a key, which every company can make for itself."""
        return {name: text for name, text in super().needed_examples().items() if name != "access_token"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAnswer:
    """How an export stands, as the vendor tells it."""

    id: str
    status: str
    address: str
    words: str

    @property
    def is_done(self) -> bool:
        """Whether there is a file."""
        return self.status in ("COMPLETED", "") and bool(self.address)

    @property
    def has_failed(self) -> bool:
        """Whether there will be none."""
        return self.status == "FAILED"

    @property
    def is_unknown(self) -> bool:
        """Whether the state is none of those that are documented."""
        return self.status not in ("PENDING", "COMPLETED", "FAILED")


def read_export_answer(reply: Any, *, asked_for: str = "") -> ExportAnswer:
    """Read the answer to the request for an export, or to the question how one stands."""
    body = reply
    while isinstance(body, dict) and not _first(body, _ID_NAMES) and len(body) == 1:
        body = next(iter(body.values()))
    if not isinstance(body, dict):
        raise ContractBroken("the answer about an export is not an object")
    export_id = _first(body, _ID_NAMES) or asked_for
    if not export_id:
        raise ContractBroken(
            f"the answer about an export lacks exportID; it has {', '.join(map(str, body)) or 'nothing'}"
        )
    return ExportAnswer(
        id=export_id,
        status=_first(body, ("status", "state")).upper(),
        address=_first(body, ("downloadUrl", "downloadURL", "download_url")),
        words=_first(body, ("errorMessage", "error_message", "error", "message")),
    )


_ID_NAMES = ("exportID", "exportId", "export_id", "id")


def _first(body: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(body[name]) for name in names if isinstance(body.get(name), str | int) and body[name] != ""), "")
