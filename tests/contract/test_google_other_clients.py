"""pygsheets, google-api-python-client and Node's googleapis work against the sandbox, set up as the docs say."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pygsheets
import pytest
from googleapiclient.errors import HttpError

from sync.sandbox.google.app import GoogleWorld
from tests.doc_programs import program
from tests.google_server import serve

CALLS = [["agent", "calls"], ["Ana", "3"]]
Namespace = dict[str, Any]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(GoogleWorld(enforce_quota=False)) as url:
        yield url


def run_docs(heading: str, address: str) -> Namespace:
    found: Namespace = {}
    exec(program(heading, "python", address=address), found)
    return found


@pytest.fixture(scope="module")
def pygsheets_client(address: str) -> pygsheets.client.Client:
    return run_docs("pygsheets", address)["client"]


@pytest.fixture
def tab(pygsheets_client: pygsheets.client.Client) -> pygsheets.Worksheet:
    return pygsheets_client.create("Tab").sheet1


def test_the_pygsheets_program_in_the_docs_writes_and_reads(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_docs("pygsheets", address)
    assert capsys.readouterr().out == "[{'agent': 'Ana', 'calls': 3}]\n"


def test_pygsheets_opens_lists_copies_and_deletes(pygsheets_client: pygsheets.client.Client) -> None:
    book = pygsheets_client.create("Opened twice")
    assert pygsheets_client.open("Opened twice").id == book.id
    assert pygsheets_client.open_by_key(book.id).title == "Opened twice"
    assert "Opened twice" in pygsheets_client.spreadsheet_titles()
    twin = pygsheets_client.create("From template", template=book)
    assert twin.id != book.id
    book.share("friend@example.com", role="reader")
    assert "friend@example.com" in [entry.get("emailAddress") for entry in book.permissions]
    book.remove_permission("friend@example.com")
    book.delete()
    with pytest.raises(HttpError):
        pygsheets_client.open_by_key(book.id)


def test_pygsheets_writes_and_reads_values(tab: pygsheets.Worksheet) -> None:
    tab.update_values("A1", [["a", "b"], [1, "=A2*2"], [3, True]])
    assert tab.get_values("A1", "B3") == [["a", "b"], ["1", "2"], ["3", "TRUE"]]
    unformatted = pygsheets.ValueRenderOption.UNFORMATTED_VALUE
    assert tab.get_values("A2", "B3", value_render=unformatted) == [[1, 2], [3, True]]
    assert tab.get_value("B2", value_render=pygsheets.ValueRenderOption.FORMULA) == "=A2*2"
    tab.update_value("C1", "typed 50%")
    tab.update_value("C2", "50%", parse=True)
    assert tab.get_col(3, include_tailing_empty=False) == ["typed 50%", "50%"]
    tab.append_table([[7, 8]], start="A1")
    assert tab.get_row(4, include_tailing_empty=False) == ["7", "8"]
    tab.insert_rows(1, number=1, values=[["in", "between"]])
    assert tab.get_col(1, include_tailing_empty=False) == ["a", "in", "1", "3", "7"]
    assert [cell.label for cell in tab.find("between")] == ["B2"]
    tab.replace("between", "the middle")
    assert tab.cell("B2").value == "the middle"
    tab.delete_rows(2)
    tab.clear("A3", "B4")
    assert tab.get_all_values(include_tailing_empty=False, include_tailing_empty_rows=False) == [
        ["a", "b", "typed 50%"],
        ["1", "2", "50%"],
    ]


def test_pygsheets_writes_and_reads_data_frames(tab: pygsheets.Worksheet) -> None:
    frame = pd.DataFrame({"who": ["Ana", "Bo"], "calls": [3, 4], "share": [0.25, 0.75]})
    tab.set_dataframe(frame, "B2")
    assert tab.get_values("B2", "D4") == [["who", "calls", "share"], ["Ana", "3", "0.25"], ["Bo", "4", "0.75"]]
    found = tab.get_as_df(start="B2", end="D4")
    assert found.to_dict("list") == {"who": ["Ana", "Bo"], "calls": [3, 4], "share": [0.25, 0.75]}
    tab.set_dataframe(frame, "A1", copy_index=True, fit=True)
    assert (tab.rows, tab.cols) == (3, 4)


def test_pygsheets_formats_cells_and_ranges(tab: pygsheets.Worksheet) -> None:
    cell = tab.cell("B2")
    cell.set_text_format("bold", True)
    cell.color = (1, 0, 0, 0)
    cell.note = "look"
    cell.set_number_format(pygsheets.FormatType.PERCENT, "0.0%")
    cell.value = 0.256
    again = tab.cell("B2")
    again.fetch()
    assert (again.value, again.note, again.text_format["bold"]) == ("25.6%", "look", True)
    assert again.color[:3] == (1, 0, 0)
    model = pygsheets.Cell("A1")
    model.set_text_format("italic", True)
    pygsheets.DataRange("C1", "D3", worksheet=tab).apply_format(model)
    other = tab.cell("D3")
    other.fetch()
    assert other.text_format["italic"] is True
    area = pygsheets.DataRange("A5", "B6", worksheet=tab)
    area.name = "Area"
    assert tab.get_named_range("Area").start_addr == (5, 1)
    area.update_borders(top=True, bottom=True, style="SOLID")


def test_pygsheets_changes_tabs(tab: pygsheets.Worksheet) -> None:
    book = tab.spreadsheet
    other = book.add_worksheet("Other", rows=5, cols=3)
    other.title, other.frozen_rows, other.hidden = "Renamed", 1, True
    book.fetch_properties()
    found = book.worksheet_by_title("Renamed")
    assert (found.rows, found.cols, found.frozen_rows, found.hidden) == (5, 3, 1, True)
    tab.merge_cells("A1", "B2")
    assert tab.merged_ranges is not None
    tab.adjust_column_width(1, 2, 150)
    tab.sort_range("A1", "B9", basecolumnindex=0)
    tab.set_basic_filter("A1", "B9") if hasattr(tab, "set_basic_filter") else None
    tab.add_conditional_formatting("A1", "A9", "NUMBER_BETWEEN", {"backgroundColor": {"red": 1}}, ["1", "5"])
    tab.set_data_validation("C1", "C3", condition_type="ONE_OF_LIST", condition_values=["a", "b"])
    tab.create_developer_metadata("key", "value")
    assert [entry.value for entry in tab.get_developer_metadata("key")] == ["value"]
    tab.add_chart(("A1", "A5"), [("B1", "B5")], "Chart")
    assert [chart.title for chart in tab.get_charts()] == ["Chart"]
    book.del_worksheet(found)
    assert [sheet.title for sheet in book.worksheets()] == ["Sheet1"]


def test_the_program_for_google_api_python_client_in_the_docs_writes_and_reads(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_docs("google-api-python-client", address)
    first, second = capsys.readouterr().out.splitlines()
    assert (first, "Calls" in second) == (str(CALLS), True)
    with pytest.raises(HttpError) as caught:
        found["sheets"].spreadsheets().get(spreadsheetId="nothing").execute()
    assert (caught.value.status_code, caught.value.reason) == (404, "Requested entity was not found.")
    with pytest.raises(HttpError) as caught:
        found["drive"].files().get(fileId="nothing").execute()
    assert (caught.value.status_code, caught.value.error_details[0]["reason"]) == (404, "notFound")


def test_google_api_python_client_pages_through_lists(address: str) -> None:
    drive = run_docs("google-api-python-client", address)["drive"]
    request = drive.files().list(pageSize=1, fields="nextPageToken,files(id,name)")
    n_pages = 0
    while request is not None:
        answer = request.execute()
        assert len(answer["files"]) == 1
        n_pages += 1
        request = drive.files().list_next(request, answer)
    assert n_pages >= 1
    made = drive.files().create(body={"name": "Folder", "mimeType": "application/vnd.google-apps.folder"}).execute()
    assert drive.files().list(q=f"'{made['id']}' in parents").execute()["files"] == []


@pytest.fixture(scope="module")
def node_folder() -> Path:
    """Return a folder in which Node finds googleapis; installed once beside the tests' own packages."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("node or npm is not installed, so the program for Node's googleapis was not run")
    folder = Path(sys.prefix) / "node-googleapis"
    if not (folder / "node_modules" / "googleapis" / "package.json").exists():
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text("{}")
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "googleapis"]
        # npm's own settings lie in the real home
        home = {"HOME": pwd.getpwuid(os.getuid()).pw_dir}
        done = subprocess.run(
            command, cwd=folder, env=os.environ | home, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            pytest.skip(f"npm could not fetch googleapis, so its program was not run: {done.stderr[-300:]}")
    return folder


def test_the_node_program_in_the_docs_writes_and_reads(address: str, node_folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "program.js"
    script.write_text(program("googleapis for Node", "javascript", address=address))
    env = os.environ | {"NODE_PATH": str(node_folder / "node_modules")}
    done = subprocess.run(
        ["node", str(script)], env=env, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["values"] == CALLS
    assert "Calls" in found["names"]
