"""`python -m toolkit.evidence [--fresh] [01 ...]`: measure the claims of all lessons, or of those named."""

import argparse
import sys
from collections.abc import Sequence

from toolkit.evidence import LESSONS, measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and end in one sentence where something is in the way.

    Args:
        arguments: of the command line; those of this process when left out.

    Returns:
        The exit status: 0, 1 after a failure, 130 after an interrupt.

    Example:
        >>> main(["99"])
        1
    """
    parser = argparse.ArgumentParser(prog="python -m toolkit.evidence", description="Measure the multi-seed claims.")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help=f"some of {', '.join(LESSONS)}; else all")
    parser.add_argument("--fresh", action="store_true", help="measure anew what an earlier run has kept, too")
    given = parser.parse_args(arguments)
    try:
        measure(given.lessons or LESSONS, fresh=given.fresh)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "Interrupted before anything was measured.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
