"""The last good config of each sheet and of the process, as it was written, and what is wrong with the newer one.

Only what was found good is kept; its secrets are references, so none is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import delete, select, update

from sync.store.db import Store, insert_or_update
from sync.store.instants import from_us, to_us
from sync.store.tables import good_configs

PROCESS, SHEET = "process", "sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodConfig:
    """One kept version. `problems` are sentences about the version in the file; empty where that one is in use."""

    kind: str
    name: str
    file: str
    text: str
    saved_at: datetime
    broken_since: datetime | None = None
    problems: tuple[str, ...] = ()


def load_good_configs(store: Store) -> list[GoodConfig]:
    """Return every kept version, by kind and name."""
    with store.read() as connection:
        rows = connection.execute(select(good_configs).order_by(good_configs.c.kind, good_configs.c.name)).all()
    return [
        GoodConfig(
            kind=row.kind,
            name=row.name,
            file=row.file,
            text=row.text,
            saved_at=from_us(row.saved_at_us),
            broken_since=None if row.broken_since_us is None else from_us(row.broken_since_us),
            problems=tuple(orjson.loads(row.problems)) if row.problems else (),
        )
        for row in rows
    ]


def save_good_configs(store: Store, kept: Iterable[GoodConfig]) -> None:
    """Keep these versions in place of the older ones of their names."""
    rows = [
        {
            "kind": one.kind,
            "name": one.name,
            "file": one.file,
            "text": one.text,
            "saved_at_us": to_us(one.saved_at),
            "broken_since_us": None if one.broken_since is None else to_us(one.broken_since),
            "problems": orjson.dumps(one.problems).decode() if one.problems else None,
        }
        for one in kept
    ]
    if rows:
        with store.begin() as connection:
            connection.execute(insert_or_update(connection, good_configs, key=("kind", "name")), rows)


def note_broken(store: Store, kind: str, name: str, problems: Sequence[str], *, since: datetime) -> None:
    """Note that the version in the file cannot be used, and why; the kept one goes on."""
    one = (good_configs.c.kind == kind, good_configs.c.name == name)
    values = {"broken_since_us": to_us(since), "problems": orjson.dumps(list(problems)).decode()}
    with store.begin() as connection:
        connection.execute(update(good_configs).where(*one).values(values))


def broken_since(store: Store, sheet: str) -> datetime | None:
    """Return since when what a sheet goes by is not what its file says, or None when it is."""
    of_sheet = (good_configs.c.kind == SHEET) & (good_configs.c.name == sheet)
    at_us = good_configs.c.broken_since_us
    query = select(at_us).where(of_sheet | (good_configs.c.kind == PROCESS), at_us.is_not(None)).order_by(at_us)
    with store.read() as connection:
        found = connection.execute(query).scalars().first()
    return None if found is None else from_us(found)


def forget_good_configs(store: Store, kind: str, names: Iterable[str]) -> None:
    """Keep nothing more of these names."""
    wanted = (good_configs.c.kind == kind, good_configs.c.name.in_(list(names)))
    with store.begin() as connection:
        connection.execute(delete(good_configs).where(*wanted))
