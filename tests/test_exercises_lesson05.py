"""Lesson 05's exercises: references against independent knowledge, other right and wrong answers, skeletons, quiz."""

import copy
import math
import re

import numpy as np
import pytest
import torch
from exercises import (
    length_tells_nothing,
    letters_tell_nothing,
    message,
    only_the_last_hint_tells,
    outcome,
    random,
    right_when_filled,
    told_apart,
)

from toolkit import WeightSpace, evidence, models
from toolkit.exercises import check, predict
from toolkit.exercises.catalogue import EXERCISES, PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson05_choose import choose
from toolkit.exercises.lesson05_chosen import chosen
from toolkit.exercises.lesson05_gradients import product_gradient, readings, unit_gradient
from toolkit.exercises.lesson05_loss import late_phase_loss
from toolkit.exercises.lesson05_rank_one import Scarce, rank_one
from toolkit.exercises.lesson05_round import late_round
from toolkit.latephase import LatePhase, batch_ensemble
from toolkit.quadratic import NoisyQuadratic

QUIZ = [f"5.q{number}" for number in range(1, 8)]
pytestmark = pytest.mark.usefixtures("fresh_memory")


def vectors(*values):
    return torch.tensor(values, dtype=torch.double)


# 5.1 What is left


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("members", [1, 2, 5, 10])
def test_loss_is_that_of_the_toolkit(members, gamma):
    h, s = vectors(1.0, 0.3, 0.05), vectors(0.3, 2.0, 1.0)
    problem = NoisyQuadratic(h, s)
    for shared, late in [(0.05, 0.1), (0.0, 0.3), (0.15, 0.05)]:
        mine = late_phase_loss(h, s, shared, late, members, gamma)
        assert float(mine) == pytest.approx(problem.loss(problem.late_phase(shared, late, members, gamma)), rel=1e-12)


def test_losses_written_down_in_the_specification():
    h, s = vectors(1.0), vectors(0.3)
    for members, mean, total in [(1, 0.005, 0.005), (2, 0.0025, 0.003971), (5, 0.001, 0.003857), (10, 0.0005, 0.0055)]:
        assert float(late_phase_loss(h, s, 0.1, 0.1, members, 1 / members)) == pytest.approx(mean, rel=1e-3)
        assert float(late_phase_loss(h, s, 0.1, 0.1, members, 1.0)) == pytest.approx(total, rel=1e-3)
    assert float(late_phase_loss(h, s, 0.05, 0.05, 1, 1.0)) == pytest.approx(0.0023684, rel=1e-4)


def test_losses_of_the_average_and_of_a_member_are_those_of_many_rounds():
    (h, s, *settings), attempt = EXERCISES["5.1"].cases[0].inputs(), late_phase_loss
    path, at_end = NoisyQuadratic(h, s).run_late_phase(*settings, cycles=400, runs=1000)
    average = (h * path[100:].square().mean((0, 1)) / 2).sum().item()
    assert average == pytest.approx(float(attempt(h, s, *settings)), rel=0.05)
    member = next(wrong.function for wrong in EXERCISES["5.1"].wrong if wrong.label.startswith("a member"))
    around = (h * at_end.square().mean((0, 1)) / 2).sum().item()
    assert around == pytest.approx(float(member(h, s, *settings)), rel=0.05)


def by_direction(h, s, lr_shared, lr_late, members, gamma):
    total, lr = 0.0, lr_late + gamma * members * lr_shared
    for one, noise in zip(h.tolist(), s.tolist(), strict=True):
        total += lr * noise**2 / members / (2 * (2 - lr * one))
    return total


def by_the_toolkit(h, s, *settings):
    problem = NoisyQuadratic(h, s)
    return problem.loss(problem.late_phase(*settings))


def by_iteration(h, s, lr_shared, lr_late, members, gamma):
    lr, variance = lr_late + gamma * members * lr_shared, torch.zeros_like(h, dtype=torch.double)
    for _ in range(2000):
        variance = (1 - lr * h) ** 2 * variance + lr**2 * s**2 / members
    return (h * variance).sum().numpy() / 2


@pytest.mark.parametrize("attempt", [by_direction, by_the_toolkit, by_iteration])
def test_loss_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("5.1", attempt, capsys).startswith("✓ 5.1 correct.")


def test_a_number_where_directions_are_wanted_gets_advice(capsys):
    line = outcome("5.1", lambda h, s, *settings: float(h[0]).sum(), capsys)
    assert line.startswith("! 5.1 your code raised AttributeError") and "h and s are vectors [d], one entry a" in line


# 5.2 How many


