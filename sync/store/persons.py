"""Who is to be forgotten, and in which of the values that vendors send such a person is found. Pure.

The store keeps no number and no name, only digests under a salt: enough to know a person when the vendor sends the
record again. Whoever has the store and tries all numbers can still find out which they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.store.mirror_table import EXTRA, FINGERPRINT, KEY, OUR_OWN, fingerprint

PHONE, AGENT = "phone", "agent"
GATHERED = "all_calls"
"""The stream in which each record names its connection."""
IN_PLACE = "[removed]"
"""What stands in texts where the person was."""

_COUNTRY = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")
_NUMBER = re.compile(r"(?<![\w])\+?\(?\d(?:[\s().\-/\u00a0]{0,3}\d){5,17}(?![\w])")
_DIGITS = re.compile(r"\+?\d{6,18}")
_AGENT_STREAM = re.compile(r"(agents?|users?|teammates?)$")
_AGENT_COLUMN = re.compile(
    r"(^|_)(agents?|users?|teammates?|assignee|assigned_to|owner|answered_by|archived_by|transferred_(by|to))(_|$)"
)
_IN_AGENT_STREAM = frozenset({"id", "name", "email", "first_name", "last_name", "phone", "username"})


def digits_of(text: str) -> str:
    """Return the digits of a number, without the 00 that some write for +."""
    digits = "".join(re.findall(r"\d", text))
    return digits[2:] if digits.startswith("00") and "+" not in text else digits


def forms_of_phone(number: str) -> dict[str, bool]:
    """Return the digits by which a number is known, and whether they also count where a + stands before them.

    A number with + is also known as people write it in its own country; one without it only as it is.
    """
    digits = digits_of(number)
    if not number.strip().startswith(("+", "00")):
        return {digits: True}
    code = _COUNTRY.match(digits)
    national = digits[code.end() :] if code else digits
    return {digits: True, national: False, f"0{national}": False}


def is_agent_column(stream: str, column: str) -> bool:
    """Tell whether a column says which agent a record belongs to, by the words that vendors use."""
    if _AGENT_STREAM.search(stream) and column in _IN_AGENT_STREAM:
        return True
    return _AGENT_COLUMN.search(column) is not None


@dataclass(frozen=True, slots=True)
class Persons:
    """Those who are to be forgotten, as digests under a salt."""

    salt: bytes
    digests: frozenset[str]
    kinds: frozenset[str] = field(default=frozenset({PHONE, AGENT}))

    def digest(self, *parts: str) -> str:
        """Return what is stored of a number, or of an agent's id or name."""
        return hashlib.blake2b("\0".join(parts).encode(), key=self.salt, digest_size=16).hexdigest()

    def digests_of_phone(self, number: str) -> list[str]:
        """Return what is stored of a phone number."""
        forms = forms_of_phone(number)
        return [self.digest(PHONE, "+" if with_plus else "", form) for form, with_plus in forms.items()]

    def digest_of_agent(self, connection: str, value: str) -> str:
        """Return what is stored of an id, a name or an address of an agent at one vendor."""
        return self.digest(AGENT, connection, value.strip().casefold())

    def is_phone(self, text: str) -> bool:
        """Tell whether a text is the number of such a person."""
        digits = digits_of(text)
        if self.digest(PHONE, "+", digits) in self.digests:
            return True
        return not text.strip().startswith(("+", "00")) and self.digest(PHONE, "", digits) in self.digests

    def is_agent(self, connection: str, text: str) -> bool:
        """Tell whether a text is the id, name or address of such an agent."""
        return bool(text) and self.digest_of_agent(connection, text) in self.digests

    def without(self, text: str) -> str:
        """Return a text with the numbers of such persons taken out."""
        if PHONE not in self.kinds:
            return text

        def judged(found: re.Match[str]) -> str:
            return IN_PLACE if self.is_phone(found[0]) else found[0]

        # As people write it, and then bare digits inside addresses of files and the like
        return _DIGITS.sub(judged, _NUMBER.sub(judged, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Decides about the rows of one mirror: whose person is forgotten, goes; a mention is taken out.

    Where the calls of several connections are gathered, `connection` names none of them: each row says its own.
    """

    persons: Persons
    connection: str
    stream: str

    def cleaned(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a row as it may be kept, or None when it may not."""
        changed = dict(row)
        known_to = str(row.get("connection")) if self.stream == GATHERED else self.connection
        for column, value in row.items():
            if column in OUR_OWN and column != KEY:
                continue
            if isinstance(value, bool) or not isinstance(value, str | int):
                continue
            if self._is_theirs(column, str(value), known_to):
                return None
            if isinstance(value, str) and column != KEY:
                kept = self._cleaned_text(value, known_to)
                if kept is None:
                    return None
                changed[column] = kept
        if changed != row:
            changed[FINGERPRINT] = fingerprint({k: v for k, v in changed.items() if k not in OUR_OWN})
        return changed

    def _is_theirs(self, column: str, text: str, known_to: str) -> bool:
        if PHONE in self.persons.kinds and _NUMBER.fullmatch(text.strip()) and self.persons.is_phone(text):
            return True
        is_agent = AGENT in self.persons.kinds and column != EXTRA and is_agent_column(self.stream, column)
        return is_agent and self.persons.is_agent(known_to, text)

    def _cleaned_text(self, text: str, known_to: str) -> str | None:
        """Clean a text, which may be JSON of lists and objects; None when the record is such a person's."""
        if text[:1] in ("[", "{"):
            try:
                parsed = orjson.loads(text)
            except orjson.JSONDecodeError:
                return self.persons.without(text)
            if any(self._is_theirs(name, str(value), known_to) for name, value in _leaves(parsed, "")):
                return None
            cleaned = _mapped(parsed, self.persons.without)
            return text if cleaned == parsed else orjson.dumps(cleaned, option=orjson.OPT_SORT_KEYS).decode()
        return self.persons.without(text)


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str | int]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}_{key}" if name else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield name, value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
