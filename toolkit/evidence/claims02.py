"""Lesson 02: curves round the hill, and ensembles from one run."""

import numpy as np

from toolkit.evidence.claim import Claim, Read, Row, above, always, mean_sd, percent

PAPER = "Garipov et al. 2018"


def claims(read: Read) -> list[Claim]:
    """What lesson 02 claims."""
    budget, normed, fast = (read("02", name) for name in ("budget", "batchnorm", "fast_ensembles"))
    line, curve, epochs = budget["line"], _thirty(budget), budget["epochs"][2]
    bends = np.mean(budget["random_bends"], axis=1)
    found = {name: row["lowest_accuracy"] for name, row in normed["found"].items()}
    pairs, few = f"{budget['config']['pairs']} pairs", f"{fast['config']['seeds']} seeds"
    clean, noisy = fast["test_accuracy"]["0"], fast["test_accuracy"]["0.4"]
    stretch = 100 * (curve["length"] - 1)
    return [
        Claim(
            PAPER,
            2,
            "optima are connected by simple curves along which training and test accuracy stay nearly constant",
            f"lowest test accuracy on the curve after {epochs} epochs {percent(curve['lowest_accuracy'])} (training "
            f"{percent(curve['lowest_train_accuracy'])})",
            f"the straight line: {percent(line['lowest_accuracy'])}",
            pairs,
            "reproduced",
            holds=curve["lowest_accuracy"].min() > 0.93
            and above(curve["lowest_accuracy"], line["lowest_accuracy"], 0.6),
        ),
        Claim(
            PAPER,
            2,
            "with BatchNorm (README, CIFAR-100, PreResNet164): accuracy of the ends 78.3 to 78.4 %, on the Bezier "
            "curve 76.6 to 78.7 %",
            f"lowest accuracy on the curve {percent(found['curve, refreshed'])}, at B "
            f"{percent(normed['accuracy_at_b']['curve, refreshed'])}",
            f"the straight line {percent(found['line, refreshed'])}; the curve with A's statistics "
            f"{percent(found['curve, those of A'])}",
            f"{normed['config']['pairs']} pairs",
            "reproduced",
            "the same picture; a dip of a point or two remains",
            holds=above(found["curve, refreshed"], found["line, refreshed"], 0.1)
            and 0.005
            < np.mean(normed["accuracy_at_b"]["curve, refreshed"]) - np.mean(found["curve, refreshed"])
            < 0.03,
        ),
        Claim(
            PAPER,
            2,
            "(no claim: our control) ten random bends a pair, as far off",
            f"barrier {mean_sd(bends)} nats",
            f"the straight line {mean_sd(line['barrier'])}, the trained bend {mean_sd(curve['barrier'])}",
            pairs,
            "our control",
            "distance alone does nothing",
            holds=abs(bends.mean() - np.mean(line["barrier"])) < 0.1 and above(bends, curve["barrier"], 1),
        ),
        Claim(
            PAPER,
            2,
            "(no claim: ours) how long the curve is",
            f"{mean_sd(stretch, 1)} % longer than the line after {epochs} epochs",
            f"after {budget['epochs'][3]} epochs {mean_sd(100 * (np.array(budget['length'])[:, 3] - 1), 1)} %",
            pairs,
            "our control",
            "a small detour is enough here",
            holds=stretch.max() < 5,
        ),
        Claim(
            PAPER,
            2,
            "Fast Geometric Ensembling: ensembles of high accuracy in the time of training a single model",
            f"clean labels: ensemble {percent(clean['fast ensemble'])}; 40 % label noise: "
            f"{percent(noisy['fast ensemble'])}",
            f"one network for as many epochs in one go {percent(clean['one network'])} and "
            f"{percent(noisy['one network'])}; the network it starts from {percent(clean['its start'])} and "
            f"{percent(noisy['its start'])}",
            few,
            "not at this scale",
            "on clean digits nothing is left to gain; under label noise better than as many epochs in one go, not "
            "better than stopping where the ensemble starts",
            holds=_fast(clean, noisy),
        ),
    ]


def rows(read: Read) -> list[Row]:
    """README's row on curves."""
    budget, fast = read("02", "budget"), read("02", "fast_ensembles")["test_accuracy"]
    line, curve, noisy = budget["line"], _thirty(budget), fast["0.4"]
    return [
        Row(
            PAPER,
            "Bezier curves and polygonal chains for any module, L2 on the curve, Fast Geometric Ensembling",
            f"**reproduced**: lowest accuracy on a curve {percent(curve['lowest_accuracy'])}, on the line "
            f"{percent(line['lowest_accuracy'])}, {budget['config']['pairs']} pairs; a random bend does not help. Fast "
            "ensembles: **not at this scale**: nothing left to gain on clean digits; under 40 % label noise "
            f"{percent(noisy['fast ensemble'])} against {percent(noisy['one network'])} for as many epochs in one go, "
            f"but the network they start from has {percent(noisy['its start'])}",
            holds=_fast(fast["0"], noisy),
        )
    ]


def _thirty(budget: dict) -> dict[str, np.ndarray]:
    """What was measured on curves of 30 epochs, a pair each."""
    column = budget["epochs"].index(30)
    names = ("lowest_accuracy", "lowest_train_accuracy", "barrier", "length")
    return {name: np.array(budget[name])[:, column] for name in names}


def _fast(clean: dict, noisy: dict) -> bool:
    """Whether fast ensembles gain only against going on for as long, and only under label noise."""
    return (
        abs(np.mean(clean["fast ensemble"]) - np.mean(clean["one network"])) < 0.01
        and always(noisy["fast ensemble"], noisy["one network"])
        and abs(np.mean(noisy["fast ensemble"]) - np.mean(noisy["its start"])) < 0.01
    )
