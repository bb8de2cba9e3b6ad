"""How is a draft written as a task's YAML that people go on with? With what each part is, and examples to take the # from; pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from cliptask.spec.paths import written
from cliptask.spec.task import GROUP, KIND, VERSION
from cliptask_operator.local.contents import Found, Unused
from cliptask_operator.local.draft import Draft
from cliptask_operator.local.pairs import Paired

MOST_UNUSED = 20
"""Of the files that are not used, those that are named."""


def text_of(draft: Draft, name: str, prefix: str) -> str:
    """The task's file. ``prefix`` is the way from the file's folder to that of the media, empty where these are one.

    Without the marks of comments, its examples are fields of a valid task.
    """
    return "\n".join(_lines(draft, name, prefix)) + "\n"


def described(unused: tuple[Unused, ...]) -> Iterator[str]:
    """A line for each file that is not used, up to a number; what is past it is counted."""
    yield from (readable(f"{each.path}: {each.reason}") for each in unused[:MOST_UNUSED])
    if len(unused) > MOST_UNUSED:
        yield f"and {len(unused) - MOST_UNUSED:,} more"


def readable(text: str) -> str:
    """Others' words on one line, as a comment or a terminal takes them."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def _lines(draft: Draft, name: str, prefix: str) -> Iterator[str]:
    counts = " x ".join(str(len(block.clips)) for block in draft.blocks)
    yield "# A campaign of short videos, written by cliptask init from the files that it names. Paths are relative to this file."
    yield f"apiVersion: {GROUP}/{VERSION}"
    yield f"kind: {KIND}"
    yield f"metadata: {{name: {_quoted(name)}}}"
    yield "spec:"
    yield "  # Each video shows one clip of every block, the blocks in this order."
    yield "  # Of a video, trim: {start: 1s, end: 4s} uses a part; a picture is shown for its duration."
    yield "  videoBlocks:"
    for block in draft.blocks:
        yield f"  - name: {_quoted(block.name)}"
        yield "    clips:"
        yield from (f"    - {_clip(clip, prefix, draft.captions.get(clip.path))}" for clip in block.clips)
    if draft.tracks:
        yield (
            "  # Each video plays one of these tracks."
            if not draft.multiplies_music
            else "  # Each track makes videos of its own."
        )
        yield "  audioBlocks:"
        yield '  - name: "music"'
        yield "    tracks:"
        yield from (
            f"    - {{url: {_url(track, prefix)}}}    # {track.facts.duration_s:.1f} s"
            for track in draft.tracks
        )
    yield "  # Each video says one of these lines. ElevenLabs speaks with ELEVENLABS_API_KEY, the voice espeak-ng without an account."
    yield "  # speech:"
    yield '  # - {voice: "Rachel", text: "Spring is here. Go outside!"}'
    yield '  # - {voice: "Rachel", text: "Twenty percent off until Sunday."}'
    off = "" if draft.captions else "# "
    yield f"  {off}captions: {{mode: burned}}    # the words in the picture as they are said; soft: a track that players can show"
    yield from _variants(draft, counts)
    yield from _picture(draft)
    yield "  # transitions:"
    yield "  # - {kind: crossfade, duration: 500ms}    # or fade, dissolve, wipeLeft, slideLeft, pushLeft, whipLeft, zoomIn, circleOpen, glitch"
    yield from _overlays(draft, prefix)
    yield from _sound(draft)
    yield "  output: {uri: out}    # beside this file; gs://bucket/folder or s3://bucket/folder for a cluster, which needs URLs of the clips too"
    if draft.unused:
        yield "# Not used:"
        yield from (f"#   {line}" for line in described(draft.unused))


def _variants(draft: Draft, counts: str) -> Iterator[str]:
    if draft.limit is not None:
        yield f"  # Of {counts} = {draft.combinations:,} combinations so many, every clip about equally often. A higher limit keeps them."
        yield f"  variants: {{limit: {draft.limit}}}"
    elif draft.multiplies_music:
        yield "  variants: {music: product}"
    else:
        yield f"  # variants: {{limit: {max(1, draft.combinations // 2)}}}    # fewer than all {draft.combinations} combinations of clips"


def _picture(draft: Draft) -> Iterator[str]:
    picture = draft.picture
    size = [f"width: {picture.form.width}, height: {picture.form.height}"] if picture.form else []
    fit = [f"fit: {picture.fit}"] if picture.fit else []
    more = " fit: blur fills what clips of another shape leave free; crop: '4:5' gives all of them one place."
    yield f"  # The picture: {picture.why}.{more if fit else ''}"
    yield f"  {'' if size or fit else '# '}picture: {{{', '.join(size + fit) or 'width: 1080, height: 1920'}}}"


def _overlays(draft: Draft, prefix: str) -> Iterator[str]:
    # A list of nothing but comments would be empty.
    off = "" if draft.logos else "# "
    yield f"  {off}overlays:"
    for number, logo in enumerate(draft.logos):
        mark = "# " if number else ""
        yield f"  {mark}- {{image: {{url: {_url(logo, prefix)}}}, position: topRight, width: 18%}}"
    yield '  # - {text: "Until Sunday", position: top, from: 500ms, in: {kind: pop}}'


def _sound(draft: Draft) -> Iterator[str]:
    if draft.tracks:
        yield "  # sound: {clipVolume: 1}    # keeps the clips' own sound beside the music"
    elif draft.is_heard:
        yield "  sound: {clipVolume: 1}    # the clips' own sound; 0 drops it"
    else:
        yield "  # sound: {musicVolume: 0.3}    # music beside a voice, which is 1"


def _clip(clip: Found, prefix: str, captions: Paired | None) -> str:
    facts = clip.facts
    size = f"{facts.width}x{facts.height}"
    if facts.kind == "still":
        return f"{{url: {_url(clip, prefix)}, duration: 3s, motion: zoomIn}}    # a picture, {size}"
    said = ""
    if captions is not None:
        language = f", language: {_quoted(captions.language)}" if captions.language else ""
        said = f", captions: {{url: {_path(captions.path, prefix)}{language}}}"
    return f"{{url: {_url(clip, prefix)}{said}}}    # {size}, {facts.duration_s:.1f} s"


def _url(file: Found, prefix: str) -> str:
    return _path(file.path, prefix)


def _path(path: str, prefix: str) -> str:
    return _quoted(written(str(PurePosixPath(prefix, path))))


def _quoted(text: str) -> str:
    """A text as YAML, in quotes and on one line, whatever it holds."""
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf")).strip()
