"""What a person sees and does in a real browser, while the program runs as they have started it."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import psutil
import pytest
import yaml
from playwright.sync_api import Browser, Page, ViewportSize, expect

from cliptask.area import free_of
from cliptask.spec.platforms import USUAL
from support.browsing import chromium, needs_chromium, quiet_page
from support.colours import faint
from support.previewing import Previewed, previewing
from support.studio import Studio

ALARMING = ("Traceback", "Warning", "resource_tracker", "never retrieved", "leaked")
PICTURE = {"width": 364, "height": 648}
"""Just large enough for drafts."""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="module")
def preview(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Previewed]:
    """Two blocks that crossfade, music, lines that a robot reads out, captions."""
    task = studio.write(
        [[0, 1], [2, 3]],
        tracks=1,
        lines=2,
        voice="Rachel",
        picture=PICTURE,
        transitions=[{"kind": "crossfade", "duration": "200ms"}],
        captions={"mode": "soft"},
        sound={"overflow": "Trim"},
        overlays=[{"text": "First", "block": "b0"}],
    )
    own = tmp_path_factory.mktemp("preview") / "cliptask.yaml"
    own.write_bytes(task.read_bytes())
    with previewing(studio, own, own.with_name("out")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a window."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, preview: Previewed) -> Iterator[Page]:
    """The page, in which every error of script, network and security policy fails the test."""
    with quiet_page(browser) as looked_at:
        looked_at.goto(preview.url)
        yield looked_at


def shown(page: Page, *, full: bool = True) -> str:
    """The film in front, once there is one; ``full``: no draft of it."""
    expect(page.locator("body")).to_have_attribute("data-film", re.compile("."))
    expect(page.locator("#waiting")).to_be_hidden()
    if full:
        expect(page.locator("#draft")).to_be_hidden()
        expect(page.locator("video.shown")).to_have_js_property("videoWidth", PICTURE["width"])
    return str(page.locator("body").get_attribute("data-film"))


def pixels(page: Page) -> list[int]:
    """What the video in front shows at its beginning, in small."""
    found: list[int] = page.locator("video.shown").evaluate(
        """async (video) => {
          video.pause();
          video.currentTime = 0;
          while (video.seeking || video.readyState < 2) await new Promise((then) => setTimeout(then, 20));
          const canvas = Object.assign(document.createElement("canvas"), { width: 90, height: 160 });
          const context = canvas.getContext("2d");
          context.drawImage(video, 0, 0, 90, 160);
          return [...context.getImageData(0, 0, 90, 160).data];
        }"""
    )
    return found


def checked(page: Page, group: str) -> str:
    """The part of a group that is looked at."""
    return page.get_by_role("radiogroup", name=group).locator("[aria-checked=true] span").inner_text()


def facts(page: Page) -> str:
    """What is said of the combination that is looked at, once the server has answered which video that is."""
    labels = [label for _, label in parse_qsl(urlsplit(page.url).fragment)]
    expect(page.locator("#facts")).to_contain_text("-".join(labels))
    return page.locator("#facts").inner_text()


def differs(one: list[int], other: list[int]) -> bool:
    """Whether two pictures are told apart by eye, encoding aside."""
    return sum(abs(a - b) > 48 for a, b in zip(one, other, strict=True)) > len(one) / 200


@pytest.mark.parametrize("first", ["clip0", "clip1"])
@pytest.mark.parametrize("second", ["clip2", "clip3"])
def test_every_combination_plays_over_every_seam(page: Page, first: str, second: str) -> None:
    """Segments that were put together wrongly stall at a seam, or skip it."""
    shown(page)
    for name, group in ((first, "b0"), (second, "b1")):
        page.get_by_role("radiogroup", name=group).get_by_role("radio", name=name).click()
    expect(page.locator("#facts")).to_contain_text(f"{first}-{second}-")
    shown(page)

    # Frame by frame, so that a busy machine, which may leave some out, shows them all the same.
    frames = round(2.2 * 30)
    looked_at = page.locator("video.shown").evaluate(
        """async (video, frames) => {
          video.pause();
          video.loop = false;
          const found = [];
          for (let frame = 0; frame < frames; frame++) {
            const drawn = new Promise((then, fail) => {
              video.onerror = () => fail(video.error.message);
              video.requestVideoFrameCallback((_, { mediaTime }) => then(Math.round(mediaTime * 30)));
            });
            video.currentTime = (frame + 0.5) / 30;
            found.push(await drawn);
          }
          return found;
        }""",
        frames,
    )
    assert looked_at == list(range(frames))

    played = page.locator("video.shown").evaluate(
        """(video) => new Promise((then, fail) => {
          const times = [];
          const note = (_, { mediaTime }) => { times.push(mediaTime); video.requestVideoFrameCallback(note); };
          video.onerror = () => fail(video.error.message);
          video.onended = () => then({
            times,
            end: video.currentTime,
            duration: video.duration,
            gaps: video.buffered.length - 1,
            size: [video.videoWidth, video.videoHeight],
          });
          video.onseeked = () => { video.requestVideoFrameCallback(note); video.play().catch(fail); };
          video.currentTime = 0;
        })"""
    )

    assert played["size"] == list(PICTURE.values())
    assert (played["gaps"], round(played["duration"], 1)) == (0, 2.2)
    assert played["end"] == pytest.approx(played["duration"], abs=0.05)
    assert played["times"] == sorted(set(played["times"]))


def test_a_change_of_the_file_shows_without_a_reload(page: Page, preview: Previewed) -> None:
    """Somebody would look at the title of before."""
    before, picture = shown(page), pixels(page)
    page.evaluate("() => { window.isStill = true; }")

    preview.edit(lambda spec: spec["overlays"][0].update(text="Second title, much longer"))

    expect(page.locator("body")).not_to_have_attribute("data-film", before)
    shown(page)
    assert differs(picture, pixels(page))
    assert page.evaluate("() => window.isStill")


def test_an_edit_keeps_what_is_looked_at(page: Page, preview: Previewed) -> None:
    """Whoever works at one video would be led back to the first."""
    shown(page)
    page.get_by_role("radio", name="clip3").click()
    before = shown(page)

    preview.edit(lambda spec: spec["videoBlocks"][1]["clips"].reverse())
    preview.edit(lambda spec: spec["overlays"][0].update(text="Another"))

    expect(page.locator("body")).not_to_have_attribute("data-film", before)
    assert checked(page, "b1") == "clip3"


def test_a_mistake_is_shown_with_its_line_until_it_is_mended(page: Page, preview: Previewed) -> None:
    """Somebody would wait for a change that never comes."""
    film = shown(page)
    good = preview.task.read_text()

    preview.task.write_text(good.replace("transitions:", "transition:"))

    problems = page.locator("#problems")
    expect(problems).to_contain_text(re.compile(r"cliptask\.yaml:\d+:\d+: spec\.transition"))
    expect(problems).to_contain_text("what plays is as it was before")
    assert shown(page) == film
    preview.task.write_text(good)
    expect(problems).to_be_hidden()


def test_everything_is_done_with_keys(page: Page) -> None:
    """Who compares hundreds of videos, or cannot use a mouse, has nothing else."""
    shown(page)
    number = page.locator("#place")
    first = checked(page, "b0")

    page.keyboard.press("ArrowRight")
    assert checked(page, "b0") != first
    page.keyboard.press("h")
    assert checked(page, "b0") == first
    before = checked(page, "b1")
    page.keyboard.press("j")
    page.keyboard.press("l")
    assert checked(page, "b1") != before
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    line = checked(page, "Speech")
    page.keyboard.press("ArrowLeft")
    assert checked(page, "Speech") != line
    before = facts(page)
    page.keyboard.press("n")
    expect(number).to_have_text(re.compile(r"^\d+ of 4 videos$"))
    following = facts(page)
    assert following != before
    page.keyboard.press("n")
    assert facts(page) not in {before, following}
    page.keyboard.press("p")
    assert facts(page) == following
    shown(page)
    expect(page.locator("#play")).to_have_text("Pause")
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Play")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_chosen_videos_become_text_for_the_task(page: Page, preview: Previewed, studio: Studio) -> None:
    """The text is what the task takes, and exactly these are made then."""
    shown(page)
    page.keyboard.press("x")
    page.keyboard.press("n")
    page.get_by_role("button", name="Choose this one").click()
    text = page.locator("#text")
    expect(text).to_contain_text(re.compile(r"only:(\s+- \{.*\}){2}"))

    task = preview.task.with_name("chosen.yaml")
    data = yaml.safe_load(preview.task.read_text())
    data["spec"] |= yaml.safe_load(text.inner_text())
    task.write_text(yaml.safe_dump(data))
    assert "valid; 2 videos" in studio.run("validate", task).stdout

    expect(page.get_by_role("list", name="Chosen videos").get_by_role("listitem")).to_have_count(2)
    page.keyboard.press("x")
    expect(page.get_by_role("list", name="Chosen videos").get_by_role("listitem")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("list", name="Chosen videos").get_by_role("listitem")).to_have_count(1)


@pytest.mark.parametrize("method", ["getItem", "setItem"])
def test_a_browser_that_keeps_nothing_chooses_all_the_same(page: Page, method: str) -> None:
    """Some forbid storage, and a full one takes nothing."""
    page.add_init_script(
        f"Storage.prototype.{method} = () => {{ throw new DOMException('no', 'SecurityError'); }}"
    )
    page.reload()
    shown(page)

    page.get_by_role("button", name="Choose this one").click()

    expect(page.locator("#text")).to_contain_text("only:")


def test_a_robots_voice_is_marked_and_its_words_are_shown(page: Page) -> None:
    """A draft would be taken for the voice that was ordered; without an account nothing offers to pay."""
    shown(page)

    expect(page.locator("#voice")).to_have_text("Robot's voice")
    expect(page.get_by_role("button", name="speak")).to_have_count(0)
    cues = page.locator("video.shown").evaluate(
        """async (video) => {
          const [track] = video.textTracks;
          while (!track.cues?.length) await new Promise((then) => setTimeout(then, 20));
          return [track.mode, track.cues[0].text];
        }"""
    )
    assert cues[0] == "showing"
    assert re.match(r"Line \d\.", cues[1])


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_screen_and_can_be_read(page: Page, width: int, scheme: str) -> None:
    """A phone would scroll sideways; ink would vanish in the dark."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    shown(page)

    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert faint(page) == {}
    heights = page.locator("button").evaluate_all(
        "(buttons) => buttons.filter((each) => each.checkVisibility()).map((each) => each.offsetHeight)"
    )
    assert min(heights) >= 30


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_at_once_and_leaves_nothing(
    studio: Studio, tmp_path: Path, browser: Browser, number: signal.Signals, code: int
) -> None:
    """Processes that go on encoding, drafts on the disk, a port that is taken."""
    task = studio.write([[0, 1], [2, 3]], picture={"width": 720, "height": 1280})
    with previewing(studio, task, tmp_path / "out") as run:
        page = browser.new_page()
        page.goto(run.url)
        shown(page, full=False)
        children = psutil.Process(run.program.pid).children(recursive=True)

        run.program.send_signal(number)

        assert run.program.wait(timeout=60) == code
        expect(page.locator("#progress")).to_have_text("The preview has ended: start it again")
        page.close()
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive
        assert not list(run.out.glob("**/.store/tmp/*"))
        said = run.log.read_text()
        assert not [word for word in ALARMING if word in said]


