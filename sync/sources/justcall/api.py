"""The JustCall source: which reading belongs to which stream of which dialect. Facts and reasons: README.md beside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from sync import clock
from sync.errors import ConfigError, Where
from sync.http.waits import Pace, Sleep
from sync.records import Buckets, Page, Slice, StreamKind, StreamSpec
from sync.sources.base import Notebook, spec_of
from sync.sources.justcall import analytics, live, v2, v21
from sync.sources.justcall.asking import Asker
from sync.sources.justcall.forms import FormBook, FormReader, Layout
from sync.sources.justcall.models import JustCallOptions
from sync.sources.justcall.streams import find_mistakes, specs_for
from sync.sources.rows import placed


class JustCall:
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
        self._asker = Asker(options.base_url, key, secret, pace=pace, sleep=sleep)
        self._options, self._notebook = options, notebook
        self._specs = {
            name: replace(spec, lookback=options.lookback, reread=options.reread)
            for name, spec in specs_for(options).items()
        }

    @property
    def specs(self) -> Mapping[str, StreamSpec]:
        """The streams by name, with lookback and reread as the options set them."""
        return self._specs

    @property
    def n_requests(self) -> int:
        """How many requests went out since the source was made, failed ones included."""
        return self._asker.n_requests

    def probe(self, streams: Collection[str] = ()) -> str:
        """Prove the credential, and that it opens the exports where these are wanted."""
        if self._options.dialect == "v2.1":
            return v21.probe(self._asker)
        exports = sorted(stream for stream in streams if stream in analytics.LAYOUTS)
        return v2.probe(self._asker, self._specs[exports[0]] if exports else None)

    def fetch(
        self, stream: str, within: Slice, params: Mapping[str, Any], *, buckets: Buckets | None = None
    ) -> Iterator[Page]:
        """Yield the records of the slice, page by page."""
        spec = spec_of(self._specs, stream)
        mistakes = find_mistakes(spec, params)
        if mistakes:
            raise ConfigError("; ".join(mistakes), where=Where(stream=stream))
        return placed(self._pages(spec, within, params, buckets), Where(stream=stream, slice=str(within)))

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()

    def _pages(
        self, spec: StreamSpec, within: Slice, params: Mapping[str, Any], buckets: Buckets | None
    ) -> Iterator[Page]:
        is_sum = spec.kind is StreamKind.AGGREGATE and buckets is not None
        if self._options.dialect == "v2.1":
            reader = self._reader(spec, live.LAYOUTS[spec.name])
            if is_sum and buckets:
                return v21.fetch_sums(self._asker, spec, within, params, reader=reader, buckets=buckets)
            return v21.fetch_rows(self._asker, spec, within, params, reader=reader)
        if spec.name not in analytics.LAYOUTS:
            return v2.fetch_calls(self._asker, spec, within, params)
        reader = self._reader(spec, analytics.LAYOUTS[spec.name])
        if is_sum and buckets:
            return v2.fetch_analytics_sums(self._asker, spec, within, params, reader=reader, buckets=buckets)
        return v2.fetch_analytics_rows(self._asker, spec, within, params, reader=reader)

    def _reader(self, spec: StreamSpec, layout: Layout) -> FormReader:
        stream = f"{self._options.dialect} {spec.name}"
        book = FormBook(self._notebook, stream, layout, self._options.fields.get(spec.name, {}))
        # Dialect v2.1 documents UTC; what v2 means is for the config to say
        zone = "UTC" if self._options.dialect == "v2.1" else self._options.times_zone
        return FormReader(layout, book, zone=clock.zone(zone))
