"""Tells people elsewhere: alerts through Apprise, and the heartbeat. What fails here is logged and harms nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from sync import log
from sync.config.load import Config
from sync.errors import ConfigError

if TYPE_CHECKING:
    import apprise

CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 5.0, 10.0
SHORTEST_PART = 6  # of an address, to be masked by itself; shorter ones are words such as "hooks"

_TYPES = {"failure": "failure", "warning": "warning", "recovery": "success", "test": "info"}

_log = log.get("notify")


class NotToldError(ConfigError):
    """An address for alerts cannot be used, or did not take one."""


def send_alert(config: Config, level: str, title: str, body: str) -> bool:
    """Send an alert to every address; True when all took it, or there is none. Takes seconds when one is slow."""
    try:
        failures = list(_failures(config, level, title, body))
    except ConfigError as error:
        _log.error(error.what, action="alert-failed", hint=error.hint)
        return False
    for reference in failures:
        _log.error("An alert was not taken.", action="alert-failed", address=reference, alert=title)
    return not failures


def try_alerts(config: Config) -> list[str]:
    """Send a test to every address and return those that took it; raise for those that did not."""
    body = "This is a test of Callsheet's alerts. Nothing is wrong.\nNext step: none."
    failures = list(_failures(config, "test", "Callsheet: a test", body))
    if failures:
        hint = "Check that what it holds is an address of Apprise, that it is complete, and that it can be reached."
        raise NotToldError(f"A test alert was not taken by {', '.join(failures)}.", hint=hint)
    return list(config.alerts.urls)


def _failures(config: Config, level: str, title: str, body: str) -> Iterator[str]:
    """Send to one address after the other; yield the references of those that did not take it."""
    for reference in config.alerts.urls:
        address = config.secret("alerts.urls", reference)
        _mask_parts(address)
        if not _notify(address, level, log.mask(title), log.mask(body)):
            yield reference


def _notify(address: str, level: str, title: str, body: str) -> bool:
    import apprise  # noqa: PLC0415 - slow to load and large; few processes ever send one

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it names addresses; what failed is told by us
    desk: apprise.Apprise = apprise.Apprise()
    try:
        return bool(desk.add(address)) and bool(
            desk.notify(body=body, title=title, notify_type=apprise.NotifyType(_TYPES[level]))
        )
    except Exception as error:  # a plug-in of the library may raise anything
        _log.debug("apprise failed", action="alert-broke", exc_info=error)
        return False


def _mask_parts(address: str) -> None:
    """Have the parts of an address masked too: libraries write them in forms of their own."""
    parts = urlsplit(address)
    words = [parts.password or "", *parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    for word in (*words, parts.netloc.rpartition("@")[0]):
        if len(word) >= SHORTEST_PART:
            log.register_secret(unquote(word))


def ping_heartbeat(config: Config) -> bool:
    """Ask for the heartbeat address, if there is one; False when that failed."""
    reference = config.alerts.heartbeat
    if reference is None:
        return True
    timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    try:
        address = config.secret("alerts.heartbeat", reference)
        _mask_parts(address)
        httpx.get(address, timeout=timeout, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = log.mask(str(error).splitlines()[0] if str(error) else type(error).__name__)
        _log.warning("The heartbeat was not taken.", action="heartbeat-failed", address=reference, reason=reason)
    except ConfigError as error:
        _log.warning(error.what, action="heartbeat-failed", hint=error.hint)
    else:
        _log.debug("heartbeat sent", action="heartbeat-sent")
        return True
    return False
