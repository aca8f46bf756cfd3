"""The noisy quadratic problem: closed forms against fixtures and against moments step by step."""

import re
from math import sqrt

import pytest
import torch

from toolkit.quadratic import NoisyQuadratic


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.double)


ONE = NoisyQuadratic(vector(1.0), vector(0.3))
THREE = NoisyQuadratic(vector(0.2, 1.0, 3.0), vector(0.5, 0.3, 1.0))


@pytest.mark.parametrize(
    ("variance", "loss"),
    [
        (ONE.sgd(0.1), 0.009 / 3.8),
        (ONE.independent(0.1, 4), 0.009 / 15.2),
        (ONE.late_phase(0.1, 0.1, 1, 1), 0.005),
        (ONE.late_phase(0.1, 0.1, 2, 1 / 2), 0.0025),
        (ONE.late_phase(0.1, 0.1, 5, 1 / 5), 0.001),
        (ONE.late_phase(0.1, 0.1, 10, 1 / 10), 0.0005),
        (ONE.late_phase(0.1, 0.1, 2, 1), 0.027 / 6.8),
        (ONE.late_phase(0.1, 0.1, 5, 1), 0.054 / 14),
        (ONE.late_phase(0.1, 0.1, 10, 1), 0.0055),
    ],
)
def test_fixtures_worked_out_by_hand(variance, loss):
    assert ONE.loss(variance) == pytest.approx(loss, rel=1e-9)


def test_the_losses_of_directions_add_up():
    apart = [NoisyQuadratic(THREE.h[i : i + 1], THREE.s[i : i + 1]) for i in range(3)]
    assert THREE.loss(THREE.sgd(0.1)) == pytest.approx(sum(one.loss(one.sgd(0.1)) for one in apart))


def test_variances_worked_out_by_hand():
    assert ONE.spread(0.1, 10).item() == pytest.approx(0.0081 / 1.9, rel=1e-9)
    assert ONE.spread(0.1, 1).item() == 0
    assert ONE.swa(0.2, 100).item() == pytest.approx(0.0001 * (9 - 0.4 * (1 - 0.8**100)), rel=1e-9)
    middle, difference = ONE.line(0.2)
    assert (middle.item(), difference.item()) == pytest.approx((0.004823, 0.01955), rel=1e-4)


def test_per_minibatch_averaging_the_path_of_sgd_beats_late_phase_which_is_a_smaller_learning_rate():
    h = 1 / torch.arange(1, 51).double()
    problem = NoisyQuadratic(h, h.sqrt())
    average = problem.late_phase(0.25, 0.25, 10, 1 / 10)
    losses = [problem.sgd(0.5), average, average + problem.spread(0.25, 10), problem.sgd(0.05), problem.swa(0.5, 3000)]
    found = [problem.loss(variance) for variance in losses]
    assert found == pytest.approx([0.645, 0.061, 0.32, 0.058, 0.0081], rel=0.07)
    assert found[4] < found[3] < found[1] < found[2] < found[0]


# Second moments, one step after another: what the closed forms must be the fixed points of.


def iterated(maps, noise, steps=3000):
    """Covariance after many steps e -> A e + n, for A drawn evenly from `maps` and noise of the covariance given."""
    covariance = torch.zeros_like(noise)
    for _ in range(steps):
        covariance = sum(a @ covariance @ a.T for a in maps) / len(maps) + noise
    return covariance


@pytest.mark.parametrize(("h", "s", "lr"), [(1.0, 0.3, 0.1), (3.0, 1.0, 0.6), (0.2, 0.5, 1.9)])
def test_sgd_and_the_mean_of_its_iterates_by_moments(h, s, lr):
    problem = NoisyQuadratic(vector(h), vector(s))
    noise, rho = vector(lr**2 * s**2).view(1, 1), 1 - lr * h
    variance = iterated([vector(rho).view(1, 1)], noise).item()
    assert problem.sgd(lr).item() == pytest.approx(variance, rel=1e-9)
    for t in (1, 2, 7, 60):
        mean = sum(variance * rho ** abs(i - j) for i in range(t) for j in range(t)) / t**2
        assert problem.swa(lr, t).item() == pytest.approx(mean, rel=1e-9)
    e = 2.0**2
    for t in range(6):
        assert problem.sgd_after(lr, t, vector(2.0)).item() == pytest.approx(e, rel=1e-9)
        e = rho**2 * e + lr**2 * s**2


@pytest.mark.parametrize("gamma", [1.0, 0.25, 0.1])
@pytest.mark.parametrize("members", [1, 2, 5])
def test_the_late_phase_by_moments(members, gamma):
    lr_shared, lr_late, h, s = 0.05, 0.1, 1.5, 0.7
    problem = NoisyQuadratic(vector(h), vector(s))
    rate = torch.cat([vector(*[gamma * lr_shared] * members)[None], lr_late * torch.eye(members).double()])
    weights = torch.cat([torch.ones(members, 1), torch.eye(members)], dim=1).double()  # of (theta, phi_1 ... phi_K)
    covariance = iterated([torch.eye(members + 1).double() - h * rate @ weights], s**2 * rate @ rate.T)
    covariance = weights @ covariance @ weights.T
    average = covariance.mean().item()
    assert problem.late_phase(lr_shared, lr_late, members, gamma).item() == pytest.approx(average, rel=1e-9)
    spread = covariance.diagonal().mean().item() - average
    assert problem.spread(lr_late, members).item() == pytest.approx(spread, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("h", "s", "lr"), [(1.0, 0.3, 0.2), (3.0, 1.0, 0.6)])
