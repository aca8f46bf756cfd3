"""Inside the process that a learner's code may spoil: run the source, judge the function, notice a changed judge."""

import contextlib
import ctypes
import linecache
import os
import signal
import sys
import types
from pathlib import Path
from typing import Any

import torch

from toolkit.exercises import timelimit
from toolkit.exercises.catalogue import EXERCISES
from toolkit.exercises.judge import judge
from toolkit.exercises.parts import Exercise

FILE = "<notebook>"
MEMORY = 2**30  # bytes that an answer may take on top of what Python and torch take
WRITTEN = 2**24  # bytes that it may write to a file
PROCESSES = 512  # that may run at a time on top of those of the grader's user


def verdict(id: str, name: str, source: str, seconds: float, started: Any = lambda: None) -> dict[str, str]:
    r"""Run a learner's source and judge the function it defines.

    Args:
        id: the exercise.
        name: what the learner's function is called.
        source: the text that defines it, with what it needs.
        seconds: time limit for judging.
        started: called once the source has run.

    Returns:
        Mark and sentence, as a check prints them.

    Example:
        >>> verdict("0.1", "walk", "def walk(a, b, t):\n    return b", 5)["sentence"][:46]
        '0.1 not correct: you return b whatever t is. T'
    """
    exercise = EXERCISES[id]
    before = _parts(exercise)
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    module = types.ModuleType("learner")
    sys.modules["learner"] = module
    vars(module).update(references(id))
    try:
        timelimit.run(lambda: exec(compile(source, FILE, "exec", dont_inherit=True), vars(module)), seconds)
    except BaseException as error:  # also SystemExit, and whatever a learner defines
        return {"mark": "!", "sentence": f"{id} {_raised(error)}"}
    changed = _changed(exercise, before)
    if not changed:
        started()
        found = judge(exercise, vars(module).get(name), seconds)
        changed = _changed(exercise, before)
    if changed:
        return {"mark": "!", "sentence": f"{id} not judged: this code replaces {changed}. Look at it yourself."}
    return {"mark": found.mark, "sentence": found.sentence}


def _raised(error: BaseException) -> str:
    """Say what the source raised; its text is the learner's own, and may raise as well."""
    try:
        text = " ".join(str(error).split())[:200].removesuffix(".")
    except BaseException:
        text = ""
    if type(error) is TimeoutError and text.startswith("timed out"):
        return f"{text}: is there a loop that never ends?"
    return f"your code raised {type(error).__name__}{': ' if text else ''}{text}, before the function was called."


def references(id: str) -> dict[str, Any]:
    """Return the reference of every other exercise of the lesson, by name."""
    lesson = id.split(".")[0]
    return {e.name: e.reference for e in EXERCISES.values() if e.id.split(".")[0] == lesson and e.id != id}


def limit(seconds: float) -> None:
    """Limit this process: memory, files, processor time and processes, as far as the platform can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    if sys.platform.startswith("linux"):  # PR_SET_PDEATHSIG: who judges this process does not leave it behind
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    pages = Path("/proc/self/statm")
    used = int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 2**33
    wanted = {
        "RLIMIT_AS": used + MEMORY,
        "RLIMIT_FSIZE": WRITTEN,
        "RLIMIT_CPU": int(4 * seconds) + 30,  # for a child that got away
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": _tasks() + PROCESSES,
    }
    for key, value in wanted.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):
            kind = getattr(resource, key)
            _, hard = resource.getrlimit(kind)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))


def _tasks() -> int:
    """Count the threads of this user, which is what the limit on processes counts; many where it cannot be known."""
    if not hasattr(os, "getuid") or not Path("/proc/self/task").is_dir():
        return 2**14
    count = 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and folder.stat().st_uid == os.getuid():
                count += len(list((folder / "task").iterdir()))
    return count


def _parts(exercise: Exercise) -> dict[tuple[str, str], Any]:
    """Return what a verdict rests on, by place and name: the toolkit, the exercise, and the tools of comparison."""
    parts = {("the exercise", key): value for key, value in vars(exercise).items()}
    modules = {key: module for key, module in sys.modules.items() if key.split(".")[0] == "toolkit" and module}
    for place, module in {**modules, "torch": torch, "torch.Tensor": torch.Tensor}.items():
        for key, value in list(vars(module).items()):
            if callable(value) or isinstance(value, dict):
                parts[place, key] = value
                if place in modules and isinstance(value, types.FunctionType):
                    parts[place, f"{key}.__code__"] = value.__code__
                elif place in modules and isinstance(value, type) and value.__module__ == place:
                    parts |= {(place, f"{key}.{name}"): own for name, own in vars(value).items() if callable(own)}
    return parts


def _changed(exercise: Exercise, before: dict[tuple[str, str], Any]) -> str | None:
    """Name the first of these parts that is another one now."""
    now = _parts(exercise)
    return next((".".join(place) for place, part in before.items() if now.get(place) is not part), None)
