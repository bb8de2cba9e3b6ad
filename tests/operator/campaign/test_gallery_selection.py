"""Which videos are selected, and what becomes of the selection."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cliptask.index import CampaignIndex
from cliptask.index_files import index_csv
from cliptask.index_history import history
from cliptask.spec.loading import load
from cliptask.spec.task import ClipTask
from cliptask.spec.yaml_source import dump
from cliptask_operator.campaign.gallery import gallery_html
from support.browsing import needs_chromium, quiet_page
from support.campaigns import task
from support.colours import faint
from support.galleries import Gallery, gallery, planned

pytestmark = needs_chromium

NO_STORAGE = "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
FULL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"
NO_CLIPBOARD = """
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    document.execCommand = () => false;
"""


def selected(page: Page) -> list[str]:
    """The names of the tiles that are ticked."""
    return page.locator(".card:has(.pick:checked) .name").all_text_contents()


def exported(page: Page, name: str = "Task (YAML)") -> str:
    """The text of an export."""
    page.get_by_role("button", name="Export").click()
    page.get_by_label(name).check()
    return page.locator("#export-text").text_content() or ""


def without_films(folder: Path, of: ClipTask) -> Gallery:
    """The page of a campaign of which nothing is played."""
    return gallery(folder, of, lambda _: None)


class TestSelecting:
    """Which videos are selected."""

    def test_ticks_add_and_take_away(self, page: Page, made: Gallery) -> None:
        """What is selected is counted, with its length and its size."""
        page.goto(made.url)
        expect(page.locator("#selection")).to_be_hidden()

        page.locator(".pick").nth(0).click()
        page.locator(".pick").nth(2).click()
        page.locator(".pick").nth(3).click()
        page.locator(".pick").nth(0).click()

        expect(page.locator("#selected")).to_contain_text("2 selected")
        expect(page.locator("#selected")).to_contain_text("3.0\N{NO-BREAK SPACE}MB")
        assert selected(page) == [made.names[2], made.names[3]]

    def test_a_range_is_all_from_the_last_one_on(self, page: Page, made: Gallery) -> None:
        """Else a hundred in a row would be a hundred clicks."""
        page.goto(made.url)

        page.locator(".pick").nth(4).click()
        page.locator(".pick").nth(1).click(modifiers=["Shift"])
        assert selected(page) == made.names[1:5]
        page.locator(".pick").nth(3).click(modifiers=["Shift"])
        assert selected(page) == made.names[4:5]

    def test_everything_is_done_with_keys(self, page: Page, made: Gallery) -> None:
        """Not everybody can use a mouse."""
        page.goto(made.url)
        page.keyboard.press("/")
        page.keyboard.press("Enter")

        page.keyboard.press("x")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+X")
        assert selected(page) == made.names[:3]
        page.keyboard.press("x")
        assert selected(page) == made.names[:2]
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        expect(page.get_by_role("dialog", name="Export 2 videos")).to_be_visible()

    def test_all_and_none(self, page: Page, made: Gallery) -> None:
        """All are those that the filters show; none is none at all."""
        page.goto(made.url + "#b0=b0c1")

        page.get_by_role("button", name="Select all").click()
        expect(page.locator("#selected")).to_contain_text("2 selected")
        expect(page.get_by_role("button", name="Select all")).to_be_disabled()
        page.get_by_role("button", name="Clear filters").click()
        assert sorted(selected(page)) == sorted(name for name in made.names if "b0c1" in name)
        page.get_by_role("button", name="Select none").click()
        expect(page.locator("#selection")).to_be_hidden()
        expect(page.get_by_role("button", name="Select all")).to_be_focused()

    def test_it_outlasts_filters_and_a_reload(self, page: Page, made: Gallery) -> None:
        """Else an hour's choice would be lost to a slip."""
        page.goto(made.url)
        page.locator(".pick").nth(0).click()
        page.locator(".pick").nth(5).click()

        page.locator(".chip", has_text="b0c2").click()
        expect(page.locator("#selected")).to_contain_text("2 selected")
        expect(page.locator("#selected")).to_contain_text("1\N{NO-BREAK SPACE}not\N{NO-BREAK SPACE}shown")
        page.reload()
        expect(page.locator("#selected")).to_contain_text("2 selected")
        page.get_by_role("button", name="Clear filters").click()
        assert selected(page) == [made.names[0], made.names[5]]

    def test_it_can_be_looked_at_alone(self, page: Page, made: Gallery) -> None:
        """Two of ten thousand would be looked for."""
        page.goto(made.url)
        page.locator(".pick").nth(0).click()
        page.locator(".pick").nth(5).click()

        page.get_by_role("button", name="Only these").click()
        expect(page.locator("#count")).to_have_text("2 of 6 videos")
        page.locator(".pick").nth(0).click()
        page.locator(".pick").nth(1).click()
        expect(page.locator("#count")).to_have_text("6 of 6 videos")

    @pytest.mark.parametrize("storage", [NO_STORAGE, FULL_STORAGE, "sessionStorage.setItem = null"])
    def test_a_browser_that_keeps_nothing_selects_all_the_same(
        self, page: Page, made: Gallery, storage: str
    ) -> None:
        """Some forbid storage to pages from a disk, and a full one takes nothing."""
        page.add_init_script(storage)
        page.goto(made.url)

        page.locator(".pick").nth(0).click()

        expect(page.locator("#selected")).to_contain_text("1 selected")
        page.reload()
        expect(page.locator("#count")).to_have_text("6 of 6 videos")

    @pytest.mark.parametrize("held", ["not json", "7", '["no such video"]', "null"])
    def test_what_is_kept_and_makes_no_sense_is_passed_over(
        self, page: Page, made: Gallery, held: str
    ) -> None:
        """A campaign that was made anew has other videos."""
        page.goto(made.url)
        page.locator(".pick").nth(0).click()
        page.evaluate("(held) => sessionStorage.setItem(sessionStorage.key(0), held)", held)

        page.reload()

        expect(page.locator("#count")).to_have_text("6 of 6 videos")
        expect(page.locator("#selection")).to_be_hidden()


