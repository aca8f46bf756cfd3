"""All claims of all papers, each with what we saw, its control and its verdict; and the rows of README's table.

Every figure is computed from `lessons/evidence/`, and a verdict that the figures no longer support is an error. What
belongs to a lesson stands in `claims<number>.py`; a new lesson adds its module to `MODULES`.
"""

from pathlib import Path

from toolkit.evidence import FOLDER, claims01, claims02, claims03, claims04, claims05, claims06, claims07
from toolkit.evidence.claim import VERDICTS, Claim, Row, reader

__all__ = ["VERDICTS", "Claim", "Row", "claims", "rows"]

MODULES = (claims01, claims02, claims03, claims04, claims05, claims06, claims07)


def claims(folder: Path = FOLDER) -> list[Claim]:
    """Return every claim, in the order of the lessons.

    Args:
        folder: where the evidence lies.

    Returns:
        The claims; their figures are those of the files.

    Raises:
        FileNotFoundError: if a lesson has no evidence.
        ValueError: if the figures do not support a verdict, or a file is damaged.

    Example:
        >>> {claim.verdict for claim in claims()} <= set(VERDICTS)
        True
    """
    read = reader(folder)
    return [claim for module in MODULES for claim in module.claims(read)]


def rows(folder: Path = FOLDER) -> list[Row]:
    """Return the rows of README's table: what is implemented and reproduced, paper by paper.

    Args:
        folder: where the evidence lies.

    Returns:
        The rows, in the order of the lessons.

    Raises:
        FileNotFoundError: if a lesson has no evidence.
        ValueError: if the figures do not support a verdict, or a file is damaged.

    Example:
        >>> rows()[0].paper
        'Frankle et al. 2020 (groundwork)'
    """
    claims(folder)  # what the rows say in bold stands on these
    read = reader(folder)
    return [*(row for module in MODULES for row in module.rows(read)), claims03.last_row(read)]
