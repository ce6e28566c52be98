"""The `q` of files.list: terms with and, or, not and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from sync.sandbox.google.errors import DriveError
from sync.sandbox.google.world import File

TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|<=|>=|!=|[=<>()]|[A-Za-z][\w.]*|\S)""")
TEXTS: dict[str, Callable[[File], str]] = {
    "name": lambda file: file.book.title,
    "fulltext": lambda file: file.book.title,
    "mimetype": lambda file: file.mime,
}
FLAGS: dict[str, Callable[[File], bool]] = {
    "trashed": lambda file: file.trashed,
    "starred": lambda file: file.starred,
}
SHARED = "sharedwithme"
VISIBILITIES = {
    "anyonecanfind": ("anyone", True),
    "anyonewithlink": ("anyone", False),
    "domaincanfind": ("domain", True),
    "domainwithlink": ("domain", False),
}
TIMES: dict[str, Callable[[File], datetime]] = {
    "modifiedtime": lambda file: file.modified,
    "createdtime": lambda file: file.created,
    "viewedbymetime": lambda file: file.modified,
}
PEOPLE = {"owners": {"owner"}, "writers": {"owner", "writer"}, "readers": {"owner", "writer", "commenter", "reader"}}
Test = Callable[[File], bool]


def parse_query(text: str, me: str = "") -> Test:
    """Return what a file must be to be listed for `me`. Raises Drive's 400 for a query that it does not read."""
    reader = _Reader(TOKEN.findall(text), me)
    test = reader.any_of() if reader.tokens else lambda _: True
    if reader.at < len(reader.tokens):
        raise bad_value()
    return test


def bad_value() -> DriveError:
    """Return the refusal of a query."""
    return DriveError(400, "Invalid Value", reason="invalid", location="q")


class _Reader:
    """Reads a query from left to right."""

    def __init__(self, tokens: list[str], me: str) -> None:
        self.tokens = tokens
        self.me = me
        self.at = 0

    def _take(self) -> str:
        if self.at >= len(self.tokens):
            raise bad_value()
        self.at += 1
        return self.tokens[self.at - 1]

    def _next_is(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at].lower() == word:
            self.at += 1
            return True
        return False

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._next_is("or"):
            tests.append(self._all_of())
        return lambda file: any(test(file) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._next_is("and"):
            tests.append(self._one())
        return lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        if self._next_is("not"):
            test = self._one()
            return lambda file: not test(file)
        if self._next_is("("):
            inner = self.any_of()
            if not self._next_is(")"):
                raise bad_value()
            return inner
        return self._term(self._take())

    def _term(self, first: str) -> Test:
        if first.lower() == SHARED:
            shared = not self._next_is("=") or self._take().lower() == "true"
            return lambda file: (file.owner != self.me) == shared
        sign = self._take().lower()
        if sign == "in":
            # "parents in 'id'" is not documented, but clients send it and Drive takes it
            field, wanted = self._take(), first
            if first[0] not in "\"'":
                field, wanted = first, field
            person = _text(wanted)
            return _membership(field.lower(), self.me if person == "me" and field.lower() in PEOPLE else person)
        return _comparison(first.lower(), sign, self._take())


def _text(token: str) -> str:
    if token[0] not in "\"'" or len(token) < 2:
        raise bad_value()
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _membership(field: str, wanted: str) -> Test:
    if field == "parents":
        return lambda file: wanted in file.parents
    if field in PEOPLE:
        roles = PEOPLE[field]
        return lambda file: any(p.get("emailAddress") == wanted and p["role"] in roles for p in file.permissions)
    raise bad_value()


def _comparison(field: str, sign: str, token: str) -> Test:
    if field in FLAGS and sign in {"=", "!="} and token.lower() in {"true", "false"}:
        wanted = (token.lower() == "true") == (sign == "=")
        return lambda file: FLAGS[field](file) == wanted
    if field in TIMES:
        return _time_test(field, sign, _text(token))
    if field == "visibility" and sign in {"=", "!="}:
        return _visibility_test(_text(token).lower(), sign)
    if field in TEXTS and sign in {"=", "!=", "contains"}:
        return _text_test(field, sign, _text(token))
    raise bad_value()


def _text_test(field: str, sign: str, wanted: str) -> Test:
    own = TEXTS[field]
    if sign == "contains":  # only from the start of a word on, as the documentation says of names
        start = re.compile(r"(?<![^\W_])" * (field != "mimetype") + re.escape(wanted), re.IGNORECASE)
        return lambda file: start.search(own(file)) is not None
    return lambda file: (own(file) == wanted) == (sign == "=")


def _visibility_test(wanted: str, sign: str) -> Test:
    if wanted != "limited" and wanted not in VISIBILITIES:
        raise bad_value()

    def open_to(file: File) -> set[tuple[str, bool]]:
        entries = (entry for entry in file.permissions if entry["type"] in {"anyone", "domain"})
        return {(entry["type"], bool(entry.get("allowFileDiscovery"))) for entry in entries}

    def test(file: File) -> bool:
        found = open_to(file)
        holds = not found if wanted == "limited" else VISIBILITIES[wanted] in found
        return holds == (sign == "=")

    return test


def _time_test(field: str, sign: str, text: str) -> Test:
    try:
        wanted = datetime.fromisoformat(text)
    except ValueError:
        raise bad_value() from None
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    own = TIMES[field]
    tests: dict[str, Test] = {
        "=": lambda file: own(file) == wanted,
        "!=": lambda file: own(file) != wanted,
        "<": lambda file: own(file) < wanted,
        "<=": lambda file: own(file) <= wanted,
        ">": lambda file: own(file) > wanted,
        ">=": lambda file: own(file) >= wanted,
    }
    if sign not in tests:
        raise bad_value()
    return tests[sign]
