"""The port that every source fills, and the words its implementer needs. Knows no vendor and reads no config file.

A *source* is our code for one vendor plus the options of one connection. It offers *streams*, each declared by a
`StreamSpec`: typed fields, key, cursor field, params, limits. Everything else of the program works from the spec and
from `Source.fetch`; a vendor's endpoints, paging, auth form, export jobs and quirks stay inside its folder.

The conformance suite checks every promise written here for every stream of every available source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Protocol, runtime_checkable

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from sync import clock
from sync.errors import ConfigError
from sync.http.waits import Pace, Sleep
from sync.records import Buckets, FieldType, Page, Param, Slice, StreamSpec
from sync.records import Field as RecordField


@dataclass(frozen=True, slots=True)
class SecretMark:
    """Marks an option that names a secret, so that config can resolve it and never shows what was written there."""


def _check_secret_ref(text: str) -> str:
    # The message must not repeat the value: it may be the secret itself, pasted by mistake.
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", text):
        raise ValueError("allowed: env:NAME or file:PATH, never the secret itself")
    return text


def _check_base_url(text: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", text):
        raise ValueError("allowed: https://host or http://host, without user, query or fragment")
    return text.rstrip("/")


def _to_duration(value: Any) -> Any:
    return clock.parse_duration(value) if isinstance(value, str) else value


SecretRef = Annotated[str, AfterValidator(_check_secret_ref), SecretMark()]
"""Where a secret is found, as env:NAME or file:PATH; never its value."""

BaseUrl = Annotated[str, AfterValidator(_check_base_url)]
"""An address that keys may be sent to; a slash at its end is dropped."""

Duration = Annotated[timedelta, BeforeValidator(_to_duration), Field(ge=timedelta(0), le=timedelta(days=3660))]
"""A length of time, written as "3 days" or "15m"."""


class SourceOptions(BaseModel):
    """What every connection can set. A vendor's options add its secrets, and give `vendor` and defaults."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    vendor: str = Field(description="Which vendor this connection speaks to.")
    base_url: BaseUrl = Field(description="The address below which the vendor's API is found.")
    requests_per_minute: int = Field(
        default=60, ge=1, le=10_000, description="Requests a minute that this key may send, all processes together."
    )
    lookback: Duration = Field(
        default=timedelta(days=3), description="How far back is read again on every run, because calls change late."
    )
    reread: Duration = Field(
        default=timedelta(days=30), description="How far back is read again once a week, for later changes."
    )

    @classmethod
    def secret_names(cls) -> tuple[str, ...]:
        """Return the names of the options that say where a secret is."""
        return tuple(
            name for name, info in cls.model_fields.items() if any(isinstance(m, SecretMark) for m in info.metadata)
        )

    def secrets_named(self) -> tuple[str, ...]:
        """Return those of them that are set here."""
        return tuple(name for name in self.secret_names() if getattr(self, name) is not None)

    @classmethod
    def needed_examples(cls) -> dict[str, Any]:
        """Return an example of every option without which there is no connection; a secret names where it is found.

        One that is not a secret declares its own, as `json_schema_extra={"example": ...}`. Where secrets stand in place
        of others, a vendor names the usual ones.
        """
        needed = {name: info.json_schema_extra for name, info in cls.model_fields.items() if info.is_required()}
        own = {
            name: extra["example"] for name, extra in needed.items() if isinstance(extra, dict) and "example" in extra
        }
        return {**dict.fromkeys(cls.secret_names(), "env:NAME"), **own}

    def applied_to(self, spec: StreamSpec) -> StreamSpec:
        """Return a stream with lookback and reread as they are set here."""
        return replace(spec, lookback=self.lookback, reread=self.reread)

    def rate_limits(self) -> tuple[tuple[int, float], ...]:
        """Return the limits of the credential, each as requests per so many seconds; all of them hold at once."""
        return ((self.requests_per_minute, 60.0),)


