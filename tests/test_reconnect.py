"""Reconnect through `fit`: the free steps of plain training, values put back in time, and no score before that."""

import copy

import pytest
import torch
from laperm_by_hand import put_back, values
from torch import Tensor
from torch.optim import SGD, Adam
from zoo import ZOO, Recording

from toolkit import WeightSpace, data, fit, models
from toolkit.batches import Batches
from toolkit.reconnect import LaPerm, Reconnect, start

DIGITS = data.load("digits").subset(100)
SETTINGS = {"epochs": 3, "batch_size": 20, "lr": 0.01, "optimizer": Adam, "schedule": "constant"}  # 15 steps
STEPS = 15
NETWORKS = ["mlp", "mlp with batchnorm", "cnn", "resnet", "tied", "attention", "recurrent"]


@pytest.fixture
def space() -> WeightSpace:
    return WeightSpace(models.mlp(64, 12, 10))


def by_hand(space, before: Tensor, period, steps: int = STEPS, vectors=False, make=Adam, seed: int = 0) -> Tensor:
    """The loop of `fit` written out, with a synchronisation every `period` steps and one after the last."""
    leaf = before.clone().requires_grad_()
    optimizer = make([leaf], SETTINGS["lr"])
    batches, taken = Batches(len(DIGITS.train_x), 20, None, seed, None), 0
    for epoch in range(1, SETTINGS["epochs"] + 1):
        for _, index in batches.epoch(epoch, SETTINGS["epochs"]):
            leaf.grad = space.gradient(leaf.detach(), DIGITS.train_x[index], DIGITS.train_y[index])[1]
            if vectors is None:
                leaf.grad *= space.matrices()
            optimizer.step()
            taken += 1
            if taken % period == 0 or taken == steps:
                leaf.data = put_back(space, before, leaf.detach(), vectors)
    return leaf.detach()


@pytest.mark.parametrize("vectors", [False, True, None])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_algorithm_bit_for_bit(name, vectors):
    space = WeightSpace(ZOO[name]())
    before = start(space, seed=0)
    what = fit(space, Reconnect(space, before, 4, vectors), DIGITS, **SETTINGS)
    assert torch.equal(what.theta, by_hand(space, before, 4, vectors=vectors))
    old, new = space.unflatten(before), space.unflatten(what.theta)
    for name, w in old.items():
        assert torch.equal(values(w), values(new[name])) or (w.dim() == 1 and vectors is False)
        if w.dim() == 1:
            assert torch.equal(w, new[name]) == (vectors is None or (vectors and len(w.unique()) == 1))


@pytest.mark.parametrize("period", [1, 4, 5, 15, 16, 1000])
@pytest.mark.parametrize("make", [Adam, lambda p, lr: SGD(p, lr, momentum=0.9)], ids=["Adam", "SGD"])
def test_every_k_steps_and_after_the_last(space, period, make):
    before = start(space, seed=0)
    what = fit(space, Reconnect(space, before, period), DIGITS, **SETTINGS | {"optimizer": make})
    assert torch.equal(what.theta, by_hand(space, before, period, make=make))
    assert torch.equal(put_back(space, before, what.free), what.theta) and not torch.equal(what.free, what.theta)


def test_a_period_beyond_the_end_is_plain_training_and_one_sync(space):
    before = start(space, seed=0)
    plain = fit(space, before, DIGITS, **SETTINGS)
    for period in (STEPS, STEPS + 1, 10**9):
        what = fit(space, Reconnect(space, before, period), DIGITS, **SETTINGS)
        assert torch.equal(what.theta, put_back(space, before, plain)) and torch.equal(what.free, plain)


def test_the_gradients_are_those_at_the_free_weights(space):
    recording, before = Recording(models.mlp(64, 12, 10)), start(space, seed=0)
    fit(recording, Reconnect(recording, before, 4), DIGITS, **SETTINGS)
    kept = [torch.equal(put_back(space, before, theta), theta) for theta in recording.thetas]
    assert kept == [taken % 4 == 0 for taken in range(STEPS)]


@pytest.mark.parametrize("period", [4, 5, 1000])
def test_laperm_in_a_loop_of_your_own_is_the_same_training(space, period):
    before, net = start(space, seed=0), models.mlp(64, 12, 10)
    net.load_state_dict(space.unflatten(before))
    optimizer = LaPerm(Adam(net.parameters(), SETTINGS["lr"]), period)
    batches = Batches(len(DIGITS.train_x), 20, None, 0, None)
    for epoch in range(1, 4):
        for _, index in batches.epoch(epoch, 3):
            g = space.gradient(space.flatten(net), DIGITS.train_x[index], DIGITS.train_y[index])[1]
            for p, part in zip(net.parameters(), space.unflatten(g).values(), strict=True):
                p.grad = part.clone()
            optimizer.step()
    optimizer.sync()
    assert torch.equal(space.flatten(net), fit(space, Reconnect(space, before, period), DIGITS, **SETTINGS).theta)


