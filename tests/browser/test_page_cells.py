from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE_MS
from tests.sandbox_admin import Admin
from tests.showcase import LONG, NAMES, SCRIPT, TITLE, make_showcase


@pytest.fixture(scope="module")
def book(sandbox: Admin) -> str:
    return make_showcase(sandbox)


@pytest.fixture
def shown(page: Page, sandbox: Admin, book: str) -> Page:
    address = f"{sandbox.url}/view/{book}#gid=0"
    if page.url.partition("#")[0] != address.partition("#")[0]:
        page.goto(address)
    page.get_by_role("tab", name="Sheet1").click()
    page.evaluate("document.getElementById('viewport').scrollTo(0, 0)")
    expect(cell(page, "A2")).to_have_text("Ada")
    return page


def cell(page: Page, name: str) -> Locator:
    column, row = ord(name[0]) - 65, int(name[1:]) - 1
    return page.locator(f"#c{row}_{column}")


def go_to(page: Page, name: str) -> Locator:
    page.fill("#address", name)
    page.press("#address", "Enter")
    expect(cell(page, name)).to_be_visible()
    return cell(page, name)


def css(place: Locator, name: str) -> str:
    return str(place.evaluate(f"node => getComputedStyle(node)['{name}']"))


def test_cells_show_as_a_person_sees_them(shown: Page) -> None:
    for name, text in {"B2": "10", "D2": "40%", "E4": "2026-03-12", "F4": "$25.00", "J4": "late"}.items():
        expect(cell(shown, name)).to_have_text(text)
    assert css(cell(shown, "B2"), "textAlign") == "right"
    go_to(shown, "A24")
    expect(cell(shown, "B24")).to_have_text("1,234,567.89")
    expect(cell(shown, "A24")).to_have_text("-5")
    assert css(cell(shown, "A24"), "color") == "rgb(255, 0, 0)", "the number format says red"
    expect(cell(shown, "B22")).to_have_text(str(sum(10 + n * 7 % 53 for n in range(14))))
    expect(cell(shown, "A23")).to_have_text("#DIV/0!")
    expect(cell(shown, "C23")).to_have_text("=not a formula")


def test_formats_of_people_show(shown: Page) -> None:
    header = cell(shown, "A1")
    assert css(header, "fontWeight") == "700"
    assert css(header, "color") == "rgb(255, 255, 255)"
    assert css(header, "backgroundColor") == "rgb(26, 115, 232)"
    assert css(header, "textAlign") == "center"
    letters = go_to(shown, "A22")
    assert css(letters, "fontStyle") == "italic"
    assert "line-through" in css(letters, "textDecorationLine")
    assert "Courier New" in css(letters, "fontFamily")
    assert float(css(letters, "fontSize").removesuffix("px")) == pytest.approx(14 * 4 / 3, abs=0.1)
    framed = cell(shown, "A18")
    assert css(framed, "borderTopWidth") == "3px"
    assert css(framed, "borderTopColor") == "rgb(217, 48, 37)"


def test_alternating_colours_lie_under_the_cells(shown: Page) -> None:
    assert css(cell(shown, "E2"), "backgroundColor") == "rgb(255, 255, 255)"
    assert css(cell(shown, "E5"), "backgroundColor") == "rgb(243, 243, 243)"


def test_conditional_formats_colour_the_cells_that_meet_them(shown: Page) -> None:
    late, other = cell(shown, "J4"), cell(shown, "J5")
    expect(late).to_have_text("late")
    assert css(late, "backgroundColor") == "rgb(244, 199, 195)"
    assert css(late, "fontWeight") == "700"
    assert css(other, "backgroundColor") != "rgb(244, 199, 195)"
    assert css(cell(shown, "C15"), "color") == "rgb(217, 48, 37)", "a formula of its own row"
    assert css(cell(shown, "C2"), "color") != "rgb(217, 48, 37)"
    lowest, highest = cell(shown, "B2"), cell(shown, "B9")
    expect(highest).to_have_text("59")
    assert css(lowest, "backgroundColor") == "rgb(255, 255, 255)"
    assert css(highest, "backgroundColor") == "rgb(87, 187, 138)"


def test_a_note_has_a_mark_and_shows_beside_the_pointer(shown: Page) -> None:
    noted = cell(shown, "B2")
    assert noted.evaluate("node => getComputedStyle(node, '::after').borderTopColor") == "rgb(242, 153, 0)"
    noted.hover()
    expect(shown.locator("#tip")).to_be_visible()
    expect(shown.locator("#tip")).to_have_text(f"Called twice.\n{SCRIPT}")
    noted.click()
    expect(shown.locator("#content")).to_contain_text("Note: Called twice.")


def test_texts_of_strangers_are_never_markup(shown: Page) -> None:
    expect(shown.locator("#title")).to_have_text(TITLE)
    expect(cell(shown, "A8")).to_have_text(NAMES[6])
    assert shown.title() == TITLE
    assert shown.locator("#viewport script, #tip script, #title script").count() == 0


def test_merged_cells_are_one_cell(shown: Page) -> None:
    merged = go_to(shown, "A18")
    box, three = merged.bounding_box(), shown.locator(".letter").nth(0).bounding_box()
    assert box is not None
    assert three is not None
    assert box["width"] == pytest.approx(300, abs=1)
    assert box["height"] > 21 * 2 - 2
    expect(merged).to_contain_text("one cell over")
    for covered in ("B18", "C18", "A19", "C19"):
        assert cell(shown, covered).count() == 0
    assert merged.get_attribute("aria-colspan") == "3"


