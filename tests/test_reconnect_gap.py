"""The gap-crossing law: with few different values nothing moves unless the steps of a period cross half of a gap."""

import warnings

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam
from zoo import ZOO

from toolkit import WeightSpace, data, fit, models
from toolkit.reconnect import LaPerm, Reconnect, rows, sparse, start


def two_valued(v: float, period: int, lr: float) -> tuple[nn.Linear, LaPerm]:
    net = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[0.0, v, 0.0, v]]))
    return net, LaPerm(SGD(net.parameters(), lr), period)


def push(net: nn.Linear, optimizer: LaPerm, steps: int) -> None:
    for _ in range(steps):
        net.weight.grad = torch.tensor([[-1.0, 1.0, -1.0, 1.0]])  # zeros up, the others down
        optimizer.step()


@pytest.mark.parametrize(("v", "lr", "least"), [(1.0, 0.011, 46), (0.08, 0.0011, 37), (3.0, 0.07, 22), (1.0, 0.6, 1)])
def test_nothing_moves_until_all_steps_of_a_period_cross_half_the_gap(v, lr, least):
    assert (least - 1) * lr < v / 2 < least * lr
    if least > 1:
        net, optimizer = two_valued(v, least - 1, lr)
        with pytest.warns(UserWarning, match=f"^period={least - 1} moved nothing: two weights {v:g} apart"):
            push(net, optimizer, least - 1)
        assert optimizer.synced and torch.equal(net.weight, torch.tensor([[0.0, v, 0.0, v]]))
    net, optimizer = two_valued(v, least, lr)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        push(net, optimizer, least)
    assert optimizer.synced and torch.equal(net.weight, torch.tensor([[v, 0.0, v, 0.0]]))


def test_the_warning_comes_once_and_says_what_it_takes():
    net, optimizer = two_valued(1.0, 45, 0.011)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        push(net, optimizer, 3 * 45)
    (one,) = said
    assert one.category is UserWarning and "two weights 1 apart" in str(one.message)
    assert "moved by more than 0.5 towards each other, and in 45 steps none moved further than 0.495;" in str(
        one.message
    )
    assert "at least 46," in str(one.message)


def test_values_that_moved_together_are_said_to_have_done_so():
    """They went far enough, all the same way: no period can be named."""
    net, optimizer = two_valued(1.0, 5, 0.3)
    with pytest.warns(
        UserWarning, match="in 5 steps neighbours moved together; take a longer period or a larger learn"
    ):
        for _ in range(5):
            net.weight.grad = -torch.ones(1, 4)
            optimizer.step()


def test_no_warning_where_values_moved_or_nothing_was_to_be_expected():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net, optimizer = two_valued(1.0, 50, 0.011)
        optimizer.sync()  # no step was taken
        optimizer.sync()
        push(net, optimizer, 50)
        constant = nn.Linear(4, 1, bias=False)
        nn.init.ones_(constant.weight)
        push(constant, LaPerm(SGD(constant.parameters(), 0.01), 2), 2)
        still = nn.Linear(4, 1, bias=False)
        push(still, LaPerm(SGD(still.parameters(), 0.0), 2), 2)


def test_the_furthest_move_counts_whichever_way_it_went():
    for sign in (1.0, -1.0):
        net, optimizer = two_valued(1.0, 20, 0.011)
        with pytest.warns(UserWarning, match="in 20 steps none moved further than 0.22;"):
            for _ in range(20):
                net.weight.grad = torch.tensor([[0.0, sign, 0.0, 0.0]])
                optimizer.step()


def test_a_layer_that_stays_is_no_reason_to_warn_if_another_moves():
    moving, staying = (two_valued(1.0, 1, 1)[0] for _ in range(2))
    optimizer = LaPerm(SGD([moving.weight, staying.weight], 0.6), 1)
    moving.weight.grad, staying.weight.grad = torch.tensor([[-1.0, 1.0, -1.0, 1.0]]), torch.full((1, 4), 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
    assert moving.weight.tolist() == [[1, 0, 1, 0]] and staying.weight.tolist() == [[0, 1, 0, 1]]


def test_a_warning_after_a_sync_without_a_step_still_comes():
    net, optimizer = two_valued(1.0, 45, 0.011)
    optimizer.sync()
    with pytest.warns(UserWarning, match="period=45 moved nothing"):
        push(net, optimizer, 45)


# the law in networks


def noise(like: torch.Tensor, size: float) -> torch.Tensor:
    draw = torch.rand(len(like), generator=torch.Generator().manual_seed(0), dtype=like.dtype)
    return (2 * draw - 1) * size


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet", "double"])
def test_rows_of_two_values_are_put_back_exactly_below_half_the_gap(name):
    space, v = WeightSpace(ZOO[name]()), 0.08
    before = sparse(space, start(space, 0, "constant", v), 4 / 7)
    for size, moves in [(0.499 * v, False), (1.2 * v, True)]:
        after = Reconnect(space, before)
        after.leaves()[0].add_(noise(before, size))
        same = (after.synced() == before)[space.matrices()]
        assert same.all() != moves
        after = space.unflatten(after.synced())
        for slot in space.layout:
            if len(slot.shape) > 1:
                zeros = [(rows(w[slot.name]) == 0).sum(1) for w in (space.unflatten(before), after)]
                assert torch.equal(*zeros)


def test_a_run_below_the_gap_warns_once_and_ends_where_it_began():
    space, digits = WeightSpace(models.mlp(64, 16, 10)), data.load("digits")
    before = start(space, 0, "sign")
    with pytest.warns(UserWarning, match="^period=5 moved nothing: two weights 0.354 apart") as said:
        what = fit(space, Reconnect(space, before, 5, None), digits, epochs=2, batch_size=50, lr=1e-4, optimizer=Adam)
    assert len(said) == 1 and torch.equal(what.theta, before)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        what = fit(space, Reconnect(space, before, 20, None), digits, epochs=2, batch_size=50, lr=0.03, optimizer=Adam)
    assert not torch.equal(what.theta, before)


def test_networks_are_warned_of_one_by_one():
    space = WeightSpace(models.mlp(64, 16, 10))
    before = torch.stack([start(space, 0, "sign"), start(space, 0)])
    settings = {"epochs": 1, "batch_size": 50, "lr": 1e-3, "optimizer": Adam}
    with pytest.warns(UserWarning) as said:
        what = fit(space, Reconnect(space, before, 5), data.load("digits"), **settings)
    matrices = space.matrices()
    assert len(said) == 1 and torch.equal(what.theta[0, matrices], before[0, matrices])
    assert not torch.equal(what.theta[1, matrices], before[1, matrices])
