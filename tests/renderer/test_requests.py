"""What does a video cost in a bucket? Requests, counted on their way to the emulator."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from cliptask import names
from cliptask.credentials import CredentialsOrder
from cliptask.facts import Recording, SpokenLine, Word
from cliptask.orders import (
    CaptionedWords,
    CaptionsOrder,
    NamedVariant,
    SoundtrackOrder,
    SpeechRef,
    VariantOrder,
    WorkOrder,
)
from cliptask_renderer import carry_out
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.open import open_store
from support import frames as f
from support import media
from support.gcs import FakeGcs, FaultyProxy
from support.signing import Authority

VIDEOS = 12
LINE = "c" * 64
CAPTIONS = CaptionsOrder(lines=(CaptionedWords(words=names.speech_object(LINE, "json"), end_ms=300),))


def begun(cache: Store, folder: Path, credentials: CredentialsOrder | None) -> tuple[VariantOrder, ...]:
    """So many videos of seven clips, a track and a line; all of them fetched and spoken."""
    source = media.clip(folder / "a.mp4", media.ClipLook(fps=30))
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    cache.put(names.source_object(sha256), source)
    spoken = media.track(folder / "l.mp3", 0.5)
    line = SpokenLine(key=LINE, extension="mp3", provider="espeak-ng", characters=5)
    words = (Word(text="Hello", start_s=0.0, end_s=0.4),)
    recording = Recording(line=line, voice="x", text="Hello", words=words)
    cache.put(names.speech_object(LINE, "mp3"), spoken)
    cache.put_bytes(names.speech_object(LINE, "json"), recording.model_dump_json().encode())
    clips = [f.order_of(f.video(sha256, at, 3)) for at in range(7)]
    sound = SoundtrackOrder(
        fps=30, frames=9, speech=(SpeechRef(line_key=LINE, extension="mp3"),)
    )  # fmt: skip
    rows = [(a, b, c) for a in clips[:3] for b in clips[3:5] for c in clips[5:]]
    return tuple(
        VariantOrder(segments=row, soundtrack=sound, captions=CAPTIONS, credentials=credentials)
        for row in rows
    )


def kinds(requests: list[str]) -> Counter[str]:
    """How many of each there are."""
    return Counter(map(kind, requests))


def kind(request: str) -> str:
    """What one asks for."""
    method, _, path = request.partition(" ")
    if method == "GET":
        return "read" if "/download/" in path or "alt=media" in path else "look"
    if method == "DELETE":
        return "remove"
    return "compose" if "/compose" in path else "upload"


@pytest.mark.parametrize("signed", [False, True])
def test_a_video_costs_an_upload_and_a_composition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, signed: bool
) -> None:
    """Ten thousand videos would take a hundred thousand requests for what they share; what is shared is asked for once.

    Credentials would have each video's media read, or those of a bucket would not hold.
    """
    authority, secrets = Authority(), tmp_path / "secrets"
    authority.issue(secrets / "ads")
    with FakeGcs() as gcs, FaultyProxy(gcs.port) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        uri = f"gs://{gcs.bucket()}/out"
        credentials = CredentialsOrder(signer="ads", components=()) if signed else None
        videos = begun(open_store(f"{uri}/.cliptask"), tmp_path, credentials)
        parts = {part.key: part for each in videos for part in each.segments}
        first, *others = (NamedVariant(name=f"v{n}", order=each) for n, each in enumerate(videos))
        work = WorkOrder(
            cache=f"{uri}/.cliptask",
            output=uri,
            task="t",
            segments=tuple(parts.values()),
            secrets=str(secrets),
        )
        carry_out.execute(work, lambda _line: None)
        carry_out.execute(work.model_copy(update={"segments": (), "variants": (first,)}), lambda _line: None)
        proxy.requests.clear()

        carry_out.execute(
            work.model_copy(update={"segments": (), "variants": tuple(others)}), lambda _line: None
        )

        new = len(others)
        unseen = len(parts) - len(first.order.segments)
        assert new == VIDEOS - 1
        assert kinds(proxy.requests) == {
            "upload": new, "compose": new, "remove": new,  # of the header, which is part of the video then
            "look": unseen, "read": unseen,
        }  # fmt: skip
        assert len([*open_store(uri).list("t/")]) == VIDEOS
        if signed:
            with open_store(uri).local("t/v7.mp4") as video:
                assert authority.verified(video).state == "Trusted"
