"""Colours keep 8 bits, come in both spellings, and do not drift when they are read and written back."""

from __future__ import annotations

from sync.sandbox.google.colours import eight_bits
from tests.unit.sandbox_google.conftest import Google, Json, cells_of


def test_every_level_of_a_channel_survives_being_written_back() -> None:
    for level in range(256):
        kept = eight_bits({"red": level / 255})
        assert eight_bits(kept) == kept
        assert round(kept.get("red", 0) * 255) == level


def test_channels_are_cut_to_eight_bits_and_written_like_32_bit_floats() -> None:
    assert eight_bits({"red": 0.5, "green": 1, "blue": 0}) == {"red": 0.49803922, "green": 1}
    assert eight_bits({"red": 0.2588235294, "green": 7, "blue": -1}) == {"red": 0.25882354, "green": 1}


def look_of(google: Google, cell_format: Json) -> Json:
    cell = {"userEnteredFormat": cell_format}
    google.batch({"repeatCell": {"range": cells_of(0, 1, 0, 1), "cell": cell, "fields": "userEnteredFormat"}})
    data = google.sheet(ranges="A1", fields="sheets.data.rowData.values.userEnteredFormat")["data"][0]
    shown: Json = data["rowData"][0]["values"][0]["userEnteredFormat"]
    return shown


def test_a_colour_of_the_theme_is_shown_with_what_it_looks_like(google: Google) -> None:
    shown = look_of(google, {"backgroundColorStyle": {"themeColor": "ACCENT1"}})
    assert shown["backgroundColorStyle"] == {"themeColor": "ACCENT1"}
    assert shown["backgroundColor"] == {"red": 0.25882354, "green": 0.52156866, "blue": 0.95686275}
    properties = {"sheetId": 0, "tabColorStyle": {"themeColor": "TEXT"}}
    google.batch({"updateSheetProperties": {"properties": properties, "fields": "tabColorStyle"}})
    tab = google.sheet(fields="sheets.properties")["properties"]
    assert (tab["tabColor"], tab["tabColorStyle"]) == ({}, {"themeColor": "TEXT"})


def test_letters_with_formats_of_their_own_do_not_say_that_they_start_at_zero(google: Google) -> None:
    runs = [{"startIndex": 0, "format": {"bold": True}}, {"startIndex": 2, "format": {}}]
    cell = {"userEnteredValue": {"stringValue": "abc"}, "textFormatRuns": runs}
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    google.batch({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "*"}})
    data = google.sheet(ranges="A1", fields="sheets.data.rowData.values.textFormatRuns")["data"][0]
    assert data["rowData"][0]["values"][0]["textFormatRuns"] == [{"format": {"bold": True}}, runs[1]]


def test_settings_that_change_nothing_here_are_kept(google: Google) -> None:
    settings = {"maxIterations": 5, "convergenceThreshold": 0.1}
    change = {"properties": {"iterativeCalculationSettings": settings}, "fields": "iterativeCalculationSettings"}
    google.batch({"updateSpreadsheetProperties": change})
    assert google.good("GET", "")["properties"]["iterativeCalculationSettings"] == settings
    google.batch({"updateSpreadsheetProperties": change | {"properties": {}}})
    assert "iterativeCalculationSettings" not in google.good("GET", "")["properties"]
