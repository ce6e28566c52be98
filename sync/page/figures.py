"""The figures of `/metrics`: what the store knows at that moment, and what this process has counted since it began."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sync.report import RunReport

_RUN_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)


disable_created_metrics()  # type: ignore[no-untyped-call] # when each counter began is of no use to anybody and doubles the answer


class Figures:
    """Counts what runs report; asks `overview` for everything else whenever somebody looks."""

    def __init__(self, overview: Callable[[], dict[str, Any]]) -> None:
        self.registry = CollectorRegistry()
        self._runs = Counter(
            "callsheet_runs", "Runs that ended, by outcome.", ["sheet", "outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "callsheet_run_seconds", "How long runs took.", buckets=_RUN_SECONDS, registry=self.registry
        )
        self._requests = Counter(
            "callsheet_requests", "Requests that were sent, by where to.", ["to"], registry=self.registry
        )
        self._rows = Counter(
            "callsheet_rows", "Rows that were written or removed.", ["sheet", "change"], registry=self.registry
        )
        self.registry.register(_OfStore(overview))
        ProcessCollector(registry=self.registry)

    def run_ended(self, report: RunReport) -> None:
        """Count a run."""
        self._runs.labels(report.sheet, str(report.outcome)).inc()
        self._seconds.observe(report.seconds)
        for to, n in report.requests.items():
            self._requests.labels(to).inc(n)
        for tab in report.tabs:
            for change in ("added", "changed", "removed"):
                self._rows.labels(report.sheet, change).inc(getattr(tab, change))

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the figures in the form that was asked for, and its type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class _OfStore(Collector):
    """What the store knows. A sheet that has left the config leaves the figures with it."""

    def __init__(self, overview: Callable[[], dict[str, Any]]) -> None:
        self._overview = overview

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: that would take a look into the store."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Look, and return it as gauges."""
        overview = self._overview()
        info = GaugeMetricFamily("callsheet_build_info", "The version that runs.", labels=["version"])
        info.add_metric([overview["version"]], 1)
        yield info
        yield from _of_sheets(overview["sheets"])
        wrong = GaugeMetricFamily("callsheet_incidents_open", "Incidents that are not over.", labels=["kind"])
        kinds = [one["kind"] for one in overview["incidents"]]
        for kind in sorted(set(kinds)):
            wrong.add_metric([kind], kinds.count(kind))
        yield wrong
        waiting = overview["daemon"]["waiting"]
        yield GaugeMetricFamily("callsheet_runs_waiting", "Runs that are due and wait for their turn.", value=waiting)
        yield from _of_quota(overview["quota"])


def _of_sheets(sheets: list[dict[str, Any]]) -> Iterator[Metric]:
    state = GaugeMetricFamily("callsheet_sheet_state", "1 for the state of a sheet.", labels=["sheet", "state"])
    good = GaugeMetricFamily("callsheet_sheet_last_good_seconds", "When the last good run ended.", labels=["sheet"])
    due = GaugeMetricFamily("callsheet_sheet_next_run_seconds", "When the next run is due.", labels=["sheet"])
    rows = GaugeMetricFamily("callsheet_sheet_rows", "Rows after the last good run.", labels=["sheet"])
    broken = GaugeMetricFamily("callsheet_sheet_config_broken", "1 while its config has problems.", labels=["sheet"])
    for sheet in sheets:
        name = [sheet["sheet"]]
        state.add_metric([*name, sheet["state"]], 1)
        broken.add_metric(name, int(bool(sheet["config_problem"])))
        for family, value in ((good, _at(sheet["last_good_at"])), (due, _at(sheet["next_at"])), (rows, sheet["rows"])):
            if value is not None:
                family.add_metric(name, value)
    yield from (state, good, due, rows, broken)


def _of_quota(quota: list[dict[str, Any]]) -> Iterator[Metric]:
    used = GaugeMetricFamily("callsheet_quota_used", "Requests in the window of a quota.", labels=["name", "window_s"])
    limit = GaugeMetricFamily("callsheet_quota_limit", "Requests that a quota allows.", labels=["name", "window_s"])
    for one in quota:
        labels = [one["name"], f"{one['window_s']:g}"]
        used.add_metric(labels, one["used"])
        limit.add_metric(labels, one["limit"])
    yield from (used, limit)


def _at(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()
