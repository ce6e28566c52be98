"""Turns the names and options of a command into sheets, streams and periods; a wrong one names the nearest known."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path

from sync import clock
from sync.clock import ALLOWED_PERIODS, Period
from sync.config.kept import judge
from sync.config.load import Config, load_config, read_config
from sync.config.problems import did_you_mean, listed, shown
from sync.config.sheet import Sheet
from sync.errors import ConfigError
from sync.records import LISTED_AT, Buckets, Record, Slice, StreamKind, StreamSpec
from sync.run import Office
from sync.sources.base import spec_of
from sync.sources.registry import VENDORS, vendor_of
from sync.store.db import Store

Catalogue = Mapping[str, Sequence[StreamSpec]]
SAMPLE_DAYS = (1, 7, 30)  # a quiet account shows something in the end, a busy one is not read for a month


def load_good_part(path: Path) -> tuple[Config, ConfigError | None]:
    """Return the config with its good sheets, and the error that tells of the others; raise where nothing can start."""
    try:
        return load_config(path), None
    except ConfigError as error:
        config = read_config(path).config
        if config is None:
            raise
        return config, error


def refuse_broken(path: Path, store: Store, sheets: Sequence[Sheet]) -> None:
    """Raise ConfigError for a sheet that a daemon would not run as it is written now."""
    names = {sheet.name for sheet in sheets}
    problems = [p for one in judge(path, store, read_config(path)).broken if one.name in names for p in one.problems]
    if problems:
        raise ConfigError("The config of a sheet to run has problems.", problems=problems)


def unknown(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Make the error for a name that does not exist, with the nearest known one."""
    names = sorted(known)
    hint = " ".join(filter(None, (did_you_mean(name, names), f"Known: {listed(names) or 'none'}.")))
    return ConfigError(f"There is no {kind} {shown(name)}.", hint=hint)


def named_sheets(config: Config, names: Sequence[str]) -> list[Sheet]:
    """Return the sheets of these names in their order; every enabled sheet when no name is given."""
    if not names:
        return [sheet for sheet in config.sheets if sheet.enabled]
    found = [config.sheet_named(name) for name in names]
    return list({sheet.name: sheet for sheet in found}.values())


def sheets_to_run(
    config: Config, names: Sequence[str], *, every_sheet: bool, broken: ConfigError | None = None
) -> list[Sheet]:
    """Return the sheets to run; to write to several spreadsheets takes their names or --all.

    A sheet that cannot be found among the good ones may be one that `broken` tells of.
    """
    if names and every_sheet:
        raise ConfigError("Both names of sheets and --all were given.", hint="Give one of the two.")
    if not names and not every_sheet and len(config.sheets) != 1:
        known = listed(sheet.name for sheet in config.sheets) or "none, the config has no [[sheet]]"
        raise broken or ConfigError(
            "No sheet was named.", hint=f"Name the sheets to run, or give --all. Known: {known}."
        )
    try:
        return named_sheets(config, names) if names or every_sheet else list(config.sheets)
    except ConfigError as error:
        raise broken or error from error


def to_period(text: str | None) -> Period | None:
    """Read --period."""
    if text is None:
        return None
    try:
        return Period.parse(text)
    except ValueError as error:
        raise ConfigError(f'--period: "{text}" is not a period.', hint=f"Allowed: {ALLOWED_PERIODS}.") from error


def known_streams(config: Path) -> Catalogue:
    """Return the streams of each connection; of each vendor by its own name when the config is yet to be written."""
    if not config.exists():
        return {name: tuple(vendor.specs.values()) for name, vendor in VENDORS.items() if vendor.available}
    connections = load_config(config).connections
    return {name: tuple(vendor_of(options).specs.values()) for name, options in connections.items()}


def chosen_streams(known: Catalogue, connection: str | None, stream: str | None) -> Catalogue:
    """Narrow a catalogue to one connection, and to one stream of it."""
    if connection is None:
        return known
    if connection not in known:
        raise unknown("connection", connection, known)
    specs = known[connection]
    if stream is not None and stream not in (names := [spec.name for spec in specs]):
        raise unknown("stream", stream, names)
    return {connection: [spec for spec in specs if stream in (None, spec.name)]}


def pull_sample(office: Office, connection: str, stream: str, *, n: int, stop: threading.Event) -> list[Record]:
    """Pull a few records of the last days, not into the mirror."""
    found: list[Record] = []
    with closing(office.source(connection, stop=stop)) as source:
        spec = spec_of(source.specs, stream)
        params = {param.name: param.example for param in spec.params if param.required}
        buckets = Buckets(per=spec.per[0], zone=clock.zone("UTC")) if spec.kind is StreamKind.AGGREGATE else None
        for within in _sample_slices(spec, buckets):
            pages = source.fetch(stream, within, params, buckets=buckets)
            found = list(islice(chain.from_iterable(page.records for page in pages), n))
            if len(found) == n:
                break
    return found


def _sample_slices(spec: StreamSpec, buckets: Buckets | None) -> Iterator[Slice]:
    """Yield ever longer stretches up to now; of an aggregate whole periods, and of a list all there is."""
    if spec.kind is StreamKind.LIST:
        yield Slice(LISTED_AT, LISTED_AT + timedelta(days=1))
        return
    for days in SAMPLE_DAYS:
        stretch = Slice(clock.now() - timedelta(days=days), clock.now())
        yield clock.to_whole_buckets(stretch, buckets) if buckets else stretch
