"""The forms that single values of the config take: each is text in the file and a parsed value in the model.

A parser raises ValueError with "reason; allowed: forms" or "allowed: forms"; load.py turns that into a problem.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from sync import clock
from sync.config.schedule import Cron, RunBetween

T = TypeVar("T")

LONGEST_TITLE = 100  # what Google takes

ALLOWED_SECRETS = '"env:NAME" (an environment variable) or "file:PATH" (a file that holds only the value)'
ALLOWED_CREDENTIALS = '"file:PATH", "env:NAME" (the JSON text), "adc" or "anonymous"'
ALLOWED_SPREADSHEETS = "any link to the spreadsheet, or its bare id"
ALLOWED_STORES = (
    '"sqlite:///FILE", "postgresql://USER@HOST/NAME", or "env:NAME" or "file:PATH" that hold such an address'
)
_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S(?:.*\S)?")


class Options(BaseModel):
    """Frozen, and strict: an unknown key or a number in quotes is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def text_form(parse: Callable[[str], T]) -> PlainValidator:
    """Make a validator of a parser; anything but text is refused before it."""

    def _validate(value: object) -> T:
        if not isinstance(value, str):
            raise ValueError(f"it must be text in quotes, not {_kind_of(value)}")
        return parse(value)

    return PlainValidator(_validate, json_schema_input_type=str)


def bare_or_table(key: str) -> BeforeValidator:
    """Let people write a bare name in place of a table that holds only that."""

    def _wrap(value: object) -> object:
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(_wrap, json_schema_input_type=str | dict[str, Any])


def one_or_more() -> BeforeValidator:
    """Let people write one name in place of a list."""

    def _wrap(value: object) -> object:
        return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value

    return BeforeValidator(_wrap, json_schema_input_type=str | list[str])


def _kind_of(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def _as_text(**more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **more})


def _duration_between(low: str, high: str) -> PlainValidator:
    """Make a validator for a length of time within bounds, both included."""

    def _parse(text: str) -> timedelta:
        length = clock.parse_duration(text)
        if not clock.parse_duration(low) <= length <= clock.parse_duration(high):
            raise ValueError(f"it is out of bounds; allowed: {low} to {high}")
        return length

    return text_form(_parse)


def _parse_interval(text: str) -> timedelta:
    every = clock.parse_duration(text)
    whole_days = every % clock.ONE_DAY == timedelta(0)
    if not timedelta(minutes=1) <= every <= timedelta(days=31) or (every > clock.ONE_DAY and not whole_days):
        raise ValueError("it is out of bounds; allowed: 1 minute to 24 hours, or whole days up to 31")
    return every


def _parse_zone(text: str) -> str:
    return clock.zone(text).key


def _parse_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or " " in text:
        raise ValueError('allowed: an address such as "https://api.example.com"')
    if parts.username or parts.password:
        raise ValueError("an address must not hold a name or password")
    return text.rstrip("/")


def parse_secret(text: str) -> str:
    """Accept a reference to a secret; the text itself never enters an error."""
    if not _SECRET.fullmatch(text):
        raise ValueError(f"it must say where the secret is kept, never the secret itself; allowed: {ALLOWED_SECRETS}")
    return text


def _parse_credentials(text: str) -> str:
    if text in {"adc", "anonymous"} or _SECRET.fullmatch(text):
        return text
    raise ValueError(f"it must say where the key is kept, never the key itself; allowed: {ALLOWED_CREDENTIALS}")


def parse_spreadsheet(text: str) -> str:
    """Return the id of a spreadsheet from any link to it, or from the bare id."""
    text = text.strip()
    if "/d/e/" in text:
        raise ValueError(
            f'a link of "Publish to web" does not lead to the spreadsheet; allowed: {ALLOWED_SPREADSHEETS}'
        )
    if re.search(r"//(docs|drive)\.google\.com/(?!.*spreadsheets/)[a-z]+/", text) and "/open?" not in text:
        raise ValueError("it leads to something that is not a spreadsheet; allowed: " + ALLOWED_SPREADSHEETS)
    match = re.search(r"/d/([A-Za-z0-9_-]{3,200})(?:[/?#]|$)", text) or re.search(
        r"[?&](?:id|key)=([A-Za-z0-9_-]{3,200})(?:[&#]|$)", text
    )
    if match is None and not re.fullmatch(r"[A-Za-z0-9_-]{3,200}", text):
        raise ValueError(f"no spreadsheet id can be found in it; allowed: {ALLOWED_SPREADSHEETS}")
    return match[1] if match else text


