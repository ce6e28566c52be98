"""`sandbox` as a real process, spoken to by other programs."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx
import pytest

from tests import program
from tests.sandbox_admin import Admin


@pytest.mark.every(2)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_says_where_it_is_answers_there_and_ends_on_a_signal(number: signal.Signals) -> None:
    with program.started("sandbox", "--port", "0") as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        assert httpx.get(f"{address[0]}/", trust_env=False).status_code == 200
        assert httpx.get(
            f"{address[0]}/justcall/v2/calls", headers={"Authorization": "a:b"}, trust_env=False
        ).is_success
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_a_sample_of_a_stream_is_pulled_and_shown(tmp_path: Path) -> None:
    with program.started("sandbox", "--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1].rstrip("/")
        with Admin(url) as admin:
            config = program.write_config(tmp_path, url, {"calls": admin.make_spreadsheet()})
        result = program.run("streams", "justcall", "calls", "--sample", "3", "--config", str(config))
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\nrecord ") == 3
    assert "  call_id: " in result.stdout
