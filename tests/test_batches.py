"""Batches: every example once an epoch, each purpose its own random numbers, forks from their step on."""

import pytest
import torch

from toolkit import data
from toolkit.batches import Batches, endless, generator, rows


def test_an_epoch_shows_every_example_once_and_another_epoch_another_order():
    batches = Batches(12, 4, None, 0, None)
    first, second = (torch.stack([index for _, index in batches.epoch(e, 2)]) for e in (1, 2))
    assert sorted(first.flatten().tolist()) == sorted(second.flatten().tolist()) == list(range(12))
    assert not torch.equal(first, second)


def test_the_fraction_done_rises_evenly_from_nothing():
    batches = Batches(8, 4, None, 0, None)
    assert [done for e in (1, 2) for done, _ in batches.epoch(e, 2)] == [0, 0.25, 0.5, 0.75]


def test_a_fork_changes_the_order_from_its_step_on_and_not_before():
    plain, forked = Batches(12, 4, 2, [0, 0], None), Batches(12, 4, 2, [0, 0], [(4, 7), (4, 8)])
    for e in (1, 2):
        pairs = zip(plain.epoch(e, 2), forked.epoch(e, 2), strict=True)
        for step, ((_, one), (_, other)) in enumerate(pairs, start=3 * (e - 1)):
            assert torch.equal(one, other) == (step < 4)
    assert not torch.equal(other[0], other[1])


def test_another_stream_of_one_seed_is_another_source():
    draws = {(s, k): tuple(torch.rand(3, generator=generator(s, k)).tolist()) for s in range(3) for k in range(4)}
    assert len(set(draws.values())) == 12
    assert tuple(torch.rand(3, generator=generator(0, 0)).tolist()) == draws[0, 0]
    with pytest.raises(ValueError, match="^seed must be a whole number of at least 0, got -1.$"):
        generator(-1, 0)


def test_rows_are_those_of_the_index_in_its_shape():
    values, index = torch.arange(10).view(5, 2), torch.tensor([[0, 4], [2, 2]])
    assert rows(values, index).equal(values[index]) and rows(values, index[0]).equal(values[index[0]])


def test_endless_batches_go_on_after_all_were_seen():
    digits = data.load("digits").subset(10)
    stream = endless(digits, 4, seed=0)
    seen = [next(stream)[0] for _ in range(5)]
    assert all(len(x) == 4 for x in seen) and not torch.equal(seen[0], seen[2])
    assert [len(next(endless(digits, 50, seed=0))[1])] == [10]
