"""What is generated from the models: up to date, complete, and usable."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sync.config import example
from sync.config.load import load_config, read_config
from sync.config.looks import Chart, Highlight
from sync.config.settings import Daemon, Google, StoreSettings
from sync.config.sheet import ChosenColumn, Sheet, Tab
from sync.config.starting import make_starting_config
from sync.config.summary import ChosenMetric, Summary

ROOT = Path(__file__).parents[2]
MODELS = (Google, StoreSettings, Daemon, Sheet, Tab, ChosenColumn, Summary, ChosenMetric, Chart, Highlight)


@pytest.mark.parametrize("path", example.generated_files())
def test_generated_files_are_up_to_date(path):
    if (ROOT / path).read_text() != example.generated_files()[path]:
        pytest.fail(f"{path} is stale: run make generate")


def test_the_example_loads_as_it_is(tmp_path):
    (tmp_path / "config.toml").write_text(example.make_example_config())
    assert [sheet.name for sheet in load_config(tmp_path / "config.toml").sheets] == ["support-calls"]


def test_the_starting_config_loads_as_it_is(tmp_path):
    (tmp_path / "config.toml").write_text(make_starting_config())
    assert len(load_config(tmp_path / "config.toml").sheets[0].summaries) == 2


def test_every_line_that_is_commented_out_can_be_switched_on(tmp_path):
    """Each option is known and well formed: what remains excludes another."""
    text = re.sub(r"(?m)^#(?=[\[a-z])", "", example.make_example_config())
    (tmp_path / "config.toml").write_text(text)
    problems = read_config(tmp_path / "config.toml").problems
    assert {p.what for p in problems} == {
        "A sheet has either every or cron, not both",
        'A summary has either "of" or a connection and a stream',
        'The stream "calls" holds single records, not sums of a period',
        "A cross table cannot show changes",
        "A connection to Aircall has api_id and api_token, or access_token, not both",
    }


@pytest.mark.parametrize(("model", "name"), [(model, name) for model in MODELS for name in model.model_fields])
def test_every_option_is_described_in_a_sentence_to_its_reader(model, name):
    description = model.model_fields[name].description or ""
    assert re.match(r"You [a-z]", description)
    assert description.endswith(".")


def test_the_schema_is_json_and_knows_every_section():
    schema = json.loads(example.make_schema())
    assert set(schema["properties"]) == {
        "include",
        "google",
        "store",
        "daemon",
        "alerts",
        "log",
        "connection",
        "sheet",
    }
