"""Which part of a learner's notebook is judged: the function and what it names, and nothing else."""

import pytest

from toolkit.grading import answers
from toolkit.grading.notebook import Cell
from toolkit.grading.pick import Code
from toolkit.grading.statements import statements

STUB = 'def walk(a, b, t):\n    """a, b: tensors."""\n    raise NotImplementedError'
MINE = "def walk(a, b, t):\n    return a"


def code(*cells):
    """The code of a notebook; a cell is its source, or source and id of the exercise it is tagged with."""
    pairs = [(cell, None) if isinstance(cell, str) else cell for cell in cells]
    return Code([Cell(text, (f"exercise-{id}",) if id else (), n) for n, (text, id) in enumerate(pairs, 1)])


def source(*cells, name="walk", given=()):
    return code(*cells).pick("0.1", name, given).source


def problem(*cells):
    found = code(*cells).pick("0.1", "walk")
    assert found.source is None
    return found.problem


def test_the_tagged_cell_counts_wherever_it_stands():
    other = MINE.replace("return a", "return b")
    assert source((MINE, "0.1"), other) == source(other, (MINE, "0.1")) == MINE


def test_of_two_tagged_cells_the_last_that_is_no_stub_counts():
    first = MINE.replace("return a", "return b")
    assert source((first, "0.1"), (MINE, "0.1")) == MINE
    assert source((MINE, "0.1"), (STUB, "0.1")) == source((STUB, "0.1"), (MINE, "0.1")) == MINE


@pytest.mark.parametrize("tagged", [[], [(STUB, "0.1")], [("# see below", "0.1")], [("def go(): pass", "0.1")]])
def test_without_an_answer_in_its_cell_the_last_definition_counts(tagged):
    assert source(*tagged, MINE.replace("return a", "return b"), MINE) == MINE


@pytest.mark.parametrize("body", ["raise NotImplementedError", "raise NotImplementedError()", "pass", "...", '"""a"""'])
def test_an_empty_body_is_a_stub(body):
    assert problem((f"def walk(a, b, t):\n    {body}", "0.1")) is None


def test_a_refusal_with_a_reason_is_no_stub():
    assert source(("def walk(a, b, t):\n    raise NotImplementedError('later')", "0.1"))


def test_another_name_given_to_check_counts():
    go = MINE.replace("walk", "go")
    found = code((go, "0.1"), 'go = check("0.1", go)').pick("0.1", "walk")
    assert (found.name, found.source) == ("go", go)
    found = code('two = 2\nwalk = check("0.1", lambda a, b, t: two * a)').pick("0.1", "walk")
    assert (found.name, found.source) == ("walk", "two = 2\nwalk = lambda a, b, t: two * a")


def test_what_is_missing_is_named():
    assert problem("x = 1") == "no cell of the notebook defines walk."
    assert problem(("def go(a):\n    return a", "0.1")) == "the exercise's cell does not define walk; it defines go."
    assert problem(("x = 1", "0.1")) == "the exercise's cell does not define walk."
    broken = "def walk(a, b, t):\n    return (a"
    assert problem((broken, "0.1")) == "the cell is no Python, in its line 2: '(' was never closed."
    assert problem(broken) == "the cell is no Python, in its line 2: '(' was never closed."
    assert problem(("def walk(a):\n    return '\0'", "0.1")).startswith("the cell is no Python")
    assert problem(("def walk(a):\n    return " + "(" * 10**5, "0.1")).startswith("the cell is no Python")


def test_an_import_or_a_check_is_no_definition():
    assert problem("from mine import walk", 'walk = check("0.1", walk)') == "no cell of the notebook defines walk."


def test_it_takes_what_the_function_names_and_what_that_names():
    text = source(
        "import torch\nimport numpy as np\nfrom math import pi, e",
        "half = 0.5\nquarter = half * half\nunused = print('no')",
        "print('a plot')\nfor i in range(10**9): pass",
        "def helper(x):\n    return quarter * x * torch.e",
        "class Unused: pass",
        ("print('a try')\ndef walk(a, b, t=pi):\n    unused = helper(a)\n    return unused\nwalk(1, 2, 3)", "0.1"),
    )
    walk = "def walk(a, b, t=pi):\n    unused = helper(a)\n    return unused"
    helper = "def helper(x):\n    return quarter * x * torch.e"
    imports = "import torch\nfrom math import pi, e"
    assert text == f"{imports}\nhalf = 0.5\nquarter = half * half\n{helper}\n{walk}"


def test_local_names_bring_nothing():
    heavy = "a = fit_many()\nt = scan()\nline = 3\ni = 4"
    mine = "def walk(a, b, t):\n    line = [i for i in a]\n    def inner(b):\n        return b\n    return line"
    assert source(heavy, (mine, "0.1")) == mine


def test_a_global_inside_an_inner_function_counts():
    mine = "def walk(a, b, t):\n    return list(map(lambda x: x * scale, a))"
    assert source("scale = 2", (mine, "0.1")) == f"scale = 2\n{mine}"


def test_the_last_binding_before_the_cell_counts_or_else_the_first_after_it():
    mine = "def walk(a, b, t):\n    return k * a"
    assert source("k = 1", "k = 2", (mine, "0.1"), "k = 3") == f"k = 2\n{mine}"
    assert source((mine, "0.1"), "k = 3", "k = 4") == f"{mine}\nk = 3"
    assert source((f"{mine}\nk = 5", "0.1")) == f"{mine}\nk = 5"


