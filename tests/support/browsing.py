"""How do tests look at a page? In a real browser without a window, in which every complaint of the page fails the test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# The first takes a third of the others' time: those draw a window's tabs and buttons also where there is no window.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=f"none of {', '.join(_NAMES)} on PATH")

expect.set_options(timeout=60_000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the block's end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@contextmanager
def quiet_page(browser: Browser, **options: Any) -> Iterator[Page]:  # noqa: ANN401  those of Browser.new_context
    """A page of 1200x800 unless told otherwise, in which every error of script, network and security policy fails the test."""
    context = browser.new_context(**({"viewport": {"width": 1200, "height": 800}} | options))
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert not errors, errors


def until(page: Page, condition: str) -> None:
    """Wait until JavaScript says yes. The page's policy forbids it what ``wait_for_function`` does."""
    came = page.evaluate(
        f"""new Promise((done) => {{
            const end = Date.now() + 60_000;
            const look = () => ({condition}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20);
            look();
        }})"""
    )
    assert came, condition
