"""How are lines spoken? The settings of the speech provider; the defaults are those of the service this one replaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cliptask.errors import SetupError
from cliptask_operator.secret_file import read_secret

SpeechBy = Literal["elevenlabs", "espeak", "none"]
"""elevenlabs: each line by its own voice, which may be espeak-ng; what is said in clips is written down. espeak: every line by
espeak-ng; of clips what was written down before is shown. none: nobody speaks, nothing is shown."""


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Raises ``SetupError`` for values that cannot be used; an account is asked for only where it is needed."""

    by: SpeechBy = "elevenlabs"
    api_key: str | None = field(default=None, repr=False)
    api_key_file: Path | None = None
    """Where the key stands as it is now: it is read anew for each request."""
    get_account: str = (
        "set ELEVENLABS_API_KEY or ELEVENLABS_API_KEY_FILE; or let a robot speak a draft (--speech espeak), or nobody "
        "(--speech none)"
    )
    """What a person can do where there is no account."""
    base_url: str | None = None
    """Of the API; None is ElevenLabs' own."""
    model: str = "eleven_multilingual_v2"
    transcription_model: str = "scribe_v2"
    """Of speech to text, which writes down what is said in clips."""
    output_format: str = "mp3_44100_128"
    stability: float = 0.0
    similarity_boost: float = 1.0
    style: float = 0.0
    use_speaker_boost: bool = False
    speed: float = 1.0
    concurrency: int = 2
    """Requests at once: the account's limit, 2 on the free plan (Starter 3, Creator 5, Pro 10, Scale 15)."""
    attempts: int = 6
    """Of one request, the first included; the time between them doubles from ``backoff_s`` to 30 s."""
    backoff_s: float = 0.5
    timeout_s: float = 60.0
    """Of one attempt."""

    def __post_init__(self) -> None:
        # A secret often ends in a line break, which no header can carry.
        object.__setattr__(self, "api_key", (self.api_key or "").strip() or None)
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            message = "the base URL of ElevenLabs must start with https:// or http://"
            raise SetupError(message)
        if not self.output_format.startswith(("mp3_", "wav_")):
            message = f"output format {self.output_format!r} cannot be stored: use one that starts with mp3_ or wav_"
            raise SetupError(message)
        if min(self.concurrency, self.attempts) < 1 or self.timeout_s <= 0:
            message = "concurrency and attempts of speech must be 1 at least, its time-out longer than 0 s"
            raise SetupError(message)

    @property
    def names_account(self) -> bool:
        """Whether an account was set, be its key there or not."""
        return self.api_key is not None or self.api_key_file is not None

    def key(self) -> str:
        """The account's key as it is now. Raises ``SetupError`` where there is none, or none that could be one."""
        key = self.api_key if self.api_key_file is None else read_secret(self.api_key_file)
        if key is None:
            message = f"there is no account at ElevenLabs: {self.get_account}"
            raise SetupError(message)
        if not (key.isascii() and key.isprintable()):
            message = (
                "the ElevenLabs key holds characters that no key has: copy it again from the account's page"
            )
            raise SetupError(message)
        return key

    def content(self) -> dict[str, float | bool]:
        """The settings that change how a voice sounds: part of a recording's key."""
        return {
            "stability": float(self.stability),
            "similarity_boost": float(self.similarity_boost),
            "style": float(self.style),
            "use_speaker_boost": self.use_speaker_boost,
            "speed": float(self.speed),
        }