def by_search(target, h, s, lr):
    members = 1
    while by_direction(h, s, lr / 2, lr / 2, members, 1 / members) > target:
        members += 1
    return members, 1 / members


def test_no_smaller_number_of_members_will_do_and_gamma_keeps_the_speed():
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        h, s = (torch.rand(2, 3, generator=generator, dtype=torch.double) + 0.1).unbind()
        lr, target = 0.1 + torch.rand((), generator=generator).item(), 0.01 + torch.rand((), generator=generator).item()
        members, gamma = choose(target, h, s, lr)
        assert (members, gamma) == by_search(target, h, s, lr)
        assert lr / 2 + gamma * members * lr / 2 == pytest.approx(lr, rel=1e-12)


def test_the_cases_of_how_many_do_not_hang_on_rounding():
    for number, case in enumerate(EXERCISES["5.2"].cases):
        target, h, s, lr = case.inputs()
        ratio = by_direction(h.double(), s.double(), lr / 2, lr / 2, 1, 1.0) / target
        assert ratio == 4 if number == 1 else abs(ratio - round(ratio)) > 0.01
        assert torch.equal(h, h.double().float()) and choose(target, h, s, lr)[0] == math.ceil(ratio)


def by_previous_exercise(target, h, s, lr):
    return next([k, 1 / k] for k in range(1, 1000) if late_phase_loss(h, s, lr / 2, lr / 2, k, 1 / k) <= target)


def by_numpy(target, h, s, lr):
    h, s = h.numpy(), s.numpy()
    members = np.ceil(np.sum(lr * s**2 / (4 - 2 * lr * h)) / target)
    return np.int64(members), torch.tensor(1.0) / members


@pytest.mark.parametrize("attempt", [by_search, by_previous_exercise, by_numpy])
def test_how_many_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("5.2", attempt, capsys).startswith("✓ 5.2 correct.")


def test_a_search_with_gamma_one_that_never_ends_gets_advice(capsys):
    def attempt(target, h, s, lr):
        members = 1
        while not 0 < late_phase_loss(h, s, lr / 2, lr / 2, members, 1.0) <= target:
            members += 1
        return members, 1.0

    check("5.2", attempt, seconds=0.2)
    line = re.sub(r"\n +", " ", capsys.readouterr().out)
    assert "timed out after 0.2 s" in line and "the loss comes down only if the average does not speed up" in line


def test_a_search_with_gamma_one_ends_where_nothing_settles(capsys):
    def attempt(target, h, s, lr):
        return next((k, 1.0) for k in range(1, 99) if late_phase_loss(h, s, lr / 2, lr / 2, k, 1.0) <= target)

    line = outcome("5.2", attempt, capsys)
    assert message("5.2", "searched with gamma = 1") in line and "expected 9, got 16" in line
    _, h, s, lr = EXERCISES["5.2"].cases[0].inputs()
    assert late_phase_loss(h, s, lr / 2, lr / 2, 16, 1.0) < 0 and lr / 2 * (1 + 16) * h.min() > 2


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (lambda *args: choose(*args)[0], "expected 2 values (return first, second), got a value of type int."),
        (lambda target, h, s, lr: (math.ceil(h.sum()), None), "value 1 of 2: expected 9, got 2."),
        (lambda *args: (choose(*args)[0], "1 / K"), "value 2 of 2: expected one number, got a value of type str."),
        (lambda target, h, s, lr: torch.ceil(lr / target), "torch.ceil takes a tensor, math.ceil a number. hint("),
    ],
)
def test_results_that_are_no_number_and_gamma(attempt, told, capsys):
    assert told in outcome("5.2", attempt, capsys)


# 5.3 One round


@pytest.mark.parametrize("seed", range(3))
def test_gradients_of_the_cases_are_those_of_autograd(seed):
    shared, own = random(2, 2, seed=seed)
    one, (many,) = random(2, seed=seed + 9), readings(seed, 6)
    for gradient, phi, batch, loss in [
        (product_gradient, own, one, lambda shared, phi: (shared * phi - one).square().sum() / 2),
        (unit_gradient, own[:1], many, lambda s, p: (p * (many[:, :2] @ s) - many[:, 2]).square().mean() / 2),
    ]:
        leaves = [value.clone().requires_grad_() for value in (shared, phi)]
        loss(*leaves).backward()
        for mine, leaf in zip(gradient(shared, phi, batch), leaves, strict=True):
            torch.testing.assert_close(mine, leaf.grad)


