"""The ProbeSlider's Python side: errors, the choice of points, what is said, sent and refused."""

import base64
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from toolkit import WeightSpace
from toolkit.landscape import Curvature, hessian_diagonal
from toolkit.widgets import ProbeSlider
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.probe_data import DECADES, LARGEST, POINTS, checked, powers, scaled, unscaled

PROBES = [2, 4, 8, 16]


def curvature(diagonal, probes: int, relative: float = 0.0, trace: float | None = None) -> Curvature:
    diagonal = torch.as_tensor(diagonal, dtype=torch.float32)
    return Curvature(
        diagonal, torch.zeros_like(diagonal), float(diagonal.sum()) if trace is None else trace, relative, probes
    )


def made_up(size: int = 3000, seed: int = 0) -> tuple[Curvature, list[Curvature]]:
    """A diagonal with a long tail, and estimates whose error falls as one over the square root of the probes."""
    dice = torch.Generator().manual_seed(seed)
    exact = torch.randn(size, generator=dice).exp()
    noise = [torch.randn(size, generator=dice) for _ in PROBES]
    rough = [curvature(exact + 4 * n / m**0.5, m, 1.5 / m**0.5) for n, m in zip(noise, PROBES, strict=True)]
    return curvature(exact, 0), rough


@pytest.fixture
def pair():
    return made_up()


@pytest.fixture
def slider(pair):
    return ProbeSlider(*pair)


# ---------------------------------------------------------------- errors


def test_errors_are_relative_to_the_length_of_the_truth():
    exact = curvature([3.0, 4.0], 0)
    slider = ProbeSlider(exact, [curvature([3, 9], 2), curvature([3, 4.5], 4), curvature([3, 4], 8)])
    found = []
    for probes in (2, 4, 8):
        slider.probes = probes
        found.append(slider.error)
    assert found == pytest.approx([1, 0.1, 0]) == slider._spec["measured"]


def test_errors_are_those_of_all_weights_not_only_of_those_drawn(slider, pair):
    exact, rough = pair
    for one in rough:
        slider.probes = one.probes
        wanted = np.linalg.norm((one.diagonal - exact.diagonal).numpy()) / np.linalg.norm(exact.diagonal.numpy())
        assert slider.error == pytest.approx(wanted, rel=1e-5)
    assert slider._spec["predicted"] == [one.relative_error for one in rough]


def test_real_probes_close_in_on_the_exact_diagonal():
    space, x, y = WeightSpace(nn.Linear(6, 3)), torch.rand(30, 6), torch.arange(30) % 3
    theta = space.init(0)
    mask = torch.ones(space.size, dtype=torch.bool)
    mask[:5] = False
    exact, *rough = (hessian_diagonal(space, theta, x, y, probes, mask) for probes in (None, 4, 4000))
    slider = ProbeSlider(exact, rough, mask)
    slider.probes = 4
    before = slider.error
    slider.probes = 4000
    assert slider.error < 0.1 * before and slider.error < 3 * rough[1].relative_error
    assert repr(slider) == f"ProbeSlider({space.size - 5} weights, probes=4000 of 4, 4000)"


# ---------------------------------------------------------------- what is drawn


def test_the_largest_are_among_the_points_drawn(pair):
    exact, rough = pair
    found = checked(exact, rough, None)
    size = exact.diagonal.abs().numpy()
    assert len(found.chosen) == POINTS == len(set(found.chosen))
    assert set(np.argsort(-size)[:LARGEST]) <= set(found.chosen)
    rank = np.argsort(np.argsort(-size))[found.chosen[LARGEST:]]
    assert (np.diff(rank) > 0).all() and rank[-1] == len(size) - 1 and np.diff(rank).max() <= 3
    for row, one in zip(found.drawn, [exact, *rough], strict=True):
        assert np.array_equal(row, one.diagonal.numpy()[found.chosen])


def test_few_weights_are_all_drawn():
    exact, rough = made_up(POINTS)
    assert sorted(checked(exact, rough, None).chosen) == list(range(POINTS))
    exact, rough = made_up(POINTS + 1)
    assert len(checked(exact, rough, None).chosen) == POINTS


