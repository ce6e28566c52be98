"""What fits together inside a sheet and between sheets: names, titles, streams, fields, params, schedules.

Works on the places of the files, not on models, so that one misspelt option does not hide the next mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from sync import clock
from sync.config import forms
from sync.config.look_rules import check_column_looks, check_tab_highlights, find_unmasked
from sync.config.problems import Place, did_you_mean, listed, nearest_name, shown, unknown_name
from sync.config.schedule import Cron, RunBetween, Schedule, never_fires
from sync.errors import Problem
from sync.records import Param, Per, StreamKind, StreamSpec
from sync.shape.all_calls import ALL_CALLS, call_stream, make_spec
from sync.shape.conditions import find_mistake
from sync.shape.formats import title_without_unit
from sync.sources.base import Vendor

_RESERVED_TITLE = "Removed rows"  # where rows that leave are kept
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # whether a schedule ever fires does not depend on today
_CLOSE = 0.8  # nearer than this to a declared field, an undeclared one is taken for a misspelling


@dataclass(frozen=True, slots=True)
class Known:
    """The connections by name, each with its vendor (None: unknown); incomplete when a file could not be read."""

    vendors: Mapping[str, Vendor | None]
    complete: bool = True


def check_sheet(sheet: Place, known: Known) -> Iterator[Problem]:
    """Yield what does not fit inside one sheet."""
    yield from _check_schedule(sheet)
    tabs = sheet.tables("tab")
    has_tables = sheet.at("tab").value or sheet.at("summary").value
    if not tabs and not has_tables and sheet.at("template").value is None:
        yield sheet.problem("The sheet has no tab", hint="Add a [[sheet.tab]] below it.")
    for tab in tabs:
        yield from check_tab(tab, known)
    titles = [place.at("title") for place in [*tabs, *sheet.tables("summary")]]
    for place in [*titles, sheet.at("log")]:
        title = place.value
        if isinstance(title, str) and (title.strip() != title or not title.strip()):
            yield place.problem("The title begins or ends with a space", received=shown(title))


def _check_schedule(sheet: Place) -> Iterator[Problem]:
    if sheet.at("every").value is not None and sheet.at("cron").value is not None:
        yield sheet.at("cron").problem("A sheet has either every or cron, not both", hint="Remove one of them.")
        return
    try:
        schedule = _read_schedule(sheet)
    except ValueError:
        return  # told where the forms are checked
    if never_fires(schedule, _SOME_DAY):
        name = "cron" if schedule.cron else "every"
        hours = f" inside run_between {schedule.run_between}" if schedule.run_between else ""
        yield sheet.at(name).problem(f"The sheet would never run{hours}", received=shown(sheet.at(name).value))


def _read_schedule(sheet: Place) -> Schedule:
    every, cron, hours = sheet.text("every"), sheet.text("cron"), sheet.text("run_between")
    return Schedule(
        zone=clock.zone(sheet.text("timezone") or "UTC"),
        every=clock.parse_duration(every) if every else None,
        cron=Cron.parse(cron) if cron else None,
        run_between=RunBetween.parse(hours) if hours else None,
    )


def check_tab(tab: Place, known: Known) -> Iterator[Problem]:
    """Yield what does not fit in one data tab: its connection, stream, params, columns and conditions."""
    yield from _check_connections(tab, known)
    vendor, spec = vendor_of(tab, known), spec_of(tab, known)
    if spec is None:
        if vendor is not None:
            yield from _check_stream_name(tab, vendor)
        return
    yield from _check_params(tab, vendor, spec)
    yield from _check_per(tab, spec)
    yield from _check_columns(tab, spec)
    yield from check_column_looks(tab, spec)
    yield from check_tab_highlights(tab, spec)
    yield from check_conditions(tab, spec)


def connections_of(tab: Place) -> list[tuple[Place, str]]:
    """Return the connections that a tab names, one or a list of them, each with its place."""
    place = tab.at("connection")
    if isinstance(place.value, list):
        return [(place.at(n), name) for n, name in enumerate(place.value) if isinstance(name, str)]
    return [(place, place.value)] if isinstance(place.value, str) else []


def _check_connections(tab: Place, known: Known) -> Iterator[Problem]:
    named = connections_of(tab)
    yield from check_twice(named, "connection")
    for place, name in named:
        # It may be declared in a file that could not be read; then only a near miss is told.
        may_exist = not known.complete and nearest_name(name, known.vendors) is None
        vendor = known.vendors.get(name)
        if name not in known.vendors and not may_exist:
            yield unknown_name(place, "connection", name, list(known.vendors))
        elif vendor is not None and tab.text("stream") == ALL_CALLS and call_stream(vendor.specs.values()) is None:
            yield place.problem(f"{vendor.title} has no stream of calls here", received=shown(name))
    stream = tab.text("stream")
    if len(named) > 1 and stream is not None and stream != ALL_CALLS:
        yield tab.at("stream").problem(
            "Only calls can be gathered from several connections", received=shown(stream), allowed=shown(ALL_CALLS)
        )


def vendor_of(tab: Place, known: Known) -> Vendor | None:
    """Return the vendor of a tab's connection, if both are known and there is one."""
    names = [name for _, name in connections_of(tab)]
    return known.vendors.get(names[0]) if len(names) == 1 and tab.text("stream") != ALL_CALLS else None


