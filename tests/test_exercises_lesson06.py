"""Lesson 06's exercises: references against independent knowledge, other right and wrong answers, skeletons, quiz."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from exercises import (
    length_tells_nothing,
    letters_tell_nothing,
    message,
    only_the_last_hint_tells,
    outcome,
    random,
    right_when_filled,
    told_apart,
)

from toolkit import WeightSpace, data, evaluate, evidence, fit, models, reconnect
from toolkit.exercises import check, predict
from toolkit.exercises.catalogue import EXERCISES, PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson06_bits import bits
from toolkit.exercises.lesson06_grey import grey_response
from toolkit.exercises.lesson06_layer import sync as sync_of_matrices
from toolkit.exercises.lesson06_layer import sync_layer
from toolkit.exercises.lesson06_period import smallest_period
from toolkit.exercises.lesson06_sync import sync

IDS = [f"6.{number}" for number in range(1, 6)]
QUIZ = [f"6.q{number}" for number in range(1, 8)]
pytestmark = pytest.mark.usefixtures("fresh_memory")


# 6.1 Each its own


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (16, 64)])
def test_sync_is_that_of_the_toolkit(shape):
    weights, start = random(*shape), random(*shape, seed=1)
    assert torch.equal(sync(weights, start), reconnect.sync(weights, start.sort(dim=1).values))
    tied = weights.round()
    assert torch.equal(sync(tied, start), reconnect.sync(tied, start.sort(dim=1).values))


def test_sync_is_the_nearest_of_all_arrangements():
    for seed in range(20):
        weights, start = random(3, 5, seed=seed), random(3, 5, seed=100 + seed)
        orders = torch.tensor(list(itertools.permutations(range(5))))
        distances = (weights[:, None] - start[:, orders]).square().sum(2)
        mine = (weights - sync(weights, start)).square().sum(1)
        torch.testing.assert_close(mine, distances.min(1).values)


def test_sync_keeps_each_row_s_values_and_the_order_of_its_weights():
    weights, start = random(6, 40), random(6, 40, seed=1)
    end = sync(weights, start)
    assert torch.equal(end.sort(1).values, start.sort(1).values)
    assert torch.equal(end.argsort(1), weights.argsort(1))
    assert torch.equal(sync(end, start), end) and torch.equal(sync(start, start), start)
    assert torch.equal(sync(3 * weights + 1, start), end)


def by_loop(weights, start):
    end = torch.empty_like(start)
    for j in range(len(weights)):
        end[j, weights[j].argsort(stable=True)] = start[j].sort().values
    return end


def by_scatter(weights, start):
    return torch.empty_like(start).scatter_(1, weights.argsort(dim=1, stable=True), start.sort(dim=1).values)


def by_python(weights, start):
    rows = []
    for w, s in zip(weights.tolist(), start.tolist(), strict=True):
        places, values, row = sorted(range(len(w)), key=w.__getitem__), sorted(s), [0.0] * len(w)
        for place, value in zip(places, values, strict=True):
            row[place] = value
        rows.append(row)
    return torch.tensor(rows)


def by_numpy(weights, start):
    ranks = np.argsort(np.argsort(weights.numpy(), axis=1, kind="stable"), axis=1)
    return torch.from_numpy(np.take_along_axis(np.sort(start.numpy(), axis=1), ranks, axis=1))


@pytest.mark.parametrize("attempt", [by_loop, by_scatter, by_python, by_numpy])
def test_sync_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("6.1", attempt, capsys).startswith("✓ 6.1 correct.")


def scattered_ranks(weights, start):
    ranks = weights.argsort(dim=1).argsort(dim=1)
    return torch.empty_like(start).scatter_(1, ranks, start.sort(dim=1).values)


def sorted_flat(weights, start):
    end = torch.empty(start.numel())
    end[weights.flatten().argsort()] = start.flatten().sort().values
    return end.view_as(start)


def both_descending(weights, start):
    order = weights.argsort(dim=1, descending=True, stable=True)
    return torch.empty_like(start).scatter_(1, order, start.sort(dim=1, descending=True).values)


def one_descending(weights, start):
    order = weights.argsort(dim=1, descending=True, stable=True)
    return torch.empty_like(start).scatter_(1, order, start.sort(dim=1).values)


def smaller_counted(weights, start):
    ranks = torch.stack([(row[None] < row[:, None]).sum(1) for row in weights])
    return start.sort(dim=1).values.gather(1, ranks)


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (scattered_ranks, "one argsort"),
        (sorted_flat, "whole layer"),
        (one_descending, "descending"),
        (both_descending, "ties from behind"),
        (smaller_counted, "ranks counted"),
        (lambda w, start: start.sort(1).values.take(w.argsort(1).argsort(1)), "values of row 0"),
        (lambda weights, start: weights.argsort(1).argsort(1).float(), "the ranks"),
        (lambda weights, start: sync(start, start), "start as it was"),
        (lambda weights, start: sync(weights, weights), "weights as they are"),
    ],
)
def test_mistakes_in_a_sync_as_learners_write_them(attempt, label, capsys):
    assert outcome("6.1", attempt, capsys).startswith(f"✗ 6.1 not correct: {message('6.1', label)} For sync(")


def test_values_off_by_rounding_are_no_values_of_the_start(capsys):
    line = outcome("6.1", lambda weights, start: sync(weights, start) * (1 + 1e-6), capsys)
    assert line.startswith("✗ 6.1 not correct: for sync(") and "the largest difference is at position" in line


def in_weights(weights, start):
    weights.copy_(sync(weights, start))
    return weights


def in_start(weights, start):
    end = sync(weights, start)
    start[:] = start.sort(dim=1).values
    return end


@pytest.mark.parametrize(("attempt", "name"), [(in_weights, "weights"), (in_start, "start")])
def test_a_tensor_of_the_caller_changed_in_place_is_named(attempt, name, capsys):
    assert f"your function overwrites its input {name} ({name}[i] = …, +=" in outcome("6.1", attempt, capsys)


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda weights, start: start.sort(dim=1).gather(1, weights.argsort(1)), "you want start.sort(dim=1).values."),
        (lambda weights, start: start.sort(1).values[weights.argsort(1)], "values[ranks] picks whole rows;"),
        (lambda weights, start: start.gather(1, weights), "gather looks up places: the index comes last and holds"),
        (lambda weights, start: start.gather(1, weights[0].argsort()), "Both must be [rows, n]: values.gather(1, r"),
    ],
)
def test_errors_of_a_sync_get_advice(attempt, advice, capsys):
    line = outcome("6.1", attempt, capsys)
    assert line.startswith("! 6.1 your code raised ") and advice in line


# 6.2 Filters


def test_filters_are_synchronised_as_in_the_toolkit():
    for shape in [(4, 3, 5, 5), (6, 8), (2, 3, 4)]:
        weights, start = random(*shape), random(*shape, seed=1)
        values = reconnect.rows(start).sort(dim=1).values
        expected = reconnect.sync(reconnect.rows(weights), values).view(shape)
        assert torch.equal(sync_layer(weights, start, sync_of_matrices), expected)
        for one, own in zip(expected, start, strict=True):
            assert torch.equal(one.flatten().sort().values, own.flatten().sort().values)


def filter_by_filter(weights, start, sync):
    pairs = zip(weights, start, strict=True)
    return torch.stack([sync(w.reshape(1, -1), s.reshape(1, -1)).reshape(w.shape) for w, s in pairs])


def by_flatten(weights, start, sync):
    return sync(weights.flatten(1), start.flatten(1)).view_as(weights)


def by_sync_of_the_last_exercise(weights, start, _):
    return sync(weights.flatten(1), start.flatten(1)).view(*weights.shape)


@pytest.mark.parametrize("attempt", [filter_by_filter, by_flatten, by_sync_of_the_last_exercise])
def test_filters_may_be_synchronised_in_other_ways(attempt, capsys):
    assert outcome("6.2", attempt, capsys).startswith("✓ 6.2 correct.")


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (lambda w, s, sync: sync(w.reshape(1, -1), s.reshape(1, -1)).view_as(w), "all filters one row"),
        (
            lambda w, s, sync: (
                sync(w.transpose(0, 1).flatten(1), s.transpose(0, 1).flatten(1))
                .view(w.shape[1], w.shape[0], *w.shape[2:])
                .transpose(0, 1)
            ),
            "rows per input channel",
        ),
        (lambda w, s, sync: sync(w.flatten(0, 1).flatten(1), s.flatten(0, 1).flatten(1)).view_as(w), "rows per kernel"),
        (
            lambda w, s, sync: sync(w.reshape(-1, len(w)).T, s.reshape(-1, len(s)).T).T.reshape(w.shape),
            "units taken for the last dimension",
        ),
        (lambda w, s, sync: sync(w.flatten(1), s.flatten(1)), "rows left as they are"),
    ],
)
def test_mistakes_with_filters_as_learners_write_them(attempt, label, capsys):
    assert outcome("6.2", attempt, capsys).startswith(f"✗ 6.2 not correct: {message('6.2', label)} For sync_layer(")


def by_four_sizes(weights, start, sync):
    out, inputs, height, width = weights.shape
    return sync(*(w.reshape(out, inputs * height * width) for w in (weights, start))).view_as(weights)


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda w, s, sync: sync(w, s), "a matrix with one row for each output unit: reshape first. hint("),
        (lambda w, s, sync: sync(w.flatten(1), s.flatten(0, 1).flatten(1)), "need the same rows: reshape both. hint("),
        (
            by_four_sizes,
            "len(weights) counts the units, and -1 leaves the rest to reshape. hint(",
        ),
    ],
)
def test_errors_with_filters_get_advice(attempt, advice, capsys):
    line = outcome("6.2", attempt, capsys)
    assert line.startswith("! 6.2 your code raised ") and advice in line


# 6.3 What an order can say


def test_bits_written_down_in_the_specification():
    for shape, row in [((256, 64), 296.0), ((128, 256), 1684.0), ((10, 128), 716.2)]:
        assert float(bits(shape)) == pytest.approx(shape[0] * row, rel=1e-4)
    layers = [(256, 64), (128, 256), (10, 128)]
    total = sum(float(bits(shape)) for shape in layers)
    assert round(total) == 298_488 == round(reconnect.bits(WeightSpace(models.mlp(64, 256, 128, 10))))
    weights = sum(math.prod(shape) for shape in layers)
    assert f"{round(total):,} bits. Its numbers take {32 * weights:,}, so" in EXERCISES["6.3"].praise
    assert f"worth {total / weights:.1f} bits a weight." in EXERCISES["6.3"].praise


def test_bits_count_the_arrangements_one_by_one():
    for out, n in [(1, 3), (2, 3), (3, 2)]:
        start = torch.arange(out * n, dtype=torch.float).view(out, n)
        seen = {tuple(sync(w.view(out, n), start).flatten().tolist()) for w in random(3000, out * n)}
        assert 2 ** float(bits((out, n))) == pytest.approx(len(seen))


def by_lgamma(shape):
    return shape[0] * torch.lgamma(torch.tensor(math.prod(shape[1:]) + 1.0)) / math.log(2)


def by_whole_numbers(shape):
    return shape[0] * math.log2(math.factorial(math.prod(shape[1:])))


def by_log2_of_sums(shape):
    out, *rest = shape
    return sum(math.log2(i) for i in range(1, math.prod(rest) + 1)) * out


@pytest.mark.parametrize("attempt", [by_lgamma, by_whole_numbers, by_log2_of_sums])
def test_bits_may_be_counted_in_other_ways(attempt, capsys):
    assert outcome("6.3", attempt, capsys).startswith("✓ 6.3 correct.")


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (lambda shape: shape[0] * torch.arange(1.0, math.prod(shape[1:]) + 1).prod().log2(), "overflow to infinity"),
        (lambda shape: shape[0] * torch.arange(1, math.prod(shape[1:]) + 1).prod().log2(), "overflow to zero"),
        (lambda shape: shape[0] * torch.arange(1.0, math.prod(shape[1:])).log2().sum(), "one factor short"),
        (lambda shape: by_lgamma(shape) * math.log(2), "natural logarithm"),
        (lambda shape: by_lgamma((1, math.prod(shape))), "whole layer"),
        (lambda shape: math.prod(shape) * math.log2(math.prod(shape[1:])), "with repetition"),
    ],
)
def test_mistakes_in_counting_as_learners_write_them(attempt, label, capsys):
    assert outcome("6.3", attempt, capsys).startswith(f"✗ 6.3 not correct: {message('6.3', label)} For bits(")


def by_two_sizes(shape):
    out, n = shape
    return out * math.log2(math.factorial(n))


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda shape: shape[0] * math.log2(float(math.factorial(math.prod(shape[1:])))), "add up logarithms in place"),
        (
            lambda shape: shape[0] * torch.tensor(float(math.factorial(math.prod(shape[1:])))).log2(),
            "add up logarithms in place",
        ),
        (lambda shape: shape[0] * math.log2(math.gamma(math.prod(shape[1:]) + 1)), "add up logarithms in place"),
        (lambda shape: shape[0] * torch.lgamma(shape[1] + 1), "torch.tensor(n + 1.0), or use math. hint("),
        (by_two_sizes, "the product of the others is n. hint("),
    ],
)
def test_errors_in_counting_get_advice(attempt, advice, capsys):
    line = outcome("6.3", attempt, capsys)
    assert line.startswith("! 6.3 your code raised ") and advice in line


# 6.4 Across the gap


def until_they_pass(v, step):
    """Move a 0 and a v towards each other, in either order, until a synchronisation makes both orders change."""
    for k in itertools.count(1):
        before = torch.tensor([[0.0, v], [v, 0.0]], dtype=torch.double)
        moved = before + k * step * torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
        if (sync(moved, before) != before).all():
            return k


def test_the_smallest_period_is_the_first_at_which_a_sync_changes_both_orders():
    assert smallest_period(1.0, 0.011) == 46  # as in the specification
    for v, step in [case.inputs() for case in EXERCISES["6.4"].cases] + [(0.08, 0.0011), (0.7, 0.03), (4.0, 0.5)]:
        assert smallest_period(v, step) == until_they_pass(v, step)


def test_cases_of_the_gap_do_not_hang_on_rounding():
    for v, step in [case.inputs() for case in EXERCISES["6.4"].cases]:
        steps = v / (2 * step)
        assert abs(steps - round(steps)) > 0.01 or (v, step) == (1.0, 0.125)


def by_moving_both(v, step):
    low, high, k = 0.0, v, 0
    while low <= high:
        low, high, k = low + step, high - step, k + 1
    return k


def by_search(v, step):
    return next(k for k in range(1, 10_000) if k * step > v / 2)


def by_torch(v, step):
    return torch.floor(torch.tensor(v / step / 2)) + 1


@pytest.mark.parametrize("attempt", [until_they_pass, by_moving_both, by_search, by_torch])
def test_the_period_may_be_found_in_other_ways(attempt, capsys):
    assert outcome("6.4", attempt, capsys).startswith("✓ 6.4 correct.")


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (lambda v, step: next(k for k in range(1, 10_000) if k * step >= v / 2), "rounded up"),
        (lambda v, step: math.ceil(v / step), "one of them stands still"),
        (lambda v, step: math.floor(v / step / 2), "rounded down"),
        (lambda v, step: math.ceil(2 * step / v), "brackets, or the other way up"),
        (lambda v, step: math.ceil(v / 2 * step), "brackets, or the other way up"),
    ],
)
def test_mistakes_at_the_gap_as_learners_write_them(attempt, label, capsys):
    assert outcome("6.4", attempt, capsys).startswith(f"✗ 6.4 not correct: {message('6.4', label)} For smallest_p")


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda v, step: next(k for k in itertools.count(1) if k < 0), "Does your loop move both of them"),
        (lambda v, step: torch.floor(v / step), "torch.floor takes a tensor, math.floor and int a number."),
    ],
)
def test_errors_at_the_gap_get_advice(attempt, advice, capsys):
    check("6.4", attempt, seconds=0.2)
    line = re.sub(r"\n +", " ", capsys.readouterr().out)
    assert line.startswith("! 6.4 ") and advice in line


# 6.5 A plain grey image


def test_no_arrangement_in_the_rows_changes_the_response_and_all_in_the_layer_stay_within_the_bounds():
    start, grey = random(2, 3).double(), 0.7
    fixed, least, greatest = grey_response(start, grey)
    image = torch.full((3,), grey, dtype=torch.double)
    for one, other in itertools.product(itertools.permutations(range(3)), repeat=2):
        torch.testing.assert_close(torch.stack([start[0, list(one)], start[1, list(other)]]) @ image, fixed)
    through = [start.flatten()[list(order)].view(2, 3) @ image for order in itertools.permutations(range(6))]
    assert float(torch.stack(through).min()) == pytest.approx(float(least))
    assert float(torch.stack(through).max()) == pytest.approx(float(greatest))


def test_training_by_reconnecting_leaves_the_response_as_it_was():
    weights = torch.nn.Parameter(random(5, 16))
    start = weights.detach().clone()
    optimizer = reconnect.LaPerm(torch.optim.Adam([weights], lr=0.1), period=3)
    images, labels = random(20, 16, seed=1), torch.arange(20) % 5
    for _ in range(9):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(images @ weights.T, labels).backward()
        optimizer.step()
    optimizer.sync()
    assert not torch.equal(weights.detach(), start)
    torch.testing.assert_close(weights.detach() @ torch.full((16,), 0.3), grey_response(start, 0.3)[0])


def by_an_image(start, grey):
    image = torch.full((start.shape[1],), grey)
    low, high = (start.flatten().topk(start.shape[1], largest=largest).values for largest in (False, True))
    return start @ image, low @ image, high @ image


def by_lists(start, grey):
    values, n = sorted(start.flatten().tolist()), start.shape[1]
    rows = torch.tensor([grey * sum(row) for row in start.tolist()])
    return [rows, grey * sum(values[:n]), grey * sum(values[-n:])]


@pytest.mark.parametrize("attempt", [by_an_image, by_lists])
def test_the_response_may_be_found_in_other_ways(attempt, capsys):
    assert outcome("6.5", attempt, capsys).startswith("✓ 6.5 correct.")


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (lambda start, grey: grey * start.sum(1), "expected 3 values (return first, second), got a tensor of shape"),
        (lambda start, grey: (start.sum(0) * grey, 0, 0), message("6.5", "columns")),
        (lambda start, grey: (start.mean(1) * grey, 0, 0), message("6.5", "mean")),
        (lambda start, grey: (start.sum() * grey, 0, 0), message("6.5", "all together")),
        (lambda start, grey: (start.sum(1) * grey, 0, 0), "value 2 of 3: expected -3, got 0."),
        (lambda start, grey: (*grey_response(start, grey)[:2], None), "value 3 of 3: your function returned None"),
        (lambda start, grey: (0.0 * start[:, 0], 0.0, 0.0), message("6.5", "nothing")),
        (lambda start, grey: (start.sum(1) * grey, start.sum(1).min() * grey, 0), message("6.5", "rows as they are")),
        (lambda start, grey: (start.sum(1), start.min(), 0), message("6.5", "grey left out in value 1")),
        (lambda start, grey: (start.sum(1).relu() * grey, 0, 0), "value 2 of 3: expected -3, got 0."),
        (lambda start, grey: 3 * [print], "value 1 of 3: expected a tensor of shape [4], got a function."),
        (lambda start, grey: None, "your function returned None (is the return missing?)."),
    ],
)
def test_what_is_said_of_a_wrong_response(attempt, told, capsys):
    line = outcome("6.5", attempt, capsys)
    assert line.startswith("✗ 6.5 not correct: ") and told in line


def test_a_mistake_seen_later_is_not_taken_for_one_that_would_have_been_seen_before(capsys):
    line = outcome("6.5", lambda start, grey: (grey * start.sum(1).relu(), *grey_response(start, grey)[1:]), capsys)
    assert message("6.5", "rectified") in line and "expected [-15, -28.5], got [0, 0]." in line


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda start, grey: (start.sum(1) * grey, start.topk(99).values, 0), "one vector: start.flatten(). hint("),
        (lambda start, grey: (start.sum(1) * grey, grey * start.min(0), 0), "places; take .values. hint("),
    ],
)
def test_errors_in_a_response_get_advice(attempt, advice, capsys):
    line = outcome("6.5", attempt, capsys)
    assert line.startswith("! 6.5 your code raised ") and advice in line


# Every mistake can be told from every other


@pytest.mark.parametrize("id", IDS)
def test_every_mistake_is_seen_and_gives_another_result_where_it_is_first_seen(id):
    told_apart(id)


@pytest.mark.parametrize("id", IDS)
def test_nearly_all_mistakes_are_seen_in_the_first_case(id):
    seen = told_apart(id)
    assert seen.count(0) >= 0.75 * len(seen)


# Skeletons, quiz, predictions


@pytest.mark.parametrize(
    ("id", "gaps"),
    [
        ("6.1", ["1", "1", "places.argsort(dim=1)"]),
        ("6.2", ["len(weights), -1", "len(start), -1", "weights.shape"]),
        ("6.3", ["torch.arange(1, n + 1).log2().sum()", "out"]),
        ("6.4", ["(2 * step)", "1"]),
        ("6.5", ["start.sum(1)", ":n", "-n:"]),
    ],
)
def test_skeleton_with_its_gaps_filled_is_correct(id, gaps, capsys):
    right_when_filled(id, gaps, capsys)


def test_only_the_last_hints_give_the_answer_away():
    for id, answer in [
        ("6.1", ".argsort(dim=1)."),
        ("6.2", "len(weights), -1"),
        ("6.3", "arange(1, n + 1)"),
        ("6.4", "round down and add 1"),
        ("6.5", "values[:n]"),
    ]:
        only_the_last_hint_tells(id, answer)


def test_every_objective_but_the_judgement_is_proved_by_an_exercise():
    assert [EXERCISES[id].objective for id in IDS] == [1, 1, 3, 4, 2]
    assert [id for id in EXERCISES if id.startswith("6.")] == IDS
    assert [id for id in QUESTIONS if id.startswith("6.")] == QUIZ
    assert [id for id in PREDICTIONS if id.startswith("6.")] == ["6.0", "6.p2", "6.p3"]


@pytest.mark.parametrize("id", QUIZ)
def test_length_does_not_give_the_right_option_away(id):
    length_tells_nothing(id)


def test_right_letters_follow_no_pattern():
    letters_tell_nothing(QUIZ)


def percent(values, digits=0):
    return f"{100 * np.mean(values):.{digits}f} %"


def test_numbers_of_the_quiz_are_those_of_the_evidence():
    found = evidence.load("06", "periods")
    by_period = {int(k): row for k, row in found["period"].items()}
    way, text = by_period[200], QUESTIONS["6.q1"].text
    before, after = percent(way["free"][28]), percent(way["synced"][28])
    assert f"just before a synchronisation the network reads {before} of" in text and f"just after it {after}." in text
    assert max(np.mean(way["free"], axis=1)) == pytest.approx(float(before[:-2]) / 100, abs=0.005)
    assert round(100 * (np.mean(way["free"][28]) - np.mean(way["synced"][28]))) == 7
    assert "costs seven points" in QUESTIONS["6.q1"].feedback["d"]

    accuracy = {k: percent(row["test"]) for k, row in by_period.items()}
    told = "{} for k = 1, {} for 5, {} for 20, {} for 200, {} for 600."
    assert told.format(*(accuracy[k] for k in (1, 5, 20, 200, 600))) in QUESTIONS["6.q2"].text

    other, stricter, fair = found["other"], QUESTIONS["6.q6"], QUESTIONS["6.q7"]
    one, layer = other["k = 20, biases stay 0"]["test"], other["k = 20, in the whole layer"]["test"]
    assert (
        f"within their neuron, {percent(one)}. " in stricter.text
        and f"whole layer, {percent(layer)}. " in stricter.text
    )
    assert round(100 * (np.mean(layer) - np.mean(one))) == 3 and "Three points" in stricter.options["d"]
    assert f"nothing but biases reads {percent(other['Adam, biases alone']['test'])}." in fair.feedback["a"]

    rates = evidence.load("06", "rates")["lr"]
    moved = {(lr, k): np.mean(row["test"]) for lr, line in rates.items() for k, row in line.items() if k != "Adam"}
    adam = max(np.mean(line["Adam"]["test"]) for line in rates.values())
    assert len(moved) == 9 and f"{percent(max(moved.values()), 1)} against {percent(adam, 1)} on" in fair.text
    starts = evidence.load("06", "scale")["start"]
    alone = starts["uniform x 1"]["lr 0.01, k = 20"]["test"]
    assert f"by itself: {percent(alone, 1)} (lr 0.01, k = 20)" in fair.feedback["a"]

    large, usual, scale = starts["uniform x 3"], starts["uniform x 1"], QUESTIONS["6.q3"]
    small_lr = [row["lr 0.001, k = 20"]["test"] for row in (large, usual)]
    assert f"reads {percent(small_lr[0])} where the usual start gives {percent(small_lr[1])}," in scale.text
    ends = [f"{100 * end(values):.0f}" for values in small_lr for end in (min, max)]
    assert "read {} to {} %, from the usual start {} to {} %.".format(*ends) in scale.feedback["c"]
    assert f"the large start reads {percent(large['lr 0.01, k = 20']['test'])} too." in scale.feedback["d"]
    assert f"may change the values: {percent(large['Adam, lr 0.001']['test'])}.)" in scale.feedback["d"]

    shared = evidence.load("06", "shared_value")["found"]["64-10"]
    assert shared["lr 0.001, k = 20"] == shared["at the start"]  # "to the last digit"
    assert (
        f"nothing but pixels reach {percent(shared['lr 0.001, k = 100']['test'])}." in QUESTIONS["6.q4"].feedback["b"]
    )


def test_an_order_reads_the_same_at_every_size_and_logits_grow_with_the_layers():
    space = WeightSpace(models.mlp(64, 32, 16, 10))
    theta, images = reconnect.start(space, seed=0), random(40, 64)
    small, large = space.logits(theta, images), space.logits(3 * theta, images)
    torch.testing.assert_close(large, 27 * small, rtol=1e-4, atol=1e-4)
    assert torch.equal(large.argmax(-1), small.argmax(-1))
    assert "multiplied by 27" in QUESTIONS["6.q3"].feedback["a"]


def test_sorted_rows_lie_on_one_curve_untrained_and_trained():
    space = WeightSpace(models.mlp(64, 256, 128, 10))
    start = reconnect.start(space, seed=0)
    settings = {"epochs": 5, "batch_size": 50, "lr": 1e-3, "optimizer": torch.optim.Adam}
    trained = fit(space, start, data.load("digits"), **settings)
    assert evaluate(space, trained, data.load("digits"), "test_accuracy")["test_accuracy"] > 0.9
    for theta in (start, trained):
        for name, weights in space.unflatten(theta).items():
            if name.endswith("weight"):
                profiles = torch.corrcoef(weights.sort(dim=1).values)
                assert profiles[~torch.eye(len(weights), dtype=torch.bool)].mean() > 0.985  # 0.99 in two digits


def test_a_gap_of_the_quiz_is_crossed_by_the_period_that_is_its_answer():
    needed = smallest_period(0.08, 0.00101)  # Adam's steps are about its learning rate
    assert 20 < needed <= 41 < 100 and "k above 40" in QUESTIONS["6.q4"].feedback["b"]
    assert QUESTIONS["6.q4"].options[QUESTIONS["6.q4"].answer].startswith("k = 100:")


def test_predictions_take_the_numbers_that_were_measured(capsys):
    ranks, shared = evidence.load("06", "ranks")["found"], evidence.load("06", "shared_value")["found"]["64-10"]
    answers = {
        "6.0": 100 * np.mean(ranks["its weights, shuffled in each row"]["test"]),
        "6.p2": 100 * np.mean(ranks["the start's values, in trained order"]["test"]),
        "6.p3": 100 * np.mean(shared["lr 0.01, k = 20"]["test"]),
    }
    assert 8 < answers["6.0"] < 13 and 70 < answers["6.p2"] < 90 and 65 < answers["6.p3"] < 85
    for id, answer in answers.items():
        assert predict(id, answer) == answer and predict(id, 101) is None
    assert capsys.readouterr().out.count("Noted: you expect") == 3
    trained = percent(ranks["trained by Adam"]["test"])
    assert f"a trained network ({trained})" in PREDICTIONS["6.0"].text
    assert f"(untrained: 10 %; trained: {trained})" in PREDICTIONS["6.p2"].text
    assert np.mean(ranks["the start"]["test"]) == pytest.approx(0.1, abs=0.02)
