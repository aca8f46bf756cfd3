"""Expected losses step by step: against the simulations, against brute force without dice, and against closed forms."""

import pytest
import torch

from toolkit.quadratic import NoisyQuadratic
from toolkit.quadratic_curves import (
    diverging,
    effective_lr,
    late_phase_moments,
    losses,
    sgd_moments,
    swa_moments,
)

THREE = NoisyQuadratic(torch.tensor([0.2, 1.0, 3.0]).double(), torch.tensor([0.5, 0.3, 1.0]).double())
START = torch.tensor([2.0, 1.0, -1.0]).double()
NOTHING = torch.zeros(3).double()


def close(found, expected, rtol=1e-9):
    torch.testing.assert_close(found, expected, rtol=rtol, atol=1e-14)


def one_direction(i: int) -> NoisyQuadratic:
    return NoisyQuadratic(THREE.h[i : i + 1], THREE.s[i : i + 1])


# ---------------------------------------------------------------- against the simulations


def test_sgd_and_the_mean_of_its_iterates_are_what_simulations_find():
    path = THREE.run_sgd(0.1, steps=120, runs=20_000, start=START)
    moments = sgd_moments(THREE, 0.1, 120, START**2)
    assert moments.shape == (121, 3)
    simulated = losses(THREE, path.square().mean(1))
    torch.testing.assert_close(losses(THREE, moments), simulated, rtol=0.03, atol=0)
    means = path[21:].cumsum(0) / torch.arange(1, 101)[:, None, None]
    found = swa_moments(THREE, 0.1, 100, moments[20])
    assert found.shape == (100, 3)
    torch.testing.assert_close(found, means.square().mean(1), rtol=0.05, atol=0)
    torch.testing.assert_close(losses(THREE, found), losses(THREE, means.square().mean(1)), rtol=0.03, atol=0)


def test_the_mean_of_runs_is_what_simulations_find():
    path = THREE.run_sgd(0.1, steps=40, runs=20_000, start=START).unflatten(1, (5, 4000)).mean(1)
    found = sgd_moments(THREE, 0.1, 40, START**2, runs=5)
    torch.testing.assert_close(losses(THREE, found), losses(THREE, path.square().mean(1)), rtol=0.03, atol=0)


@pytest.mark.parametrize("gamma", [1 / 4, 1.0])
@pytest.mark.parametrize("rounds", [1, 3, 10, 60])
def test_late_phase_training_is_what_simulations_find_while_it_settles(gamma, rounds):
    path, members = THREE.run_late_phase(0.05, 0.08, 4, gamma, cycles=rounds, runs=20_000)
    average, member = late_phase_moments(THREE, 0.05, 0.08, 4, gamma, rounds, NOTHING)
    assert average.shape == member.shape == (rounds + 1, 3)
    torch.testing.assert_close(losses(THREE, average)[1:], losses(THREE, path.square().mean(1)), rtol=0.03, atol=0)
    simulated = losses(THREE, members.square().mean((0, 1)))
    torch.testing.assert_close(losses(THREE, member)[-1], simulated, rtol=0.03, atol=0)


# ---------------------------------------------------------------- against brute force without dice


def covariances(h, s, lr_shared, lr_late, k, gamma, rounds, moment):
    """E z z^T of z = (theta, phi_1 ... phi_K) after each round, from the two-loop step written out as a matrix."""
    one, apart = torch.ones(k, 1).double(), torch.eye(k).double()
    take = torch.cat([one, apart], 1)  # w_k = theta + phi_k
    step = torch.cat([-lr_shared * gamma * one.T, -lr_late * apart])  # from gradients to z
    now = torch.zeros(k + 1, k + 1).double()
    now[0, 0] = moment  # all of the error is theta's at first: only the sums theta + phi_k matter
    for _ in range(rounds + 1):
        yield take @ now @ take.T  # E w w^T of the members
        move = torch.eye(k + 1).double() + h * step @ take
        now = move @ now @ move.T + s**2 * step @ step.T


@pytest.mark.parametrize(
    "settings", [(0.05, 0.08, 4, 0.25), (0.05, 0.08, 4, 1.0), (0.0, 0.3, 3, 1.0), (0.1, 0.0, 5, 0.2)]
)
def test_average_and_member_follow_from_the_two_loop_step_exactly(settings):
    lr_shared, lr_late, k, gamma = settings
    average, member = late_phase_moments(THREE, *settings, 25, START**2)
    for i in range(3):
        h, s = THREE.h[i].item(), THREE.s[i].item()
        every = list(covariances(h, s, lr_shared, lr_late, k, gamma, 25, START[i].item() ** 2))
        close(average[:, i], torch.stack([w.mean() for w in every]))
        for number in range(k):
            close(member[:, i], torch.stack([w[number, number] for w in every]))


def test_the_mean_of_iterates_follows_from_all_their_correlations_exactly():
    moments = sgd_moments(THREE, 0.3, 30, START**2)
    found = swa_moments(THREE, 0.3, 20, moments[10])
    rho, steps = 1 - 0.3 * THREE.h, torch.arange(1, 21)
    for count in (1, 2, 7, 20):
        t = steps[:count]
        earlier, apart = torch.minimum(t[:, None], t), (t[:, None] - t).abs()
        for i in range(3):
            together = moments[10 + earlier, i] * rho[i] ** apart  # E e_s e_t = E e_s^2 rho^(t - s)
            close(found[count - 1, i], together.mean())


