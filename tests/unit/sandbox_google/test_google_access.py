"""Who may do what: sharing, protections, tokens, quotas; Drive and what the rest of the sandbox asks."""

from __future__ import annotations

import base64
import json
import threading

import httpx
import pytest

from sync.sandbox.google.app import classify
from sync.sandbox.google.errors import GoogleError
from tests.unit.sandbox_google.conftest import Google, Json, cells_of, rows_of

PROTECTED = (
    "You are trying to edit a protected cell or object. "
    "Please contact the spreadsheet owner to remove protection if you need to edit."
)
MIME = "application/vnd.google-apps.spreadsheet"


def protect(google: Google, place: Json, **more: object) -> None:
    protected = {"range": place, "protectedRangeId": 9, "editors": {"users": ["owner@example.com"]}} | more
    google.world.edit_as_person("book", {"requests": [{"addProtectedRange": {"protectedRange": protected}}]})


def test_protected_cells_refuse_every_kind_of_write_and_let_reads_pass(google: Google) -> None:
    google.put("A1", [["h"], ["x"], ["y"]])
    protect(google, cells_of(0, 2, 0, 2))
    body: Json = {"values": [[1]]}
    assert google.refused("PUT", "/values/A1", body, valueInputOption="RAW") == PROTECTED
    data = [{"range": "C1", "values": [[1]]}, {"range": "A2:C2", "values": [[1, 2, 3]]}]
    batch = {"valueInputOption": "RAW", "data": data}
    assert google.refused("POST", "/values:batchUpdate", batch) == f"Invalid data[1]: {PROTECTED}"
    assert google.read("C1") == []
    for kind, request in {
        "repeatCell": {"range": cells_of(1, 3, 0, 1), "cell": {"note": "n"}, "fields": "note"},
        "deleteDimension": {"range": rows_of(1, 2)},
        "insertDimension": {"range": rows_of(1, 2)},
        "sortRange": {"range": cells_of(0, 3, 0, 1), "sortSpecs": [{}]},
        "deleteSheet": {"sheetId": 0},
        "deleteProtectedRange": {"protectedRangeId": 9},
    }.items():
        others = [{"addSheet": {"properties": {"title": "Spare"}}}] if kind == "deleteSheet" else []
        assert google.no(*others, {kind: request}) == f"Invalid requests[{len(others)}].{kind}: {PROTECTED}"
    google.put("A3", [["fine"]])
    assert google.read("A1:A3") == [["h"], ["x"], ["fine"]]


def test_editors_of_a_protection_may_write_and_so_may_all_when_it_only_warns(google: Google) -> None:
    account = "sandbox@callsheet-sandbox.iam.gserviceaccount.com"
    protect(google, cells_of(0, 1, 0, 1), editors={"users": [account]})
    protect(google, cells_of(1, 2, 0, 1), protectedRangeId=10, editors=None, warningOnly=True)
    protect(google, {"sheetId": 0}, protectedRangeId=11, unprotectedRanges=[cells_of(0, 3, 0, 1)])
    google.put("A1", [["x"], ["y"], ["z"]])
    body: Json = {"values": [[1]]}
    assert google.refused("PUT", "/values/B1", body, valueInputOption="RAW") == PROTECTED
    shown = google.sheet()["protectedRanges"]
    assert [each.get("requestingUserCanEdit", False) for each in shown] == [True, True, False]
    assert "editors" not in shown[2]


def test_a_tab_is_protected_whole_only_once(google: Google) -> None:
    request: Json = {"addProtectedRange": {"protectedRange": {"range": {"sheetId": 0}}}}
    text = 'Invalid requests[1].addProtectedRange: Sheet "Sheet1" already has sheet protection.'
    assert google.no(request, request) == text
    request["addProtectedRange"]["protectedRange"] |= {"warningOnly": True, "editors": {"users": ["a@example.com"]}}
    assert google.no(request).endswith("ProtectedRange is warningOnly. Editors cannot be set on it.")


def test_spreadsheets_are_open_as_far_as_they_are_shared(google: Google) -> None:
    google.world.make_spreadsheet("Seen", "seen", access="viewer")
    google.world.make_spreadsheet("Closed", "closed", access="none")
    client = google.client
    missing = client.get("/v4/spreadsheets/gone").json()["error"]
    assert missing == {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}
    closed = client.get("/v4/spreadsheets/closed").json()["error"]
    wanted = {"code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED"}
    assert closed == wanted
    assert client.get("/v4/spreadsheets/seen").status_code == 200
    assert client.post("/v4/spreadsheets/seen/values/A1:clear").json()["error"] == wanted
    assert client.get("/drive/v3/files/closed").json()["error"]["errors"][0]["reason"] == "notFound"
    can_edit = [
        client.get(f"/drive/v3/files/{name}", params={"fields": "capabilities(canEdit)"}).json()["capabilities"][
            "canEdit"
        ]
        for name in ("book", "seen")
    ]
    assert can_edit == [True, False]


