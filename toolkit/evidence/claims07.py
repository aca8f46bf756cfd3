"""Lesson 07: sparse networks that stay connected."""

import numpy as np

from toolkit.evidence.claim import Claim, Read, Row, above, mean, percent

PAPER = "McDermott & Cummings 2023"
ROUNDS = (4, 7, 9)  # 59, 79 and 87 % of the weights pruned
REAL, SYNTHETIC, FEW = "real digits", "100 synthetic digits", "100 real digits"
BARRIER = "barrier, train"


def claims(read: Read) -> list[Claim]:
    """What lesson 07 claims."""
    runs, dense = read("07", "stability")["found"], read("07", "dense")["step"]["0"][BARRIER]
    fast = read("07", "elsewhere")["found"]["lr 0.2"]
    bend = read("07", "curvature")
    ranks = bend["rank correlation with the barrier"]
    seeds = f"{read('07', 'stability')['config']['seeds']} seeds"
    at = "at 59 / 79 / 87 % pruned"
    return [
        Claim(
            PAPER,
            7,
            "masks found on distilled data give subnetworks that are stable to the noise of SGD on real data",
            f"barrier between siblings in points of training error, {at}: {_points(runs[SYNTHETIC])}",
            f"the same masks, shuffled within each layer: {_points(runs[f'{SYNTHETIC}, shuffled'])}",
            seeds,
            "reproduced",
            "at learning rate 0.1, by a threshold of 2 points; at 0.2 no mask is stable",
            holds=_stable(runs[SYNTHETIC]) and _matters(runs, SYNTHETIC) and min(map(np.mean, _tried(fast))) > 0.05,
        ),
        Claim(
            PAPER,
            7,
            "more so than the dense network",
            f"{_points(runs[SYNTHETIC])}; at learning rate 0.2 (59 / 79 %): "
            f"{_one(fast['synthetic, round 4'])} / {_one(fast['synthetic, round 7'])}",
            f"dense: {_one(dense)}; at 0.2: {_one(fast['dense'])}",
            seeds,
            "partly",
            "at 0.1; at 0.2 hardly",
            holds=_stable(runs[SYNTHETIC])
            and np.mean(dense) > 0.03
            and np.mean(fast["synthetic, round 7"][BARRIER]) > 0.8 * np.mean(fast["dense"][BARRIER]),
        ),
        Claim(
            PAPER,
            7,
            "more so than masks found on the real data",
            _points(runs[SYNTHETIC]),
            f"real digits: {_points(runs[REAL])}",
            seeds,
            "not at this scale",
            "the real digits are nowhere clearly worse",
            holds=all(_barrier(runs[REAL], r) < _barrier(runs[SYNTHETIC], r) + 0.003 for r in ROUNDS),
        ),
        Claim(
            PAPER,
            7,
            "matching the performance of pruning on real data, with up to 150 times fewer training points",
            f"10 times fewer: test accuracy {_accuracies(runs[SYNTHETIC])} {at}",
            f"all real digits {_accuracies(runs[REAL])}, as many real digits {_accuracies(runs[FEW])}",
            seeds,
            "partly",
            "within a point, at 10 times fewer; real images do nearly as well",
            holds=all(abs(_accuracy(runs[REAL], r) - _accuracy(runs[SYNTHETIC], r)) < 0.01 for r in ROUNDS),
        ),
        Claim(
            PAPER,
            7,
            "studied by interpolation, landscapes and the Hessian's diagonal",
            f"rank correlation of trace and barrier: {ranks['end']:.2f} at the end, {ranks['level']:.2f} at similar "
            "loss",
            f"traces at similar loss, medians: dense {_trace(bend, 'dense')}, real digits {_trace(bend, REAL)}, random "
            f"mask {_trace(bend, 'any weights')}",
            f"{bend['config']['seeds']} seeds",
            "not at this scale",
            "the line between siblings tells stable masks from others; curvature at one network does not",
            holds=max(map(abs, ranks.values())) < 0.4 and _matters(runs, REAL),
        ),
    ]


def rows(read: Read) -> list[Row]:
    """README's row on sparse networks."""
    runs, dense = read("07", "stability")["found"], read("07", "dense")["step"]["0"][BARRIER]
    traps, mnist = read("07", "trap")["found"], read("07", "mnist")["found"]
    random = traps["any weights, round 4"][BARRIER]
    return [
        Row(
            PAPER,
            "masks as data with exact counts, iterative magnitude pruning with whole-state rewinding, several starts "
            "at once; distribution and gradient matching; siblings under masks, maps inside the "
            "mask, the Hessian's diagonal by probes with its error",
            f"barriers between siblings, {read('07', 'stability')['config']['seeds']} seeds, at 79 % pruned: dense "
            f"{_one(dense)} points, masks from 100 distilled digits {_one(runs[SYNTHETIC][BARRIER][6])}, shuffled "
            f"{_one(runs[f'{SYNTHETIC}, shuffled'][BARRIER][6])}: **reproduced** at learning rate 0.1. More stable "
            f"than masks from the real data ({_one(runs[REAL][BARRIER][6])}; MNIST {_one(mnist['real, round 7'])} "
            f"against {_one(mnist['synthetic, round 7'])}): **not at this scale**. A hundred real digits do nearly as "
            f"well ({_one(runs[FEW][BARRIER][6])}). Flatness explains nothing here; and without BatchNorm a "
            f"*random* mask lowers the barrier from {mean(traps['dense'][BARRIER], 0)} to {mean(random, 0)} points",
            holds=_stable(runs[SYNTHETIC])
            and _matters(runs, SYNTHETIC)
            and above(mnist["synthetic, round 7"][BARRIER], mnist["real, round 7"][BARRIER], 0.01)
            and above(traps["dense"][BARRIER], random, 0.3),
        )
    ]


def _one(row) -> str:
    """One barrier in points, mean ± sd."""
    return percent(row[BARRIER] if isinstance(row, dict) else row, unit="")


def _points(row: dict) -> str:
    return " / ".join(_one(row[BARRIER][r - 1]) for r in ROUNDS)


def _accuracies(row: dict) -> str:
    return " / ".join(mean(row["accuracy"][r - 1]) for r in ROUNDS) + " %"


def _barrier(row: dict, r: int) -> float:
    return float(np.mean(row[BARRIER][r - 1]))


def _accuracy(row: dict, r: int) -> float:
    return float(np.mean(row["accuracy"][r - 1]))


def _trace(bend: dict, name: str) -> str:
    return f"{np.median(bend['found'][name]['trace, level']):.1f}"


def _stable(row: dict) -> bool:
    """Whether the barrier stays below 2 points."""
    return all(_barrier(row, r) < 0.02 for r in ROUNDS)


def _matters(runs: dict, name: str) -> bool:
    """Whether shuffling the mask within its layers raises the barrier at least fourfold."""
    return all(_barrier(runs[f"{name}, shuffled"], r) > 4 * _barrier(runs[name], r) for r in ROUNDS)


def _tried(fast: dict) -> list:
    """The barriers of all masks found by training, at the larger learning rate."""
    return [fast[f"{kind}, round {r}"][BARRIER] for kind in ("real", "synthetic", "few real") for r in (4, 7)]
