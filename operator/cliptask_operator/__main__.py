"""How does the program start? Everything is imported in here, as worker processes import this file anew."""

from __future__ import annotations

import signal
from types import ModuleType


def main() -> None:
    """Run the command line."""
    _program().main()


def kubectl_plugin() -> None:
    """Run ``kubectl clip``: kubectl finds the program by its name."""
    app = _program()
    app.main(app.plugin, "kubectl clip")


def _program() -> ModuleType:
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        signal.signal(
            signal.SIGINT, signal.SIG_DFL
        )  # until there is something to say, Ctrl-C ends it without a word
    from cliptask_operator.cli import app  # noqa: PLC0415  a second for each worker, which needs none of it

    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return app


if __name__ == "__main__":
    main()
