"""What every tab shows, as far as we know: version published, key to row and fingerprint, and open intents.

Never says what a tab should show.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from sync.store.db import Store, insert_or_update, put_many
from sync.store.instants import from_us, to_us
from sync.store.pieces import in_pieces
from sync.store.tables import intents, published_rows, tabs

_ROWS_IN_A_STATEMENT = 5_000  # keeps the memory of a large save flat


@dataclass(frozen=True, slots=True, kw_only=True)
class TabState:
    """One tab when its publish was last confirmed.

    `uid` names the tab in our config, `sheet_id` is Google's. `version` is that of the mirror, of which rows of
    window `window_start`..`window_end` are shown. `shape` is a fingerprint of columns and config. `n_rows` is the
    row count of the grid, `header_row` a 0-based grid row. `columns` holds name, title and index of each.
    """

    spreadsheet_id: str
    uid: str
    sheet_id: int
    title: str
    mirror_id: str
    version: int
    window_start: datetime
    window_end: datetime
    shape: str
    n_rows: int
    header_row: int
    columns: Sequence[dict[str, Any]]
    published_at: datetime
    suspect_until: datetime | None = None
    verified_at: datetime | None = None


class PublishedRow(NamedTuple):
    """Where a key is (0-based grid row) and the fingerprint of the cells that were written for it."""

    row: int
    fingerprint: int


class Shift(NamedTuple):
    """Every row from `from_row` on, up to `to_row` (excluded), moved by `by`, because others came or went."""

    from_row: int
    by: int
    to_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TabChange:
    """What one publish changed of one tab. Applied in the order: reset, removed, shifts, upserts."""

    state: TabState
    upserts: Iterable[tuple[str, int, int]] = ()
    removed: Iterable[str] = ()
    shifts: Sequence[Shift] = ()
    reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that was begun for the tabs `uids` and not yet confirmed."""

    id: str
    uids: tuple[str, ...]
    run_id: str
    noted_at: datetime


def load_tab(store: Store, spreadsheet_id: str, uid: str) -> TabState | None:
    """Return what is known of a tab, or None when it was never published."""
    return next((state for state in load_tabs(store, spreadsheet_id) if state.uid == uid), None)


def load_tabs(store: Store, spreadsheet_id: str) -> list[TabState]:
    """Return every published tab of a spreadsheet."""
    query = select(tabs).where(tabs.c.spreadsheet_id == spreadsheet_id).order_by(tabs.c.number)
    with store.read() as connection:
        return [_to_state(row) for row in connection.execute(query)]


def rows(store: Store, spreadsheet_id: str, uid: str, keys: Iterable[str] | None = None) -> dict[str, PublishedRow]:
    """Return where keys are, by key: those of `keys` that the tab shows, or all when it is None."""
    with store.read() as connection:
        tab = _number_of(connection, spreadsheet_id, uid)
        query = select(published_rows.c.key, published_rows.c.row, published_rows.c.fingerprint).where(
            published_rows.c.tab == tab
        )
        if keys is None:
            return {key: PublishedRow(row, print_) for key, row, print_ in connection.execute(query)}
        found: dict[str, PublishedRow] = {}
        asked = query.where(published_rows.c.key.in_(bindparam("keys", expanding=True)))
        for piece in in_pieces(keys):
            found.update((k, PublishedRow(r, f)) for k, r, f in connection.execute(asked, {"keys": piece}))
        return found


class Extent(NamedTuple):
    """How many keys a tab shows, and the first and last row that hold one (None when there is none)."""

    n: int
    first: int | None
    last: int | None


def extent(store: Store, spreadsheet_id: str, uid: str) -> Extent:
    """Return between which rows the keys of a tab stand."""
    of_tab = tabs.c.spreadsheet_id == spreadsheet_id, tabs.c.uid == uid
    row = published_rows.c.row
    ends = [
        select(end).where(published_rows.c.tab == tabs.c.number).scalar_subquery()  # two questions: each ends at once
        for end in (func.min(row), func.max(row))
    ]
    with store.read() as connection:
        found = connection.execute(select(tabs.c.n_keys, *ends).where(*of_tab)).one_or_none()
    return Extent(*found) if found is not None else Extent(0, None, None)


def key_at(store: Store, spreadsheet_id: str, uid: str, row: int) -> str | None:
    """Return the key that stands in a row."""
    with store.read() as connection:
        of_tab = published_rows.c.tab == _number_of(connection, spreadsheet_id, uid)
        found = connection.execute(select(published_rows.c.key).where(of_tab, published_rows.c.row == row))
        key: str | None = found.scalars().first()
    return key