def _gathered_spec(tab: Place, known: Known) -> StreamSpec | None:
    vendors = [known.vendors.get(name) for _, name in connections_of(tab)]
    streams = [call_stream(vendor.specs.values()) if vendor else None for vendor in vendors]
    found = [stream for stream in streams if stream is not None]
    return make_spec(found) if found and len(found) == len(streams) else None


def spec_of(tab: Place, known: Known) -> StreamSpec | None:
    """Return the stream that a tab shows, as it is with the tab's params, if it is known."""
    if tab.text("stream") == ALL_CALLS:
        return _gathered_spec(tab, known)
    vendor, params = vendor_of(tab, known), tab.at("params").value
    if vendor is None or tab.text("stream") not in vendor.specs:
        return None
    return vendor.spec_for(tab.text("stream") or "", params if isinstance(params, dict) else {})


def _check_stream_name(tab: Place, vendor: Vendor) -> Iterator[Problem]:
    stream = tab.text("stream")
    if stream is None:
        return
    if chosen := vendor.options_with(stream):
        wanted = " and ".join(f'{name} = "{value}"' for name, value in chosen.items())
        yield tab.at("stream").problem(
            f'The stream "{stream}" of {vendor.title} is there with other options',
            received=shown(stream),
            hint=f"Set {wanted} in [connection.{tab.text('connection')}]. Without: {listed(vendor.specs)}.",
        )
    else:
        yield unknown_name(tab.at("stream"), f"stream of {vendor.title}", stream, [*vendor.specs, ALL_CALLS])


def _check_params(tab: Place, vendor: Vendor | None, spec: StreamSpec) -> Iterator[Problem]:
    """Ask the vendor about the params, and tell each mistake at its own line."""
    value = tab.at("params").value
    params = value if isinstance(value, dict) else {}
    declared = {p.name: p for p in spec.params}
    for name in params:
        if name not in declared:
            yield unknown_name(tab.at("params", name), f'param of the stream "{spec.name}"', name, list(declared))
    if vendor is None or (value is not None and not isinstance(value, dict)):
        return  # all calls take none; or it is told where the forms are checked
    for mistake in vendor.find_mistakes(spec, {name: params[name] for name in params if name in declared}):
        name = mistake.split()[0]
        if name not in params:
            param = declared.get(name)
            what = f'The stream "{spec.name}" needs a param that is not there'
            allowed = listed(param.allowed) if param else ""
            yield tab.at("params").problem(what, received=name, allowed=allowed, hint=_example_of(param))
            continue
        _, _, allowed = mistake.partition("allowed")
        allowed = re.sub(r"^(:| is| are)\s*", "", allowed)
        place, hint = tab.at("params", name), _meant(declared[name], params[name])
        yield place.problem(
            "The vendor does not take this value", received=shown(params[name]), allowed=allowed, hint=hint
        )


