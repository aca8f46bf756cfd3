"""The claims of model soups."""

import numpy as np

from toolkit.evidence.claim import Claim, Read, Row, above, percent

PAPER = "Wortsman et al. 2022"


def claims(read: Read) -> list[Claim]:
    """Every claim of the paper, from what was measured for lesson 99."""
    measured = read("99", "siblings_and_strangers")
    found, seeds = measured["test_accuracy"], f"{measured['config']['seeds']} seeds"
    soup, one, strangers = (found[name] for name in ("soup of siblings", "one sibling", "soup of strangers"))
    return [
        Claim(
            PAPER,
            99,
            "networks fine-tuned from one start can be averaged",
            f"soup of siblings {percent(soup)}, one sibling {percent(one)}",
            f"soup of strangers {percent(strangers)}",
            seeds,
            "reproduced",
            holds=above(soup, strangers, 0.1) and abs(np.mean(soup) - np.mean(one)) < 0.01,
        )
    ]


def rows(read: Read) -> list[Row]:
    """README's row on soups."""
    (claim,) = claims(read)
    return [Row(PAPER, "uniform and greedy soups of any module", f"{claim.seen}: **reproduced**", holds=True)]