def save_tab(
    store: Store,
    state: TabState,
    *,
    upserts: Iterable[tuple[str, int, int]],
    removed: Iterable[str] = (),
    shifts: Sequence[Shift] = (),
    reset: bool = False,
    intent: str | None = None,
) -> None:
    """Record a confirmed publish of one tab in one transaction, and clear the intent if one is given.

    An intent speaks of all tabs of a publish: give it with the last of them, or use `save_tabs`.

    `upserts` are key, 0-based grid row and fingerprint of each row that was written or found; `removed` are keys that
    the tab no longer shows; `shifts` move the rows already known before `upserts` are put in; `reset` forgets every
    row known before.

    """
    change = TabChange(state=state, upserts=upserts, removed=removed, shifts=shifts, reset=reset)
    save_tabs(store, [change], intent=intent)


def save_tabs(store: Store, changes: Iterable[TabChange], *, intent: str | None = None) -> None:
    """Record a confirmed publish of several tabs, and clear its intent, in one transaction."""
    with store.begin() as connection:
        for change in changes:
            _save_change(connection, change)
        if intent is not None:
            connection.execute(delete(intents).where(intents.c.id == intent))


def add_rows(
    store: Store, spreadsheet_id: str, uid: str, *, keys: Sequence[str], first_row: int, fingerprints: Sequence[int]
) -> None:
    """Note rows of a known tab that have landed one below the other, from `first_row` on, in one transaction."""
    with store.begin() as connection:
        tab = _number_of(connection, spreadsheet_id, uid)
        n_rows = len(keys)
        landed = zip(repeat(tab, n_rows), keys, range(first_row, first_row + n_rows), fingerprints, strict=True)
        put_many(connection, published_rows, list(landed), key=("tab", "key"))
        connection.execute(update(tabs).where(tabs.c.number == tab).values(n_keys=tabs.c.n_keys + n_rows))


def note_seen(store: Store, spreadsheet_id: str, uid: str, seen: Mapping[str, PublishedRow]) -> int:
    """Note where rows of a known tab were seen, and with which cells; return of how many that was news."""
    known = rows(store, spreadsheet_id, uid, seen)
    news = [(key, *row) for key, row in seen.items() if known.get(key) != row]
    if news:
        with store.begin() as connection:
            tab = _number_of(connection, spreadsheet_id, uid)
            n_new = _put_rows(connection, tab, news)
            connection.execute(update(tabs).where(tabs.c.number == tab).values(n_keys=tabs.c.n_keys + n_new))
    return len(news)


def each_key(store: Store, spreadsheet_id: str, uid: str) -> Iterator[list[str]]:
    """Yield the keys that a tab shows, so many at a time that memory stays flat."""
    after = ""
    with store.read() as connection:
        tab = _number_of(connection, spreadsheet_id, uid)
        key = published_rows.c.key
        query = select(key).where(published_rows.c.tab == tab, key > bindparam("after")).order_by(key)
        while piece := list(connection.execute(query.limit(_ROWS_IN_A_STATEMENT), {"after": after}).scalars()):
            yield piece
            after = piece[-1]


def forget_tab(store: Store, spreadsheet_id: str, uid: str) -> None:
    """Forget a tab and its rows, as if it had never been published."""
    with store.begin() as connection:
        connection.execute(delete(tabs).where(tabs.c.spreadsheet_id == spreadsheet_id, tabs.c.uid == uid))


def rename_tabs(store: Store, spreadsheet_id: str, names: Mapping[str, str], titles: Mapping[str, str]) -> None:
    """Give tabs, by their uids, other uids and titles; rows, versions and intents stay with them."""
    with store.begin() as connection:
        for before, now in names.items():
            of_tab = (tabs.c.spreadsheet_id == spreadsheet_id, tabs.c.uid == before)
            connection.execute(update(tabs).where(*of_tab).values(uid=now, title=titles[before]))
        mine = intents.c.spreadsheet_id == spreadsheet_id
        for row in connection.execute(select(intents.c.id, intents.c.uids).where(mine)).all():
            uids = [names.get(uid, uid) for uid in orjson.loads(row.uids)]
            changed = update(intents).where(intents.c.id == row.id)
            connection.execute(changed.values(uids=orjson.dumps(uids).decode()))


def note_intent(store: Store, *, spreadsheet_id: str, uids: Sequence[str], run_id: str, at: datetime) -> str:
    """Note that a write of these tabs is about to begin; return the id of the note."""
    intent_id = uuid.uuid4().hex
    row = {
        "id": intent_id,
        "spreadsheet_id": spreadsheet_id,
        "uids": orjson.dumps(list(uids)).decode(),
        "run_id": run_id,
        "noted_at_us": to_us(at),
    }
    with store.begin(durable=True) as connection:
        connection.execute(insert(intents).values(row))
    return intent_id


