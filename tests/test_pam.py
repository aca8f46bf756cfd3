"""PAM: each turn against a plain one, the rounding never for the worse, planted permutations not lost."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy
from zoo import ZOO, Recording

from toolkit import Bezier, WeightSpace, data, evaluate, fit, fit_many, match, models
from toolkit.match import relaxed
from toolkit.match.pam import _Plan, _State
from toolkit.symmetry import trace


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(300)


@pytest.fixture(scope="module")
def ends(digits):
    """Two trained networks."""
    return fit_many(WeightSpace(models.mlp(64, 12, 12, 10)), digits, [0, 1], epochs=20, batch_size=32)


@pytest.fixture
def symmetry(digits):
    return trace(Recording(models.mlp(64, 12, 12, 10)), digits.train_x[:4])


def on_the_line(symmetry, a, b, perms, digits):
    """Mean training loss at a quarter, a half and three quarters of the way."""
    end = symmetry.apply(b, perms)
    points = torch.stack([(1 - t) * a + t * end for t in (0.25, 0.5, 0.75)])
    return evaluate(symmetry.space, points, digits, "train_loss")["train_loss"].mean()


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_from_the_identity_the_loss_along_the_curve_falls(symmetry, ends, digits):
    found = match.pam(symmetry, *ends, digits)
    assert len(found.history) == 2 and found.history[1] < 0.5 * found.history[0]
    assert found.history[0] == pytest.approx(on_the_line(symmetry, *ends, symmetry.identity(), digits), abs=1e-5)
    assert found.history[1] == pytest.approx(on_the_line(symmetry, *ends, found.perms, digits), abs=1e-5)
    assert all(sorted(perm.tolist()) == list(range(12)) for perm in found.perms.values())
    assert (found.objective, found.dead) == ({}, {}) and set(found.score) == set(symmetry.groups)


def test_the_score_is_the_learned_matrix_of_which_a_is_the_row(symmetry, ends, digits):
    found = match.pam(symmetry, *ends, digits, candidates=0)
    for name, score in found.score.items():
        assert (
            not score.requires_grad and (score.sum(0) - 1).abs().max() < 1e-3 and (score.sum(1) - 1).abs().max() < 1e-3
        )
        assert torch.equal(match.assign(score), found.perms[name])  # with no candidates, the nearest permutation wins


@pytest.mark.parametrize("seed", [0, 1])
def test_a_good_start_is_kept(symmetry, ends, digits, seed):
    a = ends[0]
    found = match.pam(symmetry, a, a, digits, seed=seed)
    assert found.history[1] <= found.history[0] and same(found.perms, symmetry.identity())


def test_an_activation_match_is_never_made_worse(symmetry, ends, digits):
    a, b = ends
    start = symmetry.apply(b, match.by_activations(symmetry, a, b, digits.train_x).perms)
    found = match.pam(symmetry, a, start, digits)
    assert found.history[1] <= found.history[0]


def test_rounds_train_the_bend_and_the_history_falls(symmetry, ends, digits):
    found = match.pam(symmetry, *ends, digits, rounds=3, epochs=5, curve={"epochs": 5, "lr": 0.05})
    assert len(found.history) == 4
    assert all(after <= before for before, after in zip(found.history, found.history[1:], strict=False))
    assert found.history[3] < found.history[1] < found.history[0]
    one = match.pam(symmetry, *ends, digits, rounds=1, epochs=5)
    assert one.history == found.history[:2]  # a further round changes nothing about the first


def test_the_turn_of_the_curve_is_a_fit_with_the_settings_given(symmetry, ends, digits):
    a, b = ends
    space, settings = symmetry.space, {"epochs": 2, "lr": 0.05, "batch_size": 30, "l2": 0.01}
    found = match.pam(symmetry, a, b, digits, rounds=2, epochs=2, batch_size=60, seed=3, curve=settings)
    thetas, of_p, of_curve = list(space.thetas), 2 * (300 // 60), 2 * (300 // 30)
    assert len(thetas) == 2 * of_p + of_curve
    end = symmetry.apply(b, match.pam(symmetry, a, b, digits, epochs=2, batch_size=60, seed=3).perms)
    space.thetas.clear()
    trained = fit(space, Bezier(a, (a + end) / 2, end, fixed=(0, 2)), digits, **{"seed": 3} | settings)
    assert all(torch.equal(one, other) for one, other in zip(thetas[of_p : of_p + of_curve], space.thetas, strict=True))
    # the last judgement is on the trained curve, which moves along with the end
    last = symmetry.apply(b, found.perms)
    curve = Bezier(a, (a + last) / 2 + trained.points[1] - (a + end) / 2, last)
    losses = evaluate(space, curve.at([0.25, 0.5, 0.75]), digits, "train_loss")["train_loss"]
    assert found.history[2] == pytest.approx(losses.mean(), abs=1e-5)
    assert found.history[2] < 0.9 * on_the_line(symmetry, a, b, found.perms, digits)


@pytest.mark.parametrize("settings", [{}, {"rounds": 2, "curve": {"epochs": 1}}], ids=["one", "two"])
def test_the_same_call_gives_the_same_match_and_the_seed_counts(symmetry, ends, digits, settings):
    state = torch.get_rng_state()
    first, again, other = (match.pam(symmetry, *ends, digits, epochs=3, seed=s, **settings) for s in (0, 0, 1))
    assert same(first.perms, again.perms) and first.history == again.history
    assert all(torch.equal(first.score[name], again.score[name]) for name in first.score)
    assert not torch.equal(first.score["fc1"], other.score["fc1"])
    assert torch.equal(state, torch.get_rng_state())


def test_nothing_that_came_in_is_changed(symmetry, ends, digits):
    a, b, x = ends[0].clone(), ends[1].clone(), digits.train_x.clone()
    settings = {"epochs": 1}
    match.pam(symmetry, a, b, digits, rounds=2, epochs=1, curve=settings)
    assert torch.equal(a, ends[0]) and torch.equal(b, ends[1]) and torch.equal(x, digits.train_x)
    assert settings == {"epochs": 1} and not a.requires_grad


def test_only_the_training_split_is_looked_at(symmetry, ends, digits):
    lost = replace(digits, val_x=None, val_y=None, test_x=None, test_y=None)
    one, other = (match.pam(symmetry, *ends, given, epochs=2) for given in (lost, digits))
    assert same(one.perms, other.perms)


@pytest.mark.parametrize("name", ["mlp with batchnorm", "cnn", "resnet", "double"])
def test_networks_of_other_kinds(digits, name):
    space = WeightSpace(ZOO[name]())
    if name == "double":
        digits = replace(digits, train_x=digits.train_x.double(), test_x=digits.test_x.double())
    symmetry = trace(space, digits.train_x[:4])
    found = match.pam(symmetry, space.init(0), space.init(1), digits, epochs=1, candidates=3)
    assert found.history[1] <= found.history[0]
    assert all(sorted(perm.tolist()) == list(range(symmetry.groups[n])) for n, perm in found.perms.items())


def test_a_batch_larger_than_the_data_is_all_of_it(symmetry, ends, digits):
    match.pam(symmetry, *ends, digits, epochs=3, batch_size=1000, candidates=0)
    assert [len(y) for _, y in symmetry.space.batches] == [300] * 3


# ---------------------------------------------------------------------- the turn of P


@pytest.mark.parametrize(("nu", "bent"), [(1e3, False), (0.5, True), (1e3, True)])
def test_learning_p_is_a_plain_loop(symmetry, ends, digits, nu, bent):
    a, b = ends
    state = _State(symmetry, a, b, digits, seed=2)
    state.perms = symmetry.random(0)
    if bent:
        state.offset = 0.05 * symmetry.space.init(9)
    learned = state.learn(_Plan(epochs=2, lr=0.7, nu=nu, batch_size=60, candidates=0))
    space, plain = symmetry.space, WeightSpace(models.mlp(64, 12, 12, 10))
    assert len(space.thetas) == 2 * (300 // 60)
    before = {name: torch.eye(12)[perm] for name, perm in state.perms.items()}
    p = {name: matrix.clone() for name, matrix in before.items()}
    positions = torch.Generator().manual_seed(2)
    for theta, (x, y) in zip(space.thetas, space.batches, strict=True):
        for matrix in p.values():
            matrix.requires_grad_()
        end = relaxed.mix(symmetry, b, p)
        point = Bezier(torch.zeros(1), torch.zeros(1), torch.zeros(1)).basis(torch.rand((), generator=positions))
        mixed = point[0] * a + point[1] * ((a + end) / 2 + state.offset) + point[2] * end
        torch.testing.assert_close(theta, mixed.detach(), atol=1e-5, rtol=1e-4)
        grads = torch.autograd.grad(cross_entropy(plain.logits(mixed, x), y), list(p.values()))
        for (name, matrix), g in zip(list(p.items()), grads, strict=True):
            pulled = (matrix.detach() - 0.7 * g + 0.7 / nu * before[name]) / (1 + 0.7 / nu)
            p[name] = relaxed.project(pulled)
    for name, matrix in learned.items():
        torch.testing.assert_close(matrix, p[name].detach(), atol=1e-4, rtol=1e-3)
        assert (matrix - before[name]).abs().max() > 0.02


def test_a_strong_pull_holds_p_where_the_round_began(symmetry, ends, digits):
    near, far = (match.pam(symmetry, *ends, digits, epochs=3, nu=nu).score for nu in (1e-3, 1e3))
    for name, n in symmetry.groups.items():
        assert (near[name] - torch.eye(n)).norm() < 0.2 * (far[name] - torch.eye(n)).norm()


def test_the_pull_is_to_the_start_of_the_round_not_to_the_identity(symmetry, ends, digits):
    state = _State(symmetry, *ends, digits, seed=0)
    state.perms = symmetry.random(0)
    learned = state.learn(_Plan(epochs=1, lr=0.5, nu=1e-4, batch_size=100, candidates=0))
    for name, matrix in learned.items():
        torch.testing.assert_close(matrix, relaxed.matrix(state.perms[name]), atol=1e-2, rtol=0)


# ---------------------------------------------------------------------- rounding


def test_rounding_keeps_the_permutations_of_before_if_nothing_near_is_better(symmetry, ends, digits):
    a = ends[0]
    state = _State(symmetry, a, a, digits, seed=0)
    bad = {name: relaxed.matrix(perm) for name, perm in symmetry.random(1).items()}
    state.round(bad, candidates=5)
    assert same(state.perms, symmetry.identity()) and state.history[1] == state.history[0]


def test_rounding_takes_the_nearest_permutation_where_it_is_better(symmetry, ends, digits):
    a = ends[0]
    planted = symmetry.random(1)
    state = _State(symmetry, a, symmetry.apply(a, planted), digits, seed=0)
    right = {name: relaxed.matrix(perm) for name, perm in symmetry.inverse(planted).items()}
    state.round(right, candidates=0)
    assert same(state.perms, symmetry.inverse(planted)) and state.history[1] < 0.5 * state.history[0]


def test_candidates_may_be_better_than_the_nearest(symmetry, ends, digits):
    # Two permutations a group, the wrong one with the larger weight: only drawing finds the right one.
    a = ends[0]
    planted = symmetry.random(1)
    right, wrong = symmetry.inverse(planted), symmetry.random(5)
    soft = {name: 0.45 * relaxed.matrix(right[name]) + 0.55 * relaxed.matrix(wrong[name]) for name in right}
    found = []
    for candidates in (0, 32):
        state = _State(symmetry, a, symmetry.apply(a, planted), digits, seed=0)
        state.round(soft, candidates)
        found.append(state)
    assert same(found[1].perms, right) and not same(found[0].perms, right)
    assert found[1].history[1] < found[0].history[1]


def test_terms_are_drawn_by_their_weights(symmetry, ends, digits):
    state = _State(symmetry, *ends, digits, seed=0)
    terms = [(0.6, torch.tensor(0)), (0.1, torch.tensor(1)), (0.2, torch.tensor(2))]  # a last tenth was cut off
    drawn = torch.stack([state._draw(terms) for _ in range(3000)]).bincount() / 3000
    assert drawn.tolist() == pytest.approx([6 / 9, 1 / 9, 2 / 9], abs=0.03)


def test_a_candidate_draws_each_group_on_its_own(symmetry, ends, digits, monkeypatch):
    state = _State(symmetry, *ends, digits, seed=0)
    two = [torch.arange(12), torch.arange(12).flip(0)]
    soft = {name: (relaxed.matrix(two[0]) + relaxed.matrix(two[1])) / 2 for name in symmetry.groups}
    offered = []
    monkeypatch.setattr(state, "loss", lambda perms: offered.append(perms) or 1.0)
    state.round(soft, candidates=40)
    assert len(offered) == 42
    drawn = {tuple(int(perm[0]) for perm in perms.values()) for perms in offered[2:]}
    assert drawn == {(0, 0), (0, 11), (11, 0), (11, 11)}


def test_the_bend_is_taken_over_relative_to_the_middle(symmetry, ends, digits):
    a, b = ends
    state = _State(symmetry, a, b, digits, seed=0)
    bend = symmetry.space.init(7)
    state.bend(Bezier(a, bend, b))
    torch.testing.assert_close(state.curve(symmetry.identity()).points, torch.stack([a, bend, b]), atol=1e-6, rtol=0)
    perms = symmetry.random(0)
    end = symmetry.apply(b, perms)
    expected = torch.stack([a, (a + end) / 2 + bend - (a + b) / 2, end])
    torch.testing.assert_close(state.curve(perms).points, expected, atol=1e-6, rtol=0)
    assert state.curve(perms).fixed == (0, 2)
