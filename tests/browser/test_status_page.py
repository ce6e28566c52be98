"""The status page in a real browser: it follows what happens, on a wide screen and a phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sync import clock
from sync.config.load import load_config
from sync.live import Live
from sync.office import Office, open_office
from sync.page.app import StatusPage, View
from sync.page.server import page_served
from sync.report import ErrorReport, Outcome, RunReport, TabReport, run_json
from sync.store.due_runs import waiting
from sync.store.presence import DAEMON, present
from sync.store.runs import close_run, open_run
from tests.program import write_config

LONG = "night-shift-of-the-second-floor-with-a-rather-long-name"
WORD = "open-sesame-123"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Three sheets: one that ran well, one whose vendor refuses the key, one that never ran."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A_PAGE_TOKEN", WORD)
        folder = tmp_path_factory.mktemp("page")
        path = write_config(
            folder, "http://127.0.0.1:9", {"support": "1Aaaaaaaaaa", "sales": "1Bbbbbbbbbb", LONG: "1Cc"}
        )
        path.write_text(path.read_text().replace("[daemon]", '[daemon]\ntoken = "env:A_PAGE_TOKEN"', 1))
        with open_office(load_config(path)) as opened:
            _leave_run(opened, "support", RunReport(sheet="support", outcome=Outcome.OK, **_told(rows=12_345)))
            error = ErrorReport(
                kind="CredentialsRefused",
                message="JustCall refused <the key>.",
                hint="Rotate it, then `callsheet check`.",
                exit_code=5,
            )
            _leave_run(opened, "sales", RunReport(sheet="sales", outcome=Outcome.FAILED, error=error, **_told(rows=0)))
            with present(opened.store, DAEMON):
                yield opened


def _told(*, rows: int) -> dict[str, object]:
    tab = TabReport(title="Calls", outcome=Outcome.OK, rows=rows)
    return {"started_at": clock.now(), "seconds": 4.0, "tabs": (tab,)}


def _leave_run(office: Office, sheet: str, report: RunReport) -> None:
    import orjson  # noqa: PLC0415

    run_id = open_run(office.store, sheet, "book", "schedule", started_at=clock.now() - timedelta(minutes=3))
    text = orjson.dumps(run_json(report)).decode()
    close_run(office.store, run_id, str(report.outcome), text, finished_at=clock.now() - timedelta(minutes=2))


@pytest.fixture(scope="module")
def live() -> Live:
    return Live()


@pytest.fixture(scope="module")
def address(office: Office, live: Live) -> Iterator[str]:
    page = StatusPage(View(office=lambda: office, broken=tuple, live=live, is_well=lambda: True))
    with page_served(page, "127.0.0.1:0") as where:
        assert where
        yield where


def test_what_needs_people_comes_first_with_its_next_step_and_times_in_words(page: Page, address: str) -> None:
    page.goto(address)
    names = page.locator("tbody[data-sheet]").evaluate_all("all => all.map((one) => one.dataset.sheet)")
    assert names[0] == "sales"
    assert set(names) == {"support", "sales", LONG}
    sales = page.locator('tbody[data-sheet="sales"]')
    expect(sales).to_contain_text("JustCall refused <the key>.")
    expect(sales).to_contain_text("Next step: Rotate it, then callsheet check.")
    support = page.locator('tbody[data-sheet="support"]')
    expect(support).to_contain_text("12,345")
    expect(support).to_contain_text("min. ago")
    expect(page.locator(".headline")).to_have_text("1 of 3 sheets are up to date, 1 failed, 1 never ran")


def test_it_follows_what_happens_without_being_asked_and_keeps_what_the_reader_chose(
    page: Page, address: str, office: Office, live: Live
) -> None:
    page.goto(address)
    page.fill("#find", "support")
    run_id = open_run(office.store, "support", "book", "schedule", started_at=clock.now())
    live.begin("support").rows(2_500, 10_000)
    support = page.locator('tbody[data-sheet="support"]')
    expect(support).to_contain_text("rows: 2,500 of 10,000")
    assert support.locator("progress").get_attribute("value") == "25"
    expect(page.locator('tbody[data-sheet="sales"]')).to_be_hidden()
    live.end("support")
    close_run(office.store, run_id, "ok", "{}", finished_at=clock.now())
    expect(support).to_contain_text("ok")
    assert page.input_value("#find") == "support"
    page.fill("#find", "")
    page.check("#only")
    expect(page.locator("tbody[data-sheet]:visible")).to_have_count(1)
    expect(page.locator('tbody[data-sheet="sales"]')).to_be_visible()


def test_days_are_counted_as_people_count_them_and_what_to_type_stands_out(page: Page, address: str) -> None:
    page.clock.set_fixed_time(datetime(2026, 5, 7, 11, 33))
    page.goto(address)
    for at, told in (
        ("2026-05-09T06:00", "in 2 days"),
        ("2026-05-08T12:00", "tomorrow"),
        ("2026-05-08T05:00", "in 17 hr."),
    ):
        said = page.evaluate("(at) => said(new Date(at))", at)
        assert said == told
    expect(page.locator('tbody[data-sheet="sales"] .hint code')).to_have_text("callsheet check")


def test_the_word_of_the_config_lets_people_run_a_sheet_and_no_other_word_does(
    browser: Browser, address: str, office: Office
) -> None:
    page = browser.new_page()
    page.goto(address)
    button = page.locator('[data-run="support"]')
    expect(button).to_be_hidden()
    for word, told in (("wrong-word", "The word is not right."), (WORD, "support runs at once.")):
        page.fill("#token", word)
        page.click("#unlock button")
        button.click()
        expect(page.locator("#link")).to_have_text(told)
    assert [due.sheet for due in waiting(office.store)] == ["support"]
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_it_fits_the_screen_and_can_be_read_in_light_and_dark(
    browser: Browser, address: str, scheme: str, width: int, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    expect(page.locator(f'tbody[data-sheet="{LONG}"]')).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for place in (".headline", ".message", ".state.good", ".state.bad", ".note", "footer"):
        assert page.locator(place).first.evaluate(_CONTRAST) >= 4.5, place
    page.close()


_CONTRAST = """(node) => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  let ground = node;
  while (ground && (parts(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const [a, b] = [light(parts(getComputedStyle(node).color)), light(parts(getComputedStyle(ground).backgroundColor))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
