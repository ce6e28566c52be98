"""Turns the names and options of a command into sheets, periods and streams; a wrong one names the nearest known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sync.clock import ALLOWED_PERIODS, Period
from sync.errors import ConfigError

if TYPE_CHECKING:
    from sync.config.load import Config
    from sync.config.sheet import Sheet


def unknown(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Make the error for a name that does not exist, with the nearest known one."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    nearest = f'Did you mean "{near[0]}"? ' if near else ""
    return ConfigError(f'There is no {kind} "{name}".', hint=f"{nearest}Known: {', '.join(names) or 'none'}.")


def named_sheets(config: Config, names: Sequence[str]) -> list[Sheet]:
    """Return the sheets of these names in their order; every enabled sheet when no name is given."""
    if not names:
        return [sheet for sheet in config.sheets if sheet.enabled]
    by_name = {sheet.name: sheet for sheet in config.sheets}
    for name in names:
        if name not in by_name:
            raise unknown("sheet", name, by_name)
    return [by_name[name] for name in dict.fromkeys(names)]


def sheets_to_run(config: Config, names: Sequence[str], *, every_sheet: bool) -> list[Sheet]:
    """Return the sheets to run; writing to several spreadsheets needs their names or --all."""
    if names and every_sheet:
        raise ConfigError("Both names of sheets and --all were given.", hint="Give one of the two.")
    if names or every_sheet or len(config.sheets) == 1:
        return named_sheets(config, names) if names or every_sheet else list(config.sheets)
    known = ", ".join(sheet.name for sheet in config.sheets) or "none, the config has no [[sheet]]"
    raise ConfigError("No sheet was named.", hint=f"Name the sheets to run, or give --all. Known: {known}.")


def to_period(text: str | None) -> Period | None:
    """Read --period."""
    if text is None:
        return None
    try:
        return Period.parse(text)
    except ValueError as error:
        raise ConfigError(f'--period: "{text}" is not a period.', hint=f"Allowed: {ALLOWED_PERIODS}.") from error
