"""Model soups (Wortsman et al. 2022): networks fine-tuned from one start, averaged into a single network."""

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape import evaluate
from toolkit.space import WeightSpace


def greedy(space: WeightSpace, networks: Tensor, dataset: Dataset) -> Tensor:
    """Average networks one by one, best first, and keep each that does not make the soup worse.

    One network comes out, as cheap to use as any of those that went in.

    Args:
        space: the weight space.
        networks: [N, D].
        dataset: with a validation split, on which the soup is tasted.

    Returns:
        The soup [D], the mean of those that were kept.

    Raises:
        ValueError: if networks is not [N, D].

    Example:
        >>> from toolkit import data, models
        >>> space = WeightSpace(models.mlp(64, 8, 10))
        >>> one = space.init(0)
        >>> torch.allclose(greedy(space, torch.stack([one, one]), data.load("digits")), one)
        True
    """
    if _expect.tensor("networks", networks).ndim != 2 or networks.shape[1] != space.size or not len(networks):
        raise ValueError(f"networks must be [N, {space.size}], got shape {list(networks.shape)}.")
    accuracy = torch.as_tensor(evaluate(space, networks, dataset, "val_accuracy")["val_accuracy"])
    kept, best = [], -1.0
    for i in accuracy.argsort(descending=True, stable=True).tolist():
        taste = float(evaluate(space, networks[[*kept, i]].mean(0), dataset, "val_accuracy")["val_accuracy"])
        if taste >= best:
            kept, best = [*kept, i], taste
    return networks[kept].mean(0)
