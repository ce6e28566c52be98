"""The daemon with everything around it: what watches it, its page, its log, and a reload on SIGHUP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sync import log
from sync.config.kept import Effective
from sync.config.load import Config
from sync.daemon import Daemon
from sync.errors import ConfigError
from sync.live import Live
from sync.office import Office
from sync.page.app import StatusPage, View
from sync.page.server import page_served
from sync.signals import reload_on_hangup
from sync.watch import watching

_log = log.get("service")


def run_service(
    config: Path, office: Office, effective: Effective, stop: threading.Event, *, set_up_log: Callable[[Config], None]
) -> None:
    """Serve until `stop` is set. The page and the watching have an end with the daemon.

    An edit of `listen` moves the page, one of [log] goes to `set_up_log`.
    """
    with ExitStack() as around:
        surroundings = _Surroundings(office.config, set_up_log)
        daemon, live = Daemon(config, office, effective, on_config=surroundings.follow), Live()
        view = View(
            office=lambda: daemon.office, broken=lambda: daemon.broken, live=live, is_well=lambda: daemon.is_working
        )
        page = StatusPage(view)
        around.enter_context(reload_on_hangup(daemon.ask_to_reload))
        hearers = (page.figures.run_ended,)
        watch = around.enter_context(watching(lambda: daemon.office, live=live, hearers=hearers))
        around.callback(surroundings.close)
        surroundings.serve(page)
        daemon.serve(stop, watch)


class _Surroundings:
    """The page and the log, which follow the config."""

    def __init__(self, config: Config, set_up_log: Callable[[Config], None]) -> None:
        self._config = config
        self._set_up_log = set_up_log
        self._page: StatusPage | None = None
        self._served = ExitStack()

    def serve(self, page: StatusPage) -> None:
        """Serve the page where the config says."""
        self._page = page
        self._served.enter_context(page_served(page, self._config.daemon.listen))

    def follow(self, config: Config) -> None:
        """Take over what has changed."""
        before, self._config = self._config, config
        if config.log != before.log:
            try:
                self._set_up_log(config)
            except ConfigError as error:
                _log.error(f"{error.what} Lines go where they went before.", action="log-failed", hint=error.hint)
            else:
                _log.info("log set up anew", action="log-set-up")
        if config.daemon.listen != before.daemon.listen and self._page is not None:
            self._served.close()
            self.serve(self._page)

    def close(self) -> None:
        """End the page."""
        self._served.close()