def test_a_round_is_that_of_torch_optimisers():
    for case in EXERCISES["5.3"].cases:
        shared, own, gradient, batches, lr, gamma = case.inputs()
        base, members = shared.clone(), [phi.clone() for phi in own]
        total = torch.zeros_like(base)
        for phi, batch in zip(members, batches, strict=True):
            g_shared, phi.grad = gradient(base, phi, batch)
            torch.optim.SGD([phi], lr=lr).step()
            total += g_shared
        base.grad = gamma * total
        torch.optim.SGD([base], lr=lr).step()
        mine = late_round(*case.inputs())
        torch.testing.assert_close(mine, (base, torch.stack(members)))


def test_a_round_is_that_of_the_toolkit():
    space, generator = WeightSpace(models.mlp(6, 5, 4)), torch.Generator().manual_seed(0)
    late = LatePhase(space, space.init(0), "last_layer", members=3, start=0, noise=0.5, gamma=0.7)
    late.begin(3)
    late.sample(generator)  # lets the members go
    batches = [(random(8, 6, seed=k), torch.arange(8) % 4) for k in range(3)]
    shared, own = late.leaves()[0].detach().clone(), late.own.clone()

    def gradient(shared, phi, batch):
        leaf = late.part.weights(shared, phi).requires_grad_()
        torch.nn.functional.cross_entropy(space.logits(leaf, batch[0]), batch[1]).backward()
        return late.part.share(shared, phi, leaf.grad)

    mine = late_round(shared, own, gradient, batches, 0.3, 0.7)
    optimizer = torch.optim.SGD(late.leaves(), lr=0.3)
    for batch in batches:
        leaf = late.sample(generator).clone().requires_grad_()
        torch.nn.functional.cross_entropy(space.logits(leaf, batch[0]), batch[1]).backward()
        late.give(leaf.grad)
        optimizer.step()
        late.after_step()
    torch.testing.assert_close(mine, (late.leaves()[0].detach(), late.own))
    assert not torch.allclose(mine[0], shared) and not torch.allclose(mine[1][0], mine[1][1])


def test_one_member_is_plain_sgd_and_equal_members_stay_equal():
    shared, own, (batch,) = random(2), random(1, 1, seed=1), readings(0, 9)
    g_shared, g_own = unit_gradient(shared, own[0], batch)
    moved, members = late_round(shared, own, unit_gradient, [batch], 0.1, 1.0)
    assert torch.equal(moved, shared - 0.1 * g_shared) and torch.equal(members, own - 0.1 * g_own)
    again, four = late_round(shared, own.expand(4, 1), unit_gradient, [batch] * 4, 0.1, 0.25)
    torch.testing.assert_close(again, moved)
    torch.testing.assert_close(four, members.expand(4, 1))


def by_comprehension(shared, own, gradient, batches, lr, gamma):
    pairs = [gradient(shared, phi, batch) for phi, batch in zip(own, batches, strict=True)]
    step = gamma * sum(g for g, _ in pairs)
    return [shared - lr * step, torch.stack([phi - lr * g for phi, (_, g) in zip(own, pairs, strict=True)])]


def by_copies(shared, own, gradient, batches, lr, gamma):
    moved, held = own.clone(), torch.zeros(len(shared))
    for k in range(len(moved)):
        g_shared, g_own = gradient(shared, moved[k], batches[k])
        moved[k] -= lr * g_own
        held += g_shared
    return shared - lr * gamma * held, moved


def backwards(shared, own, gradient, batches, lr, gamma):
    shared, own = late_round(shared, own.flip(0), gradient, list(batches)[::-1], lr, gamma)
    return shared, own.flip(0)


@pytest.mark.parametrize("attempt", [by_comprehension, by_copies, backwards])
def test_a_round_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("5.3", attempt, capsys).startswith("✓ 5.3 correct.")


def if_k(shared, own, gradient, batches, lr, gamma):
    total, moved = torch.zeros_like(shared), own.clone()
    for k, batch in enumerate(batches):
        g_shared, g_own = gradient(shared, own[k], batch)
        if k:
            moved[k] = own[k] - lr * g_own
        total = total + g_shared
    return shared - lr * gamma * total, moved


def begun_anew(shared, own, gradient, batches, lr, gamma):
    for k, batch in enumerate(batches):
        g_shared, _ = gradient(shared, own[k], batch)
        total = total + g_shared if k > 1 else g_shared  # noqa: F821
    return shared - lr * gamma * total, late_round(shared, own, gradient, batches, lr, gamma)[1]


def overwritten(shared, own, gradient, batches, lr, gamma):
    moved = []
    for k, batch in enumerate(batches):
        g_shared, g_own = gradient(shared, own[k], batch)
        moved.append(own[k] - lr * g_own)
        total = g_shared
    return shared - lr * gamma * total, torch.stack(moved)


