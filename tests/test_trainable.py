"""Anything made of leaf tensors that a network can be drawn from trains through `fit`."""

import pytest
import torch
from zoo import Recording

from toolkit import data, fit, models
from toolkit.batches import generator
from toolkit.trainable import Trainable


class Ray(Trainable):
    """The networks start + length * direction, where only the length is learned, one number for each half."""

    def __init__(self, start, direction, pull=0.0):
        self.start, self.direction, self.pull = start, direction, pull
        self.length, self.log = torch.zeros(2), []

    def leaves(self):
        return [self.length]

    def begin(self, steps):
        self.log.append(("begin", steps))

    def sample(self, generator, part=0, parts=1):
        self.log.append(("sample", part, parts, torch.rand((), generator=generator).item()))
        return self.start + self.spread(self.length.detach()) * self.direction

    def give(self, g):
        self.log.append(("give", g.norm().item()))
        self.length.grad = torch.stack([half.sum() for half in (g * self.direction).chunk(2)])

    def penalty(self, generator):
        self.log.append(("penalty", torch.rand((), generator=generator).item()))
        return self.pull * self.length.square().sum() if self.pull else None

    def after_step(self):
        self.log.append(("after", self.length.tolist()))

    def spread(self, length):
        return length.repeat_interleave(len(self.start) // 2)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(100)


@pytest.fixture
def space():
    return Recording(models.mlp(64, 8, 10))


@pytest.mark.parametrize("pull", [0.0, 0.3])
def test_your_own_kind_trains_by_the_chain_rule(space, digits, pull):
    start, direction = space.init(0), space.init(1)
    settings = {"epochs": 4, "batch_size": 16, "lr": 0.5, "momentum": 0.0, "schedule": "constant"}
    trained = fit(space, ray := Ray(start, direction, pull), digits, **settings)
    length = torch.zeros(2)
    for x, y in list(space.batches):
        theta = start + ray.spread(length) * direction
        g = space.gradient(theta, x, y)[1] * direction
        length = length - 0.5 * (torch.stack([half.sum() for half in g.chunk(2)]) + 2 * pull * length)
    torch.testing.assert_close(trained.length, length, rtol=1e-4, atol=1e-6)
    assert length.abs().min() > 0.01


def test_what_is_asked_of_it_and_when(space, digits):
    ray = Ray(space.init(0), space.init(1))
    trained = fit(space, ray, digits, epochs=2, batch_size=32, seed=3)
    positions, pairs = generator(3, stream=1), generator(3, stream=3)
    assert [entry[0] for entry in trained.log] == ["begin", *["sample", "give", "penalty", "after"] * 6]
    assert trained.log[0] == ("begin", 6)
    assert [entry[1:3] for entry in trained.log[1::4]] == [(0, 1)] * 6
    assert [entry[3] for entry in trained.log[1::4]] == [torch.rand((), generator=positions).item() for _ in range(6)]
    assert [entry[1] for entry in trained.log[3::4]] == [torch.rand((), generator=pairs).item() for _ in range(6)]
    assert trained.log[-1][1] == trained.length.tolist()


def test_it_comes_back_as_a_copy_with_its_leaves_at_rest(space, digits):
    ray, seen = Ray(space.init(0), space.init(1), 0.1), []
    trained = fit(space, ray, digits, epochs=2, on_epoch=lambda epoch, loss, now: seen.append(now))
    assert not ray.log and not ray.length.any() and not ray.length.requires_grad
    assert type(trained) is Ray and not trained.length.requires_grad and trained.length.grad is None
    assert torch.equal(seen[1].length, trained.length) and not torch.equal(seen[0].length, trained.length)
    assert not seen[0].length.requires_grad


def test_several_networks_a_step_are_for_subspaces(space, digits):
    with pytest.raises(ValueError, match="^samples above 1 need a subspace to draw from, got samples=2.$"):
        fit(space, Ray(space.init(0), space.init(1)), digits, samples=2)


def test_what_every_kind_must_say_for_itself():
    bare = Trainable()
    for call in (bare.leaves, lambda: bare.sample(torch.Generator()), lambda: bare.give(torch.ones(1))):
        with pytest.raises(NotImplementedError):
            call()
    assert bare.begin(3) is bare.penalty(torch.Generator()) is bare.after_step() is None
