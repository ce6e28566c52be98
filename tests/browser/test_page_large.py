from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seeing import cell, eventually, go_to, open_page, scroll_to, wait_until_drawn
from tests.sandbox_admin import Admin
from tests.showcase import BIG, N_BIG_COLUMNS, N_BIG_ROWS, cells, fill_big, make_showcase

SCROLL = """async () => {
  const grid = document.getElementById('viewport');
  const most = {nodes: 0, blank: 0};
  for (let n = 0; n < 60; n++) {
    grid.scrollTop += n < 30 ? 150 : 20000;
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    most.nodes = Math.max(most.nodes, document.querySelectorAll('#viewport *').length);
    const box = grid.getBoundingClientRect();
    const middle = document.elementFromPoint(box.x + 300, box.y + box.height / 2);
    if (!middle.closest('.cell')) most.blank++;
  }
  return most;
}"""


@pytest.fixture(scope="module")
def book(sandbox: Admin) -> str:
    made = make_showcase(sandbox)
    fill_big(sandbox, made)
    return made


@pytest.fixture
def shown(page: Page, sandbox: Admin, book: str) -> Page:
    if book not in page.url:
        open_page(page, f"{sandbox.url}/view/{book}#gid={BIG}")
    go_to(page, "A2")
    return page


def test_scrolling_through_100_000_rows_keeps_few_nodes_and_never_shows_a_hole(shown: Page) -> None:
    seen = shown.evaluate(SCROLL)
    assert seen["nodes"] < 4000
    assert seen["blank"] == 0


def test_the_last_of_100_000_rows_is_reached_by_scroll_bar_keys_and_address(shown: Page) -> None:
    scroll_to(shown, 0, 1e9)
    expect(cell(shown, f"B{N_BIG_ROWS}")).to_have_text(f"r{N_BIG_ROWS}c2")
    expect(cell(shown, "A1")).to_have_text("1")
    go_to(shown, "C50000")
    expect(cell(shown, "C50000")).to_have_text("r50000c3")
    shown.keyboard.press("Control+End")
    last = f"L{N_BIG_ROWS}"
    expect(cell(shown, last)).to_have_text(f"r{N_BIG_ROWS}c{N_BIG_COLUMNS}")
    address = shown.locator("#address")
    expect(address).to_have_value(last)
    for key, name in (("ArrowUp", f"L{N_BIG_ROWS - 1}"), ("Home", f"A{N_BIG_ROWS - 1}"), ("Control+Home", "A1")):
        shown.keyboard.press(key)
        expect(address).to_have_value(name)
    shown.keyboard.press("PageDown")
    eventually(shown, lambda: int(address.input_value()[1:]) > 15, True)


def test_a_text_is_found_wherever_it_stands_in_100_000_rows(shown: Page) -> None:
    shown.keyboard.press("Control+f")
    find, address = shown.locator("#find"), shown.locator("#address")
    expect(find).to_be_focused()
    find.fill("R7654")
    for key, name in (("Enter", "B7654"), ("Enter", "C7654"), ("Shift+Enter", "B7654"), ("Shift+Enter", "L76549")):
        find.press(key)
        expect(address).to_have_value(name)
        expect(cell(shown, name)).to_be_in_viewport()
    find.fill("nowhere")
    find.press("Enter")
    expect(shown.get_by_text("not in this tab")).to_be_visible()
    expect(address).to_have_value("L76549")


def test_only_what_is_in_view_is_asked_for(page: Page, sandbox: Admin, book: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/cells?" in request.url else None)
    page.goto("about:blank")
    open_page(page, f"{sandbox.url}/view/{book}#gid={BIG}")
    expect(cell(page, "B2")).to_have_text("r2c2")
    assert 1 <= len(asked) <= 2
    scroll_to(page, 0, 21 * 60000)
    expect(cell(page, "B60010")).to_have_text("r60010c2")
    assert len(asked) <= 4


def test_ten_million_rows_and_eighteen_thousand_columns_do_not_choke(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Deep and wide")
    wide = {"sheetId": 5, "title": "Wide", "gridProperties": {"rowCount": 100, "columnCount": 18_000}}
    deep = {"sheetId": 6, "title": "Deep", "gridProperties": {"rowCount": 8_000_000, "columnCount": 1}}
    sandbox.edit(book, requests=[{"addSheet": {"properties": one}} for one in (wide, deep)])
    sandbox.edit(
        book,
        values=[
            {"range": "Wide!ZPH7", "values": [["far right"]]},
            {"range": "Deep!A8000000", "values": [["far down"]]},
            {"range": "Deep!A4000000", "values": [["half way"]]},
        ],
    )
    open_page(page, f"{sandbox.url}/view/{book}#gid=5")
    page.fill("#address", "ZPH7")
    page.press("#address", "Enter")
    expect(page.get_by_role("gridcell", name="far right")).to_be_in_viewport()
    page.get_by_role("tab", name="Deep").click()
    wait_until_drawn(page)
    expect(page.locator(".letter")).to_have_count(1)
    for name, text in (("A4000000", "half way"), ("A8000000", "far down")):
        page.fill("#address", name)
        page.press("#address", "Enter")
        expect(page.get_by_role("gridcell", name=text)).to_be_in_viewport()
    scroll_to(page, 0, 0)
    expect(cell(page, "A1")).to_be_in_viewport()
    scroll_to(page, 0, 1e9)
    expect(page.get_by_role("gridcell", name="far down")).to_be_in_viewport()


def test_a_merge_whose_first_row_is_out_of_view_still_shows(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Tall")
    sandbox.edit(book, values=[{"range": "B3", "values": [["tall"]]}])
    sandbox.edit(book, requests=[{"mergeCells": {"range": cells(2, 400, 1, 3), "mergeType": "MERGE_ALL"}}])
    open_page(page, f"{sandbox.url}/view/{book}")
    expect(page.get_by_role("gridcell", name="tall")).to_be_visible()
    scroll_to(page, 0, 21 * 150)
    expect(cell(page, "A160")).to_be_visible()
    covers = """() => {
      const box = document.getElementById('c159_0').getBoundingClientRect();
      return document.elementFromPoint(box.right + 60, box.y + 10)?.closest('.cell')?.id;
    }"""
    eventually(page, lambda: page.evaluate(covers), "c2_1")
