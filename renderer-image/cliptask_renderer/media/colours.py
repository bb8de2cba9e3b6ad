"""What is a colour of other primaries, or of high dynamic range, in BT.709? A table for ffmpeg's ``lut3d``.

Computed from the formulas of the standards, because ffmpeg's own filters apply HLG's system gamma to each channel alone,
which makes skin red, and take screens' curve for cameras'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from cliptask.facts import Look

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

REFERENCE_WHITE_NITS: Final = 203
"""What paper white is in HDR (ITU-R BT.2408): it becomes the white of SDR."""

KNEE: Final = 0.9
"""Of white: up to there every level stays what it is; brighter ones share what is left."""

_NODES: Final = 65
"""Along each edge of the table; between them lut3d interpolates, to a code value or two."""
_BELOW_WHITE: Final = 0.75
"""Of the nodes: highlights are many nits, and few steps for the eye."""
_SHAPE_POINTS: Final = 4_096

_HLG_PEAK_NITS, _PQ_PEAK_NITS = 1_000, 10_000
_SCREEN_GAMMA = 2.4
"""ITU-R BT.1886."""

_D65 = (0.3127, 0.3290)
_CHROMATICITIES: Final = {
    "bt709": (0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    "bt470m": (0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    "bt470bg": (0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    "smpte170m": (0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    "smpte240m": (0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    "film": (0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    "bt2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    "smpte428": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    "smpte431": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    "smpte432": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    "jedec-p22": (0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
"""x and y of red, green and blue (ITU-T H.273, table 2). White is taken for D65 in all: what was white stays white."""


def write_table(look: Look, file: Path) -> None:
    """Write the table from a look's RGB (full range) to BT.709's, in the .csp format: red changes fastest.

    Before the table each channel is spread as BT.1886 would, so that nodes lie where the eye tells levels apart.
    """
    signal = np.linspace(0, 1, _SHAPE_POINTS)
    spread = _spread(signal, look)
    nodes = np.interp(np.linspace(0, 1, _NODES), spread, signal)
    blue, green, red = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    colours = to_bt709(np.stack([red, green, blue], axis=-1).reshape(-1, 3), look)
    shape = f"{_SHAPE_POINTS}\n{_row(signal)}\n{_row(spread)}\n"
    rows = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in colours.tolist())
    file.write_text(f"CSPLUTV100\n3D\n\n{3 * shape}\n{_NODES} {_NODES} {_NODES}\n{rows}\n")


def _row(values: Array) -> str:
    return " ".join(f"{value:.9f}" for value in values.tolist())


def _spread(signal: Array, look: Look) -> Array:
    """Where each level of a channel lies in the table, from 0 to 1 and rising."""
    if look.transfer not in ("pq", "hlg"):
        return signal ** (1 / _SCREEN_GAMMA) if look.transfer == "linear" else signal
    grey = np.repeat(signal[:, None], 3, axis=1)
    whites = (_pq_nits(grey) if look.transfer == "pq" else _hlg_nits(grey))[:, 0] / REFERENCE_WHITE_NITS
    above: Array = np.log(np.maximum(whites, 1)) / np.log(whites[-1])
    return _BELOW_WHITE * np.minimum(whites, 1) ** (1 / _SCREEN_GAMMA) + (1 - _BELOW_WHITE) * above


def to_bt709(colours: Array, look: Look) -> Array:
    """Colours of a look, shape (n, 3) from 0 to 1, as BT.709 codes them; what it cannot hold is the nearest that it can."""
    if look.transfer in ("pq", "hlg"):
        whites = (_pq_nits(colours) if look.transfer == "pq" else _hlg_nits(colours)) / REFERENCE_WHITE_NITS
        peak = (_PQ_PEAK_NITS if look.transfer == "pq" else _HLG_PEAK_NITS) / REFERENCE_WHITE_NITS
        light = _rolled_off(np.maximum(whites @ _turn(look.primaries).T, 0), peak)
        return np.clip(light, 0, 1) ** (1 / _SCREEN_GAMMA)
    to_light, to_signal = _CURVES[look.transfer]
    return to_signal(np.clip(to_light(colours) @ _turn(look.primaries).T, 0, 1))


@cache
def _turn(primaries: str) -> Array:
    """From light of these primaries to light of BT.709's."""
    result: Array = np.linalg.inv(_to_xyz("bt709")) @ _to_xyz(primaries)
    return result


