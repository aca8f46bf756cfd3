"""Iterative magnitude pruning: every round is a training of its own from the same whole state under the last mask."""

import warnings
from dataclasses import replace
from unittest import mock

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.optim import Adam
from zoo import ZOO, Recording

from toolkit import WeightSpace, data, fit, models
from toolkit.sparse import Masked, prunable, prune, sparsity, tickets

DIGITS = data.load("digits").subset(60)
SETTINGS = {"epochs": 2, "batch_size": 20, "lr": 0.05, "weight_decay": 0.01}  # 6 steps
STEPS = 6


@pytest.fixture
def space() -> WeightSpace:
    return WeightSpace(models.mlp(64, 12, 10))


def by_hand(space, theta, rounds, fraction, where, rewind=0, **settings):
    """Fresh trainings under fixed masks, the ranking sorted in Python, the state rewound to from a recording."""
    recording = Recording(space.module(theta))
    trained = [fit(recording, theta, DIGITS, **settings)]
    start = [*recording.thetas, trained[0]][rewind]
    masks = [torch.ones_like(theta, dtype=torch.bool)]
    for r in range(1, rounds + 1):
        if r > 1:
            trained.append(fit(space, Masked(start, masks[-1]), DIGITS, **settings).theta)
        alive = (masks[-1] & where).nonzero().flatten().tolist()
        size = trained[-1].abs().tolist()
        drop = sorted(alive, key=lambda i: (size[i], i))[: round(fraction * len(alive))]
        masks.append(masks[-1].index_fill(0, torch.tensor(drop, dtype=torch.long), False))
    return start, torch.stack(masks), torch.stack(trained)


@pytest.mark.parametrize("rewind", [0, 2, STEPS])
@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm", "cnn", "tied"])
def test_it_is_the_algorithm_bit_for_bit(name, rewind):
    space = WeightSpace(ZOO[name]())
    theta = space.init(0)
    found = tickets(space, theta, DIGITS, rounds=3, fraction=0.3, rewind=rewind, **SETTINGS)
    start, masks, trained = by_hand(space, theta, 3, 0.3, prunable(space), rewind, **SETTINGS)
    assert torch.equal(found.start, start) and torch.equal(found.start, theta) == (rewind == 0)
    assert found.masks.shape == (4, space.size) and torch.equal(found.masks, masks)
    assert found.trained.shape == (3, space.size) and torch.equal(found.trained, trained)


def test_ten_rounds_leave_474_of_4416():
    space = WeightSpace(models.mlp(64, 32, 32, 32, 10))
    with pytest.warns(UserWarning, match="^Round 9 pruned the last weight of fc1.weight: "):
        found = tickets(space, space.init(0), DIGITS, rounds=10, epochs=1, batch_size=30)
    where = prunable(space)
    counts = [4416, 3533, 2826, 2261, 1809, 1447, 1158, 926, 741, 593, 474]
    assert found.masks[:, where].sum(1).tolist() == counts and found.masks[:, ~where].all()
    for r in range(1, 11):
        assert not (found.masks[r] & ~found.masks[r - 1]).any()
        assert abs(sparsity(found.masks[r], where) - (1 - 0.8**r)) <= r / 4416


def test_what_falls_is_smaller_than_all_that_stays_at_the_end_of_training(space):
    found, where = tickets(space, space.init(0), DIGITS, rounds=4, **SETTINGS), prunable(space)
    for r, theta in enumerate(found.trained):
        dropped, stays = found.masks[r] & ~found.masks[r + 1], found.masks[r + 1] & where
        assert theta[dropped].abs().max() <= theta[stays].abs().min()
        assert (theta[~found.masks[r]] == 0).all() and theta[found.masks[r]].abs().min() > 0
        assert dropped.any() and (r == 0 or not torch.equal(theta, found.trained[r - 1]))


@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm"])
@pytest.mark.parametrize("rewind", [0, 4])
def test_every_round_begins_at_the_whole_state_rewound_under_its_mask(name, rewind):
    space = Recording(ZOO[name]())
    found = tickets(space, space.init(0), DIGITS, rounds=3, rewind=rewind, **SETTINGS)
    assert len(space.thetas) == 3 * STEPS
    for r in (1, 2):
        first = space.thetas[r * STEPS]
        assert torch.equal(first, found.start * found.masks[r])  # biases and norms too: they are in theta
        assert torch.equal(first[~prunable(space)], found.start[~prunable(space)])
        assert all((theta[~found.masks[r]] == 0).all() for theta in space.thetas[r * STEPS : (r + 1) * STEPS])
    assert torch.equal(space.thetas[0], space.init(0))
    for r in range(3):  # the same examples in the same order in each round
        assert all(torch.equal(space.batches[i][0], space.batches[r * STEPS + i][0]) for i in range(STEPS))


