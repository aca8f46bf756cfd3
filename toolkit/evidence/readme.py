"""README's table of what is reproduced: `python -m toolkit.evidence.readme` writes it anew from the evidence.

With `--check` it only looks whether README says what the evidence says.
"""

import argparse
import sys
from collections.abc import Sequence

from toolkit.evidence import FOLDER
from toolkit.evidence.claims import Row, rows
from toolkit.evidence.parts import write

README = FOLDER.parents[1] / "README.md"
BEGIN = "<!-- python -m toolkit.evidence.readme writes this table from lessons/evidence -->"
END = "<!-- end of the table -->"


def table(given: Sequence[Row]) -> str:
    """Return rows as a Markdown table.

    Args:
        given: paper, what is implemented, what came out.

    Returns:
        Lines, the last without its end.

    Raises:
        ValueError: if a text would break the table.

    Example:
        >>> print(table([Row("Euclid", "lines", "straight", holds=True)]).splitlines()[-1])
        | Euclid | lines | straight |
    """
    lines = ["| paper | implemented | at this scale |", "|---|---|---|"]
    for row in given:
        cells = (row.paper, row.implemented, row.seen)
        if any("|" in cell or "\n" in cell for cell in cells):
            raise ValueError(f"a row of README's table must have neither a bar nor a line end, got {row.paper!r}.")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def renewed(text: str, given: Sequence[Row]) -> str:
    """Return README's text with the part between the two comments written anew.

    Args:
        text: what README says.
        given: the rows of the table.

    Returns:
        The text; everything outside of the comments is as it was.

    Raises:
        ValueError: if the comments are not there once each, in their order.

    Example:
        >>> renewed(f"before {BEGIN} old {END} after", [])[-len(END) - 6:] == f"{END} after"
        True
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"README must hold the comments {BEGIN!r} and {END!r} once each, in this order.")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table(given)}\n\n{END}{rest.partition(END)[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table, or look at it; one sentence says what came of it.

    Args:
        arguments: of the command line; those of this process when left out.

    Returns:
        The exit status: 1 if README could not be written, or `--check` found it out of date.

    Example:
        >>> main(["--check"])
        README.md agrees with the evidence.
        0
    """
    parser = argparse.ArgumentParser(prog="python -m toolkit.evidence.readme", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say whether README agrees")
    check = parser.parse_args(arguments).check
    try:
        old = README.read_text(encoding="utf-8")
        new = renewed(old, rows())
        if check and new != old:
            raise ValueError("README.md does not say what the evidence says; run python -m toolkit.evidence.readme.")
        if new != old:
            write(README, new.removesuffix("\n"))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print("README.md agrees with the evidence." if new == old else "README.md's table is written anew.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
