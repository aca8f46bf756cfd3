"""Lesson 04's exercises: references against independent knowledge, other right and wrong answers, skeletons, quiz."""

import itertools

import numpy as np
import pytest
import torch
from exercises import (
    length_tells_nothing,
    letters_tell_nothing,
    message,
    outcome,
    random,
    right_when_filled,
    seeded,
    told_apart,
)

from toolkit import evidence, models
from toolkit.exercises import predict
from toolkit.exercises.catalogue import EXERCISES, PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson02_bend import bowl_gradient
from toolkit.exercises.lesson04_choose import choose
from toolkit.exercises.lesson04_draw import draw
from toolkit.exercises.lesson04_repair import recalibrate
from toolkit.exercises.lesson04_speed import step_sizes
from toolkit.exercises.lesson04_step import subspace_step
from toolkit.space import WeightSpace
from toolkit.subspaces import Line, Simplex

QUIZ = [f"4.q{number}" for number in range(1, 6)]
pytestmark = pytest.mark.usefixtures("fresh_memory")


# 4.1 Draw: the reference


@pytest.mark.parametrize("m", [2, 3, 5])
def test_draws_are_uniform_on_the_simplex(m):
    generator, number = seeded(0), 20_000
    draws = torch.stack([draw(m, generator) for _ in range(number)]).double()
    assert torch.allclose(draws.sum(1), torch.ones(number, dtype=torch.double), atol=1e-6) and draws.min() >= 0
    torch.testing.assert_close(draws.mean(0), torch.full((m,), 1 / m, dtype=torch.double), atol=0.01, rtol=0)
    assert draws.square().sum(1).mean().item() == pytest.approx(2 / (m + 1), abs=0.01)
    covariance = torch.cov(draws.T)
    assert covariance[0, 1].item() == pytest.approx(-1 / (m**2 * (m + 1)), abs=0.003)


def test_two_coefficients_are_a_uniform_position_on_a_line():
    generator = seeded(0)
    t = np.sort([draw(2, generator)[1].item() for _ in range(5000)])
    assert np.abs(t - np.linspace(0, 1, 5000)).max() < 0.03  # Kolmogorov and Smirnov's distance


def test_draw_is_what_the_toolkit_draws_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    assert torch.equal(draw(4, seeded(7)), Simplex(torch.eye(4)).draw(seeded(7)))
    assert torch.equal(state, torch.get_rng_state())


# 4.1 Draw: other answers


def gaps(m, generator):
    cuts = torch.rand(m - 1, generator=generator).sort().values
    return torch.cat([torch.zeros(1), cuts, torch.ones(1)]).diff()


def stick_of_the_right_length(m, generator):
    shares = 1 - torch.rand(m, generator=generator).double() ** (1 / torch.arange(m - 1, -1, -1).clamp(min=1))
    shares[-1] = 1
    return shares * torch.cat([torch.ones(1), (1 - shares[:-1]).cumprod(0)])


def logarithms(m, generator):
    e = -torch.log(1 - torch.rand(m, generator=generator, dtype=torch.double))
    return e / e.sum()


def softmax_of_logarithms(m, generator):
    return torch.empty(m).exponential_(generator=generator).log().softmax(0)


def gamma(m, generator):
    e = torch._standard_gamma(torch.ones(m), generator=generator)
    return e / e.sum()


@pytest.mark.parametrize("attempt", [gaps, stick_of_the_right_length, logarithms, softmax_of_logarithms, gamma])
def test_draw_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("4.1", attempt, capsys).startswith("✓ 4.1 correct.")


@pytest.mark.parametrize("seed", range(20))
def test_any_stream_of_random_numbers_passes(seed, capsys):
    def attempt(m, generator):
        return draw(m, seeded(seed + 100 * generator.initial_seed()))

    assert outcome("4.1", attempt, capsys).startswith("✓ 4.1 correct.")