class TestTable:
    """The selection as CSV."""

    def test_it_has_the_rows_of_the_index(self, page: Page, made: Gallery) -> None:
        """Byte for byte: whoever works with index.csv works with this."""
        page.goto(made.url)
        page.locator(".pick").nth(1).click()
        page.locator(".pick").nth(4).click()
        exported(page, "Table (CSV)")

        with page.expect_download() as download:
            page.get_by_role("button", name="Download").last.click()

        heading, *rows = "".join(index_csv(made.index)).splitlines(keepends=True)
        wanted = "".join([heading, rows[1], rows[4]])
        assert download.value.suggested_filename == "t-selected.csv"
        assert Path(download.value.path()).read_bytes() == wanted.encode("utf-8-sig")

    @pytest.mark.parametrize(
        "text",
        [
            "=1+1", "+1", "-1", "@a", " =1", "\t=1", "\n1", "\uff1d1", "\x1c=1", "\x85=1", "\u3000@", "\ufeff=1", "\r",
            'say "hi", all', "two\nlines", "Łódź, 東京 🎬", "plain", "",
        ],
    )  # fmt: skip
    def test_no_cell_runs_in_a_spreadsheet(self, page: Page, made: Gallery, text: str) -> None:
        """What strangers wrote into a task would compute on a colleague's machine."""
        data: dict[str, Any] = made.index.model_dump(mode="json", by_alias=True)
        data["variants"][0]["text"] = text
        index = CampaignIndex.model_validate(data)
        (forged := made.page.with_name("forged.html")).write_text("".join(gallery_html(index)))
        page.goto(forged.as_uri())
        page.locator("#all").click()
        exported(page, "Table (CSV)")

        with page.expect_download() as download:
            page.get_by_role("button", name="Download").last.click()

        saved = Path(download.value.path()).read_bytes().decode("utf-8-sig")
        assert saved == "".join(index_csv(index))
        assert len([*csv.reader(io.StringIO(saved, newline=""))]) == 7


