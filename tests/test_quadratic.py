"""The noisy quadratic problem: closed forms against fixtures worked out by hand, and against simulation."""

import pytest
import torch

from toolkit.quadratic import NoisyQuadratic

ONE = NoisyQuadratic(torch.ones(1, dtype=torch.double), torch.tensor([0.3], dtype=torch.double))
THREE = NoisyQuadratic(torch.tensor([0.2, 1.0, 3.0]).double(), torch.tensor([0.5, 0.3, 1.0]).double())


def settled(path, skip):
    """Variance [d] around 0 over time and runs, after `skip` steps."""
    return path[skip:].square().mean((0, 1))


@pytest.mark.parametrize(
    ("variance", "loss"),
    [
        (ONE.sgd(0.1), 0.0023684),
        (ONE.late_phase(0.1, 0.1, 1, 1), 0.005),
        (ONE.late_phase(0.1, 0.1, 2, 1 / 2), 0.0025),
        (ONE.late_phase(0.1, 0.1, 10, 1 / 10), 0.0005),
        (ONE.late_phase(0.1, 0.1, 2, 1), 0.003971),
        (ONE.late_phase(0.1, 0.1, 5, 1), 0.003857),
        (ONE.late_phase(0.1, 0.1, 10, 1), 0.0055),
    ],
)
def test_fixtures_worked_out_by_hand(variance, loss):
    assert ONE.loss(variance) == pytest.approx(loss, rel=2e-4)


def test_variances_worked_out_by_hand():
    assert ONE.spread(0.1, 10).item() == pytest.approx(0.004263, rel=1e-3)
    assert ONE.swa(0.2, 100).item() == pytest.approx(0.00086, rel=1e-3)
    middle, difference = ONE.line(0.2)
    assert (middle.item(), difference.item()) == pytest.approx((0.004823, 0.01955), rel=1e-3)


def test_the_losses_of_directions_add_up():
    apart = [NoisyQuadratic(THREE.h[i : i + 1], THREE.s[i : i + 1]) for i in range(3)]
    assert THREE.loss(THREE.sgd(0.1)) == pytest.approx(sum(one.loss(one.sgd(0.1)) for one in apart))


def test_sgd_settles_as_the_closed_form_says_and_gets_there_as_it_says():
    start = torch.tensor([2.0, 1.0, -1.0]).double()
    path = THREE.run_sgd(0.1, steps=400, runs=4000, start=start)
    torch.testing.assert_close(settled(path, 250), THREE.sgd(0.1), rtol=0.05, atol=0)
    for steps in (0, 1, 5, 30):
        expected = THREE.sgd_after(0.1, steps, start)
        torch.testing.assert_close(path[steps].square().mean(0), expected, rtol=0.1, atol=1e-9)


def test_averages_of_runs_and_of_iterates():
    path = ONE.run_sgd(0.2, steps=300, runs=8000)
    of_runs = path[-1].view(10, 800, 1).mean(0)
    assert of_runs.square().mean().item() == pytest.approx(ONE.independent(0.2, 10).item(), rel=0.15)
    of_iterates = path[-100:].mean(0)
    assert of_iterates.square().mean().item() == pytest.approx(ONE.swa(0.2, 100).item(), rel=0.05)
    assert ONE.swa(0.2, 100_000).item() == pytest.approx(0.09 / 100_000, rel=1e-3)


@pytest.mark.parametrize("gamma", [1 / 4, 1.0])
def test_the_late_phase_average_and_its_members(gamma):
    path, members = THREE.run_late_phase(0.05, 0.05, 4, gamma, cycles=400, runs=2000)
    torch.testing.assert_close(settled(path, 250), THREE.late_phase(0.05, 0.05, 4, gamma), rtol=0.06, atol=0)
    around = (members - members.mean(0)).square().mean((0, 1))
    torch.testing.assert_close(around, THREE.spread(0.05, 4), rtol=0.1, atol=0)


def test_multiplicative_members_follow_the_same_law_for_small_steps_and_noise():
    small = NoisyQuadratic(torch.ones(1).double(), torch.tensor([0.02]).double())
    path, _ = small.run_late_phase(0.02, 0.02, 4, 1 / 4, cycles=800, runs=2000, multiplicative=True)
    assert settled(path, 500).item() == pytest.approx(small.late_phase(0.02, 0.02, 4, 1 / 4).item(), rel=0.08)


def test_special_cases_are_the_methods_they_should_be():
    assert torch.equal(THREE.late_phase(0.04, 0.06, 1, 1.0), THREE.sgd(0.04 + 0.06))
    torch.testing.assert_close(THREE.late_phase(0.04, 0.06, 5, 1 / 5), THREE.independent(0.1, 5))
    torch.testing.assert_close(THREE.late_phase(0.0, 0.1, 5, 1.0), THREE.independent(0.1, 5))
    larger_batch = NoisyQuadratic(THREE.h, THREE.s / 5**0.5)
    torch.testing.assert_close(THREE.late_phase(0.1, 0.0, 5, 1 / 5), larger_batch.sgd(0.1))


def test_a_line_settles_as_its_closed_form_says():
    middles, differences = ONE.run_line(0.2, steps=500, runs=6000)
    middle, difference = ONE.line(0.2)
    assert settled(middles, 200).item() == pytest.approx(middle.item(), rel=0.05)
    assert settled(differences, 200).item() == pytest.approx(difference.item(), rel=0.05)


def test_for_small_steps_a_lines_midpoint_keeps_half_of_sgds_variance_and_its_ends_all_of_it():
    middle, difference = ONE.line(1e-4)
    assert (middle / ONE.sgd(1e-4)).item() == pytest.approx(0.5, rel=1e-3)
    assert ((middle + difference / 4) / ONE.sgd(1e-4)).item() == pytest.approx(1, rel=1e-3)


def test_simulations_repeat_themselves():
    assert torch.equal(ONE.run_sgd(0.1, 5, 3, seed=4), ONE.run_sgd(0.1, 5, 3, seed=4))
    assert not torch.equal(ONE.run_sgd(0.1, 5, 3, seed=4), ONE.run_sgd(0.1, 5, 3, seed=5))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: NoisyQuadratic(torch.ones(2), torch.ones(3)), "h and s must be vectors of one size, got shapes"),
        (lambda: NoisyQuadratic(torch.zeros(2), torch.ones(2)), "h must be positive and s at least 0"),
        (lambda: NoisyQuadratic(torch.ones(1) * float("nan"), torch.ones(1)), "h must be finite, got 1 NaN"),
        (lambda: ONE.sgd(2.5), "lr must lie between 0 and 2 / max h = 2 to settle, got 2.5."),
        (lambda: ONE.independent(0.1, 0), "members must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_sgd(0.1, 0, 1), "steps must be a whole number of at least 1, got 0."),
        (lambda: ONE.run_sgd(0.1, 1, 1, seed=-1), "seed must be a whole number of at least 0, got -1."),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        call()
