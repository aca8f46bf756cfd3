"""Starting points: the laws their values follow, and zeros that training may move but neither make nor lose."""

from math import sqrt

import pytest
import torch
from torch import Tensor
from torch.optim import Adam
from zoo import ZOO

from toolkit import WeightSpace, data, fit, models
from toolkit.reconnect import Reconnect, rows, sparse, start
from toolkit.reconnect.starts import LAWS


@pytest.fixture(scope="module")
def space() -> WeightSpace:
    return WeightSpace(models.mlp(64, 256, 128, 10))


def matrices(space: WeightSpace, theta: Tensor) -> dict[str, Tensor]:
    return {name: rows(w) for name, w in space.unflatten(theta).items() if w.dim() > 1}


def kolmogorov(w: Tensor, law) -> float:
    """sqrt(n) times the largest distance between the distribution of w and a law; above 1.95 once in a thousand."""
    w = w.flatten().double().sort().values
    return (law(w) - (torch.arange(len(w)) + 0.5) / len(w)).abs().max().item() * sqrt(len(w))


# laws


@pytest.mark.parametrize("scale", [1.0, 0.1, 3.0])
def test_uniform(space, scale):
    for w in matrices(space, start(space, 0, scale=scale)).values():
        limit = scale * sqrt(6 / w.shape[1])
        assert 0.99 * limit < w.abs().max() <= limit * (1 + 1e-6)
        assert kolmogorov(w, lambda x, limit=limit: (x / limit + 1) / 2) < 1.95


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_normal(space, scale):
    for w in matrices(space, start(space, 0, "normal", scale)).values():
        spread = scale * sqrt(2 / w.shape[1])
        assert kolmogorov(w, lambda x, spread=spread: torch.special.ndtr(x / spread)) < 1.95


def test_sign(space):
    for w in matrices(space, start(space, 0, "sign", 0.5)).values():
        size = torch.tensor(0.5 * sqrt(2 / w.shape[1]))
        assert torch.equal(w.unique(), torch.stack([-size, size]))
        assert abs((w > 0).float().mean().item() - 0.5) < 2 / sqrt(w.numel())


def test_constant(space):
    for w in matrices(space, start(space, 0, "constant", 0.08)).values():
        assert w.unique().tolist() == [torch.tensor(0.08).item()]
    assert all((w == 1).all() for w in matrices(space, start(space, 5, "constant")).values())


def test_all_but_the_constant_have_unit_gain():
    space = WeightSpace(models.cnn(in_channels=3, width=32))  # fan-in of a filter: all its inputs
    for law in ("uniform", "normal", "sign"):
        for w in matrices(space, start(space, 0, law)).values():
            assert w.square().mean().item() == pytest.approx(2 / w.shape[1], rel=0.15)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", ["mlp with batchnorm", "resnet", "double", "layernorm", "scaled", "attention"])
def test_biases_are_zero_and_norms_as_in_a_fresh_network(name, law):
    space = WeightSpace(ZOO[name]())
    theta, fresh = start(space, 0, law, 2.0), space.init(0)
    assert theta.dtype == fresh.dtype and theta.shape == fresh.shape
    for slot in space.layout:
        if len(slot.shape) < 2:
            expected = torch.zeros(slot.shape) if "bias" in slot.name else space.unflatten(fresh)[slot.name]
            assert torch.equal(space.unflatten(theta)[slot.name], expected.to(theta))


@pytest.mark.parametrize("law", ["uniform", "normal", "sign"])
def test_a_seed_is_a_draw(space, law):
    torch.manual_seed(1)
    once = start(space, 3, law)
    state = torch.random.get_rng_state()
    assert torch.equal(once, start(space, 3, law)) and not torch.equal(once, start(space, 4, law))
    assert torch.equal(state, torch.random.get_rng_state())
    a, b = (w[0] for w in list(matrices(space, once).values())[1:])
    assert not torch.equal(a[:128].sign(), b.sign())  # layers are drawn one after another
    torch.testing.assert_close(start(space, 3, law, 0.5)[space.matrices()], 0.5 * once[space.matrices()])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"law": "he"}, "law must be one of 'uniform', 'normal', 'sign', 'constant', got 'he'."),
        ({"scale": 0}, "scale must be above 0, got 0."),
        ({"scale": -1}, "scale must be a number of at least 0, got -1."),
        ({"scale": float("nan")}, "scale must be a number of at least 0, got nan."),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1."),
        ({"seed": 0.5}, "seed must be a whole number of at least 0, got 0.5."),
    ],
)
def test_one_sentence_for_bad_starts(space, arguments, message):
    with pytest.raises(ValueError) as error:
        start(space, **{"seed": 0} | arguments)
    assert str(error.value) == message


# zeros


