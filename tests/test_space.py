"""A module and its weight space: the same behaviour at every point, for any module."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from zoo import ZOO, Scaled, Tied, dropout

from toolkit import Line, WeightSpace, models
from toolkit.vision import torchvision


@pytest.fixture(params=ZOO)
def net(request):
    torch.manual_seed(0)
    return ZOO[request.param]()


def batch(net, n=24, seed=0):
    generator = torch.Generator().manual_seed(seed)
    kind = next(net.parameters()).dtype
    return torch.rand(n, 1, 8, 8, generator=generator).to(kind), torch.randint(10, (n,), generator=generator)


def put(net, theta, stats=None):
    """The plain way: a copy of the module, its weights loaded by torch's own functions."""
    twin = copy.deepcopy(net)
    vector_to_parameters(theta.clone(), twin.parameters())
    twin.load_state_dict(stats or {}, strict=False)
    return twin.eval()


def snapshot(net):
    return [net.training, *(v.clone() for v in net.state_dict().values()), *(p.requires_grad for p in net.parameters())]


def same(a, b):
    return all(torch.equal(u, v) if isinstance(u, torch.Tensor) else u == v for u, v in zip(a, b, strict=True))


def test_logits_are_those_of_the_module_at_that_point(net):
    space, (x, _) = WeightSpace(net), batch(net)
    theta = space.init(1)
    stats = space.refresh(theta, x)
    with torch.no_grad():
        torch.testing.assert_close(space.logits(theta, x, stats), put(net, theta, stats)(x), atol=1e-6, rtol=1e-5)


def test_many_points_are_each_run_with_their_own_statistics(net):
    space, (x, _) = WeightSpace(net), batch(net)
    thetas = torch.stack([space.init(seed) for seed in range(3)])
    stats = space.refresh(thetas, x)
    rows = [space.logits(theta, x, space.refresh(theta, x)) for theta in thetas]
    torch.testing.assert_close(space.logits(thetas, x, stats), torch.stack(rows), atol=1e-6, rtol=1e-5)
    assert all(len(value) == 3 for value in stats.values())


def test_module_gives_back_an_ordinary_network(net):
    space, (x, _) = WeightSpace(net), batch(net)
    theta = space.init(1)
    stats = space.refresh(theta, x)
    module = space.module(theta, stats)
    assert type(module) is type(net) and not module.training
    with torch.no_grad():
        torch.testing.assert_close(module(x), space.logits(theta, x, stats), atol=1e-6, rtol=1e-5)
        for parameter in module.parameters():
            parameter.zero_()
    assert theta.abs().sum() > 0
    assert not torch.equal(module(x), space.logits(theta, x, stats))


