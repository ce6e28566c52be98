"""Puts the tables of a template into the sheet that uses it, so that the rest of the config code sees a whole sheet.

Tables of the sheet that have the title of one of the template's are laid over it; others are added. What comes from the
template has the line of the option that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync.config.lines import Path
from sync.config.problems import Place, SourceFile, did_you_mean, listed, shown, unknown_name
from sync.config.rules import Known, spec_of
from sync.config.templates import KINDS, Table, Template, fit_table, fit_vendors, fits, names, template_named
from sync.errors import Problem

_OF_TEMPLATE = ("connection", "without")


@dataclass(frozen=True, slots=True)
class Expanded:
    """A file whose sheets are whole, and what is wrong with their use of templates, by the sheet's number."""

    file: SourceFile
    problems: Mapping[int, Sequence[Problem]] = field(default_factory=dict)


def expand_file(file: SourceFile, known: Known) -> Expanded:
    """Return a file with the tables of templates in its sheets."""
    sheets = file.values.get("sheet")
    if not isinstance(sheets, list):
        return Expanded(file)
    made: dict[int, _Whole] = {}
    problems: dict[int, Sequence[Problem]] = {}
    for place in Place(file).tables("sheet"):
        n = int(place.path[1])
        if place.at("template").value is not None:
            found, problems[n] = _expand(place, known)
            made[n] = found
        else:
            problems[n] = [
                place.at(name).problem(
                    "The option belongs to a template", hint='Name one with "template", or remove it.'
                )
                for name in _OF_TEMPLATE
                if place.at(name).value is not None
            ]
    if not made:
        return Expanded(file, problems)
    values = {**file.values, "sheet": [made[n].values if n in made else one for n, one in enumerate(sheets)]}
    return Expanded(replace(file, values=values, moved=lambda lines: _moved(lines, made)), problems)


def told_of_template(problem: Problem, sheet: Place) -> Problem:
    """Name the template in a problem of one of its tables."""
    template = template_named(sheet.text("template"))
    inside = problem.field.removeprefix(f"{sheet.dotted}.")
    titles = template.titles() if template else []
    if template is None or not any(inside.startswith(f"{kind}[{shown(one)}]") for kind in KINDS for one in titles):
        return problem
    words = f'The table is laid over that of the template "{template.name}".'
    if problem.line == sheet.at("template").line:
        words = f'The table comes from the template "{template.name}".'
    return replace(problem, hint=" ".join(filter(None, (problem.hint, words))))


@dataclass(frozen=True, slots=True)
class _Whole:
    """A whole sheet, and which of the written tables stand where in it, by kind."""

    values: Table
    written: Mapping[str, Sequence[int | None]] = field(default_factory=dict)


def _expand(sheet: Place, known: Known) -> tuple[_Whole, list[Problem]]:
    template = template_named(sheet.text("template"))
    raw: Table = dict(sheet.value)
    if template is None:
        name = sheet.text("template")
        told = [unknown_name(sheet.at("template"), "template", name, names())] if name is not None else []
        return _Whole(raw), told
    if not all(isinstance(raw.get(kind, []), list) for kind in KINDS):
        return _Whole(raw), []  # told where the forms are checked
    problems = list(_check_without(sheet, template))
    stream = ""
    for problem_or_stream in _choose_stream(sheet, template, known):
        if isinstance(problem_or_stream, str):
            stream = problem_or_stream
        else:
            problems.append(problem_or_stream)
    if not stream:
        return _Whole({key: value for key, value in raw.items() if key not in KINDS}), problems
    dropped = {str(title).casefold() for title in _listed(sheet.at("without").value)}
    written: dict[str, list[int | None]] = {}
    for kind in KINDS:
        raw[kind], written[kind] = _merge(sheet, kind, [t for t in template.tables[kind] if _key(t) not in dropped])
    for table in _from_template(raw, written, template):
        if "of" not in table:
            table.setdefault("connection", raw["connection"])
            table.setdefault("stream", stream)
    _fit_all(Place(SourceFile(sheet.file.name, raw)), raw, template, known)
    return _Whole(raw, written), problems


