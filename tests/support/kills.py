"""How is a process killed at a line of its code? A piece for programs that tests run with ``python -c``."""

from __future__ import annotations

KILLED_AT = """
import os, signal, sys

def killed_at(line, steps):
    left = line
    def trace(frame, event, argument):
        nonlocal left
        if event == "call":
            return trace if frame.f_code.co_filename.endswith(steps) else None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
"""
"""Defines ``killed_at(line, steps)``: the process ends by SIGKILL at that line, counted from now in files whose names end with one of ``steps``."""
