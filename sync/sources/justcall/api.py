"""The JustCall source: which reading belongs to which stream of which dialect. Facts and reasons: README.md beside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from sync import clock
from sync.errors import Where
from sync.http.waits import Pace, Sleep
from sync.records import Buckets, Page, Slice, StreamKind, StreamSpec
from sync.sources.base import Notebook
from sync.sources.justcall import analytics, live, v2, v21
from sync.sources.justcall.asking import Asker
from sync.sources.justcall.forms import FormBook, FormReader, Layout
from sync.sources.justcall.models import JustCallOptions
from sync.sources.justcall.streams import find_mistakes, specs_for
from sync.sources.rows import DeclaredSource, placed


class JustCall(DeclaredSource[Asker]):
    """The JustCall source, in the dialect that its options say."""

    def __init__(
        self,
        options: JustCallOptions,
        secrets: Mapping[str, SecretStr],
        *,
        pace: Pace,
        sleep: Sleep,
        notebook: Notebook,
    ) -> None:
        key, secret = (secrets[name].get_secret_value() for name in ("api_key", "api_secret"))
        asker = Asker(options.base_url, key, secret, pace=pace, sleep=sleep)
        super().__init__(asker, specs_for(options), options)
        self._options, self._notebook = options, notebook

    def probe(self, streams: Collection[str] = ()) -> str:
        """Prove the credential, and that it opens the exports where these are wanted."""
        if self._options.dialect == "v2.1":
            return v21.probe(self._client)
        exports = sorted(stream for stream in streams if stream in analytics.LAYOUTS)
        return v2.probe(self._client, self._specs[exports[0]] if exports else None)

    def fetch(
        self, stream: str, within: Slice, params: Mapping[str, Any], *, buckets: Buckets | None = None
    ) -> Iterator[Page]:
        """Yield the records of the slice, page by page."""
        spec = self._checked(stream, params, find_mistakes)
        return placed(self._pages(spec, within, params, buckets), Where(stream=stream, slice=str(within)))

    def _pages(
        self, spec: StreamSpec, within: Slice, params: Mapping[str, Any], buckets: Buckets | None
    ) -> Iterator[Page]:
        is_sum = spec.kind is StreamKind.AGGREGATE and buckets is not None
        if self._options.dialect == "v2.1":
            reader = self._reader(spec, live.LAYOUTS[spec.name])
            if is_sum and buckets:
                return v21.fetch_sums(self._client, spec, within, params, reader=reader, buckets=buckets)
            return v21.fetch_rows(self._client, spec, within, params, reader=reader)
        if spec.name not in analytics.LAYOUTS:
            return v2.fetch_calls(self._client, spec, within, params)
        reader = self._reader(spec, analytics.LAYOUTS[spec.name])
        if is_sum and buckets:
            return v2.fetch_analytics_sums(self._client, spec, within, params, reader=reader, buckets=buckets)
        return v2.fetch_analytics_rows(self._client, spec, within, params, reader=reader)

    def _reader(self, spec: StreamSpec, layout: Layout) -> FormReader:
        stream = f"{self._options.dialect} {spec.name}"
        book = FormBook(self._notebook, stream, layout, self._options.fields.get(spec.name, {}))
        # Dialect v2.1 documents UTC; what v2 means is for the config to say
        zone = "UTC" if self._options.dialect == "v2.1" else self._options.times_zone
        return FormReader(layout, book, zone=clock.zone(zone))