def test_one_step_written_out():
    h, s, lr = THREE.h, THREE.s, 0.1
    close(sgd_moments(THREE, lr, 1, START**2)[1], ((1 - lr * h) * START) ** 2 + lr**2 * s**2)
    close(swa_moments(THREE, lr, 1, START**2)[0], sgd_moments(THREE, lr, 1, START**2)[1])


# ---------------------------------------------------------------- against closed forms


def test_at_last_everything_settles_where_the_closed_forms_say():
    close(sgd_moments(THREE, 0.1, 2000, START**2)[-1], THREE.sgd(0.1), rtol=1e-6)
    close(sgd_moments(THREE, 0.1, 2000, START**2, runs=7)[-1], THREE.independent(0.1, 7), rtol=1e-6)
    for gamma in (0.25, 1.0):
        average, member = late_phase_moments(THREE, 0.05, 0.08, 4, gamma, 2000, START**2)
        close(average[-1], THREE.late_phase(0.05, 0.08, 4, gamma), rtol=1e-6)
        close(member[-1], THREE.late_phase(0.05, 0.08, 4, gamma) + THREE.spread(0.08, 4), rtol=1e-6)


def test_the_mean_of_settled_iterates_has_its_closed_form():
    for steps in (1, 2, 50, 400):
        close(swa_moments(THREE, 0.1, steps, THREE.sgd(0.1))[-1], THREE.swa(0.1, steps), rtol=1e-6)


def test_on_the_way_sgd_has_its_closed_form():
    path = sgd_moments(THREE, 0.1, 30, START**2)
    for steps in (0, 1, 5, 30):
        close(path[steps], THREE.sgd_after(0.1, steps, START))


def test_special_cases_are_the_methods_they_should_be():
    plain = sgd_moments(THREE, 0.1, 50, START**2)
    for moments in late_phase_moments(THREE, 0.04, 0.06, 1, 1.0, 50, START**2):
        close(moments, plain)  # one member is plain SGD
    average, _ = late_phase_moments(THREE, 0.04, 0.06, 5, 1 / 5, 50, START**2)
    close(average, sgd_moments(THREE, 0.1, 50, START**2, runs=5))  # from a common start: the mean of five runs
    frozen, member = late_phase_moments(THREE, 0.1, 0.0, 5, 1 / 5, 50, START**2)
    large_batch = NoisyQuadratic(THREE.h, THREE.s / 5**0.5)
    close(frozen, sgd_moments(large_batch, 0.1, 50, START**2))
    assert torch.equal(frozen, member)  # members without weights of their own stay together
    apart = late_phase_moments(THREE, 0.0, 0.1, 5, 1.0, 50, START**2)[1]
    close(apart, plain)  # nothing shared: a member is a run of its own


def test_members_start_together_and_come_apart():
    average, member = late_phase_moments(THREE, 0.05, 0.05, 4, 0.25, 30, START**2)
    assert torch.equal(average[0], member[0])
    gap = member - average
    assert (gap[1:] > gap[:-1]).all()


def test_the_losses_of_directions_add_up():
    whole = losses(THREE, swa_moments(THREE, 0.1, 20, START**2))
    parts = [losses(one_direction(i), swa_moments(one_direction(i), 0.1, 20, START[i : i + 1] ** 2)) for i in range(3)]
    close(whole, sum(parts))
    close(losses(THREE, THREE.sgd(0.1)).item(), THREE.loss(THREE.sgd(0.1)))


def test_which_directions_diverge():
    assert effective_lr(0.05, 0.1, 10, 1.0) == pytest.approx(0.6)
    assert [diverging(THREE, lr) for lr in (0.6, 2 / 3, 1.0, 2.0, 10.0)] == [[], [2], [2], [1, 2], [0, 1, 2]]


@pytest.mark.parametrize(
    ("call", "name", "directions"),
    [
        (lambda: sgd_moments(THREE, 1.0, 5, START), "lr", "direction 2 (h = 3)."),
        (lambda: swa_moments(THREE, 2.0, 5, START), "lr", "directions 1 (h = 1), 2 (h = 3)."),
        (
            lambda: late_phase_moments(THREE, 0.1, 0.1, 10, 1.0, 5, START),
            "lr_late + gamma * members * lr_shared",
            "direction 2 (h = 3).",
        ),
    ],
)
def test_what_does_not_settle_is_refused_and_the_direction_named(call, name, directions):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value).startswith(f"{name} must lie between 0 and 2 / max h")
    assert str(caught.value).endswith(f"which diverges in {directions}")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: late_phase_moments(THREE, -1, 2, 2, 1.0, 5, START),
            "lr_shared must be a number of at least 0, got -1.",
        ),
        (
            lambda: late_phase_moments(THREE, 0, 0.1, 0, 1, 5, START),
            "members must be a whole number of at least 1, got 0.",
        ),
        (
            lambda: late_phase_moments(THREE, 0, 0.1, 2, 1, 0.5, START),
            "rounds must be a whole number of at least 0, got 0.5.",
        ),
        (lambda: sgd_moments(THREE, float("nan"), 5, START), "lr must be a number of at least 0, got nan."),
        (lambda: sgd_moments(THREE, 0.1, -1, START), "steps must be a whole number of at least 0, got -1."),
        (lambda: sgd_moments(THREE, 0.1, 1, START, runs=0), "runs must be a whole number of at least 1, got 0."),
        (lambda: sgd_moments(THREE, 0.1, 5, START[:2]), "moment must have shape [3], got [2]."),
        (lambda: swa_moments(THREE, 0.1, 0, START), "steps must be a whole number of at least 1, got 0."),
        (lambda: swa_moments(THREE, 0.1, 5, START[:2]), "moment must have shape [3], got [2]."),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == sentence
