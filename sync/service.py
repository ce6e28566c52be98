"""The daemon with everything around it: what watches it, its page, and a reload on SIGHUP."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

from sync.config.kept import Effective
from sync.daemon import Daemon
from sync.live import Live
from sync.office import Office
from sync.page.app import StatusPage, View
from sync.page.server import page_served
from sync.signals import reload_on_hangup
from sync.watch import watching


def run_service(config: Path, office: Office, effective: Effective, stop: threading.Event) -> None:
    """Serve until `stop` is set. The page and the watching have an end with the daemon."""
    daemon, live = Daemon(config, office, effective), Live()
    view = View(
        office=lambda: daemon.office, broken=lambda: daemon.broken, live=live, is_well=lambda: daemon.is_working
    )
    page = StatusPage(view)
    with ExitStack() as around:
        around.enter_context(reload_on_hangup(daemon.ask_to_reload))
        hearers = (page.figures.run_ended,)
        watch = around.enter_context(watching(lambda: daemon.office, live=live, hearers=hearers))
        around.enter_context(page_served(page, office.config.daemon.listen))
        daemon.serve(stop, watch)
