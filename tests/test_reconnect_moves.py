"""What a permutation did: carried out, the moves give the weights after; cycles close; bits count the orders."""

from itertools import permutations
from math import factorial, lgamma, log, log2

import pytest
import torch
from laperm_by_hand import put_back, values
from torch import Tensor, nn
from zoo import ZOO

from toolkit import WeightSpace, models
from toolkit.reconnect import bits, cycles, moves, partway, rows, sparse, start
from toolkit.reconnect.moves import Moves

KINDS = {
    "all different": lambda space: start(space, 0),
    "two values": lambda space: start(space, 0, "sign"),
    "half zeros": lambda space: sparse(space, start(space, 0, "normal"), 0.5),
}


def pair(name: str, kind: str, size: float = 0.5) -> tuple[WeightSpace, Tensor, Tensor]:
    space = WeightSpace(ZOO[name]())
    before = KINDS[kind](space)
    noise = torch.randn(space.size, generator=torch.Generator().manual_seed(1))
    return space, before, put_back(space, before, before + size * noise.to(before))


def single(*values: list[float]) -> tuple[WeightSpace, Tensor]:
    w = torch.tensor(values).float()
    return WeightSpace(nn.Linear(w.shape[1], w.shape[0], bias=False)), w.flatten()


def layer(before: list[float], after: list[float]) -> Moves:
    space, a = single(before)
    return moves(space, a, torch.tensor(after).float())[0]


# moves


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet", "tied", "attention", "recurrent", "double"])
def test_the_moves_carried_out_give_what_came_after(name, kind):
    space, before, after = pair(name, kind)
    old, new = space.unflatten(before), space.unflatten(after)
    found = moves(space, before, after)
    assert [one.name for one in found] == [slot.name for slot in space.layout if len(slot.shape) > 1]
    for one in found:
        a, b = rows(old[one.name]), rows(new[one.name])
        assert torch.equal(torch.full_like(a, float("nan")).scatter(1, one.to, a), b)
        assert torch.equal(one.to.sort(dim=1).values, torch.arange(a.shape[1]).expand_as(a))
        still = one.to == torch.arange(a.shape[1])
        assert still[a == b].all() and not still[a != b].any()
        assert one.moved == pytest.approx((a != b).float().mean().item())
        apart = (one.to - torch.arange(a.shape[1])).abs().float() / a.shape[1]
        assert one.distance == pytest.approx(apart.mean().item()) and -1 <= one.spearman <= 1


def test_small_ones_by_hand():
    one = layer([1, 2, 3, 4], [4, 2, 1, 3])
    assert one.to.tolist() == [[2, 1, 3, 0]] and (one.name, one.moved, one.distance) == ("weight", 0.75, 6 / 16)
    assert one.spearman == pytest.approx(1 - 6 * (9 + 0 + 4 + 1) / (4 * 15))
    assert layer([5, 5, 7, 7], [7, 5, 5, 7]).to.tolist() == [[2, 1, 0, 3]]
    assert layer([5, 5, 7, 7], [7, 7, 5, 5]).to.tolist() == [[2, 3, 0, 1]]
    reverse, same = layer([1, 2, 3], [3, 2, 1]), layer([3, 1, 2], [3, 1, 2])
    assert reverse.spearman == pytest.approx(-1) and reverse.distance == pytest.approx(4 / 9)
    assert (same.moved, same.distance, same.spearman) == (0, 0, pytest.approx(1))


def test_rank_correlation_is_the_mean_over_rows():
    space, before = single([1.0, 2.0, 3.0], [1.0, 20.0, 300.0])
    after = torch.tensor([1.0, 2.0, 3.0, 300.0, 20.0, 1.0])
    one = moves(space, before, after)[0]
    assert one.spearman == pytest.approx(0) and one.moved == pytest.approx(2 / 6)


def test_spearman_is_the_formula_of_rank_differences():
    space, before, after = pair("mlp", "all different")
    for one in moves(space, before, after):
        a, b = rows(space.unflatten(before)[one.name]), rows(space.unflatten(after)[one.name])
        n = a.shape[1]
        gaps = (a.argsort(1).argsort(1) - b.argsort(1).argsort(1)).double().square().sum(1)
        assert one.spearman == pytest.approx((1 - 6 * gaps / (n * (n**2 - 1))).mean().item())


def test_other_values_are_refused():
    space, before, after = pair("cnn", "all different")
    after[space.layout[-1].start - 1] += 1e-6
    name = next(slot.name for slot in space.layout if slot.stop == space.layout[-1].start)
    message = f"^after must hold the values of before, row by row, and '{name}' does not.$"
    for ask in (lambda: moves(space, before, after), lambda: partway(space, before, after, [0.5])):
        with pytest.raises(ValueError, match=message):
            ask()
    space, before = single([1.0, 2.0], [3.0, 4.0])
    with pytest.raises(ValueError, match="'weight' does not"):
        moves(space, before, before.flip(0))  # the same values, in other rows
    with pytest.raises(ValueError, match="must have shape"):
        moves(space, before, before[:3])
    with pytest.raises(ValueError, match="must have shape"):
        moves(space, before.repeat(2, 1), before)


# cycles


@pytest.mark.parametrize("n", range(1, 6))
def test_cycles_are_closed_disjoint_and_all(n):
    to = torch.tensor(list(permutations(range(n))))
    found = cycles(to)
    for row, targets in enumerate(to.tolist()):
        mine = [cycle for at, cycle in found if at == row]
        positions = [position for cycle in mine for position in cycle]
        assert sorted(positions) == [i for i in range(n) if targets[i] != i]
        for cycle in mine:
            assert len(cycle) > 1 and [targets[i] for i in cycle] == [*cycle[1:], cycle[0]]