def swapped(shared, own, gradient, batches, lr, gamma):
    total, moved = 0, []
    for k, batch in enumerate(batches):
        g_own, g_shared = gradient(shared, own[k], batch)
        moved.append(own[k] - lr * g_own)
        total = total + g_shared
    return shared - lr * gamma * total, torch.stack(moved)


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (if_k, "member 0 does not move"),
        (begun_anew, "member 0 not counted"),
        (overwritten, "the last gradient only"),
        (swapped, "gradients swapped"),
    ],
)
def test_mistakes_of_a_round_as_learners_write_them(attempt, label, capsys):
    assert outcome("5.3", attempt, capsys).startswith(f"✗ 5.3 not correct: {message('5.3', label)} For late_round(")


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (
            lambda shared, own, gradient, batches, lr, gamma: gradient(shared, own, batches[0]),
            "gradient takes the weights of one member, phi a vector, got a tensor of shape [3, 2] (line 1 of",
        ),
        (
            lambda shared, own, gradient, batches, lr, gamma: gradient(shared, own, batches[0]),
            "Go through the members one by one: own[k] is a vector [P]. hint(",
        ),
        (
            lambda shared, own, gradient, batches, lr, gamma: gradient(shared, own[0], batches),
            "gradient takes one batch, a tensor of 1 dimension(s), got a tensor of shape [3, 2] (line 1 of",
        ),
        (
            lambda shared, own, gradient, batches, lr, gamma: gradient(shared, own[0], batches),
            "Each member has one batch: batches[k]. hint(",
        ),
    ],
)
def test_errors_of_a_round_get_advice(attempt, advice, capsys):
    line = outcome("5.3", attempt, capsys)
    assert line.startswith("! 5.3 your code raised TypeError: ") and advice in line


@pytest.mark.parametrize("name", ["shared", "own"])
def test_weights_changed_in_place_are_named(name, capsys):
    def attempt(shared, own, gradient, batches, lr, gamma):
        moved = late_round(shared, own, gradient, batches, lr, gamma)
        if name == "shared":
            shared -= lr * gamma
        for k in range(len(own) if name == "own" else 0):
            own[k] -= lr
        return moved

    assert f"your function overwrites its input {name} ({name}[i] = …, +=" in outcome("5.3", attempt, capsys)


def test_members_in_a_list_are_told_how_to_become_a_tensor(capsys):
    def attempt(*args):
        shared, own = late_round(*args)
        return shared, list(own)

    told = "value 2 of 2: expected a tensor of shape [3, 2], got a value of type list (torch.stack or torch.cat makes"
    assert told in outcome("5.3", attempt, capsys)


# 5.4 In one pass


def by_matrices(x, W, u, v):
    return torch.stack([x @ (W * torch.outer(a, b)).T for a, b in zip(u, v, strict=True)])


def test_one_pass_is_that_of_the_members_matrices():
    for members, batch, outputs, inputs in [(3, 4, 2, 5), (1, 1, 6, 3), (7, 2, 4, 4)]:
        x, W = random(batch, inputs), random(outputs, inputs, seed=1)
        u, v = random(members, outputs, seed=2), random(members, inputs, seed=3)
        torch.testing.assert_close(rank_one(x, W, u, v), by_matrices(x, W, u, v), atol=1e-5, rtol=1e-5)
        ones = torch.ones(members, outputs), torch.ones(members, inputs)
        torch.testing.assert_close(rank_one(x, W, *ones), (x @ W.T).expand(members, -1, -1))


def test_one_pass_is_that_of_the_toolkit():
    space, x = WeightSpace(torch.nn.Sequential(torch.nn.Linear(6, 4, bias=False))), random(5, 6)
    late = LatePhase(space, space.init(0), "rank1", members=3, start=0, noise=0.5)
    late.begin(3)
    late.sample(torch.Generator().manual_seed(0))
    W = space.unflatten(late.leaves()[0].detach())["0.weight"]
    u, v = (torch.stack(rows) for rows in zip(*(late.part.vectors(phi)[0][1:] for phi in late.own), strict=True))
    torch.testing.assert_close(rank_one(x, W, u, v), batch_ensemble(space, late, x))


def by_vmap(x, W, u, v):
    return torch.vmap(lambda a, b: (x * b) @ W.T * a)(u, v)


def by_einsum(x, W, u, v):
    return torch.einsum("bi,oi,ko,ki->kbo", x, W, u, v)


def by_loop(x, W, u, v):
    return torch.stack([((x * v[k]) @ W.T) * u[k] for k in range(len(u))])


