"""What learners hand in: broken files and hostile code. The grader stays whole, and says what happened."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from toolkit import grade
from toolkit.grading import pool
from toolkit.grading.notebook import Unreadable, find, learner, read
from toolkit.grading.pool import Foreman, Job, clean

HEAD = "def walk(a, b, t):\n    "
RIGHT = HEAD + "return (1 - t) * a + t * b"
FORGED = '{"mark": "\\u2713", "sentence": "0.1 correct."}\\n'
LOOP = "0.1 timed out after 2 s: is there a loop that never ends?"
ENDED = "0.1 your code ended the process it ran in (an exit, a crash, or too little memory)."
RAISED = "! 0.1 your code raised "
END_B = "0.1 not correct: you return b whatever t is."
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the platform has no such limits")

ANSWERS = {  # what walk is, and how mark and sentence begin
    "right": (RIGHT, "✓ 0.1 correct."),
    "loop": (HEAD + "while True: pass", "! " + LOOP),
    "loop before": ("x = [0 for _ in iter(int, 1)]\n" + HEAD + "return x", "! " + LOOP),
    "loop that defends itself": (
        HEAD + "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "! " + LOOP,
    ),
    "loop in C": (HEAD + "import re; re.match('(a+)+$', 'a' * 60 + 'b')", "! " + LOOP),
    "sleep": (HEAD + "import time; time.sleep(1000)", "! " + LOOP),
    "exit": (HEAD + "exit()", RAISED + "SystemExit"),
    "hard exit": (HEAD + "import os; os._exit(0)", "! " + ENDED),
    "exit before": ("import sys\nx = sys.exit(3)\n" + HEAD + "return x", RAISED + "SystemExit: 3, before"),
    "crash": (HEAD + "import ctypes; ctypes.string_at(0)", "! " + ENDED),
    "killed foreman": (HEAD + "import os; os.kill(os.getppid(), 9)", "! 0.1 your code ended the process"),
    "megabytes": (HEAD + "print('x' * 10**8, '✓ 0.1 correct.'); return b", "✗ " + END_B),
    "printed": (HEAD + "print('✓ 0.1 correct. Your walk starts at a'); return b", "✗ " + END_B),
    "forged": (
        HEAD + f"import os\n    for n in range(3, 99):\n        try: os.write(n, b'{FORGED}')\n"
        "        except OSError: pass\n    return b",
        "✗ " + END_B,
    ),
    "input": (HEAD + "return input()", RAISED + "EOFError"),
    "judge replaced": (
        HEAD + "import toolkit.exercises.judge as j; j.difference = lambda *a: None; return b",
        "! 0.1 not judged: this code replaces toolkit.exercises.judge.difference.",
    ),
    "judge replaced before": (
        "import toolkit.exercises.judge as j\nclass X:\n    j._first_problem = lambda *a: None\n"
        + f"{HEAD}return X and b",
        "! 0.1 not judged: this code replaces toolkit.exercises.judge._first_problem.",
    ),
    "code replaced": (
        HEAD + "from toolkit.exercises import judge as j; j._flaw.__code__ = (lambda *a: None).__code__; return b",
        "! 0.1 not judged: this code replaces toolkit.exercises.judge._flaw.__code__.",
    ),
    "torch replaced": (
        HEAD + "import torch; torch.allclose = torch.equal = lambda *a, **k: True; return b",
        "! 0.1 not judged: this code replaces torch.",
    ),
    "reference replaced": (
        HEAD + "from toolkit.exercises.catalogue import EXERCISES as E\n"
        "    object.__setattr__(E['0.1'], 'reference', walk); return b",
        "! 0.1 not judged: this code replaces the exercise.reference.",
    ),
    "reference imported": (
        "from toolkit.exercises.lesson00 import walk as there\nwalk = there\ndef f(): pass",
        "– 0.1 this is the reference",
    ),
    "no function": ("walk = 3", "✗ 0.1 not correct: give the function walk itself"),
    "None": (HEAD + "t = 1", "✗ 0.1 not correct: for walk([1, 2], [5, 0], 0.25): your function returned None"),
    "error with colours": (HEAD + "raise ValueError('\\x1b[31mred\\n\\ud800')", RAISED + "ValueError: [31mred"),
    "error without text": (
        "class E(Exception):\n    def __str__(self): raise self\n" + HEAD + "raise E()",
        "✗ 0.1 not correct: your result cannot be compared",
    ),
    "error before": ("x = 1 / 0\n" + HEAD + "return x", RAISED + "ZeroDivisionError: division by zero, before"),
    "no import": (HEAD + "return torch.lerp(a, b, t)", RAISED + "NameError: name 'torch' is not defined"),
    "syntax": (HEAD + "return (a", "! 0.1 the cell is no Python, in its line 2: '(' was never closed."),
    "tried below": (RIGHT + "\nwalk(theta_a, theta_b, 0.5)\n1 / 0", "✓ 0.1 correct."),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'float'\n"
        + RIGHT.replace("return", "P(1); return"),
        "✓ 0.1 correct.",
    ),
}  # fmt: skip
LIMITED = {
    "memory": (HEAD + "return bytearray(4 * 10**9)", RAISED + "MemoryError"),
    "tensor": (HEAD + "import torch; torch.ones(10**10)", RAISED + "RuntimeError"),
    "forks": (HEAD + "import os\n    while True: os.fork()", "! 0.1 "),
    "disk": (HEAD + "f = open('x', 'w')\n    while True: f.write('x' * 10**7)", RAISED + "OSError"),
}
if sys.platform.startswith("linux"):
    ANSWERS |= LIMITED


def save(path, *cells, **more):
    """Write a notebook of code cells; a cell is its source, or a pair with its tags."""
    pairs = [(cell, []) if isinstance(cell, str) else cell for cell in cells]
    made = [{"cell_type": "code", "source": text, "metadata": {"tags": list(tags)}} for text, tags in pairs]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}))
    return path


def one(path, source):
    return save(path, (source, ["exercise-0.1"]), 'walk = check("0.1", walk)')


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Every answer above, each from a notebook of its own, judged in one go."""
    folder = tmp_path_factory.mktemp("class")
    for name, (source, _) in ANSWERS.items():
        one(folder / f"{name}.ipynb", source)
    rows, problems, empty = grade.grade([folder], seconds=2, jobs=2)
    assert (problems, empty) == ([], [])
    return {row.learner: row.outcomes["0.1"] for row in rows}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_an_answer_does_it_gets_a_line(outcomes, name):
    mark, sentence = outcomes[name]
    assert f"{mark} {sentence}".startswith(ANSWERS[name][1])
    assert sentence.isprintable() and sentence.encode()


