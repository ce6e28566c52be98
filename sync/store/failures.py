"""Puts SQLAlchemy errors into our words, for `db.py` only. Never shows parameters or passwords."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sync.errors import StoreError

_LOCKED = (
    "The store {name} is locked by another program for too long.",
    "Close other programs that have the file open (a database browser, a copy or a backup), then run again.",
)
_DAMAGED = (
    "The store {name} is damaged, or is not a store of callsheet.",
    "Restore a copy, or move the file (with its -wal and -shm) away and run again: records are fetched again as far "
    "back as the vendor remembers, and tabs are found by their tags and matched by key.",
)
_FULL = ("The disk of the store {name} is full.", "Free some space, then run again.")
_READ_ONLY = (
    "The store {name} may not be written by this user.",
    "Check the owner and mode of the file and its folder.",
)
_UNREADABLE = ("The disk of the store {name} failed to read or write.", "Check the disk, then run again.")
_OUT_OF_REACH = ("The store {name} is out of reach.", "Check that the database server is up and the address is right.")
_REFUSED = ("The database refuses the account of the store {name}.", "Check user and password in [store] url.")
_NO_DATABASE = ("The database of the store {name} does not exist.", "Create it, for example with createdb.")

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _UNREADABLE,
}

# PostgreSQL's SQLSTATE codes, or the two letters of their class
_BY_SQLSTATE = {
    "55P03": _LOCKED,
    "40P01": _LOCKED,
    "40001": _LOCKED,
    "57": _OUT_OF_REACH,
    "08": _OUT_OF_REACH,
    "28": _REFUSED,
    "3D000": _NO_DATABASE,
    "53": _FULL,
    "42501": _READ_ONLY,
    "25006": _READ_ONLY,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}


def to_store_error(error: SQLAlchemyError, name: str) -> StoreError:
    """Return our error for `error` of the store called `name`; the caller keeps the cause."""
    what, hint = _words_for(error) or (f"The store {{name}} failed: {_first_line(error)}", "")
    return StoreError(what.format(name=name), hint=hint)


def _words_for(error: SQLAlchemyError) -> tuple[str, str] | None:
    original = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return _BY_SQLITE_CODE.get(code & 0xFF)  # the rest of the code only refines it
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2])
    if original is not None and type(original).__module__.startswith("psycopg"):
        return _words_for_no_answer(str(original))
    return None


def _words_for_no_answer(text: str) -> tuple[str, str] | None:
    """A connection that never came about has no SQLSTATE, only libpq's text."""
    if "password authentication failed" in text or "no password supplied" in text:
        return _REFUSED
    if "does not exist" in text and "database" in text:
        return _NO_DATABASE
    return _OUT_OF_REACH


def _first_line(error: SQLAlchemyError) -> str:
    original = error.orig if isinstance(error, DBAPIError) else None
    lines = str(original or error).splitlines()
    return lines[0] if lines else type(error).__name__
