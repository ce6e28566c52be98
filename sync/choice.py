"""Turns the names and options of a command into sheets and periods; a wrong one names the nearest known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from sync.clock import ALLOWED_PERIODS, Period
from sync.config.kept import judge
from sync.config.load import Config, load_config, read_config
from sync.config.problems import did_you_mean, listed, shown
from sync.config.sheet import Sheet
from sync.errors import ConfigError
from sync.store.db import Store


def load_good_part(path: Path) -> tuple[Config, ConfigError | None]:
    """Return the config with its good sheets, and the error that tells of the others; raise where nothing can start."""
    try:
        return load_config(path), None
    except ConfigError as error:
        config = read_config(path).config
        if config is None:
            raise
        return config, error


def refuse_broken(path: Path, store: Store, sheets: Sequence[Sheet]) -> None:
    """Raise ConfigError for a sheet that a daemon would not run as it is written now."""
    names = {sheet.name for sheet in sheets}
    problems = [p for one in judge(path, store, read_config(path)).broken if one.name in names for p in one.problems]
    if problems:
        raise ConfigError("The config of a sheet to run has problems.", problems=problems)


def unknown(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Make the error for a name that does not exist, with the nearest known one."""
    names = sorted(known)
    hint = " ".join(filter(None, (did_you_mean(name, names), f"Known: {listed(names) or 'none'}.")))
    return ConfigError(f"There is no {kind} {shown(name)}.", hint=hint)


def named_sheets(config: Config, names: Sequence[str]) -> list[Sheet]:
    """Return the sheets of these names in their order; every enabled sheet when no name is given."""
    if not names:
        return [sheet for sheet in config.sheets if sheet.enabled]
    found = [config.sheet_named(name) for name in names]
    return list({sheet.name: sheet for sheet in found}.values())


def sound_sheets(
    config: Config, names: Sequence[str], problems: ConfigError | None, *, broken: Collection[str] = ()
) -> list[Sheet]:
    """Return the sheets of these names, or every enabled one, without those in `broken`; naming one is an error."""
    try:
        sheets = named_sheets(config, names)
    except ConfigError as error:
        raise problems or error from error
    if problems and names and any(sheet.name in broken for sheet in sheets):
        raise problems
    return [sheet for sheet in sheets if sheet.name not in broken]


def sheets_to_run(
    config: Config, names: Sequence[str], *, every_sheet: bool, broken: ConfigError | None = None
) -> list[Sheet]:
    """Return the sheets to run; to write to several spreadsheets takes their names or --all.

    A sheet that cannot be found among the good ones may be one that `broken` tells of.
    """
    if names and every_sheet:
        raise ConfigError("Both names of sheets and --all were given.", hint="Give one of the two.")
    if not names and not every_sheet and len(config.sheets) != 1:
        known = listed(sheet.name for sheet in config.sheets) or "none, the config has no [[sheet]]"
        raise broken or ConfigError(
            "No sheet was named.", hint=f"Name the sheets to run, or give --all. Known: {known}."
        )
    try:
        return named_sheets(config, names) if names or every_sheet else list(config.sheets)
    except ConfigError as error:
        raise broken or error from error


def to_period(text: str | None) -> Period | None:
    """Read --period."""
    if text is None:
        return None
    try:
        return Period.parse(text)
    except ValueError as error:
        raise ConfigError(f'--period: "{text}" is not a period.', hint=f"Allowed: {ALLOWED_PERIODS}.") from error