NAMED = ("uniform, divided", "softmax of normals", "softmax of uniforms", "sizes of normals", "squares")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("label", NAMED)
def test_the_kind_of_numbers_is_recognised_whatever_the_seed(label, seed, capsys):
    wrong = next(wrong for wrong in EXERCISES["4.1"].wrong if wrong.label == label)

    def attempt(m, generator):
        return wrong.function(m, seeded(seed + 100 * generator.initial_seed()))

    line = outcome("4.1", attempt, capsys)
    assert line.startswith(
        f"✗ 4.1 not correct: {wrong.message} For draw(m, generator): with m = 20000, the squares of "
    )


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (lambda m, generator: None, "for draw(m, generator): your function returned None (is the return missing?)."),
        (lambda m, generator: draw(m, generator).tolist(), "expected a tensor of shape [3], got a value of type list."),
        (lambda m, generator: draw(m, generator)[None], "expected a tensor of shape [3], got a tensor of shape [1, 3]"),
        (lambda m, generator: draw(m, generator)[0], "expected a tensor of shape [3], got a tensor of shape []."),
        (
            lambda m, generator: np.random.default_rng(0).dirichlet(np.ones(m)),
            "expected a tensor of shape [3], got a NumPy array of shape [3].",
        ),
        (lambda m, generator: draw(m, generator) * torch.nan, "expected 3 numbers that sum to 1, got [nan, nan, nan]."),
        (lambda m, generator: draw(m, generator) > 2, "expected 3 numbers that sum to 1, got "),
    ],
)
def test_draws_that_are_no_coefficients(attempt, line, capsys):
    told = outcome("4.1", attempt, capsys)
    assert told.startswith("✗ 4.1 not correct: ") and line in told


@pytest.mark.parametrize(
    ("label", "seen"),
    [
        ("not divided", "with m = 3, the sum is "),
        ("the centroid", "with m = 3, each is 0.333."),
        ("one-hot", "with m = 3, the largest coefficient is 1."),
        ("the last gets the rest", "the smallest coefficient is -"),
        ("logarithms without minus", "the smallest coefficient is -"),
        ("generator ignored", "first ["),
        ("a seed of its own", " with both seeds."),
        ("global generator moved", "torch.get_rng_state() was another one afterwards."),
        ("a stick broken", "with m = 20000, the first quarter of them sums to 1, the last to 0."),
        ("uniform, divided", "the squares of the coefficients sum to 1.3"),
    ],
)
def test_what_was_seen_in_a_wrong_draw(label, seen, capsys):
    wrong = next(wrong for wrong in EXERCISES["4.1"].wrong if wrong.label == label)
    line = outcome("4.1", wrong.function, capsys)
    assert line.startswith(f"✗ 4.1 not correct: {wrong.message} For draw(m, generator): ") and seen in line


def test_a_draw_that_seeds_the_global_generator_is_told(capsys):
    def attempt(m, generator):
        torch.manual_seed(generator.initial_seed())
        e = torch.empty(m).exponential_()
        return e / e.sum()

    assert message("4.1", "global generator moved") in outcome("4.1", attempt, capsys)


def test_a_distribution_that_takes_no_generator_is_named(capsys):
    line = outcome("4.1", lambda m, generator: torch.distributions.Dirichlet(torch.ones(m)).sample(), capsys)
    assert "(torch.distributions takes none: draw from the generator yourself)" in line


def test_what_is_missing_to_1_is_explained_only_where_the_sum_is_1(capsys):
    def shifted(m, generator):
        return draw(m, generator) - 1

    assert "missing to 1" not in outcome("4.1", shifted, capsys)
    assert "missing to 1" in message("4.1", "the last gets the rest")


def test_the_recipe_of_a_draw_comes_with_the_second_hint():
    first, second, _ = EXERCISES["4.1"].hints
    assert "waiting times" in first and "exponential" not in first
    assert "exponential numbers, divided by their sum" in second


def test_what_is_right_for_two_networks_only_is_not_right(capsys):
    def attempt(m, generator):
        t = torch.rand((), generator=generator)
        return torch.stack([1 - t, t])

    assert "expected a tensor of shape [3], got a tensor of shape [2]" in outcome("4.1", attempt, capsys)

    def one_edge(m, generator):
        return torch.cat([attempt(2, generator), torch.zeros(m - 2)])

    assert message("4.1", "a stick broken") in outcome("4.1", one_edge, capsys)


