"""What every public method of gspread's Client and Spreadsheet does in the sandbox: one function a method.

A function is called `<class>_<method>`; it calls that method and holds what it must have done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import gspread
import pytest
from gspread.exceptions import APIError, SpreadsheetNotFound, WorksheetNotFound
from gspread.utils import ExportFormat

ROBOT = "sandbox@callsheet-sandbox.iam.gserviceaccount.com"
FRIEND = "friend@example.com"
ROWS = [["id", "who"], [1, "Ana"], [2, "Bo"]]


def client_copy(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    book.share(FRIEND, "user", "reader", notify=False)
    twin = client.copy(book.id, title="Twin", copy_permissions=True)
    assert (twin.title, twin.sheet1.get_all_values()) == ("Twin", [["id", "who"], ["1", "Ana"], ["2", "Bo"]])
    assert FRIEND in [entry.get("emailAddress") for entry in twin.list_permissions()]
    assert client.copy(book.id).title == f"Copy of {book.title}"


def client_create(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    made = client.create("Made", folder_id="some-folder")
    assert [tab.title for tab in made.worksheets()] == ["Sheet1"]
    assert client.open("Made", folder_id="some-folder").id == made.id


def client_del_spreadsheet(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    client.del_spreadsheet(book.id)
    with pytest.raises(SpreadsheetNotFound):
        client.open_by_key(book.id)


def client_expiry(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert client.expiry is None  # of the token that the docs use


def client_export(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([["a", "b,c"], [None, 'say "x"']], "A1")
    assert client.export(book.id, ExportFormat.CSV) == b'a,"b,c"\r\n,"say ""x"""'
    assert client.export(book.id, ExportFormat.TSV) == b'a\tb,c\r\n\t"say ""x"""'
    with pytest.raises(APIError, match="conversion is not supported"):
        client.export(book.id, ExportFormat.PDF)


