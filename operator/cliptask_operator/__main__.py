"""How does the program start? Everything is imported in here, as worker processes import this file anew."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from types import ModuleType

# What modules leave behind while they load is no garbage: looking through it costs a tenth of each start.
gc.set_threshold(50_000)

_MISCONFIGURED = 78


def main() -> None:
    """Run the command line."""
    _run(lambda app: app.main())


def kubectl_plugin() -> None:
    """Run ``kubectl clip``: kubectl finds the program by its name."""
    _run(lambda app: app.main(app.plugin, "kubectl clip"))


def kubectl_completion() -> None:
    """Complete what is being typed behind ``kubectl clip``: kubectl finds the program by its name."""
    _run(lambda app: app.complete_for_kubectl(sys.argv[1:]))


def _run(start: Callable[[ModuleType], None]) -> None:
    try:
        start(_program())
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error: the Python module {error.name} is not installed, which this needs: "
            "install everything anew: pip install --force-reinstall cliptask-video\n"
        )
        sys.exit(_MISCONFIGURED)


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
