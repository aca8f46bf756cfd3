"""Lines, curves and simplexes: identities of the formulas, and what training may touch."""

from copy import deepcopy
from math import asinh, comb, pi, sqrt

import pytest
import torch

from toolkit.subspaces import Bezier, Line, Point, PolyChain, Simplex

D = 50


def vectors(n, dtype=torch.float32):
    return torch.randn(n, D, generator=torch.Generator().manual_seed(n)).to(dtype)


def paths():
    a, b, c, d = vectors(4)
    return [Line(a, b), Bezier(a, b, c), Bezier(a, b, c, d), PolyChain([a, b, c]), PolyChain([a, b, c, d])]


each_path = pytest.mark.parametrize("path", paths(), ids=repr)


@each_path
def test_the_ends_are_the_networks_bit_for_bit(path):
    assert torch.equal(path.at(0), path.points[0])
    assert torch.equal(path.at(1), path.points[-1])
    assert torch.equal(path.at([0.0, 1.0]), path.points[[0, -1]])


@each_path
def test_coefficients_are_a_weighted_mean(path):
    alpha = path.basis(torch.linspace(0, 1, 101))
    assert alpha.min() >= 0
    torch.testing.assert_close(alpha.sum(-1), torch.ones(101), atol=1e-6, rtol=0)


@each_path
def test_one_position_and_many_agree(path):
    t = torch.linspace(0, 1, 5)
    torch.testing.assert_close(path.at(t), torch.stack([path.at(float(s)) for s in t]))
    torch.testing.assert_close(path.at(t.tolist()), path.at(t.numpy()))


@each_path
def test_reversed_points_run_the_path_backwards(path):
    points = path.points.flip(0)
    back = PolyChain(points) if isinstance(path, PolyChain) else type(path)(*points)
    t = torch.linspace(0, 1, 11)
    torch.testing.assert_close(back.at(t), path.at(1 - t), atol=1e-5, rtol=1e-5)


@each_path
def test_velocity_is_the_difference_quotient(path):
    t, h = 0.4, 1e-2
    quotient = (path.at(t + h) - path.at(t - h)) / (2 * h)
    torch.testing.assert_close(path.derivative(t), quotient, atol=2e-3, rtol=1e-3)


def test_bezier_velocity_by_its_formula():
    a, bend, b = vectors(3)
    curve = Bezier(a, bend, b)
    for t in (0.0, 0.3, 1.0):
        expected = 2 * (1 - t) * (bend - a) + 2 * t * (b - bend)
        torch.testing.assert_close(curve.derivative(t), expected, atol=1e-5, rtol=1e-5)


def test_bezier_midpoint_is_a_quarter_a_half_a_quarter():
    a, bend, b = vectors(3)
    torch.testing.assert_close(Bezier(a, bend, b).midpoint, a / 4 + bend / 2 + b / 4)


