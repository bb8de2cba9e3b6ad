"""What do the content credentials of a video say of it, and by whom are they signed?"""

from __future__ import annotations

from cliptask.order import Order


class Component(Order):
    """What went into a video: a clip, a track or a line."""

    title: str
    """What people call it."""
    content: str
    """SHA-256 of its file, or a line's key."""
    is_synthetic: bool = False
    """Whether AI made it."""


class CredentialsOrder(Order):
    """What is signed of a video beside the video itself."""

    signer: str
    """Name of the Secret with the certificate and its key. What the Secret holds is in no key: certificates are renewed."""
    components: tuple[Component, ...]
    """In the order of the blocks, then the track, then the lines."""
