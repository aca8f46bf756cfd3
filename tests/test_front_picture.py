"""README's animated picture: it is there, said in words, small, and drawn whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit import Line, WeightSpace, data, front_picture, models, scan

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.fixture
def line():
    space = WeightSpace(models.mlp(64, 8, 10))
    return scan(space, Line(space.init(0), space.init(1)), data.load("digits").subset(50), 5)


def test_readme_shows_it_with_its_words():
    assert f"![{front_picture.ALT}](lessons/{front_picture.PATH.name})" in README.read_text(encoding="utf-8")
    with Image.open(front_picture.PATH) as picture:
        assert picture.n_frames > 20 and picture.format == "GIF" and front_picture.PATH.stat().st_size < 300_000


def test_a_frame_shows_where_the_point_is(line):
    first, last = (np.asarray(front_picture.draw(line, at, "words").convert("RGB")) for at in (0, 4))
    assert first.shape == last.shape and (first != last).any()


def test_saving_writes_all_frames_and_leaves_nothing_else(line, tmp_path, monkeypatch):
    monkeypatch.setattr(front_picture, "frames", lambda: [(line, at, "on the way") for at in range(5)])
    path = front_picture.save(tmp_path / "x.gif")
    with Image.open(path) as picture:
        assert picture.n_frames == 5
    assert [file.name for file in tmp_path.iterdir()] == ["x.gif"]
