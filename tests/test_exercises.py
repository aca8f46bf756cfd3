"""Exercises: every outcome of a check, every catalogued wrong answer, hints, quiz, predictions, tally."""

import functools
import os
import re
import signal
import threading
import time

import numpy as np
import pytest
import torch

from toolkit import Bezier, Line, PolyChain, Simplex, evaluate, fit
from toolkit.exercises import calls, card, check, hint, predict, quiz, solution, tally
from toolkit.exercises.catalogue import EXERCISES, LESSONS, PREDICTIONS, QUESTIONS
from toolkit.exercises.compare import difference, show
from toolkit.exercises.lesson01_losses import barrier, batchnorm_statistics
from toolkit.exercises.lesson01_points import flatten, interpolate
from toolkit.exercises.lesson02_bend import bend_step, bowl_gradient, double_well_gradient
from toolkit.exercises.lesson02_connect import connect, hidden_pair
from toolkit.exercises.lesson02_curve import bezier
from toolkit.exercises.lesson02_length import length

REFERENCE = "The lesson goes on with the reference."
EVERY_WRONG = [(exercise, wrong) for exercise in EXERCISES.values() for wrong in exercise.wrong]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.id)
every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.id)


@pytest.fixture(autouse=True)
def fresh_memory(monkeypatch):
    monkeypatch.setattr(calls, "_passed", {})
    monkeypatch.setattr(calls, "_hints_shown", {})
    monkeypatch.delenv("TOOLKIT_STRICT", raising=False)


def run_source(source, name):
    """Execute source text as a notebook cell does and return the function it defines."""
    namespace = {"torch": torch, "bezier": bezier, "Bezier": Bezier, "fit": fit}
    exec(source, namespace)
    return namespace[name]


def own(id):
    """Return a right answer as a learner defines it: the solution's text, executed."""
    return run_source(EXERCISES[id].solution, EXERCISES[id].name)


def unwrapped(capsys):
    """Return what was printed, with the lines that were broken between words joined again."""
    return re.sub(r"\n {2,}(?![a-d]\) )(?=\S)", " ", capsys.readouterr().out)


def printed(capsys):
    """Return the one line that was printed."""
    out = unwrapped(capsys)
    assert out.endswith("\n") and out.count("\n") == 1, out
    return out.strip()


# The catalogues


@every_exercise
def test_stub_is_not_attempted_and_the_reference_comes_back(exercise, capsys):
    def stub(*args):
        raise NotImplementedError

    assert check(exercise.id, stub) is exercise.reference
    expected = f'· {exercise.id} not attempted yet. hint("{exercise.id}") helps. {REFERENCE}'
    assert printed(capsys) == expected


@every_exercise
@pytest.mark.parametrize("nothing", [None, ...])
def test_nothing_is_not_attempted(exercise, nothing, capsys):
    assert check(exercise.id, nothing) is exercise.reference
    assert printed(capsys).startswith(f"· {exercise.id} not attempted yet.")


@every_exercise
def test_solution_text_is_correct_and_comes_back(exercise, capsys):
    attempt = own(exercise.id)
    assert check(exercise.id, attempt) is attempt
    assert printed(capsys) == f"✓ {exercise.id} correct. {exercise.praise}"


@pytest.mark.parametrize(
    ("exercise", "wrong"),
    EVERY_WRONG,
    ids=[f"{exercise.id} {wrong.label}" for exercise, wrong in EVERY_WRONG],
)
def test_wrong_answer_gets_its_own_message(exercise, wrong, capsys):
    assert check(exercise.id, wrong.function) is exercise.reference
    line = printed(capsys)
    assert line.startswith(f"✗ {exercise.id} not correct: {wrong.message} For {exercise.name}(")
    assert line.endswith(REFERENCE)


@every_exercise
def test_every_exercise_is_complete(exercise):
    assert len(exercise.wrong) >= 2 and len(exercise.hints) >= 2
    assert len({wrong.message for wrong in exercise.wrong}) == len(exercise.wrong)
    assert 1 <= exercise.difficulty <= 5 and exercise.minutes > 0 and exercise.objective > 0
    assert exercise.solution.startswith(f"def {exercise.name}(")
    assert exercise.skeleton.startswith(f"def {exercise.name}(") and "..." in exercise.skeleton
    compile(exercise.skeleton, "skeleton", "exec")


@pytest.mark.parametrize(
    ("id", "gaps"),
    [
        ("0.1", ["1 - t", "t"]),
        ("1.1", ["tensor.reshape(-1)"]),
        ("1.2", ["1 - t", "t"]),
        ("1.3", ["(1 - t) * losses[0] + t * losses[-1]"]),
        ("1.4", ["activations.mean(0)", "activations.var(0)"]),
        ("2.1", ["(1 - t) ** 2", "2 * t * (1 - t)", "t**2"]),
        ("2.2", ["bezier(a, bend, b, t)", "2 * t * (1 - t)"]),
        ("2.3", ["points[1:] - points[:-1]"]),
        ("2.4", ["(a + b) / 2", "(0, 2)", "20", "0.1"]),
    ],
)
def test_skeleton_with_its_gaps_filled_is_correct(id, gaps, capsys):
    source = EXERCISES[id].skeleton.replace("[..., None]", "[OPEN, None]")
    assert source.count("...") == len(gaps)
    for gap in gaps:
        source = source.replace("...", gap, 1)
    check(id, run_source(source.replace("OPEN", "..."), EXERCISES[id].name), strict=True)
    assert printed(capsys).startswith("✓")