def client_get_file_drive_metadata(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    found = client.get_file_drive_metadata(book.id)
    assert (found["id"], found["name"]) == (book.id, book.title)
    assert {"createdTime", "modifiedTime"} <= set(found)


def client_import_csv(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.add_worksheet("More", 2, 2)
    client.import_csv(book.id, 'id,who\n007,"Ana, Bo"\n')
    tabs = client.open_by_key(book.id).worksheets()
    assert len(tabs) == 1
    assert tabs[0].get_all_values() == [["id", "who"], ["7", "Ana, Bo"]]  # a CSV counts as typed


def client_insert_permission(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    made = client.insert_permission(book.id, FRIEND, perm_type="user", role="writer").json()
    assert (made["type"], made["role"]) == ("user", "writer")
    client.insert_permission(book.id, None, perm_type="anyone", role="reader")
    client.insert_permission(book.id, "example.com", perm_type="domain", role="reader", with_link=True)
    kinds = [(entry["type"], entry["role"]) for entry in client.list_permissions(book.id)]
    assert kinds == [("user", "owner"), ("user", "writer"), ("anyone", "reader"), ("domain", "reader")]


def client_list_permissions(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    found = client.list_permissions(book.id)
    assert [(entry["role"], entry["emailAddress"]) for entry in found] == [("owner", ROBOT)]


def client_list_spreadsheet_files(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    client.create("In folder", folder_id="folder")
    assert [file["name"] for file in client.list_spreadsheet_files(folder_id="folder")] == ["In folder"]
    assert [file["id"] for file in client.list_spreadsheet_files(title=book.title)] == [book.id]
    assert len(client.list_spreadsheet_files()) == 2


def client_open(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert client.open(book.title).id == book.id
    with pytest.raises(SpreadsheetNotFound):
        client.open("No such title")


def client_open_by_key(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert client.open_by_key(book.id).title == book.title
    with pytest.raises(SpreadsheetNotFound):
        client.open_by_key("nothing")


def client_open_by_url(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert client.open_by_url(book.url).id == book.id
    assert client.open_by_url(book.url + "/edit#gid=0").id == book.id


def client_openall(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    other = client.create("Other")
    assert {found.id for found in client.openall()} == {book.id, other.id}
    assert [found.id for found in client.openall("Other")] == [other.id]


def client_remove_permission(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    made = client.insert_permission(book.id, FRIEND, perm_type="user", role="reader").json()
    client.remove_permission(book.id, made["id"])
    assert [entry["role"] for entry in client.list_permissions(book.id)] == ["owner"]


def client_set_timeout(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    client.set_timeout((5, 60))
    assert client.open_by_key(book.id).id == book.id


def spreadsheet_transfer_ownership(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    entry = book.share(FRIEND, "user", "writer", notify=False).json()
    book.transfer_ownership(entry["id"])
    pending = [found for found in book.list_permissions() if found.get("pendingOwner")]
    assert [found["emailAddress"] for found in pending] == [FRIEND]


def spreadsheet_accept_ownership(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    entry = book.share(FRIEND, "user", "writer", notify=False).json()
    book.transfer_ownership(entry["id"])
    book.accept_ownership(entry["id"])  # the owner may make the transfer whole as well
    owners = [found["emailAddress"] for found in book.list_permissions() if found["role"] == "owner"]
    assert owners == [FRIEND]


def spreadsheet_add_worksheet(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    tab = book.add_worksheet("First", rows=7, cols=3, index=0)
    assert (tab.row_count, tab.col_count, tab.index) == (7, 3, 0)
    assert [found.title for found in book.worksheets()] == ["First", "Sheet1"]
    with pytest.raises(APIError, match='A sheet with the name "first" already exists'):
        book.add_worksheet("first", 1, 1)


def spreadsheet_batch_update(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    answer = book.batch_update({"requests": [{"addSheet": {"properties": {"title": "New", "sheetId": 7}}}]})
    assert answer["replies"][0]["addSheet"]["properties"]["sheetId"] == 7


def spreadsheet_creationTime(client: gspread.Client, book: gspread.Spreadsheet) -> None:  # noqa: N802
    made = datetime.fromisoformat(book.creationTime)
    assert abs(datetime.now(UTC) - made) < timedelta(hours=1)


def spreadsheet_del_worksheet(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.del_worksheet(book.add_worksheet("Gone", 1, 1))
    assert [tab.title for tab in book.worksheets()] == ["Sheet1"]
    with pytest.raises(APIError, match="remove all"):
        book.del_worksheet(book.sheet1)


def spreadsheet_del_worksheet_by_id(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.del_worksheet_by_id(book.add_worksheet("Gone", 1, 1).id)
    assert len(book.worksheets()) == 1
    with pytest.raises((WorksheetNotFound, APIError)):
        book.del_worksheet_by_id(12345)


def spreadsheet_duplicate_sheet(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    twin = book.duplicate_sheet(book.sheet1.id, insert_sheet_index=1, new_sheet_id=55, new_sheet_name="Twin")
    assert (twin.id, twin.title, twin.index) == (55, "Twin", 1)
    assert twin.get_all_values() == book.sheet1.get_all_values()


def spreadsheet_export(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([["ä", 1.5]], "A1")
    assert book.export(ExportFormat.CSV).decode() == "ä,1.5"


def spreadsheet_fetch_sheet_metadata(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    found = book.fetch_sheet_metadata({"fields": "sheets.properties(title,gridProperties/rowCount)"})
    assert found == {"sheets": [{"properties": {"title": "Sheet1", "gridProperties": {"rowCount": 1000}}}]}


def spreadsheet_get_lastUpdateTime(client: gspread.Client, book: gspread.Spreadsheet) -> None:  # noqa: N802
    before = datetime.fromisoformat(book.get_lastUpdateTime())
    book.sheet1.update([[1]], "A1")
    assert datetime.fromisoformat(book.get_lastUpdateTime()) >= before


def spreadsheet_get_worksheet(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.add_worksheet("Second", 1, 1)
    assert book.get_worksheet(1).title == "Second"
    with pytest.raises(WorksheetNotFound):
        book.get_worksheet(2)


def spreadsheet_get_worksheet_by_id(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    tab = book.add_worksheet("Second", 1, 1)
    assert book.get_worksheet_by_id(tab.id).title == "Second"
    with pytest.raises(WorksheetNotFound):
        book.get_worksheet_by_id(99)


def spreadsheet_id(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.id == client.open(book.title).id


def spreadsheet_lastUpdateTime(client: gspread.Client, book: gspread.Spreadsheet) -> None:  # noqa: N802
    with pytest.warns(DeprecationWarning, match="lastUpdateTime|depre"):
        assert datetime.fromisoformat(book.lastUpdateTime) <= datetime.now(UTC)


def spreadsheet_list_named_ranges(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.list_named_ranges() == []
    book.sheet1.define_named_range("A1:B2", "Top")
    found = book.list_named_ranges()[0]
    assert found["name"] == "Top"
    assert found["range"] == {"startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 2}


def spreadsheet_list_permissions(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert [entry["role"] for entry in book.list_permissions()] == ["owner"]


def spreadsheet_list_protected_ranges(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.add_protected_range("A1:B2", description="keep")
    found = book.list_protected_ranges(book.sheet1.id)
    assert [entry["description"] for entry in found] == ["keep"]


def spreadsheet_locale(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.locale == "en_US"


def spreadsheet_named_range(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    book.sheet1.define_named_range("B2:B3", "Names")
    assert [cell.value for cell in book.named_range("Names")] == ["Ana", "Bo"]


def spreadsheet_remove_permissions(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    entry = book.share(FRIEND, "user", "writer", notify=False).json()
    assert book.remove_permissions(FRIEND, "reader") == []
    assert book.remove_permissions(FRIEND) == [entry["id"]]
    assert len(book.list_permissions()) == 1


def spreadsheet_reorder_worksheets(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    second, third = (book.add_worksheet(title, 1, 1) for title in ("Second", "Third"))
    book.reorder_worksheets([third, second])
    assert [tab.title for tab in book.worksheets()] == ["Third", "Second", "Sheet1"]


def spreadsheet_share(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.share(FRIEND, perm_type="user", role="reader", notify=True, email_message="Look")
    assert (FRIEND, "reader") in [(entry.get("emailAddress"), entry["role"]) for entry in book.list_permissions()]


def spreadsheet_sheet1(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert (book.sheet1.title, book.sheet1.id) == ("Sheet1", 0)


def spreadsheet_timezone(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.timezone == "Etc/GMT"


def spreadsheet_title(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.title == "Book"


def spreadsheet_update_drive_metadata(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.update_drive_metadata()
    assert book.creationTime


def spreadsheet_update_locale(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.update_locale("de_DE")
    assert client.open_by_key(book.id).locale == "de_DE"
    with pytest.raises(APIError, match="Unsupported locale"):
        book.update_locale("xx_NOWHERE")


def spreadsheet_update_timezone(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.update_timezone("Europe/Berlin")
    assert client.open_by_key(book.id).timezone == "Europe/Berlin"
    with pytest.raises(APIError, match="time zone"):
        book.update_timezone("Mars/Base")


def spreadsheet_update_title(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.update_title("Renamed")
    assert client.open("Renamed").id == book.id


def spreadsheet_url(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.url == f"https://docs.google.com/spreadsheets/d/{book.id}"


def spreadsheet_values_append(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    answer = book.values_append("Sheet1", {"valueInputOption": "RAW"}, {"values": [[3, "Cy"]]})
    assert (answer["tableRange"], answer["updates"]["updatedRange"]) == ("Sheet1!A1:B3", "Sheet1!A4:B4")


def spreadsheet_values_batch_clear(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    answer = book.values_batch_clear(body={"ranges": ["A1:A2", "B3"]})
    assert answer["clearedRanges"] == ["Sheet1!A1:A2", "Sheet1!B3"]
    assert book.sheet1.get_all_values() == [["", "who"], ["", "Ana"], ["2", ""]]


def spreadsheet_values_batch_get(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    answer = book.values_batch_get(["A2:A3", "B1"], params={"majorDimension": "COLUMNS"})
    assert [found["values"] for found in answer["valueRanges"]] == [[["1", "2"]], [["who"]]]


def spreadsheet_values_batch_update(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    data = [{"range": "A1:B1", "values": [[1, 2]]}, {"range": "Sheet1!C3", "values": [[3]]}]
    answer = book.values_batch_update({"valueInputOption": "RAW", "data": data})
    assert (answer["totalUpdatedCells"], answer["totalUpdatedRows"]) == (3, 2)


def spreadsheet_values_clear(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    assert book.values_clear("Sheet1")["clearedRange"] == "Sheet1!A1:Z1000"


def spreadsheet_values_get(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.sheet1.update(ROWS, "A1")
    answer = book.values_get("A2:B", params={"valueRenderOption": "UNFORMATTED_VALUE"})
    assert (answer["range"], answer["values"]) == ("Sheet1!A2:B1000", ROWS[1:])


def spreadsheet_values_update(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    answer = book.values_update("A1", params={"valueInputOption": "USER_ENTERED"}, body={"values": [["=1+1", "x"]]})
    assert (answer["updatedRange"], answer["updatedCells"]) == ("Sheet1!A1:B1", 2)
    assert book.sheet1.acell("A1").value == "2"


def spreadsheet_worksheet(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert book.worksheet("Sheet1").id == 0
    with pytest.raises(WorksheetNotFound):
        book.worksheet("nope")


def spreadsheet_worksheets(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    book.add_worksheet("Hidden", 1, 1).hide()
    assert [tab.title for tab in book.worksheets()] == ["Sheet1", "Hidden"]
    assert [tab.title for tab in book.worksheets(exclude_hidden=True)] == ["Sheet1"]
