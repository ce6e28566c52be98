"""Messages and exit codes of the commands that need neither vendor nor Google; texts in tests/snapshots/cli."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from sync import errors
from sync.cli import app, main
from sync.config.kept import open_effective, read_effective
from sync.errors import NotShared
from sync.report import ErrorReport, Outcome, RunReport, TabReport, run_json
from sync.sources.registry import VENDORS
from sync.store.db import open_store
from sync.store.runs import close_run, open_run
from tests.snapshot import assert_matches

AT = datetime(2026, 3, 9, 12, tzinfo=UTC)
CONFIG = """
[google]
credentials = "anonymous"

[connection.justcall]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"

[[sheet]]
name = "support-calls"
spreadsheet = "https://docs.google.com/spreadsheets/d/1AbCdEfGhIjKlMnOp/edit"
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"

[[sheet]]
name = "sales-calls"
spreadsheet = "https://docs.google.com/spreadsheets/d/2AbCdEfGhIjKlMnOp/edit"
enabled = false
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), prog_name="callsheet")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("no-such-sheet", ("run-now", "suport-calls")),
        ("no-sheet-named", ("run-now",)),
        ("names-and-all", ("run-now", "support-calls", "--all")),
        ("bad-period", ("run-now", "support-calls", "--period", "tomorow")),
        ("no-config", ("run-now", "--all", "--config", "other.toml")),
        ("init-twice", ("init",)),
        ("no-such-connection", ("streams", "justcal")),
        ("no-such-stream", ("streams", "justcall", "cals")),
        ("sample-of-what", ("streams", "justcall", "--sample", "3")),
    ],
)
def test_a_mistake_is_told_with_a_hint_and_exit_code_2(folder: Path, name: str, arguments: tuple[str, ...]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert_matches(result.stderr, f"cli/{name}.txt")


def test_with_json_a_mistake_is_one_object_too(folder: Path) -> None:
    result = call("run-now", "suport-calls", "--json")
    assert result.exit_code == 2
    told = orjson.loads(result.stdout)
    assert told["runs"] == []
    assert (told["error"]["kind"], told["error"]["hint"]) == ("ConfigError", 'Did you mean "support-calls"?')


def test_every_problem_of_the_config_is_told_at_once(folder: Path) -> None:
    broken = CONFIG.replace('credentials = "anonymous"', 'credentails = "anonymous"').replace(
        "enabled = false", "cron = 5"
    )
    (folder / "config.toml").write_text(broken)
    result = call("check")
    assert result.exit_code == 2
    assert_matches(result.stderr, "cli/config-problems.txt")


def test_an_unknown_option_is_refused_with_exit_code_2(folder: Path) -> None:
    assert call("run-now", "--alll").exit_code == 2


@pytest.mark.parametrize("name", ["--help", *sorted(c.name or "" for c in app.registered_commands)])
def test_help_reads_as_before(name: str) -> None:
    result = call(name) if name == "--help" else call(name, "--help")
    assert result.exit_code == 0
    text = "\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n"
    assert_matches(text, f"help/{name.strip('-')}.txt")


def test_init_writes_a_config_and_force_writes_over_one(folder: Path) -> None:
    result = call("init", "--config", "new.toml")
    assert result.exit_code == 0
    assert "[[sheet]]" in (folder / "new.toml").read_text()
    assert call("init", "--force").exit_code == 0
    assert (folder / "config.toml").read_text() == (folder / "new.toml").read_text()


def test_the_config_file_can_be_named_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "config.toml").rename(folder / "elsewhere.toml")
    monkeypatch.setenv("CALLSHEET_CONFIG", str(folder / "elsewhere.toml"))
    assert call("status").exit_code == 0


def test_schema_is_json(folder: Path) -> None:
    assert "sheet" in orjson.loads(call("schema").stdout)["properties"]