@pytest.mark.parametrize("source", ["solution", "skeleton"])
def test_interpolate_goes_where_the_network_is(source):
    text = getattr(EXERCISES["1.2"], source).replace("(...) * a + (...) * b", "(1 - t) * a + t * b")
    function = run_source(text, "interpolate")
    a = torch.zeros(3, dtype=torch.float64, device="meta")
    for t, shape in ((0.5, [3]), (torch.tensor([0.0, 1.0]), [2, 3])):
        point = function(a, a, t)
        assert (list(point.shape), point.device, point.dtype) == (shape, a.device, a.dtype)


def test_every_mistake_in_the_barrier_gives_another_number_in_its_first_failing_case():
    exercise, seen = EXERCISES["1.3"], {}
    for wrong in exercise.wrong:
        outcomes = [(wrong.function(*case.args), barrier(*case.args)) for case in exercise.cases]
        number = next(i for i, (got, right) in enumerate(outcomes) if got != pytest.approx(right))
        got = outcomes[number][0]
        others = [other for (place, other) in seen.values() if place == number]
        assert all(abs(got - other) > 1e-3 for other in others), wrong.label
        seen[wrong.label] = (number, got)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda losses, t: losses.max() - losses[-1], "you subtract one end only; the chord joins both."),
        (lambda losses, t: losses.max() - min(losses[0], losses[-1]), "you subtract one end only, here the lower one."),
    ],
)
def test_other_ways_to_write_a_mistake_in_the_barrier(attempt, message, capsys):
    check("1.3", attempt)
    assert printed(capsys).startswith(f"✗ 1.3 not correct: {message} ")


def test_tensors_in_reversed_order_get_the_message_on_order(capsys):
    check("1.1", lambda tensors: torch.cat([tensors[name].reshape(-1) for name in reversed(tensors)]))
    assert printed(capsys).startswith("✗ 1.1 not correct: you change the order of the tensors (by name, for instance).")


def test_ids_are_unique_and_belong_to_their_lesson():
    for number, lesson in enumerate(LESSONS):
        items = (*lesson.EXERCISES, *lesson.QUESTIONS, *lesson.PREDICTIONS)
        assert all(item.id.startswith(f"{number}.") for item in items)
    total = sum(len(x.EXERCISES) + len(x.QUESTIONS) + len(x.PREDICTIONS) for x in LESSONS)
    assert len({*EXERCISES, *QUESTIONS, *PREDICTIONS}) == total


# The references against independent knowledge


def test_flatten_agrees_with_torch():
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3), torch.nn.Linear(3, 2))
    expected = torch.nn.utils.parameters_to_vector(network.parameters())
    assert torch.equal(flatten(dict(network.named_parameters())), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_interpolate_agrees_with_lerp_and_meets_its_ends(dtype):
    a, b = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0), dtype=dtype)
    assert torch.equal(interpolate(a, b, 0), a) and torch.equal(interpolate(a, b, 1), b)
    torch.testing.assert_close(interpolate(a, b, 0.3), torch.lerp(a, b, 0.3))
    t = torch.tensor([0.0, 0.3, 1.0], dtype=dtype)
    torch.testing.assert_close(interpolate(a, b, t), torch.stack([torch.lerp(a, b, x) for x in t]))


def test_barrier_of_known_curves():
    t = np.linspace(0, 1, 21)
    x = 2 * t - 1
    assert barrier((x**2 - 1) ** 2, t) == 1.0
    assert barrier(torch.tensor(x**2), torch.tensor(t)) == 0.0
    assert barrier(3 + 2 * t, t) == pytest.approx(0.0, abs=1e-12)
    tilted = (x**2 - 1) ** 2 + 5 * t
    assert barrier(tilted, t) == pytest.approx(1.0) == pytest.approx(barrier(tilted[::-1], t))


def test_batchnorm_statistics_are_those_of_torch():
    layer = torch.nn.BatchNorm1d(5, momentum=None)
    activations = torch.randn(40, 5, generator=torch.Generator().manual_seed(0)) * 3 + 1
    layer(activations)
    mean, variance = batchnorm_statistics(activations)
    torch.testing.assert_close(mean, layer.running_mean)
    torch.testing.assert_close(variance, layer.running_var)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bezier_agrees_with_the_subspace_and_meets_its_ends(dtype):
    a, bend, b = torch.randn(3, 1000, generator=torch.Generator().manual_seed(0), dtype=dtype)
    assert torch.equal(bezier(a, bend, b, 0), a) and torch.equal(bezier(a, bend, b, 1), b)
    t = torch.tensor([0.0, 0.3, 1.0], dtype=dtype)
    torch.testing.assert_close(bezier(a, bend, b, t), Bezier(a, bend, b).at(t))
    torch.testing.assert_close(bezier(a, bend, b, 0.3), Bezier(a, bend, b).at(0.3))


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (lambda theta: theta.square().sum() / 2, bowl_gradient),
        (lambda theta: (theta[0] ** 2 - 1) ** 2 + theta[1] ** 2, double_well_gradient),
    ],
)
def test_bend_step_is_the_step_that_autograd_takes(loss, gradient):
    a, bend, b = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    for t in (0.0, 0.3, 0.5, 1.0):
        leaf = bend.clone().requires_grad_()
        loss(bezier(a, leaf, b, t)).backward()
        torch.testing.assert_close(bend_step(a, bend, b, t, gradient, 0.1), bend - 0.1 * leaf.grad)


