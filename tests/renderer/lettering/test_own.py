"""Fonts that a task brings: set by their bytes, whatever they call themselves."""

from __future__ import annotations

import hashlib
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cliptask.errors import InputError, SourceError
from cliptask.layers import Style
from cliptask_renderer.lettering.own import family_of
from cliptask_renderer.lettering.typeset import Fonts, Room, Text, typeset
from support import fonts

WORDS = "Half price: Größe"


def sha(file: Path) -> str:
    """What names it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def drawn(text: str, work: Path, font: Path | None = None, emoji: Path | None = None) -> NDArray[np.uint8]:
    """A text in these fonts, without an outline."""
    files = {sha(each): each for each in (font, emoji) if each}
    style = Style(
        font=sha(font) if font else "Anton", emoji=sha(emoji) if emoji else None, outline=0.0, color="#ffffff"
    )
    return typeset(Text((text,)), style, 1000, Room(900, 900), fonts=Fonts(files, work))[0]


@pytest.mark.parametrize("name", ["a.ttf", "a.woff", "a.woff2", "a.ttc"])
def test_a_font_of_any_kind_draws_its_letters(name: str, tmp_path: Path) -> None:
    """A brand would have to convert its fonts, or be shown in another's letters."""
    font = fonts.brand(tmp_path / name)

    assert np.array_equal(drawn(WORDS, tmp_path, font), drawn(WORDS, tmp_path))


def test_fonts_that_call_themselves_alike_are_told_apart(tmp_path: Path) -> None:
    """One brand's film would be set in another's letters, or in those of the program."""
    one = fonts.brand(tmp_path / "one.ttf", "Anton", "Noto Sans")
    other = fonts.brand(tmp_path / "other.ttf", "Poppins", "Noto Sans")

    first, second = drawn("Sale Привіт", tmp_path, one), drawn("Sale Привіт", tmp_path, other)

    assert np.array_equal(first, drawn("Sale Привіт", tmp_path))
    assert first.shape != second.shape


def test_words_that_a_font_lacks_are_written_in_another(tmp_path: Path) -> None:
    """Boxes would stand in their place."""
    font = fonts.brand(tmp_path / "a.ttf", lacks="ß")

    lacking, whole = drawn("Große", tmp_path, font), drawn("Große", tmp_path)

    assert lacking.shape != whole.shape
    assert lacking.any()


def test_what_no_font_can_write_is_named(tmp_path: Path) -> None:
    """A thousand videos would show boxes."""
    with pytest.raises(InputError, match=r"neither the task's own font nor .*U\+12000"):
        drawn("cuneiform 𒀀", tmp_path, fonts.brand(tmp_path / "a.ttf"))


def test_signs_keep_the_colours_of_their_font(tmp_path: Path) -> None:
    """A brand's emoji would be grey silhouettes."""
    emoji = fonts.colours(tmp_path / "emoji.ttf")

    rgba = drawn(f"Hot {fonts.FIRE}", tmp_path, emoji=emoji)

    opaque = {tuple(pixel) for pixel in rgba[rgba[..., 3] == 255][:, :3].tolist()}
    assert {fonts.RED, fonts.BLUE, (255, 255, 255)} <= opaque


def test_signs_that_a_font_lacks_are_drawn_in_the_letters_colour(tmp_path: Path) -> None:
    """A sign would be missing."""
    emoji = fonts.colours(tmp_path / "emoji.ttf")

    assert np.array_equal(drawn("❤\ufe0f", tmp_path, emoji=emoji), drawn("❤\ufe0f", tmp_path))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (("glyf", "loca"), "the font has no outlines of its letters; export it again as TTF or OTF"),
        (("cmap",), "the font is broken: it has no table cmap"),
        (("hmtx",), "the font is broken: it has no table hmtx"),
    ],
)
def test_a_font_that_draws_nothing_is_refused(tables: tuple[str, ...], words: str, tmp_path: Path) -> None:
    """Titles would be empty."""
    font = fonts.without(tmp_path / "a.ttf", *tables)

    with pytest.raises(SourceError, match=words):
        family_of(font, sha(font), tmp_path)


@pytest.mark.parametrize("name", ["a.ttf", "a.woff", "a.woff2", "emoji.ttf"])
def test_damaged_fonts_are_refused_or_drawn(name: str, tmp_path: Path) -> None:
    """A renderer would end without a word of which file is to blame."""
    whole = (fonts.colours if name == "emoji.ttf" else fonts.brand)(tmp_path / name).read_bytes()
    chance = random.Random(7)  # noqa: S311  the same damage every time

    for number in range(40):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 4, 40])):
            content[chance.randrange(4, chance.choice([300, len(content)]))] = chance.randrange(256)
        file = tmp_path / f"{number}.font"
        file.write_bytes(content[: chance.choice([len(content)] * 5 + [len(content) // 2])])

        with suppress(SourceError):
            assert drawn(f"Now {fonts.FIRE}", tmp_path, file, file).any()
