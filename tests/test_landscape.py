"""Scans, barriers, planes and instability, against plain loops and cases worked out by hand."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import update_bn
from zoo import ZOO

from toolkit import Bezier, Line, PolyChain, WeightSpace, barrier, data, evaluate, fit, instability, metrics, models
from toolkit import plane as lay_plane
from toolkit import scan as measure
from toolkit.landscape import Scan
from toolkit.robust import PGD

NAMES = ("train_loss", "train_accuracy", "train_ece", "test_loss", "test_accuracy", "test_ece")


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(80)


@pytest.fixture(scope="module", params=["mlp", "cnn", "attention"])
def space(request):
    torch.manual_seed(0)
    return WeightSpace(ZOO[request.param]())


@pytest.fixture(scope="module")
def small():
    return WeightSpace(models.mlp(64, 6, 10))


@torch.no_grad()
def plainly(space, theta, digits):
    """Load the weights into the module, estimate its statistics with torch's own function, and measure."""
    module = space.module(theta)
    update_bn([digits.train_x], module)
    module.eval()
    found = {}
    for split in ("train", "test"):
        x, y = digits.split(split)
        logits = module(x)
        found[f"{split}_loss"] = cross_entropy(logits, y).item()
        found[f"{split}_accuracy"] = (logits.argmax(1) == y).double().mean().item()
        found[f"{split}_ece"] = metrics.ece(logits, y).item()
    return found


@pytest.mark.parametrize("kind", ["line", "curve", "chain"])
def test_a_scan_is_a_plain_loop(space, digits, kind):
    a, b, c = (space.init(seed) for seed in range(3))
    path = {"line": Line(a, b), "curve": Bezier(a, c, b), "chain": PolyChain([a, c, b])}[kind]
    found = measure(space, path, digits, points=4)
    assert found.t.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    for i, t in enumerate(found.t):
        expected = plainly(space, path.at(float(t)), digits)
        for name in NAMES:
            assert getattr(found, name)[i] == pytest.approx(expected[name], abs=2e-6), (t, name)


def test_the_ends_of_a_scan_are_the_networks_themselves(space, digits):
    a, b = space.init(0), space.init(1)
    found = measure(space, Line(a, b), digits, points=3)
    for theta, i in ((a, 0), (b, -1)):
        alone = evaluate(space, theta, digits)
        assert all(getattr(found, name)[i] == alone[name] for name in NAMES)


@pytest.mark.parametrize("metric", ["train_loss", "test_error", "test_ece", "test_accuracy"])
@pytest.mark.parametrize("against", ["chord", "mean"])
def test_a_path_between_equal_points_has_no_barrier(space, digits, metric, against):
    a = space.init(0)
    assert measure(space, Line(a, a), digits, points=5).barrier(metric, against) == pytest.approx(0, abs=1e-6)


def test_a_scan_backwards_is_the_scan_reversed(space, digits):
    a, b = space.init(0), space.init(1)
    there, back = (measure(space, Line(*ends), digits, points=5) for ends in ((a, b), (b, a)))
    np.testing.assert_allclose(there.train_loss, back.train_loss[::-1], atol=1e-5)
    assert there.barrier() == pytest.approx(back.barrier(), abs=1e-5)


def test_positions_of_your_own(small, digits):
    path = Line(small.init(0), small.init(1))
    grid = measure(small, path, digits, points=5)
    for points in ([0, 0.25, 1], np.array([0, 0.25, 1]), torch.tensor([0, 0.25, 1])):
        own = measure(small, path, digits, points=points)
        np.testing.assert_allclose(own.test_loss, grid.test_loss[[0, 1, 4]], atol=1e-6)


def test_one_position_is_no_scan(small, digits):
    with pytest.raises(ValueError, match=r"^points must be at least two finite positions, got \[0\.5\]\.$"):
        measure(small, Line(small.init(0), small.init(1)), digits, points=[0.5])


def test_a_scan_is_asked_by_name(small, digits):
    found = measure(small, Line(small.init(0), small.init(1)), digits, points=3)
    assert found["test_loss"] is found.test_loss
    np.testing.assert_array_equal(found["train_error"], 1 - found.train_accuracy)
    assert found.barrier("train_accuracy") == found.barrier("train_error") == barrier(found["train_error"], found.t)
    assert found.barrier() == barrier(found.test_loss, found.t)


