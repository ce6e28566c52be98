"""What all stand-ins for vendors share: keys, rates, refusals, lists that faults can change, a truth to compare with.

A vendor's own file adds its routes, its forms of answers and its data. Knows no vendor.
"""

from __future__ import annotations

import math
import re
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import available_timezones

import orjson
from pydantic import AfterValidator, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.call_book import CallBook
from sync.sandbox.calls import CallOptions
from sync.sandbox.exchange import Answer, Asked

Endpoint = Callable[[Request], Awaitable[Response]]
MINUTE_S = 60.0


@cache
def known_zones() -> frozenset[str]:
    """Return the names of time zones; looking them up reads a few hundred files."""
    return frozenset(available_timezones())


def _check_zone(name: str) -> str:
    if name not in known_zones():
        raise ValueError(f"{name!r} is not a time zone")
    return name


ZoneName = Annotated[str, AfterValidator(_check_zone)]


@dataclass(slots=True, kw_only=True)
class VendorOptions:
    """What the admin address can change at every vendor.

    `accepted_keys` and `forbidden_keys` hold credentials as one text, their parts joined by a colon; None accepts any.
    `extra_fields` are added to every record, as a vendor does that adds fields over the years.
    """

    requests_per_minute: int = 60
    window_s: float = MINUTE_S
    accepted_keys: list[str] | None = None
    forbidden_keys: list[str] = field(default_factory=list)
    retry_after: bool = True
    extra_fields: dict[str, Any] = field(default_factory=dict)
    unknown_params: Literal["refuse", "ignore"] = "refuse"


class WrongOption(ValueError):
    """An option that does not exist or fit; the text says why."""


def changed_options(options: Any, changes: Mapping[str, Any]) -> Any:
    """Return the same options with changes. Raises WrongOption."""
    known = [one.name for one in fields(options)]
    if unknown := set(changes) - set(known):
        raise WrongOption(f"unknown option {', '.join(sorted(unknown))}; allowed: {', '.join(known)}")
    try:
        kind: Any = type(options)
        return _adapter(kind).validate_python(asdict(options) | dict(changes))
    except ValidationError as wrong:
        raise WrongOption(str(wrong)) from wrong


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class Refusal(Exception):
    """An answer other than a good one, in the vendor's form."""

    def __init__(self, body: object, *, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.response = json_response(body, status=status, headers=headers)


def json_response(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(body), status_code=status, headers=dict(headers or {}), media_type="application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests in a sliding window of so many seconds."""

    n: int
    window_s: float = MINUTE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How much of one rate a key has used: what is left, and the seconds until a request is free again."""

    rate: Rate
    n_left: int
    wait_s: int


class RateCount:
    """Counts the requests of each key; a refused request uses nothing up."""

    def __init__(self) -> None:
        self._asked: dict[str, deque[float]] = {}

    def clear(self) -> None:
        """Forget all requests."""
        self._asked.clear()

    def take(self, key: str, rates: Sequence[Rate]) -> tuple[bool, list[Used]]:
        """Use one request of every rate at once if all have one left; tell whether, and how each rate stands."""
        now = time.monotonic()
        asked = self._asked.setdefault(key, deque())
        longest = max(rate.window_s for rate in rates)
        while asked and asked[0] <= now - longest:
            asked.popleft()
        is_free = all(_n_within(asked, now - rate.window_s) < rate.n for rate in rates)
        if is_free:
            asked.append(now)
        return is_free, [self._used(asked, rate, now) for rate in rates]

    @staticmethod
    def _used(asked: deque[float], rate: Rate, now: float) -> Used:
        n = _n_within(asked, now - rate.window_s)
        oldest = asked[len(asked) - n] if n else now
        return Used(rate=rate, n_left=max(0, rate.n - n), wait_s=math.ceil(oldest + rate.window_s - now))


def _n_within(asked: deque[float], since: float) -> int:
    """Count from the newest backwards."""
    n = 0
    for at in reversed(asked):
        if at <= since:
            break
        n += 1
    return n


class ListForm:
    """What the faults on lists must know of a vendor's answers; one that looks otherwise overrides it."""

    def records_in(self, body: Any) -> list[Any]:
        """Return the list of records in an answer, to be changed in place."""
        return list_in(body)

    def shift_total(self, body: Any, delta: int) -> None:
        """Let an answer tell of `delta` records more than there are; one without totals stays as it is."""

    def page_before(self, asked: Asked) -> Asked | None:
        """Return the request for the page before, or None for the first one; here by a number called page."""
        page = re.search(r"(?:^|&)page=(\d+)", asked.query)
        if page is None or int(page[1]) < 2:
            return None
        return asked.with_query(asked.query[: page.start(1)] + str(int(page[1]) - 1) + asked.query[page.end(1) :])


class VendorDesk(ABC):
    """One account at a vendor. `name` is the first part of its address, and what faults and options call it."""

    name: ClassVar[str]
    title: ClassVar[str]
    lists: ListForm = ListForm()

    def __init__(self, calls: CallOptions, options: Any = None) -> None:
        self.book = CallBook(calls)
        self.options = options
        self._first_options = options
        self.rates = RateCount()

    def reset(self) -> None:
        """Go back to the first data and options."""
        self.book.reset()
        self.options = self._first_options
        self.rates.clear()

    @abstractmethod
    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""

    @abstractmethod
    def error(self, asked: Asked, status: int, message: str) -> Answer:
        """Make the vendor's own error answer to a request; "" stands for its usual words."""

    @abstractmethod
    def truth(self, kind: str) -> list[dict[str, Any]]:
        """Return every record of a kind as the vendor has it now, such as "calls". Raises KeyError."""

    @abstractmethod
    def arrive(self, kind: str, n: int) -> list[dict[str, Any]]:
        """Let `n` new records of a kind come, and return them. Raises KeyError."""

    @abstractmethod
    def edit(
        self, kind: str, n: int, *, ids: Sequence[Any] = (), fields: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Change these records of a kind, or `n` of them; as people do, or to `fields`.

        Raises KeyError for what does not exist, ValueError for what does not change.
        """


def judge_key(options: VendorOptions, key: str | None) -> Literal["good", "forbidden", "wrong"]:
    """Tell what a credential is worth; None is one that could not be read."""
    if key is not None and key in options.forbidden_keys:
        return "forbidden"
    return "good" if key is not None and (options.accepted_keys is None or key in options.accepted_keys) else "wrong"


def list_in(body: Any) -> list[Any]:
    """Return the first list of objects in an answer: the answer itself, or what it wraps, however deep."""
    if isinstance(body, list):
        return body
    for inner in body.values() if isinstance(body, dict) else ():
        if isinstance(inner, list) and (not inner or isinstance(inner[0], dict)):
            return inner
    for inner in body.values() if isinstance(body, dict) else ():
        if isinstance(inner, dict) and (found := list_in(inner)):
            return found
    return []


def known_params(request: Request, allowed: Iterable[str], *, strict: bool) -> tuple[dict[str, str], str]:
    """Return the parameters of a request, and what is wrong with their names ("" for nothing)."""
    pairs = request.query_params.multi_items()
    params = dict(pairs)
    if len(params) != len(pairs):
        return params, "A parameter is given twice."
    unknown = sorted(set(params) - set(allowed))
    return params, f"Unknown parameter: {', '.join(unknown)}." if unknown and strict else ""
