"""Evidence: every claim is on file with its settings, and the files say what the lessons say."""

import numpy as np
import pytest
import torch

from toolkit import evidence, sparse
from toolkit.evidence import lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07, lesson07_runs


def test_missing_damaged_and_unknown_evidence_each_get_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="^There is no evidence for lesson '99' in .*run make evidence.$"):
        evidence.load("99", "anything", folder=tmp_path)
    (tmp_path / "01.json").write_text('{"claims": ')
    with pytest.raises(ValueError, match="^01.json is damaged .*run make evidence.$"):
        evidence.load("01", "width", folder=tmp_path)
    with pytest.raises(ValueError, match="^claim must be one of 'independent_pairs', .*, got 'nothing'.$"):
        evidence.load("01", "nothing")


@pytest.mark.parametrize(
    ("lesson", "module"),
    [
        ("01", lesson01),
        ("02", lesson02),
        ("03", lesson03),
        ("04", lesson04),
        ("05", lesson05),
        ("06", lesson06),
        ("07", lesson07),
    ],
)
def test_every_claim_is_on_file_with_its_settings(lesson, module):
    for claim in module.CLAIMS:
        config = evidence.load(lesson, claim.__name__)["config"]
        assert "network" in config
        if claim is not lesson07.rounds:  # one start to look at, no claim
            assert config.get("pairs", config.get("seeds")) >= 5


def test_the_file_says_what_lesson_01_says():
    pairs = evidence.load("01", "independent_pairs")
    ends = np.array(pairs["test_loss"])[:, [0, -1]]
    assert min(pairs["barrier_test_chord"]) > 5 * ends.mean()
    siblings = evidence.load("01", "siblings")
    mean = np.mean(siblings["train_error_chord"], axis=0)
    assert mean[0] > 10 * mean[siblings["steps"].index(62)]
    control = np.array(evidence.load("01", "siblings_without_batchnorm")["train_error_chord"])
    assert control[1, :, 0].mean() < 0.002 < control[0, :, 0].mean()
    stale = {
        name: np.mean(runs, axis=0) for name, runs in evidence.load("01", "stale_statistics")["test_accuracy"].items()
    }
    assert stale["refreshed"][10] > stale["averaged"][10] + 0.2
    assert stale["refreshed"][-1] > stale["those of A"][-1] + 0.2


def test_a_claim_measured_small_agrees_in_kind_with_the_file():
    small = lesson01.independent_pairs(pairs=1)
    file = evidence.load("01", "independent_pairs")
    assert set(small) == set(file)
    np.testing.assert_allclose(small["barrier_test_chord"][0], file["barrier_test_chord"][0], rtol=0.15)


def test_the_files_say_what_lessons_02_and_03_say():
    budget = evidence.load("02", "budget")
    assert np.mean(budget["barrier"], axis=0)[2] < 0.1 * np.mean(budget["line"]["barrier"])
    assert np.min(budget["random_bends"]) > 0.8 * min(budget["line"]["barrier"])
    widths = evidence.load("03", "widths")["found"]
    for width in ("128", "256", "512"):
        for matcher in ("activations", "weights"):
            assert max(widths[matcher]["barrier"][width]) < 0.1 * min(widths["as they come"]["barrier"][width])
    np.testing.assert_allclose(
        widths["control: both at random, alike"]["barrier"]["32"], widths["as they come"]["barrier"]["32"], rtol=0.01
    )
    mnist = evidence.load("03", "mnist")["width"]
    assert all(
        np.mean(row["aligned"]["barrier"]) < 0.1 * np.mean(row["as they come"]["barrier"]) for row in mnist.values()
    )


def test_claims_of_lessons_02_and_03_measured_small_agree_in_kind_with_the_files():
    for lesson, claim in [("02", lesson02.stratified), ("03", lesson03.alternating)]:
        small, file = claim(pairs=1), evidence.load(lesson, claim.__name__)
        assert set(small) == set(file)
    file = file["found"]["from B as it comes, lr 2"]["train_loss_before"][0]
    assert small["found"]["from B as it comes, lr 2"]["train_loss_before"][0] == pytest.approx(file, rel=0.15)


def test_the_file_says_what_lesson_04_says():
    noise = evidence.load("04", "noise")["test_accuracy"]["0.4"]
    for better, worse in [("line", "standard"), ("line", "standard, lr / 2"), ("line, lr x 2", "standard")]:
        assert (np.array(noise[better]) > np.array(noise[worse])).all()
    assert np.mean(noise["line"]) - np.mean(noise["standard, lr / 4"]) < 0.02
    clean = evidence.load("04", "noise")["test_accuracy"]["0"]
    assert abs(np.mean(clean["line"]) - np.mean(clean["standard"])) < 0.01
    cosines = [np.mean(np.square(row["cosine"])) for row in evidence.load("04", "beta")["beta"].values()]
    assert sorted(cosines, reverse=True) == cosines
    mnist = evidence.load("04", "mnist")["test_accuracy"]
    assert np.mean(mnist["line"]) > np.mean(mnist["naive midpoint"]) + 0.1
    assert np.mean(mnist["line"]) < np.mean(mnist["standard"])


