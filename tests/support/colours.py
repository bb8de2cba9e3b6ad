"""Can a text be read where it stands? Colours as a browser paints them, and their contrast."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

LOOKS = """(selector) => {
    const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const paint = (colours) => {
        pixel.clearRect(0, 0, 1, 1);
        for (const colour of colours) { pixel.fillStyle = colour; pixel.fillRect(0, 0, 1, 1); }
        return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const backs = (element) => element === null ? [] : [...backs(element.parentElement), getComputedStyle(element).backgroundColor];
    const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
    return [...document.querySelectorAll(selector)]
        .filter((element) => own(element) && element.checkVisibility() && !element.matches(":disabled, noscript, script, style, template"))
        .map((element) => ({
            text: own(element),
            ink: paint([...backs(element), getComputedStyle(element).color]),
            back: paint(backs(element)),
        }));
}"""
"""Texts of elements with their colour and what lies behind, as they are painted."""


@dataclass(frozen=True)
class Look:
    """A text with its colour and what lies behind it, as sRGB bytes."""

    text: str
    ink: list[int]
    back: list[int]


def looks(page: Page, selector: str = "body *") -> list[Look]:
    """Every text that is to be seen in these elements."""
    return [Look(**look) for look in page.evaluate(LOOKS, selector)]


def linear(colour: list[int]) -> list[float]:
    """Linear RGB of sRGB bytes (IEC 61966-2-1)."""
    shares = [part / 255 for part in colour]
    return [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]


def contrast(one: list[int], other: list[int]) -> float:
    """As WCAG 2.2 reckons it, 1 to 21."""
    low, high = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(linear, (one, other))
    )
    return (high + 0.05) / (low + 0.05)


def faint(page: Page) -> dict[str, float]:
    """The texts on a page whose contrast is less than WCAG 2.2 asks for, 4.5, with it."""
    found = {look.text: contrast(look.ink, look.back) for look in looks(page)}
    return {text: ratio for text, ratio in found.items() if ratio < 4.5}
