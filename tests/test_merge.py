"""Stochastic weight averaging, against the mean of the networks that `fit` passes."""

from math import cos, pi

import pytest
import torch
from torch.nn.functional import cross_entropy

from toolkit import WeightSpace, data, evaluate, fit, models
from toolkit.merge import swa

SIZE = 16  # of 100 examples: 6 steps an epoch


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(100)


@pytest.fixture(scope="module")
def space():
    return WeightSpace(models.mlp(64, 8, 10))


class Noting(torch.optim.SGD):
    """Plain SGD that notes the learning rate of every step."""

    rates: list[float] = []

    def __init__(self, leaves, lr):
        super().__init__(leaves, lr, momentum=0.9)

    def step(self):
        self.rates.append(self.param_groups[0]["lr"])
        super().step()


def rates_of(space, digits, **settings):
    """Learning rates [epochs, steps] of a run, as fractions of `lr`."""
    Noting.rates = []
    swa(space, space.init(0), digits, batch_size=SIZE, lr=0.2, optimizer=Noting, **settings)
    return (torch.tensor(Noting.rates, dtype=torch.float64) / 0.2).view(-1, 6)


def by_hand(space, digits, rates, epochs_kept, **settings):
    """Train with the rates of another run and average what stands at the end of some epochs."""
    factors, kept = rates.flatten().tolist(), {}

    def factor(done):
        return factors[round(done * len(factors))]

    fit(
        space,
        space.init(0),
        digits,
        epochs=len(rates),
        batch_size=SIZE,
        schedule=factor,
        on_epoch=lambda epoch, loss, theta: kept.update({epoch: theta}),
        **settings,
    )
    return torch.stack([kept[epoch] for epoch in epochs_kept]).mean(0)


def running_mean(thetas):
    mean = torch.zeros_like(thetas[0])
    for k, theta in enumerate(thetas):
        mean = (k * mean + theta) / (k + 1)
    return mean


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"epochs": 8}, [7, 8]),
        ({"epochs": 8, "start": 0.5}, [5, 6, 7, 8]),
        ({"epochs": 10}, [8, 9, 10]),  # the last stretch begins within epoch 8
        ({"epochs": 5, "start": 0}, [1, 2, 3, 4, 5]),
        ({"epochs": 12, "start": 0.25, "cyclic": True}, [6, 9, 12]),
        ({"epochs": 11, "start": 0.25, "cyclic": True}, [5, 8, 11]),
        ({"epochs": 10, "start": 0.3, "cyclic": True}, [6, 9]),  # epoch 10 is a cycle cut short
        ({"epochs": 3, "start": 0, "cyclic": True}, [3]),
        ({"epochs": 10, "start": 0.7}, [8, 9, 10]),
        ({"epochs": 50, "start": 0.58}, list(range(30, 51))),  # 0.58 * 50 is a little less than 29
    ],
    ids=str,
)
def test_the_mean_of_the_networks_at_the_ends_of_epochs_or_cycles(space, digits, settings, kept):
    found = swa(space, space.init(0), digits, batch_size=SIZE, lr=0.2, weight_decay=1e-3, seed=4, **settings)
    expected = by_hand(space, digits, rates_of(space, digits, **settings), kept, lr=0.2, weight_decay=1e-3, seed=4)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_the_running_mean_of_the_paper_is_the_mean(space):
    thetas = torch.stack([space.init(seed) for seed in range(7)])
    torch.testing.assert_close(running_mean(thetas), thetas.mean(0), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("start", "rate"), [(0.75, 0.5), (0.5, 0.1), (1 / 3, 1.0), (0.75, 0.0)])
def test_the_rate_is_constant_falls_in_a_line_and_stays(space, digits, start, rate):
    rates = rates_of(space, digits, epochs=12, start=start, rate=rate).flatten()
    done = torch.arange(72, dtype=torch.float64) / 72
    assert rates[done <= start / 2].tolist() == pytest.approx([1.0] * int((done <= start / 2).sum()))
    assert rates[done >= 0.9 * start].tolist() == pytest.approx([rate] * int((done >= 0.9 * start).sum()))
    middle = (done > start / 2) & (done < 0.9 * start)
    line = 1 + (rate - 1) * (done[middle] / start - 0.5) / 0.4
    assert rates[middle].tolist() == pytest.approx(line.tolist()) and middle.sum() > 5


