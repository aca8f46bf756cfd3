"""Lines, curves and simplexes: identities of the formulas, and what training may touch."""

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
