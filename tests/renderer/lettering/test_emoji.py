"""Emoji in colour: each one sign of the font that comes with the program, in any text, and as a browser draws it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import uharfbuzz
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from playwright.sync_api import Page

import cliptask
import cliptask_renderer
import emoji_font
from cliptask.emoji import EMOJI, FONT, has_emoji
from cliptask.errors import InputError, SetupError
from cliptask.layers import Style
from cliptask_renderer.lettering import faces
from cliptask_renderer.lettering.typeset import CLEAR, Look, Room, Text, typeset, typeset_row
from support.browsing import chromium, needs_chromium, quiet_page
from support.lettering import EM_PX, coloured, cropped, overlap
from support.node import NODE

ROOM = Room(3000, 3000)
FILE = faces.coloured().folder / "NotoColorEmoji.ttf"
SCRIPTS = {
    "latin": "Hot {} deals", "cyrillic": "Знижка {} сьогодні", "greek": "Μόνο {} σήμερα", "arabic": "اليوم {} فقط", "hebrew": "רק {} היום",
    "devanagari": "सिर्फ़ {} आज", "bengali": "শুধু {} আজকের", "tamil": "இன்று {} மட்டும்", "thai": "เฉพาะ{}วันนี้", "chinese": "仅限{}今天",
    "japanese": "今日{}だけの", "korean": "오늘만 {} 혜택",
}  # fmt: skip
KINDS = {
    "face": "😂", "heart": "❤\ufe0f", "tone": "👍🏽", "family": "👩\u200d👩\u200d👧", "work": "👩🏽\u200d🚒", "flag": "🇺🇦",
    "england": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "key": "5\ufe0f\u20e3", "rainbow": "🏳\ufe0f\u200d🌈",
    "newest": "\U0001faea",
}  # fmt: skip
_RGI = "console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0)).map(text => /^\\p{RGI_Emoji}$/v.test(text))))"


def drawn(text: str, emoji: str | None = FONT, **style: object) -> NDArray[np.uint8]:
    """A text with its emoji in colour."""
    whole = Style.model_validate({"emoji": emoji, "color": "#ffffff", **style})
    return typeset(Text((text,)), whole, 1000, ROOM)[0]


def colourful(rgba: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where there is neither black nor white nor grey."""
    channels = rgba[..., :3].astype(int)
    return np.asarray((rgba[..., 3] > 127) & (np.ptp(channels, axis=2) > 60), bool)


@cache
def sequences() -> tuple[str, ...]:
    """Each text for which the font has a picture of its own, as far as JavaScript knows it as an emoji."""
    with TTFont(FILE, lazy=True) as font:
        names = {name: chr(code) for code, name in font.getBestCmap().items()}
        texts = set(names.values())
        for lookup in font["GSUB"].table.LookupList.Lookup:
            for table in (getattr(each, "ExtSubTable", each) for each in lookup.SubTable):
                for first, ligatures in getattr(table, "ligatures", {}).items():
                    for each in ligatures:
                        parts = [first, *each.Component]
                        if all(part in names for part in parts):
                            texts.add("".join(names[part] for part in parts))
    # Fonts know them without what only says that they are pictures.
    asked = sorted({*texts, *(f"{text}\ufe0f" for text in texts)} | {_dressed(text) for text in texts})
    answer = subprocess.run(
        [NODE, "-e", _RGI], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return tuple(text for text, is_one in zip(asked, json.loads(answer.stdout), strict=True) if is_one)


def _dressed(text: str) -> str:
    """With U+FE0F wherever a character is a letter without it."""
    if text[1:] == "\u20e3":
        return f"{text[0]}\ufe0f\u20e3"
    tones = range(0x1F3FB, 0x1F400)
    following = [*text[1:], ""]
    return "".join(
        f"{each}\ufe0f"
        if has_emoji(f"{each}\ufe0f") and not has_emoji(each) and not (after and ord(after) in tones)
        else each
        for each, after in zip(text, following, strict=True)
    )


def glyphs(text: str) -> int:
    """How many of the font's shapes a text becomes, but for empty ones."""
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FILE)))
    font, buffer = uharfbuzz.Font(face), uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer)
    return sum(position.x_advance > 0 for position in buffer.glyph_positions)


def test_the_font_is_the_one_that_keys_name() -> None:
    """Other pixels would come under the same key."""
    with TTFont(FILE, lazy=True) as font:
        name = f"{font['name'].getDebugName(1)} {font['head'].fontRevision:.3f}"

    assert name == FONT
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == emoji_font.SHA256


def test_every_emoji_is_one_sign_of_the_font() -> None:
    """A family would come apart, a tone stand beside its hand."""
    found = sequences()

    assert len(found) > 3700
    assert [ascii(text) for text in found if not EMOJI.fullmatch(text)] == []
    assert [
        ascii(text)
        for text in found
        if len(faces.runs(f"a{text}", faces.installed("Anton"), emoji=faces.coloured())) != 2
    ] == []
    assert [ascii(text) for text in found if glyphs(text) != 1] == []


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("kind", ["work", "flag"])
def test_emoji_stand_in_texts_of_every_script(script: str, kind: str) -> None:
    """They would be missing, grey, or take the letters beside them along."""
    whole, alone = drawn(SCRIPTS[script].format(KINDS[kind])), drawn(KINDS[kind])

    columns = np.flatnonzero(colourful(whole).any(axis=0))
    assert columns[-1] - columns[0] < alone.shape[1]
    assert colourful(whole).sum() == pytest.approx(colourful(alone).sum(), rel=0.02)
    assert columns[0] > 0
    assert columns[-1] < whole.shape[1] - 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_emoji_has_its_own_colours_and_no_outline(kind: str) -> None:
    """A title's black line around it would hide what it shows; its colours are nobody's to choose."""
    plain = drawn(KINDS[kind], outline=0.0)

    assert np.array_equal(drawn(KINDS[kind], outline=0.1), plain)
    assert np.array_equal(drawn(KINDS[kind], outline=0.1, color="#ff00ff"), plain)


