"""Doubly stochastic matrices: mixing by permutations is renumbering; projections, Sinkhorn and Birkhoff by hand."""

from itertools import permutations

import pytest
import torch
from torch import nn
from zoo import ZOO

from toolkit import WeightSpace, match, models
from toolkit.match import relaxed
from toolkit.segments import Segment
from toolkit.symmetry import trace


class Joined(nn.Module):
    """Two branches side by side, so that an axis has two groups and inputs that are never renumbered."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.head = nn.Linear(64, 5), nn.Linear(64, 7), nn.Linear(5 + 64 + 7, 10)

    def forward(self, x):
        x = x.flatten(1)
        return self.head(torch.cat([self.left(x).relu(), x, self.right(x).relu()], 1))


def flattened():
    """A CNN whose classifier sees every pixel of every channel: a unit is a block of 16 entries."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 9),
        nn.ReLU(),
        nn.Linear(9, 10),
    )


NETS = {
    "mlp": lambda: models.mlp(64, 12, 8, 10),
    "mlp with batchnorm": ZOO["mlp with batchnorm"],
    "cnn": models.cnn,
    "cnn with flatten": flattened,
    "resnet": ZOO["resnet"],
    "joined": Joined,
    "tied": ZOO["tied"],
    "double": ZOO["double"],
}


@pytest.fixture(params=NETS)
def symmetry(request):
    space = WeightSpace(NETS[request.param]())
    return trace(space, torch.rand(4, 1, 8, 8).to(space.init(0).dtype))