def test_contents_changed_after_the_binding_come_too():
    mine = "def walk(a, b, t):\n    return table[0]"
    text = "table = {}\ntable[0] = 1\ntable[0] += 1\ntable[0] += 1"
    assert source("table[0] = 9", text, "other[0] = 1", (mine, "0.1")) == f"{text}\n{mine}"


def test_a_sum_built_up_needs_its_beginning():
    assert source("n = 1", "n += 1", ("def walk(a, b, t):\n    return n", "0.1")).startswith("n = 1\nn += 1\n")


def test_what_is_given_is_not_taken_unless_the_cell_defines_it_itself():
    mine = "def walk(a, b, t):\n    return other(a)"
    other = "def other(a):\n    return 2"
    assert source(other, 'other = check("0.2", other)', (mine, "0.1"), given={"other"}) == mine
    assert source((f"{other}\n\n{mine}", "0.1"), given={"other"}) == f"{other}\n{mine}"


def test_decorators_conditions_and_stars_come_whole():
    mine = "@cache\ndef walk(a, b, t):\n    return a"
    assert source("from functools import *", (mine, "0.1")) == f"from functools import *\n{mine}"
    mine = "if True:\n    def walk(a, b, t):\n        return a"
    assert source((mine, "0.1")) == mine
    assert source(("x = 1; y = x\ndef walk(a, b, t):\n    return y", "0.1")).count("x = 1; y = x") == 1


@pytest.mark.parametrize("magic", ["%matplotlib inline", "!pip install x", "%%time", "walk?", "  ", "?walk"])
def test_lines_for_jupyter_are_passed_over(magic):
    assert source((f"{magic}\n{MINE}", "0.1")) == MINE


@pytest.mark.parametrize(
    "line",
    [
        "t = t  # right?",
        "print('right?')",
        "t = (t\n        % 3)",
        "t = (t\n        != 3)",
        '"""\n    Is it right?\n    """',
    ],
)
@pytest.mark.parametrize("magic", ["%matplotlib inline", "!ls", "torch.nn?", "np.*load*??", "x[-1]?"])
def test_lines_of_python_beside_one_for_jupyter_stay(line, magic):
    mine = f"def walk(a, b, t):\n    {line}\n    return a"
    assert source((f"{magic}\n{mine}", "0.1")) == mine


@pytest.mark.parametrize("line", ["speed = %timeit -o walk(0, 1, 0.5)", "files = !ls", "a.b, c[0] = !ls"])
def test_what_jupyter_hands_to_a_name_is_none(line):
    assert source((f"{MINE}\n{line}", "0.1")) == MINE
    mine = "def walk(a, b, t):\n    return files"
    assert source("files = !ls", (mine, "0.1")) == f"files = None\n{mine}"


def test_the_line_of_a_mistake_counts_from_the_top_of_the_cell_beside_jupyter_s_lines_too():
    broken = "\n%matplotlib inline\nfiles = !ls\ndef walk(a, b, t):\n    return (a"
    assert problem((broken, "0.1")) == "the cell is no Python, in its line 5: '(' was never closed."


@pytest.mark.parametrize("line", ["return 3", "await x", "yield 1", "def f(a, a): pass", "nonlocal x"])
def test_a_line_that_cannot_run_does_not_spoil_its_cell(line):
    assert source((f"{MINE}\n{line}", "0.1")) == MINE


@pytest.mark.parametrize("depth", [200, 450, 900, 2000, 20000])
@pytest.mark.parametrize("deep", ["x = 1{}", "x = y{}"])
def test_deep_nesting_is_read_or_named(deep, depth):
    for text in (deep.format(" + 1" * depth), deep.format(".z" * depth), "x = " + "-" * depth + "1"):
        found = code((f"{MINE}\n{text}", "0.1")).pick("0.1", "walk")
        assert found.source == MINE or found.problem.startswith("the cell is no Python")


def test_a_cell_in_another_language_is_passed_over():
    assert statements(Cell("%%bash\nfor x in *; do", (), 1)) == []


def test_future_imports_come_first():
    mine = "import os\nfrom __future__ import annotations\ndef walk(a: Undefined, b, t):\n    return os"
    assert source((mine, "0.1")).startswith("import os")  # it is asked for by nobody
    compile(source((mine, "0.1")), "cell", "exec")


def letter(*lines):
    return answers.letters(code(*lines), "0")["0.q1"]


@pytest.mark.parametrize(
    ("line", "mark", "given"),
    [
        ('quiz("0.q1", "c")', "✓", "c"),
        ('quiz("0.q1", answer="C)")', "✓", "c"),
        ('_ = toolkit.quiz("0.q1", " b ")', "✗", "b"),
        ('check("0.q1", "a")', "✗", "a"),
        ('quiz("0.q1", None)', "·", None),
        ('quiz("0.q1", "e")', "·", None),
        ('quiz("0.q1", 3)', "·", None),
        ('quiz("0.q1", chr(99))', "·", None),
        ('quiz("0.q1")', "·", None),
        ('print("✓ 0.q1 c is correct.")', "·", None),
    ],
)
def test_a_letter_is_read_and_judged(line, mark, given):
    verdict, found = letter(line)
    assert (verdict.mark, found) == (mark, given)


def test_the_last_answer_counts_and_an_open_one_takes_nothing_back():
    assert letter('quiz("0.q1", "a")', 'quiz("0.q1", "c")', 'quiz("0.q1", None)')[1] == "c"


@pytest.mark.parametrize(
    ("value", "given"), [("60", True), ("99.5", True), ("None", False), ("-3", False), ("'60'", False), ("True", False)]
)
def test_a_guess_counts_where_it_can_be(value, given):
    assert answers.guesses(code(f'guess = predict("1.0", {value})'), "1") == {"1.0": given, "1.p2": False}
