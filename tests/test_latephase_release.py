"""The release of late-phase members and what surrounds it: copies, interrupts, averages, odd uses and bad input."""

import copy
from dataclasses import replace

import pytest
import torch
from latephase_by_hand import BRIEF, KINDS, LR, ByHand, Watching, unfused
from torch.nn.functional import cross_entropy
from zoo import Recording, dropout

from toolkit import LatePhase, WeightSpace, data, fit, models
from toolkit.latephase import part_of
from toolkit.robust import PGD


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(100)


@pytest.fixture(scope="module")
def exact(digits):
    """The same in double precision."""
    return replace(digits, train_x=digits.train_x.double())


@pytest.fixture
def space():
    return Recording(models.mlp(64, 6, 6, 6, 10, batchnorm=True).double())


# The release


def still(space, dataset, late, seed=0, epochs=1):
    """Let members go in training that moves nothing."""
    return fit(space, late, dataset, lr=0.0, batch_size=16, epochs=epochs, seed=seed)


@pytest.mark.parametrize("which", KINDS, ids=str)
def test_noise_is_scaled_by_the_root_mean_square_of_each_tensor(space, exact, which):
    theta = space.init(0) + 0.01
    before = LatePhase(space, theta, which, members=400, start=0, noise=0.7)
    late = still(space, exact, before, epochs=70)
    assert late.released and not before.released
    start, moved = before.own[0], (late.own - before.own[0]) / 0.7
    for piece, of in zip(moved.split(late.part.sizes, 1), start.split(late.part.sizes), strict=True):
        drawn = piece / of.square().mean().sqrt()
        n = drawn.numel()
        assert drawn.std().item() == pytest.approx(1, abs=5 / (2 * n) ** 0.5)
        assert drawn.mean().abs() < 5 / n**0.5
        assert (drawn[:200] * drawn[200:]).mean().abs() < 5 / (n / 2) ** 0.5  # members apart from one another
    assert torch.equal(before.own, start.expand(400, -1))


def test_the_noise_falls_on_the_late_weights_only_and_only_once(space, exact):
    theta, late = space.init(0), LatePhase(space, space.init(0), "batchnorm", members=3, start=0, noise=1.0)
    late = still(space, exact, late)
    mine = part_of(space, "batchnorm")
    assert all(torch.equal(mine.split(member)[0], mine.split(theta)[0]) for member in late.members)
    assert torch.equal(still(space, exact, late).members, late.members)
    assert torch.equal(
        still(space, exact, LatePhase(space, theta, "batchnorm", members=3, start=0, noise=1)).own, late.own
    )


def test_noise_follows_the_seed_and_leaves_the_global_random_state_alone(space, exact):
    late, state = LatePhase(space, space.init(0), "full", members=3, start=0, noise=1.0), torch.get_rng_state()
    first = still(space, exact, late)
    assert torch.equal(still(space, exact, late).own, first.own) and torch.equal(state, torch.get_rng_state())
    assert not torch.equal(still(space, exact, late, seed=1).own, first.own)


@pytest.mark.parametrize("which", KINDS, ids=str)
def test_without_noise_the_release_leaves_the_loss_as_it_was(space, exact, which):
    for members in (1, 3):
        late = still(space, exact, LatePhase(space, space.init(0), which, members=members, start=0.5))
        assert late.released and torch.equal(late.members, space.init(0).expand(members, -1))


# Copies, interrupts, averages


def test_what_comes_in_stays_and_copies_share_nothing(space, exact):
    late, seen = LatePhase(space, space.init(0), members=3, start=0.5, noise=0.3), []
    own, members = late.own, late.members
    last = fit(space, late, exact, on_epoch=lambda epoch, loss, now: seen.append((now, now.members, now.own)), **BRIEF)
    assert torch.equal(late.own, own) and torch.equal(late.members, members) and not late.released
    assert [now.released for now, _, _ in seen] == [False, True, True]
    for now, its_members, its_own in seen:
        assert torch.equal(now.members, its_members) and torch.equal(now.own, its_own)
        assert not any(leaf.requires_grad or leaf.grad is not None for leaf in now.leaves())
    twin = copy.deepcopy(last)
    for leaf in twin.leaves():
        leaf.add_(1)
    assert torch.equal(last.members, seen[-1][1]) and not torch.equal(twin.members, last.members)


def test_a_copy_from_before_the_release_is_released_in_its_own_time(space, exact):
    seen, late = [], LatePhase(space, space.init(0), members=3, start=0.5, noise=0.3)
    fit(space, late, exact, on_epoch=lambda epoch, loss, now: seen.append(now), **BRIEF)
    fit(space, seen[0], exact, optimizer=Watching, **BRIEF)
    assert Watching.last.given == [[0, 1, 2, 3]] * 9 + [[1], [2], [0, 3]] * 3


