"""Lesson 03's exercises: references against independent knowledge, other right and wrong answers, skeletons."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from exercises import outcome, random, right_when_filled, told_apart

from toolkit import data, evidence, match, models
from toolkit.exercises import check
from toolkit.exercises.catalogue import EXERCISES, PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson03_align import _COPY, _HOME, _PLANTED, _STRANGERS, align
from toolkit.exercises.lesson03_correlation import correlation
from toolkit.exercises.lesson03_lists import Tensors
from toolkit.exercises.lesson03_partners import partners
from toolkit.exercises.lesson03_renumber import renumber
from toolkit.exercises.lesson03_swaps import swaps_needed
from toolkit.space import WeightSpace
from toolkit.symmetry import trace

pytestmark = pytest.mark.usefixtures("fresh_memory")


# The references against independent knowledge


def test_renumber_is_what_the_toolkit_does_and_keeps_the_function():
    space, x = WeightSpace(models.mlp(6, 5, 4, batchnorm=True)), random(40, 6)
    theta = space.init(0) + 0.3 * random(space.size, seed=1)
    stats = space.refresh(theta, x)
    symmetry, p = trace(space, x[:4]), torch.tensor([3, 0, 4, 1, 2])
    new = renumber(space.unflatten(theta) | stats, p)

    theirs = space.unflatten(symmetry.apply(theta, {"fc1": p})) | symmetry.apply_statistics(stats, {"fc1": p})
    assert new.keys() == theirs.keys()
    assert all(torch.equal(new[name], theirs[name]) for name in new)

    twin = space.flatten({name: new[name] for name in space.unflatten(theta)})
    assert not torch.equal(twin, theta)
    statistics = {name: new[name] for name in stats}
    torch.testing.assert_close(space.logits(twin, x, statistics), space.logits(theta, x, stats))


def test_renumbering_twice_composes_and_argsort_undoes():
    weights, p, q = EXERCISES["3.1"].cases[1].args[0], torch.tensor([2, 0, 3, 1]), torch.tensor([1, 2, 3, 0])
    twice, at_once = renumber(renumber(weights, p), q), renumber(weights, p[q])
    assert all(torch.equal(twice[name], at_once[name]) for name in weights)
    back = renumber(renumber(weights, p), p.argsort())
    assert all(torch.equal(back[name], weights[name]) for name in weights)


def test_correlation_is_that_of_numpy():
    batches = [(random(m, 4, seed=m), random(m, 4, seed=m + 100) + 3) for m in (7, 2, 12)]
    u, v = (np.concatenate([part.numpy() for part in side]) for side in zip(*batches, strict=True))
    expected = np.corrcoef(u.T, v.T)[:4, 4:]
    np.testing.assert_allclose(correlation(batches).numpy(), expected, atol=1e-5)


def test_correlation_is_the_score_of_the_toolkit_with_dead_units_at_zero():
    digits, space = data.load("digits"), WeightSpace(models.mlp(64, 8, 10))
    a, b = space.init(0), space.init(1)
    space.unflatten(a)["fc1.bias"][2] = space.unflatten(b)["fc1.bias"][5] = -1e3
    x = digits.train_x[:300]
    found = match.by_activations(trace(space, x[:4]), a, b, x)
    layers = [space.unflatten(theta) for theta in (a, b)]
    batches = [
        tuple((part.flatten(1) @ w["fc1.weight"].T + w["fc1.bias"]).relu() for w in layers) for part in x.split(128)
    ]
    mine = correlation(batches)
    torch.testing.assert_close(mine, found.score["fc1"].double(), atol=1e-4, rtol=0)
    assert not mine[2].any() and not mine[:, 5].any()
    assert torch.equal(partners(found.score["fc1"]), found.perms["fc1"].cpu())


def test_partners_are_the_best_of_all_permutations():
    for seed in range(5):
        score = random(6, 6, seed=seed)
        totals = {p: sum(score[i, j].item() for i, j in enumerate(p)) for p in itertools.permutations(range(6))}
        assert tuple(partners(score).tolist()) == max(totals, key=totals.get)


def test_swaps_needed_is_the_shortest_way_among_all_swaps():
    start, ways = tuple(range(5)), {tuple(range(5)): 0}
    front = [start]
    for order in front:
        for i, k in itertools.combinations(range(5), 2):
            new = list(order)
            new[i], new[k] = new[k], new[i]
            if tuple(new) not in ways:
                ways[tuple(new)] = ways[order] + 1
                front.append(tuple(new))
    assert len(ways) == math.factorial(5)
    assert all(swaps_needed(torch.tensor(order)) == number for order, number in ways.items())


def test_swaps_needed_is_the_number_of_steps_of_the_slider():
    space = WeightSpace(models.mlp(3, 12, 9, 2))
    symmetry = trace(space, random(2, 3))
    perms = symmetry.random(seed=3)
    assert sum(map(swaps_needed, perms.values())) == len(symmetry.steps(perms))


def test_align_agrees_with_matching_by_weights():
    space = WeightSpace(
        torch.nn.Sequential(
            torch.nn.Linear(12, 8, bias=False),
            torch.nn.ReLU(),
            torch.nn.Linear(8, 6, bias=False),
            torch.nn.ReLU(),
            torch.nn.Linear(6, 10, bias=False),
        )
    )
    a, b = (torch.cat([weight.flatten() for weight in weights]) for weights in (_PLANTED, _COPY))
    found = match.by_weights(trace(space, random(2, 12)), a, b).perms
    mine = align(_PLANTED, _COPY)
    assert all(map(torch.equal, mine, _HOME)) and [p.tolist() for p in mine] == [p.tolist() for p in found.values()]


# Every mistake can be told from every other


@pytest.mark.parametrize("id", ["3.1", "3.2", "3.3", "3.4", "3.5"])
def test_mistakes_that_share_their_first_failing_case_give_different_results(id):
    told_apart(id)


# Other answers to 3.1 to 3.4


def without_bias(weights, p):
    new = renumber(weights, p)
    del new["fc2.bias"]
    return new


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (lambda weights, p: None, "your function returned None (is the return missing?)."),
        (
            lambda weights, p: list(renumber(weights, p).values()),
            "expected a dict of 8 tensors, got a value of type list.",
        ),
        (without_bias, "with p = [1, 2, 0], your network has no fc2.bias."),
        (
            lambda weights, p: renumber(weights, p) | {"fc1.bias": [11.0, 12.0, 10.0]},
            "with p = [1, 2, 0], fc1.bias: expected a tensor of shape [3], got a value of type list.",
        ),
        (
            lambda weights, p: renumber(weights, p) | {"fc2.weight": weights["fc2.weight"][:, p][:2]},
            "with p = [1, 2, 0], fc2.weight: expected a tensor of shape [3, 3], got one of shape [2, 3].",
        ),
    ],
)
def test_renumber_in_other_wrong_ways(attempt, line, capsys):
    assert outcome("3.1", attempt, capsys).startswith(f"✗ 3.1 not correct: for renumber(weights, p): {line}")


def test_what_fails_only_off_the_square_is_told_too(capsys):
    def attempt(weights, p):
        new = renumber(weights, p)
        return new if len(weights["fc2.bias"]) == len(p) else new | {"fc2.weight": weights["fc2.weight"]}

    line = outcome("3.1", attempt, capsys)
    assert "you renumber the hidden layer and forget who listens to it." in line
    assert "with p = [2, 0, 3, 1], fc2.weight: the largest difference is at position " in line


def test_a_network_that_is_overwritten_is_told(capsys):
    def attempt(weights, p):
        weights["fc1.bias"] = weights["fc1.bias"][p]
        return renumber(weights, p)

    how = "(weights[name] = …, += and methods ending in _ do that); build a new dict instead."
    assert f"your function overwrites its input weights {how}" in outcome("3.1", attempt, capsys)


def streaming(batches):
    n = u_sum = v_sum = uu = vv = uv = 0
    for u, v in batches:
        u, v = u.double(), v.double()
        n, u_sum, v_sum = n + len(u), u_sum + u.sum(0), v_sum + v.sum(0)
        uu, vv, uv = uu + (u**2).sum(0), vv + (v**2).sum(0), uv + u.T @ v
    spread = [(square / n - (total / n) ** 2).clamp(min=0).sqrt() for total, square in ((u_sum, uu), (v_sum, vv))]
    scale = spread[0][:, None] * spread[1]
    return torch.where(scale > 1e-6, (uv / n - torch.outer(u_sum, v_sum) / n**2) / scale, 0)


def all_in_memory(batches):
    u, v = (torch.cat(side) for side in zip(*batches, strict=True))
    u, v = u - u.mean(0), v - v.mean(0)
    return (u.T @ v / (u.norm(dim=0)[:, None] * v.norm(dim=0))).nan_to_num()


def by_corrcoef(batches):
    u, v = (torch.cat(side) for side in zip(*batches, strict=True))
    return torch.corrcoef(torch.cat([u, v], dim=1).T)[: u.shape[1], u.shape[1] :].nan_to_num()


def with_a_small_number_below(batches):
    u, v = (torch.cat(side) for side in zip(*batches, strict=True))
    u, v = ((side - side.mean(0)) / (side.std(0, correction=0) + 1e-6) for side in (u, v))
    return u.T @ v / len(u)


@pytest.mark.parametrize("attempt", [streaming, all_in_memory, by_corrcoef, with_a_small_number_below])
def test_correlation_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("3.2", attempt, capsys).startswith("✓ 3.2 correct.")


def test_call_of_correlation_is_readable_and_its_input_is_watched(capsys):
    line = outcome("3.2", lambda batches: torch.zeros(2, 2), capsys)
    shapes = (
        "[(a tensor of shape [9, 3], a tensor of shape [9, 3]), (a tensor of shape [5, 3], a tensor of shape [5, 3])]"
    )
    expected = "expected a tensor of shape [3, 3], got one of shape [2, 2]."
    assert line.startswith(f"✗ 3.2 not correct: for correlation({shapes}): {expected}")

    def attempt(batches):
        u, v = batches[0]
        u -= u.mean(0)
        return correlation(batches)

    assert "your function overwrites its input batches" in outcome("3.2", attempt, capsys)
    assert "your function overwrites its input batches" in outcome(
        "3.2", lambda batches: correlation([batches.pop(0), *batches]), capsys
    )


@pytest.mark.parametrize(
    ("fill", "ending"),
    [
        (float("nan"), "unit 1 of A is always 0, unit 2 of B always 2; NaN stands there."),
        (0.5, "got "),
    ],
)
def test_a_wrong_value_beside_live_units_is_no_matter_of_dead_ones(fill, ending, capsys):
    def attempt(batches):
        right = correlation(batches)
        return torch.where(right == 0, fill, right * (1 if right.all() else 0.5))

    line = outcome("3.2", attempt, capsys)
    assert line.startswith("✗ 3.2 not correct: for correlation(batches): ") and ending in line


def test_a_result_that_is_no_tensor_beside_dead_units_is_told(capsys):
    def attempt(batches):
        right = correlation(batches)
        return right if right.all() else right.tolist()

    expected = "expected a tensor of shape [3, 3], got a value of type list"
    assert f"for correlation(batches): {expected}." in outcome("3.2", attempt, capsys)


def test_partners_come_as_a_tensor_and_trying_all_orders_is_stopped(capsys):
    def untold(score):
        from scipy.optimize import linear_sum_assignment

        return linear_sum_assignment(score, maximize=True)[1]

    line = outcome("3.3", untold, capsys)
    assert "expected a tensor of shape [4], got a NumPy array of shape [4]" in line

    def brute_force(score):
        orders = itertools.permutations(range(len(score)))
        best = max(orders, key=lambda p: sum(score[i, j].item() for i, j in enumerate(p)))
        return torch.tensor(best)

    check("3.3", brute_force, seconds=0.5)
    assert capsys.readouterr().out.startswith("! 3.3 timed out after 0.5 s")


def test_swaps_may_be_counted_by_swapping(capsys):
    def attempt(p):
        p, swaps = p.tolist(), 0
        for i in range(len(p)):
            while p[i] != i:
                k = p[i]
                p[i], p[k] = p[k], p[i]
                swaps += 1
        return swaps

    assert outcome("3.4", attempt, capsys).startswith("✓ 3.4 correct.")


VIEWS = "If you swap entries of p: p[i], p[j] = p[j], p[i] goes wrong on a tensor, whose entries are views."


def test_a_loop_that_swaps_entries_of_a_tensor_is_stopped_and_told_why(capsys):
    def attempt(p):
        p, swaps = p.clone(), 0
        for i in range(len(p)):
            while p[i] != i:
                j = int(p[i])
                p[i], p[j] = p[j], p[i]
                swaps += 1
        return swaps

    check("3.4", attempt, seconds=0.5)
    line = re.sub(r"\n +", " ", capsys.readouterr().out)
    assert line.startswith(f"! 3.4 timed out after 0.5 s: is there a loop that never ends? {VIEWS} ")


@pytest.mark.parametrize(
    "find",
    [
        lambda p, i: int((p == i).nonzero()[0]),
        lambda p, i: (p == i).nonzero().item(),
        lambda p, i: p.tolist().index(i),
    ],
)
def test_a_unit_lost_in_a_swap_of_views_is_told(find, capsys):
    def attempt(p):
        p, swaps = p.clone(), 0
        for i in range(len(p)):
            if p[i] != i:
                j = find(p, i)
                p[i], p[j] = p[j], p[i]
                swaps += 1
        return swaps

    line = outcome("3.4", attempt, capsys)
    assert line.startswith("! 3.4 your code raised ") and VIEWS in line


# Other answers to 3.5


def second_layer_first(a, b):
    p1 = torch.arange(len(b[0]))
    for _ in range(50):
        p2 = partners(a[1] @ b[1][:, p1].T + a[2].T @ b[2])
        p1 = partners(a[0] @ b[0].T + a[1].T @ b[1][p2])
    return p1.int(), p2.int()


def best_of_many_starts(a, b):
    def from_start(seed):
        p2 = torch.randperm(len(b[1]), generator=torch.Generator().manual_seed(seed))
        for _ in range(20):
            p1 = partners(a[0] @ b[0].T + a[1].T @ b[1][p2])
            p2 = partners(a[1] @ b[1][:, p1].T + a[2].T @ b[2])
        return total(a, b, p1, p2), [p1, p2]

    return max(map(from_start, range(20)), key=lambda found: found[0])[1]


def total(a, b, p1, p2):
    return float((a[0] * b[0][p1]).sum() + (a[1] * b[1][p2][:, p1]).sum() + (a[2] * b[2][:, p2]).sum())


def renumbers_as_it_goes(a, b, compose):
    (w1, w2, w3), p1, p2 = b, torch.arange(len(b[0])), torch.arange(len(b[1]))
    for _ in range(20):
        step = partners(a[0] @ w1.T + a[1].T @ w2)
        w1, w2, p1 = w1[step], w2[:, step], compose(p1, step)
        step = partners(a[1] @ w2.T + a[2].T @ w3)
        w2, w3, p2 = w2[step], w3[:, step], compose(p2, step)
    return [p1, p2]


def composed(a, b):
    return renumbers_as_it_goes(a, b, lambda p, step: p[step])


def both_at_once(a, b, sweeps):
    p1, p2 = torch.arange(len(b[0])), torch.arange(len(b[1]))
    for _ in range(sweeps):
        p1, p2 = (
            partners(a[0] @ b[0].T + a[1].T @ b[1][p2]),
            partners(a[1] @ b[1][:, p1].T + a[2].T @ b[2]),
        )
    return [p1, p2]


def inverse_of_the_neighbour(a, b, first, second):
    p2 = torch.arange(len(b[1]))
    for _ in range(100):
        p1 = partners(a[0] @ b[0].T + a[1].T @ b[1][p2.argsort() if first else p2])
        p2 = partners(a[1] @ b[1][:, p1.argsort() if second else p1].T + a[2].T @ b[2])
    return [p1, p2]


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda a, b: renumbers_as_it_goes(a, b, lambda p, step: step), "return only the last step"),
        (lambda a, b: renumbers_as_it_goes(a, b, lambda p, step: step[p]), "the steps together the wrong way round"),
        (lambda a, b: both_at_once(a, b, 1), "as if the other one were never renumbered"),
        (lambda a, b: both_at_once(a, b, 10), "chase each other for ever"),
        (lambda a, b: both_at_once(a, b, 11), "they go round in a circle"),
        (lambda a, b: inverse_of_the_neighbour(a, b, True, True), "as b will be: b[1][p2] and b[1][:, p1]"),
        (lambda a, b: inverse_of_the_neighbour(a, b, False, True), "as b will be: b[1][p2] and b[1][:, p1]"),
        (lambda a, b: inverse_of_the_neighbour(a, b, True, False), "as b will be: b[1][p2]. "),
    ],
)
def test_align_by_hand_with_a_mistake_is_recognised(attempt, words, capsys):
    line = outcome("3.5", attempt, capsys)
    assert line.startswith("✗ 3.5 not correct: you ") and words in line


@pytest.mark.parametrize("attempt", [second_layer_first, best_of_many_starts, composed])
def test_align_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("3.5", attempt, capsys).startswith("✓ 3.5 correct.")


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (torch.zeros(2, 8), "expected [p1, p2], a list of two index vectors, got a tensor of shape [2, 8]."),
        ([torch.arange(8)], "expected [p1, p2], a list of two index vectors, got 1 values."),
        (
            [torch.zeros(8, dtype=torch.long), torch.arange(6)],
            "p1 must be a tensor that holds each of 0 to 7 once, got [0, 0, 0, 0, 0, 0, 0, 0].",
        ),
        (
            [torch.arange(8), torch.arange(6.0)],
            "p2 must be a tensor that holds each of 0 to 5 once, got [0, 1, 2, 3, 4, 5].",
        ),
        (
            [torch.arange(8), torch.eye(6)],
            "p2 must be a tensor that holds each of 0 to 5 once, got a tensor of shape [6, 6].",
        ),
        (
            [np.arange(8), torch.arange(6)],
            "p1 must be a tensor that holds each of 0 to 7 once, got a NumPy array of shape [8].",
        ),
    ],
)
def test_align_must_return_two_permutations(result, line, capsys):
    assert outcome("3.5", lambda a, b: result, capsys).startswith(f"✗ 3.5 not correct: for align(a, b): {line} ")


def test_a_permutation_that_cannot_be_told_by_name_is_told_by_its_numbers(capsys):
    line = outcome("3.5", lambda a, b: [torch.arange(8).flip(0), torch.arange(6).flip(0)], capsys)
    assert re.search(r"for align\(a, b\): b is a copy of a .* bring \d of its 14 units home\.", line)

    def attempt(a, b):
        p1, p2 = align(a, b)
        return [p1, p2] if len(p1) == 8 else [p1.flip(0), p2]

    line = outcome("3.5", attempt, capsys)
    found = re.search(
        r"for align\(a, b\): the total is (\S+), and another p1, with p2 as it is, makes it (\S+)\.", line
    )
    p1, p2 = align(*_STRANGERS)
    assert found and float(found[2]) == pytest.approx(total(*_STRANGERS, p1, p2), abs=0.01)
    assert float(found[1]) == pytest.approx(total(*_STRANGERS, p1.flip(0), p2), abs=0.01)


def descend(a, b, seed):
    """Coordinate descent from a random start: where it settles, and how high that is."""
    p2 = torch.randperm(len(b[1]), generator=torch.Generator().manual_seed(seed))
    for _ in range(20):
        p1 = partners(a[0] @ b[0].T + a[1].T @ b[1][p2])
        p2 = partners(a[1] @ b[1][:, p1].T + a[2].T @ b[2])
    return total(a, b, p1, p2), [p1, p2]


def test_the_bar_is_low_enough_for_descents_from_anywhere():
    lowest = min(total(*_STRANGERS, *align(*_STRANGERS)), total(*_STRANGERS, *second_layer_first(*_STRANGERS)))
    totals = [descend(*_STRANGERS, seed)[0] for seed in range(200)]
    assert np.mean(np.array(totals) < lowest - 1e-3) < 0.02


def test_a_poor_optimum_is_told_as_such(capsys):
    a, b = _STRANGERS
    lowest = min(total(a, b, *align(a, b)), total(a, b, *second_layer_first(a, b)))
    settled = (descend(a, b, seed) for seed in range(20_000))
    low, perms = next(found for found in settled if found[0] < lowest - 1e-2)
    line = outcome("3.5", lambda a, b: align(a, b) if len(b[0]) == 8 else perms, capsys)
    told = f"no layer can do better on its own, but the total is {low:.2f}; sweeps that start at the identity"
    assert f"for align(a, b): {told} reach {lowest:.2f} at least." in line


def test_weights_that_are_overwritten_are_told(capsys):
    def attempt(a, b):
        b[0] = b[0].flip(0)
        return align(a, b)

    how = "(b[i] = …, += and methods ending in _ do that); build a new list instead."
    assert f"your function overwrites its input b {how}" in outcome("3.5", attempt, capsys)


# Skeletons, lists, quiz


@pytest.mark.parametrize(
    ("id", "gaps"),
    [
        ("3.1", ["tensor[p]", 'weights["fc2.weight"][:, p]', 'weights["fc2.bias"]']),
        (
            "3.2",
            ["both.sum(0)", "both.T @ both", "torch.outer(total, total) / number**2", "torch.outer(sd, sd)"],
        ),
        ("3.3", ["True", "columns"]),
        ("3.4", ["int(p[start])", "len(p) - cycles"]),
        ("3.5", ["b[1][p2]", "b[1][:, p1].T", "torch.equal(p2, before)"]),
    ],
)
def test_skeleton_with_its_gaps_filled_is_correct(id, gaps, capsys):
    right_when_filled(id, gaps, capsys, partners=partners)


def test_lists_of_tensors_are_compared_entry_by_entry():
    one = Tensors([torch.ones(2), (torch.zeros(2), torch.zeros(3))])
    assert one == [torch.ones(2), (torch.zeros(2), torch.zeros(3))]
    assert one != [torch.ones(2)] and one != [torch.ones(2), torch.ones(2)]
    assert one != [torch.ones(2), (torch.zeros(2), torch.ones(3))] and one != [1.0, 2.0] and one != 1.0


def test_numbers_of_the_quiz():
    digits = len(str(math.factorial(32) ** 3))
    low, high = (PREDICTIONS["3.p2"].low, PREDICTIONS["3.p2"].high)
    assert digits == 107 and low < digits < high
    assert round(trace(WeightSpace(models.mlp(64, 32, 32, 32, 10)), random(2, 64)).twins()) == 106

    first, second = math.factorial(16), math.factorial(8)
    counts = {"a": first * second, "b": first * second / 2, "c": math.factorial(24) / 2, "d": first / 2 + second}
    for letter, count in counts.items():
        power = int(math.log10(count))
        leading = round(count / 10**power)
        told = f"10^{power}" if leading == 1 else f"{leading} · 10^{power}"
        assert f" ≈ {told}: " in QUESTIONS["3.q1"].options[letter]


def test_two_copies_among_the_units_halve_the_number_of_points():
    weights = [random(3, 2), random(2, 3, seed=1)]  # hidden layers of 3 and 2 units, of which the first two are copies
    weights[0][1], weights[1][:, 1] = weights[0][0], weights[1][:, 0]
    points = {
        tuple(torch.cat([weights[0][list(p)].flatten(), weights[1][list(q)][:, list(p)].flatten()]).tolist())
        for p in itertools.permutations(range(3))
        for q in itertools.permutations(range(2))
    }
    assert len(points) == math.factorial(3) * math.factorial(2) // 2


def test_measured_numbers_of_the_quiz_are_those_of_the_evidence():
    lowest = evidence.load("03", "curves")["lowest_accuracy"]["32"]
    before, aligned = (np.round(100 * np.mean(lowest[name], axis=0)).astype(int) for name in ("unaligned", "aligned"))
    reason = QUESTIONS["3.q4"].feedback["b"]
    assert f"{before[0]} % to B as it comes and {aligned[0]} % to B aligned after 5 epochs" in reason
    assert f"{before[3]} and {aligned[3]} % after 100" in reason

    runs = evidence.load("03", "alternating")["found"]
    moved = runs["from B aligned, lr 0.05"]["units_moved"]
    assert moved.count(0) == 4 and len(moved) == 5 and "four of five pairs" in QUESTIONS["3.q5"].text
    control = runs["from B as it comes, lr 0.05"]
    least, most = min(control["units_moved"]), max(control["units_moved"])
    assert f"{least:g} to {most:g} of 96 units" in QUESTIONS["3.q5"].feedback["c"]
    assert np.mean(control["barrier_after"]) > 0.5 * np.mean(control["barrier_before"])
    assert np.mean(runs["from B as it comes, lr 2"]["barrier_after"]) < 0.1
    large = runs["from B aligned, lr 2"]
    assert np.mean(large["train_loss_after"]) < np.mean(large["train_loss_before"])
