"""The status page: the same facts for people, for programs and for Prometheus; only a token lets it do anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sync import clock
from sync.incidents import note_run
from sync.live import Live
from sync.office import Office, open_office
from sync.page.app import StatusPage, View
from sync.page.server import page_served
from sync.store.due_runs import waiting
from sync.store.presence import DAEMON, present
from tests.world import World

TOKEN = "open-sesame-123"


@pytest.fixture
def office(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("A_PAGE_TOKEN", TOKEN)
    world.swaps = {
        "[connection.justcall]": '[daemon]\ntoken = "env:A_PAGE_TOKEN"\n[connection.justcall]',
        'name = "support"': 'name = "support"\nevery = "15m"',
    }
    with open_office(world.config()) as opened:
        yield opened


@contextmanager
def _served(
    office: Office, *, live: Live | None = None, is_well: bool = True
) -> Iterator[tuple[httpx.Client, StatusPage]]:
    view = View(office=lambda: office, broken=tuple, live=live or Live(), is_well=lambda: is_well)
    page = StatusPage(view)
    with page_served(page, "127.0.0.1:0") as address, httpx.Client(base_url=address or "") as client:
        yield client, page


def _figures(client: httpx.Client) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_page_json_and_figures_tell_the_same(world: World, office: Office) -> None:
    report = world.run()
    with _served(office) as (client, page):
        page.figures.run_ended(report)
        html, told, figures = client.get("/").text, client.get("/status.json").json(), _figures(client)
        runs = client.get("/runs.json", params={"sheet": "support"}).json()["runs"]
    (sheet,) = told["sheets"]
    rows = sum(tab.rows for tab in report.tabs)
    assert (sheet["sheet"], sheet["state"], sheet["rows"]) == ("support", "ok", rows)
    assert sheet["next_at"] > told["at"]
    assert f">{rows:,}<" in html
    assert "up to date" in html
    of_sheet = (("sheet", "support"),)
    assert figures["callsheet_sheet_rows"][of_sheet] == rows
    assert figures["callsheet_sheet_state"][(*of_sheet, ("state", "ok"))] == 1
    assert figures["callsheet_runs_total"][(("outcome", "ok"), *of_sheet)] == 1
    assert figures["callsheet_requests_total"][(("to", "google_write"),)] == report.requests["google_write"]
    used = {use["name"]: use["used"] for use in told["quota"]}
    assert used["Google writes"] == report.requests["google_write"]
    assert used["justcall"] == report.requests["justcall"]
    assert [run["outcome"] for run in runs] == ["ok"]


def test_a_failure_is_shown_with_its_reason_and_next_step_and_no_secret(world: World, office: Office) -> None:
    world.admin.options(justcall={"accepted_keys": ["other:key"]})
    note_run(office.store, world.run(), at=clock.now())
    with _served(office) as (client, _):
        html, told, health = client.get("/").text, client.get("/status.json"), client.get("/healthz")
    (error,) = [error for error in told.json()["sheets"][0]["errors"] if error["tab"] == "Calls"]
    assert error["hint"]
    assert "Next step:" in html
    assert "failed" in html
    assert told.json()["incidents"][0]["kind"] == "credential"
    assert health.status_code == 200  # a sheet that fails is no reason to start the daemon again
    assert not any(secret in html + told.text for secret in ("test-key", "test-secret", TOKEN))


def test_what_a_run_does_is_shown_while_it_runs(world: World, office: Office) -> None:
    live = Live()
    seen = []
    with _served(office, live=live) as (client, page):
        steps = live.begin("support")

        class Watching:
            page, quota, say = steps.page, steps.quota, steps.say

            def rows(self, done: int, total: int) -> None:
                steps.rows(done, total)
                seen.append(client.get("/status.json").json()["sheets"][0])

        world.run(progress=Watching())
        page._seen = None
        after = client.get("/status.json").json()["sheets"][0]
    assert any(sheet["state"] == "running" and sheet["progress"]["step"] for sheet in seen)
    assert (after["state"], after["progress"]) == ("ok", None)


def test_without_the_token_the_page_can_only_be_read(world: World, office: Office) -> None:
    with _served(office) as (client, _), present(office.store, DAEMON):
        answers = [client.post("/run/support", headers=words) for words in _wrong_words()]
        assert {answer.status_code for answer in answers} == {401}
        assert waiting(office.store) == []
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.post("/run/other", headers=right).status_code == 404
        assert client.get("/run/support", headers=right).status_code == 405
        assert client.post("/run/support", headers=right).status_code == 202
    assert [due.sheet for due in waiting(office.store)] == ["support"]


def _wrong_words() -> list[dict[str, str]]:
    return [{}, *({"Authorization": text} for text in ("Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN))]


def test_a_config_without_a_token_has_no_way_to_run_anything(world: World) -> None:
    with open_office(world.config()) as office, _served(office) as (client, _):
        assert client.post("/run/support", headers={"Authorization": "Bearer None"}).status_code == 403
        assert "Run now" not in client.get("/").text


def test_a_name_that_a_page_elsewhere_bent_towards_us_is_refused(office: Office) -> None:
    with _served(office) as (client, _):
        for host in ("evil.example", "evil.example:8321", "127.0.0.1.evil.example"):
            assert client.get("/", headers={"Host": host}).status_code == 421
        assert client.get("/", headers={"Host": "localhost"}).status_code == 200
        policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy


def test_a_daemon_that_is_stuck_is_not_well(office: Office) -> None:
    with _served(office, is_well=False) as (client, _):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["state"]) == (503, "stuck")


def test_what_has_not_changed_is_not_sent_again(office: Office) -> None:
    with _served(office) as (client, _):
        first = client.get("/fragment")
        again = client.get("/fragment", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_a_port_that_is_taken_stops_nothing_and_is_told(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    page = StatusPage(View(office=lambda: office, broken=tuple, live=Live(), is_well=lambda: True))
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        page_served(page, f"127.0.0.1:{taken.getsockname()[1]}") as address,
    ):
        assert address is None
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err


def test_names_and_messages_of_sheets_are_text_to_the_page(world: World) -> None:
    world.swaps = {'name = "support"': "name = '<img src=x onerror=alert(1)>'"}
    with open_office(world.config()) as office, _served(office) as (client, _):
        html = client.get("/").text
    assert "<img" not in html
    assert "&lt;img" in html
