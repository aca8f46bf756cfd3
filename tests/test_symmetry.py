"""The function never moves, the group laws hold, swaps stay exact copies, and the proof finds mistakes."""

from math import factorial, log10

import pytest
import torch
from torch import nn

from toolkit import WeightSpace, models
from toolkit.symmetry import trace
from toolkit.vision import torchvision

torch.manual_seed(0)


def flat_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 12),
        nn.ReLU(),
        nn.Linear(12, 10),
    )


def mlp_layernorm():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 10))


def built(name, **settings):
    return lambda: getattr(torchvision().models, name)(**settings)


SMALL, COLOUR = (6, 1, 8, 8), (8, 3, 32, 32)
NETWORKS = {
    "mlp": (lambda: models.mlp(64, 32, 16, 10), SMALL),
    "mlp and layernorm": (mlp_layernorm, SMALL),
    "cnn and flatten": (flat_cnn, SMALL),
    "cnn": (models.cnn, SMALL),
    "resnet": (models.resnet, SMALL),
    "resnet18": (built("resnet18"), COLOUR),
    "concat": (built("squeezenet1_1"), COLOUR),
    "depthwise": (built("mobilenet_v2"), COLOUR),
}


@pytest.fixture(scope="module")
def small():
    space = WeightSpace(models.mlp(64, 32, 16, 10))
    return trace(space, torch.rand(2, 64))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_function_stays_while_the_point_moves(name):
    build, shape = NETWORKS[name]
    space, x = WeightSpace(build()), torch.rand(shape)
    symmetry = trace(space, x)
    theta, perms = space.init(0), symmetry.random(seed=1)
    stats = space.refresh(theta, x)
    twin, moved = symmetry.apply(theta, perms), symmetry.apply_statistics(stats, perms)
    before, after = space.logits(theta, x, stats), space.logits(twin, x, moved)
    assert (after - before).abs().max() <= 1e-4 * before.abs().max()
    assert (twin != theta).float().mean() > 0.5
    assert twin.sort().values.equal(theta.sort().values)


def test_statistics_go_along_and_are_those_of_the_twin():
    space, x = WeightSpace(models.cnn()), torch.rand(20, 1, 8, 8)
    symmetry = trace(space, x)
    theta, perms = space.init(0), symmetry.random(0)
    stats, twin = space.refresh(theta, x), symmetry.apply(theta, perms)
    moved, fresh = symmetry.apply_statistics(stats, perms), space.refresh(twin, x)
    for name, value in moved.items():
        torch.testing.assert_close(value, fresh[name], rtol=1e-4, atol=1e-6)
    assert not torch.allclose(space.logits(twin, x, moved), space.logits(twin, x, stats), rtol=1e-2)
    rows = symmetry.apply_statistics({name: torch.stack([v, v]) for name, v in stats.items()}, perms)
    assert all(rows[name].equal(torch.stack([v, v])) for name, v in moved.items())


def test_by_hand_on_a_tiny_network():
    space = WeightSpace(models.mlp(2, 3, 1))
    symmetry = trace(space, torch.rand(2, 2))
    theta = torch.arange(13.0)  # fc1.weight 3x2, fc1.bias 3, fc2.weight 1x3, fc2.bias 1
    moved = symmetry.apply(theta, {"fc1": torch.tensor([2, 0, 1])})
    assert moved.tolist() == [4, 5, 0, 1, 2, 3, 8, 6, 7, 11, 9, 10, 12]


def test_flattened_channels_move_as_blocks():
    symmetry = trace(WeightSpace(flat_cnn()), torch.rand(2, 1, 8, 8))
    weight = torch.arange(12.0 * 64).view(12, 64)
    theta = symmetry.space.flatten(symmetry.space.unflatten(symmetry.space.init(0)) | {"4.weight": weight})
    moved = symmetry.space.unflatten(symmetry.apply(theta, {"0": [1, 0, 3, 2]}))["4.weight"]
    assert moved[0, :32].tolist() == [*range(16, 32), *range(16)]


