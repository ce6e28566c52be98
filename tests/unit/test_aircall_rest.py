"""The REST side of Aircall: the cap of 10,000 met by cutting before it bites, searches, and users at either address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from sync.config.load import load_config
from sync.errors import ConfigError, ContractBroken, CredentialsRefused
from sync.records import LISTED_AT, Slice
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.aircall import rest
from sync.sources.aircall.models import AircallOptions
from sync.sources.base import Source
from tests.sandbox_admin import Admin
from tests.source_desk import Sources

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
ALL = Slice(UNTIL - timedelta(days=21), UNTIL + timedelta(days=1))
LISTED = Slice(LISTED_AT, LISTED_AT + timedelta(days=1))


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=700, days=20, until=UNTIL))) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as opened:
        opened.reset()
        opened.options(aircall={"requests_per_minute": 100_000})
        yield opened


@pytest.fixture
def source(admin: Admin, sources: Sources) -> Source:
    options = AircallOptions(api_id="env:A", api_token="env:B", base_url=f"{admin.url}/aircall")
    return sources.make(options, api_id="id", api_token="token")


def ids_in(source: Source, within: Slice = ALL, **params: object) -> list[int]:
    return [record.values["id"] for page in source.fetch("calls", within, params) for record in page.records]


def refused(admin: Admin) -> int:
    return len([entry for entry in admin.log(service="aircall") if entry["status"] == 400])


def test_a_stretch_with_more_calls_than_can_be_paged_through_is_cut_before_the_cap_bites(
    admin: Admin, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "CAP", 150)
    admin.options(aircall={"cap": 150})
    assert sorted(ids_in(source)) == sorted(call["id"] for call in admin.truth("aircall", "calls"))
    assert refused(admin) == 0


def test_without_a_total_the_refusal_of_the_cap_makes_the_stretch_shorter(
    admin: Admin, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "CAP", 150)
    monkeypatch.setattr(rest, "_count", lambda meta, name: None)
    admin.options(aircall={"cap": 150})
    found = ids_in(source)
    assert set(found) == {call["id"] for call in admin.truth("aircall", "calls")}
    assert refused(admin) > 0


def test_more_calls_in_one_second_than_can_be_paged_through_are_refused(
    admin: Admin, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "CAP", 20)
    calls = admin.truth("aircall", "calls")
    same = [call["id"] for call in calls[:30]]
    admin.edit_at("aircall", kind="calls", ids=same, fields={"started_at": calls[0]["started_at"]})
    with pytest.raises(ContractBroken, match="within one second"):
        ids_in(source)


def test_searches_are_asked_where_they_are_understood(admin: Admin, source: Source) -> None:
    calls = admin.truth("aircall", "calls")
    tag = next(call["tags"][0]["name"] for call in calls if call["tags"])
    wanted = [c["id"] for c in calls if tag in [t["name"] for t in c["tags"]] and c["direction"] == "inbound"]
    assert sorted(ids_in(source, tags=[tag], direction="inbound")) == sorted(wanted)
    assert {entry["path"] for entry in admin.log(service="aircall")} == {"/aircall/v1/calls/search"}


def test_contacts_come_when_asked_for(source: Source) -> None:
    (page, *_) = source.fetch("calls", Slice(UNTIL - timedelta(days=1), UNTIL), {"fetch_contact": True})
    assert all(record.values["contact_name"].startswith("Contact ") for record in page.records)


def test_users_are_found_at_the_old_address_where_there_is_no_new_one(admin: Admin, source: Source) -> None:
    def names() -> list[object]:
        return [record.values["name"] for page in source.fetch("users", LISTED, {}) for record in page.records]

    new = names()
    admin.options(aircall={"users_v2": False})
    assert names() == new
    assert {entry["path"] for entry in admin.log(service="aircall", status=200)} == {
        "/aircall/v2/users",
        "/aircall/v1/users",
    }


def test_an_access_token_stands_in_place_of_the_two_halves_of_a_key(admin: Admin, sources: Sources) -> None:
    admin.options(aircall={"accepted_keys": ["the-access-token"]})
    options = AircallOptions(access_token="env:A", base_url=f"{admin.url}/aircall")
    source = sources.make(options, access_token="the-access-token")
    assert "opens the Analytics exports" in source.probe()
    assert [page.records for page in source.fetch("teams", LISTED, {})]
    with pytest.raises(CredentialsRefused) as caught:
        sources.make(options, access_token="one-taken-back").probe()
    assert "authorise the app at Aircall again" in caught.value.hint
    assert "one-taken-back" not in f"{caught.value!s} {caught.value!r} {vars(caught.value)!r}"


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"api_id": "env:A"},
        {"api_token": "env:B"},
        {"access_token": "env:C", "api_id": "env:A"},
        {"access_token": "env:C", "api_id": "env:A", "api_token": "env:B"},
    ],
)
def test_half_a_key_and_two_keys_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="api_id and api_token"):
        AircallOptions(**keys)


def test_a_config_with_an_access_token_asks_for_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRCALL_ACCESS_TOKEN", "the-access-token")
    path = tmp_path / "config.toml"
    path.write_text(
        '[google]\ncredentials = "anonymous"\n'
        '[connection.phones]\nvendor = "aircall"\naccess_token = "env:AIRCALL_ACCESS_TOKEN"\n'
    )
    assert load_config(path).connection_secrets("phones") == {"access_token": "the-access-token"}
    path.write_text(path.read_text().replace("access_token", "api_id"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    assert problem.what == "A connection to Aircall needs api_id and api_token, or access_token"
    assert problem.line == 3
