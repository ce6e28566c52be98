"""The `spreadsheets.values` methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.append import place_rows
from sync.sandbox.google.book import Book
from sync.sandbox.google.calls import Call, prefixed
from sync.sandbox.google.errors import GoogleError, Json, invalid
from sync.sandbox.google.metadata import shown_filter
from sync.sandbox.google.targets import Target, find_a1, find_filter
from sync.sandbox.google.values import Planned, Written, clear, cut_columns, plan_write, read, write


class Reading:
    """How values are wanted: rendering, times, rows or columns."""

    def __init__(self, render: str | None, times: str | None, dimension: str | None) -> None:
        self.render = render or "FORMATTED_VALUE"
        self.formatted_times = times == "FORMATTED_STRING"
        self.dimension = dimension if dimension in {"ROWS", "COLUMNS"} else "ROWS"

    def read(self, book: Book, target: Target, call: Call) -> Json:
        """Read a place as a ValueRange."""
        return self.read_box(book, target, target.to_read(), call)

    def read_box(self, book: Book, target: Target, box: Box, call: Call) -> Json:
        """Read a rectangle as a ValueRange; without `values` when all is empty."""
        rows = read(book, target.sheet, box, render=self.render, formatted_times=self.formatted_times)
        if self.dimension == "COLUMNS":
            rows = cut_columns(rows)
        answer: Json = {"range": target.text(box), "majorDimension": self.dimension}
        if rows:
            answer["values"] = rows
            call.n_cells += sum(map(len, rows))
        return answer


def _asked(call: Call) -> Reading:
    return Reading(
        call.one("valueRenderOption"),
        call.one("dateTimeRenderOption"),
        call.one("majorDimension"),
    )


def get(call: Call) -> Json:
    """values.get."""
    reading = _asked(call)
    book = call.file(to_write=False).book
    return reading.read(book, find_a1(book, call.parts[1]), call)


def batch_get(call: Call) -> Json:
    """values.batchGet."""
    reading = _asked(call)
    book = call.file(to_write=False).book
    answer: Json = {"spreadsheetId": book.id}
    ranges = [reading.read(book, find_a1(book, text), call) for text in call.query.get("ranges", [])]
    return answer | ({"valueRanges": ranges} if ranges else {})


def batch_get_by_filter(call: Call) -> Json:
    """values.batchGetByDataFilter. Filters that select the same range share one entry."""
    body = call.body("BatchGetValuesByDataFilterRequest")
    reading = Reading(body.get("valueRenderOption"), body.get("dateTimeRenderOption"), body.get("majorDimension"))
    book = call.file(to_write=False).book
    found: dict[tuple[int, Box], tuple[Target, list[Json]]] = {}
    for data_filter in _filters(body):
        for target in find_filter(book, data_filter):
            key = (target.sheet.sheet_id, target.to_read())
            found.setdefault(key, (target, []))[1].append(data_filter)
    answer: Json = {"spreadsheetId": book.id}
    matched = [
        {
            "valueRange": reading.read_box(book, target, box, call),
            "dataFilters": [shown_filter(each) for each in filters],
        }
        for (_, box), (target, filters) in found.items()
    ]
    return answer | ({"valueRanges": matched} if matched else {})


def _filters(body: Json) -> list[Json]:
    filters: list[Json] = body.get("dataFilters", [])
    if not filters:
        raise invalid("Must specify at least one data filter.")
    return filters


def _input(option: str | None) -> bool:
    """Tell whether values are taken as typed; the option must be given."""
    if option not in {"RAW", "USER_ENTERED"}:
        raise invalid("'valueInputOption' is required but not specified")
    return option == "USER_ENTERED"


def _finish(call: Call, written: Iterable[Written]) -> None:
    call.n_cells += sum(each.n_cells for each in written)
    call.world.files[call.parts[0]].modified = datetime.now(UTC)


def _answer(book: Book, written: Written, echo: Callable[[Written], Json] | None) -> Json:
    answer: Json = {"spreadsheetId": book.id, "updatedRange": written.target.text(written.box)}
    counts = {"updatedRows": len(written.rows), "updatedColumns": len(written.columns), "updatedCells": written.n_cells}
    answer |= {name: count for name, count in counts.items() if count}
    return answer | ({"updatedData": echo(written)} if echo else {})


def _echo(book: Book, call: Call, options: tuple[Any, Any, Any]) -> Callable[[Written], Json] | None:
    """Return how to add the written range, read back, to an answer."""
    wanted, render, times = options
    if not wanted:
        return None
    reading = Reading(render, times, None)
    n_before = call.n_cells

    def read_back(written: Written) -> Json:
        found = reading.read_box(book, written.target, written.box, call)
        call.n_cells = n_before
        return found

    return read_back


def _query_echo(book: Book, call: Call) -> Callable[[Written], Json] | None:
    render = call.one("responseValueRenderOption")
    times = call.one("responseDateTimeRenderOption")
    return _echo(book, call, (call.flag("includeValuesInResponse"), render, times))


def _body_echo(book: Book, call: Call, body: Json) -> Callable[[Written], Json] | None:
    render, times = body.get("responseValueRenderOption"), body.get("responseDateTimeRenderOption")
    return _echo(book, call, (body.get("includeValuesInResponse"), render, times))


def _check_range(body: Json, text: str) -> None:
    if body.get("range", text) != text:
        raise invalid(f"Request range[{text}] does not match value's range[{body['range']}]")


def update(call: Call) -> Json:
    """values.update."""
    body = call.body("ValueRange", "data")
    typed = _input(call.one("valueInputOption"))
    book = call.file(to_write=True).book
    echo = _query_echo(book, call)
    _check_range(body, call.parts[1])
    planned = plan_write(
        find_a1(book, call.parts[1]), body.get("values", []), by_columns=body.get("majorDimension") == "COLUMNS"
    )
    written = write(book, planned, typed=typed, caller=call.caller)
    _finish(call, [written])
    return _answer(book, written, echo)


def append(call: Call) -> Json:
    """values.append."""
    body = call.body("ValueRange", "data")
    typed = _input(call.one("valueInputOption"))
    insert = call.one("insertDataOption") == "INSERT_ROWS"
    book = call.file(to_write=True).book
    echo = _query_echo(book, call)
    _check_range(body, call.parts[1])
    rows = body.get("values", [])
    by_columns = body.get("majorDimension") == "COLUMNS"
    table, planned = place_rows(
        (book, call.caller), find_a1(book, call.parts[1]), rows, insert=insert, by_columns=by_columns
    )
    written = write(book, planned, typed=typed, caller=call.caller)
    _finish(call, [written])
    answer: Json = {"spreadsheetId": book.id}
    if table is not None:
        answer["tableRange"] = planned.target.text(table)
    return answer | {"updates": _answer(book, written, echo)}


def batch_update(call: Call) -> Json:
    """values.batchUpdate."""
    body = call.body("BatchUpdateValuesRequest")
    book = call.file(to_write=True).book
    typed = _input(body.get("valueInputOption"))
    plans = []
    for index, item in enumerate(body.get("data", [])):
        try:
            target = find_a1(book, item.get("range", ""))
            plans.append(_plan(target, item))
        except GoogleError as error:
            raise prefixed(f"Invalid data[{index}]", error) from None
    written = _write_all(call, book, plans, typed)
    echo = _body_echo(book, call, body)
    responses = [_answer(book, each, echo) for each in written]
    return _totals(book, written) | ({"responses": responses} if responses else {})


def batch_update_by_filter(call: Call) -> Json:
    """values.batchUpdateByDataFilter. Even a single cell is a bound here, not an origin."""
    body = call.body("BatchUpdateValuesByDataFilterRequest")
    book = call.file(to_write=True).book
    typed = _input(body.get("valueInputOption"))
    plans: list[Planned] = []
    filters: list[Json] = []
    for index, item in enumerate(body.get("data", [])):
        try:
            for target in find_filter(book, item.get("dataFilter", {})):
                plans.append(_plan(target, item))
                filters.append(item["dataFilter"])
        except GoogleError as error:
            raise prefixed(f"Invalid data[{index}]", error) from None
    written = _write_all(call, book, plans, typed)
    echo = _body_echo(book, call, body)
    responses = []
    for each, data_filter in zip(written, filters, strict=True):
        answer = _answer(book, each, echo)
        del answer["spreadsheetId"]
        responses.append(answer | {"dataFilter": shown_filter(data_filter)})
    return _totals(book, written) | ({"responses": responses} if responses else {})


def _plan(target: Target, item: Json) -> Planned:
    return plan_write(target, item.get("values", []), by_columns=item.get("majorDimension") == "COLUMNS")


def _write_all(call: Call, book: Book, plans: list[Planned], typed: bool) -> list[Written]:
    """Write all or nothing: what may still be refused, protections, is asked for every range first."""
    for index, planned in enumerate(plans):
        try:
            check_cells(book, planned.target.sheet, planned.box, call.caller)
        except GoogleError as error:
            raise prefixed(f"Invalid data[{index}]", error) from None
    written = [write(book, planned, typed=typed, caller=call.caller) for planned in plans]
    _finish(call, written)
    return written


def _totals(book: Book, written: list[Written]) -> Json:
    rows: dict[int, set[int]] = {}
    columns: dict[int, set[int]] = {}
    for each in written:
        if each.n_cells:
            rows.setdefault(each.target.sheet.sheet_id, set()).update(each.rows)
            columns.setdefault(each.target.sheet.sheet_id, set()).update(each.columns)
    counts = {
        "totalUpdatedRows": sum(map(len, rows.values())),
        "totalUpdatedColumns": sum(map(len, columns.values())),
        "totalUpdatedCells": sum(each.n_cells for each in written),
        "totalUpdatedSheets": len(rows),
    }
    return {"spreadsheetId": book.id} | {name: count for name, count in counts.items() if count}


def clear_one(call: Call) -> Json:
    """values.clear."""
    call.body("ClearValuesRequest")
    book = call.file(to_write=True).book
    target = find_a1(book, call.parts[1])
    box = clear(book, target, call.caller)
    _finish(call, [])
    return {"spreadsheetId": book.id, "clearedRange": target.text(box)}


def batch_clear(call: Call) -> Json:
    """values.batchClear."""
    body = call.body("BatchClearValuesRequest")
    book = call.file(to_write=True).book
    targets = []
    for index, text in enumerate(body.get("ranges", [])):
        try:
            targets.append(find_a1(book, text))
            targets[-1].to_read()
        except GoogleError as error:
            raise prefixed(f"Invalid range[{index}]", error) from None
    return _clear_all(call, book, targets)


def batch_clear_by_filter(call: Call) -> Json:
    """values.batchClearByDataFilter."""
    body = call.body("BatchClearValuesByDataFilterRequest")
    book = call.file(to_write=True).book
    targets = [target for data_filter in _filters(body) for target in find_filter(book, data_filter)]
    return _clear_all(call, book, targets)


def _clear_all(call: Call, book: Book, targets: list[Target]) -> Json:
    for target in targets:
        check_cells(book, target.sheet, target.to_read(), call.caller)
    cleared = [target.text(clear(book, target, call.caller)) for target in targets]
    _finish(call, [])
    answer: Json = {"spreadsheetId": book.id}
    return answer | ({"clearedRanges": cleared} if cleared else {})
