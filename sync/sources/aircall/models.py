"""Options of an Aircall connection, and the streams that will come. Sends nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from sync.sources.base import BaseUrl, Duration, SecretRef, SourceOptions


class AircallOptions(SourceOptions):
    """A connection to Aircall: the two halves of an API key."""

    vendor: Literal["aircall"] = Field(default="aircall", description="Which vendor this connection speaks to.")
    api_id: SecretRef = Field(description="Where the API id is found, as env:NAME or file:PATH.")
    api_token: SecretRef = Field(description="Where the API token is found, as env:NAME or file:PATH.")
    base_url: BaseUrl = Field(
        default="https://api.aircall.io", description="The address below which the vendor's API is found."
    )
    # 120 is documented for REST; 60 leaves room for the company's other integrations.
    requests_per_minute: int = Field(
        default=60, ge=1, le=10_000, description="Requests a minute that this key may send, all processes together."
    )
    lookback: Duration = Field(
        default=timedelta(days=3), description="How far back is read again on every run, because calls change late."
    )


PLANNED_STREAMS = (
    "calls_history",
    "user_status_history",
    "user_activity_availability_breakdown",
    "user_activity_average_after_call_work_time_per_user",
    "user_activity_average_inbound_in_call_time_per_user",
    "user_activity_average_outbound_in_call_time_per_user",
    "user_activity_call_volume_and_time",
    "user_activity_calls_handled",
    "user_activity_percentage_of_time_in_each_status",
    "user_activity_ringing_attempts_per_user",
    "user_activity_work_time_and_availability",
    "user_activity_ringing_attempts",
    "calls",
    "users",
    "teams",
    "numbers",
)
