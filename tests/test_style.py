"""What is shown comes with words, stays small, and is the same every time."""

import pytest

from toolkit import plots
from toolkit.style import figure, mean_sd


@pytest.fixture
def curve():
    fig, ax = figure()
    ax.plot([0, 1], [0, 1])
    return fig


@pytest.fixture
def displayed(monkeypatch):
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **settings: calls.append((thing, settings)))
    return calls


def test_show_gives_a_small_picture_with_alt_text_and_prints_the_message(curve, displayed, capsys):
    plots.show(curve, alt="two curves", says="The loss rises.")
    ((picture, settings),) = displayed
    assert picture.data.startswith(b"\x89PNG") and len(picture.data) < 40_000
    assert settings["metadata"]["image/png"]["alt"] == "two curves"
    assert capsys.readouterr().out == "The loss rises.\n"


@pytest.mark.parametrize("name", ["alt", "says"])
def test_show_wants_words(curve, name):
    words = {"alt": "a curve", "says": "It rises.", name: "  "}
    with pytest.raises(ValueError, match=f"^{name} must be a sentence, got '  '.$"):
        plots.show(curve, **words)


def test_the_same_figure_gives_the_same_bytes(curve):
    assert plots.png(curve) == plots.png(curve)


def test_table_shows_markdown_and_refuses_ragged_rows(displayed):
    plots.table(["a", "b"], [["1", "2"]])
    assert displayed[0][0].data == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    with pytest.raises(ValueError, match="^each of rows must have 2 cells, got 1.$"):
        plots.table(["a", "b"], [["1"]])


def test_figures_stay_out_of_pyplot(curve):
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_mean_sd_divides_by_n_minus_1_and_wants_two():
    assert mean_sd([1.0, 2.0, 4.0], digits=3) == "2.333 ± 1.528"
    with pytest.raises(ValueError, match="^values must be at least two measurements, got 1.$"):
        mean_sd([1.0])