def test_pruned_weights_are_not_drawn():
    exact, rough = made_up(100)
    mask = torch.arange(100) % 2 == 0
    pruned = [replace(one, diagonal=one.diagonal * mask) for one in (exact, *rough)]
    slider = ProbeSlider(pruned[0], pruned[1:], mask)
    assert set(slider._data.chosen) == set(range(0, 100, 2))
    assert slider._spec["caption"] == "Each point is one of the 50 weights alive of 100."


def test_the_choice_is_said(slider):
    assert slider._spec["caption"] == (
        "Points: 2,000 of the 3,000 weights, the 1,000 with the largest exact entries and 1,000 evenly chosen by rank "
        "from the others. Errors are those of all."
    )


def test_bytes_decode_to_the_points(slider):
    sent = np.frombuffer(slider._points, np.float32).reshape(1 + len(PROBES), POINTS)
    assert np.array_equal(sent, slider._data.drawn)


def test_the_frame_holds_the_truth_and_counts_what_lies_beyond(pair):
    found = checked(*pair, None)
    left, right, low, high = found.frame
    assert left < found.drawn[0].min() and right > found.drawn[0].max() and low < left and high > right
    exact = curvature([0.0, 1.0, 2.0], 0)
    found = checked(exact, [curvature([9, -9, 2], 2), curvature([0, 1, 2], 4)], None)
    out = 0.04 * (1 + np.log10(2))  # of the way from 0 to 2 on an axis that is linear up to 1
    assert found.frame == pytest.approx((-out, 2 * 10**out, -1.6, 3.6))
    assert [found.beyond(0), found.beyond(1)] == [2, 0]
    left, right, low, high = with_entries(-1e5, *[0.001] * 9, 1e5).frame  # a long way: 0.04 of it is a factor of 2
    assert low <= left < -1e5 and 1e5 < right <= high


# ---------------------------------------------------------------- axes


def test_an_axis_is_linear_around_zero_and_logarithmic_beyond():
    assert scaled([-100, -10, -5, 0, 5, 10, 100, 1000], 1) == pytest.approx([-2, -1, -0.5, 0, 0.5, 1, 2, 3])
    numbers = np.concatenate([np.linspace(-0.02, 0.02, 41), -np.logspace(-3, 5, 30), np.logspace(-3, 5, 30)])
    for power in (-3, 0, 2):
        assert unscaled(scaled(numbers, power), power) == pytest.approx(numbers)
        assert (np.diff(scaled(np.sort(numbers), power)) >= 0).all()


def with_entries(*entries: float):
    return checked(curvature(entries, 0), [curvature(entries, 2)], None)


@pytest.mark.parametrize(
    ("entries", "power"),
    [
        ([0.0005] * 9 + [20.0], -3),  # the lower quartile, rounded
        ([0.0] * 90 + [-0.02] * 9 + [20.0], -2),  # zeros do not count, signs neither
        ([4.0, 4.0], 0),  # 10 would lie beyond all entries
        ([1e-20] * 9 + [20.0], 1 - DECADES),  # no more decades than can be told apart
        ([0.0, 0.0, 1.5e-12], -12),
    ],
)
def test_the_linear_range_is_chosen_from_the_exact_entries(entries, power):
    assert with_entries(*entries).power == power


def test_the_linear_range_does_not_look_at_pruned_weights():
    entries = [0.0] * 5 + [0.1, 0.1, 7.0]
    mask = torch.arange(8) >= 5
    assert checked(curvature(entries, 0), [curvature(entries, 2)], mask).power == -1


def test_ticks_are_zero_and_signed_powers_of_ten_in_plain_numbers():
    ticks = powers(-150, 20_000, -1)
    assert [value for value, _ in ticks] == [-100, -10, -1, -0.1, 0, 0.1, 1, 10, 100, 1000, 10_000]
    assert [text for _, text in ticks] == "−100 −10 −1 −0.1 0 0.1 1 10 100 1,000 10,000".split()
    assert [text for _, text in powers(-150, 20_000, -1, 1.2)] == "−100 −1 0 1 100 10,000".split()
    assert [text for _, text in powers(0, 2e-7, -8)] == ["0", "1e−8", "1e−7"]
    assert [text for _, text in powers(0, 2e7, 6)] == ["0", "1,000,000", "1e7"]


