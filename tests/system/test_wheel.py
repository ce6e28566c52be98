"""What is installed holds all that the program needs, and works in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.full
def test_the_wheel_holds_every_file_of_the_packages_and_runs_from_an_empty_folder(tmp_path: Path) -> None:
    built, packages, empty = (tmp_path / name for name in ("built", "packages", "empty"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(built), str(ROOT)]
    subprocess.run([*pip, *options], check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        archive.extractall(packages)
    kept = {
        str(path.relative_to(ROOT))
        for package in ("sync", "sheets_templates")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "node_modules" not in path.parts
    }
    assert not kept - held
    empty.mkdir()
    for arguments, wanted in ((["templates"], "call log"), (["init"], "Wrote config.toml"), (["status"], "never ran")):
        told = subprocess.run(
            [sys.executable, "-m", "sync", *arguments],
            cwd=empty,
            env={**os.environ, "PYTHONPATH": str(packages)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert wanted in told.stdout, told.stderr
