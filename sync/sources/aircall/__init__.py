"""The Aircall source: options and payloads, exports and REST, declared streams. Facts and choices: README.md beside."""

from sync.sources.aircall.api import Aircall
from sync.sources.aircall.models import AircallOptions
from sync.sources.aircall.streams import SPECS, find_mistakes
from sync.sources.base import Vendor

VENDOR = Vendor(title="Aircall", options=AircallOptions, make=Aircall, specs=SPECS, find_mistakes=find_mistakes)
