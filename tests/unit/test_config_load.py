"""The config files: what loads, and that every mistake of every file is told at once, with file and line."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from sync.config.load import Config, load_config, read_config
from sync.config.problems import format_problems
from sync.errors import ConfigError, Problem
from sync.report import error_lines

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "config"
TOP = """\
[google]
credentials = "anonymous"
[connection.justcall]
vendor = "justcall"
api_key = "env:A_TEST_KEY"
api_secret = "file:secret.txt"
"""
SHEET = """\
[[sheet]]
name = "support-calls"
spreadsheet = "https://docs.google.com/spreadsheets/d/1AbC/edit"
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
"""
SUMMARY = """\
[[sheet.summary]]
title = "By agent"
of = "Calls"
group_by = ["agent_name"]
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a config from its text, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def _load(text: str, **files: str) -> Config:
        Path("config.toml").write_text(text)
        for name, content in files.items():
            Path(f"{name}.toml").write_text(content)
        return load_config("config.toml")

    return _load


@pytest.fixture
def problems(load):
    def _problems(text: str, **files: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text, **files)
        assert caught.value.problems
        return caught.value.problems

    return _problems


@pytest.fixture
def problem(problems):
    """Return the only problem of a config."""

    def _problem(text: str, **files: str) -> Problem:
        (found,) = problems(text, **files)
        return found

    return _problem


