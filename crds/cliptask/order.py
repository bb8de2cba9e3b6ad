"""What is an order? A frozen value that is complete in itself, with a content key."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from cliptask import recipe

T = TypeVar("T")

LATER: Any = Field(exclude_if=lambda value: value is None or value is False)
"""Of a field that orders did not always have: where it is None or false nothing says that there is one, and keys stay what they were."""


class Order(BaseModel, frozen=True, extra="forbid"):
    """Common to all orders: frozen, hashable, JSON in and out without loss."""

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of all that decides the result: the order's fields and the recipe. Same key, same bytes."""
        fields = self.model_dump(mode="json", by_alias=True)
        return digest({"kind": type(self).__name__, "recipe": recipe.ALL, "order": fields})


def given(**fields: T | None) -> dict[str, T]:
    """Those that are not None, for fields whose default that is: a model keeps the name of each that it was given.

    In thousands of models these names take more memory than all else.
    """
    return {name: value for name, value in fields.items() if value is not None}


def digest(content: object) -> str:
    """SHA-256 (hex) of what JSON can say."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
