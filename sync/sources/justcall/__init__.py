"""The JustCall source: options and payloads, requests, declared streams. Facts and choices: README.md beside."""

from sync.sources.base import Vendor
from sync.sources.justcall.api import JustCall
from sync.sources.justcall.models import JustCallOptions
from sync.sources.justcall.streams import PLANNED_STREAMS, SPECS, find_mistakes

VENDOR = Vendor(
    title="JustCall",
    options=JustCallOptions,
    make=JustCall,
    specs=SPECS,
    planned_streams=PLANNED_STREAMS,
    find_mistakes=find_mistakes,
)
