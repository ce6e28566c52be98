"""What tests of single sources share: sources that are closed at the end, and a vendor that says what it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.source_desk import Sources
from tests.unit.scripted_server import ScriptedServer, scripted_server


@pytest.fixture
def sources() -> Iterator[Sources]:
    opened = Sources()
    yield opened
    opened.close()


@pytest.fixture
def vendor() -> Iterator[ScriptedServer]:
    with scripted_server() as opened:
        yield opened
