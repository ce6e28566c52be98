"""The twelve reports of the Analytics exports, by the name of their stream."""

from __future__ import annotations

from collections.abc import Mapping

from sync.sources.aircall.report import Report
from sync.sources.aircall.row_reports import ROW_REPORTS
from sync.sources.aircall.sum_reports import SUM_REPORTS

REPORTS: Mapping[str, Report] = {report.spec.name: report for report in (*ROW_REPORTS, *SUM_REPORTS)}
