"""Lessons as files: normal form, rules, running and writing."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from toolkit import course, notebooks
from toolkit.course import LESSONS
from toolkit.navigation import colab, navigation
from toolkit.notebook_rules import problems
from toolkit.notebooks import KERNELSPEC, PORTABLE, WIDGET_VIEW, LessonError, execute, main, normalise, write

PNG = base64.b64encode(b"not really a picture").decode()


def picture(alt: str | None = "A line.", **more) -> nbformat.NotebookNode:
    metadata = {} if alt is None else {"image/png": {"alt": alt}}
    return new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>", **more}, metadata=metadata)


def lesson(*cells) -> nbformat.NotebookNode:
    """A small notebook that satisfies every rule, with `cells` appended."""
    nb = new_notebook(metadata={"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    nb.cells = [new_markdown_cell("# Title\n\nWords.", id="title"), code("1 + 1", id="sum", count=1), *cells]
    return nb


def code(source: str, count: int | None = 2, outputs=(), tags=(), id: str = "more") -> nbformat.NotebookNode:
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, execution_count=count, outputs=list(outputs), metadata=metadata, id=id)


def save(nb, path: Path) -> Path:
    nbformat.write(nb, path)
    return path


@pytest.fixture
def all_lessons(tmp_path, monkeypatch):
    """A lessons folder in which 00, 01 and 04 exist."""
    for number in (0, 1, 4):
        (tmp_path / LESSONS[number].file).touch()
    monkeypatch.setattr(course, "FOLDER", tmp_path)
    return tmp_path


def test_normalise_counts_executed_cells_from_one_and_keeps_ids():
    result = new_output("execute_result", data={"text/plain": "2"}, execution_count=17)
    nb = new_notebook(cells=[code("a", 17, [result], id="a"), code("b", None, id="b"), code("c", 30, id="c")])
    normal = normalise(nb)
    assert [cell.execution_count for cell in normal.cells] == [1, None, 2]
    assert normal.cells[0].outputs[0].execution_count == 1
    assert [cell.id for cell in normal.cells] == ["a", "b", "c"]
    assert nb.cells[0].execution_count == 17, "the notebook that was handed in must not change"


def test_normalise_drops_what_differs_between_runs_and_machines():
    cell = code("a", outputs=[picture(**{WIDGET_VIEW: {"model_id": "x"}})], tags=["keep"])
    cell.metadata.execution = {"iopub.status.busy": "2026-01-01"}
    cell.metadata.jupyter = {"source_hidden": True}
    cell.outputs[0].metadata["needs_background"] = "light"
    nb = new_notebook(cells=[cell], metadata={"widgets": {}, "language_info": {"name": "python", "version": "3.11.7"}})
    normal = normalise(nb)
    assert normal.metadata == {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    assert normal.cells[0].metadata == {"tags": ["keep"], "jupyter": {"source_hidden": True}}
    assert set(normal.cells[0].outputs[0].data) == {"image/png", "text/plain"}
    assert normal.cells[0].outputs[0].metadata == {"image/png": {"alt": "A line."}}


def test_normalise_twice_changes_nothing_more():
    once = normalise(lesson(code("a", 9, [picture()])))
    assert normalise(once) == once


def test_normalise_with_a_path_brings_both_generated_cells_up_to_date(all_lessons):
    nb = new_notebook(cells=[new_markdown_cell("old", metadata={"tags": ["navigation"]}), code("x", 4)])
    normal = normalise(nb, "01_two_networks.ipynb")
    assert [cell.source for cell in normal.cells] == [navigation("01_two_networks.ipynb"), colab(), "x"]
    assert [cell.get("execution_count") for cell in normal.cells] == [None, 1, 2]
    assert normalise(normal, "01_two_networks.ipynb") == normal
    assert [cell.source for cell in nb.cells] == ["old", "x"], "the notebook that was handed in must not change"


def test_a_good_lesson_has_no_problems(tmp_path):
    nb = lesson(
        code("plot()", outputs=[picture()]), new_markdown_cell("<details><summary>A</summary>\n\nB\n</details>")
    )
    assert problems(nb, save(nb, tmp_path / "x.ipynb")) == []


NO_ALT = "cell 3 has a picture without alt text; show figures with plots.show(fig, alt=…)."
CELLS = [
    (code(" "), "cell 3 is empty."),
    (code("x = 1;"), "cell 3 ends in a semicolon; write _ = … to hide a value."),
    (code("x;  # hidden"), "cell 3 ends in a semicolon; write _ = … to hide a value."),
    (code("interact(f, x=1)"), "cell 3 uses interact; show a widget of the toolkit instead."),
    (code("out = widgets.Output()"), "cell 3 uses an Output widget; show a widget of the toolkit instead."),
    (code("%matplotlib widget"), "cell 3 switches matplotlib to a widget."),
    (code("!pip install torch"), "cell 3 installs packages; the environment files do that."),
    (code("open('/home/me/x')"), "cell 3 holds an absolute path."),
    (code(r"open('C:\data')"), "cell 3 holds an absolute path."),
    (new_markdown_cell("Look into /tmp/results."), "cell 3 holds an absolute path."),
    (
        code("warn()", outputs=[new_output("stream", name="stderr", text="/tmp/ipykernel_7/1.py:1: Hm")]),
        "cell 3 holds an absolute path.",
    ),
    (
        code("f", outputs=[new_output("execute_result", data={"text/plain": "<f at 0x7f00aa>"}, execution_count=2)]),
        "cell 3 shows a memory address, which differs in every run.",
    ),
    (code("p()", outputs=[picture(alt=None)]), NO_ALT),
    (code("p()", outputs=[picture(alt=" ")]), NO_ALT),
    (code("p()", outputs=[picture(**{"image/png": "A" * 60000})]), "cell 3 has a picture of 44 KB; at most 40 KB."),
    (
        new_markdown_cell("<details><summary>A</summary>\nB</details>"),
        "cell 3 needs a blank line after </summary>, or the fold shows raw Markdown.",
    ),
]


@pytest.mark.parametrize(("cell", "sentence"), CELLS)
def test_each_breach_in_a_cell_has_its_sentence(cell, sentence):
    assert problems(lesson(cell), "x.ipynb") == [sentence]


def test_what_only_looks_like_a_breach_is_allowed():
    fine = "a = 1; b = 2  # pip\ninteraction(a)\nx = 'and/or/home'\nurl = 'https://a.org/home/x'\nprint('a;')"
    assert problems(lesson(code(fine)), "x.ipynb") == []


def test_a_cell_that_was_never_run_is_named():
    found = problems(lesson(code("x", None, tags=["nbval-check-output"])), "x.ipynb")
    assert found == [
        "must have been run from top to bottom in one go (execution counts 1 to 2).",
        "cell 3 is tagged nbval-check-output but was never run.",
    ]


def test_a_widget_view_is_named():
    found = problems(lesson(code("w", outputs=[picture(**{WIDGET_VIEW: {}})])), "x.ipynb")
    assert found == ["is not in normal form: run make lessons.", "cell 3 stores a widget view."]


def test_breaches_of_the_whole_file_have_their_sentences():
    nb = lesson(new_markdown_cell("# Second\n\n```\n# no title\n```", id="title"))
    nb.metadata.kernelspec = {"name": "other", "display_name": "Other"}
    nb.metadata.widgets = {}
    assert problems(nb, "x.ipynb") == [
        "has two cells with the same id.",
        'must have exactly one title (a line that starts with "# "), found 2.',
        "must name the kernel 'python3'.",
        "stores the state of its widgets.",
        "is not in normal form: run make lessons.",
    ]


def test_an_invalid_notebook_is_named():
    nb = lesson()
    nb.cells[1].outputs = [nbformat.from_dict({"output_type": "nonsense"})]
    assert problems(nb, "x.ipynb")[0].startswith("is not valid nbformat: ")


def test_words_are_counted_in_text_only_and_lesson_00_may_be_longer():
    text = "word " * 3500 + "$a b c$ [link](to/another_page) <b>\n```\ncode code\n```"
    assert problems(lesson(new_markdown_cell(text)), "x.ipynb") == [
        "has 3,503 words of text; at most 3,500 fit into the time of a lesson."
    ]
    assert problems(lesson(new_markdown_cell(text)), "00.ipynb") == []


def test_a_large_file_is_named(tmp_path):
    nb = lesson(code("x", outputs=[new_output("stream", text="x" * 500 * 1024)]))
    assert problems(nb, save(nb, tmp_path / "x.ipynb")) == ["is 501 KB large; at most 400 KB."]


NO_BAR = (
    "must have one cell tagged 'navigation' with the current navigation bar;"
    " run python -m toolkit.notebooks --navigation."
)
NO_COLAB = (
    "must have the current cell tagged 'colab', once and before all other code;"
    " run python -m toolkit.notebooks --navigation."
)


def linked() -> nbformat.NotebookNode:
    return normalise(lesson(), "01_two_networks.ipynb")


def test_a_lesson_of_the_course_needs_its_navigation_bar(all_lessons):
    name, nb = "01_two_networks.ipynb", linked()
    assert problems(nb, name) == []
    nb.cells[0].source = "[Old](old.ipynb)"
    assert problems(nb, name) == [NO_BAR]
    nb.cells[0].metadata.clear()
    assert problems(nb, name) == [NO_BAR]


def test_a_lesson_of_the_course_needs_its_cell_for_colab_before_all_code(all_lessons):
    name, nb = "01_two_networks.ipynb", linked()
    assert [cell.cell_type for cell in nb.cells[:4]] == ["markdown", "markdown", "code", "code"]
    nb.cells[2].source += "  # mine"
    assert problems(nb, name) == [NO_COLAB]
    nb = linked()
    nb.cells[2:4] = nb.cells[3:1:-1]
    assert problems(normalise(nb), name) == [NO_COLAB]
    nb = linked()
    nb.cells.append(code(colab(), 3, tags=["colab"]))
    assert problems(nb, name) == [NO_COLAB]
    assert problems(lesson(), name) == [NO_BAR, NO_COLAB]


def test_navigation_is_renewed_without_running_or_losing_an_output(all_lessons, capsys):
    path = all_lessons / "01_two_networks.ipynb"
    save(lesson(code("raise SystemExit('this was run')", outputs=[picture()])), path)
    (all_lessons / "00_start_here.ipynb").unlink()
    (all_lessons / "04_whole_line.ipynb").unlink()
    assert main(["--navigation"]) == 0
    assert capsys.readouterr().out == "01_two_networks.ipynb: links brought up to date.\n"
    nb = nbformat.read(path, as_version=4)
    assert problems(nb, path) == []
    assert nb.cells[-1].outputs == [picture()]
    before = path.read_bytes()
    assert main(["--navigation"]) == 0
    assert path.read_bytes() == before and capsys.readouterr().out == ""


def test_navigation_of_a_notebook_that_was_never_run_leaves_it_so(all_lessons):
    path = save(lesson(), all_lessons / "01_two_networks.ipynb")
    nb = nbformat.read(path, as_version=4)
    nb.cells[1].execution_count = None
    save(nb, path)
    assert main(["--navigation", str(path)]) == 0
    assert [cell.get("execution_count") for cell in nbformat.read(path, as_version=4).cells] == [None] * 4


def test_navigation_of_another_notebook_is_refused_and_leaves_it_alone(tmp_path, capsys):
    path = save(lesson(), tmp_path / "x.ipynb")
    before = path.read_bytes()
    assert main(["--navigation", str(path)]) == 1
    assert capsys.readouterr().err.startswith("path must name a lesson of the course, got 'x.ipynb'; the lessons are ")
    assert path.read_bytes() == before


def test_looking_and_linking_at_once_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--check", "--navigation"])


def test_execute_runs_quietly_in_the_folder_of_the_lesson(tmp_path):
    source = "import os\n(os.environ['TOOLKIT_QUIET'], os.path.basename(os.getcwd()))"
    path = save(lesson(code(source, None)), tmp_path / "x.ipynb")
    before = path.read_bytes()
    nb = execute(path)
    assert nb.cells[2].outputs[0].data["text/plain"] == f"('1', '{tmp_path.name}')"
    assert path.read_bytes() == before


def test_a_failing_cell_is_named_and_the_file_stays_as_it_was(tmp_path, capsys):
    path = save(lesson(code("1 / 0", None, id="bang")), tmp_path / "x.ipynb")
    before = path.read_bytes()
    assert main([str(path)]) == 1
    sentence = "x.ipynb: cell 3 (code cell 2, id 'bang') stopped with ZeroDivisionError: division by zero\n"
    assert capsys.readouterr().err == sentence
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.ipynb"]


def test_a_cell_that_takes_too_long_is_named(tmp_path):
    path = save(lesson(code("import time\ntime.sleep(60)", None)), tmp_path / "x.ipynb")
    sentence = r"^x\.ipynb: cell 3 \(code cell 2, id 'more'\) took longer than 1 seconds\.$"
    with pytest.raises(LessonError, match=sentence):
        execute(path, timeout=1)


def test_main_runs_and_writes_the_normal_form_twice_the_same(tmp_path, capsys):
    path = save(lesson(code("print('hello')", None)), tmp_path / "x.ipynb")
    assert main([str(path)]) == 0
    first = path.read_bytes()
    assert b"hello" in first and first.endswith(b"}\n")
    assert main([str(path)]) == 0
    assert path.read_bytes() == first
    assert main(["--check", str(path)]) == 0
    assert capsys.readouterr().err == ""


def test_check_writes_nothing_and_names_what_is_wrong(tmp_path, capsys):
    path = save(lesson(code("x", 9)), tmp_path / "x.ipynb")
    before = path.read_bytes()
    assert main(["--check", str(path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "x.ipynb: must have been run from top to bottom in one go (execution counts 1 to 2).",
        "x.ipynb: is not in normal form: run make lessons.",
    ]
    assert path.read_bytes() == before


NOT_ONE = "its JSON is not that of a notebook"
HALF = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
MISSING = "it cannot be read (No such file or directory)"


@pytest.mark.parametrize("mode", ["--check", "--navigation", "--timeout=9"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, MISSING),
        ("no json", "it does not hold JSON"),
        (b"\xff\xfe", "it does not hold JSON"),
        *[(text, NOT_ONE) for text in ("{}", "[]", "3", "null", "[" * 10**5, json.dumps(HALF))],
        (json.dumps({"nbformat": 99}), NOT_ONE),
        (json.dumps(HALF | {"cells": {}}), "{} is not of type 'array'"),
        (json.dumps(HALF | {"cells": [3]}), NOT_ONE),
        (
            json.dumps(HALF | {"cells": [{"id": "a", "cell_type": "raw", "metadata": {}}]}),
            "'source' is a required property",
        ),
    ],
)
def test_a_file_that_is_no_notebook_is_named(content, why, mode, tmp_path, capsys):
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main([mode, str(path)]) == 1
    assert capsys.readouterr().err == f"x.ipynb: is no notebook, because {why}.\n"
    assert not path.exists() or len(os.listdir(tmp_path)) == 1


def test_a_property_that_nbformat_does_not_know_keeps_no_notebook_from_being_read(tmp_path):
    nb = lesson(new_markdown_cell("Words."))
    nb.cells[2].more = 1
    assert notebooks.read(save(nb, tmp_path / "x.ipynb")).cells[2].more == 1


def test_an_interrupted_run_leaves_the_file_as_it_was(tmp_path, monkeypatch, capsys):
    def interrupted(path, timeout):
        raise KeyboardInterrupt

    path = save(lesson(), tmp_path / "x.ipynb")
    before = path.read_bytes()
    monkeypatch.setattr(notebooks, "execute", interrupted)
    assert main([str(path)]) == 130
    assert capsys.readouterr().err == "Interrupted; x.ipynb is as it was.\n"
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has another kind of Ctrl-C")
def test_ctrl_c_is_told_as_such_and_leaves_the_file_as_it_was(tmp_path):
    path = save(
        lesson(code(f"open({str(tmp_path / 'begun')!r}, 'w').close(); import time; time.sleep(60)")),
        tmp_path / "x.ipynb",
    )
    before = path.read_bytes()
    command = [sys.executable, "-m", "toolkit.notebooks", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(600):
        if (tmp_path / "begun").exists():
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[1].strip() == "Interrupted; x.ipynb is as it was."
    assert process.returncode == 130 and path.read_bytes() == before


def test_a_widget_for_the_site_is_dropped():
    nb = lesson(code("slider", outputs=[new_output("display_data", {"text/plain": "x", PORTABLE: {"state": {}}})]))
    assert list(normalise(nb).cells[-1].outputs[0].data) == ["text/plain"]


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError("No space left on device")

    path = save(lesson(), tmp_path / "x.ipynb")
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(lesson(code("x")), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.ipynb"]


def test_text_that_arrives_in_pieces_is_one_output(tmp_path):
    slow = "import time\nprint('one', flush=True)\ntime.sleep(0.5)\nprint('two')"
    path = tmp_path / "slow.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(slow)]), path)
    assert [output.text for output in execute(path).cells[0].outputs] == ["one\ntwo\n"]
