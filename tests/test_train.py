"""The training loop, against a plain PyTorch loop on the same batches."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from zoo import ZOO, dropout

from toolkit import Bezier, Line, Simplex, WeightSpace, data, fit, fit_many, models
from toolkit.robust import PGD
from toolkit.train import SCHEDULES

EPOCHS, SIZE = 3, 16  # of 100 examples: 6 steps an epoch, 18 in all
BRIEF = {"epochs": EPOCHS, "batch_size": SIZE}


class Recording(WeightSpace):
    """A weight space that notes where each step was taken and on what."""

    def __init__(self, module):
        super().__init__(module)
        self.thetas, self.batches, self.losses = [], [], []

    def gradient(self, theta, x, y, loss=cross_entropy):
        self.thetas.append(theta.detach().clone())
        self.batches.append((x, y))
        value, g = super().gradient(theta, x, y, loss)
        self.losses.append(value.mean().item())
        return value, g


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").subset(100)


@pytest.fixture
def space():
    return Recording(models.mlp(64, 8, 10))


def plain_loop(module, theta, batches, make, factor=lambda done: 1.0):
    """Train a module the way the PyTorch tutorial does, one scheduler step a batch."""
    twin = copy.deepcopy(module).requires_grad_().train()
    vector_to_parameters(theta.clone(), twin.parameters())
    steps = make(twin.parameters())
    schedule = torch.optim.lr_scheduler.LambdaLR(steps, lambda i: factor(i / len(batches)))
    for x, y in batches:
        steps.zero_grad()
        cross_entropy(twin(x), y).backward()
        steps.step()
        schedule.step()
    return parameters_to_vector(twin.parameters()).detach()


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-3)


@pytest.mark.parametrize("name", [name for name in ZOO if name != "double"])
def test_fit_is_the_plain_loop(digits, name):
    module = ZOO[name]()
    space = Recording(module)
    start = space.init(0)
    found = fit(space, start, digits, lr=0.05, weight_decay=1e-3, **BRIEF)
    expected = plain_loop(module, start, space.batches, sgd, SCHEDULES["cosine"])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert (found - start).norm() > 0.1


def test_cosine_is_the_scheduler_of_torch(digits, space):
    start = space.init(0)
    found = fit(space, start, digits, lr=0.05, **BRIEF)
    twin = space.module(start).train()
    steps = torch.optim.SGD(twin.parameters(), lr=0.05, momentum=0.9)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(steps, T_max=len(space.batches))
    for x, y in space.batches:
        steps.zero_grad()
        cross_entropy(twin(x), y).backward()
        steps.step()
        cosine.step()
    torch.testing.assert_close(found, parameters_to_vector(twin.parameters()).detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [1.0] * 6),
        ("cosine", [1.0, 0.933013, 0.75, 0.5, 0.25, 0.066987]),
        ("step", [1.0, 1.0, 1.0, 1.0, 0.2, 0.04]),
        (lambda done: 1 - done, [1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
    ],
    ids=["constant", "cosine", "step", "own"],
)
def test_schedules_by_hand(digits, space, schedule, factors):
    seen = []

    class Noting(torch.optim.SGD):
        def step(self):
            seen.append(self.param_groups[0]["lr"])
            super().step()

    fit(space, space.init(0), digits, epochs=2, batch_size=33, lr=0.5, schedule=schedule, optimizer=Noting)
    assert seen == pytest.approx([0.5 * factor for factor in factors], abs=1e-6)


def test_another_optimizer_gets_the_leaves_and_the_rate(digits, space):
    start = space.init(0)
    found = fit(space, start, digits, lr=0.01, schedule="constant", optimizer=torch.optim.Adam, **BRIEF)
    expected = plain_loop(space.module(start), start, space.batches, lambda p: torch.optim.Adam(p, lr=0.01))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


# Data order


def test_an_epoch_shows_whole_batches_of_different_examples(space, digits):
    numbered = replace(digits, train_x=torch.arange(100.0).view(100, 1, 1, 1).expand(100, 1, 8, 8).contiguous())
    fit(space, space.init(0), numbered, lr=0.0, **BRIEF)
    assert [len(y) for _, y in space.batches] == [SIZE] * 18
    epochs = [torch.cat([x[:, 0, 0, 0] for x, _ in space.batches[i : i + 6]]).long() for i in (0, 6, 12)]
    assert all(len(epoch.unique()) == 96 for epoch in epochs)
    assert not torch.equal(epochs[0], epochs[1])
    for x, y in space.batches:
        assert torch.equal(digits.train_y[x[:, 0, 0, 0].long()], y)


def test_a_batch_larger_than_the_data_is_all_of_it(space, digits):
    fit(space, space.init(0), digits, epochs=2, batch_size=1000)
    assert [len(y) for _, y in space.batches] == [100, 100]


def test_the_same_call_gives_the_same_bits_whatever_was_drawn_before(space, digits):
    start = space.init(0)
    first = fit(space, start, digits, **BRIEF)
    torch.rand(10)
    assert torch.equal(first, fit(space, start, digits, **BRIEF))
    assert not torch.equal(first, fit(space, start, digits, seed=1, **BRIEF))


def test_only_the_training_split_is_looked_at(space, digits):
    lost = replace(digits, val_x=None, val_y=None, test_x=None, test_y=None)
    start = space.init(0)
    assert torch.equal(fit(space, start, lost, **BRIEF), fit(space, start, digits, **BRIEF))


def test_nothing_that_came_in_is_changed(space, digits):
    start, x, y = space.init(0), digits.train_x.clone(), digits.train_y.clone()
    line, state = Line(start, space.init(1)), torch.get_rng_state()
    point, points = start.clone(), line.points
    fit(space, start, digits, **BRIEF)
    fit(space, line, digits, **BRIEF)
    fit_many(space, digits, [0, 1], **BRIEF)
    assert torch.equal(start, point) and torch.equal(line.points, points)
    assert not start.requires_grad and not line.leaves()[0].requires_grad and start.grad is None
    assert torch.equal(digits.train_x, x) and torch.equal(digits.train_y, y)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("train", [fit, fit_many])
def test_dropout_follows_the_seed_too(digits, train):
    space, state = WeightSpace(dropout()), torch.get_rng_state()

    def run(seed):
        if train is fit_many:
            return fit(space, torch.stack([space.init(0)] * 2), digits, seed=[seed, 5], **BRIEF)
        return fit(space, space.init(0), digits, seed=seed, **BRIEF)

    first = run(3)
    torch.rand(3)
    assert torch.equal(first, run(3)) and not torch.equal(first, run(4))
    torch.set_rng_state(state)


def test_double_precision_networks_train(digits):
    space = WeightSpace(models.mlp(64, 8, 10).double())
    theta = fit(space, space.init(0), replace(digits, train_x=digits.train_x.double()), **BRIEF)
    assert theta.dtype == torch.float64 and not torch.equal(theta, space.init(0))


# Many networks


SIDE_BY_SIDE = ["mlp", "mlp with batchnorm", "tied", "layernorm", "cnn", "attention"]


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_networks_side_by_side_are_those_trained_alone(digits, name):
    space = WeightSpace(ZOO[name]())
    together = fit_many(space, digits, seeds=[0, 3, 5], **BRIEF)
    alone = torch.stack([fit(space, space.init(seed), digits, seed=seed, **BRIEF) for seed in (0, 3, 5)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


class Choosy(torch.nn.Module):
    """A forward that looks at the numbers before it decides."""

    def __init__(self):
        super().__init__()
        self.body = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.body(x.flatten(1) if x.mean() > 0 else -x.flatten(1))


def test_a_forward_that_decides_trains_side_by_side_too(digits):
    space = WeightSpace(Choosy())
    alone = fit(space, space.init(1), digits, seed=1, **BRIEF)
    torch.testing.assert_close(fit_many(space, digits, [0, 1], **BRIEF)[1], alone, atol=1e-6, rtol=0)


def test_a_loss_of_your_own_may_change_while_many_train(digits):
    space, told = WeightSpace(models.mlp(64, 8, 10)), []

    def loss(logits, y):
        return (1 + len(told)) * cross_entropy(logits, y)

    def notice(epoch, mean, thetas):
        told.append(thetas)

    together = fit_many(space, digits, [0, 1], loss=loss, on_epoch=notice, **BRIEF)
    for i in range(2):
        told.clear()
        alone = fit(space, space.init(i), digits, seed=i, loss=loss, on_epoch=notice, **BRIEF)
        torch.testing.assert_close(together[i], alone, atol=1e-6, rtol=0)
    assert not torch.allclose(together, fit_many(space, digits, [0, 1], **BRIEF), atol=1e-2)


def test_one_seed_for_all_gives_all_the_same_order(space, digits):
    fit(space, torch.stack([space.init(0), space.init(1)]), digits, seed=4, **BRIEF)
    assert all(torch.equal(x[0], x[1]) and torch.equal(y[0], y[1]) for x, y in space.batches)


# Forks


@pytest.mark.parametrize("k", [0, 4, 6, 9])
def test_siblings_are_one_until_they_part(space, digits, k):
    twins = torch.stack([space.init(0)] * 2)
    ends = fit(space, twins, digits, seed=7, fork=[(k, 100), (k, 101)], **BRIEF)
    differ = [not torch.equal(x[0], x[1]) for x, _ in space.batches]
    assert differ == [step >= k for step in range(18)]
    for step, theta in enumerate(space.thetas):
        assert torch.allclose(theta[0], theta[1], rtol=0, atol=1e-6) == (step <= k)
    assert not torch.allclose(ends[0], ends[1], rtol=0, atol=1e-3)
    parent = [(x[0], y[0]) for x, y in space.batches[:k]]
    fit(space, twins[0], digits, seed=7, **BRIEF)
    assert all(torch.equal(x, p) for (x, _), (p, _) in zip(space.batches[18:], parent, strict=False))


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("name", [*SIDE_BY_SIDE, "narrow batchnorm"])
def test_siblings_that_never_part_are_identical(digits, name, n):
    space = WeightSpace(models.mlp(64, 13, 10, batchnorm=True) if name == "narrow batchnorm" else ZOO[name]())
    twins = torch.stack([space.init(0)] * n)
    ends = fit(space, twins, digits, seed=7, fork=[(18, 100 + i) for i in range(n)], **BRIEF)
    assert all(torch.equal(end, ends[0]) for end in ends)
    assert torch.equal(ends, fit(space, twins, digits, seed=7, **BRIEF))
    parent = fit(space, twins[0], digits, seed=7, **BRIEF)
    torch.testing.assert_close(ends[0], parent, atol=1e-6, rtol=0)


def test_each_network_may_part_at_its_own_step(space, digits):
    fit(space, torch.stack([space.init(0)] * 3), digits, fork=[(0, 9), (8, 9), (18, 9)], **BRIEF)
    first_two, last_two = ([torch.equal(x[i], x[i + 1]) for x, _ in space.batches] for i in (0, 1))
    assert first_two == [step >= 8 for step in range(18)]
    assert last_two == [step < 8 for step in range(18)]


# Subspaces


class HeldLine(Line):
    """A line that is always trained at t = 0.3."""

    def draw(self, generator, part=0, parts=1):
        return torch.tensor(0.3)


class HeldCurve(Bezier):
    def draw(self, generator, part=0, parts=1):
        return torch.tensor(0.3)


class HeldSimplex(Simplex):
    def draw(self, generator, part=0, parts=1):
        return torch.tensor([0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("kind", "n", "factors"),
    [
        (HeldLine, 2, (0.7, 0.3)),
        (HeldCurve, 3, (0.49, 0.42, 0.09)),
        (lambda *points: HeldSimplex(points), 3, (0.2, 0.3, 0.5)),
    ],
    ids=["line", "curve", "simplex"],
)
def test_a_step_moves_each_point_by_its_share_of_the_gradient(space, digits, kind, n, factors):
    before = torch.stack([space.init(seed) for seed in range(n)])
    after = fit(space, kind(*before), digits, epochs=1, batch_size=100, lr=0.5).points
    theta = torch.tensor(factors) @ before
    g = space.gradient(theta, *space.batches[0])[1]
    torch.testing.assert_close(after, before - 0.5 * torch.tensor(factors).outer(g), atol=1e-6, rtol=1e-5)


def test_a_line_of_equal_ends_held_at_one_end_is_a_point(space, digits):
    class AtStart(Line):
        def draw(self, generator, part=0, parts=1):
            return torch.tensor(0.0)

    start = space.init(0)
    trained = fit(space, AtStart(start, start), digits, **BRIEF)
    torch.testing.assert_close(trained.points[0], fit(space, start, digits, **BRIEF), atol=1e-5, rtol=1e-4)
    assert torch.equal(trained.points[1], start)


@pytest.mark.parametrize("fixed", [(0, 2), (2,), (1,)])
def test_fixed_points_never_move(space, digits, fixed):
    curve = Bezier(*(space.init(seed) for seed in range(3)), fixed=fixed)
    trained = fit(space, curve, digits, weight_decay=0.01, **BRIEF)
    moved = [i for i in range(3) if not torch.equal(trained.points[i], curve.points[i])]
    assert moved == [i for i in range(3) if i not in fixed]


def test_weight_decay_shrinks_every_control_point(space, digits):
    before = Simplex([space.init(seed) for seed in range(3)])
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.1, "momentum": 0.0}
    free, decayed = (fit(space, before, digits, weight_decay=decay, **settings).points for decay in (0.0, 0.5))
    torch.testing.assert_close(decayed, free - 0.1 * 0.5 * before.points, atol=1e-6, rtol=1e-5)


def test_positions_differ_from_step_to_step_and_follow_the_seed(space, digits):
    line = Line(space.init(0), space.init(1), fixed=(0, 1))
    direction = line.points[1] - line.points[0]
    for seed in (0, 0, 1):
        fit(space, line, digits, seed=seed, **BRIEF)
    t = (torch.stack(space.thetas) - line.points[0]) @ direction / (direction @ direction)
    runs = t.view(3, 18)
    assert torch.equal(runs[0], runs[1]) and (runs[0] - runs[2]).abs().min() > 0
    assert t.min() >= 0 and t.max() <= 1 and runs[0].std() > 0.15


def test_a_subspace_sees_the_data_in_the_order_a_point_does(space, digits):
    fit(space, space.init(0), digits, seed=3, **BRIEF)
    fit(space, Line(space.init(0), space.init(1)), digits, seed=3, **BRIEF)
    assert all(torch.equal(space.batches[i][0], space.batches[i + 18][0]) for i in range(18))


def test_penalty_and_after_step_of_your_own_subspace(space, digits):
    class Own(HeldLine):
        calls = 0

        def penalty(self, generator):
            return 0.5 * self.leaves()[0].square().sum()

        def after_step(self):
            self.calls += 1

    start = Own(space.init(0), space.init(1))
    free = HeldLine(*start.points)
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.1, "momentum": 0.0}
    pulled, plain = fit(space, start, digits, **settings), fit(space, free, digits, **settings)
    torch.testing.assert_close(pulled.points, plain.points - 0.1 * start.points, atol=1e-6, rtol=1e-5)
    assert (pulled.calls, start.calls) == (1, 0)
    assert fit(space, start, digits, **BRIEF).calls == 18


def test_what_comes_back_is_the_kind_that_went_in(space, digits):
    trained = fit(space, Line(space.init(0), space.init(1)), digits, epochs=1)
    assert type(trained) is Line and not trained.at(0.3).requires_grad and trained.leaves()[0].grad is None
    assert not fit(space, space.init(0), digits, epochs=1).requires_grad


@pytest.mark.parametrize("what", [models.mlp(64, 8, 10), None, [torch.zeros(5)]], ids=["module", "None", "list"])
def test_a_thing_that_cannot_be_trained_is_refused(space, digits, what):
    with pytest.raises(TypeError) as error:
        fit(space, what, digits)
    assert str(error.value) == (
        f"what must be a point theta or a subspace such as Line(a, b), got {type(what).__name__}; "
        "space.flatten(module) turns a module into a point."
    )


# What is seen and said on the way


def test_on_epoch_is_told_number_mean_loss_and_what_is_trained(space, digits):
    told = []
    end = fit(space, space.init(0), digits, on_epoch=lambda *news: told.append(news), **BRIEF)
    assert [epoch for epoch, _, _ in told] == [1, 2, 3]
    means = [sum(space.losses[i : i + 6]) / 6 for i in (0, 6, 12)]
    assert [mean for _, mean, _ in told] == pytest.approx(means, abs=1e-5)
    assert torch.equal(told[-1][2], end) and not told[0][2].requires_grad


@pytest.mark.parametrize("kind", ["point", "points", "line"])
def test_on_epoch_gets_copies_to_keep_or_to_spoil(space, digits, kind):
    a, b = space.init(0), space.init(1)
    what = {"point": a, "points": torch.stack([a, b]), "line": Line(a, b)}[kind]
    kept, untouched = [], fit(space, what, digits, **BRIEF)

    def weights(what):
        return what.points if kind == "line" else what

    def keep_and_spoil(epoch, loss, what):
        kept.append(weights(what).clone())
        for tensor in what.leaves() if kind == "line" else [what]:
            assert not tensor.requires_grad and tensor.grad is None
            tensor.zero_()

    end = fit(space, what, digits, on_epoch=keep_and_spoil, **BRIEF)
    assert torch.equal(weights(end), weights(untouched))
    assert torch.equal(kept[-1], weights(end)) and not torch.equal(kept[0], kept[1])


def test_training_is_quiet_when_told_and_seen_when_not(space, digits, monkeypatch, capsys):
    monkeypatch.setenv("TOOLKIT_QUIET", "1")
    fit(space, space.init(0), digits, epochs=1)
    assert capsys.readouterr() == ("", "")
    for variable in ("TOOLKIT_QUIET", "CI"):
        monkeypatch.delenv(variable, raising=False)
    fit(space, space.init(0), digits, epochs=1)
    assert "training" in capsys.readouterr().err


def failing(at, what):
    """A loss that is ordinary until call number `at` (from 0)."""
    calls = iter(range(10_000))

    def loss(logits, y):
        if next(calls) < at:
            return cross_entropy(logits, y)
        if isinstance(what, float):
            return what * logits.sum()
        raise what

    return loss


@pytest.mark.parametrize(("at", "epoch"), [(0, 1), (5, 1), (8, 2)])
def test_a_loss_that_is_nan_stops_training(space, digits, at, epoch):
    start = space.init(0)
    with pytest.raises(FloatingPointError) as error:
        fit(space, start, digits, lr=0.05, loss=failing(at, float("nan")), **BRIEF)
    assert str(error.value) == (
        f"The loss became nan at step {at} (epoch {epoch}) with lr=0.05; try a learning rate ten times smaller."
    )
    assert torch.equal(start, space.init(0)) and len(space.thetas) == 6 * epoch


def test_the_network_that_diverged_is_named(space, digits):
    starts = torch.stack([space.init(0), space.init(1) * 1e30, space.init(2)])
    with pytest.raises(FloatingPointError, match=r"^The loss of network 1 became (nan|inf) at step 0 "):
        fit(space, starts, digits, **BRIEF)


def test_a_learning_rate_far_too_high_is_caught(space, digits):
    with pytest.raises(FloatingPointError, match=r"with lr=1e\+20; try a learning rate ten times smaller\.$"):
        fit(space, space.init(0), digits, lr=1e20, **BRIEF)


def test_an_interrupt_keeps_what_was_trained_and_says_so(space, digits, capsys):
    start = space.init(0)
    kept = fit(space, start, digits, loss=failing(8, KeyboardInterrupt()), **BRIEF)
    assert len(space.thetas) == 9 and torch.equal(kept, space.thetas[8]) and not kept.requires_grad
    assert not torch.equal(kept, start)
    assert capsys.readouterr().out == "Interrupted in epoch 2 of 3: you get what was trained so far.\n"


@pytest.mark.parametrize("several", [False, True])
def test_an_interrupt_between_epochs(space, digits, capsys, several):
    start = torch.stack([space.init(0), space.init(1)]) if several else space.init(0)

    def stop(epoch, loss, theta):
        raise KeyboardInterrupt

    kept = fit(space, start, digits, schedule="constant", on_epoch=stop, **BRIEF)
    assert torch.equal(kept, fit(space, start, digits, schedule="constant", epochs=1, batch_size=SIZE))
    assert "Interrupted in epoch 1 of 3" in capsys.readouterr().out


def test_an_interrupted_line_is_a_line_to_go_on_with(space, digits):
    line = fit(space, Line(space.init(0), space.init(1)), digits, loss=failing(3, KeyboardInterrupt()), **BRIEF)
    assert type(line) is Line and not line.at(0.5).requires_grad
    assert not torch.equal(fit(space, line, digits, **BRIEF).points, line.points)


def test_another_error_in_your_code_comes_through(space, digits):
    with pytest.raises(ZeroDivisionError, match="yours"):
        fit(space, space.init(0), digits, loss=failing(3, ZeroDivisionError("yours")), **BRIEF)


# L2 on what is drawn


def nothing(logits, y):
    """A loss that is flat: only L2 moves the weights."""
    return 0 * logits.sum()


@pytest.mark.parametrize(("t", "l2"), [(0.3, 0.5), (0.8, 0.01)])
def test_l2_acts_on_the_network_drawn_and_reaches_the_bend_by_its_share(space, digits, t, l2):
    class Held(Bezier):
        def draw(self, generator, part=0, parts=1):
            return torch.tensor(t)

    a, bend, b = (space.init(seed) for seed in range(3))
    curve = Held(a, bend, b, fixed=(0, 2))
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.1, "momentum": 0.0}
    trained = fit(space, curve, digits, loss=nothing, l2=l2, **settings)
    theta = (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b
    expected = bend - 0.1 * 2 * t * (1 - t) * l2 * theta
    torch.testing.assert_close(trained.points[1], expected, atol=1e-7, rtol=1e-5)
    assert torch.equal(trained.points[[0, 2]], torch.stack([a, b]))
    decayed = fit(space, curve, digits, loss=nothing, weight_decay=l2, **settings)
    torch.testing.assert_close(decayed.points[1], (1 - 0.1 * l2) * bend, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_on_a_point_l2_is_weight_decay_bit_for_bit(space, digits, momentum):
    start, settings = space.init(0), {"lr": 0.05, "momentum": momentum} | BRIEF
    by_loss = fit(space, start, digits, l2=1e-2, **settings)
    assert torch.equal(by_loss, fit(space, start, digits, weight_decay=1e-2, **settings))
    assert not torch.equal(by_loss, fit(space, start, digits, **settings))


def test_l2_on_points_side_by_side_is_l2_on_each(space, digits):
    together = fit_many(space, digits, [0, 3], l2=0.05, **BRIEF)
    alone = torch.stack([fit(space, space.init(seed), digits, l2=0.05, seed=seed, **BRIEF) for seed in (0, 3)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)
    assert (together - fit_many(space, digits, [0, 3], **BRIEF)).abs().max() > 1e-3


def test_no_l2_is_none(space, digits):
    line = Line(space.init(0), space.init(1))
    assert torch.equal(fit(space, line, digits, l2=0.0, **BRIEF).points, fit(space, line, digits, **BRIEF).points)


# Several networks of a subspace in one step


def positions_on(line, thetas):
    direction = line.points[1] - line.points[0]
    return (torch.stack(thetas) - line.points[0]) @ direction / (direction @ direction)


@pytest.mark.parametrize("samples", [2, 4, 8])
def test_every_step_draws_one_position_from_each_equal_part(space, digits, samples):
    line = Line(space.init(0), space.init(1), fixed=(0, 1))
    fit(space, line, digits, samples=samples, **BRIEF)
    t = positions_on(line, space.thetas).view(18, samples)
    low = torch.arange(samples) / samples
    assert (t >= low - 1e-5).all() and (t <= low + 1 / samples + 1e-5).all()
    within = t * samples - torch.arange(samples)
    assert within.std() > 0.2 and (within[0] - within[1]).abs().min() > 0


@pytest.mark.parametrize("samples", [2, 4])
def test_the_networks_of_a_step_share_its_batch(space, digits, samples):
    line = Line(space.init(0), space.init(1))
    fit(space, line, digits, seed=3, samples=samples, **BRIEF)
    shares, space.batches = space.batches, []
    fit(space, line, digits, seed=3, **BRIEF)
    assert len(shares) == 18 * samples and all(len(y) == SIZE // samples for _, y in shares)
    for step, (x, y) in enumerate(space.batches):
        own = shares[samples * step : samples * (step + 1)]
        assert torch.equal(torch.cat([part for part, _ in own]), x) and torch.equal(torch.cat([c for _, c in own]), y)


@pytest.mark.parametrize("samples", [1, 2, 5])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_the_gradient_of_a_step_is_the_mean_over_its_networks(space, digits, samples, l2):
    before = torch.stack([space.init(seed) for seed in range(3)])
    told = []
    after = fit(
        space,
        Bezier(*before, fixed=(0,)),
        digits,
        epochs=1,
        batch_size=100,
        lr=0.5,
        samples=samples,
        l2=l2,
        on_epoch=lambda epoch, mean, what: told.append(mean),
    ).points
    plain = WeightSpace(models.mlp(64, 8, 10))
    g, losses = torch.zeros_like(before), []
    assert len(space.thetas) == samples
    for theta, (x, y) in zip(space.thetas, space.batches, strict=True):
        # theta = before^T alpha, and the three starts are independent
        alpha = torch.linalg.lstsq(before.T, theta[:, None]).solution[:, 0]
        value, own = plain.gradient(theta, x, y)
        g += torch.outer(alpha, own + l2 * theta) / samples
        losses.append(value.item())
    g[0] = 0
    torch.testing.assert_close(after, before - 0.5 * g, atol=1e-6, rtol=1e-4)
    assert told == pytest.approx([sum(losses) / samples], abs=1e-6)


def test_several_networks_a_step_of_a_simplex(space, digits):
    start = Simplex([space.init(seed) for seed in range(3)])
    trained = fit(space, start, digits, samples=4, **BRIEF)
    assert len(space.thetas) == 72 and not torch.equal(trained.points, start.points)
    assert torch.equal(trained.points, fit(space, start, digits, samples=4, **BRIEF).points)


def test_a_penalty_is_paid_once_a_step_however_many_networks(space, digits):
    class Own(Line):
        def penalty(self, generator):
            return 0.5 * self.leaves()[0].square().sum()

    start = Own(space.init(0), space.init(1))
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.1, "momentum": 0.0, "loss": nothing}
    for samples in (1, 5):
        trained = fit(space, start, digits, samples=samples, **settings)
        torch.testing.assert_close(trained.points, 0.9 * start.points, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("several", [False, True])
def test_there_is_nothing_to_draw_from_a_point(space, digits, several):
    what = torch.stack([space.init(0)] * 2) if several else space.init(0)
    with pytest.raises(ValueError, match=r"^samples above 1 need a subspace to draw from, got samples=2\.$"):
        fit(space, what, digits, samples=2, **BRIEF)
    assert not space.thetas


@pytest.mark.parametrize(("size", "samples", "said"), [(16, 3, 16), (16, 32, 16), (1000, 3, 100), (1000, 8, 100)])
def test_the_networks_of_a_step_divide_its_batch(space, digits, size, samples, said):
    with pytest.raises(ValueError) as error:
        fit(space, Line(space.init(0), space.init(1)), digits, batch_size=size, samples=samples)
    assert str(error.value) == f"samples above 1 need to divide the batch of {said}, got samples={samples}."
    assert not space.thetas


def test_a_batch_larger_than_the_data_is_shared_as_all_of_it(space, digits):
    fit(space, Line(space.init(0), space.init(1)), digits, epochs=1, batch_size=1001, samples=4)
    assert [len(y) for _, y in space.batches] == [25] * 4


# Attacks


class Noted:
    """An attack that notes what it was given, and answers with inputs half as bright."""

    def __init__(self):
        self.calls = []

    def __call__(self, space, theta, x, y, generator):
        self.calls.append((space, theta.detach().clone(), x.clone(), y.clone(), torch.rand((), generator=generator)))
        return x / 2


@pytest.mark.parametrize("kind", ["point", "line", "many of a line"])
def test_an_attack_is_told_the_network_drawn_and_its_examples(space, digits, kind):
    a, b = space.init(0), space.init(1)
    what, samples = a if kind == "point" else Line(a, b), 4 if kind == "many of a line" else 1
    attack = Noted()
    fit(space, what, digits, attack=attack, samples=samples, **BRIEF)
    assert len(attack.calls) == len(space.thetas) == 18 * samples
    for call, theta, batch in zip(attack.calls, space.thetas, space.batches, strict=True):
        assert call[0] is space and torch.equal(call[1], theta)
        assert torch.equal(call[2] / 2, batch[0]) and torch.equal(call[3], batch[1])
    draws = torch.stack([call[4] for call in attack.calls])
    assert len(draws.unique()) == len(draws)
    again = Noted()
    fit(space, what, digits, attack=again, samples=samples, **BRIEF)
    assert torch.equal(draws, torch.stack([call[4] for call in again.calls]))
    other = Noted()
    fit(space, what, digits, attack=other, samples=samples, seed=1, **BRIEF)
    assert not torch.equal(draws, torch.stack([call[4] for call in other.calls]))


def test_an_attack_changes_neither_the_order_of_the_data_nor_the_positions(space, digits):
    line = Line(space.init(0), space.init(1), fixed=(0, 1))
    fit(space, line, digits, samples=2, **BRIEF)
    thetas, batches = space.thetas, space.batches
    space.thetas, space.batches = [], []
    attack = Noted()
    fit(space, line, digits, samples=2, attack=attack, **BRIEF)
    assert all(torch.equal(one, other) for one, other in zip(thetas, space.thetas, strict=True))
    assert all(
        torch.equal(x, call[2]) and torch.equal(y, call[3]) for (x, y), call in zip(batches, attack.calls, strict=True)
    )


def test_an_attack_that_changes_nothing_is_none(space, digits):
    start, line = space.init(0), Line(space.init(0), space.init(1))
    assert torch.equal(fit(space, start, digits, attack=PGD(eps=0), **BRIEF), fit(space, start, digits, **BRIEF))
    attacked, plain = (fit(space, line, digits, attack=attack, **BRIEF) for attack in (PGD(eps=0), None))
    assert torch.equal(attacked.points, plain.points)


def test_adversarial_training_is_the_plain_loop_on_attacked_batches(space, digits):
    start = space.init(0)
    found = fit(space, start, digits, lr=0.05, weight_decay=1e-3, attack=PGD(eps=0.1, steps=2), **BRIEF)
    expected = plain_loop(space.module(start), start, space.batches, sgd, SCHEDULES["cosine"])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(found, fit(space, start, digits, lr=0.05, weight_decay=1e-3, **BRIEF), atol=1e-3)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_networks_side_by_side_are_attacked_each_on_its_own(digits, name):
    # The random start comes from one source for all, so it is left out here.
    class Sign:
        def __call__(self, space, theta, x, y, generator):
            if theta.dim() == 2:
                return torch.stack([self(space, *one, generator) for one in zip(theta, x, y, strict=True)])
            return (x + 0.1 * space.input_gradient(theta, x, y).sign()).clamp(0, 1)

    space = WeightSpace(ZOO[name]())
    together = fit_many(space, digits, seeds=[0, 3], attack=Sign(), **BRIEF)
    alone = [fit(space, space.init(seed), digits, seed=seed, attack=Sign(), **BRIEF) for seed in (0, 3)]
    # a pixel whose gradient is next to nothing may go the other way
    assert (together - torch.stack(alone)).norm() < 1e-2 * (together - fit_many(space, digits, [0, 3], **BRIEF)).norm()


def test_attacked_training_leaves_the_global_random_state_alone(space, digits):
    state, x = torch.get_rng_state(), digits.train_x.clone()
    fit(space, Line(space.init(0), space.init(1)), digits, attack=PGD(), samples=2, l2=0.1, **BRIEF)
    assert torch.equal(state, torch.get_rng_state()) and torch.equal(x, digits.train_x)


@pytest.mark.parametrize("attack", [PGD, "PGD", 0.1], ids=["class", "name", "number"])
def test_an_attack_that_is_none_is_refused(space, digits, attack):
    with pytest.raises(TypeError) as error:
        fit(space, space.init(0), digits, attack=attack)
    assert str(error.value) == f"attack must be a function such as PGD(eps=0.1), got {attack!r}."
    assert not space.thetas


# Control points pushed apart, and layers with positions of their own


def term(points, i, j, mask):
    """The squared cosine of the angle between two control points over a mask, by autograd: its gradient [n, D]."""
    points = points.clone().requires_grad_()
    p, q = points[i][mask], points[j][mask]
    ((p @ q) / (p.norm() * q.norm())).square().backward()
    return points.grad


@pytest.mark.parametrize("samples", [1, 5])
def test_a_step_adds_beta_times_the_angle_once_over_the_mask_to_both_points(space, digits, samples):
    a, b, mask = space.init(0), space.init(0) + 0.5 * space.init(1), space.matrices()
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.1, "momentum": 0.0, "samples": samples}
    pushed, plain = (fit(space, Line(a, b, beta=beta, where=mask), digits, **settings).points for beta in (20.0, 0.0))
    expected = -0.1 * 20 * term(torch.stack([a, b]), 0, 1, mask)
    torch.testing.assert_close(pushed - plain, expected, atol=1e-6, rtol=1e-3)
    assert (expected.abs().amax(1) > 1e-3).all()
    assert torch.equal(pushed[:, ~mask], plain[:, ~mask])


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("by_layer", [False, True])
def test_beta_changes_no_position_and_no_batch(space, digits, samples, by_layer):
    layers = space.layers() if by_layer else None
    ends, runs = (space.init(0), space.init(1), space.init(2)), []
    for beta in (0.0, 1.0):
        space.thetas, space.batches = [], []
        fit(space, Bezier(*ends, fixed=(0, 1, 2), beta=beta, layers=layers), digits, samples=samples, **BRIEF)
        runs.append((space.thetas, space.batches))
    (thetas, batches), (others, again) = runs
    assert len(thetas) == 18 * samples
    assert all(torch.equal(one, other) for one, other in zip(thetas, others, strict=True))
    assert all(torch.equal(x, z) for (x, _), (z, _) in zip(batches, again, strict=True))


def test_no_beta_is_none_bit_for_bit(space, digits):
    a, b = space.init(0), space.init(1)
    plain = fit(space, Line(a, b), digits, **BRIEF).points
    off = fit(space, Line(a, b, beta=0.0, where=space.matrices()), digits, **BRIEF).points
    assert torch.equal(plain, off)
    assert not torch.equal(plain, fit(space, Line(a, b, beta=1.0), digits, **BRIEF).points)


def test_pairs_follow_the_seed(space, digits):
    class Noting(Simplex):
        def _push(self, i, j):
            pairs.append((i, j))

    simplex, runs = Noting([space.init(seed) for seed in range(4)], beta=1.0), []
    for seed in (0, 0, 1):
        pairs = []
        fit(space, simplex, digits, seed=seed, **BRIEF)
        runs.append(pairs)
    assert len(runs[0]) == 18 and runs[0] == runs[1] != runs[2]
    assert len(set(runs[0])) > 5


def test_training_with_the_angle_ends_nearer_to_a_right_angle(space, digits):
    a = space.init(0)
    b = a + 0.7 * (space.init(1) - a)
    found = {}
    for beta in (0.0, 1.0, 5.0):
        line = Line(a, b, beta=beta, where=space.matrices())
        found[beta] = fit(space, line, digits, epochs=20, batch_size=20).cosine()[0, 1].abs().item()
    assert found[5.0] < 0.1 < found[1.0] < 0.3 < 0.6 < found[0.0]


def test_what_comes_back_keeps_its_settings(space, digits):
    line = Line(space.init(0), space.init(1), beta=0.5, where=space.matrices(), layers=space.layers())
    trained = fit(space, line, digits, epochs=1)
    assert trained.beta == 0.5 and torch.equal(trained.where, line.where) and torch.equal(trained.layers, line.layers)


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("m", [2, 4])
def test_a_step_moves_the_centroid_by_one_share_whatever_was_drawn(space, digits, m, decay):
    before = torch.stack([space.init(seed) for seed in range(m)])
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.5, "momentum": 0.0, "weight_decay": decay}
    trained = fit(space, Simplex(before), digits, **settings)
    g = WeightSpace(models.mlp(64, 8, 10)).gradient(space.thetas[0], *space.batches[0])[1]
    expected = (1 - 0.5 * decay) * before.mean(0) - 0.5 / m * g
    torch.testing.assert_close(trained.midpoint, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("fixed", [(), (0,)])
def test_each_layer_moves_by_its_own_share_of_the_gradient(space, digits, fixed):
    before = torch.stack([space.init(0), space.init(1)])
    layers = space.layers()
    settings = {"epochs": 1, "batch_size": 100, "lr": 0.5, "momentum": 0.0}
    after = fit(space, Line(*before, fixed=fixed, layers=layers), digits, **settings).points
    (theta,) = space.thetas
    along, t = before[1] - before[0], torch.zeros(space.size)
    for layer in range(int(layers.max()) + 1):
        own = layers == layer
        t[own] = (theta - before[0])[own] @ along[own] / (along[own] @ along[own])
        torch.testing.assert_close(theta[own], (before[0] + t * along)[own], atol=1e-5, rtol=1e-4)
    assert len(t.unique()) == 2
    g = WeightSpace(models.mlp(64, 8, 10)).gradient(theta, *space.batches[0])[1]
    expected = before - 0.5 * torch.stack([1 - t, t]) * g
    expected[list(fixed)] = before[list(fixed)]
    torch.testing.assert_close(after, expected, atol=1e-6, rtol=1e-4)


def test_all_in_one_layer_is_no_layers(space, digits):
    a, b = space.init(0), space.init(1)
    one = torch.zeros(space.size, dtype=torch.int64)
    by_layer, plain = (fit(space, Line(a, b, layers=layers), digits, **BRIEF).points for layers in (one, None))
    torch.testing.assert_close(by_layer, plain, atol=1e-5, rtol=1e-4)


# The same label noise for every method


def test_every_method_meets_the_same_noisy_labels(space, digits):
    numbered = replace(digits, train_x=torch.arange(100.0).view(100, 1, 1, 1).expand(100, 1, 8, 8).contiguous())
    clean, met = numbered.train_y, []
    starts = torch.stack([space.init(seed) for seed in range(3)])
    for what in (starts[0], starts, Line(*starts[:2]), Bezier(*starts, beta=1.0), Simplex(starts)):
        space.batches = []
        fit(space, what, numbered.with_label_noise(0.4, seed=7), lr=0.0, **BRIEF)
        labels = torch.full((100,), -1)
        for x, y in space.batches:
            labels[x[..., 0, 0, 0].long().flatten()] = y.flatten()
        met.append(labels)
    assert all((labels >= 0).all() and torch.equal(labels, met[0]) for labels in met)
    assert 20 < (met[0] != clean).sum() <= 40


def test_the_fraction_that_ends_up_wrong_is_a_tenth_less_than_the_rate():
    digits = data.load("digits")
    wrong = [(digits.with_label_noise(0.4, seed=seed).train_y != digits.train_y).float().mean() for seed in range(20)]
    assert torch.stack(wrong).mean().item() == pytest.approx(0.4 * (1 - 1 / 10), abs=0.005)
