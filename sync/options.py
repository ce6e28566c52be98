"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync import log

DEFAULT_CONFIG = Path("config.toml")


def _set_verbose(verbose: bool) -> bool:
    log.setup("debug" if verbose else "warning")
    return verbose


ConfigFile = Annotated[Path, typer.Option("--config", envvar="CALLSHEET_CONFIG", help="The config file.")]
NoConfig = Annotated[Path, typer.Option("--config", help="Accepted as everywhere; not read here.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", callback=_set_verbose, help="Show debug lines and traces.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME", help="Sheets by name; without a name, every enabled one.")
]
