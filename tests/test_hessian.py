"""The diagonal of the Hessian: against double backward, closed forms, and the sum over all sign vectors."""

from itertools import product as every
from math import sqrt

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy
from zoo import Attention

from toolkit import WeightSpace, data, models
from toolkit.landscape import hessian
from toolkit.landscape.hessian import hessian_diagonal

DIGITS = data.load("digits").subset(40)
X, Y = DIGITS.train_x.double(), DIGITS.train_y


class Free(nn.Module):
    """The logits are the weights themselves."""

    def __init__(self, n: int):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(n, dtype=torch.double))

    def forward(self, x: Tensor) -> Tensor:
        return self.w.expand(len(x), -1)

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.w)


class Apart(nn.Module):
    """Two classes and one-hot inputs: weight i meets example i and no other, so that H is diagonal."""

    def __init__(self, n: int):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(n, dtype=torch.double))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x @ self.w, torch.zeros_like(x @ self.w)], dim=1)


def symmetric(n: int, seed: int = 0) -> Tensor:
    h = torch.randn(n, n, dtype=torch.double, generator=torch.Generator().manual_seed(seed))
    return h + h.T


@pytest.fixture
def quadratic(monkeypatch):
    """Ask for the diagonal of 1/2 w'Hw at some point, with a mask or without."""

    def ask(h: Tensor, probes, mask=None, seed=0):
        monkeypatch.setattr(hessian, "cross_entropy", lambda logits, y: logits[0] @ h @ logits[0] / 2)
        theta = torch.randn(len(h), dtype=torch.double, generator=torch.Generator().manual_seed(5))
        space, nothing = WeightSpace(Free(len(h))), torch.zeros(1, 1)
        return hessian_diagonal(space, theta, nothing, nothing[0].long(), probes, mask, seed=seed)

    return ask


@pytest.fixture
def all_signs(monkeypatch):
    """Draw each of the 2^n sign vectors once, in order."""

    def prepare(n: int) -> int:
        rows = iter(every([0, 1], repeat=n))
        monkeypatch.setattr(
            torch, "randint", lambda high, size, generator: torch.tensor([next(rows) for _ in range(size[0])])
        )
        return 2**n

    return prepare


def double_backward(space: WeightSpace, theta: Tensor, x: Tensor, y: Tensor, stats=None) -> Tensor:
    """Row by row through torch.autograd on the ordinary module: the whole Hessian [D, D]."""
    module = space.module(theta, stats)
    leaf = theta.clone().requires_grad_()
    with sdpa_kernel(SDPBackend.MATH):  # the other kernels have no second derivative
        loss = cross_entropy(functional_call(module, space.unflatten(leaf), x), y)
    (g,) = torch.autograd.grad(loss, leaf, create_graph=True)
    return torch.stack([torch.autograd.grad(part, leaf, retain_graph=True)[0] for part in g])


NETWORKS = {
    "mlp": lambda: models.mlp(64, 3, 3, 10),
    "smooth": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 2), nn.Tanh(), nn.Linear(2, 10)),
    "cnn": lambda: models.cnn(width=2),
    "batchnorm": lambda: models.mlp(64, 3, 10, batchnorm=True),
    "layernorm": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.LayerNorm(3), nn.GELU(), nn.Linear(3, 10)),
    "dropout": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Dropout(0.5), nn.Linear(3, 10)),
    "attention": Attention,
}


def build(name: str) -> tuple[WeightSpace, Tensor, dict | None]:
    torch.manual_seed(0)
    space = WeightSpace(NETWORKS[name]().double())
    theta = space.init(0) * 2
    return space, theta, space.refresh(theta, X) or None


# ---------------------------------------------------------------------- exact


@pytest.mark.parametrize("name", NETWORKS)
def test_the_exact_diagonal_is_that_of_double_backward(name):
    space, theta, stats = build(name)
    h = double_backward(space, theta, X, Y, stats)
    found = hessian_diagonal(space, theta, X, Y, probes=None, stats=stats)
    assert torch.allclose(found.diagonal, h.diag(), atol=1e-10) and h.diag().abs().max() > 1e-3
    assert found.trace == pytest.approx(float(h.trace()), abs=1e-9)
    assert (found.error == 0).all() and found.relative_error == 0 and found.probes == 0
    assert not found.diagonal.requires_grad


