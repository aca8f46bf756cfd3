"""Run a learner's code, and come back even if it never ends.

The code runs in a thread of its own. When the time is up, Python is asked to raise an exception inside that
thread: this ends `while True: pass` on Linux, macOS and Windows, and no thread is left burning a core.
"""

import contextlib
import ctypes
import threading
from collections.abc import Callable
from typing import Any


class _TimeIsUp(BaseException):
    """Raised inside a thread that ran too long; no `except Exception` of a learner swallows it."""


def run(work: Callable[[], Any], seconds: float) -> Any:
    """Return `work()`, or stop it and raise when it takes longer than `seconds`.

    Args:
        work: a function without arguments.
        seconds: the time limit.

    Returns:
        What `work` returned.

    Raises:
        TimeoutError: if the time is up; or else whatever `work` raised.

    Example:
        >>> run(lambda: 6 * 7, seconds=5)
        42
    """
    returned, raised = [], []
    done = threading.Event()

    def target() -> None:
        with contextlib.suppress(_TimeIsUp):  # it may arrive late, while the thread is ending
            try:
                returned.append(work())
            except BaseException as error:
                raised.append(error)
            finally:
                done.set()

    thread = threading.Thread(target=target, daemon=True)
    in_time = False
    try:
        thread.start()
        in_time = done.wait(seconds)
    finally:  # also when the learner presses the stop button
        if not in_time and thread.ident:
            _stop(thread, done)
    if not in_time:
        raise TimeoutError(f"timed out after {seconds:g} s")
    if raised:
        raise raised[0]
    return returned[0]


def _stop(thread: threading.Thread, done: threading.Event) -> None:
    """Raise inside `thread` until it is done; give up after a second (a sleep, or a long call into C)."""
    for _ in range(50):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_TimeIsUp))
        if done.wait(0.02):
            thread.join(0.02)
            return
