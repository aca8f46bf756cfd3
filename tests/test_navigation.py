"""Navigation bars, and the cell that makes a lesson run on Google Colab and is silent anywhere else."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from toolkit import course
from toolkit.course import LESSONS
from toolkit.navigation import colab, navigation, refresh


@pytest.fixture(autouse=True)
def private(monkeypatch):
    """Nothing has a public address, whatever the course says."""
    monkeypatch.setattr(course, "REPOSITORY", "")
    monkeypatch.setattr(course, "PAGES", "")


@pytest.fixture
def some_exist(tmp_path, monkeypatch):
    """A lessons folder in which 00, 01 and 04 are written."""
    for number in (0, 1, 4):
        (tmp_path / LESSONS[number].file).touch()
    monkeypatch.setattr(course, "FOLDER", tmp_path)


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setattr(course, "REPOSITORY", "owner/name")
    monkeypatch.setattr(course, "PAGES", "https://example.org/course/")


def test_the_bar_links_the_neighbours_that_exist(some_exist):
    assert navigation("lessons/01_two_networks.ipynb") == (
        "[← 00 Start here](00_start_here.ipynb) · [All lessons](00_start_here.ipynb#All-lessons)"
        " · [04 A whole line of networks in one run →](04_whole_line.ipynb)"
    )


def test_the_bar_at_both_ends(some_exist):
    first, last = navigation("00_start_here.ipynb"), navigation("04_whole_line.ipynb")
    assert first == "[All lessons](#All-lessons) · [01 Two networks, one straight line →](01_two_networks.ipynb)"
    assert last.startswith("[← 01 ") and last.endswith("[All lessons](00_start_here.ipynb#All-lessons)")


def test_without_a_public_address_nothing_links_to_one():
    assert "http" not in navigation("01_two_networks.ipynb") and "http" not in colab()


def test_binder_colab_and_page_are_linked_once_their_addresses_are_known(some_exist, published):
    assert navigation("01_two_networks.ipynb").split(" · ")[3:] == [
        "[Open on Binder](https://mybinder.org/v2/gh/owner/name/HEAD?urlpath=lab%2Ftree%2Flessons%2F01_two_networks.ipynb)",
        "[Open in Colab](https://colab.research.google.com/github/owner/name/blob/HEAD/lessons/01_two_networks.ipynb)",
        "[Read as a page](https://example.org/course/01_two_networks.html)",
    ]


def test_another_file_is_refused():
    with pytest.raises(ValueError, match=r"^path must name a lesson of the course, got 'x.ipynb'; the lessons are 00_"):
        navigation("x.ipynb")
    with pytest.raises(ValueError, match=r"^path must name a lesson"):
        refresh(new_notebook(), "x.ipynb")


def test_both_cells_are_put_in_and_the_new_one_counts_as_run_where_its_neighbour_was(some_exist):
    nb = new_notebook(cells=[new_markdown_cell("# T"), new_code_cell("x", execution_count=1)])
    refresh(nb, "04_whole_line.ipynb")
    assert [cell.id for cell in nb.cells[::2]] == ["l04-nav", "l04-colab"]
    assert [cell.cell_type for cell in nb.cells] == ["markdown", "markdown", "code", "code"]
    assert nb.cells[2].execution_count == 1 and nb.cells[2].metadata.jupyter.source_hidden
    again = nbformat.from_dict(nb)
    refresh(again, "04_whole_line.ipynb")
    assert again == nb


def test_cells_that_are_there_keep_their_place_and_id(some_exist):
    bar = new_markdown_cell("old", metadata={"tags": ["navigation"]}, id="my-bar")
    cell = new_code_cell("old", metadata={"tags": ["colab"]}, id="my-colab")
    nb = new_notebook(cells=[new_markdown_cell("# T"), bar, cell])
    refresh(nb, "04_whole_line.ipynb")
    assert [cell.id for cell in nb.cells[1:]] == ["my-bar", "my-colab"]
    assert [cell.source for cell in nb.cells[1:]] == [navigation("04_whole_line.ipynb"), colab()]


def test_a_notebook_without_code_gets_the_cell_at_its_end(some_exist):
    nb = new_notebook(cells=[new_markdown_cell("# T")])
    refresh(nb, "04_whole_line.ipynb")
    assert nb.cells[-1].id == "l04-colab" and nb.cells[-1].execution_count is None


def run_cell(tmp_path, on_colab: bool) -> subprocess.CompletedProcess:
    """The cell in a Python of its own that has no toolkit, with git and pip replaced by a print of their calls."""
    before = "import subprocess, sys\nsubprocess.run = lambda command, **_: print('RUN', *command[-4:])\n"
    if on_colab:
        before += "sys.modules['google.colab'] = sys\n"
    after = "\nprint('toolkit' in sys.modules, sys.path[0].endswith('weight-space'))"
    script = tmp_path / "cell.py"
    script.write_text(before + colab() + after, encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(script)]  # isolated, without site-packages: no toolkit to be found
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)


def test_the_cell_is_silent_where_there_is_no_colab(tmp_path, published):
    assert run_cell(tmp_path, on_colab=False).stdout == "False False\n"


def test_on_colab_the_cell_fetches_the_course_and_leaves_what_colab_ships(tmp_path, published):
    assert run_cell(tmp_path, on_colab=True).stdout.splitlines() == [
        "RUN -q --depth=1 https://github.com/owner/name weight-space",
        "RUN -q --no-deps anywidget psygnal",
        "False True",
    ]


def test_on_colab_a_second_run_fetches_nothing_twice(tmp_path, published):
    (tmp_path / "weight-space").mkdir()
    assert run_cell(tmp_path, on_colab=True).stdout.startswith("RUN -q --no-deps")


def test_on_colab_without_an_address_one_sentence_says_how_to_upload_the_folder(tmp_path):
    lines = run_cell(tmp_path, on_colab=True).stdout.splitlines()
    assert lines[0].startswith("Colab lacks the course: put its folder weight-space (with toolkit and lessons) into")
    assert lines[0].endswith("then this cell again.") and lines[1].startswith("RUN -q --no-deps")
    (tmp_path / "weight-space" / "toolkit").mkdir(parents=True)
    assert run_cell(tmp_path, on_colab=True).stdout.splitlines() == [lines[1], lines[2]]


def test_on_colab_with_the_toolkit_in_place_nothing_happens(tmp_path, published):
    shim = "import sys\nsys.modules['google.colab'] = sys\n"
    command = [sys.executable, "-c", shim + colab() + "\nprint('done')"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "done\n"
