"""The store is trimmed by the settings and never of what a tab shows; a copy of it is whole while others write."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from sync import clock
from sync.errors import StoreError
from sync.housekeeping import keep_house
from sync.office import open_office
from sync.store import migrations
from sync.store.backup import back_up
from sync.store.db import open_store
from sync.store.incidents import Incident, open_incident, open_incidents, settle
from sync.store.runs import recent_runs
from tests.world import World, stopped_ahead

KEEP = '[store]\nkeep_records = "{days} days"\nkeep_history = "30 days"\n\n[connection.justcall]'


def _keep_house(world: World, *, config_is_whole: bool = True) -> dict[str, int]:
    with open_office(world.config()) as office:
        return keep_house(office, now=clock.now(), config_is_whole=config_is_whole)


def _n_mirrored(world: World) -> int:
    store = sqlite3.connect(world.folder / "callsheet.db")
    names = [name for (name,) in store.execute("SELECT table_name FROM mirrors")]
    found = sum(store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names)
    store.close()
    return int(found)


def test_records_that_are_too_old_and_shown_nowhere_go_and_the_tab_does_not_change(world: World) -> None:
    world.swaps = {"[connection.justcall]": KEEP.format(days=2)}
    world.more_tab = 'mode = "replace"'
    world.period = "last 20 days"
    world.run()
    before = _n_mirrored(world)
    assert _keep_house(world)["records"] == 0  # the period is longer than the setting
    world.period = "last 3 days"
    world.run()
    shown = world.tab()
    with stopped_ahead(days=1.5):  # what was read a moment ago stays, whatever its age
        n_gone = _keep_house(world)["records"]
    assert _n_mirrored(world) == before - n_gone
    assert 0 < _n_mirrored(world) < before
    world.run(rebuild=True)
    assert world.tab() == shown
    world.assert_tab_equals_vendor()


@pytest.mark.full
def test_rows_that_stay_in_a_tab_after_their_period_keep_their_records(world: World) -> None:
    world.swaps = {"[connection.justcall]": KEEP.format(days=2)}
    world.period = "last 20 days"
    world.run()
    world.period = "last 3 days"
    world.run()
    before, shown = _n_mirrored(world), world.tab()
    with stopped_ahead(days=40):
        assert _keep_house(world)["records"] == 0
    assert _n_mirrored(world) == before
    world.run(rebuild=True)
    assert world.tab() == shown


@pytest.mark.full
def test_a_longer_period_brings_trimmed_records_back(world: World) -> None:
    world.swaps = {"[connection.justcall]": KEEP.format(days=2)}
    world.more_tab = 'mode = "replace"'
    world.period = "last 20 days"
    world.run()
    world.period = "last 3 days"
    world.run()
    with stopped_ahead(days=1.5):
        assert _keep_house(world)["records"] > 0
    world.period = "last 20 days"
    world.run()
    world.assert_tab_equals_vendor()


def test_a_mirror_that_no_sheet_uses_is_trimmed_only_while_the_config_is_whole(world: World) -> None:
    world.swaps = {"[connection.justcall]": KEEP.format(days=2)}
    world.run()
    before = _n_mirrored(world)
    store = sqlite3.connect(world.folder / "callsheet.db")
    with store:
        store.execute("DELETE FROM tabs")
        store.execute("DELETE FROM published_rows")
    store.close()
    world.more_tab = "params = { agent_id = 42 }"
    with stopped_ahead(days=40):
        assert _keep_house(world, config_is_whole=False)["records"] == 0
        assert _keep_house(world)["records"] == before


def test_runs_and_incidents_that_ended_long_ago_go_and_open_ones_stay(world: World) -> None:
    world.swaps = {"[connection.justcall]": KEEP.format(days=400)}
    world.run()
    with open_office(world.config()) as office:
        for name in ("over", "open"):
            words = {"kind": "failure", "sheets": (name,), "message": "It broke.", "hint": "Mend it."}
            open_incident(office.store, Incident(key=name, opened_at=clock.now(), **words))  # type: ignore[arg-type]
        settle(office.store, "over", at=clock.now(), concerns=lambda _: True)
        with stopped_ahead(days=31):
            removed = keep_house(office, now=clock.now())
        assert (removed["runs"], removed["incidents"]) == (1, 1)
        assert recent_runs(office.store) == []
        assert [incident.key for incident in open_incidents(office.store)] == ["open"]


def test_a_copy_made_while_others_write_is_whole_private_and_works(world: World, tmp_path: Path) -> None:
    world.run()
    url = world.config().store_url()
    stop = threading.Event()

    def write() -> None:
        with open_office(world.config()) as office:
            n = 0
            while not stop.is_set():
                n += 1
                words = {"kind": "failure", "sheets": ("s",), "message": "x" * 2000, "hint": ""}
                open_incident(office.store, Incident(key=str(n), opened_at=clock.now(), **words))  # type: ignore[arg-type]

    writer = threading.Thread(target=write)
    writer.start()
    try:
        to = tmp_path / "copy.db"
        assert back_up(url, to) == to.stat().st_size
    finally:
        stop.set()
        writer.join()
    assert os.stat(to).st_mode & 0o077 == 0
    copy = sqlite3.connect(to)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert copy.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    copy.close()
    for name in ("callsheet.db", "callsheet.db-wal", "callsheet.db-shm"):
        (world.folder / name).unlink(missing_ok=True)
    to.rename(world.folder / "callsheet.db")
    world.admin.arrive(3)
    assert world.run().error is None
    world.assert_tab_equals_vendor()


def test_a_copy_is_never_written_over_and_postgresql_is_told_its_own_tool(world: World, tmp_path: Path) -> None:
    world.run()
    there = tmp_path / "there.db"
    there.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        back_up(world.config().store_url(), there)
    assert there.read_text() == "precious"
    with pytest.raises(StoreError) as caught:
        back_up("postgresql+psycopg://me:secret@host/db", tmp_path / "other.db")
    assert "pg_dump" in caught.value.hint
    assert "secret" not in caught.value.hint
    with pytest.raises(StoreError, match="no store"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()


def test_a_store_of_the_first_version_is_brought_up_to_date_with_all_it_holds(world: World) -> None:
    world.run()
    before = world.tab()
    path = world.folder / "callsheet.db"
    now = path.rename(path.with_name("now.db"))
    _make_first_version(path)
    _carry_over(now, path)
    open_store(f"sqlite:///{path}").close()
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)
    assert world.tab() == before


def _make_first_version(path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


def _carry_over(source: Path, to: Path) -> None:
    """Copy what the first version had, and the tables of mirrors."""
    store = sqlite3.connect(to)
    store.execute("ATTACH ? AS now", (str(source),))
    store.execute("PRAGMA foreign_keys=OFF")
    for name, sql in store.execute(
        "SELECT name, sql FROM now.sqlite_master WHERE name LIKE 'm!_%' ESCAPE '!'"
    ).fetchall():
        assert name
        store.execute(sql)
    for (name,) in store.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        if name != "alembic_version" and not name.startswith("sqlite_"):
            columns = ", ".join(f'"{row[1]}"' for row in store.execute(f'PRAGMA main.table_info("{name}")'))
            store.execute(f'INSERT INTO main."{name}" ({columns}) SELECT {columns} FROM now."{name}"')
    store.commit()
    store.close()
