"""Masks: exact counts, one ranking over all layers, ties by index, controls that keep what they promise to keep."""

import pytest
import torch
from torch import nn
from zoo import ZOO

from toolkit import WeightSpace, models
from toolkit.sparse import dead_layers, density, prunable, prune, random_mask, shuffled, sparsity

COUNTS = [4416, 3533, 2826, 2261, 1809, 1447, 1158, 926, 741, 593, 474]  # n - round(n / 5), by hand


@pytest.fixture
def space() -> WeightSpace:
    return WeightSpace(models.mlp(64, 12, 12, 10))


def per_layer(space: WeightSpace, mask) -> dict[str, int]:
    return {name: int(part.sum()) for name, part in space.unflatten(mask).items()}


# ---------------------------------------------------------------------- which weights


@pytest.mark.parametrize("name", ["mlp with batchnorm", "cnn", "resnet", "tied", "layernorm", "double"])
def test_prunable_are_the_matrices_and_filters_of_a_module(name):
    space = WeightSpace(ZOO[name]())
    parts = space.unflatten(prunable(space))
    for key, parameter in ZOO[name]().named_parameters():
        assert parts[key].all() if parameter.dim() > 1 else not parts[key].any(), key
    assert prunable(space).dtype == torch.bool and prunable(space).shape == (space.size,)


def test_excluded_names_are_left_whole_by_layer_or_by_tensor(space):
    everything = prunable(space)
    for name in ("fc3", "fc3.weight"):
        left = per_layer(space, prunable(space, exclude=[name]))
        assert left == per_layer(space, everything) | {"fc3.weight": 0}
    assert per_layer(space, prunable(space, ("fc1", "fc2"))) == dict.fromkeys(left, 0) | {"fc3.weight": 120}
    assert torch.equal(prunable(space, ["fc2.bias"]), everything)  # had not been prunable anyway
    assert torch.equal(prunable(space), everything)  # nothing was remembered


def test_a_name_must_be_whole():
    space = WeightSpace(nn.Sequential(nn.Flatten(), *[nn.Linear(64, 64, bias=False) for _ in range(11)]))
    left = per_layer(space, prunable(space, ["1"]))  # not 10 and 11 as well
    assert [key for key, count in left.items() if not count] == ["1.weight"]


@pytest.mark.parametrize("name", ["right", "right.weight", "left"])
def test_a_tied_weight_is_left_whole_by_either_name(name):
    left = per_layer(space := WeightSpace(ZOO["tied"]()), prunable(space, [name]))
    assert [key for key, count in left.items() if not count and key.endswith("weight")] == ["left.weight"]


@pytest.mark.parametrize("name", ["fc", "fc4", "weight", "", "fc1.weigh", "flatten"])
def test_unknown_names_are_refused(space, name):
    with pytest.raises(ValueError, match=f"^exclude must name tensors or layers of this network, got '{name}'.$"):
        prunable(space, ["fc1", name])


def test_something_must_be_left_to_prune(space):
    with pytest.raises(ValueError, match=r"^exclude must leave something to prune, got \['fc1', 'fc2', 'fc3'\].$"):
        prunable(space, ["fc1", "fc2", "fc3"])


# ---------------------------------------------------------------------- pruning


def test_ten_rounds_leave_474_of_4416_and_every_mask_lies_in_the_one_before():
    space = WeightSpace(models.mlp(64, 32, 32, 32, 10))
    where, mask = prunable(space), torch.ones(space.size, dtype=torch.bool)
    for r, expected in enumerate(COUNTS):
        assert int(mask[where].sum()) == expected and mask[~where].all()
        assert abs(sparsity(mask, where) - (1 - 0.8**r)) <= max(r, 1e-4) / 4416
        new = prune(space.init(r), mask, 0.2, where)
        assert not (new & ~mask).any()
        mask = new


