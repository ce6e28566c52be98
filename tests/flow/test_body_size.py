"""Bodies become smaller where Google cannot take them, and larger again where it can; answers come compressed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sync.body_size import BodySize
from sync.office import open_office
from tests.world import World


def sizes(world: World) -> list[int]:
    """Bytes of every body with values that Google carried out."""
    log = world.admin.log(service="google", kind="write")
    return [entry["n_bytes"] for entry in log if entry["status"] == 200]


def kept_size(world: World) -> int:
    """The size that the next run begins with."""
    with open_office(world.config()) as office:
        return BodySize(office.store, world.spreadsheet, world.max_bytes).bytes


TROUBLE: dict[str, dict[str, Any]] = {
    "413": {"do": "refuse", "status": 413},
    "503": {"do": "refuse", "status": 503},
    "a cut after it was carried out": {"do": "cut_after"},
}


@pytest.mark.parametrize(
    "trouble", ["413", *(pytest.param(name, marks=pytest.mark.full) for name in TROUBLE if name != "413")]
)
def test_a_body_that_was_too_much_makes_the_next_ones_smaller_until_runs_go_well_again(
    world: World, trouble: str
) -> None:
    world.max_bytes = 200_000
    world.admin.fault(service="google", kind="write", nth=1, times=2, **TROUBLE[trouble])
    assert world.run().error is None
    world.admin.clear_faults()
    world.assert_tab_equals_vendor()
    seen = [kept_size(world)]
    assert seen[0] <= 100_000
    for _ in range(4):
        world.admin.edit_calls(30)
        assert world.run().error is None
        assert max(sizes(world)) <= seen[-1]
        seen.append(kept_size(world))
    assert seen == sorted(seen)
    assert seen[-1] == world.max_bytes
    world.assert_tab_equals_vendor()


def test_answers_of_google_come_compressed(world: World) -> None:
    world.run()
    world.admin.clear_log()
    world.run(rebuild=True)
    read = next(e for e in world.admin.log(service="google", kind="read") if "batchGetByDataFilter" in e["path"])
    assert read["n_bytes_out"] < len(orjson.dumps(world.tab())) / 2
