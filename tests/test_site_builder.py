"""Building the site: in one step or not at all, and one sentence for everything that goes wrong."""

import errno
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from toolkit.notebooks import LessonError
from toolkit.site import SiteError, build
from toolkit.site.__main__ import main
from toolkit.site.builder import find
from toolkit.widgets.base import PORTABLE_WANTED

MODULE = "toolkit.site.builder"


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A lesson of two lines, which "runs" without a kernel."""
    path = tmp_path / "50_hills.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Hills\n\n## Up $x$")]), path)
    monkeypatch.setattr(f"{MODULE}.execute", lambda path, timeout: nbformat.read(path, as_version=4))
    return path


@pytest.fixture
def old(tmp_path, lesson):
    """A site that was there before, with a page the next one will not have."""
    folder = build(tmp_path / "site", [lesson])
    shutil.copy(folder / "50_hills.html", folder / "old.html")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_site_replaces_the_old_one_and_leaves_nothing_behind(old, lesson, tmp_path):
    assert "old.html" in names(old)
    assert build(old, [lesson]) == old
    assert set(names(old)) - {"evidence.html"} == {"50_hills.html", "index.html"}
    assert names(tmp_path) == ["50_hills.ipynb", "site"]
    assert '<h1 id="Hills">Hills</h1>' in (old / "50_hills.html").read_text(encoding="utf-8")


def test_what_is_no_page_of_ours_stays_as_it_is(old, lesson, tmp_path):
    for name in ["CNAME", ".nojekyll", "notes/exam.txt", "mine.html"]:
        (old / name).parent.mkdir(exist_ok=True)
        (old / name).write_text(f"mine: {name}")
    shutil.copy(old / "index.html", old / "notes" / "index.html")
    build(old, [lesson])
    kept = {".nojekyll", "CNAME", "mine.html", "notes"}
    assert set(names(old)) - {"evidence.html"} == {"50_hills.html", "index.html"} | kept
    assert names(old / "notes") == ["exam.txt", "index.html"]
    assert all((old / name).read_text() == f"mine: {name}" for name in ["CNAME", "notes/exam.txt", "mine.html"])
    assert names(tmp_path) == ["50_hills.ipynb", "site"]


@pytest.mark.parametrize("name", ["evidence.html", "50_hills.html"])
def test_a_file_of_yours_with_the_name_of_a_page_is_refused_before_anything_runs(name, old, lesson, monkeypatch):
    (old / name).write_text("mine")
    monkeypatch.setattr(f"{MODULE}.execute", raising(AssertionError("a lesson ran")))
    with pytest.raises(SiteError, match=f"^out must hold no file of yours with the name of a page, got '.*{name}'.$"):
        build(old, [lesson])
    assert (old / name).read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="on Windows a link needs a right of its own")
def test_a_link_to_a_page_is_yours_and_stays_a_link(old, lesson):
    os.symlink("50_hills.html", old / "latest.html")
    build(old, [lesson])
    assert os.readlink(old / "latest.html") == "50_hills.html"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes among its files")
def test_what_cannot_be_copied_is_named_and_the_old_site_stays(old, lesson, tmp_path):
    os.mkfifo(old / "pipe")
    before = names(old)
    with pytest.raises(SiteError, match="^The site could not be written to .*pipe.* is a named pipe. The old one is"):
        build(old, [lesson])
    assert names(old) == before and names(tmp_path) == ["50_hills.ipynb", "site"]


def raising(error):
    def fail(*arguments, **named):
        raise error

    return fail


@pytest.mark.parametrize(
    "target, error, said",
    [
        (f"{MODULE}.execute", LessonError("50_hills.ipynb: cell 3 stopped with ValueError: no."), "cell 3 stopped"),
        (f"{MODULE}.article", ValueError("tex must be a formula, got 'x'."), "50_hills.ipynb: tex must be"),
        ("pathlib.Path.write_text", OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (f"{MODULE}._swap", OSError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_a_failure_is_one_sentence_and_the_old_site_stays(target, error, said, old, lesson, tmp_path, monkeypatch):
    before = {name: (old / name).read_bytes() for name in names(old)}
    with monkeypatch.context() as patch:
        patch.setattr(target, raising(error))
        with pytest.raises(SiteError, match=said) as caught:
            build(old, [lesson])
    assert "\n" not in str(caught.value)
    assert {name: (old / name).read_bytes() for name in names(old)} == before
    assert names(tmp_path) == ["50_hills.ipynb", "site"]


@pytest.mark.parametrize("target", [f"{MODULE}.{name}" for name in ("execute", "write", "_carry", "_swap")])
def test_an_interrupt_leaves_the_old_site(target, old, lesson, tmp_path, monkeypatch, capsys):
    (old / "CNAME").write_text("course.example.org")
    before = names(old)
    monkeypatch.setattr(target, raising(KeyboardInterrupt()))
    assert main([str(lesson), "--out", str(old)]) == 130
    assert capsys.readouterr().err == f"Interrupted; {old} is as it was.\n"
    assert names(old) == before and names(tmp_path) == ["50_hills.ipynb", "site"]


def test_when_the_new_folder_cannot_take_its_place_the_old_one_comes_back(old, lesson, tmp_path, monkeypatch):
    before, rename = names(old), Path.rename

    def only_away(path, target):
        if path.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", only_away)
    with pytest.raises(SiteError, match="Input/output error. The old one is whole"):
        build(old, [lesson])
    assert names(old) == before and names(tmp_path) == ["50_hills.ipynb", "site"]


@pytest.mark.parametrize("last", ["site", "new"])
def test_an_interrupt_right_after_a_folder_was_moved_brings_the_old_one_back(last, old, lesson, tmp_path, monkeypatch):
    before, rename, moved = names(old), Path.rename, []

    def interrupted(path, target):
        rename(path, target)
        moved.append(path.name)
        if moved[-1] == last and moved.count(last) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(old, [lesson])
    assert names(old) == before and names(tmp_path) == ["50_hills.ipynb", "site"]


def test_a_folder_that_is_no_site_is_never_replaced(lesson, tmp_path):
    with pytest.raises(SiteError, match="out must be a new folder, an empty one or an older site"):
        build(tmp_path, [lesson])
    home = tmp_path / "home"
    home.mkdir()
    (home / "index.html").write_text("<h1>mine</h1>")
    with pytest.raises(SiteError, match="which holds other things"):
        build(home, [lesson])
    (home / "file").touch()
    with pytest.raises(SiteError, match="out must be"):
        build(home / "file", [lesson])
    assert names(home) == ["file", "index.html"]


def test_an_empty_folder_and_a_missing_one_will_do(lesson, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in [tmp_path / "empty", tmp_path / "not" / "there"]:
        assert "index.html" in names(build(folder, [lesson]))


def test_kernels_are_asked_for_whole_widgets_only_meanwhile(lesson, tmp_path, monkeypatch):
    seen = []

    def look(path, timeout):
        seen.append((os.environ.get(PORTABLE_WANTED), timeout))
        return nbformat.read(path, as_version=4)

    monkeypatch.delenv(PORTABLE_WANTED, raising=False)
    monkeypatch.setattr(f"{MODULE}.execute", look)
    build(tmp_path / "site", [lesson], timeout=7)
    assert seen == [("1", 7)] and PORTABLE_WANTED not in os.environ


def test_lessons_are_found_by_number_name_and_path(lesson):
    assert find("1").name == find("01").name == find("01_two_networks.ipynb").name == "01_two_networks.ipynb"
    assert find(lesson) == lesson


@pytest.mark.parametrize("text", ["{}", "[]", "no json"])
def test_a_file_that_is_no_notebook_is_named(text, tmp_path, capsys):
    path = tmp_path / "mine.ipynb"
    path.write_text(text)
    assert main([str(path), "--out", str(tmp_path / "site")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mine.ipynb: is no notebook, because ") and said.endswith(".\n") and said.count("\n") == 1
    assert names(tmp_path) == ["mine.ipynb"]


@pytest.mark.parametrize("name", ["77", "gone.ipynb", "README.md", "."])
def test_a_lesson_that_is_not_there_is_named(name, tmp_path, capsys):
    assert main([name, "--out", str(tmp_path / "site")]) == 1
    assert capsys.readouterr().err == f"lessons must be numbers or notebooks that exist, got {name!r}.\n"
    assert names(tmp_path) == []


def test_two_pages_cannot_share_a_name(lesson, tmp_path):
    index = tmp_path / "index.ipynb"
    index.write_bytes(lesson.read_bytes())
    for given in ([lesson, lesson], [index]):
        with pytest.raises(SiteError, match="lessons must be notebooks of different names"):
            build(tmp_path / "site", given)


def test_the_command_says_where_the_site_is(lesson, tmp_path, capsys):
    assert main([str(lesson), "--out", str(tmp_path / "site")]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"open {tmp_path / 'site' / 'index.html'} in a browser.\n") and " pages, 0." in said
