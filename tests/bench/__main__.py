"""Entry point: pin everything that changes a timing before torch is loaded."""

import argparse
import os

PINNED = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOOLKIT_QUIET": "1", "TOOLKIT_DEVICE": "cpu"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Print speed ratios.")
    parser.add_argument("--repetitions", type=int, default=7, help="timed repetitions of each way (default 7)")
    parser.add_argument("--no-lessons", action="store_true", help="leave out the Run-All of the lessons")
    arguments = parser.parse_args()
    if arguments.repetitions < 1:
        parser.error(f"--repetitions must be at least 1, got {arguments.repetitions}")
    os.environ |= PINNED

    from . import report  # here, because it loads torch

    report.run(arguments.repetitions, with_lessons=not arguments.no_lessons)


if __name__ == "__main__":
    main()