def test_cycles_come_row_by_row_from_their_first_position():
    assert cycles(torch.tensor([[1, 0, 3, 2], [0, 1, 2, 3], [3, 1, 0, 2]])) == [
        (0, [0, 1]),
        (0, [2, 3]),
        (2, [0, 3, 2]),
    ]


# on the way


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mlp with batchnorm", "resnet", "double"])
def test_every_point_on_the_way_is_a_permutation(name, kind):
    space, before, after = pair(name, kind)
    after = after + ~space.matrices()  # vectors change too
    kept, fractions = (before.clone(), after.clone()), [0, 0.1, 0.25, 0.49, 0.5, 0.9, 1]
    thetas = partway(space, before, after, fractions)
    assert thetas.shape == (7, space.size) and thetas.dtype == before.dtype
    assert torch.equal(thetas[0], before) and torch.equal(thetas[-1], after)
    for slot in space.layout:
        old, new, end = (space.unflatten(w)[slot.name] for w in (before, thetas, after))
        if old.dim() > 1:
            assert all(torch.equal(values(w), values(old)) for w in new)
            assert ((new == old) | (new == end)).all()  # each position holds what it had or what it will have
            there = [rows(w) == rows(end) for w in new]
            assert all((a <= b).all() for a, b in zip(there, there[1:], strict=False))
        else:
            assert [torch.equal(w, end) for w in new] == [fraction >= 0.5 for fraction in fractions]
            assert [torch.equal(w, old) for w in new] == [fraction < 0.5 for fraction in fractions]
    assert torch.equal(before, kept[0]) and torch.equal(after, kept[1])


def test_the_fraction_is_of_the_values_that_move_at_all():
    space, before, after = pair("mlp", "all different")
    after = torch.where(space.matrices(), after, before)
    differ = (before != after).float().sum()
    longest = max(len(cycle) for one in moves(space, before, after) for _, cycle in cycles(one.to))
    for fraction, theta in zip([0.2, 0.5, 0.8], partway(space, before, after, [0.2, 0.5, 0.8]), strict=True):
        done = (theta != before).float().sum()
        assert fraction * differ - longest < done <= fraction * differ + 0.01


def test_a_cycle_moves_as_a_whole_and_at_its_turn():
    space, before = single([1.0, 2.0, 3.0, 4.0, 5.0])
    after = torch.tensor([2.0, 1.0, 5.0, 3.0, 4.0])  # a pair and three in a ring
    seen = {tuple(theta.tolist()) for seed in range(8) for theta in partway(space, before, after, [0.4, 0.6], seed)}
    assert seen == {(1.0, 2.0, 3.0, 4.0, 5.0), (2.0, 1.0, 3.0, 4.0, 5.0), (1.0, 2.0, 5.0, 3.0, 4.0)}
    assert torch.equal(partway(space, before, before, [0, 0.5, 1]), before.repeat(3, 1))


def test_the_order_is_the_seeds():
    space, before, after = pair("mlp", "all different")
    one, again, other = (partway(space, before, after, [0.5], seed) for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(partway(space, before, after, [0.9, 0.5])[1:], one)  # fractions in any order


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "half", True])
def test_fractions_outside(fraction):
    space, before, after = pair("mlp", "all different")
    with pytest.raises(ValueError, match=r"^each of fractions must be a number in \[0, 1\], got"):
        partway(space, before, after, [0.5, fraction])
    with pytest.raises(ValueError, match="^seed must be a whole number of at least 0, got -1.$"):
        partway(space, before, after, [0.5], seed=-1)


# bits


@pytest.mark.parametrize("row", [[1.0, 2, 3, 4], [1.0, 1, 2, 2], [0.0, 0, 0, 5], [7.0, 7, 7, 7], [1.0, 1, 2, 3, 3, 3]])
def test_bits_count_the_orders_of_a_row(row):
    space, theta = single(row, sorted(row, reverse=True))
    count = len(set(permutations(row)))
    assert bits(space, theta) == pytest.approx(2 * log2(count), abs=1e-9)
    assert bits(space) == pytest.approx(2 * log2(factorial(len(row))), abs=1e-9)


def test_bits_of_whole_networks():
    space = WeightSpace(models.mlp(64, 256, 128, 10))
    each = [lgamma(n + 1) / log(2) for n in (64, 256, 128)]
    assert each == pytest.approx([296.0, 1684.0, 716.2], abs=0.05)
    assert bits(space) == pytest.approx(256 * each[0] + 128 * each[1] + 10 * each[2])
    cnn = WeightSpace(models.cnn(width=3))  # biases and norms say nothing
    fan_in = [(3, 9), (6, 27), (6, 54), (10, 6)]
    assert bits(cnn) == pytest.approx(sum(out * lgamma(n + 1) for out, n in fan_in) / log(2))


def test_bits_of_zeros_are_those_of_where_they_stand():
    space = WeightSpace(models.mlp(64, 12, 10))
    theta = sparse(space, start(space, 0, "constant"), 0.5)
    expected = 0.0
    for w in space.unflatten(theta).values():
        for row in w if w.dim() > 1 else []:
            n, zeros = len(row), int((row == 0).sum())
            expected += log2(factorial(n) // (factorial(zeros) * factorial(n - zeros)))
    assert bits(space, theta) == pytest.approx(expected) and abs(bits(space, start(space, 0, "constant"))) < 1e-9
    negative = theta * (torch.arange(space.size) % 2 * 2 - 1)  # a zero has no sign
    plain = torch.where(negative == 0, torch.zeros(()), negative)
    assert bits(space, negative) == bits(space, plain) > bits(space, theta)
    with pytest.raises(ValueError, match="must have shape"):
        bits(space, theta[:5])
    with pytest.raises(TypeError, match="^theta must be a tensor, got list.$"):
        bits(space, [1.0])
