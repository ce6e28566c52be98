"""Downloads of a spreadsheet: XLSX as a whole, CSV and TSV tab by tab, at the address that Google has for them."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.viewer.text_file import text_lines
from sync.sandbox.viewer.xlsx import XLSX_TYPE, TooLargeForXlsx, write_xlsx

MAX_NAME_BYTES = 180
_TEXTS = {"csv": (",", "text/csv"), "tsv": ("\t", "text/tab-separated-values")}
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}


def download(snapshot: Callable[[str], Book | None]) -> Callable[[Request], Response]:
    """Return the endpoint; `format` is xlsx, csv or tsv, and `gid` the tab of a text file, else the first."""

    def answer(request: Request) -> Response:
        kind = request.query_params.get("format", "xlsx")
        if kind not in {"xlsx", *_TEXTS}:
            return PlainTextResponse(f"format is {kind!r}; allowed: xlsx, csv, tsv\n", 400, headers=_HEADERS)
        book = snapshot(request.path_params["id"])
        if book is None:
            return PlainTextResponse("There is no such spreadsheet.\n", 404, headers=_HEADERS)
        if kind == "xlsx":
            return _xlsx(book)
        sheet = _tab(book, request.query_params.get("gid"))
        if sheet is None:
            return PlainTextResponse("There is no such tab.\n", 404, headers=_HEADERS)
        return _text(book, sheet, kind)

    return answer


def _tab(book: Book, gid: str | None) -> Sheet | None:
    if gid is None:
        return book.sheets[0]
    return book.find_id(int(gid)) if gid.isascii() and gid.isdigit() else None


def _text(book: Book, sheet: Sheet, kind: str) -> Response:
    delimiter, media_type = _TEXTS[kind]
    headers = _HEADERS | _attached(f"{book.title} - {sheet.title}", kind)
    return StreamingResponse(text_lines(book, sheet, delimiter), headers=headers, media_type=media_type)


def _xlsx(book: Book) -> Response:
    number, path = tempfile.mkstemp(prefix="callsheet-", suffix=".xlsx")
    os.close(number)
    try:
        write_xlsx(book, path)
    except TooLargeForXlsx as wrong:
        os.unlink(path)
        return PlainTextResponse(f"{wrong}\n", 400, headers=_HEADERS)
    except BaseException:
        os.unlink(path)
        raise
    headers = _HEADERS | _attached(book.title, "xlsx")
    return FileResponse(path, headers=headers, media_type=XLSX_TYPE, background=BackgroundTask(os.unlink, path))


def _attached(title: str, ending: str) -> dict[str, str]:
    """Name the file in both spellings of the header: plain letters for old programs, and UTF-8."""
    name = f"{safe_name(title)}.{ending}"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}


def safe_name(title: str) -> str:
    """Return a title as a file name that every system takes: no separators, control signs, leading dots or devices."""
    name = " ".join("".join(map(_safe_letter, title)).split()).strip(" .")
    name = name.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"_{name}" if not name or name.split(".")[0].casefold() in _RESERVED else name


def _safe_letter(letter: str) -> str:
    if letter in '<>:"/\\|?*':
        return "_"
    kind = unicodedata.category(letter)
    if kind == "Cc":
        return " "
    return "" if kind[0] == "C" else letter  # such as the signs that turn the direction of a name around