def test_all_that_a_stream_declares_is_shown_for_every_dialect_without_a_config(folder: Path) -> None:
    (folder / "config.toml").unlink()
    shown = call("streams", "justcall", "calls").stdout
    for words in (
        'justcall (dialect = "v2"), calls',
        'justcall (dialect = "v2.1"), calls',
        "asked at: /v2/calls",
        "asked at: /v2.1/calls",
        "key: call_id",
        "asked for: single records, at most 30 days at a time",
        "page: up to 100 records a request",
        "read again: on every run the last 3 days; once a week the last 30 days",
        "vendor remembers: about 90 days",
        "counts as answered: completed",
        "limits: 60 requests a minute",
    ):
        assert words in shown
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in shown.splitlines() if line.strip()}
    assert told["started_at"].startswith("instant Started started at")
    assert told["disposition"].startswith("text Disposition disposition later")
    assert "Only calls of this status. Tests status, which may change later: where is safer." in shown


def test_a_connection_shows_its_own_streams_lookback_and_pace(folder: Path) -> None:
    mine = 'dialect = "v2.1"\nplan = "pro"\nlookback = "9 days"\n'
    text = CONFIG.replace('vendor = "justcall"\n', f'vendor = "justcall"\n{mine}')
    (folder / "config.toml").write_text(text.replace('"calls"', '"texts"'))
    every, one = call("streams").stdout, call("streams", "justcall", "texts").stdout
    assert "phone_numbers" in every
    assert "analytics_sms" not in every
    assert "requests: 60 a minute and 3,600 an hour" in every
    assert "on every run the last 9 days" in one
    assert "this connection: sends 60 a minute and 3,600 an hour at most" in one


def test_a_vendor_without_a_connection_is_shown_too_but_gives_no_sample(folder: Path) -> None:
    assert "change feed" not in call("streams", "justcall").stdout
    assert "the vendor tells what changed" in call("streams", "callscaler", "calls").stdout
    refused = call("streams", "callscaler", "calls", "--sample", "2")
    assert refused.exit_code == 2
    assert "There is no connection to callscaler in the config" in refused.stderr


def _leave_a_failed_and_a_good_run(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder / 'callsheet.db'}")
    for minutes, error in ((0, None), (15, NotShared("The spreadsheet is not shared.", hint="Share it."))):
        at = AT + timedelta(minutes=minutes)
        report = RunReport(
            sheet="support-calls",
            outcome=Outcome.FAILED if error else Outcome.OK,
            started_at=at,
            seconds=4.2,
            error=ErrorReport.of(error) if error else None,
            requests={"google_read": 2, "justcall": 41},
            tabs=() if error else (TabReport(title="Calls", outcome=Outcome.OK, rows=4711, added=20, changed=50),),
        )
        run = open_run(store, report.sheet, "1AbC", "schedule", started_at=at)
        text = orjson.dumps(run_json(report)).decode()
        close_run(store, run, str(report.outcome), text, finished_at=at + timedelta(seconds=4.2))
    store.close()


def test_status_tells_the_last_good_run_and_why_the_last_one_failed(folder: Path) -> None:
    _leave_a_failed_and_a_good_run(folder)
    result = call("status")
    assert result.exit_code == 0
    assert_matches("\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n", "cli/status.txt")


def test_status_in_json_has_the_same_facts(folder: Path) -> None:
    _leave_a_failed_and_a_good_run(folder)
    support, sales = orjson.loads(call("status", "--json").stdout)["sheets"]
    assert (support["state"], support["rows"], sales["state"]) == ("failed", 4711, "disabled")
    assert support["last_good_at"] == "2026-03-09T12:00:04.200000+00:00"
    assert support["errors"][0]["hint"] == "Share it."
    assert sales["last_run_at"] is None


def test_history_shows_the_latest_run_first(folder: Path) -> None:
    _leave_a_failed_and_a_good_run(folder)
    result = call("history")
    assert_matches("\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n", "cli/history.txt")
    runs = orjson.loads(call("history", "support-calls", "--limit", "1", "--json").stdout)["runs"]
    assert [(run["outcome"], run["trigger"]) for run in runs] == [("failed", "schedule")]