def test_length_of_known_curves_agrees_with_that_of_the_subspace():
    angle = torch.linspace(0, torch.pi / 2, 1001, dtype=torch.double)
    assert float(length(torch.stack([angle.cos(), angle.sin()], dim=1))) == pytest.approx(torch.pi / 2)
    curve = Bezier(*torch.randn(3, 50, generator=torch.Generator().manual_seed(0), dtype=torch.double))
    assert float(length(curve.at(torch.linspace(0, 1, 1001)))) == pytest.approx(curve.length(), rel=1e-5)


# Lesson 02: a bend, and a free task


@pytest.mark.parametrize("line", [torch.lerp, lambda a, b, t: (1 - t) * a + t * b])
def test_bezier_by_lines_between_lines_is_right_where_these_meet_their_ends(line, capsys):
    def attempt(a, bend, b, t):
        t = torch.as_tensor(t)[..., None]
        return line(line(a, bend, t), line(bend, b, t), t)

    check("2.1", attempt, strict=True)
    assert printed(capsys).startswith("✓ 2.1 correct.")


ROUNDING = "your formula is right on paper, but rounding makes it miss {end} in the last digits at t = {t}. "


@pytest.mark.parametrize(
    ("attempt", "end", "t"),
    [
        (lambda a, bend, b, t: a + 2 * t * (bend - a) + t**2 * (a - 2 * bend + b), "b", 1),
        (lambda a, bend, b, t: a + t * (2 * (bend - a) + t * (a - 2 * bend + b)), "b", 1),
        (lambda a, bend, b, t: b + (1 - t) * (2 * (bend - b) + (1 - t) * (a - 2 * bend + b)), "a", 0),
    ],
)
def test_bezier_by_powers_is_right_on_paper_however_it_rounds(attempt, end, t, capsys):
    check("2.1", lambda a, bend, b, t: attempt(a, bend, b, torch.as_tensor(t)[..., None]))
    assert printed(capsys).startswith(f"✗ 2.1 not correct: {ROUNDING.format(end=end, t=t)}")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda a, bend, b, t: torch.stack([bezier(a, bend, b, float(one)) for one in t]),
        lambda a, bend, b, t: torch.stack([bezier(a, bend, b, float(t[i])) for i in range(len(t))]),
        lambda a, bend, b, t: torch.stack([bezier(a, bend, b, float(one)) for one in torch.as_tensor(t)]),
        lambda a, bend, b, t: (1 - t[:, None]) ** 2 * a,
        lambda a, bend, b, t: (1 - torch.as_tensor(t)[:, None]) ** 2 * a,
        lambda a, bend, b, t: (1 - t.unsqueeze(1)) ** 2 * a,
        lambda a, bend, b, t: (1 - torch.as_tensor(t).unsqueeze(1)) ** 2 * a,
        lambda a, bend, b, t: torch.outer((1 - t) ** 2, a),
        lambda a, bend, b, t: torch.outer(1 - torch.as_tensor(t), a),
    ],
)
def test_bezier_that_takes_no_plain_number_says_so(attempt, capsys):
    check("2.1", attempt)
    line = printed(capsys)
    advice = "t may also be a plain number: then return one network, shape [D]."
    assert line.startswith("! 2.1 your code raised ") and f", 0.25). {advice} hint(" in line


@pytest.mark.parametrize("theta", [0.2, 1, torch.tensor(0.2)])
@pytest.mark.parametrize("gradient", [bowl_gradient, double_well_gradient])
def test_gradient_of_a_number_is_refused(gradient, theta):
    with pytest.raises(TypeError, match=r"^gradient takes a network \[D\], got a number\.$"):
        gradient(theta)
    with pytest.raises(TypeError, match=r"^gradient takes a network \[D\], got a tensor of shape \[1, 2\]\.$"):
        gradient(torch.zeros(1, 2))


def test_bend_step_that_asks_for_the_gradient_at_t(capsys):
    check("2.2", lambda a, bend, b, t, gradient, lr: bend - lr * gradient(t))
    line = printed(capsys)
    assert line.startswith("! 2.2 your code raised TypeError: gradient takes a network [D], got a number (line 1 of ")
    assert "for bend_step([-1, 4], [2, 1], [3, -2], 0.2, bowl_gradient, 0.3). hint(" in line


def test_only_the_last_hint_on_the_bend_gives_its_share_away():
    *first, last = EXERCISES["2.2"].hints
    assert "2 t (1 - t)" in last and not any("t (1 - t)" in hint or "(1 - t)²" in hint for hint in first)


