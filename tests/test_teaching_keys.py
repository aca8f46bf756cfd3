"""The keys of the teaching pack's exam items: each computed by the exercises' own references, and found in the file."""

import math
import re

import numpy as np
import pytest
import torch
from test_teaching import TEACHING, chapter

from toolkit.exercises.catalogue import EXERCISES

t = torch.tensor


def answer(id, *args):
    return EXERCISES[id].reference(*args)


def keyed(number, *keys):
    """Whether the lesson's exam items give these keys, in bold, as they stand here."""
    (note,) = TEACHING.glob(f"{number}_*.md")
    bold = [" ".join(found.split()) for found in re.findall(r"\*\*(.+?)\*\*", chapter(note, "Exam items"), flags=re.S)]
    return set(keys) <= set(bold)


def test_keys_of_00_and_01():
    assert answer("0.1", t([2.0, 6.0]), t([-2.0, 2.0]), 0.25).tolist() == [1, 5]
    assert round(math.log(3), 2) == 1.10 and keyed("00", "26", "(1, 5)", "1.10")
    losses, at = np.array([0.2, 0.5, 0.9, 1.3, 1.0]), np.linspace(0, 1, 5)
    assert answer("1.3", losses, at) == pytest.approx(0.5)
    assert losses.max() - losses[[0, -1]].mean() == pytest.approx(0.7)
    assert (2 * 1.05 - (2.4 + 2.4) / 2, (2.4 + 2.4) / 4) == pytest.approx((-0.3, 1.2))
    assert 64 * 16 + 16 + 16 * 10 + 10 == 1210 and keyed("01", "1,210", "0.5", "0.7", "−0.3", "1.2")


def test_keys_of_02():
    assert (16 * answer("2.1", *torch.eye(3), 0.25)).tolist() == [9, 6, 1]
    bend = answer("2.2", t([0.0, 0.0]), t([0.0, 3.0]), t([4.0, 0.0]), 0.25, lambda theta: t([1.0, -2.0]), 0.4)
    assert bend.tolist() == pytest.approx([-0.15, 3.30])
    way = t([[0.0, 0.0], [3.0, 4.0], [3.0, 8.0], [6.0, 8.0]])
    assert float(answer("2.3", way)) == 12 and float((way[-1] - way[0]).norm()) == 10
    at = np.linspace(0, 1, 100_001)
    shares = np.mean(2 * at * (1 - at)), np.mean(np.minimum(2 * at, 2 * (1 - at)))
    assert shares == pytest.approx((1 / 3, 1 / 2), abs=1e-4)
    assert keyed("02", "9/16, 6/16, 1/16", "(−0.15, 3.30)", "12", "1.2", "1/3", "1/2")
    arc = answer("2.1", t([0.0, 0.0]), t([0.5, 2 * 0.093]), t([1.0, 0.0]), torch.linspace(0, 1, 2001))
    assert float(answer("2.3", arc)) == pytest.approx(1 + 8 / 3 * 0.093**2, abs=5e-4)  # the sketch's rule of thumb


def test_keys_of_03():
    weights = {"fc1.weight": t([[1, 2], [3, 4], [5, 6]]), "fc1.bias": t([10, 20, 30])}
    new = answer("3.1", weights | {"fc2.weight": t([[7, 8, 9]]), "fc2.bias": t([0])}, t([2, 0, 1]))
    assert new["fc1.weight"].tolist() == [[5, 6], [1, 2], [3, 4]] and new["fc1.bias"].tolist() == [30, 10, 20]
    assert new["fc2.weight"].tolist() == [[9, 7, 8]] and math.factorial(8) * math.factorial(6) == 29_030_400
    assert answer("3.3", t([[0.9, 0.8], [0.7, 0.1]])).tolist() == [1, 0]  # on the board
    assert answer("3.4", t([2, 0, 1, 3, 5, 4])) == 3
    batches = [(t([[0.0], [1.0]]), t([[5.0], [6.0]])), (t([[1.0], [0.0]]), t([[6.0], [5.0]]))]
    assert float(answer("3.2", batches)) == pytest.approx(1) and round(12 / math.sqrt(2 * 122), 2) == 0.77
    assert keyed("03", "29,030,400", "[[5, 6], [1, 2], [3, 4]]", "[30, 10, 20]", "[[9, 7, 8]]", "3", "1", "0.77")


