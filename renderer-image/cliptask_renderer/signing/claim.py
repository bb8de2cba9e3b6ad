"""What does a video's claim say? Who made it, what went into it, and how much of that is AI's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliptask import __version__
from cliptask.credentials import Component
from cliptask.orders import SOURCE_TYPES, NamedVariant

_COMPOSITE = "composite"
_SYNTHETIC = "trainedAlgorithmicMedia"


def definition(video: NamedVariant, binding: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's definition as the library takes it, which adds ids of its own. Pure."""
    credentials, title = video.order.credentials, video.name.rpartition("/")[2]
    components = credentials.components if credentials else ()
    return {
        "title": f"{title}.mp4",
        "format": "video/mp4",
        "claim_generator_info": [{"name": "ClipTask", "version": __version__}],
        "ingredients": [_ingredient(number, each) for number, each in enumerate(components)],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [_created(video), *(_placed(*each) for each in enumerate(components))]},
            },
            binding,
        ],
    }


def _created(video: NamedVariant) -> dict[str, Any]:
    return {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPES + (video.order.source_type or _COMPOSITE),
    }


def _placed(number: int, component: Component) -> dict[str, Any]:
    made = {"digitalSourceType": SOURCE_TYPES + _SYNTHETIC} if component.is_synthetic else {}
    return {"action": "c2pa.placed", **made, "parameters": {"ingredientIds": [_label(number)]}}


def _ingredient(number: int, component: Component) -> dict[str, Any]:
    return {
        "title": component.title,
        "instance_id": f"urn:sha256:{component.content}",
        "relationship": "componentOf",
        "label": _label(number),
    }


def _label(number: int) -> str:
    return f"component-{number}"