def by_views_of_w(x, W, u, v):
    return torch.bmm(x * v.unsqueeze(1), W.T.expand(len(u), -1, -1)) * u.unsqueeze(1)


def by_repeated_batch(x, W, u, v):
    repeated = x.repeat(len(u), 1) * v.repeat_interleave(len(x), 0)
    y = torch.nn.functional.linear(repeated, W) * u.repeat_interleave(len(x), 0)
    return y.unflatten(0, (len(u), len(x)))


def by_a_copy_of_w(x, W, u, v):
    return ((x * v[:, None]) @ W.T.contiguous()) * u[:, None]


def in_double_and_back(x, W, u, v):
    x, W, u, v = (value.double() for value in (x, W, u, v))
    return by_einsum(x, W, u, v).float()


@pytest.mark.parametrize(
    "attempt",
    [by_vmap, by_einsum, by_loop, by_views_of_w, by_repeated_batch, by_a_copy_of_w, in_double_and_back],
)
def test_one_pass_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("5.4", attempt, capsys).startswith("✓ 5.4 correct.")


def by_all_matrices(x, W, u, v):
    return x @ (W * u[:, :, None] * v[:, None]).mT


def by_vmapped_matrices(x, W, u, v):
    return torch.vmap(lambda a, b: x @ (W * torch.outer(a, b)).T)(u, v)


def by_copies_of_w(x, W, u, v):
    return torch.bmm(x * v[:, None], W.T.repeat(len(u), 1, 1)) * u[:, None]


def by_scaled_rows(x, W, u, v):
    return torch.stack([(x * b) @ (W * a[:, None]).T for a, b in zip(u, v, strict=True)])


def by_einsum_of_matrices(x, W, u, v):
    return torch.einsum("bi,koi->kbo", x, torch.einsum("oi,ko,ki->koi", W, u, v))


@pytest.mark.parametrize(
    "attempt",
    [by_matrices, by_all_matrices, by_vmapped_matrices, by_copies_of_w, by_scaled_rows, by_einsum_of_matrices],
)
def test_matrices_of_the_members_find_no_memory(attempt, capsys):
    x, W, u, v = EXERCISES["5.4"].cases[0].inputs()
    torch.testing.assert_close(attempt(x, W, u, v), rank_one(x, W, u, v))  # right but for the memory
    line = outcome("5.4", attempt, capsys)
    assert line.startswith("! 5.4 your code raised MemoryError: no memory for a tensor of shape [")
    assert "] beside W (line " in line and "You make a matrix as large as W for a member." in line


def test_the_scarce_matrix_is_like_any_other_but_for_memory():
    x, W, u, v = EXERCISES["5.4"].cases[1].inputs()
    plain = W.as_subclass(torch.Tensor)
    assert type(W) is Scarce and type(plain) is torch.Tensor and W.shape == (40, 30)
    twin = copy.deepcopy(W)
    assert type(twin) is Scarce and torch.equal(twin, W) and twin.data_ptr() != W.data_ptr()
    torch.testing.assert_close(rank_one(x, W, u, v).as_subclass(torch.Tensor), by_all_matrices(x, plain, u, v))
    assert W.T.shape == (30, 40) and W[:20].sum() == plain[:20].sum() and W.expand(3, -1, -1).shape == (3, 40, 30)
    for copying in (Scarce.clone, lambda W: W.T.contiguous(), lambda W: W.T.flatten(), Scarce.double):
        assert torch.equal(copying(W).flatten().sum(), plain.sum().to(copying(W).dtype))
    for changing in (lambda W: W + 1, lambda W: W * plain, lambda W: torch.cat([W, W]), lambda W: W.repeat(2, 1)):
        with pytest.raises(MemoryError, match=r"^no memory for a tensor of shape \[\d+, \d+\] beside W$"):
            changing(W)
    largest = max(rank_one(x, plain, u, v).numel(), (x * v[:, None]).numel())
    assert largest < plain.numel() == Scarce.numbers


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, W, u, v: rank_one(x, W, u, v).double(),
        lambda *args: by_einsum(*(value.double() for value in args)),
        lambda *args: torch.from_numpy(rank_one(*args).as_subclass(torch.Tensor).numpy().astype("f8")),
    ],
)
def test_a_result_of_another_dtype_is_told_by_its_dtype(attempt, capsys):
    line = outcome("5.4", attempt, capsys)
    assert line.startswith(
        f"✗ 5.4 not correct: {message('5.4', 'double precision')} For rank_one(x, W, u, v): x is of "
    )
    assert "x is of torch.float32, and torch.float64 came back." in line
    x, W, u, v = EXERCISES["5.4"].cases[0].inputs()
    with pytest.raises(RuntimeError):  # what the lesson does next
        torch.allclose(attempt(x, W, u, v), rank_one(x, W, u, v))


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda x, W, u, v: (x * v) @ W.T * u, "v[:, None] is [K, 1, in], and goes with every sample. hint("),
        (lambda x, W, u, v: W @ x, "W is [out, in] and x [B, in]: a linear layer computes x @ W.T. hint("),
    ],
)
def test_errors_of_one_pass_get_advice(attempt, advice, capsys):
    line = outcome("5.4", attempt, capsys)
    assert line.startswith("! 5.4 your code raised RuntimeError: ") and advice in line


