"""Matching: correlations as numpy's, assignments as brute force, planted permutations found, barriers lowered."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import nn

from toolkit import Line, WeightSpace, data, landscape, match, models, train
from toolkit.match.moments import Moments
from toolkit.segments import Segment
from toolkit.symmetry import trace

GENERATOR = torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def trained(digits):
    """Two trained networks of width 32, and their symmetry."""
    space = WeightSpace(models.mlp(64, 32, 32, 10))
    a, b = train.fit_many(space, digits, seeds=[0, 1], epochs=20, batch_size=32, lr=0.1)
    return trace(space, digits.train_x[:4]), a, b


# ---------------------------------------------------------------------- assignment


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_assign_is_as_good_as_trying_all(n):
    score = torch.randn(n, n, generator=GENERATOR)
    found = score[torch.arange(n), match.assign(score)].sum().item()
    assert found == pytest.approx(max(sum(score[i, j].item() for i, j in enumerate(p)) for p in permutations(range(n))))


def test_assign_beats_greedy_and_a_thousand_random():
    score, n = torch.randn(40, 40, generator=GENERATOR), 40
    best = score[torch.arange(n), match.assign(score)].sum()
    left, greedy = score.clone(), 0.0
    for _ in range(n):
        i, j = divmod(int(left.argmax()), n)
        greedy += left[i, j].item()
        left[i], left[:, j] = float("-inf"), float("-inf")
    random = max(score[torch.arange(n), torch.randperm(n, generator=GENERATOR)].sum() for _ in range(1000))
    assert best > greedy and best > random


def test_assign_the_other_way_round_is_the_inverse():
    score = torch.randn(30, 30, generator=GENERATOR)
    assert match.assign(score.T).equal(match.assign(score).argsort())


def test_assign_rejects_what_is_no_score():
    with pytest.raises(ValueError, match=r"score must be a square matrix, got shape \[2, 3\]."):
        match.assign(torch.rand(2, 3))
    with pytest.raises(ValueError, match="score must be finite, got 1 NaN or infinite values."):
        match.assign(torch.tensor([[float("nan")]]))


# ---------------------------------------------------------------------- correlation


def streamed(u, v, *splits):
    moments = Moments()
    for one, other in zip(u.split(splits), v.split(splits), strict=True):
        moments.add(one, other)
    return moments


@pytest.mark.parametrize("mean", [0.0, 100.0])
def test_streamed_correlation_is_that_of_all_at_once(mean):
    u, v = torch.randn(100, 5, generator=GENERATOR), torch.randn(100, 5, generator=GENERATOR)
    v += u[:, [2, 0, 1, 4, 3]]
    expected = np.corrcoef((u + mean).double().T, (v - mean).double().T)[:5, 5:]
    for splits in [(100,), (1, 60, 39), (50, 50)]:
        np.testing.assert_allclose(streamed(u + mean, v - mean, *splits).correlation(), expected, atol=1e-5)


def test_still_units_correlate_with_nothing():
    u, v = torch.randn(50, 3, generator=GENERATOR), torch.randn(50, 3, generator=GENERATOR)
    u[:, 0], v[:, 1], v[:, 2] = 0.0, 7.3, v[:, 2] * 1e-8
    moments = streamed(u, v, 20, 30)
    assert [still.tolist() for still in moments.still()] == [[True, False, False], [False, True, False]]
    correlation = moments.correlation()
    assert correlation[0].eq(0).all() and correlation[:, 1].eq(0).all() and correlation[1:, 2].ne(0).all()


# ---------------------------------------------------------------------- by activations


def test_batches_order_and_scale_change_nothing(trained, digits):
    symmetry, a, b = trained
    x = digits.train_x[:300]
    whole = match.by_activations(symmetry, a, b, x)
    order = torch.randperm(300, generator=GENERATOR)
    scaled = symmetry.space.unflatten(b.clone())
    factors = torch.rand(32, generator=GENERATOR) * 9 + 0.1
    scaled["fc1.weight"] *= factors[:, None]
    scaled["fc1.bias"] *= factors
    scaled["fc2.weight"] /= factors
    again = [
        match.by_activations(symmetry, a, b, x, batch_size=7),
        match.by_activations(symmetry, a, b, x[order], batch_size=64),
        match.by_activations(symmetry, a, symmetry.space.flatten(scaled), x),
    ]
    for other in again:
        for group, score in whole.score.items():
            torch.testing.assert_close(other.score[group], score, atol=1e-4, rtol=0)
            living = ~whole.dead[group][0]
            partners = whole.perms[group][living]
            sure = ~whole.dead[group][1][partners]
            assert other.perms[group][living][sure].equal(partners[sure])


def test_scores_are_the_correlations_of_the_hidden_units(trained, digits):
    symmetry, a, b = trained
    x = digits.train_x[:200].flatten(1)
    hidden = []
    for theta in (a, b):
        w = symmetry.space.unflatten(theta)
        hidden.append((x @ w["fc1.weight"].T + w["fc1.bias"]).relu())
    found = match.by_activations(symmetry, a, b, digits.train_x[:200])
    with np.errstate(invalid="ignore"):
        expected = np.nan_to_num(np.corrcoef(*(h.double().numpy().T for h in hidden))[:32, 32:])
    np.testing.assert_allclose(found.score["fc1"], expected, atol=1e-5)
    assert found.objective["fc1"] == pytest.approx(expected[np.arange(32), found.perms["fc1"]].sum(), abs=1e-4)
    assert found.dead["fc1"][0].equal(hidden[0].std(0) == 0)


@pytest.mark.parametrize("build", [models.cnn, models.resnet, lambda: models.mlp(64, 32, 32, 10)])
def test_a_planted_permutation_is_found(build, digits):
    space = WeightSpace(build())
    x = digits.train_x[:200]
    symmetry, theta = trace(space, x[:8]), space.init(0)
    planted = symmetry.random(5)
    found = match.by_activations(symmetry, theta, symmetry.apply(theta, planted), x)
    for group, inverse in symmetry.inverse(planted).items():
        living = ~found.dead[group][0]
        assert living.sum() > len(living) / 2
        assert found.perms[group][living].equal(inverse[living])


def test_statistics_at_hand_are_used(digits):
    space, x = WeightSpace(models.cnn()), digits.train_x[:60]
    symmetry, a, b = trace(space, x[:4]), space.init(0), space.init(1)
    stats = space.refresh(a, x), space.refresh(b, x)
    found, given = match.by_activations(symmetry, a, b, x), match.by_activations(symmetry, a, b, x, stats=stats)
    assert all(given.score[group].equal(score) for group, score in found.score.items())
    others = space.refresh(a, 1 - x), space.refresh(b, 1 - x)
    other = match.by_activations(symmetry, a, b, x, stats=others)
    assert not torch.allclose(other.score["conv2"], found.score["conv2"], atol=1e-3)
    with pytest.raises(ValueError, match="stats must hold the statistics of A and those of B, got 1 entries."):
        match.by_activations(symmetry, a, b, x, stats=stats[:1])
    with pytest.raises(ValueError, match="stats must hold 'bn1.running_mean'"):
        match.by_activations(symmetry, a, b, x, stats=(stats[0], {"bn2.running_mean": torch.zeros(32)}))


def test_a_network_of_dead_units_is_said_to_be_dead(trained, digits):
    symmetry, a, b = trained
    weights = symmetry.space.unflatten(a.clone())
    weights["fc1.weight"].zero_()
    found = match.by_activations(symmetry, symmetry.space.flatten(weights), b, digits.train_x[:50])
    assert found.dead["fc1"][0].all() and found.dead["fc2"][0].all() and not found.dead["fc1"][1].all()
    assert found.score["fc1"].eq(0).all() and found.objective["fc1"] == 0
    assert sorted(found.perms["fc1"].tolist()) == list(range(32))


def test_a_constant_made_in_the_forward_is_known_to_the_watch():
    class Ramp(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 3), nn.Linear(3, 2)

        def forward(self, x):
            return self.b((self.a(x + torch.arange(4.0))).relu())

    space, x = WeightSpace(Ramp()), torch.rand(9, 4)
    found = match.by_activations(trace(space, x), space.init(0), space.init(0), x)
    assert found.perms["a"].tolist() == [0, 1, 2]


# ---------------------------------------------------------------------- by weights


def inner(symmetry, a, b, perms):
    return torch.dot(a.double(), symmetry.apply(b, perms).double()).item()


@pytest.mark.parametrize("seed", range(5))
def test_weights_find_a_planted_permutation(seed):
    space = WeightSpace(models.mlp(64, 40, 30, 20, 10))
    symmetry, theta = trace(space, torch.rand(4, 64)), space.init(seed)
    planted = symmetry.random(seed)
    found = match.by_weights(symmetry, theta, symmetry.apply(theta, planted), seed=seed)
    for group, inverse in symmetry.inverse(planted).items():
        assert found.perms[group].equal(inverse)


def twice():
    """A layer applied twice: its weight has one group on both axes."""

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.r, self.h = nn.Linear(64, 12), nn.Linear(12, 12), nn.Linear(12, 10)

        def forward(self, x):
            return self.h(self.r(self.r(self.a(x.flatten(1)).relu()).relu()).relu())

    return Twice()


def flat():
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(384, 12), nn.Linear(12, 10))


@pytest.mark.parametrize("build", [lambda: models.mlp(64, 24, 24, 24, 10), models.cnn, models.resnet, flat, twice])
def test_weight_matching_climbs_and_tells_the_truth(build):
    space = WeightSpace(build())
    symmetry, a, b = trace(space, torch.rand(8, 1, 8, 8)), space.init(0), space.init(1)
    found = match.by_weights(symmetry, a, b, seed=3)
    total, scale = inner(symmetry, a, b, found.perms), (a.norm() * b.norm()).item()
    assert found.history[0] == pytest.approx(torch.dot(a, b).item(), abs=1e-5 * scale)
    assert found.history[-1] == pytest.approx(total, abs=1e-5 * scale) and total > found.history[0]
    assert all(later > earlier for earlier, later in zip(found.history, found.history[1:], strict=False))
    distance = (a - symmetry.apply(b, found.perms)).square().sum().item()
    assert distance == pytest.approx((a.square().sum() + b.square().sum()).item() - 2 * total, rel=1e-4)
    for group, perm in found.perms.items():
        on_match = found.score[group][torch.arange(len(perm)), perm].sum().item()
        assert found.objective[group] == pytest.approx(on_match, rel=1e-4, abs=1e-4)
    assert found.dead == {}
    again = match.by_weights(symmetry, a, b, seed=3)
    assert all(again.perms[group].equal(perm) for group, perm in found.perms.items())
    assert all(again.score[group].equal(score) for group, score in found.score.items())
    assert again.history == found.history


@pytest.mark.parametrize("build", [lambda: models.mlp(64, 16, 16, 10), flat, models.cnn])
def test_no_single_swap_improves_a_weight_match(build):
    space = WeightSpace(build())
    symmetry, a, b = trace(space, torch.rand(8, 1, 8, 8)), space.init(0), space.init(1)
    perms = match.by_weights(symmetry, a, b).perms
    best = inner(symmetry, a, b, perms)
    for group, n in symmetry.groups.items():
        for k in range(1, min(n, 12)):
            swapped = perms | {group: perms[group].clone()}
            swapped[group][[0, k]] = perms[group][[k, 0]]
            assert inner(symmetry, a, b, swapped) <= best + 1e-5


def test_one_hidden_layer_of_five_is_matched_as_by_trying_all():
    space = WeightSpace(models.mlp(6, 5, 3))
    symmetry, a, b = trace(space, torch.rand(2, 6)), space.init(0), space.init(1)
    best = max(inner(symmetry, a, b, {"fc1": list(p)}) for p in permutations(range(5)))
    assert match.by_weights(symmetry, a, b).history[-1] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("build", [lambda: models.mlp(64, 24, 24, 24, 10), models.resnet, flat, twice])
def test_scores_brought_up_to_date_are_those_counted_anew(build):
    space = WeightSpace(build())
    symmetry, a, b = trace(space, torch.rand(8, 1, 8, 8)), space.init(0), space.init(1)
    found = match.by_weights(symmetry, a, b)
    anew = match.weights._Descent(symmetry, a, symmetry.apply(b, found.perms))
    for group, score in found.score.items():
        np.testing.assert_allclose(score[:, found.perms[group]], anew.score[group].T, atol=1e-5)


@pytest.mark.parametrize("build", [lambda: models.mlp(64, 24, 24, 24, 10), models.resnet, flat])
def test_scores_say_what_a_swap_would_gain(build):
    space = WeightSpace(build())
    symmetry, a, b = trace(space, torch.rand(8, 1, 8, 8)), space.init(0), space.init(1)
    found = match.by_weights(symmetry, a, b, sweeps=1)
    for group, perm in found.perms.items():
        score, (j, k) = found.score[group], perm[[0, 3]]
        swapped = found.perms | {group: perm.clone()}
        swapped[group][[0, 3]] = perm[[3, 0]]
        gain = inner(symmetry, a, b, swapped) - inner(symmetry, a, b, found.perms)
        assert gain == pytest.approx((score[0, k] + score[3, j] - score[0, j] - score[3, k]).item(), abs=1e-5)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_weights_of_other_kinds_of_number_are_matched(kind):
    space = WeightSpace(models.mlp(64, 24, 24, 10).to(kind))
    symmetry, theta = trace(space, torch.rand(4, 64, dtype=kind)), space.init(0)
    planted = symmetry.random(1)
    found = match.by_weights(symmetry, theta, symmetry.apply(theta, planted))
    assert all(found.perms[group].equal(inverse) for group, inverse in symmetry.inverse(planted).items())


def test_networks_without_hidden_units_have_nothing_to_match():
    space = WeightSpace(models.mlp(6, 3))
    found = match.by_weights(trace(space, torch.rand(2, 6)), space.init(0), space.init(1))
    assert found.perms == {} and len(found.history) == 1


def test_weights_with_three_renumbered_axes_are_refused():
    space = WeightSpace(models.cnn())
    symmetry = trace(space, torch.rand(4, 1, 8, 8))
    axes = symmetry.axes | {"conv2.weight": symmetry.axes["conv2.weight"] | {2: (Segment("rows", 3, 1),)}}
    symmetry = replace(symmetry, axes=axes, groups=symmetry.groups | {"rows": 3})
    with pytest.raises(ValueError, match="by_weights takes weights with at most two renumbered axes, 'conv2.weight'"):
        match.by_weights(symmetry, space.init(0), space.init(1))


def test_few_sweeps_are_few():
    space = WeightSpace(models.mlp(64, 24, 24, 24, 10))
    symmetry, a, b = trace(space, torch.rand(2, 64)), space.init(0), space.init(1)
    assert len(match.by_weights(symmetry, a, b, sweeps=1).history) <= 1 + 3
    with pytest.raises(ValueError, match="sweeps must be a whole number of at least 1, got 0."):
        match.by_weights(symmetry, a, b, sweeps=0)


# ---------------------------------------------------------------------- both, end to end


def barrier(symmetry, a, b, dataset):
    return landscape.scan(symmetry.space, Line(a, b), dataset, points=25).barrier("test_loss")


def test_renumbering_both_ends_alike_keeps_the_barrier(trained, digits):
    symmetry, a, b = trained
    perms = symmetry.random(4)
    moved = barrier(symmetry, symmetry.apply(a, perms), symmetry.apply(b, perms), digits)
    assert moved == pytest.approx(barrier(symmetry, a, b, digits), abs=1e-4)


@pytest.mark.parametrize("matcher", ["activations", "weights"])
def test_a_matched_network_is_the_same_but_over_a_far_lower_barrier(trained, digits, matcher):
    symmetry, a, b = trained
    if matcher == "activations":
        found = match.by_activations(symmetry, a, b, digits.train_x)
    else:
        found = match.by_weights(symmetry, a, b)
    twin = symmetry.apply(b, found.perms)
    x = digits.test_x
    torch.testing.assert_close(symmetry.space.logits(twin, x), symmetry.space.logits(b, x), rtol=1e-4, atol=1e-4)
    assert barrier(symmetry, a, twin, digits) < barrier(symmetry, a, b, digits) / 3


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize("matcher", [match.by_activations, match.by_weights])
def test_networks_that_do_not_fit(trained, digits, matcher):
    symmetry, a, b = trained
    rest = [digits.train_x[:9]] if matcher is match.by_activations else []
    with pytest.raises(ValueError, match=r"a must be a network \[3466\], got shape \[3465\]."):
        matcher(symmetry, a[:-1], b, *rest)
    with pytest.raises(ValueError, match=r"b must be a network \[3466\], got shape \[2, 3466\]."):
        matcher(symmetry, a, torch.stack([a, b]), *rest)
    with pytest.raises(TypeError, match="a must be a tensor, got NoneType."):
        matcher(symmetry, None, b, *rest)
    broken = b.clone()
    broken[7] = float("nan")
    with pytest.raises(ValueError, match="b must be finite, got 1 NaN or infinite values."):
        matcher(symmetry, a, broken, *rest)


def test_inputs_that_do_not_fit(trained, digits):
    symmetry, a, b = trained
    with pytest.raises(ValueError, match="x must hold at least two examples to correlate over, got 1."):
        match.by_activations(symmetry, a, b, digits.train_x[:1])
    with pytest.raises(ValueError, match=r"x must be what the network takes, got shape \[1, 1, 7, 8\]"):
        match.by_activations(symmetry, a, b, torch.rand(9, 1, 7, 8))
    with pytest.raises(TypeError, match="x must be a tensor, got list."):
        match.by_activations(symmetry, a, b, [0.0, 1.0])
    with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1, got 0."):
        match.by_activations(symmetry, a, b, digits.train_x[:9], batch_size=0)