def test_one_ranking_over_all_layers_and_only_of_what_is_alive_and_prunable(space):
    where, theta = prunable(space), space.init(0)
    fresh = torch.ones(space.size, dtype=torch.bool)
    first = prune(theta, fresh, 0.3, where)
    second = prune(theta * first, first, 0.3, where)  # zeros that are pruned take no further part
    magnitudes = theta[where].abs().sort().values
    n, m = len(magnitudes), round(0.3 * len(magnitudes))
    assert int((fresh & ~first).sum()) == m and int((first & ~second).sum()) == round(0.3 * (n - m))
    for old, new in ((fresh, first), (first, second)):
        dropped = old & ~new
        assert theta[dropped].abs().max() <= theta[new & where].abs().min()
    assert torch.equal(theta[fresh & ~first].abs().sort().values, magnitudes[:m])
    shares = list(density(space, first).values())
    assert shares[0] < 0.68 and shares[-1] > 0.75  # fc1 starts smaller, and pays for all


@pytest.mark.parametrize("seed", range(3))
def test_pruning_is_a_sort_written_out(seed):
    draws = torch.Generator().manual_seed(seed)
    theta = torch.randint(-4, 5, (40,), generator=draws).float()  # full of ties and zeros that are alive
    alive, where = (torch.rand(40, generator=draws) < 0.8 for _ in range(2))
    for fraction in (0, 0.1, 0.25, 0.5, 0.77, 0.99):
        candidates = [i for i in range(40) if alive[i] and where[i]]
        ranked = sorted(candidates, key=lambda i: (abs(float(theta[i])), i))
        dropped = set(ranked[: round(fraction * len(candidates))])
        expected = [bool(alive[i]) and i not in dropped for i in range(40)]
        assert prune(theta, alive, fraction, where).tolist() == expected


def test_of_equal_ones_the_first_go():
    theta, alive = torch.tensor([1.0, -1.0] * 500), torch.ones(1000, dtype=torch.bool)  # long: a sort may be unstable
    assert prune(theta, alive, 0.3, alive).tolist() == [False] * 300 + [True] * 700


def test_fraction_zero_is_the_identity_in_memory_of_its_own(space):
    theta, where = space.init(0), prunable(space)
    mask = theta.abs() > 0.02
    same = prune(theta, mask, 0, where)
    assert torch.equal(same, mask) and same.data_ptr() != mask.data_ptr()
    assert torch.equal(prune(theta, mask, 1e-9, where), mask)


def test_nothing_that_comes_in_is_changed(space):
    theta, where = space.init(0), prunable(space)
    mask = torch.ones_like(where)
    copies = theta.clone(), mask.clone(), where.clone()
    prune(theta, mask, 0.5, where)
    shuffled(space, mask)
    random_mask(where, 0.5)
    assert all(torch.equal(old, new) for old, new in zip(copies, (theta, mask, where), strict=True))


def test_n_points_are_pruned_each_by_its_own_ranking(space):
    where, thetas = prunable(space), torch.stack([space.init(0), 100 * space.init(1), space.init(2)])
    masks = thetas.abs() > 1e-3
    together = prune(thetas, masks, 0.4, where)
    assert together.shape == thetas.shape
    for theta, mask, new in zip(thetas, masks, together, strict=True):
        assert torch.equal(new, prune(theta, mask, 0.4, where))


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan"), "a", None, True])
def test_a_fraction_outside_is_refused(space, fraction):
    message = r"^fraction must be a number in \[0, 1\], got .+\.$"
    for call in (lambda: prune(space.init(0), prunable(space), fraction, prunable(space)),
                 lambda: random_mask(prunable(space), fraction)):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call()


def test_a_fraction_of_one_is_refused(space):
    with pytest.raises(ValueError, match="^fraction must be below 1, got 1: nothing would be left.$"):
        prune(space.init(0), prunable(space), 1.0, prunable(space))


