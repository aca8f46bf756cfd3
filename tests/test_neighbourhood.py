"""The surroundings of a network: lengths, masks, the exact centre, symmetry."""

import numpy as np
import pytest
import torch
from zoo import ZOO

from toolkit import WeightSpace, data, evaluate, models
from toolkit.landscape.neighbourhood import filter_normalised, neighbourhood
from toolkit.reconnect.rows import rows
from toolkit.sparse import prunable, random_mask


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def space():
    return WeightSpace(models.mlp(64, 12, 10))


@pytest.mark.parametrize("name", ["mlp", "cnn", "mlp with batchnorm"])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_filter_is_as_long_as_the_networks_own(name, sparse):
    space = WeightSpace(ZOO[name]())
    mask = random_mask(prunable(space), 0.7) if sparse else None
    theta = space.init(0) * (mask if sparse else 1)
    d = filter_normalised(space, theta, mask, seed=3)
    own = space.unflatten(theta)
    for key, part in space.unflatten(d).items():
        if part.dim() < 2:
            assert not part.any()
        else:
            torch.testing.assert_close(rows(part).norm(dim=1), rows(own[key]).norm(dim=1), rtol=1e-5, atol=1e-7)
    if sparse:
        assert (d[~mask] == 0).all()


def test_a_filter_without_weights_has_no_direction(space):
    theta, mask = space.init(0), torch.ones(space.size, dtype=torch.bool)
    space.unflatten(mask)["fc1.weight"][3] = False
    d = filter_normalised(space, theta * mask, mask)
    assert torch.isfinite(d).all() and not space.unflatten(d)["fc1.weight"][3].any()


def test_two_directions_are_nearly_at_right_angles_and_seeds_differ(space):
    theta = space.init(0)
    one, other = (filter_normalised(space, theta, seed=seed) for seed in (0, 1))
    assert abs(torch.nn.functional.cosine_similarity(one, other, dim=0)) < 0.2
    assert torch.equal(one, filter_normalised(space, theta, seed=0))


def test_the_centre_is_the_network_and_every_point_is_measured(space, digits):
    theta = space.init(0)
    around = neighbourhood(space, theta, digits, size=5, reach=0.5, seed=2)
    assert around.values[2, 2] == evaluate(space, theta, digits, "test_loss")["test_loss"]
    assert around.x.tolist() == [-0.5, -0.25, 0.0, 0.25, 0.5] and torch.equal(around.at(0, 0), theta)
    for i, j in [(0, 4), (3, 1)]:
        there = around.at(around.x[j], around.y[i])
        assert around.values[i, j] == pytest.approx(evaluate(space, there, digits, "test_loss")["test_loss"], rel=1e-5)


def test_turning_a_direction_round_turns_the_map_round(space, digits):
    theta = space.init(0)
    around = neighbourhood(space, theta, digits, size=3)
    there = evaluate(space, torch.stack([theta + x * -around.u for x in around.x]), digits, "test_loss")["test_loss"]
    np.testing.assert_allclose(around.values[1], there[::-1], rtol=1e-5)


def test_the_surroundings_of_a_sparse_network_stay_inside_its_mask(space, digits):
    mask = random_mask(prunable(space), 0.8)
    around = neighbourhood(space, space.init(0) * mask, digits, size=3, mask=mask)
    assert (around.at(1.0, -1.0)[~mask] == 0).all()
    whole = neighbourhood(space, space.init(0), digits, size=3, mask=mask)  # the pruned weights are taken to be zero
    assert torch.equal(whole.origin, around.origin) and np.array_equal(whole.values, around.values)
    assert torch.equal(filter_normalised(space, space.init(0), mask), filter_normalised(space, around.origin, mask))


@pytest.mark.parametrize(
    ("settings", "kind", "sentence"),
    [
        ({"size": 24}, ValueError, "size must be odd for the network itself to be a grid point, got 24."),
        ({"size": 1}, ValueError, "size must be a whole number of at least 3, got 1."),
        ({"reach": 0}, ValueError, "reach must be above 0, got 0."),
        ({"reach": -1}, ValueError, "reach must be a number of at least 0, got -1."),
        ({"seed": -1}, ValueError, "seed must be a whole number of at least 0, got -1."),
        ({"mask": torch.ones(910)}, TypeError, "mask must be a tensor of True and False, got torch.float32."),
        ({"metric": "beauty"}, ValueError, ".*'beauty'.*"),
    ],
)
def test_bad_input_gets_one_sentence(space, digits, settings, kind, sentence):
    with pytest.raises(kind, match=f"^{sentence}$"):
        neighbourhood(space, space.init(0), digits, **{"size": 3, **settings})