def test_the_gradient_is_that_of_the_module_in_training(net):
    space, (x, y) = WeightSpace(net), batch(net)
    theta = space.init(1)
    twin = put(net, theta).train().requires_grad_()
    loss = cross_entropy(twin(x), y)
    loss.backward()
    value, g = space.gradient(theta, x, y)
    torch.testing.assert_close(value, loss.detach(), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(g, parameters_to_vector(p.grad for p in twin.parameters()), atol=1e-6, rtol=1e-4)


def test_gradients_of_many_points_are_those_of_each(net):
    space = WeightSpace(net)
    thetas = torch.stack([space.init(seed) for seed in range(3)])
    (x, y) = (torch.stack(parts) for parts in zip(*(batch(net, seed=seed) for seed in range(3)), strict=True))
    values, g = space.gradient(thetas, x, y)
    for i in range(3):
        value, one = space.gradient(thetas[i], x[i], y[i])
        torch.testing.assert_close(values[i], value, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(g[i], one, atol=1e-6, rtol=1e-4)


def test_logits_are_differentiable_in_theta_and_in_x(net):
    space, (x, y) = WeightSpace(net), batch(net)
    theta = space.init(1).requires_grad_()
    stats = space.refresh(theta, x)
    x.requires_grad_()
    logits = space.logits(theta, x, stats)
    with torch.no_grad():
        torch.testing.assert_close(logits, space.logits(theta, x, stats), atol=1e-5, rtol=1e-4)
    cross_entropy(logits, y).backward()
    twin, twin_x = put(net, theta.detach(), stats).requires_grad_(), x.detach().clone().requires_grad_()
    cross_entropy(twin(twin_x), y).backward()
    expected = parameters_to_vector(p.grad for p in twin.parameters())
    torch.testing.assert_close(theta.grad, expected, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(x.grad, twin_x.grad, atol=1e-6, rtol=1e-4)


def test_nothing_else_is_touched(net):
    before, state = snapshot(net), torch.get_rng_state()
    space, (x, y) = WeightSpace(net), batch(net)
    theta = space.init(1)
    point = theta.clone()
    space.logits(theta, x, space.refresh(theta, x))
    space.gradient(theta, x, y)
    space.gradient(torch.stack([theta, theta]), torch.stack([x, x]), torch.stack([y, y]))
    space.module(theta)
    assert same(before, snapshot(net)) and all(p.grad is None for p in net.parameters())
    assert torch.equal(state, torch.get_rng_state()) and torch.equal(theta, point)


def test_flatten_undoes_unflatten_and_takes_a_module(net):
    space = WeightSpace(net)
    theta = space.init(1)
    assert torch.equal(space.flatten(space.unflatten(theta)), theta)
    assert torch.equal(space.flatten(net), parameters_to_vector(net.parameters()))
    assert space.size == sum(p.numel() for p in net.parameters()) == space.layout[-1].stop
    assert [slot.shape for slot in space.layout] == [p.shape for p in net.parameters()]


def test_init_depends_on_the_seed_alone(net):
    space = WeightSpace(net)
    first = space.init(0)
    torch.rand(3)
    assert torch.equal(first, space.init(0)) and torch.equal(first, WeightSpace(copy.deepcopy(net)).init(0))
    assert not torch.equal(first, space.init(1))
    assert first.isfinite().all()


def test_init_draws_as_the_constructor_does():
    torch.manual_seed(5)
    fresh = parameters_to_vector(models.mlp(64, 400, 10).parameters())
    theta = WeightSpace(models.mlp(64, 400, 10)).init(0)
    assert theta.std() == pytest.approx(fresh.std().item(), rel=0.02)
    assert theta.abs().max() == pytest.approx(fresh.abs().max().item(), rel=0.02)


def test_a_builder_draws_instead_of_the_layers():
    space = WeightSpace(Tied(), init=Tied)
    torch.manual_seed(3)
    assert torch.equal(space.init(3), parameters_to_vector(Tied().parameters()).detach())


def test_a_tied_weight_counts_once_and_stays_tied():
    space = WeightSpace(Tied())
    assert "right.weight" not in [slot.name for slot in space.layout]
    module = space.module(space.init(2))
    assert module.right.weight is module.left.weight


def test_views_share_memory_with_theta():
    space = WeightSpace(models.mlp(64, 8, 10))
    theta = torch.zeros(2, space.size)
    space.unflatten(theta)["fc2.bias"][1] = 7
    assert theta[0].sum() == 0 and theta[1].sum() == 70


def test_layout_names_each_stretch():
    space = WeightSpace(Scaled())
    assert [(s.name, tuple(s.shape), s.start, s.stop) for s in space.layout] == [
        ("scale", (1,), 0, 1),
        ("body.weight", (10, 64), 1, 641),
        ("body.bias", (10,), 641, 651),
    ]
    assert repr(space) == "WeightSpace(R^651, 3 tensors)"


def test_dropout_is_on_in_training_and_off_in_evaluation():
    space = WeightSpace(dropout())
    theta, (x, y) = space.init(0), batch(dropout())
    assert torch.equal(space.logits(theta, x), space.logits(theta, x))
    losses = {space.gradient(theta, x, y)[0].item() for _ in range(5)}
    assert len(losses) == 5
    assert torch.equal(space.logits(theta, x), space.logits(theta, x))
    for _ in range(2):
        many = space.gradient(torch.stack([theta] * 4), torch.stack([x] * 4), torch.stack([y] * 4))[0]
        losses |= set(many.tolist())
    assert len(losses) == 5 + 8


def test_the_networks_of_torchvision_work_as_they_are():
    net = torchvision().models.resnet18(num_classes=7)
    space, x = WeightSpace(net), torch.rand(3, 3, 32, 32)
    theta = space.flatten(net)
    stats = space.refresh(theta, x)
    with torch.no_grad():
        torch.testing.assert_close(space.logits(theta, x, stats), put(net, theta, stats)(x), atol=1e-4, rtol=1e-4)
    assert len(stats) == 2 * 20 and space.init(0).shape == theta.shape


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda space: pickle.loads(pickle.dumps(space))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_of_a_space_works_like_the_space(net, copied):
    (x, y), theta = batch(net), WeightSpace(net).init(0)
    net.train()(x)  # so that its BatchNorm layers have statistics of their own
    space = WeightSpace(net)
    twin = copied(space)
    assert repr(twin) == repr(space) and twin.layout == space.layout and torch.equal(twin.init(0), theta)
    assert torch.equal(twin.logits(theta, x), space.logits(theta, x))
    assert torch.equal(twin.gradient(theta, x, y)[1], space.gradient(theta, x, y)[1])
    twin.gradient(2 * theta, x, y)
    assert torch.equal(twin.logits(theta, x), space.logits(theta, x))


def test_a_copy_of_a_space_keeps_the_builder():
    space = WeightSpace(Tied(), init=Tied)
    for twin in (copy.deepcopy(space), pickle.loads(pickle.dumps(space))):
        assert torch.equal(twin.init(3), space.init(3))


def test_another_loss_is_another_step():
    space, (x, y) = WeightSpace(models.mlp(64, 8, 10)), batch(models.mlp(64, 10))
    several = (torch.stack([space.init(0)] * 2), torch.stack([x] * 2), torch.stack([y] * 2))
    before = space.gradient(*several, cross_entropy)[0]
    torch.testing.assert_close(space.gradient(*several, lambda z, y: 3 * cross_entropy(z, y))[0], 3 * before)


def test_a_loss_may_change_from_step_to_step():
    space, scale = WeightSpace(models.mlp(64, 8, 10)), [1.0]
    x, y = batch(models.mlp(64, 10))
    several = (torch.stack([space.init(0)] * 2), torch.stack([x] * 2), torch.stack([y] * 2))

    def loss(logits, y):
        return scale[0] * cross_entropy(logits, y)

    before = space.gradient(*several, loss)[0]
    scale[0] = 3.0
    torch.testing.assert_close(space.gradient(*several, loss)[0], 3 * before)


class Choosy(nn.Module):
    """A forward that looks at the numbers before it decides."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 10)

    def forward(self, x):
        return self.body(x.flatten(1) if x.mean() > 0 else -x.flatten(1))


def several(space, x, y):
    return torch.stack([space.init(0), space.init(1)]), torch.stack([x, -x]), torch.stack([y, y])


def test_a_forward_that_decides_is_gone_through_network_by_network():
    space, (x, y) = WeightSpace(Choosy()), batch(models.mlp(64, 10))
    thetas, xs, ys = several(space, x, y)
    for _ in range(2):
        values, g = space.gradient(thetas, xs, ys)
        for i in range(2):
            value, one = space.gradient(thetas[i], xs[i], ys[i])
            assert torch.equal(values[i], value) and torch.equal(g[i], one)


def test_bad_input_does_not_stop_networks_from_running_together():
    space, (x, y) = WeightSpace(models.mlp(64, 8, 10)), batch(models.mlp(64, 10))
    thetas, xs, ys = several(space, x, y)
    before = space.gradient(thetas, xs, ys)
    for bad in [(thetas, xs[..., :5], ys), (thetas, xs, ys + 9)]:
        with pytest.raises(ValueError, match="^[xy] must "):
            space.gradient(*bad)
    assert space._engine.stacks
    assert all(torch.equal(old, new) for old, new in zip(before, space.gradient(thetas, xs, ys), strict=True))


def test_an_error_in_a_loss_of_your_own_comes_through():
    space, (x, y) = WeightSpace(models.mlp(64, 8, 10)), batch(models.mlp(64, 10))
    with pytest.raises(IndexError, match="index 11 is out of bounds"):
        space.gradient(space.init(0), x, y, lambda logits, y: logits[:, 11].sum())


def test_bad_statistics_leave_the_next_call_right():
    space, (x, _) = WeightSpace(models.cnn(width=3)), batch(models.cnn(width=3))
    theta = space.init(0)
    stats = space.refresh(theta, x)
    expected = space.logits(theta, x, stats)
    with pytest.raises(ValueError) as error:
        space.logits(theta, x, {name: value[:2] for name, value in stats.items()})
    assert str(error.value) == "stats['bn1.running_mean'] must have shape [3], got [2]."
    assert all(torch.equal(value, stats[name]) for name, value in space.refresh(theta, x).items())
    assert torch.equal(space.logits(theta, x, stats), expected)


def test_a_module_is_copied_when_the_space_is_made():
    net = models.mlp(64, 8, 10)
    space, (x, _) = WeightSpace(net), batch(net)
    theta = space.init(0)
    before = space.logits(theta, x)
    nn.init.zeros_(net.fc1.weight)
    net.fc2 = nn.Linear(8, 3)
    assert torch.equal(space.logits(theta, x), before) and space.module(theta).fc2.out_features == 10


# Gradients with respect to the inputs


def by_autograd(net, theta, x, y, stats):
    twin = put(net, theta, stats).train(stats is None)
    pixels = x.clone().requires_grad_()
    return torch.autograd.grad(cross_entropy(twin(pixels), y), pixels)[0]


@pytest.mark.parametrize("evaluated", [False, True])
def test_input_gradients_are_those_of_autograd(net, evaluated):
    space, (x, y) = WeightSpace(net), batch(net)
    theta = space.init(1)
    stats = {name: 1.5 * value for name, value in space.refresh(theta, x).items()} if evaluated else None
    found = space.input_gradient(theta, x, y, stats=stats)
    assert found.shape == x.shape and found.dtype == x.dtype and not found.requires_grad
    torch.testing.assert_close(found, by_autograd(net, theta, x, y, stats), atol=1e-6, rtol=1e-4)
    assert found.abs().max() > 1e-5


def test_input_gradients_are_central_differences():
    net = models.mlp(64, 8, 10).double()
    space, (x, y) = WeightSpace(net), batch(net, 4)
    theta, h = space.init(0), 1e-6
    found = space.input_gradient(theta, x, y)
    for place in [(0, 0, 3, 3), (3, 0, 7, 1)]:
        ends = []
        for sign in (1, -1):
            moved = x.clone()
            moved[place] += sign * h
            ends.append(cross_entropy(space.logits(theta, moved), y).item())
        assert found[place].item() == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


def test_an_input_gradient_leaves_everything_as_it_was(net):
    space, (x, y) = WeightSpace(net), batch(net)
    theta, kept = space.init(1), x.clone()
    stats = space.refresh(theta, x)
    held = {name: value.clone() for name, value in stats.items()}
    before = [space.logits(theta, x, stats), space.gradient(theta, x, y)[1].clone()]
    for given in (None, stats):
        space.input_gradient(space.init(2), x, y, stats=given)
    assert torch.equal(x, kept) and not x.requires_grad and x.grad is None
    assert all(torch.equal(stats[name], value) for name, value in held.items())
    assert same(before, [space.logits(theta, x, stats), space.gradient(theta, x, y)[1]])


def test_an_input_gradient_works_where_gradients_are_off():
    net = models.mlp(64, 8, 10)
    space, (x, y) = WeightSpace(net), batch(net)
    on = space.input_gradient(space.init(0), x, y)
    with torch.no_grad():
        assert torch.equal(on, space.input_gradient(space.init(0), x, y))
        assert not torch.is_grad_enabled()


def test_an_input_gradient_of_a_loss_of_your_own():
    net = models.mlp(64, 8, 10)
    space, (x, y) = WeightSpace(net), batch(net)
    once, thrice = (space.input_gradient(space.init(0), x, y, lambda *a, k=k: k * cross_entropy(*a)) for k in (1, 3))
    torch.testing.assert_close(thrice, 3 * once, atol=1e-7, rtol=1e-5)


# Which weights are matrices, and which layer each belongs to


def named(space, values):
    """The values of a vector [D] by the name of the tensor, each if they are all the same."""
    parts = {name: part.unique().tolist() for name, part in space.unflatten(values).items()}
    assert all(len(part) == 1 for part in parts.values())
    return {name: part[0] for name, part in parts.items()}


def test_matrices_are_weights_of_convolutions_and_linear_layers(net):
    space = WeightSpace(net)
    mask = space.matrices()
    assert mask.dtype == torch.bool and mask.shape == (space.size,)
    kinds = nn.Linear | nn.Conv2d
    expected = {f"{at}.weight": isinstance(m, kinds) for at, m in net.named_modules() if hasattr(m, "weight")}
    for name, chosen in named(space, mask).items():
        if name.endswith("bias"):
            assert not chosen
        elif name in expected:
            assert chosen == expected[name]


def test_layers_are_numbered_module_by_module():
    space = WeightSpace(models.cnn(width=2))
    assert named(space, space.layers()) == {
        "conv1.weight": 0,
        "bn1.weight": 1,
        "bn1.bias": 1,
        "conv2.weight": 2,
        "bn2.weight": 3,
        "bn2.bias": 3,
        "conv3.weight": 4,
        "bn3.weight": 5,
        "bn3.bias": 5,
        "fc.weight": 6,
        "fc.bias": 6,
    }


def test_a_tied_weight_belongs_to_one_layer():
    space = WeightSpace(Tied())
    assert named(space, space.layers()) == {
        "first.weight": 0,
        "first.bias": 0,
        "left.weight": 1,
        "left.bias": 1,
        "right.bias": 2,
        "head.weight": 3,
        "head.bias": 3,
    }
    assert named(WeightSpace(Scaled()), WeightSpace(Scaled()).layers()) == {
        "scale": 0,
        "body.weight": 1,
        "body.bias": 1,
    }


def test_layers_have_no_gaps_and_fit_a_subspace(net):
    space = WeightSpace(net)
    layers = space.layers()
    assert layers.dtype == torch.int64 and layers.shape == (space.size,)
    assert layers.unique().tolist() == list(range(int(layers.max()) + 1))
    owners = {slot.name.rpartition(".")[0] for slot in space.layout}
    assert len(owners) == int(layers.max()) + 1
    line = Line(space.init(0), space.init(1), beta=1.0, where=space.matrices(), layers=layers)
    assert line.at_layers([0.5] * len(owners)).shape == (space.size,)


def test_the_scale_of_a_weight_before_batchnorm_does_not_matter_once_refreshed():
    x, space = torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(1)), WeightSpace(models.cnn(width=4))
    theta = space.init(0)
    scaled = theta.clone()
    space.unflatten(scaled)["conv2.weight"].mul_(3.0)
    before, after = (space.logits(one, x, space.refresh(one, x)) for one in (theta, scaled))
    torch.testing.assert_close(before, after, atol=1e-3, rtol=1e-3)
    stale = space.logits(scaled, x, space.refresh(theta, x))
    assert not torch.allclose(before, stale, atol=0.05)
