"""How the columns of a summary look: as the config says of each metric, and as the summed tab shows its groups. Pure.

Figures are computed from records as they are; only what is about to be shown is divided, written out or masked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.records import Cell, Column, FieldType, Table
from sync.shape.cells import ChosenColumn
from sync.shape.conditions import Condition
from sync.shape.cross import ACROSS
from sync.shape.formats import dress, title_without_unit
from sync.shape.groups import NONE_LABEL
from sync.shape.masking import hide_values, mask_text, without_numbers
from sync.shape.summary import CUT_KEY, TOTAL_KEY

Show = Callable[[Cell], Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureLook:
    """How a metric is shown. `unit_of` names what tells its unit, `where` are the conditions that its title tells."""

    unit_of: str
    format: str = ""
    width: int = 0
    has_own_title: bool = False
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLook:
    """How a summary is shown: its metrics by id, the columns of the summed tab by field, and what nobody may read.

    `tails` are the numbers that the summed tab masks, by the digits at their end: they may stand elsewhere too.
    """

    figures: Mapping[str, FigureLook]
    groups: Mapping[str, ChosenColumn]
    tails: Mapping[str, str]

    def dress(self, table: Table, n_groups: int) -> Table:
        """Return a summary as it is shown; its keys, by which rows are known again, stay."""
        plain = table.columns
        columns = [self._group(c) if n < n_groups else self._figure(c) for n, c in enumerate(plain)]
        shows = [self._show(column, is_group=n < n_groups) for n, column in enumerate(columns)]
        rows = table.rows
        if any(shows):
            rows = [
                self._row(row, shows, 0 if key in (TOTAL_KEY, CUT_KEY) else n_groups, n_groups)
                for key, row in zip(table.keys, table.rows, strict=True)
            ]
        return replace(table, columns=tuple(columns), rows=rows)

    def _group(self, column: Column) -> Column:
        chosen = self.groups.get(column.name)
        if chosen is None:
            return column
        title = chosen.title or title_without_unit(column.title, chosen.format)
        if chosen.mask:
            plain = Column(name=column.name, title=title, type=FieldType.TEXT, mask=chosen.mask)
            return dress(plain, format_="", width=chosen.width)
        return dress(replace(column, title=title), format_=chosen.format, width=chosen.width)

    def _figure(self, column: Column) -> Column:
        look = self.figures.get(column.metric or column.name)
        if look is None:
            return column
        metric, name, title = column.metric or column.name, column.name, column.title
        if not look.has_own_title:
            figure, mark, value = title.partition(ACROSS) if column.metric else (title, "", "")
            title = f"{title_without_unit(figure, look.format)}{mark}{value}"
        secret = self._secrets(look.where)
        if secret:
            title, name = (hide_values(text, secret) for text in (title, name))
        return dress(
            replace(column, name=name, title=title, metric=metric),
            format_=look.format,
            width=look.width,
            unit_of=look.unit_of,
        )

    def _secrets(self, where: Collection[Condition]) -> list[str]:
        masked = {name for name, column in self.groups.items() if column.mask}
        return [value for one in where if one.field in masked for value in one.values]

    def _show(self, column: Column, *, is_group: bool) -> Show | None:
        if column.mask:
            return lambda cell: mask_text(cell_text(cell))
        if column.divisor != 1:
            return lambda cell: cell / column.divisor if type(cell) in (int, float) else cell  # type: ignore[operator]
        if column.as_text:
            return cell_text
        if is_group and self.tails and column.type is FieldType.TEXT:
            return lambda cell: without_numbers(cell, self.tails) if isinstance(cell, str) else cell
        return None

    @staticmethod
    def _row(row: Sequence[Cell], shows: Sequence[Show | None], n_labels: int, n_groups: int) -> Sequence[Cell]:
        """Show the cells of one row; labels of ours, such as "Total", are no values."""
        return tuple(
            cell if show is None or cell is None or cell == NONE_LABEL or n_labels <= n < n_groups else show(cell)
            for n, (cell, show) in enumerate(zip(row, shows, strict=True))
        )


def cell_text(cell: Cell) -> str:
    """Return a cell as text, whole numbers without a point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
