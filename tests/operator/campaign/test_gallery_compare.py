"""How two videos are looked at side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from cliptask.planning.plan import Variant
from support.browsing import needs_chromium, quiet_page, until
from support.campaigns import task
from support.colours import faint
from support.galleries import Gallery, gallery

pytestmark = needs_chromium

FILMS = "[...document.querySelectorAll('#pair video')]"
APART = f"(([one, other]) => Math.abs(one.currentTime - other.currentTime))({FILMS})"
FRAME_S = 0.04
"""Of the campaign's 25 frames a second."""
SYNC = Path("operator/cliptask_operator/campaign/gallery_sync.js").read_text()
GAPS = """({ speeds, behind, ticks }) => {
    let now = 0;
    let tick = () => {};
    const performance = { now: () => now };
    const requestAnimationFrame = (then) => ((tick = then), 1);
    const cancelAnimationFrame = () => (tick = () => {});
    /* what the page does */
    const films = speeds.map((speed, place) => ({
        speed, currentTime: 5 - place * behind, duration: 600, readyState: 4, error: null, ended: false,
        seeking: false, paused: true, muted: false, playbackRate: 1, addEventListener() {},
        pause() { this.paused = true; },
        play() { this.paused = false; return Promise.resolve(); },
    }));
    const both = inStep(films, 25, () => {});
    both.hear(0);
    both.play();
    return ticks.map((milliseconds) => {
        now += milliseconds;
        for (const film of films.filter(({ paused }) => !paused))
            film.currentTime += (milliseconds / 1000) * film.speed * film.playbackRate;
        const gap = Math.abs(films[0].currentTime - films[1].currentTime);
        tick();
        return gap;
    });
}""".replace("/* what the page does */", SYNC)
"""How far apart two videos are at each look at them, where their clocks and the times between looks are given."""


def compare(page: Page, made: Gallery, *places: int) -> None:
    """Open the page, select these, and compare the first two, which play."""
    page.goto(made.url)
    for place in places:
        page.locator(".pick").nth(place).click()
    page.get_by_role("button", name="Compare").click()
    until(page, f"{FILMS}.every((film) => film.currentTime > 0.2)")


def names(page: Page) -> list[str]:
    """What is on the left and on the right."""
    return page.locator("#pair h3").all_text_contents()


def pause(page: Page) -> None:
    """And wait until both show the frame that they were stopped at."""
    page.get_by_role("button", name="Pause").click()
    until(page, f"{FILMS}.every((film) => film.paused && !film.seeking)")


