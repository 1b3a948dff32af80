"""A browser, and pages opened in it; whatever a page complains of, or asks the network for, fails the test."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from voltran.cli.browser import running_browser
from voltran.envs.errors import MissingExtraError
from voltran.evaluation.replay.document import Recording
from voltran.evaluation.replay.page import page

Opened = Callable[..., Any]


def until(shown: Any, condition: str) -> None:
    """Wait until a condition holds in a page, whose policy lets nobody else evaluate what is written."""
    for _ in range(500):
        if shown.evaluate(condition):
            return
        shown.wait_for_timeout(20)
    raise AssertionError(f"never: {condition}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window; skipped where there is none, or nothing to drive it."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(running_browser())
        except MissingExtraError as error:
            pytest.skip(str(error))
        yield running


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    """What opens a page of recordings; afterwards there must have been no complaints and no requests."""
    problems: list[str] = []
    asked: list[str] = []
    contexts: list[Any] = []

    def open_page(
        recordings: Sequence[Recording],
        *,
        address: str = "",
        width: int = 1280,
        height: int = 800,
        colour_scheme: str = "light",
        motion: str = "reduce",
        before: str = "",
    ) -> Any:
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(page(recordings), encoding="utf-8")
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=colour_scheme, reduced_motion=motion)
        contexts.append(context)
        shown = context.new_page()
        shown.set_default_timeout(10_000)
        if before:
            shown.add_init_script(before)
        shown.on("console", lambda message: problems.append(f"console: {message.text}"))
        shown.on("pageerror", lambda error: problems.append(f"error: {error}"))
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(f"{path.as_uri()}{address}")
        until(shown, "Boolean(window.replay)")
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
    assert [address for address in asked if not address.startswith("file:")] == []
