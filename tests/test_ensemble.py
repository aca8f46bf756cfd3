"""Networks predicting together, against sums written out by hand."""

from dataclasses import replace

import pytest
import torch

from toolkit import Line, WeightSpace, data, ensemble, fit_many, metrics, models
from toolkit.landscape import Ensemble


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(200)


@pytest.fixture(scope="module")
def space():
    return WeightSpace(models.mlp(64, 8, 10))


@pytest.fixture(scope="module")
def trained(space, digits):
    return fit_many(space, digits, [0, 1, 2], epochs=3)


@pytest.fixture(scope="module")
def norm():
    return WeightSpace(models.mlp(64, 8, 10, batchnorm=True))


def figures(found):
    return [found.accuracy, found.loss, found.ece, *found.members.tolist(), found.disagreement]


def by_hand(logits, y, together):
    """All of an Ensemble from logits [N, B, C] and averaged probabilities [B, C], in double precision."""
    guesses, n = logits.argmax(-1), len(logits)
    pairs = [(guesses[i] != guesses[j]).double().mean() for i in range(n) for j in range(i)]
    log = together.log()
    return [
        (together.argmax(-1) == y).double().mean().item(),
        -log[torch.arange(len(y)), y].mean().item(),
        metrics.ece(log, y).item(),
        *(guesses == y).double().mean(1).tolist(),
        torch.stack(pairs).mean().item(),
    ]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_probabilities_are_averaged(space, digits, trained, split):
    x, y = digits.split(split)
    logits = space.logits(trained, x).double()
    found = ensemble(space, trained, digits, split=split)
    assert isinstance(found, Ensemble)
    assert figures(found) == pytest.approx(by_hand(logits, y, logits.softmax(-1).mean(0)), abs=1e-5)


def test_averaged_logits_are_the_normalised_geometric_mean(space, digits, trained):
    logits = space.logits(trained, digits.test_x).double()
    geometric = logits.softmax(-1).log().mean(0).exp()
    geometric /= geometric.sum(-1, keepdim=True)
    found = ensemble(space, trained, digits, average="logit")
    assert figures(found) == pytest.approx(by_hand(logits, digits.test_y, geometric), abs=1e-5)
    assert abs(found.loss - ensemble(space, trained, digits).loss) > 1e-3


def test_the_ensemble_of_trained_networks_differs_from_its_members(space, digits, trained):
    found = ensemble(space, trained, digits)
    assert 0 < found.disagreement < 1 and len(set(found.members.tolist())) > 1
    alone = [ensemble(space, theta[None], digits) for theta in trained]
    assert found.members.tolist() == pytest.approx([one.accuracy for one in alone])
    assert found.loss < sum(one.loss for one in alone) / 3


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_one_network_is_its_own_ensemble(space, digits, trained, average):
    found = ensemble(space, trained[:1], digits, average=average)
    logits = space.logits(trained[0], digits.test_x)
    assert found.accuracy == pytest.approx(metrics.accuracy(logits, digits.test_y).item())
    assert found.loss == pytest.approx(metrics.nll(logits, digits.test_y).item(), abs=1e-6)
    assert found.members.tolist() == [pytest.approx(found.accuracy)] and found.disagreement == 0.0


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_equal_networks_are_the_ensemble_of_one(space, digits, trained, average):
    line = Line(trained[0], trained[0])
    found = ensemble(space, line.at([0.2, 0.8]), digits, average=average)
    one = ensemble(space, trained[:1], digits, average=average)
    assert (found.accuracy, found.disagreement) == (one.accuracy, 0.0)
    assert found.loss == pytest.approx(one.loss, abs=1e-5)


def test_the_order_of_the_members_is_kept_and_does_not_matter(space, digits, trained):
    found, turned = ensemble(space, trained, digits), ensemble(space, trained.flip(0), digits)
    assert found.members.tolist() == turned.members.tolist()[::-1]
    assert figures(turned)[:3] == pytest.approx(figures(found)[:3], abs=1e-6)
    assert turned.disagreement == pytest.approx(found.disagreement)


def test_three_guesses_by_hand(digits):
    # logits are the biases: guesses 0, 0 and 1 on every example
    space = WeightSpace(models.mlp(64, 10))
    thetas = torch.zeros(3, space.size)
    for theta, (guess, logit) in zip(thetas, [(0, 1.0), (0, 1.0), (1, 5.0)], strict=True):
        space.unflatten(theta)["fc1.bias"][guess] = logit
    y = digits.test_y
    found = ensemble(space, thetas, digits)
    assert found.members.tolist() == pytest.approx([(y == c).float().mean().item() for c in (0, 0, 1)])
    assert found.disagreement == pytest.approx(2 / 3)
    assert found.accuracy == pytest.approx((y == 1).float().mean().item())


def test_every_member_has_statistics_of_its_own(norm, digits):
    thetas = fit_many(norm, digits, [0, 1], epochs=2)
    own = norm.refresh(thetas, digits.train_x)
    logits = norm.logits(thetas, digits.test_x, own).double()
    expected = by_hand(logits, digits.test_y, logits.softmax(-1).mean(0))
    assert figures(ensemble(norm, thetas, digits)) == pytest.approx(expected, abs=1e-5)
    assert figures(ensemble(norm, thetas, digits, refresh=False, stats=own)) == pytest.approx(expected, abs=1e-6)
    shared = norm.refresh(thetas[0], digits.train_x)
    stale = ensemble(norm, thetas, digits, refresh=False, stats=shared)
    assert stale.members[0] == pytest.approx(expected[3]) and abs(stale.members[1] - expected[4]) > 0.01


@pytest.mark.parametrize("split", ["train", "val"])
def test_statistics_come_from_the_training_inputs(norm, digits, split):
    thetas = torch.stack([norm.init(0), norm.init(1)])
    brighter = replace(digits, test_x=digits.test_x / 2, val_x=digits.val_x if split == "val" else digits.val_x / 2)
    assert figures(ensemble(norm, thetas, digits, split)) == figures(ensemble(norm, thetas, brighter, split))
    darker = replace(digits, train_x=digits.train_x.square())
    assert ensemble(norm, thetas, darker, "val").loss != ensemble(norm, thetas, digits, "val").loss


def test_in_words_the_members_are_never_left_out():
    found = Ensemble(0.95, 0.2, 0.01, torch.tensor([0.9, 0.925]).numpy(), 0.0625)
    assert str(found) == "95.0% together; alone 90.0%, 92.5%; they disagree on 6.2%"


def test_numbers_are_plain_and_no_graph_is_left(space, digits, trained):
    found = ensemble(space, trained.clone().requires_grad_(), digits)
    assert all(type(value) is float for value in (found.accuracy, found.loss, found.ece, found.disagreement))
    assert found.members.shape == (3,)
