"""A spreadsheet with everything on it that the page shows and the downloads hold, made as a person makes it."""

from __future__ import annotations

from typing import Any

from tests.sandbox_admin import Admin

Json = dict[str, Any]
SCRIPT = "<script>document.title='bitten'</script>"
TITLE = f"Showcase {SCRIPT}"
NAMES = ["Ada", "Bert", "Chloé", "דנה כהן", "محمد", "Eve 😀", SCRIPT]
HEADER = ["Agent", "Calls", "Answered", "Rate", "Since", "Paid", "Done", "Link", "Long", "Status"]
LONG = "A text that is much longer than its column " * 80
CHARTS, HIDDEN, BIG = 1, 2, 3
N_BIG_ROWS, N_BIG_COLUMNS = 100_000, 12


def cells(top: int, bottom: int, left: int, right: int, sheet: int = 0) -> Json:
    """Write a GridRange."""
    rows = {"startRowIndex": top, "endRowIndex": bottom}
    return {"sheetId": sheet, **rows, "startColumnIndex": left, "endColumnIndex": right}


def colour(text: str) -> Json:
    """Write #rrggbb as a Color."""
    return {name: int(text[at : at + 2], 16) / 255 for name, at in (("red", 1), ("green", 3), ("blue", 5))}


def data(*place: int, sheet: int = 0) -> Json:
    """Write ChartData of one range."""
    return {"sourceRange": {"sources": [cells(*place, sheet=sheet)]}}


def rows() -> list[list[Any]]:
    """Return what is typed into the first tab."""
    lines: list[list[Any]] = [HEADER]
    for n in range(14):
        day, link = f"2026-0{1 + n % 9}-1{n % 9}", f"https://example.com/call/{n}"
        done, status = "TRUE" if n % 3 else "FALSE", ["open", "closed", "late"][n % 3]
        text = LONG if n == 2 else ""
        paid = f"${n * 12.5:.2f}"
        lines.append([NAMES[n % 7], 10 + n * 7 % 53, 5 + n * 3, f"{40 + n}%", day, paid, done, link, text, status])
    return lines


def make_showcase(admin: Admin) -> str:
    """Make the spreadsheet and return its id."""
    book = admin.make_spreadsheet(TITLE, timezone="America/New_York")
    values: list[Json] = [
        {"range": "A1", "values": rows()},
        {"range": "B18", "values": [["one cell over\nsix"]]},
        {"range": "A22:B22", "values": [["Sum", "=SUM(B2:B15)"]]},
        {"range": "E22", "values": [["spills over to the right of its cell"]]},
        {"range": "A23:C23", "values": [["=1/0", '=HYPERLINK("https://example.com/go","go")', "'=not a formula"]]},
        {"range": "A24:B24", "values": [["-5", "1234567.891"]]},
    ]
    admin.edit(book, values=values)
    admin.edit(book, requests=[*_frame(), *_looks(), *_objects(), *_tabs()])
    admin.edit(book, values=[{"range": "Charts!A1", "values": _months()}])
    admin.edit(book, requests=[{"addChart": {"chart": chart}} for chart in charts()])
    return book


def _repeat(place: Json, look: Json, fields: str = "userEnteredFormat") -> Json:
    cell = {"userEnteredFormat": look} if fields == "userEnteredFormat" else look
    return {"repeatCell": {"range": place, "cell": cell, "fields": fields}}


def _lines(dimension: str, start: int, end: int, **properties: Any) -> Json:
    place = {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}
    body = {"range": place, "properties": properties, "fields": ",".join(properties)}
    return {"updateDimensionProperties": body}


