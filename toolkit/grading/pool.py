"""Hand answers to foremen, several at a time; each distinct answer is judged once, however many learners gave it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from toolkit.exercises.catalogue import EXERCISES
from toolkit.grading.foreman import READY
from toolkit.progress import progress

FORKS = sys.platform.startswith("linux")
_ROOT = str(Path(__file__).resolve().parents[2])
SLACK = 120.0  # seconds for Python and torch to load, and for the cases to be made


class Job(NamedTuple):
    """One answer to judge: the exercise, the function's name, the source that defines it, and the time it may take."""

    id: str
    name: str
    source: str
    seconds: float


class Outcome(NamedTuple):
    """What became of one answer: "✓", "✗", "–" (not attempted) or "!" (could not be judged), and why."""

    mark: str
    sentence: str


class Foreman:
    """A process that judges; it is started when first needed, and again when an answer has ended it.

    Args:
        forks: whether it judges each answer in a fork; else it is started anew for each.
    """

    def __init__(self, forks: bool = FORKS) -> None:
        """Start nothing yet."""
        self.forks = forks
        self._process: subprocess.Popen[str] | None = None

    def judge(self, job: Job) -> Outcome:
        """Return what became of one answer, whatever it does.

        Args:
            job: the answer.

        Returns:
            The outcome.

        Raises:
            RuntimeError: if no process can be started, which is not the learner's fault.
        """
        self._start()
        process, late = self._process, threading.Event()
        timer = threading.Timer(2 * job.seconds + SLACK, lambda: (late.set(), self.stop()))
        timer.start()
        try:
            process.stdin.write(json.dumps(job._asdict()) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            found = json.loads(line)
            return Outcome("–" if found["mark"] == "·" else found["mark"], clean(found["sentence"]))
        except (OSError, ValueError, KeyError, TypeError):  # it has ended, or says what no foreman says
            self.stop()
            why = "took too long" if late.is_set() else "ended the process it ran in"
            return Outcome("!", f"{job.id} your code {why}.")
        finally:
            timer.cancel()
            if not self.forks:
                self.stop()

    def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, OSError):  # AttributeError: Windows
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            try:
                stream.close()
            except OSError:  # what was not written yet finds no reader
                continue

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.stop()
        quiet = {"TOOLKIT_QUIET": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONIOENCODING": "utf-8"}
        environment = {**os.environ, **quiet}
        environment.pop("TOOLKIT_STRICT", None)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
        # -P: a file of a learner's in this folder, such as random.py, must not stand in for a module
        command = [sys.executable, "-P", "-m", "toolkit.grading.foreman", *([] if self.forks else ["--once"])]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,
        )
        if self._process.stdout.readline().strip() != READY:
            self.stop()
            raise RuntimeError("The process that judges answers did not start; nothing was judged.")


def judge_all(jobs: Iterable[Job], workers: int = 1, forks: bool = FORKS) -> dict[Job, Outcome]:
    """Judge many answers.

    Args:
        jobs: the answers; equal ones are judged once.
        workers: how many processes judge at a time.
        forks: as for `Foreman`.

    Returns:
        The outcome of every job.
    """
    jobs = sorted(set(jobs), key=lambda job: -EXERCISES[job.id].seconds)  # the slow ones first
    local, foremen = threading.local(), []

    def judge(job: Job) -> Outcome:
        if not hasattr(local, "foreman"):
            local.foreman = Foreman(forks)
            foremen.append(local.foreman)
        return local.foreman.judge(job)

    pool = ThreadPoolExecutor(max(1, min(workers, len(jobs))))
    try:
        asked = [(job, pool.submit(judge, job)) for job in jobs]
        return {job: future.result() for job, future in progress(asked, "judging")}
    finally:  # also when the lecturer presses Ctrl-C
        pool.shutdown(wait=False, cancel_futures=True)
        for foreman in foremen:
            foreman.stop()
        pool.shutdown()


def clean(text: str, longest: int = 1000) -> str:
    r"""Return text on one line that a terminal can print safely, whatever a learner put into it.

    Args:
        text: such as the sentence of a verdict.
        longest: number of characters after which it is cut.

    Returns:
        The text.

    Example:
        >>> clean("red \x1b[31m\nalert")
        'red [31m alert'
    """
    shown = "".join(char if char.isprintable() else " " for char in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[:longest] + "…"
