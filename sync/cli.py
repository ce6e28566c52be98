"""The commands, each a few lines. Errors become words and exit codes here, and nowhere else.

What takes long to load is imported by the command that needs it, so that `status` and the like answer at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sync import clock, house_commands, log, look_commands, screen
from sync.choice import load_good_part, sheets_to_run, sound_sheets, to_period
from sync.config.kept import open_effective
from sync.config.load import problems_error
from sync.config.problems import format_problem
from sync.errors import ConfigError, StopRequested, SyncError
from sync.history import (
    goes_on_lines,
    open_history,
    requests_of_last_run,
)
from sync.office import Office, open_office
from sync.options import DEFAULT_CONFIG, ConfigFile, Json, Names, NoConfig, Verbose
from sync.report import ErrorReport, RunReport, error_lines, exit_code_of, highest_code, run_lines, to_json
from sync.request import RunRequest, Trigger
from sync.signals import leave_anyway, stop_on_signals
from sync.timetable import quota_lines as quota_forecast
from sync.timetable import schedule_words

if TYPE_CHECKING:
    from sync.check import CheckLine
    from sync.plan import SheetPlan

EXIT_UNKNOWN = 1
GIVES_WAY = 10  # niceness of the daemon: on a busy machine, what a person asks for is answered first
GONE_WITHIN = timedelta(seconds=9)  # after a signal to the daemon; service managers kill at ten


class Doors(TyperGroup):
    """Every command: what goes wrong inside becomes a message, a hint and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SyncError as error:
            raise _leave(error, error_lines(error), error.exit_code) from error
        except (StopRequested, KeyboardInterrupt) as error:
            raise _leave(error, ["stopped; the next run goes on from here"], StopRequested.exit_code) from error


def _leave(error: BaseException, lines: list[str], code: int) -> typer.Exit:
    log.get("cli").debug("command left", action="command-left", exc_info=error)
    screen.say(lines, screen.err)
    return typer.Exit(code)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        screen.say([f"callsheet {metadata.version('callsheet')}"])
        raise typer.Exit


