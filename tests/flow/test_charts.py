"""Charts, highlights and stripes: made once, drawn right as the table grows, and what people make of them stays."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from sync.report import Outcome
from tests.world import World

BY_DAY = 'group_by = ["date"]\nmetrics = ["count", "unique_callers"]'
CHARTED = """group_by = ["date"]
metrics = ["count", "missed_pct", { metric = "avg_duration", format = "duration" }]
chart = [
    { type = "combo", x = "date", y = ["count", "missed_pct"], title = "Calls a day" },
    { type = "heat map", y = "avg_duration", colour = "green to yellow to red" },
]
highlight = [
    { column = "missed_pct", when = "> 20.5", colour = "red" },
    { column = "count", when = "< 3", colour = "#abcdef", row = true },
]
"""


def look(world: World, title: str = "By day") -> dict[str, Any]:
    """Return a tab as Google tells it, without its cells."""
    answer = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
    ).json()
    return next(sheet for sheet in answer["sheets"] if sheet["properties"]["title"] == title)


def cells(world: World, title: str = "By day") -> list[list[dict[str, Any]]]:
    answer = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}",
        params={"includeGridData": "true", "ranges": f"'{title}'"},
        headers={"Authorization": "Bearer test"},
    ).json()
    return [row.get("values", []) for row in answer["sheets"][0]["data"][0]["rowData"]]


def charted(world: World, options: str = CHARTED) -> World:
    world.swaps[BY_DAY] = options
    return world


def sources(chart: dict[str, Any]) -> list[dict[str, Any]]:
    basic = chart["spec"]["basicChart"]
    parts = [basic["domains"][0]["domain"], *(series["series"] for series in basic["series"])]
    return [part["sourceRange"]["sources"][0] for part in parts]


def ends(world: World, title: str = "By day") -> set[int]:
    (chart,) = look(world, title)["charts"]
    return {source["endRowIndex"] for source in sources(chart)}


def n_groups(world: World, title: str = "By day") -> int:
    return len(world.rows_by_header(title)) - 1  # without the totals


def scale_ends(world: World) -> set[int]:
    rules = [rule for rule in look(world)["conditionalFormats"] if "gradientRule" in rule]
    return {part["endRowIndex"] for rule in rules for part in rule["ranges"]}


def assert_right(world: World) -> None:
    assert ends(world) == {1 + n_groups(world)}
    assert scale_ends(world) == {1 + n_groups(world)}


def test_a_chart_is_made_with_its_tab_and_draws_every_group_but_no_totals(world: World) -> None:
    assert charted(world).run().outcome is Outcome.OK
    n_writes = world.n_requests("write")
    assert n_writes <= 2
    sheet = look(world)
    (chart,) = sheet["charts"]
    assert_right(world)
    assert chart["spec"]["title"] == "Calls a day"
    kinds = [(s["type"], s["targetAxis"]) for s in chart["spec"]["basicChart"]["series"]]
    assert kinds == [("COLUMN", "LEFT_AXIS"), ("LINE", "RIGHT_AXIS")]
    place = chart["position"]["overlayPosition"]["anchorCell"]
    assert place["columnIndex"] > 4
    grid = sheet["properties"]["gridProperties"]
    assert grid["rowCount"] >= 19
    assert grid["columnCount"] >= place["columnIndex"] + 6
    assert len(sheet["bandedRanges"]) == 1
    assert len(sheet["conditionalFormats"]) == 4
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


def background(cell: dict[str, Any]) -> dict[str, float]:
    return dict(cell["effectiveFormat"]["backgroundColor"])


@pytest.mark.parametrize("locale", ["en_US", pytest.param("de_DE", marks=pytest.mark.full)])
def test_what_stands_out_is_coloured_and_totals_are_bold(world: World, locale: str) -> None:
    request = {"updateSpreadsheetProperties": {"properties": {"locale": locale}, "fields": "locale"}}
    world.admin.edit(world.spreadsheet, requests=[request])
    assert charted(world).run().outcome is Outcome.OK
    rows = cells(world)[1:]
    values = world.rows_by_header("By day")
    reds = []
    for row, value in zip(rows, values, strict=False):
        is_red = {channel: round(n, 2) for channel, n in background(row[2]).items()} == {
            "red": 0.96,
            "green": 0.78,
            "blue": 0.76,
        }
        assert is_red == (value["Missed (%)"] > 20.5), value
        reds.append(is_red)
        assert row[0]["effectiveFormat"]["textFormat"].get("bold", False) == (value["Date"] == "Total")
    assert True in reds
    assert False in reds
    colours = {json.dumps(background(row[3])) for row in rows[: len(values) - 1]}
    assert len(colours) > 3  # of the scale


def test_charts_and_scales_follow_the_rows_as_they_come_and_go(world: World) -> None:
    world.period = "last 20 days"
    charted(world, CHARTED.replace('["date"]', '["date", "direction"]').replace('x = "date", ', ""))
    assert world.run().outcome is Outcome.OK
    assert_right(world)
    before = n_groups(world)
    world.swaps[BY_DAY] += 'where = ["direction = inbound"]\n'
    assert world.run().outcome is Outcome.OK
    assert n_groups(world) < before
    assert_right(world)
    world.swaps[BY_DAY] = world.swaps[BY_DAY].replace('where = ["direction = inbound"]\n', "")
    assert world.run().outcome is Outcome.OK
    assert n_groups(world) == before
    assert_right(world)
    assert len(look(world)["charts"]) == 1
    world.period = "last 28 days"
    assert world.run().outcome is Outcome.OK
    assert n_groups(world) > before
    assert_right(world)
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


def test_people_sort_rename_and_restyle_and_the_chart_goes_on(world: World) -> None:
    assert charted(world).run().outcome is Outcome.OK
    sheet = look(world)
    sheet_id, (chart,) = sheet["properties"]["sheetId"], sheet["charts"]
    spec = chart["spec"] | {"title": "Ours", "subtitle": "of the team"}
    spec["basicChart"] = spec["basicChart"] | {"legendPosition": "TOP_LEGEND"}
    box = {"sheetId": sheet_id, "startRowIndex": 1, "endRowIndex": 1 + n_groups(world), "startColumnIndex": 0}
    moved = {"objectId": chart["chartId"], "fields": "*"}
    moved["newPosition"] = {"overlayPosition": {"anchorCell": {"sheetId": sheet_id, "rowIndex": 3, "columnIndex": 7}}}
    world.admin.edit(
        world.spreadsheet,
        requests=[
            {"updateChartSpec": {"chartId": chart["chartId"], "spec": spec}},
            {"updateEmbeddedObjectPosition": moved},
            {
                "updateSheetProperties": {
                    "properties": {"sheetId": sheet_id, "title": "Day by day"},
                    "fields": "title",
                }
            },
            {"sortRange": {"range": box, "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}]}},
        ],
    )
    world.period = "last 12 days"
    assert world.run().outcome is Outcome.OK
    (after,) = look(world, "Day by day")["charts"]
    assert (after["spec"]["title"], after["spec"]["subtitle"]) == ("Ours", "of the team")
    assert after["spec"]["basicChart"]["legendPosition"] == "TOP_LEGEND"
    assert after["position"]["overlayPosition"]["anchorCell"]["columnIndex"] == 7
    assert ends(world, "Day by day") == {1 + n_groups(world, "Day by day")}
    assert world.run().outcome is Outcome.UNCHANGED


def test_what_people_made_of_a_chart_stays_when_a_metric_comes_before_its_own(world: World) -> None:
    assert charted(world).run().outcome is Outcome.OK
    sheet = look(world)
    (chart,) = sheet["charts"]
    rules = [dict(rule) for rule in sheet["conditionalFormats"]]
    spec = chart["spec"] | {"title": "Ours"}
    world.admin.edit(world.spreadsheet, requests=[{"updateChartSpec": {"chartId": chart["chartId"], "spec": spec}}])
    assert '["count", "missed_pct", {' in CHARTED
    charted(world, CHARTED.replace('["count", "missed_pct", {', '["unique_callers", "missed_pct", "count", {'))
    assert world.run().outcome is not Outcome.FAILED
    assert world.run().outcome is not Outcome.FAILED
    header = [cell.get("formattedValue") for cell in cells(world)[0]]
    assert header[:4] == ["Date", "Unique callers", "Missed (%)", "Calls"]
    (after,) = look(world)["charts"]
    assert after["spec"]["title"] == "Ours"
    assert [header[source["startColumnIndex"]] for source in sources(after)] == ["Date", "Calls", "Missed (%)"]
    assert len(look(world)["conditionalFormats"]) == len(rules)
    assert_right(world)
    assert world.run().outcome is Outcome.UNCHANGED


def test_a_chart_that_a_person_deleted_is_not_made_again_even_by_a_new_store(world: World) -> None:
    assert charted(world).run().outcome is Outcome.OK
    (chart,) = look(world)["charts"]
    world.admin.edit(world.spreadsheet, requests=[{"deleteEmbeddedObject": {"objectId": chart["chartId"]}}])
    world.period = "last 9 days"
    assert world.run().outcome is Outcome.OK
    assert look(world).get("charts", []) == []
    for path in world.folder.glob("callsheet.db*"):
        path.unlink()
    assert world.run().outcome is not Outcome.FAILED
    assert look(world).get("charts", []) == []


@pytest.mark.full
def test_a_range_that_a_person_made_shorter_stays(world: World) -> None:
    world.period = "last 20 days"
    assert charted(world).run().outcome is Outcome.OK
    (chart,) = look(world)["charts"]
    spec = json.loads(json.dumps(chart["spec"]).replace(f'"endRowIndex": {1 + n_groups(world)}', '"endRowIndex": 6'))
    world.admin.edit(world.spreadsheet, requests=[{"updateChartSpec": {"chartId": chart["chartId"], "spec": spec}}])
    world.period = "last 25 days"
    assert world.run().outcome is Outcome.OK
    assert ends(world) == {6}


def test_charts_come_to_a_tab_that_is_there_beside_what_people_keep_in_it(world: World) -> None:
    assert charted(world, 'group_by = ["date"]\nmetrics = ["count"]').run().outcome is Outcome.OK
    assert look(world).get("charts", []) == []
    world.admin.edit(world.spreadsheet, values=[{"range": "'By day'!D2", "values": [["a note"]]}])
    world.swaps[BY_DAY] = 'group_by = ["date"]\nmetrics = ["count"]\nchart = { type = "column", y = ["count"] }'
    assert world.run().outcome is not Outcome.FAILED
    (chart,) = look(world)["charts"]
    assert chart["position"]["overlayPosition"]["anchorCell"]["columnIndex"] > 3
    assert chart["spec"]["basicChart"]["chartType"] == "COLUMN"
    assert ends(world) == {1 + n_groups(world)}
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    world.swaps[BY_DAY] = world.swaps[BY_DAY].replace('"column"', '"line"')
    assert world.run().outcome is not Outcome.FAILED
    (edited,) = look(world)["charts"]
    assert edited["chartId"] == chart["chartId"]
    assert edited["spec"]["basicChart"]["chartType"] == "LINE"
    world.swaps[BY_DAY] = 'group_by = ["date"]\nmetrics = ["count"]'
    assert world.run().outcome is not Outcome.FAILED
    assert len(look(world)["charts"]) == 1  # what people may look at stays
    assert any("a note" in row for row in world.tab("By day"))


@pytest.mark.full
def test_a_highlight_that_changes_in_the_config_takes_the_place_of_the_one_before(world: World) -> None:
    world.more_tab = 'highlight = { column = "status", when = "= missed", row = true }\norder = "newest first"\n'
    assert world.run().outcome is Outcome.OK
    (rule,) = look(world, "Calls")["conditionalFormats"]
    world.more_tab = 'highlight = [{ column = "Status", when = "in missed, voicemail", colour = "blue" }]\n'
    world.more_tab += 'order = "newest first"\n'
    assert world.run().outcome is not Outcome.FAILED
    (changed,) = look(world, "Calls")["conditionalFormats"]
    assert changed != rule
    world.admin.arrive(10)
    assert world.run().outcome is Outcome.OK
    (grown,) = look(world, "Calls")["conditionalFormats"]
    assert grown["ranges"][0]["endRowIndex"] == look(world, "Calls")["properties"]["gridProperties"]["rowCount"]
    shown = cells(world, "Calls")
    at = [cell.get("formattedValue") for cell in shown[0]].index("Status")
    for row in shown[1:]:
        if len(row) > at and row[at].get("formattedValue"):
            is_blue = round(background(row[at])["blue"], 2) == 0.97 and round(background(row[at])["red"], 2) == 0.81
            assert is_blue == (row[at]["formattedValue"] in ("missed", "voicemail"))
    assert world.run().outcome is Outcome.UNCHANGED
    world.more_tab = 'order = "newest first"\n'
    assert world.run().outcome is not Outcome.FAILED
    assert look(world, "Calls").get("conditionalFormats", []) == []


@pytest.mark.full
def test_stripes_come_with_a_tab_once_and_go_along(world: World) -> None:
    world.more_tab = 'order = "newest first"\nbanding = true\n'
    assert world.run().outcome is Outcome.OK
    (band,) = look(world, "Calls")["bandedRanges"]
    world.admin.arrive(7)
    assert world.run().outcome is Outcome.OK
    sheet = look(world, "Calls")
    assert sheet["bandedRanges"][0]["range"]["endRowIndex"] == sheet["properties"]["gridProperties"]["rowCount"]
    world.admin.edit(world.spreadsheet, requests=[{"deleteBanding": {"bandedRangeId": band["bandedRangeId"]}}])
    world.admin.arrive(3)
    assert world.run(rebuild=True).outcome is Outcome.OK
    assert look(world, "Calls").get("bandedRanges", []) == []


KINDS = [
    '{ type = "column", y = ["count", "missed_count"], stacked = true }',
    '{ type = "bar", x = "date", y = "count", x_title = "Day", y_title = "Calls that came" }',
    '{ type = "line", y = ["count"] }',
    '{ type = "area", y = ["count", "missed_count"], stacked = true }',
    '{ type = "pie", x = "date", y = ["count"], title = "Days" }',
    '{ type = "combo", y = ["count", "missed_count"], lines = ["missed_count"] }',
]


@pytest.mark.full
def test_every_kind_of_chart_can_be_had_below_each_other(world: World) -> None:
    options = f'group_by = ["date"]\nmetrics = ["count", "missed_count"]\nchart = [{", ".join(KINDS)}]'
    assert charted(world, options).run().outcome is Outcome.OK
    charts = look(world)["charts"]
    found = [chart["spec"].get("basicChart", {}).get("chartType", "PIE") for chart in charts]
    assert found == ["COLUMN", "BAR", "LINE", "AREA", "PIE", "COMBO"]
    rows = [chart["position"]["overlayPosition"]["anchorCell"]["rowIndex"] for chart in charts]
    assert all(later - earlier >= 18 for earlier, later in pairwise(rows))
    assert [axis["title"] for axis in charts[1]["spec"]["basicChart"]["axis"]] == ["Day", "Calls that came"]
    assert world.run().outcome is Outcome.UNCHANGED


@pytest.mark.full
def test_a_chart_that_people_moved_to_another_tab_is_in_nobodys_way(world: World) -> None:
    assert charted(world).run().outcome is Outcome.OK
    sheet = look(world)
    (chart,) = sheet["charts"]
    there = {"sheetId": look(world, "Calls")["properties"]["sheetId"], "rowIndex": 1, "columnIndex": 1}
    position = {"newPosition": {"overlayPosition": {"anchorCell": there}}, "fields": "anchorCell"}
    requests = [
        {"updateEmbeddedObjectPosition": {"objectId": chart["chartId"], **position}},
        {"deleteSheet": {"sheetId": sheet["properties"]["sheetId"]}},
    ]
    world.admin.edit(world.spreadsheet, requests=requests)
    assert world.run().outcome is Outcome.OK
    assert_right(world)
    assert len(look(world, "Calls")["charts"]) == 1
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


@pytest.mark.full
def test_a_decoration_that_google_refuses_does_not_keep_the_rows_away(world: World) -> None:
    charted(world)
    said = "Invalid requests[3].addBanding: No."
    world.admin.fault(service="google", kind="write", nth=1, times=4, do="refuse", status=400, message=said)
    report = world.run()  # all tabs together, and each of them alone
    assert report.outcome is Outcome.OK
    assert n_groups(world) > 0
    assert any("refused the charts" in warning for tab in report.tabs for warning in tab.warnings)
    world.admin.arrive(9)
    assert world.run().outcome is Outcome.OK
    assert_right(world)  # the next change is another try


def test_a_cross_table_is_drawn_with_a_series_for_each_of_its_columns(world: World) -> None:
    options = """group_by = ["date", "direction"]
