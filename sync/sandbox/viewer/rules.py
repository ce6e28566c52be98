"""Conditional formats of one tab: which styles its rules give to a cell."""

from __future__ import annotations

from sync.sandbox.google.conditional import Rule, rule_format
from sync.sandbox.google.conditions import Subject
from sync.sandbox.viewer.paint import Style, format_style


def rule_style(rules: list[Rule], cell: Subject) -> Style:
    """Return what rules give to one cell."""
    return format_style(rule_format(rules, cell))
