from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask import names
from cliptask.spec.task import NAME_PATTERN


@given(st.text(), st.integers(1, 40))
def test_slug_is_always_a_name(text: str, length: int) -> None:
    """Some file's name would make an object's name that a store or Kubernetes refuses."""
    made = names.slug(text, length)

    assert re.fullmatch(NAME_PATTERN, made)
    assert len(made) <= length
    assert names.slug(made, length) == made


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://x/Hook_A.mp4?token=1", "hook-a"),
        ("file:///media/Sommer%20M%C3%BCsli.final.mov", "sommer-musli-final"),
        ("https://x/", "x"),
        ("https://x/видео.mp4", "video"),
        ("https://x/%D0%9A%D0%B8%D1%97%D0%B2%20%D0%B2%D0%B5%D1%81%D0%BD%D0%B0.mp4", "kiiv-vesna"),
        ("https://x/東京.mp4", "dongjing"),
        ("https://x/spring+sale.mp4", "spring-sale"),
        ("https://x/%F0%9F%8E%89.mp4", "tada"),
        ("https://x/%FC.mp4", "x"),
        ("https://x/v0/b/bucket/o/in%2Fhook.mp4?alt=media&token=1", "hook"),
        ("https://x/C%3A%5CVideos%5Chook.mp4", "c-videos-hook"),
        ("https://x/.mp4", "mp4"),
        ("https://x/..", "x"),
        ("https://x/hook/", "hook"),
        (f"https://x/{'a' * 60}.mp4", "a" * 40),
    ],
)
def test_label_comes_from_the_file_name(url: str, label: str) -> None:
    """A video's name would not tell which clips it is made of, or would tell a token."""
    assert names.label_of_url(url) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Spring is here, come and see it!", "spring-is-here-come-and"),
        ("Весна вже тут", "vesna-vzhe-tut"),
        (
            '[whispers] Try <break time="1s"/> it <phoneme alphabet="ipa" ph="x">today</phoneme>',
            "try-it-today",
        ),
        ("Below 3 < 5", "below-3-5"),
        ("[sighs]", "x"),
    ],
)
def test_label_of_text_is_the_first_words_that_are_heard(text: str, label: str) -> None:
    """A line's label would be as long as the line, or made of what nobody hears."""
    assert names.label_of_text(text) == label


@given(st.text())
def test_a_name_is_the_same_in_every_form_of_unicode(text: str) -> None:
    """A file from a Mac, whose accents are letters of their own, would be called otherwise than from elsewhere."""
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))

    assert names.slug(composed) == names.slug(decomposed)


@given(st.text(), st.text())
def test_a_label_hangs_on_neither_query_nor_fragment(name: str, secret: str) -> None:
    """A signed URL, which is another one at each run, would rename the videos."""
    url = f"https://x/{quote(name, safe='')}.mp4"

    label = names.label_of_url(f"{url}?{quote(secret)}#{quote(secret)}")

    assert label == names.label_of_url(url)
    assert re.fullmatch(NAME_PATTERN, label)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:SECRET@x:8080/a.mp4?token=SECRET#SECRET", "https://x:8080/a.mp4"),
        ("file:///media/a.mp4", "file:///media/a.mp4"),
        ("gs://bucket/a.mp4", "gs://bucket/a.mp4"),
    ],
)
def test_public_url_shows_no_secret(url: str, shown: str) -> None:
    """A token would end in a log or an index."""
    assert names.public_url(url) == shown


@given(st.lists(st.sampled_from(["id=0", "v=2", "name=a%26b", "response-content-type=x"]), unique=True))
def test_signatures_alone_make_no_other_url(kept: list[str]) -> None:
    """Another signature would be another file, or another file the same."""
    signed = [*kept, "X-Amz-Signature=1", "x-goog-date=2", "Expires=3", "Key-Pair-Id=4", "sig=5"]

    bare, full = (
        names.unsigned("https://x/a?" + "&".join(kept)),
        names.unsigned("https://u:p@x/a?" + "&".join(signed) + "#b"),
    )

    assert bare == full
    assert len({names.unsigned(f"https://x/a?id={n}&sig=1") for n in range(3)}) == 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hook", '"hook"'),
        ("Весна 🎉", '"Весна 🎉"'),
        ('a "b"\n', '"a \\"b\\"\\n"'),
        ("\x1b[2J\x9b\u202e", r'"\u001b[2J\u009b\u202e"'),
        ("x" * 61, f'"{"x" * 57}..."'),
        ("see https://SECRET@x/a?SECRET", '"see https://x/a"'),
        ("x/a.mp4?token=SECRET", '"x/a.mp4"'),
        ("why? because", '"why? because"'),
    ],
)
def test_shown_text_stays_on_its_line_and_tells_no_secret(text: str, shown: str) -> None:
    """A message would print a token, or write to the terminal of whoever reads it."""
    assert names.shown(text) == shown


def test_equal_labels_are_told_apart_by_what_they_stand_for() -> None:
    """Two clips named alike would overwrite each other's videos, or an edit elsewhere would rename them."""
    pairs = [("hook", "url-1"), ("hook", "url-2"), ("logo", "url-3")]

    first, second, alone = names.distinct(pairs)

    assert alone == "logo"
    assert first != second
    assert names.distinct([("intro", "url-0"), *pairs])[1:3] == [first, second]
    assert names.distinct(pairs[::-1]) == [alone, second, first]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_variant_name_is_bounded_and_keeps_its_key(labels: list[str]) -> None:
    """A name of many long labels would be longer than a file system takes, or no longer unique."""
    name = names.variant_name([label * 40 for label in labels], "0123456789abcdef")

    assert len(name) <= 200
    assert name.endswith("-01234567")
