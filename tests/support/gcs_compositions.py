"""Which compositions does Google Cloud Storage refuse that fake-gcs-server 1.56 lets pass, or fails at?

The emulator ignores preconditions, checksums and storage classes, and answers 500 where a source is missing.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import HTTPErrorProcessor, build_opener

from cliptask_renderer.storage.crc32c import as_text, concatenated

_COMPOSE = re.compile(r"(?P<bucket>/storage/v1/b/[^/]+/o/)(?P<name>[^/]+)/compose")


class Refusal(NamedTuple):
    """An answer: status and words."""

    code: int
    words: str


class _AnyStatus(HTTPErrorProcessor):
    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ARG002, ANN401  the standard library's
        return response


def refusal(server: str, path: str, body: bytes) -> Refusal | None:
    """What the real one would answer to a request; None: it would do it, or it is no composition."""
    asked = _COMPOSE.fullmatch(urlsplit(path).path)
    if asked is None:
        return None
    request = json.loads(body)
    objects = [
        _object(f"{server}{asked['bucket']}{quote(each['name'], safe='')}")
        for each in request["sourceObjects"]
    ]
    there = [each for each in objects if each is not None]
    wanted = [each.get("generation") for each in request["sourceObjects"]]
    if len(there) < len(objects) or any(
        generation is not None and str(generation) != each["generation"]
        for each, generation in zip(there, wanted, strict=True)
    ):
        return Refusal(404, "No such object")
    conditions = parse_qs(urlsplit(path).query).get("ifGenerationMatch")
    if conditions == ["0"] and _object(f"{server}{asked['bucket']}{asked['name']}") is not None:
        return Refusal(412, "At least one of the pre-conditions you specified did not hold.")
    if len({each.get("storageClass", "STANDARD") for each in there}) > 1:
        return Refusal(400, "The storage class of all source components must match.")
    given = request["destination"].get("crc32c")
    found = as_text(concatenated((_number(each["crc32c"]), int(each["size"])) for each in there))
    if given not in {None, found}:
        return Refusal(400, f"Provided CRC32C {given} doesn't match calculated CRC32C {found}.")
    return None


def _number(crc32c: str) -> int:
    return int.from_bytes(base64.b64decode(crc32c), "big")


def _object(url: str) -> dict[str, Any] | None:
    with build_opener(_AnyStatus).open(url, timeout=60) as answer:
        found = json.load(answer) if answer.status == 200 else None
    return found if isinstance(found, dict) else None
