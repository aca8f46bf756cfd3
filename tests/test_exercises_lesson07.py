"""Lesson 07's exercises: references against independent knowledge, other right and wrong answers, skeletons, quiz."""

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
    seeded,
    told_apart,
)

from toolkit import WeightSpace, barrier, models, sparse
from toolkit.exercises import predict
from toolkit.exercises.catalogue import EXERCISES, PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson07_honest import honest_loop
from toolkit.exercises.lesson07_masks import masks_problem
from toolkit.exercises.lesson07_probes import probes_needed
from toolkit.exercises.lesson07_prune import prune
from toolkit.exercises.lesson07_shuffle import shuffled
from toolkit.exercises.lesson07_step import masked_step
from toolkit.exercises.lesson07_train import drop_half, leaky_loop, train

IDS = [f"7.{number}" for number in range(1, 6)]
QUIZ = [f"7.q{number}" for number in range(1, 8)]
pytestmark = pytest.mark.usefixtures("fresh_memory")


SHAPES = [(32, 64), (32, 32), (32, 32), (10, 32)]


def layers(seed=0):
    return [random(*shape, seed=seed + number) for number, shape in enumerate(SHAPES)]


def full():
    return [torch.ones(shape, dtype=torch.bool) for shape in SHAPES]


# 7.1 The smallest go


def test_ten_rounds_leave_474_of_4416_nested_and_none_that_fell_larger_than_one_that_stayed():
    masks, left = full(), 4416
    for number in range(10):
        weights, before = layers(seed=10 * number), masks
        masks = prune(weights, before, 0.2)
        left -= round(0.2 * left)
        assert sum(int(mask.sum()) for mask in masks) == left
        assert all(bool((mask <= old).all()) for mask, old in zip(masks, before, strict=True))
        triples = list(zip(weights, masks, before, strict=True))
        stayed = min(float(w[mask].abs().min()) for w, mask, _ in triples)
        fell = max(float(w[old & ~mask].abs().max()) for w, mask, old in triples if (old & ~mask).any())
        assert fell <= stayed
    assert left == 474 and "474 of 4,416" in EXERCISES["7.1"].praise


def test_prune_is_that_of_the_toolkit():
    space = WeightSpace(models.mlp(64, 32, 32, 10))
    where, theta = sparse.prunable(space), space.init(0).round(decimals=2)  # with many ties
    mask = sparse.prune(random(space.size), torch.ones(space.size, dtype=torch.bool), 0.3, where)

    def matrices(flat):
        return [part for name, part in space.unflatten(flat).items() if part.dim() > 1]

    expected = matrices(sparse.prune(theta, mask, 0.2, where))
    assert all(map(torch.equal, prune(matrices(theta), matrices(mask), 0.2), expected))


def test_prune_changes_nothing_given_and_fraction_0_is_the_identity():
    weights, masks = layers(), [mask & (w > -1) for mask, w in zip(full(), layers(), strict=True)]
    copies = [mask.clone() for mask in masks]
    new = prune(weights, masks, 0.5)
    same = prune(weights, masks, 0.0)
    assert all(map(torch.equal, masks, copies)) and all(map(torch.equal, same, copies))
    for one in (*new, *same):
        one.zero_()
    assert all(map(torch.equal, masks, copies))
    single = prune(weights[:1], masks[:1], 0.0)[0]
    single.zero_()
    assert torch.equal(masks[0], copies[0])


def by_python(weights, masks, fraction):
    alive = [
        (abs(value), layer, place)
        for layer, (w, mask) in enumerate(zip(weights, masks, strict=True))
        for place, (value, lives) in enumerate(zip(w.flatten().tolist(), mask.flatten().tolist(), strict=True))
        if lives
    ]
    new = [mask.clone() for mask in masks]
    for _, layer, place in sorted(alive)[: round(fraction * len(alive))]:
        new[layer].view(-1)[place] = False
    return new


