"""Makes the picture of the README: the demo's job, and the sandbox's own page as a browser without a screen draws it.

Run as `python checks/picture.py` where Chromium is installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from sync.demo import run_demo
from sync.sandbox.server import SandboxServer

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "calls.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SIZE = "1120,440"
DRAWN_AFTER_MS = 5000


def main() -> int:
    """Draw the page of the demo's spreadsheet."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"No browser was found; tried: {', '.join(BROWSERS)}.", file=sys.stderr)  # noqa: T201
        return 1
    with SandboxServer() as sandbox, tempfile.TemporaryDirectory() as profile:
        demo = run_demo(sandbox.url, holdings=sandbox.holdings, stop=threading.Event())
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={SIZE}",
            f"--virtual-time-budget={DRAWN_AFTER_MS}",
            f"--screenshot={PICTURE}",
        ]
        subprocess.run([browser, *options, demo.address], check=True, capture_output=True, timeout=120)
    return 0


if __name__ == "__main__":
    sys.exit(main())
