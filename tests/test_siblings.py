"""Siblings in a subnetwork: the line between them has them at its ends, and never leaves their mask."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import prune as torch_prune
from torch.optim import SGD
from torch.optim.swa_utils import update_bn

from toolkit import Line, WeightSpace, data, fit, instability, models, scan
from toolkit.batches import Batches
from toolkit.landscape import stability
from toolkit.sparse import Masked, prunable, random_mask

DIGITS = replace(data.load("digits").subset(200), name="200 digits")
X = DIGITS.test_x
C = {"epochs": 2, "batch_size": 16, "lr": 0.1, "momentum": 0.9, "schedule": "step"}  # 24 steps
LINES = ("train_error", "test_error", "train_loss", "test_loss")
NETWORKS = {
    "mlp": lambda: models.mlp(64, 16, 10),
    "mlp with batchnorm": lambda: models.mlp(64, 32, 32, 32, 10, batchnorm=True),
    "cnn": lambda: models.cnn(width=2),
}


@dataclass
class Family:
    """A pair of siblings, their mask, the line that `instability` scanned between them, and what it found there."""

    space: WeightSpace
    mask: Tensor
    a: Tensor
    b: Tensor
    line: Line
    found: stability.Scan


@pytest.fixture(params=NETWORKS)
def family(request, monkeypatch) -> Family:
    space = WeightSpace(NETWORKS[request.param]())
    mask, seen = random_mask(prunable(space), 0.6), {}

    def trains(*arguments, **settings):
        seen["ends"] = fit(*arguments, **settings)
        return seen["ends"]

    def scans(space, line, *rest):
        seen["line"] = line
        return scan(space, line, *rest)

    monkeypatch.setattr(stability, "fit", trains)
    monkeypatch.setattr(stability, "scan", scans)
    (row,) = instability(space, DIGITS, [0], [0], mask=mask, **C).scans
    return Family(space, mask, *seen["ends"].theta, seen["line"], row[0])


def logits(space: WeightSpace, theta: Tensor) -> Tensor:
    """What a network says of the test images, its BatchNorm statistics refreshed."""
    return space.logits(theta, X, space.refresh(theta, DIGITS.train_x))


def joins(space: WeightSpace, line: Line, children: list[Tensor], mask: Tensor) -> bool:
    """Invariant I5: at its ends a line is the children, as functions and in masks, and in between it is in the mask."""
    ends = all(
        torch.allclose(logits(space, line.at(t)), logits(space, child), atol=1e-6)
        for t, child in zip((0.0, 1.0), children, strict=True)
    )
    return ends and all((line.at(t)[~mask] == 0).all() for t in np.linspace(0, 1, 21))


# ---------------------------------------------------------------------- I5: the line


def test_the_line_joins_the_children_inside_their_mask(family):
    assert joins(family.space, family.line, [family.a, family.b], family.mask)
    for t, child in ((0.0, family.a), (1.0, family.b)):
        assert torch.equal(family.line.at(t), child)
    assert not torch.equal(family.a, family.b)


def test_the_ends_of_the_scan_are_ordinary_modules_of_the_children(family):
    """Measured by torch alone, BatchNorm statistics by torch's own `update_bn`."""
    for at, child in ((0, family.a), (-1, family.b)):
        module = family.space.module(child, family.space.refresh(child, DIGITS.train_x)).train()
        update_bn([DIGITS.train_x], module)
        module.eval()
        for split in ("train", "test"):
            x, y = DIGITS.split(split)
            with torch.no_grad():
                said = module(x)
            assert family.found[f"{split}_loss"][at] == pytest.approx(cross_entropy(said, y).item(), abs=1e-5)
            assert family.found[f"{split}_error"][at] == pytest.approx((said.argmax(1) != y).float().mean().item())


def test_a_line_from_a_network_to_itself_is_that_network(family):
    line = Line(family.a, family.a)
    for t in np.linspace(0, 1, 21):
        assert torch.allclose(line.at(t), family.a, rtol=1e-6, atol=0)
        assert (line.at(t)[~family.mask] == 0).all()
    flat = scan(family.space, line, DIGITS, 11)
    for metric in ("train_error", "test_error"):
        assert np.ptp(flat[metric]) == 0
        assert [flat.barrier(metric, against) for against in ("chord", "mean")] == [0, 0]
    assert flat.barrier("test_loss") == pytest.approx(0, abs=1e-6)