def test_without_refreshing_the_given_statistics_serve_everywhere(digits):
    space = WeightSpace(models.cnn(width=2))
    a, b = space.init(0), space.init(1)
    stats = space.refresh(a, digits.train_x)
    stale = measure(space, Line(a, b), digits, points=3, refresh=False, stats=stats)
    fresh = measure(space, Line(a, b), digits, points=3)
    assert stale.test_loss[0] == fresh.test_loss[0] and stale.test_loss[2] != fresh.test_loss[2]
    expected = cross_entropy(space.logits(b, digits.test_x, stats), digits.test_y).item()
    assert stale.test_loss[2] == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ValueError, match="statistics belong to theta"):
        measure(space, Line(a, b), digits, points=3, refresh=False)


def test_statistics_of_every_position_serve_as_refreshing_does(digits):
    space = WeightSpace(models.cnn(width=2))
    path = Line(space.init(0), space.init(1))
    stats = space.refresh(path.at([0, 0.5, 1]), digits.train_x)
    given, fresh = measure(space, path, digits, 3, refresh=False, stats=stats), measure(space, path, digits, 3)
    np.testing.assert_allclose(given.test_loss, fresh.test_loss, atol=1e-6)


def test_evaluate_measures_one_or_many(small, digits):
    thetas = torch.stack([small.init(seed) for seed in range(3)])
    names = ["val_loss", "train_error", "test_accuracy"]
    many, one = evaluate(small, thetas, digits, names), evaluate(small, thetas[1], digits, names)
    assert list(many) == names and all(values.shape == (3,) for values in many.values())
    assert all(many[name][1] == one[name] for name in names)
    loss = cross_entropy(small.logits(thetas[1], digits.val_x), digits.val_y).item()
    assert one["val_loss"] == pytest.approx(loss, abs=1e-6)
    error = (small.logits(thetas[1], digits.train_x).argmax(1) != digits.train_y).float().mean().item()
    assert one["train_error"] == pytest.approx(error, abs=1e-6)


def test_one_name_is_a_list_of_one(small, digits):
    theta = small.init(0)
    assert evaluate(small, theta, digits, "val_ece") == evaluate(small, theta, digits, ["val_ece"])
    assert list(evaluate(small, theta, digits, "val_ece")) == ["val_ece"]


@pytest.mark.parametrize("shared", [True, False])
def test_many_networks_are_each_measured_with_the_statistics_given(digits, shared):
    # 35 are more than are measured at once.
    space = WeightSpace(models.mlp(64, 3, 10, batchnorm=True))
    thetas = torch.stack([space.init(seed) for seed in range(35)])
    stats = space.refresh(thetas[0] if shared else thetas, digits.train_x)
    many = evaluate(space, thetas, digits, "test_loss", refresh=False, stats=stats)["test_loss"]
    for i in (0, 17, 34):
        own = stats if shared else {name: value[i] for name, value in stats.items()}
        loss = cross_entropy(space.logits(thetas[i], digits.test_x, own), digits.test_y).item()
        assert many[i] == pytest.approx(loss, abs=1e-6)


@pytest.mark.parametrize("n", [1, 34, 36])
def test_rows_of_statistics_are_counted_before_anything_is_measured(digits, n):
    space = WeightSpace(models.mlp(64, 3, 10, batchnorm=True))
    thetas = torch.stack([space.init(seed) for seed in range(35)])
    stats = {name: value.expand(n, 3) for name, value in space.refresh(thetas[0], digits.train_x).items()}
    with pytest.raises(ValueError) as error:
        evaluate(space, thetas, digits, refresh=False, stats=stats)
    assert str(error.value) == f"stats must have one row for each of 35 networks, got {n} in 'bn1.running_mean'."


def test_measuring_keeps_no_graph_and_no_random_state(small, digits):
    state = torch.get_rng_state()
    theta = small.init(0).requires_grad_()
    evaluate(small, theta, digits)
    line = Line(theta, small.init(1))
    line.leaves()[0].requires_grad_()
    measure(small, line, digits, points=2)
    assert theta.grad is None and line.leaves()[0].grad is None and torch.equal(state, torch.get_rng_state())


# Attacked inputs


class Told:
    """An attack that notes what it was given and answers with inputs half as bright."""

    def __init__(self):
        self.calls = []

    def __call__(self, space, theta, x, y, generator, stats):
        assert not torch.is_grad_enabled()
        start = torch.rand((), generator=generator).item()
        self.calls.append((theta.clone(), x, y, start, {name: value.clone() for name, value in stats.items()}))
        return x / 2


