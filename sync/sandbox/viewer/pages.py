"""The page on which people watch the spreadsheets: HTML from templates, and the small JSON that its script asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import orjson
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

MAX_ROWS_AT_ONCE = 500
_HERE = Path(__file__).parent
_HEADERS = {
    # Cell texts come from strangers: no script and no style but our own files.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Shelf(Protocol):
    """What the page needs of the spreadsheets."""

    def listed(self) -> list[dict[str, Any]]:
        """Return id, title and url of every spreadsheet."""

    def shown(self, spreadsheet_id: str) -> dict[str, Any] | None:
        """Return {id, title, revision, timezone, n_cells, tabs}; None when there is no such spreadsheet.

        Each tab is {id, title, hidden, color, n_rows, n_columns, frozen_rows, frozen_columns, widths}; `widths`
        maps column indexes to pixels where somebody set them.
        """

    def rows(self, spreadsheet_id: str, tab_id: int, *, top: int, bottom: int) -> list[list[Any]] | None:
        """Return rows of cells as they show; None when there is no such tab.

        A cell is None, a text, or {t: text, n: note, f: formula, r: true when aligned right, b: bold, i: italic,
        fg: colour, bg: colour}. Rows may be shorter than the tab is wide.
        """


def viewer_routes(shelf: Shelf) -> list[BaseRoute]:
    """Return the routes of the page and of what belongs to it."""
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True)

    def books_page(_request: Request) -> Response:
        return _html(templates.get_template("books.html").render(books=shelf.listed()))

    def book_page(request: Request) -> Response:
        found = shelf.shown(request.path_params["id"])
        if found is None:
            return _html(templates.get_template("missing.html").render(id=request.path_params["id"]), status=404)
        return _html(templates.get_template("book.html").render(book=found))

    def books(_request: Request) -> Response:
        return _json(shelf.listed())

    def book(request: Request) -> Response:
        return _json(shelf.shown(request.path_params["id"]))

    def rows(request: Request) -> Response:
        params = request.query_params
        top = max(0, int(params.get("top", 0)))
        bottom = top + min(MAX_ROWS_AT_ONCE, max(0, int(params.get("n", 100))))
        found = shelf.rows(request.path_params["id"], request.path_params["tab"], top=top, bottom=bottom)
        return _json(None if found is None else {"top": top, "rows": found})

    return [
        Route("/", books_page),
        Route("/view/{id}", book_page),
        Route("/viewer/books", books),
        Route("/viewer/books/{id}", book),
        Route("/viewer/books/{id}/tabs/{tab:int}", rows),
        Mount("/viewer/static", StaticFiles(directory=_HERE / "static")),
    ]


def _html(text: str, *, status: int = 200) -> Response:
    return Response(text, status_code=status, headers=_HEADERS, media_type="text/html")


def _json(body: object) -> Response:
    return Response(
        orjson.dumps(body), status_code=404 if body is None else 200, headers=_HEADERS, media_type="application/json"
    )
