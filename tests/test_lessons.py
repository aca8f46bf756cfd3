"""Every notebook in lessons/ keeps the rules; nbval runs them."""

import nbformat
import pytest

from toolkit.notebook_rules import problems
from toolkit.notebooks import FOLDER, LESSONS

FILES = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lesson_keeps_the_rules(path):
    assert problems(nbformat.read(path, as_version=4), path) == []


def test_every_notebook_is_a_lesson_of_the_course_or_the_template():
    known = {lesson.file for lesson in LESSONS} | {"template.ipynb"}
    assert [path.name for path in FILES if path.name not in known] == []
