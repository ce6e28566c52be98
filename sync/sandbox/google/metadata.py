"""Developer metadata: labels on a spreadsheet, a tab, a row or a column."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sync.sandbox.google.book import Book, Sheet, need_sheet
from sync.sandbox.google.errors import Json, invalid, not_found

MAX_CHARACTERS = 30_000  # for the spreadsheet, and again for each tab; keys and values both count
CHANGEABLE = {"metadataId", "metadataKey", "metadataValue", "visibility", "location"}


def full_location(book: Book, location: Json) -> Json:
    """Return a location of a request in its full form, checked."""
    if location.get("spreadsheet"):
        return {"locationType": "SPREADSHEET", "spreadsheet": True}
    if "dimensionRange" in location:
        return _line_location(book, location["dimensionRange"])
    if "sheetId" in location:
        need_sheet(book, location["sheetId"], kind="sheet")
        return {"locationType": "SHEET", "sheetId": location["sheetId"]}
    raise invalid("Developer metadata must always have a location specified.")


def _line_location(book: Book, lines: Json) -> Json:
    sheet = need_sheet(book, lines.get("sheetId", 0))
    dimension, start, end = lines.get("dimension"), lines.get("startIndex"), lines.get("endIndex")
    if dimension not in {"ROWS", "COLUMNS"}:
        raise invalid("Must specify a dimension.")
    if start is None or end is None:
        raise invalid("DimensionRange must specify both a startIndex and an endIndex.")
    if end - start != 1:
        raise invalid("DimensionRange must represent a single row or column.")
    if start < 0 or end > sheet.count(dimension):
        raise invalid(f"dimensionRange[{start}-{end}] is outside the grid.")
    kept = {"sheetId": sheet.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}
    return {"locationType": "ROW" if dimension == "ROWS" else "COLUMN", "dimensionRange": kept}


def create_metadata(book: Book, new: Json) -> Json:
    """Add one entry and return it with its id."""
    if not new.get("metadataKey"):
        raise invalid("Developer metadata must always have a key specified.")
    if new.get("visibility") not in {"DOCUMENT", "PROJECT"}:
        raise invalid("Developer metadata must always have visibility specified.")
    entry = {name: value for name, value in new.items() if name in CHANGEABLE}
    entry["location"] = full_location(book, new.get("location", {}))
    entry["metadataId"] = _free_id(book, new.get("metadataId"))
    book.metadata.append(entry)
    check_size(book, entry)
    return entry


def _free_id(book: Book, wanted: int | None) -> int:
    taken = {entry["metadataId"] for entry in book.metadata}
    if wanted is None:
        while (chosen := random.randint(1, 2**31 - 1)) in taken:
            pass
        return chosen
    if wanted < 1:
        raise invalid("DeveloperMetadata id must be positive.")
    if wanted in taken:
        raise invalid(f"DeveloperMetadata with id {wanted} already exists.")
    return wanted


def check_size(book: Book, entry: Json) -> None:
    """Refuse more characters than the spreadsheet, or the tab, of an entry may hold."""
    owner = owner_of(entry)
    used = sum(
        len(other["metadataKey"]) + len(other.get("metadataValue", ""))
        for other in book.metadata
        if owner_of(other) == owner
    )
    if used > MAX_CHARACTERS:
        raise invalid(f"Developer metadata exceeds the limit of {MAX_CHARACTERS} characters.")


def owner_of(entry: Json) -> int | None:
    """Return the id of the tab that an entry counts for; None for the spreadsheet."""
    location = entry["location"]
    if "dimensionRange" in location:
        return int(location["dimensionRange"].get("sheetId", 0))
    found: int | None = location.get("sheetId")
    return found


def get_metadata(book: Book, metadata_id: int) -> Json:
    """Return one entry by id."""
    for entry in book.metadata:
        if entry["metadataId"] == metadata_id:
            return entry
    raise not_found()


def find_metadata(book: Book, lookup: Json) -> list[Json]:
    """Return every entry that a lookup selects."""
    wanted = {name: value for name, value in lookup.items() if value and not str(value).endswith("_UNSPECIFIED")}
    _check_lookup(wanted)
    if "metadataLocation" in wanted:
        wanted["metadataLocation"] = full_location(book, wanted["metadataLocation"])
    return [entry for entry in book.metadata if _matches(entry, wanted)]


def _check_lookup(lookup: Json) -> None:
    strategy, location_type = lookup.get("locationMatchingStrategy"), lookup.get("locationType")
    location = lookup.get("metadataLocation")
    if strategy and location is None:
        raise invalid("If locationMatchingStrategy is specified, a metadataLocation must also be specified.")
    if location_type and strategy == "EXACT_LOCATION":
        raise invalid("locationType must be left unspecified when the locationMatchingStrategy is EXACT_LOCATION.")
    if location and location.get("spreadsheet") and strategy == "INTERSECTING_LOCATION":
        raise invalid(
            "DeveloperMetadataLookup.spreadsheet is true, but locationMatchingStrategy was specified as INTERSECTING."
        )
    if location_type == "SPREADSHEET" and (
        strategy == "INTERSECTING_LOCATION" or (location is not None and not location.get("spreadsheet"))
    ):
        raise invalid("locationType cannot be SPREADSHEET for this metadataLocation.")


def _matches(entry: Json, lookup: Json) -> bool:
    for name in ("metadataId", "metadataKey", "metadataValue", "visibility"):
        if name in lookup and entry.get(name) != lookup[name]:
            return False
    if "locationType" in lookup and entry["location"]["locationType"] != lookup["locationType"]:
        return False
    wanted = lookup.get("metadataLocation")
    if wanted is None:
        return True
    if lookup.get("locationMatchingStrategy") == "EXACT_LOCATION" or wanted.get("spreadsheet"):
        return bool(wanted == entry["location"])
    lines = wanted.get("dimensionRange", {})
    span = {lines["dimension"]: (lines["startIndex"], lines["endIndex"])} if lines else {}
    return meets(entry, wanted["sheetId"] if not lines else lines["sheetId"], span)


def meets(entry: Json, sheet_id: int, spans: dict[str, tuple[int, int]]) -> bool:
    """Tell whether an entry lies in a stretch of a tab; a dimension without a span is taken whole.

    Every row meets every column; the tab itself meets all that is in it; the spreadsheet meets nothing.
    """
    location = entry["location"]
    lines = location.get("dimensionRange")
    if location.get("spreadsheet") or (lines or location).get("sheetId", 0) != sheet_id:
        return False
    if lines is None or lines["dimension"] not in spans:
        return True
    start, end = spans[lines["dimension"]]
    return bool(start <= lines["startIndex"] < end)


def location_range(book: Book, location: Json) -> Iterator[Json]:
    """Give the GridRange of every tab that a location covers."""
    if location.get("spreadsheet"):
        yield from ({"sheetId": sheet.sheet_id} for sheet in book.sheets)
    elif "dimensionRange" in location:
        lines = location["dimensionRange"]
        axis = "Row" if lines["dimension"] == "ROWS" else "Column"
        start, end = lines["startIndex"], lines["endIndex"]
        yield {"sheetId": lines["sheetId"], f"start{axis}Index": start, f"end{axis}Index": end}
    else:
        yield {"sheetId": location["sheetId"]}


def copy_metadata(book: Book, source: Sheet, target: Sheet, entries: list[Json]) -> None:
    """Give a duplicated tab copies, with ids of their own, of the entries of its original."""
    for entry in entries:
        if owner_of(entry) != source.sheet_id:
            continue
        location = dict(entry["location"])
        if "dimensionRange" in location:
            location["dimensionRange"] = location["dimensionRange"] | {"sheetId": target.sheet_id}
        else:
            location["sheetId"] = target.sheet_id
        book.metadata.append(entry | {"location": location, "metadataId": _free_id(book, None)})


def shown_filter(data_filter: Json) -> Json:
    """Write a data filter as answers do: ranges of rows, columns or cells leave the tab with id 0 out."""
    shown = dict(data_filter)
    if "gridRange" in shown:
        shown["gridRange"] = _without_first_tab(shown["gridRange"])
    place = shown.get("developerMetadataLookup", {}).get("metadataLocation", {})
    if "dimensionRange" in place:
        place = place | {"dimensionRange": _without_first_tab(place["dimensionRange"])}
        shown["developerMetadataLookup"] = shown["developerMetadataLookup"] | {"metadataLocation": place}
    return shown


def _without_first_tab(place: Json) -> Json:
    return {name: value for name, value in place.items() if name != "sheetId" or value}


def shown_metadata(entry: Json) -> Json:
    """Write an entry as answers do: a tab with id 0 is left out of a dimension range."""
    location = entry["location"]
    lines = location.get("dimensionRange")
    if lines is None or lines["sheetId"]:
        return entry
    kept = {name: value for name, value in lines.items() if name != "sheetId"}
    return entry | {"location": location | {"dimensionRange": kept}}
