"""The list of lessons and what is drawn from it: numbers, needs, routes, the map, the table in README."""

import re
from pathlib import Path

import pytest

from toolkit import course, course_map
from toolkit.course import LESSONS, ROUTES, Lesson, find, named

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.fixture
def some_exist(tmp_path, monkeypatch):
    """A lessons folder in which only 00 and 03 are written."""
    for number in (0, 3):
        (tmp_path / LESSONS[number].file).touch()
    monkeypatch.setattr(course, "FOLDER", tmp_path)


@pytest.fixture
def displayed(monkeypatch):
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **settings: calls.append((thing, settings)))
    return calls


def test_lessons_are_numbered_in_order_as_their_files_are():
    assert [item.number for item in LESSONS] == list(range(len(LESSONS)))
    assert all(re.fullmatch(rf"{item.label}_[a-z_]+\.ipynb", item.file) for item in LESSONS)
    assert all(item.title and item.question.endswith("?") and item.minutes > 0 for item in LESSONS)


def test_a_lesson_needs_only_earlier_ones_and_every_one_but_the_first_needs_some():
    for item in LESSONS:
        assert all(find(label).number < item.number for label in item.needs), item.file
        assert list(item.needs) == sorted(set(item.needs))
        assert bool(item.needs) == (item.number > 0)


def test_a_lesson_exists_when_its_file_does(some_exist):
    assert [item.number for item in LESSONS if item.exists] == [0, 3]


def test_what_is_no_lesson_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"^label must be one of '00', '01', .*, got '3'\.$"):
        find("3")
    with pytest.raises(ValueError, match=r"^path must name a lesson of the course, got 'x.ipynb'; the lessons are 00_"):
        named("lessons/x.ipynb")


def test_a_route_has_each_lesson_after_what_it_needs_and_fits_its_time():
    hours = {"two hours": 2, "one day": 6}
    for route in ROUTES:
        for place, label in enumerate(route.lessons):
            assert set(find(label).needs) <= set(route.lessons[:place]), (route.time, label)
        assert route.minutes / 60 <= hours.get(route.time, 7 * 4)
    assert ROUTES[-1].lessons == tuple(item.label for item in LESSONS)
    assert find("00").minutes + find("01").minutes == ROUTES[0].minutes == 90


def test_routes_link_only_what_is_written(some_exist, displayed):
    course_map.routes()
    lines = displayed[0][0].data.splitlines()
    assert len(lines) == len(ROUTES)
    assert lines[0].startswith("- *two hours*: [00](00_start_here.ipynb), 01 (1.5 hours of lessons): then ")


def test_contents_links_only_what_is_written(some_exist, displayed):
    course_map.contents()
    rows = displayed[0][0].data.splitlines()
    assert len(rows) == 2 + len(LESSONS)
    assert rows[3] == (
        "| 01 | Two networks, one straight line *(to come)* | What lies between two networks that are equally good?"
        " | Frankle et al. 2020; Entezari et al. 2022 | 75 min | 00 |"
    )
    assert "[The same network, rearranged](03_rearranged.ipynb)" in rows[5] and rows[5].endswith("| 01, 02 |")


def test_on_the_map_all_arrows_lead_to_the_right_and_no_two_lessons_share_a_place():
    at = course_map.places()
    assert len(set(at.values())) == len(LESSONS)
    assert all(at[label][0] < at[item.label][0] for item in LESSONS for label in item.needs)


def test_an_arrow_that_another_way_implies_is_left_out():
    assert course_map.direct(find("04")) == ["02"] and course_map.direct(find("05")) == ["01"]
    assert course_map.direct(find("06")) == ["01"] and course_map.direct(find("00")) == []


def test_the_map_shows_every_lesson_and_says_every_need(displayed, capsys):
    course_map.prerequisites()
    drawn = {text.get_text() for text in course_map.drawing().axes[0].texts}
    assert {item.label for item in LESSONS} <= drawn
    ((picture, settings),) = displayed
    assert len(picture.data) < 40_000
    assert "Lesson 05 needs 01. " in settings["metadata"]["image/png"]["alt"]
    assert capsys.readouterr().out.startswith("Read from left to right")


def test_arrows_start_and_end_at_the_edges_of_boxes():
    heads = [note for note in course_map.drawing().axes[0].texts if getattr(note, "arrow_patch", None)]
    assert len(heads) == sum(len(course_map.direct(item)) for item in LESSONS)
    at, half = course_map.places(), course_map.BOX[0] / 2
    left = {(2 * x - half, y) for x, y in at.values()}
    right = {(2 * x + half, y) for x, y in at.values()}
    assert all(note.xy in left and note.xyann in right for note in heads)


def row(item: Lesson) -> list[str]:
    """A lesson's row in README without the column of run times."""
    title = f"[{item.label} {item.title}](lessons/{item.file})"
    return [title, item.question, item.paper or "–", f"{item.minutes} min", ", ".join(item.needs) or "–"]


def test_the_table_in_readme_is_this_list():
    lines = [line for line in README.read_text(encoding="utf-8").splitlines() if re.match(r"\| \[\d\d ", line)]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    found = [line[:4] + line[5:6] for line in cells]
    assert found == [row(item) for item in LESSONS if item.exists]
