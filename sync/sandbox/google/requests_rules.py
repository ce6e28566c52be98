"""Batch requests on rules for cells: validations and conditional formats."""

from __future__ import annotations

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, need_box, need_sheet, range_box
from sync.sandbox.google.cells import write_look
from sync.sandbox.google.colour_pairs import kept_colours
from sync.sandbox.google.condition_checks import check_condition
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.requests_objects import clamped_range
from sync.sandbox.google.view import show_rule

GIVEN_LETTERS = {"bold", "italic", "strikethrough", "underline", "foregroundColor", "foregroundColorStyle"}


def set_data_validation(desk: Desk, body: Json) -> Json:
    """Set the validation rule of cells, or clear it."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    rule = body.get("rule")
    if rule:
        check_condition(rule.get("condition", {}), desk.book)
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


def add_conditional_format_rule(desk: Desk, body: Json) -> Json:
    """Add a rule at an index; open ends are closed against the grid as it is now."""
    sheet, rule = _read_rule(desk, body.get("rule", {}))
    rules = sheet.objects["conditionalFormats"]
    index = body.get("index", 0)
    if not 0 <= index <= len(rules):
        raise invalid(f"Invalid index {index} for conditional format rules.")
    rules.insert(index, rule)
    return {}


def _read_rule(desk: Desk, sent: Json) -> tuple[Sheet, Json]:
    """Return the tab of a rule and the rule as it is kept."""
    if not sent.get("ranges"):
        raise invalid("A conditional format rule must have at least one range.")
    rule = kept_colours(sent, "ConditionalFormatRule")
    rule["ranges"] = [clamped_range(desk, part) for part in rule["ranges"]]
    sheet = need_sheet(desk.book, rule["ranges"][0]["sheetId"])
    if any(part["sheetId"] != sheet.sheet_id for part in rule["ranges"]):
        raise invalid("All ranges of a conditional format rule must be on the same sheet.")
    _check_rule(desk, sheet, rule)
    return sheet, rule


def _check_rule(desk: Desk, sheet: Sheet, rule: Json) -> None:
    """Refuse a rule that says nothing, and a colour scale whose points say too little."""
    gradient: Json = rule.get("gradientRule", {})
    if "gradientRule" not in rule:
        check_condition(rule.get("booleanRule", {}).get("condition", {}), desk.book, sheet)
        _check_given(rule["booleanRule"].get("format", {}))
    for name in ("minpoint", "midpoint", "maxpoint") if "gradientRule" in rule else ():
        if name == "midpoint" and name not in gradient:
            continue
        point: Json = gradient.get(name, {})
        kind = point.get("type")
        if kind in {None, "INTERPOLATION_POINT_TYPE_UNSPECIFIED"}:
            raise invalid("No interpolationPointType specified.")
        if kind in {"NUMBER", "PERCENT", "PERCENTILE"} and not point.get("value"):
            raise invalid("InterpolationPoint.value is required.")


def _check_given(given: Json) -> None:
    """Refuse what rules cannot give to cells: they set letters bold, italic or struck, and colours."""
    unknown = set(given) - {"backgroundColor", "backgroundColorStyle", "textFormat"}
    unknown |= {f"textFormat.{name}" for name in set(given.get("textFormat", {})) - GIVEN_LETTERS}
    if unknown:
        raise invalid(f"{min(unknown)} cannot be set by a conditional format rule.")


def update_conditional_format_rule(desk: Desk, body: Json) -> Json:
    """Replace or move a rule. A new rule says by its ranges which tab it is on."""
    index = body.get("index", 0)
    if "newIndex" not in body:
        sheet, rule = _read_rule(desk, body.get("rule", {}))
        rules = _rules(desk, sheet.sheet_id, index)
        old, rules[index] = rules[index], rule
        place = {"newIndex": index, "newRule": show_rule(rule), "oldRule": show_rule(old)}
        return {"updateConditionalFormatRule": place}
    rules = _rules(desk, body.get("sheetId", 0), index)
    if not 0 <= body["newIndex"] < len(rules):
        raise invalid(f"Invalid index {body['newIndex']} for conditional format rules.")
    old = rules.pop(index)
    rules.insert(body["newIndex"], old)
    place = {"newIndex": body["newIndex"], "oldIndex": index, "newRule": show_rule(old)}
    return {"updateConditionalFormatRule": place}


def delete_conditional_format_rule(desk: Desk, body: Json) -> Json:
    """Remove a rule; the ones after it move up."""
    index = body.get("index", 0)
    rules = _rules(desk, body.get("sheetId", 0), index)
    return {"deleteConditionalFormatRule": {"rule": show_rule(rules.pop(index))}}


def _rules(desk: Desk, sheet_id: int, index: int) -> list[Json]:
    rules: list[Json] = need_sheet(desk.book, sheet_id).objects["conditionalFormats"]
    if not 0 <= index < len(rules):
        raise invalid(f"No conditional format on sheet: {sheet_id} at index: {index}")
    return rules
