"""Secrets by reference: errors name the variable or file, never the value."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync import log
from sync.config.settings import resolve_secret, resolve_store_url
from sync.errors import ConfigError


def test_a_variable_is_read_when_it_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("A_TEST_KEY", " s3cret-value\n")
    assert resolve_secret("env:A_TEST_KEY", tmp_path) == "s3cret-value"


@pytest.mark.parametrize(("value", "state"), [(None, "is not set"), ("", "is empty"), (" \n", "is empty")])
def test_a_variable_without_value_is_named(monkeypatch, tmp_path, value, state):
    monkeypatch.delenv("A_TEST_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("A_TEST_KEY", value)
    with pytest.raises(ConfigError, match=f"A_TEST_KEY {state}"):
        resolve_secret("env:A_TEST_KEY", tmp_path)


def test_a_file_is_relative_to_the_config_and_its_line_end_is_dropped(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "one").write_bytes(b"\xef\xbb\xbfs3cret-value\r\n")
    assert resolve_secret("file:keys/one", tmp_path) == "s3cret-value"


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\n", "is empty"), (b"\xff\xfe", "is not text")]
)
def test_a_file_without_value_is_named(tmp_path, content, said):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        resolve_secret("file:key", tmp_path)
    assert str(tmp_path / "key") in caught.value.what


def test_a_secret_that_was_read_is_masked_from_then_on(monkeypatch, tmp_path):
    monkeypatch.setenv("A_TEST_KEY", "masked-from-now-on")
    resolve_secret("env:A_TEST_KEY", tmp_path)
    assert log.mask("sent masked-from-now-on") == f"sent {log.MASK}"


def test_the_file_of_the_store_is_relative_to_the_config(tmp_path):
    assert resolve_store_url("sqlite:///sub/x.db", tmp_path) == f"sqlite:///{tmp_path}/sub/x.db"
    assert resolve_store_url(f"sqlite:///{tmp_path}/y.db", Path("elsewhere")) == f"sqlite:///{tmp_path}/y.db"


def test_the_address_of_a_postgresql_store_can_be_a_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("A_STORE", "postgresql://me:hunter2-long@db/callsheet")
    assert resolve_store_url("env:A_STORE", tmp_path) == "postgresql+psycopg://me:hunter2-long@db/callsheet"
    assert "hunter2-long" not in log.mask("cannot reach postgresql+psycopg://me:hunter2-long@db/callsheet")


def test_a_secret_that_is_no_address_of_a_store_is_refused_without_showing_it(monkeypatch, tmp_path):
    monkeypatch.setenv("A_STORE", "mysql://me:hunter2@db")
    with pytest.raises(ConfigError, match="env:A_STORE") as caught:
        resolve_store_url("env:A_STORE", tmp_path)
    assert "hunter2" not in str(caught.value)
