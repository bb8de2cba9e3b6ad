from __future__ import annotations

import struct
from pathlib import Path

import pytest

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.probe.file import probe
from support.media import ClipLook, clip, cut_short, ffmpeg, track

SHA = "0" * 64
TONE = ("-f", "lavfi", "-i", "sine=440:r=44100:d=3")
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=3")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")

SOUNDS = {
    "tone.mp3": ("-b:a", "96k"),
    "tone.wav": (),
    "rf64.wav": ("-rf64", "always"),
    "tone.w64": (),
    "tone.aiff": (),
    "tone.caf": (),
    "tone.ogg": ("-c:a", "libvorbis"),
    "tone.opus": ("-c:a", "libopus"),
    "flac.ogg": ("-c:a", "flac"),
    "tone.flac": (),
    "tone.m4a": ("-movflags", "+faststart"),
    "tone.mka": ("-c:a", "libopus"),
    "tone.webm": ("-c:a", "libvorbis"),
    "tone.wma": (),
}
CLIPS = {
    "clip.avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
    "clip.flv": (*H264, "-c:a", "aac"),
    "clip.wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
    "index.mp4": (*H264, "-c:a", "aac", "-movflags", "dash+global_sidx+frag_keyframe+empty_moov"),
}


def made(folder: Path, name: str) -> Path:
    """A whole file of three seconds."""
    inputs = TONE if name in SOUNDS else (*PICTURE, *TONE)
    return ffmpeg([*inputs, *(SOUNDS | CLIPS)[name]], folder / name)


def facts_of(path: Path) -> SourceFacts:
    """What the probe says of a file that it takes."""
    return probe(path, SHA)


def refusal(path: Path) -> str:
    """What the probe says of a file that it refuses."""
    with pytest.raises(SourceError) as caught:
        probe(path, SHA)
    return str(caught.value)


@pytest.mark.parametrize("name", [*SOUNDS, *CLIPS])
def test_a_file_that_says_how_long_it_is_must_be(tmp_path: Path, name: str) -> None:
    """Half of the music would be looped, or half a clip shown, because an upload broke off."""
    path = made(tmp_path, name)

    assert facts_of(path).duration_s == pytest.approx(3.0, abs=0.06)
    assert "cut short" in refusal(cut_short(path, tmp_path / "source", 1 / 3))


@pytest.mark.parametrize("name", ["tone.mp3", "tone.wav"])
def test_a_cut_file_tells_how_much_is_there(tmp_path: Path, name: str) -> None:
    """Whoever uploaded it would not see that it is the upload that broke off."""
    assert "it says 3.0 s and holds 1.0 s" in refusal(
        cut_short(made(tmp_path, name), tmp_path / "source", 0.337)
    )


@pytest.mark.parametrize("name", [name for name in SOUNDS if name not in ("tone.m4a", "tone.wma")])
@pytest.mark.parametrize("junk", [b"TAG" + bytes(125), b"APETAGEX" + bytes(300), b"\0" * 5000])
def test_what_follows_a_sound_does_not_count(tmp_path: Path, name: str, junk: bytes) -> None:
    """Bought music ends with tags; it would be refused as damaged."""
    path = made(tmp_path, name)
    path.write_bytes(path.read_bytes() + junk)

    assert facts_of(path).duration_s == pytest.approx(3.0, abs=0.1)


def test_joined_mp3_is_longer_than_the_first_says(tmp_path: Path) -> None:
    """Episodes are joined end to end: the first one's count would have the rest refused, or left out."""
    path = made(tmp_path, "tone.mp3")
    path.write_bytes(path.read_bytes() * 2)

    assert facts_of(path).duration_s == pytest.approx(6.0, abs=0.2)


def test_what_was_written_to_a_pipe_is_taken_for_what_it_holds(tmp_path: Path) -> None:
    """Speech services and recorders cannot know how long a sound will be; it would be refused as cut short."""
    for size in (0, 0xFFFF_FFFF, 0x7FFF_F000):
        content = bytearray(made(tmp_path, "tone.wav").read_bytes())
        at = content.index(b"data")
        content[4:8] = content[at + 4 : at + 8] = struct.pack("<I", size)
        path = tmp_path / f"streamed-{size}"
        path.write_bytes(content)
        if size:
            assert facts_of(path).duration_s == pytest.approx(3.0, abs=0.1)
    live = ffmpeg([*TONE, "-c:a", "libopus", "-f", "webm", "-live", "1"], tmp_path / "live")
    assert facts_of(live).duration_s == pytest.approx(3.0, abs=0.1)