def test_a_token_is_asked_for_when_the_world_says_so(google: Google) -> None:
    google.world.require_token, google.world.accepted_tokens = True, {"good"}
    assert google.ask("GET", "").status_code == 403
    bad = google.client.get("/v4/spreadsheets/book", headers={"Authorization": "Bearer bad"})
    assert (bad.status_code, bad.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert google.client.get("/v4/spreadsheets/book", headers={"Authorization": "Bearer good"}).status_code == 200
    claims = base64.urlsafe_b64encode(json.dumps({"iss": "robot@example.com"}).encode()).decode().rstrip("=")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": f"e30.{claims}.sig"}
    token = google.client.post("/token", data=form).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert google.client.get("/v4/spreadsheets/book", headers=headers).status_code == 200
    assert google.client.post("/token", data={"grant_type": "password"}).status_code == 400


def test_reads_and_writes_have_their_own_quota_for_each_token(google: Google) -> None:
    google.world.enforce_quota, google.world.reads_per_minute, google.world.writes_per_minute = True, 2, 1
    mine = {"Authorization": "Bearer mine"}
    for _ in range(2):
        assert google.client.get("/v4/spreadsheets/book", headers=mine).status_code == 200
    refused = google.client.post("/v4/spreadsheets/book/developerMetadata:search", headers=mine, json={})
    error = refused.json()["error"]
    assert (refused.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["message"].startswith(
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute"
    )
    assert error["details"][0]["metadata"]["quota_limit_value"] == "2"
    assert "retry-after" not in refused.headers
    assert google.client.post("/v4/spreadsheets/book/values/A1:clear", headers=mine).status_code == 200
    assert google.client.post("/v4/spreadsheets/book/values/A1:clear", headers=mine).status_code == 429
    assert google.client.get("/v4/spreadsheets/book", headers={"Authorization": "Bearer other"}).status_code == 200


def test_a_person_may_do_what_the_api_may_not_and_costs_no_quota(google: Google) -> None:
    google.world.make_spreadsheet("Closed", "closed", access="none")
    google.world.enforce_quota, google.world.writes_per_minute = True, 0
    edit = {
        "requests": [{"addSheet": {"properties": {"title": "Mine"}}}],
        "values": [
            {"range": "Mine!A1", "values": [["50%"]]},
            {"range": "Mine!B1", "values": [["50%"]], "input": "RAW"},
        ],
    }
    google.world.edit_as_person("closed", edit)
    rows = google.world.files["closed"].book.sheets[1].grid.cells
    assert rows[0] == [0.5, "50%"]
    with pytest.raises(GoogleError, match="Unable to parse range: Nope!A1"):
        google.world.edit_as_person("closed", {"values": [{"range": "Nope!A1", "values": [[1]]}]})


def test_drive_makes_lists_copies_and_removes_files(google: Google) -> None:
    client = google.client
    made = client.post("/drive/v3/files", json={"name": "it's new", "mimeType": MIME, "parents": ["folder"]}).json()
    assert made == {"kind": "drive#file", "id": made["id"], "name": "it's new", "mimeType": MIME}
    assert client.get(f"/v4/spreadsheets/{made['id']}").json()["sheets"][0]["properties"]["title"] == "Sheet1"
    for query in (
        f'mimeType="{MIME}" and name = "it\'s new"',
        r"name = 'it\'s new'",
        "'folder' in parents",
        "name contains 'NEW'",
    ):
        files = client.get("/drive/v3/files", params={"q": query}).json()["files"]
        assert [file["id"] for file in files] == [made["id"]], query
    copied = client.post(f"/drive/v3/files/{made['id']}/copy", json={"name": None}).json()
    assert copied["name"] == "Copy of it's new"
    renamed = client.patch(f"/drive/v3/files/{copied['id']}", json={"name": "Other"}).json()
    assert renamed["name"] == client.get(f"/v4/spreadsheets/{copied['id']}").json()["properties"]["title"] == "Other"
    assert client.delete(f"/drive/v3/files/{made['id']}").status_code == 204
    gone = client.get(f"/drive/v3/files/{made['id']}").json()["error"]
    assert gone["message"] == f"File not found: {made['id']}."


def test_drive_shares_and_exports(google: Google) -> None:
    path = "/drive/v3/files/book/permissions"
    body = {"role": "writer", "type": "user", "emailAddress": "a@example.com", "withLink": False}
    made = google.client.post(path, json=body).json()
    assert made == {"kind": "drive#permission", "id": made["id"], "type": "user", "role": "writer"}
    listed = google.client.get(path, params={"fields": "permissions(id,emailAddress)"}).json()["permissions"]
    assert {"id": made["id"], "emailAddress": "a@example.com"} in listed
    assert google.client.delete(f"{path}/{made['id']}").status_code == 204
    assert google.client.delete(f"{path}/{made['id']}").status_code == 404
    google.put("A1", [["a,b", 'c"d'], ["", 1.5]])
    text = google.client.get("/drive/v3/files/book/export", params={"mimeType": "text/csv"}).text
    assert text == '"a,b","c""d"\r\n,1.5'


def test_a_spreadsheet_can_be_made_with_tabs_and_rows(google: Google) -> None:
    row = {"values": [{"userEnteredValue": {"stringValue": "x"}}]}
    sheets = [{"properties": {"title": "One", "sheetId": 3}, "data": [{"startRow": 1, "rowData": [row]}]}]
    body = {"properties": {"title": "Fresh", "timeZone": "Europe/Paris"}, "sheets": sheets}
    made = google.client.post("/v4/spreadsheets", json=body).json()
    assert (made["properties"]["timeZone"], made["sheets"][0]["properties"]["sheetId"]) == ("Europe/Paris", 3)
    assert google.client.get(f"/v4/spreadsheets/{made['spreadsheetId']}/values/One!A2").json()["values"] == [["x"]]


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/v4/spreadsheets/x", ("google", "read")),
        ("POST", "/v4/spreadsheets", ("google", "write")),
        ("POST", "/v4/spreadsheets/x:batchUpdate?fields=a", ("google", "write")),
        ("POST", "/v4/spreadsheets/x/values:batchGetByDataFilter", ("google", "read")),
        ("POST", "/v4/spreadsheets/x/developerMetadata:search", ("google", "read")),
        ("PUT", "/v4/spreadsheets/x/values/%27a%2Fb%27%21A1", ("google", "write")),
        ("POST", "/v4/spreadsheets/x/values/A1%3AB2:append", ("google", "write")),
        ("GET", "/drive/v3/files", ("drive", "read")),
        ("DELETE", "/drive/v3/files/x", ("drive", "write")),
        ("POST", "/token", ("token", "other")),
        ("GET", "/v4/what", ("google", "other")),
    ],
)
def test_requests_are_told_apart_by_service_and_kind(method: str, path: str, wanted: tuple[str, str]) -> None:
    assert classify(method, path) == wanted


