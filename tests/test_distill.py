"""Distillation: closed forms where there are any, pixels that learn, and controls."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from zoo import ZOO, dropout

from toolkit import WeightSpace, data, evaluate, fit, models
from toolkit.distill import METHODS, class_means, distill, distribution_distance, gradient_distance, subset


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def space():
    return WeightSpace(models.mlp(64, 32, 10))


class Plain(nn.Sequential):
    """A linear network: its last layer gets the pixels themselves."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(64, 10))


def test_through_the_identity_one_image_a_class_becomes_the_mean(digits):
    few = distill(WeightSpace(Plain()), digits, per_class=1, steps=400, lr=0.02)
    torch.testing.assert_close(few.train_x, class_means(digits).train_x, atol=1e-3, rtol=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_shape_the_labels_and_what_moved(digits, method, name):
    few = distill(WeightSpace(ZOO[name]()), digits, per_class=2, method=method, steps=2, lr=0.01, seed=3)
    assert few.train_x.shape == (20, 1, 8, 8) and few.train_y.tolist() == sorted([*range(10), *range(10)])
    assert not few.train_x.requires_grad and 0 <= few.train_x.min() and few.train_x.max() <= 1
    moved = (few.train_x - subset(digits, 2, seed=3).train_x).abs().flatten(1).sum(1)
    assert (moved > 0).all()  # the gradient reaches every image
    assert torch.equal(few.test_x, digits.test_x) and torch.equal(few.val_y, digits.val_y)


@pytest.mark.parametrize("distance", [distribution_distance, gradient_distance])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_set_is_at_no_distance_from_itself(digits, distance, name):
    few, module = subset(digits, 4), ZOO[name]().train()
    same = distance(module, few.train_x, few.train_y, few.train_x, few.train_y, 10)
    other = distance(module, few.train_x, few.train_y, digits.train_x, digits.train_y, 10)
    assert abs(same.item()) < 1e-3 < other.item()


def test_the_distances_by_hand(digits):
    few, module = subset(digits, 3), models.mlp(64, 8, 10)
    args = few.train_x, few.train_y, digits.train_x, digits.train_y, 10

    def features(x):
        return module[2](module[1](module[0](x)))

    by_hand = sum(
        (features(few.train_x[few.train_y == c]).mean(0) - features(digits.train_x[digits.train_y == c]).mean(0))
        .square()
        .sum()
        for c in range(10)
    )
    torch.testing.assert_close(distribution_distance(module, *args), by_hand)

    total = 0.0
    for c in range(10):
        pair = []
        for x, y in [(few.train_x, few.train_y), (digits.train_x, digits.train_y)]:
            loss = nn.functional.cross_entropy(module(x[y == c]), y[y == c])
            pair.append(torch.autograd.grad(loss, [module.fc1.weight, module.fc2.weight]))
        for a, b in zip(*pair, strict=True):
            for u, v in zip(a, b, strict=True):
                total += 1 - (u @ v / (u.norm() * v.norm()).clamp(min=1e-12)).item() if v.any() else 0
    assert gradient_distance(module, *args).item() == pytest.approx(total, rel=1e-3)


def apart(few, real):
    """How far the class means of two training sets are apart, in pixels."""
    return (class_means(few).train_x - class_means(real).train_x).norm().item()


@pytest.mark.parametrize("per_class", [1, 10])
def test_with_the_settings_as_they_come_the_class_means_are_met(digits, per_class):
    begin = subset(digits, per_class)
    few = distill(WeightSpace(models.mlp(64, 64, 64, 10)), digits, per_class, steps=200)
    assert apart(few, digits) < apart(begin, digits) / 4


def test_training_on_the_synthetic_ones_beats_as_many_real_ones(digits, space):
    few, real = distill(space, digits, per_class=1, steps=200), subset(digits, 1)

    def right(few):
        trained = fit(space, space.init(9), few, epochs=200, batch_size=10, lr=0.05)
        return evaluate(space, trained, digits, "test_accuracy")["test_accuracy"]

    assert right(few) > right(real) + 0.05


def test_the_same_seed_gives_the_same_images_and_another_gives_others(digits, space):
    one, again, other = (distill(space, digits, 1, steps=2, seed=seed).train_x for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(subset(digits, 5).train_x, subset(digits, 5).train_x)
    assert (subset(digits, 5).train_y.bincount() == 5).all()


@pytest.mark.parametrize(("scale", "shift"), [(2, -1), (16, 0), (3.2, -1.3)])
def test_pixels_stay_in_the_range_of_the_real_ones_whatever_it_is(digits, scale, shift):
    other = replace(digits, train_x=scale * digits.train_x + shift)
    few = distill(WeightSpace(Plain()), other, per_class=1, steps=400, lr=min(1, 0.02 * scale))
    torch.testing.assert_close(few.train_x, class_means(other).train_x, atol=2e-3 * scale, rtol=0)
    assert other.train_x.min() <= few.train_x.min() and few.train_x.max() <= other.train_x.max()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_perfect_already_is_not_said_to_grow_worse(digits, space, method):
    real = subset(digits, 5)
    few = distill(space, real, per_class=5, method=method, steps=3, lr=1e-4)
    assert few.train_x.shape == real.train_x.shape


def test_layers_that_draw_for_themselves_are_seeded_and_leave_no_trace(digits):
    space, before = WeightSpace(dropout()), torch.get_rng_state()
    one, again = (distill(space, digits, 1, steps=3).train_x for _ in range(2))
    assert torch.equal(one, again) and torch.equal(torch.get_rng_state(), before)


class Idle(nn.Module):
    """A network with a second head that it does not use."""

    def __init__(self):
        super().__init__()
        self.body, self.head, self.other = nn.Linear(64, 12), nn.Linear(12, 10), nn.Linear(12, 7)

    def forward(self, x):
        return self.head(self.body(x.flatten(1)).relu())


@pytest.mark.parametrize("method", METHODS)
def test_frozen_and_idle_weights_are_no_hindrance(digits, space, method):
    frozen = WeightSpace(ZOO["frozen"]())
    thawed = WeightSpace(models.mlp(64, 8, 10))
    one, other = (distill(which, digits, 1, method=method, steps=2).train_x for which in (frozen, thawed))
    assert torch.equal(one, other)
    assert distill(WeightSpace(Idle()), digits, 1, method=method, steps=2).train_x.isfinite().all()


def test_a_class_without_images_has_no_mean(digits):
    few = digits.train_y != 3
    with pytest.raises(ValueError, match="^dataset must have a training image of every class, and class 3 has none.$"):
        class_means(replace(digits, train_x=digits.train_x[few], train_y=digits.train_y[few]))


@pytest.mark.parametrize(
    ("settings", "kind", "sentence"),
    [
        ({"per_class": 0}, ValueError, "per_class must be a whole number of at least 1, got 0."),
        ({"per_class": 900}, ValueError, "per_class must be at most .*, the images of class 0, got 900."),
        ({"method": "magic"}, ValueError, "method must be one of 'distribution', 'gradient', got 'magic'."),
        ({"steps": 0}, ValueError, "steps must be a whole number of at least 1, got 0."),
        ({"lr": -1}, ValueError, r"lr must be a number in \[0, 1\], got -1."),
        (
            {"lr": 1, "per_class": 50},  # every pixel becomes black or white
            FloatingPointError,
            "The distance grew from .* to .* by step .* with lr=1; try one ten times .*",
        ),
    ],
)
def test_bad_input_gets_one_sentence(digits, space, settings, kind, sentence):
    with pytest.raises(kind, match=f"^{sentence}$"):
        distill(space, digits, **{"steps": 3, **settings})
