"""How is a piece of a campaign made? Everything that touches media: ffmpeg, PyAV, MoviePy and the store."""

import os

# There are none, and to look for them takes each process a sixth of its start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