def test_there_and_back_is_the_same_way(family):
    back = scan(family.space, Line(family.b, family.a), DIGITS, 11)
    for metric in LINES:
        np.testing.assert_allclose(back[metric], family.found[metric][::-1], atol=1e-6)
        for against in ("chord", "mean"):
            assert back.barrier(metric, against) == pytest.approx(family.found.barrier(metric, against), abs=1e-6)


def test_both_barriers_are_those_of_their_definitions(family):
    for metric in LINES:
        e = family.found[metric]
        t = np.linspace(0, 1, 11)
        chord, mean = max(e - ((1 - t) * e[0] + t * e[-1])), max(e) - (e[0] + e[-1]) / 2
        assert family.found.barrier(metric, "chord") == pytest.approx(chord, abs=1e-12) and chord >= 0
        assert family.found.barrier(metric, "mean") == pytest.approx(mean, abs=1e-12)
        assert mean >= abs(e[0] - e[-1]) / 2 - 1e-12 and abs(mean - chord) <= abs(e[0] - e[-1]) / 2 + 1e-12


# ---------------------------------------------------------------------- I5 catches the mistake of the released code


def pruned_by_torch(space: WeightSpace, theta: Tensor, mask: Tensor, seed: int, decay: float) -> tuple[Tensor, Tensor]:
    """Train a child as `torch.nn.utils.prune` does: its weights, and the tensors underneath with their residue."""
    net, parts = space.module(theta).train(), space.unflatten(mask)
    layers = [name.removesuffix(".weight") for name, part in parts.items() if part.dim() > 1]
    for layer in layers:
        torch_prune.custom_from_mask(net.get_submodule(layer), "weight", parts[f"{layer}.weight"])
    optimizer, batches = SGD(net.parameters(), 0.1, weight_decay=decay), Batches(200, 20, None, seed, None)
    for epoch in (1, 2):
        for _, index in batches.epoch(epoch, 2):
            optimizer.zero_grad()
            cross_entropy(net(DIGITS.train_x[index]), DIGITS.train_y[index]).backward()
            optimizer.step()
    underneath = {name.removesuffix("_orig"): tensor.detach().clone() for name, tensor in net.named_parameters()}
    for layer in layers:
        torch_prune.remove(net.get_submodule(layer), "weight")
    return space.flatten(net), space.flatten(underneath)


@pytest.mark.parametrize("decay", [0.0, 5e-4, 0.05])
@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm"])
def test_interpolating_what_lies_under_the_mask_is_caught(name, decay):
    """The released code builds the model on the line with a mask of ones from the tensors under the mask.

    What is pruned gets no gradient, but is still there: after k steps (1 - lr decay)^k of the start comes back.
    """
    space = WeightSpace(NETWORKS[name]())
    theta, mask = space.init(0), random_mask(prunable(space), 0.6)
    children, underneath = zip(*(pruned_by_torch(space, theta, mask, seed, decay) for seed in (0, 1)), strict=True)
    settings = {"epochs": 2, "batch_size": 20, "momentum": 0.0, "weight_decay": decay, "schedule": "constant"}
    for seed, child in enumerate(children):  # the children are ours
        ours = fit(space, Masked(theta, mask), DIGITS, seed=seed, **settings).theta
        assert torch.allclose(child, ours, atol=1e-4) and torch.equal(child * mask, child)
    assert joins(space, Line(*children), list(children), mask)

    released = Line(*underneath)
    for t, child, residue in zip((0.0, 1.0), children, underneath, strict=True):
        assert torch.equal(residue * mask, child)
        assert torch.allclose(residue[~mask], theta[~mask] * (1 - 0.1 * decay) ** 20, rtol=1e-4)
        assert not torch.allclose(logits(space, released.at(t)), logits(space, child), atol=1e-2)
    assert not joins(space, released, list(children), mask)
    assert all((released.at(t)[~mask] != 0).any() for t in np.linspace(0, 1, 5))


