"""The programs that stand in the docs, so that tests can run them as they are."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "use-the-sandbox-from-other-programs.md"
ADDRESS = "http://127.0.0.1:8300"


def program(heading: str, language: str, *, address: str) -> str:
    """Return the program below a heading of the how-to page, with another address of the sandbox."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, f"no {language} below {heading}"
    code = found.group(1)
    assert code.count(ADDRESS) == 1, "the base address alone leads to the sandbox"
    return code.replace(ADDRESS, address)