def _to_xyz(primaries: str) -> Array:
    points = np.array(_CHROMATICITIES[primaries]).reshape(3, 2)
    # Scaled so that no y divides: SMPTE ST 428's are those of XYZ itself.
    columns = np.array([[x, y, 1 - x - y] for x, y in points]).T
    x, y = _D65
    white = np.array([x / y, 1, (1 - x - y) / y])
    result: Array = columns * np.linalg.solve(columns, white)
    return result


def _rolled_off(whites: Array, peak: float) -> Array:
    """Highlights up to ``peak`` whites within one (Möbius' curve, straight up to the knee), hues kept."""
    a = -(KNEE**2) * (peak - 1) / (KNEE**2 - 2 * KNEE + peak)
    b = (KNEE**2 - 2 * KNEE * peak + peak) / (peak - 1)
    brightest = whites.max(axis=1, keepdims=True)
    bent = (b * b + 2 * b * KNEE + KNEE**2) / (b - a) * (brightest + a) / (brightest + b)
    return whites * np.where(brightest > KNEE, bent / np.maximum(brightest, KNEE), 1)


def _pq_nits(signal: Array) -> Array:
    """SMPTE ST 2084."""
    power = signal ** (32 / 2523)
    light = np.maximum(power - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * power)
    result: Array = _PQ_PEAK_NITS * light ** (16384 / 2610)
    return result


def _hlg_nits(signal: Array) -> Array:
    """ITU-R BT.2100 on a screen of 1,000 nits, whose system gamma (1.2) acts on luminance, not on each channel."""
    high = (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
    light = np.where(signal <= 1 / 2, signal**2 / 3, high)
    luminance = light @ np.array([0.2627, 0.6780, 0.0593])
    result: Array = _HLG_PEAK_NITS * light * (luminance**0.2)[:, None]
    return result


def _camera_light(signal: Array) -> Array:
    """BT.709's curve, from signal to light."""
    return np.where(signal < 0.081, signal / 4.5, ((np.maximum(signal, 0.081) + 0.099) / 1.099) ** (1 / 0.45))  # noqa: PLR2004


def _camera_signal(light: Array) -> Array:
    """And back."""
    return np.where(light < 0.018, 4.5 * light, 1.099 * np.maximum(light, 0.018) ** 0.45 - 0.099)  # noqa: PLR2004


def _srgb_light(signal: Array) -> Array:
    """IEC 61966-2-1's curve, from signal to light."""
    return np.where(signal <= 0.04045, signal / 12.92, ((np.maximum(signal, 0.04045) + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004


_SRGB_KNEE: Final = 0.0031308


def _srgb_signal(light: Array) -> Array:
    """And back."""
    return np.where(
        light <= _SRGB_KNEE, light * 12.92, 1.055 * np.maximum(light, _SRGB_KNEE) ** (1 / 2.4) - 0.055
    )


_CURVES: Final[Mapping[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]]] = {
    "sdr": (_camera_light, _camera_signal),
    "srgb": (_srgb_light, _srgb_signal),
    "gamma22": (lambda signal: signal**2.2, lambda light: light ** (1 / 2.2)),
    "gamma28": (lambda signal: signal**2.8, lambda light: light ** (1 / 2.8)),
    "linear": (lambda signal: signal, _camera_signal),
}
"""From signal to light, and back to what is shown alike: a level keeps its number."""
SCREENS: Final = frozenset(_CURVES) - {"linear"}
"""Transfers that screens show alike."""
