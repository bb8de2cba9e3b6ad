"""How is a segment made? Any source, brought to one exact form in one run of ffmpeg."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cliptask.errors import MediaError, SourceError
from cliptask.facts import Look, Word
from cliptask.layers import OverlayOrder
from cliptask.names import called
from cliptask.orders import Cut, Profile, SegmentOrder
from cliptask_renderer.lettering.typeset import Fonts
from cliptask_renderer.media import (
    animation,
    ffmpeg,
    figures,
    motion,
    moving,
    overlays,
    passages,
    stills,
    transitions,
)
from cliptask_renderer.media.film import Film
from cliptask_renderer.media.fit import COLOURS, STRAIGHT, TAGS, Behind, fit, tags
from cliptask_renderer.media.graph import (
    SECONDS_PER_FRAME_LIMIT,
    Graph,
    decoded,
    known_colours,
    named,
    wanted,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


_RECONFIGURED = "Reconfiguring filter graph"


@dataclass(frozen=True)
class Encoded:
    """A segment that was just made."""

    file: Path
    """MP4, video only."""
    packets: Path
    """What it should hold: ffmpeg's list (framehash) of the packets as they left the encoder."""


def make_segment(
    order: SegmentOrder,
    sources: Mapping[str, Path],
    work: Path,
    places: Mapping[str, str] = MappingProxyType({}),
    words: Mapping[str, Sequence[Word]] = MappingProxyType({}),
    groups: Sequence[range] | None = None,
) -> Encoded:
    """Encode a segment in the folder ``work``, where intermediate files lie as well; of its ``groups`` these alone, in a row.

    ``sources`` has a file for each of ``order.sources``; ``places`` are
    what errors call sources, ``words`` those of each line that is said in it, by the line's key. The same order gives the same bytes. Raises ``SourceError`` when a source cannot be decoded or changes its form midway,
    ``InputError`` for titles that cannot be written, ``MediaError`` with ffmpeg's last words for anything else.
    """
    graph, profile, frames = Graph(order, sources, work, places), order.profile, order.frames
    made = Encoded(work / "segment.mp4", work / "packets.txt")
    links = [_cut(graph, number, cut) for number, cut in enumerate(order.cuts)]
    link = _seam(graph, *links) if order.is_seam else links[0]
    if order.captions:
        from cliptask_renderer.media import subtitles  # noqa: PLC0415  Unicode's tables, where anything is said

        film = subtitles.compose(
            order.captions, words, profile, frames, work / "captions.nut", Fonts(sources, work), places
        )
        if film:
            graph.chains.append(f"{link}{TAGS}[seen]")
            link = _film(graph, "[seen]", film)
    taken = range(frames) if groups is None else [frame for group in groups for frame in group]
    if len(taken) < frames:
        chosen = "+".join(f"between(n,{group.start},{group.stop - 1})" for group in groups or ())
        graph.chains.append(f"{link}select='{chosen}',setpts=N/{profile.fps}/TB[taken]")
        link = "[taken]"
        if graph.feed is not None:
            # What is left over would find nobody who reads it.
            graph.feed = islice(graph.feed, taken[-1] + 1)
    graph.chains.append(f"{link}{TAGS}[out]")
    encoding = ffmpeg.video_encoding(profile.width, profile.height, profile.fps)
    limit_s = 60 + frames * SECONDS_PER_FRAME_LIMIT
    try:
        output = ffmpeg.mp4_and_packets(made.file.name, made.packets.name)
        log = graph.run("-frames:v", str(len(taken)), *encoding, *output, limit_s=limit_s)
    except MediaError as error:
        _blame(order, graph, limit_s, error)
        raise
    # Frames are counted anew from there: they are not the ordered ones.
    if _RECONFIGURED in log:
        evidence = "a picture changes its size or colours midway: export the file again"
        message = f"{named(order, places)}: {evidence}"
        raise SourceError(message)
    return made