def test_masks_that_do_not_fit_are_refused(space):
    theta, where = space.init(0), prunable(space)
    with pytest.raises(TypeError, match="^mask must be a tensor of True and False, got torch.float32.$"):
        prune(theta, torch.ones(space.size), 0.2, where)
    with pytest.raises(TypeError, match="^mask must be a tensor of True and False, got list.$"):
        prune(theta, [True], 0.2, where)
    with pytest.raises(ValueError, match=r"^mask must have the weights' shape \[1066\], got \[1065\].$"):
        prune(theta, where[1:], 0.2, where)
    with pytest.raises(ValueError, match=r"^mask must have the weights' shape \[2, 1066\], got \[1066\].$"):
        prune(torch.stack([theta, theta]), where, 0.2, where)
    with pytest.raises(ValueError, match="^theta must be finite, got 1 NaN or infinite values.$"):
        prune(theta.index_fill(0, torch.tensor(3), float("nan")), where, 0.2, where)
    with pytest.raises(TypeError, match="^mask must be a tensor of True and False, got torch.int64.$"):
        shuffled(space, where.long())


# ---------------------------------------------------------------------- what is left


def test_density_is_counted_in_every_matrix(space):
    mask = torch.ones(2, space.size, dtype=torch.bool)
    parts = space.unflatten(mask)
    parts["fc1.weight"][0, :3] = False  # 3 of 12 rows
    parts["fc3.weight"][1] = False
    parts["fc2.bias"][:] = False  # no matrix
    assert density(space, mask[0]) == pytest.approx({"fc1.weight": 0.75, "fc2.weight": 1, "fc3.weight": 1})
    assert density(space, mask) == pytest.approx({"fc1.weight": 0.875, "fc2.weight": 1, "fc3.weight": 0.5})
    assert dead_layers(space, mask[0]) == [] and dead_layers(space, mask[1]) == ["fc3.weight"]


def test_filters_have_a_density_too():
    space = WeightSpace(models.cnn(width=2))
    names = ["conv1.weight", "conv2.weight", "conv3.weight", "fc.weight"]
    everything = torch.ones(space.size, dtype=torch.bool)
    assert density(space, everything) == dict.fromkeys(names, 1.0)
    assert dead_layers(space, ~prunable(space)) == names
    assert dead_layers(space, prunable(space, ["conv2", "fc"])) == ["conv2.weight", "fc.weight"]


def test_a_layer_of_which_one_weight_is_alive_is_not_dead():
    space = WeightSpace(models.mlp(4096, 300, 10))
    mask = ~prunable(space)
    mask[17] = True
    assert dead_layers(space, mask) == ["fc2.weight"]


@pytest.mark.parametrize("name", ["mlp", "mlp with batchnorm", "cnn", "tied"])
def test_of_several_masks_a_layer_is_dead_if_it_is_in_any_one(name):
    space = WeightSpace(ZOO[name]())
    matrices = [slot for slot in space.layout if len(slot.shape) > 1]
    assert len(matrices) > 1
    for seed in range(8):
        draws = torch.Generator().manual_seed(seed)
        masks = torch.ones(3, space.size, dtype=torch.bool)
        for row in masks:
            for slot in space.layout:  # a vector may lose all, too, and is not named
                if torch.rand((), generator=draws) < 0.3:
                    row[slot.start : slot.stop] = False
        dead = [[s.name for s in matrices if not any(row[s.start : s.stop].tolist())] for row in masks]
        assert [dead_layers(space, row) for row in masks] == dead
        assert dead_layers(space, masks) == [s.name for s in matrices if any(s.name in one for one in dead)]
        assert dead_layers(space, masks[:1]) == dead[0]


