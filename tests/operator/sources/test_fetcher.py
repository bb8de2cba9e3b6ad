from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cliptask import names
from cliptask.errors import ClipTaskError, OutputError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent, OnEvent
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.ssrf import OPEN_HOSTS_SETTING, guarded_transport
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.open import open_store
from support.http_server import Content, MediaServer, Status, Stream, redirect
from support.media import ClipLook, clip, track

MODIFIED = "Wed, 01 Jan 2025 00:00:00 GMT"


@pytest.fixture
def settings(server: MediaServer) -> FetchSettings:
    """Everything allowed that the tests need, and short waits."""
    return FetchSettings(
        open_hosts=frozenset({server.host}), allow_http=True, allow_file=True, backoff_s=0.001, attempts=3
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return open_store(f"file://{tmp_path}/store")


def sha256(file: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def full_files(folder: Path) -> list[Path]:
    """Every file that holds anything."""
    return [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size]


def refusal(outcome: SourceFacts | ClipTaskError) -> str:
    """The message of a source that was refused."""
    assert isinstance(outcome, SourceError)
    return str(outcome)


async def fetch_all(
    urls: list[str],
    store: Store,
    settings: FetchSettings,
    on_event: OnEvent = lambda _event: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> dict[str, SourceFacts | ClipTaskError]:
    """By a fetcher of its own."""
    async with Fetcher(settings, transport=transport) as fetcher:
        return await fetcher.fetch_all(urls, store, on_event)


async def test_sources_come_into_the_store_with_their_facts(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path
) -> None:
    """Whoever renders would find no source, or one of unknown kind."""
    files = ["clip.mp4", "logo.png", "tone.mp3"]

    found = await fetch_all([f"{server.url}/{name}" for name in files], store, settings)

    kinds = []
    for name, facts in zip(files, found.values(), strict=True):
        assert isinstance(facts, SourceFacts)
        assert facts.sha256 == sha256(footage / name)
        kinds.append(facts.kind)
        with store.local(names.source_object(facts.sha256)) as content:
            assert content.read_bytes() == (footage / name).read_bytes()
    assert kinds == ["video", "still", "audio"]


async def test_the_same_url_is_fetched_once(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """A clip that a task names ten times would be downloaded ten times."""
    url = f"{server.url}/clip.mp4"

    found = await fetch_all([url] * 5, store, settings)

    assert list(found) == [url]
    assert server.count("/clip.mp4") == 1


async def test_equal_bytes_are_stored_once(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path
) -> None:
    """Copies of one clip would be encoded as if they were different ones."""
    server.script("/copy.mp4", Content((footage / "clip.mp4").read_bytes()))

    found = await fetch_all([f"{server.url}/clip.mp4", f"{server.url}/copy.mp4"], store, settings)

    first, second = found.values()
    assert first == second
    assert [stored.name for stored in store.list("sources/")] == [f"sources/{sha256(footage / 'clip.mp4')}"]


async def test_a_source_seen_before_is_asked_after_and_not_downloaded(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """The same task again would download everything again."""
    url = f"{server.url}/clip.mp4"
    first = await fetch_all([url], store, settings)
    events: list[FetchEvent] = []

    second = await fetch_all([url], store, settings, events.append)

    assert second == first
    assert [event.kind for event in events] == ["started", "cached"]
    assert server.seen("/clip.mp4")[1].headers["If-None-Match"]


@pytest.mark.parametrize(
    ("first", "second", "is_asked"),
    [
        ("X-Amz-Date=1&X-Amz-Signature=a", "X-Amz-Signature=b&X-Amz-Date=2", True),
        ("id=0&sig=a", "id=0&sig=b", True),
        ("sv=1&se=2&sig=a%2F", "se=3&sv=1&sig=b", True),
        ("for=me&ticket=a", "for=me&ticket=b", False),
    ],
)
async def test_a_source_signed_anew_is_not_downloaded(
    server: MediaServer,
    settings: FetchSettings,
    store: Store,
    footage: Path,
    first: str,
    second: str,
    *,
    is_asked: bool,
) -> None:
    """Presigned URLs, other ones at each run, would download all sources of a campaign each time."""
    body = (footage / "clip.mp4").read_bytes() + b"\x02\x00\x00\x00free".ljust(1 << 25, b"\0")
    url = server.script("/clip.mp4", Content(body, etag='"1"', last_modified=MODIFIED))
    before = await fetch_all([f"{url}?{first}"], store, settings)
    assert server.sent_bytes == len(body)

    after = await fetch_all([f"{url}?{second}"], store, settings)

    assert list(after.values()) == list(before.values())
    assert isinstance(after[f"{url}?{second}"], SourceFacts)
    assert server.requests[1].headers["If-None-Match"] == ('"1"' if is_asked else None)
    # Without a question that the server understands, what it had under way before it saw nobody listen.
    assert server.sent_bytes - len(body) < (1 if is_asked else len(body) // 2)


@pytest.mark.parametrize("marks", [{"ETag": 'W/"1"'}, {"Last-Modified": MODIFIED}, {"ETag": "1"}, {}])
async def test_a_source_signed_anew_that_nothing_vouches_for_is_downloaded(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path, marks: dict[str, str]
) -> None:
    """Marks that allow for other bytes hold for one URL at most."""
    first = server.script("/clip.mp4?sig=1", Content((footage / "clip.mp4").read_bytes(), headers=marks))
    second = server.script("/clip.mp4?sig=2", Content((footage / "logo.png").read_bytes(), headers=marks))

    for again in (first, second):
        found = await fetch_all([again], store, settings)

    facts = found[second]
    assert isinstance(facts, SourceFacts)
    assert facts.kind == "still"


async def test_several_files_behind_one_path_are_kept_apart(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path
) -> None:
    """A file would be taken for another one of the same download script, whose ETag may be a mere number."""
    files = ["clip.mp4", "logo.png", "tone.mp3"]
    for number, name in enumerate(files):
        content = Content((footage / name).read_bytes(), etag='"1"')
        for signature in "ab":
            server.script(f"/get?id={number}&sig={signature}", content)

    found = [
        facts
        for signature in "ab"
        for number in range(len(files))
        for facts in (
            await fetch_all([f"{server.url}/get?id={number}&sig={signature}"], store, settings)
        ).values()
    ]

    assert [isinstance(facts, SourceFacts) and facts.sha256 for facts in found] == [
        sha256(footage / name) for name in files * 2
    ]
    assert server.sent_bytes == sum((footage / name).stat().st_size for name in files)


async def test_a_source_is_known_by_where_redirects_lead(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path
) -> None:
    """Links of a sharing service lead to a bucket, by another signature each time."""
    body = (footage / "clip.mp4").read_bytes() + b"\x02\x00\x00\x00free".ljust(1 << 25, b"\0")
    server.script("/bucket/clip.mp4", Content(body, etag='"1"'))
    for link in "ab":
        server.script(f"/{link}", redirect(f"/bucket/clip.mp4?X-Goog-Signature={link}"))

    one, other = [await fetch_all([f"{server.url}/{link}"], store, settings) for link in "ab"]

    assert list(one.values()) == list(other.values())
    assert server.sent_bytes < len(body) * 3 // 2


async def test_a_source_that_is_gone_from_the_store_is_fetched_again(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """A cleaned cache would leave records of sources that nobody can read any more."""
    url = f"{server.url}/clip.mp4"
    first = await fetch_all([url], store, settings)
    (stored,) = list(store.list("sources/"))
    store.delete(stored.name)

    second = await fetch_all([url], store, settings)

    assert second == first
    assert store.stat(stored.name) is not None


@pytest.mark.parametrize("metadata", [{}, {"facts": "{}"}, {"facts": '{"kind": "hologram"}'}])
async def test_a_source_without_facts_is_stored_anew(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path, metadata: dict[str, str]
) -> None:
    """What an older version or another hand stored would stop every later run."""
    name = names.source_object(sha256(footage / "clip.mp4"))
    store.put_bytes(name, b"half", metadata)

    await fetch_all([f"{server.url}/clip.mp4"], store, settings)

    stored = store.stat(name)
    assert stored is not None
    assert stored.size_bytes == (footage / "clip.mp4").stat().st_size
    assert SourceFacts.model_validate_json(stored.metadata["facts"]).kind == "video"


async def test_a_source_that_is_not_whole_is_stored_anew(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path
) -> None:
    """A damaged cache would be believed, and every render of it fail."""
    url = f"{server.url}/clip.mp4"
    found = await fetch_all([url], store, settings)
    facts = found[url]
    assert isinstance(facts, SourceFacts)
    name = names.source_object(facts.sha256)
    store.put_bytes(name, b"half", {"facts": facts.model_dump_json()}, replace=True)

    again = await fetch_all([url], store, settings)

    assert again == found
    assert store.read(name) == (footage / "clip.mp4").read_bytes()


async def test_a_source_that_changed_is_fetched_again(
    server: MediaServer, settings: FetchSettings, store: Store, footage: Path, tmp_path: Path
) -> None:
    """A replaced clip would keep showing its old pictures."""
    other = clip(tmp_path / "other.mp4", ClipLook(hue=90))
    old = Content((footage / "clip.mp4").read_bytes(), etag='"1"', last_modified=MODIFIED)
    new = Content(other.read_bytes(), etag='"2"', last_modified=MODIFIED)
    url = server.script("/a.mp4", old, new, new)
    await fetch_all([url], store, settings)

    found = [await fetch_all([url], store, settings) for _ in range(2)]

    for outcome in found:
        facts = outcome[url]
        assert isinstance(facts, SourceFacts)
        assert facts.sha256 == sha256(other)


async def test_a_record_that_cannot_be_read_is_made_anew(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """One damaged record would stop every later run."""
    url = f"{server.url}/clip.mp4"
    store.put_bytes(names.url_object(url), b"{")

    found = await fetch_all([url], store, settings)

    assert isinstance(found[url], SourceFacts)
    assert json.loads(store.read(names.url_object(url)))["sha256"]


async def test_errors_are_values_and_spare_the_others(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """One bad source would hide what is wrong with the others, and ``Skip`` could not skip it."""
    good = f"{server.url}/clip.mp4"
    missing = f"{server.url}/missing.mp4"
    busy = server.script("/busy.mp4", Status(503))

    found = await fetch_all([missing, good, busy], store, settings)

    assert isinstance(found[good], SourceFacts)
    assert refusal(found[missing]).startswith(f"{missing}: its host answered 404 Not Found; ")
    assert isinstance(found[busy], TransientError)
    assert str(found[busy]).startswith(f"{busy}: ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "HTML"),
        (b"", "empty"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "playlist"),
    ],
)
async def test_what_is_no_media_never_enters_the_store(
    server: MediaServer, settings: FetchSettings, store: Store, content: bytes, what: str
) -> None:
    """A login page named .mp4 would fail in the middle of a campaign instead of at its start."""
    url = server.script("/clip2.mp4", Content(content))

    found = await fetch_all([url], store, settings)

    assert what in refusal(found[url])
    assert list(store.list()) == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ftp://cdn.example/a.mp4", "ftp:// is not supported"),
        ("gs://bucket/", "it names no object; write gs://bucket/object"),
        ("gs://bucket/a.mp4?x", "has no query; leave out what follows ? or #"),
        ("gs://bucket/a.mp4#123", "is its newest version"),
        ("gs://Bucket/a.mp4", "it names no object; write gs://bucket/object"),
        ("clip.mp4", "no URL"),
        ("https:///a.mp4", "URL"),
        ("https://[::1/a.mp4", "no URL"),
        ("https://cdn.example:port/a.mp4", "no URL"),
        ("https://0177.0.0.1/a.mp4", "no URL"),
        ("https://2130706433/a.mp4", "refused"),
        ("https://0x7f000001/a.mp4", "refused"),
        ("https://[::ffff:127.0.0.1]/a.mp4", "refused"),
        ("https://[::1]/a.mp4", "refused"),
        ("https://169.254.169.254/latest/meta-data/", OPEN_HOSTS_SETTING),
        ("https://localhost/a.mp4", OPEN_HOSTS_SETTING),
    ],
)
async def test_a_url_that_leads_nowhere_good_is_refused(
    settings: FetchSettings, store: Store, url: str, what: str
) -> None:
    """A task could read the cloud's metadata, or end in a traceback."""
    found = await fetch_all([url], store, settings)

    assert what in refusal(found[url])
    assert refusal(found[url]).partition(":")[0] == url.partition(":")[0]


async def test_plain_http_is_refused_unless_allowed(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """Sources could be changed on their way without anybody having said that this is fine."""
    url = f"{server.url}/clip.mp4"

    found = await fetch_all([url], store, replace(settings, allow_http=False))

    assert "CLIPTASK_ALLOW_HTTP" in refusal(found[url])
    assert server.count() == 0


async def test_tokens_are_shown_nowhere(
    server: MediaServer, settings: FetchSettings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads a log, a status or the bucket could read the author's files."""
    caplog.set_level(logging.DEBUG)
    server.script("/moved.mp4", redirect("/clip.mp4?sig=secret2"))
    server.script("/busy.mp4", Status(503), Status(404))
    paths = ["/clip.mp4", "/moved.mp4", "/busy.mp4", "/none.mp4"]
    urls = [f"http://user:secret3@{server.host}{path}?sig=secret1#secret4" for path in paths]
    events: list[FetchEvent] = []

    found = await fetch_all(urls, store, settings, events.append)

    stored = [item.name + str(item.metadata) + repr(store.read(item.name)) for item in store.list("urls/")]
    shown = [str(error) for error in found.values()] + [repr(event) + event.shown for event in events]
    assert "HTTP Request" in caplog.text
    assert "secret" not in "".join([caplog.text, *stored, *shown])


async def test_progress_is_told(server: MediaServer, settings: FetchSettings, store: Store) -> None:
    """Somebody who waits would see nothing move."""
    url = server.script("/large.mp4", Stream(5 << 20))
    good = f"{server.url}/clip.mp4"
    events: list[FetchEvent] = []

    await fetch_all([good], store, settings, events.append)
    await fetch_all([url], store, settings, events.append)

    kinds = [event.kind for event in events]
    assert kinds == ["started", "finished", "started", "failed"]


async def test_no_more_downloads_than_allowed_run_at_once(
    server: MediaServer, settings: FetchSettings, store: Store
) -> None:
    """A campaign of a thousand sources would open a thousand connections and files."""
    running = most = 0

    def watch(event: FetchEvent) -> None:
        nonlocal running, most
        running += 1 if event.kind == "started" else -1
        most = max(most, running)

    urls = [f"{server.url}/clip.mp4?{number}" for number in range(8)]
    await fetch_all(urls, store, replace(settings, parallel=2), watch)

    assert most == 2


async def test_local_files_are_read_and_not_read_again(
    settings: FetchSettings, store: Store, footage: Path, tmp_path: Path
) -> None:
    """Local mode would need a web server, or read gigabytes each time."""
    file = tmp_path / "a clip (1).mp4"
    file.write_bytes((footage / "clip.mp4").read_bytes())
    url = file.as_uri()
    first = await fetch_all([url], store, settings)
    events: list[FetchEvent] = []

    second = await fetch_all([url], store, settings, events.append)

    facts = first[url]
    assert isinstance(facts, SourceFacts)
    assert facts.sha256 == sha256(file)
    assert second == first
    assert [event.kind for event in events] == ["started", "cached"]
    assert file.exists()


async def test_a_local_file_that_changed_is_read_again(
    settings: FetchSettings, store: Store, tmp_path: Path
) -> None:
    """An edited track of the same size would keep its old sound."""
    file = tmp_path / "a.wav"
    content = track(tmp_path / "made.wav").read_bytes()
    file.write_bytes(content)
    first = await fetch_all([file.as_uri()], store, settings)
    before = file.stat()
    file.write_bytes(content[:-1] + b"\x7f")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))

    second = await fetch_all([file.as_uri()], store, settings)

    assert first != second


def _folder(path: Path) -> str:
    path.mkdir()
    return path.as_uri()


def _pipe(path: Path) -> str:
    os.mkfifo(path)
    return path.as_uri()


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: path.as_uri(), "there is no file"),
        (lambda path: f"{path.as_uri()}/{'x' * 300}", "no file"),
        (lambda _: f"file:///{'x' * 300}", "cannot be read"),
        (lambda _: "file:///dev/null/a.mp4", "there is no file"),
        (_folder, "is no file"),
        (_pipe, "is no file"),
        (lambda path: f"{path.as_uri()}#1", "%23"),
        (lambda path: f"{path.as_uri()}?x", "%3F"),
        (lambda _: "file://server/a.mp4", "no file on this machine"),
        (lambda _: "file:a.mp4", "no file on this machine"),
        (lambda _: "file:///a%00.mp4", "no file on this machine"),
        (lambda _: "file:///dev/zero", "is no file"),
    ],
)
async def test_a_local_file_that_is_none_is_refused(
    settings: FetchSettings, store: Store, tmp_path: Path, make: Callable[[Path], str], what: str
) -> None:
    """A wrong path would end in a traceback, a device or a pipe never."""
    url = make(tmp_path / "a.mp4")

    found = await fetch_all([url], store, settings)

    assert what in refusal(found[url])


async def test_a_missing_file_is_named(settings: FetchSettings, store: Store, tmp_path: Path) -> None:
    """An encoded path would be hard to compare with the folder."""
    file = tmp_path / "my clip.mp4"

    found = await fetch_all([file.as_uri()], store, settings)

    assert str(file) in refusal(found[file.as_uri()])


async def test_a_local_file_is_bounded_too(
    settings: FetchSettings, store: Store, footage: Path, tmp_path: Path
) -> None:
    """A disk image named by mistake would fill the store."""
    file = tmp_path / "a.mp4"
    file.write_bytes((footage / "clip.mp4").read_bytes())

    found = await fetch_all([file.as_uri()], store, replace(settings, max_bytes=1000))

    assert "larger" in refusal(found[file.as_uri()])


async def test_local_files_are_closed_to_an_operator(
    settings: FetchSettings, store: Store, footage: Path
) -> None:
    """A task in a cluster could read the operator's own files."""
    url = (footage / "clip.mp4").as_uri()

    found = await fetch_all([url], store, replace(settings, allow_file=False))

    assert "local mode" in refusal(found[url])


async def test_an_error_of_the_store_is_no_fault_of_a_source(
    server: MediaServer, settings: FetchSettings, tmp_path: Path
) -> None:
    """A full or read-only disk would be reported, and skipped, as a bad clip."""
    (tmp_path / "store").write_text("a file where a folder should be")
    store = open_store(f"file://{tmp_path}/store")

    with pytest.raises(OutputError):
        await fetch_all([f"{server.url}/clip.mp4", f"{server.url}/logo.png"], store, settings)


async def test_nothing_is_left_of_a_failed_download(
    server: MediaServer, settings: FetchSettings, store: Store, tmp_path: Path
) -> None:
    """Half-downloaded files would fill the disk."""
    url = server.script("/endless.mp4", Stream())

    found = await fetch_all([url], store, replace(settings, max_bytes=3 << 20, timeout_s=20))

    assert "larger" in refusal(found[url])
    assert full_files(tmp_path) == []


async def test_a_transport_can_be_given(server: MediaServer, settings: FetchSettings, store: Store) -> None:
    """Whoever shares connections, or trusts a company's own certificates, could not."""
    transport: httpx.AsyncBaseTransport = guarded_transport({server.host})
    url = f"{server.url}/logo.png"

    found = await fetch_all([url], store, replace(settings, open_hosts=frozenset()), transport=transport)

    assert isinstance(found[url], SourceFacts)