def test_a_video_that_is_paused_holds_nothing_up(studio: Studio, tmp_path: Path) -> None:
    """A browser reads as much as it needs; the rest would be waited for, and an error be told of it."""
    task = studio.write([[0]] * 12, picture={"width": 1080, "height": 1920})
    with previewing(studio, task, tmp_path / "out") as run, httpx.Client(base_url=run.url) as client:
        asked = {"clip": ["clip0"] * 12}
        while (answer := client.get("combination", params=asked).json()).get("isDraft", True):
            time.sleep(0.05)
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = re.findall(r"//(.*):(\d+)/", run.url)[0]
            slow.connect((host, int(port)))
            slow.sendall(f"GET /videos/{answer['film']}.mp4 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert slow.recv(8).startswith(b"HTTP")

            run.program.send_signal(signal.SIGTERM)

            assert run.program.wait(timeout=60) == 143
    assert run.log.read_text().splitlines() == [
        "interrupted: nothing is lost; the same command goes on from here"
    ]


@pytest.mark.parametrize(
    ("content", "options", "code", "words"),
    [
        (None, (), 66, "No such file"),
        ("kind: Pod", (), 65, "another resource"),
        ("", ("--folder", "gs://bucket"), 78, "--folder preview"),
        ("", ("--listen", "example.com"), 64, "no address"),
    ],
)
def test_what_cannot_be_previewed_is_refused_with_the_remedy(
    studio: Studio, tmp_path: Path, content: str | None, options: tuple[str, ...], code: int, words: str
) -> None:
    """A page that says so is none that anybody has opened yet."""
    task = tmp_path / "task.yaml"
    if content is not None:
        task.write_text(content or studio.write([[0]]).read_text())

    ran = studio.run("preview", task, *options)

    assert ran.returncode == code
    assert words in ran.stderr


def test_the_same_moment_is_seen_in_another_form(studio: Studio, browser: Browser, tmp_path: Path) -> None:
    """Whoever looks for what a crop cuts off would have to find the moment anew in each form."""
    forms = [
        {"name": "reels", "width": 90, "height": 160},
        {"name": "wide", "width": 160, "height": 90, "fit": "cover"},
    ]
    task = tmp_path / "cliptask.yaml"
    task.write_bytes(studio.write([[0, 1], [2]], pictures=forms).read_bytes())
    with previewing(studio, task, tmp_path / "out") as running, quiet_page(browser) as page:
        page.goto(running.url)
        front = page.locator("video.shown")
        expect(front).to_have_js_property("videoWidth", 90)
        page.locator("#seek").fill("1.5")

        page.get_by_role("radio", name="wide").click()

        expect(front).to_have_js_property("videoWidth", 160)
        assert front.evaluate("(video) => Math.abs(video.currentTime - 1.5)") < 0.1
        expect(page.locator("#facts")).to_contain_text("160 \N{MULTIPLICATION SIGN} 90")
        expect(page.locator("#place")).to_have_text("1 of 2 combinations")
        page.get_by_role("button", name="Choose this one").click()
        expect(page.locator("#text")).not_to_contain_text("wide")
        expect(page.get_by_role("button", name="Chosen")).to_be_visible()
        page.get_by_role("radio", name="reels").click()
        expect(page.get_by_role("button", name="Chosen")).to_be_visible()


def drawn(page: Page) -> dict[str, list[float]]:
    """Each zone that is drawn, by its target: its edges as shares of the picture that is shown."""
    found: dict[str, list[float]] = page.evaluate(
        """() => {
          const video = document.querySelector("video.shown");
          const box = video.getBoundingClientRect();
          const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
          const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
          const [x, y] = [box.x + (box.width - width) / 2, box.y + (box.height - height) / 2];
          const edges = (each) => {
            const { left, top, right, bottom } = each.getBoundingClientRect();
            return [(left - x) / width, (top - y) / height, (right - x) / width, (bottom - y) / height];
          };
          const zones = [...document.querySelectorAll(".zone")].filter((each) => each.checkVisibility());
          return Object.fromEntries(zones.map((each) => [each.dataset.target, edges(each)]));
        }"""
    )
    return found


@pytest.mark.parametrize("viewport", [{"width": 1200, "height": 800}, {"width": 390, "height": 700}])
def test_what_platforms_leave_free_is_drawn_over_what_plays(
    browser: Browser, preview: Previewed, viewport: ViewportSize
) -> None:
    """A title under a button would show once the ad runs."""
    with quiet_page(browser, viewport=viewport) as page:
        page.goto(preview.url)
        shown(page)
        button = page.get_by_role("button", name="Zones")
        assert drawn(page) == {}

        page.keyboard.press("z")
        usual = drawn(page)
        preview.edit(lambda spec: spec.update(targets=["metaStories", "snapchat", "pinterest"]))
        expect(page.locator(".zone")).to_have_count(2)
        own = drawn(page)
        expect(page.locator("#legend li")).to_have_text(["metaStories", "snapchat"])
        button.click()
        expect(page.locator("#legend")).to_be_hidden()
        expect(page.locator(".zone").first).to_be_hidden()
        preview.edit(lambda spec: spec.pop("targets"))

        for zones, targets in ((usual, USUAL), (own, ("metaStories", "snapchat"))):
            assert list(zones) == list(targets)
            for target in targets:
                assert zones[target] == pytest.approx(free_of([target], 1080, 1920), abs=0.012)
        expect(page.locator("#about")).to_be_hidden()


def test_what_lies_outside_is_told_beside_the_video(page: Page, preview: Previewed) -> None:
    """Whoever sees the zones would have to measure by eye."""
    shown(page)
    before = preview.task.read_text()

    place = {"x": "50%", "y": "95%"}
    preview.edit(lambda spec: spec.update(targets=["tiktok"], overlays=[{"text": "Sale", "place": place}]))

    about = page.locator("#about li")
    expect(about).to_have_count(1)
    expect(about).to_contain_text(
        re.compile(
            r"cliptask\.yaml:\d+:\d+: spec\.overlays\[0\]\.place \(\"Sale\"\): leaves the safe zone in 364x648, of tiktok by about \d+ px at the bottom: move it up by"
        )
    )
    preview.task.write_text(before)
    expect(about).to_have_count(0)