def test_identity_inverse_and_composition_are_exact(small):
    theta, p, q = small.space.init(0), small.random(1), small.random(2)
    assert small.apply(theta, small.identity()).equal(theta)
    assert small.apply(theta, {}).equal(theta)
    assert small.apply(small.apply(theta, p), small.inverse(p)).equal(theta)
    assert small.apply(small.apply(theta, p), q).equal(small.apply(theta, small.compose(p, q)))
    assert not small.apply(theta, small.compose(p, q)).equal(small.apply(theta, small.compose(q, p)))


def test_many_points_move_as_each_and_gradients_follow(small):
    points, p = torch.stack([small.space.init(seed) for seed in (0, 1)]), small.random(0)
    assert small.apply(points, p).equal(torch.stack([small.apply(point, p) for point in points]))
    theta, g = points[0].clone().requires_grad_(), points[1]
    (small.apply(theta, p) * g).sum().backward()
    assert theta.grad.equal(small.apply(g, small.inverse(p)))


def test_twins_counts_the_renumberings(small):
    assert small.twins() == pytest.approx(log10(factorial(32) * factorial(16)))


def cycles(perm):
    seen, number = set(), 0
    for start in range(len(perm)):
        number += start not in seen
        while start not in seen:
            seen.add(start)
            start = perm[start]
    return number


@pytest.mark.parametrize("scored", [False, True])
def test_steps_are_copies_all_the_way_and_arrive(small, scored):
    theta, x, goal = small.space.init(0), torch.rand(20, 64), small.random(3)
    generator = torch.Generator().manual_seed(0)
    score = {name: torch.randn(n, n, generator=generator) for name, n in small.groups.items()} if scored else None
    swaps = small.steps(goal, score)
    assert len(swaps) == sum(len(perm) - cycles(perm.tolist()) for perm in goal.values())
    logits = small.space.logits(theta, x)
    home = 0
    for k in range(len(swaps) + 1):
        perms = small.after(swaps[:k])
        torch.testing.assert_close(small.space.logits(small.apply(theta, perms), x), logits, rtol=1e-4, atol=1e-5)
        now_home = sum(int((perms[name] == goal[name]).sum()) for name in goal)
        assert k == 0 or now_home > home
        home = now_home
    assert all(perms[name].equal(goal[name]) for name in goal)


def test_each_step_gains_most_of_those_that_bring_a_unit_home(small):
    goal, generator = small.random(3), torch.Generator().manual_seed(0)
    score = {name: torch.randn(n, n, generator=generator) for name, n in small.groups.items()}

    def worth(swaps):
        reached = small.after(swaps).items()
        return sum(score[name][torch.arange(len(perm)), perm].sum().item() for name, perm in reached)

    swaps = small.steps(goal, score)
    for k in range(len(swaps)):
        options = []
        for name, perm in small.after(swaps[:k]).items():
            for i, unit in enumerate(goal[name].tolist()):
                if perm[i] != unit:
                    options.append(worth([*swaps[:k], (name, i, perm.tolist().index(unit))]))
        assert worth(swaps[: k + 1]) == pytest.approx(max(options), abs=1e-4)


def test_no_steps_to_where_you_are(small):
    assert small.steps(small.identity()) == []


class Attention(nn.Module):
    """Attention with four heads around a residual stream whose width is mixed by hand, so that it is frozen."""

    def __init__(self):
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(8, 4, batch_first=True), nn.Linear(8, 10)

    def forward(self, x):
        x = x.squeeze(1)
        return self.head((x + self.attention(x, x, x, need_weights=False)[0]).mean(1))


HEADS = [("heads", 4, 2)]
ATTENTION = {
    "attention.in_proj_weight": {0: 3 * HEADS},
    "attention.in_proj_bias": {0: 3 * HEADS},
    "attention.out_proj.weight": {1: HEADS},
}


