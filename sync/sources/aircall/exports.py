"""One export from the request to its file: asked for, waited for, fetched, and taken up again after a restart.

Why each step is as it is: README.md beside.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from sync import clock, log
from sync.errors import ContractBroken, RateLimited, SyncError, Unreachable
from sync.http.download import Downloaded, FileClient, LinkRefused
from sync.http.waits import Sleep
from sync.sources.aircall.files import NotWhole, check_file
from sync.sources.aircall.filters import make_payload
from sync.sources.aircall.jobs import Job, Jobs
from sync.sources.aircall.models import ExportAnswer, read_export_answer

_log = log.get(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S, PAUSE_GROWS = 1.0, 60.0, 1.6
ASK_AGAIN_S = 20.0
LONGEST_WAIT = timedelta(hours=6)  # for one export, over all runs
LONGEST_UNKNOWN = timedelta(hours=1)  # in a state that nobody has documented
GOOD_FOR = timedelta(hours=1)  # an export of today; the vendor's own figures are up to an hour old
FAILED_FOR = timedelta(hours=6)
MAX_UNANSWERED, UNANSWERED_WITHIN = 3, timedelta(minutes=15)
MAX_LINKS = 4
MAX_UNSEEN = 3  # questions for an export just made that the vendor does not know yet

_TOO_MANY = re.compile(
    r"(too\s+(many|large|big|much))|((row|record|result|line|call|size)\w*\W.*(exceed|limit|maximum|max\b|more than))"
    r"|((exceed|limit|maximum|more than).*\b(row|record|result|line|size))",
    re.IGNORECASE,
)


class TooManyRows(Exception):
    """The vendor does not make so large a file; fewer days may go."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class _Gone(Exception):
    """The vendor does not know the export any more."""