@pytest.mark.parametrize("keep", [0.1, 0.5, 4 / 7])
def test_each_weight_falls_by_itself(space, keep):
    before = start(space, 0)
    theta = sparse(space, before, keep)
    for (name, w), was in zip(matrices(space, theta).items(), matrices(space, before).values(), strict=True):
        kept = w != 0
        assert torch.equal(w[kept], was[kept]), name
        assert abs(kept.float().mean().item() - keep) < 4 * sqrt(keep * (1 - keep) / w.numel())
        a_row = kept.float().sum(1)  # binomial: the variance says that weights fall one by one
        if len(w) > 100:
            assert a_row.var().item() == pytest.approx(w.shape[1] * keep * (1 - keep), rel=0.4)
    vectors = ~space.matrices()
    assert torch.equal(theta[vectors], before[vectors])


@pytest.mark.parametrize("law", ["uniform", "normal", "sign"])
def test_what_falls_does_not_depend_on_its_value(space, law):
    before = start(space, 0, law)
    theta = sparse(space, before, 0.5, seed=0)  # the seed of the values too
    for w, was in zip(matrices(space, theta).values(), matrices(space, before).values(), strict=True):
        kept = was[w != 0]
        for values in (kept, kept.square() - was.square().mean()):
            assert abs(values.mean()) <= 4 * values.std() / sqrt(len(values))


def test_vectors_stay_and_so_does_what_came_in(space):
    before = torch.ones(space.size)
    theta = sparse(space, before, 0.5)
    assert (before == 1).all() and (theta[~space.matrices()] == 1).all()
    assert torch.equal(sparse(space, before, 1), before) and sparse(space, before, 1.0).data_ptr() != before.data_ptr()


def test_fractions_by_name(space):
    before = start(space, 0)
    theta, whole = sparse(space, before, {"fc1.weight": 0.3}), space.unflatten(before)
    parts = space.unflatten(theta)
    assert all(torch.equal(parts[name], whole[name]) for name in parts if name != "fc1.weight")
    assert (parts["fc1.weight"] != 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(sparse(space, before, {}), before)


def test_a_seed_is_a_draw_of_zeros(space):
    before = start(space, 0)
    once = sparse(space, before, 0.5, seed=1)
    assert torch.equal(once, sparse(space, before, 0.5, seed=1))
    assert not torch.equal(once, sparse(space, before, 0.5, seed=2))
    few, many = (sparse(space, before, keep, seed=1) != 0 for keep in (0.2, 0.6))
    assert (few <= many).all()  # the same coins


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet"])
@pytest.mark.parametrize("law", ["uniform", "constant"])
def test_training_moves_zeros_and_counts_stay(name, law):
    space = WeightSpace(ZOO[name]())
    before = sparse(space, start(space, 0, law, 0.08 if law == "constant" else 1), 0.6)
    settings = {"epochs": 1, "batch_size": 50, "lr": 0.03, "optimizer": Adam}
    after = fit(space, Reconnect(space, before, 7), data.load("digits"), **settings).theta
    moved = 0
    for old, new in zip(matrices(space, before).values(), matrices(space, after).values(), strict=True):
        assert torch.equal((old == 0).sum(1), (new == 0).sum(1))
        moved += int(((old == 0) != (new == 0)).sum())
    assert moved > 10


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (0, "keep must be above 0, got 0 for 'fc1.weight'."),
        (1.01, "keep must be a number in [0, 1], got 1.01."),
        (-0.1, "keep must be a number in [0, 1], got -0.1."),
        (True, "keep must be a number in [0, 1], got True."),
        ("half", "keep must be a number in [0, 1], got 'half'."),
        ({"fc2.weight": 0.0}, "keep must be above 0, got 0.0 for 'fc2.weight'."),
        ({"fc2": 0.5}, "each name in keep must be one of 'fc1.weight', 'fc2.weight', 'fc3.weight', got 'fc2'."),
        (
            {"fc1.bias": 0.5},
            "each name in keep must be one of 'fc1.weight', 'fc2.weight', 'fc3.weight', got 'fc1.bias'.",
        ),
    ],
)
def test_one_sentence_for_bad_fractions(space, keep, message):
    with pytest.raises(ValueError) as error:
        sparse(space, start(space, 0), keep)
    assert str(error.value) == message


def test_one_sentence_for_bad_points(space):
    with pytest.raises(TypeError, match="^theta must be a tensor, got list.$"):
        sparse(space, [1.0], 0.5)
    with pytest.raises(ValueError, match="^theta must have shape"):
        sparse(space, torch.ones(2, space.size), 0.5)
    with pytest.raises(ValueError, match="^seed must be a whole number of at least 0, got -1.$"):
        sparse(space, torch.ones(space.size), 0.5, seed=-1)
