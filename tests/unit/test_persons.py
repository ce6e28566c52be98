"""How a person is known in what vendors send: numbers in every writing, agents by the words for them."""

from __future__ import annotations

import pytest

from sync.store.persons import AGENT, PHONE, Judge, Persons, is_agent_column

SALT = b"salt"


def _persons(number: str = "+14155550100") -> Persons:
    blank = Persons(SALT, frozenset())
    found = {*blank.digests_of_phone(number), blank.digest_of_agent("jc", "Jane Doe"), blank.digest_of_agent("jc", "7")}
    return Persons(SALT, frozenset(found), frozenset({PHONE, AGENT}))


@pytest.mark.parametrize(
    "text", ["+14155550100", "14155550100", "+1 (415) 555-0100", "0014155550100", "415.555.0100", "4155550100"]
)
def test_a_number_is_known_however_it_is_written(text: str) -> None:
    assert _persons().is_phone(text)
    assert _persons().without(f"ring {text} soon") == "ring [removed] soon"


@pytest.mark.parametrize("text", ["+444155550100", "+4155550100", "14155550101", "155550100", "1415555010", "00"])
def test_other_numbers_are_not(text: str) -> None:
    assert not _persons().is_phone(text)
    assert _persons().without(f"ring {text}") == f"ring {text}"


@pytest.mark.parametrize(("number", "national"), [("+493012345678", "030 12345678"), ("+3531234567", "01234567")])
def test_a_number_is_also_known_as_its_own_country_writes_it(number: str, national: str) -> None:
    assert _persons(number).is_phone(national)


def test_a_number_without_its_country_is_known_only_as_it_is() -> None:
    persons = _persons("4155550100")
    assert persons.is_phone("(415) 555-0100")
    assert not persons.is_phone("14155550100")


def test_a_number_inside_the_address_of_a_file_is_taken_out() -> None:
    text = "https://files.example/14155550100-20260101.mp3"
    assert _persons().without(text) == "https://files.example/[removed]-20260101.mp3"


def test_a_record_goes_when_a_list_or_an_object_inside_names_the_number_or_the_agent() -> None:
    judge = Judge(persons=_persons(), connection="jc", stream="calls")
    assert judge.cleaned({"_key": "1", "numbers": '["+44123456789", "+14155550100"]'}) is None
    assert judge.cleaned({"_key": "1", "_extra": '{"agent": {"name": "jane doe"}}'}) is None
    assert judge.cleaned({"_key": "1", "agent_id": 7}) is None
    kept = {"_key": "1", "customer_name": "Jane Doe", "line_id": 7, "agent_id": 8}
    assert judge.cleaned(kept) == kept


def test_an_agent_of_one_vendor_is_not_that_of_another() -> None:
    assert Judge(persons=_persons(), connection="other", stream="calls").cleaned({"agent_id": 7}) is not None


@pytest.mark.parametrize(
    ("stream", "column", "is_one"),
    [
        ("calls", "agent_name", True),
        ("calls", "user_email", True),
        ("users", "name", True),
        ("users", "id", True),
        ("contacts", "name", False),
        ("calls", "user_agentless", True),
        ("calls", "contact_name", False),
        ("calls", "id", False),
    ],
)
def test_columns_that_say_whose_record_it_is(stream: str, column: str, is_one: bool) -> None:
    assert is_agent_column(stream, column) is is_one
