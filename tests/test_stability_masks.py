"""Instability analysis under masks: siblings, and the line between them, stay inside the subnetwork."""

import pytest
import torch

from toolkit import WeightSpace, data, instability, models
from toolkit.landscape import stability
from toolkit.sparse import prunable, random_mask
from toolkit.train import fit

SETTINGS = {"epochs": 2, "batch_size": 100, "lr": 0.1, "weight_decay": 1e-3}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def space():
    return WeightSpace(models.mlp(64, 24, 10, batchnorm=True))


@pytest.fixture
def trained(monkeypatch):
    """What `fit` gave to the analysis."""
    seen = []

    def spy(*arguments, **settings):
        seen.append(fit(*arguments, **settings))
        return seen[-1]

    monkeypatch.setattr(stability, "fit", spy)
    return seen


def test_siblings_keep_their_own_mask_and_differ_inside_it(space, digits, trained):
    where = prunable(space)
    masks = torch.stack([random_mask(where, 0.6, seed) for seed in range(2)])
    found = instability(space, digits, [0, 5], [0, 1], points=3, mask=masks, **SETTINGS)
    ends = trained[0].theta
    for i, row in enumerate([0, 0, 0, 0, 1, 1, 1, 1]):
        assert (ends[i][~masks[row]] == 0).all() and ends[i][masks[row]].count_nonzero() > 0.99 * masks[row].sum()
    assert not torch.equal(ends[0], ends[1]) and found.barrier().shape == (2, 2)


def test_a_full_mask_and_the_usual_starts_change_nothing(space, digits):
    plain = instability(space, digits, [3], [0, 1], points=3, **SETTINGS)
    full = torch.ones(space.size, dtype=torch.bool)
    starts = torch.stack([space.init(seed) for seed in (0, 1)])
    masked = instability(space, digits, [3], [0, 1], points=3, mask=full, starts=starts, **SETTINGS)
    for one, other in zip(plain.scans, masked.scans, strict=True):
        assert one[0]["test_loss"] == pytest.approx(other[0]["test_loss"], abs=1e-6)


def test_siblings_that_never_part_are_the_same_network(space, digits):
    steps = 2 * (len(digits.train_x) // 100)
    mask = random_mask(prunable(space), 0.5)
    together = instability(space, digits, [steps], [0], points=5, mask=mask, **SETTINGS)
    assert together.barrier()[0, 0] == pytest.approx(0, abs=1e-9)
    errors = together.scans[0][0]["train_error"]
    assert errors == pytest.approx(errors[0], abs=1e-9)


def test_other_starts_are_taken(space, digits, trained):
    starts = torch.stack([space.init(7)])
    instability(space, digits, [0], [0], points=3, starts=starts, **SETTINGS)
    other = instability(space, digits, [0], [0], points=3, **SETTINGS)
    assert not torch.allclose(trained[0], trained[1]) and other.seeds == (0,)


@pytest.mark.parametrize("mask", [None, torch.ones(1858).bool()])
def test_a_step_never_reached_is_refused(space, digits, mask):
    steps = 2 * (len(digits.train_x) // 100)
    with pytest.raises(ValueError, match=f"^fork's step must be one of this training's, from 0 to {steps}, got 900.$"):
        instability(space, digits, [0, 900], [0], mask=mask, **SETTINGS)


@pytest.mark.parametrize(
    ("settings", "kind", "sentence"),
    [
        ({"starts": torch.zeros(2, 5)}, ValueError, r"starts must have shape \[1, 1858\], got \[2, 5\]."),
        ({"mask": torch.ones(1858)}, TypeError, "mask must be a tensor of True and False, got torch.float32."),
        ({"mask": torch.ones(1858).numpy()}, TypeError, "mask must be a tensor of True and False, got .*"),
        ({"mask": torch.ones(5).bool()}, ValueError, r"mask must have the weights' shape \[1858\], got \[5\]."),
        (
            {"mask": torch.ones(2, 1858).bool()},
            ValueError,
            r"mask must have the weights' shape \[1, 1858\], got \[2,.*",
        ),
    ],
)
def test_bad_input_gets_one_sentence(space, digits, settings, kind, sentence):
    with pytest.raises(kind, match=f"^{sentence}$"):
        instability(space, digits, [0], [0], **settings, **SETTINGS)
