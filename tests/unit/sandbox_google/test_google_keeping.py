"""The spreadsheets of the sandbox survive in a file, whole."""

from __future__ import annotations

import stat
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.sandbox.google import keeping
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.keeping import BadState, dump_world, load_world, open_world, save_world
from sync.sandbox.google.world import FOLDER_MIME, File, GoogleWorld
from tests.google_server import serve

from .conftest import Google, cells_of, columns_of, rows_of


def furnish(google: Google) -> None:
    """Use everything that a spreadsheet can hold."""
    book, sheet = google, {"sheetId": 0}
    book.put("A1:D3", [["id", "when", "=1+1", True], ["0042", 46_000.5, 1e300, "ü\n🌵"], ["'x", "", 12, False]])
    book.put("E1:E3", [["=SUM(C1:C3)"], ["50%"], ["2026-01-31"]], typed=True)
    red = {"userEnteredFormat": {"backgroundColor": {"red": 1}, "numberFormat": {"type": "DATE", "pattern": "d.m."}}}
    chart = {"basicChart": {"chartType": "LINE", "series": []}}
    anchor = {"overlayPosition": {"anchorCell": {"sheetId": 0}}}
    book.batch(
        {"addSheet": {"properties": {"sheetId": 7, "title": "Second", "tabColor": {"blue": 1}, "hidden": True}}},
        {"repeatCell": {"range": cells_of(1, 900, 1, 2), "cell": red, "fields": "userEnteredFormat"}},
        {"updateCells": {"start": sheet, "rows": [{"values": [{"note": "look"}]}], "fields": "note"}},
        {"mergeCells": {"range": cells_of(10, 12, 0, 2), "mergeType": "MERGE_ALL"}},
        {"addNamedRange": {"namedRange": {"name": "people", "range": cells_of(0, 5, 0, 1)}}},
        {"addProtectedRange": {"protectedRange": {"range": cells_of(20, 21, 0, 1), "warningOnly": True}}},
        {"addBanding": {"bandedRange": {"range": cells_of(30, 35, 0, 2), "rowProperties": {"firstBandColor": {}}}}},
        {"addFilterView": {"filter": {"title": "mine", "range": cells_of(0, 5, 0, 3)}}},
        {"setBasicFilter": {"filter": {"range": cells_of(0, 5, 0, 3)}}},
        {"addChart": {"chart": {"spec": chart, "position": anchor}}},
        {"addDimensionGroup": {"range": rows_of(5, 8)}},
        {
            "updateDimensionProperties": {
                "range": columns_of(1, 3),
                "properties": {"pixelSize": 44},
                "fields": "pixelSize",
            }
        },
        {
            "createDeveloperMetadata": {
                "developerMetadata": {
                    "metadataKey": "k",
                    "metadataValue": "v",
                    "visibility": "DOCUMENT",
                    "location": {"dimensionRange": columns_of(2, 3)},
                }
            }
        },
    )
    sharing = {"role": "reader", "type": "user", "emailAddress": "b@example.com"}
    assert google.client.post("/drive/v3/files/book/permissions", json=sharing).status_code == 200
    assert google.client.post("/drive/v3/files", json={"name": "F", "mimeType": FOLDER_MIME}).status_code == 200


def everything(client: httpx.Client) -> list[Any]:
    """Return all that a client can see, tabs with their cells included."""
    places = [
        "/v4/spreadsheets/book?includeGridData=true",
        "/drive/v3/files?fields=*",
        "/drive/v3/files/book/permissions?fields=*",
        "/v4/spreadsheets/book/values/people?valueRenderOption=FORMULA",
    ]
    answers = [client.get(place) for place in places]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


def test_a_world_that_is_saved_and_opened_answers_as_before(google: Google, tmp_path: Path) -> None:
    furnish(google)
    path = tmp_path / "state.json"
    save_world(google.world, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = GoogleWorld(enforce_quota=False)
    assert open_world(again, path)
    with serve(again) as url, httpx.Client(base_url=url, timeout=30, verify=False) as client:
        assert everything(client) == everything(google.client)
        # and it goes on: formulas know their references, labels and names move with their columns
        insert = {"insertDimension": {"range": columns_of(0, 1)}}
        for one in (client, google.client):
            assert one.post("/v4/spreadsheets/book:batchUpdate", json={"requests": [insert]}).status_code == 200
        assert everything(client)[0] == everything(google.client)[0]
    assert dump_world(again)[:40] == path.read_bytes()[:40]


def test_nothing_that_a_spreadsheet_has_is_left_out_of_the_file() -> None:
    """A new field must be named in one of the lists, or here with its reason."""
    made_again = {"sheets", "grid", "row_sizes", "column_sizes", "book", "pivots", "created", "modified", "removed"}
    of_the_moment = {"cell_limit", "computed", "serial"}  # an option, results worked out again, and which object it is
    for kind, kept in ((Book, keeping.BOOK_FIELDS), (Sheet, keeping.SHEET_FIELDS), (File, keeping.FILE_FIELDS)):
        assert {one.name for one in fields(kind)} - set(kept) <= made_again | of_the_moment, kind


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'"text"', b'{"form":"callsheet sandbox google","version":99,"files":[]}']
    + [b'{"form":"callsheet sandbox google","version":1,"files":[%b]}' % part for part in (b"1", b"{}", b"null")],
)
def test_what_is_no_state_is_refused_and_changes_nothing(google: Google, content: bytes) -> None:
    google.put("A1", [["kept"]])
    with pytest.raises(BadState):
        load_world(google.world, content)
    assert google.raw("A1") == [["kept"]]


def test_without_a_file_nothing_is_opened(tmp_path: Path) -> None:
    world = GoogleWorld()
    world.make_spreadsheet("Book", "book")
    assert not open_world(world, tmp_path / "none.json")
    assert list(world.files) == ["book"]
