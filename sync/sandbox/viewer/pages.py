"""The page on which people watch the spreadsheets: HTML from templates, and the small JSON that its scripts ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import orjson
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book
from sync.sandbox.viewer.downloads import download
from sync.sandbox.viewer.find import find_cell

MAX_ROWS_AT_ONCE = 500
MAX_COLUMNS_AT_ONCE = 200
_HERE = Path(__file__).parent
_HEADERS = {
    # Cell texts come from strangers: no script and no style but our own files.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Shelf(Protocol):
    """What the page needs of the spreadsheets. None: there is no such spreadsheet, tab or cell."""

    def listed(self) -> list[dict[str, Any]]:
        """Return {id, title, url, n_tabs, n_cells, modified} of every spreadsheet."""

    def stamp(self, spreadsheet_id: str) -> str | None:
        """Return a text that differs after each change. Cheap."""

    def shown(self, spreadsheet_id: str) -> dict[str, Any] | None:
        """Return {id, title, stamp, timezone, n_cells, tabs} as `sight` has them."""

    def tab(self, spreadsheet_id: str, tab_id: int, *, what: str) -> Any:
        """Return the "frame" of a tab or its "charts"."""

    def block(self, spreadsheet_id: str, tab_id: int, box: Box) -> dict[str, Any] | None:
        """Return a rectangle of cells as `block` has them."""

    def cell(self, spreadsheet_id: str, tab_id: int, *, row: int, column: int) -> dict[str, Any] | None:
        """Return all that one cell holds."""

    def snapshot(self, spreadsheet_id: str) -> Book | None:
        """Return a copy that no later change touches."""


def viewer_routes(shelf: Shelf) -> list[BaseRoute]:
    """Return the routes of the page and of what belongs to it."""
    return [
        *_page_routes(shelf),
        *_json_routes(shelf),
        Route("/spreadsheets/d/{id}/export", download(shelf.snapshot)),
        Route("/spreadsheets/d/{id}", _to_page),
        Route("/spreadsheets/d/{id}/{rest:path}", _to_page),
        Mount("/viewer/static", _OwnFiles(directory=_HERE / "static")),
    ]


class _OwnFiles(StaticFiles):
    """Scripts and styles, asked for again on each visit: a new version of the program brings its own."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        reply = super().file_response(*args, **kwargs)
        reply.headers["Cache-Control"] = "no-cache"
        reply.headers["X-Content-Type-Options"] = "nosniff"
        return reply


def _page_routes(shelf: Shelf) -> list[Route]:
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True)

    def books_page(_request: Request) -> Response:
        return _html(templates.get_template("books.html").render(books=shelf.listed()))

    def book_page(request: Request) -> Response:
        found = shelf.shown(request.path_params["id"])
        if found is None:
            return _html(templates.get_template("missing.html").render(id=request.path_params["id"]), status=404)
        return _html(templates.get_template("book.html").render(book=found))

    return [Route("/", books_page), Route("/view/{id}", book_page)]


def _to_page(request: Request) -> Response:
    """Lead from an address like Google's own to the page; browsers keep the part after the hash."""
    return RedirectResponse(request.url_for("book_page", id=request.path_params["id"]).path, headers=_HEADERS)


def _json_routes(shelf: Shelf) -> list[Route]:
    def books(_asked: Request) -> Any:
        return shelf.listed()

    def book(asked: Request) -> Any:
        return shelf.shown(asked.path_params["id"])

    def stamp(asked: Request) -> Any:
        found = shelf.stamp(asked.path_params["id"])
        return found and {"stamp": found}

    def frame(asked: Request) -> Any:
        return shelf.tab(asked.path_params["id"], asked.path_params["tab"], what="frame")

    def charts(asked: Request) -> Any:
        return shelf.tab(asked.path_params["id"], asked.path_params["tab"], what="charts")

    def cells(asked: Request) -> Any:
        top, left = _number(asked, "top", 0), _number(asked, "left", 0)
        height = min(MAX_ROWS_AT_ONCE, _number(asked, "rows", 100))
        width = min(MAX_COLUMNS_AT_ONCE, _number(asked, "columns", 26))
        return shelf.block(
            asked.path_params["id"], asked.path_params["tab"], Box(top, top + height, left, left + width)
        )

    def cell(asked: Request) -> Any:
        place = {"row": _number(asked, "row", 0), "column": _number(asked, "column", 0)}
        return shelf.cell(asked.path_params["id"], asked.path_params["tab"], **place)

    def find(asked: Request) -> Any:
        book = shelf.snapshot(asked.path_params["id"])
        sheet = book.find_id(asked.path_params["tab"]) if book else None
        if book is None or sheet is None:
            return None
        text, back = asked.query_params.get("text", ""), "back" in asked.query_params
        after = (_number(asked, "row", 0), _number(asked, "column", 0)) if "row" in asked.query_params else None
        found = find_cell(book, sheet, text, after=after, back=back)
        return {"found": found and {"row": found[0], "column": found[1]}}

    one, tab = "/viewer/books/{id}", "/viewer/books/{id}/tabs/{tab:int}"
    table = {
        "/viewer/books": books,
        one: book,
        f"{one}/stamp": stamp,
        tab: frame,
        f"{tab}/charts": charts,
        f"{tab}/cells": cells,
        f"{tab}/cell": cell,
        f"{tab}/find": find,
    }
    return [Route(path, _answering(endpoint)) for path, endpoint in table.items()]


def _answering(endpoint: Callable[[Request], Any]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        try:
            body = endpoint(request)
        except ValueError as wrong:
            return _json({"error": str(wrong)}, status=400)
        return _json(body, status=404 if body is None else 200)

    return answer


def _number(request: Request, name: str, usual: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} is {text!r}; it must be a whole number, 0 or more")
    return int(text)


def _html(text: str, *, status: int = 200) -> Response:
    return Response(text, status_code=status, headers=_HEADERS, media_type="text/html")


def _json(body: object, *, status: int) -> Response:
    # Numbers of cells may be NaN nowhere, but texts of cells may hold halves of pairs, which JSON cannot carry.
    return Response(orjson.dumps(body), status_code=status, headers=_HEADERS, media_type="application/json")
