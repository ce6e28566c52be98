"""Pivot tables: kept in one cell, shown in many, following their source."""

from __future__ import annotations

from typing import Any

import pytest

from sync.sandbox.google.keeping import dump_world, load_world
from tests.unit.sandbox_google.conftest import Google, Json, cells_of, columns_of, rows_of

SALES: list[list[Any]] = [
    ["Region", "Item", "Units", "Price", "Day"],
    ["West", "Wheel", 4, 20.5, 42370],
    ["South", "Door", 2, 15, 42384],
    ["West", "Door", 6, 29, 42440],
    ["East", "Wheel", 11, 20.5, 42490],
    ["South", "Wheel", 1, 3, 42736],
]


def pivot_cell(row: int, column: int, fields: str = "pivotTable", **pivot: Any) -> Json:
    source = pivot.pop("source", cells_of(0, 6, 0, 5))
    start = {"sheetId": 0, "rowIndex": row, "columnIndex": column}
    cell = {"pivotTable": {"source": source} | pivot}
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": fields}}


def by(offset: int, **more: Any) -> Json:
    return {"sourceColumnOffset": offset, "showTotals": True, "sortOrder": "ASCENDING"} | more


def summed(offset: int, function: str = "SUM", **more: Any) -> Json:
    return {"sourceColumnOffset": offset, "summarizeFunction": function} | more


@pytest.fixture
def sales(google: Google) -> Google:
    google.put("A1", SALES)
    return google


def kept_pivot(google: Google, place: str = "G1") -> Json:
    answer = google.good("GET", "", ranges=f"Sheet1!{place}", fields="sheets.data.rowData.values.pivotTable")
    found: Json = answer["sheets"][0]["data"][0]["rowData"][0]["values"][0]["pivotTable"]
    return found


def test_a_pivot_table_shows_groups_sums_and_totals(sales: Google) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0)], columns=[by(1)], values=[summed(2)]))
    assert sales.raw("G1:J6") == [
        ["SUM of Units", "Item"],
        ["Region", "Door", "Wheel", "Grand Total"],
        ["East", "", 11, 11],
        ["South", 2, 1, 3],
        ["West", 6, 4, 10],
        ["Grand Total", 8, 16, 24],
    ]
    sales.put("C2", [[40]])
    assert sales.raw("J5") == [[46]]


def test_a_pivot_table_is_kept_at_its_first_cell_and_others_hold_only_effective_values(sales: Google) -> None:
    groups, values = [by(0)], [summed(2)]
    sales.batch(pivot_cell(0, 6, rows=groups, values=values, criteria={"1": {"visibleByDefault": True}}))
    data = sales.good("GET", "", ranges="G1:H2", includeGridData=True)["sheets"][0]["data"][0]["rowData"]
    corner = data[0]["values"][0]
    assert corner["pivotTable"] == {
        "source": {name: value for name, value in cells_of(0, 6, 0, 5).items() if name != "sheetId"},
        "rows": groups,
        "values": values,
        "criteria": {"1": {"visibleByDefault": True}},
        "filterSpecs": [{"columnOffsetIndex": 1, "filterCriteria": {"visibleByDefault": True}}],
    }
    assert corner["effectiveValue"] == {"stringValue": "Region"}
    worth = data[1]["values"][1]
    assert worth["effectiveValue"] == {"numberValue": 11}
    assert worth["formattedValue"] == "11"
    assert not {"userEnteredValue", "pivotTable"} & set(worth)
    assert "userEnteredValue" not in corner


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("SUM", 10), ("COUNTA", 2), ("COUNT", 2), ("COUNTUNIQUE", 2), ("AVERAGE", 5), ("MAX", 6), ("MIN", 4),
        ("MEDIAN", 5), ("PRODUCT", 24), ("STDEV", 2**0.5), ("STDEVP", 1), ("VAR", 2), ("VARP", 1),
    ],
)  # fmt: skip
def test_values_are_summed_up_by_every_function(sales: Google, function: str, expected: float) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0, showTotals=False)], values=[summed(2, function)]))
    assert sales.raw("G4:H4") == [["West", pytest.approx(expected)]]
    assert sales.read("H1") == [[f"{function} of Units"]]