def test_all_but_few_points_of_a_long_tail_stand_apart():
    dice = np.random.default_rng(0)
    found = with_entries(*np.exp(dice.normal(-6, 2, 880)), *np.geomspace(0.5, 19, 11))
    left, right = found.frame[:2]
    assert np.mean(found.drawn[0] < 0.02 * right) > 0.9  # what one would see on a linear axis
    first, last = scaled([left, right], found.power)
    at = (scaled(found.drawn[0], found.power) - first) / (last - first)
    assert np.subtract(*np.quantile(at, [0.9, 0.1])) > 0.4


def test_the_picture_has_the_axes_and_ticks_of_the_page(slider):
    scatter = slider.figure().axes[0]
    data = slider._data
    left, right, low, high = data.frame
    across, up = (axis.get_transform().transform for axis in (scatter.xaxis, scatter.yaxis))
    for numbers in (data.drawn[0], data.drawn[1], np.array(data.frame)):
        assert across(numbers) == pytest.approx(scaled(numbers, data.power)) == up(numbers)
    assert (
        scatter.get_xlim() == pytest.approx((left, right))
        and scatter.get_ylim()[0] < low < high < scatter.get_ylim()[1]
    )
    for axis, ends in [(scatter.xaxis, (left, right)), (scatter.yaxis, (low, high))]:
        shown = list(zip(axis.get_ticklocs(), [text.get_text() for text in axis.get_ticklabels()], strict=True))
        assert (0, "0") in shown and len(shown) >= 3 and set(shown) <= set(powers(*ends, data.power))
    assert any(
        "both axes are linear within ±1, logarithmic beyond" in text.get_text() for text in slider.figure().texts
    )


# ---------------------------------------------------------------- what is said


def test_the_words_name_errors_and_trace():
    exact = curvature([3.0, 4.0], 0)
    slider = ProbeSlider(exact, [curvature([3, 9], 2, float("inf")), curvature([3, 4.5], 16, 0.25)])
    slider.probes = 2
    assert slider.alt == (
        "Estimates of the diagonal of a Hessian against the exact one. 2 probes: relative error of the diagonal 100 % "
        "measured, too few probes to predict it. Trace: estimated 12, exact 7 (71.4 % off). 1 of the 2 points lie "
        "beyond the frame; they stand at its edge as small triangles. Measured relative error by number of probes: "
        "2: 100 %, 16: 10 %; a straight line of slope -1/2 in the logarithmic chart is what theory says. Weight by "
        "weight the estimate is drawn against the exact entry; both axes are linear within ±1, logarithmic beyond."
    )
    slider.probes = 16
    assert slider._spec["said"][1] == [
        "16 probes: relative error of the diagonal 10 % measured, predicted 25 %.",
        "Trace: estimated 7.5, exact 7 (7.1 % off).",
        "All points lie inside the frame.",
    ]
    assert slider._spec["predicted"] == [None, 0.25]


def test_the_guide_goes_through_the_last_prediction_or_the_last_error():
    exact = curvature([3.0, 4.0], 0)
    assert checked(exact, [curvature([3, 9], 16, 0.25)], None).reference == pytest.approx(1)
    assert checked(exact, [curvature([3, 9], 16, float("inf"))], None).reference == pytest.approx(4)
    assert checked(exact, [curvature([3, 4], 16, 0.0)], None).reference is None


def test_an_estimate_without_error_can_be_shown():
    exact = curvature([3.0, 4.0], 0)
    slider = ProbeSlider(exact, [curvature([3, 4], 1)])
    assert slider.error == 0 and "1 probe: relative error of the diagonal 0.0 % measured" in slider.alt
    assert slider.picture().startswith(b"\x89PNG")


def test_a_trace_of_zero_has_no_share():
    slider = ProbeSlider(curvature([1.0, -1.0], 0), [curvature([1, 0], 2)])
    assert "exact 0 (no share of 0)" in slider.alt