def test_checks_of_a_draw_do_not_depend_on_each_other(capsys):
    wrong = {wrong.label: wrong for wrong in EXERCISES["4.1"].wrong}
    for label in ("a seed of its own", "generator ignored", "a seed of its own"):
        assert wrong[label].message in outcome("4.1", wrong[label].function, capsys)
        assert outcome("4.1", gaps, capsys).startswith("✓ 4.1 correct.")


# 4.2 Mix and step


def test_a_step_is_the_one_that_autograd_takes():
    for m in (2, 3, 5):
        points, alpha = random(m, 4, seed=m), random(m, seed=m + 10).softmax(0)
        leaf = points.clone().requires_grad_()
        ((alpha @ leaf) ** 4).sum().backward()
        mine = subspace_step(points, alpha, lambda theta: 4 * theta**3, 0.1)
        torch.testing.assert_close(mine, points - 0.1 * leaf.grad)


def test_a_step_is_the_one_that_the_toolkit_takes():
    line, generator = Line(*random(2, 6)), seeded(3)
    theta = line.sample(generator)
    line.give(bowl_gradient(theta))
    t = torch.rand((), generator=seeded(3))
    mine = subspace_step(line.points, torch.stack([1 - t, t]), bowl_gradient, 0.5)
    torch.testing.assert_close(mine, line.points - 0.5 * line.leaves()[0].grad)


def by_loop(points, alpha, gradient, lr):
    theta = sum(a * p for a, p in zip(alpha, points, strict=True))
    g = gradient(theta)
    return torch.stack([p - lr * a * g for a, p in zip(alpha, points, strict=True)])


def by_outer(points, alpha, gradient, lr):
    return points - lr * torch.outer(alpha, gradient((alpha.unsqueeze(1) * points).sum(0)))


@pytest.mark.parametrize("attempt", [by_loop, by_outer])
def test_a_step_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("4.2", attempt, capsys).startswith("✓ 4.2 correct.")


def test_a_mixture_by_mean_is_named(capsys):
    def attempt(points, alpha, gradient, lr):
        return points - lr * alpha[:, None] * gradient((alpha[:, None] * points).mean(0))

    assert "The α already sum to 1: sum, not mean. For " in outcome("4.2", attempt, capsys)


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (
            lambda points, alpha, gradient, lr: points - lr * alpha[:, None] * gradient(points),
            "raised TypeError: gradient takes a network [D], got a tensor of shape [3, 2] (line 1 of your function: ",
        ),
        (
            lambda points, alpha, gradient, lr: points - lr * alpha[:, None] * gradient(points),
            "gradient takes one network, the one that was drawn: mix the points first. hint(",
        ),
        (
            lambda points, alpha, gradient, lr: points - lr * alpha * gradient(alpha @ points),
            "a column times a row is a matrix [m, D]. hint(",
        ),
        (
            lambda points, alpha, gradient, lr: gradient(points @ alpha),
            "The coefficients weigh the rows of points [m, D], one row a network. hint(",
        ),
    ],
)
def test_errors_of_a_step_get_advice(attempt, advice, capsys):
    line = outcome("4.2", attempt, capsys)
    assert line.startswith("! 4.2 your code raised ") and advice in line


def test_points_changed_in_place_are_named(capsys):
    def attempt(points, alpha, gradient, lr):
        points -= lr * alpha[:, None] * gradient(alpha @ points)
        return points

    assert "your function overwrites its input points " in outcome("4.2", attempt, capsys)


def test_a_list_of_points_is_told_how_to_become_a_tensor(capsys):
    line = outcome("4.2", lambda *args: list(by_loop(*args)), capsys)
    assert "got a value of type list (torch.stack or torch.cat makes one tensor)" in line


# 4.3 How fast


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_step_sizes_are_those_of_many_steps(m):
    generator, lr = seeded(0), 0.3
    points, g = random(m, 4), torch.tensor([1.0, 0.0, 0.0, 0.0])
    centroid, drawn = [], []
    for _ in range(4000):
        alpha = draw(m, generator)
        moved = subspace_step(points, alpha, lambda theta: g, lr) - points
        centroid.append(-moved.mean(0)[0].item())
        drawn.append(-(alpha @ moved)[0].item())
    expected = step_sizes(m, lr)
    assert centroid == pytest.approx([expected[0]] * 4000, abs=1e-6)
    assert np.mean(drawn) == pytest.approx(expected[1], rel=0.02)


