"""Late-phase training: K = 1 is plain training, and K members follow the two loops written out by hand."""

from dataclasses import replace

import pytest
import torch
from latephase_by_hand import BRIEF, KINDS, LR, ByHand, Watching, unfused
from torch.optim import Adam
from zoo import ZOO, Recording, dropout

from toolkit import LatePhase, WeightSpace, data, fit, models
from toolkit.latephase import part_of


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


# K = 1 and no noise: plain training, bit for bit


@pytest.mark.parametrize("start", [0, 0.5])
@pytest.mark.parametrize("optimizer", [None, Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize("which", [("batchnorm", "last_layer"), "batchnorm", "full"])
@pytest.mark.parametrize("module", [models.cnn, lambda: models.mlp(64, 64, 64, 10, batchnorm=True)], ids=["cnn", "mlp"])
def test_one_member_without_noise_is_plain_training(digits, module, which, optimizer, start):
    space = WeightSpace(module())
    settings = BRIEF | {"optimizer": optimizer, "weight_decay": 1e-3, "lr": 0.01 if optimizer else 0.1}
    late = fit(space, LatePhase(space, space.init(0), which, members=1, start=start), digits, **settings)
    plain = fit(space, space.init(0), digits, **settings)
    assert late.released and torch.equal(late.members[0], plain) and torch.equal(late.average, plain)
    assert (plain - space.init(0)).norm() > 0.1


@pytest.mark.parametrize("optimizer", [unfused, Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize("name", [*ZOO, "dropout", "odd widths"])
def test_so_it_is_for_networks_of_any_kind_and_width(digits, exact, name, optimizer):
    odd = lambda: models.mlp(64, 13, 11, 10, batchnorm=True)  # noqa: E731
    space = WeightSpace((ZOO | {"dropout": dropout, "odd widths": odd})[name]())
    dataset, settings = exact if name == "double" else digits, BRIEF | {"optimizer": optimizer, "lr": 0.01}
    plain = fit(space, space.init(0), dataset, **settings)
    for which, start in [("last_layer", 0), ("full", 0.4), ([space.layout[0].name, space.layout[-1].name], 0.6)]:
        late = fit(space, LatePhase(space, space.init(0), which, members=1, start=start), dataset, **settings)
        assert torch.equal(late.average, plain)


@pytest.mark.parametrize("which", ["batchnorm", "last_layer", "full"])
def test_before_the_release_the_members_are_the_network_of_plain_training(digits, which):
    space, seen = WeightSpace(models.cnn(width=8)), {}
    settings = BRIEF | {"optimizer": unfused, "lr": LR}
    late = LatePhase(space, space.init(0), which, members=4, start=2 / 3, noise=0.5, gamma=0.3)
    fit(space, late, digits, on_epoch=lambda epoch, loss, late: seen.update({epoch: late}), **settings)

    def compare(epoch, loss, theta):
        same = all(torch.equal(member, theta) for member in seen[epoch].members)
        assert same == (epoch < 3) == (not seen[epoch].released)

    fit(space, space.init(0), digits, on_epoch=compare, **settings)


# The two loops by hand, with autograd and an optimiser for each part


@pytest.mark.parametrize(("members", "start", "gamma"), [(3, 0, 1.0), (4, 0.5, 0.25), (5, 1 / 3, 1.0), (2, 0.75, 0.6)])
@pytest.mark.parametrize("which", KINDS, ids=str)
def test_training_is_the_two_loops_by_hand(space, exact, which, members, start, gamma):
    late = LatePhase(space, space.init(0), which, members=members, start=start, noise=0.3, gamma=gamma)
    settings = BRIEF | {"optimizer": unfused, "lr": LR, "schedule": lambda done: 1 - done / 2}
    late = fit(space, late, exact, **settings)
    hand = ByHand(space, which)
    shared, phi = hand.split(space.init(0))
    expected = hand.train(
        shared, [phi] * members, space.batches, round(18 * start), gamma, 0.3, lambda done: 1 - done / 2
    )
    torch.testing.assert_close(late.members, expected, rtol=1e-8, atol=1e-9)
    assert (expected - expected[0])[1:].norm(dim=1).min() > 0.01


@pytest.mark.parametrize("which", ["batchnorm", "rank1", "hypernetwork"])
def test_l2_acts_on_the_member_drawn(space, exact, which):
    late = LatePhase(space, space.init(0), which, members=3, start=0.5, noise=0.3)
    late = fit(space, late, exact, optimizer=unfused, lr=LR, schedule="constant", l2=0.05, **BRIEF)
    hand = ByHand(space, which)
    shared, phi = hand.split(space.init(0))
    expected = hand.train(shared, [phi] * 3, space.batches, 9, 1.0, 0.3, lambda done: 1.0, l2=0.05)
    torch.testing.assert_close(late.members, expected, rtol=1e-8, atol=1e-9)


def test_members_that_are_released_go_on_where_they_were(space, exact):
    late = LatePhase(space, space.init(0), "batchnorm", members=4, start=0.5, noise=0.3)
    first = fit(space, late, exact, **BRIEF)
    before, space.batches = len(space.batches), []
    again = fit(space, first, exact, optimizer=unfused, lr=LR, schedule="constant", **BRIEF)
    hand = ByHand(space, "batchnorm")
    shared = first.average  # of which only what is shared is looked at
    expected = hand.train(shared, list(first.own), space.batches, 0, 1.0, 0, lambda done: 1.0)
    torch.testing.assert_close(again.members, expected, rtol=1e-8, atol=1e-9)
    assert before == 18 and again.released


# Who moves when


@pytest.mark.parametrize("which", ["batchnorm", "rank1"])
def test_in_a_round_each_member_steps_once_and_the_shared_weights_once(space, exact, which):
    late = LatePhase(space, space.init(0), which, members=4, start=1 / 3, noise=0.2)
    fit(space, late, exact, optimizer=Watching, **BRIEF)  # 6 steps together, three rounds of 4
    together, round_ = [[0, 1, 2, 3, 4]] * 6, [[1], [2], [3], [0, 4]]
    assert Watching.last.given == Watching.last.moved == together + round_ * 3


def test_steps_left_over_from_whole_rounds_move_members_only(space, exact):
    late = LatePhase(space, space.init(0), "batchnorm", members=5, start=0)
    fit(space, late, exact, optimizer=Watching, **BRIEF)  # 18 steps: three rounds of 5, and 3 more
    assert Watching.last.moved == [[1], [2], [3], [4], [0, 5]] * 3 + [[1], [2], [3]]


def test_full_members_share_nothing(space, exact):
    late = LatePhase(space, space.init(0), "full", members=3, start=0)
    assert repr(late) == f"LatePhase(3 members of {space.size} own numbers, 0 shared)" and len(late.leaves()) == 3
    fit(space, late, exact, optimizer=Watching, **BRIEF)
    assert Watching.last.moved == [[0], [1], [2]] * 6


def test_the_last_layer_of_one_layer_is_all_there_is(digits):
    space = WeightSpace(models.mlp(64, 10))
    settings = BRIEF | {"optimizer": Watching}
    last, full = (
        fit(space, LatePhase(space, space.init(0), which, members=2, start=0, noise=0.1), digits, **settings)
        for which in ("last_layer", "full")
    )
    assert torch.equal(last.members, full.members) and Watching.last.moved == [[0], [1]] * 9


def test_every_member_has_an_optimiser_state_of_its_own(space, exact):
    late = LatePhase(space, space.init(0), "batchnorm", members=3, start=0, noise=0.5)
    fit(space, late, exact, optimizer=Watching, **BRIEF)
    state = Watching.last.state
    buffers = [state[leaf]["momentum_buffer"] for leaf in Watching.last.param_groups[0]["params"]]
    assert len({buffer.data_ptr() for buffer in buffers}) == 4
    assert not any(torch.equal(a, b) for i, a in enumerate(buffers[1:]) for b in buffers[i + 2 :])


def test_every_member_draws_a_batch_of_its_own_in_the_order_of_plain_training(space, exact):
    fit(space, space.init(0), exact, **BRIEF)
    plain, space.batches = space.batches, []
    for settings in [{"noise": 0.0}, {"noise": 0.5, "start": 0}, {"noise": 0.5, "members": 2, "start": 0.7}]:
        fit(space, LatePhase(space, space.init(0), "full", **settings), exact, **BRIEF)
        assert all(torch.equal(x, p) for (x, _), (p, _) in zip(space.batches, plain, strict=True))
        space.batches = []


@pytest.mark.parametrize("members", [2, 5])
@pytest.mark.parametrize("which", KINDS[:4], ids=str)
def test_on_full_batches_members_without_noise_stay_one_network(space, exact, which, members):
    settings = {"batch_size": 100, "schedule": "constant", "momentum": 0.5, "weight_decay": 0.01}
    late = LatePhase(space, space.init(0), which, members=members, start=0, gamma=1 / members)
    late = fit(space, late, exact, epochs=3 * members, **settings)
    plain = fit(space, space.init(0), exact, epochs=3, **settings)
    torch.testing.assert_close(late.members, plain.expand(members, -1), rtol=1e-9, atol=1e-10)
    summed = LatePhase(space, space.init(0), which, members=members, start=0)
    summed = fit(space, summed, exact, epochs=members, momentum=0.0, lr=0.1, batch_size=100, schedule="constant")
    g = space.gradient(space.init(0), exact.train_x, exact.train_y)[1]
    shared, phi = part_of(space, which).split(-0.1 * g)
    step = summed.part.weights(members * shared, phi)
    torch.testing.assert_close(summed.members, (space.init(0) + step).expand(members, -1), rtol=1e-9, atol=1e-10)
