"""The mirror of all calls, on either store: taken over by versions, looked up by the ends of numbers."""

from __future__ import annotations

from sync.gathering import gather
from sync.shape.all_calls import Origin
from sync.store.db import Store
from sync.store.mirror import open_mirror
from tests.property.test_gathering import SPECS, START, content_of, record_of, target_in


def test_a_call_whose_number_is_corrected_does_not_return_the_calls_of_the_old_number(store: Store) -> None:
    mirror = open_mirror(store, connection="corrected", spec=SPECS["justcall"], params={})
    target = target_in(store, "of the corrected")
    parts = [(Origin(vendor="justcall", connection="corrected", spec=SPECS["justcall"]), mirror)]
    for number in ("+14155550100", "+14155550199"):
        missed, answered = (1, "+14155550100", False, "missed"), (2, number, True, "completed")
        mirror.upsert([record_of("justcall", told)[1] for told in (missed, answered)], seen_at=START)
        gather(target, parts)
        calls = {row[1]: row for row in content_of(target)}
        assert calls["c1"][-3] is (number == "+14155550100")