def by_infinity(weights, masks, fraction):
    sizes = torch.cat([torch.where(mask, w.abs(), torch.inf).flatten() for w, mask in zip(weights, masks, strict=True)])
    falls = torch.zeros_like(sizes, dtype=torch.bool)
    falls[sizes.argsort(stable=True)[: round(fraction * sum(int(mask.sum()) for mask in masks))]] = True
    parts = falls.split([mask.numel() for mask in masks])
    return tuple(mask & ~part.view_as(mask) for mask, part in zip(masks, parts, strict=True))


def chosen_by(choice, count=round):
    """Return a prune whose choice(sizes, number) says which places fall, the dead being infinite."""

    def attempt(weights, masks, fraction):
        flat = torch.cat([torch.where(m, w.abs(), torch.inf).flatten() for w, m in zip(weights, masks, strict=True)])
        new = torch.cat([mask.flatten() for mask in masks])
        new[choice(flat, count(fraction * int(new.sum())))] = False
        return [part.view_as(mask) for part, mask in zip(new.split([m.numel() for m in masks]), masks, strict=True)]

    return attempt


def smallest(sizes, number):
    return sizes.topk(number, largest=False).indices


by_topk = chosen_by(smallest)
unstable = chosen_by(lambda sizes, number: sizes.argsort()[:number])
from_behind = chosen_by(lambda sizes, number: len(sizes) - 1 - sizes.flip(0).argsort(stable=True)[:number])


@pytest.mark.parametrize("attempt", [by_python, by_infinity, by_topk, unstable, from_behind])
def test_prune_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("7.1", attempt, capsys).startswith("✓ 7.1 correct.")


def above(line_of, keep):
    """Return a prune that compares with a line."""

    def attempt(weights, masks, fraction):
        sizes = torch.cat([w[mask].abs() for w, mask in zip(weights, masks, strict=True)]).sort().values
        line = line_of(sizes, round(fraction * len(sizes)))
        return [mask & keep(w.abs(), line) for w, mask in zip(weights, masks, strict=True)]

    return attempt


def zeros_of_weights(weights, masks, fraction):
    pruned = [w * mask for w, mask in zip(weights, masks, strict=True)]
    flat = torch.cat([w.flatten() for w in pruned]).abs()
    alive = torch.cat([mask.flatten() for mask in masks])
    alive[flat.argsort(stable=True)[: round(fraction * int(alive.sum()))]] = False
    return [part.view_as(m) for part, m in zip(alive.split([m.numel() for m in masks]), masks, strict=True)]


@pytest.mark.parametrize("places", list(itertools.combinations([0, 2, 3, 5], 2)))
def test_of_equal_magnitudes_any_may_fall(places, capsys):
    def attempt(weights, masks, fraction):
        new = prune(weights, masks, fraction)
        if fraction == 0.4:  # the case with ties: 0.1 falls, and two of the four 0.5
            flat = torch.ones(7, dtype=torch.bool)
            flat[[1, *places]] = False
            new = [flat[:3].view(1, 3), flat[3:].view(1, 4)]
        return new

    assert outcome("7.1", attempt, capsys).startswith("✓ 7.1 correct.")


def by_quantile(keep, weights_of, alone=False):
    """Return a prune that draws its line by quantile: of all weights, or of those alive alone."""

    def attempt(weights, masks, fraction):
        seen = [weights_of(w, mask) for w, mask in zip(weights, masks, strict=True)]
        sizes = torch.cat([w[mask] if alone else w.flatten() for w, mask in zip(seen, masks, strict=True)]).abs()
        return [mask & keep(w.abs(), sizes.quantile(fraction)) for w, mask in zip(seen, masks, strict=True)]

    return attempt


def as_it_is(w, mask):
    return w


def masked(w, mask):
    return w * mask


