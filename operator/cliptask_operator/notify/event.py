"""What is told of a campaign? A CloudEvent 1.0, whose id is the same whenever the same is told. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cliptask.spec.notify import WORDS, filled
from cliptask.spec.status import Failure, timestamp

TYPE = "dev.cliptask.task"
"""The type of an event is this and the phase: ``dev.cliptask.task.complete``."""
_STRUCTURED, _PLAIN = "application/cloudevents+json", "application/json"
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True)
class News:
    """Where a campaign is, as others are told."""

    task: str
    phase: str
    reason: str
    message: str
    namespace: str = ""
    """Empty where there is no cluster."""
    generation: int = 0
    """Of the task's spec; 0 where there is no cluster."""
    variants: int = 0
    succeeded: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    """The first of them."""
    bytes: int = 0
    """Of all videos, once the campaign has ended."""
    index: str = ""
    """Where its index.json is."""

    @property
    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **vars(self),
            "failures": [each.model_dump(mode="json", by_alias=True) for each in self.failures],
        }


@dataclass(frozen=True)
class Event:
    """News with an identity."""

    id: str
    """Of 32 hexadecimal digits."""
    source: str
    """A URI reference of the task."""
    time: datetime
    news: News

    @property
    def words(self) -> dict[str, str]:
        """What a template may name."""
        data = self.news.data | {"id": self.id, "time": timestamp(self.time)}
        return {name: str(data[name]) for name in WORDS}

    @property
    def attributes(self) -> dict[str, str]:
        """Those of the CloudEvent, but for its content type."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": f"{TYPE}.{self.news.phase.lower()}",
            "subject": self.news.task,
            "time": timestamp(self.time),
        }

    def encoded(self, template: str | None) -> tuple[Mapping[str, str], bytes]:
        """Headers and body: in structured mode, where the body is all; by a template in binary mode, which leaves it the body."""
        if template is None:
            whole = {**self.attributes, "datacontenttype": _PLAIN, "data": self.news.data}
            return {"Content-Type": _STRUCTURED}, json.dumps(whole).encode()
        headers = {f"ce-{name}": quote(value, safe=_PRINTABLE) for name, value in self.attributes.items()}
        return {"Content-Type": _PLAIN, **headers}, filled(template, self.words)


def id_of(*what: str | int) -> str:
    """The id of what is told: the same for the same."""
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
