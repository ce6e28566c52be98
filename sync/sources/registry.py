"""Vendors by name: their options, streams, and how a source is made. The only place that knows them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import SecretStr

from sync.errors import ConfigError
from sync.http.waits import Pace, Sleep
from sync.records import StreamSpec
from sync.sources.aircall.models import PLANNED_STREAMS as AIRCALL_PLANNED
from sync.sources.aircall.models import AircallOptions
from sync.sources.base import Notebook, ParamsCheck, Source, SourceMaker, SourceOptions, find_param_mistakes
from sync.sources.callscaler.models import PLANNED_STREAMS as CALLSCALER_PLANNED
from sync.sources.callscaler.models import CallScalerOptions
from sync.sources.justcall.api import JustCall
from sync.sources.justcall.models import JustCallOptions
from sync.sources.justcall.streams import PLANNED_STREAMS as JUSTCALL_PLANNED
from sync.sources.justcall.streams import SPECS as JUSTCALL_SPECS
from sync.sources.justcall.streams import find_mistakes as find_justcall_mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor. `planned_streams` are known but not carried out yet; without `make` that is all of them.

    `specs` are the streams of a connection without special options; `specs_for` tells those of other options.
    """

    title: str
    options: type[SourceOptions]
    make: SourceMaker | None = None
    specs: Mapping[str, StreamSpec] = field(default_factory=dict)
    planned_streams: tuple[str, ...] = ()
    find_mistakes: ParamsCheck = find_param_mistakes
    specs_for: Callable[[Any], Mapping[str, StreamSpec]] | None = None

    def with_options(self, options: SourceOptions | None) -> Vendor:
        """Return the vendor with the streams that a connection of these options has."""
        if options is None or self.specs_for is None:
            return self
        return replace(self, specs=self.specs_for(options))

    @property
    def available(self) -> bool:
        """Whether sources of this vendor can be made."""
        return self.make is not None


VENDORS: Mapping[str, Vendor] = {
    "justcall": Vendor(
        title="JustCall",
        options=JustCallOptions,
        make=JustCall,
        specs=JUSTCALL_SPECS,
        planned_streams=JUSTCALL_PLANNED,
        find_mistakes=find_justcall_mistakes,
    ),
    "aircall": Vendor(title="Aircall", options=AircallOptions, planned_streams=AIRCALL_PLANNED),
    "callscaler": Vendor(title="CallScaler", options=CallScalerOptions, planned_streams=CALLSCALER_PLANNED),
}


def vendor_of(options: SourceOptions) -> Vendor:
    """Return the vendor of a connection, with the streams that it has there."""
    return VENDORS[options.vendor].with_options(options)


def make_source(
    options: SourceOptions, secrets: Mapping[str, str], *, pace: Pace, sleep: Sleep, notebook: Notebook
) -> Source:
    """Make the source of a connection; `secrets` holds a value for each of the options' `secret_names`."""
    vendor = VENDORS[options.vendor]
    if vendor.make is None:
        raise ConfigError(
            f"{vendor.title} is not available yet",
            hint=f"Available: {', '.join(name for name, known in VENDORS.items() if known.available)}.",
        )
    hidden = {name: SecretStr(secrets[name]) for name in options.secret_names()}
    return vendor.make(options, hidden, pace=pace, sleep=sleep, notebook=notebook)