def test_a_run_whose_process_died_is_told_as_interrupted(folder: Path) -> None:
    code = (
        "from datetime import datetime, UTC;"
        "from sync.store.db import open_store;"
        "from sync.store.runs import open_run;"
        f"open_run(open_store('sqlite:///{folder / 'callsheet.db'}'), 'support-calls', '1AbC', 'person',"
        " started_at=datetime.now(UTC))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    (support, _) = orjson.loads(call("status", "--json").stdout)["sheets"]
    assert support["state"] == "interrupted"


def test_a_broken_sheet_does_not_keep_the_others_from_being_shown(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG.replace("enabled = false", 'cron = "nonsense"'))
    result = call("status", "--json")
    assert result.exit_code == 0
    good, broken = orjson.loads(result.stdout)["sheets"]
    assert (good["sheet"], good["config_problem"]) == ("support-calls", None)
    assert (broken["sheet"], broken["state"]) == ("sales-calls", "broken config")
    assert "no earlier version" in broken["config_problem"]
    assert "nonsense" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.StoreError("x"), 3),
        (errors.TooLarge("x"), 4),
        (errors.NotShared("x"), 5),
        (errors.ContractBroken("x"), 6),
        (errors.Unreachable("x"), 7),
        (errors.StopRequested(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_leaves_with_its_own_exit_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("sync.cli.open_effective", fail)
    result = call("check")
    assert result.exit_code == code
    assert "Traceback" not in result.stderr


def test_verbose_shows_where_it_failed(folder: Path) -> None:
    assert "Traceback" in call("check", "nope", "-v").stderr


def test_what_nobody_foresaw_is_told_without_a_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("sync.cli.open_effective", fail)
    monkeypatch.setattr("sys.argv", ["callsheet", "check"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    shown = capsys.readouterr().err
    assert "not foreseen: ZeroDivisionError" in shown
    assert "Traceback" not in shown


def test_a_port_that_is_taken_is_a_wrong_option_and_no_surprise(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("sandbox", "demo"):
            result = call(command, "--port", str(port))
            assert result.exit_code == 2
            assert f"The port {port} of this machine cannot be used" in result.stderr


def test_the_version_is_told(folder: Path) -> None:
    assert call("--version").stdout.startswith("callsheet 0.")


def test_a_look_at_the_status_does_not_load_what_only_daemon_and_sandbox_need() -> None:
    looking = "import sys, sync.cli; print([name for name in sys.argv[1:] if name in sys.modules])"
    slow = ("sync.sandbox.server", "sync.page.app", "uvicorn", "starlette", "prometheus_client", "apprise", "alembic")
    found = subprocess.run([sys.executable, "-c", looking, *slow], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_status_says_what_goes_on_while_the_whole_config_is_broken(folder: Path) -> None:
    path = folder / "config.toml"
    with open_effective(path) as (store, _):
        read_effective(path, store)
    path.write_text(CONFIG.replace("[google]", "[gogle]"))
    told = call("status")
    assert told.exit_code == 0
    assert 'Did you mean "google"?' in told.stderr
    assert re.search(r"all sheets: Its config has problems \(config.toml:\d+\); the version of .* goes on", told.stdout)
    assert "support-calls" in told.stdout


HEAVY = (
    "alembic.command",
    "apprise",
    "cryptography",
    "google.auth",
    "gspread",
    "httpx",
    "jinja2",
    "polars",
    "requests",
)
LOOK = """
import sys
from sync.cli import main
try:
    main()
finally:
    print(*(name for name in NAMES if name in sys.modules), sep=",", file=sys.stderr)
"""


FULL = [pytest.param(one, marks=pytest.mark.full) for one in ("history", "streams justcall", "schema")]


@pytest.mark.parametrize("command", ["status", "--help", *FULL])
def test_what_only_looks_loads_no_large_library(folder: Path, command: str) -> None:
    call("status")  # makes the store, for which migrations are loaded
    others = [f"sync.sources.{vendor}" for vendor in VENDORS if vendor != "justcall"]  # than the config names
    unused = [*others, "rich.console", "structlog"] if command in ("status", "history") else []
    program = LOOK.replace("NAMES", repr((*HEAVY, *unused, "sync.publish", "sync.run", "uvicorn")))
    result = subprocess.run(
        [sys.executable, "-c", program, *command.split()], capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.returncode, result.stderr.strip()) == (0, "")
    assert result.stdout
