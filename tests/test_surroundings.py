"""The surroundings that conftest.py makes hold."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import httpx
import pytest

from tests.conftest import OutsideNetworkError


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)], ids=["IPv4", "IPv6"])
def test_a_connection_to_another_machine_is_refused(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as outside:
        for connect in (outside.connect, outside.connect_ex):
            with pytest.raises(OutsideNetworkError):
                connect(address)


def test_a_client_library_cannot_leave_either() -> None:
    with pytest.raises(OutsideNetworkError):
        httpx.get("http://192.0.2.1/", trust_env=False, timeout=1)


def test_our_own_variables_and_a_persons_home_are_out_of_sight() -> None:
    assert not [name for name in os.environ if name.startswith(("CALLSHEET_", "JUSTCALL_", "GOOGLE_"))]
    assert list(Path.home().iterdir()) == []
