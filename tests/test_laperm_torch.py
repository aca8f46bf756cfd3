"""LaPerm is an optimiser like any other: closures, schedules, parameter groups, and going on from a file."""

import copy
import io

import pytest
import torch
from laperm_by_hand import OPTIMIZERS, lose, network, train, values, weights
from torch import nn
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import StepLR

from toolkit import models
from toolkit.reconnect import LaPerm, sync


def test_closures_are_called_and_their_loss_comes_back():
    net, losses = network(), []
    optimizer = LaPerm(SGD(net.parameters(), 0.1), period=2)

    def closure():
        optimizer.zero_grad()
        losses.append(lose(net, 0))
        losses[-1].backward()
        return losses[-1]

    assert optimizer.step(closure) is losses[0] and optimizer.step(closure) is losses[1] and len(losses) == 2
    assert optimizer.synced and optimizer.step() is None


def test_zero_grad_is_the_optimizers():
    net = network()
    optimizer = LaPerm(Adam(net.parameters(), 0.1))
    lose(net, 0).backward()
    optimizer.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    optimizer.zero_grad()
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("watched", ["inner", "outer"])
def test_schedules_and_groups(watched):
    net, plain = network("mlp with batchnorm"), network("mlp with batchnorm")

    def grouped(net: nn.Module) -> Adam:
        flat, deep = ([p for p in net.parameters() if (p.dim() > 1) == is_deep] for is_deep in (False, True))
        return Adam([{"params": flat, "lr": 0.1}, {"params": deep, "weight_decay": 0.1}], 0.01)

    inner, other = grouped(net), grouped(plain)
    optimizer = LaPerm(inner, period=100)
    schedule, same = StepLR(optimizer if watched == "outer" else inner, 2, 0.5), StepLR(other, 2, 0.5)
    for step in range(5):
        train(net, optimizer, range(step, step + 1))
        train(plain, other, range(step, step + 1))
        schedule.step()
        same.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.025, 0.0025] == schedule.get_last_lr()
    assert inner.param_groups is optimizer.param_groups
    assert all(map(torch.equal, weights(net), weights(plain)))


def test_only_what_the_optimizer_holds_is_permuted():
    net = models.mlp(64, 12, 12, 10)
    before = weights(net)
    optimizer = LaPerm(Adam(net.fc2.parameters(), 0.01), period=2)
    train(net, optimizer, range(4))
    same = [torch.equal(*pair) for pair in zip(before, weights(net), strict=True)]
    assert same == [True, True, False, False, True, True] and torch.equal(values(before[2]), values(net.fc2.weight))


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("stop", [6, 8])
def test_going_on_from_a_file_is_going_on(kind, stop):
    whole, first, second = network("cnn"), network("cnn"), network("cnn", seed=1)
    make = lambda net: LaPerm(OPTIMIZERS[kind](net.parameters()), 4)  # noqa: E731
    straight, begun, resumed = make(whole), make(first), make(second)
    train(whole, straight, range(13))
    train(first, begun, range(stop))
    file = io.BytesIO()
    torch.save({"net": first.state_dict(), "optimizer": begun.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    second.load_state_dict(state["net"])
    resumed.load_state_dict(state["optimizer"])
    assert resumed.synced == (stop == 8) and resumed.state is resumed.optimizer.state
    assert resumed.param_groups is resumed.optimizer.param_groups
    train(second, resumed, range(stop, 13))
    assert all(map(torch.equal, weights(whole), weights(second)))
    straight.sync()
    resumed.sync()
    assert all(map(torch.equal, weights(whole), weights(second)))


def test_a_period_function_goes_on_where_it_was():
    asked, net = [], network()
    optimizer = LaPerm(Adam(net.parameters(), 0.01), lambda taken: asked.append(taken) or 100)
    train(net, optimizer, range(3))
    other = LaPerm(Adam(net.parameters(), 0.01), lambda taken: asked.append(taken) or 100)
    other.load_state_dict(optimizer.state_dict())
    train(net, other, range(2))
    assert asked == [1, 2, 3, 4, 5]


def test_the_state_of_other_weights_is_refused_and_nothing_is_loaded():
    net, other = network(), models.mlp(64, 5, 10)
    optimizer, state = LaPerm(Adam(net.parameters())), LaPerm(Adam(other.parameters(), 0.5)).state_dict()
    message = r"^state must hold values of these weights, got rows of shapes \[\[5, 64\], \[10, 5\]\]\.$"
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 1e-3 and optimizer.synced


def test_a_copy_goes_on_by_itself():
    net = torch.nn.Linear(6, 4)
    opt = LaPerm(torch.optim.Adam(net.parameters(), 0.1), period=3)
    twin, other = copy.deepcopy((net, opt))
    before = net.weight.detach().clone()
    for _ in range(4):
        other.zero_grad()
        twin(torch.eye(6)).square().sum().backward()
        other.step()
    other.sync()
    other.verify()
    assert torch.equal(net.weight, before) and not torch.equal(twin.weight, before) and opt.synced


def test_a_state_of_another_kind_and_further_weights_are_refused():
    net = torch.nn.Linear(6, 4)
    opt = LaPerm(torch.optim.Adam(net.parameters(), 0.1), period=3)
    with pytest.raises(ValueError, match=r"^state must be what LaPerm.state_dict\(\) returns, got one with state, par"):
        opt.load_state_dict(opt.optimizer.state_dict())
    with pytest.raises(
        ValueError, match="^param_group must be given to the optimiser before LaPerm is put around it.$"
    ):
        opt.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2, 2))]})
    state = opt.state_dict()
    state["values"][0].zero_()
    opt.verify()


@pytest.mark.parametrize("seed", range(20))
def test_the_fast_order_is_the_stable_one(seed):
    torch.manual_seed(seed)
    w = torch.randn(7, 33) * 10.0 ** torch.randint(-40, 38, (7, 33))
    w[torch.rand(7, 33) < 0.3] = 0.0
    w[torch.rand(7, 33) < 0.1] = -0.0
    w[0] = w[0].round()
    kept = torch.arange(33.0).repeat(7, 1)
    slow = torch.empty_like(kept).scatter_(1, w.argsort(dim=1, stable=True), kept)
    assert torch.equal(sync(w, kept), slow)
