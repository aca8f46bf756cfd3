"""Two ways to the same result, timed side by side."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """One line of the table.

    Attributes:
        name: what is done.
        goal: the largest ratio ours / plain that is good enough.
        plain: does it the plain way and returns what came out, as an array.
        ours: does it with the toolkit.
        tolerance: how far the two results may lie apart (one number, or one per column); None where they are different
            things, as when a line is trained instead of a point.
    """

    name: str
    goal: float
    plain: Callable[[], np.ndarray]
    ours: Callable[[], np.ndarray]
    tolerance: float | tuple[float, ...] | None = None

    def check(self) -> None:
        """Run both ways once, and stop if they disagree."""
        plain, ours = self.plain(), self.ours()
        if self.tolerance is None:
            return
        apart = np.abs(np.asarray(plain) - np.asarray(ours))
        if not (apart <= self.tolerance).all():
            raise AssertionError(f"{self.name}: the two ways differ by {apart.max():.2g}, allowed {self.tolerance}.")

    def measure(self, repetitions: int) -> "Row":
        """Check both ways, which also warms them up, then time them."""
        self.check()
        return Row(self.name, *cpu_ms([self.plain, self.ours], repetitions), self.goal)


@dataclass(frozen=True)
class Row:
    """What was measured, as a rule times in milliseconds, and the largest ratio that is good enough."""

    name: str
    plain: float
    ours: float
    goal: float
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        return self.ours / self.plain

    @property
    def verdict(self) -> str:
        return "holds" if self.ratio <= self.goal else "misses"


def cpu_ms(ways: Sequence[Callable[[], object]], repetitions: int) -> list[float]:
    """Median CPU time of each way in milliseconds; the ways take turns, so that a slow minute hits all of them."""
    times: list[list[float]] = [[] for _ in ways]
    gc.collect()
    gc.disable()  # as `timeit` does: a collection belongs to nobody
    try:
        for _ in range(repetitions):
            for way, mine in zip(ways, times, strict=True):
                start = time.process_time()
                way()
                mine.append(time.process_time() - start)
    finally:
        gc.enable()
    return [1000 * median(mine) for mine in times]
