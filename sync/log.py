"""Log set-up, and the filter that masks secrets. Writes to standard error, and to a file when asked to.

Standard output is for results.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

import orjson

from sync import clock
from sync.later import Later

if TYPE_CHECKING:
    import structlog
else:
    structlog = Later("structlog")  # most commands end without a line

MASK = "***"
SHORTEST_SECRET = 4  # masking shorter ones would only riddle the log
SHORTEST_ENCODED = 8  # fewer base64 characters turn up by chance
_SECRET_JSON_FIELDS = ("private_key", "private_key_id", "client_secret", "refresh_token")

_lock = threading.Lock()
_forms: set[str] = set()
_pattern: re.Pattern[str] | None = None
_asked_for: _Look | None = None  # a set-up that no line has followed yet


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; it follows every later `setup`."""
    return cast("structlog.stdlib.BoundLogger", _Logger(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A file that lines go to as well: after `rotate_bytes` a new one begins, and `keep_files` older ones are kept."""

    path: Path
    rotate_bytes: int
    keep_files: int


def setup(level: str = "info", *, json: bool = False, file: LogFile | None = None) -> None:
    """Send our lines, and those of the libraries that we use, to standard error, masked; and to `file`.

    Raises:
        OSError: the file cannot be written.

    """
    global _asked_for  # noqa: PLW0603 - one set-up a process
    number = logging.getLevelNamesMapping()[level.upper()]
    _sink.replace(None if file is None else _PrivateFile(file))
    look = _Look(level=number, json=json, colours=file is None)
    _setup_libraries(look)
    with _lock:
        _asked_for = look


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What lines are written, and how."""

    level: int
    json: bool
    colours: bool


class _Logger:
    """Loads and sets up structlog with its first line: most commands end without one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        """Return the method of a logger that follows the last set-up."""
        _configure()
        return getattr(structlog.get_logger(module=self._name), method)


def _configure() -> None:
    global _asked_for
    with _lock:
        look, _asked_for = _asked_for, None
        if look is None:
            return
        structlog.configure(
            processors=[structlog.contextvars.merge_contextvars, *_processors(look)],
            wrapper_class=structlog.make_filtering_bound_logger(look.level),
            logger_factory=lambda *_: _sink,
            cache_logger_on_first_use=False,
        )


@contextmanager
def bound(**words: object) -> Iterator[None]:
    """Put these words into every line that this thread writes during the block."""
    with structlog.contextvars.bound_contextvars(**words):
        yield


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only this user can read: lines may name people's numbers."""

    def __init__(self, file: LogFile) -> None:
        super().__init__(file.path, maxBytes=file.rotate_bytes, backupCount=file.keep_files, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Go on without it: a full disk must not stop a run, and the line is on standard error."""


class _Sink:
    """Where lines go. Standard error is asked for anew each time: a test may have replaced the stream."""

    def __init__(self) -> None:
        self._file: _PrivateFile | None = None

    def replace(self, file: _PrivateFile | None) -> None:
        """Write to another file from now on, or to none."""
        before, self._file = self._file, file
        if before is not None:
            before.close()

    def msg(self, line: str) -> None:
        """Write one line."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
        if self._file is not None:
            self._file.handle(logging.makeLogRecord({"msg": line}))

    debug = info = warn = warning = error = critical = fatal = exception = failure = err = log = msg


_sink = _Sink()


def _processors(look: _Look) -> list[structlog.typing.Processor]:
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if look.json
        else structlog.dev.ConsoleRenderer(
            colors=look.colours and sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return [
        structlog.processors.add_log_level,
        _add_time,
        structlog.processors.format_exc_info,
        _mask_event,
        renderer,
        _mask_line,
    ]


def _to_json(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _setup_libraries(look: _Look) -> None:
    """Take over the standard library's root logger; libraries speak from warnings up unless we debug."""
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(_StderrHandler(look))
    root.setLevel(look.level if look.level <= logging.DEBUG else max(look.level, logging.WARNING))


class _StderrHandler(logging.Handler):
    """Writes to where our own lines go."""

    def __init__(self, look: _Look) -> None:
        super().__init__()
        self._look = look

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _sink.msg(self.format(record))
        except Exception:
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        if self.formatter is None:
            processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_processors(self._look)]
            self.setFormatter(structlog.stdlib.ProcessorFormatter(processors=processors))
        return super().format(record)


def _add_time(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = f"{clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
    return event


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask before rendering: a renderer may escape characters of a secret."""
    return {key: _mask_value(value) for key, value in event.items()}


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _mask_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask_value(inner) for inner in value]
    return value


def _mask_line(_: Any, __: str, line: Any) -> Any:
    """Mask once more after rendering: an object's own text may hold a secret."""
    return mask(line) if isinstance(line, str) else line


def register_secret(value: str) -> None:
    """Mask this value, and what headers and addresses make of it, from now on."""
    global _pattern  # noqa: PLW0603 - one list of secrets a process
    with _lock:
        new = {form for part in _secret_parts(value) for form in _forms_of(part)} - _forms
        if not new:  # keys are read again and again
            return
        _forms.update(new)
        longest_first = sorted(_forms, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, longest_first)))


def mask(text: str) -> str:
    """Return the text with every registered secret replaced."""
    pattern = _pattern
    return pattern.sub(MASK, text) if pattern else text


def _secret_parts(value: str) -> list[str]:
    """Take the secret fields of a JSON key file, whose other fields (the account's address) are needed in messages."""
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        return [value]
    return [value, *(str(parsed[name]) for name in _SECRET_JSON_FIELDS if parsed.get(name))]


def _forms_of(secret: str) -> Iterator[str]:
    if len(secret) < SHORTEST_SECRET:
        return
    yield from {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    for form in _base64_forms(secret.encode()):
        if len(form) >= SHORTEST_ENCODED:
            yield from (form, form.replace("+", "-").replace("/", "_"))


def _base64_forms(secret: bytes) -> Iterator[str]:
    """Encode at each of the three offsets that a secret can have inside a longer encoded text, such as `id:token`."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret).decode().rstrip("=")
        n_tail = (offset + len(secret)) % 3
        yield encoded[(0, 2, 3)[offset] : len(encoded) - (1 if n_tail else 0)]


# Before any set-up structlog would print to standard output, where results go.
setup("warning")