def test_groups_in_groups_show_each_outer_one_once_and_their_totals(sales: Google) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0), by(1)], values=[summed(2, name="n"), summed(3, "MAX")]))
    assert sales.raw("G1:J12") == [
        ["Region", "Item", "n", "MAX of Price"],
        ["East", "Wheel", 11, 20.5],
        ["East Total", "", 11, 20.5],
        ["South", "Door", 2, 15],
        ["", "Wheel", 1, 3],
        ["South Total", "", 3, 15],
        ["West", "Door", 6, 29],
        ["", "Wheel", 4, 20.5],
        ["West Total", "", 10, 29],
        ["Grand Total", "", 24, 29],
    ]
    repeated = [by(0, repeatHeadings=True, showTotals=False), by(1, showTotals=False)]
    sales.batch(pivot_cell(0, 6, rows=repeated, values=[summed(2)]))
    assert [row[0] for row in sales.raw("G1:H12")] == ["Region", "East", "South", "South", "West", "West"]


def test_several_values_stand_beside_or_below_each_other(sales: Google) -> None:
    sides = {"rows": [by(0, showTotals=False)], "columns": [by(1, showTotals=False)]}
    values = [summed(2, name="u"), summed(3, "MAX", name="p")]
    sales.batch(pivot_cell(0, 6, **sides, values=values))
    assert sales.raw("G1:K4") == [
        ["", "Item"],
        ["", "Door", "", "Wheel"],
        ["Region", "u", "p", "u", "p"],
        ["East", "", "", 11, 20.5],
    ]
    sales.batch(pivot_cell(0, 6, **sides, values=values, valueLayout="VERTICAL"))
    assert sales.raw("G1:J4") == [
        ["", "", "Item"],
        ["Region", "", "Door", "Wheel"],
        ["East", "u", "", 11],
        ["", "p", "", 20.5],
    ]


def test_groups_sort_by_their_names_or_by_a_value_and_can_be_limited(sales: Google) -> None:
    def regions(**how: Any) -> list[Any]:
        sales.batch(pivot_cell(0, 6, rows=[by(0, showTotals=False, **how)], columns=[by(1)], values=[summed(2)]))
        return [row[0] for row in sales.raw("G3:G9")]

    assert regions(sortOrder="DESCENDING") == ["West", "South", "East"]
    assert regions(valueBucket={}) == ["South", "West", "East"]
    assert regions(valueBucket={"buckets": [{"stringValue": "Door"}]}, sortOrder="DESCENDING") == [
        "West", "South", "East",
    ]  # fmt: skip
    assert regions(groupLimit={"countLimit": 2}) == ["East", "South"]


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({"manualRule": {"groups": [{"groupName": {"stringValue": "Dry"}, "items": [{"numberValue": 11}]}]}},
         [1, 2, 4, 6, "Dry"]),
        ({"histogramRule": {"interval": 4, "start": 2, "end": 10}}, ["< 2", "2-6", "6-10", "> 10"]),
        ({"histogramRule": {"interval": 5}}, ["0-5", "5-10", "10-15"]),
    ],
)  # fmt: skip
def test_numbers_fall_into_the_buckets_of_a_rule(sales: Google, rule: Json, names: list[Any]) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(2, showTotals=False, groupRule=rule)]))
    assert sales.raw("G1:G8") == [["Grouped Units"], *([name] for name in names)]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("YEAR", [2016, 2017]), ("MONTH", ["Jan", "Mar", "Apr"]), ("QUARTER", ["Q1", "Q2"]),
        ("YEAR_MONTH", ["2016-Jan", "2016-Mar", "2016-Apr", "2017-Jan"]),
        ("YEAR_QUARTER", ["2016 Q1", "2016 Q2", "2017 Q1"]),
        ("DAY_OF_WEEK", ["Sunday", "Friday", "Saturday"]), ("DAY_OF_MONTH", [1, 11, 15, 30]),
        ("DAY_MONTH", ["1-Jan", "15-Jan", "11-Mar", "30-Apr"]), ("HOUR_MINUTE_AMPM", ["12:00 AM"]),
        ("YEAR_MONTH_DAY", ["2016-01-01", "2016-01-15", "2016-03-11", "2016-04-30", "2017-01-01"]),
    ],
)  # fmt: skip
def test_dates_fall_into_the_buckets_of_a_rule(sales: Google, kind: str, names: list[Any]) -> None:
    rule = {"dateTimeRule": {"type": kind}}
    sales.batch(pivot_cell(0, 6, rows=[by(4, showTotals=False, groupRule=rule)]))
    assert sales.raw("G2:G9") == [[name] for name in names]


