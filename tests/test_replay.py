"""A step written down and slimmed gives every number that it gave before, with fewer operations."""

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from zoo import ZOO

from toolkit import WeightSpace, engine
from toolkit.device import seeded
from toolkit.replay import written_down


@pytest.fixture
def step(monkeypatch):
    """What the engine writes down for three networks of a kind, and the tensors it writes it down with."""

    def of(space: WeightSpace):
        seen = []
        monkeypatch.setattr(engine, "written_down", lambda function, *args: seen.append((function, args)) or function)
        x = torch.rand(3, 8, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        space.gradient(torch.stack([space.init(seed) for seed in range(3)]), x, torch.arange(24).view(3, 8) % 10)
        return seen[0]

    return of


@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm"])
def test_every_number_stays_and_operations_go(name, step):
    function, args = step(WeightSpace(ZOO[name]()))
    with torch.no_grad(), seeded(0):
        plain, slim = make_fx(function)(*args), written_down(function, *args)
        for before, after, direct in zip(plain(*args), slim(*args), function(*args), strict=True):
            assert torch.equal(before, after) and torch.equal(direct, after)
        again = [args[0] + 0.1, args[1].flip(0), args[2].roll(1)]
        for before, after in zip(plain(*again), slim(*again), strict=True):
            assert torch.equal(before, after)
    assert len(slim.graph.nodes) < 0.8 * len(plain.graph.nodes)


def test_a_view_that_changes_something_stays():
    turned = written_down(lambda x: x.T.reshape(-1) + x.view(-1), torch.rand(2, 3))
    x = torch.arange(6.0).view(2, 3)
    assert torch.equal(turned(x), torch.tensor([0.0, 4.0, 3.0, 7.0, 6.0, 10.0]))
    wide = written_down(lambda x: x.expand(2, 3).clone(), torch.rand(3))
    assert wide(torch.ones(3)).shape == (2, 3)


def test_a_view_taken_twice_is_taken_once():
    function = written_down(lambda x: x.unsqueeze(0) * 2 + x.unsqueeze(0), torch.rand(3))
    assert sum(node.target == "unsqueeze" for node in function.graph.nodes) == 1
    assert torch.equal(function(torch.ones(3)), torch.full((1, 3), 3.0))


def test_two_operations_alike_on_other_numbers_both_stay():
    function = written_down(lambda x, y: x.unsqueeze(0) * y.unsqueeze(0), torch.rand(3), torch.rand(3))
    assert torch.equal(function(torch.full((3,), 2.0), torch.full((3,), 3.0)), torch.full((1, 3), 6.0))
