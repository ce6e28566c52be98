"""What lies over and beside the rows of a tab: stripes, bold totals, marks, colour scales, charts. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Literal

ChartKind = Literal["COLUMN", "BAR", "LINE", "AREA", "COMBO", "PIE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartWish:
    """A chart. Numbers are positions among the columns of the tab; `lines` are drawn on the axis on the right."""

    kind: ChartKind
    x: int
    y: tuple[int, ...]
    lines: tuple[int, ...] = ()
    stacked: bool = False
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleWish:
    """Colours from the smallest number of some columns to the greatest, the totals left out."""

    columns: tuple[int, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkWish:
    """A colour, or bold letters, where a formula holds.

    In `test`, {c0}, {c1}... stand for the cells of the columns `of` in the row, {h0} for their headers. Without
    `columns` the whole row is marked.
    """

    of: tuple[int, ...]
    test: str
    columns: tuple[int, ...] = ()
    colour: str = ""
    bold: bool = False


Wish = ChartWish | ScaleWish | MarkWish


@dataclass(frozen=True, slots=True, kw_only=True)
class Decor:
    """All of a tab. Stripes and what is `at_first` come with the tab; each wish is made once, whenever it is new."""

    stripes: bool = False
    at_first: tuple[MarkWish, ...] = ()
    wishes: tuple[Wish, ...] = ()

    @property
    def n_charts(self) -> int:
        """How many charts there are to be."""
        return sum(isinstance(wish, ChartWish) for wish in self.wishes)


PLAIN = Decor()


_POSITIONS = ("x", "y", "lines", "columns", "of")


def print_of(wish: Wish, names: tuple[str, ...]) -> str:
    """Return what tells a wish from another one, by the names of its columns, wherever they stand."""
    told = [type(wish).__name__]
    for option in fields(wish):
        value = getattr(wish, option.name)
        if option.name in _POSITIONS:
            value = [names[n] for n in (value if isinstance(value, tuple) else (value,))]
        told.append(f"{option.name}={value!r}")
    return blake2b(" ".join(told).encode(), digest_size=6).hexdigest()
