"""What is everything called? Object names in the store, labels of clips and variants, URLs fit to be shown."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import accumulate
from urllib.parse import unquote, urlsplit

from cliptask.text import abridged, drawn, heard, phrases

VIDEO = ".mp4"
"""How the file of a variant ends; it bears its name."""
CAPTIONS, PICTURE = r"captions/[0-9a-f]{64}\.vtt", r"pictures/[0-9a-f]{64}\.jpg"
"""Patterns of the files that variants share, by their names beside the videos."""

LABEL_LENGTH = 40
_LINE_LENGTH = 24
_TITLE_LENGTH = 80
_SIGNING = re.compile(
    r"x-(amz|goog|ms|oss|cos|obs|tos)-.+"
    r"|(aws|google|oss)?access(key)?id|signature|expires|policy|key-pair-id|securitytoken|hdn(ts|ea)"
    r"|s[eiprstv]|ss|srt|spr|sip|sdd|sk(oid|tid|t|e|s|v)|s[au]oid|scid|ses"
    r"|(auth|access|security)?[-_]?token|sig|sign|hash|hmac|md5|exp|expiry|ttl|verify",
    re.IGNORECASE,
)
"""Parameters of signatures: Amazon's and others like them, Google's, CloudFront's, Akamai's; Azure's; what others call theirs."""
_LONGEST_SHOWN = 60


# Thai and Lao write five vowels before the consonant after which they are said.
_VOWEL_FIRST = re.compile("([\u0e40-\u0e44])([\u0e01-\u0e2e])|([\u0ec0-\u0ec4])([\u0e81-\u0eae])")
_WORD = re.compile(r"[a-z0-9]+(?:(?<=[a-z])['`]+(?=[a-z])[a-z0-9]+)*")
"""An apostrophe parts no word: ``don't``, and what stands for a letter in Arabic, Hebrew or Amharic."""


def slug(text: str, length: int = LABEL_LENGTH) -> str:
    """Lower-case ASCII letters, digits and single hyphens, at most ``length`` of them; ``x`` where nothing is left.

    As many whole words as fit, also of scripts that have no spaces; only a first word that is longer alone is cut.
    Other scripts are spelled in Latin letters. A letter and its accent are one, however they are encoded.
    """
    return _joined(_words(text), length)


def _words(text: str) -> list[str]:
    from anyascii import anyascii  # noqa: PLC0415  costs 20 ms, and a Job makes no labels

    spelled = (
        anyascii(_VOWEL_FIRST.sub(r"\2\1\4\3", phrase)).lower()
        for phrase in phrases(unicodedata.normalize("NFC", text))
    )
    return [re.sub("['`]", "", word) for phrase in spelled for word in _WORD.findall(phrase)]


def _joined(words: Sequence[str], length: int) -> str:
    ends = accumulate(len(word) + 1 for word in words)
    fitting = sum(end - 1 <= length for end in ends)
    return "-".join(words[:fitting]) or "".join(words[:1])[:length] or "x"


def public_url(url: str) -> str:
    """The URL without user, query and fragment, which may carry tokens: the only form that is ever shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def unsigned(url: str) -> str:
    """The URL without what may be another at each run although it leads to the same file: user, signature, fragment."""
    query = sorted(filter(None, urlsplit(url).query.split("&")))
    kept = [each for each in query if not _SIGNING.fullmatch(unquote(each.partition("=")[0]))]
    return public_url(url) + (f"?{'&'.join(kept)}" if kept else "")


def shown(text: str, *, url: bool = False) -> str:
    """Somebody's text for a message: in quotes, on one line, shortened, without control characters and tokens of URLs.

    ``url``: it was meant to be one, so that user, query and fragment go even if nothing else tells.
    """
    if url:
        text = _without_secrets(text)
    else:
        # Neither may look from each letter on to the end: a megabyte would take hours.
        text = re.sub(r"\w[\w+.-]{0,30}://\S+", lambda match: _without_secrets(match[0]), text)
        text = re.sub(r"\?\S*", lambda match: "" if "=" in match[0] else match[0], text)
    quoted = json.dumps(abridged(text, _LONGEST_SHOWN), ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in quoted)


def _without_secrets(text: str) -> str:
    try:
        if "://" in text:
            return public_url(text)
    except ValueError:
        pass  # so broken that it has no parts
    return re.split(r"[?#]", text, maxsplit=1)[0].rpartition("@")[2]


def called(what: str, key: str, places: Mapping[str, str]) -> str:
    """What a message calls an input: its place in the task, else ``what`` it is and the beginning of its key."""
    return places.get(key, f"the {what} {key[:12]}")


def label_of_url(url: str) -> str:
    """A label from the file's name in a URL, e.g. ``hook-a`` from ``https://x/Hook_A.mp4?token=1``."""
    return slug(_file_name(url))