def test_each_network_is_attacked_with_its_own_statistics(space, digits):
    thetas = torch.stack([space.init(seed) for seed in range(3)])
    attack = Told()
    found = evaluate(space, thetas, digits, ["test_loss", "train_accuracy"], attack=attack)
    fresh = space.refresh(thetas, digits.train_x)  # of the inputs as they were
    assert len(attack.calls) == 6 and len({call[3] for call in attack.calls}) == 1  # the same random start for all
    for call in attack.calls:
        i = next(i for i in range(3) if torch.equal(thetas[i], call[0]))
        split = "train" if call[1] is digits.train_x else "test"
        assert call[1] is digits.split(split)[0] and call[2] is digits.split(split)[1]
        assert set(call[4]) == set(fresh) and all(torch.equal(call[4][name], fresh[name][i]) for name in fresh)
    for i, theta in enumerate(thetas):
        own = {name: value[i] for name, value in fresh.items()}
        logits = space.logits(theta, digits.test_x / 2, own)
        assert found["test_loss"][i] == pytest.approx(cross_entropy(logits, digits.test_y).item(), abs=1e-6)
        right = space.logits(theta, digits.train_x / 2, own).argmax(1) == digits.train_y
        assert found["train_accuracy"][i] == pytest.approx(right.double().mean().item(), abs=1e-6)


def test_robust_losses_of_many_are_those_of_each(space, digits):
    thetas = torch.stack([space.init(seed) for seed in range(18)])  # more than are measured at once
    many = evaluate(space, thetas, digits, "test_loss", attack=PGD(0.1, 2))["test_loss"]
    for i in (0, 15, 16, 17):
        assert evaluate(space, thetas[i], digits, "test_loss", attack=PGD(0.1, 2))["test_loss"] == many[i]
    clean = evaluate(space, thetas, digits, "test_loss")["test_loss"]
    assert (many > clean).all()


def test_an_attack_of_no_size_measures_the_clean_loss_bit_for_bit(space, digits):
    a, b = space.init(0), space.init(1)
    none, clean = (measure(space, Line(a, b), digits, points=3, attack=attack) for attack in (PGD(0.0), None))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(none, name), getattr(clean, name))


def test_a_robust_scan_is_a_plain_loop(space, digits):
    path = Bezier(*(space.init(seed) for seed in range(3)))
    found = measure(space, path, digits, points=3, attack=PGD(0.1, 3))
    for i, t in enumerate((0.0, 0.5, 1.0)):
        theta = path.at(t)
        stats = space.refresh(theta, digits.train_x)
        for split in ("train", "test"):
            x, y = digits.split(split)
            attacked = PGD(0.1, 3)(space, theta, x, y, torch.Generator().manual_seed(0), stats)
            loss = cross_entropy(space.logits(theta, attacked, stats), y).item()
            assert found[f"{split}_loss"][i] == pytest.approx(loss, abs=1e-6)
    again = measure(space, path, digits, points=3, attack=PGD(0.1, 3))
    np.testing.assert_array_equal(found.test_loss, again.test_loss)


@pytest.mark.parametrize("shared", [True, False])
def test_an_attack_without_refreshing_uses_the_statistics_given(digits, shared):
    space, attack = WeightSpace(models.cnn(width=2)), Told()
    thetas = torch.stack([space.init(0), space.init(1)])
    stats = space.refresh(thetas[0] if shared else thetas, digits.train_x)
    measure(space, Line(*thetas), digits, 2, refresh=False, stats=stats, attack=attack)
    for theta, *_, own in attack.calls:
        i = 0 if torch.equal(theta, thetas[0]) else 1
        assert all(torch.equal(own[name], value if shared else value[i]) for name, value in stats.items())


def test_an_attack_without_statistics_says_what_is_missing(digits):
    space = WeightSpace(models.cnn(width=2))
    with pytest.raises(ValueError, match="statistics belong to theta"):
        evaluate(space, space.init(0), digits, refresh=False, attack=PGD())


def test_measuring_attacked_inputs_leaves_torch_s_random_state_alone(small, digits):
    state, x = torch.get_rng_state(), digits.test_x.clone()
    measure(small, Line(small.init(0), small.init(1)), digits, points=2, attack=PGD())
    assert torch.equal(state, torch.get_rng_state()) and torch.equal(x, digits.test_x)