class Heads(nn.Module):
    """Attention over the eight rows of an image, and nothing else."""

    def __init__(self):
        super().__init__()
        self.attend, self.head = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.squeeze(1)
        return self.head(self.attend(rows, rows, rows, need_weights=False)[0].mean(1))


def kernels() -> list[bool]:
    backends = torch.backends.cuda
    return [backends.flash_sdp_enabled(), backends.mem_efficient_sdp_enabled(), backends.math_sdp_enabled()]


@pytest.mark.parametrize("kind", [Heads, Attention])
def test_attention_is_derived_twice_without_a_setting_of_yours(kind):
    torch.manual_seed(0)
    space = WeightSpace(kind().double())
    theta, x = space.init(0) * 2, X[:10]
    h, before = double_backward(space, theta, x, Y[:10]), kernels()
    assert all(before)
    for _ in range(2):  # the setting is made anew for each call
        found = hessian_diagonal(space, theta, x, Y[:10], probes=None)
        assert torch.allclose(found.diagonal, h.diag(), atol=1e-10) and h.diag().abs().max() > 1e-3
    guess = hessian_diagonal(space, theta, x, Y[:10], probes=64)
    real = float((guess.diagonal - h.diag()).norm() / h.diag().norm())
    assert real / 1.5 < guess.relative_error < 1.5 * real
    with pytest.raises(ValueError, match="^y must be"):
        hessian_diagonal(space, theta, x, Y[:9])
    assert kernels() == before  # and taken back, after an error too


@pytest.mark.parametrize("name", ["mlp", "cnn", "batchnorm"])
def test_one_call_per_probe_is_v_times_hv(name, monkeypatch):
    space, theta, stats = build(name)
    signs = torch.randint(2, (35, space.size), generator=torch.Generator().manual_seed(0))  # more than go at once
    parts = iter(signs.split(32))
    monkeypatch.setattr(torch, "randint", lambda high, size, generator: next(parts))
    h, v = double_backward(space, theta, X, Y, stats), signs.double() * 2 - 1
    each = v * (v @ h)
    found = hessian_diagonal(space, theta, X, Y, probes=35, stats=stats)
    assert torch.allclose(found.diagonal, each.mean(0), atol=1e-10)
    assert torch.allclose(found.error, each.std(0) / sqrt(35), atol=1e-8)
    assert found.trace == pytest.approx(float((v * (v @ h)).sum(1).mean())) and found.probes == 35


def test_batchnorm_takes_the_statistics_it_is_given():
    space, theta, stats = build("batchnorm")
    other = space.refresh(theta, X[:10] * 2)
    mine, theirs = (hessian_diagonal(space, theta, X, Y, None, stats=given).diagonal for given in (stats, other))
    assert torch.allclose(theirs, double_backward(space, theta, X, Y, other).diag(), atol=1e-10)
    assert not torch.allclose(mine, theirs, atol=1e-3)
    with pytest.raises(ValueError, match="stats"):
        hessian_diagonal(space, theta, X, Y, None)


