"""What does a file show if it is taken as it was meant? A scene that can be computed for any size and time, and files of it.

Nothing here is the product's: colours are coded by the formulas of their standards, in numpy, and ffmpeg only packs them.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Scan = Literal["progressive", "tff", "bff"]
Light = Literal["sdr", "pq", "hlg"]

PATCHES = {(0.12, 0.12): (0.75, 0.2, 0.2), (0.88, 0.12): (0.2, 0.7, 0.25), (0.12, 0.88): (0.25, 0.25, 0.75), (0.88, 0.88): (0.7, 0.7, 0.7)}  # fmt: skip
"""Colour of each corner: inside every gamut, below HDR's white."""

CLICK_S = 0.5
"""When the sound begins."""

_PRIMARIES = {
    "bt709": (0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    "smpte170m": (0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    "bt470bg": (0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    "bt2020": (0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    "smpte432": (0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
"""Chromaticities of red, green and blue: ITU-T H.273, table 2. White is D65 in all."""

_WEIGHTS = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt470bg": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}  # fmt: skip
"""Of red and blue in luma: the same, table 4."""


def scene(width: int, height: int, time_s: float) -> Array:
    """The picture at a time, shape (height, width, 3): RGB from 0 to 1 as BT.709 has it, smooth, with a spot that moves."""
    u, v = (np.arange(width) + 0.5) / width, ((np.arange(height) + 0.5) / height)[:, None]
    picture = np.stack(np.broadcast_arrays(0.3 + 0.3 * u, 0.35 + 0.2 * v, 0.55 - 0.25 * u * v), axis=-1)
    for (x, y), colour in PATCHES.items():
        distance = np.maximum(np.abs(u - x), np.abs(v - y))
        share = 1 / (1 + np.exp((distance - 0.1) / 0.012))
        picture = picture * (1 - share[..., None]) + np.array(colour) * share[..., None]
    spot = np.exp(-(((u - 0.3 - 0.3 * time_s) / 0.09) ** 2 + ((v - 0.5) / 0.09) ** 2))
    return picture + 0.25 * spot[..., None]


@dataclass(frozen=True)
class Coding:
    """Everything in which one file of the scene differs from another."""

    suffix: str
    codec: str
    pixels: str = "yuv420p"
    options: tuple[str, ...] = ()
    size: tuple[int, int] = (96, 128)
    """Coded."""
    rate: Fraction = Fraction(25)
    scan: Scan = "progressive"
    full_range: bool = False
    primaries: str = "bt709"
    matrix: str = "bt709"
    light: Light = "sdr"
    is_tagged: bool = True
    """Whether the file says what its colours are."""
    rotation: int = 0
    """Degrees counterclockwise by which it is turned to be shown."""
    sample_aspect: Fraction = Fraction(1)
    sound: tuple[str, ...] = ()
    """Options of ffmpeg; none: silent."""
    duration_s: float = 1.0
    sound_rate: int = field(default=48_000)

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as it is to be seen."""
        width, height = round(self.size[0] * self.sample_aspect), self.size[1]
        return (height, width) if self.rotation % 180 else (width, height)

    @property
    def pictures(self) -> int:
        """How many there are."""
        return round(self.duration_s * self.rate)

    def at(self, time_s: float) -> Array:
        """The scene as it lies in the file: turned, and squeezed by its pixels' shape."""
        width, height = self.size
        if self.rotation % 180:
            width, height = height, width
        return np.rot90(scene(width, height, time_s), -self.rotation // 90)

    def write(self, path: Path) -> Path:
        """Write it. ``path`` has the coding's suffix. Raises ``CalledProcessError``, with ffmpeg's words as a note."""
        first = path.with_name(f"upright-{path.name}") if self.rotation else path
        frames = b"".join(self._packed(number) for number in range(self.pictures))
        _run([*self._input(), *self._sound_input(), "-vf", self._tags(), *self._output(), str(first)], frames)
        if self.rotation:
            turn = ["-display_rotation:v", str(self.rotation), "-i", str(first), "-map", "0", "-c", "copy"]
            _run([*turn, str(path)], b"")
            first.unlink()
        return path

    def _input(self) -> list[str]:
        width, height = self.size
        form = ["-f", "rawvideo", "-pix_fmt", self.pixels, "-s", f"{width}x{height}", "-r", str(self.rate)]
        return [*form, "-i", "pipe:0"]

    def _sound_input(self) -> list[str]:
        tone = (
            f"aevalsrc='if(gte(t,{CLICK_S}),0.5*sin(2*PI*1000*t),0)':s={self.sound_rate}:d={self.duration_s}"
        )
        return ["-f", "lavfi", "-i", tone] if self.sound else []

    def _tags(self) -> str:
        if not self.is_tagged:
            return f"setsar={self.sample_aspect},setfield={_FIELDS[self.scan]}"
        trc = {"sdr": "bt709", "pq": "smpte2084", "hlg": "arib-std-b67"}[self.light]
        return (
            f"setparams=range={'pc' if self.full_range else 'tv'}:color_primaries={self.primaries}:color_trc={trc}:"
            f"colorspace={self.matrix}:field_mode={_FIELDS[self.scan]},setsar={self.sample_aspect}"
        )

    def _output(self) -> list[str]:
        return ["-c:v", self.codec, "-pix_fmt", self.pixels, *self.options, *(self.sound or ("-an",))]

    def _packed(self, number: int) -> bytes:
        """A frame's planes."""
        time_s = float(number / self.rate)
        if self.scan == "progressive":
            return b"".join(plane.tobytes() for plane in self._planes(self.at(time_s)))
        later = float((number + Fraction(1, 2)) / self.rate)
        first, second = (
            (self.at(time_s), self.at(later)) if self.scan == "tff" else (self.at(later), self.at(time_s))
        )
        woven = []
        # Colours are halved within each field, as cameras do.
        for upper, lower in zip(self._planes(first[0::2]), self._planes(second[1::2]), strict=True):
            plane = np.empty((2 * len(upper), upper.shape[1]), upper.dtype)
            plane[0::2], plane[1::2] = upper, lower
            woven.append(plane.tobytes())
        return b"".join(woven)

    def _planes(self, picture: Array) -> list[npt.NDArray[np.unsignedinteger]]:
        deep = 10 if "10" in self.pixels else 8
        kind, most, unit = ("<u2" if deep > 8 else "u1"), 2**deep - 1, 2 ** (deep - 8)
        signal = self._signal(picture)
        if self.pixels.startswith(("rgb", "gbr")):
            channels = signal[..., [1, 2, 0]] if self.pixels.startswith("gbr") else signal
            whole = np.clip(np.rint(channels * most), 0, most).astype(kind)
            return (
                [whole[..., each] for each in range(3)]
                if self.pixels.startswith("gbr")
                else [whole.reshape(len(whole), -1)]
            )
        red, blue = _WEIGHTS[self.matrix]
        luma = signal @ np.array([red, 1 - red - blue, blue])
        colours = [(signal[..., 2] - luma) / 2 / (1 - blue), (signal[..., 0] - luma) / 2 / (1 - red)]
        colours = [
            _halved(each, across="444" not in self.pixels, down="420" in self.pixels) for each in colours
        ]
        if self.full_range:
            planes = [luma * most, *(each * most + 128 * unit for each in colours)]
        else:
            planes = [(219 * luma + 16) * unit, *((224 * each + 128) * unit for each in colours)]
        return [np.clip(np.rint(plane), 0, most).astype(kind) for plane in planes]

    def _signal(self, picture: Array) -> Array:
        """The scene's colours in the file's primaries and on its curve."""
        turn = np.linalg.inv(_to_xyz(self.primaries)) @ _to_xyz("bt709")
        if self.light == "sdr":
            if self.primaries == "bt709":
                return picture
            light: Array = np.clip(_light(picture) @ turn.T, 0, 1)
            return _camera(light)
        nits = np.clip(
            203 * picture**2.4 @ turn.T, 0, 1000
        )  # as a screen shows it (BT.1886), white at 203 (BT.2408)
        return _pq(nits) if self.light == "pq" else _hlg(nits)


_FIELDS = {"progressive": "prog", "tff": "tff", "bff": "bff"}


def _halved(plane: Array, *, across: bool, down: bool) -> Array:
    """Chroma as MPEG-2 and its followers place it: left of the middle, between two rows."""
    if across:
        before = np.concatenate([plane[:, :1], plane[:, 1:-1:2]], axis=1)
        plane = (before + 2 * plane[:, 0::2] + plane[:, 1::2]) / 4
    return (plane[0::2] + plane[1::2]) / 2 if down else plane


def _to_xyz(primaries: str) -> Array:
    points = np.array(_PRIMARIES[primaries]).reshape(3, 2)
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in points]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    result: Array = columns * np.linalg.solve(columns, white)
    return result


def _camera(light: Array) -> Array:
    """BT.709's curve, from light to signal."""
    return np.where(light < 0.018, 4.5 * light, 1.099 * np.maximum(light, 1e-9) ** 0.45 - 0.099)


def _light(signal: Array) -> Array:
    """Back."""
    return np.where(signal < 0.081, signal / 4.5, ((np.maximum(signal, 1e-9) + 0.099) / 1.099) ** (1 / 0.45))


def _pq(nits: Array) -> Array:
    """SMPTE ST 2084."""
    power = (nits / 10_000) ** (2610 / 16384)
    result: Array = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    return result


def _hlg(nits: Array) -> Array:
    """ITU-R BT.2100 for a screen of 1,000 nits, whose system gamma of 1.2 is taken out again."""
    luminance = np.maximum(nits @ np.array([0.2627, 0.6780, 0.0593]) / 1000, 1e-9)[..., None]
    light = nits / 1000 * luminance ** (1 / 1.2 - 1)
    high: Array = 0.17883277 * np.log(np.maximum(12 * light - 0.28466892, 1e-9)) + 0.55991073
    return np.where(light <= 1 / 12, np.sqrt(3 * light), high)


def _run(arguments: list[str], content: bytes) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    try:
        subprocess.run(command, input=content, check=True, capture_output=True, timeout=120)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr.decode(errors="replace"))
        raise
