"""Ctrl-C while a run goes on."""

from __future__ import annotations

import os
import signal

import pytest

from sync.signals import stop_on_signals


def test_a_second_ctrl_c_leaves_also_while_the_first_is_still_being_told(monkeypatch):
    def press_again(_fd: int, text: bytes) -> int:
        signal.raise_signal(signal.SIGINT)
        return len(text)

    monkeypatch.setattr(os, "write", press_again)
    with pytest.raises(KeyboardInterrupt), stop_on_signals() as stop:
        signal.raise_signal(signal.SIGINT)
    assert stop.is_set()