@pytest.mark.parametrize("text", ["❤", "❤\ufe0e", "🔥\ufe0e", "☀ → ™ ★"], ids=ascii)
def test_a_letter_that_could_be_a_picture_has_the_colour_of_letters(text: str) -> None:
    """What is told to be text would be a picture."""
    assert not colourful(drawn(text)).any()
    assert np.array_equal(drawn(text), drawn(text.replace("\ufe0e", ""), emoji=None))


def test_an_emoji_that_is_not_seen_yet_leaves_its_place_free() -> None:
    """A title that is typed would begin with its last word's picture."""
    words, color = ("Hot ", "🔥 ", "deals"), "#ffffff"
    looks = [Look(tuple(color if n <= last else CLEAR for n in range(3))) for last in range(3)]

    first, second, third = typeset(Text(words), Style(emoji=FONT), 1000, ROOM, looks)

    assert not colourful(first).any()
    assert colourful(second).any()
    assert np.array_equal(colourful(second), colourful(third))
    assert ((third == second) | (second[..., 3:] == 0)).all()


def test_a_marked_emoji_has_a_plate_behind_it() -> None:
    """Nobody would see which word is spoken."""
    text, white = Text(("We ", "🔥")), ("#ffffff",) * 2
    looks = [Look(white), Look(white, 1, "#0000ff")]

    plain, marked = typeset(text, Style(emoji=FONT), 1000, ROOM, looks)

    changed = (plain != marked).any(axis=2)
    assert 0.2 < changed.mean() < 0.8
    assert np.flatnonzero(changed.any(axis=0))[0] > plain.shape[1] * 0.3
    seen = colourful(plain)
    assert np.array_equal(plain[seen & (plain[..., 3] == 255)], marked[seen & (plain[..., 3] == 255)])


def test_a_counter_has_emoji_beside_its_numbers() -> None:
    """Its numbers would become keys, or its sign a letter."""
    one, other = typeset_row(["1 🔥", "8 🔥"], ["8 🔥"], Style(emoji=FONT), 1000, ROOM)

    assert one.shape == other.shape
    assert colourful(one).any()
    assert np.array_equal(colourful(one), colourful(other))


def test_what_the_font_lacks_is_named() -> None:
    """A thousand videos would show boxes."""
    with pytest.raises(InputError, match=r"can write: U\+1FAEA;") as refused:
        drawn("new \U0001faea", emoji=None)
    with pytest.raises(InputError, match=r"U\+1FAEA"):
        drawn("new \U0001faea\ufe0e")

    assert "leave them out" in str(refused.value)


def test_a_font_of_another_version_draws_nothing() -> None:
    """A renderer would make other pixels than an operator of another version has ordered."""
    with pytest.raises(SetupError, match="let the operator and the renderer be of one version"):
        drawn("🔥", emoji="Noto Color Emoji 1.0")


def test_a_program_without_the_font_says_so(tmp_path: Path) -> None:
    """Emoji would silently be drawn otherwise than elsewhere."""
    for package in (cliptask, cliptask_renderer):
        source = Path(package.__file__ or "").parent
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("*.ttf", "__pycache__"))
    code = "from cliptask_renderer.lettering.faces import coloured\ncoloured()"

    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (
        "SetupError: the font of emoji, NotoColorEmoji.ttf, is missing beside the program: install it again"
        in ran.stderr
    )


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One page of a real browser for all."""
    with chromium() as browser, quiet_page(browser, viewport={"width": 2400, "height": 1600}) as looked_at:
        yield looked_at


@needs_chromium
@pytest.mark.parametrize("kind", KINDS)
def test_emoji_look_as_in_a_browser(page: Page, kind: str) -> None:
    """A gradient, a layer or a whole person would be missing.

    Overlap of ink is 0.977 or more: edges are smoothed otherwise. Colours differ by 3 to 11 of 255 on average, since lines lie up to half a
    pixel otherwise; those of another picture by 51 and more.
    """
    ours, theirs = drawn(KINDS[kind], outline=0.0), coloured(page, KINDS[kind], FILE)

    assert overlap(cropped(ours[..., 3] > 127), cropped(theirs[..., 3] > 127)) > 0.95
    assert difference(ours, theirs) < 20


@needs_chromium
def test_another_emoji_does_not_pass(page: Page) -> None:
    """The comparison would let anything through."""
    assert difference(drawn(KINDS["tone"], outline=0.0), coloured(page, "👍", FILE)) > 20
    assert difference(drawn("🧡", outline=0.0), coloured(page, "💙", FILE)) > 20


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Of the colours on a white ground, on average; one is made as large as the other."""
    from PIL import Image  # noqa: PLC0415  of numpy's kin, and of no other test here

    pictures = []
    for rgba in (one, other):
        picture = Image.fromarray(rgba)
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture)
        pictures.append(
            ground.crop(picture.getbbox()).convert("RGB").resize((EM_PX, EM_PX), Image.Resampling.BOX)
        )
    first, second = (np.asarray(each, int) for each in pictures)
    return float(np.abs(first - second).mean())