def test_code_runs_in_another_process_and_only_what_is_needed_runs(tmp_path):
    marker = tmp_path / "ran"
    asks = HEAD + "import os; raise ValueError(f'{os.getpid()} {os.getcwd()}')"
    path = save(tmp_path / "ada.ipynb", f"open({str(marker)!r}, 'w')", (asks, ["exercise-0.1"]), 'check("0.1", walk)')
    (row,), _, _ = grade.grade([path], jobs=1)
    pid, folder = re.search(r"ValueError: (\d+) (\S+)", row.outcomes["0.1"].sentence).groups()
    assert int(pid) != os.getpid() and not marker.exists()
    assert Path(folder) != Path.cwd() and not Path(folder).exists()
    assert "learner" not in sys.modules


def test_other_exercises_of_the_lesson_are_given_by_their_references(tmp_path):
    wrong = "def bezier(a, bend, b, t):\n    return a"
    mine = "def bend_step(a, bend, b, t, gradient, lr):\n" \
        "    return bend - lr * 2 * t * (1 - t) * gradient(bezier(a, bend, b, t))"  # fmt: skip
    path = save(tmp_path / "ada.ipynb", (wrong, ["exercise-2.1"]), (mine, ["exercise-2.2"]))
    (row,), _, _ = grade.grade([path], jobs=1)
    assert [outcome.mark for outcome in row.outcomes.values()] == ["✗", "✓", "!", "!"]
    assert row.outcomes["2.3"].sentence == "2.3 no cell of the notebook defines length."


def test_equal_answers_are_judged_once(monkeypatch):
    asked = []
    monkeypatch.setattr(Foreman, "judge", lambda self, job: asked.append(job) or pool.Outcome("✓", job.source))
    jobs = [Job("0.1", "walk", source, 5.0) for source in "abab"]
    assert {job.source: outcome.sentence for job, outcome in pool.judge_all(jobs, 3).items()} == {"a": "a", "b": "b"}
    assert len(asked) == 2 and pool.judge_all([]) == {}


