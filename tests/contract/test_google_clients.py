"""An unmodified gspread works against the sandbox Google, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gspread
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials
from gspread.exceptions import APIError, SpreadsheetNotFound, WorksheetNotFound

from sync.sandbox.google.app import GoogleWorld
from tests.google_server import serve


@pytest.fixture
def world() -> GoogleWorld:
    return GoogleWorld(enforce_quota=False)


@pytest.fixture
def address(world: GoogleWorld) -> Iterator[str]:
    with serve(world) as url:
        yield url


@pytest.fixture
def client(address: str) -> gspread.Client:
    class LocalClient(gspread.HTTPClient):
        def request(self, method: str, endpoint: str, **more: Any) -> Any:
            for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                endpoint = endpoint.replace(host, address)
            return super().request(method, endpoint, **more)

    return gspread.Client(Credentials("any-token"), http_client=LocalClient)


def test_a_day_in_the_life_of_a_spreadsheet(client: gspread.Client) -> None:
    book = client.create("Team calls")
    tab = book.add_worksheet("Calls 2026/03 a", rows=5, cols=3)
    tab.update([["id", "who", "seconds"], [1, "Ana", 60], [2, "Bo", 30]], "A1")
    tab.append_row([3, "Cy", 90], value_input_option="RAW")
    assert tab.get_all_records() == [
        {"id": 1, "who": "Ana", "seconds": 60},
        {"id": 2, "who": "Bo", "seconds": 30},
        {"id": 3, "who": "Cy", "seconds": 90},
    ]
    tab.sort((3, "des"), range="A2:C4")
    assert tab.col_values(2) == ["who", "Cy", "Ana", "Bo"]
    tab.insert_rows([[4, "Di", 10]], row=2)
    tab.delete_rows(3)
    tab.freeze(rows=1)
    tab.format("A1:C1", {"textFormat": {"bold": True}})
    tab.add_cols(1)
    tab.update_acell("D1", "=SUM(C2:C9)")
    assert tab.acell("D1").value == "100"
    assert tab.find("Bo").address == "B4"
    data = [{"range": "'Calls 2026/03 a'!A5", "values": [["z"]]}]
    book.values_batch_update({"valueInputOption": "RAW", "data": data})
    assert tab.acell("A5").value == "z"
    assert [sheet.title for sheet in client.open_by_key(book.id).worksheets()] == ["Sheet1", "Calls 2026/03 a"]
    book.del_worksheet(book.sheet1)
    tab.clear()
    assert tab.get_all_values() == [[]]
    client.del_spreadsheet(book.id)


def test_refusals_reach_the_caller_in_the_words_of_google(client: gspread.Client, world: GoogleWorld) -> None:
    with pytest.raises(SpreadsheetNotFound):
        client.open_by_key("nothing")
    world.make_spreadsheet("Closed", "closed", access="none")
    with pytest.raises(PermissionError):
        client.open_by_key("closed")
    world.make_spreadsheet("Open", "open")
    book = client.open_by_key("open")
    with pytest.raises(WorksheetNotFound):
        book.worksheet("nope")
    with pytest.raises(APIError, match="already exists"):
        book.add_worksheet("Sheet1", 1, 1)
    world.enforce_quota, world.reads_per_minute = True, 0
    with pytest.raises(APIError) as caught:
        book.worksheets()
    assert (caught.value.code, caught.value.error["status"]) == (429, "RESOURCE_EXHAUSTED")


def test_a_service_account_gets_its_token_here_and_owns_what_it_makes(
    client: gspread.Client, world: GoogleWorld, address: str, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    email = "robot@example.com"
    content = {"client_email": email, "token_uri": f"{address}/token", "private_key": key.decode()}
    file = tmp_path / "account.json"
    file.write_text(json.dumps(content | {"type": "service_account", "private_key_id": "1"}))
    world.require_token = True
    scopes = ["https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive"]
    credentials = service_account.Credentials.from_service_account_file(str(file), scopes=scopes)
    credentials.refresh(Request())
    robot = gspread.Client(credentials, http_client=type(client.http_client))
    book = robot.create("Mine")
    assert world.files[book.id].owner == email
