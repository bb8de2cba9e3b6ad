"""A brand's own fonts on a laptop: in titles and captions, by their bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import fonts
from support.studio import Studio, objects


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Sources and a task."""
    return Studio(tmp_path)


def test_another_font_makes_what_is_written_in_it_anew(studio: Studio) -> None:
    """A brand's new letters would be in no video, or all would be encoded anew."""
    font, out = studio.folder / "brand.woff2", studio.folder / "out"
    fonts.brand(font)
    title = {"text": "Now", "block": "b0", "style": {"font": "brand"}}
    task = studio.write([[0], [1]], fonts=[{"name": "brand", "url": "brand.woff2"}], overlays=[title])
    studio.render(task, out)
    before = objects(out, ".cliptask/segments/*.mp4")

    fonts.brand(font, "Poppins")
    studio.render(task, out)

    assert len(before) == 2
    assert len(objects(out, ".cliptask/segments/*.mp4")) == 3


def test_captions_are_burned_in_the_brands_letters(studio: Studio) -> None:
    """Titles would be the brand's and captions another's."""
    fonts.brand(studio.folder / "brand.ttf")
    given = [{"name": "brand", "url": "brand.ttf"}]
    videos = []
    for letters in ({"font": "brand"}, {"font": "Anton"}, {"font": "Poppins"}):
        captions = {"mode": "burned", "letters": letters}
        task = studio.write([[0]], lines=1, captions=captions, sound={"overflow": "Trim"}, fonts=given)
        studio.render(task, studio.folder / letters["font"])
        videos.append(set(objects(studio.folder / letters["font"], ".cliptask/segments/*.mp4").values()))

    assert videos[0] == videos[1] != videos[2]


def test_a_broken_font_is_refused_by_name(studio: Studio) -> None:
    """Nobody would know which of ten files to send again."""
    fonts.without(studio.folder / "brand.ttf", "glyf", "loca")
    task = studio.write([[0]], fonts=[{"name": "brand", "url": "brand.ttf"}])

    ran = studio.run("render", task, "-d", studio.folder / "out")

    assert ran.returncode == 65
    assert "spec.fonts[0].url (brand): file://" in ran.stderr
    assert "the font has no outlines of its letters; export it again as TTF or OTF" in ran.stderr