def test_a_wrong_end_or_a_way_out_of_the_mask_is_caught_too(family):
    space, mask, a, b = family.space, family.mask, family.a, family.b
    out = a.clone()
    out[(~mask).nonzero()[0]] = 1e-12  # says the same, and is not in the mask
    assert torch.allclose(logits(space, out), logits(space, a), atol=1e-6)
    assert not joins(space, Line(out, b), [a, b], mask)
    assert not joins(space, Line(b, a), [a, b], mask) and not joins(space, Line(a, a), [a, b], mask)


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_each_pair_is_joined_inside_its_own_mask(monkeypatch, decay):
    """Several seeds, steps and masks at once: no row of one pair, start or mask goes to another."""
    space, lines = WeightSpace(NETWORKS["mlp"]()), []
    monkeypatch.setattr(stability, "scan", lambda space, line, *rest: lines.append(line) or scan(space, line, *rest))
    starts = torch.stack([space.init(seed) for seed in (7, 8)])
    masks = torch.stack([random_mask(prunable(space), 0.6, seed) for seed in (0, 1)])
    found = instability(space, DIGITS, [0, 7], [3, 4], starts=starts, mask=masks, points=3, weight_decay=decay, **C)
    assert len(lines) == 4 and found.barrier("test_error", "mean").shape == (2, 2)
    for i, line in enumerate(lines):
        seed, (start, mask), step = (3, 4)[i // 2], (starts[i // 2], masks[i // 2]), (0, 7)[i % 2]
        fork = [[(step, 1_000 + 2 * seed + child)] for child in range(2)]
        children = [
            fit(space, Masked(start[None], mask[None]), DIGITS, seed=[seed], fork=one, weight_decay=decay, **C).theta[0]
            for one in fork
        ]
        for t, child in zip((0.0, 1.0), children, strict=True):
            assert torch.allclose(line.at(t), child, atol=1e-4)
        assert joins(space, line, [line.at(0.0), line.at(1.0)], mask)
        assert not torch.allclose(*children, atol=1e-3)


# ---------------------------------------------------------------------- I6: what makes siblings differ


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_seed_twice_is_the_same_child_and_no_barrier(name, together):
    space = WeightSpace(NETWORKS[name]())
    theta, mask = space.init(0), random_mask(prunable(space), 0.6)
    if together:
        both = Masked(theta.expand(2, -1), mask.expand(2, -1))
        a, b = fit(space, both, DIGITS, seed=[3, 3], **C).theta
    else:
        a, b = (fit(space, Masked(theta, mask), DIGITS, seed=3, **C).theta for _ in range(2))
    if together and name == "mlp":  # 16 units: rounded by where a row lies in memory
        assert torch.allclose(a, b, atol=1e-5)
    else:
        assert torch.equal(a, b)
    line = scan(space, Line(a, b), DIGITS, 5)
    for metric in ("train_error", "test_error"):
        assert line.barrier(metric, "chord") == 0 and line.barrier(metric, "mean") == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_another_order_is_another_child_in_the_same_mask(name):
    space = WeightSpace(NETWORKS[name]())
    theta, mask = space.init(0), random_mask(prunable(space), 0.6)
    runs = [fit(space, Masked(theta, mask), DIGITS, seed=seed, **C) for seed in (3, 4)]
    assert torch.equal(runs[0].mask, runs[1].mask) and torch.equal(runs[0].mask, mask)
    (a, b), where = (run.theta for run in runs), prunable(space)
    assert ((a != b) & mask).any() and not torch.allclose(a, b, atol=1e-3)
    assert not a[~mask].any() and not b[~mask].any() and a[where & mask].count_nonzero() == (where & mask).sum()


def test_asked_twice_the_analysis_says_the_same():
    space = WeightSpace(NETWORKS["mlp with batchnorm"]())
    mask = random_mask(prunable(space), 0.6)
    first, second = (instability(space, DIGITS, [0, 5], [0], points=5, mask=mask, **C) for _ in range(2))
    for metric in LINES:
        for one, other in zip(first.scans[0], second.scans[0], strict=True):
            assert np.array_equal(one[metric], other[metric])
    assert first.barrier("train_loss")[0, 0] > 0.01  # they do differ from each other
