from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask import names
from cliptask.spec.values import NAME_PATTERN


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
        ("https://x/DON%27T_stop.mp4", "dont-stop"),
        (f"https://x/{'summer-holidays-' * 4}.mp4", "summer-holidays-summer-holidays-summer"),
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
        ("Twenty percent off everything until Sunday", "twenty-percent-off"),
        ("It\u2019s great, don't miss it", "its-great-dont-miss-it"),
        ("Donaudampfschifffahrtsgesellschaft fährt ab", "donaudampfschifffahrtsgesellschaft"),
        ("ฤดูใบไม้ผลิมาถึงแล้ว มาดูกันเถอะ", "ruedu-baimai-phli-ma"),
        ("ລະດູໃບໄມ້ປົ່ງມາຮອດແລ້ວ", "ladou-baimaipong-mahd"),
        ("春天来了\uff0c快出去走走吧\uff01今天开始打八折", "chuntian-lai-le-kuai"),
        ("春が来ました。外に出かけましょう\uff01", "chunga-laimashita-waini"),
        ("봄이 왔어요 밖으로 나가세요", "bomi-wasseoyo-bakkeulo"),
        ("ربيع جميل هنا، تعال وشاهد", "rby-jmyl-hn-tl-wshhd"),
        ("שלום עולם האביב הגיע", "slvm-vlm-hvyv-hgy"),
        ("አማርኛ ጸደይ መጣ", "amarnya-tsedey-meta"),
        ("វសន្តរដូវមកដល់ហើយ", "vsntrdouv-mkdla-haeuy"),
        ("🎉🎊 Party! 👩\u200d👩\u200d👧", "tada-confetti-ball-party"),
    ],
)
def test_label_of_text_is_the_first_words_that_are_heard(text: str, label: str) -> None:
    """A line's label would be as long as the line, or made of what nobody hears."""
    assert names.label_of_text(text) == label


SCRIPTS = [
    "spring", "it's", "naïve", "весна", "щастя", "ελλάδα", "ربيع", "جميل", "שלום", "नमस्ते", "বসন্ত", "வசந்தம்", "ฤดูใบไม้ผลิ",
    "แล้ว", "ໃບໄມ້", "រដូវ", "နွေဦး", "春天来了", "春が来ました", "カメラ", "봄이", "საქართველო", "ጸደይ", "🎉", "50%", "3.5",
]  # fmt: skip
"""Words and phrases of many scripts, some without spaces."""


@given(
    st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=12),
    st.sampled_from([" ", "", "_", " - ", "\u00a0"]),
)
def test_a_label_holds_whole_words_of_any_script(parts: list[str], between: str) -> None:
    """A name would end in half a word, which reads as another one or as none."""
    text = between.join(parts)

    whole, short = names.slug(text, 500).split("-"), names.slug(text, 60).split("-")

    assert all(whole)
    if len(whole[0]) > 60:
        assert short == [whole[0][:60]]
        return
    assert short == whole[: len(short)]
    assert len(short) == len(whole) or len("-".join(whole[: len(short) + 1])) > 60


@given(st.text())
def test_a_title_is_what_is_written_without_what_nobody_sees(text: str) -> None:
    """A file of a Thai or Arabic name would be shown in Latin letters, or break the line that it stands on."""
    title = names.title_of_url(f"https://x/{quote(text, safe='')}.mp4")

    assert 1 <= len(title) <= 80
    assert title.isprintable()
    assert title == title.strip()


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://x/%E0%B8%A4%E0%B8%94%E0%B8%B9.mp4?token=1", "ฤดู"),
        ("https://x/%E2%80%8FSommer%20M%C3%BCsli.final.mov", "Sommer Müsli.final"),
        ("https://x/", "x"),
    ],
)
def test_a_title_keeps_its_script(url: str, title: str) -> None:
    """Whoever made the file would not find its name again."""
    assert names.title_of_url(url) == title


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
        (
            "spring is here, so go outside and look at it while it still lasts!",
            '"spring is here, so go outside and look at it while it..."',
        ),
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


@given(st.lists(st.from_regex(NAME_PATTERN.replace("$", r"\Z")), min_size=1, max_size=22))
def test_a_variant_name_is_cut_between_words(labels: list[str]) -> None:
    """A long name would end in half a label, or with two hyphens in a row."""
    name = names.variant_name(labels, "0123456789abcdef")

    words = [word for label in labels for word in label.split("-") if word]
    held = name.removesuffix("-01234567").split("-")
    assert held == words[: len(held)]
