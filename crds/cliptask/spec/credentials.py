"""By whose certificate are videos signed?"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from cliptask.spec.notify import OBJECT_PATTERN
from cliptask.spec.part import Part


class Credentials(Part):
    """Content credentials (C2PA) in every video: a signed statement of what made it and of what, which any verifier reads."""

    secret_name: Annotated[str, StringConstraints(pattern=OBJECT_PATTERN, max_length=253)]
    """Secret of the task's namespace with the certificate that signs, of the type kubernetes.io/tls: tls.crt, with the issuers' after the signer's own, and tls.key."""