def test_from_the_first_epoch_on_the_rate_is_that_of_the_last_stretch(space, digits):
    assert rates_of(space, digits, epochs=4, start=0, rate=0.3).flatten().tolist() == pytest.approx([0.3] * 24)


@pytest.mark.parametrize(("epochs", "start", "begin"), [(12, 0.75, 9), (12, 0.25, 3), (11, 0.25, 2), (19, 0.58, 11)])
def test_a_cycle_falls_from_the_rate_to_0_and_starts_again(space, digits, epochs, start, begin):
    rates = rates_of(space, digits, epochs=epochs, start=start, rate=0.4, cyclic=True)
    cycle = [0.4 * (1 + cos(pi * step / 18)) / 2 for step in range(18)]
    tail = rates[begin:].flatten().tolist()
    assert tail == pytest.approx((cycle * 6)[: len(tail)], abs=1e-9)
    assert tail[0] == pytest.approx(0.4) and tail[17] < 0.01 * 0.4
    steady = rates_of(space, digits, epochs=epochs, start=start, rate=0.4)
    assert torch.equal(rates[:begin], steady[:begin])


@pytest.mark.parametrize("epochs", [20, 23, 29, 45, 60])
def test_rounding_moves_no_step_to_another_cycle(space, digits, monkeypatch, epochs):
    seen = {}

    def pretend(space, theta, dataset, *, epochs, schedule, on_epoch):
        for steps in (6, 15, 17, 31):
            seen[steps] = [schedule(i / (steps * epochs)) for i in range(steps * epochs)]
        for epoch in range(1, epochs + 1):
            on_epoch(epoch, 0.0, theta)
        return theta

    monkeypatch.setattr("toolkit.merge.fit", pretend)
    for start in (0.25, 0.3, 0.6, 0.7, 0.75):
        swa(space, space.init(0), digits, epochs=epochs, start=start, cyclic=True)
        for steps, rates in seen.items():
            for epoch in range(int(start * epochs + 1e-6), epochs, 3):
                assert rates[epoch * steps] == pytest.approx(0.5)


def test_nothing_that_came_in_is_changed(space, digits):
    start, state = space.init(0), torch.get_rng_state()
    point = start.clone()
    found = swa(space, start, digits, epochs=4, batch_size=SIZE)
    assert torch.equal(start, point) and torch.equal(state, torch.get_rng_state()) and not found.requires_grad
    assert torch.equal(found, swa(space, start, digits, epochs=4, batch_size=SIZE))


def test_the_mean_is_a_good_network():
    digits, space = data.load("digits"), WeightSpace(models.mlp(64, 32, 10, batchnorm=True))
    found = swa(space, space.init(0), digits, epochs=8)
    assert evaluate(space, found, digits, "test_accuracy")["test_accuracy"] > 0.94


def interrupted(at):
    """A loss that is ordinary until call number `at`, when somebody presses the stop button."""
    calls = iter(range(10_000))

    def loss(logits, y):
        if next(calls) == at:
            raise KeyboardInterrupt
        return cross_entropy(logits, y)

    return loss


def test_an_interrupt_gives_the_mean_so_far(space, digits, capsys):
    settings = {"epochs": 8, "start": 0.5, "batch_size": SIZE, "lr": 0.2}
    found = swa(space, space.init(0), digits, loss=interrupted(6 * 6 + 2), **settings)  # in epoch 7
    expected = by_hand(space, digits, rates_of(space, digits, epochs=8, start=0.5), [5, 6], lr=0.2)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    assert "Interrupted in epoch 7 of 8" in capsys.readouterr().out


def test_an_interrupt_before_there_is_a_mean_gives_the_network(space, digits):
    settings = {"epochs": 8, "batch_size": SIZE, "lr": 0.2}
    found = swa(space, space.init(0), digits, loss=interrupted(6), **settings)  # first step of epoch 2
    expected = fit(space, space.init(0), digits, epochs=1, schedule="constant", batch_size=SIZE, lr=0.2)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["schedule", "on_epoch"])
def test_what_averaging_sets_itself_must_be_left_out(space, digits, name):
    with pytest.raises(TypeError) as error:
        swa(space, space.init(0), digits, **{name: lambda *given: 1.0})
    assert str(error.value) == f"{name} must be left out: stochastic weight averaging has its own."