def test_a_bend_on_the_line_gives_the_line():
    a, b = vectors(2)
    t = torch.linspace(-0.5, 1.5, 9)
    torch.testing.assert_close(Bezier(a, (a + b) / 2, b).at(t), Line(a, b).at(t), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(PolyChain([a, (a + b) / 2, b]).at(t), Line(a, b).at(t), atol=1e-5, rtol=1e-5)
    weights = torch.stack([1 - t, t], dim=-1)
    torch.testing.assert_close(Simplex([a, b]).at(weights), Line(a, b).at(t))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_chain_meets_all_its_nodes(n):
    chain = PolyChain(vectors(n))
    torch.testing.assert_close(chain.at(torch.linspace(0, 1, n)), chain.points, atol=1e-5, rtol=1e-5)


def test_a_chain_goes_on_straight_beyond_its_ends():
    chain = PolyChain(vectors(3))
    p = chain.points
    torch.testing.assert_close(chain.at(1.5), p[1] + 2 * (p[2] - p[1]))
    torch.testing.assert_close(chain.at(-0.5), p[0] - (p[1] - p[0]))


def test_a_corner_of_a_simplex_is_its_network_bit_for_bit():
    simplex = Simplex(vectors(4))
    assert torch.equal(simplex.at(torch.eye(4)), simplex.points)
    torch.testing.assert_close(simplex.midpoint, simplex.points.mean(0))


def test_equal_points_give_one_network_everywhere():
    a = vectors(1)[0]
    for path in (Line(a, a), Bezier(a, a, a), PolyChain([a, a, a])):
        torch.testing.assert_close(path.at(torch.linspace(0, 1, 7)), a.expand(7, D), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("subspace", "coords", "factors"),
    [
        (Line(*vectors(2)), 0.3, (0.7, 0.3)),
        (Bezier(*vectors(3)), 0.3, (0.49, 0.42, 0.09)),
        (PolyChain(vectors(3)), 0.25, (0.5, 0.5, 0.0)),
        (Simplex(vectors(3)), [0.2, 0.3, 0.5], (0.2, 0.3, 0.5)),
    ],
    ids=repr,
)
def test_a_gradient_reaches_each_point_times_its_coefficient(subspace, coords, factors):
    (leaf,) = subspace.leaves()
    leaf.requires_grad_()
    g = vectors(1)[0]
    subspace.at(coords).backward(g)
    torch.testing.assert_close(leaf.grad, torch.tensor(factors).outer(g))
    torch.testing.assert_close(leaf.grad.sum(0), g)


@pytest.mark.parametrize("fixed", [(), (0,), (2, 0)])
@pytest.mark.parametrize("kind", [Bezier, lambda *points, fixed: Simplex(points, fixed)], ids=["curve", "simplex"])
def test_giving_a_gradient_is_what_autograd_does(kind, fixed):
    subspace, twin = (kind(*vectors(3), fixed=fixed) for _ in range(2))
    (leaf,), g = twin.leaves(), vectors(1)[0]
    for seed in (0, 1):  # the gradient of a step takes the place of the last one
        generator = torch.Generator().manual_seed(seed)
        theta = subspace.sample(generator)
        subspace.give(g)
        leaf.requires_grad_().grad = None
        drawn = twin.at(twin.draw(torch.Generator().manual_seed(seed)))
        drawn.backward(g)
        torch.testing.assert_close(theta, drawn.detach())
        torch.testing.assert_close(subspace.leaves()[0].grad, leaf.grad)


def test_a_path_is_differentiable_in_its_position():
    path, t = Bezier(*vectors(3)), torch.tensor(0.3, requires_grad=True)
    g = vectors(1)[0]
    path.at(t).backward(g)
    torch.testing.assert_close(t.grad, g @ path.derivative(0.3))


@pytest.mark.parametrize("fixed", [(), (0,), (0, 2), (2, 0), (1,)])
def test_fixed_points_are_not_among_the_leaves(fixed):
    free = Bezier(*vectors(3))
    curve = Bezier(*vectors(3), fixed=fixed)
    assert torch.equal(curve.points, free.points)
    torch.testing.assert_close(curve.at([0.0, 0.2, 0.7, 1.0]), free.at([0.0, 0.2, 0.7, 1.0]))
    assert [len(leaf) for leaf in curve.leaves()] == [3 - len(fixed)]
    curve.leaves()[0].zero_()
    moved = [i for i in range(3) if not torch.equal(curve.points[i], free.points[i])]
    assert moved == [i for i in range(3) if i not in fixed]


def test_points_that_were_computed_are_cut_off_from_how():
    a, b = vectors(2)
    line = Line(2 * a.requires_grad_(), b)
    (leaf,) = line.leaves()
    assert leaf.is_leaf and not leaf.requires_grad


def test_points_are_copies_both_ways():
    a, b = vectors(2)
    line = Line(a, b)
    a.zero_()
    assert line.points[0].abs().sum() > 0
    line.points.zero_()
    assert line.points.abs().sum() > 0


def test_positions_are_drawn_uniformly_and_repeatably():
    line, generator = Line(torch.zeros(1), torch.ones(1)), torch.Generator().manual_seed(0)
    draws = torch.stack([line.sample(generator) for _ in range(4000)])
    assert torch.equal(draws[0], line.sample(torch.Generator().manual_seed(0)))
    assert draws.min() >= 0 and draws.max() <= 1
    assert draws.mean().item() == pytest.approx(1 / 2, abs=0.02)
    assert draws.var().item() == pytest.approx(1 / 12, abs=0.005)


def test_simplex_weights_are_drawn_uniformly():
    simplex, generator, m = Simplex(torch.eye(3)), torch.Generator().manual_seed(0), 3
    alpha = torch.stack([simplex.sample(generator) for _ in range(4000)])
    assert alpha.min() >= 0
    torch.testing.assert_close(alpha.sum(1), torch.ones(4000))
    assert alpha.mean(0).tolist() == pytest.approx([1 / m] * 3, abs=0.02)
    assert alpha.square().mean(0).tolist() == pytest.approx([2 / (m * (m + 1))] * 3, abs=0.01)
    assert (alpha[:, 0] * alpha[:, 1]).mean().item() == pytest.approx(1 / (m * (m + 1)), abs=0.01)


def test_sampling_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    for subspace in [*paths(), Simplex(vectors(3))]:
        subspace.sample(torch.Generator().manual_seed(0))
    assert torch.equal(before, torch.get_rng_state())


def test_a_point_is_a_copy_of_theta_and_nothing_is_drawn():
    theta = vectors(1)[0]
    point = Point(theta)
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    assert torch.equal(point.sample(generator), theta) and torch.equal(generator.get_state(), before)
    point.leaves()[0].zero_()
    assert theta.abs().sum() > 0


def test_reprs_say_what_they_are():
    assert repr(Line(*vectors(2))) == f"Line(2 points in R^{D})"
    assert repr(Bezier(*vectors(3), fixed=(0, 2))) == f"Bezier(3 points in R^{D})"


def test_a_point_has_a_repr():
    assert repr(Point(torch.zeros(3))) == "Point([3])"
    assert repr(Point(torch.zeros(2, 3))) == "Point([2, 3])"


def test_double_precision_stays_double():
    line = Line(*vectors(2, torch.float64))
    assert line.at(0.5).dtype == torch.float64
    assert line.points.dtype == torch.float64 and line.derivative(0.5).dtype == torch.float64


def test_positions_are_as_exact_as_the_points():
    a, b = vectors(2, torch.float64)
    torch.testing.assert_close(Line(a, b).at(0.1), 0.9 * a + 0.1 * b, atol=1e-12, rtol=0)


def test_a_point_fixed_twice_is_refused():
    with pytest.raises(ValueError, match=r"^fixed must hold different indices from 0 to 2, got \(0, 0\)\.$"):
        Bezier(*vectors(3), fixed=(0, 0))


@pytest.mark.parametrize("keywords", [{}, {"fixed": (0, 2)}])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_chain_takes_one_list_and_not_several_networks(n, keywords):
    with pytest.raises(TypeError, match=r"^points must be one list of networks: PolyChain\(\[a, bend, b\]\)\.$"):
        PolyChain(*vectors(n), **keywords)


# The formulas, to the last digit of double precision


def exact_paths():
    a, b, c, d = vectors(4, torch.float64)
    return [Line(a, b), Bezier(a, b, c), Bezier(a, b, c, d), PolyChain([a, b, c]), PolyChain([a, b, c, d])]


each_exact_path = pytest.mark.parametrize("path", exact_paths(), ids=repr)


@each_exact_path
def test_velocity_is_the_central_difference(path):
    h = 1e-6
    for t in (0.1, 0.45, 0.8):  # between the corners of the chains
        quotient = (path.at(t + h) - path.at(t - h)) / (2 * h)
        torch.testing.assert_close(path.derivative(t), quotient, atol=1e-7, rtol=0)


@each_exact_path
def test_reversal_is_exact(path):
    points, t = path.points.flip(0), torch.linspace(0, 1, 21, dtype=torch.float64)
    back = PolyChain(points) if isinstance(path, PolyChain) else type(path)(*points)
    torch.testing.assert_close(back.at(t), path.at(1 - t), atol=1e-12, rtol=0)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_bernstein_coefficients_by_their_formula(k):
    curve = Bezier(*vectors(k + 1, torch.float64))
    for t in (0.0, 0.2, 0.5, 1.0, 1.3):
        expected = torch.tensor([comb(k, j) * t**j * (1 - t) ** (k - j) for j in range(k + 1)], dtype=torch.float64)
        torch.testing.assert_close(curve.basis(torch.tensor(t, dtype=torch.float64)), expected, atol=1e-12, rtol=0)
        torch.testing.assert_close(curve.at(t), expected @ curve.points, atol=1e-12, rtol=0)


def test_a_bend_in_the_middle_is_the_line_to_the_last_digit():
    a, b = vectors(2, torch.float64)
    t = torch.linspace(-0.5, 1.5, 21, dtype=torch.float64)
    torch.testing.assert_close(Bezier(a, (a + b) / 2, b).at(t), Line(a, b).at(t), atol=1e-12, rtol=0)


# Length


@each_path
def test_the_length_is_at_least_the_chord_and_the_same_backwards(path):
    chord = (path.points[-1] - path.points[0]).norm().item()
    legs = path.points.diff(dim=0).norm(dim=1).sum().item()
    points = path.points.flip(0)
    back = PolyChain(points) if isinstance(path, PolyChain) else type(path)(*points)
    assert chord * (1 - 1e-6) <= path.length() <= legs * (1 + 1e-6)
    assert back.length() == pytest.approx(path.length(), rel=1e-9)
    if isinstance(path, Line):
        assert path.length() == pytest.approx(chord, rel=1e-6)
    else:
        assert path.length() > 1.1 * chord


@each_path
def test_the_length_is_that_of_a_fine_chain_of_networks(path):
    fine = path.at(torch.linspace(0, 1, 6001)).double()
    assert path.length() == pytest.approx(fine.diff(dim=0).norm(dim=1).sum().item(), rel=1e-5)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 12])