def test_hidden_rows_and_columns_and_rows_that_the_filter_leaves_out_do_not_show(shown: Page) -> None:
    numbers = shown.locator(".number").all_text_contents()
    assert {"6", "7"} & set(numbers) == set(), "hidden by a person"
    assert not {"3", "10"} & set(numbers), "Bert, whom the filter hides"
    assert {"2", "4", "5", "8", "9", "11"} <= set(numbers)
    letters = shown.locator(".letter").all_text_contents()
    assert "J" in letters
    assert not {"K", "L"} & set(letters)
    assert shown.locator(".funnel").count() == 10
    assert shown.locator(".funnel.set").count() == 1


def test_checkboxes_choices_links_and_protected_cells_are_marked(shown: Page) -> None:
    expect(cell(shown, "G2").get_by_role("checkbox")).not_to_be_checked()
    expect(cell(shown, "G4").get_by_role("checkbox")).to_be_checked()
    expect(cell(shown, "J2").locator(".choice")).to_be_visible()
    link = cell(shown, "H2").locator("a")
    assert link.get_attribute("href") == "https://example.com/call/0"
    assert "noopener" in (link.get_attribute("rel") or "")
    assert "locked" in (cell(shown, "F2").get_attribute("class") or "")
    cell(shown, "F2").hover()
    expect(shown.locator("#tip")).to_contain_text("Of the accountants")
    go_to(shown, "B23")
    assert cell(shown, "B23").locator("a").get_attribute("href") == "https://example.com/go"


def test_sizes_of_rows_and_columns_are_those_of_the_tab(shown: Page) -> None:
    wide = cell(shown, "H1").bounding_box()
    assert wide is not None
    assert wide["width"] == pytest.approx(180, abs=1)
    tall = go_to(shown, "A16").bounding_box()
    assert tall is not None
    assert tall["height"] == pytest.approx(48, abs=1)


def test_long_texts_run_over_empty_cells_and_never_over_full_ones(shown: Page) -> None:
    spilled = go_to(shown, "E22").bounding_box()
    kept = cell(shown, "I4").bounding_box()
    assert spilled is not None
    assert kept is not None
    assert spilled["width"] > 150
    assert kept["width"] == pytest.approx(100, abs=1)
    go_to(shown, "I4").click()
    expect(shown.locator("#content")).to_have_text(LONG)  # the cell that is looked into shows whole


def test_right_to_left_texts_stand_at_the_right(shown: Page) -> None:
    assert css(cell(shown, "A5"), "textAlign") == "right"
    assert cell(shown, "A5").inner_text() == "דנה כהן"
    expect(cell(shown, "A14")).to_have_text("Eve 😀")


def test_header_letters_row_numbers_and_frozen_cells_stay_while_the_rest_scrolls(shown: Page) -> None:
    before = {name: cell(shown, name).bounding_box() for name in ("A1", "B1")}
    shown.evaluate("document.getElementById('viewport').scrollTo(300, 2000)")
    expect(cell(shown, "E99")).to_be_visible()
    corner, header, side = (cell(shown, name).bounding_box() for name in ("A1", "E1", "A99"))
    assert corner == before["A1"], "frozen both ways"
    assert header is not None
    assert side is not None
    assert before["B1"] is not None
    assert header["y"] == before["B1"]["y"]
    assert side["x"] == corner["x"]
    expect(shown.locator(".number", has_text="99").first).to_be_visible()
    expect(shown.locator(".letter", has_text="E").first).to_be_visible()


def test_the_grid_is_one_to_programs_that_read_pages_aloud(shown: Page) -> None:
    grid = shown.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == "1001"
    assert shown.get_by_role("row").first.get_attribute("aria-rowindex") == "1"
    assert shown.get_by_role("columnheader", name="B", exact=True).count() == 1
    assert shown.get_by_role("tab", name="Sheet1").get_attribute("aria-selected") == "true"


def test_an_empty_tab_says_so(shown: Page) -> None:
    shown.get_by_role("tab", name="ריק").click()
    expect(shown.get_by_text("This tab is empty.")).to_be_visible()
    first = cell(shown, "A1").bounding_box()
    second = cell(shown, "B1").bounding_box()
    assert first is not None
    assert second is not None
    assert second["x"] < first["x"], "a tab that runs from right to left"


def test_dark_colours_are_readable_and_remembered(browser: Browser, sandbox: Admin, book: str) -> None:
    context = browser.new_context(viewport=DESKTOP, color_scheme="light")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{sandbox.url}/view/{book}")
    expect(cell(page, "E5")).to_have_text("2026-04-13")
    page.get_by_role("button", name="Dark colours").click()
    page.reload()
    expect(cell(page, "E5")).to_have_text("2026-04-13")
    for name in ("E5", "E2", "J4", "C15", "A1", "H2"):
        assert _contrast(cell(page, name)) > 4, name
    context.close()


def _contrast(place: Locator) -> float:
    def light(text: str) -> float:
        parts = [float(part) / 255 for part in text[text.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    text = place.locator(".text").first if place.locator(".text").count() else place
    levels = sorted((light(css(text, "color")), light(css(place, "backgroundColor"))))
    return (levels[1] + 0.05) / (levels[0] + 0.05)
