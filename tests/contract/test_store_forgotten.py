"""Persons who are forgotten, incidents and trimming, in both databases."""

from __future__ import annotations

from datetime import timedelta

from sync.records import FieldType, Slice
from sync.store.db import Store
from sync.store.forgotten import (
    clean_history,
    find_agents,
    forget_removed,
    known_mirrors,
    remember,
    rows_to_remove,
    salted,
    strike,
    tabs_to_clean,
)
from sync.store.incidents import Incident, mark_told, open_incident, open_incidents, settle, untold
from sync.store.mirror import Mirror, open_mirror
from sync.store.persons import AGENT, PHONE, Persons
from sync.store.runs import close_run, open_run, recent_runs
from sync.store.trim import trim_mirror, trim_unused
from tests.store_fixtures import T0, at, make_record, make_spec

NUMBER, OTHER = "+14155550100", "+14155550199"
SPEC = make_spec(
    **{"from": FieldType.TEXT}, notes=FieldType.TEXT, agent_id=FieldType.INTEGER, agent_name=FieldType.TEXT
)


def _mirror(store: Store) -> Mirror:
    mirror = open_mirror(store, connection="jc", spec=SPEC, params={})
    records = [
        make_record("a", 1, **{"from": NUMBER}, notes="", agent_id=1, agent_name="Ada"),
        make_record("b", 2, **{"from": OTHER}, notes=f"ask {NUMBER}", agent_id=2, agent_name="Bob"),
        make_record("c", 3, **{"from": OTHER}, notes="", agent_id=3, agent_name="Bob"),
    ]
    mirror.upsert(records, seen_at=at(10))
    return mirror


def _keys(mirror: Mirror) -> list[str]:
    return mirror.read(("notes",), window=Slice(at(0), at(100)))["_key"].to_list()


def _persons(store: Store, number: str) -> Persons:
    blank = salted(store)
    return Persons(blank.salt, frozenset(blank.digests_of_phone(number)), frozenset({PHONE}))


def test_a_person_is_struck_cleaned_out_of_texts_and_never_let_in_again(store: Store) -> None:
    mirror = _mirror(store)
    before, persons = mirror.version(), _persons(store, NUMBER)
    (known,) = known_mirrors(store)
    assert strike(store, known, persons, dry=True) == 1
    assert (_keys(mirror), mirror.version()) == (["a", "b", "c"], before)
    remember(store, PHONE, persons.digests, at=at(20))
    assert strike(store, known, persons) == 1
    read = mirror.read(("notes",), window=Slice(at(0), at(100)))
    assert dict(zip(read["_key"], read["notes"], strict=True)) == {"b": "ask [removed]", "c": ""}
    assert mirror.version() > before
    again = [
        make_record("a", 1, **{"from": "1 (415) 555-0100"}, notes="", agent_id=1, agent_name="Ada"),
        make_record("b", 2, **{"from": OTHER}, notes=f"ask {NUMBER}", agent_id=2, agent_name="Bob"),
    ]
    version = mirror.version()
    mirror.upsert(again, seen_at=at(30))
    assert (_keys(mirror), mirror.version()) == (["b", "c"], version)


def test_rows_to_remove_last_until_no_tab_shows_them(store: Store) -> None:
    mirror = _mirror(store)
    strike(store, known_mirrors(store)[0], _persons(store, NUMBER))
    assert rows_to_remove(store, mirror.id) == {"a"}
    assert tabs_to_clean(store) == set()
    assert forget_removed(store) == 0
    assert rows_to_remove(store, mirror.id) == frozenset()


def test_agents_are_found_by_id_and_name_and_two_of_one_name_are_told_apart(store: Store) -> None:
    _mirror(store)
    (known,) = known_mirrors(store)
    (ada,) = find_agents(store, known, " ADA ")
    assert (ada.ids, ada.texts) == (frozenset({"1"}), frozenset({"1", "Ada"}))
    assert {ids for one in find_agents(store, known, "Bob") for ids in one.ids} == {"2", "3"}
    assert find_agents(store, known, "Nobody") == []
    persons = Persons(salted(store).salt, frozenset(), frozenset({AGENT}))
    theirs = Persons(persons.salt, frozenset({persons.digest_of_agent("jc", "2")}), persons.kinds)
    assert strike(store, known, theirs) == 1


def test_reports_of_runs_lose_the_number(store: Store) -> None:
    run_id = open_run(store, "s", "b", "schedule", started_at=T0)
    close_run(store, run_id, "failed", f'{{"error": {{"message": "bad {NUMBER} here"}}}}', finished_at=T0)
    clean_history(store, _persons(store, NUMBER))
    assert "bad [removed] here" in str(recent_runs(store)[0].report_json)


def _incident(key: str, *sheets: str) -> Incident:
    return Incident(key=key, kind="failure", sheets=sheets, message="m", hint="h", opened_at=at(0))


def test_an_incident_is_opened_once_joined_by_sheets_told_once_and_over_with_the_last(store: Store) -> None:
    assert open_incident(store, _incident("k", "a"))
    assert not open_incident(store, _incident("k", "b"))
    (one,) = untold(store)
    assert one.sheets == ("a", "b")
    mark_told(store, [one.number], at=at(1))
    assert untold(store) == []
    settle(store, "a", at=at(2), concerns=lambda _: True)
    assert [left.sheets for left in open_incidents(store)] == [("b",)]
    settle(store, "b", at=at(3), concerns=lambda _: True)
    assert open_incidents(store) == []
    (over,) = untold(store)
    assert over.closed_at == at(3)
    mark_told(store, [over.number], at=at(4), recovery=True)
    assert untold(store) == []
    assert open_incident(store, _incident("k", "a"))


def test_what_is_over_before_anybody_heard_of_it_is_not_told(store: Store) -> None:
    open_incident(store, _incident("k", "a"))
    settle(store, "a", at=at(2), concerns=lambda _: True)
    assert untold(store) == []


def test_trimming_takes_what_is_old_and_was_not_seen_just_now(store: Store) -> None:
    mirror = _mirror(store)
    mirror.save_slice(Slice(at(0), at(10)), read_at=at(10))
    assert trim_mirror(store, mirror, before=at(2.5), now=at(20)) == 0
    assert trim_mirror(store, mirror, before=at(2.5), now=at(20) + timedelta(days=2)) == 2
    assert _keys(mirror) == ["c"]
    assert [known.start for known in mirror.coverage()] == [at(2.5)]
    assert trim_unused(store, {mirror.id}, before=at(50)) == 0
    assert trim_unused(store, set(), before=at(50)) == 1
