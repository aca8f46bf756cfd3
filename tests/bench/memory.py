"""Peak memory of matching by activations.

`python -m tests.bench.memory plain` (or `ours`) does it in a process of its own and prints the megabytes (10^6 bytes)
by which the peak of the process grew. The count starts after the imports and a match of eight images, so that what
every user of PyTorch pays once, such as buffers of the libraries below it, is nobody's.
"""

import subprocess
import sys
from pathlib import Path

from .timing import Row

ROOT = Path(__file__).resolve().parents[2]


def by_activations(examples: int = 1000) -> Row:
    """Match all layers with a fifth of the memory that storing the activations takes."""
    found = [_in_a_process(way, examples) for way in ("plain", "ours")]
    return Row(f"peak memory of it, {examples} images", *found, goal=0.2, unit="MB")


def _in_a_process(way: str, examples: int) -> float:
    command = [sys.executable, "-m", "tests.bench.memory", way, str(examples)]
    return float(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def _peak() -> float:
    """The most memory this process ever held, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux, `getrusage` would also count what the process held that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # here, because Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _main(way: str, examples: int) -> None:
    import torch

    from . import matching

    torch.set_num_threads(1)
    getattr(matching.by_activations(8), way)()
    comparison = matching.by_activations(examples)
    before = _peak()
    getattr(comparison, way)()
    print(_peak() - before)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