@pytest.fixture
def served(made: Gallery) -> Iterator[str]:
    """The campaign at a server, as in a bucket."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(made.page.parent))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{made.page.name}"
        server.shutdown()
        thread.join()


def test_two_play_side_by_side_and_one_is_heard(page: Page, made: Gallery) -> None:
    """Two sounds at once are noise."""
    compare(page, made, 0, 5)

    assert names(page) == [made.names[0], made.names[5]]
    muted = f"{FILMS}.map((film) => film.muted)"
    assert page.evaluate(muted) == [False, True]
    page.get_by_label("Right").check()
    assert page.evaluate(muted) == [True, False]
    page.get_by_label("Off").check()
    assert page.evaluate(muted) == [True, True]


def test_they_play_in_step(page: Page, made: Gallery) -> None:
    """Else a cut would be seen twice, and a pause compare two different moments."""
    compare(page, made, 0, 5)

    for by in (1, -0.3):
        until(page, f"{APART} < {FRAME_S}")
        assert page.evaluate(f"() => {{ {FILMS}[1].currentTime += {by}; return {APART}; }}") > 0.2
    until(page, f"{APART} < {FRAME_S}")


@pytest.mark.parametrize("behind", [0.0, 0.1, -0.3, 2.0])
@pytest.mark.parametrize("speeds", [(1.0, 1.0), (1.0, 1.02), (1.0, 0.97)])
@pytest.mark.parametrize("looks_ms", [(17,), (17, 17, 17, 130), (50,)], ids=["quiet", "stutters", "busy"])
def test_they_stay_in_step(
    page: Page, speeds: tuple[float, float], behind: float, looks_ms: tuple[int, ...]
) -> None:
    """Also where one runs faster than the other, and where the page is late: by clocks that no machine's load moves."""
    ticks = list(looks_ms) * (20_000 // sum(looks_ms))

    gaps = page.evaluate(GAPS, {"speeds": speeds, "behind": behind, "ticks": ticks})

    assert max(gaps[len(gaps) // 5 :]) <= FRAME_S


def test_where_one_waits_the_other_waits(page: Page, made: Gallery) -> None:
    """Else the one whose bytes come late would be behind for good."""
    compare(page, made, 0, 5)

    page.evaluate(f"Object.defineProperty({FILMS}[1], 'readyState', {{ value: 2, configurable: true }})")
    until(page, f"{FILMS}[0].paused")
    page.evaluate(f"delete {FILMS}[1].readyState")

    until(page, f"{FILMS}.every((film) => !film.paused)")


@pytest.mark.parametrize(
    ("ahead", "jumps", "rate"),
    [(0.0, False, 1), (0.009, False, 1), (0.04, False, 0.9), (-0.04, False, 1.1), (0.3, False, 0.75), (-0.3, False, 1.25), (0.5, True, 1), (-0.5, True, 1)],
)  # fmt: skip
def test_a_little_is_caught_up_and_much_is_jumped(page: Page, ahead: float, jumps: bool, rate: float) -> None:
    """A jump is seen; a rate of a tenth more is not."""
    said = page.evaluate(f"(ahead) => {{ {SYNC}; return correction(ahead, 0.04); }}", ahead)

    assert said == {"jumps": jumps, "rate": pytest.approx(rate)}


def test_one_set_of_controls_moves_both(page: Page, made: Gallery) -> None:
    """To the same frame, whatever was pressed."""
    compare(page, made, 0, 5)
    pause(page)
    at = f"{FILMS}.map((film) => Math.floor(film.currentTime * 25 + 0.01))"

    page.get_by_label("Position").fill("2")
    assert page.evaluate(at) == [50, 50]
    page.get_by_role("button", name="One frame on").click()
    page.get_by_role("button", name="One frame on").click()
    page.get_by_role("button", name="One frame back").click()
    assert page.evaluate(at) == [51, 51]
    expect(page.locator("#compare-clock")).to_contain_text("frame 52 of 150")
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, f"{FILMS}.every((film) => film.currentTime > 2.3)")


def test_everything_is_done_with_keys(page: Page, made: Gallery) -> None:
    """Picking two, comparing them, and going back to where one was."""
    page.goto(made.url)
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("c")
    until(page, f"{FILMS}.every((film) => film.currentTime > 0.2)")
    expect(page.locator("#compare-play")).to_be_focused()
    page.locator("#compare-close").focus()
    page.keyboard.press("Shift+Tab")

    page.locator("#compare-swap").focus()
    page.keyboard.press("2")
    expect(page.get_by_label("Right")).to_be_checked()
    page.keyboard.press("m")
    expect(page.get_by_label("Off")).to_be_checked()
    page.keyboard.press("Home")
    page.locator("#compare-play").focus()
    page.keyboard.press("Space")
    until(page, f"{FILMS}.every((film) => film.paused && !film.seeking)")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(".")
    page.keyboard.press(".")
    page.keyboard.press(",")
    assert page.evaluate(f"{FILMS}.map((film) => Math.floor(film.currentTime * 25))") == [26, 26]
    page.keyboard.press("s")
    assert names(page) == [made.names[1], made.names[0]]
    page.keyboard.press("Escape")
    expect(page.locator("#compare")).to_be_hidden()
    expect(page.locator(".poster").nth(1)).to_be_focused()


def test_what_was_closed_holds_nothing(page: Page, made: Gallery) -> None:
    """Two videos would go on, unseen and heard."""
    compare(page, made, 0, 5)

    page.get_by_role("button", name="Close").click()

    expect(page.get_by_role("button", name="Compare")).to_be_focused()
    # A dialog tells of its end a task later than it gives the focus back.
    until(
        page, f"{FILMS}.every((film) => film.paused && film.networkState === HTMLMediaElement.NETWORK_EMPTY)"
    )


def test_the_shorter_one_waits_at_its_end(page: Page, made: Gallery) -> None:
    """What the longer one has more is looked at to its end, and both begin again together."""
    short = next(n for n, name in enumerate(made.names) if "b0c1" in name)
    compare(page, made, short, 0)
    page.get_by_label("Position").fill("3.8")

    left, right = page.locator("#pair figure").all()
    expect(left.get_by_text("Ended")).to_be_visible()
    expect(right.get_by_text("Ended")).to_be_hidden()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(page.locator("#compare-clock")).to_have_text("6.00 / 6.00 s · frame 150 of 150")
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, f"{FILMS}.every((film) => film.currentTime > 0.2 && film.currentTime < 3)")
    expect(left.get_by_text("Ended")).to_be_hidden()


def test_it_is_named_what_differs(page: Page, made: Gallery) -> None:
    """Else a person would look for it."""
    one, other = made.index.variants[0], made.index.variants[5]
    compare(page, made, 0, 5)

    rows = [row.locator("th, td").all_text_contents() for row in page.locator("#differences tr").all()]
    assert [row[1:] for row in rows if row[0].endswith("b0")] == [[one.clips[0].clip, other.clips[0].clip]]
    pairs = {
        "1b0": (one.clips[0].clip, other.clips[0].clip),
        "2b1": (one.clips[1].clip, other.clips[1].clip),
        "♪Music": (one.track, other.track),
        "“Speech": (one.text, other.text),
    }
    assert {row[0]: (row[1], row[2]) for row in rows} == {k: v for k, v in pairs.items() if v[0] != v[1]}
    for left, right in pairs.values():
        assert (
            left in page.locator("#same").inner_text().removeprefix("The same in both: ").split(" · ")
        ) == (left == right)


def test_swapped_they_go_on(page: Page, made: Gallery) -> None:
    """The one that was heard is heard, elsewhere, and the table swaps with them."""
    compare(page, made, 0, 5)
    before = page.locator("#differences tr").first.locator("td").all_text_contents()

    page.get_by_role("button", name="Swap").click()

    assert names(page) == [made.names[5], made.names[0]]
    assert page.locator("#differences tr").first.locator("td").all_text_contents() == before[::-1]
    expect(page.get_by_label("Right")).to_be_checked()
    assert page.evaluate(f"{FILMS}.map((film) => film.muted)") == [True, False]
    until(page, f"{FILMS}.every((film) => !film.paused)")


def test_of_more_than_two_each_side_takes_the_next(page: Page, made: Gallery) -> None:
    """One is compared with all others of a selection, and never with itself."""
    compare(page, made, 0, 2, 4)
    right = page.locator("#pair figure").nth(1)

    right.get_by_role("button", name="Next of the selection").click()
    assert names(page) == [made.names[0], made.names[4]]
    right.get_by_role("button", name="Next of the selection").click()
    assert names(page) == [made.names[0], made.names[2]]
    until(page, f"{FILMS}.every((film) => film.currentTime > 0.2)")


def test_two_of_two_have_no_next(page: Page, made: Gallery) -> None:
    """A button that does nothing is none."""
    compare(page, made, 0, 2)

    assert page.get_by_role("button", name="Next of the selection").count() == 0


def test_the_address_names_both(page: Page, made: Gallery) -> None:
    """A colleague sees the same two; until somebody clicks, a browser may not let them play."""
    page.goto(f"{made.url}#{urlencode([('Compare', made.names[4]), ('Compare', made.names[1])])}")

    assert names(page) == [made.names[4], made.names[1]]
    expect(page.locator("#compare-clock")).to_contain_text("of 1")
    page.keyboard.press("Escape")
    until(page, "location.hash === ''")


def test_it_works_from_a_server(page: Page, served: str) -> None:
    """In a bucket as on a disk."""
    page.goto(served)
    page.locator(".pick").nth(0).click()
    page.locator(".pick").nth(5).click()

    page.get_by_role("button", name="Compare").click()

    until(page, f"{FILMS}.every((film) => film.currentTime > 0.5)")
    until(page, f"{APART} < {FRAME_S}")


def test_one_that_is_not_there_stops_nobody(tmp_path: Path, browser: Browser, films: list[Path]) -> None:
    """It says so, and the other one plays."""

    def film(variant: Variant) -> Path | None:
        return films[0] if variant.clips[0] == "b0c0" else None

    lacking = gallery(tmp_path, task([2], picture={"width": 90, "height": 160, "fps": 25}), film)
    page = browser.new_page()
    page.goto(lacking.url)
    page.locator("#all").click()

    page.get_by_role("button", name="Compare").click()

    expect(page.locator("#pair figure").nth(1)).to_contain_text("b0c1")
    expect(page.locator("#pair .broken").nth(1)).to_contain_text(
        "cannot be played: it must lie beside this page."
    )
    expect(page.locator("#pair .broken").nth(0)).to_be_hidden()
    until(page, f"{FILMS}[0].currentTime > 0.5")
    page.close()


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_screen_and_can_be_read(browser: Browser, made: Gallery, width: int, scheme: str) -> None:
    """A phone would scroll sideways; ink would vanish in the dark."""
    with quiet_page(browser, viewport={"width": width, "height": 740}, color_scheme=scheme) as page:
        compare(page, made, 0, 3, 5)

        sizes = page.locator("#pair video").evaluate_all("(films) => films.map((film) => film.clientHeight)")

        assert page.locator("#compare").evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
        assert min(sizes) >= 230
        assert faint(page) == {}