Send = Callable[[Any], Any]
Look = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of one report: whole days, both included, in a zone. `margin_days` are asked for beyond them."""

    report: str
    stream: str
    first: date
    last: date
    zone: ZoneInfo
    params: Mapping[str, Any]
    margin_days: int

    @property
    def payload(self) -> dict[str, Any]:
        """The body of the request."""
        last = self.last + timedelta(days=self.margin_days)
        return make_payload(self.report, first=self.first, last=last, zone=self.zone.key, params=self.params)

    @property
    def days(self) -> str:
        """The days in words."""
        return f"{self.first}..{self.last}"

    def is_over_at(self, job: Job) -> bool:
        """Tell whether the days were past when the export was asked for, so that it does not age."""
        return clock.day_start(self.last + clock.ONE_DAY, self.zone) <= clock.now() - job.age


@dataclass(slots=True, kw_only=True)
class Exporter:
    """Brings exports to their files. `create` and `look` are the two requests that the vendor offers."""

    create: Send
    look: Look
    files: FileClient
    sleep: Sleep
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def file_of(self, ask: Ask, jobs: Jobs) -> Iterator[BinaryIO]:
        """Give the file of an export, whole and checked; an export under way is taken up.

        Raises:
            TooManyRows: the vendor wants fewer days.
            ContractBroken: the export failed, or its file is no table.
            SyncError: whatever the requests raise; the export stays noted where it may still be good.

        """
        known = jobs.find(ask.first, ask.last)
        self._refuse_again(ask, known)
        with cast(BinaryIO, tempfile.TemporaryFile(prefix="callsheet-")) as file:
            for is_last in (False, True):
                try:
                    self._bring(ask, jobs, file)
                    break
                except (_Gone, LinkRefused) as error:
                    jobs.drop(ask.first, ask.last)
                    _log.info("export is gone", action="export.again", report=ask.report, days=ask.days)
                    if is_last:
                        said = f"{ask.report} {ask.days}: the vendor lost the export twice"
                        raise error if isinstance(error, LinkRefused) else ContractBroken(said) from None
                except NotWhole:
                    jobs.drop(ask.first, ask.last)  # another export may be a better file
                    raise
            yield file

    def _refuse_again(self, ask: Ask, known: Job | None) -> None:
        """Say again what the vendor said of the same request, for some hours; and how it is to be cut."""
        if known is None:
            return
        if known.state == "cut":
            raise TooManyRows(known.words)
        if known.state == "failed" and known.age < FAILED_FOR:
            raise _failed(ask, known.words, again_in=FAILED_FOR - known.age)

    def _bring(self, ask: Ask, jobs: Jobs, file: BinaryIO) -> None:
        job, answer, is_ours = self._take_up(ask, jobs)
        if not answer.is_done:
            answer = self._wait(ask, jobs, job, answer, is_ours=is_ours)
        self._fetch(job, answer, file)

    def _take_up(self, ask: Ask, jobs: Jobs) -> tuple[Job, ExportAnswer, bool]:
        """Return an export with how it stands: the one that was asked for before, or a new one."""
        known = jobs.find(ask.first, ask.last)
        if known is not None and known.state == "made":
            answer = self._look(known.id)
            is_old = known.age > GOOD_FOR and not ask.is_over_at(known)
            if not (is_old and answer.is_done):
                if is_old:
                    since = f"{clock.now() - known.age:%Y-%m-%d %H:%M} UTC"
                    self.warnings.append(f"{ask.report}: a slow export shows how things stood at {since}")
                _log.info("goes on with an export", action="export.resumed", report=ask.report, days=ask.days)
                return known, answer, False
        answer = self._create(ask, jobs, known)
        return jobs.keep(ask.first, ask.last, state="made", id=answer.id, n_asked=0, words=""), answer, True

    def _create(self, ask: Ask, jobs: Jobs, known: Job | None) -> ExportAnswer:
        """Ask for an export; a lost answer is asked for once more, and not many times over several runs.

        There is no list of exports in which one could be found again. A second one costs the vendor some work and does
        no other harm, whereas without it there would be no data; but nobody should make it work over and over.
        """
        n_asked = known.n_asked if known and known.state == "asked" and known.age < UNANSWERED_WITHIN else 0
        if n_asked >= MAX_UNANSWERED:
            raise Unreachable(
                f"{ask.report} {ask.days}: the vendor did not answer {n_asked} requests for this export",
                hint=f"It is asked for again {UNANSWERED_WITHIN.seconds // 60} minutes after the last request.",
            )
        for is_last in (False, True):
            n_asked += 1
            jobs.keep(ask.first, ask.last, state="asked", n_asked=n_asked, id="", words="")
            try:
                return read_export_answer(self.create(ask.payload))
            except Unreachable as error:
                if not error.outcome_unknown or is_last or n_asked >= MAX_UNANSWERED:
                    raise error.__cause__ if isinstance(error.__cause__, SyncError) else error from None
                self.sleep(ASK_AGAIN_S)
            except SyncError:
                jobs.drop(ask.first, ask.last)  # it was refused, so nothing is under way
                raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _look(self, export_id: str) -> ExportAnswer:
        try:
            return read_export_answer(self.look(export_id), asked_for=export_id)
        except ContractBroken as error:
            if error.status in (404, 410):
                raise _Gone from error
            raise

    def _wait(self, ask: Ask, jobs: Jobs, job: Job, answer: ExportAnswer, *, is_ours: bool) -> ExportAnswer:
        """Ask again and again, more and more rarely, until the export is done or failed."""
        pause_s, slept_s, n_unseen = FIRST_PAUSE_S, 0.0, 0
        while not answer.is_done:
            if answer.has_failed:
                self._note_failure(ask, jobs, answer)
            waited = max(job.age, timedelta(seconds=slept_s))
            if waited > (LONGEST_UNKNOWN if answer.is_unknown else LONGEST_WAIT):
                jobs.drop(ask.first, ask.last)
                n_minutes = waited.seconds // 60
                raise Unreachable(
                    f"{ask.report} {ask.days}: the export is still {answer.status} after {n_minutes} minutes",
                    hint="The next run asks for a new one. If it stays so, try the report by hand at Aircall.",
                )
            self._pause(ask, pause_s)
            slept_s += pause_s
            pause_s = min(LONGEST_PAUSE_S, pause_s * PAUSE_GROWS)
            try:
                answer = self._look(job.id)
            except _Gone:
                n_unseen += 1
                if not is_ours or n_unseen > MAX_UNSEEN:
                    raise
        return answer

    def _pause(self, ask: Ask, pause_s: float) -> None:
        try:
            self.sleep(pause_s)
        except RateLimited as error:
            raise RateLimited(
                f"{ask.report} {ask.days}: the export was still running when the run's time was over",
                retry_at=error.retry_at,
                hint="The next run goes on with the same export. Raise run_deadline in [daemon] if this stays so.",
            ) from error

    def _note_failure(self, ask: Ask, jobs: Jobs, answer: ExportAnswer) -> None:
        words = log.mask(answer.words)[:300] or "no reason was given"
        if _TOO_MANY.search(words):
            jobs.keep(ask.first, ask.last, state="cut", words=words, id="")
            raise TooManyRows(words)
        jobs.keep(ask.first, ask.last, state="failed", words=words, id="")
        raise _failed(ask, words, again_in=FAILED_FOR)

    def _fetch(self, job: Job, answer: ExportAnswer, file: BinaryIO) -> None:
        """Download and check the file; the address is taken afresh when it has run out or the file is not whole."""
        before: Downloaded | None = None
        for n_links in range(1, MAX_LINKS + 1):
            try:
                got = self.files.download(answer.address, file)
                if check_file(file).ends_well or got == before:
                    return
                before = got  # no line break at the end: it was cut there, or the vendor writes it so
            except LinkRefused:
                if n_links == MAX_LINKS:
                    raise
            except NotWhole:
                if got == before or n_links == MAX_LINKS:
                    raise
                before = got
            answer = self._look(job.id)
        raise NotWhole("the file is another one at each download, and never ends with a line break")


def _failed(ask: Ask, words: str, *, again_in: timedelta) -> ContractBroken:
    return ContractBroken(
        f"{ask.report} {ask.days}: Aircall could not make the export: {words}",
        hint="Look at the params of the tab. The same request is not sent again before "
        f"{clock.now() + again_in:%Y-%m-%d %H:%M} UTC.",
    )


def too_many_for_a_day(ask: Ask, words: str) -> ContractBroken:
    """Make the error for an export that cannot be cut any further."""
    return ContractBroken(
        f"{ask.report} {ask.days}: Aircall does not make so large an export: {words}",
        hint="Ask for less with params of the tab, such as lineIDs or teamIDs, or by a shorter period.",
    )
