"""What a source needs around it in a test: a notebook that lives as long as the test."""

from __future__ import annotations


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
