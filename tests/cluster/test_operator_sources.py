"""Does the operator fetch what people bring as local mode does? Its probe runs beside it."""

from __future__ import annotations

from typing import Any

from cluster.bed import Bed
from support import odd_sources as odd

GOOD: dict[str, odd.Maker] = {
    "interlaced.mp4": odd.interlaced,
    "alpha.mov": odd.transparent("-c:v", "qtrle", "-pix_fmt", "argb"),
    "first-is-empty.mkv": odd.first_is_empty,
    "one-picture.mp4": odd.one_picture,
    "camera.ts": odd.moving("-c:v", "libx264", "-c:a", "aac"),
    "moving.gif": odd.animation,
}
BAD: dict[str, tuple[odd.Maker, str]] = {
    "third.mp3": (odd.a_third_of(odd.tone("-b:a", "128k")), "cut short"),
    "third.ogg": (odd.a_third_of(odd.tone("-c:a", "libvorbis")), "cut short"),
    "third.mka": (odd.a_third_of(odd.tone("-c:a", "libopus")), "cut short"),
    "third.m4a": (odd.a_third_of(odd.tone("-c:a", "aac")), "cut short"),
}


def _url(bed: Bed, name: str, make: odd.Maker) -> str:
    make(bed.folder / "sources" / name)
    return f"{bed.web.url}/{name}"


def _clips(*urls: str) -> list[dict[str, Any]]:
    return [{"name": "b0", "clips": [{"url": url} for url in urls]}]


def test_odd_sources_are_fetched_and_planned(bed: Bed) -> None:
    """What local mode takes, a cluster would refuse, or take otherwise."""
    urls = [_url(bed, name, make) for name, make in GOOD.items()]

    bed.apply(bed.task("camp", [[0]], videoBlocks=_clips(*urls), picture={"width": 96, "height": 160}))
    status = bed.wait("camp")

    assert (status["succeeded"], status["failed"]) == (len(GOOD), 0)


def test_what_cannot_be_used_is_named_before_any_job_runs(bed: Bed) -> None:
    """Half of a song was accepted, and found out by Jobs, by its hash."""
    tracks = [{"url": _url(bed, name, make)} for name, (make, _) in BAD.items()]

    bed.apply(bed.task("camp", [[0]], audioBlocks=[{"name": "pool", "tracks": tracks}]))
    bed.wait("camp", "Failed")

    message = bed.condition("camp", "Failed")["message"]
    for name, (_, why) in BAD.items():
        assert any(f"/{name}: " in line and why in line for line in message.splitlines()), message
    assert not bed.renderers.orders


def test_new_signatures_of_the_same_files_run_no_job(bed: Bed) -> None:
    """A pipeline that signs its URLs anew at each run would make every video again, under new names."""
    names = {
        f"{folder}/clip.mp4": odd.moving("-c:v", "libx264", "-g", str(20 + len(folder)))
        for folder in ("a", "bb")
    }
    for name in names:
        (bed.folder / "sources" / name).parent.mkdir(exist_ok=True)
    urls = [_url(bed, name, make) for name, make in names.items()]

    bed.apply(bed.task("camp", [[0]], videoBlocks=_clips(*(f"{url}?sig=one" for url in urls))))
    bed.wait("camp")
    made, videos = len(bed.renderers.orders), bed.videos("camp")
    bed.apply(bed.task("camp", [[0]], videoBlocks=_clips(*(f"{url}?sig=two" for url in reversed(urls)))))
    bed.wait("camp")

    assert len(videos) == 2
    assert bed.videos("camp") == videos
    assert len(bed.renderers.orders) == made
