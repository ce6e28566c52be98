"""Every public method of gspread works against the sandbox Google, over HTTP, set up as the docs say."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import gspread
import pytest

from sync.sandbox.google.app import GoogleWorld
from tests.contract import gspread_client_calls, gspread_worksheet_calls
from tests.doc_programs import program
from tests.google_server import serve

CALLS: dict[type, ModuleType] = {
    gspread.Client: gspread_client_calls,
    gspread.Spreadsheet: gspread_client_calls,
    gspread.Worksheet: gspread_worksheet_calls,
}
NOT_HERE: dict[str, str] = {}
"""Methods that cannot exist in the sandbox, each with its reason. There is none."""


def public_names(kind: type) -> list[str]:
    """Return what a class offers, inherited or not, so that a new version of gspread cannot slip in a method."""
    return [name for name, _ in inspect.getmembers_static(kind) if not name.startswith("_")]


CASES = [
    pytest.param(kind, name, id=f"{kind.__name__}.{name}")
    for kind in CALLS
    for name in public_names(kind)
    if f"{kind.__name__}.{name}" not in NOT_HERE
]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[GoogleWorld, gspread.Client]]:
    world = GoogleWorld(enforce_quota=False)
    with serve(world) as url:
        found: dict[str, Any] = {}
        exec(program("gspread", "python", address=url), found)
        yield world, found["client"]


@pytest.fixture
def client(served: tuple[GoogleWorld, gspread.Client]) -> gspread.Client:
    world, client = served
    world.reset()
    return client


def test_the_program_in_the_docs_writes_and_reads(capsys: pytest.CaptureFixture[str]) -> None:
    with serve(GoogleWorld()) as url:
        exec(program("gspread", "python", address=url), {})
    assert capsys.readouterr().out == "[{'agent': 'Ana', 'calls': 3}]\n"


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_public_method_works(
    client: gspread.Client, monkeypatch: pytest.MonkeyPatch, kind: type, name: str
) -> None:
    call = getattr(CALLS[kind], f"{kind.__name__.lower()}_{name}", None)
    assert call is not None, f"nothing here calls {kind.__name__}.{name}"
    book = client.create("Book")
    used = watch(monkeypatch, kind, name)
    if kind is gspread.Worksheet:
        call(book.sheet1)
    else:
        call(client, book)
    assert used, f"{call.__name__} does not use {kind.__name__}.{name}"


def watch(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> list[bool]:
    """Return a list that fills when a method or property of a class is used. Plain attributes count as used."""
    used: list[bool] = []
    found = inspect.getattr_static(kind, name)

    def noting(inner: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **more: Any) -> Any:
            used.append(True)
            return inner(*args, **more)

        return noted

    if isinstance(found, property):
        assert found.fget is not None
        monkeypatch.setattr(kind, name, property(noting(found.fget), found.fset))
    elif callable(found):
        monkeypatch.setattr(kind, name, noting(found))
    else:
        used.append(True)
    return used
