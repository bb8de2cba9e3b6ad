"""What did somebody mean who wrote this? The right way to write what can be guessed from a wrong value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

_AMOUNT = r"[0-9]{1,15}(?:[.,][0-9]{1,15})?"
_NUMBER = rf"[-+]?{_AMOUNT}"
_UNITS_S = {
    "ms": Decimal("0.001"), "msec": Decimal("0.001"), "millisecond": Decimal("0.001"), "milliseconds": Decimal("0.001"),
    "": Decimal(1), "s": Decimal(1), "sec": Decimal(1), "secs": Decimal(1), "second": Decimal(1), "seconds": Decimal(1),
    "m": Decimal(60), "min": Decimal(60), "mins": Decimal(60), "minute": Decimal(60), "minutes": Decimal(60),
    "h": Decimal(3600), "hour": Decimal(3600), "hours": Decimal(3600),
}  # fmt: skip
_MEANT = {
    "fit": {"crop": "cover", "zoom": "cover", "fill": "cover", "letterbox": "contain", "pad": "contain", "fit": "contain", "distort": "stretch"},
    "mode": {"srt": "sidecar", "vtt": "sidecar", "webvtt": "sidecar", "file": "sidecar", "off": "none", "on": "soft", "embedded": "soft", "burnedin": "burned", "burn": "burned", "hard": "burned", "open": "burned", "closed": "soft"},
    "position": {"middle": "center", "centre": "center", "upperleft": "topLeft", "upperright": "topRight", "lowerleft": "bottomLeft", "lowerright": "bottomRight"},
    "music": {"even": "balanced", "all": "product", "shuffle": "random"},
    "kind": {
        "xfade": "crossfade", "mix": "crossfade", "fadeblack": "fade", "fadewhite": "fade", "dip": "fade", "dipblack": "fade",
        "cover": "slideLeft", "whippan": "whipLeft", "zoom": "zoomIn", "circle": "circleOpen", "iris": "circleOpen",
        "clock": "radial", "hardcut": "cut", "none": "cut",
        **{each: f"{each}Left" for each in ("wipe", "slide", "push", "whip")},
    },
    "motion": {"zoom": "zoomIn", "kenburns": "zoomIn", "in": "zoomIn", "out": "zoomOut", "left": "panLeft", "right": "panRight", "up": "panUp", "down": "panDown", "tiltup": "panUp", "tiltdown": "panDown"},
    "onSourceError": {"ignore": "Skip", "continue": "Skip", "abort": "Fail", "stop": "Fail"},
    "overflow": {"cut": "Trim", "truncate": "Trim", "error": "Fail", "hold": "Freeze", "repeat": "Loop", "faster": "Speed"},
}  # fmt: skip
_MEANT["speech"] = _MEANT["text"] = _MEANT["music"]
FIELDS: Final[Mapping[str, str]] = {
    "music": "audioBlocks", "audio": "audioBlocks", "soundtrack": "audioBlocks",
    "videos": "videoBlocks", "video": "videoBlocks", "scenes": "videoBlocks",
    "voiceover": "speech", "lines": "speech", "titles": "overlays", "texts": "overlays",
    "logo": "overlays", "images": "overlays", "size": "picture", "resolution": "picture", "subtitles": "captions",
    "volume": "sound", "transition": "transitions", "headlines": "textBlocks", "language": "languages", "locales": "languages",
    "label": "disclosure", "disclaimer": "disclosure",
}  # fmt: skip
"""Other words for fields of a task's spec."""
_DEFAULT_WORDS = {"all", "any", "auto", "default", "max", "no", "none", "null", "off", "unlimited"}
_TRUE, _FALSE = {"true", "yes", "on", "y", "1"}, {"false", "no", "off", "n", "0"}
_COLOURS = {
    "black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0",
    "red": "#ff0000", "green": "#008000", "blue": "#0000ff", "yellow": "#ffff00", "orange": "#ffa500",
    "pink": "#ffc0cb", "purple": "#800080", "navy": "#000080", "teal": "#008080", "cyan": "#00ffff", "magenta": "#ff00ff",
}  # fmt: skip
_LEVELS = 255
_LOUDEST_GAIN, _PERCENT = 2, 100
_MOST_CPUS = 1000
_MOST_PERCENT, _MOST_PIXELS = 1000, 10_000
"""What has one digit more than can be written."""
_QUIETEST_DB = 60
"""Below full volume: nobody hears what is quieter."""


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that a misspelt name stands for, if one is near; case, spaces, ``_`` and ``-`` don't count."""
    plain = {_plain(choice): choice for choice in choices}
    near = difflib.get_close_matches(_plain(name), plain, n=1)
    return plain[near[0]] if near else None