def random(n, seed=0):
    return torch.randn(n, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def doubly_stochastic(n, seed=0):
    return relaxed.sinkhorn(random(n, seed), sweeps=500)


# ---------------------------------------------------------------------- mixing


@pytest.mark.parametrize("seed", [0, 1])
def test_mixing_by_permutations_is_renumbering(symmetry, seed):
    theta, perms = symmetry.space.init(seed), symmetry.random(seed)
    mixed = relaxed.mix(symmetry, theta, {name: relaxed.matrix(perm) for name, perm in perms.items()})
    assert mixed.shape == theta.shape and mixed.dtype == theta.dtype
    torch.testing.assert_close(mixed, symmetry.apply(theta, perms), atol=1e-6, rtol=1e-6)
    assert not torch.allclose(mixed, theta, atol=1e-3)


def test_mixing_by_the_identity_does_nothing(symmetry):
    theta = symmetry.space.init(0)
    mixed = relaxed.mix(symmetry, theta, {name: torch.eye(n) for name, n in symmetry.groups.items()})
    torch.testing.assert_close(mixed, theta, atol=1e-7, rtol=1e-6)


def test_mixing_two_groups_by_hand():
    symmetry = trace(WeightSpace(models.mlp(6, 3, 2, 4)), torch.rand(2, 6))
    theta = symmetry.space.init(0)
    one, two = doubly_stochastic(3).float(), doubly_stochastic(2).float()
    old = symmetry.space.unflatten(theta)
    new = symmetry.space.unflatten(relaxed.mix(symmetry, theta, {"fc1": one, "fc2": two}))
    expected = {
        "fc1.weight": one @ old["fc1.weight"],
        "fc1.bias": one @ old["fc1.bias"],
        "fc2.weight": two @ old["fc2.weight"] @ one.T,
        "fc2.bias": two @ old["fc2.bias"],
        "fc3.weight": old["fc3.weight"] @ two.T,
        "fc3.bias": old["fc3.bias"],
    }
    for name, value in expected.items():
        torch.testing.assert_close(new[name], value, atol=1e-6, rtol=1e-5)


def test_a_mixture_is_differentiable_in_matrices_and_network():
    symmetry = trace(WeightSpace(flattened().double()), torch.rand(2, 1, 8, 8).double())
    theta = symmetry.space.init(0).requires_grad_()
    soft = {name: doubly_stochastic(n).requires_grad_() for name, n in symmetry.groups.items()}
    g = torch.randn(symmetry.space.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    relaxed.mix(symmetry, theta, soft).backward(g)
    h = 1e-6
    for name, matrix in soft.items():
        for i, j in [(0, 0), (1, 3), (3, 1)]:
            ends = []
            for sign in (1, -1):
                moved = {key: value.detach().clone() for key, value in soft.items()}
                moved[name][i, j] += sign * h
                ends.append(g @ relaxed.mix(symmetry, theta.detach(), moved))
            assert matrix.grad[i, j].item() == pytest.approx(((ends[0] - ends[1]) / (2 * h)).item(), abs=1e-6)
    direction = torch.ones_like(theta)
    slope = g @ relaxed.mix(symmetry, direction, {name: matrix.detach() for name, matrix in soft.items()})
    assert (theta.grad @ direction).item() == pytest.approx(slope.item(), abs=1e-8)  # mixing is linear in theta


def test_a_soft_matrix_changes_the_function_and_a_permutation_does_not():
    space = WeightSpace(models.mlp(64, 12, 10))
    symmetry, x = trace(space, torch.rand(2, 64)), torch.rand(5, 64)
    theta = space.init(0)
    soft = relaxed.mix(symmetry, theta, {"fc1": doubly_stochastic(12)})
    assert (space.logits(soft, x) - space.logits(theta, x)).abs().max() > 1e-2


def test_the_symmetry_itself_stays_as_it_was(symmetry):
    before = {name: dict(axes) for name, axes in symmetry.axes.items()}
    relaxed.mix(symmetry, symmetry.space.init(0), {name: torch.eye(n) for name, n in symmetry.groups.items()})
    assert before == symmetry.axes
    assert all(isinstance(s, Segment) for axes in symmetry.axes.values() for row in axes.values() for s in row)


def test_the_matrix_of_a_permutation_takes_row_i_from_p_of_i():
    perm = torch.tensor([2, 0, 3, 1])
    values = torch.arange(4.0)
    assert torch.equal(relaxed.matrix(perm) @ values, values[perm])
    assert not torch.equal(relaxed.matrix(perm).T @ values, values[perm])


# ---------------------------------------------------------------------- projection


def one_sweep(values):
    """The formula, entry by entry."""
    n, values = len(values), values.clamp(min=0)
    r, c, total = values.sum(1) - 1, values.sum(0) - 1, values.sum()
    new = torch.empty_like(values)
    for i in range(n):
        for j in range(n):
            new[i, j] = values[i, j] - (r[i] + c[j]) / n + (total - n) / n**2
    return new


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_sweep_of_the_projection_by_its_formula(n):
    torch.testing.assert_close(relaxed.project(random(n), sweeps=1), one_sweep(random(n)), atol=1e-12, rtol=0)
    torch.testing.assert_close(
        relaxed.project(random(n), sweeps=2), one_sweep(one_sweep(random(n))), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 8, 32])
def test_rows_and_columns_of_a_projection_sum_to_one_and_next_to_nothing_is_negative(n, seed):
    near = relaxed.matrix(torch.randperm(n, generator=torch.Generator().manual_seed(seed))).double()
    for values in (random(n, seed), near + 0.1 * random(n, seed)):
        found = relaxed.project(values)
        assert (found.sum(0) - 1).abs().max() < 1e-9 and (found.sum(1) - 1).abs().max() < 1e-9
        assert found.min() > -0.05
        assert relaxed.project(values, sweeps=2000).min() > -1e-3
    assert torch.isfinite(relaxed.project(1e6 * random(n, seed))).all()


def test_a_sweep_without_negatives_is_the_nearest_matrix_with_these_sums():
    values = doubly_stochastic(6) + 0.01 * random(6, 1)
    found, n = relaxed.project(values, sweeps=1), 6
    assert values.min() > 0
    # what is taken off is a_i + b_j, at right angles to all matrices whose rows and columns sum to 0
    off = values - found
    residue = off - off.mean(0, keepdim=True) - off.mean(1, keepdim=True) + off.mean()
    assert residue.abs().max() < 1e-12 and (found.sum(0) - 1).abs().max() < 1e-12
    assert (values - found).norm() <= (values - doubly_stochastic(n)).norm()


def test_permutations_and_doubly_stochastic_matrices_are_fixed_points():
    for seed in range(5):
        perm = relaxed.matrix(torch.randperm(9, generator=torch.Generator().manual_seed(seed)))
        assert torch.equal(relaxed.project(perm), perm)
    torch.testing.assert_close(relaxed.project(doubly_stochastic(9)), doubly_stochastic(9), atol=1e-12, rtol=0)


def test_a_projection_drops_what_is_negative_before_it_counts():
    values = torch.tensor([[2.0, -5.0], [-5.0, 2.0]])
    torch.testing.assert_close(relaxed.project(values), torch.eye(2))


def test_rows_and_columns_are_treated_alike():
    torch.testing.assert_close(relaxed.project(random(7).T), relaxed.project(random(7)).T, atol=1e-12, rtol=0)


# ---------------------------------------------------------------------- Sinkhorn


@pytest.mark.parametrize("n", [1, 4, 16])
def test_sinkhorn_is_doubly_stochastic_and_keeps_odds(n):
    logits = random(n)
    found = relaxed.sinkhorn(logits, sweeps=200)
    assert (found.sum(0) - 1).abs().max() < 1e-9 and (found.sum(1) - 1).abs().max() < 1e-9
    assert found.min() > 0
    # dividing rows and columns leaves every odds ratio as it was
    odds = found.log() - logits
    residue = odds - odds.mean(0, keepdim=True) - odds.mean(1, keepdim=True) + odds.mean()
    assert residue.abs().max() < 1e-9


def test_sinkhorn_sweep_by_sweep():
    values = random(5).exp()
    for sweeps in (1, 2, 3):
        values = values / values.sum(1, keepdim=True)
        values = values / values.sum(0, keepdim=True)
        torch.testing.assert_close(relaxed.sinkhorn(random(5), sweeps), values, atol=1e-12, rtol=0)


def test_twenty_sweeps_are_enough_at_temperature_one():
    found = relaxed.sinkhorn(random(32))
    assert (found.sum(1) - 1).abs().max() < 1e-3
    assert (relaxed.sinkhorn(random(32), sweeps=1).sum(1) - 1).abs().max() > 1e-2


@pytest.mark.parametrize("seed", range(4))
def test_sinkhorn_becomes_the_best_permutation_as_it_cools(seed):
    logits, n = random(5, seed), 5
    best = max(permutations(range(n)), key=lambda p: sum(logits[i, j].item() for i, j in enumerate(p)))
    target = relaxed.matrix(torch.tensor(best)).double()
    off = [(relaxed.sinkhorn(logits / t, sweeps=5000) - target).abs().max().item() for t in (10, 1, 0.1, 0.01)]
    assert off == sorted(off, reverse=True) and off[-1] < 1e-3
    flat = relaxed.sinkhorn(logits / 1e6)
    torch.testing.assert_close(flat, torch.full_like(flat, 1 / n), atol=1e-5, rtol=0)


def test_sinkhorn_does_not_overflow():
    found = relaxed.sinkhorn(1e4 * random(6).float())
    assert torch.isfinite(found).all() and (found.sum(0) - 1).abs().max() < 1e-3


@pytest.mark.parametrize("temperature", [1.0, 0.2])
def test_the_gradient_through_sinkhorn_is_the_finite_difference(temperature):
    def soft(x):
        return relaxed.sinkhorn(x / temperature)

    assert torch.autograd.gradcheck(soft, random(5).requires_grad_(), eps=1e-6, atol=1e-6)


def test_a_number_added_to_all_changes_nothing():
    torch.testing.assert_close(relaxed.sinkhorn(random(6) + 3), relaxed.sinkhorn(random(6)), atol=1e-12, rtol=0)


# ---------------------------------------------------------------------- Birkhoff


def rebuilt(terms, n):
    return sum((weight * relaxed.matrix(perm).double() for weight, perm in terms), torch.zeros(n, n).double())


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_all_terms_together_are_the_matrix(n):
    values = doubly_stochastic(n)
    terms = relaxed.birkhoff(values, terms=n * n)
    torch.testing.assert_close(rebuilt(terms, n), values, atol=1e-6, rtol=0)
    assert sum(weight for weight, _ in terms) == pytest.approx(1, abs=1e-6)
    assert len(terms) <= n * n - 2 * n + 2
    assert all(weight > 0 and sorted(perm.tolist()) == list(range(n)) for weight, perm in terms)


def test_a_permutation_is_one_term():
    perm = torch.tensor([3, 1, 0, 2])
    ((weight, found),) = relaxed.birkhoff(relaxed.matrix(perm))
    assert weight == 1 and torch.equal(found, perm)


def test_weights_of_a_known_mean_are_found():
    perms = [torch.tensor(p) for p in ([0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1])]  # no entry in common
    values = sum(w * relaxed.matrix(p) for w, p in zip((0.5, 0.3, 0.2), perms, strict=True))
    found = relaxed.birkhoff(values)
    assert [weight for weight, _ in found] == pytest.approx([0.5, 0.3, 0.2], abs=1e-6)
    assert all(torch.equal(one, p) for (_, one), p in zip(found, perms, strict=True))


def test_the_first_few_terms_are_few_and_never_more_than_the_matrix():
    values = doubly_stochastic(12)
    terms = relaxed.birkhoff(values)
    assert len(terms) == 11
    assert (values - rebuilt(terms, 12)).min() > -1e-9
    assert len(relaxed.birkhoff(values, terms=3)) == 3


def test_a_zero_is_never_used_while_there_is_another_way():
    # Five permutations, each a cycle of five through unit 0. Unit 0 never stays, every other one does four times of
    # five: taking the identity, all entries but one are large.
    n, weight = 21, 0.2
    values = torch.zeros(n, n)
    for k in range(5):
        ring, perm = [0, *range(1 + 4 * k, 5 + 4 * k)], torch.arange(n)
        perm[ring] = torch.tensor(ring[1:] + ring[:1])
        values += weight * relaxed.matrix(perm)
    terms = relaxed.birkhoff(values, terms=500)
    assert sum(found for found, _ in terms) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(rebuilt(terms, n).float(), values, atol=1e-5, rtol=0)


def test_the_terms_of_a_projection_add_up_to_nearly_one():
    # a projection has tiny negatives, so it is not quite a mean of permutations
    for seed in range(5):
        values = relaxed.project(torch.eye(16) + 0.3 * random(16, seed).float())
        terms = relaxed.birkhoff(values, terms=300)
        assert 0.9 < sum(weight for weight, _ in terms) <= 1.02


def test_taking_a_matrix_apart_leaves_it_whole():
    values = doubly_stochastic(5).requires_grad_()
    before = values.detach().clone()
    relaxed.birkhoff(values)
    assert torch.equal(values.detach(), before) and values.grad is None


def test_the_first_term_is_the_best_assignment():
    values = doubly_stochastic(8)
    assert torch.equal(relaxed.birkhoff(values)[0][1], match.assign(values))