def test_bend_changed_in_place_is_named(capsys):
    def attempt(a, bend, b, t, gradient, lr):
        bend -= lr * 2 * t * (1 - t) * gradient(bezier(a, bend, b, t))
        return bend

    check("2.2", attempt)
    assert printed(capsys).startswith("✗ 2.2 not correct: your function overwrites its input bend (bend[i] = …, += ")


def test_functions_are_shown_by_their_name_and_never_by_their_address(capsys):
    check("2.2", lambda a, bend, b, t, gradient, lr: bend)
    assert "for bend_step([-1, 4], [2, 1], [3, -2], 0.2, bowl_gradient, 0.3): expected" in printed(capsys)
    for one in (bowl_gradient, lambda x: x, functools.partial(bowl_gradient), torch.nn.ReLU(), torch.relu):
        assert re.fullmatch(r"[\w<>]+", show(one))


@pytest.mark.parametrize("number", [float, np.float64, torch.tensor])
def test_length_may_be_any_kind_of_number(number, capsys):
    check("2.3", lambda points: number(float(length(points))), strict=True)
    assert printed(capsys).startswith("✓ 2.3 correct.")


IN_CONNECT = "For connect(space, a, b, dataset): "


@pytest.mark.parametrize(
    ("attempt", "ending"),
    [
        (
            lambda space, a, b, dataset: None,
            "✗ 2.4 not correct: for connect(space, a, b, dataset): your function returned None (is the return "
            "missing?). ",
        ),
        (
            lambda space, a, b, dataset: Simplex([a, b]),
            "for connect(space, a, b, dataset): expected a path (a Line, Bezier or PolyChain), got a value of type "
            "Simplex. ",
        ),
        (lambda space, a, b, dataset: [], "got a value of type list. "),
        (lambda space, a, b, dataset: Line(a[:2], b[:2]), "expected a path in R^4522, got one in R^2. "),
        (lambda space, a, b, dataset: torch.stack([a, b]), "got a tensor of shape [2, 4522]. "),
        (lambda space, a, b, dataset: Line(b, b), "away from a and ends 0 away from b. "),
        (lambda space, a, b, dataset: Line(a, space.init(0)), "the path starts 0 away from a and ends "),
    ],
)
def test_results_that_are_no_path_from_a_to_b(attempt, ending, capsys):
    check("2.4", attempt)
    line = printed(capsys)
    assert line.startswith("✗ 2.4 not correct: ") and ending in line and line.endswith(REFERENCE)


def test_an_untrained_bend_is_recognised_as_the_straight_line(capsys):
    for kind in (Bezier, lambda *points: PolyChain(points)):
        check("2.4", lambda space, a, b, dataset, kind=kind: kind(a, (a + b) / 2, b))
        line = printed(capsys)
        assert line.startswith(f"✗ 2.4 not correct: {EXERCISES['2.4'].wrong[0].message} {IN_CONNECT}")
        assert re.search(r"the validation accuracy falls to \d+\.\d % at t = 0\.\d\d, and at least 90 % is asked", line)


def test_a_chain_whose_corners_hide_the_mountain_between_two_positions_does_not_pass(capsys):
    check("2.4", lambda space, a, b, dataset: PolyChain([a] * 20 + [b]))
    assert printed(capsys).startswith(f"✗ 2.4 not correct: {EXERCISES['2.4'].wrong[2].message} {IN_CONNECT}")


def test_a_trained_chain_passes_too(capsys):
    def attempt(space, a, b, dataset):
        return fit(space, PolyChain([a, (a + b) / 2, b], fixed=(0, 2)), dataset, epochs=20)

    assert check("2.4", attempt, strict=True) is attempt
    assert printed(capsys).startswith("✓ 2.4 correct.")


def test_a_chain_of_single_networks_is_told_how_to_write_it(capsys):
    def attempt(space, a, b, dataset):
        return PolyChain(a, (a + b) / 2, b, fixed=(0, 2))

    check("2.4", attempt)
    sentence = "raised TypeError: points must be one list of networks: PolyChain([a, bend, b]) (line 2 of your function"
    assert sentence in printed(capsys)


def test_the_hidden_pair_is_the_same_after_an_attempt_that_spoils_its_copy(capsys):
    before = [arg.clone() for arg in hidden_pair()[1:3]]

    def attempt(space, a, b, dataset):
        dataset.train_x.zero_()
        a.zero_()

    check("2.4", attempt)
    assert "your function overwrites its input a " in printed(capsys)
    check("2.4", lambda space, a, b, dataset: dataset.train_y.zero_())
    sentence = "overwrites its input dataset (+= and methods ending in _ do that); build a new one instead."
    assert sentence in printed(capsys)
    assert all(torch.equal(one, other) for one, other in zip(before, hidden_pair()[1:3], strict=True))
    assert hidden_pair()[3].train_x.max() == 1