class TestTask:
    """The selection as the text of ``variants.only``."""

    def pasted(self, of: ClipTask, text: str) -> ClipTask:
        """The task as it is read with the text in its file."""
        data = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        data["spec"].pop("variants", None)
        return load(dump(data).replace("\nspec:\n", f"\nspec:\n{text}"), "cliptask.yaml").task

    @pytest.mark.parametrize(
        "variants", [{}, {"music": "product"}, {"music": "product", "speech": "product"}, {"limit": 5}]
    )
    @pytest.mark.parametrize("picked", [(0,), (1, 4), (0, 1, 2, 3, 4)])
    @pytest.mark.parametrize("knows", [True, False])
    def test_pasted_into_the_task_it_has_exactly_these_made(
        self, page: Page, tmp_path: Path, variants: dict[str, Any], picked: tuple[int, ...], *, knows: bool
    ) -> None:
        """Whether the folder tells what was dealt before, or is a new one."""
        shown = without_films(tmp_path, task([3, 2], 2, 2, variants=variants))
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(shown.url)
        for n in picked:
            page.locator(".pick").nth(n).click()
        exported(page)

        page.get_by_role("button", name="Copy", exact=True).click()

        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        only = self.pasted(shown.task, page.evaluate("navigator.clipboard.readText()"))
        again = planned(only, history(shown.index)) if knows else planned(only)
        assert [each.name for each in again.variants] == [shown.names[n] for n in picked]

    def test_names_like_numbers_and_truths_are_names(self, page: Page, tmp_path: Path) -> None:
        """A clip called ``no``, a block called ``12``, and clips that nobody has named."""
        data = task([2, 2], 1).model_dump(mode="json", by_alias=True, exclude_defaults=True)
        hook, other = data["spec"]["videoBlocks"]
        hook["name"], other["name"] = "12", "on"
        hook["clips"][0]["name"], hook["clips"][1]["name"] = "no", "1e3"
        shown = without_films(tmp_path, ClipTask.model_validate(data))
        page.goto(shown.url)
        page.locator(".pick").nth(3).click()

        only = self.pasted(shown.task, exported(page))

        assert [each.name for each in planned(only).variants] == [shown.names[3]]

    def test_it_is_saved_as_it_is_shown(self, page: Page, made: Gallery) -> None:
        """Where the clipboard is no way."""
        page.goto(made.url)
        page.locator(".pick").first.click()
        text = exported(page)

        with page.expect_download() as download:
            page.get_by_role("button", name="Download").last.click()

        assert download.value.suggested_filename == "t-only.yaml"
        assert Path(download.value.path()).read_text() == text

    @pytest.mark.parametrize("name", ["Task (YAML)", "Table (CSV)"])
    def test_a_clipboard_that_refuses_leaves_the_text_selected(
        self, page: Page, made: Gallery, name: str
    ) -> None:
        """A page from a disk may be refused; then the person copies it."""
        page.add_init_script(NO_CLIPBOARD)
        page.goto(made.url)
        page.locator(".pick").first.click()
        text = exported(page, name)

        page.get_by_role("button", name="Copy", exact=True).click()

        expect(page.locator("#export-copy")).to_have_text("Select and copy it")
        assert page.evaluate("getSelection().toString()").splitlines() == text.splitlines()

    def test_more_than_a_task_may_name_is_told(self, page: Page, tmp_path: Path) -> None:
        """The text would be copied, and refused by the task; the table has no such bound."""
        shown = without_films(tmp_path, task([40, 30]))
        page.goto(shown.url)
        page.locator("#all").click()

        assert exported(page) == ""

        expect(page.locator("#export-note")).to_contain_text("takes 1,000 combinations, these are 1,200")
        expect(page.get_by_role("button", name="Copy", exact=True)).to_be_disabled()
        page.get_by_label("Table (CSV)").check()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").last.click()
        assert Path(download.value.path()).read_bytes() == "".join(index_csv(shown.index)).encode("utf-8-sig")


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_screen_and_can_be_read(browser: Browser, made: Gallery, width: int, scheme: str) -> None:
    """A phone would scroll sideways; ink would vanish in the dark."""
    views: list[Callable[[Page], object]] = [
        lambda page: page.locator("#all").click(),
        exported,
        lambda page: page.locator("#keys-open").click(),
    ]
    with quiet_page(browser, viewport={"width": width, "height": 740}, color_scheme=scheme) as page:
        page.goto(made.url)
        for view in views:
            view(page)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert faint(page) == {}
            for dialog in page.locator("dialog[open]").all():
                assert dialog.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
            page.keyboard.press("Escape")


def test_forms_are_filtered_told_and_exported_as_what_they_are(tmp_path: Path, page: Page) -> None:
    """A story would be taken for a feed's video, be shown in its shape, or be asked for twice."""
    pictures = [
        {"name": "reels", "width": 1080, "height": 1920},
        {"name": "wide", "width": 1920, "height": 1080},
    ]
    made = without_films(tmp_path, task([2], 1, 1, pictures=pictures))
    page.goto(made.url)

    shapes = "(all) => all.map((each) => each.clientWidth < each.clientHeight)"
    assert page.locator(".poster").evaluate_all(shapes) == [True, False, True, False]
    facts = (page.locator("#facts").text_content() or "").replace("\N{NO-BREAK SPACE}", " ")
    assert "reels 1080 \N{MULTIPLICATION SIGN} 1920 · wide 1920 \N{MULTIPLICATION SIGN} 1080" in facts
    page.get_by_role("group", name="Form").get_by_role("button", name="wide").click()
    wide = [each.name for each in made.index.variants if each.form == "wide"]
    assert page.locator(".card .name").all_text_contents() == wide
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Select all").click()
    assert exported(page).count("{b0: ") == 2
    page.get_by_label("Table (CSV)").check()
    table = page.locator("#export-text").text_content() or ""
    assert [*csv.reader(io.StringIO(table))] == [*csv.reader(io.StringIO("".join(index_csv(made.index))))]
