"""Lesson 03: renumbering units, and what is left of the hill."""

import numpy as np

from toolkit.evidence.claim import Claim, Read, Row, above, mean, mean_sd, percent
from toolkit.evidence.claims01 import ENTEZARI

PAPER, MATCHING = "Tatro et al. 2020", "Ainsworth et al. 2023; Guerrero Peña et al. 2023"
OURS = ("at random", "as many swaps, at random", "both at random, alike")


def claims(read: Read) -> list[Claim]:
    """What lesson 03 claims."""
    widths, curves, robust = (read("03", name) for name in ("widths", "curves", "robust"))
    barrier = {name: row["barrier"] for name, row in widths["found"].items()}
    pairs = f"{widths['config']['pairs']} pairs"
    low, (few, *_, many) = _curves(curves), curves["epochs"]
    pam = {name: row["curve_lowest"] for name, row in read("03", "alternating")["found"].items()}
    path = {name: row["barrier"] for name, row in robust["found"].items() if "," in name}
    control = [barrier[f"control: {name}"]["32"] for name in OURS]
    come = barrier["as they come"]["32"]
    return [
        Claim(
            ENTEZARI,
            3,
            "the conjecture: once permuted, no barrier between SGD's solutions (likely)",
            f"width 128: {mean_sd(barrier['activations']['128'], 3)} nats matched by activations, "
            f"{mean_sd(barrier['weights']['128'], 3)} by weights; width 16: {mean_sd(barrier['activations']['16'])} "
            f"and {mean_sd(barrier['weights']['16'])}",
            f"as they come: {mean_sd(barrier['as they come']['128'])} nats at width 128, "
            f"{mean_sd(barrier['as they come']['16'])} at 16",
            pairs,
            "supported",
            "from width 32 on, for these networks; at width 16 a barrier remains",
            holds=_opens(barrier),
        ),
        Claim(
            PAPER,
            3,
            "aligned curves are better (README, CIFAR-10, TinyTen, ends 89.0 %: lowest accuracy on the curve 82.8 % "
            "unaligned, 87.8 % aligned)",
            f"width 32, {few} epochs: {percent(low['aligned'][:, 0])} aligned; {many} epochs: "
            f"{percent(low['aligned'][:, 3])}",
            f"unaligned: {percent(low['unaligned'][:, 0])} and {percent(low['unaligned'][:, 3])}",
            f"{curves['config']['pairs']} pairs",
            "in direction",
            "here alignment mostly buys curve epochs",
            holds=_closes(low),
        ),
        Claim(
            PAPER,
            3,
            "PAM (README, same setting): 84.0 % from unaligned, 87.6 % from aligned networks",
            f"lr 0.05: {percent(pam['from B as it comes, lr 0.05'])} and {percent(pam['from B aligned, lr 0.05'])}",
            f"lr 2: {percent(pam['from B as it comes, lr 2'])} from B as it comes",
            f"{read('03', 'alternating')['config']['pairs']} pairs",
            "in direction",
            "at their rate; at a larger one PAM needs no alignment",
            holds=_pam(pam),
        ),
        Claim(
            PAPER,
            3,
            "alignment lowers the robust-loss barrier between robust models",
            f"aligned: line {mean_sd(path['line, aligned'])}, robust curve {mean_sd(path['curve, aligned'])} nats",
            f"unaligned: {mean_sd(path['line, unaligned'])} and {mean_sd(path['curve, unaligned'])} nats",
            f"{robust['config']['pairs']} pairs",
            "in direction",
            "their numbers are not verified here",
            holds=_robust(path),
        ),
        Claim(
            PAPER,
            3,
            "(no claim: our controls) a random order; as many swaps at random; both networks alike",
            ", ".join(map(mean_sd, control)) + " nats at width 32",
            f"as they come {mean_sd(come)}, matched by activations {mean_sd(barrier['activations']['32'])}",
            pairs,
            "our control",
            "a well-chosen order counts, not renumbering as such",
            holds=min(np.mean(row) for row in control) > 0.75 * np.mean(come)
            and bool(np.allclose(control[2], come, rtol=0.01)),
        ),
        _matchers(read),
    ]


