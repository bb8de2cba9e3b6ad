"""How do a picture's colours become those of a screen? By its profile, or by what else it says of them."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from PIL import Image, ImageChops, ImageCms

_Curve = Callable[[float], float]
"""From a stored value to light, both from 0 to 1."""
_Primaries = Sequence[tuple[float, float]]
"""Chromaticities of red, green, blue and white."""

_D65, _DCI = (0.3127, 0.3290), (0.314, 0.351)
_ADOBE_RGB: Final[_Primaries] = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65)
_BT709: Final[_Primaries] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_PRIMARIES: Final[Mapping[int, _Primaries]] = {
    1: _BT709,
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
"""ITU-T H.273, table 2."""
_ALIKE = 0.01
"""By how much chromaticities and exponents may differ from sRGB's to be taken for them."""
_SRGB_GAMMA = 1 / 2.2
_CURVE_POINTS = 4096
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_D50 = (0.9642, 1.0, 0.8249)
_WHITE_NITS, _KNEE, _PQ_PEAK_NITS, _HLG_PEAK_NITS = 203, 0.9, 10_000, 1_000
"""As in ``colours``, for videos; here without numpy, which who fetches has not."""


class Colours:
    """What pixels mean in one file."""

    def __init__(self, profile: bytes | None) -> None:
        """``profile`` is the file's ICC profile, None where it has none."""
        self._profile: ImageCms.ImageCmsProfile | None = None
        self._space = ""
        self._transforms: dict[str, ImageCms.ImageCmsTransform] = {}
        try:
            if profile:
                self._profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
                self._space = self._profile.profile.xcolor_space.strip()
        except (ImageCms.PyCMSError, OSError):
            self._profile = None  # a damaged one: as if there were none

    def srgb(self, picture: Image.Image) -> Image.Image:
        """``picture``, as ``flat`` returns it, as RGB or RGBA in sRGB."""
        kind = picture.mode.removesuffix("A")
        alpha = picture.getchannel("A") if picture.mode in {"LA", "RGBA"} else None
        plain = picture.convert(kind) if alpha else picture
        if kind == "L" and self._space != "GRAY":
            kind, plain = "RGB", plain.convert("RGB")
        if self._profile is not None and self._space == {"L": "GRAY"}.get(kind, kind):
            try:
                plain = self._through(kind).apply(plain)
            except (ImageCms.PyCMSError, OSError, ValueError):
                self._profile = None
        if plain.mode != "RGB":
            plain = plain.convert("RGB")
        if alpha:
            plain.putalpha(alpha)
        return plain

    def _through(self, kind: str) -> ImageCms.ImageCmsTransform:
        if kind not in self._transforms and self._profile is not None:
            screen = ImageCms.createProfile("sRGB")
            self._transforms[kind] = ImageCms.buildTransform(self._profile, screen, kind, "RGB")
        return self._transforms[kind]


def flat(picture: Image.Image, depth: int = 8) -> Image.Image:
    """A decoded picture in 8 bits: L, RGB or CMYK, or LA or RGBA where any of it may be transparent.

    ``depth`` is how many bits its file has for a sample: the colour that stands for transparency is counted in these.
    """
    key = picture.info.get("transparency")
    if picture.mode.startswith("I"):
        # Pillow cuts a grey picture of 16 bits off at 255, where everything is white.
        low, high = Image.frombytes("LA", picture.size, picture.convert("I;16").tobytes()).split()
        if isinstance(key, int):
            same = [part.point([255 * (value == byte) for value in range(256)])
                    for part, byte in ((low, key & 255), (high, key >> 8))]  # fmt: skip
            high = Image.merge("LA", (high, ImageChops.invert(ImageChops.darker(*same))))
        return high
    if picture.mode in {"1", "L", "RGB"} and key is not None:
        picture.info["transparency"] = _in_8_bits(key, depth)
    if picture.has_transparency_data:
        return picture.convert("LA" if picture.mode == "LA" else "RGBA")
    return (
        picture
        if picture.mode in {"L", "RGB", "CMYK"}
        else picture.convert("L" if picture.mode == "1" else "RGB")
    )


def _in_8_bits(key: int | Sequence[int], depth: int) -> int | tuple[int, ...]:
    if isinstance(key, int):
        return key * 255 // ((1 << depth) - 1)
    return tuple(value >> 8 if depth > 8 else value for value in key)  # noqa: PLR2004  bits


def profile_of_png(gamma: bytes | None, chromaticities: bytes | None) -> bytes | None:
    """A profile from the chunks ``gAMA`` and ``cHRM``; None where they are missing or mean sRGB."""
    exponent = int.from_bytes(gamma[:4]) / 100_000 if gamma else _SRGB_GAMMA
    primaries = _BT709
    if chromaticities and len(chromaticities) >= 32:  # noqa: PLR2004  eight numbers
        values = [int.from_bytes(chromaticities[at : at + 4]) / 100_000 for at in range(0, 32, 4)]
        white, red, green, blue = zip(values[::2], values[1::2], strict=True)
        primaries = (red, green, blue, white)
    unusual = any(
        abs(own - usual) > _ALIKE
        for one, other in zip(primaries, _BT709, strict=True)
        for own, usual in zip(one, other, strict=True)
    )
    if exponent <= 0 or (abs(exponent - _SRGB_GAMMA) <= _ALIKE and not unusual):
        return None
    is_srgb = abs(exponent - _SRGB_GAMMA) <= _ALIKE
    return _profile(primaries, _screen if is_srgb else lambda value: value ** (1 / exponent))