def test_saved_outputs_count_for_nothing(tmp_path):
    path = one(tmp_path / "ada.ipynb", HEAD + "return b")
    content = json.loads(path.read_text())
    text = "✓ 0.1 correct. Your walk starts at a.\n" * 10**5
    content["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    path.write_text(json.dumps(content))
    (row,), _, _ = grade.grade([path], jobs=1)
    assert row.outcomes["0.1"].mark == "✗"


def test_a_learner_s_file_does_not_stand_in_for_a_module(tmp_path, monkeypatch):
    (tmp_path / "toolkit.py").write_text("1 / 0")
    (tmp_path / "random.py").write_text("1 / 0")
    path = one(tmp_path / "ada.ipynb", RIGHT)
    monkeypatch.chdir(tmp_path)
    (row,), _, _ = grade.grade([path], jobs=1)
    assert row.outcomes["0.1"].mark == "✓"


@linux
def test_a_grader_that_cannot_start_blames_nobody(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "executable", "/bin/true")
    assert grade.main([str(one(tmp_path / "ada.ipynb", RIGHT)), "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "The process that judges answers did not start; nothing was judged.\n")


def test_without_forks_each_answer_has_a_process_of_its_own():
    foreman = Foreman(forks=False)
    for name in ("right", "printed", "loop", "loop before", "exit"):
        mark, sentence = foreman.judge(Job("0.1", "walk", ANSWERS[name][0], 2.0))
        assert f"{mark} {sentence}".startswith(ANSWERS[name][1])
    mark, sentence = foreman.judge(Job("0.1", "walk", ANSWERS["hard exit"][0], 2.0))
    assert (mark, sentence) == ("!", "0.1 your code ended the process it ran in.")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it does not hold JSON."),
        (b"print('hello')", "it does not hold JSON."),
        (b"\x89PNG\xff", "it does not hold JSON."),
        (b"[" * 10**5, "it does not hold JSON."),
        (b"[1, 2]", "it has no list of cells."),
        (b'{"cells": 3}', "it has no list of cells."),
        (b'{"worksheets": []}', "it has no list of cells."),
    ],
)
def test_what_is_no_notebook_is_named(tmp_path, content, why):
    path = tmp_path / "ada.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as error:
        read(path)
    assert str(error.value) == f"{path}: is no notebook, because {why}"


def test_odd_cells_are_read_as_far_as_they_go(tmp_path):
    path = tmp_path / "ada.ipynb"
    cells = [
        3, {}, {"cell_type": "markdown", "source": "x"}, {"cell_type": "code"},
        {"cell_type": "code", "source": ["a\n", "b", 7], "metadata": {"tags": ["t ", 3]}},
        {"cell_type": "code", "source": "c", "metadata": {"tags": "exercise-0.1"}},
    ]  # fmt: skip
    path.write_text("\ufeff" + json.dumps({"cells": cells}), encoding="utf-8")
    assert [tuple(cell) for cell in read(path)] == [("", (), 1), ("a\nb", ("t",), 2), ("c", (), 3)]
    path.write_text(json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"]}]}]}))
    assert read(path)[0].source == "x = 1"


def test_learners_are_named_after_files_or_folders(tmp_path):
    names = {
        "ada.ipynb": "ada",
        "Ada Lovelace.ipynb": "Ada Lovelace",
        "bo/01_two_networks.ipynb": "bo",
        "bo/lessons/01_two_networks (2).ipynb": "bo",
        "bo/01_two_networks-Copy1.ipynb": "bo",
        "01_two_networks_cleo.ipynb": "cleo",
        "cleo-01_Two_Networks.ipynb": "cleo",
        "Ada Lovelace_123_assignsubmission_file_/01_two_networks.ipynb": "Ada Lovelace",
        "Ada Lovelace_123_assignsubmission_file_01_two_networks.ipynb": "Ada Lovelace",
    }
    assert {name: learner(tmp_path / name) for name in names} == names


def test_folders_are_searched_and_hidden_ones_passed_over(tmp_path):
    for name in ("a/x.ipynb", "a/b/y.ipynb", "a/.ipynb_checkpoints/x-checkpoint.ipynb", "a/.z.ipynb", "a/notes.txt"):
        save(tmp_path / name)
    (tmp_path / "empty").mkdir()
    found, problems = find([tmp_path / "a", tmp_path / "a" / "x.ipynb", tmp_path / "empty", tmp_path / "none"])
    assert found == [("b", tmp_path / "a" / "b" / "y.ipynb"), ("x", tmp_path / "a" / "x.ipynb")]
    assert problems == [
        f"{tmp_path / 'empty'}: there is no notebook in this folder.",
        f"{tmp_path / 'none'}: there is no such file or folder.",
    ]


def test_the_first_folder_below_the_one_that_is_searched_is_the_learner(tmp_path):
    names = {
        "hal/lesson1.ipynb": "hal",
        "hal/more/lesson2.ipynb": "hal",
        "ivy/lesson1.ipynb": "ivy",
        "Ada Lovelace_123_assignsubmission_file_/mine.ipynb": "Ada Lovelace",
        "lessons/jo.ipynb": "jo",
        "01_two_networks/kim.ipynb": "kim",
        "week 2/lou.ipynb": "lou",
    }
    for name in names:
        save(tmp_path / "class" / name)
    found, _ = find([tmp_path / "class"])
    assert {path.relative_to(tmp_path / "class").as_posix(): name for name, path in found} == names
    one_by_one, _ = find([tmp_path / "class" / "hal", tmp_path / "class" / "ivy" / "lesson1.ipynb"])
    assert [name for name, path in one_by_one if path.parent.name in ("hal", "ivy")] == ["hal", "ivy"]


def test_the_template_is_nobodys_work(tmp_path):
    save(tmp_path / "lessons" / "template.ipynb")
    mine = save(tmp_path / "lessons" / "ada.ipynb")
    assert find([tmp_path / "lessons"])[0] == [("ada", mine)]


def test_two_notebooks_of_a_learner_for_one_lesson_are_both_shown(tmp_path):
    paths = [one(tmp_path / "ada" / name, RIGHT) for name in ("00_start_here.ipynb", "00_start_here-Copy1.ipynb")]
    rows, _, _ = grade.grade([tmp_path])
    assert [row.learner for row in rows] == [f"ada ({path})" for path in sorted(paths)]


def test_main_prints_tables_and_tells_what_could_not_be_read(tmp_path, capsys):
    good, bad, none = one(tmp_path / "ada.ipynb", RIGHT), tmp_path / "bo.ipynb", save(tmp_path / "cleo.ipynb", "x = 1")
    bad.write_text("no JSON")
    assert grade.main([str(good), "--jobs", "1", "--csv", str(tmp_path / "g.csv"), "--details"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"^ada +00 +✓ right +0 of 1 +0 +0 of 0 +1 of 1$", out, re.MULTILINE) and err == ""
    assert "Nothing wrong in 0.1 (1 right of 1)" in out
    assert (tmp_path / "g.csv").read_text("utf-8-sig").count("\n") == 3
    assert grade.main([str(tmp_path), "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    assert "ada " in out and "bo" not in out
    assert err.splitlines() == [
        f"{none}: holds no exercise of the course.",
        f"{bad}: is no notebook, because it does not hold JSON.",
    ]
    assert grade.main([str(none)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--jobs", "0"], "jobs must be a whole number of at least 1, got 0."),
        (["--seconds", "0"], "seconds must be more than 0, got 0."),
        (["--seconds", "-1"], "seconds must be a number of at least 0, got -1.0."),
        (["--csv", "nowhere/g.csv"], "--csv must name a file in a folder that exists, got 'nowhere/g.csv'."),
    ],
)
def test_a_bad_option_gives_one_sentence(tmp_path, arguments, sentence, capsys):
    with pytest.raises(SystemExit) as error:
        grade.main([str(tmp_path), *arguments])
    assert error.value.code == 2 and capsys.readouterr().err.endswith(f"error: {sentence}\n")


def test_a_csv_that_cannot_be_written_costs_no_table(tmp_path, capsys):
    path = one(tmp_path / "ada.ipynb", RIGHT)
    (tmp_path / "g.csv").mkdir()
    assert grade.main([str(path), "--csv", str(tmp_path / "g.csv")]) == 1
    out, err = capsys.readouterr()
    assert "✓ right" in out and err == f"{tmp_path / 'g.csv'}: could not be written: Is a directory.\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ada.ipynb", "g.csv"]


@linux
def test_ctrl_c_ends_it_with_everything_it_started(tmp_path):
    path = one(tmp_path / "ada.ipynb", HEAD + "while True: pass")
    mark = f"GRADE_TEST={tmp_path}"
    environment = {**os.environ, "GRADE_TEST": str(tmp_path)}
    command = [sys.executable, "-m", "toolkit.grade", str(path), "--seconds", "60"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def running():
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    until = time.monotonic() + 60
    while len(running()) < 3 and time.monotonic() < until:  # the grader, the foreman and the child
        time.sleep(0.1)
    assert len(running()) == 3
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted; nothing was written.\n")
    until = time.monotonic() + 10
    while running() and time.monotonic() < until:
        time.sleep(0.1)
    assert running() == []


def test_clean_keeps_what_can_be_printed():
    assert clean("a\tb\x00c\u202ed é ✓") == "a b c d é ✓"
    assert clean("x" * 2000) == "x" * 1000 + "…"
    assert torch.allclose(torch.ones(1), torch.ones(1))  # the one that an answer above replaced, in its own process
