"""Which files may ffmpeg open?"""

from __future__ import annotations

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
"""The names of one demuxer: what cameras and editors write, and all that is made here."""

DEMUXERS = f"{MP4},matroska,webm,mp3,wav,ogg,flac,aac,mpegts,avi"
"""They read one file and nothing beside it. Playlists, concat lists and network formats are not among them: such a file
could have another opened. Nor are drawings and subtitles, whose readers are many and little used."""
