"""The requests that make what lies over and beside the rows of a tab, each as Google takes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sync.destination.book import MADE_KEY
from sync.destination.change import runs_of
from sync.destination.decor import ChartWish, MarkWish, ScaleWish
from sync.destination.leave import box
from sync.destination.mentions import letters_of
from sync.destination.spot import Spot

Request = Mapping[str, Any]
CHART_WIDTH_PX, CHART_HEIGHT_PX = 600, 371
ROWS_OF_CHART, COLUMNS_OF_CHART = 19, 7  # of the usual height and width, with a little air
STRIPE = "#f6f8fc"

_CELL = re.compile(r"\$?[A-Z]{1,3}\$?\d+")


@dataclass(frozen=True, slots=True)
class Area:
    """The grid rows from the header to where the rows of groups end (excluded), or the grid does."""

    spot: Spot
    end: int

    @property
    def first(self) -> int:
        """The first row below the header."""
        return self.spot.header_row + 1

    def ranges(self, columns: Iterable[int], *, header: bool) -> list[dict[str, int]]:
        """Return the cells of some of our columns, side by side in one range."""
        start = self.spot.header_row if header else self.first
        runs = runs_of(self.spot.indexes[n] for n in columns)
        return [box(self.spot.sheet_id, (start, self.end), run) for run in runs]


def rgb(colour: str) -> dict[str, float]:
    """Return "#rrggbb" as Google says colours."""
    channels = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return dict(zip(("red", "green", "blue"), channels, strict=True))


def add_stripes(area: Area) -> Request:
    """Stripe the rows of our columns; the header keeps its own colour."""
    columns = (min(area.spot.indexes), max(area.spot.indexes) + 1)
    rows = {
        "headerColorStyle": {"rgbColor": {"red": 0.93, "green": 0.94, "blue": 0.96}},
        "firstBandColorStyle": {"rgbColor": rgb("#ffffff")},
        "secondBandColorStyle": {"rgbColor": rgb(STRIPE)},
    }
    band = {"range": box(area.spot.sheet_id, (area.spot.header_row, area.end), columns), "rowProperties": rows}
    return {"addBanding": {"bandedRange": band}}


def mark_rule(area: Area, wish: MarkWish) -> dict[str, Any]:
    """Return the rule of a mark. Its range begins with the header, so that rows that come in below it are inside."""
    top = area.spot.header_row + 1
    letters = [letters_of(area.spot.indexes[n]) for n in wish.of]
    cells = {f"c{n}": f"${letter}{top}" for n, letter in enumerate(letters)}
    heads = {f"h{n}": f"${letter}${top}" for n, letter in enumerate(letters)}
    formula = re.sub(r"\{([ch]\d+)\}", lambda found: (cells | heads)[found[1]], wish.test)
    look: dict[str, Any] = {"textFormat": {"bold": True}} if wish.bold else {}
    look |= {"backgroundColorStyle": {"rgbColor": rgb(wish.colour)}} if wish.colour else {}
    columns = wish.columns or range(len(area.spot.indexes))
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": f"={formula}"}]}
    return {
        "ranges": area.ranges(columns, header=True),
        "booleanRule": {"condition": condition, "format": look},
    }


def scale_rule(area: Area, wish: ScaleWish, *, header: bool) -> dict[str, Any]:
    """Return the rule of a colour scale; one that begins with the header also colours rows that come in below it."""
    points = [{"colorStyle": {"rgbColor": rgb(colour)}} for colour in wish.colours]
    gradient = {"minpoint": {**points[0], "type": "MIN"}, "maxpoint": {**points[-1], "type": "MAX"}}
    if len(points) > 2:
        gradient["midpoint"] = {**points[1], "type": "PERCENTILE", "value": "50"}
    return {"ranges": area.ranges(wish.columns, header=header), "gradientRule": gradient}


def rule_print(rule: Mapping[str, Any]) -> str:
    """Return what tells a rule that is as we made it, wherever its columns and rows have moved."""
    boolean, gradient = rule.get("booleanRule", {}), rule.get("gradientRule", {})
    values = boolean.get("condition", {}).get("values", [])
    formulas = [_CELL.sub("", value.get("userEnteredValue", "")) for value in values]
    colours = [_hex(boolean.get("format", {}), "backgroundColor")]
    colours += [_hex(gradient.get(name, {}), "color") for name in ("minpoint", "midpoint", "maxpoint")]
    told = repr([formulas, colours, boolean.get("format", {}).get("textFormat", {}).get("bold", False)])
    return blake2b(told.encode(), digest_size=6).hexdigest()


def _hex(owner: Mapping[str, Any], name: str) -> str:
    found = owner.get(f"{name}Style", {}).get("rgbColor", owner.get(name))
    if found is None:
        return ""
    return "".join(f"{round(found.get(channel, 0) * 255):02x}" for channel in ("red", "green", "blue"))


def chart_spec(area: Area, wish: ChartWish) -> dict[str, Any]:
    """Return what a chart draws and how."""
    about = {"title": wish.title} if wish.title else {}
    about |= {"altText": wish.alt} if wish.alt else {}
    if wish.kind == "PIE":
        parts = {"domain": _data(area, wish.x, header=False), "series": _data(area, wish.y[0], header=False)}
        return {**about, "pieChart": {"legendPosition": "RIGHT_LEGEND", **parts}}
    along, across = ("LEFT_AXIS", "BOTTOM_AXIS") if wish.kind == "BAR" else ("BOTTOM_AXIS", "LEFT_AXIS")
    basic: dict[str, Any] = {
        "chartType": wish.kind,
        "legendPosition": "BOTTOM_LEGEND" if len(wish.y) > 1 else "NO_LEGEND",
        "axis": [{"position": at, "title": t} for at, t in ((along, wish.x_title), (across, wish.y_title)) if t],
        "domains": [{"domain": _data(area, wish.x, header=True)}],
        "series": [_series(area, wish, n, across) for n in wish.y],
        "headerCount": 1,
    }
    if wish.stacked:
        basic["stackedType"] = "STACKED"
    return {**about, "basicChart": basic}


def _series(area: Area, wish: ChartWish, n: int, across: str) -> dict[str, Any]:
    series: dict[str, Any] = {"series": _data(area, n, header=True), "targetAxis": across}
    if wish.kind == "COMBO":
        is_line = n in wish.lines
        series |= {"type": "LINE" if is_line else "COLUMN", "targetAxis": "RIGHT_AXIS" if is_line else across}
    return series


def _data(area: Area, n: int, *, header: bool) -> dict[str, Any]:
    return {"sourceRange": {"sources": area.ranges([n], header=header)}}


def add_chart(area: Area, wish: ChartWish, chart_id: int, *, at: tuple[int, int]) -> Request:
    """Lay a chart over cells that hold nothing, its corner at the row and column `at`."""
    place = {
        "anchorCell": {"sheetId": area.spot.sheet_id, "rowIndex": at[0], "columnIndex": at[1]},
        "widthPixels": CHART_WIDTH_PX,
        "heightPixels": CHART_HEIGHT_PX,
    }
    chart = {"chartId": chart_id, "spec": chart_spec(area, wish), "position": {"overlayPosition": place}}
    return {"addChart": {"chart": chart}}


def chart_id_of(uid: str, name: str, taken: Collection[int]) -> int:
    """Return a free id for a chart: the same for the same one, so that a request that lands twice is refused."""
    n = 0
    while True:
        digest = blake2b(f"chart {uid} {name} {n}".encode(), digest_size=4).digest()
        chart_id = int.from_bytes(digest, "big") % (2**31 - 1)
        if chart_id not in taken:
            return chart_id
        n += 1


def note_made(sheet_id: int, value: str) -> Request:
    """Tag a tab with what was made on it, so that it is not made again once people took it away."""
    metadata = {"metadataKey": MADE_KEY, "metadataValue": value, "location": {"sheetId": sheet_id}}
    return {"createDeveloperMetadata": {"developerMetadata": {**metadata, "visibility": "DOCUMENT"}}}


def forget_made(sheet_id: int, value: str) -> Request:
    """Take such a tag away."""
    lookup: dict[str, Any] = {
        "metadataKey": MADE_KEY,
        "metadataValue": value,
        "metadataLocation": {"sheetId": sheet_id},
    }
    lookup["locationMatchingStrategy"] = "EXACT_LOCATION"
    return {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": lookup}}}


def moved_ends(node: Any, sheet_id: int, *, header_row: int, least: int, end: int) -> Any:
    """Return a specification whose ranges that reach to the end of the rows, or beyond it, end with another row.

    A range that people made shorter stays as they made it.
    """
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [moved_ends(one, sheet_id, header_row=header_row, least=least, end=end) for one in node]
    if not isinstance(node, Mapping):
        return node
    starts_here = node.get("startRowIndex", 0) in (header_row, header_row + 1) and node.get("sheetId", 0) == sheet_id
    if "endRowIndex" in node and starts_here and node["endRowIndex"] >= least:
        return {**node, "endRowIndex": end}
    return {key: moved_ends(one, sheet_id, header_row=header_row, least=least, end=end) for key, one in node.items()}
