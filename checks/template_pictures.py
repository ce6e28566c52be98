"""Takes the pictures of docs/templates.md: each template filled from the sandbox, seen in Chromium.

Run as `python checks/template_pictures.py [NAME...]`, or with `--phone` to see them as narrow as on a phone.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sync import clock  # noqa: E402
from sync.config.templates import template_named, templates  # noqa: E402
from sync.sandbox.calls import CallOptions  # noqa: E402
from sync.sandbox.server import SandboxOptions, SandboxServer  # noqa: E402
from tests.sandbox_admin import Admin  # noqa: E402
from tests.template_desk import TemplateDesk, be_generous  # noqa: E402

IMAGES = ROOT / "docs" / "images" / "templates"
NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
CONNECTIONS = {
    "campaign performance": ("callscaler",),
    "messages log": ("live",),
    "overview": ("justcall", "aircall", "callscaler", "callrail"),
    "source roi": ("callscaler",),
    "user status time": ("aircall",),
}
CHROMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
DESKTOP, BESIDE_A_CHART, PHONE = (1180, 620), (1720, 620), (390, 780)


def main(names: list[str]) -> int:
    """Take the pictures of these templates, or of all."""
    size = PHONE if "--phone" in names else DESKTOP
    wanted = [one for one in names if not one.startswith("--")] or list(templates())
    clock.set_now(lambda: NOW)
    options = SandboxOptions(calls=CallOptions(n_calls=3000, days=45, until=NOW))
    path = next(filter(None, map(shutil.which, CHROMES)))
    with (
        SandboxServer(options=options) as server,
        Admin(server.url) as admin,
        sync_playwright() as player,
        tempfile.TemporaryDirectory() as folder,
    ):
        be_generous(admin)
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        for name in wanted:
            place = Path(folder) / name.replace(" ", "-")
            place.mkdir()
            _take(browser, admin, name.casefold(), place, size)
        browser.close()
    return 0


def _take(browser: Browser, admin: Admin, name: str, folder: Path, size: tuple[int, int]) -> None:
    template = template_named(name)
    assert template is not None
    desk = TemplateDesk(admin, folder, template.name, *CONNECTIONS.get(name, ("justcall",)))
    desk.run()
    sheets = {one["properties"]["title"]: one["properties"]["sheetId"] for one in admin.book(desk.spreadsheet)}
    charted = {one["properties"]["title"] for one in admin.book(desk.spreadsheet) if one.get("charts")}
    page = browser.new_page()
    target = Path(os.environ.get("PICTURES", IMAGES))
    target.mkdir(parents=True, exist_ok=True)
    for n, title in enumerate(template.titles(), 1):
        width, height = BESIDE_A_CHART if title in charted and size == DESKTOP else size
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{admin.url}/view/{desk.spreadsheet}#gid={sheets[title]}")
        page.reload()
        page.wait_for_timeout(1200)
        if "PICTURES" in os.environ:
            page.screenshot(path=target / f"{name.replace(' ', '-')}-{n}.png")
            continue
        seen = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 70})
        (target / f"{name.replace(' ', '-')}-{n}.webp").write_bytes(base64.b64decode(seen["data"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
