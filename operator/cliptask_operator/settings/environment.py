"""What does the installation decide? Settings from the environment; the task decides the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from cliptask.errors import SetupError
from cliptask.spec.complaints import complaint
from cliptask.spec.places import spelled
from cliptask.spec.values import MAX_VARIANTS
from cliptask_operator.campaign.preflight import Policy
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.speech.settings import SpeechBy, SpeechSettings


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = BeforeValidator(_split)
"""A collection that the environment writes as one text, separated by commas; goes with ``NoDecode``."""


def of_form(pattern: str, words: str) -> AfterValidator:
    """A text that matches all of a pattern; ``words`` say in a sentence what it must be."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return AfterValidator(check)


class Settings(BaseSettings):
    """Each field is read from ``CLIPTASK_<NAME>``; the account's key from ``ELEVENLABS_API_KEY``."""

    model_config = SettingsConfigDict(
        env_prefix="CLIPTASK_",
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    open_hosts: Annotated[frozenset[str], NoDecode, Listed] = frozenset()
    """Hosts, or host:port, that may be fetched from although their addresses are private, separated by commas."""
    allow_http: bool = False
    """Whether sources may be fetched over unencrypted http://."""
    max_source_bytes: int = Field(4 << 30, ge=1)
    """The largest source, in bytes."""
    fetch_timeout_s: float = Field(900, gt=0)
    """The longest that one source may take, in seconds."""
    downloads: int = Field(8, ge=1, le=64)
    """Sources fetched at once."""
    max_variants: int = Field(MAX_VARIANTS, ge=1)
    """The most variants of one task."""
    workers: int | None = Field(None, ge=1)
    """Encodes side by side; default: one for each CPU."""
    scratch: Path | None = None
    """Folder of what is there only while something is made; default: the output's own, for a bucket TMPDIR."""
    secrets: Path | None = None
    """Folder that stands for a cluster's Secrets: of each a folder of its name, with a file for each key."""
    speech: SpeechBy = "elevenlabs"
    """Who speaks: each line's own voice; or for all lines espeak (a robot's voice, for drafts) or none."""
    elevenlabs_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("ELEVENLABS_API_KEY"))
    """The account's key."""
    elevenlabs_api_key_file: Path | None = Field(
        None, validation_alias=AliasChoices("ELEVENLABS_API_KEY_FILE")
    )
    """A file with the account's key, read anew for each request: it may be replaced at any time."""
    elevenlabs_base_url: str | None = None
    """Another address of the ElevenLabs API."""
    elevenlabs_model: str = "eleven_multilingual_v2"
    """The model that speaks."""
    elevenlabs_transcription_model: str = Field("scribe_v2", min_length=1)
    """The model that writes down what is said in clips."""
    elevenlabs_output_format: Annotated[
        str, of_form(r"mp3_\d+_\d+", "must be an MP3 as ElevenLabs names them, e.g. mp3_44100_128")
    ] = "mp3_44100_128"
    """The recordings' form; an MP3 of any quality."""
    elevenlabs_concurrency: int = Field(2, ge=1, le=15)
    """Lines spoken and clips transcribed at once, together: the limit of the account (Free 2, Pro 10, Scale 15)."""

    @property
    def fetch(self) -> FetchSettings:
        """What fetching needs to know; files of this machine are for local mode, which is all there is."""
        return FetchSettings(
            open_hosts=self.open_hosts,
            allow_http=self.allow_http,
            allow_file=True,
            max_bytes=self.max_source_bytes,
            timeout_s=self.fetch_timeout_s,
            parallel=self.downloads,
        )

    @property
    def policy(self) -> Policy:
        """What a task may ask for."""
        return Policy(max_variants=self.max_variants, fetch=self.fetch)

    @property
    def speaking(self) -> SpeechSettings:
        """What speaking needs to know. Raises ``SetupError`` for values that cannot be used."""
        key = self.elevenlabs_api_key
        return SpeechSettings(
            by=self.speech,
            api_key=key.get_secret_value() if key else None,
            api_key_file=self.elevenlabs_api_key_file,
            base_url=self.elevenlabs_base_url,
            model=self.elevenlabs_model,
            transcription_model=self.elevenlabs_transcription_model,
            output_format=self.elevenlabs_output_format,
            concurrency=self.elevenlabs_concurrency,
        )


Kind = TypeVar("Kind", bound=Settings)


def from_environment(kind: type[Kind]) -> Kind:
    """Settings of a kind from the environment. Raises ``SetupError`` that names each variable with a bad value."""
    try:
        return kind()
    except (ValidationError, SettingsError) as error:
        # The value is not shown: it may be a secret.
        message = f"a setting of the environment cannot be used: {'; '.join(_problems(kind, error))}"
        raise SetupError(message) from None


def _problems(kind: type[Settings], error: ValidationError | SettingsError) -> list[str]:
    if isinstance(error, ValidationError):
        return [_problem(kind, each) for each in error.errors()]
    # It tells the field in words alone.
    fields = re.findall(r'field "(\w+)"', str(error))
    return [f"{_variable(name)}: is not valid JSON" for name in fields] or [str(error)]


def _problem(kind: type[Settings], details: ErrorDetails) -> str:
    name, *below = details["loc"]
    where = spelled((_variable(str(name)), *below))
    if details["type"] == "missing" and not below:
        return f"{where}: is not set: {kind.model_fields[str(name)].description}"
    return f"{where}: {complaint(details)}"


def _variable(name: str) -> str:
    return name if name.isupper() else f"CLIPTASK_{name.upper()}"
