"""An export's file as a stream of rows: zipped or not, checked whole before the first row is given, in flat memory.

What it is shows in its first bytes, whatever the vendor's flag says. A file that was cut is told from one that is whole
by its last row, a packed one also by its checksum; nothing of a file that cannot be read to its end becomes a record.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from sync.errors import ContractBroken

MAX_UNPACKED = 8_000_000_000  # bytes; a million calls are under one of these
MAX_LINE = 4_000_000  # characters; a cell of a spreadsheet takes 50,000
MAX_PARTS = 1_000

csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))  # of the process; the default refuses long transcripts

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class NotWhole(ContractBroken):
    """The file is no export, or not all of it; the same export may be downloaded again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What reading a file once told: how many rows it has, and whether its last row ends as a row does."""

    n_rows: int
    ends_well: bool


def check_file(file: BinaryIO) -> FileFacts:
    """Read the file to its end; NotWhole when it is cut, broken, or not a table."""
    n_rows, ends_well = 0, True
    for part in _parts(file):
        n_rows, ends_well = n_rows + _check_part(part), ends_well and part.ended_well
    return FileFacts(n_rows=n_rows, ends_well=ends_well)


def read_rows(file: BinaryIO) -> Iterator[tuple[Sequence[str], Iterator[list[str]]]]:
    """Yield the header and the rows of each table in a file that was checked; more than one only in an archive."""
    for part in _parts(file):
        rows = part.rows()
        header = next(rows, None)
        if header is not None:
            yield header, rows


def _check_part(part: _Part) -> int:
    rows = part.rows()
    header = next(rows, None)
    if header is None:
        raise NotWhole("the file is empty; even an export without rows has a header")
    if all(not name.strip() for name in header):
        raise NotWhole("the file has no header")
    n_rows, n_wrong, last_is_short = 0, 0, False
    for row in rows:
        n_rows += 1
        last_is_short = len(row) != len(header)
        n_wrong += last_is_short
    if last_is_short:
        raise NotWhole(f"the file was cut: its last row has fewer or more cells than the header's {len(header)}")
    if n_wrong:
        raise NotWhole(f"{n_wrong:,} of {n_rows:,} rows have fewer or more cells than the header's {len(header)}")
    return n_rows


class _Part:
    """One table: a stream of bytes, its encoding and its separator."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.ended_well = True

    def rows(self) -> Iterator[list[str]]:
        """Yield header and rows; blank lines are none. NotWhole for what is no table."""
        try:
            text = self._text()
            first = text.readline(MAX_LINE)
            if first.lstrip().startswith("<"):
                raise NotWhole("a page in place of a table: the file's address answered HTML or XML")
            reader = csv.reader(self._lines(first, text), delimiter=_separator_of(first), strict=True)
            for row in reader:
                if row:
                    yield row
        except (csv.Error, UnicodeError) as error:
            said = "not UTF-8" if isinstance(error, UnicodeError) else str(error)
            raise NotWhole(f"the file cannot be read as a table: {said}") from None  # the cause would carry a cell
        except (zlib.error, EOFError, zipfile.BadZipFile, gzip.BadGzipFile, OSError) as error:
            raise NotWhole(f"the packed file is damaged or was cut ({type(error).__name__})") from error

    def _text(self) -> io.TextIOWrapper:
        buffered = io.BufferedReader(cast(io.RawIOBase, _Bounded(self._raw)), 1 << 16)
        head = buffered.peek(4)
        encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
        return io.TextIOWrapper(buffered, encoding=encoding, errors="strict", newline="")

    def _lines(self, first: str, text: io.TextIOWrapper) -> Iterator[str]:
        line = first
        while line:
            if len(line) >= MAX_LINE and not line.endswith(("\n", "\r")):
                raise NotWhole(f"a line of the file is longer than {MAX_LINE:,} characters")
            self.ended_well = line.endswith(("\n", "\r"))
            if "\0" in line:
                raise NotWhole("the file holds zero bytes, which no table does")
            yield line
            line = text.readline(MAX_LINE)


class _Bounded(io.RawIOBase):
    """A stream that refuses to unpack to more than anybody expects."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._n = raw, 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, into: object) -> int:
        """Read the next bytes."""
        view = memoryview(into).cast("B")  # type: ignore[arg-type]
        chunk = self._raw.read(len(view))
        view[: len(chunk)] = chunk
        self._n += len(chunk)
        if self._n > MAX_UNPACKED:
            raise NotWhole(f"the file unpacks to more than {MAX_UNPACKED:,} bytes")
        return len(chunk)


def _separator_of(header: str) -> str:
    """Return what stands between cells: a comma, unless the header has none and one of the others."""
    return next((sign for sign in (",", ";", "\t") if sign in header), ",")


def _parts(file: BinaryIO) -> Iterator[_Part]:
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    if not head:
        raise NotWhole("the file is empty; even an export without rows has a header")
    if head.startswith(_ZIP):
        yield from _zipped(file)
    elif head.startswith(_GZIP):
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield _Part(cast(BinaryIO, unpacked))
    else:
        yield _Part(file)


def _zipped(file: BinaryIO) -> Iterator[_Part]:
    """Yield the tables of an archive in the order of their names."""
    with ExitStack() as stack:
        archive = stack.enter_context(_opened(file))
        names = sorted(
            info.filename
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX/") and "/." not in f"/{info.filename}"
        )
        tables = [name for name in names if name.lower().endswith((".csv", ".txt", ".tsv"))] or names
        if not tables or len(tables) > MAX_PARTS:
            raise NotWhole(f"the archive holds {len(tables):,} files, none of them a table that could be told")
        for name in tables:
            try:
                unpacked = archive.open(name)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
                raise NotWhole("the archive cannot be unpacked: it is damaged, or has a password") from error
            with unpacked:
                yield _Part(cast(BinaryIO, unpacked))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError) as error:
        raise NotWhole("the archive is damaged or was cut") from error
    with archive:
        yield archive
