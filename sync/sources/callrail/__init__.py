"""The CallRail source: options and payloads, requests, declared streams. Facts and choices: README.md beside."""

from sync.sources.base import Vendor
from sync.sources.callrail.api import CallRail
from sync.sources.callrail.models import CallRailOptions
from sync.sources.callrail.streams import SPECS

VENDOR = Vendor(title="CallRail", options=CallRailOptions, make=CallRail, specs=SPECS)