# Barriers


@pytest.mark.parametrize(
    ("values", "t", "chord", "mean"),
    [
        ([0.0, 1.0, 0.0], None, 1.0, 1.0),
        ([1.0, 3.0, 2.0], None, 1.5, 1.5),
        ([1.0, 1.2, 2.0], None, 0.0, 0.5),
        ([2.0, 1.0, 2.0], None, 0.0, 0.0),
        ([0.0, 1.0, 2.0], [0, 0.25, 1], 0.5, 1.0),
        ([0.0, 1.0, 2.0], [-1, 0.5, 1], 0.0, 1.0),
        ([3.0, 3.0], None, 0.0, 0.0),
    ],
)
def test_barriers_by_hand(values, t, chord, mean):
    assert barrier(values, t) == pytest.approx(chord)
    assert barrier(values, t, against="mean") == pytest.approx(mean)


def test_the_two_definitions_differ_by_at_most_half_the_ends():
    values = np.random.default_rng(0).normal(size=(200, 9))
    chord, mean = barrier(values), barrier(values, against="mean")
    gap = np.abs(values[:, 0] - values[:, -1]) / 2
    assert (chord >= 0).all() and (mean >= gap - 1e-12).all()
    assert (np.abs(chord - mean) <= gap + 1e-12).all()
    np.testing.assert_allclose(barrier(values[:, ::-1]), chord)


def test_barriers_of_many_paths_at_once():
    values = np.random.default_rng(0).normal(size=(2, 3, 5))
    together = barrier(torch.tensor(values), t=[0, 0.1, 0.5, 0.7, 1])
    assert together.shape == (2, 3)
    assert together[1, 2] == pytest.approx(barrier(values[1, 2], [0, 0.1, 0.5, 0.7, 1]))
    assert type(barrier([0, 1, 0])) is float


# Planes


@pytest.fixture(scope="module")
def map_of_three(small, digits):
    points = [small.init(seed) for seed in range(3)]
    return points, lay_plane(small, points, digits, size=4, margin=0.5)


def test_the_axes_are_orthonormal_and_the_corners_where_the_networks_are(map_of_three):
    points, found = map_of_three
    for one, other, expected in ((found.u, found.u, 1), (found.v, found.v, 1), (found.u, found.v, 0)):
        assert (one @ other).item() == pytest.approx(expected, abs=1e-5)
    a, b, c = points
    assert found.corners[0].tolist() == [0, 0] and found.corners[1, 1] == pytest.approx(0, abs=1e-5)
    assert found.corners[1, 0] == pytest.approx((b - a).norm().item(), rel=1e-5)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        distance = np.linalg.norm(found.corners[i] - found.corners[j])
        assert distance == pytest.approx((points[i] - points[j]).norm().item(), rel=1e-5)
    assert found.corners[2, 1] > 0
    np.testing.assert_allclose(found.project(torch.stack(points)), found.corners, atol=1e-5)
    for point, corner in zip(points, found.corners, strict=True):
        torch.testing.assert_close(found.at(*corner), point, atol=1e-5, rtol=1e-5)


def test_projection_recovers_a_place_and_forgets_what_stands_off(map_of_three, small):
    _, found = map_of_three
    np.testing.assert_allclose(found.project(found.at(0.7, -1.3)), [0.7, -1.3], atol=1e-5)
    off = small.init(9)
    off = off - (off @ found.u) * found.u - (off @ found.v) * found.v
    np.testing.assert_allclose(found.project(found.at(0.7, -1.3) + off), [0.7, -1.3], atol=1e-4)


def test_the_grid_holds_the_loss_of_the_networks_there(map_of_three, small, digits):
    _, found = map_of_three
    assert found.values.shape == (4, 4) and found.metric == "test_loss"
    for row, y in enumerate(found.y):
        for column, x in enumerate(found.x):
            alone = evaluate(small, found.at(x, y), digits, ["test_loss"])["test_loss"]
            assert found.values[row, column] == pytest.approx(alone, abs=1e-5)


def test_the_margin_reaches_beyond_the_networks(map_of_three, small, digits):
    points, found = map_of_three
    low, high = found.corners.min(0), found.corners.max(0)
    reach = 0.5 * (high - low).max()
    assert [found.x[0], found.x[-1]] == pytest.approx([low[0] - reach, high[0] + reach])
    assert [found.y[0], found.y[-1]] == pytest.approx([low[1] - reach, high[1] + reach])
    tight = lay_plane(small, torch.stack(points), digits, metric="train_error", size=2, margin=0)
    assert tight.values[0, 0] == evaluate(small, points[0], digits, ["train_error"])["train_error"]


