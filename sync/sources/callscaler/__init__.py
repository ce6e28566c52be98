"""The CallScaler source: its options are checked already, its streams are not carried out yet."""

from sync.sources.base import Vendor
from sync.sources.callscaler.models import PLANNED_STREAMS, CallScalerOptions

VENDOR = Vendor(title="CallScaler", options=CallScalerOptions, planned_streams=PLANNED_STREAMS)