def raw_order(weights, masks, fraction):
    alive = torch.cat([mask.flatten() for mask in masks])
    sizes = torch.cat([w.flatten() for w in weights]).abs()
    alive[sizes.argsort(stable=True)[: round(fraction * int(alive.sum()))]] = False
    return [part.view_as(m) for part, m in zip(alive.split([m.numel() for m in masks]), masks, strict=True)]


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (by_quantile(torch.gt, as_it_is), "dead ones dropped again"),
        (by_quantile(torch.gt, masked), "dead ones dropped again"),
        (raw_order, "dead ones dropped again"),
        (by_quantile(torch.gt, as_it_is, alone=True), "ties fall together"),
        (by_quantile(torch.ge, as_it_is, alone=True), "ties stay together"),
        (above(lambda sizes, k: sizes[k - 1], torch.ge), "rounded down"),
        (chosen_by(smallest, int), "rounded down"),
        (chosen_by(smallest, math.ceil), "rounded up"),
        (lambda w, m, f: [old & ~new for old, new in zip(m, prune(w, m, f), strict=True)], "largest dropped"),
        (above(lambda sizes, k: sizes[k], torch.gt), "one too many"),
        (above(lambda sizes, k: sizes[k - 1], torch.gt), "ties fall together"),
        (above(lambda sizes, k: sizes[k], torch.ge), "ties stay together"),
        (zeros_of_weights, "dead ones dropped again"),
        (lambda w, m, f: [prune([one], [mask], f)[0] for one, mask in zip(w, m, strict=True)], "layer by layer"),
        (lambda w, m, f: prune([-one.abs() + 9 for one in w], m, f), "largest dropped"),
        (lambda w, m, f: prune(w, m, 1 - f), "fraction kept"),
        (lambda w, m, f: prune([one + 9 for one in w], m, f), "signed values"),
        (lambda w, m, f: m, "old masks"),
    ],
)
def test_mistakes_in_pruning_as_learners_write_them(attempt, label, capsys):
    assert outcome("7.1", attempt, capsys).startswith(f"✗ 7.1 not correct: {message('7.1', label)} For prune(")


def in_the_callers_masks(weights, masks, fraction):
    for mask, new in zip(masks, prune(weights, masks, fraction), strict=True):
        mask &= new
    return masks


def in_a_shallow_copy(weights, masks, fraction):
    new = list(masks)
    for mask, right in zip(new, prune(weights, masks, fraction), strict=True):
        mask[~right] = False
    return new


@pytest.mark.parametrize("attempt", [in_the_callers_masks, in_a_shallow_copy])
def test_masks_of_the_caller_changed_in_place_are_named(attempt, capsys):
    assert "✗ 7.1 not correct: your function overwrites its input masks (" in outcome("7.1", attempt, capsys)


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (lambda w, m, f: None, "your function returned None (is the return missing?)."),
        (lambda w, m, f: 3, "expected a list of 2 masks, got a value of type int."),
        (lambda w, m, f: prune(w, m, f)[:1], "expected a list of 2 masks, one a layer, got 1."),
        (lambda w, m, f: [1, 2], "entry 0 of your list: expected a tensor of True and False, got a value of type int."),
        (
            lambda w, m, f: prune(w, m, f)[::-1],
            "entry 0 of your list: expected a mask of shape [2, 3], got one of shape [3, 2].",
        ),
    ],
)
def test_what_is_said_of_a_result_that_is_no_list_of_masks(attempt, told, capsys):
    line = outcome("7.1", attempt, capsys)
    assert line.startswith("✗ 7.1 not correct: ") and told in line


