"""Videos over the picture, from a folder and by HTTP, as a user renders them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from cliptask.orders import Profile
from cliptask_operator.sources.ssrf import OPEN_HOSTS_SETTING
from support import frames as f
from support import media
from support.http_server import MediaServer
from support.studio import Studio

FORM = Profile(width=96, height=160, fps=30, fit="contain")
GREEN = "color=0x00ff00:size=48x48:rate=30:duration=0.5,format=rgba,geq=r=0:g=255:b=0:a='if(lt(X,24),255,0)'"
TONE = ("-f", "lavfi", "-i", "sine=duration=0.5:sample_rate=48000")
FORMS = {
    "webm": ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-cpu-used", "8", "-c:a", "libopus"),
    "mov": ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", "-c:a", "pcm_s16le"),
}


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder of sources."""
    (tmp_path / "media").mkdir()
    return Studio(tmp_path / "media")


@pytest.mark.parametrize("form", FORMS)
def test_a_video_with_transparency_lies_over_the_clips(form: str, studio: Studio, tmp_path: Path) -> None:
    """It would cover the clip with a box, be heard, or be another video by HTTP than from a folder."""
    name = f"sticker.{form}"
    media.ffmpeg(["-f", "lavfi", "-i", GREEN, *TONE, *FORMS[form], "-shortest"], studio.folder / name)
    served = tmp_path / "served"
    served.mkdir()
    shutil.copy(studio.folder / name, served)
    over = {"width": "50%", "place": {"x": "50%", "y": "50%"}, "to": "1s"}

    with MediaServer(served) as server:
        allowed = {"CLIPTASK_ALLOW_HTTP": "true", OPEN_HOSTS_SETTING: server.host}
        online = Studio(studio.folder, allowed)
        made = []
        for url in (name, f"{server.url}/{name}"):
            task = online.write([[1], [3]], overlays=[{"image": {"url": url}, **over}])
            ran = online.run("render", task, "-d", tmp_path / url.rpartition(":")[2].replace("/", "-"))
            assert ran.returncode == 0, ran.stderr
            assert "its sound is not heard" in ran.stderr
            made.append(next((tmp_path / url.rpartition(":")[2].replace("/", "-")).glob("camp/*.mp4")))

    first, second = (path.read_bytes() for path in made)
    assert first == second
    pictures = f.decoded(made[0], "rgb24", FORM).astype(int)
    is_green = (np.abs(pictures - (0, 255, 0)).max(axis=3) < 40).astype(int)
    # Of 48x48 pixels in the middle the left half is seen, begun anew after half a second.
    assert is_green[:30, 60:100, 28:44].min() == 1
    assert is_green[:30, 60:100, 52:72].min(axis=(1, 2)).max() == 0
    assert is_green[31:, 60:100, 28:44].min(axis=(1, 2)).max() == 0
