"""The size checker must fail where it should."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

CHECKER = Path(__file__).parents[2] / "checks" / "sizes.py"


@pytest.fixture
def sizes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sizes", CHECKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _function(n_lines: int) -> str:
    return "def one():\n" + "    pass\n" * (n_lines - 1)


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        (_function(60), _function(61), "one has 61 lines"),
        ("x = 1\n" * 400, "x = 1\n" * 401, "401 lines"),
        ("def f(a, b, c, d, *, e): ...\n", "def f(a, b, c, d, e): ...\n", "5 positional arguments"),
        (
            "class A:\n"
            + "".join(f"    def m{n}(self, a, b, c, d): ...\n" for n in range(7))
            + "    def _own(self): ...\n",
            "class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(8)),
            "8 public methods",
        ),
    ],
)
def test_what_is_too_large_is_named(sizes: ModuleType, tmp_path: Path, good: str, bad: str, words: str) -> None:
    (tmp_path / "fine.py").write_text(good)
    assert sizes.breaches_in(tmp_path) == []
    (tmp_path / "large.py").write_text(bad)
    (breach,) = sizes.breaches_in(tmp_path)
    assert words in breach
    assert "large.py" in breach


def test_a_module_may_be_long_for_a_reason(sizes: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "table.py").write_text("x = 1\n" * 401)
    monkeypatch.setitem(sizes.LONG_MODULES, f"{tmp_path.name}/table.py", "one table")
    assert sizes.breaches_in(tmp_path) == []


def test_the_number_of_modules_is_limited(sizes: ModuleType, tmp_path: Path) -> None:
    for n in range(sizes.MODULES + 1):
        (tmp_path / f"m{n}.py").write_text("")
    assert f"{sizes.MODULES + 1} modules" in sizes.breaches_in(tmp_path)[0]
