"""Field masks, in the four spellings that Google reads: dots, slashes, parentheses, `*`; and comma lists."""

from __future__ import annotations

import re
from typing import Any

from sync.sandbox.google.errors import NO_FIELDS, Json, invalid

Mask = dict[str, Any]
"""A tree of names; an empty branch means everything below it."""

TOKEN = re.compile(r"\s*([A-Za-z0-9_*@]+|[().,/])")


def parse_mask(text: str) -> Mask:
    """Read a mask as a tree. An empty tree means everything."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s+", "", text) or not _well_formed(tokens):
        raise invalid("Request contains an invalid argument.")
    tree: Mask = {}
    _read_list(tokens, 0, tree)
    return {} if "*" in tree and len(tree) == 1 else tree


def _well_formed(tokens: list[str]) -> bool:
    """Tell whether parentheses are balanced and stand behind a name, and names between separators."""
    depth, before = 0, ","
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        after_name = before not in {"(", ",", ".", "/"}
        if (
            depth < 0
            or (token in {"(", ".", "/", ")"} and not after_name)
            or (before == ")" and token not in {",", ")"})
        ):
            return False
        before = token
    return depth == 0 and before not in {".", "/"}


def _read_list(tokens: list[str], at: int, tree: Mask) -> int:
    while at < len(tokens) and tokens[at] != ")":
        at = _read_path(tokens, at, tree)
        if at < len(tokens) and tokens[at] == ",":
            at += 1
    return at


def _read_path(tokens: list[str], at: int, tree: Mask) -> int:
    branch, known = tree, False
    while at < len(tokens) and tokens[at] not in {",", ")"}:
        token = tokens[at]
        at += 1
        if token == "(":
            return _read_list(tokens, at, branch) + 1
        if token in {".", "/"}:
            continue
        name = _camel(token)
        known = name in branch
        if known and not branch[name]:
            branch = {}  # everything below was asked for already
            continue
        branch = branch.setdefault(name, {})
    if branch and known:
        branch.clear()
    return at


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest) if rest and head else name


def mask_paths(mask: Mask) -> list[list[str]]:
    """List every full path of a mask."""
    paths: list[list[str]] = []
    for name, below in mask.items():
        paths.extend([[name, *path] for path in mask_paths(below)] if below else [[name]])
    return paths


def apply_mask(value: Any, mask: Mask) -> Any:
    """Keep of an answer what the mask names. Objects whose fields are all left out stay, empty."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [apply_mask(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: apply_mask(item, mask[name]) for name, item in value.items() if name in mask}


def wants(mask: Mask, *path: str) -> bool:
    """Tell whether a response mask asks for something at this path. An empty mask asks for everything."""
    for name in path:
        if not mask or "*" in mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def below(mask: Mask, name: str) -> Mask:
    """Return the mask that applies inside one field."""
    if not mask or "*" in mask:
        return {}
    found: Mask = mask.get(name, {})
    return found


def update_mask(text: str | None, *, root: str = "") -> Mask:
    """Read the mandatory `fields` of an update; `*` gives an empty tree. `root` may be spelled out in paths."""
    if not text or not text.strip():
        raise invalid(NO_FIELDS)
    mask = parse_mask(text)
    if root and root in mask:
        inner: Mask = mask.pop(root)
        if not mask:
            return inner
        mask |= inner
    return mask


def merge_update(old: Json, new: Json, mask: Mask) -> Json:
    """Return `old` with the masked fields taken from `new`; a masked field that `new` lacks is removed."""
    if not mask or "*" in mask:
        return dict(new)
    merged = dict(old)
    for name, inner in mask.items():
        _merge_field(merged, new, name, inner)
    return merged


def _merge_field(merged: Json, new: Json, name: str, inner: Mask) -> None:
    if inner and not (len(inner) == 1 and "*" in inner):
        nested = merge_update(merged.get(name) or {}, new.get(name) or {}, inner)
        if nested:
            merged[name] = nested
        else:
            merged.pop(name, None)
    elif name in new:
        merged[name] = new[name]
    else:
        merged.pop(name, None)
