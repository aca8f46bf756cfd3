"""One choice of device, and everything follows it."""

import os
import runpy
import sys

import pytest
import torch

import toolkit as tk
from toolkit import WeightSpace, data, models
from toolkit import device as choose
from toolkit.device import VARIABLE, seeded


def test_without_an_accelerator_it_is_the_cpu(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    assert choose() == torch.device("cpu")


def test_an_accelerator_is_used_where_there_is_one(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("cuda"))
    assert choose() == torch.device("cuda")


def test_the_variable_overrides_an_accelerator(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("cuda"))
    monkeypatch.setenv(VARIABLE, "cpu")
    assert choose() == torch.device("cpu")


def test_an_empty_variable_is_no_override(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    monkeypatch.setenv(VARIABLE, "")
    assert choose() == torch.device("cpu")


# "hpu" is a kind that torch knows and may not be built for; a tensor on "meta" has no numbers.
@pytest.mark.parametrize("name", ["nonsense", "cuda:99", "cpu!", "hpu", "meta"])
def test_a_device_that_is_not_there_is_named(monkeypatch, name):
    monkeypatch.setenv(VARIABLE, name)
    with pytest.raises(ValueError) as error:
        choose()
    assert str(error.value) == f"TOOLKIT_DEVICE={name!r} is no device this torch can use; try 'cpu'."


def test_data_and_points_follow_the_choice(monkeypatch):
    # "meta" is a device without memory: whatever lands there was really moved.
    for module in (tk.data, tk.space, tk.engine):
        monkeypatch.setattr(module, "device", lambda: torch.device("meta"))
    assert {data.load("digits").split(s)[i].device.type for s in ("train", "val", "test") for i in (0, 1)} == {"meta"}
    space = WeightSpace(models.mlp(64, 4, 10))
    theta = space.init(0)
    assert theta.device.type == "meta"
    assert space.logits(theta, data.load("digits").test_x).shape == (500, 10)


@pytest.mark.parametrize(
    ("cores", "chosen", "expected"), [(1, None, [1]), (2, None, [1]), (8, None, []), (None, None, [1]), (2, "2", [])]
)
def test_a_small_machine_gets_one_thread_unless_you_chose(monkeypatch, cores, chosen, expected):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if chosen:
        monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    asked = []
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    runpy.run_path(sys.modules["toolkit.device"].__file__)
    assert asked == expected


def test_a_seeded_block_draws_the_same_and_leaves_no_trace():
    state = torch.get_rng_state()
    with seeded(3):
        first = torch.rand(4)
    torch.rand(7)
    with seeded(3):
        again, more = torch.rand(4), torch.rand(4)
    with seeded(4):
        other = torch.rand(4)
    assert torch.equal(first, again) and not torch.equal(first, more) and not torch.equal(first, other)
    torch.set_rng_state(state)
    expected = torch.rand(4)
    torch.set_rng_state(state)
    with seeded(3):
        torch.rand(4)
    assert torch.equal(torch.rand(4), expected)


def test_a_seeded_block_is_what_manual_seed_gives():
    with seeded(5):
        found = torch.rand(3)
    assert torch.equal(found, torch.rand(3, generator=torch.Generator().manual_seed(5)))


def test_a_block_that_fails_puts_the_random_state_back_too():
    state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), seeded(0):
        torch.rand(1)
        raise ZeroDivisionError
    assert torch.equal(torch.get_rng_state(), state)