def label_of_text(text: str) -> str:
    """A label from the first words of a line that are heard."""
    words = _words(heard(text))
    return _joined(words, max(_LINE_LENGTH, min(len("".join(words[:1])), LABEL_LENGTH)))


def title_of_url(url: str) -> str:
    """What people call a file: its name in the URL, in its own script, without anything invisible."""
    return _title(_file_name(url))


def title_of_text(text: str) -> str:
    """What people call a line: its first words, in their own script."""
    return _title(heard(text))


def _file_name(url: str) -> str:
    path = unquote(urlsplit(url).path).rstrip("/")
    return posixpath.splitext(posixpath.basename(path))[0]


def _title(text: str) -> str:
    visible = "".join(letter if letter.isprintable() else " " for letter in drawn(text))
    return abridged(" ".join(visible.split()), _TITLE_LENGTH) or "x"


def distinct(labels: list[tuple[str, str]]) -> list[str]:
    """Labels made distinct: where two are equal, each gets six hex digits of what it stands for.

    ``labels`` holds (label, identity) pairs; the digits depend on the identity alone, so that neither an edit elsewhere
    nor another order renames what was already ambiguous.
    """
    plain = [label for label, _ in labels]
    return [
        label if plain.count(label) == 1 else f"{label}-{hashlib.sha256(identity.encode()).hexdigest()[:6]}"
        for label, identity in labels
    ]


def source_object(sha256: str) -> str:
    """Name of a source in the cache."""
    return f"sources/{sha256}"


def url_object(url: str) -> str:
    """Name of the record of what a URL held when it was last looked at."""
    return f"urls/{hashlib.sha256(url.encode()).hexdigest()}.json"


def answer_object(url: str, *marks: str | int) -> str:
    """Name of the record of a content that a server marked so, whatever query the URL had."""
    return url_object(json.dumps([public_url(url), *marks]))


def speech_object(key: str, extension: str) -> str:
    """Name of a recording (``mp3``, ``wav``) or of what is known of it (``json``)."""
    return f"speech/{key}.{extension}"


def words_object(key: str) -> str:
    """Name of the words of a clip's captions, with their times."""
    return f"words/{key}.json"


def segment_object(key: str) -> str:
    """Name of a segment in the cache."""
    return f"segments/{key}.mp4"


def picture_object(key: str) -> str:
    """Name of what stands for a segment in the cache: one of its pictures as a JPEG."""
    return f"segments/{key}.jpg"


def picture_file(key: str) -> str:
    """Name of the same beside the videos."""
    return f"pictures/{key}.jpg"


def captions_file(key: str) -> str:
    """Name of a caption file beside the videos."""
    return f"captions/{key}.vtt"


def is_shared(name: str) -> bool:
    """Whether a file beside the videos is one that variants share."""
    return re.fullmatch(f"{CAPTIONS}|{PICTURE}", name) is not None


def soundtrack_object(key: str) -> str:
    """Name of a soundtrack in the cache."""
    return f"soundtracks/{key}.m4a"


def variant_name(labels: list[str], key: str) -> str:
    """``<clip>-<clip>-<track>-<line>-<8 hex of the key>``, at most 200 characters, cut between words."""
    return f"{_joined([word for label in labels for word in label.split('-') if word], 191)}-{key[:8]}"