def make_together(
    orders: Sequence[SegmentOrder],
    sources: Mapping[str, Path],
    work: Path,
    places: Mapping[str, str] = MappingProxyType({}),
) -> list[Encoded]:
    """Encode segments of one group (``decoding.decoded_together``) in one run, which decodes their source once.

    Each has the bytes that ``make_segment`` gives it. Raises ``MediaError`` for whatever goes wrong with one of them, not
    telling with which; ``InputError`` for titles that cannot be written.
    """
    first = orders[0]
    shared, cut = Graph(first, sources, work, places), _moved(first.cuts[0])
    chain, index = decoded(shared, cut, first.profile.fps)
    shown = "".join(f"[shown{number}]" for number in range(len(orders)))
    shared.chains.append(f"{chain},split={len(orders)}{shown}")
    outputs: list[str] = []
    made = []
    for number, order in enumerate(orders):
        graph, profile, own = replace(shared, order=order), order.profile, order.cuts[0]
        fitted = fit(profile, graph.number, has_alpha=(cut.look or Look()).has_alpha, focus=own.focus)
        base = f"[shown{number}]null{known_colours(graph, cut, profile, index)},{fitted}"
        graph.chains.append(f"{_laid_over(graph, number, own, base)}{TAGS}[out{number}]")
        each = Encoded(work / f"segment{number}.mp4", work / f"packets{number}.txt")
        encoding = ffmpeg.video_encoding(profile.width, profile.height, profile.fps)
        outputs += ["-map", f"[out{number}]", "-frames:v", str(order.frames), *encoding]
        outputs += ffmpeg.mp4_and_packets(each.file.name, each.packets.name)
        made.append(each)
    log = ffmpeg.run(
        shared.inputs,
        [*shared.clocks, *ffmpeg.VERBOSE, "-filter_complex", ";".join(shared.chains), *outputs],
        what=named(first, places),
        limit_s=60 + len(orders) * first.frames * SECONDS_PER_FRAME_LIMIT,
        folder=work,
    )
    if _RECONFIGURED in log:
        message = f"{named(first, places)}: changes its form midway"
        raise MediaError(message)
    return made


def _blame(order: SegmentOrder, graph: Graph, limit_s: float, error: MediaError) -> None:
    """Raise ``SourceError`` if a source alone does not decode. Done after a failure only: it costs a whole pass."""
    for cut in (cut for cut in order.cuts if cut.kind == "video"):
        clip = called("clip", cut.source, graph.places)
        try:
            source = graph.sources[cut.source]
            choice = (*ffmpeg.whole_clock(source, 0, (cut.look or Look()).stream), "-map", "0:V:0")
            ffmpeg.decode(ffmpeg.media(source), *choice, what="decoding", limit_s=limit_s)
        except MediaError as broken:
            message = f"{clip} cannot be decoded: export it again: {broken}"
            raise SourceError(message) from error


def _cut(graph: Graph, number: int, cut: Cut) -> str:
    """Add one cut with its overlays; returns the link's name, whose frames are at the profile's rate from zero."""
    whole, cut = cut, _moved(cut)
    if cut.kind == "video":
        base = _video(graph, cut)
    elif cut.kind == "animation":
        base = _animated(graph, number, cut)
    elif cut.motion is None:
        index = graph.add(_raw_picture(graph, number, cut, graph.order.profile))
        base = f"[{index}:v]{_fit_picture(graph.order.profile, graph, cut)},loop=loop=-1:size=1,trim=end_frame={cut.frames}"
    else:
        base = _moving(graph, number, cut)
    return _laid_over(graph, number, whole, base)


def _moved(cut: Cut) -> Cut:
    """What of a cut is taken from its source: of one that is held, one picture."""
    return cut.model_copy(update={"frames": 1}) if cut.is_held else cut


