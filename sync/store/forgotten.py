"""Whom to forget: kept as digests, asked at every write into a mirror, and applied to all that is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, MetaData, Table, column, delete, exists, select, table, update

from sync.store.db import Store, insert_or_update
from sync.store.instants import to_us
from sync.store.mirror_table import CHANGED_IN, KEY
from sync.store.persons import GATHERED, Judge, Persons, is_agent_column
from sync.store.pieces import in_pieces
from sync.store.salt import QUEUE, salt_of
from sync.store.tables import forget_salt, forgotten, forgotten_rows, mirrors, published_rows, runs, tabs

_ROWS_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One mirror as it stands in the store."""

    id: str
    connection: str
    stream: str
    table_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent as one connection knows it: every text that means this agent and no other one."""

    connection: str
    ids: frozenset[str]
    texts: frozenset[str]


def salted(store: Store) -> Persons:
    """Return the persons who are forgotten already, with the salt of this store."""
    with store.begin(queues=[QUEUE]) as connection:
        return _load(connection, salt_of(connection))


def _load(connection: Connection, salt: str) -> Persons:
    found = connection.execute(select(forgotten.c.digest, forgotten.c.kind)).all()
    return Persons(bytes.fromhex(salt), frozenset(row.digest for row in found), frozenset(row.kind for row in found))


def remember(store: Store, kind: str, digests: Iterable[str], *, at: datetime) -> None:
    """Note whom to forget, from now on and in every process on the store."""
    rows = [{"digest": digest, "kind": kind, "at_us": to_us(at)} for digest in digests]
    with store.begin(queues=[QUEUE]) as connection:
        connection.execute(insert_or_update(connection, forgotten, key=("digest",)), rows)


def without_forgotten(
    connection: Connection, rows: dict[str, dict[str, Any]], *, mirror_id: str
) -> dict[str, dict[str, Any]]:
    """Return rows on their way into a mirror without those of persons to forget; asked inside its transaction."""
    if not connection.execute(select(exists(select(forgotten.c.digest)))).scalar():
        return rows
    source, stream = mirror_id.split("/")[:2]
    salt = connection.execute(select(forget_salt.c.salt)).scalar_one()
    judge = Judge(persons=_load(connection, salt), connection=source, stream=stream)
    judged = ((key, judge.cleaned(row)) for key, row in rows.items())
    return {key: row for key, row in judged if row is not None}


def known_mirrors(store: Store) -> list[Kept]:
    """Return every mirror of the store, those included that no sheet uses any more."""
    with store.read() as connection:
        found = connection.execute(select(mirrors.c.id, mirrors.c.connection, mirrors.c.stream, mirrors.c.table_name))
        return [Kept(id=row[0], connection=row[1], stream=row[2], table_name=row[3]) for row in found]


def find_agents(store: Store, mirror: Kept, wanted: str) -> list[Agent]:
    """Return the agents of one mirror that a text means: by id, name or address, as the records have them."""
    wanted = wanted.strip().casefold()
    if mirror.stream == GATHERED:  # its agents are known by the mirrors of their connections
        return []
    with store.read() as connection:
        rows = Table(mirror.table_name, MetaData(), autoload_with=connection)
        names = [c.name for c in rows.c if is_agent_column(mirror.stream, c.name)]
        if not names:
            return []
        query = select(*(rows.c[name] for name in names)).distinct()
        found = [tuple(None if v is None else str(v) for v in row) for row in connection.execute(query)]
    is_id = [name == "id" or name.endswith("_id") for name in names]
    agents: dict[frozenset[str], set[str]] = {}
    for row in found:
        texts = {text for text in row if text}
        if any(text.strip().casefold() == wanted for text in texts):
            ids = frozenset(text for text, is_one in zip(row, is_id, strict=True) if text and is_one)
            agents.setdefault(ids, set()).update(texts)
    return [Agent(connection=mirror.connection, ids=ids, texts=frozenset(t)) for ids, t in agents.items()]


def strike(store: Store, mirror: Kept, persons: Persons, *, dry: bool = False) -> int:
    """Remove from a mirror what belongs to persons to forget, clean what mentions them; return how many records went.

    Tabs that show these records hear of it by the version, which moves, and by `rows_to_remove`.
    """
    judge = Judge(persons=persons, connection=mirror.connection, stream=mirror.stream)
    with store.read() as connection:  # a long look, which must not keep others from writing
        rows = Table(mirror.table_name, MetaData(), autoload_with=connection)
        gone, cleaned = _judged(connection, select(rows), judge)
    if dry or not (gone or cleaned):
        return len(gone)
    with store.begin() as connection:
        _no_traces(connection)
        version = _lock(connection, mirror.id) + 1
        for piece in in_pieces([*gone, *cleaned]):
            now_gone, now_cleaned = _judged(connection, select(rows).where(rows.c[KEY].in_(piece)), judge)
            connection.execute(delete(rows).where(rows.c[KEY].in_(now_gone)))
            for row in now_cleaned.values():
                connection.execute(update(rows).where(rows.c[KEY] == row[KEY]).values({**row, CHANGED_IN: version}))
        leaving = [{"mirror_id": mirror.id, "key": key} for key in gone]
        if leaving:
            connection.execute(insert_or_update(connection, forgotten_rows, key=("mirror_id", "key")), leaving)
        connection.execute(update(mirrors).where(mirrors.c.id == mirror.id).values(version=version))
    return len(gone)


def _judged(connection: Connection, query: Any, judge: Judge) -> tuple[list[str], dict[str, dict[str, Any]]]:
    gone: list[str] = []
    cleaned: dict[str, dict[str, Any]] = {}
    # For this statement alone: kept on the connection, PostgreSQL would also be asked to walk the changes to come
    result = connection.execute(query, execution_options={"yield_per": _ROWS_AT_A_TIME})
    for row in result.mappings():
        known = {str(name): value for name, value in row.items()}
        kept = judge.cleaned(known)
        if kept is None:
            gone.append(str(known[KEY]))
        elif kept != known:
            cleaned[str(known[KEY])] = kept
    return gone, cleaned


def _lock(connection: Connection, mirror_id: str) -> int:
    queue_up = update(mirrors).where(mirrors.c.id == mirror_id).values(version=mirrors.c.version)
    version: int = connection.execute(queue_up.returning(mirrors.c.version)).scalar_one()
    return version


def _no_traces(connection: Connection) -> None:
    """Have SQLite write over what is deleted; else it would stand in the file until its place is used again."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def rows_to_remove(store: Store, mirror_id: str) -> frozenset[str]:
    """Return the keys of a mirror whose rows have to leave every tab."""
    with store.read() as connection:
        found = connection.execute(select(forgotten_rows.c.key).where(forgotten_rows.c.mirror_id == mirror_id))
        return frozenset(found.scalars())