def _example_of(param: Param | None) -> str:
    return f"For example: params = {{ {param.name} = {shown(param.example)} }}." if param and param.example else ""


def _meant(param: Param, value: Any) -> str:
    """Offer the nearest allowed word for the first that is not."""
    wrong = [str(v) for v in (value if isinstance(value, list) else [value]) if str(v) not in param.allowed]
    return did_you_mean(wrong[0], param.allowed) if wrong and param.allowed else ""


def _check_per(tab: Place, spec: StreamSpec) -> Iterator[Problem]:
    """An aggregate is asked by certain periods only, and nothing else is asked by periods at all."""
    per = tab.at("per")
    if isinstance(per.value, str) and not spec.per:
        yield per.problem(
            f'The stream "{spec.name}" holds single records, not sums of a period',
            received=shown(per.value),
            hint="Remove the option.",
        )
    elif isinstance(per.value, str) and per.value in get_args(Per) and per.value not in spec.per:
        yield per.problem(
            f'The stream "{spec.name}" cannot be asked by this period',
            received=shown(per.value),
            allowed=listed(map(shown, spec.per)),
        )


def chosen_names(place: Place, name: str, key: str) -> list[tuple[Place, str]]:
    """Return the bare names, or those under `key` of tables, of a list, each with its place."""
    items = place.at(name).value
    chosen = []
    for n, item in enumerate(items if isinstance(items, list) else ()):
        value = item.get(key) if isinstance(item, dict) else item
        if isinstance(value, str):
            chosen.append((place.at(name, n), value))
    return chosen


def check_twice(chosen: Iterable[tuple[Place, str]], kind: str) -> Iterator[Problem]:
    """Yield a problem for every name that a list holds more than once."""
    seen: set[str] = set()
    for place, name in chosen:
        if name in seen:
            yield place.problem(f"The {kind} is listed twice", received=shown(name))
        seen.add(name)


def _check_columns(tab: Place, spec: StreamSpec) -> Iterator[Problem]:
    chosen = chosen_names(tab, "columns", "field")
    if not chosen:
        return
    names = [f.name for f in spec.fields]
    for place, name in chosen:
        near = nearest_name(name, names, closeness=_CLOSE) if name not in names else None
        if near and not _is_undeclared(place):
            yield place.problem(
                f'The stream "{spec.name}" has no field of this name',
                received=shown(name),
                allowed=listed(names),
                hint=f'Did you mean "{near}"? For a field that the vendor sends under exactly this name, write '
                f"{{ field = {shown(name)}, undeclared = true }}.",
            )
    yield from check_twice(chosen, "field")
    yield from _check_headers(tab, spec)
    missing = [key for key in spec.key if key not in {name for _, name in chosen}]
    if missing and tab.at("mode").value != "replace":
        yield tab.at("columns").problem(
            f"The columns lack the key of the stream, by which rows are found again: {listed(missing)}",
            hint=f"Add {listed(map(shown, missing))} to the columns.",
        )


def _is_undeclared(column: Place) -> bool:
    return isinstance(column.value, dict) and column.value.get("undeclared") is True


def _check_headers(tab: Place, spec: StreamSpec) -> Iterator[Problem]:
    """Two columns of one header could not be told apart in the spreadsheet."""
    headers = []
    for place, name in chosen_names(tab, "columns", "field"):
        declared = spec.field_named(name)
        own = place.value.get("title") if isinstance(place.value, dict) else None
        usual = title_without_unit(declared.title if declared else name, place.text("format") or "")
        header = own if isinstance(own, str) else usual
        headers.append((place, header, name))
    seen: dict[str, str] = {}
    for place, header, name in headers:
        if seen.setdefault(header, name) != name:
            yield place.problem("Two columns would have the same header", received=shown(header))


