"""How a tile plays its video where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browsing import needs_chromium, quiet_page, until
from support.campaigns import task
from support.galleries import Gallery, gallery

pytestmark = needs_chromium

PLAYS = "document.querySelector('.sample.shown')?.currentTime > 0.1"
SOURCES = "[...document.querySelectorAll('video[src]')].map((video) => video.closest('.card').querySelector('.name').textContent)"
SAVES = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"


def playing(page: Page) -> list[str]:
    """The videos that tiles play, by name."""
    names: list[str] = page.evaluate(SOURCES)
    return names


def test_a_tile_plays_while_the_pointer_rests_on_it(page: Page, made: Gallery) -> None:
    """Else each of a hundred videos would have to be opened and closed; and nobody wants to be shouted at."""
    page.goto(made.url)
    assert playing(page) == []

    page.locator(".poster").nth(1).hover()

    until(page, PLAYS)
    assert playing(page) == [made.names[1]]
    assert page.locator(".sample").evaluate("({ muted, loop }) => muted && loop")
    page.locator(".pick").nth(1).hover()
    assert playing(page) == [made.names[1]]
    page.locator(".poster").nth(2).hover()
    until(page, PLAYS)
    assert playing(page) == [made.names[2]]


def test_a_tile_that_was_left_holds_nothing(page: Page, made: Gallery) -> None:
    """Else a browser would keep the memory and the connection of every video that the pointer came by."""
    page.goto(made.url)
    page.locator(".poster").first.hover()
    until(page, PLAYS)
    film = page.locator(".sample").element_handle()

    page.locator("h1").hover()

    expect(page.locator(".sample")).to_have_count(0)
    state = "(video) => [video.paused, video.networkState, video.readyState, video.isConnected]"
    assert film.evaluate(state) == [True, 0, 0, False]


def test_a_pointer_that_passes_loads_nothing(page: Page, made: Gallery) -> None:
    """Else crossing the page would load a row of videos."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(made.url)

    for n in range(3):
        page.locator(".poster").nth(n).dispatch_event(
            "pointerover", {"pointerType": "mouse", "bubbles": True}
        )
        page.locator(".poster").nth(n).dispatch_event("pointerout", {"pointerType": "mouse", "bubbles": True})
    page.locator(".poster").nth(3).hover()

    until(page, PLAYS)
    assert len({url for url in asked if url.endswith(".mp4")}) == 1


@pytest.mark.parametrize("spares", ["motion", "data"])
def test_who_wants_less_is_asked_first(browser: Browser, made: Gallery, spares: str) -> None:
    """Some get ill of what moves unasked, some pay for every megabyte: they press a button, which all tiles show then."""
    with quiet_page(browser, reduced_motion="reduce" if spares == "motion" else "no-preference") as page:
        if spares == "data":
            page.add_init_script(SAVES)
        page.goto(made.url)

        page.locator(".poster").first.hover()
        page.locator(".poster").nth(1).hover()
        page.get_by_role("button", name=f"Play here: {made.names[2]}").click()

        until(page, PLAYS)
        assert playing(page) == [made.names[2]]
        page.get_by_role("button", name=f"Stop: {made.names[2]}").click()
        assert playing(page) == []


def test_a_finger_has_a_button(browser: Browser, made: Gallery) -> None:
    """A finger rests nowhere."""
    with quiet_page(browser, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}) as page:
        page.goto(made.url)

        page.get_by_role("button", name=f"Play here: {made.names[0]}").tap()
        until(page, PLAYS)
        page.get_by_role("button", name=f"Play here: {made.names[1]}").tap()

        until(page, PLAYS)
        assert playing(page) == [made.names[1]]


def test_a_key_plays_and_stops_it(page: Page, made: Gallery) -> None:
    """Whoever uses no mouse sees as much."""
    page.goto(made.url)
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")

    page.keyboard.press("p")
    until(page, PLAYS)
    assert playing(page) == [made.names[1]]
    page.keyboard.press("p")
    assert playing(page) == []
    page.keyboard.press("p")
    until(page, PLAYS)
    page.keyboard.press("ArrowRight")
    assert playing(page) == []


def test_no_other_plays_beside_the_one_that_is_open(page: Page, made: Gallery) -> None:
    """Else two videos would play at once, one of them out of sight."""
    page.goto(made.url)
    page.locator(".poster").first.hover()
    until(page, PLAYS)

    page.locator(".poster").first.click()

    expect(page.locator("#player")).to_be_visible()
    expect(page.locator(".sample")).to_have_count(0)


def test_other_filters_stop_it(page: Page, made: Gallery) -> None:
    """Its tile has gone."""
    page.goto(made.url)
    page.locator(".poster").first.focus()
    page.keyboard.press("p")
    film = page.locator(".sample").element_handle()

    page.evaluate("location.hash = 'b0=b0c1'")

    expect(page.locator(".sample")).to_have_count(0)
    assert film.evaluate("(video) => video.paused && video.networkState === 0")


def test_a_video_that_is_not_there_says_so_in_its_tile(tmp_path: Path, browser: Browser) -> None:
    """A page that was copied without some of its videos would look as if resting did nothing."""
    lacking = gallery(tmp_path, task([2]), lambda _: None)
    page = browser.new_page()
    page.goto(lacking.url)

    page.locator(".poster").first.hover()

    expect(page.locator(".lost").first).to_be_visible()
    expect(page.locator(".lost").first).to_have_attribute(
        "title", f"{lacking.names[0]}.mp4 cannot be played: it must lie beside this page."
    )
    assert playing(page) == []
    page.close()
