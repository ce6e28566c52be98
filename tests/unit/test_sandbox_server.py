from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin

OPTIONS = SandboxOptions(calls=CallOptions(n_calls=50, days=3, until=datetime(2026, 11, 20, 15, tzinfo=UTC)))
Google = httpx.Client


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=OPTIONS) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as client:
        client.reset()
        yield client


@pytest.fixture
def google(server: SandboxServer) -> Iterator[Google]:
    with httpx.Client(
        base_url=server.url, trust_env=False, verify=False, headers={"Authorization": "Bearer t"}, timeout=5
    ) as client:
        yield client


def write(google: Google, book: str, text: str, cell: str = "Sheet1!A1") -> httpx.Response:
    path = f"/v4/spreadsheets/{book}/values/{quote(cell, safe='')}"
    return google.put(path, params={"valueInputOption": "RAW"}, json={"values": [[text]]})


def test_a_person_makes_edits_and_lists_spreadsheets_without_using_the_quota(admin: Admin) -> None:
    book = admin.make_spreadsheet("Team", id="1Team", timezone="America/New_York")
    assert book == "1Team"
    admin.edit(book, values=[{"range": "Sheet1!A1:B1", "values": [["note", "0042"]], "input": "RAW"}])
    admin.edit(book, requests=[{"addSheet": {"properties": {"title": "More"}}}])
    assert [entry["title"] for entry in admin.spreadsheets()] == ["Team"]
    assert admin.log() == []
    assert admin.tab_values(book, "Sheet1") == [["note", "0042"]]


