"""Lesson 04: a line of networks in one run."""

import numpy as np

from toolkit.evidence.claim import Claim, Read, Row, above, always, mean, percent

PAPER = "Wortsman et al. 2021"


def claims(read: Read) -> list[Claim]:
    """What lesson 04 claims."""
    noise, calm = read("04", "noise"), read("04", "calibration")["found"]
    clean, noisy = (noise["test_accuracy"][rate] for rate in ("0", "0.4"))
    ece = {name: percent(row["ece"]) for name, row in calm.items()}
    seeds = f"{noise['config']['seeds']} seeds"
    return [
        Claim(
            PAPER,
            4,
            "a line, curve or simplex of accurate networks can be learned in one run",
            f"40 % label noise: midpoint {percent(noisy['line'])}, ends {percent(noisy['line, end'])}",
            f"midpoint of two independent networks {percent(noisy['naive midpoint'])}",
            seeds,
            "reproduced",
            holds=_learned(noisy),
        ),
        Claim(
            PAPER,
            4,
            "the midpoint is more robust to label noise than training as usual",
            f"40 % label noise: {percent(noisy['line'])}",
            f"training as usual {percent(noisy['standard'])}, at the matched rate lr / 2 "
            f"{percent(noisy['standard, lr / 2'])}, at lr / 4 {percent(noisy['standard, lr / 4'])}",
            seeds,
            "reproduced",
            "also at matched speed; a smaller learning rate alone does nearly as well",
            holds=_robust(noisy),
        ),
        Claim(
            PAPER,
            4,
            "the midpoint outperforms stochastic weight averaging",
            f"40 % label noise: {percent(noisy['line'])}",
            f"SWA {percent(noisy['SWA'])}, cyclic {percent(noisy['SWA, cyclic'])}",
            seeds,
            "in direction",
            "here SWA learns the noise by heart",
            holds=always(noisy["line"], np.maximum(noisy["SWA"], noisy["SWA, cyclic"]))
            and above(noisy["standard"], np.maximum(noisy["SWA"], noisy["SWA, cyclic"])),
        ),
        Claim(
            PAPER,
            4,
            "ensembles from a subspace approach independent ones, at about the cost of one model",
            f"line (.2, .8): clean {percent(clean['line (.2, .8)'])}, 40 % label noise "
            f"{percent(noisy['line (.2, .8)'])}",
            f"two networks: clean {percent(clean['two networks'])} (one {percent(clean['standard'])}); 40 % label "
            f"noise, at lr / 4, {percent(noisy['two networks, lr / 4'])}",
            seeds,
            "not at this scale",
            "level, but there is little to win here: clean, two networks are no better than one",
            holds=abs(np.mean(clean["line (.2, .8)"]) - np.mean(clean["two networks"])) < 0.005
            and not above(clean["two networks"], clean["standard"])
            and abs(np.mean(noisy["line (.2, .8)"]) - np.mean(noisy["two networks, lr / 4"])) < 0.01,
        ),
        Claim(
            PAPER,
            4,
            "the midpoint improves accuracy and calibration",
            f"clean: {percent(clean['line'])}, at lr x 2 {percent(clean['line, lr x 2'])}; calibration error "
            f"{ece['midpoint']}",
            f"training as usual {percent(clean['standard'])}; calibration error {ece['standard']}",
            seeds,
            "not at this scale",
            "half a point lower in every seed, level at twice the rate; calibration too close to tell",
            holds=_nothing_clean(clean, calm),
        ),
    ]


def rows(read: Read) -> list[Row]:
    """README's row on learned lines."""
    noise, calm = read("04", "noise"), read("04", "calibration")["found"]
    clean, noisy = (noise["test_accuracy"][rate] for rate in ("0", "0.4"))
    mnist = read("04", "mnist")["test_accuracy"]
    return [
        Row(
            PAPER,
            "lines, curves and simplexes of any module from independent starts, per-layer positions, cos² penalty, SWA "
            "and the learning-rate control",
            f"under 40 % label noise, {noise['config']['seeds']} seeds: midpoint of a learned line "
            f"{percent(noisy['line'])}, one network {percent(noisy['standard'])}, midpoint of two independent ones "
            f"{percent(noisy['naive midpoint'])}: **reproduced**, also where the midpoint moves as fast as the single "
            f"network ({mean(noisy['line'])} against {mean(noisy['standard, lr / 2'])}, {mean(noisy['line, lr x 2'])} "
            f"against {mean(noisy['standard'])} %). One network at a quarter of the learning rate: "
            f"{mean(noisy['standard, lr / 4'])} %. Gains on clean labels and in calibration, and under noise on MNIST: "
            "**not at this scale**",
            holds=_learned(noisy)
            and _robust(noisy)
            and always(noisy["line, lr x 2"], noisy["standard"])
            and _nothing_clean(clean, calm)
            and always(mnist["standard"], mnist["line"]),
        )
    ]


def _learned(noisy: dict) -> bool:
    return all(np.mean(noisy[name]) > 0.93 for name in ("line", "line, end")) and always(
        noisy["line"], np.add(noisy["naive midpoint"], 0.2)
    )


def _robust(noisy: dict) -> bool:
    """Whether the midpoint wins at the same and at the matched rate, and a quarter of the rate nearly levels it."""
    rivals = np.maximum(noisy["standard"], noisy["standard, lr / 2"])
    return always(noisy["line"], rivals) and 0 < np.mean(noisy["line"]) - np.mean(noisy["standard, lr / 4"]) < 0.01


def _nothing_clean(clean: dict, calm: dict) -> bool:
    return (
        always(clean["standard"], clean["line"])
        and np.mean(clean["standard"]) - np.mean(clean["line"]) < 0.008
        and abs(np.mean(clean["line, lr x 2"]) - np.mean(clean["standard"])) < 0.003
        and abs(np.mean(calm["midpoint"]["ece"]) - np.mean(calm["standard"]["ece"]))
        < np.std(calm["midpoint"]["ece"], ddof=1)
    )