def check_conditions(place: Place, spec: StreamSpec) -> Iterator[Problem]:
    """Yield conditions that cannot be read, or that name no field of the stream."""
    names = [f.name for f in spec.fields]
    items = place.at("where").value
    for n, text in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(text, str):
            continue
        mistake = find_mistake(text, spec)
        field = (text.split() or [""])[0]
        if mistake:
            allowed = mistake.partition("allowed: ")[2]
            yield place.at("where", n).problem("The condition cannot be read", received=shown(text), allowed=allowed)
        elif field not in names and nearest_name(field, names, closeness=_CLOSE):
            yield unknown_name(place.at("where", n), f'field of the stream "{spec.name}"', field, names)


def sheet_warnings(sheet: Place, known: Known) -> Iterator[Problem]:
    """Yield what works in a sheet, and may surprise."""
    for tab in sheet.tables("tab"):
        yield from find_warnings(tab, known)
    yield from find_unmasked(sheet, lambda tab: spec_of(tab, known))


def find_warnings(tab: Place, known: Known) -> Iterator[Problem]:
    """Yield what works in one tab, and may surprise: filters on fields that change, columns that may stay empty."""
    spec, params = spec_of(tab, known), tab.at("params").value
    if spec is None:
        return
    for param in spec.params:
        tested = spec.field_named(param.field or "")
        if tested and tested.can_change and isinstance(params, dict) and param.name in params:
            yield tab.at("params", param.name).problem(
                f"A record whose {tested.name} changes out of this filter is not seen again, and stays as it was"
            )
    if spec.kind is StreamKind.LIST and tab.at("period").value is not None:
        yield tab.at("period").problem(f'"{spec.name}" is a list without dates; the period changes nothing')
    for place, name in chosen_names(tab, "columns", "field"):
        if spec.field_named(name) is None:
            yield place.problem(
                f'The stream "{spec.name}" declares no such field; the column stays empty unless the vendor sends it',
                received=shown(name),
            )


def check_names(sheets: Iterable[Place]) -> Iterator[Problem]:
    """Yield sheets of one name; the case of letters makes no difference."""
    first: dict[str, Place] = {}
    for sheet in sheets:
        name = sheet.text("name")
        if name is not None and (other := first.setdefault(name.casefold(), sheet)) is not sheet:
            where = f"{other.file.name}:{other.at('name').line}"
            yield sheet.at("name").problem(f"Another sheet has this name ({where})", received=shown(name))


def check_claims(sheets: Iterable[Place]) -> Iterator[Problem]:
    """Yield tabs that two claim: within a sheet, or as sheets of one spreadsheet. Titles are equal ignoring case."""
    claimed: dict[tuple[str, str], Place] = {}
    titled = [(book, place) for sheet in sheets for book, place in _titles_of(sheet)]
    for book, title in titled:
        other = claimed.setdefault((book, str(title.value).casefold()), title)
        if other is not title:
            yield title.problem(
                f"This tab is claimed already ({other.file.name}:{other.line})",
                received=shown(title.value),
                hint="Give one of the two another title, or take it out: each tab has one writer.",
            )
    for book, title in titled:
        yield from _check_special_title(book, title, claimed)


def _titles_of(sheet: Place) -> Iterator[tuple[str, Place]]:
    """Yield each title of a sheet with its spreadsheet; a sheet whose link is broken counts as one by itself."""
    try:
        book = forms.parse_spreadsheet(sheet.text("spreadsheet") or "")
    except ValueError:
        book = f"{sheet.file.name} {sheet.path}"
    for kind in ("tab", "summary"):
        for place in sheet.tables(kind):
            if place.text("title") is not None:
                yield book, place.at("title")
    if sheet.text("log") is not None:
        yield book, sheet.at("log")


def _check_special_title(book: str, title: Place, claimed: Mapping[tuple[str, str], Any]) -> Iterator[Problem]:
    text = str(title.value)
    if text.casefold() == _RESERVED_TITLE.casefold():
        yield title.problem("The title is kept for rows that leave a tab", received=shown(text))
    match = re.fullmatch(r"(.+) \(\d+\)", text)
    base = claimed.get((book, match[1].casefold())) if match else None
    if base is not None and "tab" in base.path:
        yield title.problem(f'The title is kept for rows that no longer fit in "{base.value}"', received=shown(text))
