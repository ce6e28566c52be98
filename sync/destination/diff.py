"""Observed and wanted, to what is to be changed. Pure: nothing here sends, reads or stores anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from sync.destination.change import RowWrite, Run, TabChange, pushed
from sync.destination.copies import Seen, mend_strays, peel
from sync.destination.observe import Block
from sync.destination.spot import Row, TabShape


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What a tab should show.

    Args:
        rows: cells of every key that the tab may show, in the order in which new ones stand from the top down.
        must: the keys that must be there; the others are only kept up to date where they are.
        leaving: keys whose rows leave.
        has_updates: bring rows that are there up to date; in an `append` tab they stay as they are.
        from_top: new rows come in below the header, not at the end.
        in_order: new rows come in at their place among the others, as long as nobody changed the order of those.
        capacity: how many keys the tab may hold; what is beyond is left out, from the end.

    """

    rows: Mapping[str, Row]
    must: Collection[str] = ()
    leaving: Collection[str] = ()
    has_updates: bool = True
    from_top: bool = False
    in_order: bool = False
    capacity: int | None = None

    def fitting(self, keys: Sequence[str], n_there: int) -> Sequence[str]:
        """Return those of new keys for which there is room; where new rows come in on top, the oldest fit first."""
        if self.capacity is None:
            return keys
        n = max(0, self.capacity - n_there)
        if self.from_top:
            return keys[max(0, len(keys) - n) :]
        return keys[:n]


def diff_known(
    change: TabChange,
    *,
    want: Want,
    known_rows: Mapping[str, int],
    edge_row: int,
    n_known: int,
    blocks: Sequence[Block],
) -> TabChange | None:
    """Diff rows that changed against where we know them to be, from the few rows that were read.

    Args:
        change: what `find_spot` returned.
        want: the rows that are new or differ from what was published, and the keys that leave.
        known_rows: grid row of those of their keys that the tab shows.
        edge_row: the grid row beside which new rows come in and that shows a key, or the header row when there is
            none: the last one, or the first one where rows come in on top.
        n_known: how many keys the tab shows.
        blocks: what was read: at least the known rows and all rows from `edge_row` to its end of the tab.

    Returns:
        The change, or None when a row does not hold the key that we know there: read the tab whole then.

    """
    spot, shape = change.spot, change.shape
    read = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
    key_at = {row: shape.key_of(spot.ours(cells)) for row, cells in read.items() if row > spot.header_row}
    if any(key_at.get(row) != key for key, row in known_rows.items()):
        return None
    beyond = (r for r in key_at if (r < edge_row if want.from_top else r > edge_row))
    if any(key_at[row] is not None for row in beyond):
        return None
    if edge_row > spot.header_row and key_at.get(edge_row) is None:
        return None
    leaving = {key: row for key, row in known_rows.items() if key in want.leaving}
    new = [key for key in want.rows if key not in known_rows and key not in want.leaving]
    new = list(want.fitting(new, n_known - len(leaving)))
    at = spot.header_row + 1 if want.from_top else edge_row + 1
    inserts = _inserts([(at, len(new))])
    added = {key: at + i for i, key in enumerate(new)}
    changed = {
        key: pushed(known_rows[key], inserts)
        for key in want.rows
        if want.has_updates and key in known_rows and key not in leaving
    }
    leaves = {key: pushed(row, inserts) for key, row in leaving.items()}
    return replace(
        change,
        inserts=inserts,
        writes=(*_updates(changed, want.rows), *_additions(added, want.rows)),
        leaving=leaves,
        annotated=frozenset(leaves[key] for key, row in leaving.items() if spot.theirs(read[row])),
        added=added,
        changed=changed,
    )


def _inserts(groups: Iterable[tuple[int, int]]) -> tuple[Run, ...]:
    """Turn (row before, how many) into runs as the rows are counted once all have come in."""
    runs, shift = [], 0
    for at, n in groups:
        if n:
            runs.append((at + shift, at + shift + n))
            shift += n
    return tuple(runs)


def _updates(changed: Mapping[str, int], rows: Mapping[str, Row]) -> list[RowWrite]:
    return [RowWrite(row=row, key=key, cells=rows[key]) for key, row in changed.items()]


def _additions(added: Mapping[str, int], rows: Mapping[str, Row]) -> list[RowWrite]:
    return [RowWrite(row=row, key=key, cells=rows[key], keeps_key=False) for key, row in added.items()]


def see(
    change: TabChange,
    blocks: Sequence[Block],
    *,
    ours: Collection[str],
    preferred: Mapping[str, int],
    lost: Mapping[int, str],
) -> Seen:
    """Sort out what was read; what people typed below our keys, such as "Total", is no key and may be there twice."""
    spot, shape = change.spot, change.shape
    rows = {b.start + i: row for b in blocks for i, row in enumerate(b.rows) if b.start + i > spot.header_row}
    places: dict[str, list[int]] = {}
    strays = []
    for at, row in rows.items():
        cells = spot.ours(row)
        key = lost.get(at) or shape.key_of(cells)
        if key is not None:
            places.setdefault(key, []).append(at)
        elif any(cell is not None for cell in cells):
            strays.append(at)
    row_of, copies = {}, []
    for key, found in places.items():
        keep = min(found, key=lambda at: (not spot.theirs(rows[at]), preferred.get(key) != at, at))
        row_of[key] = keep
        copies += [at for at in found if at != keep and (key in ours or key in preferred)]
    filled = [at for at, row in rows.items() if any(cell not in (None, "") for cell in row)]
    return Seen(
        rows=rows,
        row_of=row_of,
        copies=sorted(copies),
        strays=sorted(strays),
        last_filled=max(filled, default=spot.header_row),
        last_keyed=max([*(row_of[key] for key in row_of if key in ours), *copies], default=spot.header_row),
    )


