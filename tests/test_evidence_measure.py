"""Measuring: a claim is kept as soon as it is done, taken up again by the same code only, and never lost."""

import errno
import json
import re
from pathlib import Path

import joblib
import pytest
from joblib._parallel_backends import ThreadingBackend

from toolkit import evidence
from toolkit.evidence import __main__ as command
from toolkit.evidence import lesson01, parts


class Claims:
    """Three tiny claims that count their calls; `stop` is raised by the second while it is set."""

    def __init__(self):
        self.calls, self.stop, self.value = [], None, 1 / 3
        self.functions = tuple(self._claim(name) for name in ("first", "second", "third"))

    def _claim(self, name):
        def claim() -> dict:
            self.calls.append(name)
            if name == "second" and self.stop is not None:
                raise self.stop
            return {"config": {"seeds": 2}, "value": [self.value, 2.0], "nested": {3: [(0.123456789,)]}}

        claim.__name__ = name
        return claim


@pytest.fixture
def tiny(monkeypatch):
    """Claims of lesson 01, measured one after the other in this process."""
    claims = Claims()
    monkeypatch.setattr(lesson01, "CLAIMS", claims.functions)
    with joblib.parallel_config("sequential"):
        yield claims


def measure(folder: Path, **more) -> None:
    evidence.measure(["01"], folder=folder, parts=folder / "parts", **more)