def open_intents(store: Store, spreadsheet_id: str) -> list[Intent]:
    """Return the writes of a spreadsheet that were begun and never confirmed, oldest first."""
    query = select(intents).where(intents.c.spreadsheet_id == spreadsheet_id)
    with store.read() as connection:
        found = connection.execute(query.order_by(intents.c.noted_at_us, intents.c.id)).all()
    return [
        Intent(id=row.id, uids=tuple(orjson.loads(row.uids)), run_id=row.run_id, noted_at=from_us(row.noted_at_us))
        for row in found
    ]


def clear_intent(store: Store, intent_id: str) -> None:
    """Forget a note: its write is known to be done, or known not to have happened."""
    with store.begin() as connection:
        connection.execute(delete(intents).where(intents.c.id == intent_id))


def _save_change(connection: Connection, change: TabChange) -> None:
    tab = _save_state(connection, change.state)
    of_tab = published_rows.c.tab == tab
    n_gone = n_come = 0
    if change.reset:
        connection.execute(delete(published_rows).where(of_tab))
    for piece in in_pieces(change.removed):
        n_gone += connection.execute(delete(published_rows).where(of_tab, published_rows.c.key.in_(piece))).rowcount
    for shift in change.shifts:
        moved = update(published_rows).where(of_tab, published_rows.c.row >= shift.from_row)
        if shift.to_row is not None:
            moved = moved.where(published_rows.c.row < shift.to_row)
        connection.execute(moved.values(row=published_rows.c.row + shift.by))
    for rows_piece in in_pieces(change.upserts, _ROWS_IN_A_STATEMENT):
        n_come += _put_rows(connection, tab, rows_piece)
    n_before = 0 if change.reset else tabs.c.n_keys
    counted = update(tabs).where(tabs.c.number == tab)
    connection.execute(counted.values(n_keys=n_before + (n_come - n_gone)))


def _put_rows(connection: Connection, tab: int | None, rows: Sequence[tuple[str, int, int]]) -> int:
    """Put rows in, and return how many of the keys are new."""
    known = select(func.count()).where(
        published_rows.c.tab == tab, published_rows.c.key.in_(bindparam("keys", expanding=True))
    )
    keys = {key for key, _, _ in rows}
    n_known = sum(connection.execute(known, {"keys": piece}).scalar_one() for piece in in_pieces(keys))
    put_many(connection, published_rows, [(tab, *row) for row in rows], key=("tab", "key"))
    return len(keys) - n_known


def _save_state(connection: Connection, state: TabState) -> int:
    values = _to_row(state)
    connection.execute(
        insert_or_update(connection, tabs, key=("spreadsheet_id", "uid"), but=("number", "n_keys")), values
    )
    number = _number_of(connection, state.spreadsheet_id, state.uid)
    assert number is not None  # just saved
    return number


def _number_of(connection: Connection, spreadsheet_id: str, uid: str) -> int | None:
    query = select(tabs.c.number).where(tabs.c.spreadsheet_id == spreadsheet_id, tabs.c.uid == uid)
    number: int | None = connection.execute(query).scalar()
    return number


def _to_row(state: TabState) -> dict[str, Any]:
    return {
        "spreadsheet_id": state.spreadsheet_id,
        "uid": state.uid,
        "sheet_id": state.sheet_id,
        "title": state.title,
        "mirror_id": state.mirror_id,
        "version": state.version,
        "window_start_us": to_us(state.window_start),
        "window_end_us": to_us(state.window_end),
        "shape": state.shape,
        "n_rows": state.n_rows,
        "header_row": state.header_row,
        "columns": orjson.dumps(list(state.columns)).decode(),
        "published_at_us": to_us(state.published_at),
        "suspect_until_us": None if state.suspect_until is None else to_us(state.suspect_until),
        "verified_at_us": None if state.verified_at is None else to_us(state.verified_at),
    }


def _to_state(row: Row[Any]) -> TabState:
    return TabState(
        spreadsheet_id=row.spreadsheet_id,
        uid=row.uid,
        sheet_id=row.sheet_id,
        title=row.title,
        mirror_id=row.mirror_id,
        version=row.version,
        window_start=from_us(row.window_start_us),
        window_end=from_us(row.window_end_us),
        shape=row.shape,
        n_rows=row.n_rows,
        header_row=row.header_row,
        columns=orjson.loads(row.columns),
        published_at=from_us(row.published_at_us),
        suspect_until=None if row.suspect_until_us is None else from_us(row.suspect_until_us),
        verified_at=None if row.verified_at_us is None else from_us(row.verified_at_us),
    )
