"""A process that judges answers, each in a child of its own; `pool` starts it and writes one job a line to it.

On Linux the child is a fork of this process, which has everything loaded, so an answer takes hundredths of a second.
Elsewhere forking with torch loaded is not safe: there a foreman judges one answer itself and ends (`--once`).
A child has no input, its output goes nowhere, and it works in an empty folder of its own. Its verdict comes through a
pipe, in one line that carries a number drawn for this answer alone.
"""

import json
import os
import secrets
import select
import signal
import sys
import tempfile
import time
from typing import Any, TextIO

READY = "ready"
_LONGEST = 2**16  # bytes of a message
_SLACK = 2.0  # seconds after the time is up


def main(once: bool) -> None:
    """Judge every job that comes, until no more do."""
    import torch

    from toolkit.exercises.catalogue import EXERCISES

    torch.set_num_threads(1)
    jobs, reply = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)
    print(READY, file=reply, flush=True)
    for line in jobs:
        job = json.loads(line)
        for case in EXERCISES[job["id"]].cases:
            case.inputs()  # made once, for all learners
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            found = _here(job, folder) if once else _apart(job, folder, reply)
        print(json.dumps(found), file=reply, flush=True)
        if once:
            os._exit(0)  # whatever threads the answer has left


def _here(job: dict[str, Any], folder: str) -> dict[str, str]:
    from toolkit.grading.worker import limit, verdict

    before = os.getcwd()
    os.chdir(folder)
    limit(job["seconds"])
    try:
        return verdict(**job)
    finally:
        os.chdir(before)


def _apart(job: dict[str, Any], folder: str, reply: TextIO) -> dict[str, str]:
    """Judge a job in a child, and end the child with all that it started."""
    import toolkit.grading.worker  # noqa: F401  (here, so that no child has to load it)

    nonce = secrets.token_hex(16)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.close(read)
            os.close(reply.fileno())
            _child(job, folder, write, nonce)
        finally:
            os._exit(0)
    os.close(write)
    try:
        found, in_time = _listen(read, nonce, job["seconds"])
    finally:
        os.close(read)
        status = _end(child)
    return found or {"mark": "!", "sentence": _why(job, in_time, status)}


def _child(job: dict[str, Any], folder: str, write: int, nonce: str) -> None:
    from toolkit.grading.worker import limit, verdict

    def tell(**message: str) -> None:
        os.write(write, (json.dumps({**message, "nonce": nonce}) + "\n").encode())

    os.chdir(folder)
    limit(job["seconds"])
    tell(**verdict(**job, started=tell))


def _listen(read: int, nonce: str, seconds: float) -> tuple[dict[str, str] | None, bool]:
    """Return the verdict that comes through a pipe, None where none does; and whether the time did not run out.

    The source may take as long as the function: the clock starts again when it has run. The child itself stops both
    after that time; this is for when it cannot.
    """
    text, until = b"", time.monotonic() + seconds + _SLACK
    while len(text) < _LONGEST:
        if not select.select([read], [], [], max(0, until - time.monotonic()))[0]:
            return None, False
        piece = os.read(read, _LONGEST)
        if not piece:
            return None, True
        *lines, text = (text + piece).split(b"\n")
        for line in lines:
            message = _message(line, nonce)
            if message and "mark" in message:
                return {"mark": str(message["mark"]), "sentence": str(message["sentence"])}, True
            if message:
                until = time.monotonic() + seconds + _SLACK
    return None, True


def _message(line: bytes, nonce: str) -> dict[str, Any] | None:
    """Return what a line says, if it is one of ours."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.get("nonce") == nonce else None


def _end(child: int) -> int:
    """Kill a child and its children, and return its exit status."""
    for end in (os.killpg, os.kill, os.killpg):
        try:
            end(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _why(job: dict[str, Any], in_time: bool, status: int) -> str:
    if not in_time:
        return f"{job['id']} timed out after {job['seconds']:g} s: is there a loop that never ends?"
    return f"{job['id']} your code ended the process it ran in (an exit, a crash, or too little memory)."


if __name__ == "__main__":
    main("--once" in sys.argv)
