"""LaPerm around any optimiser in a plain loop: free steps as without it, values put back in time, and no others."""

import pytest
import torch
from laperm_by_hand import OPTIMIZERS, by_hand, network, train, values, weights
from torch import nn
from torch.optim import SGD, Adam

from toolkit.reconnect import LaPerm, rows, sync


@pytest.mark.parametrize("vectors", [False, True])
@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm", "cnn", "resnet", "tied", "recurrent", "double"])
def test_it_is_the_algorithm_bit_for_bit(name, vectors):
    ours, theirs = network(name), network(name)
    before = weights(ours)
    optimizer = LaPerm(Adam(ours.parameters(), 0.01), period=4, vectors=vectors)
    train(ours, optimizer, range(10))
    by_hand(theirs, Adam(theirs.parameters(), 0.01), 4, 10, vectors)
    assert all(map(torch.equal, weights(ours), weights(theirs))) and not optimizer.synced
    optimizer.sync()
    optimizer.verify()
    assert optimizer.synced
    for was, now in zip(before, weights(ours), strict=True):
        assert torch.equal(values(was), values(now)) == (was.dim() > 1 or vectors)
    assert not all(map(torch.equal, before, weights(ours)))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_any_optimizer(kind):
    ours, theirs = network("cnn"), network("cnn")
    optimizer = LaPerm(OPTIMIZERS[kind](ours.parameters()), period=5)
    train(ours, optimizer, range(15))
    by_hand(theirs, OPTIMIZERS[kind](theirs.parameters()), 5, 15)
    assert all(map(torch.equal, weights(ours), weights(theirs))) and optimizer.synced


def test_the_parameters_stay_the_tensors_they_were_and_none_is_swapped_between_rows():
    net = network("resnet")
    tensors, before = [p.data_ptr() for p in net.parameters()], weights(net)
    optimizer = LaPerm(Adam(net.parameters(), 0.01), period=1)
    train(net, optimizer, range(3))
    assert [p.data_ptr() for p in net.parameters()] == tensors
    conv = [(w, now) for w, now in zip(before, weights(net), strict=True) if w.dim() == 4]
    assert len(conv) > 5 and all(torch.equal(values(w), values(now)) for w, now in conv)


def test_memory_in_another_order_does_no_harm():
    net = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    before = net.weight.detach().clone()
    optimizer = LaPerm(Adam(net.parameters(), 0.1), period=2)
    for _ in range(2):
        net(torch.rand(2, 3, 6, 6)).square().sum().backward()
        optimizer.step()
    assert torch.equal(values(net.weight.detach()), values(before)) and not torch.equal(net.weight, before)


# when it synchronises


@pytest.mark.parametrize(("period", "steps"), [(1, 3), (3, 7), (7, 7), (8, 7)])
def test_every_k_steps(period, steps):
    net, plain = network(), network()
    optimizer, synced = LaPerm(Adam(net.parameters(), 0.01), period), []
    for step in range(steps):
        train(net, optimizer, range(step, step + 1))
        synced.append(optimizer.synced)
    assert synced == by_hand(plain, Adam(plain.parameters(), 0.01), period, steps)
    assert all(map(torch.equal, weights(net), weights(plain)))


def test_a_period_beyond_the_end_is_plain_training_and_one_sync():
    net, plain = network(), network()
    begun = [values(w) for w in weights(net)]
    optimizer = LaPerm(Adam(net.parameters(), 0.01), period=1000)
    train(net, optimizer, range(12))
    train(plain, Adam(plain.parameters(), 0.01), range(12))
    assert all(map(torch.equal, weights(net), weights(plain)))
    with pytest.raises(ValueError, match="^weights 0 must be a permutation of the start to be scored, and row 0 holds"):
        optimizer.verify()
    optimizer.sync()
    for now, trained, its in zip(weights(net), weights(plain), begun, strict=True):
        expected = sync(rows(trained), its).view_as(now) if now.dim() > 1 else trained
        assert torch.equal(now, expected)


def test_a_period_may_be_a_function_of_the_steps_taken():
    net, asked = network(), []
    period = lambda taken: asked.append(taken) or (2 if taken < 6 else 4)  # noqa: E731
    optimizer, synced = LaPerm(Adam(net.parameters(), 0.01), period), []
    for step in range(15):
        train(net, optimizer, range(step, step + 1))
        if optimizer.synced:
            synced.append(step + 1)
    assert synced == [2, 4, 8, 12] and asked == list(range(1, 16))


def test_a_sync_of_your_own_starts_the_period_anew():
    net = network()
    optimizer = LaPerm(Adam(net.parameters(), 0.01), period=4)
    train(net, optimizer, range(3))
    optimizer.sync()
    train(net, optimizer, range(3))
    assert not optimizer.synced
    train(net, optimizer, range(1))
    assert optimizer.synced


def test_the_optimizer_remembers_across_synchronisations():
    net = network()
    inner = Adam(net.parameters(), 0.01)
    optimizer, p = LaPerm(inner, period=3), next(net.parameters())
    mean, square = torch.zeros_like(p), torch.zeros_like(p)
    for step in range(7):
        train(net, optimizer, range(step, step + 1))
        mean.lerp_(p.grad, 0.1)
        square.mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
    torch.testing.assert_close(inner.state[p]["exp_avg"], mean)
    torch.testing.assert_close(inner.state[p]["exp_avg_sq"], square)
    assert inner.state[p]["step"] == 7 and optimizer.state is inner.state


# what it refuses


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_change_nothing(broken):
    net = network()
    optimizer = LaPerm(Adam(net.parameters(), 0.01), period=10)
    train(net, optimizer, range(3))
    net.fc2.weight.data[1, 2] = broken
    before = weights(net)
    with pytest.raises(ValueError, match="^weights 1 must be finite, got 1 NaN or infinite values.$"):
        optimizer.sync()
    for was, now in zip(before, weights(net), strict=True):
        torch.testing.assert_close(was, now, rtol=0, atol=0, equal_nan=True)
    assert not optimizer.synced


@pytest.mark.parametrize("period", [0, -1, 2.5, "20", None, True])
def test_a_period_is_a_whole_number(period):
    with pytest.raises(ValueError, match="^period must be a whole number of at least 1, got"):
        LaPerm(Adam(network().parameters()), period)


def test_so_is_what_a_function_gives():
    net = network()
    with pytest.raises(ValueError, match="^period must be a whole number of at least 1, got 0.$"):
        train(net, LaPerm(Adam(net.parameters()), lambda taken: 0), range(1))


@pytest.mark.parametrize("optimizer", [lambda net: net, lambda net: LaPerm(Adam(net.parameters()))])
def test_it_takes_an_optimizer_but_no_second_laperm(optimizer):
    with pytest.raises(TypeError, match="^optimizer must be another torch.optim.Optimizer, got (Sequential|LaPerm).$"):
        LaPerm(optimizer(network()))


def test_vectors_alone_only_if_asked_for():
    vector = nn.Parameter(torch.tensor([3.0, 1.0, 2.0]))
    with pytest.raises(ValueError, match="got only vectors; vectors=True permutes those.$"):
        LaPerm(SGD([vector], 1.0))
    optimizer = LaPerm(SGD([vector], 1.0), period=1, vectors=True)
    vector.grad = torch.tensor([5.0, 0.0, 0.0])
    optimizer.step()
    assert vector.tolist() == [1.0, 2.0, 3.0]


def test_the_start_is_one_that_can_be_sorted():
    net = network()
    net.fc1.weight.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match="^weights 0 must be finite"):
        LaPerm(Adam(net.parameters()))
