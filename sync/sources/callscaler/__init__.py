"""The CallScaler source: options and payloads, requests, declared streams. Facts and choices: README.md beside."""

from sync.sources.base import Vendor
from sync.sources.callscaler.api import CallScaler
from sync.sources.callscaler.models import CallScalerOptions
from sync.sources.callscaler.streams import SPECS, find_mistakes, narrow

VENDOR = Vendor(
    title="CallScaler",
    options=CallScalerOptions,
    make=CallScaler,
    specs=SPECS,
    find_mistakes=find_mistakes,
    narrow=narrow,
)