def _frame() -> list[Json]:
    properties = {
        "sheetId": 0,
        "gridProperties": {"frozenRowCount": 1, "frozenColumnCount": 1},
        "tabColor": colour("#ea4335"),
    }
    fields = "gridProperties.frozenRowCount,gridProperties.frozenColumnCount,tabColor"
    return [
        {"updateSheetProperties": {"properties": properties, "fields": fields}},
        {"mergeCells": {"range": cells(17, 19, 1, 4), "mergeType": "MERGE_ALL"}},
        _lines("ROWS", 5, 7, hiddenByUser=True),
        _lines("ROWS", 15, 16, pixelSize=48),
        _lines("COLUMNS", 7, 8, pixelSize=180),
        _lines("COLUMNS", 10, 12, hiddenByUser=True),
    ]


def _looks() -> list[Json]:
    header = {
        "textFormat": {"bold": True, "foregroundColor": colour("#ffffff")},
        "backgroundColor": colour("#1a73e8"),
        "horizontalAlignment": "CENTER",
    }
    thick = {"style": "SOLID_THICK", "color": colour("#d93025")}
    framed = {
        "wrapStrategy": "WRAP",
        "verticalAlignment": "MIDDLE",
        "borders": dict.fromkeys(("top", "bottom", "left", "right"), thick),
    }
    letters = {"italic": True, "strikethrough": True, "fontSize": 14, "fontFamily": "Courier New"}
    return [
        _repeat(cells(0, 1, 0, 10), header),
        _repeat(cells(17, 18, 1, 2), framed),
        _repeat(cells(21, 22, 0, 1), {"textFormat": letters}),
        _repeat(cells(23, 24, 0, 1), {"numberFormat": {"type": "NUMBER", "pattern": "0;[Red]-0"}}),
        _repeat(cells(23, 24, 1, 2), {"numberFormat": {"type": "NUMBER", "pattern": "#,##0.00"}}),
        _repeat(cells(1, 2, 1, 2), {"note": f"Called twice.\n{SCRIPT}"}, "note"),
    ]


def _objects() -> list[Json]:
    late = {"backgroundColor": colour("#f4c7c3"), "textFormat": {"bold": True}}
    gradient = {
        "minpoint": {"type": "MIN", "color": colour("#ffffff")},
        "maxpoint": {"type": "MAX", "color": colour("#57bb8a")},
    }
    bands = {
        "headerColor": colour("#cccccc"),
        "firstBandColor": colour("#ffffff"),
        "secondBandColor": colour("#f3f3f3"),
    }
    choices = [{"userEnteredValue": text} for text in ("open", "closed", "late")]
    over_20 = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": "=$C2>20"}]}
    is_late = {"type": "TEXT_EQ", "values": [{"userEnteredValue": "late"}]}
    red = {"textFormat": {"foregroundColor": colour("#d93025"), "italic": True}}
    rules: list[Json] = [
        {"ranges": [cells(1, 15, 1, 2)], "gradientRule": gradient},
        {"ranges": [cells(1, 15, 9, 10)], "booleanRule": {"condition": is_late, "format": late}},
        {"ranges": [cells(1, 15, 2, 3)], "booleanRule": {"condition": over_20, "format": red}},
    ]
    return [
        {"setDataValidation": {"range": cells(1, 15, 6, 7), "rule": {"condition": {"type": "BOOLEAN"}}}},
        {
            "setDataValidation": {
                "range": cells(1, 15, 9, 10),
                "rule": {"condition": {"type": "ONE_OF_LIST", "values": choices}},
            }
        },
        {"addBanding": {"bandedRange": {"range": cells(0, 15, 0, 10), "rowProperties": bands}}},
        *({"addConditionalFormatRule": {"rule": rule, "index": 0}} for rule in rules),
        {"setBasicFilter": {"filter": {"range": cells(0, 15, 0, 10), "criteria": {"0": {"hiddenValues": ["Bert"]}}}}},
        {"addProtectedRange": {"protectedRange": {"range": cells(1, 15, 5, 6), "description": "Of the accountants"}}},
        {"addNamedRange": {"namedRange": {"name": "Calls", "range": cells(1, 15, 1, 2)}}},
    ]


