"""How is what a server says told in a message? On one line, and not all of it."""

from __future__ import annotations

_LONGEST_QUOTE = 400


def one_line(text: str) -> str:
    """Without line breaks and a stop at the end."""
    return " ".join(text.split())[:_LONGEST_QUOTE].rstrip(".")
