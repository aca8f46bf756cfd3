"""Lesson 05: members of a few weights, late, and one network at the end."""

import numpy as np
import torch

from toolkit.evidence.claim import Claim, Read, Row, above, always, percent
from toolkit.quadratic import NoisyQuadratic

PAPER = "von Oswald et al. 2021"


def claims(read: Read) -> list[Claim]:
    """What lesson 05 claims."""
    measured, conv = read("05", "methods"), read("05", "convolutional")["test_accuracy"]
    clean, noisy = (measured["test_accuracy"][rate] for rate in ("0", "0.4"))
    seeds, half = f"{measured['config']['seeds']} seeds", "K 10, noise 0.5, average"
    start, late = _released(read("05", "grid"))
    small, wide = noisy["K 10, noise 0.5, ensemble"], noisy["K 10, noise 1, ensemble"]
    long = read("05", "control")["found"]["0.4"]["K 1, noise 1, gamma 10"]["accuracy"]
    return [
        Claim(
            PAPER,
            5,
            "late-phase weights generalise better than the network they come from (CIFAR-100, WRN 28-10: 81.35 → "
            "82.87 %)",
            f"K = 10, σ₀ = 0.5: {percent(noisy[half])} under 40 % label noise, convolutional {percent(conv[half])}; "
            f"clean {percent(clean[half])}",
            f"one network: {percent(noisy['one network'])}, {percent(conv['base'])}; clean "
            f"{percent(clean['one network'])}. One network shaken once, with long steps: {percent(long)}",
            seeds,
            "reproduced",
            "under label noise, in every seed; nothing on clean digits; one network with long steps gains more",
            holds=_better(noisy, conv, clean) and always(long, noisy[half]),
        ),
        Claim(
            PAPER,
            5,
            "the average is one network at the cost of one, the members can be kept as an ensemble",
            f"average, K = 10: σ₀ = 0.5 {percent(noisy[half])}, σ₀ = 1 {percent(noisy['K 10, noise 1, average'])}; "
            f"convolutional, K = 5, σ₀ = 1 {percent(conv['K 5, noise 1, average'])}",
            f"their ensemble: {percent(small)}, {percent(wide)}, {percent(conv['K 5, noise 1, ensemble'])}",
            seeds,
            "partly",
            "level without noise; at σ₀ = 0.5 1 to 2.5 points behind, in every seed; beyond, the average breaks",
            holds=_little(np.subtract(small, noisy[half]))
            and above(wide, noisy["K 10, noise 1, average"], 0.05)
            and above(conv["K 5, noise 1, ensemble"], conv["K 5, noise 1, average"], 0.15),
        ),
        Claim(
            PAPER,
            5,
            "noise at the release is not needed (CIFAR)",
            f"K = 10: σ₀ = 0 {percent(noisy['K 10, noise 0, average'])}",
            f"σ₀ = 0.5 {percent(noisy[half])}, one network {percent(noisy['one network'])}",
            seeds,
            "not at this scale",
            "here it is more than half of the gain",
            holds=2 * (np.mean(noisy[half]) - np.mean(noisy["K 10, noise 0, average"]))
            > np.mean(noisy[half]) - np.mean(noisy["one network"]),
        ),
        Claim(
            PAPER,
            5,
            "better than SWA (82.46 %, late-phase weights with SWA 83.06 %)",
            f"K = 10, σ₀ = 0.5: {percent(noisy[half])}",
            f"SWA {percent(noisy['SWA'])}, from 60 % {percent(noisy['SWA from 60 %'])}; convolutional, SWA "
            f"{percent(conv['SWA'])}, one network {percent(conv['base'])}",
            seeds,
            "in direction",
            "but SWA is weak here: on the convolutional network below the one network",
            holds=above(noisy[half], noisy["SWA"])
            and above(noisy[half], noisy["SWA from 60 %"])
            and above(conv["base"], conv["SWA"]),
        ),
        Claim(
            PAPER,
            5,
            "late matters: released at the start, it does not reach the one network",
            f"K = 5, σ₀ = 0.5: released at the start {percent(start)}",
            f"released after 60 % {percent(late)}, one network {percent(read('05', 'grid')['base'])}",
            f"{read('05', 'grid')['config']['seeds']} seeds",
            "not at this scale",
            "here a release at the start is best",
            holds=_early(read("05", "grid")),
        ),
        _quadratic(),
    ]