def test_the_slider_begins_in_the_middle_and_can_be_set(slider):
    assert slider.probes == 8
    seen = []
    slider.observe(lambda change: seen.append((change["new"], slider.error)), "probes")
    slider.set_state({"probes": 16})
    assert seen == [(16, pytest.approx(slider._spec["measured"][3]))]
    assert repr(slider) == "ProbeSlider(3000 weights, probes=16 of 2, 4, 8, 16)"


def test_bundle_has_a_small_picture_of_the_present_state(slider):
    bundle, metadata = slider._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": slider.alt}
    slider.probes = 2
    assert slider.picture() != picture


def test_the_picture_shows_points_and_errors(slider):
    scatter, errors = slider.figure().axes
    drawn = slider._data.drawn
    low, high = slider._data.frame[2:]
    inside = (drawn[3] >= low) & (drawn[3] <= high)
    assert np.allclose(scatter.lines[0].get_xydata(), np.column_stack([drawn[0], drawn[3]])[inside])
    lines = {line.get_label(): line.get_xydata() for line in errors.lines}
    assert np.allclose(lines["measured"], np.column_stack([PROBES, slider._spec["measured"]]))
    assert np.allclose(lines["predicted"], np.column_stack([PROBES, slider._spec["predicted"]]))
    slope = np.diff(np.log(lines["slope -1/2"]), axis=0)
    assert np.allclose(slope[:, 1] / slope[:, 0], -0.5)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("bad", [3, 0, True, "8", None, float("nan")])
def test_a_number_without_an_estimate_is_refused(slider, bad):
    with pytest.raises(ValueError) as caught:
        slider.probes = bad
    assert str(caught.value) == f"probes must be one of 2, 4, 8, 16, got {bad!r}." and slider.probes == 8


EXACT, FEW, MANY = curvature([3.0, 4.0], 0), curvature([3, 9], 2), curvature([3, 5], 4)
MASK = torch.tensor([True, False])


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        ((FEW, [MANY]), ValueError, "exact must be the exact diagonal (probes=None), got an estimate with 2 probes."),
        ((EXACT.diagonal, [FEW]), TypeError, "exact must be a Curvature from hessian_diagonal, got Tensor."),
        (
            (curvature([0, 0], 0), [FEW]),
            ValueError,
            "exact must have a diagonal other than 0, or no error is relative to it.",
        ),
        ((EXACT, []), ValueError, "estimates must be a list of at least one Curvature, got []."),
        ((EXACT, [5]), TypeError, "estimates[0] must be a Curvature from hessian_diagonal, got int."),
        ((EXACT, [FEW, curvature([1, 2, 3], 4)]), ValueError, "estimates[1] must have 2 weights as exact has, got 3."),
        ((EXACT, [MANY, FEW]), ValueError, "estimates must have growing numbers of probes of at least 1, got [4, 2]."),
        ((EXACT, [FEW, FEW]), ValueError, "estimates must have growing numbers of probes of at least 1, got [2, 2]."),
        (
            (EXACT, [curvature([3, 4], 0)]),
            ValueError,
            "estimates must have growing numbers of probes of at least 1, got [0].",
        ),
        (
            (EXACT, [curvature([3, float("nan")], 2)]),
            ValueError,
            "estimates[0].diagonal must be finite, got 1 NaN or infinite values.",
        ),
        (
            (EXACT, [FEW], MASK),
            ValueError,
            "exact must be 0 where mask is False, got 1 other values: give both one mask.",
        ),
        (
            (curvature([3, 0], 0), [FEW], MASK),
            ValueError,
            "estimates[0] must be 0 where mask is False, got 1 other values: give both one mask.",
        ),
    ],
)
def test_what_does_not_fit_gets_one_sentence(arguments, kind, sentence):
    with pytest.raises(kind) as caught:
        ProbeSlider(*arguments)
    assert str(caught.value) == sentence


def test_a_mask_is_a_tensor_of_booleans():
    with pytest.raises(TypeError, match="mask"):
        ProbeSlider(EXACT, [FEW], torch.ones(2))
    with pytest.raises(ValueError, match="mask"):
        ProbeSlider(EXACT, [FEW], torch.ones(3, dtype=torch.bool))
