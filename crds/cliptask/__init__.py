"""What is a campaign? The contract between operator, renderer and user: pure values, no I/O, no clock."""

__version__ = "0.1.0"
