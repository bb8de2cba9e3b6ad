"""What does a Secret say now? One that is mounted is read anew each time: Kubernetes writes it again when it changes."""

from __future__ import annotations

from pathlib import Path

from cliptask.errors import SetupError


def read_secret(file: Path) -> str:
    """The text of a Secret's file, without the line break that it often ends in. Raises ``SetupError``."""
    try:
        said = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        message = f"the secret in {file} cannot be read ({why}): mount it there, or name another file"
        raise SetupError(message) from None
    if not said:
        message = f"the secret in {file} is empty: put it into the Secret"
        raise SetupError(message)
    return said
