from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from math import dist
from operator import mul
from pathlib import Path
from urllib.parse import quote

import PIL.Image
import pytest
from playwright.sync_api import Browser, Page, expect

from cliptask.index import CampaignIndex, IndexedPart
from cliptask_operator.campaign.gallery import gallery_html
from support.browsing import needs_chromium, until
from support.colours import Look, contrast, faint, linear, looks
from support.media import ClipLook, clip

NAMES = ("a-one-x", "50% off? #1 ä & b", "c-three-y")
"""Of the three variants; the second one must be percent-encoded in a URL."""
INJECTION = '</script><script>document.title = "hacked"</script><img src=x onerror="document.title=1"> {{ 7 * 7 }} <!--'
CAPTIONS = f"captions/{'c' * 64}.vtt"
PICTURES = tuple(f"pictures/{str(n) * 64}.jpg" for n in range(5))
"""Of the hooks, then of the products."""
VTT = "WEBVTT\n\n00:00.000 --> 00:03.000\nSpring is <i>here</i>.\n"

pytestmark = needs_chromium


def index(count: int = 3, text: str = "Spring is here.", skipped: int = 0) -> CampaignIndex:
    """Variants of hook (a, b, c) x product (one, two), the tracks upbeat and none, and two lines."""
    variants = [
        {
            "name": NAMES[n] if n < len(NAMES) else f"v-{n}",
            "key": "0" * 64,
            "file": f"{NAMES[n % 3]}.mp4",
            "captions": CAPTIONS,
            "clips": [
                {"block": "hook", "clip": "abc"[n % 3], "picture": PICTURES[n % 3]},
                {"block": "track", "clip": ("one", "two")[n % 2], "picture": PICTURES[3 + n % 2]},
            ],
            "track": ("upbeat", None)[n % 2],
            "line": ("spring", "summer")[n // 2 % 2],
            "text": (text, "Summer is near.")[n // 2 % 2],
            "durationSeconds": 2.0,
            "sizeBytes": 1_500_000,
            "frames": 20,
        }
        for n in range(count)
    ]  # fmt: skip
    skips = [
        {"clips": variants[0]["clips"], "reason": "VariantImpossible", "message": f"too long: {INJECTION}"}
    ] * skipped
    return CampaignIndex.model_validate(
        {
            "task": "spring-sale",
            "generatedBy": "cliptask 0",
            "profile": {"width": 90, "height": 160, "fps": 10},
            "blocks": ["hook", "track"],
            "variants": variants,
            "skipped": skips,
            "counts": {"variants": count, "skipped": skipped, "sizeBytes": 1_500_000 * count, "durationSeconds": 2.0 * count},
            "parts": [],
            "settings": {},
        }
    )  # fmt: skip


def targeted() -> CampaignIndex:
    """Three variants: one for two platforms, one for one of them, which the other refuses, and one for none."""
    data = index().model_dump(mode="json", by_alias=True)
    suits: list[list[str]] = [["metaReels", "tiktok"], ["metaReels"], []]
    for variant, some in zip(data["variants"], suits, strict=True):
        variant["targets"] = some
    data["variants"][1]["refused"] = {"tiktok": ["lasts 4.2 s; it takes 5 s to 10 min"]}
    return CampaignIndex.model_validate(data)


def titled(titles: list[list[str]], called: dict[str, str]) -> CampaignIndex:
    """Three variants with these titles, whose hooks people call so."""
    data = index().model_dump(mode="json", by_alias=True)
    for variant, some in zip(data["variants"], titles, strict=True):
        variant["titles"] = some
    data["parts"] = [
        {"kind": "clip", "block": "hook", "label": label, "id": label, "content": "", "source": "", "title": title}
        for label, title in called.items()
    ]  # fmt: skip
    return CampaignIndex.model_validate(data)


def grouped(count: int) -> CampaignIndex:
    """Variants with so many groups of filters: blocks, then music, then speech."""
    blocks = [f"block{n}" for n in range(count - 2)]
    data = index(6, text="Łódź ربيع").model_dump(mode="json", by_alias=True) | {"blocks": blocks}
    for n, variant in enumerate(data["variants"]):
        variant |= {"clips": [{"block": block, "clip": f"{block}-{n % 3}"} for block in blocks]}
        variant["titles"] = ["Spring sale"]
    return CampaignIndex.model_validate(data)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three videos, their pictures and captions."""
    folder = tmp_path_factory.mktemp("campaign & co #1")
    for n, name in enumerate(NAMES):
        clip(folder / "made.mp4", ClipLook(width=90, height=160, duration_s=2, faststart=True, hue=n * 90))
        (folder / "made.mp4").rename(folder / f"{name}.mp4")
    for n, name in enumerate(PICTURES):
        (folder / name).parent.mkdir(exist_ok=True)
        PIL.Image.new("RGB", (90, 160), (50 * n, 120, 160)).save(folder / name)
    (folder / CAPTIONS).parent.mkdir()
    (folder / CAPTIONS).write_text(VTT)
    return folder


@pytest.fixture
def show(campaign: Path, page: Page) -> Callable[..., Page]:
    """What opens a campaign's gallery from the disk."""

    def opened(of: CampaignIndex, fragment: str = "") -> Page:
        file = campaign / "gallery.html"
        file.write_text("".join(gallery_html(of, {CAPTIONS: VTT})))
        page.goto(file.as_uri() + fragment)
        return page

    return opened


@pytest.fixture
def served(campaign: Path) -> Iterator[str]:
    """The campaign's address at a server, as in a bucket."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(campaign))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def shown(page: Page) -> list[str]:
    """Names of the videos on the page."""
    return page.locator(".card .name").all_text_contents()


def plays(page: Page) -> None:
    """Wait until the open video has moved on."""
    until(page, "document.getElementById('video').currentTime > 0.2")


class TestFilters:
    """Which videos are shown."""

    def test_shows_all_and_says_what_they_are(self, show: Callable[..., Page]) -> None:
        """Else a person would not see what a campaign came to."""
        page = show(index())

        expect(page).to_have_title("spring-sale · 3 videos")
        expect(page.locator("#count")).to_have_text("3 of 3 videos")
        assert shown(page) == list(NAMES)
        card = page.locator(".card").first
        expect(card.locator(".time")).to_have_text("2 s")
        expect(card.locator("blockquote")).to_have_text("Spring is here.")
        assert card.locator("dd").all_text_contents() == ["a", "one", "upbeat"]
        expect(page.locator("#facts")).to_have_text("3 videos · 6 s · 4.5 MB · 90 \N{MULTIPLICATION SIGN} 160 · 10 fps".replace(" ", "\N{NO-BREAK SPACE}"), use_inner_text=False)  # fmt: skip
        until(page, "[...document.images].every((image) => image.naturalWidth === 90)")

    def test_a_line_whose_videos_say_more_goes_by_its_own_words(self, show: Callable[..., Page]) -> None:
        """Else all videos of a line would be filtered by what a clip of one of them says."""
        plain = index(12)
        said = [
            each.model_copy(update={"text": f"{each.text} {n}"}) if each.line == "spring" else each
            for n, each in enumerate(plain.variants)
        ]
        line = IndexedPart(
            kind="line", label="spring", content="0" * 64, id="0" * 8, source="0" * 64, title="Spring is"
        )

        page = show(plain.model_copy(update={"variants": tuple(said), "parts": (line,)}))

        assert page.locator("fieldset").last.locator(".chip span").all_text_contents() == [
            "Spring is",
            "Summer is near.",
        ]

    def test_filters_by_clip_track_and_line(self, show: Callable[..., Page]) -> None:
        """Else nobody could find the video with a certain hook among hundreds."""
        page = show(index(12))
        chip = page.locator(".chip")

        chip.get_by_text("one", exact=True).click()
        expect(page.locator("#count")).to_have_text("6 of 12 videos")
        chip.get_by_text("a", exact=True).click()
        chip.get_by_text("b", exact=True).click()
        expect(page.locator("#count")).to_have_text("4 of 12 videos")
        chip.get_by_text("Summer is near.").click()
        expect(page.locator("#count")).to_have_text("2 of 12 videos")
        assert set(page.locator(".card dd").all_text_contents()) <= {"a", "b", "one", "upbeat"}
        chip.get_by_text("none", exact=True).click()
        expect(page.locator("#empty")).to_be_visible()
        page.get_by_text("Show all videos").click()
        expect(page.locator("#count")).to_have_text("12 of 12 videos")

    def test_marks_and_filters_by_what_ai_made(self, show: Callable[..., Page]) -> None:
        """Else a person would upload an ad without the box ticked that its platform asks for."""
        data = index().model_dump(mode="json", by_alias=True)
        for variant, synthetic in zip(data["variants"], (["voice", "clip"], [], ["voice"]), strict=True):
            variant["synthetic"] = synthetic
        page = show(CampaignIndex.model_validate(data))

        badges = page.locator(".card .synthetic")
        assert [badges.nth(n).is_visible() for n in range(3)] == [True, False, True]
        assert badges.first.text_content() == "AI"
        assert page.locator(".card").first.locator("dd").all_text_contents()[-1] == "voice, clip"
        chips = page.locator("fieldset").last.locator(".chip")
        assert chips.all_text_contents() == ["voice, clip1", "none1", "voice1"]
        chips.last.click()
        assert shown(page) == [NAMES[2]]

    def test_counts_what_each_choice_would_show(self, show: Callable[..., Page]) -> None:
        """Else a person would try combinations that do not exist."""
        page = show(index(3))

        page.locator(".chip", has_text="two").click()

        chips = page.locator("fieldset").first.locator(".chip")
        assert chips.all_text_contents() == ["a0", "b1", "c0"]

    def test_searches_names_and_lines(self, show: Callable[..., Page]) -> None:
        """Else a name from an ad platform's report could not be found."""
        page = show(index())

        page.get_by_label("Search names, titles and what is said").fill("SUMMER y")
        assert shown(page) == ["c-three-y"]
        page.get_by_label("Search names, titles and what is said").fill("#1 ä")
        assert shown(page) == ["50% off? #1 ä & b"]

    @pytest.mark.parametrize(
        ("typed", "is_found"),
        [("MORGEN tschuss", True), ("morgen a & b", True), ("dir <3", True), ("nothing", False), ("80%", False), ("-->", False), ("c.x", False)],
    )  # fmt: skip
    def test_finds_what_is_said_in_a_clip(
        self, campaign: Path, page: Page, typed: str, is_found: bool
    ) -> None:
        """A clip could be found by what is written over it, and not by what somebody says in it."""
        cue = "Guten <i>Morgen</i>, a &amp; b!\n<c.x>Tschüß</c> dir &lt;3"
        text = f"WEBVTT\n\nNOTE nothing\n\n1\n00:00.000 --> 00:03.000 line:80%\n{cue}\n"
        of = index()
        variants = [
            each.model_copy(update={"text": None, "captions": CAPTIONS if n == 1 else None})
            for n, each in enumerate(of.variants)
        ]
        file = campaign / "gallery.html"
        file.write_text(
            "".join(gallery_html(of.model_copy(update={"variants": tuple(variants)}), {CAPTIONS: text}))
        )
        page.goto(file.as_uri())

        page.get_by_label("Search names, titles and what is said").fill(typed)

        expect(page.locator("#count")).to_have_text(f"{int(is_found)} of 3 videos")
        assert shown(page) == [NAMES[1]] * is_found

    @pytest.mark.parametrize(
        ("typed", "count"),
        [
            ("wiosna w lodzi", 2),
            ("ŁÓDŹ", 2),
            ("ЕЛКА", 1),
            ("رَبيع", 1),
            ("ฤดูใบไม้", 1),
            ("東京", 1),
            ("strasse", 1),
            ("οδοσ", 1),
            ("50 %", 3),
            ("tokyo", 0),
        ],
    )
    def test_finds_what_is_written_however_it_is_typed(
        self, show: Callable[..., Page], typed: str, count: int
    ) -> None:
        """Else a title could be found only by whoever has its keyboard, its accents and its case."""
        titles = [
            ["Wiosna w Łodzi", "50 %"],
            ["Wiosna w \u0141o\u0301dz\u0301", "Łodzi 50 %"],
            ["Straße ΟΔΟΣ", "50 %"],
        ]
        called = {"a": "Ёлка", "b": "ربيع ฤดูใบไม้ผลิ", "c": "東京"}
        page = show(titled(titles, called))

        page.get_by_label("Search names, titles and what is said").fill(typed)

        expect(page.locator("#count")).to_have_text(f"{count} of 3 videos")

    def test_shows_what_people_call_clips(self, show: Callable[..., Page]) -> None:
        """Else a clip would be shown in Latin letters that nobody has written."""
        page = show(titled([["Sale"], [], []], {"b": "ربيع"}))

        assert page.locator("fieldset").first.locator(".chip span").all_text_contents() == ["a", "ربيع", "c"]
        card = page.locator(".card").nth(1)
        expect(card.locator("dd").first).to_have_text("ربيع")
        assert (
            card.locator("dd span").first.evaluate("(element) => getComputedStyle(element).direction")
            == "rtl"
        )
        assert page.locator(".card").first.locator("dd").all_text_contents() == ["a", "one", "upbeat", "Sale"]

    def test_is_searched_with_the_keyboard_alone(self, show: Callable[..., Page]) -> None:
        """Else whoever uses no mouse would step over every filter to the videos that they have searched for."""
        page = show(index())

        page.keyboard.press("/")
        page.keyboard.type("summer")
        page.keyboard.press("Enter")

        expect(page.locator(".poster").first).to_be_focused()
        until(page, "location.hash === '#Search=summer'")
        page.keyboard.press("Enter")
        expect(page.locator("#player-name")).to_have_text(NAMES[2])

    def test_keeps_them_in_the_address(self, show: Callable[..., Page]) -> None:
        """Else a person could not send a colleague what they see. A block may be called as another filter is."""
        page = show(index(12), "#hook=b&hook=nonsense&track=two&Line=spring&Search=off")
        assert shown(page) == ["50% off? #1 ä & b"]

        page.get_by_text("Clear filters").click()
        page.locator(".chip", has_text="upbeat").click()
        page.locator(".chip").get_by_text("c", exact=True).click()

        until(page, "location.hash === '#hook=c&Track=upbeat'")
        page.reload()
        expect(page.locator("#count")).to_have_text("2 of 12 videos")
        page.evaluate("location.hash = 'hook=a'")
        expect(page.locator("#count")).to_have_text("4 of 12 videos")


def storyboard(clips: int, width: int, height: int, lost: int | None = None) -> CampaignIndex:
    """One variant of so many clips, with a picture for each but the lost one."""
    data = index(1).model_dump(mode="json", by_alias=True)
    blocks = [f"b{n}" for n in range(clips)]
    data |= {"blocks": blocks, "profile": {"width": width, "height": height, "fps": 30}}
    data["variants"][0]["clips"] = [
        {"block": block, "clip": "x", "picture": None if n == lost else PICTURES[n % 5]}
        for n, block in enumerate(blocks)
    ]
    return CampaignIndex.model_validate(data)


class TestStoryboard:
    """What stands for a video before it plays."""

    @pytest.mark.parametrize("clips", range(1, 11))
    @pytest.mark.parametrize(("width", "height"), [(1080, 1920), (1080, 1080), (1920, 1080)])
    def test_shows_every_clip_and_the_first_the_largest(
        self, show: Callable[..., Page], clips: int, width: int, height: int
    ) -> None:
        """Else all variants with the same first clip would look alike, or a clip be too small to be told."""
        page = show(storyboard(clips, width, height))

        pictures = page.locator(".poster img")
        expect(pictures).to_have_count(clips)
        assert [each.get_attribute("alt") for each in pictures.all()] == [f"b{n}: x" for n in range(clips)]
        board = page.locator(".board").bounding_box()
        boxes = [box for each in page.locator(".panel").all() if (box := each.bounding_box())]
        assert board is not None
        assert all(box["width"] >= 30 and box["height"] >= 24 for box in boxes)
        areas = [box["width"] * box["height"] for box in boxes]
        assert areas[0] == max(areas)
        assert (
            sum(areas) > 0.93 * board["width"] * board["height"]
        )  # they fill it, and none lies over another
        corners = {(round(box["x"]), round(box["y"])) for box in boxes}
        assert len(corners) == clips
        assert min(corners) == (round(board["x"]), round(board["y"]))

    def test_does_without_a_picture_that_is_missing(self, show: Callable[..., Page]) -> None:
        """Else a clip would be a broken picture, or the others move to its place."""
        page = show(storyboard(4, 1080, 1920, lost=1))

        expect(page.locator(".panel")).to_have_count(4)
        expect(page.locator(".poster img")).to_have_count(3)
        assert page.locator(".panel").nth(1).locator("img").count() == 0
        assert page.locator(".panel").nth(1).get_attribute("title") == "b1: x"

    def test_of_a_page_without_its_pictures_shows_none_broken(self, browser: Browser, tmp_path: Path) -> None:
        """Else a page that was copied alone would be full of broken ones."""
        (tmp_path / "gallery.html").write_text("".join(gallery_html(index())))
        page = browser.new_page()

        page.goto((tmp_path / "gallery.html").as_uri())

        expect(page.locator(".panel")).to_have_count(6)
        expect(page.locator(".poster img")).to_have_count(0)
        page.close()


class TestPlayer:
    """How a video is played."""

    def test_plays_from_the_disk_with_captions(self, show: Callable[..., Page]) -> None:
        """Else a folder that was mailed around would show pictures only."""
        page = show(index())

        page.get_by_role("button", name=f"Play {NAMES[1]}").click()

        plays(page)
        expect(page.locator("#player-name")).to_have_text(NAMES[1])
        expect(page.locator("#position")).to_have_text("2 of 3")
        until(page, "document.getElementById('video').textTracks[0].cues?.length === 1")
        cue = "document.getElementById('video').textTracks[0].cues[0].text"
        assert page.evaluate(cue) == "Spring is <i>here</i>."
        assert page.locator("#player-actions a").get_attribute("href") == f"./{quote(NAMES[1])}.mp4"

    def test_plays_from_a_server_with_captions_beside(self, served: str, page: Page, campaign: Path) -> None:
        """Else a bucket's gallery would miss files whose names must be percent-encoded."""
        (campaign / "gallery.html").write_text("".join(gallery_html(index())))
        page.goto(f"{served}/gallery.html")

        page.get_by_role("button", name=f"Play {NAMES[1]}").click()

        plays(page)
        until(page, "document.getElementById('video').textTracks[0].cues?.length === 1")

    def test_opens_the_video_that_the_address_names(self, show: Callable[..., Page]) -> None:
        """Else a person could not send a colleague one video with all that is known of it."""
        page = show(index(), f"#Play={quote(NAMES[2])}")

        expect(page.locator("#player")).to_be_visible()
        expect(page.locator("#player-name")).to_have_text(NAMES[2])
        page.get_by_role("button", name="Close").click()
        expect(page.locator("#player")).not_to_be_visible()

    def test_steps_through_what_is_shown(self, show: Callable[..., Page]) -> None:
        """Else a review of a campaign would take a click to close and one to open each video."""
        page = show(index(12), "#hook=a")
        page.keyboard.press("Tab")
        page.locator(".poster").first.focus()

        page.keyboard.press("Enter")
        expect(page.locator("#position")).to_have_text("1 of 4")
        expect(page.locator("#previous")).to_be_disabled()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#player-name")).to_have_text("v-6")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#player-name")).to_have_text("v-3")
        until(page, "location.hash === '#hook=a&Play=v-3'")
        page.keyboard.press("Escape")
        expect(page.locator("#player")).not_to_be_visible()
        expect(page.locator(".poster").first).to_be_focused()
        until(page, "location.hash === '#hook=a'")

    def test_plays_one_after_another(self, show: Callable[..., Page]) -> None:
        """Else nobody could lean back."""
        page = show(index())
        page.locator(".poster").first.click()
        page.get_by_label("Play one after another").check()

        expect(page.locator("#player-name")).to_have_text(NAMES[2], timeout=30_000)

    def test_plays_the_next_once_it_is_wished_for(self, show: Callable[..., Page]) -> None:
        """Whoever thinks of it when the first has ended would see nothing happen."""
        page = show(index())
        page.locator(".poster").first.click()
        until(page, "document.getElementById('video').ended")
        page.get_by_label("Play one after another").check()

        expect(page.locator("#player-name")).to_have_text(NAMES[2], timeout=30_000)

    def test_copies_the_name(self, show: Callable[..., Page]) -> None:
        """Else a name would have to be typed into an ad platform."""
        page = show(index())
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])

        page.locator(".card .copy").nth(1).click()

        expect(page.locator(".card .copy").nth(1)).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == NAMES[1]

    def test_calls_videos_as_ad_platforms_do(self, show: Callable[..., Page]) -> None:
        """Else whoever uploads them would look each one's name up in the table."""
        data = index().model_dump(mode="json", by_alias=True)
        for number, variant in enumerate(data["variants"]):
            variant["adName"] = f"Spring sale | {number}"
        page = show(CampaignIndex.model_validate(data))
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])

        page.locator(".card .copy").nth(1).click()

        expect(page.locator(".card .copy").nth(1)).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "Spring sale | 1"
        assert shown(page) == ["Spring sale | 0", "Spring sale | 1", "Spring sale | 2"]
        assert (
            page.locator(".card .name").nth(1).get_attribute("title") == f"Spring sale | 1 ({NAMES[1]}.mp4)"
        )
        page.locator(".poster").nth(1).click()
        expect(page.locator("#player-name")).to_have_text("Spring sale | 1")

    def test_loads_a_video_only_to_play_it(self, show: Callable[..., Page], page: Page) -> None:
        """Else a campaign of hundreds would take gigabytes to look at."""
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        show(index(400))

        expect(page.locator("#count")).to_have_text("400 of 400 videos")
        assert page.locator("video[src]").count() == 0
        assert page.locator(".card").count() < 200
        assert not [url for url in asked if url.endswith((".mp4", ".vtt"))]
        while page.locator(".card").count() < 400:
            before = page.locator(".card").count()
            page.locator(".card").last.scroll_into_view_if_needed()
            until(page, f"document.querySelectorAll('.card').length > {before}")
        assert len(set(shown(page))) == 400


