"""The checks that read the code instead of running it, and proof that the floors hold what they should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CHECKED = ("sync", "checks", "tests")


def _run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", *CHECKED),
        ("ruff", "check", *CHECKED),
        ("mypy",),
        ("lint-imports",),
    ],
    ids=["format", "lint", "types", "floors"],
)
def test_the_code_passes(command: tuple[str, ...]) -> None:
    result = _run(BIN / command[0], *command[1:])
    assert result.returncode == 0, result.stdout + result.stderr


def test_nothing_is_too_large() -> None:
    result = _run(sys.executable, "checks/sizes.py")
    assert result.returncode == 0, result.stdout


FORBIDDEN = {
    "sync/records.py": "sync.log",  # own floor, allowed: the control
    "sync/clock.py": "sync.store",
    "sync/http/planted.py": "sync.store",
    "sync/store/planted.py": "sync.http",
    "sync/shape/planted.py": "sync.sources",
    "sync/destination/planted.py": "sync.shape",
    "sync/sources/planted.py": "sync.destination",
    "sync/sources/justcall/planted.py": "sync.sources.aircall",
    "sync/sources/base.py": "sync.sources.registry",
    "sync/config/planted.py": "sync.report",
    "sync/report.py": "sync.screen",
    "sync/daemon.py": "sync.sandbox",
    "sync/sandbox/planted.py": "sync.shape",
}


def test_imports_that_point_up_or_sideways_are_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sync", tmp_path / "sync", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, target in FORBIDDEN.items():
        with (tmp_path / path).open("a") as file:
            file.write(f"\nimport {target}  # planted\n")
    result = _run(BIN / "lint-imports", "--no-cache", cwd=tmp_path)
    assert result.returncode == 1
    lines = {line.strip().lstrip("-• ") for line in result.stdout.splitlines()}
    for path, target in list(FORBIDDEN.items())[1:]:
        module = path.removesuffix(".py").replace("/", ".")
        assert any(line.startswith(f"{module} -> {target} ") for line in lines), f"{module} may import {target}"
    assert not any(line.startswith("sync.records -> sync.log ") for line in lines)


def test_a_module_without_a_floor_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sync", tmp_path / "sync", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "sync" / "anywhere.py").write_text("")
    result = _run(BIN / "lint-imports", "--no-cache", cwd=tmp_path)
    assert result.returncode == 1
    assert "anywhere" in result.stdout


def test_no_lock_file_names_an_index() -> None:
    for name, n_hashes in (("requirements", 100), ("requirements-dev", 100), ("requirements-postgresql", 20)):
        text = (ROOT / f"{name}.lock").read_text()
        assert "://" not in text
        assert "index" not in text
        assert text.count("--hash=") > n_hashes


def test_the_lock_files_hold_everything_that_is_needed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    for name, wanted in {
        "requirements.lock": [*project["project"]["dependencies"], *groups["build"]],
        "requirements-postgresql.lock": project["project"]["optional-dependencies"]["postgresql"],
        "requirements-dev.lock": [*project["project"]["dependencies"], *groups["build"], *groups["dev"]],
    }.items():
        locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==", (ROOT / name).read_text(), flags=re.MULTILINE))
        needed = {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in wanted}
        assert needed <= locked, f"{name} is stale: make lock"


def test_a_new_vendor_is_one_folder_and_one_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sync", tmp_path / "sync", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    sources = tmp_path / "sync" / "sources"
    folder = sources / "acmephone"
    shutil.copytree(sources / "callrail", folder)
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("callrail", "acmephone").replace("CallRail", "AcmePhone"))
    assert sum(path.read_text().count("\n") for path in folder.iterdir()) < 500
    registry = sources / "registry.py"
    line = '    "callrail",\n'
    assert line in registry.read_text()
    registry.write_text(registry.read_text().replace(line, line + '    "acmephone",\n'))
    config = tmp_path / "config.toml"
    config.write_text(
        '[google]\ncredentials = "anonymous"\n'
        '[connection.here]\nvendor = "acmephone"\napi_key = "env:KEY"\naccount_id = "A1"\n'
        '[[sheet]]\nname = "s"\nspreadsheet = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"\n'
        '[[sheet.tab]]\ntitle = "T"\nconnection = "here"\nstream = "companies"\n'
    )
    program = "from sync.config.load import load_config; print(load_config('config.toml').connections)"
    shown = _run(sys.executable, "-m", "sync", "streams", "here", "calls", cwd=tmp_path)
    assert "lead_status" in shown.stdout, shown.stderr
    read = _run(sys.executable, "-c", program, cwd=tmp_path)
    assert "AcmePhoneOptions" in read.stdout, read.stderr
    for path in (tmp_path / "sync").rglob("*.py"):
        if path != registry and not path.is_relative_to(sources / "callrail") and "sandbox" not in path.parts:
            assert "callrail" not in path.read_text().lower(), f"{path} knows a vendor by name"