def test_an_ogg_without_an_end_is_a_recording_that_was_stopped(tmp_path: Path) -> None:
    """What a radio station sent is whole pages without a last one; it would be refused."""
    content = made(tmp_path, "tone.opus").read_bytes()
    last = content.rindex(b"OggS")
    path = tmp_path / "source"
    path.write_bytes(content[:last])

    assert facts_of(path).duration_s > 1.5


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
def test_a_stream_that_ends_within_a_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    """It says nowhere how long it is: its last picture would fail in the encoder."""
    path = ffmpeg([*PICTURE, *TONE, "-t", "2", *(H264 if suffix == "ts" else ())], tmp_path / f"a.{suffix}")

    assert "cut short" in refusal(cut_short(path, tmp_path / "source", 0.51))


def test_clips_joined_end_to_end_are_refused(tmp_path: Path) -> None:
    """What decodes closes what it takes for a jump of the clock: pictures would be cut by times that are not theirs."""
    content = ffmpeg([*PICTURE, *H264], tmp_path / "a.ts").read_bytes()
    path = tmp_path / "source"
    path.write_bytes(content * 2)

    assert "its clock jumps after 3.0 s" in refusal(path)


def test_what_is_cut_out_of_a_broadcast_begins_with_its_first_whole_picture(tmp_path: Path) -> None:
    """Pictures that cannot be shown would be counted, and the segment come out too short."""
    content = ffmpeg([*PICTURE, *H264, "-g", "25"], tmp_path / "a.ts").read_bytes()
    path = tmp_path / "source"
    path.write_bytes(content[188 * 60 + 77 :])

    assert facts_of(path).duration_s == pytest.approx(2.0, abs=0.01)


def test_locked_files_are_told_as_locked(tmp_path: Path) -> None:
    """What is bought with a lock would be called damaged, and nobody know what to do."""
    whole = clip(tmp_path / "a.mp4", ClipLook(faststart=True))
    key = "00112233445566778899aabbccddeeff"
    scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    common = ffmpeg(["-i", str(whole), "-c", "copy", *scheme], tmp_path / "common.mp4")
    apple = tmp_path / "apple.m4p"
    apple.write_bytes(track(tmp_path / "a.m4a").read_bytes().replace(b"mp4a\0\0\0\0", b"drms\0\0\0\0"))
    scrambled = tmp_path / "scrambled"
    packets = bytearray(ffmpeg(["-i", str(whole), "-c", "copy"], tmp_path / "a.ts").read_bytes())
    packets[188 * 4 + 3 :: 188] = bytes(byte | 0x80 for byte in packets[188 * 4 + 3 :: 188])
    scrambled.write_bytes(packets)

    assert "DRM-protected MP4" in refusal(common)
    assert "FairPlay" in refusal(apple)
    assert "scrambled MPEG-TS" in refusal(scrambled)


def test_a_matroska_that_is_encrypted_is_told(tmp_path: Path) -> None:
    """Its packets are noise: it would be called damaged."""
    path = clip(tmp_path / "a.webm")
    content = path.read_bytes()
    at = content.index(b"\x86\x85V_VP8")
    lock = bytes.fromhex("6d80 8a 6240 87 5035 84 47e1 8105".replace(" ", ""))  # ContentEncAlgo: AES
    tracks = content.index(b"\x16\x54\xae\x6b")
    grown = bytearray(content[:at] + lock + content[at:])
    for begin in (tracks + 4, grown.index(b"\xae", tracks + 12) + 1):  # of Tracks, of TrackEntry
        width = 9 - grown[begin].bit_length()
        value = int.from_bytes(grown[begin : begin + width]) + len(lock)
        grown[begin : begin + width] = value.to_bytes(width)
    path.write_bytes(grown)

    assert "encrypted Matroska" in refusal(path)


def test_colours_that_only_dolby_shows_are_refused(tmp_path: Path) -> None:
    """Profile 5 shows green and violet wherever Dolby Vision is not known."""
    content = clip(tmp_path / "a.mp4", ClipLook(audio=False)).read_bytes()

    def with_record(profile: int, compatible: int) -> Path:
        """The clip with a record of Dolby Vision in place of the box that tells its pixels' shape."""
        at = content.index(b"pasp") - 4
        record = bytes([1, 0, profile << 1, 0, compatible << 4])
        box = struct.pack(">I4s", 16, b"dvcC") + record + bytes(3)
        assert struct.unpack_from(">I", content, at) == (len(box),)
        path = tmp_path / f"{profile}-{compatible}"
        path.write_bytes(content[:at] + box + content[at + len(box) :])
        return path

    assert "Dolby Vision" in refusal(with_record(5, 0))
    assert facts_of(with_record(8, 4)).kind == "video"


def test_parts_of_two_forms_are_no_one_ogg(tmp_path: Path) -> None:
    """Nobody would know what is wrong with a sound that is joined of a mono and a stereo one."""
    parts = [ffmpeg([*TONE, "-ac", str(n), "-c:a", "libvorbis"], tmp_path / f"{n}.ogg") for n in (1, 2)]
    path = tmp_path / "source"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    assert "its form changes midway" in refusal(path)
