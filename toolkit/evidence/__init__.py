"""The measurements behind the lessons' claims: many seeds, run once, kept with their settings.

`make evidence` runs every claim and writes `lessons/evidence/<lesson>.json`; a lesson plots what is there beside your
own live run. Claims are independent of each other and go through `joblib.Parallel`, so that a `dask` or `ray` backend
chosen with `joblib.parallel_config` spreads them over a cluster unchanged.
"""

import importlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import torch

from toolkit import _expect
from toolkit.device import device

FOLDER = Path(__file__).parents[2] / "lessons" / "evidence"
LESSONS = ("01", "02", "03", "04", "05", "06")


def load(lesson: str, claim: str, folder: Path = FOLDER) -> dict:
    """Read what was measured for a claim.

    Args:
        lesson: its number in two digits, such as `"01"`.
        claim: its name; every name is a function in `toolkit/evidence/lesson<number>.py`.
        folder: where the files lie.

    Returns:
        The settings under `"config"` and the measurements, lists of numbers, by name.

    Raises:
        FileNotFoundError: if the lesson has no evidence yet.
        ValueError: if the claim is unknown, or the file is damaged.

    Example:
        >>> load("01", "independent_pairs")["config"]["pairs"] >= 5
        True
    """
    path = Path(folder) / f"{lesson}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"There is no evidence for lesson {lesson!r} in {path.parent.name}/; run make evidence."
        )
    try:
        claims = json.loads(path.read_text(encoding="utf-8"))["claims"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is damaged ({error}); run make evidence.") from error
    return claims[_expect.choice("claim", claim, claims)]


def measure(lessons: Sequence[str] = LESSONS, folder: Path = FOLDER) -> None:
    """Run every claim of `lessons` and write the results, a file a lesson.

    A file is replaced only when all its claims are done: an interrupted run leaves the old one. A claim whose data set
    is not on this machine keeps what was measured before.

    Args:
        lessons: numbers in two digits.
        folder: where the files go.

    Raises:
        ValueError: if a lesson has no claims.
    """
    for lesson in lessons:
        _expect.choice("each of lessons", lesson, LESSONS)
        claims = importlib.import_module(f"toolkit.evidence.lesson{lesson}").CLAIMS
        print(f"Lesson {lesson}: {', '.join(claim.__name__ for claim in claims)} ...", flush=True)
        results = joblib.Parallel(n_jobs=-1)(joblib.delayed(_run)(claim, lesson, folder) for claim in claims)
        record = {
            "lesson": lesson,
            "versions": {"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
            "device": device().type,
            "claims": {claim.__name__: result for claim, result in zip(claims, results, strict=True)},
        }
        _write(Path(folder) / f"{lesson}.json", json.dumps(_rounded(record), indent=1))


def _run(claim: Callable[[], dict], lesson: str, folder: Path) -> dict:
    """Measure a claim; where its data set is missing, return what was measured before."""
    try:
        return claim()
    except FileNotFoundError as error:
        try:
            earlier = load(lesson, claim.__name__, folder)
        except (FileNotFoundError, ValueError):
            raise error from None
        print(f"{claim.__name__} keeps its earlier result: {error}", flush=True)
        return earlier


def _write(path: Path, text: str) -> None:
    """Replace a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    try:
        temporary.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(f"{path.name} could not be written ({error.strerror}); the old file is unchanged.") from error
    os.replace(temporary, path)


def _rounded(value):
    """Numbers to five significant digits, the rest as it is."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