def test_keys_of_04():
    assert answer("4.3", 3, 0.3) == pytest.approx((0.1, 0.15))
    moved = answer("4.2", t([[0.0, 0.0], [2.0, 4.0]]), t([0.25, 0.75]), lambda theta: theta, 0.4)
    assert moved.flatten().tolist() == pytest.approx([-0.15, -0.30, 1.55, 3.10])
    assert [float(x) for x in answer("4.4", [t([[1.0], [3.0]]), t([[5.0], [5.0], [6.0]])])] == [4, 4]
    right = t([[0.9, 0.9, 0.4], [0.9, 0.8, 0.45], [0.4, 0.4, 0.95]])
    assert answer("4.5", torch.stack([1 - right, right], -1), t([1, 1, 1]), 2) == [0, 2]
    assert keyed("04", "0.1", "0.15", "(−0.15, −0.30)", "(1.55, 3.10)", "4", "0", "2")


def test_keys_of_05():
    h, s = t([1.0]), t([0.6])
    settled = [float(answer("5.1", h, s, 0.1, 0.1, k, gamma)) for k, gamma in [(1, 1), (4, 0.25), (4, 1)]]
    assert settled == pytest.approx([0.02, 0.005, 0.015]) and answer("5.2", 0.006, h, s, 0.2) == (4, 0.25)
    rate = [0.1 + 0.1 * k for k in range(20)]
    assert min(k for k in range(20) if rate[k] >= 2 - 1e-9) == 19
    taken = [0, 0, 0]
    for k in [0, 1, 2] * 7:
        for one in [k] if k else [0, 1, 2]:  # the faulty line
            taken[one] += 1
    assert taken == [7, 14, 14]
    assert keyed("05", "0.04", "0.02", "0.005", "0.015", "K = 19", "K = 4", "γ = 1/4", "[7, 14, 14]")


def test_keys_of_06():
    assert answer("6.1", t([[0.3, -1, 0.5, 0.1]]), t([[7.0, 4, -2, 1]])).tolist() == [[4, -2, 7, 1]]
    assert round(float(answer("6.3", (2, 4))), 2) == 9.17 and round(math.log2(math.comb(10, 4)), 2) == 7.71
    assert (answer("6.4", 0.06, 0.002), answer("6.4", 0.05, 0.002)) == (16, 13)
    grey, least, greatest = answer("6.5", t([[1.0, -2.0], [3.0, 0.0]]), 0.5)
    assert (grey.tolist(), float(least), float(greatest)) == ([-0.5, 1.5], -1, 2)
    assert keyed("06", "(4, −2, 7, 1)", "9.17", "7.71", "16", "13", "−0.5, 1.5", "−1 and 2")


def test_keys_of_07():
    layers, alive = [t([0.5, -0.3, 0.9]), t([0.2, -1.2, 0.05])], [torch.ones(3, dtype=torch.bool)] * 2
    masks = answer("7.1", layers, answer("7.1", layers, alive, 1 / 3), 0.25)
    assert [mask.tolist() for mask in masks] == [[True, False, True], [False, True, False]]
    step = (t([1.0, 0.5]), t([0.0, 2.0]), t([3.0, 1.0]), t([True, False]), 0.1, 0.9)
    theta, velocity = answer("7.2", *step)
    assert theta.tolist() == pytest.approx([0.7, 0]) and velocity.tolist() == [3, 0]
    assert answer("7.5", t([[2.0, 1.0], [1.0, 1.0]]), 0.25) == 7 and round(0.8**9 * 4416) == 593
    assert keyed("07", "593", "0.5, 0.9, −1.2", "(3, 0)", "(0.7, 0)", "7")
