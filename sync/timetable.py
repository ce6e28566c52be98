"""What schedules mean in time: next runs in words, and whether all of them together fit the quota."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.config.load import Config
from sync.config.schedule import Schedule, next_times, times_until
from sync.config.sheet import Sheet

GOOGLE_READS_A_RUN = 2
GOOGLE_WRITES_A_RUN = 2
LOOK_AHEAD = timedelta(days=7)
MINUTE_S = 60.0


def schedule_words(schedule: Schedule, now: datetime, *, n: int = 3) -> str:
    """Name the next `n` times of a schedule, in its own zone."""
    times = [time.astimezone(schedule.zone) for time in next_times(schedule, now, n)]
    if not times:
        return "never by itself; run it with callsheet run-now"
    return f"{', '.join(f'{time:%a %Y-%m-%d %H:%M}' for time in times)} {schedule.zone.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the runs of the coming days ask of one quota; `wait` is how long the last of those due together waits."""

    name: str
    n_runs: int
    n_requests: int
    n_allowed: int
    wait: timedelta

    def words(self, patience: timedelta) -> str:
        """Say it in one line."""
        fits = "fits" if self.wait <= patience else "DOES NOT FIT, runs will be late or fail"
        wait = f"; runs wait up to {_minutes(self.wait)} for their turn" if self.wait >= timedelta(minutes=1) else ""
        return (
            f"{self.name}: {self.n_runs:,} runs in the busiest hour, about {self.n_requests:,} requests of "
            f"{self.n_allowed:,} allowed: {fits}{wait}"
        )


def quota_lines(config: Config, costs: Mapping[str, Mapping[str, int]], now: datetime) -> list[str]:
    """Tell for each quota whether the runs of all schedules fit it, should each of them have something to write.

    `costs` are the requests that a run of a sheet took by quota, where that is known.
    """
    loads = loads_of(config, costs, now)
    if not loads:
        return ["quota: nothing runs by itself"]
    return [load.words(config.daemon.run_deadline) for load in loads]


def loads_of(config: Config, costs: Mapping[str, Mapping[str, int]], now: datetime) -> list[Load]:
    """Add up what the enabled sheets ask of each quota."""
    allowed = _allowed(config)
    runs, requests = Counter[int](), {name: Counter[int]() for name in allowed}
    n_sheets, cost_by_schedule = Counter[Schedule](), defaultdict[Schedule, Counter[str]](Counter)
    for sheet in config.sheets:
        if sheet.enabled:  # many sheets have the same schedule
            n_sheets[sheet.schedule] += 1
            known = {name: n for name, n in costs.get(sheet.name, {}).items() if n}
            cost_by_schedule[sheet.schedule].update({**_guess(sheet), **known})
    for schedule, cost in cost_by_schedule.items():
        for minute in _minutes_due(schedule, now):
            runs[minute] += n_sheets[schedule]
            for name in cost.keys() & requests.keys():
                requests[name][minute] += cost[name]
    most_runs = _busiest(runs)
    return [
        Load(
            name=_TITLES.get(name, name),
            n_runs=most_runs,
            n_requests=_busiest(minutes),
            n_allowed=int(allowed[name] * 60),
            wait=_longest_wait(minutes, allowed[name]),
        )
        for name, minutes in requests.items()
        if minutes
    ]


_TITLES = {"google_read": "Google reads", "google_write": "Google writes"}


def _allowed(config: Config) -> dict[str, float]:
    """Return the requests a minute that each quota allows, under the names that reports count them."""
    vendors = {
        name: min(n / window_s * MINUTE_S for n, window_s in options.rate_limits())
        for name, options in config.connections.items()
    }
    google = {"google_read": config.google.reads_per_minute, "google_write": config.google.writes_per_minute}
    return {**google, **vendors}


def _guess(sheet: Sheet) -> dict[str, int]:
    """Return what a run that has not happened yet is likely to take: a page or two of each stream."""
    streams = Counter(name for tab in sheet.read_tabs for name in tab.connection)
    return {"google_read": GOOGLE_READS_A_RUN, "google_write": GOOGLE_WRITES_A_RUN, **streams}


def _minutes_due(schedule: Schedule, now: datetime) -> Iterator[int]:
    """Yield the minutes of the coming week in which a schedule fires; a day of a short interval is like the next."""
    is_frequent = schedule.every is not None and schedule.every < timedelta(days=1)
    ahead = now + (timedelta(days=1) if is_frequent else LOOK_AHEAD)
    for time in times_until(schedule, now, ahead):
        minute = int(time.timestamp()) // 60
        yield from (minute + day * 1440 for day in range(7 if is_frequent else 1))


def _busiest(minutes: Mapping[int, int]) -> int:
    hours: Counter[int] = Counter()
    for minute, n in minutes.items():
        hours[minute // 60] += n
    return max(hours.values(), default=0)


def _longest_wait(minutes: Mapping[int, int], allowed: float) -> timedelta:
    """Return how long the last request waits when each minute lets through what is allowed and the rest queue up."""
    backlog, longest, before = 0.0, 0.0, 0
    for minute in sorted(minutes):
        backlog = max(0.0, backlog - (minute - before) * allowed) + minutes[minute]
        longest, before = max(longest, backlog - allowed), minute
    return timedelta(minutes=longest / allowed)


def _minutes(length: timedelta) -> str:
    n = round(length.total_seconds() / 60)
    return f"{n:,} minute{'s' if n != 1 else ''}"
