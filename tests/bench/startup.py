"""What is paid once in every process: the import, and the first training of many seeds."""

import subprocess
import sys
import textwrap
from pathlib import Path
from statistics import median

from .timing import Row

ROOT = Path(__file__).resolve().parents[2]


def importing(repetitions: int) -> Row:
    """Import each in fresh processes, in turn: at most half as long again."""
    times: dict[str, list[float]] = {"torch": [], "toolkit": []}
    for repetition in range(repetitions + 1):
        for name, mine in times.items():
            seconds = _cpu_seconds(name)
            if repetition:  # the first one warms up the disk cache
                mine.append(seconds)
    return Row("import toolkit (plain: import torch)", *(1000 * median(mine) for mine in times.values()), goal=1.5)


def first_fit_many(seeds: int = 8) -> float:
    """CPU time in milliseconds that the first `fit_many` of a process takes beyond the second."""
    code = f"""
        import time, toolkit
        dataset, space = toolkit.data.load("digits"), toolkit.WeightSpace(toolkit.models.mlp(64, 128, 128, 10))
        toolkit.fit(space, space.init(0), dataset, epochs=1)
        times = [time.process_time()]
        for _ in range(2):
            toolkit.fit_many(space, dataset, range({seeds}), epochs=1)
            times.append(time.process_time())
        print(2 * times[1] - times[0] - times[2])
    """
    return 1000 * _run(textwrap.dedent(code))


def _cpu_seconds(name: str) -> float:
    """CPU time of a fresh process, from its start until the module is there."""
    return _run(f"import time, {name}; print(time.process_time())")


def _run(code: str) -> float:
    """The number that a fresh process prints; what it complains of is shown."""
    return float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
