"""What stands for a segment in a storyboard? Its keyframe nearest the middle, as a JPEG: one picture is decoded for it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cliptask import recipe
from cliptask.errors import MediaError

_QUANTISER = 4
"""From 1 to 31; the less, the better."""


def picture(segment: Path, output: Path) -> None:
    """Write it, at most ``recipe.PICTURE_WIDTH`` wide. Raises ``MediaError`` for what is no segment."""
    import av  # noqa: PLC0415  only where something is made
    from av.codec.context import Flags  # noqa: PLC0415  as above
    from av.video.reformatter import ColorRange, Colorspace  # noqa: PLC0415  as above

    try:
        with av.open(f"file:{segment.absolute()}", format="mp4") as container:
            stream = container.streams.video[0]
            length_s = float((stream.duration or 0) * (stream.time_base or 0))
            keyframe = round(length_s / 2 / recipe.GOP_S)
            container.seek(keyframe * recipe.GOP_S * recipe.TIMESCALE, stream=stream)
            shown = next(container.decode(stream))
            width = min(recipe.PICTURE_WIDTH, shown.width)
            small = shown.reformat(
                width,
                2 * round(shown.height * width / shown.width / 2),
                "yuvj420p",
                src_colorspace=Colorspace.ITU709,
                dst_colorspace=Colorspace.ITU601,  # JPEG knows no other (JFIF 1.02)
                interpolation="AREA",
                src_color_range=ColorRange.MPEG,
                dst_color_range=ColorRange.JPEG,
            )
        small.pts, small.time_base = 0, Fraction(1)
        jpeg = av.VideoCodecContext.create("mjpeg", "w")
        jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.time_base = (
            small.width,
            small.height,
            "yuvj420p",
            Fraction(1),
        )
        jpeg.qmin = jpeg.qmax = _QUANTISER
        jpeg.flags |= Flags.bitexact
        output.write_bytes(b"".join(bytes(packet) for packet in (*jpeg.encode(small), *jpeg.encode(None))))
    except (av.FFmpegError, IndexError, StopIteration) as error:
        message = f"the picture of {segment.name} cannot be made: {error}"
        raise MediaError(message) from error