@pytest.mark.parametrize("step", [2, 9, 10, 14, 17])
def test_an_interrupt_keeps_what_was_trained_and_no_half_round(space, exact, step, capsys):
    """Nine steps of one network, then rounds of three members; interrupted in a step, and trained again."""
    calls = []

    def loss(logits, y):
        calls.append(y)
        if len(calls) == step + 1:
            raise KeyboardInterrupt
        return cross_entropy(logits, y)

    late = LatePhase(space, space.init(0), "batchnorm", members=3, start=0.5, noise=0.3)
    settings = BRIEF | {"optimizer": unfused, "lr": LR, "schedule": "constant"}
    late = fit(space, late, exact, loss=loss, **settings)
    assert f"Interrupted in epoch {step // 6 + 1} of 3" in capsys.readouterr().out
    assert late.released == (step >= 9) and not any(leaf.requires_grad for leaf in late.leaves())
    hand = ByHand(space, "batchnorm")
    shared, phi = hand.split(space.init(0))
    if step == 9:  # released, and nothing more
        assert len({tuple(own.tolist()) for own in late.own}) == 3
    else:
        expected = hand.train(shared, [phi] * 3, space.batches[:step], 9, 1.0, 0.3, lambda done: 1.0)
        torch.testing.assert_close(late.members, expected, rtol=1e-8, atol=1e-9)
    space.batches = []
    again = fit(space, late, exact, **settings)
    release, noise = (9, 0.3) if step < 9 else (0, 0.0)
    expected = hand.train(late.average, list(late.own), space.batches, release, 1.0, noise, lambda done: 1.0)
    torch.testing.assert_close(again.members, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("which", KINDS, ids=str)
def test_the_average_is_the_network_of_the_mean_phi(space, exact, which):
    late = LatePhase(space, space.init(0), which, members=3, start=0, noise=0.4)
    late = fit(space, late, exact, **BRIEF)
    shared = torch.cat([late.own[0, :0], *late.leaves()[:-3]])
    assert torch.equal(late.average, late.part.weights(shared, late.own.mean(0)))
    apart = (late.average - late.members.mean(0)).abs().max()
    assert apart > 1e-3 if which == "rank1" else apart < 1e-12
    assert late.own.shape == (3, sum(late.part.sizes)) and late.members.shape == (3, space.size)
    for leaf in late.leaves():
        leaf.requires_grad_()  # as in the middle of training
    assert not late.average.requires_grad and not late.members.requires_grad and not late.own.requires_grad


# Odd uses


def test_dropout_falls_the_same_way_twice(digits):
    space = WeightSpace(dropout())
    runs = [fit(space, LatePhase(space, space.init(0), "last_layer", members=2), digits, **BRIEF) for _ in range(2)]
    assert torch.equal(runs[0].members, runs[1].members)


def test_an_attack_is_told_the_member_whose_turn_it_is(space, exact):
    told = []

    def attack(space, theta, x, y, dice):
        told.append(theta.clone())
        return PGD(eps=0.1, steps=1)(space, theta, x, y, dice)

    fit(space, LatePhase(space, space.init(0), members=3, start=0, noise=1.0), exact, attack=attack, **BRIEF)
    assert len(told) == 18 and all(torch.equal(a, b) for a, b in zip(told, space.thetas, strict=True))
    assert len({tuple(theta.tolist()) for theta in told[:3]}) == 3


@pytest.mark.parametrize(
    ("settings", "kind", "sentence"),
    [
        ({"members": 0}, ValueError, "members must be a whole number of at least 1, got 0."),
        ({"members": 2.5}, ValueError, "members must be a whole number of at least 1, got 2.5."),
        ({"start": 1}, ValueError, "start must be below 1 for the members to be released at all, got 1."),
        ({"start": 1.5}, ValueError, "start must be a number in [0, 1], got 1.5."),
        ({"start": -0.1}, ValueError, "start must be a number in [0, 1], got -0.1."),
        ({"noise": -0.5}, ValueError, "noise must be a number of at least 0, got -0.5."),
        ({"noise": float("nan")}, ValueError, "noise must be a number of at least 0, got nan."),
        ({"gamma": -1}, ValueError, "gamma must be a number of at least 0, got -1."),
        ({"which": "batchnorms"}, ValueError, "which must name weights of this network ("),
        ({"which": None}, TypeError, "which must be a name or several names, got None."),
        ({"theta": torch.zeros(3)}, ValueError, "theta must have shape [676], got [3]."),
        ({"theta": torch.zeros(2, 676)}, ValueError, "theta must have shape [676], got [2, 676]."),
        ({"theta": torch.zeros(676).long()}, TypeError, "theta must hold floating-point numbers, got torch.int64."),
        ({"theta": torch.full((676,), torch.nan)}, ValueError, "theta must be finite, got 676 NaN or infinite values."),
        ({"theta": [0.0] * 676}, TypeError, "theta must be a tensor, got list."),
    ],
)
def test_bad_input_gets_one_sentence(settings, kind, sentence):
    space = WeightSpace(models.mlp(64, 8, 10, 6))
    assert space.size == 676
    given = {"theta": space.init(0), "which": "last_layer"} | settings
    with pytest.raises(kind) as raised:
        LatePhase(space, **given)
    assert str(raised.value).startswith(sentence) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "training", "sentence"),
    [
        (
            {"start": 0.9},
            {},
            "start=0.9 releases the members at step 16 of 18, too late for 5 members to take a step each.",
        ),
        ({"start": 0, "members": 19}, {}, "start=0 releases the members at step 0 of 18, too late for 19 members to"),
        ({}, {"samples": 2}, "samples above 1 need a subspace to draw from, got samples=2."),
        ({}, {"seed": [1, 2]}, "seed must be a whole number of at least 0, got [1, 2]."),
        ({}, {"fork": [(1, 2)]}, "fork must give a step and a seed for each of 0 networks, got 1."),
    ],
)
def test_training_that_does_not_fit_gets_one_sentence(space, exact, settings, training, sentence):
    with pytest.raises(ValueError) as raised:
        fit(space, LatePhase(space, space.init(0), **settings), exact, **BRIEF, **training)
    assert str(raised.value).startswith(sentence)
    assert not space.batches
