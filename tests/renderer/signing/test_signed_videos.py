from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import c2pa
import pytest

from cliptask.captions import Cue
from cliptask.credentials import Component, CredentialsOrder
from cliptask.orders import NamedVariant, VariantOrder
from cliptask_renderer.mux.boxes import places
from cliptask_renderer.mux.movie import movie
from cliptask_renderer.signing.binding import Block
from cliptask_renderer.signing.certificate import known_certificate
from cliptask_renderer.signing.video import signed
from support import frames as f
from support import joined, media
from support.signing import KEYS, Authority, Verified, without_claim

CUES = (Cue(0.2, 0.5, ("Spring is here",)), Cue(0.5, 1.0, ("Welcome é",)))
COMPONENTS = (
    Component(title="Радість.mp4", content="a" * 64),
    Component(title="meadow", content="b" * 64, is_synthetic=True),
    Component(title="Hello", content="c" * 64, is_synthetic=True),
)


class Signing:
    """Parts of a video, and who signs it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, Authority()
        clips = [
            f.encode(folder / f"{name}.mp4", f.numbered(20, first=first))
            for name, first in (("a", 0), ("b", 20))
        ]
        self.orders = [f.order_of(f.video(name, 0, 20)) for name in "ab"]
        self.segments = [f.make(order, folder, a=clips[0], b=clips[1]) for order in self.orders]
        self.soundtrack = media.track(folder / "s.m4a", 40 / 30)

    def video(self, algorithm: str = "es256", components: Sequence[Component] = COMPONENTS) -> NamedVariant:
        """What is signed by a Secret of an algorithm's name."""
        if not (self.folder / "secrets" / algorithm).exists():
            self.authority.issue(self.folder / "secrets" / algorithm, algorithm)
        credentials = CredentialsOrder(signer=algorithm, components=tuple(components))
        order = VariantOrder(
            segments=tuple(self.orders), source_type="compositeSynthetic", credentials=credentials
        )
        return NamedVariant(name="camp/v", order=order)

    def make(
        self, file: Path, video: NamedVariant, *, cues: Sequence[Cue] = CUES, sound: bool = True
    ) -> Path:
        """Write a signed video."""
        files = [*([self.soundtrack] if sound else []), *self.segments]
        segments = [joined.part(each) for each in self.segments]
        make = partial(
            movie,
            segments,
            joined.part(self.soundtrack) if sound else None,
            cues,
            "eng",
            video.order.source_type,
        )
        assert video.order.credentials
        certificate = known_certificate(str(self.folder / "secrets"), video.order.credentials.signer)
        made = signed(make, [Block.of(each.read_bytes()) for each in files], video, certificate)
        file.write_bytes(made.head + b"".join(each.read_bytes() for each in files))
        return file


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    """Made once: no test changes it."""
    return Signing(tmp_path_factory.mktemp("signing"))


@pytest.fixture(scope="module")
def video(signing: Signing) -> Path:
    """A signed one: the original."""
    return signing.make(signing.folder / "signed.mp4", signing.video())


@pytest.mark.parametrize("algorithm", sorted(KEYS))
@pytest.mark.parametrize("cues", [CUES, ()])
@pytest.mark.parametrize("sound", [True, False])
def test_a_signed_video_is_trusted_by_those_who_trust_its_authority(
    signing: Signing, tmp_path: Path, algorithm: str, cues: Sequence[Cue], *, sound: bool
) -> None:
    """Platforms would show that it was tampered with, or nothing at all."""
    made = signing.make(tmp_path / "v.mp4", signing.video(algorithm), cues=cues, sound=sound)

    verified = signing.authority.verified(made)
    assert (verified.state, verified.failures) == ("Trusted", [])
    assert Authority().verified(made).state == "Valid"


def test_a_signed_video_shows_and_plays_what_it_would_without(
    signing: Signing, video: Path, tmp_path: Path
) -> None:
    """Credentials would cost a frame, or a player would not find the media behind them."""
    plain = joined.join(tmp_path / "plain.mp4", signing.segments, signing.soundtrack, CUES, "eng")

    for stream in ("v", "a"):
        assert joined.framemd5(video, stream) == joined.framemd5(plain, stream)


def test_a_claim_tells_who_made_the_video_of_what(signing: Signing, video: Path) -> None:
    """It would be an empty promise."""
    verified = signing.authority.verified(video)

    manifest = verified.manifest
    assert manifest["title"] == "v.mp4"
    assert manifest["claim_generator_info"][0]["name"] == "ClipTask"
    ingredients = manifest["ingredients"]
    assert [each["title"] for each in ingredients] == [each.title for each in COMPONENTS]
    assert {each["relationship"] for each in ingredients} == {"componentOf"}
    assert [each["instance_id"] for each in ingredients] == [
        f"urn:sha256:{each.content}" for each in COMPONENTS
    ]
    created, *placed = verified.actions
    assert (created["action"], {each["action"] for each in placed}) == ("c2pa.created", {"c2pa.placed"})
    assert created["digitalSourceType"].endswith("/compositeSynthetic")
    assert ["digitalSourceType" in each for each in placed] == [False, True, True]
    assert manifest["signature_info"]["common_name"] == "Advertiser"


def damaged(signing: Signing, video: Path, at: int) -> Verified | None:
    """What the reader says of a video with another byte there; None where it finds no claim that it can read."""
    content = bytearray(video.read_bytes())
    content[at] ^= 0x55
    other = signing.folder / f"{at}.mp4"
    other.write_bytes(content)
    try:
        return signing.authority.verified(other)
    except c2pa.C2paError:
        return None
    finally:
        other.unlink()


def test_no_byte_of_header_and_media_can_be_changed_unseen(signing: Signing, video: Path) -> None:
    """A cut, a word or a mark of AI could be exchanged under a signature that still holds."""
    with video.open("rb") as content:
        boxes = dict(places(content))
    ends = [boxes[b"mdat"].start, video.stat().st_size - 1]
    at = boxes[b"mdat"].stop
    for each in reversed([signing.soundtrack, *signing.segments]):
        ends += [at - 1, at - each.stat().st_size, at - each.stat().st_size // 2]
        at -= each.stat().st_size
    captions = range(boxes[b"mdat"].start, at)
    index = boxes[b"moov"]
    # The brands at the file's begin are the one thing that the standard leaves out.
    for place in {*range(index.start - 8, index.stop, 7), *captions[::3], *ends, boxes[b"mdat"].start - 1}:
        verified = damaged(signing, video, place)
        assert verified is None or verified.state == "Invalid", place


def test_no_byte_of_a_claim_can_be_changed_unseen(signing: Signing, video: Path) -> None:
    """Another author, or another origin, could be written under a signature."""
    content = video.read_bytes()
    whole = signing.authority.verified(video)
    with video.open("rb") as file:
        claim = dict(places(file))[b"uuid"]
    # Room that the signature did not need is empty, and means nothing.
    said = [at for at in claim if content[at : at + 8] != bytes(8)]
    for at in said[:: len(said) // 150]:
        verified = damaged(signing, video, at)
        if verified is not None and verified.state != "Invalid":
            assert verified.told == whole.told, at


def test_the_same_video_has_the_same_bytes_but_for_its_claim(
    signing: Signing, video: Path, tmp_path: Path
) -> None:
    """What a laptop and a cluster make would differ, and an index by the videos' sizes."""
    again = signing.make(tmp_path / "again.mp4", signing.video())

    assert without_claim(again) == without_claim(video)
    assert again.stat().st_size == video.stat().st_size
