"""Stores for tests: SQLite files, and a PostgreSQL server of this test run if its programs can be found."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from sync.records import Field, FieldType, Record, StreamSpec

URL_VARIABLE = "CALLSHEET_TEST_POSTGRESQL_URL"
T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

NO_POSTGRESQL = (
    f"no PostgreSQL: set {URL_VARIABLE} to a server where databases may be made, or install PostgreSQL "
    "(initdb and pg_ctl on PATH or below /usr/lib/postgresql), or pip install pgserver; and psycopg"
)


def at(seconds: float) -> datetime:
    """Return an instant so many seconds after the start of all test histories."""
    return T0 + timedelta(seconds=seconds)


def make_spec(**types: FieldType) -> StreamSpec:
    """Return a stream with a text key, a cursor, and the fields of `types` (name and duration when none are given)."""
    chosen = types or {"name": FieldType.TEXT, "duration": FieldType.INTEGER}
    all_types = {"call_id": FieldType.TEXT, "started_at": FieldType.INSTANT, **chosen}
    return StreamSpec(
        name="calls",
        description="Calls.",
        fields=tuple(Field(name=n, type=t, title=n, description=n) for n, t in all_types.items()),
        key=("call_id",),
        cursor_field="started_at",
        params=(),
        page_size=100,
        slice_days=1,
        lookback=timedelta(days=3),
        reread=timedelta(days=30),
        retention=None,
        limits="",
    )


def make_record(key: str, seconds: float = 0, *, extra: dict[str, Any] | None = None, **values: Any) -> Record:
    """Return a record of `make_spec()` that started so many seconds after T0."""
    filled = values or {"name": "Ada", "duration": 30}
    return Record({"call_id": key, "started_at": at(seconds), **filled}, extra or {})


def one_of_each() -> tuple[StreamSpec, dict[str, Any]]:
    """Return a stream with a field of every type, and values for them."""
    values = {
        FieldType.TEXT: "=1+1 ü 0042",
        FieldType.INTEGER: 2**62,
        FieldType.NUMBER: 0.1,
        FieldType.BOOLEAN: True,
        FieldType.INSTANT: datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        FieldType.DATE: date(1969, 12, 31),
        FieldType.LIST: ["a", "b, c"],
        FieldType.OBJECT: {"b": 1, "a": [None]},
    }
    return make_spec(**{f"a_{t.value}": t for t in values}), {f"a_{t.value}": v for t, v in values.items()}


@contextlib.contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """Make a database of its own on a server; yield its address and drop it afterwards."""
    name = f"callsheet_{uuid.uuid4().hex[:12]}"
    server = make_url(server_url).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


@contextlib.contextmanager
def postgresql_server() -> Iterator[str | None]:
    """Yield the address of a PostgreSQL server: the one named in the environment, else one started for these tests."""
    if os.environ.get(URL_VARIABLE):
        yield os.environ[URL_VARIABLE]
        return
    programs = _programs() if importlib.util.find_spec("psycopg") else None
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="callsheet-pg-", dir="/tmp"))
    as_user = _as_other_user(folder)
    if as_user is None:
        shutil.rmtree(folder)
        yield None
        return
    try:
        started = _start(programs, folder, as_user)
        yield f"postgresql://callsheet@/postgres?host={folder}" if started else None
    finally:
        stop = [*as_user, programs / "pg_ctl", "-D", folder / "cluster", "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _start(programs: Path, folder: Path, as_user: list[str]) -> bool:
    cluster = folder / "cluster"
    initdb = [*as_user, programs / "initdb", "-D", cluster, "-A", "trust", "-U", "callsheet", "--no-sync", "-E", "UTF8"]
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=100"
    start = [*as_user, programs / "pg_ctl", "-D", cluster, "-w", "-l", folder / "log", "-o", options, "start"]
    try:
        for command in ([*initdb, "--locale=C"], start):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    except (OSError, subprocess.CalledProcessError):
        return False  # programs that the other user may not read, a library that is missing
    return True


def _programs() -> Path | None:
    """Find the folder that holds initdb and pg_ctl."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    carrier = importlib.util.find_spec("pgserver")
    if carrier is not None and carrier.origin is not None:
        folders.append(Path(carrier.origin).parent / "pginstall" / "bin")  # importing it would start making folders
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def _as_other_user(folder: Path) -> list[str] | None:
    """PostgreSQL refuses to run as root: return what to put before its commands, and give the folder away."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        return None
    nobody = 65534
    os.chown(folder, nobody, nobody)
    return ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
