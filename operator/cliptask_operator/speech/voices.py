"""Which voice has this name? The voices of an account, as the store lists them, and the search among them."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel, Field

from cliptask.errors import SetupError, SpeechError
from cliptask.text import normal

OBJECT: Final = "voices.json"
"""Name of the stored list."""
_NEAR_ID: Final = 0.9
"""Two of twenty letters may differ: of ids that are drawn by chance, no two are so near."""


class NotPermitted(SetupError):
    """The account's key may do other things, but not this."""


class VoiceGone(SpeechError):
    """The account has no voice with this id (any more)."""


class Voice(BaseModel, frozen=True):
    """A voice of the account."""

    id: str
    name: str
    category: str | None = None
    description: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    """E.g. language, gender, accent."""


class VoiceBook(BaseModel, frozen=True):
    """All voices of the account, as of the last request."""

    voices: tuple[Voice, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Of all voices."""
        return frozenset(voice.id for voice in self.voices)

    def find(self, name: str) -> Voice | None:
        """The voice of this name: as written, else in any case, else without what the provider adds after `` - ``.

        Raises ``SpeechError`` where several voices share the name.
        """
        for form in (str, str.casefold, _short):
            voices = [voice for voice in self.voices if form(normal(voice.name)) == form(normal(name))]
            if len(voices) == 1:
                return voices[0]
            if voices:
                ids = ", ".join(voice.id for voice in voices)
                message = (
                    f"{len(voices)} voices are called {name!r}: write an id instead of the name, one of {ids}"
                )
                raise SpeechError(message)
        return None

    def unknown(self, name: str) -> SpeechError:
        """The error for a name, or an id, that no voice has."""
        names = {_short(voice.name): voice.name for voice in self.voices}
        close = [repr(names[match]) for match in get_close_matches(_short(name), names, n=3)]
        close = self._near_ids(name) or close
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        return SpeechError(
            f"the account has no voice {name!r}: {hint}`cliptask voices` lists all {len(self.voices)}; espeak-ng is the local one"
        )

    def refuse_mistyped_id(self, voice_id: str) -> None:
        """Raise ``SpeechError`` for an id that is none of these and yet so near to one that only a typing error makes it."""
        if voice_id not in self.ids and self._near_ids(voice_id):
            raise self.unknown(voice_id)

    def _near_ids(self, voice_id: str) -> list[str]:
        names = {voice.id: voice.name for voice in self.voices}
        return [f"{match!r} ({names[match]})" for match in get_close_matches(voice_id, names, 1, _NEAR_ID)]


def is_voice_id(voice: str) -> bool:
    """Whether it has the form of ElevenLabs' ids. Those are used as they are: a shared voice is in no account's list."""
    return re.fullmatch(r"[A-Za-z0-9]{20}", voice) is not None


def _short(name: str) -> str:
    return name.partition(" - ")[0].strip().casefold()
