"""Measures of predictions, against cases worked out by hand and against torch."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from toolkit import metrics


@pytest.fixture
def stack():
    """Logits of 3 x 4 networks on 20 examples of 5 classes, and the classes."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 4, 20, 5, generator=generator), torch.randint(5, (20,), generator=generator)


def two_class(*confidences):
    """Logits [B, 2] that predict class 1 with these probabilities."""
    p = torch.tensor(confidences, dtype=torch.float64)
    return torch.stack([(1 - p).log(), p.log()], dim=-1).float()


def test_nll_is_the_cross_entropy(stack):
    logits, y = stack
    expected = torch.stack([cross_entropy(one, y) for one in logits.flatten(0, 1)]).view(3, 4)
    torch.testing.assert_close(metrics.nll(logits, y), expected)


def test_nll_of_huge_logits_is_finite():
    assert metrics.nll(torch.tensor([[1e4, 0.0]]), torch.tensor([1])).item() == pytest.approx(1e4)


def test_accuracy_counts_by_hand():
    logits = torch.tensor([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]])
    assert metrics.accuracy(logits, torch.tensor([0, 1, 2, 2])).item() == 0.75


@pytest.mark.parametrize("measure", [metrics.accuracy, metrics.nll, metrics.ece])
def test_dimensions_in_front_are_kept(stack, measure):
    logits, y = stack
    together = measure(logits, y)
    assert together.shape == (3, 4)
    torch.testing.assert_close(together[1, 2], measure(logits[1, 2], y))


def test_ece_by_hand():
    # Two bins on [0, 1]; all five confidences are above 1/2, and two of the five predictions are right.
    one_bin = metrics.ece(two_class(0.6, 0.7, 0.8, 0.9, 0.95), torch.tensor([1, 0, 0, 0, 1]), bins=2)
    assert one_bin.item() == pytest.approx(abs(0.4 - 0.79), abs=1e-6)
    # Ten bins: (0.5, 0.6] holds 0.55 (right); (0.6, 0.7] holds 0.65 and 0.69 (one right); (0.9, 1] holds 0.99 (wrong).
    four = metrics.ece(two_class(0.55, 0.65, 0.69, 0.99), torch.tensor([1, 1, 0, 0]), bins=10)
    assert four.item() == pytest.approx(0.25 * 0.45 + 0.5 * abs(0.5 - 0.67) + 0.25 * 0.99, abs=1e-6)


def test_ece_vanishes_where_confidence_is_accuracy():
    y = torch.tensor([1, 1, 1, 0])
    assert metrics.ece(two_class(0.75, 0.75, 0.75, 0.75), y).item() == pytest.approx(0, abs=1e-6)


def test_ece_of_sure_and_always_wrong_is_one():
    assert metrics.ece(torch.tensor([[100.0, 0.0]]), torch.tensor([1])).item() == pytest.approx(1)


def test_reliability_puts_an_edge_in_the_lower_bin():
    found = metrics.reliability(torch.zeros(1, 2), torch.tensor([0]), bins=2)  # confidence exactly 1/2
    assert found.weight.tolist() == [1, 0]
    assert found.confidence[0] == 0.5 and found.confidence[1].isnan()


def test_reliability_weights_sum_to_one_and_average_to_the_accuracy(stack):
    logits, y = stack
    found = metrics.reliability(logits, y, bins=7)
    torch.testing.assert_close(found.weight.sum(-1), torch.ones(3, 4))
    right = (found.weight * found.accuracy.nan_to_num()).sum(-1)
    torch.testing.assert_close(right, metrics.accuracy(logits, y))
    sure = (found.weight * found.confidence.nan_to_num()).sum(-1)
    torch.testing.assert_close(sure, logits.softmax(-1).amax(-1).mean(-1))


def test_one_bin_is_the_gap_between_mean_confidence_and_accuracy(stack):
    logits, y = stack
    gap = (logits.softmax(-1).amax(-1).mean(-1) - metrics.accuracy(logits, y)).abs()
    torch.testing.assert_close(metrics.ece(logits, y, bins=1), gap)


def test_ece_in_double_precision(stack):
    logits, y = stack
    torch.testing.assert_close(metrics.ece(logits.double(), y), metrics.ece(logits, y), check_dtype=False)
    assert metrics.ece(logits.double(), y).dtype == torch.float64


def test_disagreement_by_hand_and_with_itself(stack):
    logits, _ = stack
    assert metrics.disagreement(logits, logits).max() == 0
    a, b = torch.eye(4), torch.eye(4)[[0, 1, 3, 2]]
    assert metrics.disagreement(a, b).item() == 0.5
    assert metrics.disagreement(a, -b).item() == metrics.disagreement(-b, a).item()


def test_ensemble_of_probabilities_is_their_mean(stack):
    logits = stack[0][0]
    torch.testing.assert_close(metrics.ensemble(logits).softmax(-1), logits.softmax(-1).mean(0))


def test_ensemble_of_logits_is_the_normalised_geometric_mean(stack):
    logits = stack[0][0]
    geometric = logits.softmax(-1).log().mean(0).exp()
    expected = geometric / geometric.sum(-1, keepdim=True)
    torch.testing.assert_close(metrics.ensemble(logits, average="logit").softmax(-1), expected)


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_ensemble_of_equal_networks_is_one_of_them(stack, average):
    one = stack[0][0, 0]
    same = metrics.ensemble(torch.stack([one, one, one]), average)
    torch.testing.assert_close(same.softmax(-1), one.softmax(-1))


def test_ensemble_loss_is_at_most_the_mean_loss_of_its_members(stack):
    logits, y = stack
    assert metrics.nll(metrics.ensemble(logits[0]), y) <= metrics.nll(logits[0], y).mean()


def test_ensemble_logits_are_log_probabilities():
    total = metrics.ensemble(torch.randn(3, 2, 4)).exp().sum(-1)
    torch.testing.assert_close(total, torch.ones(2))
    assert math.isclose(
        metrics.nll(metrics.ensemble(torch.zeros(2, 1, 4)), torch.tensor([0])), math.log(4), rel_tol=1e-6
    )
