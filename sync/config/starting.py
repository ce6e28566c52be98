"""Makes the short config that `callsheet init` writes, from scratch or with a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.config.problems import did_you_mean, listed, shown
from sync.config.templates import Template, fit_vendors, names, template_named
from sync.errors import ConfigError
from sync.sources.base import Vendor
from sync.sources.registry import VENDORS

_WIDTH = 43  # at which the comments beside options begin
_TOP = """\
# Callsheet: what is kept up to date, and how. `callsheet check` tells every mistake in it;
# docs/config.md and config.example.toml explain every option.

[google]
credentials = "file:service-account.json"  # the JSON key of a service account, beside this file
"""
_SHEET = """
[[sheet]]
name = "{name}"
spreadsheet = "https://docs.google.com/spreadsheets/d/PASTE-YOUR-LINK-HERE/edit"
every = "15m"                              # or cron = "0 7 * * mon-fri"
timezone = "UTC"                           # such as "America/New_York"
"""
_TABLES = """
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "last 30 days"
columns = ["call_id", "started_at", "direction", "from", "to", "agent_name", "status", "duration", "notes"]

[[sheet.summary]]
title = "By agent"
of = "Calls"
group_by = ["agent_name"]
metrics = ["count", "answered_count", "missed_count", "avg_duration"]

[[sheet.summary]]
title = "By day"
of = "Calls"
group_by = ["date"]
metrics = ["count", "answered_count", "missed_count", "unique_callers"]
"""


def make_starting_config(template: str | None = None) -> str:
    """Return a config to start from, its tables spelt out or those of a template.

    Raises:
        ConfigError: there is no such template; it names those there are.

    """
    if template is None:
        sheet = _SHEET.format(name="support-calls")
        return f"{_TOP}\n{_connection('justcall', VENDORS['justcall'], {})}{sheet}{_TABLES}"
    found = template_named(template)
    if found is None:
        hint = " ".join(filter(None, (did_you_mean(template, names()), f"Known: {listed(names())}.")))
        raise ConfigError(f"There is no template {shown(template)}.", hint=hint)
    vendor, chosen = next(_fitting(found))
    sheet = _SHEET.format(name=found.name.replace(" ", "-").casefold())
    return f"{_TOP}\n{_connection(vendor, VENDORS[vendor], chosen)}{sheet}{_use_of(found, vendor)}"


def _fitting(template: Template) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, vendor in VENDORS.items():
        for chosen in vendor.variants or ({},):
            if fit_vendors(template, [vendor.as_written(chosen)]).stream:
                usual = chosen == (vendor.variants or ({},))[0]
                yield name, {} if usual else chosen


def _connection(name: str, vendor: Vendor, chosen: Mapping[str, str]) -> str:
    lines = [f"[connection.{name}]", f'vendor = "{name}"']
    lines += [f'{option} = "{value}"' for option, value in chosen.items()]
    words = "the name of an environment variable, never the key itself"
    for n, (option, value) in enumerate(vendor.options.needed_examples().items()):
        text = value if value != "env:NAME" else f"env:{name.upper()}_{option.upper()}"
        line = f'{option} = "{text}"'
        lines.append(line if n else f"{line:<{_WIDTH - 1}} # {words}")
    return "\n".join(lines) + "\n"


def _use_of(template: Template, connection: str) -> str:
    used = f'template = "{template.name}"'
    title, *others = template.titles()
    without = f'#without = ["{others[-1]}"]\n' if others else ""
    kind = next(kind for kind, tables in template.tables.items() if any(t["title"] == title for t in tables))
    shown = f'connection = "{connection}"'
    several = f"{shown:<{_WIDTH - 1}} # or a list of connections" if template.takes_several else shown
    return f"""\
{used:<{_WIDTH - 1}} # callsheet templates "{template.name}" shows its tabs and columns
{several}
log = "Sync log"                           # a tab that tells what became of each run
{without}
# What you write under a title of the template changes it in that; everything else stays as the template has it:
#[[sheet.{kind}]]
#title = "{title}"
#period = "this month"
"""
