from __future__ import annotations

import re
from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.seeing import PATIENCE_MS, box, cell, eventually, go_to, open_page, scroll_to, wait_until_drawn
from tests.sandbox_admin import Admin
from tests.showcase import LONG, NAMES, SCRIPT, TITLE, cells, colour, make_showcase

SIDE = {"anchorCell": {"columnIndex": 6}}


@pytest.fixture(scope="module")
def book(sandbox: Admin) -> str:
    return make_showcase(sandbox)


@pytest.fixture
def shown(page: Page, sandbox: Admin, book: str) -> Page:
    address = f"{sandbox.url}/view/{book}#gid=0"
    if page.url.partition("#")[0] != address.partition("#")[0]:
        open_page(page, address)
    page.get_by_role("tab", name="Sheet1").click()
    wait_until_drawn(page)
    scroll_to(page, 0, 0)
    expect(cell(page, "A2")).to_have_text("Ada")
    return page


def test_cells_show_as_a_person_sees_them(shown: Page) -> None:
    for name, text in {"B2": "10", "D2": "40%", "E4": "2026-03-12", "F4": "$25.00", "J4": "late"}.items():
        expect(cell(shown, name)).to_have_text(text)
    expect(cell(shown, "B2")).to_have_css("text-align", "right")
    go_to(shown, "A24")
    expect(cell(shown, "B24")).to_have_text("1,234,567.89")
    expect(cell(shown, "A24")).to_have_text("-5")
    expect(cell(shown, "A24"), "the number format says red").to_have_css("color", "rgb(255, 0, 0)")
    expect(cell(shown, "B22")).to_have_text(str(sum(10 + n * 7 % 53 for n in range(14))))
    expect(cell(shown, "A23")).to_have_text("#DIV/0!")
    expect(cell(shown, "C23")).to_have_text("=not a formula")


def test_formats_of_people_show(shown: Page) -> None:
    header = cell(shown, "A1")
    expect(header).to_have_css("font-weight", "700")
    expect(header).to_have_css("color", "rgb(255, 255, 255)")
    expect(header).to_have_css("background-color", "rgb(26, 115, 232)")
    expect(header).to_have_css("text-align", "center")
    letters = go_to(shown, "A22")
    expect(letters).to_have_css("font-style", "italic")
    expect(letters).to_have_css("text-decoration-line", re.compile("line-through"))
    expect(letters).to_have_css("font-family", re.compile("Courier New"))
    expect(letters).to_have_css("font-size", re.compile(r"18\.6\d*px"))
    framed = cell(shown, "B18")
    expect(framed).to_have_css("border-top-width", "3px")
    expect(framed).to_have_css("border-top-color", "rgb(217, 48, 37)")


