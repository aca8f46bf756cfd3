"""PGD: inside its box, uphill, the closed form on a linear network, and what it does to losses."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from zoo import ZOO, dropout

from toolkit import WeightSpace, data, evaluate, fit, models
from toolkit.robust import PGD


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(300)


@pytest.fixture(scope="module")
def trained(digits):
    space = WeightSpace(models.mlp(64, 16, 10))
    return space, fit(space, space.init(0), digits, epochs=20, batch_size=32)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("eps", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("settings", [{}, {"step": 0.9}, {"steps": 1}, {"steps": 20, "step": 0.01}], ids=str)
@pytest.mark.parametrize("name", ["mlp", "cnn", "attention"])
def test_attacked_inputs_stay_in_the_box_and_are_images(digits, name, settings, eps):
    space, (x, y) = WeightSpace(ZOO[name]()), (digits.train_x[:40], digits.train_y[:40])
    theta = space.init(0)
    attacked = PGD(eps=eps, **settings)(space, theta, x, y, seeded())
    assert attacked.shape == x.shape and attacked.dtype == x.dtype and not attacked.requires_grad
    assert (attacked - x).abs().max() <= eps + 1e-6
    assert attacked.min() >= 0 and attacked.max() <= 1
    assert torch.equal(attacked, x) == (eps == 0)


def test_a_large_step_reaches_the_border_of_the_box_and_no_further(trained, digits):
    space, theta = trained
    x, y = digits.train_x[:50] * 0.4 + 0.3, digits.train_y[:50]  # far from 0 and 1, so only eps is a border
    change = (PGD(eps=0.1, step=1.0)(space, theta, x, y, seeded()) - x).abs()
    moved = space.input_gradient(theta, x, y) != 0
    torch.testing.assert_close(change[moved], torch.full_like(change[moved], 0.1), atol=1e-6, rtol=0)


def linear():
    """One linear layer to two classes, whose loss rises along w1 - w0 for class 0 and against it for class 1."""
    space = WeightSpace(nn.Sequential(nn.Flatten(), nn.Linear(6, 2)))
    return space, space.init(3), torch.rand(20, 6, generator=seeded(1)) * 0.4 + 0.3, torch.arange(20) % 2


@pytest.mark.parametrize("steps", [1, 3])
def test_steps_on_a_linear_network_by_hand(steps):
    space, theta, x, y = linear()
    w = space.unflatten(theta)["1.weight"]
    uphill = torch.where(y[:, None] == 0, 1.0, -1.0) * (w[1] - w[0]).sign()
    start = x + 0.1 * (2 * torch.rand(x.shape, generator=seeded()) - 1)
    expected = start
    for _ in range(steps):
        expected = torch.minimum(torch.maximum(expected + 0.04 * uphill, x - 0.1), x + 0.1)
    found = PGD(eps=0.1, steps=steps, step=0.04)(space, theta, x, y, seeded())
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_enough_steps_on_a_linear_network_reach_the_worst_corner():
    space, theta, x, y = linear()
    w = space.unflatten(theta)["1.weight"]
    worst = x + 0.1 * torch.where(y[:, None] == 0, 1.0, -1.0) * (w[1] - w[0]).sign()
    torch.testing.assert_close(PGD(eps=0.1, steps=9)(space, theta, x, y, seeded()), worst, atol=1e-6, rtol=0)


def test_a_step_is_a_quarter_of_eps_unless_you_say(trained, digits):
    space, theta = trained
    x, y = digits.train_x[:30], digits.train_y[:30]
    default, quarter, half = (PGD(0.2, step=step)(space, theta, x, y, seeded()) for step in (None, 0.05, 0.1))
    assert torch.equal(default, quarter) and not torch.equal(default, half)
    still = PGD(0.2, step=0.0)(space, theta, x, y, seeded())
    start = (x + 0.2 * (2 * torch.rand(x.shape, generator=seeded()) - 1)).clamp(0, 1)
    assert torch.equal(still, start)


def test_the_start_is_uniform_over_the_box(digits):
    space = WeightSpace(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    x = torch.full((300, 1, 8, 8), 0.5)
    change = PGD(eps=0.2, step=0.0)(space, space.init(0), x, torch.zeros(300, dtype=torch.long), seeded()) - 0.5
    assert change.mean().item() == pytest.approx(0, abs=0.003)
    assert change.var().item() == pytest.approx(0.2**2 / 3, rel=0.03)
    assert change.abs().max().item() == pytest.approx(0.2, abs=1e-3)


def test_the_start_follows_the_generator_and_torch_s_own_is_left_alone(trained, digits):
    space, theta = trained
    x, y, state = digits.train_x[:30], digits.train_y[:30], torch.get_rng_state()
    first, again, other = (PGD()(space, theta, x, y, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_attacks_hurt_a_trained_network_and_more_of_them_hurt_more(trained, digits):
    space, theta = trained
    clean = evaluate(space, theta, digits, "test_loss")["test_loss"]
    by_eps = [evaluate(space, theta, digits, "test_loss", attack=PGD(eps))["test_loss"] for eps in (0.02, 0.05, 0.1)]
    one, five = (evaluate(space, theta, digits, "test_loss", attack=PGD(0.1, n))["test_loss"] for n in (1, 5))
    assert clean < by_eps[0] < by_eps[1] < by_eps[2]
    assert clean < one < five
    noise = evaluate(space, theta, digits, "test_loss", attack=PGD(0.1, step=0.0))["test_loss"]
    assert five > 5 * noise


def test_adversarial_training_makes_a_network_robust(trained, digits):
    space, theta = trained
    robust = fit(space, space.init(0), digits, epochs=20, batch_size=32, attack=PGD(0.1))
    plain, hardened = (
        evaluate(space, one, digits, "test_accuracy", attack=PGD(0.1, 20))["test_accuracy"] for one in (theta, robust)
    )
    assert hardened > plain + 0.1


def test_an_attack_changes_nothing_that_it_is_given(trained, digits):
    space, theta = trained
    x, y, before = digits.train_x[:30].clone(), digits.train_y[:30].clone(), theta.clone()
    PGD()(space, theta, x, y, seeded())
    assert torch.equal(x, digits.train_x[:30]) and torch.equal(y, digits.train_y[:30]) and torch.equal(theta, before)
    assert x.grad is None and not x.requires_grad and not theta.requires_grad


def test_an_attack_keeps_no_graph_where_gradients_are_on_or_off(trained, digits):
    space, theta = trained
    x, y = digits.train_x[:30], digits.train_y[:30]
    on = PGD()(space, theta.clone().requires_grad_(), x, y, seeded())
    with torch.no_grad():
        assert torch.equal(on, PGD()(space, theta, x, y, seeded()))
    assert not on.requires_grad


@pytest.mark.parametrize("name", ["mlp", "cnn"])
@pytest.mark.parametrize("refreshed", [False, True])
def test_many_networks_are_attacked_one_by_one(digits, name, refreshed):
    space = WeightSpace(ZOO[name]())
    thetas = torch.stack([space.init(seed) for seed in range(3)])
    x, y = digits.train_x[:60].view(3, 20, 1, 8, 8), digits.train_y[:60].view(3, 20)
    stats = space.refresh(thetas, digits.train_x) if refreshed else None
    together = PGD()(space, thetas, x, y, seeded(), stats)
    source = seeded()
    for i, theta in enumerate(thetas):
        own = {key: value[i] for key, value in stats.items()} if refreshed else None
        assert torch.equal(together[i], PGD()(space, theta, x[i], y[i], source, own))


@pytest.mark.parametrize("name", ["mlp with batchnorm", "cnn", "resnet"])
def test_statistics_are_those_of_the_batch_or_those_that_are_given(digits, name):
    module = ZOO[name]()
    space, (x, y) = WeightSpace(module), (digits.train_x[:40], digits.train_y[:40])
    theta = space.init(0)
    stats = {key: value * 1.5 for key, value in space.refresh(theta, x).items()}
    for given in (None, stats):
        twin = copy.deepcopy(space.module(theta, given)).train(given is None)
        step = PGD(eps=0.1, steps=1, step=0.1)
        start = (x + 0.1 * (2 * torch.rand(x.shape, generator=seeded()) - 1)).clamp(0, 1)
        pixels = start.clone().requires_grad_()
        (g,) = torch.autograd.grad(cross_entropy(twin(pixels), y), pixels)
        expected = torch.clamp(start + 0.1 * g.sign(), x - 0.1, x + 0.1).clamp(0, 1)
        agree = ((step(space, theta, x, y, seeded(), given) - expected).abs() < 1e-6).double().mean()
        assert agree > 0.995  # but for pixels whose gradient is rounding
    in_training, in_evaluation = (PGD()(space, theta, x, y, seeded(), given) for given in (None, stats))
    assert not torch.equal(in_training, in_evaluation)


def test_dropout_is_on_in_training_and_off_in_evaluation(digits):
    space, (x, y) = WeightSpace(dropout()), (digits.train_x[:20], digits.train_y[:20])
    theta = space.init(0)
    evaluated, trained = ([PGD()(space, theta, x, y, seeded(), stats) for _ in range(2)] for stats in ({}, None))
    assert torch.equal(*evaluated) and not torch.equal(*trained)


def test_double_precision_inputs_stay_double(digits):
    space = WeightSpace(models.mlp(64, 8, 10).double())
    x, y = digits.train_x[:20].double(), digits.train_y[:20]
    assert PGD()(space, space.init(0), x, y, seeded()).dtype == torch.float64


def test_equal_settings_are_equal_attacks():
    assert PGD(0.1) == PGD(eps=0.1, steps=5) != PGD(0.1, steps=6)
    assert repr(PGD(0.1)) == "PGD(eps=0.1, steps=5, step=None)"
    with pytest.raises(AttributeError):
        PGD().eps = 0.5
