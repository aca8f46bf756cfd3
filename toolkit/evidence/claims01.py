"""Lesson 01: the hill between two networks, and when it is decided."""

import numpy as np

from toolkit.evidence.claim import Claim, Read, Row, above, mean_sd, percent

FRANKLE, ENTEZARI = "Frankle et al. 2020", "Entezari et al. 2022"
POINTS = " points"


def claims(read: Read) -> list[Claim]:
    """What lesson 01 claims."""
    pairs, siblings, stale = (read("01", name) for name in ("independent_pairs", "siblings", "stale_statistics"))
    at_0, epoch = _parted(siblings)
    plain = read("01", "siblings_without_batchnorm")
    (fast_0, fast_epoch), (slow_0, slow_epoch) = (np.array(runs).T for runs in plain["train_error_chord"])
    half_way = {name: np.array(runs)[:, 10] for name, runs in stale["test_accuracy"].items()}
    loss, accuracy = np.array(pairs["test_loss"]), np.array(pairs["test_accuracy"])
    ends, hill = loss[:, [0, -1]], pairs["barrier_test_chord"]
    runs = f"{plain['config']['seeds']} seeds"
    lr_fast, lr_slow = plain["config"]["lr"]
    return [
        Claim(
            ENTEZARI,
            1,
            "the conjecture: SGD's solutions will likely have no barrier between them *once units are permuted*",
            f"before any permutation: barrier {mean_sd(hill)} nats, accuracy falls to {percent(accuracy.min(1), 0)}",
            f"the two ends of each line: {mean_sd(ends.flatten())} nats, {percent(accuracy[:, [0, -1]].flatten())}",
            f"{pairs['config']['pairs']} pairs",
            "to be tested",
            "the hill that is to vanish is there; the conjecture itself: lesson 03",
            holds=min(hill) > 5 * ends.mean(),
        ),
        Claim(
            FRANKLE,
            1,
            "standard vision models become stable to SGD noise early in training",
            f"barrier in training error, split at step 0: {percent(at_0, 1, POINTS)}; after one epoch of "
            f"{siblings['config']['epochs']}: {percent(epoch, 2, POINTS)}",
            f"split at step {siblings['steps'][-1]}: {percent(_parted(siblings, -1)[1], 2, POINTS)}",
            f"{siblings['config']['seeds']} seeds",
            "reproduced",
            "for this network, which has BatchNorm",
            holds=bool(np.mean(at_0) > 10 * np.mean(epoch) and np.mean(epoch) < 0.005),
        ),
        Claim(
            FRANKLE,
            1,
            "the same for a network without BatchNorm (our control)",
            f"lr {lr_slow}: {percent(slow_0, 2, POINTS)} split at step 0, {percent(slow_epoch, 2, POINTS)} after one "
            "epoch",
            f"lr {lr_fast}: {percent(fast_0, 2, POINTS)} and {percent(fast_epoch, 2, POINTS)}",
            runs,
            "partly",
            f"it depends on the learning rate: stable from the start at {lr_slow}, not after an epoch at {lr_fast}",
            holds=_depends_on_rate(plain),
        ),
        Claim(
            "No paper: a trap",
            1,
            "(no claim) BatchNorm's statistics belong to the weights",
            f"accuracy half way: refreshed {percent(half_way['refreshed'], 0)}",
            f"those of A {percent(half_way['those of A'], 0)}, averaged {percent(half_way['averaged'], 0)}",
            f"{stale['config']['pairs']} pairs",
            "our control",
            "refresh at every point, always",
            holds=all(above(half_way["refreshed"], half_way[name], 0.2) for name in ("those of A", "averaged")),
        ),
    ]


def rows(read: Read) -> list[Row]:
    """README's rows on the groundwork."""
    pairs, siblings = read("01", "independent_pairs"), read("01", "siblings")
    at_0, epoch = _parted(siblings)
    widths = read("03", "widths")
    come, found = (widths["found"][name]["barrier"] for name in ("as they come", "activations"))
    ends = np.array(pairs["test_loss"])[:, [0, -1]]
    opened = [w for w in widths["width"] if np.mean(found[f"{w}"]) < 0.05 * np.mean(come[f"{w}"])]
    return [
        Row(
            f"{FRANKLE} (groundwork)",
            "instability analysis, both barrier definitions",
            "**reproduced** for the BatchNorm network: the error barrier between siblings falls from "
            f"{percent(at_0, 1, POINTS)} (split at step 0) to {percent(epoch, 2, '')} (after one epoch of "
            f"{siblings['config']['epochs']}), {siblings['config']['seeds']} seeds. **Depends on the learning rate** "
            "without BatchNorm",
            holds=_depends_on_rate(read("01", "siblings_without_batchnorm")),
        ),
        Row(
            f"{ENTEZARI} (groundwork)",
            "barrier between independent networks",
            f"the hill that permutations are conjectured to remove is there: {mean_sd(pairs['barrier_test_chord'])} "
            f"nats over {pairs['config']['pairs']} pairs, ends near {ends.mean():.1f}. The conjecture is put to the "
            f"test in lesson 03: **supported** from width {min(opened, default=0)} on ({widths['config']['pairs']} "
            f"pairs a width; at width 128 {mean_sd(come['128'])} nats as they come, {mean_sd(found['128'], 3)} matched "
            "by activations)",
            holds=opened == widths["width"][1:],
        ),
    ]


def _parted(siblings: dict, late: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The barriers [seeds] of siblings that part at step 0, and after one epoch or at the step of number `late`."""
    barrier = np.array(siblings["train_error_chord"])
    column = siblings["steps"].index(siblings["config"]["steps_per_epoch"]) if late is None else late
    return barrier[:, 0], barrier[:, column]


def _depends_on_rate(plain: dict) -> bool:
    fast, slow = np.array(plain["train_error_chord"]).mean(axis=1)  # [rates, seeds, steps]
    return bool(slow.max() < 0.005 < fast.min())