def test_the_free_task_keeps_far_from_its_bar():
    space, a, b, digits = hidden_pair()
    t = np.linspace(0, 1, 21)
    ends = evaluate(space, torch.stack([a, b]), digits, "val_accuracy")["val_accuracy"]
    line = evaluate(space, Line(a, b).at(t), digits, "val_accuracy")["val_accuracy"]
    curve = evaluate(space, connect(space, a, b, digits).at(t), digits, "val_accuracy")["val_accuracy"]
    assert ends.min() > 0.93 and line.min() < 0.6 and curve.min() > 0.92  # the bar is 0.90


# What a learner's function may do


def fails_in_line_three(a, b, t):
    zero = 0
    return a / zero + 1 // zero


def overwrites_its_input(a, b, t):
    return a.mul_(1 - t).add_(t * b)


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (lambda a, b, t: None, "for {call}: your function returned None (is the return missing?)."),
        (lambda a, b, t: "b", "for {call}: expected a tensor of shape [2], got a value of type str."),
        (lambda a, b, t: [2.0, 1.5], "for {call}: expected a tensor of shape [2], got a value of type list."),
        (
            lambda a, b, t: [2.0 * a[0], b[0]],
            "for {call}: expected a tensor of shape [2], got a value of type list (torch.stack or torch.cat makes "
            "one tensor).",
        ),
        (lambda a, b, t: (), "for {call}: expected a tensor of shape [2], got a value of type tuple."),
        (lambda a, b, t: print, "for {call}: expected a tensor of shape [2], got a function."),
        (
            lambda a, b, t: ((1 - t) * a + t * b).numpy(),
            "for {call}: expected a tensor of shape [2], got a NumPy array of shape [2].",
        ),
        (
            lambda a, b, t: ((1 - t) * a + t * b)[None],
            "for {call}: expected a tensor of shape [2], got one of shape [1, 2].",
        ),
        (
            lambda a, b, t: a * float("nan"),
            "for {call}: expected [2, 1.5], but your result contains NaN (not a number).",
        ),
        (lambda a, b, t: a > 0, "for {call}: expected a tensor of real numbers, got one of torch.bool."),
        (lambda a, b, t: a * 7, "for {call}: expected [2, 1.5], got [7, 14]."),
        (
            overwrites_its_input,
            "your function overwrites its input a (a[i] = …, += and methods ending in _ do that); build a new tensor "
            "instead.",
        ),
        (
            lambda a, b, t: a.to_sparse(),
            "your result cannot be compared with the expected one (NotImplementedError).",
        ),
        (0.5, "give the function walk itself, without calling it; got a value of type float."),
        (torch.zeros(2), "give the function walk itself, without calling it; got a tensor of shape [2]."),
    ],
)
def test_not_correct(attempt, line, capsys):
    assert check("0.1", attempt) is EXERCISES["0.1"].reference
    line = line.format(call="walk([1, 2], [5, 0], 0.25)")
    assert printed(capsys) == f"✗ 0.1 not correct: {line} {REFERENCE}"


def test_number_may_be_python_numpy_or_tensor(capsys):
    for kind in (float, np.float32, np.array, torch.tensor):
        check("1.3", lambda losses, t, kind=kind: kind(barrier(losses, t)), strict=True)
        assert printed(capsys).startswith("✓ 1.3 correct.")


def test_number_may_not_come_with_dimensions_nor_as_text():
    assert difference(np.zeros(1), 2.0) == "expected one number, got a NumPy array of shape [1]"
    assert difference(True, 2.0) == "expected one number, got a value of type bool"


def test_two_values_are_wanted():
    pair = (torch.ones(2), torch.zeros(2))
    assert difference(list(pair), pair) is None
    assert difference(pair[:1], pair) == "expected 2 values (return first, second), got 1 values"
    assert difference(pair[0], pair) == "expected 2 values (return first, second), got a tensor of shape [2]"
    assert difference(pair[::-1], pair) == "value 1 of 2: expected [1, 1], got [0, 0]"


def test_rounding_is_forgiven_unless_the_case_is_exact():
    one, near = torch.tensor([1.0]), torch.tensor([1.0 + 1e-6])
    assert difference(near, one) is None
    message = "the largest difference is at position [0]: expected 1, got 1.00000095"
    assert difference(near, one, exact=True) == message


def test_long_tensors_are_told_by_their_largest_difference():
    got = torch.zeros(4, 5)
    got[2, 3] = 0.5
    message = "the largest difference is at position [2, 3]: expected 0, got 0.5"
    assert difference(got, torch.zeros(4, 5)) == message


def test_own_exception_is_named_with_line_and_call(capsys):
    assert check("0.1", fails_in_line_three) is EXERCISES["0.1"].reference
    line = printed(capsys)
    assert line.startswith("! 0.1 your code raised ZeroDivisionError: ")
    assert "(line 3 of your function: `return a / zero + 1 // zero`), for walk([1, 2], [5, 0], 0.25)." in line


def test_torch_max_of_a_numpy_array_leads_to_the_hint_that_names_the_method(capsys):
    check("1.3", lambda losses, t: torch.max(losses))
    line = printed(capsys)
    assert line.startswith("! 1.3 your code raised TypeError: ") and line.endswith(f'hint("1.3") helps. {REFERENCE}')
    assert ".max()" in EXERCISES["1.3"].hints[2] and "TypeError" in EXERCISES["1.3"].hints[2]