class TestTrust:
    """What strangers wrote into a task."""

    def test_shows_markup_as_text(self, show: Callable[..., Page]) -> None:
        """Else a line of speech could run a script where the campaign is looked at."""
        page = show(index(text=INJECTION, skipped=2))

        expect(page.locator(".card blockquote").first).to_have_text(INJECTION)
        page.locator("#skipped summary").click()
        expect(page.locator("#skipped summary")).to_have_text("2 combinations were not made")
        expect(page.locator("#skipped li span").first).to_have_text(f"too long: {INJECTION}")
        page.locator(".poster").first.click()
        expect(page.locator("#player-text")).to_have_text(INJECTION)
        expect(page).to_have_title("spring-sale · 3 videos")

    def test_runs_its_own_script_only(self, campaign: Path, browser: Browser) -> None:
        """Else a script that slipped in all the same would run: the page's policy is the second wall."""
        html = "".join(gallery_html(index())).replace(
            "</body>", '<script>document.title = "hacked"</script></body>'
        )
        (campaign / "forged.html").write_text(html)
        page = browser.new_page()

        page.goto((campaign / "forged.html").as_uri())

        expect(page.locator("#count")).to_have_text("3 of 3 videos")
        expect(page).to_have_title("spring-sale · 3 videos")
        page.close()

    def test_names_a_video_that_is_not_there(self, tmp_path: Path, browser: Browser) -> None:
        """Else a page that was copied without its videos would look broken without a word."""
        (tmp_path / "gallery.html").write_text("".join(gallery_html(index())))
        page = browser.new_page()
        page.goto((tmp_path / "gallery.html").as_uri())

        page.locator(".poster").first.click()

        expect(page.locator("#broken")).to_have_text(
            "a-one-x.mp4 cannot be played: it must lie beside this page."
        )
        page.close()


