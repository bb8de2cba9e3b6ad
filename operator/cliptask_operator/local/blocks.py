"""Which clips of a folder are interchangeable? Those of one subfolder, or those whose names begin alike; pure."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath

from cliptask.names import LABEL_LENGTH, slug
from cliptask_operator.local.contents import Found, Unused

MOST_BLOCKS, MOST_PARTS = 20, 100
"""Blocks of a task, and clips or tracks of a block."""

_FIRST = frozenset({"hook", "intro", "opening", "opener", "start"})
_LAST = frozenset({"offer", "cta", "outro", "end", "ending", "close", "closing", "endcard"})
"""Blocks that have their place in a video, where no number says otherwise."""
_OF_DEVICES = frozenset(
    {"clip", "dji", "dsc", "dscf", "dscn", "gopr", "gx", "image", "img", "mov", "mvi", "photo", "pxl", "recording", "screen", "screenshot", "signal", "vid", "video", "whatsapp"}
)  # fmt: skip
"""How names begin that cameras and programs give, which say nothing of a block."""
_NUMBER = re.compile(r"\A([0-9]{1,3})(?![0-9])[\s._-]*")
"""Of a place in the order: ``01-hook``, ``2. product``; longer ones are dates."""
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Block:
    """A slot of the video, and the clips that may fill it."""

    name: str
    clips: tuple[Found, ...]


@dataclass(frozen=True)
class _Group:
    """Clips that may become a block."""

    name: str
    """Of their folder, or the word that their names begin with."""
    number: float
    """Before which others come, and after which: infinite where none is given."""
    clips: tuple[Found, ...]

    @property
    def place(self) -> tuple[float, int, list[tuple[int, str]]]:
        """Where it comes in the video: by its number, by what it is called, by its name."""
        word = slug(_first_word(self.name))
        return self.number, 0 if word in _FIRST else 2 if word in _LAST else 1, natural(self.name)


def blocks_of(clips: Sequence[Found]) -> tuple[tuple[Block, ...], tuple[Unused, ...]]:
    """The blocks in their order, each file once in a block, and the clips that have no place in any. ``clips`` is not empty."""
    steps = {clip: PurePosixPath(clip.path).parts for clip in clips}
    depth = _common(list(steps.values()))
    inside = [clip for clip in clips if len(steps[clip]) > depth + 1]
    groups = [
        _Group(name, _number(name), tuple(group))
        for name, group in _by(inside, lambda clip: steps[clip][depth]).items()
    ]
    if not groups:
        only = _Group(steps[clips[0]][depth - 1] if depth else "clip", 0, tuple(clips))
        groups = _by_words(clips) or [only]
    reason = "it lies beside the folders of the blocks; move it into one"
    unused = [Unused(clip.path, reason) for clip in clips if inside and clip not in inside]
    blocks: list[Block] = []
    for group in sorted(groups, key=lambda each: each.place):
        if len(blocks) == MOST_BLOCKS:
            unused += [Unused(clip.path, f"a task has at most {MOST_BLOCKS} blocks") for clip in group.clips]
            continue
        chosen, others = distinct(group.clips)
        name = slug(_NUMBER.sub("", group.name, count=1) or group.name)
        blocks.append(Block(_free(name, [block.name for block in blocks]), chosen))
        unused += others
    return tuple(blocks), tuple(unused)


def distinct(files: Iterable[Found]) -> tuple[tuple[Found, ...], tuple[Unused, ...]]:
    """Files in the order in which people count, each content once and as many as a block may have; and the others."""
    chosen: dict[str, Found] = {}
    unused = []
    for each in sorted(files, key=lambda file: natural(posixpath.splitext(file.path)[0])):
        if same := chosen.get(each.facts.sha256):
            unused.append(Unused(each.path, f"it is the same file as {same.path}"))
        elif len(chosen) == MOST_PARTS:
            unused.append(Unused(each.path, f"a block has at most {MOST_PARTS} clips or tracks"))
        else:
            chosen[each.facts.sha256] = each
    return tuple(chosen.values()), tuple(unused)


def natural(path: str) -> list[tuple[int, str]]:
    """A key that sorts ``clip 2`` before ``clip 10``."""
    parts = re.split(r"([0-9]+)", path.casefold())
    return [(int(part), "") if number % 2 else (-1, part) for number, part in enumerate(parts)]


def _common(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders all files lie in."""
    depth = 0
    while all(len(path) > depth + 1 for path in paths) and len({path[depth] for path in paths}) == 1:
        depth += 1
    return depth


def _by(clips: Iterable[Found], name_of: Callable[[Found], str]) -> dict[str, list[Found]]:
    groups: dict[str, list[Found]] = {}
    for clip in clips:
        groups.setdefault(name_of(clip), []).append(clip)
    return groups


def _by_words(clips: Sequence[Found]) -> list[_Group]:
    """Clips by the first words of their names; nothing where these seem to mean no blocks."""
    groups = _by(clips, lambda clip: _first_word(_stem(clip)))
    words = groups.keys()
    if "" in words or words & _OF_DEVICES or len(words) > MOST_BLOCKS:
        return []
    alone = sum(len(group) == 1 for group in groups.values())
    numbers = {word: min(_number(_stem(clip)) for clip in group) for word, group in groups.items()}
    is_meant = (
        alone <= len(clips) - alone or math.inf not in numbers.values() or (words & _FIRST and words & _LAST)
    )
    return [_Group(word, numbers[word], tuple(group)) for word, group in groups.items()] if is_meant else []


def _stem(clip: Found) -> str:
    return PurePosixPath(clip.path).stem


def _number(name: str) -> float:
    match = _NUMBER.match(name)
    return int(match[1]) if match else math.inf


def _first_word(stem: str) -> str:
    match = _WORD.match(_NUMBER.sub("", stem, count=1))
    return match[0].casefold() if match else ""


def _free(name: str, taken: Sequence[str]) -> str:
    """A name that no other block has."""
    others = (f"{name[: LABEL_LENGTH - 3].rstrip('-')}-{number}" for number in count(2))
    return name if name not in taken else next(each for each in others if each not in taken)