def choice(field: str, given: Any, choices: list[Any]) -> Any:  # noqa: ANN401  # any plain value
    """The one of some choices that a value stands for; None where none is near."""
    if isinstance(given, bool):
        given = "on" if given else "off"
    if not isinstance(choices[0], str):
        number = _ratio(given)
        return None if number is None else min(choices, key=lambda each: abs(each - number))
    if not isinstance(given, str):
        return None
    return _MEANT.get(field, {}).get(_plain(given)) or closest(given, choices)


def number(schema: dict[str, Any], given: str) -> str | None:
    """The number that a text stands for, as YAML has it, e.g. ``0.2`` for ``20%``; None where it is none that is allowed."""
    text = given.strip().replace("\u2212", "-")
    match = re.fullmatch(rf"({_NUMBER})\s*([^\d\s].*)?", text)
    if match is None:
        return None
    value, unit = _decimal(match[1]), (match[2] or "").lower().strip()
    is_whole = schema["type"] == "integer"
    if is_whole and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", match[1]):
        value = Decimal(match[1].replace(",", ""))
    if unit == "%":
        value /= 100
    elif unit == "k":
        value *= 1000
    elif unit == "db" and _is_gain(schema) and abs(value) <= _QUIETEST_DB:
        value = Decimal(str(round(10 ** (float(value) / 20), 2)))
    written = _written(value)
    return written if _is_allowed(schema, value) else None


def boolean(given: Any) -> str | None:  # noqa: ANN401  # any plain value
    """``true`` or ``false`` for what stands for it; None for anything else."""
    word = str(given).strip().lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else None


def is_default(given: object) -> bool:
    """Whether somebody has written that nothing is wanted, or whatever is usual."""
    return str(given).strip().lower() in _DEFAULT_WORDS


def after_comma(before: object, rest: str) -> str | None:
    """The number of which a comma has made two: ``0.2`` for 0 and ``2``, ``1000`` for 1 and ``000``; None for anything else."""
    if isinstance(before, bool) or not re.fullmatch(r"-?[0-9]{1,9}", str(before)):
        return None
    match = re.fullmatch(r"([0-9]{1,9})\s*(ms|s|m|%|dB|LUFS)?", rest)
    if match is None:
        return None
    is_thousands = len(match[1]) == len("000") and str(before) != "0" and not match[2]
    return f"{before}{match[1]}" if is_thousands else f"{before}.{rest}"


def default(schema: dict[str, Any], given: object) -> str | None:
    """What happens without the field, where somebody has written that: ``all``, ``none``, ``auto``; None for anything else."""
    asked = is_default(given) or given == 0
    _, is_told, words = schema.get("description", "").rpartition("Default: ")
    return words.rstrip(".") if asked and is_told else None


def bounded(schema: dict[str, Any], given: float) -> str | None:
    """What a number out of bounds stands for: a percentage, decibels, a missing sign; None for one that is merely too large."""
    if _is_gain(schema) and _LOUDEST_GAIN < given <= _PERCENT:
        return f"{given / 100:g} for {given:g} %"
    if _is_gain(schema) and -_QUIETEST_DB <= given < 0:
        return f"{10 ** (given / 20):.2g} for {given:g} dB"
    return f"{-given:g}" if schema["minimum"] <= -given <= schema["maximum"] < 0 else None


def size(given: str) -> str | None:
    """A picture's width and height: ``{width: 1080, height: 1920}`` for ``1080x1920``."""
    match = re.fullmatch(r"([0-9]+)\s*[x\u00d7*]\s*([0-9]+)", given.strip(), re.IGNORECASE)
    return f"{{width: {match[1]}, height: {match[2]}}}" if match else None