@pytest.mark.parametrize("kind", [list, torch.tensor])
def test_step_sizes_are_two_numbers(kind, capsys):
    line = outcome("4.3", lambda m, lr: kind(step_sizes(m, lr)), capsys)
    if kind is list:
        assert line.startswith("✓ 4.3 correct.")
    else:
        assert "expected 2 values (return first, second), got a tensor of shape [2]" in line


def test_one_step_size_is_not_enough(capsys):
    assert "for step_sizes(5, 0.6): expected 2 values" in outcome("4.3", lambda m, lr: lr / m, capsys)


# 4.4 Repair


def test_recalibration_is_what_batchnorm_learns_from_all_samples_at_once():
    for case in EXERCISES["4.4"].cases:
        (batches,) = case.inputs()
        layer = torch.nn.BatchNorm1d(3, momentum=None)
        layer(torch.cat(list(batches)))
        mean, variance = recalibrate(batches)
        torch.testing.assert_close(mean, layer.running_mean)
        torch.testing.assert_close(variance, layer.running_var)


def test_recalibration_is_what_the_toolkit_does():
    space, x = WeightSpace(models.mlp(6, 5, 4, batchnorm=True)), random(50, 6)
    theta = space.init(0) + 0.3 * random(space.size, seed=1)
    weights, stats = space.unflatten(theta), space.refresh(theta, x)
    before = torch.nn.functional.linear(x, weights["fc1.weight"], weights.get("fc1.bias"))
    mean, variance = recalibrate(before.split([13, 1, 36]))
    torch.testing.assert_close(mean, stats["bn1.running_mean"], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(variance, stats["bn1.running_var"], atol=1e-5, rtol=1e-4)


def by_sums(batches):
    n = sum(len(batch) for batch in batches)
    total, squares = sum(batch.sum(0) for batch in batches), sum((batch**2).sum(0) for batch in batches)
    mean = total / n
    return mean, (squares - n * mean**2) / (n - 1)


def by_merging(batches):
    n, mean, spread = 0, 0, 0
    for batch in batches:
        gap = batch.mean(0) - mean
        spread = spread + ((batch - batch.mean(0)) ** 2).sum(0) + gap**2 * n * len(batch) / (n + len(batch))
        mean, n = mean + gap * len(batch) / (n + len(batch)), n + len(batch)
    return mean, spread / (n - 1)


def by_two_passes(batches):
    n = sum(map(len, batches))
    mean = sum(batch.sum(0) for batch in batches) / n
    return [mean, sum(((batch - mean) ** 2).sum(0) for batch in batches) / (n - 1)]


def by_module(batches):
    layer = torch.nn.BatchNorm1d(3, momentum=1.0)
    layer(torch.cat(batches))
    return layer.running_mean, layer.running_var


@pytest.mark.parametrize("attempt", [by_sums, by_merging, by_two_passes, by_module])
def test_recalibration_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("4.4", attempt, capsys).startswith("✓ 4.4 correct.")


def test_stacked_batches_and_batches_changed_in_place_are_told(capsys):
    line = outcome("4.4", lambda batches: torch.stack(batches).mean(0), capsys)
    assert "stack expects each tensor to be equal size" in line
    assert "torch.cat puts them under each other, torch.stack would need equal ones. hint(" in line

    def attempt(batches):
        batches[0] -= batches[0].mean(0)
        return recalibrate(batches)

    assert "your function overwrites its input batches" in outcome("4.4", attempt, capsys)


# 4.5 Choose


def accuracy(probabilities, y, members):
    return (probabilities[list(members)].double().mean(0).argmax(1) == y).double().mean().item()


def test_each_choice_is_the_best_that_could_be_added():
    for case in EXERCISES["4.5"].cases:
        probabilities, y, size = case.inputs()
        chosen = choose(probabilities, y, size)
        assert len(set(chosen)) == len(chosen) == size
        for number, index in enumerate(chosen):
            before = chosen[:number]
            scores = {i: accuracy(probabilities, y, [*before, i]) for i in range(len(probabilities)) if i not in before}
            assert index == min(i for i, score in scores.items() if score == max(scores.values()))


def test_choices_do_not_hang_on_rounding():
    for case in EXERCISES["4.5"].cases:
        probabilities, _, size = case.inputs()
        for number in range(1, size + 1):
            for members in itertools.combinations(range(len(probabilities)), number):
                first, second = probabilities[list(members)].mean(0).topk(2, dim=-1).values.unbind(-1)
                assert (first - second).min() > 1e-6


def by_running_sum(probabilities, y, size):
    total, chosen = torch.zeros_like(probabilities[0]), []
    for _ in range(size):
        best, most = None, -1.0
        for i in range(len(probabilities)):
            right = float(((total + probabilities[i]).argmax(1) == y).float().mean())
            if i not in chosen and right > most:
                best, most = i, right
        chosen.append(best)
        total = total + probabilities[best]
    return torch.tensor(chosen)


def by_arrays(probabilities, y, size):
    p, y, chosen = probabilities.double().numpy(), y.numpy(), ()
    for _ in range(size):
        score = [(p[[*chosen, i]].mean(0).argmax(1) == y).mean() - 2 * (i in chosen) for i in range(len(p))]
        chosen = (*chosen, np.argmax(score))
    return chosen


@pytest.mark.parametrize("attempt", [by_running_sum, by_arrays])
def test_choose_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("4.5", attempt, capsys).startswith("✓ 4.5 correct.")


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (None, "your function returned None (is the return missing?)."),
        (3, "expected a list of 4 indices from 0 to 7, got a value of type int."),
        (torch.zeros(2, 2), "expected a list of 4 indices from 0 to 7, got a tensor of shape [2, 2]."),
        ([0, 1, 2, 8], "expected a list of 4 indices from 0 to 7, got [0, 1, 2, 8]."),
        ([0, 1, 2, -1], "expected a list of 4 indices from 0 to 7, got [0, 1, 2, -1]."),
        ([0, 1, 2, 0.5], "expected a list of 4 indices from 0 to 7, got [0, 1, 2, 0.5]."),
        ([0, 1, 2, None], "expected a list of 4 indices from 0 to 7, got [0, 1, 2, None]."),
        ([0, 1, 2, torch.zeros(2)], "expected a list of 4 indices from 0 to 7, got [0, 1, 2, [0, 0]]."),
        ([True] * 4, "expected a list of 4 indices from 0 to 7, got [True, True, True, True]."),
        ([0.5] * 99, "expected a list of 4 indices from 0 to 7, got [" + "0.5, " * 12 + "…]."),
        ([7, 6, 5, 4], "with size = 4, expected [1, 3, 4, 2], got [7, 6, 5, 4]."),
        ([], "with size = 4, expected 4 indices, got []."),
        ([1, 3, 4], "with size = 4, expected 4 indices, got [1, 3, 4]."),
        ([1, 3, 4, 2, 0], "with size = 4, expected 4 indices, got [1, 3, 4, 2, 0]."),
    ],
)
def test_results_that_are_no_choice(result, line, capsys):
    told = outcome("4.5", lambda probabilities, y, size: result, capsys)
    assert told.startswith(f"✗ 4.5 not correct: for choose(probabilities, y, size): {line} ")