def test_rewinding_to_step_k_is_plain_training_of_k_steps(space):
    settings = {"batch_size": 20, "lr": 0.05, "schedule": "constant", "seed": 3}
    plain = fit(space, space.init(0), DIGITS, epochs=2, **settings)
    found = tickets(space, space.init(0), DIGITS, rounds=2, rewind=6, epochs=5, **settings)
    assert torch.equal(found.start, plain)


def test_the_start_is_whole_and_a_copy(space):
    theta = space.init(0)
    with pytest.warns(UserWarning, match="^Round 2 pruned the last weight of fc1.weight: "):
        found = tickets(space, theta, DIGITS, rounds=2, fraction=0.9, **SETTINGS)
    assert torch.equal(found.start, theta) and found.start.data_ptr() != theta.data_ptr()
    assert torch.equal(theta, space.init(0)) and found.masks[0].all() and not found.start.requires_grad


def test_the_optimiser_begins_anew_in_each_round(space):
    made = []

    def make(leaves, lr):
        made.append(Adam(leaves, lr / 10))
        assert not made[-1].state
        return made[-1]

    tickets(space, space.init(0), DIGITS, rounds=3, epochs=2, batch_size=20, optimizer=make)
    assert len(made) == 3
    for optimizer in made:
        (state,) = optimizer.state.values()
        assert int(state["step"]) == STEPS
    assert len({group["params"][0].data_ptr() for o in made for group in o.param_groups}) == 3


@pytest.mark.parametrize("rewind", [0, 3])
def test_n_inits_at_once_are_n_one_after_another(rewind):
    space = WeightSpace(models.mlp(64, 12, 10).double())
    digits = replace(DIGITS, train_x=DIGITS.train_x.double(), test_x=DIGITS.test_x.double())
    thetas = torch.stack([space.init(seed) for seed in range(3)])
    together = tickets(space, thetas, digits, rounds=3, fraction=0.4, rewind=rewind, seed=[5, 6, 7], **SETTINGS)
    assert together.masks.shape == (4, 3, space.size) and together.trained.shape == (3, 3, space.size)
    for i in range(3):
        alone = tickets(space, thetas[i], digits, rounds=3, fraction=0.4, rewind=rewind, seed=5 + i, **SETTINGS)
        assert torch.equal(together.masks[:, i], alone.masks)
        assert torch.allclose(together.start[i], alone.start, atol=1e-12)
        assert torch.allclose(together.trained[:, i], alone.trained, atol=1e-12)
    assert not torch.equal(together.masks[1, 0], together.masks[1, 1])


def test_fraction_zero_prunes_nothing(space):
    found = tickets(space, space.init(0), DIGITS, rounds=2, fraction=0, **SETTINGS)
    assert found.masks.all() and torch.equal(found.trained[0], found.trained[1])


def test_excluded_layers_stay_whole_and_the_rest_is_counted_without_them(space):
    found = tickets(space, space.init(0), DIGITS, rounds=2, fraction=0.5, exclude=("fc2",), **SETTINGS)
    parts = space.unflatten(found.masks[2])
    assert parts["fc2.weight"].all() and parts["fc1.bias"].all() and int(parts["fc1.weight"].sum()) == 768 // 4


def test_small_data_find_masks_for_large(space):
    """A distilled set is just another dataset: the mask depends on it, and on nothing else that is trained on."""
    few = DIGITS.subset(20)
    found = tickets(space, space.init(0), few, rounds=1, **SETTINGS)
    trained = fit(space, space.init(0), few, **SETTINGS)
    assert torch.equal(found.trained[0], trained)
    assert torch.equal(found.masks[1], prune(trained, found.masks[0], 0.2, prunable(space)))
    assert not torch.equal(found.masks[1], tickets(space, space.init(0), DIGITS, rounds=1, **SETTINGS).masks[1])


# ---------------------------------------------------------------------- interrupted