@pytest.mark.parametrize(
    ("criteria", "regions"),
    [
        ({"visibleValues": ["West", "East"]}, ["East", "West"]),
        ({"visibleByDefault": True}, ["East", "South", "West"]),
        ({"condition": {"type": "TEXT_CONTAINS", "values": [{"userEnteredValue": "th"}]}, "visibleByDefault": True},
         ["South"]),
        ({"visibleValues": []}, []),
    ],
)  # fmt: skip
def test_filters_leave_records_out(sales: Google, criteria: Json, regions: list[str]) -> None:
    specs = [{"columnOffsetIndex": 0, "filterCriteria": criteria}]
    sales.batch(pivot_cell(0, 6, rows=[by(0, showTotals=False)], filterSpecs=specs))
    assert sales.raw("G2:G9") == [[name] for name in regions]


def test_values_show_as_parts_of_totals_and_in_the_format_of_their_column(sales: Google) -> None:
    money = {"userEnteredFormat": {"numberFormat": {"type": "CURRENCY", "pattern": '"$"0.00'}}}
    sales.batch({"repeatCell": {"range": cells_of(1, 6, 3, 4), "cell": money, "fields": "userEnteredFormat"}})
    parts = [summed(3), summed(2, calculatedDisplayType="PERCENT_OF_GRAND_TOTAL"), summed(3, "COUNT")]
    sales.batch(pivot_cell(0, 6, rows=[by(0)], values=parts))
    assert sales.read("G3:J3") == [["South", "$18.00", "12.50%", "2"]]


@pytest.mark.parametrize(
    ("request_", "source", "offset"),
    [
        ({"insertDimension": {"range": rows_of(3, 5)}}, cells_of(0, 8, 0, 5), 2),
        ({"insertDimension": {"range": rows_of(6, 8)}}, cells_of(0, 6, 0, 5), 2),
        ({"insertDimension": {"range": columns_of(2, 3)}}, cells_of(0, 6, 0, 6), 3),
        ({"insertDimension": {"range": columns_of(0, 1)}}, cells_of(0, 6, 1, 6), 2),
        ({"deleteDimension": {"range": rows_of(1, 3)}}, cells_of(0, 4, 0, 5), 2),
        ({"deleteDimension": {"range": columns_of(0, 2)}}, cells_of(0, 6, 0, 3), 0),
        ({"moveDimension": {"source": columns_of(2, 3), "destinationIndex": 1}}, cells_of(0, 6, 0, 5), 1),
        ({"moveDimension": {"source": rows_of(4, 5), "destinationIndex": 2}}, cells_of(0, 6, 0, 5), 2),
    ],
)  # fmt: skip
def test_the_source_of_a_pivot_table_follows_rows_and_columns(
    sales: Google, request_: Json, source: Json, offset: int
) -> None:
    sales.batch({"addSheet": {"properties": {"sheetId": 7, "title": "Out"}}})
    asked = pivot_cell(0, 0, values=[summed(2)])
    asked["updateCells"]["start"]["sheetId"] = 7
    sales.batch(asked)
    sales.batch(request_)
    answer = sales.good("GET", "", ranges="Out!A1", fields="sheets.data.rowData.values.pivotTable")
    kept = answer["sheets"][0]["data"][0]["rowData"][0]["values"][0]["pivotTable"]
    assert kept["source"] == {name: value for name, value in source.items() if name != "sheetId"}
    assert kept["values"] == [summed(offset)]
    assert sales.read("Out!A1") == [["SUM of Units"]]