def test_alternating_colours_lie_under_the_cells(shown: Page) -> None:
    expect(cell(shown, "E2")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(cell(shown, "E5")).to_have_css("background-color", "rgb(243, 243, 243)")


def test_conditional_formats_colour_the_cells_that_meet_them(shown: Page) -> None:
    late, other = cell(shown, "J4"), cell(shown, "J5")
    expect(late).to_have_text("late")
    expect(late).to_have_css("background-color", "rgb(244, 199, 195)")
    expect(late).to_have_css("font-weight", "700")
    expect(other).not_to_have_css("background-color", "rgb(244, 199, 195)")
    expect(cell(shown, "C15"), "a formula of its own row").to_have_css("color", "rgb(217, 48, 37)")
    expect(cell(shown, "C2")).not_to_have_css("color", "rgb(217, 48, 37)")
    lowest, highest = cell(shown, "B2"), cell(shown, "B9")
    expect(highest).to_have_text("59")
    expect(lowest).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(highest).to_have_css("background-color", "rgb(87, 187, 138)")


def test_a_note_has_a_mark_and_shows_beside_the_pointer(shown: Page) -> None:
    noted = cell(shown, "B2")
    mark = "node => getComputedStyle(node, '::after').borderTopColor"
    eventually(shown, lambda: noted.evaluate(mark), "rgb(242, 153, 0)")
    noted.hover()
    expect(shown.locator("#tip")).to_be_visible()
    expect(shown.locator("#tip")).to_have_text(f"Called twice.\n{SCRIPT}")
    noted.click()
    expect(shown.locator("#content")).to_contain_text("Note: Called twice.")


def test_texts_of_strangers_are_never_markup(shown: Page) -> None:
    expect(shown.locator("#title")).to_have_text(TITLE)
    expect(cell(shown, "A8")).to_have_text(NAMES[6])
    expect(shown).to_have_title(TITLE)
    expect(shown.locator("#viewport script, #tip script, #title script")).to_have_count(0)


def test_merged_cells_are_one_cell(shown: Page) -> None:
    merged = go_to(shown, "B18")
    assert box(merged).width == pytest.approx(300, abs=1)
    assert box(merged).height > 21 * 2 - 2
    expect(merged).to_contain_text("one cell over")
    for covered in ("C18", "D18", "B19", "D19"):
        expect(cell(shown, covered)).to_have_count(0)
    expect(merged).to_have_attribute("aria-colspan", "3")


def test_a_merge_in_frozen_columns_lies_over_the_frozen_cells_of_the_rows_that_follow(
    page: Page, sandbox: Admin
) -> None:
    book = sandbox.make_spreadsheet("Frozen")
    frozen = {"properties": {"sheetId": 0, "gridProperties": {"frozenColumnCount": 2}}}
    freeze = {"updateSheetProperties": {**frozen, "fields": "gridProperties.frozenColumnCount"}}
    merges = [
        {"mergeCells": {"range": place, "mergeType": "MERGE_ALL"}} for place in (cells(2, 5, 0, 1), cells(3, 6, 1, 2))
    ]
    sandbox.edit(book, requests=[freeze, *merges])
    open_page(page, f"{sandbox.url}/view/{book}")
    on_top = """node => {
      const box = node.getBoundingClientRect();
      return document.elementFromPoint(box.x + 20, box.bottom - 8)?.closest('.cell')?.id;
    }"""
    for name, own in (("A3", "c2_0"), ("B4", "c3_1")):
        expect(cell(page, name)).to_be_visible()
        eventually(page, partial(cell(page, name).evaluate, on_top), own)


def test_hidden_rows_and_columns_and_rows_that_the_filter_leaves_out_do_not_show(shown: Page) -> None:
    expect(shown.locator(".number", has_text="11")).to_be_visible()
    numbers = shown.locator(".number").all_text_contents()
    assert {"6", "7"} & set(numbers) == set(), "hidden by a person"
    assert not {"3", "10"} & set(numbers), "Bert, whom the filter hides"
    assert {"2", "4", "5", "8", "9", "11"} <= set(numbers)
    letters = shown.locator(".letter").all_text_contents()
    assert "J" in letters
    assert not {"K", "L"} & set(letters)
    expect(shown.locator(".funnel")).to_have_count(10)
    expect(shown.locator(".funnel.set")).to_have_count(1)


def test_checkboxes_choices_links_and_protected_cells_are_marked(shown: Page) -> None:
    expect(cell(shown, "G2").get_by_role("checkbox")).not_to_be_checked()
    expect(cell(shown, "G4").get_by_role("checkbox")).to_be_checked()
    expect(cell(shown, "J2").locator(".choice")).to_be_visible()
    link = cell(shown, "H2").locator("a")
    expect(link).to_have_attribute("href", "https://example.com/call/0")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    expect(cell(shown, "F2")).to_contain_class("locked")
    cell(shown, "F2").hover()
    expect(shown.locator("#tip")).to_contain_text("Of the accountants")
    go_to(shown, "B23")
    expect(cell(shown, "B23").locator("a")).to_have_attribute("href", "https://example.com/go")


def test_sizes_of_rows_and_columns_are_those_of_the_tab(shown: Page) -> None:
    assert box(cell(shown, "H1")).width == pytest.approx(180, abs=1)
    assert box(go_to(shown, "A16")).height == pytest.approx(48, abs=1)


def test_long_texts_run_over_empty_cells_and_never_over_full_ones(shown: Page) -> None:
    assert box(go_to(shown, "E22")).width > 150
    assert box(cell(shown, "I4")).width == pytest.approx(100, abs=1)
    go_to(shown, "I4").click()
    expect(shown.locator("#content")).to_have_text(LONG)  # the cell that is looked into shows whole


def test_right_to_left_texts_stand_at_the_right(shown: Page) -> None:
    expect(cell(shown, "A5")).to_have_css("text-align", "right")
    expect(cell(shown, "A5")).to_have_text("דנה כהן")
    expect(cell(shown, "A14")).to_have_text("Eve 😀")


def test_right_to_left_texts_run_over_the_empty_cells_before_them(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Two ways")
    long = "שיחה ארוכה מאוד על הכול ועוד קצת"
    sandbox.edit(book, values=[{"range": "C1:C2", "values": [[long], [long]]}, {"range": "B2", "values": [["full"]]}])
    open_page(page, f"{sandbox.url}/view/{book}")
    free, kept = box(cell(page, "C1")), box(cell(page, "C2"))
    assert free.width > kept.width == pytest.approx(100, abs=1)
    assert free.x + free.width == kept.x + kept.width
    page.mouse.click(kept.x - 20, free.y + 10)
    expect(page.locator("#address")).to_have_value("B1")


def test_header_letters_row_numbers_and_frozen_cells_stay_while_the_rest_scrolls(shown: Page) -> None:
    before = {name: box(cell(shown, name)) for name in ("A1", "B1")}
    scroll_to(shown, 300, 2000)
    expect(cell(shown, "E99")).to_be_visible()
    corner, header, side = (box(cell(shown, name)) for name in ("A1", "E1", "A99"))
    assert corner == before["A1"], "frozen both ways"
    assert header.y == before["B1"].y
    assert side.x == corner.x
    expect(shown.locator(".number", has_text="99").first).to_be_visible()
    expect(shown.locator(".letter", has_text="E").first).to_be_visible()


def test_the_grid_is_one_to_programs_that_read_pages_aloud(shown: Page) -> None:
    grid = shown.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "1001")
    expect(shown.get_by_role("row").first).to_have_attribute("aria-rowindex", "1")
    expect(shown.get_by_role("columnheader", name="B", exact=True)).to_have_count(1)
    expect(shown.get_by_role("tab", name="Sheet1")).to_have_attribute("aria-selected", "true")


def test_an_empty_tab_says_so(shown: Page) -> None:
    shown.get_by_role("tab", name="ריק").click()
    expect(shown.get_by_text("This tab is empty.")).to_be_visible()
    wait_until_drawn(shown)
    assert box(cell(shown, "B1")).x < box(cell(shown, "A1")).x, "a tab that runs from right to left"


def test_dark_colours_are_readable_and_remembered(browser: Browser, sandbox: Admin, book: str) -> None:
    context = browser.new_context(viewport=DESKTOP, color_scheme="light")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    open_page(page, f"{sandbox.url}/view/{book}")
    expect(cell(page, "E5")).to_have_text("2026-04-13")
    page.get_by_role("button", name="Dark colours").click()
    page.reload()
    wait_until_drawn(page)
    expect(cell(page, "E5")).to_have_text("2026-04-13")
    for name in ("E5", "E2", "J4", "C15", "A1", "H2", "H5"):
        found = cell(page, name)
        eventually(page, partial(_is_readable, found), True)
    context.close()


def _is_readable(place: Locator) -> bool:
    """Read both colours of a cell at once: a cell may be drawn anew between two readings."""
    colours: list[str] = place.evaluate("""node => {
      const text = node.querySelector('.text') || node;
      return [getComputedStyle(text).color, getComputedStyle(node).backgroundColor];
    }""")
    if not all(colours):
        return False  # it was drawn anew
    dark, light = sorted(map(_light, colours))
    return (light + 0.05) / (dark + 0.05) > 4


def _light(colour: str) -> float:
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_letters_inside_a_text_lines_between_cells_and_slicers_show(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Details")
    runs = [{"format": {}}, {"startIndex": 6, "format": {"bold": True, "foregroundColor": colour("#ff0000")}}]
    text = {"userEnteredValue": {"stringValue": "plain bold"}, "textFormatRuns": runs}
    line = {"style": "SOLID", "color": colour("#0000ff")}
    inner = {"updateBorders": {"range": cells(3, 5, 1, 3), "innerVertical": line, "innerHorizontal": line}}
    slicer = {"spec": {"title": "Pick one", "dataRange": cells(0, 3, 0, 2)}, "position": {"overlayPosition": SIDE}}
    fields = "userEnteredValue,textFormatRuns"
    write = {"updateCells": {"start": {}, "rows": [{"values": [text]}], "fields": fields}}
    sandbox.edit(book, requests=[write, inner, {"addSlicer": {"slicer": slicer}}])
    open_page(page, f"{sandbox.url}/view/{book}")
    expect(cell(page, "A1")).to_have_text("plain bold")
    bold = cell(page, "A1").get_by_text("bold", exact=True)
    expect(bold).to_have_css("font-weight", "700")
    expect(bold).to_have_css("color", "rgb(255, 0, 0)")
    expect(cell(page, "B4")).to_have_css("border-right-color", "rgb(0, 0, 255)")
    expect(cell(page, "C4")).to_have_css("border-left-style", "none")  # the line is drawn once
    expect(page.locator(".chart").get_by_text("Pick one")).to_be_visible()