def test_an_edit_that_google_refuses_says_why(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    body = {"values": [{"range": "Nowhere!A1", "values": [[1]]}]}
    reply = admin.http.post(f"/admin/google/spreadsheets/{book}/edit", json=body)
    assert (reply.status_code, reply.json()) == (400, {"error": "Unable to parse range: Nowhere!A1"})
    assert admin.http.post("/admin/google/spreadsheets/1No/edit", json={}).status_code == 404
    assert admin.http.post("/admin/google/spreadsheets", json={"id": book}).status_code == 409
    assert admin.http.post("/admin/google/spreadsheets", json={"access": "owner"}).status_code == 400


def test_encoded_slashes_in_tab_titles_reach_google(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, requests=[{"addSheet": {"properties": {"title": "In/Out 50%"}}}])
    assert write(google, book, "found", "'In/Out 50%'!A1").status_code == 200
    assert admin.tab_values(book, "In/Out 50%") == [["found"]]


def test_the_log_tells_reads_from_writes_and_counts_cells(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    write(google, book, "x")
    google.get(f"/v4/spreadsheets/{book}", params={"fields": "sheets.properties"})
    google.get("/drive/v3/files")
    google.post("/token", data={"grant_type": "refresh_token", "refresh_token": "r"})
    assert [(entry["service"], entry["kind"], entry["status"]) for entry in admin.log()] == [
        ("google", "write", 200),
        ("google", "read", 200),
        ("drive", "read", 200),
        ("token", "other", 200),
    ]
    (entry,) = admin.log(kind="write")
    assert entry["n_cells"] == 1
    assert entry["n_bytes"] == len(b'{"values":[["x"]]}')
    assert [entry["n_quota"] for entry in admin.log()] == [1, 1, 0, 0]


def test_a_request_that_the_quota_refuses_costs_nothing_and_any_other_costs_one(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    admin.options(google={"writes_per_minute": 2})
    assert [write(google, book, "x", place).status_code for place in ("A1", "Nowhere!A1", "A2")] == [200, 400, 429]
    assert [entry["n_quota"] for entry in admin.log()] == [1, 1, 0]


def test_tokens_that_were_handed_out_can_be_ended(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    grant = {"grant_type": "refresh_token", "refresh_token": "r"}
    tokens = [google.post("/token", data=grant).json()["access_token"] for _ in range(2)]
    headers = {"Authorization": f"Bearer {tokens[0]}"}
    assert google.get(f"/v4/spreadsheets/{book}", headers=headers).status_code == 200
    assert admin.http.post("/admin/google/tokens/expire").json() == {"n_expired": 2}
    assert google.get(f"/v4/spreadsheets/{book}", headers=headers).status_code == 401
    token = google.post("/token", data=grant).json()["access_token"]
    assert google.get(f"/v4/spreadsheets/{book}", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_all_spreadsheets_can_be_fetched_as_a_file_and_put_back(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet("Kept")
    write(google, book, "before")
    saved = admin.http.get("/admin/google/state").content
    write(google, book, "after")
    admin.make_spreadsheet("Later")
    assert admin.http.put("/admin/google/state", content=b"{}").status_code == 400
    assert admin.http.put("/admin/google/state", content=saved).status_code == 200
    assert [entry["title"] for entry in admin.spreadsheets()] == ["Kept"]
    assert admin.tab_values(book, "Sheet1") == [["before"]]


def test_a_server_with_a_file_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    options = SandboxOptions(calls=CallOptions(n_calls=5, days=3), state=tmp_path / "state.json")
    with SandboxServer(options=options) as server, Admin(server.url) as admin:
        book = admin.make_spreadsheet("Kept")
    with SandboxServer(options=options) as server, Admin(server.url) as admin:
        assert [entry["id"] for entry in admin.spreadsheets()] == [book]


@pytest.mark.parametrize(("do", "applied"), [("cut_before", False), ("cut_after", True), ("cut_body", True)])
def test_a_cut_write_is_applied_only_after_the_cut_says_so(
    admin: Admin, google: Google, do: str, applied: bool
) -> None:
    book = admin.make_spreadsheet()
    admin.fault(service="google", kind="write", do=do)
    with pytest.raises(httpx.RemoteProtocolError):
        write(google, book, "x")
    assert admin.tab_values(book, "Sheet1") == ([["x"]] if applied else [])


def test_a_held_write_lands_after_its_writer_left(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    admin.fault(service="google", kind="write", do="hold")
    google.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        write(google, book, "late")
    assert admin.tab_values(book, "Sheet1") == []
    assert admin.release() == 1
    until = time.monotonic() + 2
    while not admin.tab_values(book, "Sheet1") and time.monotonic() < until:
        time.sleep(0.01)
    assert admin.tab_values(book, "Sheet1") == [["late"]]


def test_a_person_edits_just_before_a_write(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    edits = {"values": [{"range": "Sheet1!A1:B1", "values": [["theirs", "kept"]]}]}
    admin.fault(service="google", kind="write", do="edit", edits=edits)
    write(google, book, "ours")
    assert admin.tab_values(book, "Sheet1") == [["ours", "kept"]]


def test_two_faults_on_one_request_are_both_played(admin: Admin, google: Google) -> None:
    book = admin.make_spreadsheet()
    edits = {"requests": [{"addSheet": {"properties": {"title": "Extra"}}}]}
    admin.fault(service="google", kind="write", do="edit", edits=edits)
    admin.fault(service="google", kind="write", do="cut_after")
    with pytest.raises(httpx.RemoteProtocolError):
        write(google, book, "x")
    assert admin.log()[0]["fault"] == "edit+cut_after"
    assert admin.tab_values(book, "Extra") == []
    assert admin.tab_values(book, "Sheet1") == [["x"]]


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/v4/spreadsheets/1X", 429, "'Read requests per minute per user'"),
        ("/v4/spreadsheets/1X", 503, "UNAVAILABLE"),
        ("/drive/v3/files/1X", 403, "insufficientFilePermissions"),
        ("/token", 400, "invalid_grant"),
    ],
)
def test_refusals_have_the_form_of_the_service(admin: Admin, google: Google, path: str, status: int, word: str) -> None:
    admin.fault(do="refuse", status=status)
    reply = google.post(path) if path == "/token" else google.get(path)
    assert reply.status_code == status
    assert "error" in reply.json()
    assert word in reply.text


def test_google_options_are_applied_and_go_back_on_reset(admin: Admin, google: Google) -> None:
    first = admin.options()["google"]
    admin.options(google={"writes_per_minute": 1, "require_token": True, "accepted_tokens": ["t"]})
    book = admin.make_spreadsheet()
    assert [write(google, book, "x").status_code for _ in range(2)] == [200, 429]
    assert httpx.get(f"{admin.url}/v4/spreadsheets/{book}", trust_env=False).status_code == 403
    admin.reset()
    assert admin.options()["google"] == first
    assert admin.spreadsheets() == []


@pytest.mark.parametrize("wrong", [{"google": {"writes": 1}}, {"google": {"reads_per_minute": "x"}}, {"aircal": {}}])
def test_options_that_do_not_exist_or_fit_are_refused(admin: Admin, wrong: dict[str, Any]) -> None:
    before = admin.options()
    assert admin.http.patch("/admin/options", json=wrong).status_code == 400
    assert admin.options() == before


def test_serving_in_the_foreground_ends_on_a_signal() -> None:
    script = "from sync.sandbox.server import serve; serve(0, announce=lambda url: print(url, flush=True))"
    for number in (signal.SIGTERM, signal.SIGINT):
        running = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert httpx.get(url + "/admin/log", trust_env=False).json() == []
        os.kill(running.pid, number)
        assert running.wait(timeout=5) == 0
