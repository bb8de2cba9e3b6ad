"""What can a model of ElevenLabs speak? Known before anything is paid for, as its list is free to ask for."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pydantic import BaseModel

from cliptask.errors import SetupError, SpeechError
from cliptask_operator.speech.recordings import SpeechOrder


class Model(BaseModel, frozen=True):
    """A model that speaks."""

    id: str
    longest_text: int | None = None
    """Characters of one line; None where it does not say."""
    languages: frozenset[str] = frozenset()
    """Without region and script; empty where it does not say."""


def refuse_unspeakable(order: SpeechOrder, models: Sequence[Model]) -> None:
    """Raise ``SetupError`` where the account has no such model, ``SpeechError`` where the model cannot speak the line."""
    model = next((each for each in models if each.id == order.model), None)
    if model is None:
        ids = [each.id for each in models]
        close = get_close_matches(order.model, ids, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        message = (
            f"the account has no model {order.model!r}: {hint}set CLIPTASK_ELEVENLABS_MODEL, in the chart elevenlabs.model, "
            f"to one of {', '.join(sorted(ids))}"
        )
        raise SetupError(message)
    if model.longest_text is not None and len(order.text) > model.longest_text:
        message = (
            f"{len(order.text):,} characters are more than the {model.longest_text:,} that {model.id} speaks at once: "
            "shorten the text, or divide it into several lines"
        )
        raise SpeechError(message)
    if model.languages and order.language not in model.languages:
        message = (
            f"{model.id} does not speak the language {order.language!r}: write one of "
            f"{', '.join(sorted(model.languages))}, or set another model"
        )
        raise SpeechError(message)
