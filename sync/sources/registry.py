"""Vendors by name, and how a source is made. The only place that knows them all: one line each."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from sync.http.waits import Pace, Sleep
from sync.sources import aircall, callrail, callscaler, justcall
from sync.sources.base import Notebook, Source, SourceOptions, Vendor

VENDORS: Mapping[str, Vendor] = {
    "justcall": justcall.VENDOR,
    "aircall": aircall.VENDOR,
    "callscaler": callscaler.VENDOR,
    "callrail": callrail.VENDOR,
}


def vendor_of(options: SourceOptions) -> Vendor:
    """Return the vendor of a connection, with the streams that it has there."""
    return VENDORS[options.vendor].with_options(options)


def make_source(
    options: SourceOptions, secrets: Mapping[str, str], *, pace: Pace, sleep: Sleep, notebook: Notebook
) -> Source:
    """Make the source of a connection; `secrets` holds a value for each of the options' `secret_names`."""
    vendor = VENDORS[options.vendor]
    hidden = {name: SecretStr(secrets[name]) for name in options.secrets_named()}
    return vendor.make(options, hidden, pace=pace, sleep=sleep, notebook=notebook)
