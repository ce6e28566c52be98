"""A sandbox Google over HTTP with one spreadsheet, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sync.sandbox.google.app import GoogleWorld
from tests.google_server import serve

Json = dict[str, Any]


class Google:
    """Asks the sandbox about the spreadsheet `book`."""

    def __init__(self, world: GoogleWorld, client: httpx.Client) -> None:
        self.world = world
        self.client = client

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.client.request(method, f"/v4/spreadsheets/book{path}", json=body, params=query)

    def good(self, method: str, path: str, body: Any = None, **query: Any) -> Json:
        answer = self.ask(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> str:
        answer = self.ask(method, path, body, **query)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
        return str(answer.json()["error"]["message"])

    def put(self, place: str, rows: list[list[Any]], typed: bool = False) -> Json:
        option = "USER_ENTERED" if typed else "RAW"
        return self.good("PUT", f"/values/{quote(place, safe='')}", {"values": rows}, valueInputOption=option)

    def read(self, place: str, **query: Any) -> list[list[Any]]:
        found: list[list[Any]] = self.good("GET", f"/values/{quote(place, safe='')}", **query).get("values", [])
        return found

    def raw(self, place: str) -> list[list[Any]]:
        return self.read(place, valueRenderOption="UNFORMATTED_VALUE")

    def formulas(self, place: str) -> list[list[Any]]:
        return self.read(place, valueRenderOption="FORMULA")

    def batch(self, *requests: Json, **more: Any) -> Json:
        return self.good("POST", ":batchUpdate", {"requests": list(requests)} | more)

    def no(self, *requests: Json) -> str:
        return self.refused("POST", ":batchUpdate", {"requests": list(requests)})

    def resize(self, n_rows: int, n_columns: int) -> None:
        for name, count in (("columnCount", n_columns), ("rowCount", n_rows)):
            properties = {"sheetId": 0, "gridProperties": {name: count}}
            self.batch({"updateSheetProperties": {"properties": properties, "fields": f"gridProperties.{name}"}})

    def sheet(self, index: int = 0, **query: Any) -> Json:
        found: Json = self.good("GET", "", **query)["sheets"][index]
        return found


@pytest.fixture(scope="session")
def _served() -> Iterator[tuple[GoogleWorld, httpx.Client]]:
    world = GoogleWorld(enforce_quota=False)
    with serve(world) as url, httpx.Client(base_url=url, timeout=30, verify=False) as client:
        yield world, client


@pytest.fixture
def google(_served: tuple[GoogleWorld, httpx.Client]) -> Iterator[Google]:
    world, client = _served
    world.reset()
    world.make_spreadsheet("Book", "book")
    yield Google(world, client)
    world.enforce_quota, world.require_token, world.accepted_tokens = False, False, None
    world.spreadsheet_cell_limit, world.reads_per_minute, world.writes_per_minute = 10_000_000, 60, 60


def rows_of(start: int, end: int) -> Json:
    return {"sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end}


def columns_of(start: int, end: int) -> Json:
    return {"sheetId": 0, "dimension": "COLUMNS", "startIndex": start, "endIndex": end}


def cells_of(top: int, bottom: int, left: int, right: int) -> Json:
    names = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
    return {"sheetId": 0} | dict(zip(names, (top, bottom, left, right), strict=True))
