"""What a source needs around it in a test: a notebook that lives as long as the test, and an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sync.http.waits import NoPace
from sync.sources.base import Source, SourceOptions
from sync.sources.registry import make_source


class Notes:
    """Keeps notes in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        return self.kept.get(name)

    def write(self, name: str, text: str) -> None:
        self.kept[name] = text

    def drop(self, name: str) -> None:
        self.kept.pop(name, None)


@dataclass
class Sources:
    """Makes sources that never wait, and closes them; `slept` holds the pauses that they would have made."""

    slept: list[float] = field(default_factory=list)
    made: list[Source] = field(default_factory=list)

    def make(
        self,
        options: SourceOptions,
        *,
        notes: Notes | None = None,
        sleep: Callable[[float], None] | None = None,
        **secrets: str,
    ) -> Source:
        notebook, sleep = notes or Notes(), sleep or self.slept.append
        self.made.append(make_source(options, secrets, pace=NoPace(), sleep=sleep, notebook=notebook))
        return self.made[-1]

    def close(self) -> None:
        for source in self.made:
            source.close()
