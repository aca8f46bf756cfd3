"""Matching by the loss: each step against a plain one, planted permutations found, nothing but the result changed."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy
from zoo import ZOO, Recording

from toolkit import Line, WeightSpace, data, evaluate, fit_many, match, models, scan
from toolkit.batches import endless
from toolkit.match import relaxed
from toolkit.symmetry import trace

MATCHERS = [match.straight_through, match.by_sinkhorn]
each_matcher = pytest.mark.parametrize("matcher", MATCHERS, ids=["straight_through", "by_sinkhorn"])


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(300)


@pytest.fixture(scope="module")
def ends(digits):
    """Two trained networks."""
    space = WeightSpace(models.mlp(64, 12, 12, 10))
    return fit_many(space, digits, [0, 1], epochs=20, batch_size=32)


@pytest.fixture
def symmetry(digits):
    return trace(Recording(models.mlp(64, 12, 12, 10)), digits.train_x[:4])


def half_way(symmetry, a, b, perms, digits):
    theta = (a + symmetry.apply(b, perms)) / 2
    return float(evaluate(symmetry.space, theta, digits, "train_loss")["train_loss"])


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@each_matcher
def test_a_match_lowers_the_barrier_of_trained_networks_and_tells_the_truth(symmetry, ends, digits, matcher):
    a, b = ends
    found = matcher(symmetry, a, b, digits)
    assert set(found.perms) == set(symmetry.groups)
    assert all(sorted(perm.tolist()) == list(range(12)) for perm in found.perms.values())
    assert (found.objective, found.dead, found.score) == ({}, {}, {})
    assert found.history[0] == half_way(symmetry, a, b, symmetry.identity(), digits)
    assert found.history[-1] == half_way(symmetry, a, b, found.perms, digits)
    assert all(after < before for before, after in zip(found.history, found.history[1:], strict=False))
    assert found.history[-1] < 0.5 * found.history[0]
    far, near = (
        scan(symmetry.space, Line(a, end), digits, 11).barrier("train_loss")
        for end in (b, symmetry.apply(b, found.perms))
    )
    assert near < 0.5 * far


def test_straight_through_begins_with_the_match_by_weights(symmetry, ends, digits):
    a, b = ends
    by_weights = half_way(symmetry, a, b, match.by_weights(symmetry, a, b).perms, digits)
    assert match.straight_through(symmetry, a, b, digits, steps=1).history[-1] == by_weights
    assert match.straight_through(symmetry, a, b, digits).history[-1] < by_weights


@each_matcher
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_planted_permutation_is_found_or_one_as_good(symmetry, ends, digits, matcher, seed):
    a = ends[0]
    b = symmetry.apply(a, symmetry.random(seed))
    found = matcher(symmetry, a, b, digits)
    back = symmetry.apply(b, found.perms)
    assert found.history[-1] <= found.history[0]
    assert scan(symmetry.space, Line(a, back), digits, 11).barrier("train_loss") < 1e-3
    if matcher is match.straight_through:
        assert torch.equal(back, a)


@each_matcher
def test_a_network_matched_to_itself_stays(symmetry, ends, digits, matcher):
    a = ends[0]
    found = matcher(symmetry, a, a, digits, steps=20)
    assert same(found.perms, symmetry.identity()) and len(found.history) == 1


@each_matcher
def test_the_same_call_gives_the_same_match_and_the_seed_counts(symmetry, ends, digits, matcher):
    space = symmetry.space
    found = []
    for seed in (0, 0, 1):
        space.batches.clear()
        found.append(matcher(symmetry, *ends, digits, steps=30, seed=seed))
        found.append([x.clone() for x, _ in space.batches])
        torch.rand(3)
    assert same(found[0].perms, found[2].perms) and found[0].history == found[2].history
    assert all(torch.equal(x, y) for x, y in zip(found[1], found[3], strict=True))
    assert not torch.equal(found[1][0], found[5][0])


@each_matcher
def test_nothing_that_came_in_is_changed(symmetry, ends, digits, matcher):
    a, b = ends[0].clone(), ends[1].clone()
    x, state = digits.train_x.clone(), torch.get_rng_state()
    matcher(symmetry, a, b, digits, steps=10)
    assert torch.equal(a, ends[0]) and torch.equal(b, ends[1]) and torch.equal(x, digits.train_x)
    assert not a.requires_grad and a.grad is None
    assert torch.equal(state, torch.get_rng_state())


@each_matcher
def test_only_the_training_split_is_looked_at(symmetry, ends, digits, matcher):
    lost = replace(digits, val_x=None, val_y=None, test_x=None, test_y=None)
    one, other = (matcher(symmetry, *ends, given, steps=20) for given in (lost, digits))
    assert same(one.perms, other.perms)


@each_matcher
@pytest.mark.parametrize("name", ["mlp with batchnorm", "cnn", "resnet", "double"])
def test_networks_of_other_kinds(digits, matcher, name):
    space = WeightSpace(ZOO[name]())
    if name == "double":
        digits = replace(digits, train_x=digits.train_x.double(), test_x=digits.test_x.double())
    symmetry, a = trace(space, digits.train_x[:4]), space.init(0)
    b = symmetry.apply(a, symmetry.random(0)) + 1e-3 * space.init(1)
    found = matcher(symmetry, a, b, digits, steps=5)
    assert found.history[-1] <= found.history[0]
    assert found.history[-1] == pytest.approx(half_way(symmetry, a, b, found.perms, digits), abs=1e-6)
    assert all(sorted(perm.tolist()) == list(range(symmetry.groups[n])) for n, perm in found.perms.items())


# ---------------------------------------------------------------------- the steps


def test_straight_through_is_a_plain_loop(symmetry, ends, digits):
    a, b = ends
    found = match.straight_through(symmetry, a, b, digits, steps=25, lr=0.3, batch_size=50)
    space, plain = symmetry.space, WeightSpace(models.mlp(64, 12, 12, 10))
    guide, velocity, perms, met = a.clone(), torch.zeros_like(a), symmetry.identity(), [symmetry.identity()]
    assert len(space.thetas) == 25 and all(len(y) == 50 for _, y in space.batches)
    for theta, (x, y) in zip(space.thetas, space.batches, strict=True):
        moved = symmetry.apply(b, perms)
        perms = symmetry.compose(perms, match.by_weights(symmetry, guide, moved).perms)
        middle = ((a + symmetry.apply(b, perms)) / 2).requires_grad_()
        torch.testing.assert_close(theta, middle.detach(), atol=1e-7, rtol=0)
        cross_entropy(plain.logits(middle, x), y).backward()
        velocity = 0.9 * velocity + middle.grad / 2  # B's end has half of the gradient of the middle
        guide = guide - 0.3 * velocity
        met.append(perms)
    losses = [half_way(symmetry, a, b, one, digits) for one in met]
    assert len({round(loss, 5) for loss in losses}) > 3  # the guide has led to several matches
    assert found.history[-1] == min(losses) and same(found.perms, met[losses.index(min(losses))])
    assert list(found.history) == [loss for i, loss in enumerate(losses) if loss < min(losses[:i], default=9e9)]


@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_by_sinkhorn_is_a_plain_loop(symmetry, ends, digits, temperature):
    a, b = ends
    found = match.by_sinkhorn(symmetry, a, b, digits, steps=25, lr=0.2, batch_size=50, temperature=temperature, seed=4)
    space, plain = symmetry.space, WeightSpace(models.mlp(64, 12, 12, 10))
    noise = torch.Generator().manual_seed(4)
    free = [(torch.eye(12) + 0.1 * torch.randn(12, 12, generator=noise)).requires_grad_() for _ in range(2)]
    mover = torch.optim.AdamW(free, lr=0.2)
    met = [symmetry.identity()]
    assert len(space.thetas) == 25
    for theta, (x, y) in zip(space.thetas, space.batches, strict=True):
        soft = {name: relaxed.sinkhorn(one / temperature) for name, one in zip(symmetry.groups, free, strict=True)}
        middle = (a + relaxed.mix(symmetry, b, soft)) / 2
        torch.testing.assert_close(theta, middle.detach(), atol=1e-4, rtol=1e-3)
        mover.zero_grad()
        cross_entropy(plain.logits(middle, x), y).backward()
        mover.step()
        met.append({name: match.assign(matrix.detach()) for name, matrix in soft.items()})
    losses = [half_way(symmetry, a, b, one, digits) for one in met]
    assert len({round(loss, 5) for loss in losses}) > 3
    assert found.history[-1] == min(losses)
    assert list(found.history) == [loss for i, loss in enumerate(losses) if loss < min(losses[:i], default=9e9)]


def test_the_loss_falls_on_the_way_of_the_soft_matrices(symmetry, ends, digits):
    match.by_sinkhorn(symmetry, *ends, digits)
    thetas = torch.stack(symmetry.space.thetas)
    losses = evaluate(symmetry.space, thetas[[0, -1]], digits, "train_loss")["train_loss"]
    assert losses[1] < 0.3 * losses[0]


# ---------------------------------------------------------------------- batches


@pytest.mark.parametrize(("size", "per_epoch"), [(7, 42), (100, 3), (1000, 1)])
def test_batches_are_whole_and_each_example_comes_once_in_a_pass(digits, size, per_epoch):
    numbered = replace(digits, train_x=torch.arange(300.0).view(300, 1, 1, 1).expand(300, 1, 8, 8).contiguous())
    stream = endless(numbered, size, seed=3)
    passes = []
    for _ in range(2):
        found = [next(stream) for _ in range(per_epoch)]
        order = torch.cat([x[:, 0, 0, 0] for x, _ in found]).long()
        assert all(len(y) == min(size, 300) for _, y in found) and len(order.unique()) == len(order)
        assert torch.equal(torch.cat([y for _, y in found]), digits.train_y[order])
        passes.append(order)
    assert not torch.equal(*passes)
    again = next(endless(numbered, size, seed=3))[0]
    assert torch.equal(again[:, 0, 0, 0].long(), passes[0][: len(again)])


def test_an_interrupt_ends_the_search_with_the_best_so_far(symmetry, ends, digits, monkeypatch, capsys):
    a, b = ends
    seen = []

    def gradient(theta, x, y, plain=symmetry.space.gradient):
        seen.append(theta)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return plain(theta, x, y)

    monkeypatch.setattr(symmetry.space, "gradient", gradient)
    found = match.straight_through(symmetry, a, b, digits, steps=50)
    assert len(seen) == 4 and len(found.history) >= 1 and set(found.perms) == set(symmetry.groups)
    assert "Interrupted: you get the best match so far." in capsys.readouterr().out


@pytest.mark.parametrize("matcher", [match.by_sinkhorn, match.pam])
def test_a_network_without_hidden_units_gets_one_sentence(digits, matcher):
    space = WeightSpace(models.mlp(64, 10))
    with pytest.raises(
        ValueError, match="^symmetry must have units that can be renumbered, got a network without any.$"
    ):
        matcher(trace(space, digits.train_x[:2]), space.init(0), space.init(1), digits)