def _choose_stream(sheet: Place, template: Template, known: Known) -> Iterator[Problem | str]:
    """Yield the stream that the template shows here, or why there is none."""
    place = sheet.at("connection")
    if place.value is None:
        hint = "Name the connection whose records the template is to show."
        yield place.problem("The option is missing", allowed=listed(map(shown, known.vendors)), hint=hint)
        return
    chosen = [name for name in _listed(place.value) if isinstance(name, str)]
    unknown = [name for name in chosen if name not in known.vendors]
    if unknown and known.complete:
        yield from (unknown_name(place, "connection", name, list(known.vendors)) for name in unknown)
        return
    vendors = [vendor for name in chosen if (vendor := known.vendors.get(name))]
    if not chosen or len(vendors) < len(chosen):
        return  # told where the forms and the connections are checked
    if len(chosen) > 1 and not template.takes_several:
        yield place.problem(f'The template "{template.name}" shows one connection', received=shown(chosen))
        return
    found = fit_vendors(template, vendors)
    if found.stream:
        yield found.stream
        return
    place = sheet.at("template")
    fitting = listed(fits(template)) or "none"
    yield place.problem(
        f'The template "{template.name}" does not fit this connection: {found.lacks}',
        received=shown(chosen if len(chosen) > 1 else chosen[0]),
        hint=f"It fits {fitting}.",
    )


def _check_without(sheet: Place, template: Template) -> Iterator[Problem]:
    titles = template.titles()
    for title in _listed(sheet.at("without").value):
        if isinstance(title, str) and title.casefold() not in {one.casefold() for one in titles}:
            yield sheet.at("without").problem(
                f'The template "{template.name}" has no tab of this title',
                received=shown(title),
                allowed=listed(titles),
                hint=did_you_mean(title, titles),
            )


def _merge(sheet: Place, kind: str, tables: Sequence[Table]) -> tuple[list[Any], list[int | None]]:
    """Lay the tables that are written over those of the template, and put the others behind them."""
    items = sheet.at(kind).value
    own = list(enumerate(items)) if isinstance(items, list) else []
    by_title = {_key(item): n for n, item in own if isinstance(item, dict) and isinstance(item.get("title"), str)}
    merged: list[Any] = []
    written: list[int | None] = []
    for table in tables:
        n = by_title.get(_key(table))
        merged.append(_laid_over(table, dict(items[n]) if n is not None else {}))
        written.append(n)
    rest = [(n, item) for n, item in own if n not in written]
    return [*merged, *(item for _, item in rest)], [*written, *(n for n, _ in rest)]


def _laid_over(table: Table, own: Table) -> Table:
    if "of" in own or {"connection", "stream"} & own.keys():  # a summary is of a tab or names a stream
        table = {key: value for key, value in table.items() if key not in ("of", "connection", "stream", "period")}
    return {**table, **own}


def _from_template(raw: Table, written: Mapping[str, Sequence[int | None]], template: Template) -> Iterator[Table]:
    titles = {title.casefold() for title in template.titles()}
    for kind in KINDS:
        yield from (table for table, _ in zip(raw[kind], written[kind], strict=True) if _key(table) in titles)


def _fit_all(sheet: Place, raw: Table, template: Template, known: Known) -> None:
    """Put the stream's own names into the tables of the template; of a broken table they stay as they are."""
    titles = {title.casefold() for title in template.titles()}
    specs = {}
    for n, table in enumerate(raw["tab"]):
        specs[_key(table)] = spec_of(sheet.at("tab", n), known)
    for kind in KINDS:
        for n, table in enumerate(raw[kind]):
            of = table.get("of") if isinstance(table, dict) else None
            spec = specs.get(str(of).casefold()) if of is not None else spec_of(sheet.at(kind, n), known)
            if _key(table) in titles and spec is not None:
                raw[kind][n] = fit_table(table, spec)


def _key(table: Any) -> str:
    return str(table.get("title")).casefold() if isinstance(table, dict) else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _moved(lines: Mapping[Path, int], made: Mapping[int, _Whole]) -> dict[Path, int]:
    """Say on which lines the tables of whole sheets are written."""
    found = {path: n for path, n in lines.items() if not _is_below_table(path, made)}
    for n, whole in made.items():
        at_template = lines.get(("sheet", n, "template"), lines.get(("sheet", n), 1))
        for kind, written in whole.written.items():
            for k, j in enumerate(written):
                found[("sheet", n, kind, k)] = at_template
                below = ("sheet", n, kind, j)
                found |= {("sheet", n, kind, k, *path[4:]): line for path, line in lines.items() if path[:4] == below}
    return found


def _is_below_table(path: Path, made: Mapping[int, _Whole]) -> bool:
    if len(path) < 3 or path[0] != "sheet" or path[2] not in KINDS:
        return False
    whole = made.get(int(path[1]))
    return whole is not None and bool(whole.written)