def test_the_mean_of_the_products_is_the_product_of_the_means_and_their_covariance():
    u, v = random(50, 4).double(), random(50, 3, seed=1).double()
    covariance = torch.cov(torch.cat([u, v], dim=1).T, correction=0)[:4, 4:]
    products = torch.einsum("ko,ki->oi", u, v) / len(u)
    torch.testing.assert_close(products - torch.outer(u.mean(0), v.mean(0)), covariance)
    assert torch.linalg.matrix_rank(products) == 3
    one, other = np.array([1.5, 0.5]), np.array([1.5, 0.5])
    assert ((one * other).mean(), one.mean() * other.mean()) == (1.25, 1.0)
    assert QUESTIONS["5.q6"].options[QUESTIONS["5.q6"].answer].startswith("1.25 and 1:")


# 5.5 A step too many


def recorded(chosen, members=4, rounds=10):
    """Run rounds in which every member has one turn, gradients set to zero before each; count the steps."""
    phi = [torch.ones(1, requires_grad=True) for _ in range(members)]
    optimizers = [torch.optim.SGD([one], lr=0.1, momentum=0.9, weight_decay=0.1) for one in phi]
    counts = [0] * members
    for k in range(members):
        phi[k].grad = torch.zeros(1)
    for _ in range(rounds):
        for k in range(members):
            for one in phi:
                one.grad.zero_()
            phi[k].grad += 1.0
            for optimizer in chosen(optimizers, k):
                optimizer.step()
                counts[optimizers.index(optimizer)] += 1
    return counts, [one.item() for one in phi]


def buggy(optimizers, member=None):
    if member:
        return [optimizers[member]]
    return optimizers


def test_the_fault_gives_all_members_but_the_first_an_extra_step_each_round():
    counts, weights = recorded(buggy)
    assert counts == [10, 20, 20, 20]
    right, expected = recorded(chosen)
    assert right == [10] * 4 and expected == [expected[0]] * 4
    assert weights[0] == expected[0] and all(weight < expected[0] - 0.1 for weight in weights[1:])


def by_equality(optimizers, member=None):
    return [optimizers[member]] if member or member == 0 else optimizers


def by_slice(optimizers, member=None):
    return optimizers[slice(None) if member is None else slice(member, member + 1)]


def by_comparison(optimizers, member=None):
    return tuple(o for i, o in enumerate(optimizers) if member is None or i == member)


def by_kind(optimizers, member=None):
    return [optimizers[member]] if isinstance(member, int) else list(optimizers)


@pytest.mark.parametrize("attempt", [by_equality, by_slice, by_comparison, by_kind])
def test_chosen_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("5.5", attempt, capsys).startswith("✓ 5.5 correct.")
    assert recorded(attempt)[0] == [10] * 4


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (buggy, "with member = 0 of 4 optimisers, expected [A], got [A, B, C, D]."),
        (lambda optimizers, member=None: [optimizers[member or 0]], "with member = None of 4 optimisers, expected ["),
        (lambda optimizers, member=None: optimizers[0], "with member = 2 of 4 optimisers, expected a list, got A."),
        (lambda optimizers, member=None: 2, "expected a list, got a value of type int."),
        (lambda optimizers, member=None: None, "your function returned None (is the return missing?)."),
        (lambda optimizers, member=None: [None, print], "expected [C], got [a value of type NoneType, a function]."),
        (lambda optimizers, member=None: ["C"] * 99, "expected [C], got [" + "C, " * 12 + "…]."),
    ],
)
def test_what_was_seen_in_a_wrong_choice(attempt, told, capsys):
    line = outcome("5.5", attempt, capsys)
    assert line.startswith("✗ 5.5 not correct: ") and "or chosen(optimizers, member): " in line and told in line


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (buggy, "if member"),
        (lambda optimizers, member=None: [optimizers[member]] if (member or 0) > 0 else optimizers, "if member"),
        (lambda optimizers, member=0: [optimizers[member or 0]], "member 0 where none is named"),
        (lambda optimizers, member=None: optimizers[:1] if member == 0 else optimizers, "always everyone"),
        (lambda optimizers, member=None: chosen(optimizers, member) if member != 0 else [], "nobody for member 0"),
    ],
)
def test_mistakes_in_choosing_as_learners_write_them(attempt, label, capsys):
    assert outcome("5.5", attempt, capsys).startswith(f"✗ 5.5 not correct: {message('5.5', label)} For chosen(")


