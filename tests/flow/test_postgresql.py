"""The same run with its store in PostgreSQL."""

from __future__ import annotations

import pytest

from sync.report import Outcome
from tests.store_fixtures import NO_POSTGRESQL, new_database, postgresql_server
from tests.world import World


def test_a_store_in_postgresql_brings_the_same_tabs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgresql_server() as server:
        if server is None:
            pytest.skip(NO_POSTGRESQL)
        with new_database(server) as url:
            monkeypatch.setenv("STORE_URL", url)
            world.swaps = {"[connection.justcall]": '[store]\nurl = "env:STORE_URL"\n\n[connection.justcall]'}
            assert world.run().outcome is Outcome.OK
            world.assert_tab_equals_vendor()
            world.admin.edit_calls(10)
            world.admin.arrive(5)
            report = world.run()
            assert (world.n_requests("read"), world.n_requests("write")) == (2, 2)
            assert report.tabs[0].added == 5
            world.assert_tab_equals_vendor()
            assert world.run().outcome is Outcome.UNCHANGED