def test_heads_of_attention_are_a_group_of_your_own():
    space, x = WeightSpace(Attention()), torch.randn(4, 1, 8, 8)
    assert trace(space, x).groups == {}
    symmetry = trace(space, x, extra=ATTENTION)
    assert symmetry.groups == {"heads": 4}
    theta = torch.randn(space.size, generator=torch.Generator().manual_seed(0))
    twin = symmetry.apply(theta, {"heads": [2, 0, 3, 1]})
    assert not twin.equal(theta)
    torch.testing.assert_close(space.logits(twin, x), space.logits(theta, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("wrong", ["attention.in_proj_weight", "attention.in_proj_bias", "attention.out_proj.weight"])
def test_the_proof_names_a_wrong_group(wrong):
    extra = {name: by_axis for name, by_axis in ATTENTION.items() if name != wrong}
    with pytest.raises(ArithmeticError, match="Renumbering the units of 'heads' changes the output by .* of its size"):
        trace(WeightSpace(Attention()), torch.randn(4, 1, 8, 8), extra=extra)


def test_the_proof_does_not_miss_a_group_of_two_or_a_deep_one():
    narrow = WeightSpace(models.mlp(64, *[16] * 12, 10))
    for space, extra in [
        (WeightSpace(models.mlp(64, 2, 10)), {"fc1.bias": {0: [("pair", 2, 1)]}}),
        (narrow, {"fc1.bias": {0: [("pair", 2, 8)]}}),
    ]:
        with pytest.raises(ArithmeticError, match="'(pair|fc1)'"):
            trace(space, torch.rand(4, 64), extra=extra)


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"fc9": {0: []}}, "each weight of extra must be one of 'fc1.weight', 'fc1.bias', .*, got 'fc9'."),
        ({"fc1.bias": {1: [("g", 4, 1)]}}, r"each axis of extra\['fc1.bias'\] must be one of 0, got 1."),
        ({"fc1.bias": {0: [("g", 3, 1)]}}, r"extra\['fc1.bias'\]\[0\] must cover 4 entries, got \[\('g', 3, 1\)\]."),
        ({"fc1.bias": {0: [("g", 4)]}}, r"extra\['fc1.bias'\]\[0\] must list \(group, size, block\), got "),
        (
            {"fc1.bias": {0: [("g", 4, 1)]}, "fc1.weight": {0: [("g", 2, 2)]}},
            "extra must give group 'g' one size, got 2 and 4 in 'fc1.bias'.",
        ),
    ],
)
def test_extra_that_does_not_fit(extra, sentence):
    with pytest.raises(ValueError, match=sentence):
        trace(WeightSpace(models.mlp(6, 4, 2)), torch.rand(2, 6), extra=extra)


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x) if x.sum() > 0 else self.fc(-x)


def test_a_module_that_cannot_be_traced():
    with pytest.raises(ValueError, match="The module cannot be traced, .*mark it with torch.fx.wrap"):
        trace(WeightSpace(Branches()), torch.rand(2, 4))


def test_an_example_that_does_not_fit():
    with pytest.raises(
        ValueError, match=r"example must be what the network takes, got shape \[2, 5\] of torch.float32"
    ):
        trace(WeightSpace(models.mlp(6, 4, 2)), torch.rand(2, 5))
    with pytest.raises(TypeError, match="example must be a tensor, got list."):
        trace(WeightSpace(models.mlp(6, 4, 2)), [1.0])


@pytest.mark.parametrize(
    "perm", [[0, 1], [0, 0, 1, 2], [1, 2, 3, 4], [0.0, 1.0, 2.0, 3.0], [[0, 1], [2, 3]], [True, False, True, True]]
)
def test_what_is_no_permutation(perm):
    symmetry = trace(WeightSpace(models.mlp(6, 4, 2)), torch.rand(2, 6))
    for act in (
        lambda: symmetry.apply(symmetry.space.init(0), {"fc1": perm}),
        lambda: symmetry.apply_statistics({}, {"fc1": perm}),
        lambda: symmetry.inverse({"fc1": perm}),
    ):
        with pytest.raises(ValueError, match=r"perms\['fc1'\] must hold each of 0 to 3 once, got \[.* of shape \["):
            act()


def test_unknown_group_and_wrong_kinds(small):
    theta = small.space.init(0)
    with pytest.raises(ValueError, match="each group of perms must be one of 'fc1', 'fc2', got 'fc3'."):
        small.apply(theta, {"fc3": torch.arange(10)})
    with pytest.raises(TypeError, match="perms must map groups to permutations, got list."):
        small.apply(theta, [1, 0])
    with pytest.raises(ValueError, match="theta must have shape"):
        small.apply(theta[:-1], {})