def test_exception_inside_a_helper_names_the_helper(capsys):
    source = "def helper(a):\n    return a.nothing\n\ndef walk(a, b, t):\n    return helper(a)"
    check("0.1", run_source(source, "walk"))
    assert "raised AttributeError: 'Tensor' object has no attribute 'nothing' (line 2 of helper)" in printed(capsys)


@pytest.mark.parametrize("error", [ValueError("a\nb"), KeyError("w"), SystemExit(1), KeyboardInterrupt()])
def test_any_exception_is_caught(error, capsys):
    def walk(a, b, t):
        raise error

    check("0.1", walk)
    assert printed(capsys).startswith(f"! 0.1 your code raised {type(error).__name__}")


def test_kinds_of_not_implemented_error_other_than_the_stub_are_errors(capsys):
    class NoKeyboard(NotImplementedError):
        pass

    def walk(a, b, t):
        raise NoKeyboard("input() does not work here")

    check("0.1", walk)
    assert printed(capsys).startswith("! 0.1 your code raised NoKeyboard: input() does not work here")


def test_not_implemented_error_with_a_text_is_an_error(capsys):
    def walk(a, b, t):
        raise NotImplementedError("not for this dtype.")

    check("0.1", walk)
    line = printed(capsys)
    assert line.startswith("! 0.1 your code raised NotImplementedError: not for this dtype (line 2 of your function")


@pytest.mark.parametrize("stub", [NotImplementedError, NotImplementedError(), NotImplementedError("")])
def test_not_implemented_error_without_a_text_is_the_stub(stub, capsys):
    def walk(a, b, t):
        raise stub

    check("0.1", walk)
    assert printed(capsys).startswith("· 0.1 not attempted yet.")


@pytest.mark.parametrize(
    ("attempt", "error", "advice"),
    [
        (
            lambda a, bend, b, t: (1 - t) ^ 2 * a + t ^ 2 * b,
            "NotImplementedError: ",
            "In Python a power is written **.",
        ),
        (lambda a, bend, b, t: ((1 - t) ^ 2) * a, "TypeError: unsupported", "In Python a power is written **."),
        (lambda a, bend, b, t: (1 - t) ^ (2 * a), "NotImplementedError: ", "In Python a power is written **."),
        (
            lambda a, bend, b, t: ((1 - torch.as_tensor(t)) ^ 2) * a,
            "NotImplementedError: ",
            "In Python a power is written **.",
        ),
        (
            lambda a, bend, b, t: 2 * t(1 - t) * bend,
            "TypeError: 'float' object is not callable",
            "In Python a product needs its *, also before a bracket.",
        ),
    ],
)
def test_an_operator_of_another_meaning_is_named(attempt, error, advice, capsys):
    check("2.1", attempt)
    line = printed(capsys)
    assert line.startswith(f"! 2.1 your code raised {error}") and f", 0.25). {advice} hint(" in line


def test_wrong_number_of_arguments_and_a_long_message_stay_readable(capsys):
    check("0.1", lambda a: a)
    assert "raised TypeError:" in printed(capsys)

    def walk(a, b, t):
        raise ValueError("x" * 1000)

    check("0.1", walk)
    line = printed(capsys)
    assert "x" * 200 + "…" in line and "x" * 201 not in line


def test_learner_may_print(capsys):
    def walk(a, b, t):
        print("here")
        return (1 - t) * a + t * b

    assert check("0.1", walk) is walk
    lines = unwrapped(capsys).splitlines()
    assert lines[0] == "here" and lines[-1].startswith("✓ 0.1 correct.")


def test_inputs_of_the_cases_survive_an_attempt_that_overwrites_them(capsys):
    before = [arg.clone() for arg in EXERCISES["0.1"].cases[0].args[:2]]
    check("0.1", overwrites_its_input)
    assert all(torch.equal(x, y) for x, y in zip(before, EXERCISES["0.1"].cases[0].args[:2], strict=True))


def test_gradients_work_inside_an_attempt(capsys):
    def walk(a, b, t):
        t = torch.tensor(t, requires_grad=True)
        ((1 - t) * (1 - t) * (a + 0) / 2).sum().backward()
        return ((1 - t) * a + t * b).detach() + 0 * t.grad

    check("0.1", walk, strict=True)


# The reference standing in


STANDS_IN = (
    "· {id} this is the reference, which stands in for your function. Run the cell that defines {name} again, "
    "then this one."
)


@every_exercise
def test_running_a_failed_check_again_does_not_certify_the_reference(exercise, capsys):
    function = check(exercise.id, exercise.wrong[0].function)
    capsys.readouterr()
    for _ in range(2):
        function = check(exercise.id, function)
        assert function is exercise.reference
        assert printed(capsys) == STANDS_IN.format(id=exercise.id, name=exercise.name)
        assert calls._passed == {exercise.id: False}
    check(exercise.id, own(exercise.id))
    assert calls._passed == {exercise.id: True}


def test_the_reference_leaves_what_was_recorded():
    check("1.1", flatten)
    assert calls._passed == {"1.1": False}
    check("1.1", own("1.1"))
    check("1.1", flatten)
    assert calls._passed == {"1.1": True}


