"""Batch requests on rules for cells: validations and conditional formats."""

from __future__ import annotations

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, need_box, need_sheet, range_box
from sync.sandbox.google.cells import write_look
from sync.sandbox.google.colours import eight_bits
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.requests_objects import clamped_range

N_VALUES = {
    "NUMBER_BETWEEN": (2, 2),
    "NUMBER_NOT_BETWEEN": (2, 2),
    "DATE_BETWEEN": (2, 2),
    "DATE_NOT_BETWEEN": (2, 2),
    "TEXT_IS_EMAIL": (0, 0),
    "TEXT_IS_URL": (0, 0),
    "DATE_IS_VALID": (0, 0),
    "BLANK": (0, 0),
    "NOT_BLANK": (0, 0),
    "ONE_OF_LIST": (1, 10_000),
    "BOOLEAN": (0, 2),
}
"""How many values a condition has; one, when it is not named here."""


def set_data_validation(desk: Desk, body: Json) -> Json:
    """Set the validation rule of cells, or clear it."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    rule = body.get("rule")
    if rule:
        check_condition(rule.get("condition", {}))
        _check_untyped(sheet, box)
    write_look(sheet.grid, box, {"dataValidation": rule} if rule else {}, {"dataValidation": {}})
    return {}


def _check_untyped(sheet: Sheet, box: Box) -> None:
    """Refuse a rule for cells whose table says already what they may hold."""
    for table in sheet.objects["tables"]:
        place = range_box(sheet, table["range"])
        for index, column in enumerate(table["columns"], start=place.left):
            if "columnType" in column and Box(place.top + 1, place.bottom, index, index + 1).overlaps(box):
                raise invalid("This operation is not allowed on cells in typed columns.")


def check_condition(condition: Json) -> None:
    """Refuse a condition without a type, or with too few or too many values for it."""
    kind, count = condition.get("type", ""), len(condition.get("values", []))
    if kind in {"", "CONDITION_TYPE_UNSPECIFIED"}:
        raise invalid("A condition must have a type.")
    few, many = N_VALUES.get(kind, (1, 1))
    if few <= count <= many:
        return
    wanted = "at least one" if many > few else {0: "exactly zero", 1: "exactly one"}.get(few, "exactly two")
    plural = "" if few == 1 else "s"
    raise invalid(f"ConditionType '{kind}' requires {wanted} ConditionValue{plural}, but {count} values were supplied.")


def add_conditional_format_rule(desk: Desk, body: Json) -> Json:
    """Add a rule at an index; open ends are closed against the grid as it is now."""
    rule = dict(eight_bits(body.get("rule", {})))
    if not rule.get("ranges"):
        raise invalid("A conditional format rule must have at least one range.")
    _check_rule(rule)
    rule["ranges"] = [clamped_range(desk, part) for part in rule["ranges"]]
    rules = need_sheet(desk.book, rule["ranges"][0]["sheetId"]).objects["conditionalFormats"]
    index = body.get("index", 0)
    if not 0 <= index <= len(rules):
        raise invalid(f"Invalid index {index} for conditional format rules.")
    rules.insert(index, rule)
    return {}


def _check_rule(rule: Json) -> None:
    """Refuse a rule that says nothing, and a colour scale whose points say too little."""
    gradient: Json = rule.get("gradientRule", {})
    if "gradientRule" not in rule:
        check_condition(rule.get("booleanRule", {}).get("condition", {}))
    for name in ("minpoint", "midpoint", "maxpoint") if "gradientRule" in rule else ():
        if name == "midpoint" and name not in gradient:
            continue
        point: Json = gradient.get(name, {})
        kind = point.get("type")
        if kind in {None, "INTERPOLATION_POINT_TYPE_UNSPECIFIED"}:
            raise invalid("No interpolationPointType specified.")
        if kind in {"NUMBER", "PERCENT", "PERCENTILE"} and not point.get("value"):
            raise invalid("InterpolationPoint.value is required.")


def update_conditional_format_rule(desk: Desk, body: Json) -> Json:
    """Replace or move a rule."""
    rules, index = _rules(desk, body)
    old = rules[index]
    if "newIndex" in body:
        rules.insert(body["newIndex"], rules.pop(index))
        place = {"newIndex": body["newIndex"], "oldIndex": index, "newRule": old}
        return {"updateConditionalFormatRule": place}
    rule = dict(eight_bits(body.get("rule", {})))
    _check_rule(rule)
    rule["ranges"] = [clamped_range(desk, part) for part in rule.get("ranges", [])]
    rules[index] = rule
    return {"updateConditionalFormatRule": {"newIndex": index, "newRule": rule, "oldRule": old}}


def delete_conditional_format_rule(desk: Desk, body: Json) -> Json:
    """Remove a rule; the ones after it move up."""
    rules, index = _rules(desk, body)
    return {"deleteConditionalFormatRule": {"rule": rules.pop(index)}}


def _rules(desk: Desk, body: Json) -> tuple[list[Json], int]:
    rules: list[Json] = need_sheet(desk.book, body.get("sheetId", 0)).objects["conditionalFormats"]
    index = body.get("index", 0)
    if not 0 <= index < len(rules):
        raise invalid(f"No conditional format on sheet: {body.get('sheetId', 0)} at index: {index}")
    return rules, index