def test_a_period_may_be_a_function_of_the_steps_taken(space):
    before, growing = start(space, seed=0), lambda taken: 2 if taken < 6 else 4
    synced, what = [], Reconnect(space, before, growing)
    what.begin(1000)
    for _ in range(15):
        what.leaves()[0].add_(torch.randn(space.size, generator=torch.Generator().manual_seed(len(synced))))
        what.after_step()
        synced.append(torch.equal(put_back(space, before, what.leaves()[0]), what.leaves()[0]))
    assert [i + 1 for i, done in enumerate(synced) if done] == [2, 4, 8, 12]


def test_a_new_training_begins_a_new_period(space):
    what = Reconnect(space, start(space, seed=0), 4)
    what.begin(1000)
    synced = []
    for step in range(7):
        if step == 3:
            what.begin(1000)
        what.leaves()[0].add_(torch.randn(space.size, generator=torch.Generator().manual_seed(step)))
        what.after_step()
        synced.append(torch.equal(what.leaves()[0], what.synced()))
    assert synced == 6 * [False] + [True]


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_layer_may_share_its_values(name):
    space = WeightSpace(ZOO[name]())
    before = start(space, seed=0)
    free = fit(space, before, DIGITS, **SETTINGS)
    what = fit(space, Reconnect(space, before, 1000, rule="layer"), DIGITS, **SETTINGS)
    old, new, wandered = (space.unflatten(theta) for theta in (before, what.theta, free))
    for slot in space.layout:
        a, b, w = (parts[slot.name] for parts in (old, new, wandered))
        if a.dim() > 1:
            expected = torch.empty(a.numel()).scatter(0, w.flatten().argsort(stable=True), a.flatten().sort().values)
            assert torch.equal(b.flatten(), expected) and not torch.equal(values(a), values(b))
        else:
            assert torch.equal(b, w)
    with pytest.raises(ValueError, match="^rule must be one of 'neuron', 'layer', got 'net'.$"):
        Reconnect(space, before, rule="net")


# several networks


def test_networks_side_by_side_are_networks_one_after_another():
    space = WeightSpace(models.mlp(64, 12, 10).double())
    exact = DIGITS.__class__(**vars(DIGITS) | {"train_x": DIGITS.train_x.double()})
    starts, periods = torch.stack([start(space, seed) for seed in range(4)]), [1, 4, 7, 1000]
    many = fit(space, Reconnect(space, starts, periods), exact, seed=[3, 1, 4, 1], **SETTINGS)
    assert many.theta.shape == starts.shape and many.periods == periods
    for i, seed in enumerate([3, 1, 4, 1]):
        one = fit(space, Reconnect(space, starts[i], periods[i]), exact, seed=seed, **SETTINGS)
        torch.testing.assert_close(many.theta[i], one.theta, atol=1e-10, rtol=0)
    assert len({tuple(theta.tolist()) for theta in many.theta}) == 4


def test_each_network_keeps_values_of_its_own_and_one_period_serves_all(space):
    starts = torch.stack([start(space, seed=0), 2 * start(space, seed=1)])
    many = fit(space, Reconnect(space, starts, 4, vectors=None), DIGITS, **SETTINGS)
    assert many.periods == [4, 4] and many.networks == 2
    for before, after in zip(starts, many.theta, strict=True):
        for name, w in space.unflatten(before).items():
            assert torch.equal(values(w), values(space.unflatten(after)[name]))
    single = fit(space, Reconnect(space, starts[:1], [4], None), DIGITS, **SETTINGS)
    assert single.theta.shape == (1, space.size) and Reconnect(space, starts[0]).networks is None


def test_the_first_wrong_network_is_refused(space):
    what = Reconnect(space, torch.stack([start(space, seed=0), start(space, seed=1)]))
    what.leaves()[0][1, 0] += 1
    with pytest.raises(ValueError, match="^fc1.weight must be a permutation"):
        _ = what.theta


# what comes back is another


def test_what_goes_in_stays_as_it_was(space):
    before = start(space, seed=0)
    kept, what = before.clone(), Reconnect(space, before, 4)
    twin = copy.deepcopy(what)
    done = fit(space, what, DIGITS, **SETTINGS)
    assert torch.equal(before, kept) and torch.equal(what.theta, kept) and torch.equal(twin.theta, kept)
    assert not torch.equal(done.theta, kept)
    twin.leaves()[0].zero_()
    for given in (done.theta, done.free, done.synced(), what.theta, what.free, what.synced()):
        given.zero_()
    assert torch.equal(what.theta, kept) and not torch.equal(done.theta, torch.zeros(space.size))
    assert torch.equal(twin.synced()[space.matrices()].sort().values, kept[space.matrices()].sort().values)


def test_trained_again_it_keeps_its_values_and_counts_anew(space):
    before = start(space, seed=0)
    first = fit(space, Reconnect(space, before, 4), DIGITS, **SETTINGS)
    again = fit(space, first, DIGITS, **SETTINGS)
    assert torch.equal(again.theta, fit(space, Reconnect(space, first.theta, 4), DIGITS, **SETTINGS).theta)
    assert not torch.equal(again.theta, first.theta)