def _laid_over(graph: Graph, number: int, cut: Cut, base: str) -> str:
    """The pictures of a cut for as long as it lasts, with its overlays; returns the link's name."""
    held = f",loop=loop=-1:size=1,trim=end_frame={cut.frames}" if cut.is_held else ""
    link = f"[cut{number}]"
    graph.chains.append(f"{base}{held},setpts=N/{graph.order.profile.fps}/TB,{TAGS}{link}")
    for index, overlay in enumerate(cut.overlays):
        link = _overlay(graph, link, f"[over{number}_{index}]", overlay)
    return link


def _seam(graph: Graph, first: str, second: str) -> str:
    """Add the transition between two links, and what lies over all of it; returns the link's name, as ``_cut``."""
    order, helping = graph.order, ""
    if (help_ := transitions.helper(order)) is not None:
        content, width, height = help_
        file = graph.work / "transition.yuv"
        file.write_bytes(content)
        helping = f"[{graph.add(ffmpeg.pictures(width, height, order.profile.fps, 'yuv420p', file))}:v]"
    link = "[seam]"
    graph.chains.append(f"{transitions.chain(order, first, second, helping)},{TAGS}{link}")
    for index, overlay in enumerate(order.overlays):
        link = _overlay(graph, link, f"[over_{index}]", overlay)
    return link


def _video(graph: Graph, cut: Cut) -> str:
    profile, look = graph.order.profile, cut.look or Look()
    return f"{wanted(graph, cut, profile)},{fit(profile, graph.number, has_alpha=look.has_alpha, focus=cut.focus)}"


def _animated(graph: Graph, number: int, cut: Cut) -> str:
    profile, source = graph.order.profile, graph.sources[cut.source]
    width, height = animation.size(source, profile)
    frames = animation.frames(source, profile, cut)
    raw = ffmpeg.pictures(width, height, profile.fps, stills.pixel_format(profile))
    if not graph.order.is_seam:
        graph.feed = frames
        return f"[{graph.add(raw)}:v]{_fit_picture(profile, graph, cut)}"
    # Two cuts and one standard input: a seam's few frames go through a file, in the size that they are shown in.
    fitted = _fitted(graph, profile, raw, f"animated{number}.yuv", cut, frames)
    index = graph.add(ffmpeg.pictures(profile.width, profile.height, profile.fps, "yuv420p", fitted))
    return f"[{index}:v]format=yuv420p"


def _moving(graph: Graph, number: int, cut: Cut) -> str:
    """The picture moves, and what shows it stands still: the bars, or the blurred copy, do not move along."""
    profile = graph.order.profile
    canvas = motion.canvas(graph.sources[cut.source], profile, cut)
    width, height = canvas.picture.size
    if canvas.picture.mode == "RGBA":
        pixels, chain, parts = "rgba", "", [canvas.picture]
        whole = graph.work / f"canvas{number}.rgba"
        whole.write_bytes(canvas.picture.tobytes())
    else:
        pixels, chain = "yuv420p", f"{tags(Look())},"
        raw = ffmpeg.pictures(width, height, profile.fps, "rgb24")
        form = Profile(width=width, height=height, fps=profile.fps, fit="stretch")
        one = cut.model_copy(update={"frames": 1})
        whole = _fitted(graph, form, raw, f"canvas{number}.yuv", one, [canvas.picture.tobytes()])
        parts = motion.planes(whole, width, height)
    frames, moved = motion.frames(canvas, parts, cut), None
    if graph.order.is_seam:
        # As for an animation.
        moved = graph.work / f"moved{number}.raw"
        with moved.open("wb") as file:
            file.writelines(frames)
    else:
        graph.feed = frames
    index = graph.add(ffmpeg.pictures(canvas.width, canvas.height, profile.fps, pixels, moved))
    behind = None
    if cut.backdrop:
        still = graph.add(ffmpeg.pictures(width, height, profile.fps, pixels, whole))
        behind = Behind(f"[{still}:v]{chain}", cut.frames)
    fitted = fit(profile, graph.number, has_alpha=pixels == "rgba", focus=canvas.focus, behind=behind)
    return f"[{index}:v]{chain}{fitted}"