pivot = "direction"
metrics = ["count"]
chart = [{ type = "column", x = "date", y = "count", stacked = true }, { type = "heat map", y = "count" }]
"""
    assert charted(world, options).run().outcome is Outcome.OK
    (chart,) = look(world)["charts"]
    header = world.tab("By day")[0]
    drawn = [source["startColumnIndex"] for source in sources(chart)]
    assert drawn[0] == 0
    assert {header[n] for n in drawn[1:]} == set(header[1:]) - {"Total", *[t for t in header if "otal" in t]}
    assert len(drawn) >= 3
    assert_right(world)
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


@pytest.mark.full
def test_a_summary_with_changes_draws_the_figures_and_not_the_changes(world: World) -> None:
    options = 'group_by = ["agent"]\nmetrics = ["count"]\ncompare = "previous period"\n'
    options += 'chart = { type = "bar", y = "count" }'
    assert charted(world, options).run().outcome is Outcome.OK
    (chart,) = look(world)["charts"]
    assert len(sources(chart)) == 2


@pytest.mark.full
def test_the_row_of_what_a_limit_cut_is_not_drawn(world: World) -> None:
    charted(world, CHARTED + "limit = 4\n")
    assert world.run().outcome is Outcome.OK
    assert ends(world) == scale_ends(world) == {5}
    world.swaps[BY_DAY] = CHARTED + "limit = 6\n"
    assert world.run().outcome is Outcome.OK
    assert ends(world) == scale_ends(world) == {7}
    world.swaps[BY_DAY] = CHARTED + "totals = false\n"
    assert world.run().outcome is not Outcome.FAILED
    assert ends(world) == scale_ends(world) == {1 + len(world.rows_by_header("By day"))}


@pytest.mark.full
def test_a_chart_draws_new_groups_also_where_people_write_beside_the_rows(world: World) -> None:
    assert charted(world).run().outcome is Outcome.OK
    before = n_groups(world)
    world.admin.edit(world.spreadsheet, values=[{"range": "'By day'!E3", "values": [["a fair"]]}])
    world.period = "last 12 days"
    assert world.run().outcome is Outcome.OK
    assert n_groups(world) > before
    shown = world.rows_by_header("By day")
    last = max(n for n, row in enumerate(shown) if row["Date"] != "Total")
    assert ends(world) == {2 + last}
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