class Source(Protocol):
    """One vendor, reached with the options and the credential of one connection.

    It may be used from several threads at once, each with a fetch of its own. All its requests go through one
    `ApiClient`, and so through the pace, retry and masking of it.
    """

    @property
    def specs(self) -> Mapping[str, StreamSpec]:
        """The streams by name, with lookback and reread as the options set them."""

    @property
    def n_requests(self) -> int:
        """How many requests went out since the source was made, failed ones included."""

    def probe(self, streams: Collection[str] = ()) -> str:
        """Prove the credential with the cheapest request, and say in one sentence what it opens.

        A refused key raises CredentialsRefused; its hint tells a wrong key from a plan or role that lacks a right.
        A right that one of `streams` takes, and the key has not, is a refusal too; other rights are only told of.
        """

    def fetch(
        self, stream: str, within: Slice, params: Mapping[str, Any], *, buckets: Buckets | None = None
    ) -> Iterator[Page]:
        """Yield the records of a slice, page by page; the whole slice, or an error that says why not.

        - An aggregate is asked by `buckets`, whose periods fill the slice without rest; its records begin with the
          values of PERIOD_FIELDS, of which the first is in their key. Other streams are told of no buckets.
        - A list is asked for whole; the slice is any that holds LISTED_AT.
        - A stream or params that do not exist are a ConfigError, raised by the call itself, before any request.
        - Every record's cursor value is in the slice, its start included and its end excluded. Slices that touch
          neither overlap nor leave a gap: their records together are those of the slice that spans them.
        - Records have every field (None where the vendor says null) that `Vendor.spec_for` declares for these params,
          of the declared type, and in `extra` the fields that we do not know.
        - Keys are unique, except that a record which moved or changed while the list was read may come again: the
          later one is the newer.
        - Reading a slice again gives the same records, unless the vendor's data changed.
        - When the iterator ends by itself the slice is complete. Otherwise it raises; what came before is good, and
          reading the slice again repeats it. A slice without records ends without error, with or without an empty page.
        - A record that cannot be read is left out and named in `Page.rejected` (key, field and types, never values
          of people). Past a tenth of the slice, or a whole page of five or more, it is ContractBroken.
        - Memory does not grow with records, but for the keys of one slice.
        """

    def close(self) -> None:
        """Close the connections."""


@runtime_checkable
class ChangeFeed(Protocol):
    """What a source offers besides, one of whose streams declares `change_feed`."""

    def fetch_changes(self, stream: str, since: datetime, params: Mapping[str, Any]) -> Iterator[Page]:
        """Yield every record that is new or was changed at or after an instant, wherever its cursor value lies.

        All else is as promised for `fetch`.
        """


@runtime_checkable
class Explainer(Protocol):
    """What a source offers besides, whose vendor does not tell the form of its records beforehand."""

    def explain(self, stream: str) -> Sequence[str]:
        """Say in some lines what the latest reading of a stream taught of its form; none before the first."""


class Notebook(Protocol):
    """What a source must know again after a restart, such as the number of an export that was asked for.

    Notes belong to the connection, and are safe once the call returns; nobody reads a stream while another process
    reads the same one. They are for the way to the data, never for data.
    """

    def read(self, name: str) -> str | None:
        """Return the text kept under a name, or None."""

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name."""

    def drop(self, name: str) -> None:
        """Forget a name, whether or not it is there."""


class SourceMaker(Protocol):
    """Makes a source; `secrets` holds the value for each of the options' `secrets_named`."""

    def __call__(
        self, options: Any, secrets: Mapping[str, SecretStr], *, pace: Pace, sleep: Sleep, notebook: Notebook
    ) -> Source:
        """Make the source without sending a request."""


