"""What schedules mean in time: next runs in words, runs missed while we were down, and whether the quota suffices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sync.config.schedule import Schedule, may_start, next_times
from sync.config.settings import Google

GOOGLE_READS_A_RUN = 2
GOOGLE_WRITES_A_RUN = 2
LOOK_AHEAD = timedelta(days=1)
MOST_RUNS_A_DAY = 1440


def is_missed(schedule: Schedule, *, last_started: datetime | None, now: datetime) -> bool:
    """Tell whether a run is owed: one of its times has passed since it last ran, or it repeats and never ran."""
    if last_started is None:
        return schedule.every is not None and may_start(schedule, now)
    missed = next_times(schedule, last_started, 1)
    return bool(missed) and missed[0] <= now and may_start(schedule, now)


def schedule_words(schedule: Schedule, now: datetime, *, n: int = 3) -> str:
    """Name the next `n` times of a schedule, in its own zone."""
    times = [time.astimezone(schedule.zone) for time in next_times(schedule, now, n)]
    if not times:
        return "never by itself; run it with callsheet run-now"
    return f"{', '.join(f'{time:%a %Y-%m-%d %H:%M}' for time in times)} {schedule.zone.key}"


def busiest_hour(schedules: Sequence[Schedule], now: datetime) -> int:
    """Return how many runs are due in the busiest hour of the coming day."""
    hours: Counter[int] = Counter()
    for schedule in schedules:
        for time in next_times(schedule, now, MOST_RUNS_A_DAY):
            if time > now + LOOK_AHEAD:
                break
            hours[int(time.timestamp()) // 3600] += 1
    return max(hours.values(), default=0)


def quota_words(schedules: Sequence[Schedule], google: Google, now: datetime) -> str:
    """Tell whether the runs of the busiest hour fit Google's quota, should each of them have something to write."""
    n_runs = busiest_hour(schedules, now)
    reads, writes = n_runs * GOOGLE_READS_A_RUN, n_runs * GOOGLE_WRITES_A_RUN
    may_read, may_write = google.reads_per_minute * 60, google.writes_per_minute * 60
    fits = "fits" if reads <= may_read and writes <= may_write else "DOES NOT FIT, runs will wait for each other"
    return (
        f"busiest hour: {n_runs:,} runs, about {reads:,} reads of {may_read:,} and {writes:,} writes of {may_write:,} "
        f"that Google allows: {fits}"
    )