def test_rows_that_come_into_the_source_are_counted(sales: Google) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0)], values=[summed(2)]), {"insertDimension": {"range": rows_of(3, 4)}})
    sales.put("A4", [["North", "Door", 5]])
    assert sales.raw("G1:H6") == [
        ["Region", "SUM of Units"], ["East", 11], ["North", 5], ["South", 3], ["West", 10], ["Grand Total", 29],
    ]  # fmt: skip


def test_a_pivot_table_moves_with_its_cell_and_goes_with_its_definition(sales: Google) -> None:
    sales.batch(pivot_cell(2, 6, rows=[by(0)]), {"insertDimension": {"range": columns_of(5, 6)}})
    assert sales.read("H3:H4") == [["Region"], ["East"]]
    place = {"sheetId": 0, "rowIndex": 20, "columnIndex": 2}
    sales.batch({"cutPaste": {"source": cells_of(2, 3, 7, 8), "destination": place}})
    assert sales.read("H3:H4") == []
    assert sales.read("C21:C22") == [["Region"], ["East"]]
    sales.batch({"updateCells": {"range": cells_of(20, 21, 2, 3), "fields": "pivotTable"}})
    assert sales.read("C21:C25") == []


def test_a_pivot_table_without_room_or_source_shows_an_error(sales: Google) -> None:
    sales.put("H3", [["mine"]])
    sales.batch(pivot_cell(0, 6, rows=[by(0)], values=[summed(2)]))
    assert sales.read("G1:H3") == [["#REF!"], [], ["", "mine"]]
    sales.put("H3", [[""]])
    assert sales.read("G3:H3") == [["South", "3"]]
    sales.batch({"deleteDimension": {"range": rows_of(1, 6)}}, {"deleteDimension": {"range": columns_of(0, 5)}})
    assert sales.read("A1:B2") == [["", "#REF!"]]
    assert "source" not in kept_pivot(sales, "B1")


def test_a_refused_batch_leaves_the_pivot_table_as_it_was(sales: Google) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0)]))
    before = sales.good("GET", "", includeGridData=True)
    sales.no(pivot_cell(0, 6, rows=[by(1)]), {"deleteSheet": {"sheetId": 99}})
    assert sales.good("GET", "", includeGridData=True) == before


@pytest.mark.parametrize(
    ("pivot", "text"),
    [
        ({"rows": [by(5)]}, "sourceColumnOffset[5] must be within the source range, which has 5 columns."),
        ({"values": [summed(1, "CUSTOM")]}, "If sourceColumnOffset is set, summarizeFunction CUSTOM is not supported."),
        ({"rows": [by(2, groupRule={"histogramRule": {"interval": 0}})]}, "histogramRule.interval must be positive."),
        ({"dataSourceId": "x"}, "PivotTable.dataSourceId is not in the sandbox."),
    ],
)
def test_a_pivot_table_that_cannot_be_is_refused(sales: Google, pivot: Json, text: str) -> None:
    assert sales.no(pivot_cell(0, 6, **pivot)) == f"Invalid requests[0].updateCells: {text}"


def test_copies_of_a_tab_read_the_copy(sales: Google) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0)]), {"duplicateSheet": {"sourceSheetId": 0, "newSheetId": 5}})
    sales.put("'Copy of Sheet1'!A2", [["Moon"]])
    assert sales.read("'Copy of Sheet1'!G3") == [["Moon"]]
    assert sales.read("Sheet1!G3") == [["South"]]
    values = {"source": cells_of(0, 3, 6, 7), "destination": cells_of(0, 3, 10, 11)}
    sales.batch({"copyPaste": values | {"pasteType": "PASTE_VALUES"}})
    assert sales.formulas("Sheet1!K1:K3") == [["Region"], ["East"], ["South"]]


def test_a_saved_pivot_table_shows_again_when_it_is_opened(sales: Google) -> None:
    sales.batch(pivot_cell(0, 6, rows=[by(0)], values=[summed(2)]))
    before = sales.good("GET", "", includeGridData=True)
    load_world(sales.world, dump_world(sales.world))
    assert sales.good("GET", "", includeGridData=True) == before
