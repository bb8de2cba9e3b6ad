"""What is a campaign? The contract between operator, renderer and user: pure values, no I/O, no clock."""

import os

# There are none, and to look for them takes each process a sixth of its start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")

__version__ = "0.1.0"