def test_unknown_addresses_answer_with_a_page(google: Google) -> None:
    answer = google.client.get("/v4/spreadsheets/book/nothing/here")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=UTF-8")


def test_answers_are_written_as_google_writes_them(google: Google) -> None:
    answer = google.ask("GET", "/values/A1")
    assert answer.text == '{\n  "range": "Sheet1!A1",\n  "majorDimension": "ROWS"\n}\n'
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert google.ask("GET", "/values/A1", prettyPrint="false").text == '{"range":"Sheet1!A1","majorDimension":"ROWS"}'
    broken = google.client.post("/v4/spreadsheets/book:batchUpdate", content=b"{")
    assert broken.json()["error"]["message"].startswith("Invalid JSON payload received.")


def test_requests_at_the_same_moment_do_not_mix(google: Google) -> None:
    def add_rows(client: httpx.Client, name: int) -> None:
        for _ in range(10):
            row = {"values": [{"userEnteredValue": {"numberValue": name}}] * 3}
            request = {"appendCells": {"sheetId": 0, "rows": [row], "fields": "userEnteredValue"}}
            client.post("/v4/spreadsheets/book:batchUpdate", json={"requests": [request]})

    with httpx.Client(base_url=google.client.base_url) as second:
        threads = [
            threading.Thread(target=add_rows, args=(client, n)) for n, client in enumerate([google.client, second])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    rows = google.raw("A1:C100")
    assert len(rows) == 20
    assert all(len(set(row)) == 1 for row in rows)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name contains 'Hel'", ["HelloWorld"]),
        ("name contains 'World'", []),
        ("name contains 'book'", ["Book", "My book"]),
        ("'me' in owners", ["HelloWorld", "My book"]),
        ("sharedWithMe", ["Book"]),
        ("sharedWithMe = false and not 'me' in owners", []),
        ("visibility = 'anyoneWithLink'", ["My book"]),
        ("visibility = 'limited'", ["Book", "HelloWorld"]),
    ],
)
def test_drive_finds_files_by_words_people_and_visibility(google: Google, query: str, names: list[str]) -> None:
    made = [
        google.client.post("/drive/v3/files", json={"name": n, "mimeType": MIME}) for n in ("HelloWorld", "My book")
    ]
    path = f"/drive/v3/files/{made[1].json()['id']}/permissions"
    google.client.post(path, json={"type": "anyone", "role": "reader"})
    found = google.client.get("/drive/v3/files", params={"q": query, "orderBy": "name"}).json()
    assert [file["name"] for file in found["files"]] == names