def test_the_length_of_a_chain_is_the_sum_of_its_legs(n):
    chain = PolyChain(vectors(n, torch.float64))
    legs = chain.points.diff(dim=0).norm(dim=1).sum().item()
    assert chain.length() == pytest.approx(legs, rel=1e-12)
    assert chain.length(pieces=1) == pytest.approx(legs, rel=1e-12)


def test_the_length_of_a_parabola_by_its_integral():
    # theta(t) = (2 t, 2 t^2), of speed 2 sqrt(1 + 4 t^2)
    curve = Bezier(*torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 2.0]]))
    expected = 2 * (sqrt(5) / 2 + asinh(2) / 4)
    assert curve.length(4000) == pytest.approx(expected, rel=1e-7)


def test_the_length_of_nearly_a_quarter_of_a_circle():
    kappa = 4 / 3 * (sqrt(2) - 1)
    curve = Bezier(*torch.tensor([[1.0, 0.0], [1.0, kappa], [kappa, 1.0], [0.0, 1.0]], dtype=torch.float64))
    assert curve.length() == pytest.approx(pi / 2, rel=3e-4)


def test_pieces_are_chords_so_more_of_them_are_longer():
    curve = Bezier(*vectors(3))
    few, some, many = (curve.length(pieces) for pieces in (2, 10, 1000))
    assert few < some < many
    assert few == pytest.approx(curve.at([0.0, 0.5, 1.0]).diff(dim=0).norm(dim=1).sum().item(), rel=1e-6)


