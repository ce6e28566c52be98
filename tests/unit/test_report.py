"""Words and JSON of reports; the texts are in tests/snapshots/messages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync import errors, log
from sync.errors import ConfigError, Problem, StoppedByGuard, SyncError, Where
from sync.report import (
    ErrorReport,
    Outcome,
    RunReport,
    TabReport,
    error_lines,
    exit_code_of,
    outcome_of,
    run_lines,
    to_json,
)
from tests.snapshot import assert_matches

AT = datetime(2026, 3, 9, 12, tzinfo=UTC)


def make_report(*, error: SyncError | None = None, tab_error: SyncError | None = None) -> RunReport:
    calls = TabReport(title="Calls", outcome=Outcome.OK, rows=4711, added=20, changed=50, cut_cells=1)
    agents = TabReport(
        title="By agent",
        outcome=outcome_of(tab_error) if tab_error else Outcome.UNCHANGED,
        rows=0 if tab_error else 12,
        error=ErrorReport.of(tab_error) if tab_error else None,
        warnings=("The zone of the spreadsheet is Europe/Berlin, that of the sheet America/New_York.",),
    )
    return RunReport(
        sheet="support-calls",
        outcome=Outcome.FAILED if error else Outcome.OK,
        started_at=AT,
        seconds=4.2,
        spreadsheet_url="https://docs.google.com/spreadsheets/d/1AbC/edit",
        error=ErrorReport.of(error) if error else None,
        requests={"google_read": 2, "google_write": 3, "justcall": 41},
        tabs=(calls, agents),
    )


def test_a_good_run_in_words() -> None:
    assert_matches("\n".join(run_lines(make_report())) + "\n", "messages/run-ok.txt")


def test_a_failed_run_in_words() -> None:
    guard = errors.UnexpectedlyEmpty(
        "JustCall returned no calls for a slice that held 120.", hint="Give --allow-empty."
    )
    lost = errors.Unreachable(
        "No answer within 60 s.", hint="The next run tries again.", where=Where(connection="justcall", stream="calls")
    )
    assert_matches("\n".join(run_lines(make_report(error=lost, tab_error=guard))) + "\n", "messages/run-failed.txt")


def test_a_broken_config_shows_every_problem_with_file_line_and_what_is_allowed() -> None:
    problems = [
        Problem(
            file="sheets.d/a.toml",
            line=7,
            field="sheet.tab.mode",
            what="not a mode",
            received="upsrt",
            allowed="upsert",
        ),
        Problem(file="config.toml", line=None, field="google", what="is missing", hint="Add [google]."),
    ]
    error = ConfigError("The config has 2 problems.", problems=problems, hint="Nothing was started.")
    assert_matches("\n".join(error_lines(error)) + "\n", "messages/config-problems.txt")


def test_the_json_object_has_every_key_of_the_contract() -> None:
    (run,) = to_json([make_report()])["runs"]
    assert (
        run
        | {
            "sheet": "support-calls",
            "outcome": "ok",
            "seconds": 4.2,
            "error": None,
            "requests": {"google_read": 2, "google_write": 3, "justcall": 41},
        }
        == run
    )
    wanted = {"title": "Calls", "outcome": "ok", "rows": 4711, "added": 20, "changed": 50, "removed": 0}
    assert run["tabs"][0] | wanted == run["tabs"][0]


def test_an_error_in_json_has_kind_message_and_hint() -> None:
    (run,) = to_json([make_report(error=errors.NotShared("Not shared.", hint="Share it."))])["runs"]
    assert run["error"] == {
        "kind": "NotShared",
        "message": "Not shared.",
        "hint": "Share it.",
        "exit_code": 5,
        "connection": "",
    }


@pytest.mark.parametrize(
    ("run_error", "tab_error", "code"),
    [
        (None, None, 0),
        (errors.RateLimited("x"), None, 7),
        (errors.RateLimited("x"), errors.TooLarge("x"), 4),
        (errors.StoreError("x"), errors.NotShared("x"), 3),
        (None, errors.RecordRejected("x"), 0),
    ],
)
def test_the_failure_highest_in_the_tree_gives_the_exit_code(
    run_error: SyncError | None, tab_error: SyncError | None, code: int
) -> None:
    assert exit_code_of([make_report(), make_report(error=run_error, tab_error=tab_error)]) == code


def test_a_guards_stop_is_told_from_a_failure() -> None:
    assert outcome_of(StoppedByGuard("x")) is Outcome.STOPPED
    assert outcome_of(errors.Unreachable("x")) is Outcome.FAILED


def test_a_secret_in_an_error_is_masked_in_every_form() -> None:
    log.register_secret("s3cr3t-value")
    error = errors.ContractBroken("refused s3cr3t-value", hint="s3cr3t-value", where=Where(request="?k=s3cr3t-value"))
    shown = (
        "\n".join(error_lines(error))
        + str(to_json([make_report(error=error)]))
        + "".join(run_lines(make_report(error=error)))
    )
    assert "s3cr3t-value" not in shown


def test_the_place_is_told_once() -> None:
    error = errors.Unreachable("justcall did not answer.", where=Where(connection="justcall", stream="calls"))
    assert error_lines(error) == ["justcall did not answer (stream calls)."]
