"""In which form is a voice written down? Apart from what writes it, which loads decoders: who reads it has no need of them."""

from typing import Final

RATE: Final = 16_000
"""Samples a second."""
SAMPLE_BYTES: Final = 2
"""Signed, the lower one first; one channel."""