def adobe_rgb() -> bytes | None:
    """The profile of what cameras call Adobe RGB, by its specification of 1998."""
    return _profile(_ADOBE_RGB, lambda value: value ** (563 / 256))


def profile_of_codes(primaries: int, transfer: int) -> bytes | None:
    """A profile from numbers of ITU-T H.273, as ``cICP`` and ``nclx`` give them; None where they mean sRGB."""
    curve = _CURVES.get(transfer, _screen)
    if curve is _screen and primaries not in _PRIMARIES.keys() - {1}:
        return None
    return _profile(_PRIMARIES.get(primaries, _BT709), curve)


def _screen(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  sRGB's


def _pq(value: float) -> float:
    power = value ** (1 / 78.84375)
    nits = _PQ_PEAK_NITS * (max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (
        1 / 0.1593017578125
    )
    return _rolled_off(nits, _PQ_PEAK_NITS)


def _hlg(value: float) -> float:
    scene = value**2 / 3 if value <= 0.5 else (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12  # noqa: PLR2004
    return _rolled_off(_HLG_PEAK_NITS * scene**1.2, _HLG_PEAK_NITS)


def _rolled_off(nits: float, peak_nits: float) -> float:
    """Highlights within a screen's white and, up to it, the levels that the same light has in a video."""
    light, peak = nits / _WHITE_NITS, peak_nits / _WHITE_NITS
    if light > _KNEE:
        a = -(_KNEE**2) * (peak - 1) / (_KNEE**2 - 2 * _KNEE + peak)
        b = (_KNEE**2 - 2 * _KNEE * peak + peak) / (peak - 1)
        light = (b * b + 2 * b * _KNEE + _KNEE**2) / (b - a) * (light + a) / (light + b)
    return _screen(min(max(light, 0), 1) ** (1 / 2.4))


_CURVES: Final[Mapping[int, _Curve]] = {
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    8: lambda value: value,
    16: _pq,
    17: lambda value: value**2.6,
    18: _hlg,
}
"""ITU-T H.273, table 3: those that screens do not show alike."""


def _profile(primaries: _Primaries, curve: _Curve) -> bytes | None:
    """An ICC profile of three primaries and one curve; None where they span no colours."""
    matrix = _to_d50(primaries)
    if matrix is None:
        return None
    points = b"".join(
        min(max(round(curve(number / (_CURVE_POINTS - 1)) * 65535), 0), 65535).to_bytes(2)
        for number in range(_CURVE_POINTS)
    )
    table = b"curv" + bytes(4) + _CURVE_POINTS.to_bytes(4) + points
    tags = {b"wtpt": _xyz(_D50)}
    tags |= {
        name: _xyz([row[column] for row in matrix]) for column, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), table)
    index, content, at = len(tags).to_bytes(4), b"", 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        index += name + (at + len(content)).to_bytes(4) + len(tag).to_bytes(4)
        content += tag
    head = (
        bytes(4)
        + bytes.fromhex("02400000")
        + b"mntrRGB XYZ "
        + bytes(12)
        + b"acsp"
        + bytes(28)
        + _xyz(_D50)[8:]
    )
    body = head.ljust(124, b"\0") + index + content
    return (len(body) + 4).to_bytes(4) + body


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(round(value * 65536).to_bytes(4, signed=True) for value in values)


def _to_d50(primaries: _Primaries) -> list[list[float]] | None:
    """The matrix from light of these primaries to XYZ under a print's white, as profiles count."""
    *colours, white = [(x / y, 1.0, (1 - x - y) / y) if y > 0 else (0.0, 0.0, 0.0) for x, y in primaries]
    columns = [list(row) for row in zip(*colours, strict=True)]
    inverse = _inverse(columns)
    if inverse is None or not white[1]:
        return None
    strengths = _times(inverse, [[part] for part in white])
    own = [[value * strengths[column][0] for column, value in enumerate(row)] for row in columns]
    bradford = [list(row) for row in _BRADFORD]
    seen, wanted = (_times(bradford, [[part] for part in each]) for each in (white, _D50))
    scaled = [[value * wanted[row][0] / seen[row][0] for value in bradford[row]] for row in range(3)]
    back = _inverse(bradford)
    return _times(_times(back, scaled), own) if back else None


def _times(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> list[list[float]]:
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*right, strict=True)]
        for row in left
    ]


def _inverse(rows: Sequence[Sequence[float]]) -> list[list[float]] | None:
    (a, b, c), (d, e, f), (g, h, i) = rows
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-9:  # noqa: PLR2004  none
        return None
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return [[value / determinant for value in row] for row in cofactors]
