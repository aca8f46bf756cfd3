"""All members in one pass by the rank-1 trick, against members whose matrices are written down."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional
from zoo import ZOO, dropout

from toolkit import LatePhase, WeightSpace, data, fit, models
from toolkit.latephase import batch_ensemble


class Rows(nn.Module):
    """A linear layer over the eight rows of an image, used twice."""

    def __init__(self):
        super().__init__()
        self.row, self.again, self.head = nn.Linear(8, 6), nn.Linear(6, 6, bias=False), nn.Linear(6, 10)

    def forward(self, x):
        return self.head(self.again(self.again(self.row(x.squeeze(1)).tanh()).tanh()).mean(1))


class Turned(nn.Module):
    """A linear layer over the rows of an image, which come before the batch inside."""

    def __init__(self):
        super().__init__()
        self.row, self.head = nn.Linear(8, 6), nn.Linear(6, 10)

    def forward(self, x):
        return self.head(self.row(x.squeeze(1).transpose(0, 1)).tanh().mean(0))


class Sideways(nn.Module):
    """A convolution along the rows of an image, which come in as channels."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv1d(8, 5, 3, dilation=2, padding=2), nn.Linear(40, 10)

    def forward(self, x):
        return self.head(self.conv(x.squeeze(1)).relu().flatten(1))


class Read(nn.Module):
    """A layer that is not called: its matrix is read."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(64, 6), nn.Linear(6, 10)

    def forward(self, x):
        return self.head(functional.linear(x.flatten(1), self.first.weight, self.first.bias).tanh())


class Product(nn.Module):
    """A matrix that belongs to no layer."""

    def __init__(self):
        super().__init__()
        self.matrix, self.head = nn.Parameter(torch.ones(64, 6)), nn.Linear(6, 10)

    def forward(self, x):
        return self.head((x.flatten(1) @ self.matrix).tanh())

    def reset_parameters(self):
        nn.init.normal_(self.matrix)


def convolutions():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2),
        nn.ReLU(),
        nn.Conv2d(4, 6, (2, 3), padding=1, padding_mode="reflect", bias=False),
        nn.GroupNorm(2, 6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(72, 10),
    )


def grouped():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=2), nn.Flatten(), nn.Linear(64, 10))


def transposed():
    return nn.Sequential(nn.ConvTranspose2d(1, 2, 3), nn.Flatten(), nn.Linear(200, 10))


def untracked():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8, track_running_stats=False), nn.ReLU(), nn.Linear(8, 10)
    )


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(60)


def spread_out(module, digits, members=3, **settings):
    """Members of a rank-1 late phase that have trained a little, and the inputs, in double precision."""
    space = WeightSpace(module.double())
    digits = replace(digits, train_x=digits.train_x.double())
    late = LatePhase(space, space.init(0), "rank1", members=members, start=0, noise=0.4)
    return space, fit(space, late, digits, epochs=2, batch_size=12, lr=0.02), digits.train_x[:7]


KNOWN = {
    "mlp": ZOO["mlp"],
    "layernorm": ZOO["layernorm"],
    "scaled": ZOO["scaled"],
    "frozen": ZOO["frozen"],
    "dropout": dropout,
    "one layer": lambda: models.mlp(64, 10),
    "convolutions": convolutions,
    "rows": Rows,
    "sideways": Sideways,
}


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", KNOWN)
def test_one_pass_gives_what_the_written_down_matrices_give(digits, name, members):
    space, late, x = spread_out(KNOWN[name](), digits, members)
    expected = space.logits(late.members, x)
    state, before = torch.get_rng_state(), late.members
    for part in (x, x[:1]):
        found = batch_ensemble(space, late, part)
        torch.testing.assert_close(found, expected[:, : len(part)], rtol=1e-9, atol=1e-10)
    assert found.shape == (members, 1, 10) and not found.requires_grad
    assert members == 1 or (expected[0] - expected[1]).abs().max() > 0.01
    assert torch.equal(late.members, before) and torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", KNOWN)
def test_vectors_of_ones_leave_the_base_network(name):
    space = WeightSpace(KNOWN[name]())
    late, x = LatePhase(space, space.init(0), "rank1", members=2), torch.rand(5, 1, 8, 8)
    assert torch.equal(late.own, torch.ones_like(late.own)) and torch.equal(late.average, space.init(0))
    expected = space.logits(space.init(0), x).expand(2, 5, 10)
    torch.testing.assert_close(batch_ensemble(space, late, x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["attention", "recurrent", "grouped", "transposed", "product"])
def test_other_layers_are_refused(name):
    module = {"grouped": grouped, "transposed": transposed, "product": Product}.get(name) or ZOO[name]
    space = WeightSpace(module())
    late = LatePhase(space, space.init(0), "rank1", members=2)
    with pytest.raises(
        TypeError, match="^batch_ensemble knows linear layers and convolutions, and '.+' belongs to neith"
    ):
        batch_ensemble(space, late, torch.rand(3, 1, 8, 8))


@pytest.mark.parametrize(
    ("name", "late", "x", "kind", "sentence"),
    [
        ("mlp", "full", torch.rand(3, 64), ValueError, "late must have rank-1 weights, got Replicated."),
        ("mlp", "rank1", [1.0], TypeError, "x must be a tensor, got list."),
        ("mlp", "rank1", torch.ones(3, 64).long(), TypeError, "x must hold floating-point numbers, got torch.int64."),
    ],
)
def test_bad_input_gets_one_sentence(name, late, x, kind, sentence):
    space = WeightSpace(ZOO[name]())
    with pytest.raises(kind, match=f"^{sentence}"):
        batch_ensemble(space, LatePhase(space, space.init(0), late, members=2), x)


@pytest.mark.parametrize("module", [ZOO["mlp with batchnorm"], ZOO["cnn"], untracked])
def test_batchnorm_is_refused(module):
    space = WeightSpace(module())
    late = LatePhase(space, space.init(0), "rank1", members=2)
    sentence = "batch_ensemble needs a network without BatchNorm, whose statistics differ between members."
    for examples in (1, 3):
        with pytest.raises(ValueError, match=f"^{sentence}$"):
            batch_ensemble(space, late, torch.rand(examples, 1, 8, 8))


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (ZOO["tied"], "batch_ensemble needs a matrix for every layer, and this network has layers that share one."),
        (
            Turned,
            "batch_ensemble needs the batch, 6 examples, along the first axis of what a layer gets, and 'row.weight' "
            r"got shape \[8, 6, 8\].",
        ),
        (Read, "batch_ensemble follows the calls of layers, and the one of 'first.weight' is never called."),
    ],
)
def test_a_matrix_used_where_no_vectors_can_reach_it_is_refused(module, sentence):
    space = WeightSpace(module())
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        batch_ensemble(space, LatePhase(space, space.init(0), "rank1", members=2), torch.rand(3, 1, 8, 8))