def test_the_length_forgets_where_the_path_lies_and_scales_with_it():
    points = vectors(3)
    here, there, twice = Bezier(*points), Bezier(*(points + 1000)), Bezier(*(2 * points))
    assert there.length() == pytest.approx(here.length(), rel=1e-4)
    assert twice.length() == pytest.approx(2 * here.length(), rel=1e-9)
    a = points[0]
    assert Bezier(a, a, a).length() == 0 and Line(a, a).length() == 0


def test_the_length_counts_fixed_points_like_any_other():
    points = vectors(3)
    assert Bezier(*points, fixed=(0, 2)).length() == Bezier(*points).length()


def test_measuring_a_length_leaves_no_graph():
    curve = Bezier(*vectors(3))
    curve.leaves()[0].requires_grad_()
    assert type(curve.length()) is float and curve.leaves()[0].grad is None


# Several networks of one step


@pytest.mark.parametrize("parts", [1, 2, 4, 10])
def test_each_part_of_a_path_is_drawn_from_uniformly(parts):
    line, generator = Line(torch.zeros(1), torch.ones(1)), torch.Generator().manual_seed(0)
    for part in range(parts):
        draws = torch.stack([line.draw(generator, part, parts) for _ in range(800)])
        within = draws * parts - part
        assert within.min() >= 0 and within.max() <= 1 + 1e-5
        assert within.mean().item() == pytest.approx(1 / 2, abs=0.04)
        assert within.var().item() == pytest.approx(1 / 12, abs=0.01)


@pytest.mark.parametrize("kind", [Line, Bezier, PolyChain])
def test_the_network_of_a_part_lies_where_it_was_drawn(kind):
    points = vectors(2 if kind is Line else 3)
    path = PolyChain(points) if kind is PolyChain else kind(*points)
    for part in range(4):
        theta = path.sample(torch.Generator().manual_seed(part), part, 4)
        t = path.draw(torch.Generator().manual_seed(part), part, 4)
        assert part / 4 <= t <= (part + 1) / 4 and torch.equal(theta, path.at(t))


