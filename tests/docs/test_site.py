"""The documentation as a site: it is built without a warning, whole, and loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Route, expect

from docs.markdown import ROOT
from support.browsing import chromium, needs_chromium, quiet_page

NAMED = set(
    re.findall(
        r"([\w/-]+)\.md", (ROOT / "mkdocs.yml").read_text().partition("nav:")[2].partition("theme:")[0]
    )
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it is asked."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    """Where it is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests here."""
    with chromium() as running:
        yield running


def test_every_page_of_the_documentation_is_there(site: Path) -> None:
    """A page that nobody can get to might as well not be written."""
    pages = {str(each.relative_to(ROOT / "docs").with_suffix("")) for each in (ROOT / "docs").glob("**/*.md")}

    assert pages | {"charts/cliptask"} == NAMED
    for name in NAMED:
        assert (site / f"{name}.html").exists(), name


def test_no_page_names_anything_that_is_loaded_from_elsewhere(site: Path) -> None:
    """Readers behind a company's proxy would see half of it, and others be watched by strangers."""
    loading = re.compile(r"<(?:script|img|iframe|source|video)[^>]*?\ssrc=\"?(?:https?:)?//[^\s\">]+|<link[^>]*?rel=\"?(?:stylesheet|preconnect|icon|preload)[^>]*?href=\"?(?:https?:)?//[^\s\">]+")  # fmt: skip
    found = {page.name: loading.findall(page.read_text()) for page in site.glob("**/*.html")}

    assert {name: each for name, each in found.items() if each} == {}
    styles = "".join(each.read_text() for each in site.glob("**/*.css"))
    assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)\"']*", styles)


@needs_chromium
@pytest.mark.parametrize(
    ("scheme", "names"), [("light", sorted(NAMED)), ("dark", ["index"])], ids=["light", "dark"]
)
def test_no_page_asks_anybody_else(browser: Browser, url: str, scheme: str, names: list[str]) -> None:
    """As above, of what scripts do: each page is opened, and the search is used."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url.startswith((url, "data:", "blob:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    with quiet_page(browser, color_scheme=scheme) as page:
        page.route("**/*", answer)
        for name in names:
            reply = page.goto(f"{url}/{name}.html")
            assert reply
            assert reply.ok, name
            page.wait_for_load_state("networkidle")
            assert page.locator("h1").count() == 1, name
        page.goto(f"{url}/index.html")
        page.locator(".md-search__input").focus()
        # What is typed before the index is read is not looked for.
        expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching")
        page.locator(".md-search__input").press_sequentially("whipLeft")
        expect(page.locator(".md-search-result__link").first).to_be_visible()
        assert "transition" in page.locator(".md-search-result__list").inner_text().lower()
        shown = page.evaluate("getComputedStyle(document.body).getPropertyValue('--md-default-bg-color')")

    assert asked == []
    assert shown


@needs_chromium
@pytest.mark.parametrize("name", ["index", "how-to/titles", "cli", "resource", "campaign"])
def test_a_page_fits_a_phone(browser: Browser, url: str, name: str) -> None:
    """Its tables and code scroll in themselves; the page does not."""
    with quiet_page(browser, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{url}/{name}.html")
        page.wait_for_load_state("networkidle")

        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_lists_tables_and_links_are_those_of_the_pages(site: Path) -> None:
    """What GitHub shows as a list within a list, or as a bar in code, would be a heap of text here."""
    resource, cli, campaign = (
        (site / f"{each}.html").read_text() for each in ("resource", "cli", "campaign")
    )

    assert re.search(r"<li>\s*<a href=\"#spec\">spec</a>\s*<ul>", resource)
    assert "[-o table|json|yaml|markdown]" in re.sub(r"<[^>]*>", "", cli)
    assert "\\|" not in re.sub(r"<[^>]*>", "", cli)
    assert 'href="examples/spring-sale.yaml"' in campaign
    assert (site / "examples" / "spring-sale.yaml").read_text() == (
        ROOT / "examples" / "spring-sale.yaml"
    ).read_text()
