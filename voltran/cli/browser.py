"""Where a browser is, and how one is started, with which pages can be tested and shown on pictures."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from voltran.envs.errors import MissingExtraError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome.exe")
REMEDY = "apt-get install chromium, or put Chrome on the PATH; only tests and pictures of the replay page need it"


def browser_path() -> str | None:
    """Path of Chromium or Chrome; None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def running_browser() -> Iterator[Any]:
    """Chromium without a window, as playwright drives it.

    Raises:
        MissingExtraError: playwright is not installed, or there is no browser.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise MissingExtraError("playwright is missing: pip install 'voltran[browser]'") from error
    path = browser_path()
    if path is None:
        raise MissingExtraError(f"no browser: {REMEDY}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
