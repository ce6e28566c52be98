from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin

OPTIONS = SandboxOptions(calls=CallOptions(n_calls=1, days=1, until=datetime(2026, 11, 20, 15, tzinfo=UTC)))
HTML = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=OPTIONS) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as client:
        client.reset()
        yield client


def get(admin: Admin, path: str) -> Any:
    return admin.http.get(path).json()


def test_the_pages_escape_titles_and_allow_no_script_but_their_own(admin: Admin) -> None:
    book = admin.make_spreadsheet(HTML)
    for path in ("/", f"/view/{book}", "/view/<b>x"):
        page = admin.http.get(path)
        assert HTML not in page.text
        assert "<b>x" not in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in admin.http.get("/").text
    assert admin.http.get("/view/<b>x").status_code == 404


def test_nothing_is_loaded_from_elsewhere(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    texts = [admin.http.get(path).text for path in ("/", f"/view/{book}")]
    for name in ("viewer.js", "books.js", "viewer.css"):
        reply = admin.http.get(f"/viewer/static/{name}")
        assert reply.status_code == 200
        texts.append(reply.text)
    assert not [text for text in texts if "http://" in text or "https://" in text]


def test_a_spreadsheet_shows_its_tabs_and_a_revision_that_moves(admin: Admin) -> None:
    book = admin.make_spreadsheet("Team")
    frozen = {
        "properties": {"sheetId": 0, "gridProperties": {"frozenRowCount": 1}},
        "fields": "gridProperties.frozenRowCount",
    }
    admin.edit(book, requests=[{"updateSheetProperties": frozen}, {"addSheet": {"properties": {"title": "More"}}}])
    shown = get(admin, f"/viewer/books/{book}")
    assert [tab["title"] for tab in shown["tabs"]] == ["Sheet1", "More"]
    assert (shown["tabs"][0]["n_rows"], shown["tabs"][0]["frozen_rows"]) == (1000, 1)
    admin.edit(book, values=[{"range": "A1", "values": [["x"]]}])
    assert get(admin, f"/viewer/books/{book}")["revision"] > shown["revision"]
    assert admin.http.get("/viewer/books/1No").status_code == 404


def test_cells_show_as_a_person_sees_them(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    one_cell = {"startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 0, "endColumnIndex": 1}
    noted = {"note": "mind this", "userEnteredFormat": {"textFormat": {"bold": True}, "backgroundColor": {"red": 1}}}
    admin.edit(
        book,
        values=[
            {"range": "A1:D1", "values": [["text", 0.747, "=1+2", None]]},
            {"range": "A3:B3", "values": [[HTML, "2026-03-01"]]},
        ],
    )
    admin.edit(book, requests=[{"repeatCell": {"range": one_cell, "cell": noted, "fields": "note,userEnteredFormat"}}])
    rows = get(admin, f"/viewer/books/{book}/tabs/0?top=0&n=10")["rows"]
    assert len(rows) == 10
    assert rows[0][0] == {"t": "text", "n": "mind this", "b": True, "bg": "#ff0000"}
    assert rows[0][1:] == [{"t": "0.747", "r": True}, {"t": "3", "r": True, "f": "=1+2"}]
    assert rows[1] == []
    assert rows[2][0] == HTML
    assert rows[2][1]["t"] == "2026-03-01"


def test_a_window_of_rows_ends_with_the_tab_and_is_never_too_large(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    assert len(get(admin, f"/viewer/books/{book}/tabs/0?top=990&n=100")["rows"]) == 10
    assert get(admin, f"/viewer/books/{book}/tabs/0?top=5000&n=100")["rows"] == []
    assert len(get(admin, f"/viewer/books/{book}/tabs/0?n=100000")["rows"]) == 500
    assert admin.http.get(f"/viewer/books/{book}/tabs/77").status_code == 404
    assert admin.log() == []