def rows(read: Read) -> list[Row]:
    """README's row on late-phase weights."""
    measured, conv = read("05", "methods"), read("05", "convolutional")["test_accuracy"]
    clean, noisy = (measured["test_accuracy"][rate] for rate in ("0", "0.4"))
    long = read("05", "control")["found"]["0.4"]["K 1, noise 1, gamma 10"]["accuracy"]
    stopped, half = noisy["stopped where validation is best"], "K 10, noise 0.5, average"
    unknown = {name: row["digits 7 to 9"] for name, row in read("05", "unknown")["found"].items()}
    mnist = read("05", "mnist")["test_accuracy"]
    return [
        Row(
            PAPER,
            "late weights of any module (BatchNorm, last layer, all, rank-1, hypernetwork, any names), the two-loop "
            "step, refreshed and folded averages, BatchEnsemble in one pass, the noisy quadratic problem in closed "
            "form",
            f"under 40 % label noise, {measured['config']['seeds']} seeds, ten members: average "
            f"{percent(noisy[half])}, a member {percent(noisy['K 10, noise 0.5, member'])}, one network "
            f"{percent(noisy['one network'])}, SWA {percent(noisy['SWA'])}: **reproduced**, in every seed, also on a "
            f"convolutional network and on MNIST. **But** stopping in time reads {percent(stopped)}, one network "
            f"shaken once that goes on with long steps {percent(long)}, and on clean labels nothing is gained. That "
            "the release must be late, and better detection of unknown digits: **not at this scale**",
            holds=_better(noisy, conv, clean)
            and always(noisy[half], np.maximum(noisy["SWA"], noisy["K 10, noise 0.5, member"]))
            and always(mnist[half], np.maximum(mnist["base"], mnist["SWA"]))
            and always(np.minimum(stopped, long), noisy[half])
            and _early(read("05", "grid"))
            and not any(above(row, unknown["base"], 0.001) for name, row in unknown.items() if "noise" in name),
        )
    ]


def _better(noisy: dict, conv: dict, clean: dict) -> bool:
    half = "K 10, noise 0.5, average"
    nothing = abs(np.mean(clean[half]) - np.mean(clean["one network"])) < 0.005
    return always(noisy[half], noisy["one network"]) and always(conv[half], conv["base"]) and nothing


def _little(behind: np.ndarray) -> bool:
    """Whether the average is behind the ensemble in every seed, and by no more than 2.5 points."""
    return bool((behind > 0.01).all() and (behind < 0.025).all())


def _released(grid: dict) -> tuple[list[float], list[float]]:
    """Accuracies of the average of five members, noise 0.5, released at the start and after 60 %."""
    runs = grid["average"][grid["members"].index(5)]
    early, late = (runs[grid["start"].index(start)][grid["noise"].index(0.5)] for start in (0, 0.6))
    return early, late


def _early(grid: dict) -> bool:
    """Whether a release at the start is as good as any later one, at every noise, and better than one network."""
    average = np.array(grid["average"])[grid["members"].index(5)].mean(-1)  # [start, noise]
    return bool((average[0] >= average[1:].max(0)).all()) and above(_released(grid)[0], grid["base"])


def _quadratic() -> Claim:
    """The closed forms, which need no seeds."""
    h = 1 / torch.arange(1, 51).double()  # 50 directions, curvatures 1, 1/2, 1/3 ... and as much noise as curvature
    wide, members = NoisyQuadratic(h, h.sqrt()), 10
    settled = wide.sgd(lr=0.5)
    loss = {
        "SGD": settled,
        "average": wide.late_phase(0.25, 0.25, members, 1 / members),
        "slow": wide.sgd_after(0.5 / members, 3000, settled.sqrt()),
        "SWA": wide.swa(lr=0.5, steps=3000),
    }
    loss = {name: wide.loss(variance) for name, variance in loss.items()}
    return Claim(
        PAPER,
        5,
        "a noisy quadratic problem gives a simplified picture of the method",
        f"the average of {members} members settles at {loss['average']:.4f}, a {members}th of the loss of SGD "
        f"({loss['SGD']:.4f}), if γ = 1/K and both rates add up to the old one",
        f"a {members}th of the learning rate {loss['slow']:.4f}, SWA {loss['SWA']:.4f}",
        "closed form",
        "exact",
        "but counted in batches a smaller learning rate does about the same, SWA more",
        holds=abs(loss["average"] * members / loss["SGD"] - 1) < 1e-6
        and abs(loss["slow"] / loss["average"] - 1) < 0.15
        and loss["SWA"] < loss["slow"] / 5,
    )