def tabs_to_clean(store: Store) -> set[tuple[str, str]]:
    """Return spreadsheet and uid of every tab that shows a row which has to leave."""
    query = (
        select(tabs.c.spreadsheet_id, tabs.c.uid)
        .distinct()
        .join(published_rows, published_rows.c.tab == tabs.c.number)
        .join(
            forgotten_rows,
            (forgotten_rows.c.mirror_id == tabs.c.mirror_id) & (forgotten_rows.c.key == published_rows.c.key),
        )
    )
    with store.read() as connection:
        return {(row.spreadsheet_id, row.uid) for row in connection.execute(query)}


def forget_removed(store: Store) -> int:
    """Drop the keys of rows that no tab shows any more; return how many are left."""
    shown = exists(
        select(1).where(
            tabs.c.number == published_rows.c.tab,
            tabs.c.mirror_id == forgotten_rows.c.mirror_id,
            published_rows.c.key == forgotten_rows.c.key,
        )
    )
    with store.begin() as connection:
        _no_traces(connection)
        connection.execute(delete(forgotten_rows).where(~shown))
        return len(connection.execute(select(forgotten_rows.c.key)).all())


def clean_history(store: Store, persons: Persons) -> None:
    """Take persons to forget out of the reports of runs."""
    reports = table(runs.name, column("number", BigInteger), column("report"))
    with store.begin() as connection:
        _no_traces(connection)
        found = connection.execute(select(reports.c.number, reports.c.report).where(reports.c.report.is_not(None)))
        for number, text in found.all():
            cleaned = _cleaned_json(text, persons)
            if cleaned != text:
                connection.execute(update(reports).where(reports.c.number == number).values(report=cleaned))


def _cleaned_json(text: str, persons: Persons) -> str:
    def walk(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: walk(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return persons.without(value) if isinstance(value, str) else value

    parsed = orjson.loads(text)
    cleaned = walk(parsed)
    return text if cleaned == parsed else orjson.dumps(cleaned).decode()
