"""The JustCall source: options and payloads, requests, declared streams. Facts and choices: README.md beside."""

from sync.sources.base import Vendor
from sync.sources.justcall.api import JustCall
from sync.sources.justcall.models import JustCallOptions
from sync.sources.justcall.streams import SPECS, VARIANTS, find_mistakes, specs_for

VENDOR = Vendor(
    title="JustCall",
    options=JustCallOptions,
    make=JustCall,
    specs=SPECS,
    find_mistakes=find_mistakes,
    specs_for=specs_for,
    variants=VARIANTS,
)
