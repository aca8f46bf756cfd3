"""Figures hold the numbers they were given, stay small, and come with words."""

import numpy as np
import pytest
import torch

from toolkit import Line, WeightSpace, data, models, plane, plots, scan

DIGITS = data.load("digits").subset(100)
SPACE = WeightSpace(models.mlp(64, 4, 10))
A, B, C = (SPACE.init(seed) for seed in range(3))
LINE = scan(SPACE, Line(A, B), DIGITS, points=5)


def test_along_draws_train_solid_and_test_dashed_with_the_scan_s_numbers():
    loss, accuracy = plots.along(LINE, metrics=("loss", "accuracy")).axes
    curves = {line.get_linestyle(): line for line in loss.lines if line.get_label() in ("train", "test")}
    np.testing.assert_array_equal(curves["-"].get_ydata(), LINE.train_loss)
    np.testing.assert_array_equal(curves["--"].get_ydata(), LINE.test_loss)
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), 100 * LINE.test_accuracy)


def test_along_writes_the_barrier_and_marks_both_ends():
    loss = plots.along(LINE, metrics=("loss",)).axes[0]
    texts = [text.get_text() for text in loss.texts]
    assert f"barrier {LINE.barrier('test_loss'):.2f}" in texts
    assert {"A", "B"} <= set(texts)
    assert {line.get_marker() for line in loss.lines} >= {"o", "s"}


def test_along_draws_a_guess_on_the_accuracy_only():
    loss, accuracy = plots.along(LINE, metrics=("loss", "accuracy"), guess=42.0).axes
    assert "your guess" in [text.get_text() for text in accuracy.texts]
    assert "your guess" not in [text.get_text() for text in loss.texts]
    (star,) = [line for line in accuracy.lines if line.get_marker() == "*"]
    assert list(star.get_ydata()) == [42.0]


def test_along_labels_several_scans_in_words():
    axes = plots.along({"fresh": LINE, "stale": LINE}).axes
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == [
        "fresh, train",
        "fresh, test",
        "stale, train",
        "stale, test",
    ]


@pytest.mark.parametrize("metric", ["test_loss", "test_accuracy"])
def test_plane_marks_the_networks_and_the_line_where_they_are(metric):
    cut = plane(SPACE, [A, B, C], DIGITS, metric=metric, size=5)
    ax = plots.plane(cut, line=Line(A, B).at([0.0, 0.5, 1.0])).axes[0]
    marks = {line.get_marker(): line.get_xydata()[0] for line in ax.lines if line.get_marker() in "os^"}
    for mark, corner in zip("os^", cut.corners, strict=True):
        np.testing.assert_allclose(marks[mark], corner)
    path = next(line.get_xydata() for line in ax.lines if len(line.get_xydata()) == 3)
    np.testing.assert_allclose(path[[0, -1]], cut.corners[:2], atol=1e-4)


def test_spread_draws_every_run_and_their_mean():
    fig, ax = plots.figure()
    values = np.array([[1.0, 4.0], [3.0, 8.0]])
    plots.spread(ax, ["a", "b"], values, "#0072B2", "runs")
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], [*values, [2.0, 6.0]])
    assert ax.lines[-1].get_label() == "runs, mean of 2"
    with pytest.raises(ValueError, match=r"^values must be \[runs, 3\], got shape \[2, 2\].$"):
        plots.spread(ax, ["a", "b", "c"], values, "#0072B2", "runs")


def test_images_shows_each_picture_under_its_title():
    fig = plots.images(torch.stack([torch.zeros(8, 8), torch.ones(8, 8)]), titles=["none", "all"], columns=3)
    drawn = [ax for ax in fig.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["none", "all"]
    assert [float(ax.images[0].get_array().mean()) for ax in drawn] == [0.0, 1.0]


def test_a_diverging_scale_is_symmetric_about_zero():
    fig = plots.images(torch.tensor([[[-3.0, 1.0]]]), diverging=True)
    assert fig.axes[0].images[0].get_clim() == (-3.0, 3.0)


def test_images_wants_at_least_one():
    with pytest.raises(ValueError, match="^pictures must hold at least one image, got none.$"):
        plots.images(torch.zeros(0, 8, 8))
