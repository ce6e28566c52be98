"""Vendors by name, and how a source is made. The only place that knows them all: one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from pydantic import SecretStr

from sync.http.waits import Pace, Sleep
from sync.sources.base import Notebook, Source, SourceOptions, Vendor


class _Vendors(Mapping[str, Vendor]):
    """The vendors by the names of their folders, each loaded when it is asked for: a config has one or two of them."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Vendor:
        if name not in self._names:
            raise KeyError(name)
        vendor: Vendor = import_module(f"sync.sources.{name}").VENDOR
        return vendor

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


VENDORS: Mapping[str, Vendor] = _Vendors(
    "justcall",
    "aircall",
    "callscaler",
    "callrail",
)


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