def diff_whole(
    change: TabChange,
    *,
    want: Want,
    blocks: Sequence[Block],
    preferred: Mapping[str, int],
    fills_blank_tail: bool,
    blanked: frozenset[int],
    lost: Mapping[int, str] = MappingProxyType({}),
) -> TabChange:
    """Diff a tab that was read whole: every key is found where it stands, and every cell of ours compared.

    Args:
        change: what `find_spot` returned.
        want: what the tab should show; `rows` and `leaving` speak of every key that it may show.
        blocks: the whole tab.
        preferred: where we knew the keys; decides which of two copies stays.
        fills_blank_tail: use blank rows at the end, which an interrupted run of ours left, before inserting more.
        blanked: rows that an earlier round of this publish made blank, to be deleted where they still are.
        lost: keys by grid row, of rows whose key an earlier round of this publish wrote over.

    """
    spot, shape, rows = change.spot, change.shape, want.rows
    ours = {*rows, *want.leaving}
    seen = see(change, blocks, ours=ours, preferred=preferred, lost=lost)
    gone = tuple(sorted(row for row in blanked if not any(c not in (None, "") for c in seen.rows.get(row, ()))))
    if gone:
        return replace(change, delete_rows=gone, positions=seen.row_of, is_final=False)
    changed = {
        key: row
        for key, row in seen.row_of.items()
        if key in rows
        and (row in lost or (want.has_updates and not _same_row(shape, rows[key], spot.ours(seen.rows[row]))))
    }
    missing = [key for key in rows if key not in seen.row_of and key in want.must]
    peeled, warnings, blank_now = peel(change, seen)
    mended, found = mend_strays(change, seen, rows, {key: preferred.get(key) for key in missing})
    missing = [key for key in missing if key not in found]
    is_clean = not peeled and not mended and not lost
    leaving = {key: row for key, row in seen.row_of.items() if key in want.leaving} if is_clean else {}
    stay = {key: row for key, row in seen.row_of.items() if key in rows}
    missing = list(want.fitting(missing, len(stay) + len(found)))
    inserts, added = _place(change, want, seen, missing, fills_blank_tail=fills_blank_tail)
    updates = [RowWrite(row=at, key=key, cells=rows[key], keeps_key=at not in lost) for key, at in changed.items()]
    moved = {key: pushed(row, inserts) for key, row in leaving.items()}
    return replace(
        change,
        inserts=inserts,
        writes=tuple(replace(w, row=pushed(w.row, inserts)) for w in (*updates, *peeled, *mended))
        + tuple(_additions(added, rows)),
        leaving=moved,
        annotated=frozenset(moved[key] for key, row in leaving.items() if spot.theirs(seen.rows[row])),
        added=added,
        changed={key: pushed(row, inserts) for key, row in changed.items()} | found,
        positions={key: pushed(row, inserts) for key, row in {**stay, **found}.items()} | added,
        blanked=blank_now,
        warnings=warnings,
        is_final=is_clean,
    )


def _same_row(shape: TabShape, wanted: Row, read: Row) -> bool:
    return all(shape.same_cell(w, r) for w, r in zip(wanted, read, strict=True))


def _place(
    change: TabChange, want: Want, seen: Seen, missing: Sequence[str], *, fills_blank_tail: bool
) -> tuple[tuple[Run, ...], dict[str, int]]:
    """Say where new rows come in, and where each then stands."""
    first = (seen.last_filled if fills_blank_tail else seen.last_keyed) + 1
    n_free = max(0, change.spot.n_rows - 1 - first) if fills_blank_tail else 0
    groups, tail = _grouped(change, want, seen, missing, n_free=n_free)
    into_tail, rest = tail[:n_free], tail[n_free:]
    groups = {**groups, first + len(into_tail): rest} if rest else groups
    ordered = sorted(groups.items())
    inserts = _inserts((at, len(keys)) for at, keys in ordered)
    added = {key: pushed(first + i, inserts) for i, key in enumerate(into_tail)}
    for (start, _), (_, keys) in zip(inserts, ((at, keys) for at, keys in ordered if keys), strict=True):
        added |= {key: start + i for i, key in enumerate(keys)}
    return inserts, added


def _grouped(
    change: TabChange, want: Want, seen: Seen, missing: Sequence[str], *, n_free: int
) -> tuple[dict[int, list[str]], list[str]]:
    """Divide new keys into those that come in above a row, and those that come in at the end."""
    top = change.spot.header_row + 1
    place = {key: n for n, key in enumerate(want.rows)} if want.from_top or want.in_order else {}
    there = sorted((row, place[key]) for key, row in seen.row_of.items() if key in place)
    if want.in_order and all(a[1] < b[1] for a, b in pairwise(there)):
        groups: dict[int, list[str]] = {}
        above = iter([*there, (seen.last_keyed + 1, len(place))])
        row, at = next(above)
        for key in missing:
            while place[key] > at:
                row, at = next(above)
            groups.setdefault(row, []).append(key)
        return groups, groups.pop(seen.last_keyed + 1, [])
    if want.from_top:
        last = max((n for _, n in there), default=-1)
        n_tail = min(n_free, sum(place[key] > last for key in missing))
        return {top: list(missing[: len(missing) - n_tail])}, list(missing[len(missing) - n_tail :])
    return {}, list(missing)