def test_the_reference_does_not_pass_in_strict_mode():
    check("1.1", own("1.1"))
    message = STANDS_IN.format(id="1.1", name="flatten")
    with pytest.raises(AssertionError, match=f"^{re.escape(message)}$"):
        check("1.1", flatten, strict=True)
    assert calls._passed == {"1.1": True}


# Loops that never end


def spins(*args):
    while True:
        pass


def spins_and_swallows(*args):
    while True:
        try:
            sum(range(100))
        except Exception:
            pass


@every_exercise
@pytest.mark.parametrize("attempt", [spins, spins_and_swallows])
def test_hanging_attempt_is_stopped_and_leaves_no_thread(exercise, attempt, capsys):
    threads = set(threading.enumerate())
    assert check(exercise.id, attempt, seconds=0.1) is exercise.reference
    expected = f"! {exercise.id} timed out after 0.1 s: is there a loop that never ends?"
    advice = "".join(f" {sentence}" for pattern, sentence in exercise.errors.items() if "timed out" in pattern)
    assert printed(capsys) == f'{expected}{advice} hint("{exercise.id}") helps. {REFERENCE}'
    assert set(threading.enumerate()) <= threads


def test_check_returns_even_from_a_call_that_cannot_be_interrupted(capsys):
    released = threading.Event()
    check("0.1", lambda a, b, t: (time.sleep(2), released.set()), seconds=0.1)
    assert printed(capsys).startswith("! 0.1 timed out after 0.1 s")
    assert not released.is_set()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to press stop from within a test")
def test_stop_button_ends_the_attempt_too():
    ended = threading.Event()

    def walk(a, b, t):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            while True:
                pass
        finally:
            ended.set()

    with pytest.raises(KeyboardInterrupt):
        check("0.1", walk, seconds=60)
    assert ended.wait(1)


def test_the_limit_is_five_seconds_unless_there_is_much_to_train():
    assert check.__kwdefaults__["seconds"] is None
    limits = {exercise.id: exercise.seconds for exercise in EXERCISES.values() if exercise.seconds != 5}
    assert limits["2.4"] == 60 and min(limits.values()) > 5


@pytest.mark.parametrize(("given", "limit"), [(None, 60), (0.5, 0.5)])
def test_the_limit_is_the_exercise_s_own_unless_given(given, limit, monkeypatch):
    asked = []
    monkeypatch.setattr("toolkit.exercises.judge.timelimit.run", lambda work, seconds: asked.append(seconds))
    check("2.4", own("2.4"), seconds=given)
    assert asked == [limit]


# Strict mode, unknown ids


@pytest.mark.parametrize("by_environment", [False, True])
def test_strict_mode_raises_the_same_sentence(by_environment, monkeypatch, capsys):
    def swapped(a, b, t):
        return t * a + (1 - t) * b

    check("0.1", swapped)
    line = printed(capsys)
    if by_environment:
        monkeypatch.setenv("TOOLKIT_STRICT", "1")
    with pytest.raises(AssertionError, match=f"^{re.escape(line)}$"):
        check("0.1", swapped, strict=not by_environment)
    with pytest.raises(AssertionError, match="^✗ 0.q1 a is not correct. One weight is one coordinate."):
        quiz("0.q1", "a", strict=not by_environment)


@pytest.mark.parametrize("unknown", ["9.9", "1.q1", 1.2, ["1.2"]])
@pytest.mark.parametrize("call", [hint, solution, card])
def test_unknown_exercise_lists_the_known_ones(call, unknown):
    message = f"id must be one of {', '.join(map(repr, EXERCISES))}, got {unknown!r}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call(unknown)


def test_unknown_ids_of_the_other_calls():
    with pytest.raises(ValueError, match=r"^id must be one of '0.1', .*'1.q4', .* got '9.9'\.$"):
        check("9.9", spins)
    with pytest.raises(ValueError, match=r"^id must be one of '0.q1', .*'1.q4', .* got '1.1'\.$"):
        quiz("1.1", "a")
    with pytest.raises(ValueError, match=r"^id must be one of '1.0', '1.p2', .*, got '1.1'\.$"):
        predict("1.1", 3)
    with pytest.raises(ValueError, match=r"^lesson must be one of '0', '1', '2', .*got 'x'\.$"):
        tally("x")


# Hints, solution, card


@every_exercise
def test_hints_come_in_steps_then_the_skeleton_then_the_end(exercise, capsys):
    steps = len(exercise.hints) + 1
    for number, text in enumerate(exercise.hints, start=1):
        hint(exercise.id)
        assert printed(capsys) == f"Hint {number} of {steps} for {exercise.id}: {text}"
    hint(exercise.id)
    expected = f"Hint {steps} of {steps} for {exercise.id}: fill the gaps.\n\n{exercise.skeleton}\n"
    assert capsys.readouterr().out == expected
    for _ in range(2):
        hint(exercise.id)
        end = f'That was the last hint for {exercise.id}. solution("{exercise.id}") shows one way to write it.'
        assert printed(capsys) == end


