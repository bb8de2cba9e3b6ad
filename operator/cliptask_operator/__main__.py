"""How does the program start? Everything is imported in here, as worker processes import this file anew."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from cliptask_operator import cli  # noqa: PLC0415  a second for each worker, which needs none of it

    cli.main()


if __name__ == "__main__":
    main()