def test_the_file_says_what_lesson_05_says():
    noisy = {name: np.array(runs) for name, runs in evidence.load("05", "methods")["test_accuracy"]["0.4"].items()}
    for members in (5, 10):
        for sigma in (0, 0.25, 0.5, 1):
            assert (noisy[f"K {members}, noise {sigma:g}, average"] > noisy["one network"]).all()
    assert (noisy["K 10, noise 0.5, average"] > noisy["K 10, noise 0.5, member"]).all()
    assert noisy["K 10, noise 1, average"].mean() < noisy["stopped where validation is best"].mean() - 0.05
    clean = {name: np.mean(runs) for name, runs in evidence.load("05", "methods")["test_accuracy"]["0"].items()}
    assert clean["K 10, noise 0.5, average"] - clean["one network"] < 0.005
    grid = evidence.load("05", "grid")
    average, ensemble = (np.array(grid[name])[grid["members"].index(5)].mean(-1) for name in ("average", "ensemble"))
    late, thrown = grid["start"].index(0.6), grid["noise"].index(2)
    assert average[late, thrown] < 0.5 < 0.9 < ensemble[late, thrown]  # the weight average dies, predictions do not
    mnist = {name: np.array(runs) for name, runs in evidence.load("05", "mnist")["test_accuracy"].items()}
    assert (mnist["K 10, noise 0.5, average"] > np.maximum(mnist["base"], mnist["SWA"])).all()


def test_a_claim_of_lesson_05_measured_small_agrees_in_kind_with_the_file():
    small, file = lesson05.averages(seeds=1), evidence.load("05", "averages")
    assert set(small) == set(file)
    for sigma, rows in small["test_accuracy"].items():
        for name, runs in rows.items():
            assert runs[0] == pytest.approx(file["test_accuracy"][sigma][name][0], abs=0.06)


def test_the_file_says_what_lesson_06_says():
    periods = evidence.load("06", "periods")
    by_period = {int(k): np.mean(row["test"]) for k, row in periods["period"].items()}
    assert max(by_period, key=by_period.get) == 20
    assert by_period[1] < by_period[5] < by_period[20] > by_period[100] > by_period[200] > by_period[600]
    assert np.mean(periods["other"]["Adam, biases alone"]["test"]) < 0.5
    rates = evidence.load("06", "rates")["lr"]
    assert abs(np.mean(rates["0.01"]["5"]["test"]) - np.mean(rates["0.01"]["Adam"]["test"])) < 0.005
    ranks = {name: np.mean(row["test"]) for name, row in evidence.load("06", "ranks")["found"].items()}
    assert ranks["its weights, shuffled in each row"] < 0.2 < 0.6 < ranks["the start's values, in trained order"]
    one = evidence.load("06", "shared_value")["found"]["64-10"]
    assert one["lr 0.001, k = 20"] == one["at the start"]  # the gap is not crossed: nothing moves, to the last digit
    assert np.mean(one["lr 0.01, k = 20"]["test"]) > 0.6
    mnist = evidence.load("06", "mnist")["test_accuracy"]
    assert np.mean(mnist["784-128-10, Adam"]) - np.mean(mnist["784-128-10, k = 100"]) < 0.02
    assert np.mean(mnist["784-10, one value, k = 250"]) > 0.7


def test_a_claim_of_lesson_06_measured_small_agrees_in_kind_with_the_file():
    small, file = lesson06.ranks(seeds=1), evidence.load("06", "ranks")
    assert set(small) == set(file)
    for name, row in small["found"].items():
        assert row["test"][0] == pytest.approx(file["found"][name]["test"][0], abs=0.08)


def test_the_file_says_what_lesson_07_says():
    found = evidence.load("07", "stability")["found"]
    barrier = {name: np.mean(row["barrier, train"], axis=1) for name, row in found.items()}
    dense = np.mean(evidence.load("07", "dense")["step"]["0"]["barrier, train"])
    for name in ("real digits", "100 synthetic digits", "100 real digits"):
        assert (barrier[name][3:] < 0.02).all() and dense > 0.03
    for name in ("real digits", "100 synthetic digits"):
        assert (barrier[f"{name}, shuffled"][3:] > 4 * barrier[name][3:]).all()
        assert (barrier[f"{name}, another start"][3:] > 3 * barrier[name][3:]).all()
    trap = {name: np.mean(row["barrier, train"]) for name, row in evidence.load("07", "trap")["found"].items()}
    assert trap["any weights, round 4"] < trap["dense"] / 5  # a mask that knows nothing "confirms" the paper
    assert trap["dense, smaller start, round 4"] > trap["dense"] / 2
    few = evidence.load("07", "distilled")["per_class"]["10"]
    assert np.mean(few["distribution, lr 0.01"]["test"]) > np.mean(few["real"]["test"]) + 0.05


def test_the_masks_on_file_have_the_counts_of_the_algorithm():
    where = sparse.prunable(lesson07_runs.network())
    for one in evidence.load("07", "rounds")["sources"].values():
        lived = torch.tensor([int(digit) for digit in one["survived"]])
        counts, left = [int((lived[where] >= r).sum()) for r in range(10)], 4416
        for count in counts:
            assert abs(count - left) <= 1  # one mask is drawn at random, with its counts rounded anew
            left -= round(0.2 * left)
        assert (lived[~where] == 9).all() and len(one["line"]) == len(one["accuracy"]) == 10


def test_a_claim_of_lesson_07_measured_small_agrees_in_kind_with_the_file():
    small, file = lesson07.pruned(seeds=1), evidence.load("07", "pruned")
    assert set(small) == set(file)
    for name, rows in small["accuracy"].items():
        for row, kept in zip(rows, file["accuracy"][name], strict=True):
            assert row[0] == pytest.approx(kept[0], abs=0.15)