def test_four_names_learned_by_heart_are_not_enough(capsys):
    line = outcome("5.5", lambda optimizers, member=None: ["ABCD"[member]] if member is not None else [*"ABCD"], capsys)
    assert "with member = 0 of 2 optimisers, expected [E], got [A]." in line


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (
            lambda optimizers, member=None: [optimizers[member]] if member >= 0 else optimizers,
            "member may be None, which is no larger and no smaller than a number. Ask for None first. hint(",
        ),
        (lambda optimizers, member=None: [optimizers[member]], "there is no index: then all optimisers step. hint("),
        (
            lambda optimizers, member=None: [o for i, o in enumerate(optimizers) if i == member + 0],
            "member may be None. Ask for None first. hint(",
        ),
        (
            lambda optimizers, member=None: optimizers[member or 0].step(),
            "Only return the optimisers: the loop calls step() on them. hint(",
        ),
    ],
)
def test_errors_in_choosing_get_advice(attempt, advice, capsys):
    line = outcome("5.5", attempt, capsys)
    assert line.startswith("! 5.5 your code raised ") and advice in line


# Every mistake can be told from every other


@pytest.mark.parametrize("id", ["5.1", "5.2", "5.3", "5.4", "5.5"])
def test_every_mistake_is_seen_and_gives_another_result_where_it_is_first_seen(id):
    told_apart(id)


@pytest.mark.parametrize("id", ["5.1", "5.3", "5.4"])
def test_the_first_case_is_the_most_telling(id):
    assert not any(told_apart(id))


# Skeletons, quiz, predictions


@pytest.mark.parametrize(
    ("id", "gaps"),
    [
        ("5.1", ["gamma * members * lr_shared", "s**2 / members"]),
        ("5.2", ["(lr * s**2 / (2 * (2 - lr * h))).sum()", "alone / target", "1 / members"]),
        ("5.3", ["shared, own[k], batch", "own[k] - lr * g_own", "total + g_shared", "lr * gamma * total"]),
        ("5.4", ["v[:, None]", "u[:, None]"]),
        ("5.5", ["member is None"]),
    ],
)
def test_skeleton_with_its_gaps_filled_is_correct(id, gaps, capsys):
    right_when_filled(id, gaps, capsys)


def test_only_the_last_hints_give_the_answer_away():
    for id, answer in [("5.1", "s² / K"), ("5.3", "lr * gamma * total"), ("5.4", "v[:, None]"), ("5.5", "is None")]:
        only_the_last_hint_tells(id, answer)


def test_every_objective_is_proved_by_an_exercise():
    assert {exercise.objective for id, exercise in EXERCISES.items() if id.startswith("5.")} == {1, 2, 3, 4}
    assert [id for id in QUESTIONS if id.startswith("5.")] == QUIZ


@pytest.mark.parametrize("id", QUIZ)
def test_length_does_not_give_the_right_option_away(id):
    length_tells_nothing(id, 1.5, 1.15)


def test_right_letters_follow_no_pattern():
    letters_tell_nothing(QUIZ)


def settled(h, lr, power, steps, variance=0.0):
    """Second moments after so many steps of plain SGD with noise variance `power`."""
    for _ in range(steps):
        variance = (1 - lr * h) ** 2 * variance + lr**2 * power
    return variance


def test_numbers_of_the_quiz_about_quadratics():
    h = 1 / torch.arange(1, 51, dtype=torch.double)
    problem, told = NoisyQuadratic(h, h.sqrt()), QUESTIONS["5.q1"].text
    start = problem.sgd(0.5)
    assert "50 directions" in told and f"a loss of {problem.loss(start):.2f}" in told
    late = problem.loss(settled(h, 0.5, h / 10, 300, start))
    slow = problem.loss(settled(h, 0.05, h, 3000, start))
    assert f"(gamma = 1 / 10) has {late:.3f}, " in told and f"a tenth of the learning rate {slow:.3f}" in told
    assert f"last 3000 iterates {problem.loss(problem.swa(0.5, 3000)):.3f}." in told

    text, one, s = QUESTIONS["5.q2"].text, vectors(1.0), vectors(0.3)
    values = [float(late_phase_loss(one, s, 0.1, 0.1, members, 1.0)) for members in (1, 5, 10)]
    assert "at {:.4f} with one member, at {:.4f} with five, at {:.4f} with ten".format(*values) in text
    assert 0.1 + 0.1 * 19 == pytest.approx(2 / float(one))
    with pytest.raises(ValueError, match="lr"):
        NoisyQuadratic(one, s).late_phase(0.1, 0.1, 19, 1.0)