def _tabs() -> list[Json]:
    big = {"rowCount": N_BIG_ROWS, "columnCount": N_BIG_COLUMNS, "frozenRowCount": 1}
    return [
        {"addSheet": {"properties": {"sheetId": CHARTS, "title": "Charts", "tabColor": colour("#34a853")}}},
        {"addSheet": {"properties": {"sheetId": HIDDEN, "title": "Nobody sees this", "hidden": True}}},
        {"addSheet": {"properties": {"sheetId": BIG, "title": "Big", "gridProperties": big}}},
        {"addSheet": {"properties": {"sheetId": 4, "title": "ריק", "rightToLeft": True}}},
    ]


def _months() -> list[list[Any]]:
    return [
        ["Month", "North", "South", "Share"],
        ["Jan", 12, 7, "20%"],
        ["Feb", 19, 9, "35%"],
        ["Mar", 8, 14, "10%"],
        ["Apr", 25, 11, "60%"],
        ["May", 17, 18, "45%"],
    ]


def _at(row: int, column: int) -> Json:
    anchor = {"sheetId": CHARTS, "rowIndex": row, "columnIndex": column}
    place = {"anchorCell": anchor, "offsetXPixels": 10, "offsetYPixels": 5, "widthPixels": 460, "heightPixels": 290}
    return {"overlayPosition": place}


def _basic(kind: str, place: tuple[int, int], **wanted: Any) -> Json:
    basic = {
        "chartType": kind,
        "legendPosition": "BOTTOM_LEGEND",
        "headerCount": 1,
        "axis": [{"position": "BOTTOM_AXIS", "title": "Month"}, {"position": "LEFT_AXIS", "title": "Calls"}],
        "domains": [{"domain": data(0, 6, 0, 1, sheet=CHARTS)}],
        "series": [{"series": data(0, 6, n, n + 1, sheet=CHARTS)} for n in (1, 2)],
        **wanted,
    }
    return {"spec": {"title": f"A {kind.lower()} chart", "basicChart": basic}, "position": _at(*place)}


def charts() -> list[Json]:
    """Return the charts of the second tab, one of each kind."""
    mixed = [
        {"series": data(0, 6, 1, 2, sheet=CHARTS), "type": "COLUMN"},
        {"series": data(0, 6, 3, 4, sheet=CHARTS), "type": "LINE", "targetAxis": "RIGHT_AXIS"},
    ]
    points = {
        "domains": [{"domain": data(0, 6, 1, 2, sheet=CHARTS)}],
        "series": [{"series": data(0, 6, 2, 3, sheet=CHARTS)}],
    }
    pie = {
        "domain": data(1, 6, 0, 1, sheet=CHARTS),
        "series": data(1, 6, 1, 2, sheet=CHARTS),
        "pieHole": 0.4,
        "legendPosition": "RIGHT_LEGEND",
    }
    return [
        _basic("COLUMN", (7, 0)),
        _basic("BAR", (7, 5)),
        _basic("LINE", (23, 0)),
        _basic("AREA", (23, 5), stackedType="STACKED"),
        _basic("COMBO", (39, 0), series=mixed),
        _basic("SCATTER", (39, 5), **points),
        {"spec": {"title": "A pie", "pieChart": pie}, "position": _at(0, 10)},
    ]


def fill_big(admin: Admin, book: str) -> None:
    """Fill the large tab: the first column counts, the others say where they are."""
    for top in range(0, N_BIG_ROWS, 25_000):
        lines = [
            [row + 1, *(f"r{row + 1}c{column + 1}" for column in range(1, N_BIG_COLUMNS))]
            for row in range(top, top + 25_000)
        ]
        path = f"/v4/spreadsheets/{book}/values/Big!A{top + 1}"
        admin.http.put(path, params={"valueInputOption": "RAW"}, json={"values": lines}).raise_for_status()