class ParamsCheck(Protocol):
    """Checks the params of a tab before anything is sent."""

    def __call__(self, spec: StreamSpec, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return one sentence for each mistake; it begins with the name of the param, so that its line can be told."""


class Narrow(Protocol):
    """Says what a stream is with certain params, where those decide which fields its records have."""

    def __call__(self, spec: StreamSpec, params: Mapping[str, Any]) -> StreamSpec:
        """Return the stream with some of its fields left out, and the key that it then has; never raise."""


def as_declared(spec: StreamSpec, params: Mapping[str, Any]) -> StreamSpec:  # noqa: ARG001
    """Return the stream as it is: its fields do not depend on params."""
    return spec


PERIOD_FIELDS = (
    RecordField(
        name="period_start", type=FieldType.DATE, title="From", description="The first day of the period summed up."
    ),
    RecordField(
        name="period_end", type=FieldType.DATE, title="To", description="The last day of the period summed up."
    ),
    RecordField(
        name="period_began_at",
        type=FieldType.INSTANT,
        title="Period began",
        description="When the first day of the period began; the cursor field.",
        shown=False,
    ),
)
"""The first fields of every aggregate. The first is in its key, the last is its cursor field."""


LISTED_FIELD = RecordField(
    name="listed_at",
    type=FieldType.INSTANT,
    title="Listed",
    description="The same in every record; the cursor field of a list.",
    shown=False,
)
"""The first field of every list; it holds LISTED_AT."""


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """One period of an aggregate: its days, both included, in the zone of the buckets, and when it begins."""

    first: date
    last: date
    began_at: datetime

    @property
    def values(self) -> dict[str, Any]:
        """What PERIOD_FIELDS hold for it."""
        return {"period_start": self.first, "period_end": self.last, "period_began_at": self.began_at}


def periods_in(within: Slice, buckets: Buckets) -> Iterator[AskedPeriod]:
    """Yield the periods by which an aggregate is asked for a slice."""
    for first, last in clock.cut_into_buckets(within, buckets):
        yield AskedPeriod(first, last, clock.day_start(first, buckets.zone))


_TYPE_CHECKS: Mapping[FieldType, tuple[type, ...]] = {
    FieldType.TEXT: (str,),
    FieldType.INTEGER: (int,),
    FieldType.NUMBER: (int, float),
    FieldType.BOOLEAN: (bool,),
    FieldType.LIST: (list, tuple),
}


def find_param_mistakes(spec: StreamSpec, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Check params against what the stream declares: names, types, allowed values; vendors add their own rules."""
    declared = {param.name: param for param in spec.params}
    mistakes = [_find_mistake(spec, declared.get(name), name, value) for name, value in params.items()]
    mistakes += [f"{p.name} is required" for p in spec.params if p.required and p.name not in params]
    return tuple(mistake for mistake in mistakes if mistake)


def _find_mistake(spec: StreamSpec, param: Param | None, name: str, value: Any) -> str:
    if param is None:
        allowed = ", ".join(p.name for p in spec.params) or "none"
        return f"{name!r} is not a param of stream {spec.name}; allowed: {allowed}"
    kinds = _TYPE_CHECKS.get(param.type, (str,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return f"{name} = {value!r}: allowed is {'a list' if param.type is FieldType.LIST else param.type.value}"
    wrong = [item for item in _items(value) if param.allowed and str(item) not in param.allowed]
    if wrong:
        return f"{name} = {wrong[0]!r}: allowed are {', '.join(param.allowed)}"
    return ""


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def spec_of(specs: Mapping[str, StreamSpec], stream: str) -> StreamSpec:
    """Return the declared stream of that name; ConfigError names those that exist."""
    if stream not in specs:
        raise ConfigError(f"there is no stream {stream!r}", hint=f"Streams: {', '.join(specs)}.")
    return specs[stream]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """All that the rest of the program sees of a vendor's folder, which has one of these.

    `specs` are the streams of a connection without special options; `specs_for` tells those of other options, and
    `variants` lists such options, one set for each group of streams, the usual one first.
    """

    title: str
    options: type[SourceOptions]
    make: SourceMaker
    specs: Mapping[str, StreamSpec] = field(default_factory=dict)
    find_mistakes: ParamsCheck = find_param_mistakes
    narrow: Narrow = as_declared
    specs_for: Callable[[Any], Mapping[str, StreamSpec]] | None = None
    variants: tuple[Mapping[str, str], ...] = ()

    def with_options(self, options: SourceOptions | None) -> Vendor:
        """Return the vendor with the streams that a connection of these options has."""
        if options is None or self.specs_for is None:
            return self
        return replace(self, specs=self.specs_for(options))

    def as_written(self, options: Mapping[str, Any]) -> Vendor:
        """Return the vendor with the streams that options name which are broken elsewhere."""
        named = (chosen for chosen in self.variants if all(options.get(name) == chosen[name] for name in chosen))
        chosen = next(named, None)
        return self if chosen is None else self._with_variant(chosen)

    def _with_variant(self, chosen: Mapping[str, str]) -> Vendor:
        return self.with_options(self.options.model_validate({**self.options.needed_examples(), **chosen}))

    def every_stream(self) -> Iterator[tuple[Mapping[str, str], StreamSpec]]:
        """Yield every stream that this vendor has under any options, with the options that it takes."""
        for chosen in self.variants or ({},):
            yield from ((chosen, spec) for spec in self._with_variant(chosen).specs.values())

    def options_with(self, stream: str) -> Mapping[str, str] | None:
        """Return the options with which there is a stream of that name; None when there are none."""
        return next((chosen for chosen, spec in self.every_stream() if spec.name == stream), None)

    def spec_for(self, stream: str, params: Mapping[str, Any]) -> StreamSpec:
        """Return what the records of a stream are with these params: their fields and key."""
        return self.narrow(spec_of(self.specs, stream), params)