def test_one_part_is_the_whole():
    line = Line(*vectors(2))
    draws = [line.draw(torch.Generator().manual_seed(5), *parts) for parts in ((), (0, 1))]
    assert torch.equal(draws[0], draws[1]) and torch.equal(
        draws[0], torch.rand((), generator=torch.Generator().manual_seed(5))
    )


@pytest.mark.parametrize("fixed", [(), (0, 2)])
@pytest.mark.parametrize("kind", [Bezier, lambda *points, fixed: Simplex(points, fixed)], ids=["curve", "simplex"])
def test_shares_of_a_step_add_up_to_their_mean(kind, fixed):
    curve, twin = (kind(*vectors(3), fixed=fixed) for _ in range(2))
    gradients = vectors(3)
    (leaf,) = twin.leaves()
    for seed in (0, 1):  # a step takes the place of the one before it
        generator, again = (torch.Generator().manual_seed(seed) for _ in range(2))
        leaf.requires_grad_().grad = None
        for part, g in enumerate(gradients):
            curve.sample(generator, part, 3)
            curve.give(g)
            twin.at(twin.draw(again, part, 3)).backward(g / 3)
        torch.testing.assert_close(curve.leaves()[0].grad, leaf.grad)


@pytest.mark.parametrize("t", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_the_bend_gets_twice_t_times_one_minus_t_and_nothing_at_the_ends(t):
    class Held(Bezier):
        def draw(self, generator, part=0, parts=1):
            return torch.tensor(t)

    curve, g = Held(*vectors(3), fixed=(0, 2)), vectors(1)[0]
    curve.sample(torch.Generator())
    curve.give(g)
    torch.testing.assert_close(curve.leaves()[0].grad, 2 * t * (1 - t) * g[None], atol=1e-6, rtol=1e-6)
    if t in (0.0, 1.0):
        assert not curve.leaves()[0].grad.any()


# Learned subspaces: a step of SGD, positions, and what is the same set


def ends(kind, n=3, **options):
    """A subspace of `n` points in double precision."""
    points = vectors(n, torch.float64)
    return kind(*points, **options) if kind in (Line, Bezier) else kind(points, **options)


def exact(subspace, coords):
    return subspace.at(torch.as_tensor(coords, dtype=torch.float64))


@pytest.mark.parametrize("m", [2, 3, 5])
def test_equal_networks_make_a_simplex_of_one_network(m):
    a = vectors(1)[0]
    simplex, generator = Simplex([a] * m), torch.Generator().manual_seed(0)
    drawn = torch.stack([simplex.sample(generator) for _ in range(20)] + [simplex.midpoint])
    torch.testing.assert_close(drawn, a.expand(21, D), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("m", [2, 3, 5])
def test_sgd_moves_the_centroid_by_a_share_and_the_network_drawn_by_alpha_squared(m, decay):
    simplex, (g,), lr = ends(Simplex, m), vectors(1, torch.float64), 0.2
    before, generator = simplex.points, torch.Generator().manual_seed(m)
    theta = simplex.sample(generator)
    alpha = simplex.draw(torch.Generator().manual_seed(m)).double()
    simplex.give(g)
    torch.optim.SGD(simplex.leaves(), lr, weight_decay=decay).step()
    centroid = (1 - lr * decay) * before.mean(0) - lr / m * g
    torch.testing.assert_close(simplex.points.mean(0), centroid, atol=1e-6, rtol=0)  # alpha is single precision
    moved = (1 - lr * decay) * theta - lr * alpha.square().sum() * g
    torch.testing.assert_close(alpha @ simplex.points, moved, atol=1e-6, rtol=0)
    torch.testing.assert_close(simplex.leaves()[0].grad.sum(0), g, atol=1e-6, rtol=0)


@pytest.mark.parametrize("m", [2, 3, 6])
def test_weights_of_a_simplex_are_those_of_dirichlet(m):
    simplex, generator, n = Simplex(torch.eye(m)), torch.Generator().manual_seed(1), 6000
    alpha = torch.stack([simplex.draw(generator) for _ in range(n)]).double()
    mean, second = 1 / m, 2 / (m * (m + 1))
    variance, covariance = second - mean**2, -1 / (m**2 * (m + 1))
    bound = 5 * sqrt(variance / n)
    assert alpha.mean(0).tolist() == pytest.approx([mean] * m, abs=bound)
    expected = torch.full((m, m), covariance, dtype=torch.float64).fill_diagonal_(variance)
    torch.testing.assert_close(alpha.T.cov(), expected, atol=0.006 if m == 2 else 0.004, rtol=0)
    assert alpha.square().sum(1).mean().item() == pytest.approx(2 / (m + 1), abs=0.01)


def test_a_line_a_simplex_of_two_and_a_curve_bent_in_the_middle_are_one_set_but_not_one_in_gradients():
    a, b = vectors(2, torch.float64)
    line, simplex, curve = Line(a, b), Simplex([a, b]), Bezier(a, (a + b) / 2, b)
    (g,) = vectors(1, torch.float64)
    for t in (0.0, 0.3, 0.5, 1.0):
        theta, shares = (1 - t) * a + t * b, []
        for subspace, coords in [(line, t), (simplex, [1 - t, t]), (curve, t)]:
            torch.testing.assert_close(exact(subspace, coords), theta, atol=1e-12, rtol=0)
            (leaf,) = subspace.leaves()
            leaf.requires_grad_().grad = None
            exact(subspace, coords).backward(g)
            shares.append(leaf.grad)
            leaf.requires_grad_(False)
        assert torch.equal(shares[0], shares[1])
        # the bend is the mean of the ends: half of what it gets would be each end's
        torch.testing.assert_close(shares[2][[0, 2]] + shares[2][1] / 2, shares[0], atol=1e-12, rtol=0)


# The angle between control points

ANGLED = [(Line, 2), (Bezier, 3), (PolyChain, 4), (Simplex, 3)]
MASK = torch.arange(D) % 3 != 1


def pushed(subspace, i, j):
    """What the term alone puts into the gradients of all points [n, D], zeros for fixed ones."""
    (leaf,) = subspace.leaves()
    leaf.grad = torch.zeros_like(leaf)
    subspace._push(i, j)
    grad = torch.zeros_like(subspace.points)
    grad[[k for k in range(len(grad)) if k not in subspace.fixed]] = leaf.grad
    return grad


def by_autograd(points, i, j, beta=1.0, mask=None):
    points = points.clone().requires_grad_()
    p, q = (points[k] if mask is None else points[k][mask] for k in (i, j))
    (beta * (p @ q) ** 2 / ((p @ p) * (q @ q))).backward()
    return points.grad


@pytest.mark.parametrize("beta", [1.0, 0.3, 20.0])
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize(("kind", "n"), ANGLED)
def test_the_push_is_the_gradient_of_the_squared_cosine(kind, n, mask, beta):
    subspace = ends(kind, n, beta=beta, where=mask)
    for i, j in [(0, 1), (1, 0), (n - 1, 0)]:
        expected = by_autograd(subspace.points, i, j, beta, mask)
        torch.testing.assert_close(pushed(subspace, i, j), expected, atol=1e-14, rtol=1e-9)
        assert expected.abs().max() > 1e-4


@pytest.mark.parametrize("fixed", [(0,), (2,), (0, 2), (1,), (0, 1, 2)])
def test_a_fixed_point_pushes_and_is_not_pushed(fixed):
    curve = ends(Bezier, 3, beta=1.0, fixed=fixed)
    for i, j in [(0, 1), (1, 2), (2, 0)]:
        expected = by_autograd(curve.points, i, j)
        expected[list(fixed)] = 0
        torch.testing.assert_close(pushed(curve, i, j), expected, atol=1e-14, rtol=1e-9)


def test_the_push_is_felt_by_masked_coordinates_only_and_does_not_look_at_the_others():
    points = vectors(2, torch.float64)
    line = Line(*points, beta=1.0, where=MASK)
    grad = pushed(line, 0, 1)
    assert not grad[:, ~MASK].any() and grad[:, MASK].all()
    changed = torch.where(MASK, points, 7 * points + 1)
    other = Line(*changed, beta=1.0, where=MASK)
    torch.testing.assert_close(pushed(other, 0, 1), grad, atol=1e-14, rtol=0)
    torch.testing.assert_close(other.cosine(), line.cosine(), atol=1e-14, rtol=0)


def test_the_push_is_added_to_what_is_there():
    line = ends(Line, 2, beta=1.0)
    alone = pushed(line, 0, 1)
    (g,) = vectors(1, torch.float64)
    line.sample(torch.Generator().manual_seed(0))
    line.give(g)
    given = line.leaves()[0].grad.clone()
    assert line.penalty(torch.Generator()) is None
    torch.testing.assert_close(line.leaves()[0].grad, given + alone, atol=1e-14, rtol=0)


def test_the_push_neither_lengthens_nor_shortens_and_falls_with_length():
    points = vectors(2, torch.float64)
    grad = pushed(Line(*points, beta=1.0), 0, 1)
    torch.testing.assert_close((grad * points).sum(1), torch.zeros(2, dtype=torch.float64), atol=1e-15, rtol=0)
    scale = torch.tensor([[-4.0], [0.5]], dtype=torch.float64)
    scaled = pushed(Line(*(scale * points), beta=1.0), 0, 1)
    torch.testing.assert_close(scaled, grad / scale, atol=1e-14, rtol=0)


@pytest.mark.parametrize("factor", [1.0, -1.0, 3.0])
def test_parallel_and_orthogonal_points_stay_as_they_are(factor):
    (a,) = vectors(1, torch.float64)
    line = Line(a, factor * a, beta=1.0)
    assert line.cosine()[0, 1].abs().item() == pytest.approx(1)
    assert pushed(line, 0, 1).abs().max() < 1e-15
    b = vectors(2, torch.float64)[1]
    b = b - (b @ a) / (a @ a) * a
    assert pushed(Line(a, b, beta=1.0), 0, 1).abs().max() < 1e-15


def test_gradient_descent_on_the_term_ends_at_right_angles():
    a, b, c = vectors(3, torch.float64)
    triangle = Simplex([a, a + 0.3 * b, a + 0.3 * c], beta=1.0)
    (leaf,), generator = triangle.leaves(), torch.Generator().manual_seed(0)
    assert triangle.cosine()[0, 1] > 0.8
    for _ in range(300):
        leaf.grad = torch.zeros_like(leaf)
        triangle.penalty(generator)
        leaf.sub_(5 * leaf.grad)
    torch.testing.assert_close(triangle.cosine(), torch.eye(3, dtype=torch.float64), atol=1e-3, rtol=0)


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
def test_cosines_by_hand(mask):
    points = vectors(4)
    cosine = Simplex(points, where=mask).cosine()
    chosen = points if mask is None else points[:, mask]
    expected = torch.nn.functional.cosine_similarity(chosen[:, None], chosen[None], dim=-1)
    torch.testing.assert_close(cosine, expected, atol=1e-6, rtol=0)
    flipped = Simplex(points * torch.tensor([[2.0], [-0.1], [1.0], [-7.0]]), where=mask).cosine()
    torch.testing.assert_close(flipped.square(), cosine.square(), atol=1e-6, rtol=0)
    assert flipped[0, 1] == pytest.approx(-cosine[0, 1].item(), abs=1e-6)


def test_a_cosine_is_never_above_one():
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        a = torch.randn(1000, generator=generator)
        cosine = Line(a, -2 * a).cosine()
        assert cosine.abs().max() <= 1 and cosine.acos().isfinite().all()


@pytest.mark.parametrize(("kind", "n"), ANGLED)
def test_every_pair_of_points_is_as_likely(kind, n):
    class Noting(kind):
        def _push(self, i, j):
            pairs.append(frozenset((i, j)))

    pairs, again = [], []
    subspace, generator = ends_of(Noting, kind, n), torch.Generator().manual_seed(0)
    draws = 3000
    for _ in range(draws):
        subspace.penalty(generator)
    counts = {pair: pairs.count(pair) for pair in set(pairs)}
    assert set(counts) == {frozenset((i, j)) for i in range(n) for j in range(i)}
    expected = draws / len(counts)
    assert all(abs(count - expected) < 5 * sqrt(expected) for count in counts.values())
    pairs, again, generator = again, pairs, torch.Generator().manual_seed(0)
    for _ in range(20):
        subspace.penalty(generator)
    assert pairs == again[:20]


def ends_of(own, kind, n):
    points = vectors(n)
    return own(*points, beta=1.0) if kind in (Line, Bezier) else own(points, beta=1.0)


def test_without_beta_no_pair_is_drawn():
    generator = torch.Generator().manual_seed(0)
    state, line = generator.get_state(), Line(*vectors(2))
    assert line.penalty(generator) is None and torch.equal(generator.get_state(), state)
    assert line.leaves()[0].grad is None


# Layers with positions of their own

LAYERS = torch.arange(D) % 4


@pytest.mark.parametrize(("kind", "n"), ANGLED)
def test_layers_at_one_position_are_the_network_there(kind, n):
    subspace = ends(kind, n, layers=LAYERS)
    (coords,) = subspace.draw(torch.Generator().manual_seed(3))[None]
    found = subspace.at_layers(torch.stack([coords] * 4))
    torch.testing.assert_close(found, subspace.at(coords), atol=1e-12, rtol=0)


def test_each_layer_sits_at_its_own_position():
    line, t = ends(Line, 2, layers=LAYERS), [0.0, 0.25, 0.6, 1.0]
    found = line.at_layers(t)
    for layer in range(4):
        own = LAYERS == layer
        torch.testing.assert_close(found[own], line.at(t[layer])[own], atol=1e-12, rtol=0)
    assert torch.equal(found[LAYERS == 0], line.points[0][LAYERS == 0])
    assert torch.equal(found[LAYERS == 3], line.points[1][LAYERS == 3])
    assert torch.equal(Simplex(vectors(4), layers=LAYERS).at_layers(torch.eye(4)[[2] * 4]), vectors(4)[2])


@pytest.mark.parametrize("fixed", [(), (0,), (2, 0)])
@pytest.mark.parametrize(("kind", "n"), [(Bezier, 3), (Simplex, 3)])
def test_every_layer_draws_and_gets_its_own_share(kind, n, fixed):
    subspace, twin = (ends(kind, n, fixed=fixed, layers=LAYERS) for _ in range(2))
    (g,) = vectors(1, torch.float64)
    for seed in (0, 1):
        generator = torch.Generator().manual_seed(seed)
        theta = subspace.sample(generator)
        subspace.give(g)
        again = torch.Generator().manual_seed(seed)
        alpha = torch.stack([twin.basis(twin.draw(again).double()) for _ in range(4)])
        assert len(alpha.unique(dim=0)) == 4
        torch.testing.assert_close(theta, (alpha[LAYERS].T * twin.points).sum(0), atol=1e-12, rtol=0)
        shares = alpha[LAYERS].T * g
        moving = [i for i in range(n) if i not in fixed]
        torch.testing.assert_close(subspace.leaves()[0].grad, shares[moving], atol=1e-12, rtol=0)
        torch.testing.assert_close(shares.sum(0), g, atol=1e-6, rtol=0)
        before = subspace.points
        assert torch.equal(before, twin.points)


def test_shares_of_layers_add_up_over_a_step():
    line, gradients, generator = ends(Line, 2, layers=LAYERS), vectors(3, torch.float64), torch.Generator()
    for seed in (0, 1):
        generator.manual_seed(seed)
        expected = torch.zeros(2, D, dtype=torch.float64)
        again = torch.Generator().manual_seed(seed)
        for part, g in enumerate(gradients):
            line.sample(generator, part, 3)
            line.give(g)
            t = torch.stack([line.draw(again, part, 3) for _ in range(4)]).double()
            assert (t >= part / 3).all() and (t <= (part + 1) / 3).all()
            expected += torch.stack([1 - t[LAYERS], t[LAYERS]]) * g / 3
        torch.testing.assert_close(line.leaves()[0].grad, expected, atol=1e-12, rtol=0)


def test_angles_do_not_ask_about_layers():
    points = vectors(2, torch.float64)
    by_layer, plain = Line(*points, beta=1.0, layers=LAYERS), Line(*points, beta=1.0)
    assert torch.equal(pushed(by_layer, 0, 1), pushed(plain, 0, 1))
    assert torch.equal(by_layer.cosine(), plain.cosine())


@pytest.mark.parametrize(("kind", "n"), ANGLED)
def test_every_kind_takes_the_options_and_copies_keep_them(kind, n):
    subspace = deepcopy(ends(kind, n, fixed=(0,), beta=0.5, where=MASK, layers=LAYERS))
    assert subspace.beta == 0.5 and subspace.fixed == (0,)
    assert torch.equal(subspace.where, MASK) and torch.equal(subspace.layers, LAYERS)
