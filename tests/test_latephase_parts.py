"""Which weights are late: cutting a network up, putting it together, and the gradients both pieces get."""

import pytest
import torch
from latephase_by_hand import ALIKE, made
from torch import nn
from zoo import ZOO

from toolkit import WeightSpace, models
from toolkit.latephase import KINDS, Part, Replicated, part_of

NORMED = {"mlp with batchnorm", "cnn", "resnet"}


def cases():
    """Every network with every kind of late weights it has."""
    for name in ZOO:
        yield from ((name, kind) for kind in ["last_layer", "full", "rank1"])
        yield from [(name, "batchnorm"), (name, ["batchnorm", "last_layer"])] if name in NORMED else []
    yield from ((name, "hypernetwork") for name in ALIKE)
    yield from [("mlp", "fc1.bias"), ("mlp", ["fc1", "fc2.weight"]), ("resnet", "stage2block1"), ("tied", "left")]


@pytest.fixture(params=cases(), ids=lambda case: f"{case[0]}-{case[1]}")
def case(request):
    return made(*request.param)


def test_the_pieces_of_a_network_make_that_network(case):
    space, part, _, _ = case
    for seed in range(3):
        theta = space.init(seed)
        shared, phi = part.split(theta)
        assert torch.equal(part.weights(shared, phi), theta) and isinstance(part, Part)
        assert sum(part.sizes) == len(phi) and len(shared) + len(phi) >= space.size


def test_the_gradients_of_the_pieces_are_finite_differences(case):
    space, part, shared, phi = case
    g = torch.randn(space.size, generator=torch.Generator().manual_seed(4), dtype=torch.double)
    pieces = torch.cat([shared, phi])
    found, step = torch.cat(part.share(shared, phi, g)), 1e-3  # w is at most of degree two in one number
    numbers = torch.randperm(len(pieces), generator=torch.Generator().manual_seed(5))[:60].tolist()
    last = range(max(0, len(pieces) - 30), len(pieces))
    for i in {*numbers, *last}:
        ends = []
        for sign in (1, -1):
            moved = pieces.clone()
            moved[i] += sign * step
            ends.append(part.weights(*moved.split([len(shared), len(phi)])) @ g)
        assert found[i].item() == pytest.approx(((ends[0] - ends[1]) / (2 * step)).item(), rel=1e-7, abs=1e-9)


def test_nothing_that_comes_in_is_changed_or_kept(case):
    space, part, shared, phi = case
    theta, g = space.init(0), torch.randn(space.size, dtype=torch.double)
    kept = [x.clone() for x in (theta, shared, phi, g)]
    out = [*part.split(theta), part.weights(shared, phi), *part.share(shared, phi, g)]
    for tensor in out:
        tensor.fill_(7.0)  # a view of what came in would write to it
    assert all(torch.equal(now, before) for now, before in zip((theta, shared, phi, g), kept, strict=True))


def test_weights_and_gradients_keep_their_precision():
    for kind in ["last_layer", "rank1"]:
        part = part_of(space := WeightSpace(ZOO["mlp"]()), kind)
        shared, phi = part.split(space.init(0))
        out = [shared, phi, part.weights(shared, phi), *part.share(shared, phi, torch.ones(space.size))]
        assert {tensor.dtype for tensor in out} == {torch.float32}


# Which weights


@pytest.mark.parametrize(
    ("name", "which", "names"),
    [
        ("cnn", "batchnorm", [f"bn{i}.{kind}" for i in (1, 2, 3) for kind in ("weight", "bias")]),
        ("cnn", "last_layer", ["fc.weight", "fc.bias"]),
        ("cnn", ["last_layer", "bn2"], ["bn2.weight", "bn2.bias", "fc.weight", "fc.bias"]),
        ("cnn", ("conv1.weight", "bn3.bias"), ["conv1.weight", "bn3.bias"]),
        ("cnn", ["fc", "fc.bias"], ["fc.weight", "fc.bias"]),
        ("resnet", "stage2block1.shortcut.bn", ["stage2block1.shortcut.bn.weight", "stage2block1.shortcut.bn.bias"]),
        ("tied", "last_layer", ["head.weight", "head.bias"]),
        ("tied", "right", ["left.weight", "right.bias"]),
        ("scaled", "scale", ["scale"]),
        ("scaled", "last_layer", ["body.weight", "body.bias"]),
        ("layernorm", "2", ["2.weight", "2.bias"]),
        ("attention", "block.norm1", ["block.norm1.weight", "block.norm1.bias"]),
    ],
)
def test_names_and_kinds_stand_for_these_tensors(name, which, names):
    space = WeightSpace(ZOO[name]())
    late = [slot for slot in space.layout if slot.name in names]
    part = part_of(space, which)
    assert isinstance(part, Replicated) and part.sizes == [slot.stop - slot.start for slot in late]
    shared, phi = part.split(theta := space.init(0))
    assert torch.equal(phi, torch.cat([theta[slot.start : slot.stop] for slot in late]))
    assert torch.equal(shared, torch.cat([theta[s.start : s.stop] for s in space.layout if s.name not in names]))


