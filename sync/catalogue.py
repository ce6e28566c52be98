"""Which streams there are, by connection or by vendor, and a few records of one. Changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain, groupby, islice
from pathlib import Path

from sync import clock
from sync.choice import unknown
from sync.config.load import Config, load_config
from sync.config.problems import listed
from sync.errors import ConfigError
from sync.office import Office
from sync.records import LISTED_AT, Buckets, Record, Slice, StreamKind, StreamSpec
from sync.shape.all_calls import ALL_CALLS, Origin, call_stream, make_spec, to_all_calls, to_frame
from sync.sources.base import Explainer, SourceOptions, Vendor
from sync.sources.registry import VENDORS, vendor_of

SAMPLE_DAYS = (1, 7, 30)  # a quiet account shows something in the end, a busy one is not read for a month
_WINDOWS = {60.0: "a minute", 3600.0: "an hour", 86_400.0: "a day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The streams of one connection, or of a vendor with certain options; `pace` says what a connection may send."""

    name: str
    specs: Sequence[StreamSpec]
    options: Mapping[str, str] = field(default_factory=dict)
    pace: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        chosen = ", ".join(f'{name} = "{value}"' for name, value in self.options.items())
        return f"{self.name} ({chosen})" if chosen else self.name


def every_shelf(path: Path) -> list[Shelf]:
    """Return the streams of each connection; those of each vendor when the config is yet to be written."""
    if path.exists():
        return shelves_of(load_config(path))
    return [shelf for name, vendor in VENDORS.items() for shelf in shelves_of_vendor(name, vendor)]


def shelves_of(config: Config) -> list[Shelf]:
    """Return the streams of each connection, as its options make them."""
    return [
        Shelf(name=name, specs=_as_connected(options), pace=_pace_of(options))
        for name, options in config.connections.items()
    ]


def _as_connected(options: SourceOptions) -> list[StreamSpec]:
    specs = [*vendor_of(options).specs.values()]
    calls = call_stream(specs)
    gathered = [] if calls is None else [make_spec([calls])]
    return [options.applied_to(spec) for spec in (*specs, *gathered)]


def _pace_of(options: SourceOptions) -> str:
    rates = options.rate_limits()
    return " and ".join(f"{n:,} {_WINDOWS.get(window_s, f'in {window_s:g} s')}" for n, window_s in rates)


def shelves_of_vendor(name: str, vendor: Vendor) -> Iterator[Shelf]:
    """Yield the streams of a vendor, for each set of options that makes others."""
    for chosen, found in groupby(vendor.every_stream(), key=lambda pair: pair[0]):
        yield Shelf(name=name, specs=[spec for _, spec in found], options=chosen)


def chosen_shelves(path: Path, name: str | None, stream: str | None) -> list[Shelf]:
    """Narrow the streams to those of one connection or vendor, and to one stream of it."""
    every = every_shelf(path)
    if name is None:
        return every
    here = [shelf for shelf in every if shelf.name == name]
    if not here and name in VENDORS:
        here = list(shelves_of_vendor(name, VENDORS[name]))
    if not here:
        raise unknown("connection", name, {*VENDORS, *(shelf.name for shelf in every)})
    if stream is None:
        return here
    found = [replace(shelf, specs=[s]) for shelf in here for s in shelf.specs if s.name == stream]
    if not found:
        raise unknown("stream", stream, {spec.name for shelf in here for spec in shelf.specs})
    return found


def connection_to_ask(config: Config, name: str) -> str:
    """Return the connection of that name, or the only one to the vendor of that name."""
    if name in config.connections:
        return name
    here = [known for known, options in config.connections.items() if options.vendor == name]
    if len(here) == 1:
        return here[0]
    what = f"There are {len(here)} connections" if here else "There is no connection"
    raise ConfigError(
        f"{what} to {name} in the config; a sample is pulled through one.",
        hint=f"Name a connection: {listed(here or config.connections) or 'the config has none'}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A few records of a stream, and what reading them taught of its form where the vendor does not tell it."""

    records: Sequence[Record]
    taught: Sequence[str] = ()


def pull_sample(office: Office, connection: str, stream: str, *, n: int, stop: threading.Event) -> Sample:
    """Pull a few records of the last days, not into the mirror."""
    found: list[Record] = []
    vendor = vendor_of(office.config.connections[connection])
    if stream == ALL_CALLS and (calls := call_stream(vendor.specs.values())):
        sample = pull_sample(office, connection, calls.name, n=n, stop=stop)
        origin = Origin(vendor=vendor.title, connection=connection, spec=calls)
        gathered = to_all_calls(to_frame(sample.records, calls), origin)
        return Sample(records=[Record(values=row) for row in gathered.iter_rows(named=True)])
    with closing(office.source(connection, stop=stop)) as source:
        params = {p.name: p.example for p in vendor.spec_for(stream, {}).params if p.required}
        spec = vendor.spec_for(stream, params)
        buckets = Buckets(per=spec.per[0], zone=clock.zone("UTC")) if spec.kind is StreamKind.AGGREGATE else None
        for within in _sample_slices(spec, buckets):
            pages = source.fetch(stream, within, params, buckets=buckets)
            found = list(islice(chain.from_iterable(page.records for page in pages), n))
            if len(found) == n:
                break
        taught = source.explain(stream) if isinstance(source, Explainer) else ()
    return Sample(records=found, taught=tuple(taught))


def _sample_slices(spec: StreamSpec, buckets: Buckets | None) -> Iterator[Slice]:
    """Yield ever longer stretches up to now; of an aggregate whole periods, and of a list all there is."""
    if spec.kind is StreamKind.LIST:
        yield Slice(LISTED_AT, LISTED_AT + timedelta(days=1))
        return
    for days in SAMPLE_DAYS:
        stretch = Slice(clock.now() - timedelta(days=days), clock.now())
        yield clock.to_whole_buckets(stretch, buckets) if buckets else stretch