def test_a_large_case_is_told_by_its_counts(capsys):
    def wrong_when_large(weights, masks, fraction):
        return prune(weights, masks, fraction if len(masks) == 2 else 0.1)

    line = outcome("7.1", wrong_when_large, capsys)
    found = re.search(r"expected (\[[\d, ]+\]) alive in the layers, got (\[[\d, ]+\])\.", line)
    expected, got = (sum(map(int, re.findall(r"\d+", counts))) for counts in found.groups())
    assert (expected, got) == (4416 - 883, 4416 - 442) and "masks = 4 layers with [2048, 1024, 1024, 320]" in line


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda w, m, f: torch.cat(w), "flatten each before torch.cat. hint("),
        (lambda w, m, f: w.abs(), "are lists, one tensor a layer"),
    ],
)
def test_errors_in_pruning_get_advice(attempt, advice, capsys):
    line = outcome("7.1", attempt, capsys)
    assert line.startswith("! 7.1 your code raised ") and advice in line


# 7.2 Dead stays dead


def test_steps_are_those_of_torch_on_the_weights_alive():
    mask = random(40, seed=1) > 0
    theta, velocity = mask * random(40), torch.zeros(40)
    leaf = theta[mask].clone().requires_grad_()
    optimizer = torch.optim.SGD([leaf], lr=0.1, momentum=0.9)
    for number in range(20):
        gradient = random(40, seed=2 + number)
        theta, velocity = masked_step(theta, velocity, gradient, mask, 0.1, 0.9)
        leaf.grad = gradient[mask]
        optimizer.step()
        assert not theta[~mask].any() and not velocity[~mask].any()
        torch.testing.assert_close(theta[mask], leaf.detach())


def test_momentum_revives_what_only_the_gradient_keeps_dead():
    mask = torch.tensor([True, False])
    theta, velocity = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    wrong = next(w.function for w in EXERCISES["7.2"].wrong if w.label == "only the gradient masked")
    for step in (wrong, masked_step):
        after, _ = step(theta, velocity, torch.zeros(2), mask, 0.1, 0.9)
        assert bool(after[1]) == (step is wrong)


def cleaned_at_the_end(theta, velocity, gradient, mask, lr, momentum):
    velocity = momentum * velocity + gradient
    return (theta - lr * velocity) * mask, velocity * mask


def cleaned_at_the_start(theta, velocity, gradient, mask, lr, momentum):
    velocity = momentum * (velocity * mask) + gradient * mask
    return theta * mask - lr * velocity, velocity


def by_where(theta, velocity, gradient, mask, lr, momentum):
    velocity = torch.where(mask, momentum * velocity + gradient, 0.0)
    return [torch.where(mask, theta - lr * velocity, 0.0), velocity]


def by_index(theta, velocity, gradient, mask, lr, momentum):
    new, speed = torch.zeros_like(theta), torch.zeros_like(theta)
    speed[mask] = momentum * velocity[mask] + gradient[mask]
    new[mask] = theta[mask] - lr * speed[mask]
    return new, speed


@pytest.mark.parametrize("attempt", [cleaned_at_the_end, cleaned_at_the_start, by_where, by_index])
def test_a_masked_step_may_be_written_in_other_ways(attempt, capsys):
    assert outcome("7.2", attempt, capsys).startswith("✓ 7.2 correct.")


def masked_in_place(theta, velocity, gradient, mask, lr, momentum):
    velocity.mul_(momentum).add_(gradient).mul_(mask)
    return mask * (theta - lr * velocity), velocity


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (masked_in_place, "overwrites its input velocity ("),
        (lambda t, v, g, mask, lr, m: masked_step(t, v, mask * g, torch.ones(1), lr, m), "nothing else. A weight that"),
        (lambda t, v, g, mask, lr, m: masked_step(t, v, g, torch.ones(1), lr, m), "does not use the mask."),
        (lambda t, v, g, mask, lr, m: masked_step(t, v, g, mask, lr, 0.75), "expected"),
        (lambda t, v, g, mask, lr, m: (t * (1 - mask), v), "raised RuntimeError"),
        (lambda t, v, g, mask, lr, m: (t - lr * g[mask], v), "picks out some weights and loses the shape"),
    ],
)
def test_what_is_said_of_a_wrong_step(attempt, told, capsys):
    line = outcome("7.2", attempt, capsys)
    assert "✓" not in line and told in line


