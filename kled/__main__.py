"""`python -m kled` and the console script `kled`."""

import sys


def main() -> None:
    """Run the command line and exit with its code (design D14)."""
    from kled.cli.app import run  # noqa: PLC0415 - importing this module must cost nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
