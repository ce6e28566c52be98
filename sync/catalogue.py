"""What can be pulled: the streams of the connections of a config, or of every vendor while there is none yet."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path

from sync import clock
from sync.choice import unknown
from sync.config.load import load_config
from sync.records import Record, Slice, StreamSpec
from sync.run import Office
from sync.sources.registry import VENDORS

Catalogue = Mapping[str, Sequence[StreamSpec]]
SAMPLE_DAYS = (1, 7, 30)  # a quiet account shows something in the end, a busy one is not read for a month


def known_streams(config: Path) -> Catalogue:
    """Return the streams of each connection; of each vendor by its own name when the config is yet to be written."""
    if not config.exists():
        return {name: tuple(vendor.specs.values()) for name, vendor in VENDORS.items() if vendor.available}
    connections = load_config(config).connections
    return {name: tuple(VENDORS[options.vendor].specs.values()) for name, options in connections.items()}


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
    source = office.source(connection, stop=stop)
    now = clock.now()
    found: list[Record] = []
    for days in SAMPLE_DAYS:
        pages = source.fetch(stream, Slice(now - timedelta(days=days), now), {})
        found = list(islice(chain.from_iterable(page.records for page in pages), n))
        if len(found) == n:
            break
    return found
