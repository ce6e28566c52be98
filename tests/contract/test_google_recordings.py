"""The sandbox Google gives the answers that Google gave, request by request, in every recorded run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.sandbox.google.app import GoogleWorld
from tests.google_server import serve

PLACE = Path("shared") / "recordings" / "google-sheets"
FOLDER = next((parent / PLACE for parent in Path(__file__).resolve().parents if (parent / PLACE).is_dir()), PLACE)
HOST = re.compile(r"https://(sheets|www)\.googleapis\.com")
# Everything that is not compared, in one place. First what Google alone can know:
UNKNOWABLE = {
    "createdTime": "the instant of the recording",
    "modifiedTime": "the instant of the recording",
    "users": "the e-mail address of the account that recorded",
    "pixelSize": "the width of a text in Google's fonts, in fitted columns only",
}
# then ids that are drawn at random: mapped from recorded to local where they first appear, and compared after that
DRAWN = {"id", "spreadsheetId", "sheetId", "namedRangeId", "protectedRangeId"}
# and whole runs that are known to differ, each with its reason
EXPECTED_DIFFERENT: dict[str, str] = {}

Interaction = dict[str, Any]


def _runs() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.json")):
        run: list[Interaction] = []
        n = 0
        for interaction in json.loads(path.read_text())["interactions"]:
            run.append(interaction)
            if interaction["method"] == "DELETE":
                n += 1
                name = f"{path.stem}-{n}"
                reason = EXPECTED_DIFFERENT.get(name)
                marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
                yield pytest.param(run, id=name, marks=marks)
                run = []
        assert not run, f"{path.name} ends in the middle of a run"


RUNS = list(_runs())
RUNS = RUNS or [pytest.param([], marks=pytest.mark.skip(reason=f"no recordings in {FOLDER}"))]


@pytest.fixture(scope="module")
def google() -> Iterator[tuple[GoogleWorld, str]]:
    world = GoogleWorld(enforce_quota=False)
    with serve(world) as url:
        yield world, url


@pytest.mark.parametrize("run", RUNS)
def test_recorded_run_gets_the_answers_that_google_gave(
    google: tuple[GoogleWorld, str], run: list[Interaction], record_property: Callable[[str, object], None]
) -> None:
    world, url = google
    world.reset()
    _seed(world, run)
    ids: dict[str, str] = {}
    with httpx.Client(base_url=url, timeout=30, verify=False) as client:
        for n, interaction in enumerate(run):
            wanted = interaction["response"]
            answer = _send(client, interaction, ids)
            place = f"request {n}: {interaction['method']} {interaction['uri']} {interaction['body']}"
            assert answer.status_code == interaction["status"], f"{place}\n{answer.text}"
            if interaction["response_content_type"].startswith("application/json"):
                _learn(json.loads(wanted), answer.json(), ids)
                assert _known(answer.json(), {}) == _known(json.loads(wanted), ids), place
            else:
                assert answer.text == wanted, place
    record_property("recorded pairs", len(run))  # summed up at the end of the session


def _seed(world: GoogleWorld, run: list[Interaction]) -> None:
    """Make the spreadsheets that existed before the run: those that a list shows and the run did not make."""
    made = {json.loads(i["response"])["id"] for i in run if i["method"] == "POST" and "/drive/v3/files" in i["uri"]}
    older: dict[str, str] = {}
    for interaction in run:
        if interaction["method"] == "GET" and "/drive/v3/files?" in interaction["uri"]:
            older |= {file["id"]: file["name"] for file in json.loads(interaction["response"])["files"]}
    for file_id, name in reversed(older.items()):
        if file_id not in made:
            world.make_spreadsheet(name, file_id)


def _send(client: httpx.Client, interaction: Interaction, ids: dict[str, str]) -> httpx.Response:
    uri, body = HOST.sub("", interaction["uri"]), interaction["body"]
    for recorded, local in ids.items():
        uri = uri.replace(recorded, local)
        body = body and body.replace(f'"{recorded}"', f'"{local}"').replace(f": {recorded}", f": {local}")
    headers = {"Content-Type": interaction["content_type"]} if interaction["content_type"] else {}
    return client.request(interaction["method"], uri, content=body, headers=headers)


def _learn(wanted: Any, answer: Any, ids: dict[str, str]) -> None:
    """Note which local id stands for which recorded one."""
    if isinstance(wanted, dict) and isinstance(answer, dict):
        for name, value in wanted.items():
            if name in DRAWN and name in answer and len(str(value)) > 3:
                ids.setdefault(str(value), str(answer[name]))
            else:
                _learn(value, answer.get(name), ids)
    elif isinstance(wanted, list) and isinstance(answer, list):
        for one, other in zip(wanted, answer, strict=False):
            _learn(one, other, ids)


def _known(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: "?" if name in UNKNOWABLE else _known(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_known(item, ids) for item in value]
    if isinstance(value, str):
        for recorded, local in ids.items():
            value = value.replace(recorded, local)
        return value
    if isinstance(value, int) and not isinstance(value, bool) and str(value) in ids:
        return int(ids[str(value)])
    return value
