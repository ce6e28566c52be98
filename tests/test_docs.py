"""The docs name every command and option, their examples are valid, and what is generated is up to date."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from sync import errors
from sync.cli import app
from sync.config.load import load_config
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sandbox.vendor import VendorOptions
from tests.unit.scripted_server import json_answer, scripted_server

ROOT = Path(__file__).parents[1]
ADMIN = ROOT / "sync" / "sandbox" / "admin.py"
_ADMIN_PATH = re.compile(r'"[A-Z]+", "(/admin/[^"]+)"')
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]

ACCOUNTS = """
[google]
credentials = "anonymous"
[connection.justcall]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"
"""
SHEET = """
[[sheet]]
name = "support-calls"
spreadsheet = "https://docs.google.com/spreadsheets/d/1AbC/edit"
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
"""


def _generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "checks" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.pages())


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["docs/reference/commands.md", "docs/reference/exit-codes.md", "docs/templates.md"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == _generated()[name], f"{name} is stale: make generate"


def test_every_command_and_option_has_help() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        for param in command.params:
            assert param.help, f"{name} {param.name}"


def test_every_command_takes_a_config_file() -> None:
    for name, command in COMMANDS.items():
        assert any("--config" in param.opts for param in command.params), name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_docs_mention_every_command_and_option(name: str) -> None:
    text = (ROOT / "docs" / "reference" / "commands.md").read_text()
    section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert section, name
    for param in COMMANDS[name].params:
        for option in param.opts:
            assert param.param_type_name == "argument" or option in section, f"{name} {option}"


def test_the_page_of_the_sandbox_names_every_address_option_and_fault() -> None:
    text = (ROOT / "docs" / "reference" / "sandbox.md").read_text()
    plain = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    said = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", plain))))
    with SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=1, days=1))) as running:
        faults = httpx.post(f"{running.url}/admin/faults", json={"do": "nothing"}).json()["error"]
        options = httpx.get(f"{running.url}/admin/options").json()
    assert set(re.findall(r"\w+", faults.partition("allowed: ")[2])) <= said
    assert set(options) <= said
    assert set(options["google"]) <= said
    assert {one.name for one in fields(VendorOptions)} <= said
    paths = [re.sub(r"{vendor}|{kind}", r"[a-z]+", path) for path in _ADMIN_PATH.findall(ADMIN.read_text())]
    assert paths
    assert [path for path in paths if not re.search(path.replace("{id}", r"\{id\}"), text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_config_examples_are_valid(page: Path, tmp_path: Path) -> None:
    for block in _blocks(page, "toml"):
        text = block
        if "[google]" not in block:
            text = ACCOUNTS + text
        if "[[sheet]]" not in block:
            text += SHEET
        (tmp_path / "config.toml").write_text(text)
        assert load_config(tmp_path / "config.toml").sheets


def _commands_in(page: Path) -> Iterator[list[str]]:
    for line in page.read_text().splitlines():
        for words in re.findall(r"(?:^|`|: |- )(callsheet [a-z][^`|#]*)", line):
            yield shlex.split(words.strip().rstrip(".,"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_docs_exist_with_their_options(page: Path) -> None:
    for words in _commands_in(page):
        if words[1] not in COMMANDS:
            assert not any(word.startswith("-") for word in words), words
            continue
        known = {option for param in COMMANDS[words[1]].params for option in param.opts} | {"--help"}
        assert {word for word in words if word.startswith("-")} <= known, words


def test_make_targets_in_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"`?make ([a-z]+)`", page.read_text())) <= targets, page


def test_the_changelog_speaks_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_tree_names_every_error_with_its_exit_code() -> None:
    tree = errors.__doc__ or ""
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.SyncError):
            assert re.search(rf"^ *{name} ", tree, flags=re.MULTILINE), name


def test_the_service_unit_starts_a_command_that_exists() -> None:
    unit = (ROOT / "contrib" / "callsheet.service").read_text()
    command = re.search(r"^ExecStart=\S+/callsheet (\S+) --config", unit, flags=re.MULTILINE)
    assert command is not None
    assert command[1] in COMMANDS


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_service_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / "callsheet.service"
    text = (ROOT / "contrib" / "callsheet.service").read_text()
    unit.write_text(text.replace("/opt/callsheet/.venv/bin/callsheet", sys.executable))
    told = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert str(unit.name) not in told.stdout + told.stderr


def test_the_vendor_of_the_how_to_page_is_a_whole_one(tmp_path: Path) -> None:
    """Its code, as it stands on the page, reads from a server; that and one line in the registry are all it needs."""
    page = (ROOT / "docs" / "how-to" / "add-a-source.md").read_text()
    shutil.copytree(ROOT / "sync", tmp_path / "sync", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    sources = tmp_path / "sync" / "sources"
    (sources / "acme").mkdir()
    for name in ("__init__.py", "models.py", "streams.py", "api.py"):
        told = page.partition(f"\n`{name}`, ")[2].partition("```python\n")[2]
        (sources / "acme" / name).write_text(told.partition("```")[0])
    line = re.search(r"```python\n(    \"acme\".*\n)```", page)
    assert line
    registry = (sources / "registry.py").read_text()
    opening = "VENDORS: Mapping[str, Vendor] = _Vendors(\n"
    assert opening in registry
    (sources / "registry.py").write_text(registry.replace(opening, opening + line[1]))
    with scripted_server() as server:
        at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        row = {"at": at, "caller": "Bo", "outcome": "won", "seconds": 65}
        server.play(json_answer({"items": [{**row, "id": f"c{n}"} for n in range(3)], "pages": 1, "total": 3}))
        (tmp_path / "config.toml").write_text(
            '[google]\ncredentials = "anonymous"\n'
            f'[connection.acme]\nvendor = "acme"\napi_key = "env:ACME_KEY"\nbase_url = "{server.url}"\n'
        )
        command = [sys.executable, "-m", "sync", "streams", "acme", "calls", "--sample", "2"]
        environment = {**os.environ, "ACME_KEY": "the-key"}
        told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "counts as answered: won" in told.stdout, told.stderr
    assert "this connection: sends 60 a minute and 2,000 an hour at most" in told.stdout
    assert "record 2:\n  id: c1\n" in told.stdout
    assert "record 3" not in told.stdout
