"""Large libraries, loaded when they are first used: most commands answer without any of them."""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """Stands for a module until something of it is asked for. For type checkers, import it beside TYPE_CHECKING."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Load the module, and keep what was asked for at hand."""
        value = getattr(importlib.import_module(self._name), name)
        setattr(self, name, value)
        return value
