"""Log lines go to standard error, and no secret is in them."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from sync import log

SECRET = 'k3y/with+odd "chars"'


@pytest.fixture(autouse=True)
def _fresh():
    yield
    log._forms.clear()
    log._pattern = None
    log.setup("warning")


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_are_masked_in_every_form(capsys, as_json):
    log.register_secret(SECRET)
    log.setup("info", json=as_json)
    basic = base64.b64encode(f"an-id:{SECRET}".encode()).decode()
    log.get("test").info(f"asked with {SECRET}", url=f"http://x/?k={quote(SECRET, safe='')}", headers={"a": [basic]})
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.get("test").exception("failed")
    logging.getLogger("library").warning("sent %s", SECRET)
    out, err = capsys.readouterr()
    assert out == ""
    assert log.MASK in err
    for form in (SECRET, quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], basic):
        assert form not in err


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_inside_a_longer_base64_text_is_masked(before):
    log.register_secret("a-long-secret-value")
    masked = log.mask(base64.b64encode(f"{before}a-long-secret-value:zz".encode()).decode())
    assert log.MASK in masked
    assert len(masked) < 16


def test_the_key_of_a_service_account_is_masked_and_its_address_is_not():
    log.register_secret(json.dumps({"client_email": "robot@example.com", "private_key": "-----BEGIN\nabc\n-----END"}))
    assert log.mask("-----BEGIN\nabc\n-----END") == log.MASK
    assert log.mask("share it with robot@example.com") == "share it with robot@example.com"


def test_very_short_values_are_not_masked():
    log.register_secret("a")
    assert log.mask("a banana") == "a banana"


def test_lines_below_the_level_are_left_out(capsys):
    log.setup("warning", json=True)
    log.get("test").info("quiet")
    log.get("test").warning("loud", n=1)
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["loud"]


def test_a_log_file_rotates_keeps_so_many_is_private_and_holds_the_same_masked_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.register_secret(SECRET)
    path = tmp_path / "callsheet.log"
    log.setup("info", json=True, file=log.LogFile(path=path, rotate_bytes=2_000, keep_files=2))
    try:
        for n in range(60):
            log.get("test").info("a line", action="written", n=n, password=SECRET)
        log.get("test").debug("not this one", action="debug")
    finally:
        log.setup("warning")
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["callsheet.log", "callsheet.log.1", "callsheet.log.2"]
    assert all(file.stat().st_size <= 2_000 and file.stat().st_mode & 0o077 == 0 for file in files)
    lines = [json.loads(line) for file in reversed(files) for line in file.read_text().splitlines()]
    assert [line["n"] for line in lines] == list(range(60 - len(lines), 60))
    assert SECRET not in "".join(file.read_text() for file in files)
    assert len(capsys.readouterr().err.splitlines()) == 60


def test_every_line_in_a_block_has_its_words_and_none_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup("info", json=True)
    try:
        with log.bound(sheet="support", run="7"):
            log.get("test").info("inside", action="inside")
        log.get("test").info("after", action="after")
    finally:
        log.setup("warning")
    inside, after = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (inside["sheet"], inside["run"]) == ("support", "7")
    assert not {"sheet", "run"} & set(after)