def test_a_linear_classifier_by_hand():
    space = WeightSpace(nn.Linear(3, 4).double())
    theta, x = space.init(0), torch.rand(7, 3, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    p = space.logits(theta, x).softmax(1)
    bend = p * (1 - p)  # the second derivative of the loss along each logit
    found = space.unflatten(hessian_diagonal(space, theta, x, torch.tensor([0, 1, 2, 3, 0, 1, 2]), None).diagonal)
    assert torch.allclose(found["weight"], bend.T @ x.square() / 7) and torch.allclose(found["bias"], bend.mean(0))


@pytest.mark.parametrize("n, probes", [(5, 2), (40, 33), (70, None)])
def test_a_diagonal_hessian_needs_no_more_probes_than_it_gets(n, probes):
    space, theta = WeightSpace(Apart(n)), torch.linspace(-2, 2, n, dtype=torch.double)
    found = hessian_diagonal(space, theta, torch.eye(n, dtype=torch.double), torch.arange(n) % 2, probes)
    p = theta.sigmoid()
    assert torch.allclose(found.diagonal, p * (1 - p) / n, rtol=1e-12)
    assert found.error.max() < 1e-9 and found.relative_error < 1e-6
    assert found.trace == pytest.approx(float((p * (1 - p)).mean()))


# ---------------------------------------------------------------------- Hutchinson's probes


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_over_all_sign_vectors_the_mean_is_the_diagonal_and_the_spread_what_theory_says(n, quadratic, all_signs):
    h = symmetric(n, seed=n)
    m = all_signs(n)
    found = quadratic(h, m)
    off = h.square().sum(1) - h.diag().square()  # the variance of one probe
    assert torch.allclose(found.diagonal, h.diag(), atol=1e-10)
    assert torch.allclose(found.error, (off / (m - 1)).sqrt(), atol=1e-7)
    assert found.trace == pytest.approx(float(h.trace()))
    truth = h.diag().square().sum() - off.sum() / (m - 1)
    if truth > 0:
        assert found.relative_error == pytest.approx(float((off.sum() / (m - 1) / truth).sqrt()), abs=1e-6)


def test_a_matrix_of_two_by_two_by_hand(quadratic, all_signs):
    """H = [[2, 1], [1, 2]]: probes see 3 or 1 at each place, so rho^2 = 2 / 8."""
    found = quadratic(torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double(), all_signs(2))
    assert found.diagonal.tolist() == [2, 2] and found.trace == 4 and found.probes == 4
    assert found.error.tolist() == pytest.approx([sqrt(1 / 3)] * 2)
    assert found.relative_error == pytest.approx(sqrt((2 / 3) / (8 - 2 / 3)))


@pytest.mark.parametrize("probes", [2, 31, 32, 33, 100])
def test_one_probe_is_exact_on_a_diagonal(quadratic, probes):
    h = torch.tensor([3.0, -2.0, 0.0, 1e-3, 50.0]).double()
    found = quadratic(h.diag(), probes)
    assert torch.allclose(found.diagonal, h, rtol=1e-12, atol=0) and found.probes == probes
    assert found.error.max() < 1e-6 and found.relative_error < 1e-6


def test_standard_errors_are_those_of_many_runs(quadratic):
    h = symmetric(30)
    runs = [quadratic(h, 64, seed=seed) for seed in range(300)]
    scores = torch.stack([(run.diagonal - h.diag()) / run.error for run in runs])
    assert scores.mean().abs() < 0.05 and 0.95 < scores.std() < 1.08
    assert (scores.mean(0).abs() < 4.5 / sqrt(300)).all() and ((scores.std(0) - 1).abs() < 0.2).all()


def test_signs_are_fair_independent_and_differ_by_seed(quadratic):
    h = torch.zeros(20, 20, dtype=torch.double)
    h[0, 1:] = h[1:, 0] = 1  # probe i shows v_0 v_i
    found = quadratic(h, 4000).diagonal
    assert (found[1:].abs() < 4.5 / sqrt(4000)).all() and found[0] == pytest.approx(float(found[1:].sum()))
    assert torch.equal(found, quadratic(h, 4000, seed=0).diagonal)
    assert not torch.equal(found, quadratic(h, 4000, seed=1).diagonal)
    h[2:, 0] = h[0, 2:] = 0
    assert len({float(quadratic(h, 64, seed=s).diagonal[1]) for s in range(20)}) > 5


@pytest.mark.parametrize("probes", [64, 256, 1024])
def test_the_error_is_as_predicted_and_falls_with_the_root_of_the_probes(probes):
    space = WeightSpace(models.mlp(64, 12, 10))
    theta, x = space.init(0) * 2, DIGITS.train_x
    exact = hessian_diagonal(space, theta, x, Y, None).diagonal
    runs = [hessian_diagonal(space, theta, x, Y, probes, seed=seed) for seed in range(3)]
    actual = [float((run.diagonal - exact).norm() / exact.norm()) for run in runs]
    rho = sum(actual) / 3 * sqrt(probes)
    for run, real in zip(runs, actual, strict=True):
        assert real / 1.5 < run.relative_error < 1.5 * real
        assert abs(run.trace - float(exact.sum())) < 0.2 * float(exact.sum())
    wider = hessian_diagonal(space, theta, x, Y, 2 * probes)
    assert wider.relative_error * sqrt(2 * probes) == pytest.approx(rho, rel=0.3)


def test_the_order_of_examples_and_of_hidden_units_does_not_matter():
    space, theta, _ = build("mlp")
    whole = hessian_diagonal(space, theta, X, Y, None)
    assert torch.allclose(hessian_diagonal(space, theta, X.flip(0), Y.flip(0), None).diagonal, whole.diagonal)
    order = torch.tensor([2, 0, 1])
    parts = {name: part.clone() for name, part in space.unflatten(theta).items()}
    for name in ("fc1.weight", "fc1.bias"):
        parts[name] = parts[name][order]
    parts["fc2.weight"] = parts["fc2.weight"][:, order]
    found = space.unflatten(hessian_diagonal(space, space.flatten(parts), X, Y, None).diagonal)
    old = space.unflatten(whole.diagonal)
    assert torch.allclose(found["fc1.weight"], old["fc1.weight"][order])
    assert torch.allclose(found["fc2.weight"], old["fc2.weight"][:, order])
    assert torch.allclose(found["fc3.weight"], old["fc3.weight"])


# ---------------------------------------------------------------------- under a mask


def test_what_is_pruned_bends_nothing_and_disturbs_nothing(quadratic):
    h, mask = symmetric(40), torch.rand(40, generator=torch.Generator().manual_seed(1)) < 0.6
    inside = h * mask * mask[:, None]
    for probes in (None, 100):
        found = quadratic(h, probes, mask)
        assert (found.diagonal[~mask] == 0).all() and (found.error[~mask] == 0).all()
        alone = quadratic(inside, probes)  # the same signs
        assert torch.allclose(found.diagonal, alone.diagonal) and torch.allclose(found.error, alone.error)
        assert found.trace == pytest.approx(alone.trace)
        assert found.relative_error == pytest.approx(alone.relative_error)
    exact, whole = quadratic(h, None, mask), quadratic(h, None)
    assert torch.allclose(exact.diagonal[mask], whole.diagonal[mask])
    assert exact.trace == pytest.approx(float(h.diag()[mask].sum()))


def test_all_sign_vectors_under_a_mask(quadratic, all_signs):
    h, mask = symmetric(8), torch.tensor([True, False] * 4)
    found = quadratic(h, all_signs(8), mask)
    inside = h[mask][:, mask]
    assert torch.allclose(found.diagonal[mask], inside.diag(), atol=1e-10)
    off = inside.square().sum(1) - inside.diag().square()
    assert torch.allclose(found.error[mask], (off / 255).sqrt(), atol=1e-7)


def test_a_masked_network_against_double_backward():
    space, theta, stats = build("batchnorm")
    mask = torch.rand(space.size, generator=torch.Generator().manual_seed(0)) < 0.4
    h = double_backward(space, theta * mask, X, Y, stats).diag()
    found = hessian_diagonal(space, theta * mask, X, Y, None, mask, stats)
    assert torch.allclose(found.diagonal, h * mask, atol=1e-10) and h[~mask].abs().max() > 1e-3
    guess = hessian_diagonal(space, theta * mask, X, Y, 64, mask, stats)
    assert (guess.diagonal[~mask] == 0).all() and (guess.diagonal[mask] != 0).any()


@pytest.mark.parametrize("probes", [None, 4])
def test_a_mask_of_all_and_a_mask_of_none(quadratic, probes):
    h = symmetric(40)
    full, plain = quadratic(h, probes, torch.ones(40, dtype=torch.bool)), quadratic(h, probes)
    assert torch.equal(full.diagonal, plain.diagonal) and full.trace == plain.trace
    empty = quadratic(h, probes, torch.zeros(40, dtype=torch.bool))
    assert not empty.diagonal.any() and empty.trace == 0 and empty.relative_error == 0


# ---------------------------------------------------------------------- manners


def test_nothing_global_changes_and_no_grad_is_no_hindrance():
    space, theta, _ = build("mlp")
    state, before = torch.get_rng_state(), theta.clone()
    first = hessian_diagonal(space, theta, X, Y, 4)
    assert torch.equal(torch.get_rng_state(), state) and torch.equal(theta, before) and theta.grad is None
    with torch.no_grad():
        assert torch.equal(hessian_diagonal(space, theta, X, Y, 4).diagonal, first.diagonal)


@pytest.mark.parametrize("probes", [0, 1, -3, 2.5, "many", True])
def test_fewer_than_two_probes_are_refused(probes):
    space, theta, _ = build("mlp")
    with pytest.raises(ValueError, match="^probes must be a whole number of at least 2, got .+.$"):
        hessian_diagonal(space, theta, X, Y, probes)


def test_points_and_masks_that_do_not_fit_are_refused():
    space, theta, _ = build("mlp")
    size = space.size
    with pytest.raises(ValueError, match=rf"^theta must have shape \[{size}\], got \[2, {size}\].$"):
        hessian_diagonal(space, torch.stack([theta, theta]), X, Y)
    with pytest.raises(TypeError, match="^theta must be a tensor, got NoneType.$"):
        hessian_diagonal(space, None, X, Y)
    with pytest.raises(ValueError, match=f"^theta must be finite, got {size} NaN or infinite values.$"):
        hessian_diagonal(space, theta / 0, X, Y)
    with pytest.raises(ValueError, match=rf"^mask must have .+ shape \[{size}\], got \[{size - 1}\].$"):
        hessian_diagonal(space, theta, X, Y, mask=theta[1:] > 0)
    with pytest.raises(ValueError, match="^seed must be a whole number of at least 0, got -1.$"):
        hessian_diagonal(space, theta, X, Y, seed=-1)


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (Y[:-1], "torch.int64 of shape [39] from 0 to 9."),
        (Y[:, None], "torch.int64 of shape [40, 1] from 0 to 9."),
        (Y[0], f"torch.int64 of shape [] from {Y[0]} to {Y[0]}."),
        (Y[:0], "torch.int64 of shape [0]."),
        (Y.double(), "torch.float64 of shape [40]."),
        (Y.float() / 0, "torch.float32 of shape [40]."),
        (Y - 1, "torch.int64 of shape [40] from -1 to 8."),
        (Y.where(Y != Y[3], -100), None),  # what cross_entropy would quietly leave out
        (Y + 1, "torch.int64 of shape [40] from 1 to 10."),
        (nn.functional.one_hot(Y, 10), "torch.int64 of shape [40, 10] from 0 to 1."),
    ],
)
@pytest.mark.parametrize("probes", [None, 4])
def test_classes_that_do_not_fit_are_one_sentence(wrong, got, probes):
    space, theta, _ = build("mlp")
    with pytest.raises(ValueError) as caught:
        hessian_diagonal(space, theta, X, wrong, probes)
    said = str(caught.value)
    assert said.startswith("y must be 40 whole numbers from 0 to 9, got ") and "\n" not in said
    assert got is None and "from -100 to " in said or said.endswith(f"got {got}")


def test_classes_are_those_the_network_has():
    space = WeightSpace(nn.Linear(3, 2).double())
    theta, x = space.init(0), torch.rand(4, 3, dtype=torch.double)
    for fits in (torch.tensor([0, 1, 1, 0]), torch.zeros(4, dtype=torch.long), torch.ones(4, dtype=torch.long)):
        assert hessian_diagonal(space, theta, x, fits, None).trace > 0
    with pytest.raises(ValueError, match=r"^y must be 4 whole numbers from 0 to 1, got .+ from 0 to 2.$"):
        hessian_diagonal(space, theta, x, torch.tensor([0, 1, 2, 0]), None)
    with pytest.raises(ValueError, match=r"^x must hold at least one example, got shape \[0, 3\].$"):
        hessian_diagonal(space, theta, x[:0], torch.zeros(0, dtype=torch.long))
