"""How long is a bucket tried that does not answer? As the environment says."""

from __future__ import annotations

import os

from cliptask.errors import SetupError

DEADLINE = "CLIPTASK_STORE_DEADLINE_S"
"""Another deadline, for whole processes."""
DEADLINE_S = 30.0
_LONGEST_S = 3600


def deadline_s() -> float:
    """For one request with all its attempts. Raises ``SetupError`` for what is none."""
    said = os.environ.get(DEADLINE, "")
    try:
        deadline = float(said or DEADLINE_S)
    except ValueError:
        deadline = 0
    if not 1 <= deadline <= _LONGEST_S:
        message = f"{DEADLINE} must be a number of seconds from 1 to {_LONGEST_S}, not {said!r}"
        raise SetupError(message)
    return deadline