def test_a_line_by_moments(h, s, lr):
    problem = NoisyQuadratic(vector(h), vector(s))
    node = 0.5 * sqrt(0.6)  # Gauss's three nodes give means of fourth powers of t without error
    draws = [0.5 - node] * 5 + [0.5] * 8 + [0.5 + node] * 5
    shares = [vector(1 - t, t)[:, None] for t in draws]
    noise = sum(lr**2 * s**2 * share @ share.T for share in shares) / 18
    covariance = iterated([torch.eye(2).double() - lr * h * share @ share.T for share in shares], noise, 1500)
    half, apart = vector(0.5, 0.5), vector(-1.0, 1.0)
    middle, difference = problem.line(lr)
    assert middle.item() == pytest.approx((half @ covariance @ half).item(), rel=1e-9)
    assert difference.item() == pytest.approx((apart @ covariance @ apart).item(), rel=1e-9)


def test_special_cases_are_the_methods_they_should_be():
    assert torch.equal(THREE.late_phase(0.04, 0.06, 1, 1.0), THREE.sgd(0.04 + 0.06))
    torch.testing.assert_close(THREE.late_phase(0.04, 0.06, 5, 1 / 5), THREE.independent(0.1, 5))
    torch.testing.assert_close(THREE.late_phase(0.0, 0.1, 5, 1.0), THREE.independent(0.1, 5))
    larger_batch = NoisyQuadratic(THREE.h, THREE.s / 5**0.5)
    torch.testing.assert_close(THREE.late_phase(0.1, 0.0, 5, 1 / 5), larger_batch.sgd(0.1))


def test_for_small_steps_a_lines_midpoint_keeps_half_of_sgds_variance_and_its_ends_all_of_it():
    middle, difference = ONE.line(1e-4)
    assert (middle / ONE.sgd(1e-4)).item() == pytest.approx(0.5, rel=1e-3)
    assert ((middle + difference / 4) / ONE.sgd(1e-4)).item() == pytest.approx(1, rel=1e-3)


# Bad input


STEEP = NoisyQuadratic(torch.tensor([0.2, 1.0, 3.0]), torch.ones(3))
MANY = NoisyQuadratic(torch.arange(1.0, 10), torch.ones(9))
TOO_MUCH = "lr must lie between 0 and 2 / max h = 0.6667 to settle, got 0.7, which diverges in direction 2 (h = 3)."


@pytest.mark.parametrize(
    "call",
    [
        lambda: STEEP.sgd(0.7),
        lambda: STEEP.sgd_after(0.7, 3, torch.ones(3)),
        lambda: STEEP.independent(0.7, 3),
        lambda: STEEP.swa(0.7, 10),
        lambda: STEEP.line(0.7),
        lambda: STEEP.run_sgd(0.7, 3, 2),
        lambda: STEEP.run_line(0.7, 3, 2),
    ],
)
def test_what_does_not_settle_is_refused_and_the_direction_named(call):
    with pytest.raises(ValueError) as raised:
        call()
    assert str(raised.value) == TOO_MUCH


@pytest.mark.parametrize(
    "call",
    [
        lambda *rates: STEEP.late_phase(*rates),
        lambda *rates: STEEP.run_late_phase(*rates, cycles=3, runs=2),
        lambda *rates: STEEP.run_late_phase(*rates, cycles=3, runs=2, multiplicative=True),
    ],
    ids=["closed form", "simulation", "multiplicative"],
)
def test_a_late_phase_settles_by_all_its_rates_together(call):
    call(0.1, 0.15, 5, 1.0)
    with pytest.raises(ValueError) as raised:
        call(0.1, 0.2, 5, 1.0)
    assert str(raised.value) == TOO_MUCH.replace("lr must", "lr_late + gamma * members * lr_shared must")
    for rates, name in [((-0.1, 0.2, 5, 1.0), "lr_shared"), ((0.1, -0.2, 5, 1.0), "lr_late"), ((1, 1, 5, -1), "gamma")]:
        with pytest.raises(ValueError, match=f"^{name} must be a number of at least 0, got -[0-9.]+.$"):
            call(*rates)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: NoisyQuadratic(torch.ones(2), torch.ones(3)), "h and s must be vectors of one size, got shapes"),
        (lambda: NoisyQuadratic(torch.zeros(2), torch.ones(2)), "h must be positive and s at least 0"),
        (lambda: NoisyQuadratic(torch.ones(1) * float("nan"), torch.ones(1)), "h must be finite, got 1 NaN"),
        (lambda: ONE.sgd(2.0), "2 / max h = 2 to settle, got 2, which diverges in direction 0 (h = 1)."),
        (lambda: ONE.sgd(0), "lr must lie between 0 and 2 / max h = 2 to settle, got 0."),
        (lambda: STEEP.sgd(2.0), "got 2, which diverges in directions 1 (h = 1), 2 (h = 3)."),
        (lambda: MANY.sgd(0.5), "directions 3 (h = 4), 4 (h = 5), 5 (h = 6), 6 (h = 7) and 2 more."),
        (lambda: STEEP.spread(0.7, 2), "lr_late must lie between 0 and 2 / max h = 0.6667 to settle, got 0.7, which"),
        (lambda: ONE.independent(0.1, 0), "members must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_sgd(0.1, 0, 1), "steps must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_late_phase(0.1, 0.1, 0, 1.0, 1, 1), "members must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_late_phase(0.1, 0.1, 1, 1.0, 0, 1), "cycles must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_line(0.1, 0, 1), "steps must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_sgd(0.1, 1, 1, seed=-1), "seed must be a whole number of at least 0, got -1."),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()


def test_members_that_never_move_by_themselves_do_not_spread():
    assert NoisyQuadratic(torch.ones(3), torch.ones(3)).spread(0.0, 5).tolist() == [0, 0, 0]
