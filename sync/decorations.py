"""What the config wants over and beside the rows of a tab: its names turned into columns. No network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sync.config.looks import Chart, Highlight
from sync.destination.decor import ChartKind, ChartWish, Decor, MarkWish, ScaleWish, Wish
from sync.records import Column
from sync.shape.colours import read_colour, read_scale
from sync.shape.marks import make_test

Find = Callable[[str], Sequence[int]]
"""Returns the positions of the columns that a name of the config means."""

_KINDS: Mapping[str, ChartKind] = {
    "column": "COLUMN",
    "bar": "BAR",
    "line": "LINE",
    "area": "AREA",
    "combo": "COMBO",
    "pie": "PIE",
}


def make_decor(
    columns: Sequence[Column],
    *,
    banding: bool,
    highlights: Sequence[Highlight],
    find: Find,
    charts: Sequence[Chart] = (),
    total: str = "",
) -> Decor:
    """Return what is to be made on a tab.

    Args:
        columns: of the tab.
        banding: whether its rows are striped.
        highlights: of the config.
        find: the columns of a name.
        charts: of the config, for a summary.
        total: what stands in the first column of the row of totals; "" where there is none.

    """
    bold = MarkWish(of=(0,), test=f'{{c0}}="{total}"', bold=True)
    wishes: list[Wish] = []
    for one in highlights:
        wishes += _highlight(one, columns, find)
    for chart in charts:
        wishes += _chart(chart, columns, find)
    return Decor(stripes=banding, at_first=(bold,) if total else (), wishes=tuple(wishes))


def _highlight(one: Highlight, columns: Sequence[Column], find: Find) -> Iterator[Wish]:
    found = find(one.column)
    if one.scale is not None:
        if found:
            yield ScaleWish(columns=tuple(found), colours=read_scale(one.scale))
        return
    for n in found:
        test = make_test(one.when or "is not empty", columns[n])
        yield MarkWish(of=(n, 0), test=test, columns=() if one.row else (n,), colour=read_colour(one.colour))


def _chart(chart: Chart, columns: Sequence[Column], find: Find) -> Iterator[Wish]:
    each = [tuple(find(name)) for name in chart.y]
    if chart.type == "heat map":
        yield from (ScaleWish(columns=found, colours=read_scale(chart.colour)) for found in each if found)
        return
    x = (list(find(chart.x)) if chart.x else [0])[:1]
    y = tuple(dict.fromkeys(n for found in each for n in found if n not in x))
    if not y or not x:
        return
    lines = tuple(n for name in chart.lines for n in find(name)) or tuple(n for found in each[1:] for n in found)
    x_title = chart.x_title or columns[x[0]].title
    drawn = ", ".join(dict.fromkeys(columns[n].title for n in y))
    yield ChartWish(
        kind=_KINDS[chart.type],
        x=x[0],
        y=y,
        lines=lines if chart.type == "combo" else (),
        stacked=chart.stacked,
        title=chart.title or "",
        x_title=x_title,
        y_title=chart.y_title or (columns[y[0]].title if len(y) == 1 else ""),
        alt=f"{chart.type} chart: {drawn} by {x_title}".capitalize(),
    )
