"""The command `trucewatch`, and `python -m detector`."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from detector.cli import run  # noqa: PLC0415 - takes 0.3 s, in which Ctrl-C may come as well

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
