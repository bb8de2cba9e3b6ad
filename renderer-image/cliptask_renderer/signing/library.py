"""What makes a signed box of a claim? The library of the standard's authors, which is loaded where something is signed."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cliptask.errors import SetupError
from cliptask_renderer.signing.binding import Block, binding
from cliptask_renderer.signing.certificate import Certificate

try:
    import c2pa
    from c2pa.c2pa import _lib as native
except ImportError as error:
    message = (
        f"content credentials need {error.name or 'a library'}: pip install 'cliptask-video[credentials]'"
    )
    raise SetupError(message) from error

_FORMAT = b"video/mp4"
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}, "core": {"allowed_network_hosts": []}}
"""Nothing is drawn, and nothing is asked for in the network."""

# The library's own Python signs whole files alone, which it reads; its C interface is documented and signs what is told of one.
_sign = native.c2pa_builder_sign_embeddable
_sign.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]
_sign.restype = ctypes.c_int64


def signed_box(definition: Mapping[str, Any], certificate: Certificate) -> bytes:
    """A ``uuid`` box with the claim of a manifest's definition. The same definition gives as many bytes each time.

    Raises ``SetupError`` where the library does not sign with this certificate.
    """
    made = ctypes.c_void_p()
    try:
        with c2pa.Builder(json.dumps(definition), context=_context(certificate)) as builder:
            size = _sign(builder._handle, _FORMAT, ctypes.byref(made))  # noqa: SLF001  see above
            if size < 0:
                c2pa.c2pa._check_ffi_operation_result(size, "not signed", check=lambda _: True)  # noqa: SLF001  tells why
    except c2pa.C2paError as error:
        message = f"{certificate.what} does not serve to sign with: {error}"
        raise SetupError(message) from error
    try:
        return ctypes.string_at(made, size)
    finally:
        native.c2pa_free(made)


def try_out(certificate: Certificate) -> None:
    """Sign something. Raises ``SetupError`` as above."""
    created = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/composite",
    }
    actions = {"label": "c2pa.actions.v2", "data": {"actions": [created]}}
    block = Block.of(b"nothing")
    signed_box({"assertions": [actions, binding(block.sha256, [block])]}, certificate)


@lru_cache(maxsize=8)
def _context(certificate: Certificate) -> c2pa.Context:
    algorithm = c2pa.C2paSigningAlg[certificate.algorithm.upper()]
    signer = c2pa.Signer.from_callback(certificate.sign, algorithm, certificate.chain)
    return c2pa.Context.from_dict(_SETTINGS, signer=signer)
