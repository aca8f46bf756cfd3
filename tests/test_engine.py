"""BatchNorm statistics, parts of large inputs, and the way many networks train at once."""

import copy
import random

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn
from zoo import ZOO

from toolkit import WeightSpace, engine, models

BATCHNORM = ["mlp with batchnorm", "cnn", "resnet"]


@pytest.fixture(params=BATCHNORM)
def net(request):
    return ZOO[request.param]()


@pytest.fixture
def x():
    return torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def inputs_of_norms(module, x):
    """What every BatchNorm layer is given when x goes through in training mode: [units, numbers] by name."""
    seen = {}

    def look(name):
        return lambda _, given: seen.update({name: given[0].detach().transpose(0, 1).flatten(1)})

    for name, norm in module.named_modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            norm.register_forward_pre_hook(look(name))
    module.train()(x)
    return seen


def test_refreshed_statistics_are_exact_at_every_depth(net, x):
    space = WeightSpace(net)
    theta = space.init(0)
    stats, seen = space.refresh(theta, x), inputs_of_norms(space.module(theta), x)
    assert set(stats) == {f"{name}.running_{kind}" for name in seen for kind in ("mean", "var")}
    for name, given in seen.items():
        torch.testing.assert_close(stats[f"{name}.running_mean"], given.mean(1), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(stats[f"{name}.running_var"], given.var(1), atol=1e-5, rtol=1e-4)


def test_refresh_is_idempotent_and_forgets(net, x):
    space = WeightSpace(net)
    theta, other = space.init(0), space.init(1)
    first = space.refresh(theta, x)
    kept = {name: value.clone() for name, value in first.items()}
    space.refresh(other, 5 * x)
    space.gradient(theta, x, torch.zeros(60, dtype=torch.long))
    again = space.refresh(theta, x)
    assert all(torch.equal(kept[name], again[name]) and torch.equal(kept[name], first[name]) for name in kept)


def test_refresh_does_not_depend_on_old_buffers(net, x):
    seasoned = copy.deepcopy(net)
    seasoned.train()(100 * x)
    theta = WeightSpace(net).init(0)
    fresh, old = (WeightSpace(module).refresh(theta, x) for module in (net, seasoned))
    assert all(torch.equal(fresh[name], old[name]) for name in fresh)


@pytest.mark.parametrize("limit", [60 * 64, 20 * 64, 10 * 64])
def test_refresh_is_update_bn_of_torch(net, x, limit, monkeypatch):
    monkeypatch.setattr(engine, "_NUMBERS_AT_ONCE", limit)
    space = WeightSpace(net)
    theta = space.init(0)
    plain = space.module(theta)
    update_bn(list(x.split(limit // 64)), plain)
    for name, value in space.refresh(theta, x).items():
        torch.testing.assert_close(value, plain.state_dict()[name], atol=1e-6, rtol=1e-5)


def test_unequal_parts_count_by_their_size(monkeypatch):
    monkeypatch.setattr(engine, "_NUMBERS_AT_ONCE", 3 * 64)
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 10))
    x = torch.rand(5, 1, 8, 8)
    stats = WeightSpace(net).refresh(WeightSpace(net).init(0), x)
    torch.testing.assert_close(stats["1.running_mean"], x.flatten(1).mean(0))


def test_logits_do_not_depend_on_the_parts(net, x, monkeypatch):
    space = WeightSpace(net)
    theta = space.init(0)
    stats = space.refresh(theta, x)
    whole = space.logits(theta, x, stats)
    monkeypatch.setattr(engine, "_NUMBERS_AT_ONCE", 7 * 64)
    torch.testing.assert_close(space.logits(theta, x, stats), whole, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(space.logits(theta, x[:1], stats), whole[:1], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("limit", [1, 64])
def test_one_large_example_is_a_part(limit, x, monkeypatch):
    monkeypatch.setattr(engine, "_NUMBERS_AT_ONCE", limit)
    space = WeightSpace(models.mlp(64, 10))
    assert space.logits(space.init(0), x).shape == (60, 10)


def test_rescaling_a_convolution_before_batchnorm_changes_no_prediction(x):
    space = WeightSpace(models.cnn(width=3))
    theta = space.init(0)
    scaled = theta.clone()
    space.unflatten(scaled)["conv1.weight"].mul_(3)
    before, after = (space.logits(point, x, space.refresh(point, x)) for point in (theta, scaled))
    torch.testing.assert_close(after, before, atol=1e-3, rtol=1e-3)
    with_old = space.logits(scaled, x, space.refresh(theta, x))
    assert (with_old - before).abs().max() > 0.01


def test_statistics_of_one_point_serve_all(net, x):
    space = WeightSpace(net)
    thetas = torch.stack([space.init(0), space.init(1)])
    stats = space.refresh(thetas[0], x)
    together = space.logits(thetas, x, stats)
    torch.testing.assert_close(together[1], space.logits(thetas[1], x, stats))


def test_a_network_that_has_seen_data_brings_its_statistics(net, x):
    for _ in range(3):
        net.train()(x)
    space = WeightSpace(net)
    with torch.no_grad():
        expected = copy.deepcopy(net).eval()(x)
        torch.testing.assert_close(space.logits(space.flatten(net), x), expected, atol=1e-6, rtol=1e-5)
    space.refresh(space.init(0), 9 * x)
    torch.testing.assert_close(space.logits(space.flatten(net), x), expected, atol=1e-6, rtol=1e-5)


def test_a_network_that_has_seen_none_asks_for_them(net, x):
    space = WeightSpace(net)
    theta = space.init(0)
    space.refresh(theta, x)
    for where in (theta, theta.clone().requires_grad_(), torch.stack([theta, theta])):
        with pytest.raises(ValueError) as error:
            space.logits(where, x)
        assert str(error.value) == (
            "This network has BatchNorm layers whose statistics belong to theta: "
            "pass stats=space.refresh(theta, train_x)."
        )


def test_batchnorm_without_statistics_is_left_alone(x):
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64, track_running_stats=False), nn.Linear(64, 10))
    space = WeightSpace(net)
    theta = space.flatten(net)
    assert space.refresh(theta, x) == {}
    torch.testing.assert_close(space.logits(theta, x), net.eval()(x).detach())


def test_no_batchnorm_no_statistics(x):
    space = WeightSpace(models.mlp(64, 4, 10))
    assert space.refresh(space.init(0), x) == {}
    assert space.refresh(torch.stack([space.init(0)] * 2), x) == {}


def test_a_failed_call_leaves_the_next_one_right(net, x):
    space = WeightSpace(net)
    theta = space.init(0)
    stats = space.refresh(theta, x)
    expected = space.logits(theta, x, stats)
    for call in (space.refresh, lambda theta, x: space.logits(theta, x, stats)):
        with pytest.raises(
            ValueError, match=r"^x must be what the network takes, got shape \[4, 7\] of torch\.float32, and it says: "
        ):
            call(theta, torch.rand(4, 7))
    assert torch.equal(space.logits(theta, x, stats), expected)
    assert all(torch.equal(value, stats[name]) for name, value in space.refresh(theta, x).items())


def test_linear_networks_are_stacked_and_convolutions_are_not(monkeypatch):
    monkeypatch.setattr(engine, "device", lambda: torch.device("cpu"))
    stacked = {name for name, build in ZOO.items() if engine.Engine(build()).stacks}
    assert stacked == {"mlp", "mlp with batchnorm", "tied", "layernorm", "frozen", "double"}
    assert not engine.Engine(models.mlp(64, 12, 10, batchnorm=True)).stacks  # 12 units are no whole vectors


def test_a_gradient_does_not_add_to_the_last_one(x):
    space, y = WeightSpace(models.mlp(64, 8, 10)), torch.zeros(60, dtype=torch.long)
    first = space.gradient(space.init(0), x, y)[1].clone()
    space.gradient(space.init(1), x, y)
    assert torch.equal(space.gradient(space.init(0), x, y)[1], first)


def test_statistics_do_not_enter_a_training_step(net, x):
    y = torch.zeros(60, dtype=torch.long)
    space = WeightSpace(net)
    theta = space.init(0)
    before = space.gradient(theta, x, y)[1].clone()
    space.refresh(space.init(1), 9 * x)
    assert torch.equal(space.gradient(theta, x, y)[1], before)


def rows(n):
    return {"bn1.running_mean": torch.rand(n, 3), "bn1.running_var": torch.rand(n, 3)}


def test_rows_of_statistics_must_be_as_many_as_networks():
    engine.check_rows(None, 2)
    engine.check_rows(rows(2), 2)
    engine.check_rows({name: value[0] for name, value in rows(1).items()}, 2)
    with pytest.raises(ValueError) as error:
        engine.check_rows(rows(3), 2)
    assert str(error.value) == "stats must have one row for each of 2 networks, got 3 in 'bn1.running_mean'."


def test_statistics_of_a_network_are_its_row_or_the_shared_ones():
    mixed = {"a": torch.arange(6.0).view(2, 3), "b": torch.arange(3.0)}
    found = engine.of_network(mixed, 1)
    assert found["a"].tolist() == [3, 4, 5] and found["b"].tolist() == [0, 1, 2]
    assert engine.of_network(None, 1) is None


# Gradients with respect to the inputs


def test_statistics_of_the_batch_are_used_unless_others_are_given(net, x):
    space, y = WeightSpace(net), torch.arange(60) % 10
    theta = space.init(0)
    biased = space.refresh(theta, x)
    batch = space.input_gradient(theta, x, y)
    given = space.input_gradient(theta, x, y, stats=biased)
    assert (batch - given).norm() > 0.01 * batch.norm()
    # what an example does to the others through the statistics of the batch is there in training only
    alone = space.input_gradient(theta, x[:30], y[:30], stats=biased)
    torch.testing.assert_close(given[:30], alone / 2, atol=1e-6, rtol=1e-4)
    assert not torch.allclose(batch[:30], space.input_gradient(theta, x[:30], y[:30]) / 2, atol=1e-6, rtol=1e-3)


def test_statistics_of_the_module_itself_serve_an_evaluation(net, x):
    seasoned = copy.deepcopy(net)
    seasoned.train()(x)
    space, y = WeightSpace(seasoned), torch.arange(60) % 10
    theta = space.flatten(seasoned)
    pixels = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(nn.functional.cross_entropy(seasoned.eval()(pixels), y), pixels)
    torch.testing.assert_close(space.input_gradient(theta, x, y, stats={}), expected, atol=1e-6, rtol=1e-4)


def test_an_attack_between_two_steps_of_training_leaves_no_trace(net, x):
    space, y = WeightSpace(net), torch.arange(60) % 10
    theta = space.init(0)
    stats = space.refresh(theta, x)
    value, g = space.gradient(theta, x, y)
    value, g = value.clone(), g.clone()
    space.input_gradient(space.init(1), 3 * x, y)
    space.input_gradient(space.init(1), 3 * x, y, stats=stats)
    again, same = space.gradient(theta, x, y)
    assert torch.equal(value, again) and torch.equal(g, same)
    fresh = space.refresh(theta, x)
    assert all(torch.equal(stats[name], fresh[name]) for name in stats)


class Dropping(nn.Module):
    """A network that leaves out a layer in half of its steps, by Python's dice."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(64, 8), nn.Linear(8, 8), nn.Linear(8, 10)

    def forward(self, x):
        h = self.first(x.flatten(1)).relu()
        if random.random() < 0.5:
            h = h + self.second(h).relu()
        return self.head(h)


@pytest.mark.parametrize("seed", range(4))
def test_a_forward_that_asks_pythons_dice_is_gone_through_in_every_step(x, seed):
    """Written down once it would go one way for ever."""
    space, y = WeightSpace(Dropping()), torch.zeros(2, 60, dtype=torch.long)
    theta = torch.stack([space.init(0), space.init(1)])
    random.seed(seed)
    used = [space.gradient(theta, torch.stack([x, x]), y)[1] for _ in range(12)]
    used = [bool(space.unflatten(g)["second.weight"].any()) for g in used]
    random.seed(seed)
    assert used == [random.random() < 0.5 for _ in range(12)] and len(set(used)) == 2
