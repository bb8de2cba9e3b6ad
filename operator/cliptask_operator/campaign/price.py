"""What does speech cost? As somebody has told it, for a thousand characters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """What is paid for a thousand characters."""

    amount: float
    currency: str = ""

    def of(self, characters: int) -> str:
        """``1.23 USD``."""
        return f"{characters * self.amount / 1000:,.2f} {self.currency}".rstrip()
