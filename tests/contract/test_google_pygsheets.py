"""Every public method of pygsheets' Worksheet works against the sandbox Google, set up as the docs say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pygsheets
import pytest

from sync.sandbox.google.app import GoogleWorld
from tests.contract.pygsheets_calls import CALLS, ROWS
from tests.doc_programs import program
from tests.google_server import serve


@pytest.fixture(scope="module")
def client() -> Iterator[pygsheets.client.Client]:
    with serve(GoogleWorld(enforce_quota=False)) as url:
        found: dict[str, Any] = {}
        exec(program("pygsheets", "python", address=url), found)
        yield found["client"]


def test_no_public_method_is_left_out() -> None:
    offered = {name for name, _ in inspect.getmembers_static(pygsheets.Worksheet) if not name.startswith("_")}
    assert offered == {name for names in CALLS for name in names.split()}


@pytest.mark.every(12)
@pytest.mark.parametrize("names", CALLS)
def test_every_public_method_works(client: pygsheets.client.Client, tmp_path: Path, names: str) -> None:
    act, expected = CALLS[names]
    tab = client.create("Book").sheet1
    tab.folder = str(tmp_path)
    tab.update_values("A1", ROWS)
    assert act(tab) == expected
