"""Exports that were asked for, as notes: so that a restart goes on with them, and a refusal is not asked for again.

One note for each stream, params and zone holds the exports of the slice under way, by their days. Nobody else reads the
same stream meanwhile, so there is one writer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import orjson

from sync import clock
from sync.sources.base import Notebook

FORGOTTEN_AFTER = timedelta(days=1)  # calls are edited late: an older export no longer shows how they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export by its days: asked for (no answer yet), made, failed, or to be cut in two."""

    first: str
    last: str
    state: Literal["asked", "made", "failed", "cut"]
    at: str
    id: str = ""
    words: str = ""
    n_asked: int = 0

    @property
    def age(self) -> timedelta:
        """How long ago that was."""
        return clock.now() - datetime.fromisoformat(self.at)


class Jobs:
    """The exports of one stream with its params and zone."""

    def __init__(self, notebook: Notebook, stream: str, *, zone: str, params: Mapping[str, Any]) -> None:
        self._notebook = notebook
        asked = orjson.dumps([zone, dict(params)], option=orjson.OPT_SORT_KEYS)
        self._digest = hashlib.blake2b(asked, digest_size=6).hexdigest()
        self._name = f"exports {stream} {self._digest}"
        self._header_name = f"columns {stream} {self._digest}"
        self._jobs = {(job.first, job.last): job for job in self._load()}

    def _load(self) -> list[Job]:
        try:
            jobs = [Job(**entry) for entry in orjson.loads(self._notebook.read(self._name) or "[]")]
            return [job for job in jobs if job.age < FORGOTTEN_AFTER]
        except (ValueError, TypeError):
            return []  # a note that nobody can read any more costs one export

    def find(self, first: date, last: date) -> Job | None:
        """Return what is known of the export of these days."""
        return self._jobs.get((first.isoformat(), last.isoformat()))

    def keep(self, first: date, last: date, **facts: Any) -> Job:
        """Note the export of these days; it is safe when this returns."""
        days = (first.isoformat(), last.isoformat())
        at = clock.now().isoformat()
        before = self._jobs.get(days)
        job = replace(before, at=at, **facts) if before else Job(first=days[0], last=days[1], at=at, **facts)
        self._jobs[days] = job
        self._save()
        return job

    def drop(self, first: date, last: date) -> None:
        """Forget the export of these days."""
        if self._jobs.pop((first.isoformat(), last.isoformat()), None):
            self._save()

    def drop_read(self, first: date, last: date) -> None:
        """Forget the exports of these days, which were read, and what they were cut from; a refusal stays known."""
        begin, end = first.isoformat(), last.isoformat()
        self._jobs = {
            days: job
            for days, job in self._jobs.items()
            if job.state == "failed" or not (begin <= job.first and job.last <= end)
        }
        self._save()

    def _save(self) -> None:
        if self._jobs:
            self._notebook.write(self._name, orjson.dumps([asdict(job) for job in self._jobs.values()]).decode())
        else:
            self._notebook.drop(self._name)

    def read_header(self) -> dict[str, Any]:
        """Return the header of the latest file, and from which columns its key came."""
        try:
            known = orjson.loads(self._notebook.read(self._header_name) or "{}")
        except ValueError:
            return {}
        return known if isinstance(known, dict) else {}

    def save_header(self, header: list[str], key: list[str]) -> None:
        """Keep the header of a file."""
        self._notebook.write(self._header_name, orjson.dumps({"header": header, "key": key}).decode())