def _fitted(
    graph: Graph, profile: Profile, source: ffmpeg.Input, name: str, cut: Cut, feed: Iterable[bytes]
) -> Path:
    """Frames in the profile's size as yuv420p, in a file."""
    file = graph.work / name
    fitting = Graph(graph.order, graph.sources, graph.work, graph.places, feed=feed)
    index = fitting.add(source)
    fitting.chains.append(f"[{index}:v]{_fit_picture(profile, fitting, cut)}[out]")
    limit_s = 60 + cut.frames * SECONDS_PER_FRAME_LIMIT
    fitting.run("-frames:v", str(cut.frames), "-f", "rawvideo", f"file:{file}", limit_s=limit_s)
    return file


def _raw_picture(graph: Graph, number: int, cut: Cut, profile: Profile) -> ffmpeg.Input:
    content, width, height = stills.pixels(graph.sources[cut.source], profile)
    file = graph.work / f"still{number}.rgb"
    file.write_bytes(content)
    return ffmpeg.pictures(width, height, profile.fps, stills.pixel_format(profile), file)


def _fit_picture(profile: Profile, graph: Graph, cut: Cut) -> str:
    """As ``fit``, of what comes from ``stills``."""
    return fit(profile, graph.number, has_alpha=stills.pixel_format(profile) == "rgba", focus=cut.focus)


def _overlay(graph: Graph, base: str, link: str, order: OverlayOrder) -> str:
    profile = graph.order.profile
    layer = overlays.compose(order, profile, graph.sources, Fonts(graph.sources, graph.work))
    if order.changes:
        file = graph.work / f"overlay{len(graph.inputs)}.nut"
        shown = _moving_picture(graph, order, layer) if order.moves else None
        return _film(graph, base, passages.film(order, layer, profile, graph.order.frames, file, shown))
    height, width = layer.rgba.shape[:2]
    file = graph.work / f"layer{len(graph.inputs)}.rgba"
    file.write_bytes(layer.rgba.tobytes())
    index = graph.add(ffmpeg.pictures(width, height, profile.fps, "rgba", file))
    graph.chains.append(f"[{index}:v]scale={COLOURS},format=yuva420p[layer{index}]")
    graph.chains.append(
        f"{base}[layer{index}]overlay={layer.x}:{layer.y}:format=yuv420:{STRAIGHT}:eof_action=repeat:"
        f"enable='between(n,{order.start_frame},{order.end_frame - 1})'{link}"
    )
    return link


def _moving_picture(
    graph: Graph, order: OverlayOrder, layer: overlays.Composed
) -> Iterator[npt.NDArray[np.uint8]]:
    """What an overlay shows in each frame in which it is seen."""
    profile, most = graph.order.profile, layer.most
    if order.count is not None:
        return figures.counted(order.count, order, layer.steps)
    if order.bar is not None:
        return overlays.finished(order, profile, figures.filling(order.bar, order, profile, most))
    if order.video is None:
        return overlays.animated(order, profile, graph.sources[order.image or ""], most)
    size = overlays.size(order.video.width, order.video.height, most)
    return overlays.finished(order, profile, moving.frames(graph, order, order.video, *size))


def _film(graph: Graph, base: str, film: Film) -> str:
    """Lay a film over a link; returns that of both."""
    index = graph.add(ffmpeg.own(film.file))
    graph.chains.append(f"[{index}:v]scale={COLOURS},format=yuva420p[film{index}]")
    graph.chains.append(
        f"{base}[film{index}]overlay={film.x}:{film.y}:format=yuv420:{STRAIGHT}:eof_action=repeat[with{index}]"
    )
    return f"[with{index}]"
