"""The page while a sync writes: a real run of callsheet against the sandbox that the page shows."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seeing import cell, open_page, scroll_to, wait_until_drawn
from tests.sandbox_admin import Admin
from tests.world import World, open_world, small_sandbox


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("JUSTCALL_API_KEY", "key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "secret")
    with small_sandbox(n_calls=900) as server, open_world(tmp_path, server, period="last 20 days") as made:
        yield made


def test_tabs_and_rows_appear_while_a_run_writes_and_the_scroll_position_stays(page: Page, world: World) -> None:
    page.goto(f"{world.admin.url}/view/{world.spreadsheet}")
    expect(page.get_by_text("This tab is empty.")).to_be_visible()
    writing = threading.Thread(target=world.run)
    writing.start()
    page.get_by_role("tab", name="Calls").click()
    expect(cell(page, "A1")).to_have_text("Call ID")
    writing.join()
    expect(page.get_by_role("tab", name="By agent")).to_be_visible()
    n_calls = len(world.rows_by_header())
    expect(page.locator("#state")).to_contain_text(f"{world_rows(world):,} rows")
    recent = n_calls - 10  # a call that is read again on every run
    wait_until_drawn(page)
    scroll_to(page, 1e6, 21 * (recent - 20))
    expect(cell(page, f"M{recent}")).to_be_visible()
    before = page.evaluate("document.getElementById('viewport').scrollTop")
    arrived = world.admin.arrive(5)
    changed = world.rows_by_header()[recent - 2]["Call ID"]
    world.admin.edit_calls(call_ids=[changed], fields={"notes": "said while you look"})
    world.run()
    expect(page.locator("#state")).to_contain_text(f"{world_rows(world):,} rows")
    expect(cell(page, f"M{recent}")).to_have_text("said while you look")
    wait_until_drawn(page)
    assert page.evaluate("document.getElementById('viewport').scrollTop") == before
    assert len(world.rows_by_header()) == n_calls + len(arrived)
    page.focus("#viewport")
    page.keyboard.press("Control+End")
    page.keyboard.press("Home")
    expect(page.get_by_role("gridcell", name=arrived[-1]["call_id"], exact=True)).to_be_visible()
    page.goto("about:blank")  # before its sandbox goes away


def world_rows(world: World) -> int:
    found = world.admin.http.get(f"/viewer/books/{world.spreadsheet}").json()
    return next(int(tab["n_rows"]) for tab in found["tabs"] if tab["title"] == "Calls")


def test_edits_of_people_show_at_once_and_flash(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Live")
    sandbox.edit(book, values=[{"range": "A1:B1", "values": [["stays", "before"]]}])
    open_page(page, f"{sandbox.url}/view/{book}")
    expect(cell(page, "B1")).to_have_text("before")
    sandbox.edit(book, values=[{"range": "B1", "values": [["after"]]}])
    expect(cell(page, "B1")).to_have_text("after")
    expect(cell(page, "A1")).not_to_contain_class("changed")
    rename = {"properties": {"sheetId": 0, "title": "Renamed"}, "fields": "title"}
    hide = {"properties": {"sheetId": 9, "title": "Gone", "hidden": True}}
    sandbox.edit(book, requests=[{"updateSheetProperties": rename}, {"addSheet": hide}])
    expect(page.get_by_role("tab")).to_have_text(["Renamed"])
    delete = sandbox.http.delete(f"/drive/v3/files/{book}", headers={"Authorization": "Bearer x"})
    assert delete.status_code in {204, 403}


def test_two_hundred_tabs_can_all_be_reached(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Many")
    new = [{"addSheet": {"properties": {"sheetId": n, "title": f"Tab {n}"}}} for n in range(1, 200)]
    sandbox.edit(book, requests=new)
    sandbox.edit(book, values=[{"range": "'Tab 199'!A1", "values": [["the last one"]]}])
    page.goto(f"{sandbox.url}/view/{book}")
    expect(page.get_by_role("tab")).to_have_count(200)
    page.get_by_role("combobox", name="All tabs").select_option("Tab 199")
    expect(cell(page, "A1")).to_have_text("the last one")
    expect(page.get_by_role("tab", name="Tab 199")).to_be_in_viewport()
    page.get_by_role("tab", name="Tab 199").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Tab 198")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("#gid=198$"))