# 7.4 The control


def test_shuffles_keep_every_count_and_are_uniform():
    mask = torch.tensor([[True, True, False], [False, False, False]])
    seen = torch.zeros(2, 3)
    generator = seeded(0)
    for _ in range(3000):
        one, other = shuffled([mask, ~mask], generator)
        assert int(one.sum()) == 2 and int(other.sum()) == 4
        seen += one
    torch.testing.assert_close(seen / 3000, torch.full((2, 3), 1 / 3), atol=0.04, rtol=0)


def by_scores(masks, generator):
    new = []
    for mask in masks:
        places = torch.rand(mask.numel(), generator=generator).topk(int(mask.sum())).indices
        one = torch.zeros(mask.numel(), dtype=torch.bool)
        one[places] = True
        new.append(one.reshape(mask.shape))
    return new


def by_inverse(masks, generator):
    return tuple(m.flatten()[torch.rand(m.numel(), generator=generator).argsort()].reshape(m.shape) for m in masks)


def one_for_all_layers(masks, generator):
    generator = seeded(int(torch.randint(10**9, (), generator=generator)))
    return shuffled(masks, generator)


@pytest.mark.parametrize("attempt", [by_scores, by_inverse, one_for_all_layers])
def test_a_control_may_be_drawn_in_other_ways(attempt, capsys):
    assert outcome("7.4", attempt, capsys).startswith("✓ 7.4 correct.")


@pytest.mark.parametrize("seed", range(30))
def test_no_honest_draw_is_taken_for_a_mistake(seed, capsys):
    def attempt(masks, generator):
        return shuffled(masks, seeded(1000 * seed + int(torch.randint(1000, (), generator=generator))))

    assert outcome("7.4", attempt, capsys).startswith("✓ 7.4 correct.")


def column_by_column(mask, generator):
    return torch.stack([one[torch.randperm(len(one), generator=generator)] for one in mask.T], dim=1)


def test_masks_of_the_control_are_too_large_and_too_uneven_for_a_right_draw_to_be_refused_by_chance():
    (masks, _), chance = EXERCISES["7.4"].cases[0].inputs(), 0.0
    for mask in masks:
        counts, all = mask.sum(0).tolist(), math.comb(mask.numel(), int(mask.sum()))
        orders = math.factorial(len(counts)) // math.prod(math.factorial(counts.count(n)) for n in set(counts))
        chance += orders * math.prod(math.comb(len(mask), n) for n in counts) / all  # the old columns in any order
        chance += math.prod(math.comb(mask.shape[1], n) for n in mask.sum(1).tolist()) / all  # the old rows in order
        chance += mask.numel() / all  # rolled
    assert 2 * chance < 1e-12  # two draws a check


def only_the_first(masks, generator):
    return [*shuffled(masks[:1], generator), *masks[1:]]


def rolled_rows(masks, generator):
    return [mask.roll(int(torch.randint(1, 9, (), generator=generator)), 0) for mask in masks]


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (only_the_first, "the same masks"),
        (rolled_rows, "whole rows"),
        (lambda masks, generator: [mask.flip(0, 1) for mask in masks], "rows and columns"),
        (lambda masks, generator: [mask.roll((1, 2), (0, 1)) for mask in masks], "rows and columns"),
        (lambda masks, generator: [mask.flatten().roll(5).view_as(mask) for mask in masks], "rolled"),
        (lambda masks, generator: [column_by_column(mask, generator) for mask in masks], "within each column"),
        (lambda masks, generator: [mask.clone() for mask in masks], "the same masks"),
        (lambda masks, generator: shuffled(masks, seeded(7)), "a seed of its own"),
        (lambda masks, generator: shuffled(masks, None), "generator ignored"),
        (lambda masks, generator: [torch.rand(mask.shape) < 0.3 for mask in masks], "drawn with the same probability"),
    ],
)
def test_wrong_controls_as_learners_write_them(attempt, label, capsys):
    assert outcome("7.4", attempt, capsys).startswith(f"✗ 7.4 not correct: {message('7.4', label)} For shuffled(")