app = typer.Typer(
    cls=Doors,
    help="Keeps Google Sheets up to date with call-centre data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
NamesToRun = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Sheets by name, disabled ones too.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")]
StateFile = Annotated[
    Path | None,
    typer.Option("--state", help="The file in which spreadsheets are kept: read at the start, written at the end."),
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Compare every row, not only what changed, and repair.")]
Adopt = Annotated[
    bool, typer.Option("--adopt", help="Take over tabs that people kept by hand; no row of theirs is lost.")
]
PeriodText = Annotated[str | None, typer.Option("--period", help='Another period, such as "yesterday", for every tab.')]


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; an error that nobody foresaw is told as such, with its trace under -v."""
    try:
        app(prog_name="callsheet")
    except Exception as error:
        log.get("cli").debug("unforeseen", action="unforeseen-error", exc_info=error)
        lines = [
            f"Something failed that was not foreseen: {type(error).__name__}: {error}",
            "hint: Run it again with -v to see where.",
        ]
        screen.say(lines, screen.err)
        sys.exit(EXIT_UNKNOWN)


@app.command("demo")
def demo(*, port: Port = 0, config: NoConfig = DEFAULT_CONFIG, verbose: Verbose = False) -> None:
    """Run the main job against the sandbox, without any account, and show where to look."""
    from sync.demo import run_demo
    from sync.sandbox.server import SandboxServer

    with stop_on_signals() as stop, _listening(port), SandboxServer(port=port) as sandbox:
        done = run_demo(sandbox.url, holdings=sandbox.holdings, stop=stop)
        if screen.out.is_terminal:
            screen.say(["", "The pages stay until you press Ctrl-C."])
            stop.wait()
    raise typer.Exit(exit_code_of(done.reports))


@contextmanager
def _listening(port: int) -> Iterator[None]:
    """Say so when the port is taken, or not for this user."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        words = os.strerror(error.errno)
        hint = "Name another one with --port, or 0 for any that is free."
        raise ConfigError(f"The port {port} of this machine cannot be used: {words}.", hint=hint) from error


@app.command("init")
def init(
    *,
    template: Annotated[str | None, typer.Option("--template", help="Start from this ready-made sheet.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Write a commented config file to start from."""
    from sync.config.starting import make_starting_config

    if config.exists() and not force:
        raise ConfigError(f"{config} exists already.", hint="Name another file with --config, or give --force.")
    config.write_text(make_starting_config(template))
    screen.say([f"Wrote {config}. Edit it, then run: callsheet check --config {config}"])


@app.command("check")
def check(names: Names = None, *, config: ConfigFile = DEFAULT_CONFIG, verbose: Verbose = False) -> None:
    """Check config, credentials, access, streams and schedules; change nothing."""
    from sync.check import check_sheet

    with open_effective(config) as (_, effective):
        screen.say(goes_on_lines(effective.broken))
    settings, broken = effective.config, {one.name for one in effective.broken}
    problems = problems_error(effective.problems) if effective.problems else None
    if problems and "" in broken:
        raise problems
    sheets = sound_sheets(settings, names or (), problems, broken=broken)
    _tell_of(problems)
    screen.say(line for warning in settings.warnings for line in (*format_problem(warning).splitlines(), ""))
    lines: list[CheckLine] = []
    with open_office(settings) as office:
        for sheet in sheets:
            found = check_sheet(office, sheet)
            screen.show_check(sheet.name, found, schedule_words(sheet.schedule, clock.now()))
            lines += found
    if not settings.sheets:
        screen.say([f"{config} has no [[sheet]]: nothing will run."])
    with open_history(settings) as store:
        costs = {sheet.name: requests_of_last_run(store, sheet.name) for sheet in settings.sheets}
    screen.say(quota_forecast(settings, costs, clock.now()))
    raise typer.Exit(highest_code([*(line.exit_code for line in lines), *_code_of(problems, names)]))


@app.command("plan")
def plan(
    names: Names = None,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Estimate without asking vendor or Google.")] = False,
    period: PeriodText = None,
    rebuild: Rebuild = False,
    adopt: Adopt = False,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Show what a run would do; the mirror is refreshed, the spreadsheet is only read."""
    from sync.plan import plan_json
    from sync.progress import open_display
    from sync.run import plan_sheet

    settings, problems = load_good_part(config)
    sheets = sound_sheets(settings, names or (), problems)
    _tell_of(problems)
    at, person = clock.now(), Trigger.PERSON
    request = RunRequest(trigger=person, requested_at=at, period=to_period(period), rebuild=rebuild, adopt=adopt)
    plans: list[SheetPlan] = []
    with stop_on_signals() as stop, open_office(settings) as office:
        for sheet in sheets:
            with open_display(screen.err.console, sheet.name) as progress:
                plans.append(plan_sheet(office, sheet, request, offline=offline, progress=progress, stop=stop))
            if not as_json:
                screen.show_plan(sheet.name, plans[-1])
    if as_json:
        screen.say_json({"plans": [plan_json(s.name, p) for s, p in zip(sheets, plans, strict=True)]})
    codes = [plan.error.exit_code for plan in plans if plan.error]
    raise typer.Exit(highest_code([*codes, *_code_of(problems, names)]))


@app.command("run-now")
def run_now(
    names: NamesToRun = None,
    *,
    every_sheet: Annotated[bool, typer.Option("--all", help="Run every enabled sheet.")] = False,
    period: PeriodText = None,
    rebuild: Rebuild = False,
    adopt: Adopt = False,
    take_header: Annotated[bool, typer.Option("--take-header", help="Put missing or doubled columns right.")] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Believe a vendor that returns nothing.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Run here and show the result, or leave it to the daemon.")
    ] = True,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_CONFIG,
    verbose: Verbose = False,
) -> None:
    """Run sheets at once, whether or not the daemon is up."""
    from sync.by_hand import leave_all_to_daemon, run_all

    with _told(as_json=as_json) as reports:
        settings, broken = load_good_part(config)
        sheets = sheets_to_run(settings, names or (), every_sheet=every_sheet, broken=broken)
        request = RunRequest(
            trigger=Trigger.PERSON,
            requested_at=clock.now(),
            period=to_period(period),
            rebuild=rebuild,
            take_header=take_header,
            allow_empty=allow_empty,
            adopt=adopt,
        )
        if not wait:
            leave_all_to_daemon(settings, sheets, request)
        for report in run_all(settings, sheets if wait else [], request):
            reports.append(report)
            screen.say(run_lines(report) if not as_json else [])
        if broken and every_sheet:
            raise broken
    _tell_of(broken)
    raise typer.Exit(exit_code_of(reports))


@contextmanager
def _told(*, as_json: bool) -> Iterator[list[RunReport]]:
    """Collect reports, and print them as the one JSON object whatever ends the block."""
    reports: list[RunReport] = []
    error: ErrorReport | None = None
    try:
        yield reports
    except SyncError as failure:
        error = ErrorReport.of(failure)
        raise
    finally:
        if as_json:
            screen.say_json(to_json(reports, error))


def _tell_of(broken: ConfigError | None) -> None:
    """Tell of the sheets that are left out while the good ones go on."""
    if broken:
        screen.say(error_lines(broken), screen.err)


def _code_of(problems: ConfigError | None, names: list[str] | None) -> list[int]:
    """Return the exit code for mistakes of the config; to who named sound sheets, those of others are only told."""
    return [problems.exit_code] if problems and not names else []


@app.command("serve")
def serve(*, config: ConfigFile = DEFAULT_CONFIG, verbose: Verbose = False) -> None:
    """Run every enabled sheet at its times until stopped."""
    with suppress(OSError):
        os.nice(GIVES_WAY)
    with stop_on_signals(quietly=True) as stop:
        leave_anyway(after=GONE_WITHIN, code=0)
        from sync.service import run_service
        from sync.watch import set_up_log

        with open_effective(config) as (store, effective):
            set_up = partial(set_up_log, verbose=verbose, is_terminal=screen.err.is_terminal)
            set_up(effective.config)
            run_service(config, Office(effective.config, store), effective, stop, set_up_log=set_up)


look_commands.register(app)


@app.command("sandbox")
def sandbox(
    *, port: Port = 8300, state: StateFile = None, config: NoConfig = DEFAULT_CONFIG, verbose: Verbose = False
) -> None:
    """Run the local stand-ins for Google and the vendors alone, on a port of this machine."""
    from sync.sandbox.server import VENDORS, SandboxOptions, serve

    vendors = {desk.title: desk.name for desk in VENDORS}
    with _listening(port), _keeping(state):
        serve(
            port,
            options=SandboxOptions(state=state),
            announce=lambda url: screen.show_sandbox(url, vendors, kept_in=state),
        )


@contextmanager
def _keeping(state: Path | None) -> Iterator[None]:
    """Say so when the spreadsheets cannot be read from their file, before anything of it is written."""
    if state is not None and not state.absolute().parent.is_dir():
        raise ConfigError(f"There is no folder {state.absolute().parent} for {state.name}.", hint="Make it first.")
    from sync.sandbox.server import BadState

    try:
        yield
    except BadState as error:
        hint = "Name a file that an earlier sandbox wrote, or one that does not exist yet."
        raise ConfigError(f"{state} cannot be opened: {error}.", hint=hint) from error


@app.command("schema")
def schema(*, config: NoConfig = DEFAULT_CONFIG, verbose: Verbose = False) -> None:
    """Print the JSON Schema of the config, for editors."""
    from sync.config.example import make_schema

    typer.echo(make_schema(), nl=False)


house_commands.register(app)
