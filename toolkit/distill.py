"""Small sets of synthetic images that train a network nearly as well as the many real ones they were made from.

Every method begins with real images and moves their pixels downhill on a distance between the synthetic and the real
images of each class, as random networks see them.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy

from toolkit import _expect
from toolkit.batches import generator
from toolkit.data import Dataset
from toolkit.device import seeded
from toolkit.progress import progress
from toolkit.reconnect.rows import rows
from toolkit.space import WeightSpace

Distance = Callable[[nn.Module, Tensor, Tensor, Tensor, Tensor, int], Tensor]
_ROUNDING = 1e-4  # a distance below this one is none


def distill(
    space: WeightSpace,
    dataset: Dataset,
    per_class: int = 10,
    method: str = "distribution",
    steps: int = 500,
    lr: float = 0.01,
    seed: int = 0,
) -> Dataset:
    """Make a data set whose training split is a few synthetic images a class; validation and test stay.

    Args:
        space: whose random networks look at the images; a fresh one in every step.
        dataset: the real data.
        per_class: images a class.
        method: `"distribution"`, the means of a class as the last layer gets them are brought together; `"gradient"`,
            the directions of the gradients of a class's loss are.
        steps: steps of Adam on the pixels.
        lr: how far a pixel moves in the first step, in the data's own grey levels; less and less until it stands still.
        seed: of the images begun with, and of the networks.

    Returns:
        A data set with classes x per_class training images, no pixel darker or lighter than those of the real ones.

    Raises:
        ValueError: if an argument is out of range, or a class has fewer images than asked for.
        FloatingPointError: if the distance grows to five times what it was; the sentence names step and learning rate.

    Example:
        >>> from toolkit import data, models
        >>> few = distill(WeightSpace(models.mlp(64, 64, 10)), data.load("digits"), per_class=1, steps=20)
        >>> few.train_x.shape, few.train_y.tolist()
        (torch.Size([10, 1, 8, 8]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Source: distribution matching: Zhao and Bilen 2023; gradient matching: Zhao, Mopuri, Bilen 2021. They use SGD, whose
    learning rate must then be found for every method, network and number of images; Adam's need not.
    """
    distance = METHODS[_expect.choice("method", method, METHODS)]
    _expect.number("lr", lr, 0, 1)
    begin = subset(dataset, per_class, seed)
    x, y = begin.train_x.clone().requires_grad_(), begin.train_y
    dark, light = dataset.train_x.aminmax()
    mover, first = torch.optim.Adam([x], lr, betas=(0.5, 0.99)), None
    with seeded(seed):  # layers may draw for themselves
        for step in progress(range(_expect.count("steps", steps)), "distilling"):
            module = space.module(space.init(seed + 1 + step)).to(x.device).train().requires_grad_()
            loss = distance(module, x, y, dataset.train_x, dataset.train_y, dataset.classes)
            first = first or max(loss.item(), _ROUNDING)
            if not loss.item() <= 5 * first:
                raise FloatingPointError(
                    f"The distance grew from {first:.3g} to {loss.item():.3g} by step {step} with lr={lr:g}; "
                    "try one ten times smaller."
                )
            mover.zero_grad()
            loss.backward()
            mover.param_groups[0]["lr"] = lr * (1 - step / steps)
            mover.step()
            with torch.no_grad():
                x.clamp_(dark, light)
    return replace(begin, train_x=x.detach(), name=f"{dataset.name}, {per_class} synthetic a class")


def subset(dataset: Dataset, per_class: int, seed: int = 0) -> Dataset:
    """Return the data set with so many real training images of every class, chosen at random: the first control.

    Raises:
        ValueError: if a class has fewer.

    Example:
        >>> from toolkit import data
        >>> len(subset(data.load("digits"), 3).train_x)
        30
    """
    _expect.count("per_class", per_class)
    draws, chosen = generator(_expect.count("seed", seed, least=0), stream=9), []
    for label in range(dataset.classes):
        own = (dataset.train_y == label).nonzero().flatten()
        if len(own) < per_class:
            raise ValueError(f"per_class must be at most {len(own)}, the images of class {label}, got {per_class}.")
        chosen.append(own[torch.randperm(len(own), generator=draws)[:per_class].to(own.device)])
    index = torch.cat(chosen)
    return replace(dataset, train_x=dataset.train_x[index], train_y=dataset.train_y[index])


def class_means(dataset: Dataset) -> Dataset:
    """Return the data set with one training image a class, the mean of all: the control for one image a class.

    Raises:
        ValueError: if a class has no training image.

    Example:
        >>> from toolkit import data
        >>> class_means(data.load("digits")).train_x.shape
        torch.Size([10, 1, 8, 8])
    """
    labels = torch.arange(dataset.classes, device=dataset.train_y.device)
    if absent := sorted({*range(dataset.classes)} - {*dataset.train_y.tolist()}):
        raise ValueError(f"dataset must have a training image of every class, and class {absent[0]} has none.")
    means = _means(dataset.train_x.flatten(1), dataset.train_y, dataset.classes)
    return replace(dataset, train_x=means.view(-1, *dataset.train_x.shape[1:]), train_y=labels)


def distribution_distance(
    module: nn.Module, x: Tensor, y: Tensor, real_x: Tensor, real_y: Tensor, classes: int
) -> Tensor:
    """sum_c |mean phi(S_c) - mean phi(T_c)|^2, phi being what the last layer of the module gets."""
    synthetic, real = _features(module, x), _features(module, real_x).detach()
    return (_means(synthetic, y, classes) - _means(real, real_y, classes)).square().sum()


def gradient_distance(module: nn.Module, x: Tensor, y: Tensor, real_x: Tensor, real_y: Tensor, classes: int) -> Tensor:
    """sum_c sum_rows 1 - cos between the gradients of the loss on S_c and on T_c, row by row of every matrix.

    Rows whose gradient on the real images is zero (dead units) are left out.
    """
    weights = [p for p in module.parameters() if p.dim() > 1]
    total = x.new_zeros(())
    for label in range(classes):
        own, of_real = x[y == label], real_x[real_y == label]
        loss, of_theirs = (
            cross_entropy(module(own), y[y == label]),
            cross_entropy(module(of_real), real_y[real_y == label]),
        )
        g = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
        h = torch.autograd.grad(of_theirs, weights, allow_unused=True)
        for a, b in zip(g, h, strict=True):
            if a is not None and b is not None:  # a matrix that the forward does not use has no gradient
                total = total + (1 - cosine_similarity(rows(a), rows(b), dim=1))[rows(b).norm(dim=1) > 0].sum()
    return total


METHODS: dict[str, Distance] = {"distribution": distribution_distance, "gradient": gradient_distance}


def _features(module: nn.Module, x: Tensor) -> Tensor:
    """What the last layer with a matrix that is called gets, [B, features]."""
    layers = [layer for layer in module.modules() if any(p.dim() > 1 for p in layer.parameters(recurse=False))]
    seen: list[Tensor] = []
    hooks = [layer.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0])) for layer in layers]
    try:
        module(x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen[-1].flatten(1)


def _means(values: Tensor, y: Tensor, classes: int) -> Tensor:
    """Mean of the rows [B, n] of every class, [classes, n]."""
    members = torch.nn.functional.one_hot(y, classes).to(values)
    return members.T @ values / members.sum(0)[:, None]