def in_place(masks, generator):
    for mask, new in zip(masks, shuffled(masks, generator), strict=True):
        mask.copy_(new)
    return masks


def test_a_control_that_overwrites_the_mask_is_named(capsys):
    assert "your function overwrites its input masks (" in outcome("7.4", in_place, capsys)


def test_a_control_of_floats_is_refused(capsys):
    line = outcome("7.4", lambda masks, generator: [m.float() for m in shuffled(masks, generator)], capsys)
    assert "entry 0 of your list: expected a tensor of True and False, got one of torch.float32." in line
    assert masks_problem((torch.ones(2, dtype=torch.bool),), [torch.ones(2, dtype=torch.bool)]) is None


# 7.5 How many probes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_probes_written_down_in_the_specification(dtype):
    assert probes_needed(torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=dtype), 0.1) == 25
    assert probes_needed(torch.diag(torch.tensor([1.0, -3.0, 2.0], dtype=dtype)), 0.001) == 1


def test_the_error_of_one_probe_over_all_signs_is_rho_squared():
    h = random(6, 6).double()
    h = h + h.T
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=6)), dtype=torch.double)
    error = (signs * (signs @ h) - h.diagonal()).square().sum(1).mean() / h.diagonal().square().sum()
    for eps in (0.5, 0.2, 0.07):
        needed = probes_needed(h, eps)
        assert isinstance(needed, int)
        assert float(error) / needed <= eps**2 < float(error) / (needed - 1)


def by_loops(H, eps):
    n = len(H)
    noise = sum(float(H[i, j]) ** 2 for i in range(n) for j in range(n) if i != j)
    rho = math.sqrt(noise / sum(float(H[i, i]) ** 2 for i in range(n)))
    return max(math.ceil((rho / eps) ** 2), 1)


def by_search(H, eps):
    rest = H - torch.diag(H.diagonal())
    rho = rest.norm() / H.diagonal().norm()
    return next(m for m in itertools.count(1) if rho / m**0.5 <= eps)


def by_sums_of_rows(H, eps):
    squares, ones = H**2, torch.ones(len(H))  # ones are of the usual dtype, and H is, too
    rest = (squares @ ones - squares.diagonal()).sum()
    return max(1, math.ceil(rest / (squares.diagonal() @ ones) / eps**2))


def in_double(H, eps):
    return torch.tensor(probes_needed(H.double(), eps))


@pytest.mark.parametrize("attempt", [by_loops, by_search, by_sums_of_rows, in_double])
def test_probes_may_be_counted_in_other_ways(attempt, capsys):
    assert outcome("7.5", attempt, capsys).startswith("✓ 7.5 correct.")


def ratio(H):
    return float(H.square().sum() / H.diagonal().square().sum()) - 1


@pytest.mark.parametrize(
    ("attempt", "label"),
    [
        (lambda H, eps: math.ceil((H.norm() / H.diagonal().norm() / eps) ** 2), "diagonal counted too"),
        (lambda H, eps: math.ceil(torch.linalg.eigvalsh(H).norm() ** 2 / H.diagonal().norm() ** 2 / eps**2), "diagona"),
        (lambda H, eps: max(1, math.ceil((torch.triu(H, 1).norm() / H.diagonal().norm() / eps) ** 2)), "one triangle"),
        (lambda H, eps: math.ceil(round(ratio(H), 9) / eps**2), "no probe at all"),
        (lambda H, eps: max(1, int(ratio(H) / eps**2)), "rounded down"),
        (lambda H, eps: max(1, math.ceil(ratio(H) / eps)), "eps not squared"),
    ],
)
def test_mistakes_in_counting_probes_as_learners_write_them(attempt, label, capsys):
    known = next(wrong.message for wrong in EXERCISES["7.5"].wrong if wrong.label.startswith(label))
    assert outcome("7.5", attempt, capsys).startswith(f"✗ 7.5 not correct: {known} For probes_needed(")