def parse_store_url(text: str) -> str:
    """Accept an address of a store, or a reference to one; a password in the open is refused."""
    if _SECRET.fullmatch(text):
        return text
    if re.fullmatch(r"sqlite:///(?!:memory:)[^?]+", text):
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"postgresql", "postgresql+psycopg"} or not parts.path.strip("/"):
        raise ValueError(f"allowed: {ALLOWED_STORES}")
    if parts.password or "password=" in parts.query:
        raise ValueError(f"a password must not stand in the config; allowed: {ALLOWED_STORES}")
    return text


def _parse_listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        if host != "localhost":
            ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        if not port.isascii() or not port.isdigit() or int(port) > 65_535:
            raise ValueError
    except ValueError:
        raise ValueError(
            'allowed: an address and a port such as "127.0.0.1:8321"; say "0.0.0.0:8321" for all'
        ) from None
    return text


def parse_cell(text: str) -> str:
    """Accept the address of one cell."""
    if not re.fullmatch(r"[A-Za-z]{1,3}[1-9][0-9]{0,6}", text):
        raise ValueError('allowed: a cell such as "A1"')
    return text.upper()


def is_loopback(listen: str) -> bool:
    """Tell whether only this machine can reach an address to listen on."""
    host = listen.rpartition(":")[0].strip("[]")
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def is_open(url: str) -> bool:
    """Tell whether what is sent to an address can be read on the way."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}


def in_words(length: timedelta) -> str:
    """Write a length of time as the config does."""
    seconds = int(length.total_seconds())
    if seconds % 86_400 == 0:
        return f"{seconds // 86_400} day{'s' * (seconds != 86_400)}"
    return next(f"{seconds // n}{unit}" for unit, n in (("h", 3600), ("m", 60), ("s", 1)) if seconds % n == 0)


Width = Annotated[int, Field(ge=20, le=1000)]
FormatText = Annotated[str, Field(min_length=1, max_length=100)]
Interval = Annotated[timedelta, text_form(_parse_interval), _as_text(examples=["15m", "1h", "1 day"])]
RunDeadline = Annotated[timedelta, _duration_between("10s", "24h"), _as_text(examples=["30m"])]
Jitter = Annotated[timedelta, _duration_between("0s", "30m"), _as_text(examples=["30s"])]
KeepTime = Annotated[timedelta, _duration_between("1 day", "36600 days"), _as_text(examples=["400 days"])]
PeriodText = Annotated[clock.Period, text_form(clock.Period.parse), _as_text(examples=["last 30 days", "this month"])]
CronText = Annotated[Cron, text_form(Cron.parse), _as_text(examples=["0 7 * * mon-fri"])]
Hours = Annotated[RunBetween, text_form(RunBetween.parse), _as_text(examples=["20:00-06:00"])]
ZoneName = Annotated[str, text_form(_parse_zone), _as_text(examples=["UTC", "America/New_York"])]
Url = Annotated[str, text_form(_parse_url), _as_text(format="uri")]
Credentials = Annotated[str, text_form(_parse_credentials), _as_text(examples=["file:service-account.json", "adc"])]
SpreadsheetId = Annotated[str, text_form(parse_spreadsheet), _as_text()]
StoreUrl = Annotated[str, text_form(parse_store_url), _as_text(examples=["sqlite:///callsheet.db"])]
Listen = Annotated[str, text_form(_parse_listen), _as_text(examples=["127.0.0.1:8321"])]
CellAddress = Annotated[str, text_form(parse_cell), _as_text(examples=["A1"])]
Secret = Annotated[str, text_form(parse_secret), _as_text(examples=["env:NAME", "file:PATH"])]
