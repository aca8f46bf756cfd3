"""What `Reconnect` lets you score: permutations of the start and nothing else, whatever ended the training."""

import itertools

import pytest
import torch
from laperm_by_hand import put_back
from torch.optim import Adam

from toolkit import WeightSpace, data, evaluate, fit, models
from toolkit.reconnect import Reconnect, start

DIGITS = data.load("digits").subset(100)
SETTINGS = {"epochs": 3, "batch_size": 20, "lr": 0.01, "optimizer": Adam, "schedule": "constant"}  # 15 steps


@pytest.fixture
def space() -> WeightSpace:
    return WeightSpace(models.mlp(64, 12, 10))


def test_free_weights_are_refused_and_named(space):
    before = start(space, seed=0)
    what = Reconnect(space, before)
    assert torch.equal(what.theta, before)
    position = next(slot.start for slot in space.layout if slot.name == "fc2.weight") + 3 * 12
    what.leaves()[0][position] += 1
    with pytest.raises(ValueError, match="^fc2.weight must be a permutation of the start to be scored, and row 3 hold"):
        _ = what.theta
    assert torch.equal(put_back(space, before, what.leaves()[0]), what.synced())
    assert what.leaves()[0][position] == before[position] + 1  # asking changed nothing


def test_an_interrupt_leaves_free_weights(space, capsys):
    before, steps = start(space, seed=0), itertools.count(1)

    class Stopped(WeightSpace):
        def gradient(self, *arguments):
            if next(steps) == 7:
                raise KeyboardInterrupt
            return super().gradient(*arguments)

    what = fit(Stopped(models.mlp(64, 12, 10)), Reconnect(space, before, 4), DIGITS, **SETTINGS)
    assert "Interrupted in epoch 2 of 3" in capsys.readouterr().out
    with pytest.raises(ValueError, match="free weights between two synchronisations"):
        _ = what.theta
    assert torch.equal(what.synced(), put_back(space, before, what.free))
    evaluate(space, what.synced(), DIGITS, "test_accuracy")


def test_copies_at_the_end_of_each_epoch(space):
    seen, before = [], start(space, seed=0)
    what = Reconnect(space, before, 4)
    done = fit(space, what, DIGITS, **SETTINGS, on_epoch=lambda epoch, loss, it: seen.append(it))  # 5 steps an epoch
    assert len({it.free.sum().item() for it in seen}) == 3
    for it, epochs in zip(seen, (1, 2, 3), strict=True):
        alone = fit(space, Reconnect(space, before, 4), DIGITS, **SETTINGS | {"epochs": epochs})
        assert torch.equal(it.synced(), alone.theta) and not it.leaves()[0].requires_grad
    for it in seen[:2]:
        with pytest.raises(ValueError, match="free weights"):
            _ = it.theta
    assert torch.equal(seen[2].theta, done.theta)


# what it refuses


def test_weights_that_are_no_numbers_change_nothing(space):
    what = Reconnect(space, start(space, seed=0), period=1)
    leaf = what.leaves()[0]
    leaf.copy_(torch.randn(space.size))
    leaf[-11] = float("nan")  # in the last matrix: the first must not be touched either
    kept = leaf.clone()
    what.after_step()
    torch.testing.assert_close(leaf, kept, rtol=0, atol=0, equal_nan=True)
    for refused in (what.synced, lambda: what.theta):
        with pytest.raises(ValueError, match="^fc2.weight must be finite, got 1 NaN or infinite values.$"):
            refused()


def test_a_run_that_diverges_is_told_by_fit(space):
    digits = data.load("digits")
    with pytest.raises(FloatingPointError, match="^The loss became .* at step .* with lr=1e[+]30; try a learning rate"):
        fit(space, Reconnect(space, start(space, seed=0), period=999), digits, epochs=3, lr=1e30)


def test_vectors_that_stay_are_not_moved_by_weight_decay_either(space):
    digits, begin = data.load("digits"), space.init(0)
    assert begin[~space.matrices()].any()
    what = fit(space, Reconnect(space, begin, 5, vectors=None), digits, epochs=1, weight_decay=0.1)
    assert torch.equal(what.theta[~space.matrices()], begin[~space.matrices()])


@pytest.mark.parametrize(
    ("period", "message"),
    [
        (0, "period must be a whole number of at least 1, got 0."),
        (2.5, "period must be a whole number of at least 1, got 2.5."),
        (None, "period must be a whole number of at least 1, got None."),
        ([3, 4], "period must be one number, or one for each of 3 networks, got 2."),
        ([3, 4, 0], "period must be a whole number of at least 1, got 0."),
    ],
)
def test_periods(space, period, message):
    with pytest.raises(ValueError) as error:
        Reconnect(space, torch.stack([start(space, seed) for seed in range(3)]), period)
    assert str(error.value) == message


def test_points_of_another_space_and_points_without_matrices(space):
    with pytest.raises(ValueError, match=f"^theta must have shape .*{space.size}"):
        Reconnect(space, torch.zeros(space.size + 1))
    with pytest.raises(TypeError, match="^theta must be a tensor, got list.$"):
        Reconnect(space, [0.0])
    with pytest.raises(ValueError, match="^theta must be finite"):
        Reconnect(space, torch.full((space.size,), float("nan")))
    vectors = WeightSpace(torch.nn.LayerNorm(64))
    for how in (False, None):
        with pytest.raises(ValueError, match="^theta must hold matrices to permute, got only vectors"):
            Reconnect(vectors, vectors.init(0), vectors=how)
    assert Reconnect(vectors, vectors.init(0), vectors=True).theta.shape == (128,)


def test_it_says_what_it_is(space):
    assert repr(Reconnect(space, start(space, 0), 7)) == f"Reconnect(1 in R^{space.size}, period 7)"
    two = torch.stack([start(space, 0), start(space, 1)])
    assert repr(Reconnect(space, two, [3, 9])) == f"Reconnect(2 in R^{space.size}, period 3, 9)"