def stopping(after: int):
    """A loss that is ordinary for so many steps, and then the learner presses stop."""
    calls = iter(range(10_000))

    def loss(logits, y):
        if next(calls) >= after:
            raise KeyboardInterrupt
        return cross_entropy(logits, y)

    return loss


def begin(space, networks):
    return space.init(0) if networks is None else torch.stack([space.init(i) for i in range(networks)])


@pytest.mark.parametrize("networks", [None, 2])
@pytest.mark.parametrize("taken", [STEPS, STEPS + 1, 2 * STEPS - 1, 2 * STEPS, 3 * STEPS - 1])
def test_an_interrupted_search_returns_its_whole_rounds(space, networks, taken, capsys):
    theta, rounds = begin(space, networks), taken // STEPS
    found = tickets(space, theta, DIGITS, rounds=3, fraction=0.3, rewind=2, loss=stopping(taken), **SETTINGS)
    told = capsys.readouterr().out
    epoch = taken % STEPS // 3 + 1
    assert told == (
        f"Interrupted in epoch {epoch} of 2: you get what was trained so far.\n"
        f"Interrupted in round {rounds + 1} of 3: you get the {rounds} before it.\n"
    )
    whole = tickets(space, theta, DIGITS, rounds=rounds, fraction=0.3, rewind=2, loss=stopping(1000), **SETTINGS)
    assert found.masks.shape == (rounds + 1, *theta.shape) and found.trained.shape == (rounds, *theta.shape)
    assert torch.equal(found.masks, whole.masks) and torch.equal(found.trained, whole.trained)
    assert torch.equal(found.start, whole.start) and not torch.equal(found.start, theta)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("networks", [None, 2])
@pytest.mark.parametrize("rewind", [0, 1, STEPS])
@pytest.mark.parametrize("taken", [0, 1, STEPS - 1])
def test_an_interrupt_in_the_first_round_goes_on_as_one(space, networks, rewind, taken, capsys):
    with pytest.raises(KeyboardInterrupt, match="^tickets was interrupted in its first round; nothing is pruned yet.$"):
        tickets(space, begin(space, networks), DIGITS, rewind=rewind, loss=stopping(taken), **SETTINGS)
    assert "round" not in capsys.readouterr().out


def test_an_interrupt_after_the_last_step_of_a_round_ends_the_search_too(space, capsys):
    """A learner's picture is drawn in `on_epoch`, and takes the longest: there the stop button is likely to meet it."""
    calls = []

    def draw(epoch, loss, what):
        calls.append(epoch)
        if calls == [1, 2, 1, 2]:
            raise KeyboardInterrupt

    found = tickets(space, space.init(0), DIGITS, rounds=4, on_epoch=draw, **SETTINGS)
    assert len(found.masks) == 2 and len(calls) == 4
    assert capsys.readouterr().out.endswith("Interrupted in round 2 of 4: you get the 1 before it.\n")


def test_an_interrupted_round_is_not_pruned_and_no_other_begins(space):
    """Half-trained weights are no ranking: `prune` is asked once a whole round."""
    with mock.patch("toolkit.sparse.tickets.prune", wraps=prune) as asked:
        losses = stopping(STEPS + 3)
        tickets(space, space.init(0), DIGITS, rounds=5, loss=losses, **SETTINGS)
    assert asked.call_count == 1
    with pytest.raises(KeyboardInterrupt):
        losses(None, None)  # the loss was called no more after the interrupt


# ---------------------------------------------------------------------- a layer that loses its last weight


def layered(space, **scales):
    """Weights of known sizes, those of the layers named far apart; with lr=0 they stay."""
    theta = 1 + torch.rand(space.size, generator=torch.Generator().manual_seed(0))
    for name, scale in scales.items():
        space.unflatten(theta)[f"{name}.weight"].mul_(scale)
    return theta


