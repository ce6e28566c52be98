"""Developer metadata by data filters: what they select, and changing or removing it."""

from __future__ import annotations

from sync.sandbox.google.book import Book
from sync.sandbox.google.errors import Json
from sync.sandbox.google.masks import mask_paths, merge_update, update_mask
from sync.sandbox.google.metadata import check_size, find_metadata, full_location, meets
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.targets import find_filter


def select_metadata(book: Book, data_filters: list[Json]) -> list[tuple[Json, list[Json]]]:
    """Return each entry that any data filter selects, with the filters that do."""
    matched: dict[int, tuple[Json, list[Json]]] = {}
    for data_filter in data_filters:
        for entry in _selected(book, data_filter):
            matched.setdefault(entry["metadataId"], (entry, []))[1].append(data_filter)
    return list(matched.values())


def _selected(book: Book, data_filter: Json) -> list[Json]:
    """Return what a lookup finds; a range selects what is tied to the rows, columns and tab that it meets."""
    if "developerMetadataLookup" in data_filter:
        return find_metadata(book, data_filter["developerMetadataLookup"])
    found = []
    for target in find_filter(book, data_filter):
        box = target.to_read()
        spans = {"ROWS": (box.top, box.bottom), "COLUMNS": (box.left, box.right)}
        found += [entry for entry in book.metadata if meets(entry, target.sheet.sheet_id, spans)]
    return found


def update_metadata(book: Book, request: Json) -> list[Json]:
    """Change every entry that the filters select; return the changed ones."""
    mask = update_mask(request.get("fields"), root="developerMetadata")
    check_update_mask(mask_paths(mask), "DeveloperMetadata")
    changed = []
    for entry, _ in select_metadata(book, request.get("dataFilters", [])):
        new = merge_update(entry, request.get("developerMetadata", {}), mask)
        new["location"] = full_location(book, new.get("location", {}))
        new["metadataId"] = entry["metadataId"]
        book.metadata[book.metadata.index(entry)] = new
        check_size(book, new)
        changed.append(new)
    return changed


def delete_metadata(book: Book, request: Json) -> list[Json]:
    """Remove every entry that the filter selects; return them."""
    gone = [entry for entry, _ in select_metadata(book, [request.get("dataFilter", {})])]
    book.metadata = [entry for entry in book.metadata if entry not in gone]
    return gone
