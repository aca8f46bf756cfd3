"""The measurements behind the lessons' claims: many seeds, run once, kept with their settings.

`make evidence` runs every claim and writes `lessons/evidence/<lesson>.json`; a lesson plots what is there beside your
own live run. What an interrupted run has measured is kept under `build/evidence/`. Claims are independent of each other
and go through `joblib.Parallel`, so that a `dask` or `ray` backend chosen with `joblib.parallel_config` spreads them
over a cluster unchanged.
"""

import importlib
import json
import platform
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import joblib
import torch

from toolkit import _expect
from toolkit.device import device
from toolkit.evidence.parts import PARTS, Parts, write

FOLDER = Path(__file__).parents[2] / "lessons" / "evidence"
LESSONS = ("01", "02", "03", "04", "05", "06", "07")


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


def measure(lessons: Sequence[str] = LESSONS, folder: Path = FOLDER, parts: Path = PARTS, fresh: bool = False) -> None:
    """Run every claim of `lessons` and write the results, a file a lesson.

    Each claim is kept in `parts` as soon as it is measured, so that an interrupted run goes on where it was; a claim
    counts as measured if its part comes from the same code, versions and hardware. The file of a lesson is
    replaced only when all its claims are done. A claim whose data set is not on this machine keeps what the file says;
    the versions and the device that measured it then stand under `"earlier"`, where they are not those of today.

    Args:
        lessons: numbers in two digits.
        folder: where the files go.
        parts: where single claims are kept, in a folder a lesson.
        fresh: measure all of them anew, whatever is kept.

    Raises:
        ValueError: if a lesson has no claims.
        OSError: if a lesson's file cannot be written; the old file and what is kept are unharmed.
        KeyboardInterrupt: if you interrupt; its sentence says what is kept.

    Example:
        >>> measure([])
    """
    for lesson in lessons:
        _expect.choice("each of lessons", lesson, LESSONS)
    for lesson in lessons:
        module = f"toolkit.evidence.lesson{lesson}"
        claims = {claim.__name__: claim for claim in importlib.import_module(module).CLAIMS}
        kept = Parts(Path(parts) / lesson, module)
        if fresh:
            kept.forget()
        path = Path(folder) / f"{lesson}.json"
        try:
            results, unmeasured = _results(claims, kept, lesson, folder)
            today = {
                "versions": {"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
                "device": device().type,
            }
            earlier = _earlier(path, [name for name in claims if name in unmeasured], today)
            record = {"lesson": lesson, **today, **earlier, "claims": {name: results[name] for name in claims}}
            _write(path, record, f"{_count(kept, claims)} claims are kept for the next call")
        except KeyboardInterrupt:
            saved = f"{_count(kept, claims)} claims of lesson {lesson} are kept"
            raise KeyboardInterrupt(f"Interrupted: {saved}; the same command goes on from there.") from None


def _count(kept: Parts, claims: dict[str, Callable]) -> str:
    return f"{len(kept.read(list(claims)))} of {len(claims)}"


def _earlier(path: Path, unmeasured: Collection[str], today: dict) -> dict[str, dict]:
    """Return under "earlier", by claim, what measured those that keep their results, where it was not today's."""
    if not unmeasured:
        return {}
    record = json.loads(path.read_text(encoding="utf-8"))
    before = {key: record.get(key) for key in today}
    made_by = {name: record.get("earlier", {}).get(name, before) for name in unmeasured}
    other = {name: stamp for name, stamp in made_by.items() if stamp != today}
    return {"earlier": other} if other else {}


def _results(
    claims: dict[str, Callable], kept: Parts, lesson: str, folder: Path
) -> tuple[dict[str, dict], Collection[str]]:
    """Measure what is not kept, a line and a part for each claim as soon as it is done.

    Returns:
        All results by name; and the names of those that could not be measured and stand as in the file.
    """
    results, unmeasured = kept.read(list(claims)), set()
    print(f"Lesson {lesson}: {len(claims)} claims" + (f", {len(results)} kept" if results else ""), flush=True)
    try:
        parallel = joblib.Parallel(n_jobs=-1, return_as="generator_unordered")
    except ValueError:  # a backend that hands results out all at once
        parallel = joblib.Parallel(n_jobs=-1)
    left = [joblib.delayed(_run)(claim, lesson, folder) for name, claim in claims.items() if name not in results]
    for name, result, seconds, missing in parallel(left):
        results[name] = _rounded(json.loads(json.dumps(result)))
        took = f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
        print(f"  {len(results)}/{len(claims)} {name}: {missing or took}", flush=True)
        try:
            if missing:
                unmeasured.add(name)
            else:
                kept.keep(name, results[name])
        except OSError as error:  # later there may be room for the lesson's file
            print(f"  {error} The run goes on and holds the result in memory.", flush=True)
    return results, unmeasured


def _write(path: Path, record: dict, kept: str) -> None:
    """Write a lesson's file; if that fails, say what is kept."""
    try:
        write(path, json.dumps(record, indent=1))
    except OSError as error:
        raise OSError(f"{str(error).rstrip('.')}, {kept}.") from error


def _run(claim: Callable[[], dict], lesson: str, folder: Path) -> tuple[str, dict, float, str]:
    """Measure a claim; where its data set is missing, return what was measured before, and a word about that."""
    began = time.perf_counter()
    try:
        return claim.__name__, claim(), time.perf_counter() - began, ""
    except FileNotFoundError as error:
        try:
            earlier = load(lesson, claim.__name__, folder)
        except (FileNotFoundError, ValueError):
            raise error from None
        return claim.__name__, earlier, 0.0, f"keeps its earlier result: {error}"


def _rounded(value):
    """Numbers to five significant digits, the rest as it is."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
