"""Charts as the page draws them: the specification together with the numbers that it shows now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.grid import Look, Value
from sync.sandbox.google.shows import show
from sync.sandbox.viewer.chart_axes import make_axis
from sync.sandbox.viewer.paint import read_colour

MAX_POINTS = 1_000  # of one series; a longer one is thinned evenly
PALETTE = ("#4285f4", "#ea4335", "#fbbc04", "#34a853", "#ff6d01", "#46bdc6", "#7baaf7", "#f07b72", "#fcd04f", "#71c287")
USUAL_SIZE = (600, 371)
KINDS = {"COLUMN": "column", "BAR": "bar", "LINE": "line", "AREA": "area", "STEPPED_AREA": "area", "SCATTER": "scatter"}
Hidden = Callable[[Sheet], set[int]]
Cell = tuple[Value, Look | None]


def show_charts(book: Book, sheet: Sheet, *, hidden: Hidden) -> list[dict[str, Any]]:
    """Return what floats over a tab: its charts, and its slicers as plain labels.

    `hidden` tells the rows of a tab that do not show, which charts leave out.
    """
    charts = [show_chart(book, chart, hidden=hidden) for chart in sheet.objects.get("charts") or ()]
    return charts + [_show_slicer(slicer) for slicer in sheet.objects.get("slicers") or ()]


def _show_slicer(slicer: Mapping[str, Any]) -> dict[str, Any]:
    title = str((slicer.get("spec") or {}).get("title") or "Slicer")
    at = _position(slicer) | {"h": 40}
    return {"id": slicer.get("slicerId", 0), "kind": "slicer", "title": title, "at": at, "labels": [], "series": []}


def show_chart(book: Book, chart: Mapping[str, Any], *, hidden: Hidden) -> dict[str, Any]:
    """Return one chart: where it lies, what is written on it, and what it draws."""
    spec = chart.get("spec") or {}
    shown = {
        "id": chart.get("chartId", 0),
        "at": _position(chart),
        "title": str(spec.get("title") or ""),
        "subtitle": str(spec.get("subtitle") or ""),
        "alt": str(spec.get("altText") or ""),
        "bg": read_colour(spec, "backgroundColor"),
        "border": read_colour(chart.get("border") or {}, "color"),
    }
    everything = spec.get("hiddenDimensionStrategy") in {"SHOW_ALL", "SKIP_HIDDEN_COLUMNS"}
    reader = _Reader(book, (lambda _: set()) if everything else hidden)
    if "basicChart" in spec:
        return shown | _basic(reader, spec["basicChart"])
    if "pieChart" in spec:
        return shown | _pie(reader, spec["pieChart"])
    kind = next((name for name in spec if name.endswith("Chart")), "chart")
    return shown | {"kind": "none", "why": f"A {kind} is kept and not drawn here.", "labels": [], "series": []}


def _position(chart: Mapping[str, Any]) -> dict[str, int]:
    overlay = (chart.get("position") or {}).get("overlayPosition") or {}
    anchor = overlay.get("anchorCell") or {}
    return {
        "row": anchor.get("rowIndex", 0),
        "column": anchor.get("columnIndex", 0),
        "dx": overlay.get("offsetXPixels", 0),
        "dy": overlay.get("offsetYPixels", 0),
        "w": overlay.get("widthPixels") or USUAL_SIZE[0],
        "h": overlay.get("heightPixels") or USUAL_SIZE[1],
    }


class _Reader:
    """Reads the cells behind a ChartData, hidden rows left out."""

    def __init__(self, book: Book, hidden: Hidden) -> None:
        self._book = book
        self._hidden = hidden
        self.locale = book.locale

    def text(self, cell: Cell) -> str:
        """Return what a person reads in a cell."""
        return "" if cell[0] is None else show(cell[0], cell[1], self.locale)

    def cells(self, data: Mapping[str, Any] | None) -> list[Cell]:
        """Return the cells of all sources, joined."""
        sources = ((data or {}).get("sourceRange") or {}).get("sources") or []
        return [cell for source in sources for cell in self._source(source)]

    def _source(self, source: Mapping[str, Any]) -> list[Cell]:
        sheet = self._book.find_id(source.get("sheetId", 0))
        if sheet is None:
            return []
        box = range_box(sheet, dict(source))
        hidden, grid = self._hidden(sheet), sheet.grid
        bottom, right = min(box.bottom, grid.n_rows), min(box.right, grid.n_columns)
        if right - box.left > 1 and bottom - box.top > 1:
            right = box.left + 1  # a series is a line of cells
        return [
            (cell_value(self._book, sheet, row, column), look_of(self._book, sheet, row, column))
            for row in range(box.top, bottom)
            if row not in hidden
            for column in range(box.left, right)
        ]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _split_header(reader: _Reader, columns: list[list[Cell]], wanted: int | None) -> tuple[list[str], list[list[Cell]]]:
    """Take the header off each line of cells. When nobody says how many, a first text over numbers is one."""
    count = wanted
    if count is None:
        looks_so = [
            bool(cells) and isinstance(cells[0][0], str) and any(_is_number(value) for value, _ in cells[1:])
            for cells in columns[1:] or columns
        ]
        count = 1 if any(looks_so) else 0
    names = [" ".join(filter(None, map(reader.text, cells[:count]))) for cells in columns]
    return names, [cells[count:] for cells in columns]


def _trimmed(columns: list[list[Cell]]) -> list[list[Cell]]:
    """Bring all to one length: up to the last line in which any has a value."""
    length = max(
        (n + 1 for cells in columns for n, (value, _) in enumerate(cells) if value not in (None, "")), default=0
    )
    return [(cells + [(None, None)] * length)[:length] for cells in columns]


def _thinned(columns: list[list[Cell]]) -> tuple[list[list[Cell]], int]:
    length = len(columns[0]) if columns else 0
    if length <= MAX_POINTS:
        return columns, 0
    step = -(-length // MAX_POINTS)
    return [cells[::step] for cells in columns], length - len(columns[0][::step])


def _values(cells: list[Cell]) -> list[float | None]:
    return [
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None for value, _ in cells
    ]


def _first_look(columns: list[list[Cell]]) -> Look | None:
    return next((look for cells in columns for value, look in cells if _is_number(value)), None)


def _basic(reader: _Reader, spec: Mapping[str, Any]) -> dict[str, Any]:
    entries = spec.get("series") or []
    domain = reader.cells(((spec.get("domains") or [{}])[0]).get("domain"))
    lines = [reader.cells(entry.get("series")) for entry in entries]
    has_domain = bool(domain)
    if not has_domain:
        domain = [(n + 1, None) for n in range(max(map(len, lines), default=0))]
    names, columns = _split_header(reader, [domain, *lines], spec.get("headerCount"))
    if not has_domain:
        columns[0] = [(n + 1, None) for n in range(max(map(len, columns[1:]), default=0))]
    columns, n_left_out = _thinned(_trimmed(columns))
    chart_kind = spec.get("chartType", "COLUMN")
    main = KINDS.get(chart_kind, "column")
    series = [
        _series(
            reader,
            (n, entry),
            cells,
            name=names[n + 1],
            kind=entry.get("type", "LINE") if chart_kind == "COMBO" else chart_kind,
        )
        for n, (entry, cells) in enumerate(zip(entries, columns[1:], strict=True))
    ]
    shown = {
        "kind": "combo" if chart_kind == "COMBO" else main,
        "labels": [reader.text(cell) for cell in columns[0]],
        "series": series,
        "stacked": {"STACKED": "sum", "PERCENT_STACKED": "share"}.get(spec.get("stackedType", "")),
        "smooth": bool(spec.get("lineSmoothing")),
        "legend": _legend(spec.get("legendPosition"), len(series)),
        "n_left_out": n_left_out,
    }
    return shown | {"axes": _axes(reader, spec, shown, columns)}


def _series(
    reader: _Reader, place: tuple[int, Mapping[str, Any]], cells: list[Cell], *, name: str, kind: str
) -> dict[str, Any]:
    n, entry = place
    return {
        "name": name or f"Series {n + 1}",
        "kind": KINDS.get(kind, "line"),
        "stepped": kind == "STEPPED_AREA",
        "color": read_colour(entry, "color") or PALETTE[n % len(PALETTE)],
        "side": "right" if entry.get("targetAxis") == "RIGHT_AXIS" else "left",
        "values": _values(cells),
        "texts": [reader.text(cell) for cell in cells],
    }


def _legend(wanted: str | None, n_series: int) -> str:
    places = {"TOP_LEGEND": "top", "BOTTOM_LEGEND": "bottom", "LEFT_LEGEND": "left", "RIGHT_LEGEND": "right"}
    if wanted in {"NO_LEGEND", "LABELED_LEGEND"}:
        return "none" if wanted == "NO_LEGEND" else "right"
    return places.get(wanted or "", "right" if n_series > 1 else "none")


def _axes(
    reader: _Reader, spec: Mapping[str, Any], shown: Mapping[str, Any], columns: list[list[Cell]]
) -> dict[str, Any]:
    given = {axis.get("position", ""): axis for axis in spec.get("axis") or ()}
    # In a bar chart the bottom axis carries the numbers in Google's picture too, and the specification calls it so.
    names = ("LEFT_AXIS", "BOTTOM_AXIS") if shown["kind"] == "bar" else ("BOTTOM_AXIS", "LEFT_AXIS")
    axes: dict[str, Any] = {"domain": {"title": str(given.get(names[0], {}).get("title") or "")}}
    if shown["kind"] == "scatter":
        xs = _values(columns[0])
        axes["domain"] |= make_axis([xs], (_first_look(columns[:1]), reader.locale), stacked=None, from_zero=False)
        axes["xs"] = xs
    for side, name in (("left", names[1]), ("right", "RIGHT_AXIS")):
        mine = [one["values"] for one in shown["series"] if one["side"] == side]
        own = [cells for one, cells in zip(shown["series"], columns[1:], strict=True) if one["side"] == side]
        if mine:
            window = given.get(name, {}).get("viewWindowOptions") or {}
            from_zero = shown["kind"] != "scatter"
            scale = make_axis(
                mine, (_first_look(own), reader.locale), stacked=shown["stacked"], from_zero=from_zero, window=window
            )
            axes[side] = {"title": str(given.get(name, {}).get("title") or "")} | scale
    return axes


def _pie(reader: _Reader, spec: Mapping[str, Any]) -> dict[str, Any]:
    names, columns = _split_header(reader, [reader.cells(spec.get("domain")), reader.cells(spec.get("series"))], None)
    (labels, cells), n_left_out = _thinned(_trimmed(columns))
    values = [value if value is not None and value > 0 else None for value in _values(cells)]
    series = {"name": names[1], "values": values, "texts": [reader.text(cell) for cell in cells]}
    return {
        "kind": "pie",
        "labels": [reader.text(cell) for cell in labels],
        "series": [series],
        "colors": [PALETTE[n % len(PALETTE)] for n in range(len(cells))],
        "hole": min(max(float(spec.get("pieHole") or 0), 0), 0.9),
        "legend": _legend(spec.get("legendPosition"), 2),
        "n_left_out": n_left_out,
    }