class TestHtml:
    """The page as a file."""

    def test_is_the_same_for_the_same_campaign(self) -> None:
        """Else every run would upload a new page."""
        assert "".join(gallery_html(index(), {CAPTIONS: VTT})) == "".join(
            gallery_html(index(), {CAPTIONS: VTT})
        )

    def test_holds_each_text_of_captions_and_each_picture_once(self) -> None:
        """Else thousands of variants with the same line and clips would make the page heavy."""
        html = "".join(gallery_html(index(60), {CAPTIONS: VTT}))

        assert html.count("WEBVTT") == 1
        assert [html.count(picture) for picture in PICTURES] == [1] * 5

    def test_needs_no_other_address(self) -> None:
        """Else it would tell a stranger that somebody looks, or stay empty without a network."""
        html = "".join(gallery_html(index()))

        for scheme in ("http://", "https://", "//"):
            assert f'"{scheme}' not in html
            assert f"({scheme}" not in html

    @pytest.mark.parametrize("width", [390, 1200])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_fits_the_screen(self, browser: Browser, campaign: Path, width: int, scheme: str) -> None:
        """Else a phone would have to scroll sideways, or a dark screen would show dark on dark."""
        (campaign / "gallery.html").write_text("".join(gallery_html(index())))
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]

        page.goto((campaign / "gallery.html").as_uri())

        assert page.evaluate("document.documentElement.scrollWidth") == width
        back, ink = page.evaluate(
            "(({backgroundColor: b, color: c}) => [b, c])(getComputedStyle(document.body))"
        )
        assert (_brightness(back) < _brightness(ink)) == (scheme == "dark")
        assert page.locator("#search").is_visible()
        assert page.locator(".chip").first.is_visible() == (width > 820)
        page.close()

    @pytest.mark.parametrize("width", [390, 1200])
    def test_large_campaigns_fit_the_screen(self, browser: Browser, campaign: Path, width: int) -> None:
        """Else twelve groups, long titles and scripts from right to left would push each other off the screen."""
        (campaign / "gallery.html").write_text("".join(gallery_html(grouped(12), earlier=5)))
        page = browser.new_page(viewport={"width": width, "height": 800})

        page.goto((campaign / "gallery.html").as_uri())

        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.locator(".poster").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