def warned(space, theta, **settings):
    """The warnings of a search whose trainings move nothing, and where they say they come from."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tickets(space, theta, DIGITS, epochs=1, batch_size=60, lr=0, **settings)
    assert all(one.category is UserWarning and one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught]


def sentence(number, layers):
    return (
        f"Round {number} pruned the last weight of {layers}: nothing passes through such a network; "
        "take fewer rounds, a smaller fraction, or exclude the layer."
    )


@pytest.fixture
def narrow() -> WeightSpace:
    """256 + 12 + 30 = 298 weights of matrices."""
    return WeightSpace(models.mlp(64, 4, 3, 10))


def test_a_lost_layer_is_named_once_in_the_round_that_loses_it(narrow):
    theta = layered(narrow, fc2=0.01, fc3=0.1)
    assert warned(narrow, theta, rounds=5, fraction=0.1) == [sentence(1, "fc2.weight"), sentence(2, "fc3.weight")]


def test_layers_lost_together_are_named_together(narrow):
    theta = layered(narrow, fc2=0.01, fc3=0.1)
    assert warned(narrow, theta, rounds=4, fraction=0.15) == [sentence(1, "fc2.weight, fc3.weight")]


def test_a_layer_with_a_weight_left_or_excluded_is_not_named(narrow):
    theta = layered(narrow, fc2=0.01)
    assert warned(narrow, theta, rounds=1, fraction=11 / 298) == []
    assert warned(narrow, theta, rounds=1, fraction=12 / 298) == [sentence(1, "fc2.weight")]
    assert warned(narrow, theta, rounds=3, fraction=0.1, exclude=["fc2"]) == []


def test_one_network_of_several_is_enough_and_each_layer_is_named_once(narrow):
    healthy, second, third = layered(narrow), layered(narrow, fc2=0.01), layered(narrow, fc3=0.01)
    told = [sentence(1, "fc2.weight"), sentence(2, "fc3.weight")]
    assert warned(narrow, torch.stack([healthy, second]), rounds=3, fraction=0.1) == told[:1]
    assert warned(narrow, torch.stack([healthy, healthy]), rounds=3, fraction=0.1) == []
    both = torch.stack([third, healthy, second])  # the first 30 of 298 weights to go are just those of fc3
    assert warned(narrow, both, rounds=3, fraction=0.1) == [sentence(1, "fc2.weight, fc3.weight")]
    apart = torch.stack([layered(narrow, fc2=0.01, fc3=0.1), healthy])
    assert warned(narrow, apart, rounds=3, fraction=0.1) == told


def test_the_rounds_go_on_after_a_layer_is_lost(narrow):
    with pytest.warns(UserWarning, match="^Round 1 "):
        found = tickets(narrow, layered(narrow, fc2=0.01), DIGITS, rounds=3, fraction=0.1, epochs=1, lr=0)
    assert found.masks[:, prunable(narrow)].sum(1).tolist() == [298, 268, 241, 217]


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"rounds": 0}, "rounds must be a whole number of at least 1, got 0."),
        ({"rounds": 1.5}, "rounds must be a whole number of at least 1, got 1.5."),
        ({"rewind": -1}, "rewind must be a whole number of at least 0, got -1."),
        ({"rewind": "end"}, "rewind must be a whole number of at least 0, got 'end'."),
        ({"exclude": ["fc9"]}, "exclude must name tensors or layers of this network, got 'fc9'."),
        ({"exclude": ["fc1", "fc2"]}, "exclude must leave something to prune, got ['fc1', 'fc2']."),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0."),
    ],
)
def test_bad_settings_are_one_sentence_before_any_training(settings, message):
    space = Recording(models.mlp(64, 12, 10))
    with pytest.raises(ValueError) as caught:
        tickets(space, space.init(0), DIGITS, **SETTINGS | settings)
    assert str(caught.value) == message and not space.thetas


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
def test_bad_fractions(space, fraction):
    with pytest.raises(ValueError, match=r"^fraction must be .+\.$"):
        tickets(space, space.init(0), DIGITS, fraction=fraction, **SETTINGS)


def test_a_step_never_reached_is_refused_before_any_training():
    space = Recording(models.mlp(64, 12, 10))
    with pytest.raises(ValueError, match=r"^\w+ must be a step of training, from 0 to 6, got 7.$"):
        tickets(space, space.init(0), DIGITS, rewind=STEPS + 1, **SETTINGS)
    assert not space.thetas


def test_points_that_do_not_fit(space):
    with pytest.raises(ValueError, match=r"^theta must have shape \[910\] or \[N, 910\], got \[909\].$"):
        tickets(space, space.init(0)[1:], DIGITS)
    with pytest.raises(TypeError, match="^theta must be a tensor, got list.$"):
        tickets(space, [0.0], DIGITS)
    with pytest.raises(ValueError, match="^theta must be finite, got 910 NaN or infinite values.$"):
        tickets(space, space.init(0) / 0, DIGITS)
