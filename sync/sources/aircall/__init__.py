"""The Aircall source: its options are checked already, its streams are not carried out yet."""

from sync.sources.aircall.models import PLANNED_STREAMS, AircallOptions
from sync.sources.base import Vendor

VENDOR = Vendor(title="Aircall", options=AircallOptions, planned_streams=PLANNED_STREAMS)
