"""The commands that only look: how sheets stand, what ran, what can be pulled."""

from __future__ import annotations

from typing import Annotated

import typer

from sync import clock, screen
from sync.choice import named_sheets, unknown
from sync.config.kept import Effective, open_effective
from sync.config.load import load_config, problems_error
from sync.errors import ConfigError
from sync.history import due_json, goes_on_lines, left_out_of, run_json, runs_of, standings_of
from sync.office import Office, open_office
from sync.options import DEFAULT_CONFIG, ConfigFile, Json, Names, NoConfig, Verbose
from sync.overview import headline, incident_lines, overview_json, quota_lines
from sync.report import error_lines
from sync.signals import stop_on_signals
from sync.store.runs import mark_interrupted


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("status")(_status)
    app.command("history")(_history)
    app.command("streams")(_streams)
    app.command("templates")(_templates)


def _tell_problems(effective: Effective) -> None:
    """Tell what is wrong with the config as it is saved, whatever goes on in its place."""
    if effective.problems:
        screen.say(error_lines(problems_error(effective.problems)), screen.err)


def _status(
    names: Names = None, *, as_json: Json = False, config: ConfigFile = DEFAULT_CONFIG, verbose: Verbose = False
) -> None:
    """Show how each sheet stands: last good run, rows, next run, and why it failed."""
    with open_effective(config) as (store, effective):
        mark_interrupted(store)
        chosen = named_sheets(effective.config, names) if names else None
        office, now = Office(effective.config, store), clock.now()
        sheets = effective.config.sheets if chosen is None else chosen
        standings = standings_of(store, sheets, effective.broken, now)
        overview = overview_json(office, standings, now=now, is_all=chosen is None)
    _tell_problems(effective)
    if as_json:
        screen.say_json(overview)
    else:
        screen.show_standings(standings)
        whole = goes_on_lines(one for one in effective.broken if not one.name)
        screen.say(["", *whole, headline(overview), *quota_lines(overview), *incident_lines(overview)])


def _history(
    names: Names = None,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many runs of each sheet.")] = 20,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Show the latest runs, latest first."""
    with open_effective(config) as (store, effective):
        mark_interrupted(store)
        chosen = [sheet.name for sheet in named_sheets(effective.config, names)] if names else None
        runs = runs_of(store, chosen, limit=limit)
        left_out = left_out_of(store, chosen, limit=limit)
    _tell_problems(effective)
    if as_json:
        screen.say_json({"runs": [run_json(run) for run in runs], "not_run": [due_json(due) for due in left_out]})
    else:
        screen.show_history(runs, left_out)


def _streams(
    connection: Annotated[str | None, typer.Argument(help="A connection of the config, or a vendor.")] = None,
    stream: Annotated[str | None, typer.Argument(help="One of its streams.")] = None,
    *,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Pull this many records and show them.")] = 0,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Show what can be pulled: streams, columns and types, key, params, limits, what the vendor remembers."""
    from sync.catalogue import chosen_shelves, connection_to_ask, pull_sample

    if sample and not stream:
        raise ConfigError("--sample needs to know of what.", hint="Name a connection and a stream before it.")
    for shelf in chosen_shelves(config, connection, stream):
        if stream is None:
            screen.show_streams(shelf)
        else:
            screen.show_stream(shelf, shelf.specs[0])
    if sample and connection and stream:
        settings = load_config(config)
        asked = connection_to_ask(settings, connection)
        with stop_on_signals() as stop, open_office(settings) as office:
            screen.show_sample(pull_sample(office, asked, stream, n=sample, stop=stop))


def _templates(
    name: Annotated[str | None, typer.Argument(help="One of them, to see its tabs and columns.")] = None,
    *,
    config: NoConfig = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """List the ready-made sheets, or show what one is made of."""
    from sync.config.templates import names, template_named, templates
    from sync.template_words import list_lines, template_lines

    if name is None:
        screen.say(list_lines(templates().values()))
    elif (found := template_named(name)) is None:
        raise unknown("template", name, names())
    else:
        screen.say(template_lines(found))