def test_all_batchnorm_layers_of_a_deep_network_are_found_and_no_others():
    module = models.resnet(width=2)
    norms = [p.numel() for name, p in module.named_parameters() if name.split(".")[-2].startswith("bn")]
    assert part_of(WeightSpace(module), "batchnorm").sizes == norms and len(norms) > 10


def test_full_leaves_nothing_to_share():
    part = part_of(space := WeightSpace(ZOO["cnn"]()), "full")
    shared, phi = part.split(space.init(0))
    assert len(shared) == 0 and len(phi) == space.size and len(part.sizes) == len(space.layout)


def test_a_dimension_of_normalised_pixels_is_no_batchnorm():
    with pytest.raises(
        ValueError, match="^which='batchnorm' needs a network with such layers, and this one has none.$"
    ):
        part_of(WeightSpace(ZOO["layernorm"]()), "batchnorm")


# Bad input


def bare_norm():
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64))


def vectors_only():
    return nn.Sequential(nn.Flatten(), nn.LayerNorm(64))


KNOWN = ", ".join(map(repr, [*KINDS, "fc1", "fc2"]))


@pytest.mark.parametrize(
    ("module", "which", "kind", "sentence"),
    [
        (
            ZOO["mlp"],
            "batchnorm",
            ValueError,
            "which='batchnorm' needs a network with such layers, and this one has none.",
        ),
        (ZOO["mlp"], ["full", "batchnorm"], ValueError, "which='batchnorm' needs a network with such layers, and this"),
        (
            ZOO["cnn"],
            "hypernetwork",
            ValueError,
            "which='hypernetwork' needs a network with two layers of one shape, and",
        ),
        (vectors_only, "rank1", ValueError, "which='rank1' needs a network with matrices, and this one has none."),
        (
            ZOO["mlp"],
            "fc3",
            ValueError,
            f"which must name weights of this network ({KNOWN}, or single tensors), got 'fc3'.",
        ),
        (ZOO["mlp"], ["fc1", "fc1.wait"], ValueError, f"network ({KNOWN}, or single tensors), got 'fc1.wait'."),
        (ZOO["mlp"], ["rank1", "fc1"], ValueError, "which='rank1' must stand alone, got ['rank1', 'fc1']."),
        (
            ZOO["cnn"],
            ("fc", "hypernetwork"),
            ValueError,
            "which='hypernetwork' must stand alone, got ('fc', 'hypernetwork').",
        ),
        (ZOO["mlp"], [], TypeError, "which must be a name or several names, got []."),
        (ZOO["mlp"], "", TypeError, "which must be a name or several names, got ''."),
        (ZOO["mlp"], None, TypeError, "which must be a name or several names, got None."),
        (ZOO["mlp"], ["fc1", 2], TypeError, "which must be a name or several names, got ['fc1', 2]."),
        (ZOO["mlp"], 5, TypeError, "which must be a name or several names, got 5."),
        (ZOO["mlp"], {"fc1"}, TypeError, "which must be a name or several names, got {'fc1'}."),
    ],
)
def test_bad_input_gets_one_sentence(module, which, kind, sentence):
    with pytest.raises(kind) as raised:
        part_of(WeightSpace(module()), which)
    assert sentence in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("module", [bare_norm, vectors_only])
def test_a_network_of_vectors_has_no_last_layer(module):
    with pytest.raises(
        ValueError, match="^which='last_layer' needs a network with such layers, and this one has none.$"
    ):
        part_of(WeightSpace(module()), "last_layer")
