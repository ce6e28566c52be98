"""What a tab is read from: one stream of one connection, or the streams of calls of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.config.sheet import Tab
from sync.records import StreamSpec
from sync.shape.all_calls import call_stream, make_spec
from sync.sources.base import SourceOptions
from sync.sources.registry import vendor_of


def spec_of(connections: Mapping[str, SourceOptions], tab: Tab) -> StreamSpec:
    """Return the stream that a tab shows, as it is with the tab's params."""
    if tab.is_gathered:
        return make_spec([spec_of(connections, own) for own in source_tabs(connections, tab)])
    return vendor_of(connections[tab.connection_name]).spec_for(tab.stream, tab.params)


def source_tabs(connections: Mapping[str, SourceOptions], *tabs: Tab) -> tuple[Tab, ...]:
    """Return tabs as vendors are asked for them: one that gathers the calls of connections as one for each."""
    return tuple(own for tab in tabs for own in (_of_each(connections, tab) if tab.is_gathered else (tab,)))


def _of_each(connections: Mapping[str, SourceOptions], tab: Tab) -> Iterator[Tab]:
    for name in tab.connection:
        stream = call_stream(vendor_of(connections[name]).specs.values())
        assert stream is not None  # such a connection is refused when the config is read
        yield tab.model_copy(update={"connection": (name,), "stream": stream.name, "params": {}})