# 7.3 Three leaks


def test_the_stand_in_trains_what_is_alive_and_hands_back_the_rest():
    theta, mask = random(60), random(60, seed=1) > 0
    one, other = train(theta, mask, 1), train(theta, mask, 2)
    assert torch.equal(one[~mask], theta[~mask]) and torch.equal(one, train(theta, mask, 1))
    assert (one != other)[mask].all() and (one != theta)[mask].all()
    changed = torch.where(mask, theta, 99.0)  # what is dead plays no part
    assert torch.equal(train(changed, mask, 1)[mask], one[mask])


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_the_honest_loop_is_that_of_the_toolkit_and_stays_in_nested_masks(rounds):
    theta, is_weight, seen = random(60), torch.arange(60) % 6 != 5, []

    def watched(start, mask, seed):
        seen.append((start.clone(), mask.clone(), seed))
        return train(start, mask, seed)

    mask, middle = honest_loop(theta, is_weight, watched, drop_half, rounds)
    assert all(torch.equal(start, theta) for start, _, _ in seen)
    assert [seed for _, _, seed in seen] == [0] * rounds + [1, 2]
    masks = [one for _, one, _ in seen]
    assert all(bool((later <= one).all()) for one, later in itertools.pairwise(masks))
    assert torch.equal(masks[-1], mask) and torch.equal(masks[-2], mask)
    left = 50
    for _ in range(rounds):
        left -= round(0.5 * left)
    assert int((mask & is_weight).sum()) == left and mask[~is_weight].all()
    assert not middle[~mask].any() and middle[mask].all()


def test_each_of_the_three_leaks_is_one():
    theta, is_weight, seen = random(60), torch.arange(60) % 6 != 5, []

    def watched(start, mask, seed):
        seen.append((start.clone(), mask.clone()))
        return train(start, mask, seed)

    mask, middle = leaky_loop(theta, is_weight, watched, drop_half, 3)
    (first, _), (second, before), (_, after), *_ = seen
    assert torch.equal(second[is_weight], first[is_weight]) and not torch.equal(second, first)  # biases come along
    assert (after & ~before).any()  # some revive
    assert middle[~mask].any()  # the middle leaves the mask


def masked_start(theta, is_weight, train, prune, rounds):
    mask = torch.ones_like(is_weight)
    for _ in range(rounds):
        mask = prune(mask * train(theta * mask, mask, 0), mask, is_weight)
    one, other = (mask * train(theta * mask, mask, seed) for seed in (1, 2))
    return [mask, torch.lerp(one, other, 0.5)]


def mended(theta, is_weight, train, prune, rounds):
    start, mask = theta.clone(), torch.ones_like(is_weight)
    for _ in range(rounds):
        trained = train(theta, mask, 0)
        mask = prune(trained, mask, is_weight)
        theta = start.clone()
    one, other = train(theta, mask, 1), train(theta, mask, 2)
    return mask, torch.where(mask, (one + other) / 2, 0.0)


@pytest.mark.parametrize("attempt", [masked_start, mended])
def test_the_loop_may_be_mended_in_other_ways(attempt, capsys):
    assert outcome("7.3", attempt, capsys).startswith("✓ 7.3 correct.")


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (lambda *args: None, "your function returned None (is the return missing?)."),
        (lambda *args: (*honest_loop(*args), 1), "expected two values (return mask, middle), got"),
        (lambda *args: (honest_loop(*args)[0].float(), 0), "value 1, the mask: expected a tensor of True and False"),
        (lambda *args: (honest_loop(*args)[0], 0), "value 2, the middle: expected a tensor of shape [10], got"),
        (lambda theta, is_weight, train, prune, rounds: train(0, theta, is_weight), "prune(trained, mask, is_weight):"),
        (lambda theta, is_weight, train, prune, rounds: train(theta, 0, is_weight), "The mask comes second, True wher"),
    ],
)
def test_what_is_said_of_a_wrong_loop(attempt, told, capsys):
    line = outcome("7.3", attempt, capsys)
    assert "✓" not in line and told in line