def test_a_plane_refreshes_statistics_at_every_grid_point(digits):
    space = WeightSpace(models.cnn(width=2))
    found = lay_plane(space, [space.init(seed) for seed in range(3)], digits, size=2)
    alone = evaluate(space, found.at(found.x[1], found.y[1]), digits, ["test_loss"])["test_loss"]
    assert found.values[1, 1] == pytest.approx(alone, abs=1e-5)


def test_a_plane_knows_the_names_of_its_networks(small, digits):
    points = [small.init(seed) for seed in range(3)]
    for names, kept in [
        (("left", "right", "top"), ("left", "right", "top")),
        (["x", "y", "z"], ("x", "y", "z")),
        ((), ()),
    ]:
        assert lay_plane(small, points, digits, size=2, names=names).names == kept
    assert lay_plane(small, points, digits, size=2).names == ("A", "B", "C")


# Instability


@pytest.mark.parametrize("module", [models.mlp(64, 6, 10), models.cnn(width=2)], ids=["mlp", "cnn"])
def test_siblings_that_never_part_are_stable(digits, module):
    found = instability(WeightSpace(module), digits, [0, 10], seeds=[0, 1], points=3, epochs=2, batch_size=16)
    assert found.steps == (0, 10) and found.seeds == (0, 1)
    assert [len(row) for row in found.scans] == [2, 2]
    for early, never in found.scans:
        assert early.train_loss[0] != early.train_loss[-1]
        assert len(set(never.train_loss)) == 1 or never.barrier("train_loss") == pytest.approx(0, abs=1e-6)
    heights = found.barrier("train_loss")
    assert heights.shape == (2, 2) and heights[:, 1] == pytest.approx([0, 0], abs=1e-6)
    assert (heights[:, 0] > 1e-4).all() or found.barrier("train_loss", "mean")[:, 0].min() > 1e-5


def test_siblings_share_their_start_and_part_by_order_alone(small, digits):
    settings = {"epochs": 2, "batch_size": 16}
    found = instability(small, digits, [3, 4], seeds=[5, 6], points=2, **settings)
    for row, seed in zip(found.scans, (5, 6), strict=True):
        for pair, step in zip(row, (3, 4), strict=True):
            fork = [(step, 1_000 + 2 * seed), (step, 1_001 + 2 * seed)]
            ends = fit(small, torch.stack([small.init(seed)] * 2), digits, seed=seed, fork=fork, **settings)
            expected = evaluate(small, ends, digits, ["train_loss"])["train_loss"]
            np.testing.assert_allclose(pair.train_loss, expected, atol=1e-5)
    assert found.barrier().shape == (2, 2)


def test_a_barrier_of_a_longer_walk_is_still_between_the_ends():
    t = np.array([-0.5, 0.0, 0.5, 1.0, 1.5])
    losses = np.array([9.0, 1.0, 3.0, 2.0, 9.0])
    walk = Scan(t, *[losses] * 6)
    assert walk.barrier("test_loss") == 1.5
    beyond = Scan(t[:2], *[losses[:2]] * 6)
    with pytest.raises(
        ValueError, match="^A barrier needs both ends of the path, t = 0 and t = 1, got t from -0.5 to 0.$"
    ):
        beyond.barrier("test_loss")


def test_a_long_scan_in_small_pieces_is_the_same_scan(monkeypatch):
    digits, space = data.load("digits").subset(60), WeightSpace(models.mlp(64, 32, 10, batchnorm=True))
    line = Line(space.init(0), space.init(1))
    stats = space.refresh(line.at(np.linspace(0, 1, 7)), digits.train_x)
    whole = [measure(space, line, digits, 7), measure(space, line, digits, 7, refresh=False, stats=stats)]
    monkeypatch.setattr("toolkit.landscape.path._NUMBERS_AT_ONCE", 2 * space.size)
    pieces = [measure(space, line, digits, 7), measure(space, line, digits, 7, refresh=False, stats=stats)]
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(one.test_loss, other.test_loss, rtol=1e-6)
        np.testing.assert_allclose(one.train_loss, other.train_loss, rtol=1e-6)
