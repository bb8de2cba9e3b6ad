"""Which letters do clips' captions hold? Those that no font can write are refused before anything is encoded; of emoji it is noted that there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cliptask.caption_file import words_key
from cliptask.emoji import has_emoji
from cliptask.errors import ClipTaskError, SourceError
from cliptask.facts import SourceFacts, Transcript, Word
from cliptask.names import words_object
from cliptask.spec.captions import ClipVoice
from cliptask.spec.style import TextStyle
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.letters import families, own_fonts, refused
from cliptask_operator.sources.urls import shown_url
from cliptask_operator.speech.transcriber import Written
from cliptask_renderer.lettering.faces import Family
from cliptask_renderer.recordings import words_of
from cliptask_renderer.storage.base import Store


def writable_only(
    spec: ClipTaskSpec,
    sources: Mapping[str, SourceFacts | ClipTaskError],
    own: Mapping[str, Family],
    cache: Store,
) -> dict[str, SourceFacts | ClipTaskError]:
    """The sources by URL, with what is known of captions that are to be part of the picture: an error where they cannot. Blocks.

    ``own`` are the task's fonts by their names; where one of them could not be had, nothing is said of what it writes.
    """
    found, style = dict(sources), spec.captions.letters or TextStyle()
    if spec.captions.mode != "burned" or any(name not in own for name in own_fonts(style)):
        return found
    written = families(style, own)
    clips = (clip for each in spec.by_row for block in each.video_blocks for clip in block.clips)
    for url in (url for clip in clips for url in clip.urls[1:]):
        facts = found[url]
        if not isinstance(facts, SourceFacts) or facts.kind != "captions":
            continue
        words = words_of(cache, words_object(words_key(facts.sha256)))
        wrong = _wrong(words, style, written)
        signs = has_emoji(*(word.text for word in words))
        found[url] = (
            SourceError(f"{shown_url(url)}: {wrong}")
            if wrong
            else facts.model_copy(update={"has_emoji": signs})
        )
    return found


def writable_words(
    spec: ClipTaskSpec, transcripts: Mapping[ClipVoice, Written], own: Mapping[str, Family]
) -> dict[ClipVoice, Written]:
    """The same of what is written down of clips. Blocks."""
    found, style = dict(transcripts), spec.captions.letters or TextStyle()
    if spec.captions.mode != "burned" or any(name not in own for name in own_fonts(style)):
        return found
    written = families(style, own)
    for voice, transcript in transcripts.items():
        words = transcript.words if isinstance(transcript, Transcript) else None
        if wrong := _wrong(words or (), style, written):
            found[voice] = SourceError(f"{shown_url(voice.url)}: what is said in it: {wrong}")
    return found


def _wrong(words: Sequence[Word], style: TextStyle, written: Sequence[Family]) -> str | None:
    """What of them cannot be written."""
    if not refused(" ".join(word.text for word in words), style, written):
        return None
    bad = " ".join(word.text for word in words if refused(word.text, style, written))
    return refused(bad, style, written)