def test_a_large_mask_is_told_by_its_counts(capsys):
    line = outcome("7.3", lambda theta, w, train, prune, rounds: honest_loop(theta, w, train, prune, 2), capsys)
    assert "rounds = 1, value 1, the mask: expected 35 alive, got 23, and 12 places differ." in line


# Every mistake can be told from every other


@pytest.mark.parametrize("id", [id for id in IDS if id != "7.4"])  # a draw is judged by what it keeps
def test_every_mistake_is_seen_and_gives_another_result_where_it_is_first_seen(id):
    seen = told_apart(id)
    assert seen.count(0) >= 0.75 * len(seen)


# Skeletons, quiz, predictions


@pytest.mark.parametrize(
    ("id", "gaps"),
    [
        ("7.1", ["places", "round(fraction * len(places))", "places[drop]"]),
        ("7.2", ["momentum * velocity + gradient", "theta - lr * velocity"]),
        ("7.4", ["mask.numel()", "order"]),
        ("7.5", ["diagonal", "1", "rest / diagonal / eps**2"]),
        ("7.3", ["theta", "mask", "theta", "theta", "mask * (one + other) / 2"]),
    ],
)
def test_skeleton_with_its_gaps_filled_is_correct(id, gaps, capsys):
    right_when_filled(id, gaps, capsys)


def test_only_the_last_hints_give_the_answer_away():
    for id, answer in [
        ("7.1", "argsort(stable=True)"),
        ("7.2", "mask * ("),
        ("7.4", "randperm"),
        ("7.5", "rounded up"),
        ("7.3", "Multiply the middle by the mask"),
    ]:
        only_the_last_hint_tells(id, answer)


def test_objectives_and_ids():
    assert [EXERCISES[id].objective for id in IDS] == [1, 1, 2, 3, 4]
    assert [id for id in EXERCISES if id.startswith("7.")] == IDS
    assert [id for id in QUESTIONS if id.startswith("7.")] == QUIZ
    assert [id for id in PREDICTIONS if id.startswith("7.")] == ["7.0", "7.p2", "7.p3"]


@pytest.mark.parametrize("id", QUIZ)
def test_length_does_not_give_the_right_option_away(id):
    length_tells_nothing(id)


def test_right_letters_follow_no_pattern():
    letters_tell_nothing(QUIZ)


def test_barriers_of_the_quiz_are_those_of_the_toolkit():
    errors = [2.0, 5.0, 6.0]
    chord, mean = barrier(errors), barrier(errors, against="mean")
    question = QUESTIONS["7.q4"]
    assert "2 % at one end, 5 % in the middle and 6 % at the other" in question.text
    assert question.options[question.answer].startswith(f"{chord:g} point and {mean:g} points:")
    assert mean >= abs(errors[0] - errors[-1]) / 2  # "by half their difference"


def test_nine_rounds_leave_13_percent_and_seven_of_eight_entries_outside():
    left = np.prod([1 - 0.2] * 9)
    assert f"{100 * left:.0f} %" == "13 %" and 1 - left == pytest.approx(7 / 8, abs=0.01)
    assert "keeps 13 % of its weights" in QUESTIONS["7.q5"].text and "13 % of the weights" in PREDICTIONS["7.p2"].text


def test_predictions_note_guesses_in_their_unit(capsys):
    for id, guess, told in [("7.0", 60, "60 %"), ("7.p2", 90, "90 %"), ("7.p3", 12, "12 points")]:
        assert predict(id, guess) == guess and predict(id, 101) is None and predict(id, -1) is None
        assert f"Noted: you expect {told}." in capsys.readouterr().out