class TestColours:
    """What is told by colour, to whom, and what else tells it."""

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_groups_are_told_apart_by_every_eye(self, browser: Browser, campaign: Path, scheme: str) -> None:
        """Else two groups of clips would look like one: to anybody, or to eyes that lack red, green or blue."""
        signs = marks(browser, campaign, scheme)

        colours = [look.back for look in signs]
        assert len(colours) == 12
        for sight in SIGHTS.values():
            seen = [oklab(colour, sight) for colour in colours]
            assert _nearest(seen[:6]) >= 0.12
            assert _nearest(seen) >= 0.075

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_signs_tell_groups_without_their_colours(
        self, browser: Browser, campaign: Path, scheme: str
    ) -> None:
        """Else a print, or whoever sees no colours, would not know which group a clip belongs to."""
        signs = marks(browser, campaign, scheme)

        assert [look.text for look in signs] == [*(str(n) for n in range(1, 11)), "♪", "“"]
        assert min(contrast(look.ink, look.back) for look in signs) >= 4.5

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_is_readable(self, browser: Browser, campaign: Path, scheme: str) -> None:
        """Else people would guess at what a filter is called, on a bright day or with weak eyes."""
        (campaign / "gallery.html").write_text("".join(gallery_html(grouped(12), earlier=5)))
        page = browser.new_page(viewport={"width": 1200, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        page.goto((campaign / "gallery.html").as_uri())
        page.locator(".chip").first.click()

        assert {"Campaign", "Music", "none", "Spring sale", "Clear filters"} <= {
            look.text for look in looks(page)
        }
        assert faint(page) == {}
        page.close()


SIGHTS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}  # fmt: skip
"""What an eye makes of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1."""


def marks(browser: Browser, campaign: Path, scheme: str) -> list[Look]:
    """The signs of twelve groups on a card."""
    (campaign / "gallery.html").write_text("".join(gallery_html(grouped(12))))
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto((campaign / "gallery.html").as_uri())
    found = looks(page, ".card:first-child .mark")
    page.close()
    return found


def oklab(colour: list[int], sight: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """A colour as an eye sees it, in Ottosson's OKLab, in which a distance of 0.02 is just seen."""
    red, green, blue = (min(max(sum(map(mul, row, linear(colour))), 0.0), 1.0) for row in sight)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _nearest(colours: list[tuple[float, ...]]) -> float:
    return min(dist(one, other) for one, other in combinations(colours, 2))


def _brightness(color: str) -> int:
    return sum(int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(","))


def test_videos_are_filtered_by_the_platforms_that_they_suit(show: Callable[..., Page]) -> None:
    """Whoever uploads to one platform would pick by hand what it takes."""
    page = show(targeted())
    filters = page.locator("#groups fieldset").filter(has=page.locator("legend", has_text="Suits"))

    assert filters.locator(".chip").evaluate_all("chips => chips.map((chip) => chip.innerText.split(/\\s+/).join(' '))") == ["metaReels 2", "tiktok 1", "none 1"]  # fmt: skip
    filters.get_by_role("button", name="tiktok").click()
    expect(page.locator(".card")).to_have_count(1)
    filters.get_by_role("button", name="none").click()
    expect(page.locator(".card")).to_have_count(2)
    filters.get_by_role("button", name="tiktok").click()
    filters.get_by_role("button", name="none").click()
    filters.get_by_role("button", name="metaReels").click()
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator(".card").nth(1).locator(".parts")).to_contain_text("Not tiktok")
    expect(page.locator(".card").nth(1).locator(".parts")).to_contain_text(
        "lasts 4.2 s; it takes 5 s to 10 min"
    )