def test_every_mistake_of_every_file_is_printed_at_once(tmp_path, monkeypatch):
    shutil.copytree(SNAPSHOTS / "mistakes", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config("config.toml")
    printed = format_problems(caught.value) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        (SNAPSHOTS / "mistakes.txt").write_text(printed)
    assert printed == (SNAPSHOTS / "mistakes.txt").read_text()
    for secret in ("AIzaSyLiteralSecret", "hunter2", "hunter3", "sk_live_literal"):
        assert secret not in printed


def test_the_whole_contract_is_known_and_carried_out():
    config = load_config(SNAPSHOTS / "contract.toml")
    assert [chart.type for chart in config.sheets[0].summaries[0].chart] == ["column"]


def test_a_small_config_gets_the_defaults(load):
    config = load(TOP + SHEET + SUMMARY)
    (sheet,) = config.sheets
    assert (config.google.writes_per_minute, config.daemon.workers) == (60, 4)
    assert config.store_url() == f"sqlite:///{Path.cwd()}/callsheet.db"
    assert config.connections["justcall"].lookback == timedelta(days=3)
    assert (sheet.spreadsheet_id, sheet.zone.key, str(sheet.schedule)) == ("1AbC", "UTC", "when asked")
    assert (sheet.tabs[0].period.text, sheet.tabs[0].mode, sheet.tabs[0].columns) == ("last 30 days", "upsert", None)
    assert (sheet.summaries[0].metric_names, sheet.summaries[0].totals) == (("count",), True)
    assert config.spec_of(sheet.tabs[0]).name == "calls"


def test_a_sheet_without_zone_has_that_of_the_daemon(load):
    assert load(TOP + '[daemon]\ntimezone = "Asia/Kolkata"\n' + SHEET).sheets[0].zone.key == "Asia/Kolkata"


def test_sheets_and_connections_may_be_in_included_files(load):
    config = load('include = ["sh*.toml", "none/*.toml", "sheets.toml"]\n' + TOP, sheets=SHEET)
    assert [sheet.name for sheet in config.sheets] == ["support-calls"]


@pytest.mark.parametrize(
    "link",
    [
        "1AbC_d-9",
        "https://docs.google.com/spreadsheets/d/1AbC_d-9",
        "https://docs.google.com/spreadsheets/d/1AbC_d-9/edit?gid=0#gid=0",
        "https://docs.google.com/spreadsheets/u/1/d/1AbC_d-9/edit",
        "https://docs.google.com/a/example.com/spreadsheets/d/1AbC_d-9/view",
        "https://drive.google.com/open?id=1AbC_d-9&usp=sharing",
        "http://127.0.0.1:8400/spreadsheets/d/1AbC_d-9/edit",
    ],
)
def test_any_link_leads_to_the_spreadsheet(load, link):
    assert (
        load(TOP + SHEET.replace("https://docs.google.com/spreadsheets/d/1AbC/edit", link)).sheets[0].spreadsheet
        == "1AbC_d-9"
    )


def test_secrets_are_read_when_asked_for_and_are_not_in_the_config(load, monkeypatch):
    monkeypatch.setenv("A_TEST_KEY", "the-key-itself")
    config = load(TOP + SHEET)
    Path("secret.txt").write_text("the-secret-itself\n")
    assert config.connection_secrets("justcall") == {"api_key": "the-key-itself", "api_secret": "the-secret-itself"}
    assert "itself" not in repr(config)


def test_every_secret_that_is_missing_is_told_with_the_line_that_names_it(load, monkeypatch):
    monkeypatch.delenv("A_TEST_KEY", raising=False)
    config = load(TOP + SHEET)
    with pytest.raises(ConfigError, match="A_TEST_KEY is not set") as caught:
        config.connection_secrets("justcall")
    assert error_lines(caught.value) == [
        "The environment variable A_TEST_KEY is not set (config.toml:5: connection.justcall.api_key).",
        "The secret file secret.txt cannot be read: No such file or directory "
        "(config.toml:6: connection.justcall.api_secret).",
        "hint: Set it, for example: export A_TEST_KEY=... Create it, or correct the path.",
    ]
    Path("secret.txt").write_text("the-secret-itself")
    with pytest.raises(ConfigError) as caught:
        config.connection_secrets("justcall")
    assert error_lines(caught.value) == [
        "The environment variable A_TEST_KEY is not set (config.toml:5: connection.justcall.api_key).",
        "hint: Set it, for example: export A_TEST_KEY=...",
    ]


@pytest.mark.parametrize(
    "link", ["https://docs.google.com/document/d/1AbC_d-9/edit", "https://drive.google.com/drive/folders/1AbC_d-9"]
)
def test_a_link_to_something_that_is_not_a_spreadsheet_is_refused(problems, link):
    (found,) = problems(TOP + SHEET.replace("https://docs.google.com/spreadsheets/d/1AbC/edit", link))
    assert "not a spreadsheet" in found.what


@pytest.mark.parametrize(
    ("group", "order", "sorted_by"),
    [("date", "", None), ("date", "asc", "date"), ("agent_name", "asc", "count"), ("agent_name", "", None)],
)
def test_an_order_without_a_sort_by_is_that_of_what_is_sorted_by_when_left_out(load, group, order, sorted_by):
    written = f'sort_order = "{order}"\n' if order else ""
    config = load(TOP + SHEET + SUMMARY.replace("agent_name", group) + written)
    assert config.sheets[0].summaries[0].sorted_by == sorted_by


@pytest.mark.parametrize("credentials", ["adc", "anonymous"])
def test_some_credentials_need_no_key(load, credentials):
    assert load(TOP.replace("anonymous", credentials) + SHEET).google_key() is None


def test_a_key_file_of_google_is_relative_to_the_config(load):
    config = load(TOP.replace("anonymous", "file:key.json") + SHEET)
    Path("key.json").write_text("{}")
    assert config.google_key() == "{}"


def test_a_sheet_is_found_by_name_and_a_typo_gets_the_nearest(load):
    config = load(TOP + SHEET)
    assert config.sheet_named("Support-Calls").name == "support-calls"
    with pytest.raises(ConfigError, match="There is no sheet") as caught:
        config.sheet_named("suport-calls")
    assert caught.value.hint == 'Did you mean "support-calls"?'


def test_a_config_that_does_not_exist_is_told_with_the_way_to_one(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml")
    assert "callsheet init" in format_problems(caught.value)


def test_a_file_that_is_no_text_is_a_problem_with_its_line(tmp_path):
    (tmp_path / "config.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml")
    assert caught.value.problems[0].line == 2


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path):
    (tmp_path / "config.toml").write_bytes(
        b"\xef\xbb\xbf" + (TOP + SHEET + "mode = 'x'\n").replace("\n", "\r\n").encode()
    )
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml")
    assert caught.value.problems[0].line == 14


def test_a_broken_sheet_leaves_the_others_to_a_daemon(tmp_path):
    other = SHEET.replace("support-calls", "other").replace("1AbC", "2DeF")
    (tmp_path / "config.toml").write_text(TOP + SHEET + 'mode = "upsrt"\n' + other)
    reading = read_config(tmp_path / "config.toml")
    assert reading.config is not None
    assert [sheet.name for sheet in reading.config.sheets] == ["other"]
    assert len(reading.problems) == 1


def test_a_broken_setting_leaves_nothing(tmp_path):
    (tmp_path / "config.toml").write_text(TOP + SHEET + "[daemon]\nworkers = 0\n")
    assert read_config(tmp_path / "config.toml").config is None


def test_a_typo_gets_the_nearest_known_name(problem):
    found = problem(TOP + SHEET + 'perriod = "today"\n')
    assert (found.line, found.field) == (14, 'sheet["support-calls"].tab["Calls"].perriod')
    assert found.hint == 'Did you mean "period"?'


def test_a_literal_secret_is_refused_and_not_repeated(problems):
    for line in ('api_key = "sk_live_1"', "api_key = 981273", 'api_keyy = "sk_live_1"', 'api_key = ["sk_live_1"]'):
        found = problems(TOP.replace('api_key = "env:A_TEST_KEY"', line) + SHEET)
        assert "sk_live_1" not in repr(found)
        assert "981273" not in repr(found)


def test_a_password_in_the_address_of_the_store_is_refused_and_not_repeated(problem):
    found = problem(TOP + SHEET + '[store]\nurl = "postgresql://me:hunter2@db/x"\n')
    assert "hunter2" not in repr(found)
    assert "env:NAME" in found.allowed


@pytest.mark.parametrize("listen", ["0.0.0.0:8321", "[::]:8321", "10.0.0.7:80"])
def test_listening_for_everyone_is_allowed_with_a_warning(load, listen):
    config = load(TOP + SHEET + f'[daemon]\nlisten = "{listen}"\n')
    assert [w.field for w in config.warnings] == ["daemon.listen"]


@pytest.mark.parametrize("listen", [":8321", "8321", "example.com:80", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x"])
def test_an_address_to_listen_on_is_explicit(problem, listen):
    assert problem(TOP + SHEET + f'[daemon]\nlisten = "{listen}"\n').field == "daemon.listen"


def test_params_on_a_field_that_changes_get_a_warning(load):
    config = load(TOP + SHEET + 'params = { status = "missed", direction = "inbound" }\n')
    assert [w.field for w in config.warnings] == ['sheet["support-calls"].tab["Calls"].params.status']


def test_a_field_that_only_the_vendor_knows_can_be_a_column_with_a_warning(load):
    config = load(TOP + SHEET + 'columns = ["call_id", "sentiment", { field = "tag", undeclared = true }]\n')
    assert [w.received for w in config.warnings] == ['"sentiment"', '"tag"']


def test_a_misspelt_field_is_not_taken_for_one_that_only_the_vendor_knows(problem):
    found = problem(TOP + SHEET + 'columns = ["call_id", "agent_nam"]\n')
    assert 'Did you mean "agent_name"?' in found.hint


def test_an_upsert_tab_needs_its_key_among_the_columns(problem):
    assert "call_id" in problem(TOP + SHEET + 'columns = ["duration"]\n').what


def test_titles_are_unique_ignoring_case_across_files(problem):
    other = SHEET.replace("support-calls", "other").replace('"Calls"', '"CALLS"')
    found = problem('include = ["other.toml"]\n' + TOP + SHEET, other=other)
    assert (found.file, found.line, found.field) == ("other.toml", 5, 'sheet["other"].tab["CALLS"].title')
    assert "config.toml:12" in found.what


def test_the_same_title_in_two_spreadsheets_is_fine(load):
    assert len(load(TOP + SHEET + SHEET.replace("support-calls", "other").replace("1AbC", "2DeF")).sheets) == 2


def test_a_connection_that_an_unreadable_file_may_hold_is_not_called_unknown(problem):
    text = 'include = ["other.toml"]\n' + TOP + SHEET.replace('"justcall"', '"elsewhere"')
    assert problem(text, other="[broken").file == "other.toml"


def test_one_bracket_in_place_of_two_is_explained(problems):
    assert any(
        "[[sheet]]" in p.hint for p in problems(TOP + SHEET.replace("[[sheet]]", "[sheet]").split("[[sheet.tab")[0])
    )


RICH = """\
group_by = ["agent", "half_hour", "tag"]
where = ["duration >= 10"]
metrics = [
    "count",
    "sum of duration",
    { metric = "count", title = "Long", where = ["duration > 60"] },
    { metric = "max", field = "duration" },
]
sort_by = "answered_pct"
limit = 50
fill = "zero"
"""


def test_a_summary_may_ask_all_that_there_is(load):
    config = load(TOP + SHEET + SUMMARY.replace('group_by = ["agent_name"]\n', RICH))
    (summary,) = config.sheets[0].summaries
    assert [(m.metric, m.field, m.title) for m in summary.metrics][2:] == [
        ("count", None, "Long"),
        ("max", "duration", None),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('connection = "justcall"', "stream The option is missing"),
        ('stream = "calls"', "connection The option is missing"),
        ('connection = "justcal"\nstream = "calls"', 'of this name "justcal"'),
        ('connection = "justcall"\nstream = "cals"', 'of this name "cals"'),
        ('connection = ["justcall", "aircal"]\nstream = "all_calls"', 'There is no connection of this name "aircal"'),
        ('connection = ["justcall", "justcall"]\nstream = "all_calls"', "The connection is listed twice"),
        ('connection = ["justcall"]\nstream = "all_calls"\nparams = { agent_id = 1 }', "agent_id"),
        ('connection = ["justcall"]\nstream = "all_calls"\nmetrics = ["avg_wait"]', "no field that tells the wait"),
        ('connection = ["justcall"]\nstream = "all_calls"\nwhere = ["anwered = yes"]', 'of this name "anwered"'),
        ('connection = "justcall"\nstream = "calls"\nparams = { agent = 1 }', "params"),
        ('connection = "justcall"\nstream = "calls"\nperiod = "last 3 dais"', "period"),
    ],
)
def test_a_summary_that_names_a_stream_is_checked_as_a_tab_is(problem, line, said):
    found = problem(TOP + SHEET + SUMMARY.replace('of = "Calls"', line))
    assert said in f"{found.field.rpartition('.')[2]} {found.what} {found.received} {found.field}"


def test_a_summary_has_either_a_tab_or_a_stream(problem, load):
    assert "either" in problem(TOP + SHEET + SUMMARY + 'connection = "justcall"\nstream = "calls"\n').what
    config = load(TOP + SHEET + SUMMARY.replace('of = "Calls"', 'connection = "justcall"\nstream = "calls"'))
    (sheet,) = config.sheets
    own = sheet.read_tabs[-1]
    assert (own.title, own.connection_name, own.stream, own.period.text) == (
        "By agent",
        "justcall",
        "calls",
        "last 30 days",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('metrics = ["qualified_pct"]', "no field that tells the qualified"),
        ('pivot = "direction"', "Only the last group can become columns"),
        ('pivot = "agent_name"', "needs a group for its rows"),
        ('compare = "last year"', "previous period"),
        ('metrics = ["total_value_cents"]', "tells the value in cents"),
        ('metrics = ["avg_wait"]', "tells the wait"),
        ('metrics = ["sum of notes"]', "cannot be computed of"),
        ('metrics = ["sum"]', "needs a field"),
        ('metrics = ["sum of durration"]', '"durration" is not a field'),
        ('metrics = ["cuont"]', "no metric of this name"),
        ('metrics = [{ metric = "count", field = "duration" }]', "takes no field"),
        ('metrics = ["count", { metric = "count" }]', "twice"),
        ('metrics = ["count", { metric = "missed_count", title = "Calls" }]', "same header"),
        ('metrics = [{ metric = "count", where = ["duration >= long"] }]', "condition cannot be read"),
        ('sort_by = "nothing"', "shows no such metric or group"),
        ("limit = 0", "out of bounds"),
    ],
)
def test_what_a_summary_cannot_compute_is_refused_with_the_reason(problem, line, said):
    found = problem(TOP + SHEET + SUMMARY + line + "\n")
    assert said in f"{found.what} {found.allowed}"
    assert found.line == 18


def test_a_stream_of_the_other_dialect_is_refused_with_the_option_that_it_needs(problem):
    found = problem(TOP + SHEET.replace('"calls"', '"texts"'))
    assert found.field == 'sheet["support-calls"].tab["Calls"].stream'
    assert 'dialect = "v2.1"' in found.hint
    assert "[connection.justcall]" in found.hint


def test_each_dialect_has_its_own_streams(problem, tmp_path):
    live = TOP + 'dialect = "v2.1"\n'
    (tmp_path / "live.toml").write_text(live + SHEET.replace('"calls"', '"texts"'))
    assert load_config(tmp_path / "live.toml").sheets[0].tabs[0].stream == "texts"
    found = problem(live + SHEET.replace('"calls"', '"analytics_sms"'))
    assert 'dialect = "v2"' in found.hint
    assert "texts" in found.hint


@pytest.mark.parametrize(
    ("dialect", "fields", "allowed"),
    [
        ("v2", '{ analytics_cals = { call_id = "uuid" } }', "analytics_calls"),
        ("v2", '{ calls = { call_id = "uuid" } }', "analytics_calls"),
        ("v2", '{ analytics_calls = { call_idd = "uuid" } }', "call_id"),
        ("v2", '{ analytics_calls = { call_id = " " } }', "a name that JustCall sends"),
        ("v2.1", '{ analytics_calls = { call_id = "uuid" } }', "texts"),
    ],
)
def test_names_that_the_connection_gives_to_fields_are_checked(problem, dialect, fields, allowed):
    stream = {"v2": "calls", "v2.1": "texts"}[dialect]
    sheet = SHEET.replace('"calls"', f'"{stream}"')
    found = problem(f'{TOP}dialect = "{dialect}"\nfields = {fields}\n{sheet}')
    assert found.field == "connection.justcall.fields"
    assert allowed in found.allowed


def test_a_typo_in_what_is_not_available_yet_is_found(problems):
    found = problems(TOP + SHEET + SUMMARY + 'chart = { type = "colum", x = "agent", yy = 1 }\n')
    assert {p.field.rpartition(".")[2] for p in found} == {"type", "x", "y", "yy"}


OPS = """\
[store]
keep_records = "400 days"
[daemon]
token = "env:A_WORD"
[alerts]
urls = ["env:AN_ADDRESS", "file:other"]
levels = ["failure"]
heartbeat = "env:A_HEARTBEAT"
[log]
level = "debug"
format = "json"
file = "callsheet.log"
"""


def test_alerts_logs_and_keeping_times_are_settings(load):
    config = load(TOP + SHEET + OPS)
    assert config.store.keep_records == timedelta(days=400)
    assert config.store.keep_history == timedelta(days=90)
    assert config.alerts.urls == ("env:AN_ADDRESS", "file:other")
    assert config.alerts.levels == ("failure",)
    assert (config.log.level, config.log.file, config.log.keep_files) == ("debug", "callsheet.log", 5)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('"env:AN_ADDRESS"', '"mailto://me:secret@example.com"', "alerts.urls[0]"),
        ('levels = ["failure"]', 'levels = ["failures"]', "alerts.levels[0]"),
        ('"env:A_WORD"', '"hunter2hunter2"', "daemon.token"),
        ('level = "debug"', 'level = "loud"', "log.level"),
    ],
)
def test_a_secret_in_place_of_its_name_and_unknown_words_are_refused_without_showing_the_secret(
    problem, before, after, field
):
    found = problem(TOP + SHEET + OPS.replace(before, after))
    assert found.field == field
    assert "secret@" not in str(found)
    assert "hunter2" not in str(found)


