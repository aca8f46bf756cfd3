"""Mistakes in exercise 7.1: what falls where pruning goes wrong."""

import math

import torch

from toolkit.exercises.lesson07_masks import masks_problem
from toolkit.exercises.parts import Wrong


def _flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


def _layers(flat, like):
    parts = flat.split([one.numel() for one in like])
    return [part.reshape(one.shape) for part, one in zip(parts, like, strict=True)]


def first_of_equals(got, weights, masks, fraction):
    """Return masks as if of equal magnitudes the first had fallen: which of them fall is the learner's choice."""
    if masks_problem(got, masks):
        return got
    new, places = _flat(got), _flat(masks).nonzero().flatten()
    sizes = _flat(weights)[places].abs()
    fell_first = 2 * sizes.unique(return_inverse=True)[1] + new[places]  # by size, and who stays behind who fell
    new[places[sizes.argsort(stable=True)]] = fell_first.sort().values % 2 == 1
    return _layers(new, masks)


def _with(score=None, count=None):
    """Return a wrong answer that drops by another score(weights, masks), or another count(fraction, alive, all)."""

    def attempt(weights, masks, fraction):
        w, m = _flat(weights), _flat(masks)
        places, new = m.nonzero().flatten(), m.clone()
        order = (score(w, m)[places] if score else w[places].abs()).argsort(stable=True)
        number = count(fraction, len(places), len(m)) if count else round(fraction * len(places))
        new[places[order[:number]]] = False
        return _layers(new, masks)

    return attempt


_prune = _with()


def _by_layer(weights, masks, fraction):
    return [_prune([w], [mask], fraction)[0] for w, mask in zip(weights, masks, strict=True)]


def _of_all(drop):
    """Return a wrong answer that looks at the dead again: drop(weights, masks, number to drop) gives the mask."""

    def attempt(weights, masks, fraction):
        w, m = _flat(weights), _flat(masks)
        return _layers(drop(w, m, round(fraction * int(m.sum()))), masks)

    return attempt


def _dead_counted(w, m, number):
    new = m.clone()
    new[(w * m).abs().argsort(stable=True)[:number]] = False
    return new


def _revived(w, m, number):
    """Rank the alive ones, and ask of every weight, alive or not, whether it lies above the line."""
    if not number:
        return torch.ones_like(m)
    return w.abs() > w[m].abs().sort().values[number - 1]


def _by_zeros(weights, masks, fraction):
    return _prune(weights, [w != 0 for w in weights], fraction)


def _threshold(place, keep):
    """Return a wrong answer that keeps what keep(size, line) says of the size at some place of the sorted ones."""

    def drop(w, m, number):
        line = w[m].abs().sort().values[place(number)]
        return m & keep(w.abs(), line)

    return _of_all(drop)


MISTAKES = (
    Wrong(
        "layer by layer",
        _by_layer,
        "you take the fraction from every layer. One ranking goes over all layers: a layer whose weights are large "
        "may keep nearly all of them.",
    ),
    Wrong(
        "fraction of all weights",
        _with(count=lambda fraction, alive, n: round(fraction * n)),
        "your fraction is one of all weights. It is one of those still alive, of which there are fewer every round.",
    ),
    Wrong(
        "signed values",
        _with(score=lambda w, m: w),
        "you rank by value, so the most negative weights go first. A weight of -1.5 does as much as one of 1.5: "
        "rank by magnitude.",
    ),
    Wrong(
        "dead ones dropped again",
        _of_all(_dead_counted),
        "you rank the dead as well. Their zeros are the smallest of all, so they are dropped a second time and too "
        "few others fall. Rank only where the mask is True.",
    ),
    Wrong(
        "dead ones revived",
        _of_all(_revived),
        "a weight that was dead is alive again. Comparing magnitudes is not enough: what a mask has dropped stays "
        "dropped, new & old.",
    ),
    Wrong(
        "alive told from zeros",
        _by_zeros,
        "you take for alive whatever is not zero. An alive weight can be zero, and a dead one can hold some number "
        "that nobody uses: only the mask knows.",
    ),
    Wrong(
        "largest dropped",
        _with(score=lambda w, m: -w.abs()),
        "you keep the smallest weights, and the largest fall, on which most depends. (Or do your masks say who falls? "
        "True stands for alive.)",
    ),
    Wrong(
        "fraction kept",
        _with(count=lambda fraction, alive, n: alive - round(fraction * alive)),
        "you keep the fraction and drop the rest. It says how many fall.",
    ),
    Wrong(
        "rounded down",
        _with(count=lambda fraction, alive, n: int(fraction * alive)),
        "you drop one too few: round(fraction · alive) are to fall. int rounds down, and w >= sorted[k - 1] lets the "
        "k-th smallest stay.",
    ),
    Wrong(
        "rounded up",
        _with(count=lambda fraction, alive, n: math.ceil(fraction * alive)),
        "you round the number to drop up. One weight too many in a round does not sound like much, but counts are "
        "to be exact: round(fraction · alive).",
    ),
    Wrong(
        "one too many",
        _with(count=lambda fraction, alive, n: round(fraction * alive) + 1),
        "you drop one too many. sorted[k] is the smallest weight that may stay, counting from 0: with > it falls "
        "as well.",
    ),
    Wrong(
        "ties fall together",
        _threshold(lambda number: number - 1, torch.gt),
        "several weights lie exactly on your threshold, and all of them fall. A threshold cannot count: sort, and "
        "drop round(fraction · alive) places.",
    ),
    Wrong(
        "ties stay together",
        _threshold(lambda number: number, torch.ge),
        "several weights lie exactly on your threshold, and all of them stay. A threshold cannot count: sort, and "
        "drop round(fraction · alive) places.",
    ),
    Wrong(
        "the masked weights",
        lambda weights, masks, fraction: [
            w * new for w, new in zip(weights, _prune(weights, masks, fraction), strict=True)
        ],
        "you return weights with zeros in them. Return the masks: from zeros nobody can tell what was pruned.",
    ),
    Wrong(
        "masks of numbers",
        lambda weights, masks, fraction: [new.float() for new in _prune(weights, masks, fraction)],
        "your masks hold numbers. A mask holds True and False; ones and zeros invite to be trained.",
    ),
    Wrong(
        "one vector",
        lambda weights, masks, fraction: _flat(_prune(weights, masks, fraction)),
        "you return one long mask. Cut it up again: one mask a layer, shaped like its weights.",
    ),
    Wrong(
        "flat masks",
        lambda weights, masks, fraction: [new.flatten() for new in _prune(weights, masks, fraction)],
        "your masks have lost their shape. Each is shaped like the weights of its layer: view_as.",
    ),
    Wrong(
        "old masks",
        lambda weights, masks, fraction: list(masks),
        "you return the masks as they were: nothing falls.",
    ),
)
