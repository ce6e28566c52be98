"""Ready-made sheets in the config: what a template becomes, what a sheet may change, and how mistakes are told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sync.cli import app
from sync.config.example import make_schema
from sync.config.kept import read_effective
from sync.config.load import Config, load_config, read_config
from sync.config.templates import fit_vendors, fits, names, template_named, templates
from sync.errors import ConfigError, Problem
from sync.sources.registry import VENDORS
from sync.store.db import open_store

TOP = """\
[google]
credentials = "anonymous"
[connection.justcall]
vendor = "justcall"
api_key = "env:A_TEST_KEY"
api_secret = "env:A_TEST_KEY"
[connection.aircall]
vendor = "aircall"
api_id = "env:A_TEST_KEY"
api_token = "env:A_TEST_KEY"
[connection.callscaler]
vendor = "callscaler"
api_key = "env:A_TEST_KEY"
[[sheet]]
name = "made"
spreadsheet = "https://docs.google.com/spreadsheets/d/1AbC/edit"
"""
N_TOP = TOP.count("\n")


@pytest.fixture
def load(tmp_path):
    def _load(text: str) -> Config:
        (tmp_path / "config.toml").write_text(TOP + text)
        return load_config(tmp_path / "config.toml")

    return _load


@pytest.fixture
def problems(load):
    def _problems(text: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return caught.value.problems

    return _problems


def test_a_template_and_a_connection_make_a_whole_sheet(load):
    (sheet,) = load('template = "call log"\nconnection = "aircall"\n').sheets
    (tab,) = sheet.tabs
    assert (tab.title, tab.stream, tab.order) == ("Calls", "calls", "newest first")
    fields = {column.field: column.title for column in tab.columns}
    assert fields["user_name"] == "Agent"
    assert fields["outcome"] == "Outcome"
    assert "id" in fields  # the key, without which rows are not found again
    assert not any("$" in field or "?" in field for field in fields)
    assert sheet.summaries[0].of == "Calls"


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_template_fits_a_vendor_with_valid_options_or_says_what_is_missing(name, vendor, tmp_path):
    template = template_named(name)
    assert template is not None
    for chosen in VENDORS[vendor].variants or ({},):
        options = VENDORS[vendor].options
        lines = {**options.needed_examples(), **chosen, "vendor": vendor}
        account = "".join(f'{key} = "{value}"\n' for key, value in lines.items())
        top = TOP.replace("[[sheet]]", f"[connection.other]\n{account}[[sheet]]")
        (tmp_path / "config.toml").write_text(f'{top}template = "{name}"\nconnection = "other"\n')
        reading = read_config(tmp_path / "config.toml")
        fit = fit_vendors(template, [VENDORS[vendor].as_written(chosen)])
        if fit.stream:
            assert reading.problems == ()
            assert reading.config.sheets[0].titles == tuple(template.titles())
        else:
            (problem,) = reading.problems
            assert fit.lacks in problem.what
            assert problem.hint.startswith("It fits ")


def test_every_template_fits_some_vendor_and_says_in_a_sentence_what_it_is():
    for template in templates().values():
        assert fits(template)
        assert template.description.endswith(".")
        assert template.titles()


def test_what_a_sheet_writes_under_a_title_of_the_template_is_laid_over_it(load):
    (sheet,) = load("""\
template = "daily volume"
connection = "justcall"
without = ["by week"]
[[sheet.tab]]
title = "All of them"
connection = "justcall"
stream = "calls"
[[sheet.summary]]
title = "By day"
period = "last 7 days"
where = ["duration > 10"]
[[sheet.summary]]
title = "By direction"
of = "All of them"
group_by = ["direction"]
""").sheets
    assert sheet.titles == ("All of them", "By day", "By direction")
    by_day = sheet.summaries[0]
    assert (by_day.period.text, by_day.where, by_day.group_by) == ("last 7 days", ("duration > 10",), ("date",))
    assert (by_day.connection, by_day.stream) == (("justcall",), "all_calls")


def test_a_summary_of_a_template_may_read_a_tab_instead(load):
    (sheet,) = load("""\
template = "daily volume"
connection = "justcall"
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
[[sheet.summary]]
title = "By day"
of = "Calls"
""").sheets
    assert (sheet.summaries[0].of, sheet.summaries[0].connection) == ("Calls", None)


def test_a_mistake_in_an_override_is_told_at_its_line_with_the_name_of_the_template(problems):
    (problem,) = problems("""\
template = "call log"
connection = "justcall"
[[sheet.tab]]
title = "Calls"
period = "last 30 dys"
""")
    assert problem.line == N_TOP + 5
    assert problem.field == 'sheet["made"].tab["Calls"].period'
    assert 'laid over that of the template "call log"' in problem.hint


def test_a_mistake_between_an_override_and_the_template_is_told_at_the_override(problems):
    found = problems("""\
