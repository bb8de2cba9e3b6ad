"""Who is told when a campaign begins and ends, and in what words?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from cliptask.spec import remedies
from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import LONGEST_URL, splits

RECEIVER_PATTERN = r"^https?://[^\s/?#@\x00-\x1f\x7f]+([/?][^\s#\x00-\x1f\x7f]*)?$"
RECEIVER_WORDS = "must be a URL without a password, such as https://hooks.example.com/cliptask"
OBJECT_PATTERN = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
OBJECT_WORDS = "must be the name of a Secret: lower-case letters, digits, hyphens and dots"

ToldPhase = Literal["Fetching", "Rendering", "Suspended", "Complete", "Failed"]
WORDS: Final = (
    "task", "namespace", "phase", "reason", "message", "variants", "succeeded", "failed", "index", "time", "id"
)  # fmt: skip
"""What a template may have filled in."""
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_EXAMPLE = '{"text": "{{task}}: {{message}}"}'


def filled(template: str, words: Mapping[str, str]) -> bytes:
    """A template's JSON with words in the place of its placeholders: whatever they hold, it stays the same JSON."""
    said = _mapped(json.loads(template), lambda text: _PLACEHOLDER.sub(lambda each: words[each[1]], text))
    return json.dumps(said).encode()


def _mapped(value: Any, of_text: Callable[[str], str]) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return {key: _mapped(below, of_text) for key, below in value.items()}
    if isinstance(value, list):
        return [_mapped(below, of_text) for below in value]
    return of_text(value) if isinstance(value, str) else value


def _no_number(text: str) -> float:
    raise ValueError(text)


def _fillable(template: str) -> str:
    texts: list[str] = []

    def keep(text: str) -> str:
        texts.append(text)
        return text

    try:
        _mapped(json.loads(template, parse_constant=_no_number), keep)
    except json.JSONDecodeError as error:
        message = (
            f"is not JSON ({error.msg} at line {error.lineno}, column {error.colno}): write e.g. {_EXAMPLE}"
        )
        raise ValueError(message) from None
    except (ValueError, RecursionError):
        message = f"is not JSON that everybody can read: write e.g. {_EXAMPLE}"
        raise ValueError(message) from None
    for name in (name for text in texts for name in _PLACEHOLDER.findall(text)):
        if name not in WORDS:
            near = remedies.closest(name, WORDS)
            meant = f"did you mean {{{{{near}}}}}? " if near else ""
            message = f"holds {{{{{name}}}}}, which nothing fills: {meant}there are: {', '.join(WORDS)}"
            raise ValueError(message)
    return template


class SecretRef(Part):
    """A Secret of the task's namespace."""

    name: Annotated[str, StringConstraints(pattern=OBJECT_PATTERN, max_length=253)]
    """Its name. Its key signing-key signs what is sent; its key url is the address, for one that nobody may read."""


class Receiver(Part):
    """Where news of the campaign are sent, as CloudEvents over HTTP."""

    url: Annotated[
        str | None,
        StringConstraints(pattern=RECEIVER_PATTERN, max_length=LONGEST_URL),
        AfterValidator(lambda url: url and splits(url)),
    ] = None
    """Where they are posted. Unset: the Secret's key url says."""
    secret_ref: SecretRef | None = None
    """What signs them (Standard Webhooks), and where they go if url does not say. Without, they are not signed."""
    phases: Annotated[tuple[ToldPhase, ...], Field(min_length=1, max_length=5)] = ("Complete", "Failed")
    """Of which phases. Default: Complete and Failed."""
    template: Annotated[str, StringConstraints(max_length=4096), AfterValidator(_fillable)] | None = None
    """JSON to send instead of the campaign's numbers, e.g. for Slack; {{task}}, {{message}} and the like are filled in."""

    @rule(
        "needs an address: give a url, or a secretRef to a Secret with the key url",
        cel="has(self.url) || has(self.secretRef)",
    )
    def _has_address(self) -> Iterable[Breach]:
        return when(self.url is None and self.secret_ref is None)