def duration(given: object) -> timedelta | None:
    """The time that a number (of seconds), a clock's time or other units stand for: 3 s for ``00:00:03`` and ``3 sec``."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    text = str(given).strip().lower().removeprefix("pt")
    clock = re.fullmatch(r"(?:([0-9]{1,2}):)?([0-9]{1,3}):([0-9]{1,2}(?:[.,][0-9]{1,15})?)", text)
    if clock:
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + _decimal(clock[3])
    elif re.fullmatch(rf"(?:{_AMOUNT}\s*[a-z]+\s*)+|{_AMOUNT}", text):
        parts = re.findall(rf"({_AMOUNT})\s*([a-z]*)", text)
        if not {unit for _, unit in parts} <= _UNITS_S.keys():
            return None
        seconds = sum((_decimal(amount) * _UNITS_S[unit] for amount, unit in parts), Decimal(0))
    else:
        return None
    return timedelta(milliseconds=int((seconds * 1000).to_integral_value())) if seconds < 10**6 else None


def percentage(given: object) -> str | None:
    """The percentage that a share or a bare number stands for: ``50%`` for 0.5 and for 50."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    match = re.fullmatch(rf"({_NUMBER})\s*(%|percent)?", str(given).strip().lower())
    if match is None:
        return None
    value = _decimal(match[1])
    if not match[2] and 0 < value <= 1 and "." in match[1].replace(",", "."):
        value *= 100
    written = _written(round(value, 2))
    return f"{written}%" if 0 <= value <= 100 else None  # noqa: PLR2004  # per cent


def coordinate(given: object) -> str | None:
    """The place along an edge that a number stands for: ``50%`` for 0.5, ``120px`` for 120 and ``120 px``."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    match = re.fullmatch(rf"({_NUMBER})\s*(%|percent|px|pixels?)?", str(given).strip().lower())
    if match is None:
        return None
    value, unit = _decimal(match[1]), match[2] or ""
    if not unit and 0 < value <= 1 and "." in match[1].replace(",", "."):
        value, unit = value * 100, "%"
    if unit in {"%", "percent"}:
        return f"{_written(round(value, 2))}%" if abs(value) < _MOST_PERCENT else None
    return f"{_written(Decimal(round(value)))}px" if abs(value) < _MOST_PIXELS else None


def colour(given: object) -> str | None:
    """The colour that a name, three or six digits, or red, green and blue stand for: ``#ffffff`` for ``white`` and ``fff``."""
    text = str(given).strip().lower()
    if text in _COLOURS:
        return _COLOURS[text]
    digits = re.fullmatch(r"(?:#|0x)?([0-9a-f]{6}|[0-9a-f]{3})", text)
    if digits:
        return f"#{digits[1] if len(digits[1]) > len('fff') else ''.join(2 * each for each in digits[1])}"
    parts = re.fullmatch(r"(?:rgb)?\(?\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)?", text)
    levels = [int(each) for each in parts.groups()] if parts else []
    return "#" + "".join(f"{each:02x}" for each in levels) if levels and max(levels) <= _LEVELS else None


def ratio(given: object) -> str | None:
    """The ratio that somebody means: ``4:5`` for ``4x5`` and ``4/5``, ``1:1`` for ``square``."""
    text = str(given).strip().lower()
    match = re.fullmatch(r"([1-9][0-9]{0,3})\s*[x\u00d7/:]\s*([1-9][0-9]{0,3})", text)
    return f"{match[1]}:{match[2]}" if match else {"square": "1:1"}.get(text)


def amount(given: object) -> str | None:
    """The amount of CPUs or bytes in Kubernetes' units: ``2G`` for ``2 GB``, ``500m`` for 0.5."""
    if isinstance(given, float) and 0 < given < _MOST_CPUS:
        return f"{round(given * 1000)}m"
    match = re.fullmatch(
        rf"({_AMOUNT})\s*([kmgt]?)(i?)b?|({_AMOUNT})\s*(?:cpus?|cores?)", str(given).strip().lower()
    )
    if match is None or isinstance(given, bool):
        return None
    if match[4]:
        return match[4].replace(",", ".")
    unit = match[2] if match[2] == "k" and not match[3] else match[2].upper()
    return f"{match[1].replace(',', '.')}{unit}{match[3]}"


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]", "", text).lower()


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _written(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _is_gain(schema: dict[str, Any]) -> bool:
    return schema["type"] == "number" and schema.get("maximum") == _LOUDEST_GAIN


def _is_allowed(schema: dict[str, Any], value: Decimal) -> bool:
    if schema["type"] == "integer" and value % schema.get("multipleOf", 1):
        return False
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _ratio(given: object) -> float | None:
    """A rate such as 29.97, ``30fps`` or ``30000/1001``."""
    match = re.match(rf"\s*({_NUMBER})(?:\s*/\s*([0-9]{{1,9}}))?", str(given))
    if match is None:
        return None
    return float(_decimal(match[1])) / (int(match[2] or 1) or 1)