template = "call log"
connection = "justcall"
[[sheet.tab]]
title = "Calls"
stream = "analytics_agents"
""")
    assert found
    assert {problem.line for problem in found} <= {1 + N_TOP, N_TOP + 3, N_TOP + 5}
    assert all('template "call log"' in problem.hint for problem in found)


@pytest.mark.parametrize(
    "text",
    [
        'connection = "justcall"\n[sheet.tab]\ntitle = "Calls"\n',
        "connection = 5\n",
        "connection = []\n",
        'connection = "justcall"\nwithout = "Calls"\n',
        'connection = "justcall"\ntab = ["Calls"]\n',
        'connection = "justcall"\n[[sheet.tab]]\ntitle = 7\n',
        'connection = "justcall"\n[[sheet.tab]]\ntitle = "Calls"\ncolumns = "started_at"\n',
        'connection = "justcall"\n[[sheet.summary]]\ntitle = "How calls end"\nof = ["Calls"]\n',
        'connection = ["justcall", "aircall", "justcall"]\n',
        'connection = "justcall"\nwithout = ["Calls"]\n',
    ],
)
def test_wrong_forms_in_a_sheet_with_a_template_are_told_in_the_sheets_own_lines(problems, text):
    found = problems('template = "call log"\n' + text)
    assert all(N_TOP < (problem.line or 0) <= N_TOP + 1 + text.count("\n") for problem in found), found


def test_unknown_names_are_told_with_the_nearest(problems):
    (problem,) = problems('template = "cal log"\nconnection = "justcall"\n')
    assert (problem.line, problem.hint) == (N_TOP + 1, 'Did you mean "call log"?')
    (problem,) = problems('template = "call log"\nconnection = "justcal"\n')
    assert (problem.line, problem.hint) == (N_TOP + 2, 'Did you mean "justcall"?')
    (problem,) = problems('template = "call log"\nconnection = "justcall"\nwithout = ["Cals"]\n')
    assert (problem.line, problem.hint) == (N_TOP + 3, 'Did you mean "Calls"?')


def test_a_template_needs_a_connection_and_a_connection_a_template(problems):
    (problem,) = problems('template = "call log"\n')
    assert problem.field == 'sheet["made"].connection'
    (problem,) = problems(
        'connection = "justcall"\n[[sheet.tab]]\ntitle = "A"\nconnection = "justcall"\nstream="calls"\n'
    )
    assert "belongs to a template" in problem.what


def test_a_vendor_without_agents_is_refused_the_scoreboard_with_the_reason(problems):
    (problem,) = problems('template = "agent scoreboard"\nconnection = "callscaler"\n')
    assert problem.line == N_TOP + 1
    assert problem.what.endswith("nothing in the calls of CallScaler is a field for the agent name")
    assert "JustCall" in problem.hint


def test_what_is_kept_of_a_sheet_is_what_was_written(tmp_path):
    (tmp_path / "config.toml").write_text(TOP + 'template = "call log"\nconnection = "justcall"\n')
    (read,) = read_config(Path(tmp_path / "config.toml")).sheets
    assert "tab" not in read.raw
    assert read.sheet is not None
    assert read.sheet.titles == ("Calls", "How calls end")


def test_a_changed_override_is_taken_over_and_a_broken_one_leaves_the_last_good_sheet(load, tmp_path):
    used = 'template = "daily volume"\nconnection = "justcall"\n[[sheet.summary]]\ntitle = "By day"\nperiod = "{}"\n'
    path = tmp_path / "config.toml"
    store = open_store(f"sqlite:///{tmp_path}/kept.db")
    seen = []
    for period in ("last 7 days", "last 14 days", "last 14 dys"):
        path.write_text(TOP + used.format(period))
        effective = read_effective(path, store)
        (sheet,) = effective.config.sheets
        seen.append(sheet.summaries[0].period.text)
        assert sheet.titles == ("By day", "By week")
    assert seen == ["last 7 days", "last 14 days", "last 14 days"]
    assert effective.broken
    store.close()


def test_the_commands_list_show_and_start_with_a_template(tmp_path):
    runner, path = CliRunner(), tmp_path / "made.toml"
    listed = runner.invoke(app, ["templates"])
    assert all(f"{name}\n" in listed.stdout for name in names())
    for name in names():
        shown = runner.invoke(app, ["templates", name.upper()])
        assert shown.exit_code == 0
        template = template_named(name)
        assert template is not None
        assert all(title in shown.stdout for title in template.titles())
        assert not set("$|") & set(shown.stdout)
        made = runner.invoke(app, ["init", "--template", name, "--config", str(path), "--force"])
        assert made.exit_code == 0, made.output
        (sheet,) = load_config(path).sheets
        assert sheet.titles == (*template.titles(), "Sync log")
        path.write_text(re.sub(r"(?m)^#(?=[\[a-z])", "", path.read_text()))
        assert len(load_config(path).sheets[0].titles) == max(2, len(template.titles()))
    assert runner.invoke(app, ["templates", "cal log"]).exit_code == 2
    assert runner.invoke(app, ["init", "--template", "cal log", "--config", str(path), "--force"]).exit_code == 2


def test_editors_ask_for_less_in_a_sheet_with_a_template():
    schema = json.loads(make_schema())
    sheet, models = schema["$defs"]["Sheet"], schema["$defs"]
    assert models["TabOfTemplate"]["required"] == ["title"]
    assert set(models["Tab"]["required"]) == {"title", "connection", "stream"}
    assert sheet["properties"]["tab"]["items"] == {"$ref": "#/$defs/TabOfTemplate"}
    assert sheet["then"]["properties"]["tab"]["items"] == {"$ref": "#/$defs/Tab"}
    assert sheet["if"] == {"not": {"required": ["template"]}}
