"""Averaging BatchNorm layers as they are run, and how that differs from averaging their weights."""

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from zoo import ZOO

from toolkit import WeightSpace, data, models
from toolkit.latephase import fold

NORMED = {name: ZOO[name] for name in ("mlp with batchnorm", "cnn", "resnet")}
NORMED["eps and conv bias"] = lambda: nn.Sequential(
    nn.Conv2d(1, 3, 3),
    nn.BatchNorm2d(3, eps=0.01),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(108, 5),
    nn.BatchNorm1d(5, eps=0.1),
)


@pytest.fixture(scope="module")
def x():
    return data.load("digits").train_x[:200].double()


def drawn(space, n=4, apart=1.0):
    """Networks [n, D] around one, none of whose numbers is 0 or 1."""
    dice = torch.Generator().manual_seed(0)
    centre = space.init(0) + 0.1 * torch.randn(space.size, generator=dice, dtype=torch.double)
    return centre + apart * 0.2 * torch.randn(n, space.size, generator=dice, dtype=torch.double)


def only(space, thetas, late):
    """The networks with all but the tensors whose name holds `late` as in the first."""
    mask = torch.cat([torch.full((slot.stop - slot.start,), late in slot.name) for slot in space.layout])
    return torch.where(mask, thetas, thetas[0])


def rows(stats, i):
    return {name: value[i] for name, value in stats.items()}


@pytest.mark.parametrize("name", NORMED)
def test_each_folded_layer_gives_the_mean_of_the_outputs_of_the_layers(name, x):
    space = WeightSpace(NORMED[name]().double())
    thetas = drawn(space)
    folded, stats = fold(space, thetas, x)
    own = space.refresh(thetas, x)
    members = [space.module(theta, rows(own, i)) for i, theta in enumerate(thetas)]
    average, layers = space.module(folded, stats), 0
    for layer, norm in average.named_modules():
        if isinstance(norm, _BatchNorm):
            z = torch.randn(
                6, norm.num_features, *([4, 4] if isinstance(norm, nn.BatchNorm2d) else []), dtype=torch.double
            )
            each = torch.stack([member.get_submodule(layer)(3 * z + 1) for member in members])
            torch.testing.assert_close(norm(3 * z + 1), each.mean(0), rtol=1e-12, atol=1e-12)
            assert each.std(0).mean() > 0.1
            layers += 1
    assert layers == len(stats) // 2 > 0


@pytest.mark.parametrize("name", NORMED)
def test_everything_else_is_the_mean_of_the_weights(name, x):
    space = WeightSpace(NORMED[name]().double())
    thetas = drawn(space)
    before, (folded, stats) = thetas.clone(), fold(space, thetas, x)
    mean, folded = space.unflatten(thetas.mean(0)), space.unflatten(folded)
    norms = {name.rpartition(".")[0] for name in stats}
    for tensor, weight in folded.items():
        assert torch.equal(weight, mean[tensor]) != (tensor.rpartition(".")[0] in norms)
    assert torch.equal(thetas, before) and not folded[tensor].requires_grad


@pytest.mark.parametrize("name", NORMED)
def test_a_network_folded_with_itself_is_itself(name, x):
    space = WeightSpace(NORMED[name]().double())
    theta = drawn(space)[0]
    expected = space.logits(theta, x, space.refresh(theta, x))
    for n in (1, 3):
        folded, stats = fold(space, theta.expand(n, -1), x)
        torch.testing.assert_close(space.logits(folded, x, stats), expected, rtol=1e-10, atol=1e-10)


def one_norm():
    """A network whose one BatchNorm layer is followed by a linear map: there means of outputs are outputs of means."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.BatchNorm1d(9), nn.Linear(9, 10)).double()


def test_where_the_statistics_agree_both_averages_are_the_mean_of_the_logits(x):
    space = WeightSpace(one_norm())
    thetas = only(space, drawn(space), "2.")
    folded, stats = fold(space, thetas, x)
    expected = space.logits(thetas, x, space.refresh(thetas, x)).mean(0)
    averaged = thetas.mean(0)
    torch.testing.assert_close(space.logits(folded, x, stats), expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(space.logits(averaged, x, space.refresh(averaged, x)), expected, rtol=1e-10, atol=1e-10)


def test_in_training_mode_the_mean_of_the_weights_gives_the_mean_of_the_outputs(x):
    space = WeightSpace(one_norm())
    thetas = only(space, drawn(space), "2.")
    each = torch.stack([space.module(theta).train()(x[:30]) for theta in thetas])
    torch.testing.assert_close(space.module(thetas.mean(0)).train()(x[:30]), each.mean(0), rtol=1e-10, atol=1e-10)


def test_where_the_statistics_differ_the_two_averages_differ(x):
    space = WeightSpace(one_norm())
    thetas = drawn(space)
    folded, stats = fold(space, thetas, x)
    averaged = thetas.mean(0)
    apart = space.logits(folded, x, stats) - space.logits(averaged, x, space.refresh(averaged, x))
    assert apart.abs().max() > 0.1


def test_the_statistics_are_those_of_the_inputs_given(x):
    space = WeightSpace(models.cnn(width=3))
    thetas, x = torch.stack([space.init(seed) for seed in range(3)]), x.float()
    folded, brighter = (fold(space, thetas, inputs)[0] for inputs in (x, 2 * x))
    assert folded.dtype == torch.float32 and not torch.allclose(folded, brighter, atol=1e-3)


@pytest.mark.parametrize(
    ("module", "thetas", "sentence"),
    [
        (
            ZOO["mlp"],
            lambda space: space.init(0)[None],
            "fold needs a network with BatchNorm layers, and this one has none.",
        ),
        (ZOO["cnn"], lambda space: space.init(0), r"thetas must be networks \[N, 613\], got shape \[613\]."),
        (ZOO["cnn"], lambda space: torch.ones(2, 5), r"theta must have shape \[613\] or \[N, 613\], got \[2, 5\]."),
    ],
)
def test_bad_input_gets_one_sentence(module, thetas, sentence):
    space = WeightSpace(module())
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        fold(space, thetas(space), torch.rand(9, 1, 8, 8))


def test_a_batchnorm_layer_without_weights_is_refused():
    space = WeightSpace(nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64, affine=False), nn.Linear(64, 10)))
    with pytest.raises(ValueError, match="^fold writes slopes into BatchNorm's weights, and the layer '1' has none.$"):
        fold(space, space.init(0)[None], torch.rand(9, 1, 8, 8))