def test_what_fails_only_later_is_told_by_its_numbers(capsys):
    def attempt(probabilities, y, size):
        return choose(probabilities, y, size) if size == 4 else list(range(size))

    line = outcome("4.5", attempt, capsys)
    assert line.startswith("✗ 4.5 not correct: for choose(probabilities, y, size): with size = 3, expected [")


# Every mistake can be told from every other


@pytest.mark.parametrize("id", ["4.2", "4.3", "4.4", "4.5"])
def test_every_mistake_gives_another_result_in_the_first_case(id):
    assert not any(told_apart(id))


# Skeletons, quiz, predictions


@pytest.mark.parametrize(
    ("id", "gaps"),
    [
        ("4.1", ["generator", "e / e.sum()"]),
        ("4.2", ["alpha @ points", "alpha[:, None]"]),
        ("4.3", ["lr / m", "2 / (m + 1)"]),
        ("4.4", ["torch.cat(list(batches))", "samples.var(0)"]),
        ("4.5", ["y", "i not in chosen", "[*chosen, i]"]),
    ],
)
def test_skeleton_with_its_gaps_filled_is_correct(id, gaps, capsys):
    right_when_filled(id, gaps, capsys)


def test_every_objective_is_proved_by_an_exercise_or_a_question():
    assert {exercise.objective for id, exercise in EXERCISES.items() if id.startswith("4.")} == {1, 2, 3, 4}
    assert [id for id in QUESTIONS if id.startswith("4.")] == QUIZ


