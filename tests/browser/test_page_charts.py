from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.seeing import box, eventually, open_page
from tests.sandbox_admin import Admin
from tests.showcase import CHARTS, make_showcase


@pytest.fixture(scope="module")
def book(sandbox: Admin) -> str:
    return make_showcase(sandbox)


@pytest.fixture
def shown(page: Page, sandbox: Admin, book: str) -> Page:
    if book not in page.url:
        open_page(page, f"{sandbox.url}/view/{book}#gid={CHARTS}")
    expect(page.locator(".chart")).to_have_count(7)
    return page


def chart(page: Page, title: str) -> Locator:
    return page.locator(".chart", has=page.locator(f"text=/^{title}$/"))


def heights(bars: Locator) -> list[float]:
    """Read all of them at once: a chart may be drawn anew between two readings."""
    found: list[float] = bars.evaluate_all("all => all.map((bar) => Number(bar.getAttribute('height')))")
    return found


def test_columns_are_as_tall_as_the_cells_say(shown: Page) -> None:
    drawn = chart(shown, "A column chart")
    values = [12, 19, 8, 25, 17, 7, 9, 14, 11, 18]
    expect(drawn.locator("rect.bar")).to_have_count(len(values))
    tall = heights(drawn.locator("rect.bar"))
    assert [round(height / tall[0] * 12, 1) for height in tall] == pytest.approx(values, abs=0.2)
    for text in ("Jan", "May", "North", "South", "Month", "Calls", "25"):
        expect(drawn.locator("text", has_text=text).first).to_be_visible()


def test_every_kind_has_its_own_marks(shown: Page) -> None:
    marks = {
        "A bar chart": ("rect.bar", 10),
        "A line chart": ("path.line", 2),
        "A area chart": ("path.area", 2),
        "A combo chart": ("rect.bar", 5),
        "A scatter chart": ("circle.point", 5),
        "A pie": ("path.slice", 5),
    }
    for title, (mark, count) in marks.items():
        expect(chart(shown, title).locator(mark)).to_have_count(count)
    expect(chart(shown, "A combo chart").locator("path.line")).to_have_count(1)
    expect(chart(shown, "A combo chart").locator("text", has_text="60%").first).to_be_visible()
    expect(chart(shown, "A pie").locator("text", has_text="30.9%")).to_be_visible()


def test_a_chart_lies_at_its_anchor(shown: Page) -> None:
    found, corner = box(chart(shown, "A bar chart")), box(shown.locator("#c7_5"))
    assert (found.x - corner.x, found.y - corner.y) == (pytest.approx(10, abs=1), pytest.approx(5, abs=1))
    assert (found.width, found.height) == (pytest.approx(462, abs=1), pytest.approx(292, abs=1))


def test_a_chart_follows_its_cells(shown: Page, sandbox: Admin, book: str) -> None:
    drawn = chart(shown, "A column chart").locator("rect.bar")
    expect(drawn).to_have_count(10)
    before = heights(drawn)[0]
    for value, share in ((24, 2), (12, 1)):
        sandbox.edit(book, values=[{"range": "Charts!B2", "values": [[value]]}])
        eventually(shown, lambda: heights(drawn)[:1], [pytest.approx(share * before, rel=0.01)])


def test_a_chart_says_what_it_is_to_programs_that_read_aloud(shown: Page) -> None:
    expect(shown.get_by_role("img", name="Column chart “A column chart” of North, South, 5 points")).to_be_visible()


def test_a_chart_without_numbers_says_so(page: Page, sandbox: Admin) -> None:
    book = sandbox.make_spreadsheet("Bare")
    spec = {"title": "Bare", "basicChart": {"chartType": "LINE", "series": [], "domains": []}}
    odd = {"title": "Odd", "histogramChart": {}}
    for row, one in enumerate((spec, odd)):
        place = {"overlayPosition": {"anchorCell": {"rowIndex": 20 * row}}}
        sandbox.edit(book, requests=[{"addChart": {"chart": {"spec": one, "position": place}}}])
    page.goto(f"{sandbox.url}/view/{book}")
    expect(page.get_by_text("There is nothing to draw yet.")).to_be_visible()
    expect(page.get_by_text("A histogramChart is kept and not drawn here.")).to_be_attached()
