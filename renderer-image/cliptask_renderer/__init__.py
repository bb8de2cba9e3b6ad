"""How is a piece of a campaign made? Everything that touches media: ffmpeg, PyAV, MoviePy and the store."""
