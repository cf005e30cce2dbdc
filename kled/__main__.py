"""`python -m kled` and the console script `kled`."""

import sys


def main() -> None:
    """Run the command line and exit with its code (design D14)."""
    try:
        from kled.cli.app import run  # noqa: PLC0415 - importing this module must cost nothing

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while it was imported; later ones are `run`'s
        sys.stderr.write("kled: interrupted\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
