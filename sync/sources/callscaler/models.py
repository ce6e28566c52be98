"""Options of a CallScaler connection, and the streams that will come. Sends nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from sync.sources.base import BaseUrl, Duration, SecretRef, SourceOptions


class CallScalerOptions(SourceOptions):
    """A connection to CallScaler: one key, which belongs to one business and may also write."""

    vendor: Literal["callscaler"] = Field(default="callscaler", description="Which vendor this connection speaks to.")
    api_key: SecretRef = Field(description="Where the API key is found, as env:NAME or file:PATH.")
    base_url: BaseUrl = Field(
        default="https://callscaler.com", description="The address below which the vendor's API is found."
    )
    # Scores, qualification, value and cost are known to land days later.
    lookback: Duration = Field(
        default=timedelta(days=7), description="How far back is read again on every run, because calls change late."
    )


PLANNED_STREAMS = ("analytics_calls", "calls")
