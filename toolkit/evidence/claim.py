"""One claim of a paper and what became of it here, as figures of the evidence; a verdict stands only while they do."""

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from toolkit import _expect
from toolkit.evidence import FOLDER, load
from toolkit.style import mean_sd

VERDICTS = (
    "reproduced",
    "supported",
    "in direction",
    "partly",
    "not at this scale",
    "exact",
    "to be tested",
    "no evidence",
    "our control",
)
Read = Callable[[str, str], dict]  # lesson, claim -> what was measured, such as load


@dataclass(frozen=True)
class Claim:
    """What a paper says, what we saw, and the verdict.

    Args:
        paper: authors and year.
        lesson: number of the lesson that shows it.
        statement: what the paper says, in our words; in brackets where it is no claim of theirs.
        seen: our measurement (mean ± sd).
        control: what it is held against.
        seeds: how many runs stand behind it.
        verdict: one of `VERDICTS`.
        why: the verdict in more words.
        holds: whether the figures still support the verdict.

    Raises:
        ValueError: if they do not, or the verdict is none of `VERDICTS`.

    Example:
        >>> Claim("Euclid", 1, "lines are straight", "1.0 ± 0.0", "a curve", "5 seeds", "exact", "", holds=True).verdict
        'exact'
    """

    paper: str
    lesson: int
    statement: str
    seen: str
    control: str
    seeds: str
    verdict: str
    why: str = ""
    holds: InitVar[bool] = False

    def __post_init__(self, holds: bool) -> None:
        """Refuse a verdict that the figures do not support."""
        _expect.choice("verdict", self.verdict, VERDICTS)
        supported(f"lesson {self.lesson:02}, {self.paper}, {self.statement!r}", self.verdict, holds)


@dataclass(frozen=True)
class Row:
    """A row of README's table: paper, what is implemented, what came out at this scale; `holds` as for a claim."""

    paper: str
    implemented: str
    seen: str
    holds: InitVar[bool] = False

    def __post_init__(self, holds: bool) -> None:
        """Refuse a row that the figures do not support."""
        supported(f"README's row on {self.paper}", "what it says", holds)


def supported(claim: str, verdict: str, holds: bool) -> None:
    """Let a verdict stand only while the figures support it.

    Args:
        claim: its name in the message.
        verdict: what is said of it.
        holds: whether the figures support that.

    Raises:
        ValueError: if they do not.

    Example:
        >>> supported("lesson 01, ours", "exact", holds=1 + 1 == 2)
    """
    if not holds:
        raise ValueError(f"The evidence no longer supports {verdict!r} for {claim}; read it and mend the verdict.")


def reader(folder: Path = FOLDER) -> Read:
    """Return `load` for one folder, every claim read once.

    Args:
        folder: where the files lie.

    Returns:
        A function of lesson and claim.

    Example:
        >>> reader()("01", "width")["config"]["pairs"]
        5
    """
    return cache(partial(load, folder=folder))


def percent(fractions: Sequence[float], digits: int = 1, unit: str = " %") -> str:
    """Write fractions as per cent, mean ± sd.

    Args:
        fractions: at least two numbers, 1 for 100 %.
        digits: behind the decimal point.
        unit: what follows; `" points"`, say, for differences.

    Returns:
        Such as `"95.6 ± 0.9 %"`.

    Example:
        >>> percent([0.25, 0.75], 0)
        '50 ± 35 %'
    """
    return mean_sd(100 * np.asarray(fractions), digits) + unit


def mean(fractions: Sequence[float], digits: int = 1) -> str:
    """Write the mean of fractions in per cent, without the unit.

    Args:
        fractions: numbers, 1 for 100 %.
        digits: behind the decimal point.

    Returns:
        Such as `"95.6"`.

    Example:
        >>> mean([0.25, 0.75])
        '50.0'
    """
    return f"{100 * np.mean(fractions):.{digits}f}"


def above(better: Sequence[float], worse: Sequence[float], by: float = 0.0) -> bool:
    """Tell whether the mean of one row of runs lies above that of another.

    Args:
        better: measurements.
        worse: measurements.
        by: by how much at least.

    Returns:
        True if it does.

    Example:
        >>> above([0.9, 0.8], [0.1, 0.2], by=0.5)
        True
    """
    return bool(np.mean(better) - np.mean(worse) > by)


def always(better: Sequence[float], worse: Sequence[float]) -> bool:
    """Tell whether one row of runs lies above another in every seed.

    Args:
        better: measurements, a seed each.
        worse: measurements of the same seeds.

    Returns:
        True if it does.

    Example:
        >>> always([0.9, 0.8], [0.1, 0.85])
        False
    """
    return bool((np.asarray(better) > np.asarray(worse)).all())
