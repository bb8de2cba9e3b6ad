"""How is a video signed that nobody reads? By its header and the checksums of its parts, before it is put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cliptask.errors import MediaError
from cliptask.orders import NamedVariant
from cliptask_renderer.mux.movie import Movie
from cliptask_renderer.signing.binding import DIGEST_BYTES, Block, binding, header_hash, media_of
from cliptask_renderer.signing.certificate import Certificate
from cliptask_renderer.signing.claim import definition
from cliptask_renderer.signing.library import signed_box


def signed(
    make: Callable[[bytes], Movie], parts: Sequence[Block], video: NamedVariant, certificate: Certificate
) -> Movie:
    """A video with its claim; ``make`` reckons it with a box of a claim, ``parts`` are the whole files behind its header.

    The claim is over the header, whose positions hang on how long the claim is: so it is signed twice, the first time to be
    measured. Raises ``SetupError`` where the certificate does not serve.
    """
    captions = media_of(make(b"").head)
    blocks = [*([Block.of(captions)] if captions else []), *parts]
    measured = signed_box(definition(video, binding(bytes(DIGEST_BYTES), blocks)), certificate)
    made = make(measured)
    claim = signed_box(definition(video, binding(header_hash(made.head), blocks)), certificate)
    if len(claim) != len(measured):
        message = f"video {video.name} is not signed: its claim takes {len(claim)} bytes, and took {len(measured)} before"
        raise MediaError(message)
    return replace(made, head=made.head.replace(measured, claim))