CALLSCALER = """\
[google]
credentials = "anonymous"
[connection.cs]
vendor = "callscaler"
api_key = "env:A_TEST_KEY"
[[sheet]]
name = "report"
spreadsheet = "1AbC"
[[sheet.tab]]
title = "By source"
connection = "cs"
stream = "analytics_calls"
per = "day"
"""


def test_the_params_of_a_report_decide_its_columns_and_its_key(load):
    config = load(CALLSCALER + 'params = { group_by = ["source", "status"], metrics = ["count"] }\n')
    spec = config.spec_of(config.sheets[0].tabs[0])
    assert [f.name for f in spec.fields if f.shown] == ["period_start", "period_end", "source", "status", "count"]
    assert spec.key == ("period_start", "source", "status")


def test_each_mistake_in_params_is_told_at_its_own_line_with_the_nearest_name(problems):
    params = ["[sheet.tab.params]", 'group_by = ["sorce"]', "limit = 5000", 'metrics = ["count", "avg_durration"]']
    first, second = problems(CALLSCALER + "\n".join([*params[:2], params[3]]))
    assert (first.line, first.hint) == (15, 'Did you mean "source"?')
    assert (second.line, second.hint) == (16, 'Did you mean "avg_duration"?')
    (third,) = problems(CALLSCALER + "\n".join([params[0], 'group_by = ["source"]', params[2]]))
    assert (third.line, third.allowed) == (16, "1 to 1000")


def test_a_param_that_is_needed_is_asked_for_with_an_example(problem):
    found = problem(CALLSCALER)
    assert found.received == "group_by"
    assert found.hint == 'For example: params = { group_by = ["source"] }.'
