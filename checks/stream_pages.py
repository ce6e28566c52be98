"""Writes down what the streams declare: the tables in the sources' READMEs, and the reference of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

BEGIN = "<!-- streams: made by `make generate` -->"
END = "<!-- streams: end -->"
PAGE = "docs/reference/streams.md"


def stream_pages(root: Path) -> Mapping[str, str]:
    """Return the pages by their path in the repository."""
    from sync.sources.registry import VENDORS  # noqa: PLC0415 - the checks that need no page must not need the program

    known = list(VENDORS)
    readmes = {f"sync/sources/{name}/README.md": name for name in known}
    pages = {path: with_tables((root / path).read_text(), _tables_of(name)) for path, name in readmes.items()}
    return {**pages, PAGE: "\n".join(_reference(known))}


def with_tables(text: str, tables: Iterable[str]) -> str:
    """Put tables in the place of those below "## Streams", which people wrote or which stand there from before."""
    made = "\n".join([BEGIN, *tables, END])
    chapter = re.search(r"(?ms)^## Streams\n.*?(?=^## |\Z)", text)
    if chapter is None:
        raise ValueError('the README has no chapter "## Streams"')
    old = re.compile(rf"(?s:{re.escape(BEGIN)}.*?{re.escape(END)})|(?m:^\|.*\n)+")
    inside, n = old.subn(lambda _: made if _[0].startswith("<!--") else f"{made}\n", chapter[0], count=1)
    if not n:
        inside = f"{chapter[0].rstrip()}\n\n{made}\n\n"
    return text[: chapter.start()] + inside + text[chapter.end() :]


def _tables_of(name: str) -> Iterator[str]:
    from sync.catalogue import shelves_of_vendor  # noqa: PLC0415
    from sync.declared import STREAM_HEADS, stream_row  # noqa: PLC0415
    from sync.sources.registry import VENDORS  # noqa: PLC0415

    for shelf in shelves_of_vendor(name, VENDORS[name]):
        if shelf.options:
            yield from (f"**{_options(shelf.options)}**", "")
        yield from _table(STREAM_HEADS, map(stream_row, shelf.specs))
        if shelf.options:
            yield ""


def _options(chosen: Mapping[str, str]) -> str:
    return ", ".join(f'`{name} = "{value}"`' for name, value in chosen.items())


def _reference(names: Sequence[str]) -> Iterator[str]:
    from sync.catalogue import shelves_of_vendor  # noqa: PLC0415
    from sync.shape.all_calls import call_stream, make_spec  # noqa: PLC0415
    from sync.sources.registry import VENDORS  # noqa: PLC0415

    yield from ("# Streams", "")
    yield "All that the streams declare, made by `make generate`. `callsheet streams CONNECTION STREAM` shows the same"
    yield "for your config, and with `--sample 5` what your account really gives."
    for name in names:
        yield from ("", f"## {VENDORS[name].title}")
        for shelf in shelves_of_vendor(name, VENDORS[name]):
            if shelf.options:
                yield from ("", f"With {_options(shelf.options)}:")
            for spec in shelf.specs:
                yield from ("", *_about(spec, shelf.options))
    calls = [found for name in names if (found := call_stream(VENDORS[name].specs.values())) is not None]
    yield from (
        "",
        "## All calls",
        "",
        "See [all calls](all-calls.md); what no connection tells is empty and not shown.",
    )
    yield from ("", *_about(make_spec(calls), {}), "")


def _about(spec: object, options: Mapping[str, str]) -> Iterator[str]:
    from sync.declared import FIELD_HEADS, PARAM_HEADS, facts_of, field_rows, param_rows  # noqa: PLC0415
    from sync.records import StreamSpec  # noqa: PLC0415

    assert isinstance(spec, StreamSpec)
    of = f" ({', '.join(options.values())})" if options else ""
    yield from (f"### {spec.name}{of}", "", spec.description, "")
    yield from (f"- {name}: {_cell(what)}" for name, what in facts_of(spec))
    yield from ("", *_table(FIELD_HEADS, field_rows(spec)))
    if spec.params:
        yield from ("", *_table(PARAM_HEADS, param_rows(spec)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for first, *rest in rows:
        yield f"| {' | '.join([f'`{first}`', *map(_cell, rest)])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
