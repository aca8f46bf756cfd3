"""The layout of theta: slots one after another, layers and matrices told apart, every layer drawn anew."""

import pytest
import torch
from torch import nn

from toolkit.layout import layers, matrices, names, reset, slots
from toolkit.models import mlp


def test_slots_follow_one_another_in_the_modules_order():
    found = slots(mlp(3, 2, 1, batchnorm=True))
    assert [slot.name for slot in found] == [
        "fc1.weight", "fc1.bias", "bn1.weight", "bn1.bias", "fc2.weight", "fc2.bias",
    ]  # fmt: skip
    assert [(slot.start, slot.stop) for slot in found] == [(0, 6), (6, 8), (8, 10), (10, 12), (12, 14), (14, 15)]


def test_layers_and_matrices_of_a_small_network():
    layout = slots(mlp(3, 2, 1, batchnorm=True))
    assert layers(layout).tolist() == [0] * 8 + [1] * 4 + [2] * 3
    assert matrices(layout).tolist() == [True] * 6 + [False] * 6 + [True] * 2 + [False]


def test_a_tied_weight_has_one_slot_and_two_names():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
            self.second.weight = self.first.weight

    own = ["first.weight", "first.bias", "second.bias"]
    assert [slot.name for slot in slots(Tied())] == own
    assert names(Tied()) == {name: name for name in own} | {"second.weight": "first.weight"}


def test_reset_draws_every_layer_anew_or_says_which_it_cannot():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before = [parameter.clone() for parameter in module.parameters()]
    assert not any(torch.equal(old, new) for old, new in zip(before, reset(module).parameters(), strict=True))
    odd = nn.Module()
    odd.scale = nn.Parameter(torch.ones(2))
    with pytest.raises(ValueError, match="does not know how to draw 'scale'"):
        reset(odd)
