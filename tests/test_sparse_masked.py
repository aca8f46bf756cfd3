"""Training under a mask: against torch's own pruning, and exactly zero whatever the optimiser remembers."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import prune as torch_prune
from torch.optim import SGD, Adam, AdamW
from zoo import ZOO, Recording

from toolkit import WeightSpace, data, fit, models
from toolkit.batches import Batches
from toolkit.sparse import Masked, prunable, random_mask

DIGITS = data.load("digits").subset(100)
DOUBLE = replace(DIGITS, train_x=DIGITS.train_x.double(), test_x=DIGITS.test_x.double())
SETTINGS = {"epochs": 3, "batch_size": 20, "lr": 0.05}  # 15 steps
STEPS = 15


class Restless(SGD):
    """Moves every weight, whatever its gradient."""

    @torch.no_grad()
    def step(self):
        super().step()
        self.param_groups[0]["params"][0].add_(0.01)


OPTIMIZERS = {
    "momentum and weight decay": {"momentum": 0.9, "weight_decay": 0.01},
    "nesterov": {"optimizer": lambda p, lr: SGD(p, lr, momentum=0.9, weight_decay=0.01, nesterov=True)},
    "Adam": {"optimizer": lambda p, lr: Adam(p, lr / 10, weight_decay=0.01)},
    "AdamW": {"optimizer": lambda p, lr: AdamW(p, lr / 10, weight_decay=0.1)},
    "L2": {"l2": 0.1},
    "restless": {"optimizer": Restless},
}


@pytest.fixture
def space() -> WeightSpace:
    return WeightSpace(models.mlp(64, 12, 10))


def half(space: WeightSpace, seed: int = 0):
    return random_mask(prunable(space), 0.5, seed)


@pytest.mark.parametrize("how", OPTIMIZERS)
def test_pruned_weights_are_zero_at_every_step_and_after_every_epoch(how):
    space, seen = Recording(models.mlp(64, 12, 10)), []
    mask = half(space)
    what = fit(
        space,
        Masked(space.init(0), mask),
        DIGITS,
        **SETTINGS | OPTIMIZERS[how],
        on_epoch=lambda epoch, loss, what: seen.append(what.theta),
    )
    assert len(space.thetas) == STEPS and len(seen) == 3
    for theta in [*space.thetas, *seen, what.theta]:
        assert (theta[~mask] == 0).all() and torch.isfinite(theta).all()
    assert (what.theta[mask] != space.init(0)[mask]).float().mean() > 0.8  # the others do move
    assert torch.equal(seen[-1], what.theta) and not torch.equal(seen[0], seen[1])


def test_the_optimiser_sees_no_gradient_of_what_is_pruned(space):
    """Or one that looks at the norm of the gradient, for clipping, would be misled."""
    mask, norms = half(space), []

    class Watching(SGD):
        def step(self):
            (leaf,) = self.param_groups[0]["params"]
            norms.append((leaf.grad[~mask].abs().max(), leaf.grad[mask].abs().max()))
            super().step()

    fit(space, Masked(space.init(0), mask), DIGITS, **SETTINGS, optimizer=Watching)
    assert len(norms) == STEPS and all(pruned == 0 and alive > 0 for pruned, alive in norms)


@pytest.mark.parametrize("momentum, decay", [(0.9, 0.0), (0.9, 0.01), (0.0, 0.01)])
def test_it_is_torchs_own_pruning(momentum, decay):
    """`torch.nn.utils.prune` multiplies by the mask in the forward pass: another route to the same networks."""
    space = WeightSpace(models.mlp(64, 12, 10).double())
    mask, before = half(space), space.init(0)
    what = fit(space, Masked(before, mask), DOUBLE, **SETTINGS, momentum=momentum, weight_decay=decay)
    net, parts = space.module(before).train(), space.unflatten(mask)
    for layer in ("fc1", "fc2"):
        torch_prune.custom_from_mask(getattr(net, layer), "weight", parts[f"{layer}.weight"])
    optimizer, batches = SGD(net.parameters(), 0.05, momentum, weight_decay=decay), Batches(100, 20, None, 0, None)
    for epoch in (1, 2, 3):
        for done, index in batches.epoch(epoch, 3):
            optimizer.param_groups[0]["lr"] = 0.05 * (1 + torch.tensor(done * torch.pi).cos().item()) / 2
            optimizer.zero_grad()
            cross_entropy(net(DOUBLE.train_x[index]), DOUBLE.train_y[index]).backward()
            optimizer.step()
    for layer in ("fc1", "fc2"):
        torch_prune.remove(getattr(net, layer), "weight")
    assert torch.allclose(space.flatten(net), what.theta, atol=1e-6)
    assert not torch.allclose(what.theta, before * mask, atol=1e-2)


@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm", "cnn", "tied", "attention"])
def test_a_full_mask_is_plain_training(name):
    space = WeightSpace(ZOO[name]())
    full = torch.ones(space.size, dtype=torch.bool)
    plain = fit(space, space.init(0), DIGITS, **SETTINGS)
    assert torch.equal(fit(space, Masked(space.init(0), full), DIGITS, **SETTINGS).theta, plain)


def test_any_weight_may_be_pruned_even_all(space):
    nothing = torch.zeros(space.size, dtype=torch.bool)
    assert (fit(space, Masked(space.init(0), nothing), DIGITS, **SETTINGS).theta == 0).all()
    mask = ~nothing
    mask[-10:] = False  # the biases of the last layer
    theta = fit(space, Masked(space.init(0), mask), DIGITS, **SETTINGS).theta
    assert (theta[-10:] == 0).all() and (theta[:-10] != 0).any()


def test_networks_side_by_side_keep_masks_of_their_own():
    space = WeightSpace(models.mlp(64, 12, 10).double())
    thetas, masks = torch.stack([space.init(0), space.init(1)]), torch.stack([half(space, 0), half(space, 1)])
    together = fit(space, Masked(thetas, masks, rewind=7), DOUBLE, **SETTINGS, seed=[4, 5], weight_decay=0.01)
    assert together.networks == 2 and together.theta.shape == thetas.shape
    for i in range(2):
        alone = fit(space, Masked(thetas[i], masks[i], 7), DOUBLE, **SETTINGS, seed=4 + i, weight_decay=0.01)
        assert alone.networks is None
        assert torch.allclose(together.theta[i], alone.theta) and torch.allclose(together.kept[i], alone.kept)
        assert (together.theta[i][~masks[i]] == 0).all() and (together.kept[i][~masks[i]] == 0).all()


# ---------------------------------------------------------------------- the step to keep


@pytest.mark.parametrize("keep", [0, 1, 7, STEPS - 1])
def test_kept_are_the_weights_after_so_many_steps(keep):
    space = Recording(models.mlp(64, 12, 10))
    mask = half(space)
    what = fit(space, Masked(space.init(0), mask, keep), DIGITS, **SETTINGS)
    assert torch.equal(what.kept, space.thetas[keep]) and not torch.equal(what.kept, what.theta)
    plain = fit(space, Masked(space.init(0), mask), DIGITS, **SETTINGS)
    assert torch.equal(plain.theta, what.theta)  # keeping changes nothing


def test_the_last_step_can_be_kept(space):
    what = fit(space, Masked(space.init(0), half(space), STEPS), DIGITS, **SETTINGS)
    assert torch.equal(what.kept, what.theta)


def test_every_training_counts_from_its_own_start(space):
    once = fit(space, Masked(space.init(0), half(space), rewind=3), DIGITS, **SETTINGS)
    recording = Recording(models.mlp(64, 12, 10))
    again = fit(recording, once, DIGITS, **SETTINGS)
    assert torch.equal(again.kept, recording.thetas[3])


def test_a_step_never_reached_is_refused_before_training():
    space = Recording(models.mlp(64, 12, 10))
    with pytest.raises(ValueError, match="^rewind must be a step of training, from 0 to 15, got 16.$"):
        fit(space, Masked(space.init(0), half(space), STEPS + 1), DIGITS, **SETTINGS)
    assert space.thetas == []


def test_kept_says_why_there_is_nothing(space):
    untrained = Masked(space.init(0), half(space), rewind=3)
    with pytest.raises(ValueError, match="^rewind must name a step that training reaches, and none was asked for.$"):
        _ = Masked(space.init(0), half(space)).kept
    fit(space, untrained, DIGITS, **SETTINGS)  # a copy is trained
    with pytest.raises(ValueError, match="^rewind must name a step .* reaches, and 0 of 3 steps were taken.$"):
        _ = untrained.kept


# ---------------------------------------------------------------------- memory and bad input


def test_what_comes_in_stays_and_what_goes_out_is_a_copy(space):
    theta, mask = space.init(0), half(space)
    what, before = Masked(theta, mask, rewind=0), theta.clone()
    expected = torch.where(mask, before, torch.zeros(()))
    assert torch.equal(what.theta, expected) and torch.equal(what.kept, expected)
    what.theta.zero_(), what.kept.zero_(), what.leaves()[0].mul_(2)
    assert torch.equal(theta, before) and torch.equal(what.kept, expected) and torch.equal(what.theta, 2 * expected)
    mask.logical_not_()
    assert torch.equal(what.mask, ~mask)
    trained = fit(space, what, DIGITS, **SETTINGS)
    assert torch.equal(what.theta, 2 * expected) and not trained.theta.requires_grad
    assert torch.equal(copy.deepcopy(trained).theta, trained.theta)


def test_masks_that_do_not_fit_are_refused(space):
    theta, mask = space.init(0), half(space)
    with pytest.raises(TypeError, match="^mask must be a tensor of True and False, got torch.float32.$"):
        Masked(theta, mask.float())
    with pytest.raises(TypeError, match="^mask must be a tensor of True and False, got NoneType.$"):
        Masked(theta, None)
    with pytest.raises(ValueError, match=r"^mask must have the weights' shape \[910\], got \[909\].$"):
        Masked(theta, mask[1:])
    with pytest.raises(ValueError, match=r"^mask must have the weights' shape \[2, 910\], got \[910\].$"):
        Masked(torch.stack([theta, theta]), mask)
    with pytest.raises(TypeError, match="^theta must be a tensor, got list.$"):
        Masked([1.0], mask)
    with pytest.raises(ValueError, match="^theta must be finite, got 910 NaN or infinite values.$"):
        Masked(theta / 0, mask)


@pytest.mark.parametrize("keep", [-1, 0.5, "a", True])
def test_keep_is_a_step(space, keep):
    with pytest.raises(ValueError, match="^rewind must be a whole number of at least 0, got .+.$"):
        Masked(space.init(0), half(space), keep)


@pytest.mark.parametrize("keep", [0, 4])
def test_a_second_run_keeps_its_own_weights_not_those_of_the_first(space, keep):
    theta, mask = space.init(0), half(space)
    first = fit(space, Masked(theta, mask, rewind=keep), DIGITS, **SETTINGS)
    second = fit(space, first, DIGITS, **SETTINGS)
    again = fit(space, Masked(first.theta, mask, rewind=keep), DIGITS, **SETTINGS)
    assert torch.equal(second.kept, again.kept) and not torch.equal(second.kept, first.kept)


# ---------------------------------------------------------------------- interrupted


def stopping(after: int):
    """A loss that is ordinary for so many steps, and then the learner presses stop."""
    calls = iter(range(10_000))

    def loss(logits, y):
        if next(calls) >= after:
            raise KeyboardInterrupt
        return cross_entropy(logits, y)

    return loss


def start(space: WeightSpace, networks: int | None, rewind: int | None = None) -> Masked:
    """One masked network, or several side by side."""
    if networks is None:
        return Masked(space.init(0), half(space), rewind)
    thetas = torch.stack([space.init(i) for i in range(networks)])
    return Masked(thetas, torch.stack([half(space, i) for i in range(networks)]), rewind)


@pytest.mark.parametrize("networks", [None, 2])
@pytest.mark.parametrize("taken", [0, 1, 5, STEPS - 1])
def test_an_interrupted_training_is_not_finished(space, networks, taken, capsys):
    what = fit(space, start(space, networks), DIGITS, **SETTINGS, loss=stopping(taken))
    assert what.finished is False and (what.theta[~what.mask] == 0).all()
    assert capsys.readouterr().out == f"Interrupted in epoch {taken // 5 + 1} of 3: you get what was trained so far.\n"
    assert torch.equal(what.theta, start(space, networks).theta) == (taken == 0)


@pytest.mark.parametrize("networks", [None, 2])
@pytest.mark.parametrize("rewind", [None, 0, 7, STEPS])
def test_a_whole_training_is_finished_and_what_went_in_is_not(space, networks, rewind):
    untrained = start(space, networks, rewind)
    assert untrained.finished is False
    what = fit(space, untrained, DIGITS, **SETTINGS)
    assert what.finished is True and untrained.finished is False and copy.deepcopy(what).finished


def test_after_every_epoch_but_the_last_training_is_not_finished(space):
    seen = []
    fit(space, start(space, None), DIGITS, **SETTINGS, on_epoch=lambda epoch, loss, what: seen.append(what.finished))
    assert seen == [False, False, True]


@pytest.mark.parametrize("networks", [None, 2])
def test_each_training_finishes_or_not_by_itself(space, networks):
    first = fit(space, start(space, networks), DIGITS, **SETTINGS)
    second = fit(space, first, DIGITS, **SETTINGS, loss=stopping(4))
    assert first.finished and not second.finished
    assert fit(space, second, DIGITS, **SETTINGS).finished  # steps are counted anew, not 4 + 15
    longer = fit(space, first, DIGITS, **SETTINGS | {"epochs": 6}, loss=stopping(STEPS))
    assert not longer.finished  # as many steps as the first had, but not as many as it should have


@pytest.mark.parametrize("networks", [None, 2])
def test_what_is_kept_of_an_interrupted_training_is_there_once_its_step_was_taken(space, networks):
    whole = fit(space, start(space, networks, rewind=5), DIGITS, **SETTINGS, loss=stopping(1000)).kept
    for taken in (5, 6, 12):
        what = fit(space, start(space, networks, rewind=5), DIGITS, **SETTINGS, loss=stopping(taken))
        assert torch.equal(what.kept, whole) and what.kept.shape == what.theta.shape
        assert torch.equal(what.kept, what.theta) == (taken == 5)
    for taken in (0, 4):
        what = fit(space, start(space, networks, rewind=5), DIGITS, **SETTINGS, loss=stopping(taken))
        with pytest.raises(
            ValueError, match=f"^rewind must name a step .* reaches, and {taken} of 5 steps were taken.$"
        ):
            _ = what.kept


def test_an_interrupted_second_training_does_not_keep_the_weights_of_the_first(space):
    first = fit(space, start(space, None, rewind=5), DIGITS, **SETTINGS)
    again = fit(space, first, DIGITS, **SETTINGS, loss=stopping(3))
    with pytest.raises(ValueError, match="and 3 of 5 steps were taken.$"):
        _ = again.kept
    zero = fit(space, start(space, None, rewind=0), DIGITS, **SETTINGS)
    assert torch.equal(fit(space, zero, DIGITS, **SETTINGS, loss=stopping(3)).kept, zero.theta)


def test_a_network_among_several_is_kept_as_it_would_be_alone():
    space = WeightSpace(models.mlp(64, 12, 10).double())
    together = fit(space, start(space, 3, rewind=4), DOUBLE, **SETTINGS, seed=[0, 1, 2])
    for i in range(3):
        alone = fit(space, Masked(space.init(i), half(space, i), rewind=4), DOUBLE, **SETTINGS, seed=i)
        assert torch.allclose(together.kept[i], alone.kept, atol=1e-12)
    together.kept.zero_()
    assert together.kept.any()
