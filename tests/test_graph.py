"""Groups read off many kinds of modules, written out by hand, and what must be frozen instead."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from toolkit import WeightSpace, models
from toolkit.symmetry import trace


class Net(nn.Module):
    """Layers by name, and a forward given as a function of the module and x."""

    def __init__(self, forward, **layers):
        super().__init__()
        self.rule = forward
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.rule(self, x)


def L(before, after):
    return nn.Linear(before, after)


def C(before, after, **more):
    return nn.Conv2d(before, after, 3, padding=1, **more)


def tied():
    net = Net(lambda m, x: m.head(m.right(m.left(m.first(x)).tanh()).tanh()), first=L(6, 4), right=L(4, 4))
    net.left, net.head = L(4, 4), L(4, 2)
    net.left.weight = net.right.weight
    return net


def autoencoder():
    net = Net(lambda m, x: functional.linear(m.enc(x).relu(), m.enc.weight.t()), enc=L(6, 4))
    return net


def raw_use():
    """The weight of a layer is used once more by hand, on the input."""
    return Net(lambda m, x: m.head(m.fc(x).relu()) + functional.linear(x, m.fc.weight).sum(1)[:, None], fc=L(6, 4),
               head=L(4, 2))  # fmt: skip


def images(*layers, features=64):
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 2))


def two(rule, **layers):
    """Two branches from x [6] to 4 units, joined by `rule`, and a head."""
    return Net(lambda m, x: m.head(rule(m, m.a(x), m.b(x))), a=L(6, 4), b=L(6, 4), **({"head": L(4, 2)} | layers))


def one(rule, head=4, **layers):
    """Four units, through `rule`, to a head."""
    return Net(lambda m, x: m.head(rule(m, m.a(x))), a=L(6, 4), head=L(head, 2), **layers)


VECTOR, IMAGE = (5, 6), (5, 1, 4, 4)
CASES = {
    "mlp": (lambda: models.mlp(6, 5, 4, 2), VECTOR, {"fc1": 5, "fc2": 4}),
    "no hidden layer": (lambda: models.mlp(6, 2), VECTOR, {}),
    "one unit": (lambda: models.mlp(6, 1, 2), VECTOR, {"fc1": 1}),
    "mlp and batchnorm": (lambda: models.mlp(6, 5, 4, 2, batchnorm=True), VECTOR, {"fc1": 5, "fc2": 4}),
    "batchnorm without weights": (
        lambda: one(lambda m, h: m.n(h), n=nn.BatchNorm1d(4, affine=False)), VECTOR, {"a": 4}),
    "batchnorm without statistics": (
        lambda: one(lambda m, h: m.n(h), n=nn.BatchNorm1d(4, track_running_stats=False)), VECTOR, {"a": 4}),
    "layernorm": (lambda: one(lambda m, h: m.n(h), n=nn.LayerNorm(4)), VECTOR, {"a": 4}),
    "rmsnorm": (lambda: one(lambda m, h: m.n(h), n=nn.RMSNorm(4)), VECTOR, {"a": 4}),
    "prelu each": (lambda: one(lambda m, h: m.n(h), n=nn.PReLU(4)), VECTOR, {"a": 4}),
    "prelu one": (lambda: one(lambda m, h: m.n(h), n=nn.PReLU()), VECTOR, {"a": 4}),
    "cnn": (lambda: models.cnn(width=3), IMAGE, {"conv1": 3, "conv2": 6, "conv3": 6}),
    "resnet": (
        lambda: models.resnet(width=3, blocks=(2, 1)), IMAGE,
        {"conv": 3, "stage1block1.conv1": 3, "stage1block2.conv1": 3, "stage2block1.conv1": 6, "stage2block1.conv2": 6},
    ),
    "flatten": (lambda: images(C(1, 4), nn.ReLU()), IMAGE, {"0": 4}),
    "groupnorm of one": (lambda: images(C(1, 4), nn.GroupNorm(1, 4)), IMAGE, {"0": 4}),
    "groupnorm of each": (lambda: images(C(1, 4), nn.GroupNorm(4, 4)), IMAGE, {"0": 4}),
    "groupnorm of two": (lambda: images(C(1, 4), nn.GroupNorm(2, 4)), IMAGE, {}),
    "instancenorm": (lambda: images(C(1, 4), nn.InstanceNorm2d(4, affine=True)), IMAGE, {"0": 4}),
    "instancenorm with statistics": (
        lambda: images(C(1, 4), nn.InstanceNorm2d(4, track_running_stats=True)), IMAGE, {}),
    "layernorm over an image": (lambda: images(C(1, 4), nn.LayerNorm([4, 4, 4])), IMAGE, {"0": 4}),
    "depthwise": (lambda: images(C(1, 4), C(4, 4, groups=4), nn.ReLU()), IMAGE, {"0": 4}),
    "depthwise of the input": (
        lambda: images(nn.Conv2d(1, 3, 1), C(3, 3, groups=3), C(3, 4)), IMAGE, {"0": 3, "2": 4}),
    "depthwise that doubles": (lambda: images(C(1, 2), C(2, 4, groups=2), nn.ReLU()), IMAGE, {}),
    "grouped": (lambda: images(C(1, 4), C(4, 4, groups=2), nn.ReLU(), C(4, 4)), IMAGE, {"3": 4}),
    "transposed": (
        lambda: images(C(1, 5), nn.ConvTranspose2d(5, 4, 2, 2), nn.ReLU(), features=256), IMAGE, {"0": 5, "1": 4}),
    "pools": (
        lambda: images(C(1, 4), nn.AvgPool2d(2), nn.Dropout2d(), nn.AdaptiveMaxPool2d(1), features=4), IMAGE, {"0": 4}),
    "mean over pixels": (lambda: Net(lambda m, x: m.h(m.c(x).mean((2, 3))), c=C(1, 4), h=L(4, 2)), IMAGE, {"c": 4}),
    "view by size": (
        lambda: Net(lambda m, x: m.h(m.c(x).relu().view(x.size(0), -1)), c=C(1, 4), h=L(64, 2)), IMAGE, {"c": 4}),
    "view by own shape": (
        lambda: Net(lambda m, x: m.h((y := m.c(x)).reshape(y.shape[0], -1)), c=C(1, 4), h=L(64, 2)), IMAGE, {"c": 4}),
    "channels last": (
        lambda: Net(lambda m, x: m.h(m.c(x).permute(0, 2, 3, 1)).mean((1, 2)), c=C(1, 4), h=L(4, 2)), IMAGE, {"c": 4}),
    "tied": (tied, VECTOR, {"first": 4}),
    "twice": (lambda: Net(lambda m, x: m.h(m.r(m.r(m.a(x)).relu()).relu()), a=L(6, 4), r=L(4, 4), h=L(4, 2)), VECTOR,
              {"a": 4}),
    "twice, first on the input": (lambda: Net(lambda m, x: m.h(m.r(m.r(x).relu())), r=L(6, 6), h=L(6, 2)), VECTOR, {}),
    "tied by hand": (autoencoder, VECTOR, {}),
    "a weight used by hand": (raw_use, VECTOR, {}),
    "sum": (lambda: two(lambda m, a, b: a.relu() + b.relu()), VECTOR, {"a": 4}),
    "product": (lambda: two(lambda m, a, b: torch.mul(a, b.sigmoid())), VECTOR, {"a": 4}),
    "sum in place": (lambda: two(lambda m, a, b: a.add_(b).relu_()), VECTOR, {"a": 4}),
    "sum with the input": (lambda: Net(lambda m, x: m.h(m.a(x) + x), a=L(6, 6), h=L(6, 2)), VECTOR, {}),
    "concat": (lambda: two(lambda m, a, b: torch.cat([a, b], 1), head=L(8, 2)), VECTOR, {"a": 4, "b": 4}),
    "concat by keyword": (
        lambda: two(lambda m, a, b: torch.cat(tensors=[a, b], dim=-1), head=L(8, 2)), VECTOR, {"a": 4, "b": 4}),
    "concat with itself": (lambda: one(lambda m, h: torch.cat([h, -h], 1), head=8), VECTOR, {"a": 4}),
    "concat with the input": (
        lambda: Net(lambda m, x: m.h(torch.cat([x, m.a(x)], 1)), a=L(6, 4), h=L(10, 2)), VECTOR, {"a": 4}),
    "concat of examples": (
        lambda: two(lambda m, a, b: torch.cat([a, b])[:5]), VECTOR, {"a": 4}),
    "chunk": (lambda: one(lambda m, h: h.chunk(2, 1)[0], head=2), VECTOR, {}),
    "split": (lambda: one(lambda m, h: torch.split(h, 2, 1)[1], head=2), VECTOR, {}),
    "sort": (lambda: one(lambda m, h: h.sort(1)[0]), VECTOR, {}),
    "roll": (lambda: one(lambda m, h: h.roll(1, 1)), VECTOR, {}),
    "softmax": (lambda: one(lambda m, h: h.softmax(1)), VECTOR, {"a": 4}),
    "dropout": (lambda: one(lambda m, h: m.d(h), d=nn.Dropout(0.5)), VECTOR, {"a": 4}),
    "one scale": (lambda: one(lambda m, h: m.s * h, s=nn.Parameter(torch.ones(1))), VECTOR, {"a": 4}),
    "a scale for each": (lambda: one(lambda m, h: m.s * h, s=nn.Parameter(torch.ones(4))), VECTOR, {}),
    "tokens mixed": (
        lambda: Net(lambda m, x: m.h(m.b(m.a(x.squeeze(1)).transpose(1, 2)).mean(1)), a=L(4, 3), b=L(4, 5), h=L(5, 2)),
        IMAGE, {"b": 5}),
    "by keyword": (lambda: Net(lambda m, x: m.h(input=m.a(input=x).relu()), a=L(6, 4), h=L(4, 2)), VECTOR, {"a": 4}),
    "recurrent": (lambda: Net(lambda m, x: m.h(m.g(m.a(x[:, None]))[0][:, 0]), a=L(6, 4), g=nn.GRU(4, 3), h=L(3, 2)),
                  VECTOR, {}),
    "bilinear": (lambda: two(lambda m, a, b: m.n(a, b), n=nn.Bilinear(4, 4, 4)), VECTOR, {}),
    "weight norm": (
        lambda: one(lambda m, h: m.n(h), n=nn.utils.parametrizations.weight_norm(L(4, 4))), VECTOR, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_groups(name):
    build, shape, groups = CASES[name]
    symmetry = trace(WeightSpace(build()), torch.rand(shape))
    assert symmetry.groups == groups
    assert symmetry.prove(torch.rand(shape), seed=1) <= 1e-4


def test_axes_of_a_residual_network_by_hand():
    symmetry = trace(WeightSpace(models.resnet(width=3, blocks=(1,))), torch.rand(5, 1, 4, 4))
    axes = {name: {a: [s.group for s in ss] for a, ss in by.items()} for name, by in symmetry.axes.items()}
    norm = ["weight", "bias", "running_mean", "running_var"]
    inner, block = ["stage1block1.conv1"], "stage1block1"
    assert axes == {
        "conv.weight": {0: ["conv"]},
        **{f"bn.{part}": {0: ["conv"]} for part in norm},
        f"{block}.conv1.weight": {0: inner, 1: ["conv"]},
        **{f"{block}.bn1.{part}": {0: inner} for part in norm},
        f"{block}.conv2.weight": {0: ["conv"], 1: inner},
        **{f"{block}.bn2.{part}": {0: ["conv"]} for part in norm},
        "fc.weight": {1: ["conv"]},
    }
    assert [len(symmetry.sites[group]) for group in ("conv", *inner)] == [2, 1]  # into the block, into the classifier


def test_segments_of_flatten_and_concat():
    symmetry = trace(WeightSpace(images(C(1, 4))), torch.rand(2, 1, 4, 4))
    assert symmetry.axes["2.weight"] == {1: (("0", 4, 16),)}
    symmetry = trace(WeightSpace(CASES["concat with the input"][0]()), torch.rand(2, 6))
    assert symmetry.axes["h.weight"] == {1: ((None, 6, 1), ("a", 4, 1))}
    symmetry = trace(WeightSpace(CASES["concat with itself"][0]()), torch.rand(2, 6))
    assert symmetry.axes["head.weight"] == {1: (("a", 4, 1), ("a", 4, 1))}


def looks_at_values(h):
    return h.relu() if h.sum() > 0 else -h


torch.fx.wrap("looks_at_values")


def test_what_the_trace_cannot_follow_can_be_wrapped():
    symmetry = trace(WeightSpace(one(lambda m, h: looks_at_values(h))), torch.rand(2, 6))
    assert symmetry.groups == {"a": 4}


def test_tracing_leaves_the_random_state_and_the_module_as_they_were():
    net = models.mlp(6, 4, 2, batchnorm=True)
    space, before = WeightSpace(net), [tensor.clone() for tensor in net.state_dict().values()]
    state = torch.random.get_rng_state()
    trace(space, torch.ones(5, 6) * torch.arange(5)[:, None])
    assert torch.random.get_rng_state().equal(state)
    assert all(tensor.equal(old) for tensor, old in zip(net.state_dict().values(), before, strict=True))