def test_an_extra_step_without_gradient_moves_on_and_decays():
    weight = torch.ones(1, requires_grad=True)
    for momentum, decay, moves in [(0.0, 0.0, False), (0.9, 0.0, True), (0.0, 0.1, True)]:
        optimizer = torch.optim.SGD([weight], lr=0.1, momentum=momentum, weight_decay=decay)
        weight.grad = torch.ones(1)
        optimizer.step()
        before, weight.grad = weight.item(), torch.zeros(1)
        optimizer.step()
        assert (weight.item() < before) is moves
        weight.grad, before = None, weight.item()
        optimizer.step()
        assert weight.item() == before


def percent(value, digits=0):
    return f"{100 * np.mean(value):.{digits}f} %"


def test_numbers_of_the_quiz_about_digits_are_those_of_the_evidence():
    grid, runs = evidence.load("05", "grid"), evidence.load("05", "methods")["test_accuracy"]["0.4"]
    at = grid["members"].index(5), grid["start"].index(0.6)
    average, member, together = (
        {noise: grid[name][at[0]][at[1]][n] for n, noise in enumerate(grid["noise"])}
        for name in ("average", "member", "ensemble")
    )
    question = QUESTIONS["5.q3"]
    assert f"a member reads {percent(member[2])} of the test digits, the network" in question.text
    assert (
        f"weights {percent(average[2])}, and the average of their predictions {percent(together[2])}." in question.text
    )
    assert f"its own would give {percent(together[2])} too" in question.options["b"]
    assert f"read {percent(member[0.5], 1)} and their average {percent(average[0.5], 1)}." in question.feedback["c"]

    question = QUESTIONS["5.q4"]
    assert f"a member reads {percent(member[1])}, the average of five members {percent(average[1])}" in question.text
    assert f"as usual {percent(grid['base'])}. " in question.text and "brings 10 points" in question.text
    assert round(100 * (np.mean(average[1]) - np.mean(grid["base"]))) == 10
    assert 0 < np.mean(average[1]) - np.mean(member[1]) < 0.01
    names = ("K 1, noise 1, average", "half the epochs", "stopped where validation is best")
    told = "reads {}, one trained for half the epochs {}, one stopped where clean validation digits say so {}."
    assert told.format(*(percent(runs[name]) for name in names)) in question.feedback["b"]
    scatter = [100 * np.std(values, ddof=1) for values in (member[1], average[1], grid["base"])]
    assert 0.5 < min(scatter) and max(scatter) < 3.5 and "by one to three points" in question.feedback["d"]

    ways, reason = evidence.load("05", "averages")["test_accuracy"], QUESTIONS["5.q5"].feedback
    own = percent(ways["1"]["refreshed"])
    assert f"reads {percent(ways['1']['averaged statistics'])} with these and {own} with its own" in reason["a"]
    assert f"{percent(ways['1']['those of one member'])} with the statistics of one of them, and {own}" in reason["b"]
    assert (
        np.ptp([np.mean(values) for name, values in ways["0.5"].items() if name != "folded"]) < 0.01
    )  # "hardly shows"

    text = PREDICTIONS["5.p2"].text
    assert f"as usual: {percent(grid['base'])}; such a member: {percent(member[2])})" in text


def test_predictions_take_the_numbers_that_were_measured(capsys):
    assert [predict("5.p2", 40), predict("5.0", 9.5), predict("5.p3", 90)] == [40.0, 9.5, 90.0]
    assert capsys.readouterr().out.count("Noted: you expect") == 3
    one, s = vectors(1.0), vectors(0.3)
    problem = NoisyQuadratic(one, s)
    whole = problem.loss(problem.sgd(0.1))
    assert 100 * problem.loss(problem.sgd(0.01)) / whole == pytest.approx(9.5, abs=0.1)
    assert 100 * problem.loss(problem.late_phase(0.05, 0.05, 10, 0.1)) / whole == pytest.approx(10)
    assert "the average of ten members: 10 %" in PREDICTIONS["5.0"].text
    assert predict("5.p2", 101) is None
