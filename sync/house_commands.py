"""The commands for keeping house: forget a person, copy the store, try the addresses for alerts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sync import screen
from sync.choice import load_good_part
from sync.errors import ConfigError
from sync.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from sync.report import exit_code_of, highest_code, to_json
from sync.signals import stop_on_signals


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("forget")(_forget)
    app.command("backup")(_backup)
    app.command("test-alerts")(_test_alerts)


def _forget(
    *,
    phone: Annotated[list[str] | None, typer.Option("--phone", help="A number, with + and the country.")] = None,
    agent: Annotated[list[str] | None, typer.Option("--agent", help="An agent's id, name or address.")] = None,
    connection: Annotated[str | None, typer.Option("--connection", help="Where the agent is known.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count and look; remove nothing.")] = False,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Remove a person from the mirror and every tab for good, and list the cells that people typed."""
    from sync.forget import forget, forgotten_json, forgotten_lines
    from sync.progress import open_display
    from sync.run import open_office

    settings, broken = load_good_part(config)
    with stop_on_signals() as stop, open_office(settings) as office:
        done = forget(
            office,
            phones=phone or (),
            agents=agent or (),
            connection=connection,
            dry=dry_run,
            stop=stop,
            display=partial(open_display, screen.err.console),
        )
    if as_json:
        screen.say_json(forgotten_json(done, lambda reports: to_json(list(reports))["runs"]))
    else:
        screen.say(forgotten_lines(done, dry=dry_run))
    if broken:
        raise broken
    raise typer.Exit(highest_code([exit_code_of(done.reports), *(error.exit_code for error in done.errors)]))


def _backup(
    to: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Copy the store into one file, whole, also while the daemon runs."""
    from sync.store.backup import back_up

    settings, _ = load_good_part(config)
    n_bytes = back_up(settings.store_url(), to)
    screen.say([f"Copied the store to {to}: {n_bytes:,} bytes. It holds people's numbers; keep it as private."])


def _test_alerts(*, config: ConfigFile = DEFAULT_CONFIG, verbose: Verbose = False) -> None:
    """Send a test to every address for alerts."""
    from sync.notify import try_alerts

    settings, _ = load_good_part(config)
    taken = try_alerts(settings)
    if not taken:
        raise ConfigError("The config has no address for alerts.", hint="Add urls to [alerts].")
    screen.say([f"{reference}: taken" for reference in taken])