def test_a_weight_alive_in_one_network_does_not_save_the_layer_of_another(space):
    masks = torch.ones(2, space.size, dtype=torch.bool)
    first, second = space.unflatten(masks[0]), space.unflatten(masks[1])
    first["fc2.weight"][:], second["fc3.weight"][:] = False, False
    assert dead_layers(space, masks) == ["fc2.weight", "fc3.weight"]
    first["fc2.weight"][3, 4] = True
    assert dead_layers(space, masks) == ["fc3.weight"]
    first["fc1.bias"][:] = False
    assert dead_layers(space, masks[0]) == [] and masks.dtype == torch.bool
    with pytest.raises(TypeError, match="^mask must be a tensor of True and False, got torch.float32.$"):
        dead_layers(space, masks.float())


def test_pruning_can_kill_a_layer_and_it_is_named(space):
    theta = space.init(0)
    space.unflatten(theta)["fc2.weight"].mul_(1e-6)
    where = prunable(space)
    mask = prune(theta, torch.ones_like(where), 144 / int(where.sum()), where)
    assert dead_layers(space, mask) == ["fc2.weight"]


def test_sparsity_is_counted_from_the_mask_of_prunable_weights_only(space):
    where = prunable(space)
    assert sparsity(torch.ones_like(where), where) == 0 and sparsity(~where, where) == 1
    assert sparsity(where, where) == 0  # biases switched off do not count
    mask = torch.ones(2, space.size, dtype=torch.bool)
    mask[0, where.nonzero()[:516]] = False  # half of one of two networks
    assert sparsity(mask, where) == pytest.approx(0.25) and int(where.sum()) == 1032


# ---------------------------------------------------------------------- controls


@pytest.mark.parametrize("make", ["mlp", "cnn", "tied"])
def test_shuffling_keeps_the_counts_of_every_layer_and_everything_else(make):
    space = WeightSpace(ZOO[make]())
    where = prunable(space)
    mask = prune(space.init(0), torch.ones_like(where), 0.6, where)
    mask[(~where).nonzero()[0]] = False  # a bias: stays where it is
    new = shuffled(space, mask, seed=3)
    assert per_layer(space, new) == per_layer(space, mask) and torch.equal(new[~where], mask[~where])
    assert torch.equal(new, shuffled(space, mask, seed=3)) and not torch.equal(new, shuffled(space, mask, seed=4))
    for name, part in space.unflatten(new).items():
        assert part.dim() < 2 or not torch.equal(part, space.unflatten(mask)[name]), name


def test_every_position_is_as_likely():
    space = WeightSpace(nn.Linear(4, 3))
    mask = torch.tensor([True] * 3 + [False] * 9 + [True] * 3)
    for draw in (lambda s: shuffled(space, mask, s), lambda s: random_mask(prunable(space), 0.75, s)):
        often = torch.stack([draw(seed) for seed in range(1000)])[:, :12].float().mean(0)
        assert (often - 0.25).abs().max() < 4 * (0.25 * 0.75 / 1000) ** 0.5


@pytest.mark.parametrize("fraction", [0, 0.2, 0.5, 0.79, 0.999])
def test_a_random_mask_drops_the_exact_number(space, fraction):
    where = prunable(space, ["fc3"])
    mask = random_mask(where, fraction, seed=1)
    n = int(where.sum())
    assert int(mask[where].sum()) == n - round(fraction * n) and mask[~where].all() and mask.dtype == torch.bool
    assert torch.equal(mask, random_mask(where, fraction, seed=1))
    assert fraction == 0 or not torch.equal(mask, random_mask(where, fraction, seed=2))


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_controls_want_a_seed(space, seed):
    message = "^seed must be a whole number of at least 0, got .+.$"
    with pytest.raises(ValueError, match=message):
        shuffled(space, prunable(space), seed)
    with pytest.raises(ValueError, match=message):
        random_mask(prunable(space), 0.5, seed)


def test_global_random_state_stays_as_it_was(space):
    state = torch.get_rng_state()
    shuffled(space, random_mask(prunable(space), 0.5))
    assert torch.equal(state, torch.get_rng_state())
