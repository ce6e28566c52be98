"""Options of a CallRail connection, and the forms of its replies. Sends nothing; quirks are in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field

from sync import log
from sync.errors import ContractBroken
from sync.http.walks import LedPage
from sync.sources.base import BaseUrl, SecretRef, SourceOptions
from sync.sources.rows import identity, json_type


class CallRailOptions(SourceOptions):
    """A connection to CallRail: the key of a person, and one of the accounts that this person sees."""

    vendor: Literal["callrail"] = Field(default="callrail", description="Which vendor this connection speaks to.")
    api_key: SecretRef = Field(description="Where the API key is found, as env:NAME or file:PATH.")
    account_id: str = Field(
        pattern=r"^[A-Za-z0-9_-]+$",
        description="The account to read, such as ACC111; check names those that the key sees.",
        json_schema_extra={"example": "ACC111"},
    )
    base_url: BaseUrl = Field(
        default="https://api.callrail.com", description="The address below which the vendor's API is found."
    )
    requests_per_hour: int = Field(default=1000, ge=1, le=100_000, description="Requests an hour that are allowed.")
    requests_per_day: int = Field(default=10_000, ge=1, le=1_000_000, description="Requests a day that are allowed.")

    def rate_limits(self) -> tuple[tuple[int, float], ...]:
        """Return the limits of the credential; the vendor's replies do not tell how much of them is left."""
        return (*super().rate_limits(), (self.requests_per_hour, 3600.0), (self.requests_per_day, 86_400.0))


def read_page(reply: Any, name: str) -> LedPage:
    """Read one page of a list; its cursor is the query that asks for the next one."""
    if not isinstance(reply, dict):
        raise ContractBroken(f"CallRail answered {json_type(reply)} in place of an object")
    if reply.get("error"):
        raise ContractBroken(f"CallRail answered with an error: {log.mask(str(reply['error']))[:300]}")
    rows = reply.get(name)
    if not isinstance(rows, list):
        known = ", ".join(sorted(reply)[:8]) or "nothing"
        raise ContractBroken(f"CallRail answered without a list of {name}; the reply holds {known}")
    following, total = _next_query(reply), reply.get("total_records")
    return LedPage(
        rows=rows,
        ids=[identity(row) for row in rows],
        cursor=following,
        n_total=total if isinstance(total, int) else None,
        ends=following is None,
    )


def _next_query(reply: Mapping[str, Any]) -> str | None:
    """Return what the next page adds to the query: that of the link, or the next number; None at the end."""
    link, has_more = reply.get("next_page"), reply.get("has_next_page")
    if has_more and not link:
        raise ContractBroken("CallRail says that there is a next page, and does not say where")
    if isinstance(link, str) and link and has_more is not False:
        # Only its query is followed: the key must not go to an address that a reply names.
        return urlsplit(link).query
    page, n_pages = reply.get("page"), reply.get("total_pages")
    if isinstance(page, int) and isinstance(n_pages, int) and page < n_pages:
        return urlencode({"page": page + 1})
    return None


def to_query(cursor: str | None) -> dict[str, str]:
    """Return the parameters that a cursor stands for."""
    return dict(parse_qsl(cursor or "", keep_blank_values=True))


def with_status(row: Any) -> Any:
    """Add the one status that the vendor's filter knows and its records tell in two fields."""
    if not isinstance(row, dict) or not isinstance(row.get("answered"), bool):
        return row
    missed = "voicemail" if row.get("voicemail") is True else "missed"
    return {**row, "answer_status": "answered" if row["answered"] else missed}
