"""Log lines go to standard error, and no secret is in them."""

from __future__ import annotations

import base64
import json
import logging
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
