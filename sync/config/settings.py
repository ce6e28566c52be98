"""Process settings: google, store and daemon, and the secrets that the config refers to by name.

A secret is read only when it is needed, and never enters a model, a plan or an error.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field

from sync import log
from sync.config.forms import (
    Credentials,
    Jitter,
    KeepTime,
    Listen,
    Options,
    RunDeadline,
    Secret,
    StoreUrl,
    Url,
    ZoneName,
    parse_store_url,
)
from sync.errors import ConfigError


class Google(Options):
    """How Google is reached, and how much may be asked of it."""

    credentials: Credentials = Field(
        description='You say where the key of the service account is kept: "file:PATH", "env:NAME" (a variable that '
        'holds the JSON text), "adc" for the credentials of the machine, or "anonymous" for a server without any.'
    )
    sheets_url: Url = Field(
        default="https://sheets.googleapis.com",
        description="You change this address only to speak to another server with the same API.",
    )
    drive_url: Url = Field(
        default="https://www.googleapis.com",
        description="You change this address only to speak to another server with the same API.",
    )
    writes_per_minute: int = Field(
        default=60,
        ge=1,
        le=1_000_000,
        description="You allow this many write requests a minute for each credential; 60 is what Google grants.",
    )
    reads_per_minute: int = Field(
        default=60,
        ge=1,
        le=1_000_000,
        description="You allow this many read requests a minute for each credential; 60 is what Google grants.",
    )
    spreadsheet_writes_per_second: float = Field(
        default=1,
        gt=0,
        le=1_000_000,
        description="You allow this many write requests a second to any one spreadsheet.",
    )
    max_request_bytes: int = Field(
        default=2_000_000,
        ge=1_000,
        le=10_000_000,
        description="You cap the size of one write request; larger changes are sent in several.",
    )


class StoreSettings(Options):
    """Where the mirror, the run history and the published versions are kept."""

    url: StoreUrl = Field(
        default="sqlite:///callsheet.db",
        description='You name the database: "sqlite:///FILE" (relative to the folder of this file), '
        '"postgresql://USER@HOST/NAME", or "env:NAME" or "file:PATH" for an address that holds a password.',
    )
    keep_records: KeepTime | None = Field(
        default=None,
        json_schema_extra={"example": "400 days"},
        description="You say for how long records stay in the mirror, never shorter than what a tab still shows; "
        "left out, they stay. The daemon looks once a day.",
    )
    keep_history: KeepTime = Field(
        default=timedelta(days=90),
        description="You say for how long the history of runs and incidents is kept. The daemon looks once a day.",
    )


class Daemon(Options):
    """How `callsheet serve` behaves."""

    timezone: ZoneName = Field(
        default="UTC", description="You name the time zone of every sheet that does not name its own."
    )
    workers: int = Field(default=4, ge=1, le=64, description="You allow this many sheets to run at the same time.")
    jitter: Jitter = Field(
        default=timedelta(seconds=30),
        description="You spread the starts of sheets that are due together over this time; each sheet always starts "
        'the same number of seconds after its times, "0s" at once.',
    )
    run_deadline: RunDeadline = Field(
        default=timedelta(minutes=30),
        description="You stop a run that takes longer than this; what it did until then stays.",
    )
    listen: Listen = Field(
        default="127.0.0.1:8321",
        description="You choose the address and port of the status page; with any address but this machine's own, "
        "everyone who reaches it can read the page.",
    )
    token: Secret | None = Field(
        default=None,
        json_schema_extra={"example": "env:CALLSHEET_PAGE_TOKEN"},
        description="You say where the word is kept that people give on the status page to run a sheet at once; left "
        "out, the page can only be read.",
    )


class Alerts(Options):
    """Who is told when something goes wrong, and when it is well again. Each incident is told once."""

    urls: tuple[Secret, ...] = Field(
        default=(),
        max_length=20,
        strict=False,
        json_schema_extra={"example": ["env:CALLSHEET_ALERT_URL"]},
        description="You say where the addresses are kept that alerts go to, in the form of Apprise, such as "
        '"mailto://...", "slack://..." or "msteams://..."; they hold passwords, so each is env:NAME or file:PATH.',
    )
    levels: tuple[Literal["failure", "warning", "recovery"], ...] = Field(
        default=("failure", "warning", "recovery"),
        strict=False,
        description="You choose what is told: failure (a sheet is not kept up to date), warning (it soon will not be), "
        "recovery (it is again).",
    )
    heartbeat: Secret | None = Field(
        default=None,
        json_schema_extra={"example": "env:CALLSHEET_HEARTBEAT_URL"},
        description="You say where the address is kept that is asked for (GET) after every good run, so that a monitor "
        "elsewhere notices when none comes.",
    )


class LogSettings(Options):
    """What `callsheet serve` writes about its work, one line for each event. Secrets are masked everywhere."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="You choose the least important lines that are written."
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto",
        description="You choose one JSON object a line, or text for people; auto takes text on a terminal and in no "
        "other place.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        json_schema_extra={"example": "callsheet.log"},
        description="You name a file that the lines go to as well, relative to the folder of this file; it is private "
        "to this user, and rotates.",
    )
    rotate_bytes: int = Field(
        default=10_000_000,
        ge=1_000,
        le=10_000_000_000,
        description="You begin a new file when this one has grown to so many bytes.",
    )
    keep_files: int = Field(
        default=5, ge=1, le=1_000, description="You keep this many of the older files, the oldest is deleted."
    )


def resolve_secret(ref: str, folder: Path) -> str:
    """Return the secret that a reference names, and have every log line masked from then on.

    ConfigError names the variable or file, never the value. `folder` is where relative files are.
    """
    kind, _, name = ref.partition(":")
    value = _from_environment(name) if kind == "env" else _from_file(name, folder)
    log.register_secret(value)
    return value


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        state = "is empty" if name in os.environ else "is not set"
        raise ConfigError(f"The environment variable {name} {state}.", hint=f"Set it, for example: export {name}=...")
    return value


def _from_file(name: str, folder: Path) -> str:
    path = folder / Path(name).expanduser()
    try:
        value = path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"The secret file {path} is not text.", hint="Save the value alone, as UTF-8 text.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"The secret file {path} cannot be read: {reason}.", hint="Create it, or correct the path."
        ) from error
    if not value:
        raise ConfigError(f"The secret file {path} is empty.", hint="Write the value into it.")
    return value


def resolve_store_url(url: str, folder: Path) -> str:
    """Return the address of the store with its reference followed and its file relative to `folder` made absolute."""
    if url.startswith(("env:", "file:")):
        ref, url = url, resolve_secret(url, folder)
        if url.startswith(("env:", "file:")) or not _is_store_url(url):
            raise ConfigError(f"What {ref} holds is not the address of a store.")
        log.register_secret(unquote(urlsplit(url).password or ""))  # drivers write addresses in forms of their own
    if url.startswith("sqlite:///"):
        return f"sqlite:///{(folder / Path(url.removeprefix('sqlite:///')).expanduser()).resolve()}"
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _is_store_url(url: str) -> bool:
    """Tell whether an address that came from a secret is well formed; there a password is allowed."""
    if url.startswith(("postgresql://", "postgresql+psycopg://")):
        return True
    try:
        parse_store_url(url)
    except ValueError:
        return False
    return True
