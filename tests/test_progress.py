"""Progress bars: seen by people, silent for machines, and never in the way of the items."""

import pytest

from toolkit.progress import progress


@pytest.fixture
def watched(monkeypatch):
    """An environment in which a person is watching."""
    for variable in ("TOOLKIT_QUIET", "CI"):
        monkeypatch.delenv(variable, raising=False)


def test_a_bar_shows_its_label_and_its_end(watched, capsys):
    assert list(progress(range(7), "counting")) == list(range(7))
    out, err = capsys.readouterr()
    assert "counting" in err and "7" in err
    assert out == ""


@pytest.mark.parametrize("variable", ["TOOLKIT_QUIET", "CI"])
def test_quiet_means_not_a_character(watched, monkeypatch, capsys, variable):
    monkeypatch.setenv(variable, "1")
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_items_are_taken_one_by_one(watched):
    endless = iter(int, 1)
    assert next(iter(progress(endless, "waiting"))) == 0


@pytest.mark.parametrize("quiet", ["", "1"])
def test_an_error_in_the_items_comes_through(watched, monkeypatch, quiet):
    monkeypatch.setenv("TOOLKIT_QUIET", quiet)

    def items():
        yield 1
        raise RuntimeError("no second item")

    with pytest.raises(RuntimeError, match="no second item"):
        list(progress(items(), "counting"))
