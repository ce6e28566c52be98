"""What every public method of pygsheets' Worksheet is called with against the sandbox, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pygsheets

Tab = pygsheets.Worksheet
ROWS: list[list[Any]] = [["who", "n"], ["b", 2], ["a", 1], ["c", 3]]
TEXTS = [[str(value) for value in row] for row in ROWS]
SKY = {"backgroundColor": {"blue": 1}}


def _after(act: Callable[[Tab], Any], place: tuple[str, str] = ("A1", "B4")) -> Callable[[Tab], Any]:
    """Return a call that acts and then reads texts."""

    def run(tab: Tab) -> Any:
        act(tab)
        return tab.get_values(*place)

    return run


def _set(name: str, value: Any) -> Callable[[Tab], Any]:
    def run(tab: Tab) -> Any:
        setattr(tab, name, value)
        tab.refresh()
        return getattr(tab, name)

    return run


def _charted(tab: Tab) -> Any:
    chart = tab.add_chart(("A1", "A4"), [("B1", "B4")], "Old", pygsheets.ChartType.BAR, anchor_cell="E10")
    chart.title, chart.legend_position, chart.anchor_cell = "New", "BOTTOM_LEGEND", "F3"
    chart.refresh()
    found = [(each.title, each.chart_type.name) for each in tab.get_charts()]
    chart.delete()
    return found, tab.get_charts()


def _labelled(tab: Tab) -> Any:
    tab.create_developer_metadata("k", "v")
    entry = tab.get_developer_metadata("k")[0]
    entry.value = "w"
    entry.update()
    entry.fetch()
    found = entry.value
    entry.delete()
    return found, tab.get_developer_metadata("k")


def _protected(tab: Tab) -> Any:
    tab.create_protected_range("A1", "B2")
    found = tab.get_protected_ranges()
    tab.remove_protected_range(found[0].protect_id)
    return len(found), tab.get_protected_ranges()


def _named(tab: Tab) -> Any:
    tab.create_named_range("part", "A1", "B2", returnas="json")
    found = [each.name for each in tab.get_named_ranges()], tab.get_named_range("part").end_addr
    tab.delete_named_range("part")
    return found, tab.get_named_ranges()


def _format_of(tab: Tab, label: str) -> Any:
    cell = tab.cell(label)
    cell.fetch()
    return cell.color[:3]


def _hidden(tab: Tab) -> Any:
    tab.hide_dimensions(2, 3, "ROWS")
    tab.show_dimensions(2, 2, "ROWS")
    tab.update_dimensions_visibility(4, 4, "ROWS", True)
    answer = tab.client.sheet.get(tab.spreadsheet.id, fields="sheets.data.rowMetadata.hiddenByUser")
    lines = answer["sheets"][0]["data"][0]["rowMetadata"][:4]
    return ["hiddenByUser" in line for line in lines]


def _framed(tab: Tab) -> Any:
    tab.set_dataframe(pd.DataFrame({"a": [1, None], "b": ["x", "y"]}), "D1", nan="-")
    return tab.get_values("D1", "E3"), tab.get_as_df(start="A1", end="B4", index_column=1)["n"].to_dict()


CALLS: dict[str, tuple[Callable[[Tab], Any], Any]] = {
    "add_chart get_charts": (_charted, ([("New", "BAR")], [])),
    "add_cols": (lambda tab: (tab.add_cols(2), tab.cols)[1], 28),
    "add_rows": (lambda tab: (tab.add_rows(5), tab.rows)[1], 1005),
    "add_conditional_formatting": (
        lambda tab: tab.add_conditional_formatting("A1", "B4", "CUSTOM_FORMULA", SKY, ["=$B1>1"]),
        None,
    ),
    "adjust_column_width adjust_row_height": (
        lambda tab: (tab.adjust_column_width(1, 2, 150), tab.adjust_column_width(1), tab.adjust_row_height(1, 2, 40))[
            0
        ],
        None,
    ),
    "append_table": (
        _after(lambda tab: tab.append_table([["d", 4]], start="A1"), ("A4", "B5")),
        [["c", "3"], ["d", "4"]],
    ),
    "apply_format": (
        lambda tab: (tab.apply_format(["A1:B1", "A3"], SKY), _format_of(tab, "B1"), _format_of(tab, "A3"))[1:],
        ((0, 0, 1), (0, 0, 1)),
    ),
    "cell": (lambda tab: tab.cell((2, 1)).value, "b"),
    "clear": (_after(lambda tab: tab.clear("A2", "B4"), ("A1", "B4")), [["who", "n"]]),
    "clear_basic_filter set_basic_filter": (
        lambda tab: (
            tab.set_basic_filter("A1", "B4", filter_column_index=1, hidden_values=["2"]),
            tab.clear_basic_filter(),
        )[1],
        None,
    ),
    "cols frozen_cols": (lambda tab: (_set("cols", 9)(tab), _set("frozen_cols", 1)(tab)), (9, 1)),
    "copy_to": (lambda tab: tab.copy_to(tab.spreadsheet.id).title, "Copy of Sheet1"),
    "create_developer_metadata get_developer_metadata": (_labelled, ("w", [])),
    "create_named_range get_named_range get_named_ranges delete_named_range": (_named, ((["part"], (2, 2)), [])),
    "create_protected_range get_protected_ranges remove_protected_range": (_protected, (1, [])),
    "delete_cols": (_after(lambda tab: tab.delete_cols(1)), [[row[1], ""] for row in TEXTS]),
    "delete_rows": (_after(lambda tab: tab.delete_rows(2, 2)), [TEXTS[0], TEXTS[3]]),
    "export": (lambda tab: tab.export(pygsheets.ExportType.CSV, path=tab.folder + "/", filename="out"), None),
    "find": (lambda tab: [each.label for each in tab.find("^[ab]$", searchByRegex=True)], ["A2", "A3"]),
    "frozen_rows rows": (lambda tab: (_set("rows", 60)(tab), _set("frozen_rows", 2)(tab)), (60, 2)),
    "get_all_records": (lambda tab: tab.get_all_records()[0], {"who": "b", "n": 2}),
    "get_all_values": (lambda tab: tab.get_all_values(include_tailing_empty=False)[:2], TEXTS[:2]),
    "get_as_df set_dataframe": (_framed, ([["a", "b"], ["1", "x"], ["-", "y"]], {"b": 2, "a": 1, "c": 3})),
    "get_col": (lambda tab: tab.get_col(1, include_tailing_empty=False), ["who", "b", "a", "c"]),
    "get_gridrange": (lambda tab: tab.get_gridrange("A1", "B2")["endColumnIndex"], 2),
    "get_row": (lambda tab: tab.get_row(2, include_tailing_empty=False), ["b", "2"]),
    "get_value": (lambda tab: tab.get_value("B2", value_render="UNFORMATTED_VALUE"), 2),
    "get_values": (lambda tab: tab.get_values("A1", "B2", majdim="COLUMNS"), [["who", "b"], ["n", "2"]]),
    "get_values_batch": (lambda tab: tab.get_values_batch(["A1:B1", "B2:B2"]), [[["who", "n"]], [["2"]]]),
    "hidden": (lambda tab: (tab.spreadsheet.add_worksheet("Other"), _set("hidden", True)(tab))[1], True),
    "hide_dimensions show_dimensions update_dimensions_visibility": (_hidden, [False, False, True, True]),
    "id index title url": (
        lambda tab: (tab.id, tab.index, _set("title", "New")(tab), tab.url.endswith(f"gid={tab.id}")),
        (0, 0, "New", True),
    ),
    "insert_cols": (
        _after(lambda tab: tab.insert_cols(1, values=[["x", "y"]]), ("A1", "C2")),
        [["who", "x", "n"], ["b", "y", "2"]],
    ),
    "insert_rows": (
        _after(lambda tab: tab.insert_rows(1, values=["x", "y"], inherit=True), ("A1", "B3")),
        [TEXTS[0], ["x", "y"], TEXTS[1]],
    ),
    "link unlink sync linked": (
        lambda tab: (tab.unlink(), tab.linked, tab.link(), tab.sync(), tab.linked, tab.get_value("A2")),
        (None, False, None, None, True, "b"),
    ),
    "merge_cells merged_ranges": (
        lambda tab: (tab.merge_cells("D1", "E2"), tab.merge_cells("D1", "E2", merge_type="NONE"), tab.merged_ranges)[2],
        [],
    ),
    "range": (lambda tab: [cell.value for cell in tab.range("A1:B1", returnas="cells")[0]], ["who", "n"]),
    "refresh": (lambda tab: tab.refresh(), None),
    "replace": (_after(lambda tab: tab.replace("b", "x", matchEntireCell=True), ("A2", "A2")), [["x"]]),
    "resize": (lambda tab: (tab.resize(20, 5), tab.rows, tab.cols)[1:], (20, 5)),
    "set_data_validation": (
        lambda tab: tab.set_data_validation("C1", "C3", condition_type="ONE_OF_RANGE", condition_values=["=A2:A4"]),
        None,
    ),
    "sort_range": (
        _after(lambda tab: tab.sort_range("A2", "B4", basecolumnindex=1, sortorder="DESCENDING"), ("A2", "A4")),
        [["c"], ["b"], ["a"]],
    ),
    "update_cell": (_after(lambda tab: tab.update_value("A1", "x"), ("A1", "A1")), [["x"]]),
    "update_cells update_cells_prop": (
        _after(lambda tab: tab.update_cells([pygsheets.Cell("A1", "x", worksheet=tab)]), ("A1", "A1")),
        [["x"]],
    ),
    "update_col": (_after(lambda tab: tab.update_col(1, ["x", "y"]), ("A1", "A2")), [["x"], ["y"]]),
    "update_row": (_after(lambda tab: tab.update_row(1, ["x", "y"]), ("A1", "B1")), [["x", "y"]]),
    "update_value": (_after(lambda tab: tab.update_value("A1", "=1+1"), ("A1", "A1")), [["2"]]),
    "update_values": (_after(lambda tab: tab.update_values("A1", [["x"], ["y"]]), ("A1", "A2")), [["x"], ["y"]]),
    "update_values_batch": (
        _after(lambda tab: tab.update_values_batch(["A1:B1", "A2"], [[["x", "y"]], [["z"]]]), ("A1", "B2")),
        [["x", "y"], ["z", "2"]],
    ),
}
"""The methods of a row, what is done, and what it gives."""