@pytest.mark.parametrize("id", QUIZ)
def test_length_does_not_give_the_right_option_away(id):
    length_tells_nothing(id, 1.5, 1.15)


def test_right_letters_follow_no_pattern():
    letters_tell_nothing(QUIZ)


def test_predictions_take_the_numbers_that_were_measured(capsys):
    assert predict("4.0", 95) == 95.0 and predict("4.p2", 60) == 60.0
    assert capsys.readouterr().out.count("Noted: you expect") == 2
    assert "about 80 %" in PREDICTIONS["4.0"].text and "about 50 %" in PREDICTIONS["4.0"].text
    assert predict("4.p2", 101) is None


def test_measured_numbers_of_the_quiz_are_those_of_the_evidence():
    runs = evidence.load("04", "noise")["test_accuracy"]
    rounded = [10 * round(10 * np.mean(runs["0.4"][name])) for name in ("standard", "naive midpoint")]
    assert all(f"about {value} %" in PREDICTIONS["4.0"].text for value in rounded)
    noisy, clean = ({name: 100 * np.mean(values) for name, values in runs[rate].items()} for rate in ("0.4", "0"))
    question = QUESTIONS["4.q1"]
    assert (
        f"reads {noisy['line']:.0f} % of" in question.text and f"own {noisy['naive midpoint']:.0f} %" in question.text
    )
    assert f"The ends read {noisy['line, end']:.0f} %" in question.feedback["b"]

    question, reason = QUESTIONS["4.q2"], QUESTIONS["4.q2"].feedback["a"]
    assert f"one network reads {noisy['standard']:.1f} %, the midpoint of a line {noisy['line']:.1f} %" in question.text
    assert f"reads {noisy['standard, lr / 2']:.1f} %" in reason and f"{noisy['standard, lr / 4']:.1f} %" in reason
    assert f"{noisy['line'] - noisy['standard, lr / 2']:.0f} points are left" in reason
    assert f"reads {noisy['two networks']:.1f} %" in question.feedback["c"]

    angles = evidence.load("04", "beta")["beta"]
    found = {strength: {name: np.mean(values) for name, values in row.items()} for strength, row in angles.items()}
    without, penalised, reason = found["0"], found["1"], QUESTIONS["4.q3"].feedback
    assert f"cos² = {without['cosine'] ** 2:.2f}" in reason["b"] and f"({penalised['cosine'] ** 2:.3f})" in reason["b"]
    assert 0 < penalised["midpoint"] - without["midpoint"] < 0.01 and penalised["distance"] > without["distance"]
    assert [f"{100 * row['disagreement']:.0f} % in both" in reason["d"] for row in (without, penalised)] == [True] * 2

    text, calibration = QUESTIONS["4.q4"].text, evidence.load("04", "calibration")["found"]
    assert f"one network reads {clean['standard']:.1f} %, the midpoint of a line {clean['line']:.1f} %" in text
    errors = [100 * np.mean(calibration[name]["ece"]) for name in ("standard", "midpoint")]
    assert "{:.1f} % and {:.1f} %".format(*errors) in text
    scatter = 100 * np.std(calibration["midpoint"]["ece"], ddof=1)
    assert errors[0] - errors[1] < scatter
    line, standard = runs["0"]["line"], runs["0"]["standard"]
    assert "lower in every seed" in text and all(one < other for one, other in zip(line, standard, strict=True))
