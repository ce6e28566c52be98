"""Charts of a tab in an XLSX file, drawn from the cells of the file as they are from those of the spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.worksheet import Worksheet

from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.viewer.charts import show_chart
from sync.sandbox.viewer.paint import read_colour
from sync.sandbox.viewer.text_file import used_size

_LEGENDS = {"top": "top", "bottom": "bottom", "left": "left", "right": "right", "none": "none"}
_SUBTYPES = {"sum": "stacked", "share": "percent_stacked"}
Place = list[Any]
"""[name, first row, first column, last row, last column], as the library takes ranges."""


def add_charts(
    book: Book, sheet: Sheet, page: Worksheet, *, file: xlsxwriter.Workbook, names: Mapping[int, str]
) -> None:
    """Put the charts of a tab that Excel has too on its page."""
    for chart in sheet.objects.get("charts") or ():
        shown = show_chart(book, chart, hidden=lambda _: set())
        made = _make(book, chart["spec"], shown, file=file, names=names) if shown["kind"] != "none" else None
        if made is not None:
            at = shown["at"]
            _dress(made, shown)
            page.insert_chart(at["row"], at["column"], made, {"x_offset": at["dx"], "y_offset": at["dy"]})


def _dress(made: Chart, shown: Mapping[str, Any]) -> None:
    title = shown["title"]
    made.set_title({"name": title, "overlay": False} if title else {"none": True})
    made.set_legend({"position": _LEGENDS[shown["legend"]]})
    made.set_size({"width": shown["at"]["w"], "height": shown["at"]["h"]})
    if shown["kind"] == "pie":
        return
    axes = shown["axes"]
    made.set_x_axis({"name": axes["domain"]["title"]})
    made.set_y_axis({"name": axes.get("left", {}).get("title", "")})


def _make(
    book: Book,
    spec: Mapping[str, Any],
    shown: Mapping[str, Any],
    *,
    file: xlsxwriter.Workbook,
    names: Mapping[int, str],
) -> Chart | None:
    if shown["kind"] == "pie":
        return _pie(book, spec["pieChart"], shown, file=file, names=names)
    basic = spec["basicChart"]
    domain = _place(book, ((basic.get("domains") or [{}])[0]).get("domain"), names)
    charts: dict[str, Chart] = {}
    for entry, series in zip(basic.get("series") or (), shown["series"], strict=True):
        place = _place(book, entry.get("series"), names)
        if place is None:
            continue
        kind = series["kind"]
        if kind not in charts:
            if len(charts) == 2:
                continue  # a file combines two kinds at most
            charts[kind] = file.add_chart(_kind(kind, shown))
        header = basic.get("headerCount")
        n_header = header if header is not None else int(not series["name"].startswith("Series "))
        charts[kind].add_series(_series(entry, series, place, domain=domain, n_header=n_header))
    made = list(charts.values())
    if len(made) == 2:
        made[0].combine(made[1])
    return made[0] if made else None


def _kind(kind: str, shown: Mapping[str, Any]) -> dict[str, str]:
    options = {"type": kind}
    if kind in {"column", "bar", "area"} and shown.get("stacked"):
        options["subtype"] = _SUBTYPES[shown["stacked"]]
    return options


def _series(
    entry: Mapping[str, Any], series: Mapping[str, Any], place: Place, *, domain: Place | None, n_header: int
) -> dict[str, Any]:
    colour = read_colour(entry, "color") or series["color"]
    is_line = series["kind"] in {"line", "scatter"}
    options: dict[str, Any] = {
        "name": _header(place) if n_header else series["name"],
        "values": _below(place, n_header),
        "y2_axis": series["side"] == "right",
        ("line" if is_line else "fill"): {"color": colour},
    }
    if series["kind"] == "scatter":
        options |= {"line": {"none": True}, "marker": {"type": "circle", "fill": {"color": colour}}}
    if domain is not None:
        options["categories"] = _below(domain, n_header)
    return options


def _pie(
    book: Book,
    spec: Mapping[str, Any],
    shown: Mapping[str, Any],
    *,
    file: xlsxwriter.Workbook,
    names: Mapping[int, str],
) -> Chart | None:
    labels, values = _place(book, spec.get("domain"), names), _place(book, spec.get("series"), names)
    if values is None:
        return None
    made = file.add_chart({"type": "doughnut" if shown["hole"] else "pie"})
    n_header = 1 if shown["series"][0]["name"] else 0
    series: dict[str, Any] = {"values": _below(values, n_header)}
    if labels is not None:
        series["categories"] = _below(labels, n_header)
    series["points"] = [{"fill": {"color": colour}} for colour in shown["colors"]]
    made.add_series(series)
    if shown["hole"]:
        made.set_hole_size(round(100 * shown["hole"]))
    return made


def _place(book: Book, data: Mapping[str, Any] | None, names: Mapping[int, str]) -> Place | None:
    source = next(iter(((data or {}).get("sourceRange") or {}).get("sources") or ()), None)
    sheet = book.find_id(source.get("sheetId", 0)) if source else None
    if source is None or sheet is None:
        return None
    box = range_box(sheet, source)
    n_rows, n_columns = used_size(book, sheet)
    bottom = max(box.top + 1, min(box.bottom, n_rows))
    right = max(box.left + 1, min(box.right, n_columns))
    return [names[sheet.sheet_id], box.top, box.left, bottom - 1, right - 1]


def _is_row(place: Place) -> bool:
    return bool(place[1] == place[3] and place[2] < place[4])


def _header(place: Place) -> Place:
    return [place[0], place[1], place[2]]


def _below(place: Place, n_header: int) -> Place:
    """Take the header off a line of cells."""
    name, top, left, bottom, right = place
    if _is_row(place):
        return [name, top, min(left + n_header, right), bottom, right]
    return [name, min(top + n_header, bottom), left, bottom, right]
