"""Run-All of a lesson: how long, and how much memory.

`python -m tests.bench.lessons FILE` runs one lesson and prints both as JSON; a process of its own, because the system
reports the peak memory of all children a process ever had.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEGABYTES = 60, 700


def run_all(path: Path) -> dict[str, float]:
    """Wall time in seconds and peak memory in MB (10^6 bytes) of a lesson's Run-All."""
    here = [sys.executable, "-m", "tests.bench.lessons", str(path.resolve())]
    done = subprocess.run(here, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        why = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(f"{path.name} did not run to its end: {why[-1]}")
    return json.loads(done.stdout)


def verdict(found: dict[str, float]) -> str:
    """One line: each figure, its goal, and whether it holds."""
    goals = [("seconds", SECONDS, "s"), ("megabytes", MEGABYTES, "MB")]
    parts = [
        f"{found[name]:.0f} {unit} (goal {goal} {unit}: {'holds' if found[name] <= goal else 'misses'})"
        for name, goal, unit in goals
    ]
    return ", ".join(parts)


def _main(path: str) -> None:
    import resource  # here, because Windows has none

    from toolkit.notebooks import execute

    start = time.perf_counter()
    execute(path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "megabytes": peak * (1 if sys.platform == "darwin" else 1024) / 1e6}))


if __name__ == "__main__":
    _main(sys.argv[1])
