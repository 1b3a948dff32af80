"""Where a browser is, with which pages can be tested and shown on pictures."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome.exe")
REMEDY = "apt-get install chromium, or put Chrome on the PATH; only tests and pictures of the replay page need it"


def browser_path() -> str | None:
    """Path of Chromium or Chrome; None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)
