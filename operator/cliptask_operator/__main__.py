"""How does the program start? Everything is imported in here, as worker processes import this file anew."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from cliptask_operator.cli import app  # noqa: PLC0415  a second for each worker, which needs none of it

    app.main()


def kubectl_plugin() -> None:
    """Run ``kubectl clip``: kubectl finds the program by its name."""
    from cliptask_operator.cli import app  # noqa: PLC0415  as above

    app.main(app.plugin, "kubectl clip")


if __name__ == "__main__":
    main()
