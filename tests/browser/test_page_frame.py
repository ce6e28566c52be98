"""The pages around the cells: the list, downloads through the browser, a phone, and a sandbox that goes away."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from sync.sandbox.server import SandboxServer
from tests.browser.conftest import OPTIONS
from tests.browser.seeing import PATIENCE_MS, box, cell, eventually, open_page, wait_until_drawn
from tests.sandbox_admin import Admin
from tests.showcase import TITLE, make_showcase

PHONE = {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def book(sandbox: Admin) -> str:
    return make_showcase(sandbox)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def test_the_list_names_every_spreadsheet_with_its_size_and_follows(page: Page, sandbox: Admin, book: str) -> None:
    page.goto(sandbox.url)
    card = page.locator(f'a[href="/view/{book}"]')
    expect(card).to_contain_text(TITLE)
    expect(card).to_contain_text("5 tabs")
    expect(card).to_contain_text("1,304,000 cells")
    later = sandbox.make_spreadsheet("Came later")
    expect(page.locator(f'a[href="/view/{later}"]')).to_contain_text("1 tab · 26,000 cells")
    card.click()
    expect(cell(page, "A2")).to_have_text("Ada")


def test_a_spreadsheet_can_be_made_on_the_page(page: Page, sandbox: Admin) -> None:
    page.goto(sandbox.url)
    page.get_by_role("button", name="New spreadsheet").click()
    expect(page.get_by_text("This tab is empty.")).to_be_visible()
    made = page.url.partition("#")[0].rsplit("/", 1)[1]
    assert made in [one["id"] for one in sandbox.http.get("/viewer/books").json()]


def test_an_address_like_googles_leads_to_the_tab(page: Page, sandbox: Admin, book: str) -> None:
    page.goto(f"{sandbox.url}/spreadsheets/d/{book}/edit#gid=1")
    expect(page.get_by_role("tab", name="Charts")).to_have_attribute("aria-selected", "true")


@pytest.mark.full
def test_the_browser_saves_what_the_page_offers(page: Page, sandbox: Admin, book: str, tmp_path: Path) -> None:
    open_page(page, f"{sandbox.url}/view/{book}#gid=1")
    expect(cell(page, "A2")).to_have_text("Jan")
    for name, ending in (("The spreadsheet, .xlsx", "xlsx"), ("This tab, .csv", "csv")):
        page.get_by_text("Download", exact=True).click()
        with page.expect_download() as saving:
            page.get_by_role("link", name=name).click()
        expect(page.locator("#downloads div")).to_be_hidden()
        expect(page.locator("#state")).to_contain_text("rows")
        saving.value.save_as(tmp_path / ending)
        saved = saving.value.suggested_filename
        assert saved.endswith(f".{ending}")
        assert not set(saved) & set('<>:"/\\|?*')
    lines = list(csv.reader((tmp_path / "csv").open(newline="", encoding="utf-8")))
    assert lines[:2] == [["Month", "North", "South", "Share"], ["Jan", "12", "7", "20%"]]
    saved_book = openpyxl.load_workbook((tmp_path / "xlsx").open("rb"))
    assert saved_book["Charts"]["B2"].value == 12


def test_a_phone_shows_the_tab_without_scrolling_the_page_itself(phone: Page, sandbox: Admin, book: str) -> None:
    open_page(phone, f"{sandbox.url}/view/{book}")
    expect(cell(phone, "A2")).to_have_text("Ada")
    sizes = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    eventually(phone, lambda: phone.evaluate(sizes), [PHONE["width"], PHONE["height"]])
    assert box(phone.locator("#viewport")).height > 0.7 * PHONE["height"]
    phone.get_by_role("tab", name="Charts").tap()
    wait_until_drawn(phone)
    expect(phone.locator(".chart")).to_have_count(7)
    expect(cell(phone, "A2")).to_have_text("Jan")


def test_frozen_columns_that_would_cover_a_phone_scroll_with_the_rest(phone: Page, sandbox: Admin) -> None:
    made = sandbox.make_spreadsheet("Much frozen")
    sandbox.edit(made, values=[{"range": "A1:H1", "values": [list("abcdefgh")]}])
    frozen = {"properties": {"sheetId": 0, "gridProperties": {"frozenColumnCount": 6}}}
    sandbox.edit(made, requests=[{"updateSheetProperties": {**frozen, "fields": "gridProperties.frozenColumnCount"}}])
    open_page(phone, f"{sandbox.url}/view/{made}")
    expect(cell(phone, "A1")).to_have_text("a")
    phone.evaluate("document.getElementById('viewport').scrollLeft = 600")
    expect(cell(phone, "H1")).to_be_in_viewport()


@pytest.mark.full
def test_the_page_says_when_the_sandbox_is_gone_and_goes_on_when_it_is_back(browser: Browser) -> None:
    server = SandboxServer(options=OPTIONS).start()
    port = int(server.url.rsplit(":", 1)[1])
    with Admin(server.url) as admin:
        book = admin.make_spreadsheet("Here", id="same")
    page = browser.new_page()
    page.goto(f"{server.url}/view/{book}")
    expect(page.get_by_text("This tab is empty.")).to_be_visible()
    server.stop()
    expect(page.locator("#state")).to_contain_text("does not answer")
    with SandboxServer(port=port, options=OPTIONS) as again, Admin(again.url) as admin:
        expect(page.locator("#state")).to_contain_text("This spreadsheet is gone.")
        admin.make_spreadsheet("Back", id="same")
        admin.edit(book, values=[{"range": "A1", "values": [["back"]]}])
        expect(cell(page, "A1")).to_have_text("back")
        expect(page.locator("#title")).to_have_text("Back")
        page.close()
