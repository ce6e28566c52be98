"""The models of what lies over and beside the rows of a tab: charts and highlights. Shape only."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator

from sync.config.forms import LONGEST_TITLE, Options, one_or_more
from sync.shape.colours import COLOURS, read_colour, read_scale


def _colour_form() -> PlainValidator:
    def _validate(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"allowed: {COLOURS}")
        read_colour(value)
        return value

    return PlainValidator(_validate, json_schema_input_type=str)


def _scale_form() -> PlainValidator:
    def _validate(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError('allowed: colours such as "white to green"')
        read_scale(value)
        return " to ".join(re.split(r"\s+to\s+", value.strip()))

    return PlainValidator(_validate, json_schema_input_type=str)


def _tables() -> BeforeValidator:
    """Let people write one table in place of a list of tables."""

    def _wrap(value: object) -> object:
        return (value,) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value

    return BeforeValidator(_wrap, json_schema_input_type=dict[str, Any] | list[dict[str, Any]])


Colour = Annotated[str, _colour_form()]
Scale = Annotated[str, _scale_form()]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], one_or_more()]


class Chart(Options):
    """A chart beside a summary."""

    type: Literal["column", "bar", "line", "area", "pie", "combo", "heat map"] = Field(
        description="You choose the kind of chart; a heat map is none, it colours the cells of the metrics."
    )
    x: str | None = Field(
        default=None,
        min_length=1,
        description="You name the group along the horizontal axis; left out, the first one.",
    )
    y: Names = Field(
        min_length=1,
        max_length=20,
        description="You name the metrics that are drawn along the vertical axis; of a summary with pivot a metric "
        "stands for all its columns.",
    )
    lines: Names = Field(
        default=(),
        description="You name the metrics of y that a combo draws as lines, on an axis on the right; left out, all but "
        "the first.",
    )
    stacked: bool = Field(
        default=False, description="You stack the metrics on each other in a column, bar or area chart."
    )
    title: str | None = Field(
        default=None, min_length=1, max_length=LONGEST_TITLE, description="You give the chart a title."
    )
    x_title: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_TITLE,
        description="You name the horizontal axis; left out, it has the title of the group.",
    )
    y_title: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_TITLE,
        description="You name the vertical axis; left out, it has the title of the metric where there is one.",
    )
    colour: Scale = Field(
        default="white to green",
        description='You choose the colours of a heat map, from the least to the most, such as "white to green" or '
        '"green to yellow to red".',
    )


class Highlight(Options):
    """Cells that stand out by their colour."""

    column: str = Field(
        min_length=1, description="You name the field, group or metric whose cells are looked at, or its title."
    )
    when: str | None = Field(
        default=None,
        min_length=1,
        json_schema_extra={"example": "> 20"},
        description="You say what stands out, as in a condition without the field: a comparison and a value in the "
        'unit of the field or metric, such as "> 20", "in missed, voicemail" or "is empty".',
    )
    colour: Colour = Field(
        default="red",
        description=f"You choose the colour: {COLOURS}.",
    )
    row: bool = Field(default=False, description="You colour the whole row.")
    scale: Scale | None = Field(
        default=None,
        json_schema_extra={"example": "white to green"},
        description='You colour all cells of the column in place of "when", from its smallest number to its greatest.',
    )


Charts = Annotated[tuple[Chart, ...], _tables()]
Highlights = Annotated[tuple[Highlight, ...], _tables()]
