"""Read a page that is still drawing: every reading waits, and none believes a node that was just replaced."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 60_000
PAUSE_MS = 40
expect.set_options(timeout=PATIENCE_MS)
_MEASURE = """node => {
  const box = node.getBoundingClientRect();
  return node.isConnected ? [box.x, box.y, box.width, box.height] : null;
}"""


class Place(NamedTuple):
    """Where something lies in the window."""

    x: float
    y: float
    width: float
    height: float


def eventually(page: Page, read: Callable[[], object], wanted: object) -> None:
    """Read until it is as wanted. After the patience has run out the last reading is compared and shown."""
    until = time.monotonic() + PATIENCE_MS / 1000
    while (seen := read()) != wanted and time.monotonic() < until:
        page.wait_for_timeout(PAUSE_MS)  # and not a sleep: the page's events go on
    assert seen == wanted


def place_of(found: Locator) -> Place | None:
    """Measure an element once it is there; None when it was replaced meanwhile."""
    measured: list[Any] | None = found.evaluate(_MEASURE)
    return Place(*measured) if measured else None


def box(found: Locator) -> Place:
    """Measure an element of a page that may draw itself anew: two readings in a row must agree."""
    last, seen = None, place_of(found)
    while seen is None or seen != last:
        found.page.wait_for_timeout(PAUSE_MS)
        last, seen = seen, place_of(found)
    return seen


def cell(page: Page, name: str) -> Locator:
    """Find a cell by its address, of one letter."""
    column, row = ord(name[0]) - 65, int(name[1:]) - 1
    return page.locator(f"#c{row}_{column}")


def go_to(page: Page, name: str) -> Locator:
    """Bring a cell into view as a person does who knows its address."""
    page.fill("#address", name)
    page.press("#address", "Enter")
    expect(cell(page, name)).to_be_visible()
    return cell(page, name)


def open_page(page: Page, address: str) -> None:
    """Open a page of a spreadsheet and wait until it shows everything it knows."""
    page.goto(address)
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    expect(page.locator("#viewport")).to_have_attribute("aria-busy", "false")


def scroll_to(page: Page, left: float, top: float) -> None:
    page.evaluate("([left, top]) => document.getElementById('viewport').scrollTo(left, top)", [left, top])