def files(folder: Path) -> list[str]:
    return sorted(f"{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file())


def full_disk_for(monkeypatch, *names: str) -> None:
    """Let the disk be full, half way through, whenever a file of one of the names is written."""
    whole = Path.write_text

    def write_text(self, text, **settings):
        if self.stem in names:
            whole(self, text[: len(text) // 2], **settings)
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(self, text, **settings)

    monkeypatch.setattr(Path, "write_text", write_text)


def test_measured_claims_are_read_back_with_settings_and_five_digits(tmp_path, tiny, capsys):
    measure(tmp_path)
    claim = evidence.load("01", "second", folder=tmp_path)
    assert claim == {"config": {"seeds": 2}, "value": [0.33333, 2.0], "nested": {"3": [[0.12346]]}}
    record = json.loads((tmp_path / "01.json").read_text())
    assert record["versions"]["torch"]
    assert list(record["claims"]) == ["first", "second", "third"]
    said = re.sub(r"\d+ s$", "0 s", capsys.readouterr().out, flags=re.MULTILINE).splitlines()
    assert said == ["Lesson 01: 3 claims", "  1/3 first: 0 s", "  2/3 second: 0 s", "  3/3 third: 0 s"]


def test_claims_in_other_processes_and_out_of_order_come_out_the_same(tmp_path, tiny):
    measure(tmp_path / "here")
    with joblib.parallel_config("loky"):
        measure(tmp_path / "there")
    assert (tmp_path / "here" / "01.json").read_bytes() == (tmp_path / "there" / "01.json").read_bytes()


def test_a_backend_that_cannot_hand_out_single_results_will_do(tmp_path, tiny):
    class AllAtOnce(ThreadingBackend):
        supports_return_generator = False

    joblib.register_parallel_backend("all at once", AllAtOnce)
    with joblib.parallel_config("all at once"):
        measure(tmp_path)
    assert sorted(tiny.calls) == ["first", "second", "third"]
    assert len(json.loads((tmp_path / "01.json").read_text())["claims"]) == 3


def test_an_interrupted_run_says_what_is_kept_and_goes_on_from_there(tmp_path, tiny, capsys):
    tiny.stop = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt, match="^Interrupted: 1 of 3 claims of lesson 01 are kept; the same command"):
        measure(tmp_path)
    assert files(tmp_path) == ["parts/01/first.json"]
    tiny.stop = None
    capsys.readouterr()
    measure(tmp_path)
    assert tiny.calls == ["first", "second", "second", "third"]
    assert capsys.readouterr().out.startswith("Lesson 01: 3 claims, 1 kept\n  2/3 second: ")
    measure(tmp_path / "in one go")
    assert (tmp_path / "01.json").read_bytes() == (tmp_path / "in one go" / "01.json").read_bytes()


def test_a_failing_claim_leaves_the_old_file_and_keeps_what_was_done(tmp_path, tiny):
    measure(tmp_path)
    before = (tmp_path / "01.json").read_bytes()
    tiny.stop, tiny.value = ZeroDivisionError("a claim is wrong"), 5.0
    with pytest.raises(ZeroDivisionError, match="^a claim is wrong$"):
        measure(tmp_path, fresh=True)
    assert (tmp_path / "01.json").read_bytes() == before
    assert files(tmp_path) == ["01.json", "parts/01/first.json"]


def test_fresh_measures_all_anew(tmp_path, tiny):
    measure(tmp_path)
    tiny.value = 5.0
    measure(tmp_path)
    assert evidence.load("01", "first", folder=tmp_path)["value"][0] == 0.33333
    assert len(tiny.calls) == 3
    measure(tmp_path, fresh=True)
    assert evidence.load("01", "first", folder=tmp_path)["value"][0] == 5.0
    assert len(tiny.calls) == 6


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_a_part_of_another_version_is_measured_again(tmp_path, tiny, monkeypatch, name):
    measure(tmp_path)
    real = parts.metadata.version
    monkeypatch.setattr(parts.metadata, "version", lambda library: "0.1" if library == name else real(library))
    measure(tmp_path)
    assert len(tiny.calls) == 6


@pytest.mark.parametrize("damage", ['{"stamp": ', "[]", '{"result": {}}', "\udc80"])
def test_a_damaged_part_is_measured_again(tmp_path, tiny, damage):
    measure(tmp_path)
    (tmp_path / "parts" / "01" / "second.json").write_text(damage, encoding="utf-8", errors="surrogateescape")
    measure(tmp_path)
    assert tiny.calls == ["first", "second", "third", "second"]


def test_the_stamp_follows_the_code_a_lesson_runs_and_nothing_else(tmp_path, monkeypatch):
    code = {
        "__init__.py": "from toolkit import distill",
        "train.py": "from toolkit import WeightSpace",
        "space.py": "x = 1",
        "symmetry.py": "",
        "models.py": "",
        "distill.py": "",
        "widgets/__init__.py": "",
        "evidence/__init__.py": "import toolkit.models",
        "evidence/lesson01.py": "def claim():\n    from toolkit import trace\n    import toolkit.train",
    }
    for name, text in code.items():
        (tmp_path / "toolkit" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "toolkit" / name).write_text(text)
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    needed = {"train.py", "space.py", "symmetry.py", "evidence/lesson01.py"}  # trace is in symmetry.py
    for name, text in code.items():
        before = parts.stamp("toolkit.evidence.lesson01")
        (tmp_path / "toolkit" / name).write_text(f"# a comment\n{text}\n")
        assert parts.stamp("toolkit.evidence.lesson01") == before
        (tmp_path / "toolkit" / name).write_text(f"{text}\ny = 2\n")
        assert (parts.stamp("toolkit.evidence.lesson01") != before) == (name in needed), name


def test_a_disk_too_full_for_a_part_loses_nothing(tmp_path, tiny, monkeypatch, capsys):
    full_disk_for(monkeypatch, "second")
    measure(tmp_path)
    assert "  second.json could not be written (No space left on device); the old file" in capsys.readouterr().out
    assert files(tmp_path) == ["01.json", "parts/01/first.json", "parts/01/third.json"]
    assert set(json.loads((tmp_path / "01.json").read_text())["claims"]) == {"first", "second", "third"}


def test_a_disk_too_full_for_the_file_leaves_the_old_one_and_every_part(tmp_path, tiny, monkeypatch):
    (tmp_path / "01.json").write_text("old")
    with monkeypatch.context() as patch:
        full_disk_for(patch, "01")
        with pytest.raises(OSError, match=r"^01.json could not be written .No space left on device.; the old file is "):
            measure(tmp_path)
    assert (tmp_path / "01.json").read_text() == "old"
    assert files(tmp_path) == ["01.json", *(f"parts/01/{name}.json" for name in ("first", "second", "third"))]
    measure(tmp_path)
    assert len(tiny.calls) == 3
    assert evidence.load("01", "third", folder=tmp_path)["value"] == [0.33333, 2.0]


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^a.json could not be written .*; the old file is unchanged.$"):
        parts.write(tmp_path / "file" / "a.json", "")


def test_a_claim_without_its_data_keeps_its_earlier_result_and_is_asked_again(tmp_path, tiny, capsys):
    measure(tmp_path)
    tiny.stop, tiny.value = FileNotFoundError("mnist was not found."), 5.0
    measure(tmp_path, fresh=True)
    assert evidence.load("01", "first", folder=tmp_path)["value"][0] == 5.0
    assert evidence.load("01", "second", folder=tmp_path)["value"] == [0.33333, 2.0]
    assert "2/3 second: keeps its earlier result: mnist was not found." in capsys.readouterr().out
    tiny.stop = None
    measure(tmp_path)
    assert evidence.load("01", "second", folder=tmp_path)["value"][0] == 5.0
    tiny.stop = FileNotFoundError("mnist was not found.")
    with pytest.raises(FileNotFoundError, match="^mnist was not found.$"):
        measure(tmp_path / "empty")


def test_a_result_that_is_kept_keeps_what_measured_it(tmp_path, tiny):
    path = tmp_path / "01.json"
    measure(tmp_path)
    now = json.loads(path.read_text())
    assert list(now) == ["lesson", "versions", "device", "claims"]
    tiny.stop = FileNotFoundError("mnist was not found.")
    measure(tmp_path, fresh=True)
    assert json.loads(path.read_text()) == now  # by the same versions, on the same device
    before = {"versions": {"python": "3.8.0", "torch": "1.4.0"}, "device": "cuda"}
    path.write_text(json.dumps(now | before))
    for _ in range(2):  # what is kept again keeps it, too
        measure(tmp_path, fresh=True)
        assert json.loads(path.read_text()) == now | {"earlier": {"second": before}}
    tiny.stop = None
    measure(tmp_path)
    assert json.loads(path.read_text()) == now


def test_an_unknown_lesson_is_named_before_anything_is_measured(tmp_path, tiny):
    with pytest.raises(ValueError, match="^each of lessons must be one of '01', .*, got '99'.$"):
        evidence.measure(["01", "99"], folder=tmp_path, parts=tmp_path / "parts")
    assert tiny.calls == []


@pytest.mark.parametrize(
    ("arguments", "lessons", "fresh"),
    [([], evidence.LESSONS, False), (["05", "02"], ["05", "02"], False), (["--fresh", "05"], ["05"], True)],
)
def test_the_command_takes_lessons_and_fresh(monkeypatch, arguments, lessons, fresh):
    calls = []
    monkeypatch.setattr(command, "measure", lambda names, fresh: calls.append((names, fresh)))
    assert command.main(arguments) == 0
    assert calls == [(lessons, fresh)]


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (KeyboardInterrupt("Interrupted: 2 of 9 claims are kept."), 130, "Interrupted: 2 of 9 claims are kept."),
        (KeyboardInterrupt(), 130, "Interrupted before anything was measured."),
        (OSError("01.json could not be written."), 1, "01.json could not be written."),
    ],
)
def test_the_command_ends_in_one_sentence(monkeypatch, capsys, error, status, sentence):
    def fail(names, fresh):
        raise error

    monkeypatch.setattr(command, "measure", fail)
    assert command.main(["01"]) == status
    assert capsys.readouterr().err == f"{sentence}\n"