def rows(read: Read) -> list[Row]:
    """README's row on alignment."""
    low = _curves(read("03", "curves"))
    pam = {name: row["curve_lowest"] for name, row in read("03", "alternating")["found"].items()}
    path = {name: row["barrier"] for name, row in read("03", "robust")["found"].items() if "," in name}
    few, *_, many = read("03", "curves")["epochs"]
    return [
        Row(
            PAPER,
            "alignment by activations, for any traceable module; aligned curves; PAM; adversarially trained networks "
            "and robust curves. Their table for robust models could not be checked",
            f"**direction reproduced**: lowest accuracy on a curve trained for {few} epochs "
            f"{percent(low['unaligned'][:, 0])} unaligned, {percent(low['aligned'][:, 0])} aligned. **At this scale "
            f"the gap closes** with {many} epochs ({mean(low['unaligned'][:, 3])} and {mean(low['aligned'][:, 3])} "
            "%). PAM as in the paper at their learning rate; at a larger one it needs no alignment. Robust-loss "
            f"barrier {np.mean(path['line, unaligned']):.2f} → {np.mean(path['line, aligned']):.2f} nats",
            holds=_closes(low) and _pam(pam) and _robust(path),
        )
    ]


def last_row(read: Read) -> Row:
    """README's row on the other matchers, which comes last."""
    claim = _matchers(read)
    return Row(
        MATCHING,
        "matching by weights, straight-through, Sinkhorn (without the implicit gradient)",
        claim.seen,
        holds=True,
    )


def _matchers(read: Read) -> Claim:
    every = read("03", "matchers")["width"]["32"]
    found = {name: row for name, row in every.items() if name not in ("as they come", "weights")}
    same = [np.mean(row["same_as_weights"]) for row in found.values()]
    highest = max(np.mean(row["barrier"]) for name, row in every.items() if name != "as they come")
    return Claim(
        MATCHING,
        3,
        "the units of one network can be permuted into line with another's: by weights alone, straight-through, "
        "Sinkhorn",
        f"all open the line at width 32 (mean barrier at most {highest:.2f} nats); their answers agree on "
        f"{mean(min(same), 0)} to {mean(max(same), 0)} % of the units",
        f"as they come: {mean_sd(every['as they come']['barrier'])} nats",
        f"{read('03', 'matchers')['config']['pairs']} pairs",
        "reproduced",
        "many orders do, not one",
        holds=highest < 0.05 * np.mean(every["as they come"]["barrier"]) and max(same) < 0.8,
    )


def _curves(curves: dict) -> dict[str, np.ndarray]:
    """Lowest accuracy [pairs, epochs] on curves of width 32."""
    return {name: np.array(runs) for name, runs in curves["lowest_accuracy"]["32"].items()}


def _opens(barrier: dict) -> bool:
    """Whether matching removes the barrier from width 32 on, and at width 16 does not."""
    ratios = {
        name: {width: np.mean(row) / np.mean(barrier["as they come"][width]) for width, row in barrier[name].items()}
        for name in ("activations", "weights")
    }
    return all(row["16"] > 0.1 > max(row[width] for width in row if width != "16") for row in ratios.values())


def _closes(low: dict) -> bool:
    """Whether the gap between aligned and unaligned is wide after few epochs and all but gone after many."""
    gap = low["aligned"].mean(0) - low["unaligned"].mean(0)
    return bool(gap[0] > 0.03 and abs(gap[-1]) < 0.01)


def _pam(pam: dict) -> bool:
    aligned, large = pam["from B aligned, lr 0.05"], pam["from B as it comes, lr 2"]
    return above(aligned, pam["from B as it comes, lr 0.05"], 0.03) and abs(np.mean(large) - np.mean(aligned)) < 0.01


def _robust(path: dict) -> bool:
    return above(path["line, unaligned"], path["line, aligned"], 0.5) and above(
        path["curve, unaligned"], path["curve, aligned"], 0.02
    )
