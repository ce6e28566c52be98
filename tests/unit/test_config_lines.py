"""The line of every key, table and element of a TOML text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.config.lines import find_lines

TEXT = '''# [not] a = "table"
include = ["a", # ] not the end
  "b",
]
[connection.justcall]
"api key" = 'x # y'
long = """a
b\\""" [[no]] "quoted" c"""""
when = 2026-01-01 07:00:00
[[sheet]]
[[sheet.tab]]
params = { agent_id = 42, list = [1,
  2] }
columns = ["a",
  { field = "b", title = "B" }, "c"]
[[sheet.tab]]
[sheet.tab.params]
x.y = 1
[[sheet]]
[[sheet.summary]]
[ connection . "a.b" ]
k = ""
'''


def test_each_path_has_the_line_on_which_it_first_appears():
    lines = find_lines(TEXT)
    assert lines["include",] == 2
    assert lines["include", 1] == 3
    assert lines["connection",] == 5
    assert lines["connection", "justcall", "api key"] == 6
    assert lines["connection", "justcall", "long"] == 7
    assert lines["connection", "justcall", "when"] == 9
    assert lines["sheet", 0, "tab", 0] == 11
    assert lines["sheet", 0, "tab", 0, "params", "agent_id"] == 12
    assert lines["sheet", 0, "tab", 0, "params", "list", 1] == 13
    assert lines["sheet", 0, "tab", 0, "columns", 1, "title"] == 15
    assert lines["sheet", 0, "tab", 1, "params", "x", "y"] == 18
    assert lines["sheet", 1, "summary", 0] == 20
    assert lines["connection", "a.b", "k"] == 22


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def test_every_path_that_tomllib_sees_has_a_line_and_no_other_has():
    assert set(find_lines(TEXT)) == set(_paths(tomllib.loads(TEXT)))


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[\n# ]\n" + ",\n ".join(map(_inline, value)) + "\n]"
    return json.dumps(value)


words = st.text(st.sampled_from("ab\"'#[]{}=.,\\ é"), max_size=6)
values = st.recursive(
    words | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(words, values, max_size=4))
def test_odd_keys_and_texts_do_not_mislead_it(table):
    text = "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in table.items())
    assert set(find_lines(text)) == set(_paths(tomllib.loads(text)))