@every_exercise
def test_solution_prints_its_text(exercise, capsys):
    solution(exercise.id)
    assert capsys.readouterr().out == exercise.solution + "\n"


def test_card():
    expected = "**Exercise 1.3 · Barrier** — difficulty 2 of 5 · 10 min · proves objective 3"
    assert card("1.3") == expected


# Quiz


@every_question
def test_every_option_has_its_reason_and_one_is_right(question, capsys):
    assert list(question.options) == list("abcd")[: len(question.options)] and len(question.options) >= 3
    assert question.options.keys() == question.feedback.keys()
    assert len(set(question.feedback.values())) == len(question.feedback)
    for letter, reason in question.feedback.items():
        check(question.id, letter)
        right = letter == question.answer
        mark, word = ("✓", "is correct") if right else ("✗", "is not correct")
        assert printed(capsys) == f"{mark} {question.id} {letter} {word}. {reason}"


@pytest.mark.parametrize(
    "question", [QUESTIONS[id] for id in QUESTIONS if id[0] in "23"], ids=lambda question: question.id
)
def test_length_does_not_give_the_right_option_away(question):
    lengths = {letter: len(option) for letter, option in question.options.items()}
    assert max(lengths.values()) < 1.5 * min(lengths.values())
    assert lengths[question.answer] < 1.15 * sorted(lengths.values())[-2]


@every_question
def test_quiz_prints_question_options_and_outcome(question, capsys):
    assert quiz(question.id) is None
    lines = unwrapped(capsys).splitlines()
    assert lines[0] == f"Question {question.id}. {question.text}"
    assert lines[1:-1] == [f"  {letter}) {option}" for letter, option in question.options.items()]
    assert lines[-1] == f"· {question.id} not answered yet. Give one letter of {', '.join(question.options)}."


@pytest.mark.parametrize("written", ["c", "C", " c ", "c)", "c."])
def test_letters_are_read_kindly(written, capsys):
    check("0.q1", written)
    assert printed(capsys).startswith("✓ 0.q1 c is correct.")


@pytest.mark.parametrize(("written", "came"), [("z", "'z'"), ("", "''"), (3, "a value of type int")])
def test_no_option_is_no_answer(written, came, capsys):
    check("0.q1", written)
    assert printed(capsys) == f"· 0.q1 not answered yet. Give one letter of a, b, c, d; got {came}."


# Predictions


def test_prediction_is_noted_and_returned(capsys):
    assert predict("1.0", 60) == 60.0
    assert printed(capsys) == "Noted: you expect 60 %. We come back to it below."
    assert predict("1.p2", 2.5) == 2.5
    assert printed(capsys) == "Noted: you expect 2.5 epochs. We come back to it below."


def test_prediction_of_a_fraction_is_asked_back(capsys):
    assert predict("1.0", 0.6) == 0.6
    expected = "Noted: you expect 0.6 %. (If you mean 60 %, write 60.) We come back to it below."
    assert printed(capsys) == expected


@pytest.mark.parametrize("nothing", [None, ...])
def test_no_prediction_yet(nothing, capsys):
    assert predict("1.p2", nothing) is None
    text = "the number of epochs of shared training after which two siblings stay connected"
    assert printed(capsys) == f"No guess yet: write a number from 0 to 20 for {text}."


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (101, "101"),
        (-1, "-1"),
        (float("nan"), "nan"),
        ("60", "a value of type str; write 60 without quotation marks"),
        (" 7.5 ", "a value of type str; write 7.5 without quotation marks"),
        ("101", "a value of type str"),
        ("nan", "a value of type str"),
        ("sixty", "a value of type str"),
        (True, "a value of type bool"),
    ],
)
def test_prediction_outside_its_range_is_not_noted(value, came, capsys):
    assert predict("1.0", value) is None
    assert printed(capsys) == f"No guess noted: it must be a number from 0 to 100 %, got {came}."


# Tally


def test_tally_counts_own_work(capsys):
    tally()
    assert printed(capsys) == "Nothing checked yet in this kernel."
    for id in ("1.1", "1.2", "1.4"):
        check(id, own(id))
    check("1.3", None)
    check("1.q1", "b")
    check("1.q2", "a")
    capsys.readouterr()
    for lesson in ("1", None):
        tally(lesson)
        assert printed(capsys) == "3 of 4 exercises are your own; 1.3 used the reference. Quiz: 1 of 4 right."


def test_tally_of_the_last_attempt_and_of_nothing(capsys):
    check("1.1", own("1.1"))
    check("1.1", None)
    capsys.readouterr()
    tally("1")
    line = printed(capsys)
    assert line.startswith("0 of 4 exercises are your own; 1.1 used the reference; 1.2, 1.3, 1.4 not checked yet.")
    assert line.endswith(" Quiz: 0 of 4 right.")
    check("0.1", None)
    capsys.readouterr()
    tally("0")
    assert printed(capsys) == "0 of 1 exercise is your own; 0.1 used the reference. Quiz: 0 of 1 right."
    check("0.1", own("0.1"))
    capsys.readouterr()
    tally("0")
    assert printed(capsys) == "1 of 1 exercise is your own. Quiz: 0 of 1 right."
