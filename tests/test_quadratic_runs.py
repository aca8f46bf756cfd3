"""The noisy quadratic problem simulated: number by number, and against the closed forms."""

import pytest
import torch

from toolkit.quadratic import NoisyQuadratic


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.double)


ONE = NoisyQuadratic(vector(1.0), vector(0.3))
THREE = NoisyQuadratic(vector(0.2, 1.0, 3.0), vector(0.5, 0.3, 1.0))


def settled(path, skip):
    """Variance [d] around 0 over time and runs, after `skip` steps."""
    return path[skip:].square().mean((0, 1))


def test_sgd_settles_as_the_closed_form_says_and_gets_there_as_it_says():
    start = vector(2.0, 1.0, -1.0)
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


def by_hand(problem, lr_shared, lr_late, members, gamma, cycles, seed, target):
    """One run of the two loops, number by number; `target` 1 multiplies the two parts, 0 adds them."""
    dice, d = torch.Generator().manual_seed(seed), len(problem.h)
    xi = [torch.randn(members, 1, d, generator=dice, dtype=torch.double)[:, 0].tolist() for _ in range(cycles)]
    theta, phi, path = [target] * d, [[target] * d for _ in range(members)], []
    for cycle in range(cycles):
        for i, (h, s) in enumerate(zip(problem.h.tolist(), problem.s.tolist(), strict=True)):
            total = 0.0
            for k in range(members):
                w = theta[i] * phi[k][i] if target else theta[i] + phi[k][i]
                g = h * (w - target) + s * xi[cycle][k][i]
                total += g * phi[k][i] if target else g
                phi[k][i] -= lr_late * g * (theta[i] if target else 1)
            theta[i] -= lr_shared * gamma * total
        weights = [[theta[i] * one[i] if target else theta[i] + one[i] for i in range(d)] for one in phi]
        path.append([sum(column) / members - target for column in zip(*weights, strict=True)])
    return torch.tensor(path).double(), torch.tensor(weights).double() - target


@pytest.mark.parametrize("multiplicative", [False, True])
def test_the_two_loops_number_by_number(multiplicative):
    settings = (0.03, 0.07, 3, 0.8, 6)
    path, members = THREE.run_late_phase(*settings, runs=1, seed=5, multiplicative=multiplicative)
    expected_path, expected_members = by_hand(THREE, *settings, 5, float(multiplicative))
    torch.testing.assert_close(path[:, 0], expected_path)
    torch.testing.assert_close(members[:, 0], expected_members)
    assert path.shape == (6, 1, 3) and members.shape == (3, 1, 3)


def noise_of(seed, steps, *shape):
    dice = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(shape, generator=dice, dtype=torch.double) for _ in range(steps)])


def sgd_by(noise, lr):
    """Errors [steps, ...] of SGD on THREE whose gradients carry the noise [steps, ...]."""
    e, path = torch.zeros_like(noise[0]), []
    for xi in noise:
        e = e - lr * (THREE.h * e + THREE.s * xi)
        path.append(e)
    return torch.stack(path)


def test_one_member_is_sgd_with_both_rates_added():
    path, members = THREE.run_late_phase(0.04, 0.06, 1, 1.0, cycles=50, runs=4, seed=2)
    torch.testing.assert_close(path, THREE.run_sgd(0.1, steps=50, runs=4, seed=2)[1:])
    assert torch.allclose(members[0], path[-1])


def test_sgd_takes_the_steps_it_says():
    path = THREE.run_sgd(0.1, steps=20, runs=4, seed=2)
    torch.testing.assert_close(path[1:], sgd_by(noise_of(2, 20, 4, 3), 0.1))
    assert path.shape == (21, 4, 3) and not path[0].any()


@pytest.mark.parametrize(
    ("lr_shared", "lr_late", "gamma", "lr"), [(0.04, 0.06, 1 / 5, 0.1), (0.02, 0.0, 1.0, 0.1), (0.02, 0.05, 1.0, 0.15)]
)
def test_the_average_is_sgd_on_batches_five_times_as_large(lr_shared, lr_late, gamma, lr):
    path, members = THREE.run_late_phase(lr_shared, lr_late, 5, gamma, cycles=40, runs=2, seed=3)
    torch.testing.assert_close(path, sgd_by(noise_of(3, 40, 5, 2, 3).mean(1), lr))
    assert torch.allclose(members, members[:1]) == (not lr_late)


def test_with_theta_frozen_the_members_are_independent_runs():
    path, members = THREE.run_late_phase(0.0, 0.1, 5, 1.0, cycles=40, runs=2, seed=3)
    alone = sgd_by(noise_of(3, 40, 5, 2, 3), 0.1)
    torch.testing.assert_close(members, alone[-1])
    torch.testing.assert_close(path, alone.mean(1))


@pytest.mark.parametrize("gamma", [1 / 4, 1.0])
def test_the_late_phase_average_and_its_members(gamma):
    path, members = THREE.run_late_phase(0.05, 0.05, 4, gamma, cycles=400, runs=2000)
    torch.testing.assert_close(settled(path, 250), THREE.late_phase(0.05, 0.05, 4, gamma), rtol=0.06, atol=0)
    around = (members - members.mean(0)).square().mean((0, 1))
    torch.testing.assert_close(around, THREE.spread(0.05, 4), rtol=0.1, atol=0)


def test_multiplicative_members_follow_the_same_law_for_small_steps_and_noise():
    small = NoisyQuadratic(vector(1.0), vector(0.02))
    path, _ = small.run_late_phase(0.02, 0.02, 4, 1 / 4, cycles=800, runs=2000, multiplicative=True)
    assert settled(path, 500).item() == pytest.approx(small.late_phase(0.02, 0.02, 4, 1 / 4).item(), rel=0.08)


def test_large_multiplicative_steps_leave_the_law_as_far_as_was_worked_out():
    path, _ = ONE.run_late_phase(0.1, 0.1, 10, 1.0, cycles=2500, runs=500, multiplicative=True)
    assert ONE.loss(settled(path, 1500)) == pytest.approx(0.003795, rel=0.05)
    path, _ = ONE.run_late_phase(0.1, 0.1, 10, 1 / 10, cycles=4000, runs=500, multiplicative=True)
    assert ONE.loss(settled(path[:500], 100)) == pytest.approx(0.0005, rel=0.1)  # theta and the phi_k drift apart, so
    assert ONE.loss(settled(path, 2000)) == pytest.approx(0.000634, rel=0.05)  # that the loss grows and never settles


def test_a_line_settles_as_its_closed_form_says():
    middles, differences = ONE.run_line(0.2, steps=500, runs=6000)
    middle, difference = ONE.line(0.2)
    assert settled(middles, 200).item() == pytest.approx(middle.item(), rel=0.05)
    assert settled(differences, 200).item() == pytest.approx(difference.item(), rel=0.05)


@pytest.mark.parametrize(
    "run",
    [
        lambda seed: ONE.run_sgd(0.1, 5, 3, seed),
        lambda seed: ONE.run_late_phase(0.1, 0.1, 2, 0.5, 5, 3, seed)[0],
        lambda seed: ONE.run_line(0.1, 5, 3, seed)[0],
    ],
    ids=["sgd", "late phase", "line"],
)
def test_simulations_repeat_themselves_and_leave_the_global_random_state_alone(run):
    state = torch.get_rng_state()
    assert torch.equal(run(4), run(4)) and not torch.equal(run(4), run(5))
    assert torch.equal(state, torch.get_rng_state())
