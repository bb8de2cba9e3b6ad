from __future__ import annotations

import signal

from hypothesis import settings

# How long an example takes is the machine's affair: no test is about time.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell has what it starts in the background ignore Ctrl+C, and so would every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
